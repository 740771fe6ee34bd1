//! `/em-agent sprint` and `digest`: shown, posted with a picture, quoted a week later; and everything that can go wrong.

use chrono::{DateTime, Datelike as _, Duration, NaiveDate, Utc, Weekday};
use em_simulator::Fault;
use em_simulator::github::{NewDeployment, NewPull, Pull};
use em_simulator::workspace::{File, Message, Workspace};
use em_storage::testing::TestDatabase;
use em_tests::{PATIENCE, both_engines, thursday_morning};

use crate::scene::{REPO, Scene, assert_snapshot};

both_engines!(
    the_report_tells_how_the_work_went_to_whoever_asks,
    a_report_is_posted_with_a_picture_and_edited_when_it_is_posted_again,
    the_next_report_says_what_came_true_of_the_last,
    without_its_picture_a_report_is_posted_all_the_same,
    a_schedule_whose_answers_are_lost_posts_one_report_and_one_picture,
    what_cannot_be_read_is_explained_and_a_misspelt_team_is_suggested,
    where_nothing_is_known_nothing_is_posted,
    the_digest_tells_the_week_and_the_directors_view_every_team,
);

const TEAMS: &str =
    "[teams.payments]\nrepositories = [\"acme/payments\"]\n[teams.search]\nmembers = [\"fatima-k\"]\n";

fn at(date: NaiveDate, hour: u32) -> DateTime<Utc> {
    date.and_hms_opt(hour, 0, 0).unwrap().and_utc()
}

fn day(month: u32, day: u32) -> NaiveDate {
    let year = if month == 12 { 2025 } else { 2026 };
    NaiveDate::from_ymd_opt(year, month, day).unwrap()
}

/// A team that merged one pull request on every working day since 1 December, reviewed after three hours; deploys on
/// Fridays, the last time in vain; and has three pull requests and a draft open.
async fn scene(database: TestDatabase, toml: &str) -> (Scene, Vec<Pull>) {
    let scene = Scene::start_with(database, toml).await;
    let mut told = Vec::new();
    let days = day(12, 1).iter_days().take_while(|date| *date < day(1, 15));
    for date in days.filter(|date| !matches!(date.weekday(), Weekday::Sat | Weekday::Sun)) {
        let new = NewPull::new(&format!("Change of {date}"), "ana-ruiz");
        let (pull, opened) = scene.github.open_pull(REPO, &new, at(date, 9));
        told.push(opened);
        told.push(pull.review("ben-k", "approved", at(date, 12)));
        told.push(pull.merge("ben-k", at(date, 15)));
        if date.weekday() == Weekday::Fri {
            let new = NewDeployment {
                environment: "production".into(),
                sha: "a1b2".into(),
                reference: "main".into(),
                by: "ben-k".into(),
            };
            let (id, created) = scene.github.deploy(REPO, &new, at(date, 16));
            told.push(created);
            let state = if date == day(1, 9) { "failure" } else { "success" };
            told.push(scene.github.deployment_status(REPO, id, state, at(date, 17)));
        }
    }
    let mut open = Vec::new();
    for (title, since, draft) in [
        ("Old", day(12, 22), false),
        ("Middle", day(1, 8), false),
        ("New", day(1, 13), false),
        ("Sketch", day(1, 13), true),
    ] {
        let new = NewPull {
            draft,
            ..NewPull::new(title, "ana-ruiz")
        };
        let (pull, opened) = scene.github.open_pull(REPO, &new, at(since, 10));
        told.push(opened);
        open.push(pull);
    }
    for delivery in &told {
        scene.bot.github(delivery).await;
    }
    scene.bot.folded().await;
    (scene, open)
}

