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
    people_are_assigned_and_asked_once_and_can_be_let_go,
    auto_merge_is_switched_on_once_and_off_again,
    what_failed_is_run_again_once,
    a_dispatch_of_which_nobody_knows_is_left_to_people,
    a_deployment_that_waits_is_decided_once,
    an_issue_whose_answer_was_lost_is_found_and_can_be_closed,
    a_post_whose_answer_was_lost_is_found_and_not_posted_again,
    a_channel_is_made_once_and_people_are_brought_in,
    a_nudge_reaches_whoever_must_move_once_a_day,
    a_missing_permission_is_named_and_failures_are_told_apart,
    without_a_token_nothing_is_changed_and_people_hear_why,
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

async fn people_are_assigned_and_asked_once_and_can_be_let_go(database: TestDatabase) {
    let hands = Hands::start(database).await;
    hands.pull("Faster checkout");
    hands.world().add_team("acme/platform");
    assert!(
        hands
            .refused("assign acme/api#1 nobody-here")
            .await
            .contains("cannot be assigned in acme/api")
    );
    assert!(
        hands
            .refused("assign acme/api#1 not--a-login")
            .await
            .contains("cannot be a GitHub login")
    );
    assert!(
        hands
            .refused("assign acme/api#1 <@U0EVE|eve>")
            .await
            .contains("I do not know the GitHub account of @eve")
    );
    assert!(
        hands
            .refused("request-review acme/api#1 ben-k")
            .await
            .contains("nobody reviews their own")
    );
    assert!(
        hands
            .refused("request-review acme/api#1 nobody-here")
            .await
            .contains("cannot be asked")
    );
    assert!(
        hands
            .refused("request-review acme/api#1 other/team")
            .await
            .contains("`acme/team`")
    );

    for (typed, undone) in [
        ("assign acme/api#1 @ana-ruiz", "Took ana-ruiz off acme/api#1."),
        (
            "request-review acme/api#1 chloe-m",
            "chloe-m is no longer asked to review acme/api#1.",
        ),
        (
            "request-review acme/api#1 acme/platform",
            "acme/platform is no longer asked to review acme/api#1.",
        ),
    ] {
        let (action, done) = hands.does(typed).await;
        assert!(hands.refused(typed).await.contains("already"), "{typed}");
        let repeated = hands.perform(&action, again()).await.unwrap();
        assert!(repeated.was_done_already, "{typed}");
        let undo = hands.perform(&done.undo.unwrap(), first()).await.unwrap();
        assert_eq!((undo.said.as_str(), undo.was_done_already), (undone, false));
        let gone = hands.perform(&repeated.undo.unwrap(), again()).await.unwrap();
        assert!(gone.was_done_already, "{typed}");
    }
    let kinds: Vec<&str> = hands.effects().into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(
        kinds,
        [
            "assign",
            "unassign",
            "request_review",
            "withdraw_review",
            "request_review",
            "withdraw_review"
        ]
    );
    hands.finish().await;
}

async fn auto_merge_is_switched_on_once_and_off_again(database: TestDatabase) {
    let hands = Hands::start(database).await;
    let pull = hands.pull("Faster checkout");
    pull.start_run("CI", thursday_morning());
    let action = hands.check("auto-merge acme/api#1").await.unwrap().action;
    let refused = hands.perform(&action, first()).await.unwrap_err().to_string();
    assert_eq!(
        refused,
        "GitHub declined it: Pull request Auto merge is not allowed for this repository."
    );
    hands.world().allow_auto_merge(REPO, true);
    hands.world().fail_next_write("", Fault::LostAnswer);
    let lost = hands.perform(&action, first()).await;
    assert!(matches!(lost, Err(ActionError::Retry { .. })), "{lost:?}");
    let done = hands.perform(&action, again()).await.unwrap();
    assert!(done.was_done_already);
    assert!(
        hands
            .refused("auto-merge acme/api#1")
            .await
            .contains("by itself already")
    );

    let undone = hands.perform(&done.undo.unwrap(), first()).await.unwrap();
    assert_eq!(undone.said, "GitHub no longer merges acme/api#1 by itself.");
    assert_eq!(
        hands.effects(),
        [("auto_merge", on(1)), ("cancel_auto_merge", on(1))]
    );
    hands.finish().await;
}

