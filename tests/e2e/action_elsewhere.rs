//! What can be done in PagerDuty, Jira, Linear, CircleCI and Argo CD: looked at before it is proposed, and done once however often it is asked.

use chrono::TimeDelta;
use em_commands::action::{ActionError, Attempt, Checked, Done, find, parse};
use em_commands::invocation::CommandError;
use em_domain::action::Action;
use em_simulator::argocd::{self, ArgocdSimulator};
use em_simulator::circleci::{self, CircleciSimulator};
use em_simulator::jira::{self, JiraSimulator};
use em_simulator::linear::{self, LinearSimulator};
use em_simulator::pagerduty::{self, PagerDutySimulator};
use em_storage::testing::TestDatabase;
use em_tests::{Setting, TestBot, both_engines, thursday_morning};

both_engines!(
    an_incident_is_acknowledged_and_resolved_once,
    a_token_of_the_account_says_who_acts,
    a_comment_in_jira_whose_answer_was_lost_is_not_written_again,
    an_issue_in_jira_moves_once_and_back,
    a_comment_in_linear_whose_answer_was_lost_is_not_written_again,
    an_issue_in_linear_moves_once_and_back,
    a_workflow_in_circleci_is_run_again_once,
    an_application_in_argo_cd_is_synchronised_once,
    failures_elsewhere_are_told_apart,
    without_tokens_nothing_is_changed_elsewhere,
    what_is_proposed_elsewhere_is_decided_by_its_risk,
    an_attempt_that_cannot_look_does_not_forget_the_one_before,
);

/// The bot with hands on pretend systems.
struct Hands {
    bot: TestBot,
    pagerduty: PagerDutySimulator,
    jira: JiraSimulator,
    linear: LinearSimulator,
    circleci: CircleciSimulator,
    argocd: ArgocdSimulator,
}

impl Hands {
    async fn start(database: TestDatabase) -> Self {
        Self::start_with(database, vec![]).await
    }

