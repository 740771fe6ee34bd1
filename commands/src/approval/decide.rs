//! Purpose: what people say to a question: the buttons of its card, and `approve` and `decline`.

use clap::Parser;
use em_blocks::approval::Ticket;
use em_blocks::approval::modal::{Memory, modal_approve, modal_decline};
use em_blocks::approval::refusal::message_refused;
use em_domain::action::Digest;
use em_domain::approval::ballot::{Ballot, Refusal, Target};
use em_domain::approval::{Approval, Via};
use em_domain::id::{ApprovalId, SlackUser};
use em_domain::policy::Confirmation;

use super::propose::{decide_about, look};
use super::voter::voter;
use super::{By, Changed, change, named, propose};
use crate::ctx::Ctx;
use crate::invocation::{Click, CommandError, Invocation, Outcome, Reply};
use crate::spec::Spec;

/// How `approve` is written.
pub const APPROVE: Spec = Spec {
    path: "approve",
    usage: "approve <id> [remark]",
    summary: "Agree to what somebody asks for.",
    examples: &["approve 7K2M9QXA looks good"],
    check_scheduled: None,
};

/// How `decline` is written.
pub const DECLINE: Spec = Spec {
    path: "decline",
    usage: "decline <id> [reason]",
    summary: "Say no to what somebody asks for.",
    examples: &["decline 7K2M9QXA not before the release"],
    check_scheduled: None,
};

#[derive(Debug, Parser)]
struct Args {
    id: String,
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<String>,
}

/// One person's word, and how it came.
pub(crate) struct Said {
    pub(crate) user: SlackUser,
    pub(crate) agrees: bool,
    pub(crate) via: Via,
    pub(crate) comment: Option<String>,
    /// What the card showed.
    pub(crate) seen: Option<Digest>,
    /// The name of the target was typed.
    pub(crate) is_typed: bool,
}

/// Answers `approve`.
pub async fn approve(ctx: Ctx, invocation: Invocation) -> Outcome {
    typed(&ctx, &invocation, APPROVE, true).await
}

/// Answers `decline`.
pub async fn decline(ctx: Ctx, invocation: Invocation) -> Outcome {
    typed(&ctx, &invocation, DECLINE, false).await
}

async fn typed(ctx: &Ctx, invocation: &Invocation, spec: Spec, agrees: bool) -> Outcome {
    let args: Args = spec.parse(&invocation.words)?;
    let user = invocation.person()?.clone();
    let approval = named(ctx, &args.id).await?;
    let said = Said {
        user,
        agrees,
        via: Via::Command,
        comment: Some(args.words.join(" ")).filter(|words| !words.is_empty()),
        seen: None,
        is_typed: false,
    };
    match say(ctx, &approval.id, said).await? {
        Changed::Now(now) => Ok(super::show::one(ctx, &now)),
        Changed::Refused(approval, refusal) => Ok(Reply::private(message_refused(&approval, &refusal))),
    }
}

/// The ticket of a clicked button or menu.
///
/// # Errors
/// The card is of a version of the program that wrote something else there.
pub(crate) fn ticket(click: &Click) -> Result<Ticket, CommandError> {
    let value = if click.value.is_empty() {
        &click.subject
    } else {
        &click.value
    };
    Ticket::parse(value).ok_or_else(|| {
        CommandError::user(
            "That card is too old for me to know what it is about. Find it with `/em-agent approvals`.",
        )
    })
}

/// The button *Approve*: a vote, or the form where the name of the target has to be typed.
pub async fn clicked_approve(ctx: Ctx, click: Click) -> Outcome {
    let ticket = ticket(&click)?;
    let approval = named(&ctx, ticket.id.as_str()).await?;
    let confirmation = approval
        .terms()
        .map(|terms| terms.confirmation)
        .unwrap_or_default();
    if confirmation == Confirmation::Typed && approval.state.is_undecided() {
        return open(&approval, &click, ticket, modal_approve);
    }
    let said = Said {
        user: click.user,
        agrees: true,
        via: Via::Button,
        comment: None,
        seen: Some(Digest(ticket.seen)),
        is_typed: false,
    };
    Ok(answer(say(&ctx, &ticket.id, said).await?))
}

/// The button *Approve with comment…*.
pub async fn clicked_comment(ctx: Ctx, click: Click) -> Outcome {
    let ticket = ticket(&click)?;
    let approval = named(&ctx, ticket.id.as_str()).await?;
    open(&approval, &click, ticket, modal_approve)
}

/// The button *Decline…*.
pub async fn clicked_decline(ctx: Ctx, click: Click) -> Outcome {
    let ticket = ticket(&click)?;
    let approval = named(&ctx, ticket.id.as_str()).await?;
    open(&approval, &click, ticket, modal_decline)
}

type Form = fn(&Approval, &Memory) -> Option<slack_morphism::prelude::SlackView>;

/// Opens a form about a question that can still be answered.
fn open(approval: &Approval, click: &Click, ticket: Ticket, form: Form) -> Outcome {
    if !approval.state.is_undecided() {
        let refusal = Refusal::Over(approval.state);
        return Ok(Reply::private(message_refused(approval, &refusal)));
    }
    let is_typed = approval
        .terms()
        .is_some_and(|terms| terms.confirmation == Confirmation::Typed);
    let memory = Memory {
        ticket,
        response_url: click.response_url.clone(),
        must_type: is_typed.then(|| approval.request.action.target.clone()),
    };
    let modal = form(approval, &memory).ok_or_else(|| {
        CommandError::user("The name of the target is too long for a form. Use `/em-agent decline <id>`.")
    })?;
    Ok(Reply::Modal(Box::new(modal)))
}