async fn what_failed_is_run_again_once(database: TestDatabase) {
    let hands = Hands::start(database).await;
    let pull = hands.pull("Faster checkout");
    assert!(hands.refused("rerun acme/api#1").await.contains("Nothing failed"));
    let (lint, _) = pull.start_run("Lint", thursday_morning());
    let (ci, _) = pull.start_run("CI", thursday_morning());
    hands
        .world()
        .finish_run(REPO, lint, "success", thursday_morning());
    hands.world().finish_run(REPO, ci, "failure", thursday_morning());
    let checked = hands.check("rerun acme/api#1").await.unwrap();
    assert_eq!(checked.title, "Run CI of acme/api#1 again");
    assert_eq!(checked.action.argument("runs"), format!("{ci}:1"));
    let by_number = hands.check(&format!("rerun acme/api --run {ci}")).await.unwrap();
    assert_eq!(by_number.action.argument("runs"), format!("{ci}:1"));
    assert!(hands.refused("rerun acme/api").await.contains("Say which run"));
    assert!(
        hands
            .refused("rerun acme/api --run 7")
            .await
            .contains("no run 7 of acme/api")
    );

    hands.world().fail_next_write("", Fault::LostAnswer);
    let lost = hands.perform(&checked.action, first()).await;
    assert!(matches!(lost, Err(ActionError::Retry { .. })), "{lost:?}");
    let done = hands.perform(&checked.action, again()).await.unwrap();
    assert!(done.was_done_already, "{done:?}");
    hands.world().finish_run(REPO, ci, "failure", thursday_morning());
    let drifted = (find("github.rerun").unwrap().check)(hands.bot.bot.ctx.clone(), checked.action.clone())
        .await
        .unwrap();
    assert_eq!(drifted.action, checked.action);
    assert_eq!(drifted.state.0["failed runs"], format!("{ci}:2"));
    let later = hands.perform(&checked.action, again()).await.unwrap();
    assert!(later.was_done_already, "the attempt agreed about is over");
    assert_eq!(hands.effects(), [("rerun", REPO.to_owned())]);
    hands.finish().await;
}

async fn a_dispatch_of_which_nobody_knows_is_left_to_people(database: TestDatabase) {
    let hands = Hands::start(database).await;
    hands.world().add_workflow(REPO, "deploy.yml", &["env"]);
    hands.world().add_ref(REPO, "release/1.2");
    for (typed, said) in [
        ("dispatch acme/api --workflow no.yml", "has no workflow “no.yml”"),
        (
            "dispatch acme/api --workflow deploy.yml --ref nope",
            "has no branch or tag “nope”",
        ),
        (
            "dispatch acme/none --workflow deploy.yml",
            "shows me no acme/none",
        ),
        ("dispatch ../x --workflow deploy.yml", "names no repository"),
    ] {
        let refused = hands.refused(typed).await;
        assert!(refused.contains(said), "{refused}");
    }
    let typed = "dispatch acme/api --workflow deploy.yml --ref release/1.2 --input env=prod";
    let checked = hands.check(typed).await.unwrap();
    assert_eq!(
        checked.effect,
        [
            "Starts deploy.yml of acme/api on release/1.2.",
            "With env = prod."
        ]
    );
    hands.world().fail_next_write("", Fault::LostAnswer);
    for attempt in [first(), again()] {
        let unknown = hands.perform(&checked.action, attempt).await.unwrap_err();
        assert!(matches!(unknown, ActionError::Unknown(_)), "{unknown:?}");
        let said = unknown.to_string();
        assert!(
            said.contains("Look at https://github.com/acme/api/actions/workflows/deploy.yml"),
            "{said}"
        );
    }
    assert_eq!(hands.effects(), [("dispatch", REPO.to_owned())]);

    let (_, done) = hands.does("dispatch acme/api --workflow deploy.yml").await;
    assert_eq!(done.said, "Started deploy.yml on main.");
    let wrong = hands
        .check("dispatch acme/api --workflow deploy.yml --input size=2")
        .await
        .unwrap();
    let refused = hands
        .perform(&wrong.action, first())
        .await
        .unwrap_err()
        .to_string();
    assert!(refused.contains("Unexpected inputs provided"), "{refused}");
    hands.finish().await;
}

