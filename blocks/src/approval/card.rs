//! Purpose: the card of an approval, in a channel or a direct message: what is asked, or what became of it. The buttons
//! go when they are spent.

use em_domain::approval::{Approval, ApprovalState, Settled};
use em_domain::id::SlackUser;
use em_domain::policy::Confirmation;
use slack_morphism::prelude::SlackMessageContent;

use super::{
    APPROVE, CANCEL, COMMENT, CONFIRM, DECLINE, EXPLAIN, OPEN, RETRY, Setting, Ticket, UNDO, WITHDRAW,
    approvers, quoted, requester, short_id, subject, via,
};
use crate::element::{Button, Menu, MenuOption};
use crate::layout::Layout;
use crate::limits::fit;
use crate::mrkdwn::{Mrkdwn, bold, cat, code, escape, join, link, mention, words};
use crate::time::when;

/// Sentences about what would be done that a card shows.
const EFFECTS: usize = 5;

/// The card.
pub fn message_card(approval: &Approval, setting: Setting) -> SlackMessageContent {
    let mut layout = Layout::new();
    layout.header(&heading(approval));
    add_card(&mut layout, approval, setting);
    layout.into_message(&fallback(approval, setting))
}

/// What the card says below its heading; also one entry of the Home tab.
pub(crate) fn add_card(layout: &mut Layout, approval: &Approval, setting: Setting) {
    layout.section_with_menu(&what(approval), menu(approval));
    layout.section(&status(approval, setting));
    if approval.state.is_undecided() {
        layout.section(&changes(approval));
        layout.section(&effects(approval));
        layout.section(&asked(approval, setting));
    }
    layout.actions(buttons(approval, setting));
    layout.context(&foot(approval));
}

fn heading(approval: &Approval) -> String {
    let title = &approval.request.title;
    match approval.state {
        ApprovalState::Pending => format!("Approval wanted: {title}"),
        ApprovalState::Quiet => format!("Will pass by itself: {title}"),
        ApprovalState::Approved => format!("Approved: {title}"),
        ApprovalState::Executing => format!("Under way: {title}"),
        ApprovalState::Completed => format!("Done: {title}"),
        ApprovalState::Failed => format!("Failed: {title}"),
        ApprovalState::Unclear => format!("Please check: {title}"),
        ApprovalState::Declined => format!("Declined: {title}"),
        ApprovalState::Expired => format!("Expired: {title}"),
        ApprovalState::Cancelled => format!("Cancelled: {title}"),
    }
}

fn what(approval: &Approval) -> Mrkdwn {
    let asks = cat([
        words("Asked by "),
        requester(approval),
        words(" · "),
        words(approval.decision.risk.as_str()),
        words(" risk"),
    ]);
    let reason = approval.request.reason.as_deref().map(quoted);
    join(
        [Some(subject(approval)), Some(asks), reason]
            .into_iter()
            .flatten(),
        "\n",
    )
}

/// What became of it, or what it waits for.
fn status(approval: &Approval, setting: Setting) -> Mrkdwn {
    let settled = approval
        .settled
        .as_ref()
        .map(|settled| settlement(approval, settled, setting));
    let ended = approval.outcome.as_ref().map(|outcome| {
        let said = escape(&fit(&outcome.said, 600));
        let by = outcome
            .by
            .as_ref()
            .map(|by| cat([words(" ("), mention(by), words(")")]));
        let look = outcome
            .url
            .as_ref()
            .map(|url| cat([words(" "), link(url, "Look")]));
        cat([
            bold(words(ending(approval.state))),
            words(" "),
            said,
            by.unwrap_or_default(),
            look.unwrap_or_default(),
        ])
    });
    let running = match approval.state {
        ApprovalState::Approved => Some(words("It is done next.")),
        ApprovalState::Executing => Some(attempt(approval, setting)),
        ApprovalState::Quiet => Some(quiet(approval, setting)),
        ApprovalState::Pending
        | ApprovalState::Completed
        | ApprovalState::Failed
        | ApprovalState::Unclear
        | ApprovalState::Declined
        | ApprovalState::Expired
        | ApprovalState::Cancelled => None,
    };
    join([settled, ended, running].into_iter().flatten(), "\n")
}