async fn the_report_tells_how_the_work_went_to_whoever_asks(database: TestDatabase) {
    let (scene, _) = scene(database, TEAMS).await;
    assert_snapshot!(scene.answer("ana", "/em-agent sprint").await, @r"
    em-agent (only ana sees this):
      # How the work went in the last 14 days
      | *Merged*: 10 → (10 before) | *First review after*: half in 3 h, 85 % in 3 h (of 10) → (half in 3 h before)
      | *Open*: 3 ready, 1 draft ↑ (2 at the beginning) | *Age of what is open*: half up to 5 d, 85 % up to 18 d (of 3)
      | *Carried over*: 1 of 3 since before Thu 1 Jan | *Failed deployments*: 50 % (1 of 2), before: 0 % (0 of 2)
      *Forecast*
      The 3 open pull requests are 85 % likely done by *Tue 20 Jan*; as likely as not by Tue 20 Jan, nearly surely by Tue 20 Jan.
      · The forecast plays the coming working days 10,000 times with days like the 33 working days since Mon 1 Dec (33 merged; seed 12400f9d744bacd4). It assumes that what is open now is merged before what is opened later.
      · As of Thu 15 Jan 10:00. Waits count working hours: Mon–Fri 09:00–17:00, UTC. A percentile is the smallest value that so many do not exceed.
    ");
    let team = scene.answer("ana", "/em-agent sprint 7 --team PAYMENTS").await;
    assert!(
        team.contains("payments: how the work went in the last 7 days"),
        "{team}"
    );
    let nothing = scene.answer("ana", "/em-agent sprint --team search").await;
    assert!(nothing.contains("of this team in the last weeks"), "{nothing}");
    // A mention is read as a command too, and gets no picture either.
    assert_eq!(scene.bot.slack.faults().count("files.getUploadURLExternal"), 0);
    scene.finish().await;
}

/// The bot's messages in #ops for everybody: reports, and pictures in their threads.
fn posts(workspace: &Workspace) -> (Vec<Message>, Vec<Message>) {
    let all = workspace.messages("ops").filter(|message| message.by_app);
    let public = all.filter(|message| message.ephemeral_for.is_none()).cloned();
    public.partition(|message| message.files.is_empty())
}

fn file(workspace: &Workspace, picture: &Message) -> File {
    workspace.file(&picture.files[0]).unwrap().clone()
}

async fn a_report_is_posted_with_a_picture_and_edited_when_it_is_posted_again(database: TestDatabase) {
    let (scene, open) = scene(database, TEAMS).await;
    let said = scene
        .answer("ana", "/em-agent sprint post #ops 14 --team payments")
        .await;
    assert_snapshot!(said, @r"
    em-agent (only ana sees this):
      Posted to #ops: see it <https://acme.slack.com/archives/C0OPS/p1768471200000000>.
    ");
    let (reports, pictures) = scene.bot.slack.read(posts);
    assert_eq!((reports.len(), pictures.len()), (1, 1));
    assert_eq!(pictures[0].thread_ts.as_deref(), Some(reports[0].ts.as_str()));
    let picture = scene.bot.slack.read(|workspace| file(workspace, &pictures[0]));
    assert!(picture.bytes.starts_with(b"\x89PNG"), "{}", picture.name);
    assert_eq!(
        (picture.name.as_str(), picture.title.as_str()),
        ("sprint-2026-01-15.png", "payments, Thu 15 Jan 2026")
    );
    assert_snapshot!(picture.alt_text, @"Charts. Pull requests merged per week, by the week's Monday: 1 Dec 5, 8 Dec 5, 15 Dec 5, 22 Dec 5, 29 Dec 5, 5 Jan 5, 12 Jan 3 so far. Forecast: The 3 open pull requests are 85 % likely done by Tue 20 Jan; as likely as not by Tue 20 Jan, nearly surely by Tue 20 Jan. Age of the 3 open pull requests in working time: half up to 5 d, 85 % up to 18 d (of 3).");
    // Half an hour later one more is merged, and somebody posts it again.
    scene
        .tell(&open[0].merge("ben-k", thursday_morning() + Duration::minutes(10)))
        .await;
    scene.bot.clock.set(thursday_morning() + Duration::minutes(30));
    scene
        .answer("ben", "/em-agent sprint post 14 #ops --team payments")
        .await;
    let (reports, pictures) = scene.bot.slack.read(posts);
    assert_eq!((reports.len(), pictures.len()), (1, 1));
    let text = scene.bot.text(&reports[0]);
    assert!(text.contains("2 ready, 1 draft"), "{text}");
    // Another question is another report.
    scene
        .answer("ben", "/em-agent sprint post #ops 7 --team payments")
        .await;
    assert_eq!(scene.bot.slack.read(posts).0.len(), 2);
    scene.finish().await;
}

async fn the_next_report_says_what_came_true_of_the_last(database: TestDatabase) {
    let (scene, open) = scene(database, TEAMS).await;
    scene.answer("ana", "/em-agent sprint post #ops").await;
    let first = scene.bot.slack.read(|workspace| posts(workspace).0.remove(0));
    let first = scene.bot.text(&first);
    assert!(first.contains("85 % likely done by *Tue 20 Jan*"), "{first}");
    assert!(!first.contains("What I said before"), "{first}");
    scene.tell(&open[0].merge("ben-k", at(day(1, 16), 12))).await;
    scene.tell(&open[1].close("ben-k", at(day(1, 19), 12))).await;
    // Too late to count.
    scene.tell(&open[2].merge("ben-k", at(day(1, 21), 12))).await;
    scene.bot.clock.set(thursday_morning() + Duration::days(7));
    scene.answer("ana", "/em-agent sprint post #ops").await;
    let second = scene.bot.slack.read(|workspace| posts(workspace).0.remove(1));
    let second = scene.bot.text(&second);
    assert!(
        second.contains(
            "On Thu 15 Jan I said 85 % by Tue 20 Jan: 1 of 3 were merged by then, 1 closed without a merge. \
             It did not hold."
        ),
        "{second}"
    );
    // Who asks in the channel reads it too; elsewhere nothing was said.
    let here = scene.answer("ben", "/em-agent sprint").await;
    assert!(here.contains("On Thu 15 Jan I said"), "{here}");
    let elsewhere = scene.bot.ask("ben", "#payments", "/em-agent sprint").await;
    let elsewhere = scene.bot.text(&elsewhere);
    assert!(!elsewhere.contains("I said"), "{elsewhere}");
    scene.finish().await;
}

async fn without_its_picture_a_report_is_posted_all_the_same(database: TestDatabase) {
    let (scene, _) = scene(database, TEAMS).await;
    let faults = scene.bot.slack.faults();
    faults.remove_scope("files:write");
    assert_snapshot!(scene.answer("ana", "/em-agent sprint post #ops").await, @r"
    em-agent (only ana sees this):
      Posted to #ops: see it <https://acme.slack.com/archives/C0OPS/p1768471200000000>. Its picture could not be uploaded: I lack the Slack permission `files:write`. Ask a workspace admin to add the scope and reinstall the app.
    ");
    let (reports, pictures) = scene.bot.slack.read(posts);
    assert_eq!((reports.len(), pictures.len()), (1, 0));
    // With the permission, and against faults that pass, posting again brings the picture.
    faults.restore_scope("files:write");
    faults.next("files.getUploadURLExternal", Fault::RateLimited(1));
    faults.next("upload", Fault::Status(503));
    faults.next("files.completeUploadExternal", Fault::RateLimited(1));
    let said = scene.answer("ana", "/em-agent sprint post #ops").await;
    assert!(!said.contains("picture"), "{said}");
    let (reports, pictures) = scene.bot.slack.read(posts);
    assert_eq!((reports.len(), pictures.len()), (1, 1));
    scene.finish().await;
}

const SCHEDULE: &str = "[[schedules]]\nname = 'sprint'\ncron = '0 11 * * *'\nzone = 'Europe/Berlin'\n\
    run = 'sprint post --team payments'\nchannel = '#ops'\n";

async fn a_schedule_whose_answers_are_lost_posts_one_report_and_one_picture(database: TestDatabase) {
    let (scene, _) = scene(database, TEAMS).await;
    scene.bot.clock.set(thursday_morning() - Duration::minutes(1));
    let scene = scene.restart(&format!("{TEAMS}{SCHEDULE}")).await;
    let faults = scene.bot.slack.faults();
    // It is posted and shown, but nobody hears of it.
    faults.next("chat.postMessage", Fault::ResetAfterEffect);
    faults.next("files.completeUploadExternal", Fault::ResetAfterEffect);
    scene.bot.clock.set(thursday_morning() + Duration::seconds(1));
    let deadline = std::time::Instant::now() + PATIENCE;
    while scene.bot.slack.read(posts).1.is_empty() {
        assert!(
            std::time::Instant::now() < deadline,
            "{:?}",
            scene.bot.slack.read(Workspace::everything)
        );
        // The job is tried again after a while.
        scene.bot.clock.advance(Duration::seconds(2));
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    scene.bot.clock.advance(Duration::minutes(5));
    let said = scene
        .answer("ana", "/em-agent sprint post #ops --team payments")
        .await;
    assert!(!said.contains("picture"), "{said}");
    let (reports, pictures) = scene.bot.slack.read(posts);
    assert_eq!((reports.len(), pictures.len()), (1, 1));
    scene.finish().await;
}

async fn what_cannot_be_read_is_explained_and_a_misspelt_team_is_suggested(database: TestDatabase) {
    let scene = Scene::start_with(database, TEAMS).await;
    let ask = async |text: &str| scene.answer("ana", &format!("/em-agent {text}")).await;
    for days in ["0", "10000", "-5", "abc", "99999999999999999999", "1.5"] {
        let said = ask(&format!("sprint {days}")).await;
        let wanted = format!("I cannot look at “{days}” days: write a number from 1 to 180");
        assert!(said.contains(&wanted), "{said}");
    }
    for (text, wanted) in [
        (
            "sprint --team paymets",
            "There is no team of that name. Did you mean payments? I know: payments, search.",
        ),
        (
            "sprint --team x",
            "There is no team of that name. I know: payments, search.",
        ),
        ("sprint post #ops 0", "from 1 to 180"),
        (
            "sprint post 7 14",
            "I expected one channel and one number of days",
        ),
        ("sprint post #nowhere", "I cannot find that channel"),
        ("sprint --team", "Something is missing after --team."),
        ("digest post --team payments --all", "I do not understand"),
        ("digest --team paymets", "Did you mean payments?"),
    ] {
        let said = ask(text).await;
        assert!(said.contains(wanted), "{text}: {said}");
    }
    scene.finish().await;
}

async fn where_nothing_is_known_nothing_is_posted(database: TestDatabase) {
    let scene = Scene::start(database).await;
    assert_snapshot!(scene.answer("ana", "/em-agent sprint").await, @r"
    em-agent (only ana sees this):
      # How the work went in the last 14 days
      I know of no pull request, review or deployment in the last weeks. `/em-agent doctor` shows whether GitHub reaches me.
    ");
    let said = scene.answer("ana", "/em-agent sprint post #ops").await;
    assert!(said.contains("Nothing was posted."), "{said}");
    let said = scene.answer("ana", "/em-agent digest post #ops").await;
    assert!(said.contains("Nothing was posted."), "{said}");
    let said = scene.answer("ana", "/em-agent digest --all").await;
    assert!(said.contains("No teams are configured."), "{said}");
    assert_eq!(scene.bot.slack.faults().count("chat.postMessage"), 0);
    scene.finish().await;
}

async fn the_digest_tells_the_week_and_the_directors_view_every_team(database: TestDatabase) {
    let (scene, open) = scene(database, TEAMS).await;
    assert_snapshot!(scene.answer("ana", "/em-agent digest --team payments").await, @r"
    em-agent (only ana sees this):
      # payments: the week to Thu 15 Jan
      *What changed most, by how much it usually varies*
      • *Failed deployments*: 100 % (of 1) ↑ (0 % the week before) (9.9 times its usual swing)
      • *Opened*: 7 ↑ (5 the week before) (2.0 times its usual swing)
      • *Open at the end*: 4 ↑ (2 the week before) (2.0 times its usual swing)
      *Merged*: 5 → (5 the week before)
      *Opened*: 7 ↑ (5 the week before)
      *Open at the end*: 4 ↑ (2 the week before)
      *First review, half within*: 3 h (of 5) → (3 h the week before)
      *From opened to merged, half within*: 6 h (of 5) → (6 h the week before)
      *Deployments*: 1 → (1 the week before)
      *Failed deployments*: 100 % (of 1) ↑ (0 % the week before)
      The 3 open pull requests are 85 % likely done by *Tue 20 Jan*; as likely as not by Tue 20 Jan, nearly surely by Tue 20 Jan.
      · As of Thu 15 Jan 10:00. Waits count working hours: Mon–Fri 09:00–17:00, UTC
    ");
    assert_snapshot!(scene.answer("ana", "/em-agent digest --all").await, @r"
    em-agent (only ana sees this):
      # 2 teams: the last 30 days against the 30 before
      *payments*
         22 merged ↑ (11 before) · 3 open ↑ · first review in 3 h → (of 22) · 25 % of 4 deployments failed · 85 % done by Tue 20 Jan
      *search*
         nothing is known of its work
      · As of Thu 15 Jan 10:00. Waits count working hours: Mon–Fri 09:00–17:00, UTC
    ");
    scene
        .answer("ana", "/em-agent digest post #ops --team payments")
        .await;
    scene
        .answer("ana", "/em-agent digest post #ops --team payments")
        .await;
    scene.answer("ana", "/em-agent digest post #ops --all").await;
    let (reports, pictures) = scene.bot.slack.read(posts);
    assert_eq!((reports.len(), pictures.len()), (2, 0));
    // The next digest quotes the forecast of this one.
    for pull in &open[..3] {
        scene.tell(&pull.merge("ben-k", at(day(1, 16), 12))).await;
    }
    scene.bot.clock.set(thursday_morning() + Duration::days(7));
    let next = scene.answer("ana", "/em-agent digest --team payments").await;
    assert!(
        next.contains("On Thu 15 Jan I said 85 % by Tue 20 Jan: 3 of 3 were merged by then. It held."),
        "{next}"
    );
    scene.finish().await;
}
