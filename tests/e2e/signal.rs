//! Signals: what the rules find is told once, in one message that strikes itself through; the rules can be changed
//! while the bot is at work.

use chrono::Duration;
use em_commands::signal::evaluate;
use em_commands::signal::files::read_changed_files;
use em_simulator::Fault;
use em_simulator::github::{Delivery, Fault as GithubFault, GithubSimulator, NewPull, NewRun};
use em_simulator::workspace::Message;
use em_storage::testing::TestDatabase;
use em_tests::{Setting, TestBot, both_engines};
use serde_json::json;

use crate::scene::{REPO, Scene, assert_snapshot, january};

both_engines!(
    a_signal_is_told_once_and_struck_through_when_it_resolves,
    nothing_is_told_again_after_a_restart,
    what_opens_together_is_one_message_and_a_storm_is_counted,
    what_opens_later_is_a_message_of_its_own,
    two_replicas_tell_of_everything_once,
    a_bulletin_whose_answer_was_lost_is_found_again,
    a_bulletin_that_slack_refused_is_posted_later,
    an_incident_that_stays_open_is_told_to_the_channel_of_its_rule,
    rules_change_while_the_bot_is_at_work_and_a_wrong_file_changes_nothing,
    what_is_open_is_listed_and_an_unknown_kind_is_explained,
    a_label_that_triage_ignores_is_ignored_by_rules_too,
    a_red_default_branch_is_told_as_soon_as_it_is_known,
    without_a_channel_signals_are_listed_and_not_posted,
    a_rule_with_paths_finds_what_changes_them_until_a_push_moves_out,
    changed_files_are_read_a_few_a_minute_and_one_that_is_refused_stops_no_other,
    without_a_token_doctor_says_that_paths_are_of_no_use,
);

const SIGNALS: &str = "[slack]\ndefault_channel = \"#payments\"\n[signals]\nenabled = true\n";

/// What the bot has posted to a channel for all to see, as text.
fn posted(bot: &TestBot, channel: &str) -> Vec<String> {
    let for_all = |message: &&Message| message.by_app && message.ephemeral_for.is_none();
    bot.slack.read(|w| {
        let messages = w.messages(channel).filter(for_all);
        messages
            .map(|message| w.message_text(message).replace('\u{2060}', ""))
            .collect()
    })
}

/// Evaluates now; the bot does so by itself as well, when facts change and every minute.
async fn look(bot: &TestBot) {
    evaluate(&bot.bot.ctx).await.unwrap();
}

/// Waits until the only message in #payments says something.
async fn until_only(bot: &TestBot, words: &str) -> String {
    bot.until(|w| {
        let for_all = |message: &&Message| message.by_app && message.ephemeral_for.is_none();
        let mut messages = w.messages("#payments").filter(for_all);
        let only = messages.next().map(|message| w.message_text(message))?;
        assert_eq!(messages.count(), 0, "one message is enough");
        only.contains(words).then(|| only.replace('\u{2060}', ""))
    })
    .await
}

