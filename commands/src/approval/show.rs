//! Purpose: `/em-agent approvals [mine|all|<id>]` and `approvals explain <id>`.

use clap::Parser;
use em_blocks::approval::card::message_card;
use em_blocks::approval::explain::{ExplainView, message_explain};
use em_blocks::approval::list::{Which, message_list};
use em_domain::approval::{Approval, ApprovalState};
use em_domain::id::SlackUser;

use super::decide::ticket;
use super::voter::{people, standings, voter};
use super::{named, setting};
use crate::ctx::Ctx;
use crate::invocation::{Click, CommandError, Invocation, Outcome, Reply};
use crate::spec::Spec;

/// How `approvals` is written.
pub const SPEC: Spec = Spec {
    path: "approvals",
    usage: "approvals [mine|all|<id>]",
    summary: "What waits for a decision, what waits for yours, and what became of the rest.",
    examples: &["approvals", "approvals mine", "approvals 7K2M9QXA"],
    check_scheduled: None,
};

/// How `approvals explain` is written.
pub const EXPLAIN: Spec = Spec {
    path: "approvals explain",
    usage: "approvals explain <id>",
    summary: "Which rules ask for an approval, who is missing, who could decide now.",
    examples: &["approvals explain 7K2M9QXA"],
    check_scheduled: None,
};

/// What one list looks through.
const MOST: i64 = 100;

#[derive(Debug, Parser)]
struct Args {
    which: Option<String>,
}

#[derive(Debug, Parser)]
struct OneArgs {
    id: String,
}

/// Answers `approvals`.
pub async fn show(ctx: Ctx, invocation: Invocation) -> Outcome {
    let args: Args = SPEC.parse(&invocation.words)?;
    let user = invocation.person()?;
    let undecided = [
        ApprovalState::Quiet,
        ApprovalState::Pending,
        ApprovalState::Approved,
        ApprovalState::Executing,
    ];
    let (which, approvals) = match args.which.as_deref().map(str::to_lowercase).as_deref() {
        None => (Which::Open, ctx.store.approvals().list(&undecided, MOST).await?),
        Some("mine") => (Which::Mine, waiting_for(&ctx, user).await?),
        Some("all") => (
            Which::All,
            ctx.store.approvals().list(&ApprovalState::ALL, MOST).await?,
        ),
        Some(id) => return Ok(one(&ctx, &named(&ctx, id).await?)),
    };
    Ok(Reply::private(message_list(which, &approvals, setting(&ctx))))
}

/// One card, to the one who asked for it.
pub(crate) fn one(ctx: &Ctx, approval: &Approval) -> Reply {
    Reply::private(message_card(approval, setting(ctx)))
}

/// What this person may decide, the newest first.
///
/// # Errors
/// The database cannot be reached.
pub(crate) async fn waiting_for(ctx: &Ctx, user: &SlackUser) -> Result<Vec<Approval>, CommandError> {
    let mut mine = Vec::new();
    for approval in ctx
        .store
        .approvals()
        .list(&[ApprovalState::Pending], MOST)
        .await?
    {
        let voter = voter(ctx, &approval, user).await?;
        let has_agreed = approval.votes.iter().any(|vote| vote.by == *user);
        if !has_agreed && approval.standing(&voter).is_ok() {
            mine.push(approval);
        }
    }
    Ok(mine)
}

/// Answers `approvals explain`.
pub async fn explain(ctx: Ctx, invocation: Invocation) -> Outcome {
    let args: OneArgs = EXPLAIN.parse(&invocation.words)?;
    explained(&ctx, &named(&ctx, &args.id).await?).await
}

/// The button *Explain*.
pub async fn clicked_explain(ctx: Ctx, click: Click) -> Outcome {
    let approval = named(&ctx, ticket(&click)?.id.as_str()).await?;
    explained(&ctx, &approval).await
}

async fn explained(ctx: &Ctx, approval: &Approval) -> Outcome {
    let people = if approval.state.is_undecided() {
        standings(ctx, approval, people(ctx, approval).await?).await?
    } else {
        Vec::new()
    };
    Ok(Reply::private(message_explain(&ExplainView {
        approval,
        people: &people,
        setting: setting(ctx),
    })))
}
