//! Purpose: `/em-agent propose close acme/api#12 nobody answered`: checks that it can be done, asks the policy, and puts
//! the question, does it at once, or says why not.

use std::sync::Arc;

use em_blocks::approval::card::message_card;
use em_blocks::approval::refusal::message_denied;
use em_domain::action::{Action, Digest};
use em_domain::approval::{Approval, Request, Requester};
use em_domain::id::{ApprovalId, SlackChannel};
use em_domain::policy::{Actor, Decision, Obligation, PolicyInput, PolicyVerdict};
use em_integrations::slack::Channel;
use em_storage::Proposed;
use serde_json::json;
use ulid::Ulid;

use super::{By, actor_name, consequences, setting};
use crate::action::{self, ActionKind, Checked};
use crate::ctx::Ctx;
use crate::invocation::{CommandError, Invocation, Outcome, Reply};
use crate::policy;
use crate::spec::Spec;

/// How it is written.
pub const SPEC: Spec = Spec {
    path: "propose",
    usage: "propose <action> <target> [options] [-- reason]",
    summary: "Ask for something to be done; the policy says whether somebody has to agree first.",
    examples: &["propose close acme/api#12 -- nobody has answered for a month"],
    check_scheduled: None,
};

/// The arguments that a check fills in with the newest there is.
const PINNED: [&str; 2] = ["head", "runs"];

/// Something that somebody wants done.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// What.
    pub action: Action,
    /// Who wants it.
    pub requester: Requester,
    /// Why.
    pub reason: Option<String>,
    /// Where it was said.
    pub channel: Option<SlackChannel>,
}

/// What became of a proposal.
#[derive(Debug)]
pub enum Outcomes {
    /// The question is put, or it is done at once.
    New(Box<Approval>),
    /// The same is asked already.
    Existing(Box<Approval>),
    /// The policy says no.
    Denied(Box<Decision>),
}

/// Answers `propose`.
pub async fn command(ctx: Ctx, invocation: Invocation) -> Outcome {
    let user = invocation.person()?.clone();
    if invocation.words.is_empty() {
        return Ok(Reply::private(em_blocks::approval::list::message_actions(
            &action::ACTIONS
                .iter()
                .map(|kind| (kind.usage, kind.summary))
                .collect::<Vec<_>>(),
        )));
    }
    let (words, reason) = split_reason(&invocation.words);
    let proposal = Proposal {
        action: action::parse(words)?,
        requester: Requester::Person(user),
        reason,
        channel: invocation.channel,
    };
    Ok(tell(&ctx, propose(&ctx, proposal).await?))
}

/// What stands before `--` is the action, what stands after it the reason.
fn split_reason(words: &[String]) -> (&[String], Option<String>) {
    let at = words
        .iter()
        .position(|word| matches!(word.as_str(), "--" | "—" | "–"));
    match at {
        Some(at) => (
            &words[..at],
            Some(words[at + 1..].join(" ")).filter(|reason| !reason.is_empty()),
        ),
        None => (words, None),
    }
}

/// Says what became of a proposal, to the one who made it.
pub(crate) fn tell(ctx: &Ctx, outcome: Outcomes) -> Reply {
    Reply::private(match outcome {
        Outcomes::New(approval) | Outcomes::Existing(approval) => message_card(&approval, setting(ctx)),
        Outcomes::Denied(decision) => message_denied(&decision),
    })
}

/// Puts a proposal through check and policy.
///
/// # Errors
/// It cannot be done at all, nobody could see the question, or the database cannot be reached.
pub async fn propose(ctx: &Ctx, proposal: Proposal) -> Result<Outcomes, CommandError> {
    let kind = kind_of(&proposal.action)?;
    let checked = (kind.check)(ctx.clone(), proposal.action.clone()).await?;
    let decision = decide_about(ctx, &proposal.requester, &checked).await;
    if decision.verdict == PolicyVerdict::Deny {
        log_denied(ctx, &proposal.requester, &checked, &decision).await?;
        return Ok(Outcomes::Denied(Box::new(decision)));
    }
    if decision.obligations.contains(&Obligation::Reason) && proposal.reason.is_none() {
        return Err(CommandError::user(
            "The policy wants a reason for this. Write it after two dashes: `-- because …`.",
        ));
    }
    let channel = place(ctx, &decision, proposal.channel.as_ref()).await;
    let request = request(ctx, proposal, checked, channel).await;
    let approval = Approval::propose(ApprovalId::new(Ulid::new()), request, decision, ctx.clock.now());
    if approval.request.channel.is_none() && super::draw::direct(ctx, &approval).await?.is_empty() {
        return Err(CommandError::user(
            "Nobody would see the question: invite me to this channel, or let an admin set a default channel.",
        ));
    }
    let by = By {
        actor: actor_name(&approval.request.requester),
        event: "proposed",
    };
    let follows = consequences(None, &approval, &by);
    Ok(match ctx.store.approvals().insert(&approval, &follows).await? {
        Proposed::New => {
            ctx.wake_jobs();
            Outcomes::New(Box::new(approval))
        }
        Proposed::Existing(known) => Outcomes::Existing(known),
    })
}

