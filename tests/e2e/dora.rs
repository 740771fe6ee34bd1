//! `/em-agent dora`: the report, what is behind each number, corrections that are taken back; and a real history whose answers
//! are known, by command line, file and HTTP.

use chrono::{DateTime, Datelike as _, NaiveDate, TimeDelta, Utc, Weekday};
use em_domain::clock::Clock as _;
use em_simulator::github::{NewDeployment, NewPull};
use em_simulator::workspace::{View, Workspace};
use em_storage::testing::TestDatabase;
use em_tests::both_engines;
use serde_json::Value;

use crate::process::Program;
use crate::scene::{REPO, Scene};

both_engines!(
    the_report_tells_five_numbers_and_each_opens_its_rows,
    a_correction_changes_the_number_for_everybody_and_is_taken_back,
    the_rows_come_as_a_table_and_other_definitions_side_by_side,
    what_cannot_be_asked_is_explained,
    how_work_moves_is_told_and_opens_its_rows,
    four_weeks_after_a_note_its_author_is_told_what_came_of_it,
    of_a_team_that_is_gone_the_author_is_told_so_once,
    the_report_is_posted_with_a_picture_that_bears_the_marks_people_set,
    late_events_and_a_replay_give_the_same_numbers,
    a_deployment_holds_what_its_commit_holds_even_if_nobody_reviewed_that,
);

const TEAMS: &str = "[teams.payments]\nrepositories = [\"acme/payments\"]\n";
/// The whole of the committed history.
pub(crate) const HISTORY: &[u8] = include_bytes!("../history/atuin.jsonl.gz");
const INCIDENTS: &[u8] = include_bytes!("../history/atuin.incidents.jsonl.gz");

