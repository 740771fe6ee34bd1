//! `/em-agent schedule`: people keep schedules by form or in one line, see the next times before anything is saved, and hear
//! of what does not work.

use em_simulator::Click;
use em_simulator::workspace::{Channel, ChannelKind, Message, View, Workspace};
use em_storage::testing::TestDatabase;
use em_tests::{TestBot, both_engines};

use crate::scene::{Scene, assert_snapshot};

both_engines!(
    a_schedule_is_added_by_form_and_saved_only_after_its_next_times_were_seen,
    a_schedule_is_added_in_one_line_where_no_form_can_be_opened,
    a_schedule_is_paused_resumed_run_edited_and_removed,
    a_schedule_is_seen_and_changed_on_the_home_of_its_owner,
    what_cannot_be_scheduled_is_refused_in_a_sentence,
    a_channel_that_cannot_be_posted_to_is_said_to_be_so,
    what_others_keep_is_changed_by_managers_only,
    a_schedule_of_the_configuration_is_listed_and_run_and_not_changed,
);

/// The button under what is not saved yet.
const SAVE: &str = "schedule.save";

/// What keeps text from being formatted cannot be seen.
pub(super) fn plain(text: &str) -> String {
    text.replace('\u{2060}', "")
}

/// The only schedule that is kept.
pub(super) async fn only_one(bot: &TestBot) -> em_domain::schedule::Kept {
    let mut kept = bot.database.store.kept_schedules().list().await.unwrap();
    assert_eq!(kept.len(), 1, "{kept:?}");
    kept.remove(0)
}

/// Clicks *Save*, and waits until the message says what became of it.
async fn save(scene: &Scene, user: &str, draft: &Message) -> String {
    let click = scene.bot.user(user).clicks(draft, SAVE).unwrap().await;
    assert!(click.is_acked());
    scene
        .bot
        .until(|w| {
            let now = w.messages(&draft.channel).find(|m| m.ts == draft.ts)?;
            let text = plain(&w.message_text(now));
            (!text.contains("[Save]")).then_some(text)
        })
        .await
}