    async fn start_with(database: TestDatabase, more: Vec<(&'static str, String)>) -> Self {
        let pagerduty = PagerDutySimulator::start().await.unwrap();
        let jira = JiraSimulator::start().await.unwrap();
        let linear = LinearSimulator::start().await.unwrap();
        let circleci = CircleciSimulator::start().await.unwrap();
        let argocd = ArgocdSimulator::start().await.unwrap();
        jira.add_project("PAY");
        linear.add_team("ENG");
        let mut environment = vec![
            ("PAGERDUTY_TOKEN", pagerduty::TOKEN.to_owned()),
            ("PAGERDUTY_API_URL", pagerduty.api_url()),
            ("JIRA_TOKEN", jira::TOKEN.to_owned()),
            ("JIRA_API_URL", jira.api_url()),
            ("LINEAR_TOKEN", linear::TOKEN.to_owned()),
            ("LINEAR_API_URL", linear.api_url()),
            ("CIRCLECI_TOKEN", circleci::TOKEN.to_owned()),
            ("ARGOCD_TOKEN", argocd::TOKEN.to_owned()),
        ];
        environment.extend(more);
        let setting = Setting {
            environment,
            toml: elsewhere(&circleci, &argocd),
            ..Setting::default()
        };
        Self {
            bot: TestBot::start_with(database, setting).await,
            pagerduty,
            jira,
            linear,
            circleci,
            argocd,
        }
    }

    fn incident(&self) -> String {
        let service = self.pagerduty.add_service("Checkout");
        self.pagerduty
            .trigger(&service, "Cards are declined", thursday_morning())
    }

    async fn check(&self, typed: &str) -> Result<Checked, CommandError> {
        check(&self.bot, typed).await
    }

    async fn refused(&self, typed: &str) -> String {
        self.check(typed).await.unwrap_err().to_string()
    }

    async fn perform(&self, action: &Action, attempt: Attempt) -> Result<Done, ActionError> {
        let kind = find(&action.kind).unwrap();
        (kind.perform)(self.bot.bot.ctx.clone(), action.clone(), attempt).await
    }

    /// The first attempt, whose answer is lost, and the second.
    async fn twice(&self, action: &Action) -> Done {
        let lost = self.perform(action, first()).await;
        let Err(ActionError::Retry {
            may_have_happened, ..
        }) = lost
        else {
            panic!("{lost:?}");
        };
        assert!(may_have_happened);
        let done = self.perform(action, again()).await.unwrap();
        assert!(done.was_done_already, "{done:?}");
        done
    }

    /// Ana proposes something in #ops. Gives what she alone is told.
    async fn proposes(&self, typed: &str) -> String {
        let text = format!("/em-agent propose {typed}");
        let answer = self.bot.ask("ana", "#ops", &text).await;
        self.bot.text(&answer)
    }

    /// The message to Ana alone that says `words`, once it does.
    async fn direct(&self, words: &str) -> String {
        let person = self.bot.user("ana").id.clone();
        self.bot
            .until(|w| {
                let channel = w.direct_with(&person)?;
                let texts = w.messages(&channel.id).map(|m| w.message_text(m));
                texts.into_iter().find(|text| text.contains(words))
            })
            .await
    }

    async fn finish(self) {
        self.bot.finish().await;
    }
}

async fn check(bot: &TestBot, typed: &str) -> Result<Checked, CommandError> {
    let words: Vec<String> = typed.split(' ').map(str::to_owned).collect();
    let action = parse(&words)?;
    let kind = find(&action.kind).unwrap();
    (kind.check)(bot.bot.ctx.clone(), action).await
}

/// Where they are, and what deploys.
fn elsewhere(circleci: &CircleciSimulator, argocd: &ArgocdSimulator) -> String {
    format!(
        "[integrations.circleci]\napi_url = \"{}\"\n[integrations.argocd]\napi_url = \"{}\"\n\
         [events.deploying]\n\"circleci/deploy\" = \"production\"\n\"argocd/checkout\" = \"production\"\n",
        circleci.api_url(),
        argocd.api_url()
    )
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

async fn an_incident_is_acknowledged_and_resolved_once(database: TestDatabase) {
    let hands = Hands::start(database).await;
    let id = hands.incident();
    assert_eq!(
        hands.refused("acknowledge PNOSUCH").await,
        "PagerDuty shows me no incident PNOSUCH: check it, or let an admin give my token access to it."
    );
    assert_eq!(
        hands.refused("resolve ../services").await,
        "“../services” names no incident. Write the id from its address, as in `PT4KHLK`."
    );

    let checked = hands.check(&format!("acknowledge {id}")).await.unwrap();
    assert_eq!(checked.title, format!("Acknowledge incident {id}"));
    assert_eq!(checked.subject_title, "Cards are declined");
    assert_eq!(checked.state.0["status"], "triggered");
    assert_eq!(checked.facts["service"], "Checkout");
    assert_eq!(checked.facts["urgency"], "high");
    assert!(hands.pagerduty.changes().is_empty(), "a check changes nothing");
    hands.pagerduty.lose_next_answer();
    let done = hands.twice(&checked.action).await;
    assert_eq!(done.said, format!("Acknowledged incident {id}."));
    assert_eq!(done.url, Some(format!("{}/incidents/{id}", pagerduty::SITE)));
    let by_others = hands.perform(&checked.action, first()).await.unwrap();
    assert_eq!(by_others.said, format!("Incident {id} was acknowledged already."));
    assert_eq!(hands.pagerduty.status(&id), "acknowledged");
    assert_eq!(
        hands.refused(&format!("acknowledge {id}")).await,
        format!("{id} is acknowledged already.")
    );

    let checked = hands.check(&format!("resolve {id}")).await.unwrap();
    assert_eq!(checked.state.0["status"], "acknowledged");
    hands.pagerduty.lose_next_answer();
    let done = hands.twice(&checked.action).await;
    assert_eq!(done.said, format!("Resolved incident {id}."));
    assert_eq!(hands.pagerduty.status(&id), "resolved");
    for typed in ["acknowledge", "resolve"] {
        let refused = hands.refused(&format!("{typed} {id}")).await;
        assert_eq!(refused, format!("{id} is resolved already."));
    }
    let change = format!("PUT /incidents/{id}");
    assert_eq!(hands.pagerduty.changes(), [change.clone(), change]);
    hands.finish().await;
}

async fn a_token_of_the_account_says_who_acts(database: TestDatabase) {
    let from = vec![("PAGERDUTY_FROM", pagerduty::USER.to_owned())];
    let hands = Hands::start_with(database, from).await;
    hands.pagerduty.ask_who_acts();
    let id = hands.incident();
    let action = Action::new("pagerduty.acknowledge", &id);
    let done = hands.perform(&action, first()).await.unwrap();
    assert!(!done.was_done_already);
    assert_eq!(hands.pagerduty.status(&id), "acknowledged");

    // Other settings on the same pretend systems.
    for (from, expected) in [
        (
            "",
            "PagerDuty declined it: a token of the account must say who acts, so an admin must set PAGERDUTY_FROM",
        ),
        (
            "nobody@acme.example",
            "PagerDuty declined it: nobody there has the e-mail address that PAGERDUTY_FROM says.",
        ),
    ] {
        let config = hands
            .bot
            .configuration(&format!("[pagerduty]\nfrom = \"{from}\"\n"));
        let mut config = config;
        from.clone_into(&mut config.sections.pagerduty.from);
        let ctx = &hands.bot.bot.ctx;
        let ctx = em_bot::wire::ctx(&config, ctx.store.clone(), ctx.clock.clone())
            .await
            .unwrap();
        let resolve = Action::new("pagerduty.resolve", &id);
        let kind = find(&resolve.kind).unwrap();
        let refused = (kind.perform)(ctx, resolve, first()).await.unwrap_err();
        assert!(matches!(refused, ActionError::Refused(_)), "{refused:?}");
        assert!(refused.to_string().starts_with(expected), "{refused}");
    }
    assert_eq!(hands.pagerduty.status(&id), "acknowledged");
    hands.finish().await;
}

async fn a_comment_in_jira_whose_answer_was_lost_is_not_written_again(database: TestDatabase) {
    let hands = Hands::start(database).await;
    hands
        .jira
        .write("PAY", "Cards are declined", "Since noon.", thursday_morning());
    assert_eq!(
        hands.refused("jira-comment PAY-99 Hello").await,
        "Jira shows me no issue PAY-99: check it, or let an admin give my token access to it."
    );
    assert_eq!(
        hands.refused("jira-comment acme/api#1 Hello").await,
        "“acme/api#1” names no issue. Write it as `PAY-12`."
    );
    let checked = hands
        .check("jira-comment pay-1 Please look, <@U0BEN|ben> & {code}")
        .await
        .unwrap();
    assert_eq!(checked.action.target, "PAY-1");
    assert_eq!(checked.title, "Comment on PAY-1");
    assert_eq!(checked.subject_title, "Cards are declined");
    assert_eq!(checked.facts["project"], "PAY");
    assert_eq!(checked.effect, ["Writes on PAY-1: Please look, @ben & {code}"]);

    hands.jira.lose_next_answer();
    let done = hands.twice(&checked.action).await;
    assert_eq!(done.said, "Commented on PAY-1.");
    assert_eq!(
        done.url.as_deref(),
        Some("https://acme.atlassian.net/browse/PAY-1?focusedCommentId=10000")
    );
    let comments = hands.jira.comments("PAY-1");
    assert_eq!(comments.len(), 1, "{comments:?}");
    let texts: Vec<&str> = comments[0]["content"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|block| block["content"][0]["text"].as_str())
        .collect();
    assert_eq!(
        texts,
        [
            "Please look, @ben & {code}",
            "Requested by ana through EM Agent. Reason: the release is due (apr_01KBXG3V9N)"
        ]
    );

    let other = Attempt {
        key: "apr_01KBXG3V9P".to_owned(),
        ..again()
    };
    let done = hands.perform(&checked.action, other).await.unwrap();
    assert!(
        !done.was_done_already,
        "another question has a comment of its own"
    );
    assert_eq!(hands.jira.comments("PAY-1").len(), 2);
    hands.finish().await;
}

async fn an_issue_in_jira_moves_once_and_back(database: TestDatabase) {
    let hands = Hands::start(database).await;
    hands
        .jira
        .write("PAY", "Cards are declined", "Since noon.", thursday_morning());
    assert_eq!(
        hands.refused("jira-transition PAY-1 Dome").await,
        "PAY-1 cannot move from “In Progress” to “Dome”. It can move to: “To Do”, “In Review”, “Done”."
    );
    assert_eq!(
        hands.refused("jira-transition PAY-1 in progress").await,
        "PAY-1 is in “In Progress” already."
    );
    let checked = hands.check("jira-transition PAY-1 in review").await.unwrap();
    assert_eq!(checked.title, "Move PAY-1 to “In Review”");
    assert_eq!(checked.state.0["status"], "In Progress");
    assert_eq!(checked.action.argument("status"), "In Review");
    let looked_again =
        (find("jira.transition").unwrap().check)(hands.bot.bot.ctx.clone(), checked.action.clone());
    assert_eq!(looked_again.await.unwrap().action, checked.action);

    hands.jira.lose_next_answer();
    let done = hands.twice(&checked.action).await;
    assert_eq!(done.said, "Moved PAY-1 to “In Review”.");
    assert_eq!(hands.jira.status("PAY-1"), "In Review");
    assert_eq!(hands.jira.changes().len(), 1);
    let by_others = hands.perform(&checked.action, first()).await.unwrap();
    assert_eq!(
        (by_others.said.as_str(), by_others.undo),
        ("PAY-1 was in “In Review” already.", None)
    );

    let undone = hands.perform(&done.undo.unwrap(), first()).await.unwrap();
    assert_eq!(undone.said, "Moved PAY-1 to “In Progress”.");
    assert_eq!(hands.jira.status("PAY-1"), "In Progress");
    hands.finish().await;
}

async fn a_comment_in_linear_whose_answer_was_lost_is_not_written_again(database: TestDatabase) {
    let hands = Hands::start(database).await;
    hands
        .linear
        .write("ENG", "Cards are declined", "Since noon.", thursday_morning());
    assert_eq!(
        hands.refused("linear-comment ENG-99 Hello").await,
        "Linear shows me no issue ENG-99: check it, or let an admin give my token access to it."
    );
    let checked = hands.check("linear-comment eng-1 Please *look*").await.unwrap();
    assert_eq!(checked.action.target, "ENG-1");
    assert_eq!(checked.title, "Comment on ENG-1");
    assert_eq!(checked.facts["team"], "ENG");

    hands.linear.lose_next_answer();
    let done = hands.twice(&checked.action).await;
    assert!(done.url.unwrap().contains("/issue/ENG-1#comment-"));
    assert_eq!(
        hands.linear.comments("ENG-1"),
        [
            "Please *look*\n\n---\n\n_Requested by ana through EM Agent. Reason: the release is due (apr_01KBXG3V9N)_"
        ]
    );

    // Should the comment not be seen, Linear refuses to have its id twice.
    let refused = hands.perform(&checked.action, first()).await.unwrap_err();
    assert!(matches!(refused, ActionError::Refused(_)), "{refused:?}");
    let other = Attempt {
        key: "apr_01KBXG3V9P".to_owned(),
        ..again()
    };
    let done = hands.perform(&checked.action, other).await.unwrap();
    assert!(
        !done.was_done_already,
        "another question has a comment of its own"
    );
    assert_eq!(hands.linear.comments("ENG-1").len(), 2);
    hands.finish().await;
}

async fn an_issue_in_linear_moves_once_and_back(database: TestDatabase) {
    let hands = Hands::start(database).await;
    hands
        .linear
        .write("ENG", "Cards are declined", "Since noon.", thursday_morning());
    assert_eq!(
        hands.refused("linear-transition ENG-1 Dome").await,
        "ENG has no state “Dome”. It has: “Todo”, “In Progress”, “In Review”, “Done”, “Canceled”."
    );
    assert_eq!(
        hands.refused("linear-transition ENG-1 In Progress").await,
        "ENG-1 is in “In Progress” already."
    );
    let checked = hands.check("linear-transition ENG-1 done").await.unwrap();
    assert_eq!(checked.effect, ["Moves ENG-1 from “In Progress” to “Done”."]);
    assert_eq!(checked.state.0["state"], "In Progress");

    hands.linear.lose_next_answer();
    let done = hands.twice(&checked.action).await;
    assert_eq!(done.said, "Moved ENG-1 to “Done”.");
    assert_eq!(hands.linear.state_of("ENG-1"), "Done");
    assert_eq!(hands.linear.changes().len(), 1);

    let undone = hands.perform(&done.undo.unwrap(), first()).await.unwrap();
    assert_eq!(undone.said, "Moved ENG-1 to “In Progress”.");
    assert_eq!(hands.linear.state_of("ENG-1"), "In Progress");
    hands.finish().await;
}

async fn a_workflow_in_circleci_is_run_again_once(database: TestDatabase) {
    let hands = Hands::start(database).await;
    let at = thursday_morning();
    let pipeline = hands.circleci.push("gh/acme/shop", "main", "ab12", at);
    let workflow = hands.circleci.start_workflow(&pipeline, "deploy", at);
    let typed = format!("retry https://app.circleci.com/pipelines/gh/acme/shop/1/workflows/{workflow}");
    assert_eq!(hands.refused(&typed).await, "deploy has not ended yet.");
    let ended_at = at + TimeDelta::minutes(4);
    hands.circleci.end_workflow(&workflow, "success", ended_at);
    let nothing = hands.refused(&typed).await;
    assert_eq!(nothing, "deploy succeeded, so there is nothing to run again.");
    assert_eq!(
        hands.refused("retry a1b2c3d4-0000-4000-8000-000000000099").await,
        "CircleCI shows me no workflow a1b2c3d4-0000-4000-8000-000000000099: check it, or let an admin give my token access to it."
    );
    let refused = hands.refused("retry ../me").await;
    assert!(refused.starts_with("“../me” names no workflow."), "{refused}");

    hands.circleci.end_workflow(&workflow, "failed", ended_at);
    let checked = hands.check(&typed).await.unwrap();
    assert_eq!(checked.action.target, workflow);
    assert_eq!(checked.title, "Run deploy of gh/acme/shop again");
    assert_eq!(checked.facts["environment"], "production");
    assert_eq!(
        checked.effect,
        ["Runs what failed in deploy again, and what comes after it."]
    );
    assert!(hands.circleci.changes().is_empty(), "a check changes nothing");
    hands.circleci.lose_next_answer();
    let done = hands.twice(&checked.action).await;
    assert_eq!(done.said, "Running deploy again.");
    assert_eq!(
        hands.circleci.changes(),
        [format!("POST /api/v2/workflow/{workflow}/rerun")]
    );
    assert_eq!(hands.refused(&typed).await, "deploy was run again already.");
    let statuses = hands.circleci.workflows(&pipeline);
    let expected = [("deploy", "failed"), ("deploy", "running")];
    assert_eq!(
        statuses,
        expected.map(|(name, status)| (name.into(), status.into()))
    );
    hands.finish().await;
}

async fn an_application_in_argo_cd_is_synchronised_once(database: TestDatabase) {
    let hands = Hands::start(database).await;
    let at = thursday_morning();
    hands.argocd.add_application("checkout", "shop");
    hands.argocd.want("checkout", "ab12");
    let refused = hands.refused("sync nosuch").await;
    assert!(
        refused.starts_with("Argo CD does not let my token do this: permission denied"),
        "{refused}"
    );
    let refused = hands.refused("sync ../settings").await;
    assert!(
        refused.starts_with("“../settings” names no application."),
        "{refused}"
    );

    let checked = hands.check("sync checkout").await.unwrap();
    assert_eq!(checked.title, "Synchronise checkout");
    assert_eq!(checked.facts["environment"], "production");
    assert_eq!(checked.action.argument("last"), "never");
    assert_eq!(
        checked.effect,
        ["Brings checkout in production to ab12. What is wanted there no more is not deleted."]
    );
    assert!(hands.argocd.changes().is_empty(), "a check changes nothing");
    hands.argocd.lose_next_answer();
    let done = hands.twice(&checked.action).await;
    assert_eq!(done.said, "Synchronising checkout.");
    assert_eq!(
        done.url,
        Some(format!("{}/applications/checkout", hands.argocd.api_url()))
    );
    assert_eq!(
        hands.argocd.changes(),
        ["POST /api/v1/applications/checkout/sync"]
    );
    assert_eq!(
        hands.refused("sync checkout").await,
        "checkout is being synchronised now."
    );

    // It failed: what was agreed about then was done, and a new proposal is another matter.
    hands.argocd.sync("checkout", "ab12", "em-agent", at);
    hands
        .argocd
        .synced("checkout", "Failed", at + TimeDelta::minutes(1));
    let late = hands.perform(&checked.action, first()).await.unwrap();
    assert!(late.was_done_already, "{late:?}");
    assert_eq!(late.said, "checkout was synchronised already.");
    let anew = hands.check("sync checkout").await.unwrap();
    assert_eq!(anew.action.argument("last"), "2026-01-15T10:00:00Z");
    let done = hands.perform(&anew.action, first()).await.unwrap();
    assert!(!done.was_done_already);
    assert_eq!(hands.argocd.changes().len(), 2);
    hands.finish().await;
}

async fn failures_elsewhere_are_told_apart(database: TestDatabase) {
    let hands = Hands::start(database).await;
    let at = thursday_morning();
    let id = hands.incident();
    let key = hands.jira.write("PAY", "Cards", "Since noon.", at);
    let comment = Action::new("jira.comment", &key).with("text", "Hello");

    hands.jira.fail_next(401, None);
    assert_eq!(
        hands.refused("jira-comment PAY-1 Hello").await,
        "Jira does not accept my token. An admin must set JIRA_TOKEN to a new one."
    );
    hands.jira.fail_next(429, Some(120));
    let limited = hands.perform(&comment, first()).await.unwrap_err();
    let later = em_domain::clock::Clock::now(&hands.bot.clock) + TimeDelta::seconds(120);
    let ActionError::Retry {
        may_have_happened: false,
        at: Some(retry_at),
        ..
    } = limited
    else {
        panic!("{limited:?}");
    };
    assert_eq!(retry_at, later);

    hands.pagerduty.fail_next(403, None);
    let refused = hands.refused(&format!("resolve {id}")).await;
    assert!(
        refused.starts_with("PagerDuty does not let my token do this:"),
        "{refused}"
    );
    hands.linear.write("ENG", "Cards", "Since noon.", at);
    hands.linear.limit_next(1);
    assert_eq!(
        hands.refused("linear-comment ENG-1 Hello").await,
        "Linear lets me ask nothing more for now. Try again in a few minutes."
    );
    assert!(hands.jira.changes().is_empty() && hands.pagerduty.changes().is_empty());
    hands.finish().await;
}

async fn without_tokens_nothing_is_changed_elsewhere(database: TestDatabase) {
    let bot = TestBot::start(database).await;
    for (typed, vendor, variables) in [
        ("acknowledge PT4KHL1", "PagerDuty", "PAGERDUTY_TOKEN"),
        ("resolve PT4KHL1", "PagerDuty", "PAGERDUTY_TOKEN"),
        ("jira-comment PAY-1 Hello", "Jira", "JIRA_TOKEN and JIRA_API_URL"),
        (
            "jira-transition PAY-1 Done",
            "Jira",
            "JIRA_TOKEN and JIRA_API_URL",
        ),
        ("linear-comment ENG-1 Hello", "Linear", "LINEAR_TOKEN"),
        ("linear-transition ENG-1 Done", "Linear", "LINEAR_TOKEN"),
        ("retry 12", "CircleCI", "CIRCLECI_TOKEN"),
        (
            "sync checkout",
            "Argo CD",
            "ARGOCD_TOKEN, and api_url in [integrations.argocd]",
        ),
    ] {
        assert_eq!(
            check(&bot, typed).await.unwrap_err().to_string(),
            format!("{vendor} is not set up, so I can change nothing there. An admin can set {variables}.")
        );
    }
    bot.finish().await;
}

async fn what_is_proposed_elsewhere_is_decided_by_its_risk(database: TestDatabase) {
    let hands = Hands::start(database).await;
    let key = hands
        .jira
        .write("PAY", "Cards", "Since noon.", thursday_morning());
    hands.proposes(&format!("jira-comment {key} Please look")).await;
    let done = hands.direct("Done.").await;
    assert!(done.contains("Comment on PAY-1"), "{done}");
    assert_eq!(hands.jira.comments(&key).len(), 1, "low risk is done at once");

    let asked = hands.proposes(&format!("jira-transition {key} Done")).await;
    assert!(asked.contains("Move PAY-1 to “Done”"), "{asked}");
    let card = hands
        .bot
        .until(|w| {
            w.messages("#ops")
                .rfind(|m| m.by_app && m.ephemeral_for.is_none())
                .cloned()
        })
        .await;
    assert_eq!(
        hands.jira.status(&key),
        "In Progress",
        "medium risk is asked about"
    );
    let sent = hands.bot.user("ben").clicks(&card, "approval.approve").unwrap();
    assert!(sent.await.is_acked());
    hands
        .bot
        .until(|w| {
            let text = w.message_text(w.message(&card.channel, &card.ts)?);
            text.contains("Done.").then_some(text)
        })
        .await;
    assert_eq!(hands.jira.status(&key), "Done");
    hands.finish().await;
}

async fn an_attempt_that_cannot_look_does_not_forget_the_one_before(database: TestDatabase) {
    let hands = Hands::start(database).await;
    let key = hands
        .jira
        .write("PAY", "Cards", "Since noon.", thursday_morning());
    hands.jira.lose_next_answer();
    hands.proposes(&format!("jira-comment {key} Please look")).await;
    hands.direct("Attempt 1 of 5 failed").await;
    assert_eq!(hands.jira.comments(&key).len(), 1);

    hands.jira.fail_next(429, Some(30));
    hands.bot.clock.advance(TimeDelta::seconds(10));
    hands.direct("Attempt 2 of 5 failed").await;
    hands.bot.clock.advance(TimeDelta::seconds(60));
    hands.direct("Done.").await;
    assert_eq!(hands.jira.comments(&key).len(), 1);
    hands.finish().await;
}
