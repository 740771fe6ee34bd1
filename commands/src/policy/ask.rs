//! Purpose: one way to ask the policy: who asks is looked up, what is answered is kept and counted.

use std::collections::BTreeMap;
use std::time::Duration;

use em_domain::action::Action;
use em_domain::id::{DecisionId, Login, SlackUser};
use em_domain::policy::{
    Actor, AskedAt, Decision, PolicyInput, PolicyVerdict, Question, Reaction, RecordedDecision, SignalInput,
};
use em_telemetry::names;
use serde::Serialize;
use ulid::Ulid;

use crate::ctx::Ctx;
use crate::invocation::{Caller, CommandError};

/// How long Slack may take to say whether somebody is a guest. A modal must open within three seconds of the click.
const ASK_SLACK: Duration = Duration::from_millis(500);

/// Whether `input.action` may be done, by the policy in force; the answer is kept and counted. `url` is where people
/// look at its target. Never fails: what keeps the policy from answering is a no.
pub async fn decide(ctx: &Ctx, input: PolicyInput, url: Option<&str>) -> Decision {
    let decision = ctx.policy.decide(&input).await;
    let verdict = decision.verdict.as_str();
    let answer = Answer {
        verdict,
        reason: &decision.reason,
        policy: &decision.policy,
    };
    let subject = input.action.to_string();
    keep(ctx, Question::Action, subject, &input, url, answer).await;
    decision
}

/// What is done about a signal, by the policy in force; the answer is kept and counted. Never fails: where the policy
/// cannot answer, people are told and nothing is proposed.
pub async fn react(ctx: &Ctx, input: SignalInput, url: Option<&str>) -> Reaction {
    let reaction = ctx.policy.react(&input).await;
    let verdict = reaction.as_str();
    let answer = Answer {
        verdict,
        reason: &reaction.reason,
        policy: &reaction.policy,
    };
    let word = |name: &str| input.signal[name].as_str().unwrap_or_default().to_owned();
    let subject = format!("{} {}", word("kind"), word("subject"));
    keep(ctx, Question::Signal, subject, &input, url, answer).await;
    reaction
}

/// Whether somebody may use a command, button, modal or shortcut; `kind` is `command.<path>`, `click.<id>` and so on.
/// Answers from memory and one indexed row, and is not kept: there are too many.
///
/// # Errors
/// The reason why not, for the person.
pub async fn permit(ctx: &Ctx, kind: String, caller: &Caller) -> Result<(), CommandError> {
    let actor = match caller {
        Caller::Person(user) => actor(ctx, user).await,
        Caller::Schedule(name) => Actor {
            system: Some(format!("schedule:{name}")),
            ..Actor::default()
        },
    };
    let input = use_of(ctx, actor, kind);
    let decision = ctx.policy.decide_here(&input);
    let verdict = decision.verdict.as_str();
    metrics::counter!(names::POLICY_ANSWERS_TOTAL, "question" => "command", "verdict" => verdict)
        .increment(1);
    let reason = match decision.verdict {
        PolicyVerdict::Allow => return Ok(()),
        PolicyVerdict::Deny => decision.reason,
        // Commands answer at once or not at all.
        PolicyVerdict::NeedsApproval(_) => {
            format!(
                "{} Commands cannot wait for approval, so it is not done.",
                decision.reason
            )
        }
    };
    tracing::warn!(
        kind = input.action.kind,
        policy = decision.policy,
        reason,
        "refused by the policy"
    );
    Err(CommandError::Denied(reason))
}

/// Whether somebody would be let click on `action`: a button that would be refused is not shown.
pub async fn may_click(ctx: &Ctx, action: &str, user: &SlackUser) -> bool {
    may_use(ctx, &format!("click.{action}"), user).await
}

/// Whether somebody would be let use `kind`: `command.<path>`, `click.<id>` and so on.
pub async fn may_use(ctx: &Ctx, kind: &str, user: &SlackUser) -> bool {
    let input = use_of(ctx, actor(ctx, user).await, kind.to_owned());
    ctx.policy.decide_here(&input).verdict == PolicyVerdict::Allow
}

fn use_of(ctx: &Ctx, actor: Actor, kind: String) -> PolicyInput {
    PolicyInput {
        actor,
        action: Action::new(kind, ""),
        facts: BTreeMap::new(),
        time: asked_at(ctx),
    }
}

/// Now, as rules like to know it.
pub fn asked_at(ctx: &Ctx) -> AskedAt {
    AskedAt::new(ctx.clock.now(), &ctx.settings.calendar)
}

/// Somebody in Slack with what the configuration, their link and Slack say of them. What cannot be looked up is left
/// out: the rules then count it as unknown.
pub async fn actor(ctx: &Ctx, user: &SlackUser) -> Actor {
    let link = ctx.store.people().find_link(user).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "who somebody is on GitHub could not be looked up");
        None
    });
    let login = link.map(|link| link.login);
    let asked = tokio::time::timeout(ASK_SLACK, ctx.slack.user(user.as_str())).await;
    Actor {
        roles: ctx.policy.roles_of(Some(user), login.as_ref()),
        teams: login.as_ref().map(|login| teams(ctx, login)).unwrap_or_default(),
        guest: asked
            .ok()
            .and_then(Result::ok)
            .flatten()
            .map(|person| person.is_guest),
        slack_user: Some(user.clone()),
        login,
        system: None,
    }
}

fn teams(ctx: &Ctx, login: &Login) -> Vec<String> {
    let teams = ctx.settings.teams.iter();
    let theirs = teams.filter(|team| team.members.iter().any(|member| member.same(login)));
    theirs.map(|team| team.name.clone()).collect()
}

struct Answer<'a> {
    verdict: &'static str,
    reason: &'a str,
    policy: &'a str,
}

async fn keep(
    ctx: &Ctx,
    question: Question,
    subject: String,
    input: &impl Serialize,
    url: Option<&str>,
    answer: Answer<'_>,
) {
    let Answer {
        verdict,
        reason,
        policy,
    } = answer;
    metrics::counter!(names::POLICY_ANSWERS_TOTAL, "question" => question.as_str(), "verdict" => verdict)
        .increment(1);
    tracing::info!(subject, verdict, policy, "the policy was asked");
    let recorded = RecordedDecision {
        id: DecisionId::new(Ulid::new()),
        at: ctx.clock.now(),
        question,
        subject,
        url: url.map(str::to_owned),
        input: serde_json::to_value(input).unwrap_or_default(),
        verdict: verdict.to_owned(),
        reason: reason.to_owned(),
        policy: policy.to_owned(),
    };
    if let Err(error) = ctx.store.decisions().record(&recorded).await {
        // The answer stands: it is in the log, and refusing everything would not bring the database back.
        tracing::error!(%error, "an answer of the policy could not be kept");
    }
}