/// The entry *Withdraw my vote*.
pub async fn clicked_withdraw(ctx: Ctx, click: Click) -> Outcome {
    let ticket = ticket(&click)?;
    let by = By {
        actor: click.user.to_string(),
        event: "vote_withdrawn",
    };
    Ok(answer(
        change(&ctx, &ticket.id, &by, |approval, now| {
            approval.withdraw(&click.user, now)
        })
        .await?,
    ))
}

/// The entry *Take the request back*.
pub async fn clicked_cancel(ctx: Ctx, click: Click) -> Outcome {
    let ticket = ticket(&click)?;
    let approval = named(&ctx, ticket.id.as_str()).await?;
    let voter = voter(&ctx, &approval, &click.user).await?;
    let by = By {
        actor: click.user.to_string(),
        event: "cancelled",
    };
    Ok(answer(
        change(&ctx, &ticket.id, &by, |approval, now| {
            approval.cancel(&voter, Via::Button, None, now)
        })
        .await?,
    ))
}

/// The button *Retry*.
pub async fn clicked_retry(ctx: Ctx, click: Click) -> Outcome {
    let ticket = ticket(&click)?;
    let approval = named(&ctx, ticket.id.as_str()).await?;
    let voter = voter(&ctx, &approval, &click.user).await?;
    let by = By {
        actor: click.user.to_string(),
        event: "retried",
    };
    Ok(answer(
        change(&ctx, &ticket.id, &by, |approval, now| approval.retry(&voter, now)).await?,
    ))
}

/// The button *It was done*.
pub async fn clicked_confirm(ctx: Ctx, click: Click) -> Outcome {
    let ticket = ticket(&click)?;
    let approval = named(&ctx, ticket.id.as_str()).await?;
    let voter = voter(&ctx, &approval, &click.user).await?;
    let by = By {
        actor: click.user.to_string(),
        event: "confirmed_done",
    };
    Ok(answer(
        change(&ctx, &ticket.id, &by, |approval, now| {
            approval.confirm_done(&voter, now)
        })
        .await?,
    ))
}

/// The button *Undo*: a new proposal, which goes through the policy like any other.
pub async fn clicked_undo(ctx: Ctx, click: Click) -> Outcome {
    let ticket = ticket(&click)?;
    let approval = named(&ctx, ticket.id.as_str()).await?;
    let Some(action) = approval.undo(ctx.clock.now()).cloned() else {
        return Err(CommandError::user(
            "It is too late to undo this with a click. Propose the opposite instead.",
        ));
    };
    let proposal = propose::Proposal {
        action,
        requester: em_domain::approval::Requester::Person(click.user),
        reason: Some(format!("Undoes “{}”.", approval.request.title)),
        channel: approval.request.channel.clone(),
    };
    Ok(propose::tell(&ctx, propose::propose(&ctx, proposal).await?))
}

/// The card speaks for itself; a refusal is told to the one who clicked.
pub(crate) fn answer(changed: Changed) -> Reply {
    match changed {
        Changed::Now(_) => Reply::Done,
        Changed::Refused(approval, refusal) => Reply::private(message_refused(&approval, &refusal)),
    }
}

/// Takes in what somebody says. A yes is to the target as it is now: where it changed since people were asked, they
/// are asked anew.
///
/// # Errors
/// The target cannot be looked at, or the database cannot be reached.
pub(crate) async fn say(ctx: &Ctx, id: &ApprovalId, said: Said) -> Result<Changed, CommandError> {
    let approval = named(ctx, id.as_str()).await?;
    let voter = voter(ctx, &approval, &said.user).await?;
    // Only a yes that may count is worth a look at the outside world.
    let may_count = said.agrees && approval.state.is_undecided() && approval.standing(&voter).is_ok();
    let checked = if may_count {
        Some(look(ctx, &approval).await?)
    } else {
        None
    };
    let ballot = Ballot {
        agrees: said.agrees,
        via: said.via,
        comment: said.comment,
        seen: said.seen,
        state_now: checked
            .as_ref()
            .map_or_else(|| approval.request.state.clone(), |checked| checked.state.clone()),
        is_typed: said.is_typed,
    };
    let by = By {
        actor: said.user.to_string(),
        event: if said.agrees { "agreed" } else { "declined" },
    };
    let changed = change(ctx, id, &by, |approval, now| approval.vote(&voter, &ballot, now)).await?;
    if let (Changed::Refused(approval, Refusal::Drifted(_)), Some(checked)) = (&changed, checked) {
        let decision = decide_about(ctx, &approval.request.requester, &checked).await;
        let target = Target {
            action: checked.action,
            state: checked.state,
            effect: checked.effect,
        };
        let by = By {
            actor: "target".to_owned(),
            event: "renewed",
        };
        change(ctx, id, &by, |approval, now| {
            approval.renew(target.clone(), decision.clone(), now)
        })
        .await?;
    }
    Ok(changed)
}
