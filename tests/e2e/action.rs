//! What can be done to the outside world: looked at before it is proposed, done once however often it is asked,
//! and taken back.

use chrono::TimeDelta;
use em_commands::action::{ActionError, Attempt, Checked, Done, find, parse};
use em_commands::invocation::CommandError;
use em_domain::action::Action;
use em_simulator::TimeSource;
use em_simulator::github::{Effect, Fault, GithubSimulator, GithubWorld, NewPull, Pull};
use em_storage::testing::TestDatabase;
use em_tests::{Setting, TestBot, both_engines, thursday_morning};

both_engines!(
    a_comment_whose_answer_was_lost_is_found_and_not_written_again,
    a_label_is_added_once_and_can_be_taken_off,
    closing_and_reopening_take_each_other_back,
    a_merge_needs_the_commit_that_was_agreed_to_and_green_checks,
);

const TOKEN: &str = "ghp_0123456789abcdefghijABCDEFGHIJ012345";
const REPO: &str = "acme/api";

/// The bot with hands on a pretend GitHub.
struct Hands {
    bot: TestBot,
    github: GithubSimulator,
}

impl Hands {
    async fn start(database: TestDatabase) -> Self {
        let github = GithubSimulator::start(TOKEN).await.unwrap();
        let world = github.world();
        world.add_repo(REPO, thursday_morning() - TimeDelta::days(90));
        world.add_people(&["ana-ruiz", "ben-k", "chloe-m"]);
        let setting = Setting {
            environment: vec![
                ("GITHUB_TOKEN", TOKEN.to_owned()),
                ("GITHUB_API_URL", github.api_url()),
            ],
            ..Setting::default()
        };
        let bot = TestBot::start_with(database, setting).await;
        let clock = bot.clock.clone();
        let micros = move || em_domain::clock::Clock::now(&clock).timestamp_micros();
        world.set_time(TimeSource::from_micros(micros));
        Self { bot, github }
    }

    fn world(&self) -> &GithubWorld {
        self.github.world()
    }

    /// A pull request of Ben's, opened the day before.
    fn pull(&self, title: &str) -> Pull {
        let at = thursday_morning() - TimeDelta::days(1);
        self.world().open_pull(REPO, &NewPull::new(title, "ben-k"), at).0
    }

    async fn check(&self, typed: &str) -> Result<Checked, CommandError> {
        let words: Vec<String> = typed.split(' ').map(str::to_owned).collect();
        let action = parse(&words)?;
        let kind = find(&action.kind).unwrap();
        (kind.check)(self.bot.bot.ctx.clone(), action).await
    }

    /// What is said to somebody who proposes what cannot be done.
    async fn refused(&self, typed: &str) -> String {
        self.check(typed).await.unwrap_err().to_string()
    }

    async fn perform(&self, action: &Action, attempt: Attempt) -> Result<Done, ActionError> {
        let kind = find(&action.kind).unwrap();
        (kind.perform)(self.bot.bot.ctx.clone(), action.clone(), attempt).await
    }

    /// Checks and does it, at the first attempt.
    async fn does(&self, typed: &str) -> (Action, Done) {
        let action = self.check(typed).await.unwrap().action;
        let done = self.perform(&action, first()).await.unwrap();
        assert!(!done.was_done_already, "{done:?}");
        (action, done)
    }

    /// What was done to GitHub: kind, target, detail.
    fn effects(&self) -> Vec<(&'static str, String)> {
        let short = |effect: Effect| (effect.kind, effect.target);
        self.world().effects().into_iter().map(short).collect()
    }

    async fn finish(self) {
        self.bot.finish().await;
    }
}

/// The first attempt of an action that Ana asked for.
fn first() -> Attempt {
    Attempt {
        key: "apr_01KBXG3V9N".to_owned(),
        may_have_happened: false,
        reason: Some("the release\nis due".to_owned()),
        on_behalf_of: Some("U0ANA".into()),
    }
}

/// An attempt after one of which nobody knows how it ended.
fn again() -> Attempt {
    Attempt {
        may_have_happened: true,
        ..first()
    }
}

fn on(number: u64) -> String {
    format!("{REPO}#{number}")
}

async fn a_comment_whose_answer_was_lost_is_found_and_not_written_again(database: TestDatabase) {
    let hands = Hands::start(database).await;
    hands.pull("Faster checkout");
    let checked = hands
        .check("comment acme/api#1 Please <rebase> & *test*, @ben-k")
        .await
        .unwrap();
    assert_eq!(checked.title, "Comment on acme/api#1");
    assert_eq!(checked.subject_title, "Faster checkout");
    assert_eq!(checked.author.unwrap().as_str(), "ben-k");
    assert_eq!(
        checked.effect,
        ["Writes on acme/api#1: Please <rebase> & *test*, @ben-k"]
    );
    assert!(hands.effects().is_empty(), "a check changes nothing");

    hands.world().fail_next_write("", Fault::LostAnswer);
    let lost = hands.perform(&checked.action, first()).await;
    assert!(matches!(lost, Err(ActionError::Retry { .. })), "{lost:?}");
    let done = hands.perform(&checked.action, again()).await.unwrap();
    assert!(done.was_done_already);
    assert!(done.url.unwrap().contains("#issuecomment-"));

    let effects = hands.world().effects();
    assert_eq!(effects.len(), 1, "{effects:?}");
    assert_eq!(
        effects[0].detail,
        "Please <rebase> & *test*, @ben-k\n\n---\n_Requested by ana through EM Agent. Reason: the release is due_\n\
         <!-- em-agent:apr_01KBXG3V9N -->"
    );
    hands.finish().await;
}

