//! `/em-agent standup`: what was done, what is blocked, and who can unblock it, without asking anybody.

use em_simulator::github::{NewDeployment, NewPull, NewThread};
use em_storage::testing::TestDatabase;
use em_tests::both_engines;

mod quarter;
mod round;

use crate::scene::{REPO, Scene, assert_snapshot, january};

both_engines!(
    my_standup_is_what_i_did_since_the_last_working_day_and_what_of_mine_is_blocked,
    a_teams_standup_says_what_shipped_what_is_blocked_and_who_did_what,
    since_may_be_a_day_and_what_is_none_is_answered_in_words,
    who_is_not_linked_is_told_how_to_link,
    a_team_without_people_or_a_name_that_no_team_has_is_answered_in_words,
    a_team_of_hundreds_is_counted_where_it_does_not_fit,
);

const ANA: &str = "[people]\nU0ANA = \"ana-ruiz\"\nU0BEN = \"ben-k\"\n";

/// A day of Ana's: something of everything.
async fn a_day_of_ana(scene: &Scene) {
    let github = &scene.github;
    let old = scene.pull("Retry failed payouts", "ana-ruiz").await;
    scene
        .tell(&github.push_branch(
            REPO,
            &old.head_ref(),
            "ana-ruiz",
            &["Retry", "Wait longer"],
            january(14, 9),
        ))
        .await;
    let new = scene
        .open(&NewPull::new("Round half to even", "ana-ruiz"), january(14, 10))
        .await;
    scene.tell(&new.merge("ana-ruiz", january(14, 15))).await;
    scene
        .open(&NewPull::new("Rename the ledger", "ben-k"), january(14, 8))
        .await;
    let bens = github.pull(REPO, 3);
    scene
        .tell(&bens.review("ana-ruiz", "changes_requested", january(14, 11)))
        .await;
    scene
        .tell(&bens.review("ana-ruiz", "approved", january(14, 16)))
        .await;
    scene
        .tell(&github.push_branch(REPO, "spike", "ana-ruiz", &["Try another queue"], january(14, 12)))
        .await;
    let new = NewThread {
        by: "fatima-k",
        title: "Receipts are late",
        body: "",
    };
    let issue = github.write_issue(REPO, new, january(14, 9));
    scene.tell(&github.take_deliveries().remove(0)).await;
    scene
        .tell(&github.assign_issue(REPO, issue, "ben-k", "ana-ruiz", january(14, 10)))
        .await;
    scene
        .tell(&github.close_issue(REPO, issue, "ana-ruiz", january(15, 9)))
        .await;
    let deployment = NewDeployment {
        environment: "production".to_owned(),
        sha: "abc".to_owned(),
        reference: "main".to_owned(),
        by: "deploy[bot]".to_owned(),
    };
    let (id, created) = github.deploy(REPO, &deployment, january(14, 16));
    scene.tell(&created).await;
    scene
        .tell(&github.deployment_status(REPO, id, "success", january(14, 17)))
        .await;
}