async fn a_deployment_that_waits_is_decided_once(database: TestDatabase) {
    let hands = Hands::start(database).await;
    let world = hands.world();
    let hold = |environment: &str| {
        let new = em_simulator::github::NewRun::on_push("Deploy", "main", "abc", "ben-k");
        let (run, _) = world.start_run(REPO, &new, thursday_morning());
        world.hold_deployment(REPO, run, environment);
        run
    };
    assert!(
        hands
            .refused("approve-deployment acme/api")
            .await
            .contains("No such deployment waits")
    );
    let run = hold("production");
    let checked = hands.check("approve-deployment acme/api").await.unwrap();
    assert_eq!(checked.title, "Approve the deployment of acme/api to production");
    assert_eq!(checked.facts["environment"], "production");
    assert_eq!(checked.action.argument("run"), run.to_string());
    let staging = hold("staging");
    let which = hands.refused("reject-deployment acme/api").await;
    assert!(
        which.contains(&format!("staging (run {staging}), production (run {run})")),
        "{which}"
    );

    world.fail_next_write("", Fault::LostAnswer);
    let lost = hands.perform(&checked.action, first()).await;
    assert!(matches!(lost, Err(ActionError::Retry { .. })), "{lost:?}");
    let done = hands.perform(&checked.action, again()).await.unwrap();
    assert_eq!(
        (done.said.as_str(), done.was_done_already),
        ("Approved the deployment to production.", true)
    );
    let opposite = Action {
        kind: "github.reject_deployment".to_owned(),
        ..checked.action
    };
    let late = hands.perform(&opposite, first()).await.unwrap_err().to_string();
    assert!(late.contains("Somebody decided before"), "{late}");
    hands
        .does("reject-deployment acme/api --environment Staging")
        .await;
    assert_eq!(
        hands.effects(),
        [
            ("approve_deployment", REPO.to_owned()),
            ("reject_deployment", REPO.to_owned())
        ]
    );
    hands.finish().await;
}

async fn an_issue_whose_answer_was_lost_is_found_and_can_be_closed(database: TestDatabase) {
    let hands = Hands::start(database).await;
    hands.world().add_label(REPO, "bug");
    assert!(
        hands
            .refused("create-issue acme/api Fix it --label bgu")
            .await
            .contains("no label “bgu”")
    );
    let checked = hands
        .check("create-issue acme/api Fix the ledger --body As <@U0EVE|eve> said --label bug --assignee ana-ruiz")
        .await
        .unwrap();
    assert_eq!(checked.subject_title, "Fix the ledger");
    hands.world().fail_next_write("", Fault::LostAnswer);
    let lost = hands.perform(&checked.action, first()).await;
    assert!(matches!(lost, Err(ActionError::Retry { .. })), "{lost:?}");
    let done = hands.perform(&checked.action, again()).await.unwrap();
    assert_eq!(
        (done.said.as_str(), done.was_done_already),
        ("Wrote acme/api#1.", true)
    );

    let labelled = hands.check("close acme/api#1").await.unwrap();
    assert_eq!(labelled.facts["labels"], serde_json::json!(["bug"]));
    assert_eq!(labelled.facts["assignees"], serde_json::json!(["ana-ruiz"]));
    assert_eq!(labelled.facts["is_pull_request"], false);
    assert!(hands.refused("merge acme/api#1").await.contains("is an issue"));
    hands.perform(&done.undo.unwrap(), first()).await.unwrap();
    assert_eq!(hands.effects(), [("create_issue", on(1)), ("close", on(1))]);
    hands.does("comment acme/api#1 Never mind").await;
    hands.finish().await;
}