/// The kind of an action.
pub(crate) fn kind_of(action: &Action) -> Result<&'static ActionKind, CommandError> {
    action::find(&action.kind).ok_or_else(|| {
        CommandError::user(format!(
            "“{}” is nothing that I can do. What I can do: `/em-agent propose`.",
            action.kind
        ))
    })
}

/// What the policy says of an action as it stands now.
pub(crate) async fn decide_about(ctx: &Ctx, requester: &Requester, checked: &Checked) -> Decision {
    let actor = match requester {
        Requester::Person(user) => policy::actor(ctx, user).await,
        Requester::System(name) => Actor {
            system: Some(name.clone()),
            ..Actor::default()
        },
    };
    let input = PolicyInput {
        actor,
        action: checked.action.clone(),
        facts: checked.facts.clone(),
        time: policy::asked_at(ctx),
    };
    policy::decide(ctx, input, checked.url.as_deref()).await
}

/// Looks at the target of a question as it is now.
///
/// # Errors
/// It cannot be looked at, or what is asked can no longer be done.
pub(crate) async fn look(ctx: &Ctx, approval: &Approval) -> Result<Checked, CommandError> {
    let mut action = approval.request.action.clone();
    // What the card was about; what is the newest one now is the question.
    for pinned in PINNED {
        action.arguments.remove(pinned);
    }
    (kind_of(&action)?.check)(ctx.clone(), action).await
}

async fn request(ctx: &Ctx, proposal: Proposal, checked: Checked, channel: Option<SlackChannel>) -> Request {
    let requester_login = match &proposal.requester {
        Requester::Person(user) => policy::actor(ctx, user).await.login,
        Requester::System(_) => None,
    };
    Request {
        digest: Digest::of(&checked.action, &checked.state),
        action: checked.action,
        title: checked.title,
        subject_title: checked.subject_title,
        url: checked.url,
        effect: checked.effect,
        state: checked.state,
        requester: proposal.requester,
        requester_login,
        author: checked.author,
        reason: proposal.reason,
        channel,
    }
}

/// Where the card goes: where the policy wants it, else where it was asked for, else the default channel; the first
/// of these that the bot is in.
async fn place(ctx: &Ctx, decision: &Decision, asked_in: Option<&SlackChannel>) -> Option<SlackChannel> {
    let wanted = match &decision.verdict {
        PolicyVerdict::NeedsApproval(terms) => terms.channel.as_deref(),
        PolicyVerdict::Allow | PolicyVerdict::Deny => None,
    };
    let candidates = [
        wanted,
        asked_in.map(SlackChannel::as_str),
        ctx.settings.default_channel.as_deref(),
    ];
    for name in candidates.into_iter().flatten() {
        // A direct message with the bot is a place too, but nobody else sees it.
        if name.starts_with('D') {
            continue;
        }
        let found: Result<Arc<Channel>, _> = ctx.slack.resolve_channel(name).await;
        match found {
            Ok(channel) if channel.is_member => return Some(SlackChannel(channel.id.clone())),
            Ok(_) => tracing::info!(slack.channel = name, "not a member; the card goes elsewhere"),
            Err(error) => tracing::warn!(%error, slack.channel = name, "the card goes elsewhere"),
        }
    }
    None
}

/// A refusal is in the log as well.
async fn log_denied(
    ctx: &Ctx,
    requester: &Requester,
    checked: &Checked,
    decision: &Decision,
) -> Result<(), CommandError> {
    let entry = em_domain::audit::AuditEntry {
        at: ctx.clock.now(),
        actor: actor_name(requester),
        kind: "approval.denied".to_owned(),
        subject: checked.action.target.clone(),
        data: json!({ "action": checked.action, "reason": decision.reason, "policy": decision.policy }),
    };
    Ok(ctx.store.audit().record(&entry).await?)
}

/// Puts what a rule of the bot's own wants; the outcome is the log's.
///
/// # Errors
/// As [`propose`].
pub async fn propose_for_system(
    ctx: &Ctx,
    name: String,
    action: Action,
    reason: String,
) -> Result<Option<Approval>, CommandError> {
    let proposal = Proposal {
        action,
        requester: Requester::System(name),
        reason: Some(reason),
        channel: None,
    };
    Ok(match propose(ctx, proposal).await? {
        Outcomes::New(approval) | Outcomes::Existing(approval) => Some(*approval),
        Outcomes::Denied(_) => None,
    })
}