async fn a_signal_is_told_once_and_struck_through_when_it_resolves(database: TestDatabase) {
    let scene = Scene::start_with(database, SIGNALS).await;
    let pull = scene.pull("Retry failed payouts", "ben-k").await;
    let told = until_only(&scene.bot, "1 signal").await;
    assert_snapshot!(told, @r"
    em-agent:
      # 1 signal, Thu 15 Jan 10:00
      *Pull requests without a review · 1*
      *Retry failed payouts <https://github.com/acme/payments/pull/1>*
      acme/payments#1 · warning · *ben-k* · since Tue 13 Jan 10:00
    ");

    for minutes in [1, 60] {
        scene.bot.clock.advance(Duration::minutes(minutes));
        look(&scene.bot).await;
    }
    assert_eq!(
        posted(&scene.bot, "#payments"),
        [told],
        "not repeated, and not edited"
    );

    scene
        .tell(&pull.review("chloe-m", "commented", january(15, 11)))
        .await;
    look(&scene.bot).await;
    let resolved = until_only(&scene.bot, "1 resolved").await;
    assert_snapshot!(resolved, @r"
    em-agent (edited):
      # 1 signal, Thu 15 Jan 10:00 · 1 resolved
      *Pull requests without a review · 1*
      ✓ Resolved: ~Retry failed payouts <https://github.com/acme/payments/pull/1>~
      acme/payments#1 · resolved Thu 15 Jan 11:01
      All of it is resolved. Thank you!
    ");
    scene.finish().await;
}

async fn nothing_is_told_again_after_a_restart(database: TestDatabase) {
    let scene = Scene::start_with(database, SIGNALS).await;
    let pull = scene.pull("Retry failed payouts", "ben-k").await;
    until_only(&scene.bot, "1 signal").await;
    let scene = scene.restart(SIGNALS).await;
    scene.bot.clock.advance(Duration::hours(1));
    look(&scene.bot).await;
    scene.tell(&pull.merge("ben-k", january(15, 11))).await;
    look(&scene.bot).await;
    until_only(&scene.bot, "✓ Resolved").await;
    scene.finish().await;
}

async fn what_opens_together_is_one_message_and_a_storm_is_counted(database: TestDatabase) {
    let scene = Scene::start_with(database, SIGNALS).await;
    let first = scene.pull("Number 1", "ben-k").await;
    until_only(&scene.bot, "1 signal").await;
    for number in 2..=5 {
        scene.pull(&format!("Number {number}"), "chloe-m").await;
    }
    look(&scene.bot).await;
    until_only(&scene.bot, "Pull requests without a review · 5").await;
    for number in 6..=12 {
        scene.pull(&format!("Number {number}"), "dev-d").await;
    }
    look(&scene.bot).await;
    let storm = until_only(&scene.bot, "Pull requests without a review · 12").await;
    assert!(storm.contains("and 9 more"), "{storm}");
    assert!(storm.contains("Too much at once · 1"), "{storm}");
    scene.tell(&first.close("ben-k", january(15, 10))).await;
    look(&scene.bot).await;
    until_only(&scene.bot, "1 resolved").await;
    scene.finish().await;
}

async fn what_opens_later_is_a_message_of_its_own(database: TestDatabase) {
    let scene = Scene::start_with(database, SIGNALS).await;
    scene.pull("Retry failed payouts", "ben-k").await;
    until_only(&scene.bot, "1 signal").await;
    scene.bot.clock.advance(Duration::minutes(3));
    scene.pull("Rename the ledger", "chloe-m").await;
    look(&scene.bot).await;
    let both = posted(&scene.bot, "#payments");
    assert_eq!(both.len(), 2, "{both:?}");
    assert!(both[0].contains("Retry failed payouts") && !both[0].contains("Rename"));
    assert!(both[1].contains("Rename the ledger") && !both[1].contains("Retry"));
    scene.finish().await;
}

async fn two_replicas_tell_of_everything_once(database: TestDatabase) {
    let scene = Scene::start_with(database, SIGNALS).await;
    let replica = scene.bot.replica(SIGNALS).await;
    for round in 0..3 {
        for number in 0..4 {
            scene
                .pull(&format!("Number {round}{number}"), &format!("dev-{round}"))
                .await;
        }
        let (here, there) = tokio::join!(evaluate(&scene.bot.bot.ctx), evaluate(&replica.ctx));
        here.unwrap();
        there.unwrap();
        // Too late to join the one before.
        scene.bot.clock.advance(Duration::minutes(3));
    }
    let all = posted(&scene.bot, "#payments");
    for round in 0..3 {
        for number in 0..4 {
            let title = format!("Number {round}{number} ");
            let times: usize = all.iter().map(|text| text.matches(&title).count()).sum();
            assert_eq!(times, 1, "{title}: {all:#?}");
        }
    }
    replica.stop().await;
    scene.finish().await;
}

async fn a_bulletin_whose_answer_was_lost_is_found_again(database: TestDatabase) {
    let scene = Scene::start_with(database, SIGNALS).await;
    for _ in 0..2 {
        scene
            .bot
            .slack
            .faults()
            .next("chat.postMessage", Fault::ResetAfterEffect);
    }
    let pull = scene.pull("Retry failed payouts", "ben-k").await;
    until_only(&scene.bot, "1 signal").await;
    scene.bot.clock.advance(Duration::minutes(3));
    look(&scene.bot).await;
    scene.tell(&pull.merge("ben-k", january(15, 10))).await;
    look(&scene.bot).await;
    until_only(&scene.bot, "1 resolved").await;
    scene.finish().await;
}

async fn a_bulletin_that_slack_refused_is_posted_later(database: TestDatabase) {
    let scene = Scene::start_with(database, SIGNALS).await;
    let refused = Fault::Error("not_in_channel".into());
    scene.bot.slack.faults().repeat("chat.postMessage", &refused, 1);
    scene.pull("Retry failed payouts", "ben-k").await;
    // The bot itself or this evaluation is refused; whichever comes after it is not.
    drop(evaluate(&scene.bot.bot.ctx).await);
    look(&scene.bot).await;
    until_only(&scene.bot, "1 signal").await;
    scene.finish().await;
}

/// An `issues` webhook about issue 77, labelled as an incident.
fn incident(id: u32, action: &str, state: &str, hour: u32) -> Delivery {
    let created_at = january(15, 9).to_rfc3339();
    let body = json!({
        "action": action,
        "issue": {
            "number": 77, "state": state, "title": "Payments are down",
            "html_url": format!("https://github.com/{REPO}/issues/77"),
            "created_at": created_at, "updated_at": january(15, hour).to_rfc3339(), "closed_at": null,
            "labels": [{ "name": "incident" }, { "name": "sev1" }], "assignees": [{ "login": "chloe-m" }],
        },
        "repository": { "full_name": REPO },
    });
    Delivery {
        id: format!("00000000-0000-4000-9000-{id:012}"),
        event: "issues",
        body,
    }
}

async fn an_incident_that_stays_open_is_told_to_the_channel_of_its_rule(database: TestDatabase) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules.yaml");
    std::fs::write(
        &file,
        "- kind: incident_open_too_long\n  older_than: 2h\n  channel: \"#ops\"\n",
    )
    .unwrap();
    let toml = format!("{SIGNALS}rules = \"{}\"\n", file.display());
    let scene = Scene::start_with(database, &toml).await;
    scene.tell(&incident(1, "labeled", "open", 9)).await;
    look(&scene.bot).await;
    assert_eq!(
        posted(&scene.bot, "#ops"),
        Vec::<String>::new(),
        "it is an hour old"
    );
    scene.bot.clock.advance(Duration::hours(1));
    look(&scene.bot).await;
    // The bot may have looked by itself, and be at telling it.
    let told = scene
        .bot
        .until(|workspace| {
            let message = workspace.messages("#ops").find(|message| message.by_app)?;
            Some(workspace.message_text(message).replace('\u{2060}', ""))
        })
        .await;
    assert_snapshot!(told, @r"
    em-agent:
      # 1 signal, Thu 15 Jan 11:00
      *Incidents open for too long · 1*
      *Payments are down <https://github.com/acme/payments/issues/77>*
      acme/payments#77 · critical · *chloe-m* · since Thu 15 Jan 09:00
    ");
    scene.tell(&incident(2, "closed", "closed", 11)).await;
    look(&scene.bot).await;
    let over = posted(&scene.bot, "#ops").join("\n");
    assert!(over.contains("✓ Resolved: ~Payments are down"), "{over}");
    assert_eq!(posted(&scene.bot, "#payments"), Vec::<String>::new());
    scene.finish().await;
}

async fn rules_change_while_the_bot_is_at_work_and_a_wrong_file_changes_nothing(database: TestDatabase) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules.yaml");
    let write = |text: &str| std::fs::write(&file, text).unwrap();
    write("- kind: stale_pr\n  older_than: 3d\n");
    let toml = format!("{SIGNALS}rules = \"{}\"\n", file.display());
    let scene = Scene::start_with(database, &toml).await;
    scene.pull("Retry failed payouts", "ben-k").await;
    look(&scene.bot).await;
    assert_eq!(posted(&scene.bot, "#payments"), Vec::<String>::new());

    write("- kind: stale_pr\n  older_then: 1d\n");
    look(&scene.bot).await;
    let rules = scene.answer("ana", "/em-agent rules").await;
    assert!(
        rules.contains("older_than `3d`"),
        "the old rules stay in force: {rules}"
    );
    let wrong =
        "line 2, column 3: rule 1: stale_pr has no key `older_then`; write one of: name, kind, severity";
    // Code is shown without its marks where it is quoted.
    let shown = |text: &str| text.replace(['`', '\'', '“', '”'], "");
    assert!(shown(&rules).contains(&shown(wrong)), "{rules}");
    let doctor = scene.answer("ana", "/em-agent doctor").await;
    assert!(
        doctor.contains("The rules file cannot be used") && doctor.contains("line 2"),
        "{doctor}"
    );
    assert_eq!(posted(&scene.bot, "#payments"), Vec::<String>::new());

    write("- kind: stale_pr\n  name: slow\n  older_than: 1d\n");
    look(&scene.bot).await;
    until_only(&scene.bot, "Stale pull requests · 1").await;
    let rules = scene.answer("ana", "/em-agent rules").await;
    assert!(
        rules.contains("slow") && !rules.contains("cannot be used"),
        "{rules}"
    );

    write("- kind: stale_pr\n  name: slow\n  older_than: 1d\n  enabled: false\n");
    look(&scene.bot).await;
    until_only(&scene.bot, "1 resolved").await;
    scene.finish().await;
}

async fn what_is_open_is_listed_and_an_unknown_kind_is_explained(database: TestDatabase) {
    let scene = Scene::start_with(database, SIGNALS).await;
    assert_snapshot!(scene.answer("ana", "/em-agent signals").await, @r"
    em-agent (only ana sees this):
      # No signal is open
      · What these mean, and by which rules: `/em-agent rules`
    ");
    scene.pull("Retry failed payouts", "ben-k").await;
    look(&scene.bot).await;
    assert_snapshot!(scene.answer("ana", "/em-agent signals").await, @r"
    em-agent (only ana sees this):
      # 1 signal open
      *Pull requests without a review · 1*
      *Retry failed payouts <https://github.com/acme/payments/pull/1>*
      acme/payments#1 · warning · *ben-k* · 2 d of working time since Tue 13 Jan 10:00
      · What these mean, and by which rules: `/em-agent rules`
    ");
    let other = scene.answer("ana", "/em-agent signals failing-main").await;
    assert!(other.contains("No failing_main signal is open"), "{other}");
    let unknown = scene.answer("ana", "/em-agent signals stale").await;
    assert!(
        unknown.contains("There is no such kind") && unknown.contains("stale_pr"),
        "{unknown}"
    );
    scene.finish().await;
}

async fn a_label_that_triage_ignores_is_ignored_by_rules_too(database: TestDatabase) {
    let toml = format!("{SIGNALS}[triage]\nignored_labels = [\"On Hold\"]\n");
    let scene = Scene::start_with(database, &toml).await;
    let pull = scene.pull("Retry failed payouts", "ben-k").await;
    until_only(&scene.bot, "1 signal").await;
    scene.tell(&pull.label("ben-k", "on hold", january(15, 10))).await;
    look(&scene.bot).await;
    until_only(&scene.bot, "1 resolved").await;
    scene.finish().await;
}

async fn a_red_default_branch_is_told_as_soon_as_it_is_known(database: TestDatabase) {
    let scene = Scene::start_with(database, SIGNALS).await;
    let new = NewRun::on_push("CI", "main", &"a".repeat(40), "ben-k");
    let (run, started) = scene.github.start_run(REPO, &new, january(15, 9));
    scene.tell(&started).await;
    scene
        .tell(&scene.github.finish_run(REPO, run, "failure", january(15, 10)))
        .await;
    // Nobody asks: the bot hears of it and looks.
    let red = until_only(&scene.bot, "CI is red on main").await;
    assert!(
        red.contains("acme/payments · critical · since Thu 15 Jan 10:00"),
        "{red}"
    );
    let again = scene.github.rerun(REPO, run, january(15, 11));
    scene.tell(&again).await;
    scene
        .tell(&scene.github.finish_run(REPO, run, "success", january(15, 12)))
        .await;
    until_only(&scene.bot, "✓ Resolved").await;
    scene.finish().await;
}

async fn without_a_channel_signals_are_listed_and_not_posted(database: TestDatabase) {
    let scene = Scene::start_with(database, "[signals]\nenabled = true\n").await;
    scene.pull("Retry failed payouts", "ben-k").await;
    look(&scene.bot).await;
    assert!(
        scene
            .answer("ana", "/em-agent signals")
            .await
            .contains("Retry failed payouts")
    );
    let doctor = scene.answer("ana", "/em-agent doctor").await;
    assert!(doctor.contains("Signals are not posted anywhere"), "{doctor}");
    // A channel that is configured later is not flooded with what is known by then.
    let scene = scene.restart(SIGNALS).await;
    look(&scene.bot).await;
    assert_eq!(posted(&scene.bot, "#payments"), Vec::<String>::new());
    scene.finish().await;
}

const TOKEN: &str = "ghp_0123456789abcdefghijABCDEFGHIJ012345";
const IN_PAYMENTS: &str = "- kind: no_ticket_link\n  scope:\n    paths: [\"payments/**\", \"!**/*.md\"]\n";

/// A scene whose bot can ask GitHub, with one rule about paths.
async fn with_paths(database: TestDatabase) -> (Scene, GithubSimulator, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules.yaml");
    std::fs::write(&file, IN_PAYMENTS).unwrap();
    let github = GithubSimulator::start(TOKEN).await.unwrap();
    github.world().add_repo(REPO, january(2, 9));
    let setting = Setting {
        toml: format!("{SIGNALS}rules = \"{}\"\n", file.display()),
        environment: vec![
            ("GITHUB_TOKEN", TOKEN.to_owned()),
            ("GITHUB_API_URL", github.api_url()),
        ],
        ..Setting::default()
    };
    let bot = TestBot::start_with(database, setting).await;
    let world = github.world().clone();
    (Scene { bot, github: world }, github, folder)
}

/// Which pull requests GitHub was asked about, in order.
fn asked(github: &GithubSimulator) -> Vec<String> {
    let paths = github.world().calls().into_iter().map(|call| call.path);
    let numbers = paths.filter_map(|path| Some(path.strip_suffix("/files")?.rsplit_once('/')?.1.to_owned()));
    numbers.collect()
}

async fn a_rule_with_paths_finds_what_changes_them_until_a_push_moves_out(database: TestDatabase) {
    let (scene, github, _folder) = with_paths(database).await;
    let within = scene.pull("Retry failed payouts", "ben-k").await;
    within.set_files(&["payments/src/retry.rs", "Cargo.lock"]);
    let texts = scene.pull("Explain payouts", "ben-k").await;
    texts.set_files(&["payments/README.md"]);
    let elsewhere = scene.pull("Rename the ledger", "chloe-m").await;
    elsewhere.set_files(&["ledger/src/lib.rs"]);
    look(&scene.bot).await;
    assert_eq!(
        posted(&scene.bot, "#payments"),
        Vec::<String>::new(),
        "nobody knows the files yet"
    );

    let ctx = &scene.bot.bot.ctx;
    assert_eq!(read_changed_files(ctx).await.unwrap(), 3);
    assert_eq!(read_changed_files(ctx).await.unwrap(), 0);
    assert_eq!(asked(&github).len(), 3, "each was asked about once");
    look(&scene.bot).await;
    let told = until_only(&scene.bot, "1 signal").await;
    assert!(told.contains("Retry failed payouts"), "{told}");

    within.set_files(&["docs/payouts.txt"]);
    let push = within.push("ben-k", "Only say how", january(15, 10));
    scene.tell(&push).await;
    look(&scene.bot).await;
    assert_eq!(
        posted(&scene.bot, "#payments"),
        [told],
        "what was known holds until more is known"
    );
    scene.bot.clock.advance(Duration::minutes(1));
    assert_eq!(read_changed_files(ctx).await.unwrap(), 1);
    look(&scene.bot).await;
    until_only(&scene.bot, "✓ Resolved").await;

    scene.tell(&elsewhere.merge("chloe-m", january(15, 11))).await;
    let signals = ctx.store.signals();
    let known = signals.list_files().await.unwrap();
    assert_eq!(known.len(), 2, "what is closed is forgotten: {known:?}");
    scene.finish().await;
}

async fn changed_files_are_read_a_few_a_minute_and_one_that_is_refused_stops_no_other(
    database: TestDatabase,
) {
    let (scene, github, _folder) = with_paths(database).await;
    for number in 1..=32 {
        let (pull, opened) = scene.github.open_pull(
            REPO,
            &NewPull::new(&format!("Number {number}"), "ben-k"),
            january(13, 10) + Duration::minutes(number),
        );
        pull.set_files(&["ledger/a.rs"]);
        scene.bot.github(&opened).await;
    }
    scene.bot.folded().await;
    let ctx = &scene.bot.bot.ctx;
    let newest = format!("/repos/{REPO}/pulls/32/files");
    github.world().fail_next(&newest, GithubFault::Status(404));
    assert_eq!(read_changed_files(ctx).await.unwrap(), 29);
    let newest_first: Vec<String> = (3..=32).rev().map(|number| number.to_string()).collect();
    assert_eq!(asked(&github), newest_first);

    scene.bot.clock.advance(Duration::minutes(1));
    let limit = GithubFault::SecondaryLimit {
        status: 403,
        retry_after: Some(90),
    };
    github.world().fail_next("", limit);
    assert!(read_changed_files(ctx).await.is_err());
    scene.bot.clock.advance(Duration::minutes(1));
    assert!(read_changed_files(ctx).await.is_err(), "GitHub said not before");
    assert_eq!(asked(&github).len(), 31, "so nothing is sent");
    scene.bot.clock.advance(Duration::minutes(1));
    assert_eq!(read_changed_files(ctx).await.unwrap(), 2);

    scene.bot.clock.advance(Duration::hours(6));
    assert_eq!(
        read_changed_files(ctx).await.unwrap(),
        1,
        "the refused one, again"
    );
    scene.finish().await;
}

async fn without_a_token_doctor_says_that_paths_are_of_no_use(database: TestDatabase) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules.yaml");
    std::fs::write(&file, IN_PAYMENTS).unwrap();
    let scene = Scene::start_with(database, &format!("{SIGNALS}rules = \"{}\"\n", file.display())).await;
    scene.pull("Retry failed payouts", "ben-k").await;
    assert_eq!(read_changed_files(&scene.bot.bot.ctx).await.unwrap(), 0);
    let doctor = scene.answer("ana", "/em-agent doctor").await;
    assert!(doctor.contains("Rules about paths say nothing"), "{doctor}");
    let rules = scene.answer("ana", "/em-agent rules").await;
    let rules = rules.replace('\u{2060}', "");
    assert!(rules.contains("paths: payments/**, !**/*.md"), "{rules}");
    scene.finish().await;
}