async fn a_post_whose_answer_was_lost_is_found_and_not_posted_again(database: TestDatabase) {
    let hands = Hands::start(database).await;
    assert!(matches!(
        hands.check("post #random Hello").await,
        Err(CommandError::Slack(
            em_integrations::slack::SlackError::NotInChannel
        ))
    ));
    let typed = "post #ops Deploys are frozen, <@U0BEN|ben>, until <https://status.example/1|status.example/1> clears";
    let checked = hands.check(typed).await.unwrap();
    assert_eq!(checked.action.target, "C0OPS");
    assert_eq!(
        checked.effect,
        ["Posts to #ops: Deploys are frozen, @ben, until https://status.example/1 clears"]
    );
    hands
        .bot
        .slack
        .faults()
        .next("chat.postMessage", em_simulator::Fault::ResetAfterEffect);
    let lost = hands.perform(&checked.action, first()).await;
    assert!(matches!(lost, Err(ActionError::Retry { .. })), "{lost:?}");
    let done = hands.perform(&checked.action, again()).await.unwrap();
    assert!(done.was_done_already && done.url.is_some(), "{done:?}");
    let posted: Vec<String> = hands.bot.slack.read(|w| {
        let by_app = w.messages("#ops").filter(|m| m.by_app);
        by_app.map(|m| w.message_text(m)).collect()
    });
    assert_eq!(posted.len(), 1, "{posted:?}");
    assert!(
        posted[0].contains("Requested by @ana through EM Agent. Reason: the release is due"),
        "{posted:?}"
    );
    hands.finish().await;
}

async fn a_channel_is_made_once_and_people_are_brought_in(database: TestDatabase) {
    let hands = Hands::start(database).await;
    assert!(
        hands
            .refused("create-channel Inc.42")
            .await
            .contains("cannot be the name of a channel")
    );
    assert_eq!(
        hands.refused("create-channel #ops").await,
        "There is a channel #ops already."
    );
    let checked = hands.check("create-channel inc-42 --private yes").await.unwrap();
    assert_eq!(checked.facts["is_private"], true);
    hands
        .bot
        .slack
        .faults()
        .next("conversations.create", em_simulator::Fault::ResetAfterEffect);
    let lost = hands.perform(&checked.action, first()).await;
    assert!(matches!(lost, Err(ActionError::Retry { .. })), "{lost:?}");
    let done = hands.perform(&checked.action, again()).await.unwrap();
    assert_eq!(
        (done.said.as_str(), done.was_done_already),
        ("Made #inc-42.", true)
    );
    let members = |hands: &Hands| {
        hands.bot.slack.read(|w| {
            let named: Vec<_> = w.channels.iter().filter(|c| c.name == "inc-42").collect();
            assert_eq!(named.len(), 1);
            named[0].members.clone()
        })
    };
    assert_eq!(members(&hands), ["U0EMAGENT", "U0ANA"], "whoever asked is in it");
    let taken = hands
        .perform(&checked.action, first())
        .await
        .unwrap_err()
        .to_string();
    assert_eq!(taken, "There is a channel #inc-42 already.");

    let (action, done) = hands.does("invite inc-42 <@U0BEN|ben>").await;
    assert_eq!(done.said, "Invited.");
    assert!(hands.perform(&action, again()).await.unwrap().was_done_already);
    assert!(
        hands
            .refused("invite inc-42 <@U0BEN|ben>")
            .await
            .contains("is in #inc-42 already")
    );
    assert!(
        hands
            .refused("invite inc-42 ben")
            .await
            .contains("names nobody here")
    );
    assert!(
        hands
            .refused("invite inc-42 <@U0NOBODY>")
            .await
            .contains("no such person")
    );
    assert_eq!(members(&hands), ["U0EMAGENT", "U0ANA", "U0BEN"]);
    hands.bot.slack.faults().remove_scope("channels:manage");
    let refused = hands
        .perform(&Action::new("slack.create_channel", "inc-43"), first())
        .await
        .unwrap_err();
    assert!(
        matches!(&refused, ActionError::Refused(said) if said.contains("`channels:manage`")),
        "{refused:?}"
    );
    hands.finish().await;
}

