//! Purpose: asks the policy, for every feature, and keeps what it answered; `/em-agent policy` says what is in force.

mod ask;
pub mod backtest;
pub mod explain;
mod source;

use em_blocks::policy::{PolicyView, message_policy};

use crate::ctx::Ctx;
use crate::invocation::{Invocation, Outcome, Reply};
use crate::spec::Spec;

pub use ask::{actor, asked_at, decide, may_click, may_use, permit, react};
pub use source::PolicySource;

/// How it is written.
pub const SPEC: Spec = Spec {
    path: "policy",
    usage: "policy",
    summary: "Show which rules say what may be done, and since when.",
    examples: &["policy"],
    check_scheduled: None,
};

/// Answers `policy`.
pub fn show(ctx: &Ctx, invocation: &Invocation) -> Outcome {
    let _: NoWords = SPEC.parse(&invocation.words)?;
    let in_force = ctx.policy.own.in_force();
    let refused = in_force
        .refused
        .as_ref()
        .map(|(error, since)| (error.to_string(), *since));
    let roles: Vec<(String, usize)> = ctx
        .policy
        .roles
        .iter()
        .map(|(role, people)| (role.clone(), people.len()))
        .collect();
    Ok(Reply::private(message_policy(&PolicyView {
        source: &ctx.policy.own.source().name(),
        version: in_force.policy.version(),
        since: in_force.since,
        refused: refused.as_ref().map(|(error, since)| (error.as_str(), *since)),
        has_server: ctx.policy.server.is_some(),
        roles: &roles,
        zone: ctx.settings.calendar.zone,
    })))
}

/// A command that takes no words.
#[derive(Debug, clap::Parser)]
struct NoWords {}