fn ending(state: ApprovalState) -> &'static str {
    match state {
        ApprovalState::Completed => "Done.",
        ApprovalState::Failed => "It was not done.",
        ApprovalState::Unclear => "It may or may not have been done.",
        ApprovalState::Quiet
        | ApprovalState::Pending
        | ApprovalState::Approved
        | ApprovalState::Executing
        | ApprovalState::Declined
        | ApprovalState::Expired
        | ApprovalState::Cancelled => "",
    }
}

fn settlement(approval: &Approval, settled: &Settled, setting: Setting) -> Mrkdwn {
    let verb = match approval.state {
        ApprovalState::Declined => "Declined",
        ApprovalState::Expired => "Nobody decided in time; it expired",
        ApprovalState::Cancelled => "Taken back",
        ApprovalState::Quiet
        | ApprovalState::Pending
        | ApprovalState::Approved
        | ApprovalState::Executing
        | ApprovalState::Completed
        | ApprovalState::Failed
        | ApprovalState::Unclear => "Approved",
    };
    let others = approval.votes.iter().filter(|vote| vote.agrees).map(|vote| {
        let stands_in = vote.on_behalf_of.as_ref();
        match stands_in {
            Some(principal) => cat([mention(&vote.by), words(" for "), mention(principal)]),
            None => mention(&vote.by),
        }
    });
    let agreed: Vec<Mrkdwn> = others.collect();
    let who = match &settled.by {
        Some(_) if verb == "Approved" && !agreed.is_empty() => cat([words(" by "), join(agreed, ", ")]),
        Some(by) => cat([words(" by "), mention(by)]),
        None => Mrkdwn::default(),
    };
    let comment = settled
        .comment
        .as_deref()
        .map(|text| cat([words(": "), quoted(text)]));
    cat([
        bold(words(verb)),
        who,
        words(" "),
        via(settled.via),
        words(", "),
        when(settled.at, setting.zone),
        comment.unwrap_or_default(),
    ])
}

/// How far doing it has come: `Attempt 2 of 5 is under way.`
pub(super) fn attempt(approval: &Approval, setting: Setting) -> Mrkdwn {
    let number = escape(&format!(
        "Attempt {} of {}",
        approval.attempts,
        setting.most_attempts.max(approval.attempts)
    ));
    match (&approval.last_error, approval.retry_at) {
        (Some(error), Some(at)) => cat([
            number,
            words(" failed: "),
            escape(&fit(error, 300)),
            words(" Next try "),
            when(at, setting.zone),
            words("."),
        ]),
        (Some(_) | None, _) => cat([number, words(" is under way.")]),
    }
}

fn quiet(approval: &Approval, setting: Setting) -> Mrkdwn {
    let until = approval.quiet_until.map(|until| when(until, setting.zone));
    cat([
        words("Nobody need do anything: it passes by itself "),
        until.unwrap_or_default(),
        words(", unless an incident opens before. Then people are asked."),
    ])
}

/// What changed since people were first asked.
fn changes(approval: &Approval) -> Mrkdwn {
    if approval.drift.is_empty() {
        return Mrkdwn::default();
    }
    let known = |text: &str| {
        if text.is_empty() {
            words("nothing")
        } else {
            code(&fit(text, 60))
        }
    };
    let lines = approval.drift.iter().take(6).map(|drift| {
        cat([
            words("• "),
            escape(&fit(&drift.fact, 40)),
            words(": "),
            known(&drift.before),
            words(" → "),
            known(&drift.now),
        ])
    });
    let head = bold(words(
        "It has changed since people were first asked; earlier votes do not count:",
    ));
    join(std::iter::once(head).chain(lines), "\n")
}

fn effects(approval: &Approval) -> Mrkdwn {
    let effect = &approval.request.effect;
    let lines = effect
        .iter()
        .take(EFFECTS)
        .map(|line| cat([words("• "), escape(&fit(line, 300))]));
    if effect.is_empty() {
        return Mrkdwn::default();
    }
    join(
        std::iter::once(bold(words("What will be done:"))).chain(lines),
        "\n",
    )
}