async fn a_nudge_reaches_whoever_must_move_once_a_day(database: TestDatabase) {
    let scene = crate::scene::Scene::start_with(database, "[people]\nU0CHLOE = \"chloe-m\"\n").await;
    let pull = scene.pull("Retry failed payouts", "ben-k").await;
    scene
        .tell(&pull.request_review("ben-k", "chloe-m", crate::scene::january(13, 11)))
        .await;
    let kind = find("slack.nudge").unwrap();
    let ctx = || scene.bot.bot.ctx.clone();
    let action = Action::new("slack.nudge", format!("{}#1", crate::scene::REPO));
    let checked = (kind.check)(ctx(), action.clone()).await.unwrap();
    assert_eq!(checked.title, "Nudge chloe-m about acme/payments#1");
    assert_eq!(checked.state.0["waiting for"], "chloe-m");

    let done = (kind.perform)(ctx(), action.clone(), first()).await.unwrap();
    assert_eq!(
        (done.said.as_str(), done.was_done_already),
        ("Told one person about acme/payments#1.", false)
    );
    let by_itself = Attempt {
        on_behalf_of: None,
        ..again()
    };
    let repeated = (kind.perform)(ctx(), action, by_itself).await.unwrap();
    assert!(repeated.was_done_already);
    assert_eq!(scene.direct("chloe").len(), 1);
    let nothing = (kind.check)(ctx(), Action::new("slack.nudge", "acme/payments#9")).await;
    assert!(nothing.unwrap_err().to_string().contains("waits for nobody"));
    scene.finish().await;
}

async fn a_missing_permission_is_named_and_failures_are_told_apart(database: TestDatabase) {
    let hands = Hands::start(database).await;
    hands.pull("Faster checkout");
    let action = hands.check("close acme/api#1").await.unwrap().action;
    let attempt = async || hands.perform(&action, first()).await.unwrap_err();

    hands.world().restrict_to(&["contents=write"]);
    let refused = attempt().await;
    assert!(
        matches!(&refused, ActionError::Refused(said) if said.contains("`issues=write; pull_requests=write`")),
        "{refused:?}"
    );
    hands.world().restrict_to(&["issues=write"]);
    hands.world().fail_next_write("", Fault::Status(500));
    assert!(matches!(attempt().await, ActionError::Retry { at: None, .. }));
    hands.world().archive_repo(REPO);
    assert!(matches!(attempt().await, ActionError::Refused(_)));
    assert!(hands.effects().is_empty());

    hands.world().fail_next_write(
        "",
        Fault::SecondaryLimit {
            status: 429,
            retry_after: Some(30),
        },
    );
    let soon = thursday_morning() + TimeDelta::seconds(30);
    let limited = attempt().await;
    assert!(
        matches!(limited, ActionError::Retry { at: Some(at), .. } if at == soon),
        "{limited:?}"
    );
    assert!(
        hands
            .refused("close acme/api#1")
            .await
            .contains("until 10:00 UTC")
    );
    hands.finish().await;
}

async fn without_a_token_nothing_is_changed_and_people_hear_why(database: TestDatabase) {
    let bot = TestBot::start(database).await;
    for kind in em_commands::action::ACTIONS
        .iter()
        .filter(|kind| kind.name.starts_with("github."))
    {
        let action = Action::new(kind.name, "acme/api#1");
        let refused = (kind.check)(bot.bot.ctx.clone(), action.clone())
            .await
            .unwrap_err();
        assert!(
            refused.to_string().contains("GITHUB_TOKEN"),
            "{}: {refused}",
            kind.name
        );
        let refused = (kind.perform)(bot.bot.ctx.clone(), action, first())
            .await
            .unwrap_err();
        assert!(
            matches!(refused, ActionError::Refused(_)),
            "{}: {refused:?}",
            kind.name
        );
    }
    bot.finish().await;
}