async fn a_label_is_added_once_and_can_be_taken_off(database: TestDatabase) {
    let hands = Hands::start(database).await;
    hands.pull("Faster checkout");
    hands.world().add_label(REPO, "needs review");
    assert_eq!(
        hands.refused("label acme/api#1 need review").await,
        "acme/api has no label “need review”. Did you mean “needs review”?"
    );
    let (action, done) = hands.does("label acme/api#1 needs review").await;
    assert_eq!(done.said, "Labelled acme/api#1 “needs review”.");
    let repeated = hands.perform(&action, again()).await.unwrap();
    assert!(repeated.was_done_already);
    assert_eq!(
        repeated.undo, done.undo,
        "what an earlier attempt did can be taken back"
    );
    assert_eq!(hands.effects(), [("label", on(1))]);
    assert!(
        hands
            .refused("label acme/api#1 needs review")
            .await
            .contains("already")
    );

    let undone = hands.perform(&done.undo.unwrap(), first()).await.unwrap();
    assert_eq!(undone.said, "Took the label “needs review” off acme/api#1.");
    assert_eq!(hands.effects(), [("label", on(1)), ("unlabel", on(1))]);
    hands.finish().await;
}

async fn closing_and_reopening_take_each_other_back(database: TestDatabase) {
    let hands = Hands::start(database).await;
    let pull = hands.pull("Faster checkout");
    let checked = hands.check("close acme/api#1").await.unwrap();
    assert_eq!(checked.state.0["state"], "open");
    assert_eq!(checked.state.0["head commit"], pull.head_sha());
    assert_eq!(checked.facts["base_ref"], "main");
    assert_eq!(checked.facts["ci"], "unknown");

    let (action, done) = hands.does("close acme/api#1").await;
    assert_eq!(done.said, "Closed acme/api#1.");
    let repeated = hands.perform(&action, again()).await.unwrap();
    assert!(repeated.was_done_already);
    let by_others = hands.perform(&action, first()).await.unwrap();
    assert_eq!(
        (by_others.said.as_str(), by_others.undo),
        ("acme/api#1 was closed already.", None)
    );
    assert_eq!(hands.refused("close acme/api#1").await, "acme/api#1 is closed.");

    let undone = hands.perform(&done.undo.unwrap(), first()).await.unwrap();
    assert_eq!(undone.said, "Reopened acme/api#1.");
    assert_eq!(hands.effects(), [("close", on(1)), ("reopen", on(1))]);
    let told = hands.world().take_deliveries();
    let actions: Vec<&str> = told.iter().filter_map(|d| d.body["action"].as_str()).collect();
    assert_eq!(actions, ["closed", "reopened"]);
    hands.finish().await;
}

async fn a_merge_needs_the_commit_that_was_agreed_to_and_green_checks(database: TestDatabase) {
    let hands = Hands::start(database).await;
    let pull = hands.pull("Faster checkout");
    let (run, _) = pull.start_run("CI", thursday_morning());
    let pending = hands.check("merge acme/api#1 --method rebase").await.unwrap();
    assert_eq!(pending.action.argument("head"), pull.head_sha());
    assert_eq!(pending.facts["ci"], "pending");
    let refused = hands
        .perform(&pending.action, first())
        .await
        .unwrap_err()
        .to_string();
    assert!(refused.contains("CI has not finished"), "{refused}");

    hands.world().finish_run(REPO, run, "failure", thursday_morning());
    let refused = hands.refused("merge acme/api#1").await;
    assert_eq!(refused, "acme/api#1 is not merged: CI failed.");

    let agreed = pending.action;
    pull.push("ben-k", "One more thing", thursday_morning());
    let moved = hands.perform(&agreed, first()).await.unwrap_err().to_string();
    assert!(moved.contains("has new commits since"), "{moved}");
    let drifted = (find("github.merge").unwrap().check)(hands.bot.bot.ctx.clone(), agreed.clone())
        .await
        .unwrap();
    assert_eq!(drifted.action, agreed, "the commit agreed to stays in the action");
    assert_ne!(drifted.state.0["head commit"], agreed.argument("head"));

    let (run, _) = pull.start_run("CI", thursday_morning());
    hands.world().finish_run(REPO, run, "success", thursday_morning());
    hands.world().fail_next_write("", Fault::LostAnswer);
    let green = hands.check("merge acme/api#1").await.unwrap();
    let lost = hands.perform(&green.action, first()).await;
    assert!(matches!(lost, Err(ActionError::Retry { .. })), "{lost:?}");
    let done = hands.perform(&green.action, again()).await.unwrap();
    assert_eq!(
        (done.said.as_str(), done.was_done_already),
        ("Merged acme/api#1.", true)
    );
    assert_eq!(hands.effects(), [("merge", on(1))]);
    hands.finish().await;
}