async fn my_standup_is_what_i_did_since_the_last_working_day_and_what_of_mine_is_blocked(
    database: TestDatabase,
) {
    let scene = Scene::start_with(database, ANA).await;
    a_day_of_ana(&scene).await;

    assert_snapshot!(scene.answer("ana", "/em-agent standup").await, @r"
    em-agent (only ana sees this):
      # Your standup
      1 merged, 1 reviewed, 3 commits, 1 issue since Tue 13 Jan 23:00 · 1 blocked now
      *Done · 5*
      • Merged Round half to even <https://github.com/acme/payments/pull/2> · acme/payments#2
      • Reviewed Rename the ledger <https://github.com/acme/payments/pull/3#pullrequestreview-1014> · acme/payments#3 · 2 rounds
      • Pushed Try another queue <https://github.com/acme/payments/commit/456a88ab0c5eebfe1fdec1189c9946f5a2704804> · acme/payments@spike · 1 commit
      • Pushed to Retry failed payouts <https://github.com/acme/payments/pull/1> · acme/payments#1 · 2 commits
      • Closed the issue Receipts are late <https://github.com/acme/payments/issues/4> · acme/payments#4
      *Blocked now · 1*
      • Retry failed payouts <https://github.com/acme/payments/pull/1> · acme/payments#1 · waiting for 2 d · Nobody has been asked to review yet; the author can ask somebody
      · As of Thu 15 Jan 10:00. Blocked is what is red, in conflict, or has waited a working day for a review. Waits count working hours: Mon–Fri 09:00–17:00, UTC
    ");
    scene.finish().await;
}

async fn a_teams_standup_says_what_shipped_what_is_blocked_and_who_did_what(database: TestDatabase) {
    let team = "[teams.payments]\nrepositories = [\"acme/payments\"]\nmembers = [\"ana-ruiz\", \"ben-k\", \"eve-l\"]\n";
    let scene = Scene::start_with(database, &format!("{ANA}{team}")).await;
    a_day_of_ana(&scene).await;

    assert_snapshot!(scene.answer("ben", "/em-agent standup --team Payments").await, @r"
    em-agent (only ben sees this):
      # payments: standup
      1 merged, 1 deployed, work of 2 of 3 people since Wed 14 Jan 00:00 · 1 blocked now
      *Shipped · 2*
      • Merged Round half to even <https://github.com/acme/payments/pull/2> · acme/payments#2
      • Deployed acme/payments to production <https://github.com/acme/payments/deployments>
      *Blocked now · 1*
      • Retry failed payouts <https://github.com/acme/payments/pull/1> · acme/payments#1 · by @ana · waiting for 2 d · Nobody has been asked to review yet; the author can ask somebody
      *@ana* · 1 merged, 1 reviewed, 3 commits, 1 issue, 1 blocked
      • Merged Round half to even <https://github.com/acme/payments/pull/2> · acme/payments#2
      • Reviewed Rename the ledger <https://github.com/acme/payments/pull/3#pullrequestreview-1014> · acme/payments#3 · 2 rounds
      • Pushed Try another queue <https://github.com/acme/payments/commit/456a88ab0c5eebfe1fdec1189c9946f5a2704804> · acme/payments@spike · 1 commit
      • Pushed to Retry failed payouts <https://github.com/acme/payments/pull/1> · acme/payments#1 · 2 commits
      • Closed the issue Receipts are late <https://github.com/acme/payments/issues/4> · acme/payments#4
      *@ben* · 1 opened
      • Opened Rename the ledger <https://github.com/acme/payments/pull/3> · acme/payments#3
      · Nothing seen of *eve-l*
      · As of Thu 15 Jan 10:00. Blocked is what is red, in conflict, or has waited a working day for a review. Waits count working hours: Mon–Fri 09:00–17:00, UTC
    ");
    scene.finish().await;
}

async fn since_may_be_a_day_and_what_is_none_is_answered_in_words(database: TestDatabase) {
    let scene = Scene::start_with(database, ANA).await;
    scene.pull("Retry failed payouts", "ana-ruiz").await;

    let nothing = scene.answer("ana", "/em-agent standup").await;
    assert!(nothing.contains("I see nothing done of yours since"), "{nothing}");
    let tuesday = scene.answer("ana", "/em-agent standup tuesday").await;
    assert!(tuesday.contains("1 opened since"), "{tuesday}");
    assert!(tuesday.contains("Retry failed payouts"), "{tuesday}");
    let unknown = scene.answer("ana", "/em-agent standup soon").await;
    assert!(unknown.contains("I do not know since when that is"), "{unknown}");
    scene.finish().await;
}

async fn who_is_not_linked_is_told_how_to_link(database: TestDatabase) {
    let scene = Scene::start(database).await;

    let told = scene.answer("ana", "/em-agent standup").await;

    assert!(told.contains("link github"), "{told}");
    scene.finish().await;
}

async fn a_team_without_people_or_a_name_that_no_team_has_is_answered_in_words(database: TestDatabase) {
    let team = "[teams.payments]\nrepositories = [\"acme/payments\"]\n";
    let scene = Scene::start_with(database, team).await;

    let nobody = scene.answer("ana", "/em-agent standup --team payments").await;
    assert!(nobody.contains("I do not know who is in payments"), "{nobody}");
    let none = scene.answer("ana", "/em-agent standup --team shipping").await;
    assert!(
        none.contains("There is no team of that name. I know: payments."),
        "{none}"
    );
    scene.finish().await;
}

async fn a_team_of_hundreds_is_counted_where_it_does_not_fit(database: TestDatabase) {
    let logins: Vec<String> = (0..300).map(|number| format!("\"dev-{number}\"")).collect();
    let team = format!("[teams.all]\nmembers = [{}]\n", logins.join(", "));
    let scene = Scene::start_with(database, &team).await;
    for number in 0..300 {
        let new = NewPull::new(&format!("Change {number}"), &format!("dev-{number}"));
        let (_, opened) = scene.github.open_pull(REPO, &new, january(14, 10));
        scene.bot.github(&opened).await;
    }
    scene.bot.folded().await;

    let all = scene.answer("ana", "/em-agent standup --team all").await;

    assert!(all.contains("work of 300 of 300 people"), "{all}");
    let shown = all.matches("· 1 opened").count();
    assert!(shown > 100, "{shown}");
    assert!(all.contains(&format!("and {} more people", 300 - shown)), "{all}");
    scene.finish().await;
}