fn at(date: NaiveDate, hour: u32) -> DateTime<Utc> {
    date.and_hms_opt(hour, 0, 0).unwrap().and_utc()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// A change a working day since 1 December, live on Tuesdays and Fridays at 16:00; one release of January is mended an hour later.
async fn scene(database: TestDatabase) -> Scene {
    delivered_scene_with(database, TEAMS).await
}

/// The same for other tests.
pub(crate) async fn delivered_scene(database: TestDatabase) -> Scene {
    scene(database).await
}

/// The same with other lines of `em-agent.toml`.
pub(crate) async fn delivered_scene_with(database: TestDatabase, toml: &str) -> Scene {
    let scene = Scene::start_with(database, toml).await;
    let mut told = Vec::new();
    let days = day("2025-12-01")
        .iter_days()
        .take_while(|date| *date < day("2026-01-15"));
    let live = |date: NaiveDate, hour: u32, sha: &str| {
        let new = NewDeployment {
            environment: "production".into(),
            sha: sha.to_owned(),
            reference: "main".into(),
            by: "ben-k".into(),
        };
        let (id, created) = scene.github.deploy(REPO, &new, at(date, hour));
        let live = scene
            .github
            .deployment_status(REPO, id, "success", at(date, hour));
        [created, live]
    };
    for date in days.filter(|date| !matches!(date.weekday(), Weekday::Sat | Weekday::Sun)) {
        let new = NewPull::new(&format!("feat: change of {date}"), "ana-ruiz");
        let (pull, opened) = scene.github.open_pull(REPO, &new, at(date, 9));
        told.push(opened);
        told.push(pull.review("fatima-k", "approved", at(date, 12)));
        told.push(pull.merge("fatima-k", at(date, 14)));
        if matches!(date.weekday(), Weekday::Tue | Weekday::Fri) {
            told.extend(live(date, 16, &format!("{:040x}", date.num_days_from_ce())));
        }
        if date == day("2026-01-06") {
            let (fix, opened) =
                scene
                    .github
                    .open_pull(REPO, &NewPull::new("fix: payments twice", "ben-k"), at(date, 17));
            told.push(opened);
            told.push(fix.merge("ana-ruiz", at(date, 18)));
            told.extend(live(date, 19, &format!("{:040x}", 77)));
        }
    }
    for delivery in &told {
        scene.bot.github(delivery).await;
    }
    scene.bot.folded().await;
    scene
}

async fn modal(scene: &Scene, user: &str, says: &str) -> View {
    let has = |workspace: &Workspace| {
        let view = workspace.modal(user)?;
        workspace.view_text(view).contains(says).then(|| view.clone())
    };
    scene.bot.until(has).await
}

fn text(scene: &Scene, view: &View) -> String {
    scene
        .bot
        .slack
        .read(|workspace| workspace.view_text(view))
        .replace('\u{2060}', "")
}

async fn the_report_tells_five_numbers_and_each_opens_its_rows(database: TestDatabase) {
    let scene = scene(database).await;
    let report = scene
        .bot
        .ask("ana", "#ops", "/em-agent dora 30d --repo acme/payments")
        .await;
    let shown = scene.bot.text(&report).replace('\u{2060}', "");
    for expected in [
        "acme/payments: delivery in the last 30 days",
        "*Deployment frequency*",
        "*Lead time for changes*",
        "1 of 10 deployments failed",
        "*Recovery time*",
        "1 of 10 deployments unplanned",
        "definitions: ours",
    ] {
        assert!(shown.contains(expected), "no “{expected}” in\n{shown}");
    }
    let ana = scene.bot.user("ana");
    let buttons = em_simulator::forms::interactive(&report.blocks);
    let explain = buttons
        .iter()
        .find(|one| {
            one.element["value"]
                .as_str()
                .is_some_and(|value| value.starts_with("change-fail-rate"))
        })
        .unwrap();
    let value = explain.element["value"].as_str().unwrap().to_owned();
    let click = ana.clicks(&report, ("dora.explain", value)).expect("it is there");
    assert!(click.await.is_acked());
    let view = modal(&scene, "ana", "How it is counted").await;
    let shown = text(&scene, &view);
    assert!(
        shown.contains("replaced soon by fixes, by their titles"),
        "{shown}"
    );
    assert!(
        shown.contains("Page 1 of 1. 10 looked at, 10 counted, 0 left out."),
        "{shown}"
    );
    scene.finish().await;
}

async fn a_correction_changes_the_number_for_everybody_and_is_taken_back(database: TestDatabase) {
    let scene = scene(database).await;
    let ana = scene.bot.user("ana");
    assert!(
        ana.types("#ops", "/em-agent dora explain cfr 30d")
            .unwrap()
            .await
            .is_acked()
    );
    let view = modal(&scene, "ana", "How it is counted").await;
    let failed = failed_row(&view);
    let click = em_simulator::Click::from(("menu", "dora.not_ours")).in_block(&failed);
    assert!(ana.clicks_in_view(&view, click).unwrap().await.is_acked());
    let form = modal(&scene, "ana", "No deployment of ours caused it").await;
    let sent = ana.submits(&form, [("why", "The fix was planned")]).unwrap();
    assert!(sent.await.is_acked());
    let view = modal(&scene, "ana", "Corrected. The number was counted anew.").await;
    let shown = text(&scene, &view);
    assert!(
        shown.contains("not our fault, says") && shown.contains("The fix was planned"),
        "{shown}"
    );
    assert!(
        scene
            .answer("ben", "/em-agent dora 30d")
            .await
            .contains("0 of 10 deployments failed")
    );

    let click = em_simulator::Click::from(("menu", "dora.undo")).in_block(&failed_row(&view));
    assert!(ana.clicks_in_view(&view, click).unwrap().await.is_acked());
    modal(&scene, "ana", "Taken back. The number was counted anew.").await;
    assert!(
        scene
            .answer("ben", "/em-agent dora 30d")
            .await
            .contains("1 of 10 deployments failed")
    );

    let story = scene.answer("ana", "/em-agent audit acme/payments").await;
    let subject = failed
        .splitn(3, ':')
        .nth(2)
        .unwrap()
        .trim_start_matches("deployment ")
        .to_owned();
    let story = format!(
        "{story}\n{}",
        scene.answer("ana", &format!("/em-agent audit {subject}")).await
    );
    assert!(
        story.contains("delivery.corrected") && story.contains("delivery.restored"),
        "{story}"
    );
    scene.finish().await;
}

/// The block of the row that failed, or was corrected.
fn failed_row(view: &View) -> String {
    let rows = view.blocks();
    let row = rows.iter().find(|block| {
        let text = block["text"]["text"].as_str().unwrap_or_default();
        text.contains("– yes") || text.contains("not our fault")
    });
    row.expect("a row that failed")["block_id"]
        .as_str()
        .unwrap()
        .to_owned()
}

async fn the_rows_come_as_a_table_and_other_definitions_side_by_side(database: TestDatabase) {
    let scene = scene(database).await;
    let ana = scene.bot.user("ana");
    assert!(
        ana.types("#ops", "/em-agent dora explain lead-time 30d")
            .unwrap()
            .await
            .is_acked()
    );
    let view = modal(&scene, "ana", "How it is counted").await;
    assert!(ana.clicks_in_view(&view, "dora.csv").unwrap().await.is_acked());
    modal(&scene, "ana", "The table is in your direct messages with me.").await;
    let table = scene.bot.slack.read(|workspace| {
        let file = workspace
            .all_files()
            .iter()
            .find(|file| file.name.starts_with("lead-time-"))
            .unwrap();
        String::from_utf8(file.bytes.clone()).unwrap()
    });
    let first = table.lines().next().unwrap();
    assert_eq!(first, "subject,at,value,counted,why,joined_to,joined_how");
    assert!(
        table.lines().count() > 20 && table.contains("acme/payments#"),
        "{table}"
    );

    let compared = scene.answer("ana", "/em-agent dora compare 30d").await;
    for mode in ["ours", "devlake-2023", "devlake-2021", "fourkeys", "middleware"] {
        assert!(compared.contains(mode), "{compared}");
    }
    scene.finish().await;
}

async fn what_cannot_be_asked_is_explained(database: TestDatabase) {
    let scene = scene(database).await;
    for (typed, expected) in [
        ("dora 0d", "write a number of days from 1 to"),
        ("dora 9999d", "write a number of days from 1 to"),
        ("dora --repo acme/paymets", "Did you mean acme/payments?"),
        ("dora --team pament", "Did you mean payments?"),
        ("dora --mode mine", "I know: ours, devlake-2023"),
        ("dora explain velocity", "I know: deployment-frequency"),
        ("dora explain", "dora explain <metric>"),
        ("dora 30d --repo payments --team payments", "dora"),
        ("dora --mine", "I do not know your GitHub account yet"),
        ("dora post --mine", "for that person alone"),
        ("flow 0d", "write a number of days from 1 to"),
        ("flow --mode fourkeys", "one set of definitions"),
        ("flow explain wip --mode fourkeys", "one set of definitions"),
        ("chart pie", "chart <breakdown|calendar"),
        ("flow explain velocity", "cycle-time, time-to-first-review"),
    ] {
        let answer = scene.answer("ana", &format!("/em-agent {typed}")).await;
        assert!(answer.contains(expected), "{typed}: {answer}");
    }
    let empty = Scene::start(TestDatabase::sqlite().await).await;
    let answer = empty.answer("ana", "/em-agent dora").await;
    assert!(
        answer.contains("I know of no deployment and no merged change"),
        "{answer}"
    );
    empty.finish().await;
    scene.finish().await;
}

/// Approved three hours after the opening, merged after five: the story of every change but the fix.
async fn how_work_moves_is_told_and_opens_its_rows(database: TestDatabase) {
    let scene = scene(database).await;
    let report = scene
        .bot
        .ask("ana", "#ops", "/em-agent flow 30d --team payments")
        .await;
    let shown = scene.bot.text(&report).replace('\u{2060}', "");
    for expected in [
        "payments: flow of work in the last 30 days",
        "*Cycle time*  5 h",
        "*Time to first review*  3 h",
        "*Work in progress*  0",
        "changes; 75 % within 5 h, 90 % within 5 h, 95 % within 5 h",
    ] {
        assert!(shown.contains(expected), "no “{expected}” in\n{shown}");
    }
    let ana = scene.bot.user("ana");
    assert!(
        ana.types("#ops", "/em-agent flow explain cycle-time 30d")
            .unwrap()
            .await
            .is_acked()
    );
    let view = modal(&scene, "ana", "How it is counted").await;
    let rows = text(&scene, &view);
    assert!(
        rows.contains("Cycle time") && rows.contains("feat: change of"),
        "{rows}"
    );
    assert!(ana.clicks_in_view(&view, "dora.page").unwrap().await.is_acked());
    modal(&scene, "ana", "Page 2 of").await;

    for (kind, said) in [
        ("breakdown", "pickup 2 h, review under 1 min, merge 1 h"),
        ("calendar 365d", "deployments on"),
        ("cycle-times --dark", "75 % within 5 h"),
        ("open-work", "0 pull requests are open at the end"),
    ] {
        let sent = scene
            .answer("ana", &format!("/em-agent chart {kind} --team payments"))
            .await;
        assert!(
            sent.contains(said) && sent.contains("in your direct messages"),
            "{sent}"
        );
    }
    let pictures = scene.bot.slack.read(|workspace| workspace.all_files().to_vec());
    assert_eq!(pictures.len(), 4);
    for picture in pictures {
        assert!(
            picture.bytes.starts_with(b"\x89PNG") && !picture.alt_text.is_empty(),
            "{}",
            picture.name
        );
    }

    let linked = scene.answer("ana", "/em-agent link github ana-ruiz").await;
    assert!(linked.contains("ana-ruiz"), "{linked}");
    let mine = scene.answer("ana", "/em-agent flow 30d --mine").await;
    assert!(mine.contains("Your changes: flow of work"), "{mine}");
    assert!(mine.contains("runs of CI belong to nobody"), "{mine}");
    scene.finish().await;
}

async fn four_weeks_after_a_note_its_author_is_told_what_came_of_it(database: TestDatabase) {
    let scene = scene(database).await;
    scene
        .answer("ana", "/em-agent note “started review pairing” --team payments")
        .await;
    let before = scene.direct("ana").len();
    scene.bot.clock.advance(TimeDelta::days(28));
    let told = scene.until_direct("ana", before + 1).await;
    let shown = scene.bot.text(told.last().unwrap()).replace('\u{2060}', "");
    for expected in [
        "Four weeks ago you noted “started review pairing” (payments)",
        "*Deployment frequency*  0 per week",
        "*Change fail rate*",
        "before)",
        "not what caused it",
    ] {
        assert!(shown.contains(expected), "no “{expected}” in\n{shown}");
    }
    scene.finish().await;
}

async fn of_a_team_that_is_gone_the_author_is_told_so_once(database: TestDatabase) {
    let scene = scene(database).await;
    scene
        .answer("ana", "/em-agent note “started review pairing” --team payments")
        .await;
    let scene = scene.restart("").await;
    let before = scene.direct("ana").len();
    scene.bot.clock.advance(TimeDelta::days(28));
    let told = scene.until_direct("ana", before + 1).await;
    let shown = scene.bot.text(told.last().unwrap());
    assert!(
        shown.contains("The team *payments* is not in the configuration any more"),
        "{shown}"
    );
    let now = scene.bot.clock.now();
    let counts = scene.bot.database.store.jobs().count(now).await.unwrap();
    assert_eq!(counts.dead, 0);
    scene.finish().await;
}

async fn the_report_is_posted_with_a_picture_that_bears_the_marks_people_set(database: TestDatabase) {
    let scene = scene(database).await;
    let noted = scene
        .answer("ana", "/em-agent note “started review pairing” --team payments")
        .await;
    assert!(
        noted.contains("started review pairing") && noted.contains("of payments"),
        "{noted}"
    );
    let long = scene
        .answer("ana", &format!("/em-agent note {}", "word ".repeat(30)))
        .await;
    assert!(long.contains("at most 80 characters"), "{long}");
    for _ in 0..2 {
        let posted = scene
            .answer("ana", "/em-agent dora post #payments 30d --team payments")
            .await;
        assert!(posted.contains("Posted to"), "{posted}");
    }
    let (reports, pictures) = scene.bot.slack.read(|workspace| {
        let channel = workspace.channel("payments").unwrap().id.clone();
        let reports = workspace
            .messages(&channel)
            .filter(|message| message.by_app && message.thread_ts.is_none());
        (reports.count(), workspace.all_files().to_vec())
    });
    assert_eq!((reports, pictures.len()), (1, 1), "posted once, edited then");
    let alt = &pictures[0].alt_text;
    assert!(alt.contains("Change fail rate: 10 %"), "{alt}");
    let marks = scene.bot.database.store.marks();
    let (from, to) = (at(day("2026-01-01"), 0), at(day("2026-02-01"), 0));
    assert_eq!(marks.within(from, to, Some("payments")).await.unwrap().len(), 1);
    assert_eq!(marks.within(from, to, Some("search")).await.unwrap().len(), 0);
    scene.finish().await;
}

async fn late_events_and_a_replay_give_the_same_numbers(database: TestDatabase) {
    let scene = scene(database).await;
    let before = scene.answer("ana", "/em-agent dora 30d").await;
    // A review of long ago comes late: the first review was an hour after opening.
    let new = NewPull::new("feat: one more", "ana-ruiz");
    let (pull, opened) = scene.github.open_pull(REPO, &new, at(day("2026-01-12"), 9));
    let review = pull.review("ben-k", "commented", at(day("2026-01-12"), 10));
    let merged = pull.merge("ben-k", at(day("2026-01-12"), 12));
    for delivery in [&merged, &opened] {
        scene.tell(delivery).await;
    }
    let without = scene.answer("ana", "/em-agent dora 30d").await;
    assert_ne!(before, without, "one more change was delivered");
    scene.tell(&review).await;
    let with = scene.answer("ana", "/em-agent dora 30d").await;
    assert_ne!(without, with, "its pickup is shorter");
    let facts = scene.bot.database.store.facts();
    facts
        .replay(em_integrations::normalise::normalise, |_| ())
        .await
        .unwrap();
    assert_eq!(scene.answer("ana", "/em-agent dora 30d").await, with);
    scene.finish().await;
}

/// A commit that was pushed without a pull request is deployed a day later: what was merged after it is not in.
async fn a_deployment_holds_what_its_commit_holds_even_if_nobody_reviewed_that(database: TestDatabase) {
    let scene = scene(database).await;
    let (sha, told) = scene
        .github
        .push(REPO, "ben-k", "Straight to main", at(day("2026-01-14"), 15));
    scene.tell(&told).await;
    let (pull, opened) = scene.github.open_pull(
        REPO,
        &NewPull::new("feat: after it", "ana-ruiz"),
        at(day("2026-01-14"), 15),
    );
    scene.tell(&opened).await;
    scene.tell(&pull.merge("ben-k", at(day("2026-01-14"), 16))).await;
    let new = NewDeployment {
        environment: "production".into(),
        sha,
        reference: "main".into(),
        by: "ben-k".into(),
    };
    let (id, created) = scene.github.deploy(REPO, &new, at(day("2026-01-14"), 18));
    scene.tell(&created).await;
    scene
        .tell(
            &scene
                .github
                .deployment_status(REPO, id, "success", at(day("2026-01-14"), 18)),
        )
        .await;
    let ana = scene.bot.user("ana");
    assert!(
        ana.types("#ops", "/em-agent dora explain lead-time 7d")
            .unwrap()
            .await
            .is_acked()
    );
    let shown = text(&scene, &modal(&scene, "ana", "How it is counted").await);
    assert!(
        shown.contains("feat: after it") && shown.contains("not delivered yet"),
        "{shown}"
    );
    scene.finish().await;
}

fn close(value: &Value, expected: f64, tolerance: f64) {
    let value = value.as_f64().unwrap_or(f64::NAN);
    assert!((value - expected).abs() <= tolerance, "{value} is not {expected}");
}

#[tokio::test]
async fn the_real_history_gives_the_published_answer() {
    let program = Program::new();
    let history = program.write("history.jsonl.gz", HISTORY);
    let done = program.run(&["import", &history]).await;
    assert_eq!(done.code, Some(0), "{done:?}");
    let whole = [
        "dora",
        "--json",
        "--with-bots",
        "--from",
        "2021-01-01",
        "--to",
        "2026-08-04",
        "--repo",
        "atuinsh/atuin",
    ];
    let done = program.run(&whole).await;
    assert_eq!(done.code, Some(0), "{done:?}");
    let told: Value = serde_json::from_str(&done.stdout).unwrap();
    let frequency = &told["deployment_frequency"];
    assert_eq!(frequency["deployments"], 60);
    close(&frequency["per_week_between_first_and_last"], 0.2182, 0.00005);
    assert_eq!(told["lead_time"]["sample"], 1767);
    assert_eq!(told["change_fail_rate"]["failed"], 12);
    close(&told["change_fail_rate"]["value"], 0.2, 1e-9);

    // The deploy part is the time from the merge.
    let with_proof: Vec<&str> = whole.iter().copied().chain(["--proof"]).collect();
    let done = program.run(&with_proof).await;
    let told: Value = serde_json::from_str(&done.stdout).unwrap();
    let mut hours: Vec<f64> = told["lead_time"]["proof"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["counted"] == true)
        .map(|row| row["parts"]["deploy"].as_f64().unwrap() / 3_600.0)
        .collect();
    hours.sort_by(f64::total_cmp);
    let percentile = |permille: usize| {
        let place = (hours.len() - 1) * permille;
        let (below, rest) = (place / 1_000, u32::try_from(place % 1_000).unwrap());
        hours[below] + (hours[below + 1] - hours[below]) * f64::from(rest) / 1_000.0
    };
    assert!((percentile(500) - 364.83).abs() < 0.005, "{}", percentile(500));
    assert!((percentile(900) - 2691.02).abs() < 0.005, "{}", percentile(900));

    let incidents = program.write("incidents.jsonl.gz", INCIDENTS);
    let done = program.run(&["import", &incidents]).await;
    assert_eq!(done.code, Some(0), "{done:?}");
    let told: Value = serde_json::from_str(&program.run(&whole).await.stdout).unwrap();
    close(&told["change_fail_rate"]["value"], 0.2, 1e-9);
    let all = program.run(&["dora", "--json", "--mode", "all"]).await;
    assert_eq!((all.code, all.stdout.lines().count()), (Some(0), 5), "{all:?}");
    for wrong in [
        &["dora", "--from", "2026-02-30"][..],
        &["dora", "--from", "2026-02-02", "--to", "2026-02-01"],
        &["dora", "--repo", "nobody/nothing"],
        &["dora", "--mode", "mine"],
    ] {
        let done = program.run(wrong).await;
        assert_eq!(done.code, Some(2), "{done:?}");
        assert_eq!(done.stderr.lines().count(), 1, "one sentence: {done:?}");
    }
}
