//! Purpose: an approval as programs read it. Names stay; members are only added.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use em_domain::approval::{Approval, Drift, Outcome, Requester, Settled, Via, Vote};
use em_domain::policy::Confirmation;
use serde::Serialize;
use utoipa::ToSchema;

/// A question put to people, and what became of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Approval)]
pub(in crate::http::v1) struct View {
    /// Its id.
    #[schema(example = "apr_01KF0000000000000000000000")]
    id: String,
    /// `quiet`, `pending`, `approved`, `executing`, `completed`, `failed`, `unclear`, `declined`, `expired` or
    /// `cancelled`.
    #[schema(example = "pending")]
    state: &'static str,
    /// What is to be done, in words.
    #[schema(example = "Close acme/api#12")]
    title: String,
    /// What is to be done.
    action: ActionView,
    /// The title of what it is done to, as written by others.
    subject: String,
    /// The page of what it is done to.
    url: Option<String>,
    /// What would be done, in sentences.
    effect: Vec<String>,
    /// How much harm a mistake does: `low`, `medium` or `high`.
    risk: &'static str,
    /// Who asks: a Slack user's id, or what of the bot's own: `signal:stale_pr`.
    requester: String,
    /// Why, as written by whoever asks.
    reason: Option<String>,
    /// Why people are asked, in the words of the policy.
    policy: String,
    /// Who may decide: `role:manager`, `team:checkout`, `user:U…`, `group:S…`, `login:octocat`, `anyone`.
    approvers: Vec<String>,
    /// How many must agree.
    quorum: u32,
    /// How many more must agree.
    missing: u32,
    /// How a yes is given: `click`, or `typed` with the name of the target.
    confirmation: &'static str,
    /// What a yes says yes to; another one if the target changes.
    digest: String,
    /// What people said, in the order they said it.
    votes: Vec<VoteView>,
    /// What changed about the target since people were first asked.
    drift: Vec<DriftView>,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// When it last changed.
    updated_at: DateTime<Utc>,
    /// When people were asked.
    asked_at: Option<DateTime<Utc>>,
    /// When the question lapses.
    expires_at: Option<DateTime<Utc>>,
    /// Who decided, and how.
    decided: Option<DecidedView>,
    /// How often doing it was begun.
    attempts: u32,
    /// Why the last attempt failed.
    last_error: Option<String>,
    /// What came of doing it.
    outcome: Option<OutcomeView>,
    /// The address of its card in Slack, where it has one and Slack says.
    card: Option<String>,
}

/// What is to be done.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Action)]
pub(in crate::http::v1) struct ActionView {
    /// The kind.
    #[schema(example = "github.close")]
    kind: String,
    /// What it is done to.
    #[schema(example = "acme/api#12")]
    target: String,
    /// How.
    arguments: BTreeMap<String, String>,
}

/// One person's word.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Vote)]
pub(in crate::http::v1) struct VoteView {
    /// Who: a Slack user's id.
    by: String,
    /// For whom they stand in.
    on_behalf_of: Option<String>,
    /// Yes or no.
    agrees: bool,
    /// When.
    at: DateTime<Utc>,
    /// From where: `button`, `modal`, `command`, `http`, `reaction`.
    via: &'static str,
    /// What they wrote with it.
    comment: Option<String>,
}

/// Something about the target that changed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Drift)]
pub(in crate::http::v1) struct DriftView {
    /// What.
    #[schema(example = "head commit")]
    fact: String,
    /// What it was; empty if there was none.
    before: String,
    /// What it is; empty if there is none.
    now: String,
}

/// Who ended the question, and how.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Decided)]
pub(in crate::http::v1) struct DecidedView {
    /// When.
    at: DateTime<Utc>,
    /// Who, where it was a person.
    by: Option<String>,
    /// From where: as with votes, or `policy` or `clock` where it was nobody.
    via: &'static str,
    /// What they wrote with it.
    comment: Option<String>,
}

/// What came of doing it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Outcome)]
pub(in crate::http::v1) struct OutcomeView {
    /// When.
    at: DateTime<Utc>,
    /// In a sentence for people.
    said: String,
    /// Where to look.
    url: Option<String>,
}

impl View {
    /// `approval`, with the address of its card.
    pub(super) fn new(approval: Approval, card: Option<String>) -> Self {
        let confirmation = approval
            .terms()
            .map(|terms| terms.confirmation)
            .unwrap_or_default();
        let approvers = approval.approvers().map(ToString::to_string).collect();
        let (quorum, missing) = (approval.quorum(), approval.missing());
        let request = approval.request;
        Self {
            id: approval.id.to_string(),
            state: approval.state.as_str(),
            title: request.title,
            action: ActionView {
                kind: request.action.kind,
                target: request.action.target,
                arguments: request.action.arguments,
            },
            subject: request.subject_title,
            url: request.url,
            effect: request.effect,
            risk: approval.decision.risk.as_str(),
            requester: match request.requester {
                Requester::Person(user) => user.0,
                Requester::System(name) => name,
            },
            reason: request.reason,
            policy: approval.decision.reason,
            approvers,
            quorum,
            missing,
            confirmation: match confirmation {
                Confirmation::Click => "click",
                Confirmation::Typed => "typed",
            },
            digest: request.digest.0,
            votes: approval.votes.into_iter().map(VoteView::from).collect(),
            drift: approval.drift.into_iter().map(DriftView::from).collect(),
            created_at: approval.created_at,
            updated_at: approval.updated_at,
            asked_at: approval.asked_at,
            expires_at: approval.expires_at,
            decided: approval.settled.map(DecidedView::from),
            attempts: approval.attempts,
            last_error: approval.last_error,
            outcome: approval.outcome.map(OutcomeView::from),
            card,
        }
    }
}

impl From<Vote> for VoteView {
    fn from(vote: Vote) -> Self {
        Self {
            by: vote.by.0,
            on_behalf_of: vote.on_behalf_of.map(|user| user.0),
            agrees: vote.agrees,
            at: vote.at,
            via: via(vote.via),
            comment: vote.comment,
        }
    }
}

impl From<Drift> for DriftView {
    fn from(drift: Drift) -> Self {
        Self {
            fact: drift.fact,
            before: drift.before,
            now: drift.now,
        }
    }
}

impl From<Settled> for DecidedView {
    fn from(settled: Settled) -> Self {
        Self {
            at: settled.at,
            by: settled.by.map(|user| user.0),
            via: via(settled.via),
            comment: settled.comment,
        }
    }
}

impl From<Outcome> for OutcomeView {
    fn from(outcome: Outcome) -> Self {
        Self {
            at: outcome.at,
            said: outcome.said,
            url: outcome.url,
        }
    }
}

fn via(via: Via) -> &'static str {
    match via {
        Via::Button => "button",
        Via::Modal => "modal",
        Via::Command => "command",
        Via::Http => "http",
        Via::Reaction => "reaction",
        Via::Policy => "policy",
        Via::Clock => "clock",
    }
}