fn asked(approval: &Approval, setting: Setting) -> Mrkdwn {
    if approval.state != ApprovalState::Pending {
        return Mrkdwn::default();
    }
    let quorum = approval.quorum();
    let agreed = join(approval.agreeing().into_iter().map(mention), ", ");
    let count = match (quorum, agreed.is_empty()) {
        (1, _) => words("one of them is enough"),
        (_, true) => escape(&format!("{quorum} of them must agree")),
        (_, false) => cat([
            escape(&format!("{} of {quorum} so far:", quorum - approval.missing())),
            words(" "),
            agreed,
        ]),
    };
    let who = cat([
        words("Who may decide: "),
        approvers(approval),
        words("; "),
        count,
        words("."),
    ]);
    let disturbed = approval.disturbed_by.as_deref().map(|what| {
        cat([
            words("It would have passed by itself, but: "),
            escape(&fit(what, 200)),
        ])
    });
    let typed = approval
        .terms()
        .is_some_and(|terms| terms.confirmation == Confirmation::Typed);
    let typed = typed.then(|| words("To agree, the name of the target has to be typed."));
    let lapses = approval
        .expires_at
        .map(|at| cat([words("Lapses "), when(at, setting.zone), words(".")]));
    join([disturbed, Some(who), typed, lapses].into_iter().flatten(), "\n")
}

fn menu(approval: &Approval) -> Menu {
    let is_asked = approval.state == ApprovalState::Pending;
    let withdraw =
        (is_asked && !approval.votes.is_empty()).then(|| MenuOption::new("Withdraw my vote", WITHDRAW));
    let cancel = approval
        .state
        .is_undecided()
        .then(|| MenuOption::new("Take the request back", CANCEL));
    let open = approval
        .request
        .url
        .as_ref()
        .and_then(|url| MenuOption::link("Open", OPEN, url));
    let entries = [Some(MenuOption::new("Explain", EXPLAIN)), withdraw, cancel, open];
    Menu::new(approval.id.as_str(), entries.into_iter().flatten())
}

/// What can still be done about it; nothing once it is spent.
fn buttons(approval: &Approval, setting: Setting) -> Vec<Button> {
    let value = Ticket::of(approval).value();
    let title = &approval.request.title;
    let button =
        |label: &str, action| Button::new(label, action, &value).spoken(&format!("{label}: {title}"));
    match approval.state {
        ApprovalState::Pending => vec![
            button("Approve", APPROVE).primary(),
            button("Decline…", DECLINE),
            button("Approve with comment…", COMMENT),
            button("Explain", EXPLAIN),
        ],
        ApprovalState::Failed => vec![button("Retry", RETRY)],
        ApprovalState::Unclear => vec![
            button("It was done", CONFIRM),
            button("It was not: try again", RETRY),
        ],
        ApprovalState::Completed => {
            let is_offered = approval.undo(setting.now).is_some();
            is_offered.then(|| button("Undo", UNDO)).into_iter().collect()
        }
        ApprovalState::Quiet
        | ApprovalState::Approved
        | ApprovalState::Executing
        | ApprovalState::Declined
        | ApprovalState::Expired
        | ApprovalState::Cancelled => Vec::new(),
    }
}

fn foot(approval: &Approval) -> Mrkdwn {
    cat([
        code(short_id(&approval.id)),
        words(" · "),
        escape(&fit(&approval.decision.reason, 300)),
    ])
}

fn fallback(approval: &Approval, setting: Setting) -> Mrkdwn {
    let heading = escape(&heading(approval));
    let by = approval.settled.as_ref().map(|settled| {
        let by = settled.by.as_ref().map(|by| cat([words(" by "), mention(by)]));
        cat([
            words(", decided"),
            by.unwrap_or_default(),
            words(" "),
            when(settled.at, setting.zone),
        ])
    });
    let asks = cat([words(", asked by "), requester(approval)]);
    cat([heading, asks, by.unwrap_or_default()])
}

/// Half of the time is over: names those who could decide now.
pub fn message_reminder(approval: &Approval, able: &[SlackUser], setting: Setting) -> SlackMessageContent {
    let who = join(able.iter().take(8).map(mention), ", ");
    let who = if who.is_empty() { approvers(approval) } else { who };
    let lapses = approval
        .expires_at
        .map(|at| cat([words(" It lapses "), when(at, setting.zone), words(".")]));
    let text = cat([
        words("Still waiting for a decision: "),
        escape(&fit(&approval.request.title, 200)),
        words(". Who could decide: "),
        who,
        words("."),
        lapses.unwrap_or_default(),
    ]);
    let mut layout = Layout::new();
    layout.section(&text);
    layout.into_message(&text)
}
