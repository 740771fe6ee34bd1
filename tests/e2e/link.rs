//! `/em-agent link github NAME`: which account is yours.

use em_storage::testing::TestDatabase;
use em_tests::both_engines;

use crate::scene::{REPO, Scene, assert_snapshot, january};

both_engines!(
    a_person_links_and_changes_their_account,
    an_account_of_another_person_is_not_given_away,
    an_own_word_beats_an_address_and_configuration_beats_both,
    what_cannot_be_an_account_is_refused_in_words,
    an_account_of_the_same_name_is_proposed_and_taken_or_never_proposed_again,
    what_was_taken_back_is_not_linked_by_an_address_again,
);

async fn a_person_links_and_changes_their_account(database: TestDatabase) {
    let scene = Scene::start(database).await;
    assert_snapshot!(scene.answer("fatima", "/em-agent link github @Octocat").await, @r"
    em-agent (only fatima sees this):
      Linked: you are *Octocat* on GitHub. `/em-agent triage mine` shows what waits for you.
    ");
    assert_snapshot!(scene.answer("fatima", "/em-agent link GitHub octocat").await, @r"
    em-agent (only fatima sees this):
      You are *Octocat* on GitHub already. Nothing changed.
    ");
    assert!(
        scene
            .answer("fatima", "/em-agent link github fatima-k")
            .await
            .contains("Linked: you are *fatima-k*")
    );
    let whoami = scene.answer("fatima", "/em-agent whoami").await;
    assert!(
        whoami.contains("*fatima-k*, because you said so") && !whoami.contains("ctocat"),
        "{whoami}"
    );
    scene.finish().await;
}

async fn an_account_of_another_person_is_not_given_away(database: TestDatabase) {
    let scene = Scene::start(database).await;
    scene.answer("fatima", "/em-agent link github octocat").await;
    assert_snapshot!(scene.answer("ben", "/em-agent link github OctoCat").await, @r"
    em-agent (only ben sees this):
      *OctoCat* is linked to @fatima. Nothing changed. If that is wrong, ask them, or the person who runs me, to change it.
    ");
    let whoami = scene.answer("ben", "/em-agent whoami").await;
    assert!(whoami.contains("No account is linked"), "{whoami}");
    scene.finish().await;
}

async fn an_own_word_beats_an_address_and_configuration_beats_both(database: TestDatabase) {
    let scene = Scene::start(database).await;
    let (_, mut push) = scene.github.push(REPO, "old-account", "Tidy up", january(14, 9));
    push.body["commits"][0]["author"]["email"] = "chloe@acme.example".into();
    scene.tell(&push).await;
    let by_address = scene.answer("chloe", "/em-agent whoami").await;
    assert!(
        by_address.contains("*old-account*, because both accounts have the same e-mail"),
        "{by_address}"
    );
    scene.answer("chloe", "/em-agent link github chloe-m").await;
    let own = scene.answer("chloe", "/em-agent whoami").await;
    assert!(own.contains("*chloe-m*, because you said so"), "{own}");

    let scene = scene.restart("[people]\nU0CHLOE = \"chloe-works\"\n").await;
    let configured = scene.answer("chloe", "/em-agent whoami").await;
    assert!(
        configured.contains("*chloe-works*, because the configuration says so"),
        "{configured}"
    );
    assert_snapshot!(scene.answer("chloe", "/em-agent link github chloe-m").await, @r"
    em-agent (only chloe sees this):
      The configuration says that you are *chloe-works*. Nothing changed. The person who runs me can change it there.
    ");
    scene.finish().await;
}

async fn what_cannot_be_an_account_is_refused_in_words(database: TestDatabase) {
    let scene = Scene::start(database).await;
    assert_snapshot!(scene.answer("fatima", "/em-agent link github not--a--login").await, @r"
    em-agent (only fatima sees this):
      `not--a--login` cannot be a GitHub name: those are letters, digits and single dashes, at most 39. For example `/em-agent link github octocat`
    ");
    assert_snapshot!(scene.answer("fatima", "/em-agent link gitlab eve").await, @r"
    em-agent (only fatima sees this):
      I cannot link `gitlab`. I can link: `github`.
    ");
    assert_snapshot!(scene.answer("fatima", "/em-agent link github").await, @r"
    em-agent (only fatima sees this):
      Something is missing: <account>.
      It is typed like this: `/em-agent link <system> <account>`
    ");
    assert_snapshot!(scene.answer("fatima", "/em-agent link github one two").await, @r"
    em-agent (only fatima sees this):
      I do not understand “two”.
      It is typed like this: `/em-agent link <system> <account>`
    ");
    scene.finish().await;
}

async fn an_account_of_the_same_name_is_proposed_and_taken_or_never_proposed_again(database: TestDatabase) {
    let scene = Scene::start(database).await;
    scene.pull("Retry failed payouts", "fatima-khan").await;
    scene.pull("Rename the ledger", "ben-k").await;
    let shown = scene.bot.ask("fatima", "#ops", "/em-agent whoami").await;
    let text = scene.bot.text(&shown);
    assert!(
        text.contains("Are you *fatima-khan* on GitHub? It has your name.") && text.contains("[This is me] [Not me]"),
        "{text}"
    );
    let fatima = scene.bot.user("fatima");
    assert!(fatima.clicks(&shown, "link.is_me").unwrap().await.is_acked());
    scene
        .bot
        .until(|w| {
            let mut all = w.all_messages().filter(|m| m.ephemeral_for.as_deref() == Some("U0FATIMA"));
            all.find(|message| w.message_text(message).contains("Linked: you are *fatima-khan*"))
                .cloned()
        })
        .await;
    let whoami = scene.answer("fatima", "/em-agent whoami").await;
    assert!(whoami.contains("*fatima-khan*, because you said so"), "{whoami}");

    scene.answer("fatima", "/em-agent unlink github").await;
    let whoami = scene.answer("fatima", "/em-agent whoami").await;
    assert!(whoami.contains("No account is linked") && !whoami.contains("Are you"), "{whoami}");
    assert_snapshot!(scene.answer("fatima", "/em-agent unlink github").await, @r"
    em-agent (only fatima sees this):
      No account of yours is linked. To link one: `/em-agent link github NAME`
    ");
    scene.finish().await;
}

async fn what_was_taken_back_is_not_linked_by_an_address_again(database: TestDatabase) {
    let scene = Scene::start(database).await;
    let (_, mut push) = scene.github.push(REPO, "old-account", "Tidy up", january(14, 9));
    push.body["commits"][0]["author"]["email"] = "chloe@acme.example".into();
    scene.tell(&push).await;
    let by_address = scene.answer("chloe", "/em-agent whoami").await;
    assert!(by_address.contains("same e-mail"), "{by_address}");
    let gone = scene.answer("chloe", "/em-agent unlink github").await;
    assert!(gone.contains("You are no longer *old-account*"), "{gone}");
    let whoami = scene.answer("chloe", "/em-agent whoami").await;
    assert!(whoami.contains("No account is linked"), "{whoami}");
    scene.finish().await;
}