async fn a_schedule_is_added_by_form_and_saved_only_after_its_next_times_were_seen(database: TestDatabase) {
    let scene = Scene::start(database).await;
    let ana = scene.bot.user("ana");
    assert!(
        ana.types("#ops", "/em-agent schedule add")
            .unwrap()
            .await
            .is_acked()
    );
    let modal = scene.until_modal("ana").await;
    assert_snapshot!(scene.bot.slack.read(|w| w.view_text(&modal)), @r#"
    modal "New schedule"
      What?: [triage post: Post the list to a channel; I strike lines through as they cl… ▾]
      Words after it, if any (as --team payments; for ask, the question) (optional): [____]
      Where?: [▾]
      When? (every weekday at 09:00 · Mondays 10:30 · first Monday of the month 9:00 · five cron fields): [____]
      In which time zone?: [Europe/Berlin]
      If I was down at that time?: [Post up to 1 hour late ▾]
      · Before anything is saved I show you the next five times.
      [Cancel] [Next]
    "#);

    // A mistake is shown beside its field, and the form stays.
    for (field, value, expected) in [
        ("when", "every full moon at 9", "full"),
        ("when", "0 9 31 2 *", "there is no such day"),
        ("when", "every minute", "too often"),
        ("words", "#ops", "Leave the channel out"),
        ("zone", "Europe/Berln", "Did you mean Europe/Berlin?"),
    ] {
        let mut filled = vec![
            ("command", "triage post"),
            ("channel", "C0OPS"),
            ("when", "every weekday at 09:00"),
            ("words", ""),
            ("zone", "Europe/Berlin"),
        ];
        filled.retain(|(name, _)| *name != field);
        filled.push((field, value));
        assert!(ana.submits(&modal, filled).unwrap().await.is_acked());
        let shown = scene
            .bot
            .until(|w| w.modal("ana").and_then(|view| view.errors.get(field).cloned()))
            .await;
        assert!(shown.contains(expected), "{shown}");
    }

    let filled = [
        ("zone", "Europe/Berlin"),
        ("missed", "late-4"),
        ("when", "first Monday of the month 9:00"),
    ];
    assert!(ana.submits(&modal, filled).unwrap().await.is_acked());
    let draft = scene
        .bot
        .until(|w| {
            let seen = w.seen_by("ana", "#ops");
            seen.iter()
                .find(|m| w.message_text(m).contains("[Save]"))
                .map(|m| (*m).clone())
        })
        .await;
    assert_snapshot!(scene.bot.text(&draft), @r#"
    em-agent (only ana sees this):
      *Save this schedule?*
      `triage post` to #ops, every first Monday of the month at 09:00, Europe/Berlin
      The next times:
      • Mon 2 Feb 09:00
      • Mon 2 Mar 09:00
      • Mon 6 Apr 09:00
      • Mon 4 May 09:00
      • Mon 1 Jun 09:00
      · If I was down: post up to 4 hours late. As cron: `0 9 1-7 * 1`
      [Save] [Cancel]
    "#);
    assert_eq!(
        scene.bot.database.store.kept_schedules().list().await.unwrap(),
        []
    );

    let saved = save(&scene, "ana", &draft).await;
    assert!(
        saved.contains("Saved as") && saved.contains("due next on Mon 2 Feb 09:00"),
        "{saved}"
    );
    let kept = only_one(&scene.bot).await;
    assert_eq!(kept.definition.cron, "0 9 1-7 * 1");
    let log = scene
        .bot
        .database
        .store
        .audit()
        .list_about(kept.id.as_str(), 5)
        .await
        .unwrap();
    assert_eq!(
        (log[0].kind.as_str(), log[0].actor.as_str()),
        ("schedule.added", "U0ANA")
    );
    scene.finish().await;
}

async fn a_schedule_is_added_in_one_line_where_no_form_can_be_opened(database: TestDatabase) {
    let scene = Scene::start(database).await;
    let ben = scene.bot.user("ben");
    ben.types(
        "@em-agent",
        "schedule add triage post #ops every weekday at 09:00",
    )
    .unwrap()
    .await;
    let drafts = scene.until_direct("ben", 1).await;
    let text = plain(&scene.bot.text(&drafts[0]));
    // His own zone is taken from his profile; the test begins on Thursday at five in New York.
    assert!(
        text.contains("every weekday at 09:00, America/New_York"),
        "{text}"
    );
    assert!(
        text.contains("• Thu 15 Jan 09:00") && text.contains("• Wed 21 Jan 09:00"),
        "{text}"
    );
    save(&scene, "ben", &drafts[0]).await;
    // The second of two clicks adds nothing.
    let kept = only_one(&scene.bot).await;
    assert_eq!(kept.owner.as_str(), "U0BEN");

    // Without words there is a button that opens the form.
    ben.types("@em-agent", "schedule add").unwrap().await;
    let messages = scene.until_direct("ben", 2).await;
    assert!(
        ben.clicks(&messages[1], "schedule.form")
            .unwrap()
            .await
            .is_acked()
    );
    let modal = scene.until_modal("ben").await;
    let modal = plain(&scene.bot.slack.read(|w| w.view_text(&modal)));
    assert!(modal.contains("America/New_York"), "{modal}");
    scene.finish().await;
}

/// Adds one in a line, saves it, and answers its id.
async fn added(scene: &Scene, user: &str, line: &str) -> String {
    let draft = scene
        .bot
        .ask(user, "#ops", &format!("/em-agent schedule add {line}"))
        .await;
    save(scene, user, &draft).await;
    let kept = scene.bot.database.store.kept_schedules().list().await.unwrap();
    kept.last().unwrap().id.to_string()
}

async fn a_schedule_is_paused_resumed_run_edited_and_removed(database: TestDatabase) {
    let scene = Scene::start(database).await;
    scene.pull("Retry failed payouts", "ben-k").await;
    let id = added(&scene, "ana", "triage post #ops Mondays 10:30 in UTC --skip").await;
    let say = async |words: &str| {
        let answer = scene.answer("ana", &format!("/em-agent schedule {words}")).await;
        plain(&answer)
    };

    assert!(say(&format!("pause {id}")).await.contains("is paused"));
    assert_eq!(only_one(&scene.bot).await.next_at, None);
    assert!(
        say(&format!("resume {id}"))
            .await
            .contains("due next on Mon 19 Jan 10:30")
    );

    let ran = say(&format!("run {id}")).await;
    assert!(ran.contains("I ran"), "{ran}");
    let posted = scene.bot.slack.read(|w| {
        w.messages("C0OPS")
            .any(|m| m.ephemeral_for.is_none() && w.message_text(m).contains("Retry failed payouts"))
    });
    assert!(posted);
    assert_eq!(
        only_one(&scene.bot).await.fired_at,
        None,
        "running by hand is no tick"
    );

    // Another time in one line, and everything by form, from the list.
    let draft = scene
        .bot
        .ask(
            "ana",
            "#ops",
            &format!("/em-agent schedule edit {id} Fridays 16:00"),
        )
        .await;
    let edited = save(&scene, "ana", &draft).await;
    assert!(edited.contains("due next on Fri 16 Jan 16:00"), "{edited}");
    let list = scene.bot.ask("ana", "#ops", "/em-agent schedule list").await;
    let row = list.blocks.iter().filter_map(|block| block["block_id"].as_str());
    let row = row.into_iter().find(|row| row.ends_with(&id)).unwrap().to_owned();
    let edit = Click::from(("menu", "Edit…")).in_block(&row);
    assert!(
        scene
            .bot
            .user("ana")
            .clicks(&list, edit)
            .unwrap()
            .await
            .is_acked()
    );
    let modal = scene.until_modal("ana").await;
    let modal = plain(&scene.bot.slack.read(|w| w.view_text(&modal)));
    assert!(
        modal.contains("every Friday at 16:00") && modal.contains("Leave it out"),
        "{modal}"
    );

    let removed = scene
        .click("ana", &list, Click::from(("menu", "Remove")).in_block(&row))
        .await;
    assert!(scene.bot.text(&removed).contains("Removed"));
    assert!(say(&format!("run {id}")).await.contains("I know no schedule"));
    let list = say("list").await;
    assert!(list.contains("Nothing is scheduled yet."), "{list}");
    let log = scene
        .bot
        .database
        .store
        .audit()
        .list_about(&id, 20)
        .await
        .unwrap();
    let mut kinds: Vec<&str> = log.iter().map(|line| line.kind.as_str()).collect();
    kinds.retain(|kind| kind.starts_with("schedule."));
    kinds.reverse();
    assert_eq!(
        kinds,
        [
            "schedule.added",
            "schedule.paused",
            "schedule.resumed",
            "schedule.edited",
            "schedule.removed"
        ]
    );
    scene.finish().await;
}

/// The Home of somebody as it is once it says `words`.
async fn home_that_says(scene: &Scene, user: &str, words: &str) -> View {
    let says = |w: &Workspace| {
        let home = w.home(user)?;
        plain(&w.view_text(home)).contains(words).then(|| home.clone())
    };
    scene.bot.until(says).await
}

async fn a_schedule_is_seen_and_changed_on_the_home_of_its_owner(database: TestDatabase) {
    let scene = Scene::start_with(database, "[policy.roles]\nmanager = ['U0DMITRI']").await;
    let id = added(&scene, "ana", "triage post #ops Mondays 10:30 in UTC --skip").await;
    for person in ["ana", "ben", "dmitri"] {
        assert!(scene.bot.user(person).opens_home().await.is_acked());
    }
    // Managers look after the schedules of others.
    home_that_says(&scene, "dmitri", "Your schedules").await;
    home_that_says(&scene, "ben", "To start with").await;
    let of_ben = scene.bot.slack.read(|w| w.view_text(w.home("ben").unwrap()));
    assert!(!of_ben.contains("Your schedules"), "{of_ben}");

    let home = home_that_says(&scene, "ana", "Your schedules").await;
    let text = plain(&scene.bot.slack.read(|w| w.view_text(&home)));
    assert!(
        text.contains(&id) && text.contains("Next Mon 19 Jan 10:30"),
        "{text}"
    );
    let entry = |home: &View, label: &str| {
        let ids = home
            .blocks()
            .iter()
            .filter_map(|block| block["block_id"].as_str());
        let row = ids.into_iter().find(|row| row.ends_with(&id)).unwrap();
        Click::from(("menu", label)).in_block(row)
    };
    let ana = scene.bot.user("ana");
    assert!(
        ana.clicks_in_view(&home, entry(&home, "Edit…"))
            .unwrap()
            .await
            .is_acked()
    );
    let modal = scene.until_modal("ana").await;
    let sent = ana.submits(&modal, [("when", "Fridays 16:00")]).unwrap().await;
    assert!(sent.is_acked(), "{sent:?}");
    // There is no message to answer under, so what it would mean comes directly.
    let drafts = scene.until_direct("ana", 1).await;
    save(&scene, "ana", drafts.last().unwrap()).await;
    let home = home_that_says(&scene, "ana", "Next Fri 16 Jan 16:00").await;
    assert!(
        ana.clicks_in_view(&home, entry(&home, "Pause"))
            .unwrap()
            .await
            .is_acked()
    );
    home_that_says(&scene, "ana", "Paused").await;
    scene.finish().await;
}

async fn what_cannot_be_scheduled_is_refused_in_a_sentence(database: TestDatabase) {
    let scene = Scene::start(database).await;
    for (line, expected) in [
        ("whoami #ops daily 9", "cannot be scheduled"),
        ("triage post #ops 0 9 31 2 *", "there is no such day"),
        ("triage post #ops every 5 minutes", "too often"),
        (
            "triage post #ops daily 9 in Europe/Pariss",
            "Did you mean Europe/Paris?",
        ),
        ("triage post every day", "I do not see a channel"),
        ("triage post #ops whenever", "“whenever”"),
    ] {
        let answer = scene
            .answer("ana", &format!("/em-agent schedule add {line}"))
            .await;
        assert!(answer.contains(expected), "{line}: {answer}");
    }
    assert_eq!(
        scene.bot.database.store.kept_schedules().list().await.unwrap(),
        []
    );
    scene.finish().await;
}

async fn a_channel_that_cannot_be_posted_to_is_said_to_be_so(database: TestDatabase) {
    let scene = Scene::start(database).await;
    let members = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    scene.bot.slack.arrange(|w| {
        let mut old = Channel::new(
            "C0OLD",
            "old",
            ChannelKind::Public,
            members(&["U0ANA", "U0EMAGENT"]),
        );
        old.is_archived = true;
        let bosses = Channel::new(
            "C0BOSSES",
            "bosses",
            ChannelKind::Private,
            members(&["U0BEN", "U0EMAGENT"]),
        );
        let hidden = Channel::new("C0HIDDEN", "hidden", ChannelKind::Private, members(&["U0ANA"]));
        w.channels.extend([old, bosses, hidden]);
    });
    for (channel, expected) in [
        (
            "<#C0RANDOM|random>",
            "I am not in #random. Type /invite @EM Agent there.",
        ),
        ("<#C0OLD|old>", "#old is archived"),
        ("<#C0HIDDEN|hidden>", "it is private and I am not in it"),
        ("<#C0BOSSES|bosses>", "private, and you are not in it"),
        ("#nowhere", "I do not see that channel"),
    ] {
        let line = format!("/em-agent schedule add triage post {channel} daily 9");
        let answer = scene.answer("ana", &line).await.replace('`', "");
        assert!(answer.contains(expected), "{channel}: {answer}");
    }
    scene.finish().await;
}

async fn what_others_keep_is_changed_by_managers_only(database: TestDatabase) {
    let scene = Scene::start_with(database, "[policy.roles]\nmanager = ['U0ANA']").await;
    let id = added(&scene, "ben", "triage post #ops daily 9").await;
    let refused = scene
        .answer("chloe", &format!("/em-agent schedule pause {id}"))
        .await;
    assert!(refused.contains("kept by somebody else"), "{refused}");
    let list = scene.answer("chloe", "/em-agent schedule list").await;
    assert!(list.contains(&id) && !list.contains("Pause"), "{list}");
    let paused = scene
        .answer("ana", &format!("/em-agent schedule pause {id}"))
        .await;
    assert!(paused.contains("is paused"), "{paused}");
    scene.finish().await;
}

async fn a_schedule_of_the_configuration_is_listed_and_run_and_not_changed(database: TestDatabase) {
    let toml =
        "[[schedules]]\nname = 'every morning'\ncron = '0 11 * * *'\nrun = 'triage post'\nchannel = '#ops'";
    let scene = Scene::start_with(database, toml).await;
    scene.pull("Retry failed payouts", "ben-k").await;
    assert_snapshot!(scene.answer("ana", "/em-agent schedule list").await, @r#"
    em-agent (only ana sees this):
      # Schedules
      0 kept by people, 1 in my configuration.
      *`every morning`*  `triage post` to #ops
      Next Thu 15 Jan 11:00 UTC · in my configuration, not to be changed here
      · Add one with `/em-agent schedule add`; run one now with `/em-agent schedule run ID`.
    "#);
    let refused = scene
        .answer("ana", "/em-agent schedule pause every morning")
        .await;
    assert!(refused.contains("stands in my configuration"), "{refused}");
    let ran = scene.answer("ana", "/em-agent schedule run every morning").await;
    assert!(ran.contains("I ran"), "{ran}");
    scene.finish().await;
}
