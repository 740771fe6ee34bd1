//! Purpose: the lists of approvals: in answer to a command, and on the Home tab.

use chrono::{DateTime, Utc};
use em_domain::approval::{Approval, ApprovalState};
use em_domain::id::SlackUser;
use slack_morphism::prelude::SlackMessageContent;

use super::card::add_card;
use super::{EXPLAIN, OPEN, Setting, requester, short_id, subject};
use crate::element::{Menu, MenuOption};
use crate::help::typed;
use crate::layout::Layout;
use crate::limits::fit;
use crate::mrkdwn::{Mrkdwn, bold, cat, code, escape, join, mention, words};
use crate::time::when;

/// Questions shown with their buttons; each takes the room of a small card.
const CARDS: usize = 5;
/// Lines of a list.
const LINES: usize = 20;

/// Which list was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// What waits for the reader.
    Mine,
    /// What is open.
    Open,
    /// What there was, whatever became of it.
    All,
}

/// The list, the newest first.
pub fn message_list(which: Which, approvals: &[Approval], setting: Setting) -> SlackMessageContent {
    let heading = match which {
        Which::Mine => "Waiting for your decision",
        Which::Open => "Open approvals",
        Which::All => "Approvals",
    };
    let mut layout = Layout::new();
    layout.header(heading);
    if approvals.is_empty() {
        layout.section(&empty(which));
    }
    match which {
        Which::Mine => add_waiting(&mut layout, approvals, setting),
        Which::Open | Which::All => {
            for approval in approvals.iter().take(LINES) {
                layout.section_with_menu(&line(approval, setting), menu(approval));
            }
        }
    }
    let fallback = match approvals {
        [] => empty(which),
        some => escape(&format!("{heading}: {}", some.len())),
    };
    layout.into_message(&fallback)
}

fn empty(which: Which) -> Mrkdwn {
    match which {
        Which::Mine => cat([
            words("Nothing waits for your decision. Everything open: "),
            typed("approvals"),
        ]),
        Which::Open => cat([words("Nothing is open. What there was: "), typed("approvals all")]),
        Which::All => cat([
            words("Nobody has asked for anything yet. To ask: "),
            typed("propose"),
        ]),
    }
}

/// The newest questions with their buttons, and how many more there are.
pub(crate) fn add_waiting(layout: &mut Layout, approvals: &[Approval], setting: Setting) {
    for approval in approvals.iter().take(CARDS) {
        layout.section(&bold(escape(&fit(&approval.request.title, 150))));
        add_card(layout, approval, setting);
        layout.divider();
    }
    let more = approvals.len().saturating_sub(CARDS);
    if more > 0 {
        layout.context(&cat([
            escape(&format!("… and {more} more:")),
            words(" "),
            typed("approvals mine"),
        ]));
    }
}

fn line(approval: &Approval, setting: Setting) -> Mrkdwn {
    let title = cat([
        bold(escape(&fit(&approval.request.title, 120))),
        words(" · "),
        subject(approval),
    ]);
    let state = match approval.state {
        ApprovalState::Pending => match approval.expires_at {
            Some(at) => cat([words("waits for a decision, lapses "), when(at, setting.zone)]),
            None => words("waits for a decision"),
        },
        ApprovalState::Quiet => match approval.quiet_until {
            Some(at) => cat([words("passes by itself "), when(at, setting.zone)]),
            None => words("passes by itself"),
        },
        ended @ (ApprovalState::Approved
        | ApprovalState::Executing
        | ApprovalState::Completed
        | ApprovalState::Failed
        | ApprovalState::Unclear
        | ApprovalState::Declined
        | ApprovalState::Expired
        | ApprovalState::Cancelled) => cat([
            words(ended.as_str()),
            words(" "),
            when(approval.updated_at, setting.zone),
        ]),
    };
    let asks = cat([
        words("asked by "),
        requester(approval),
        words(" "),
        when(approval.created_at, setting.zone),
    ]);
    join(
        [title, join([code(short_id(&approval.id)), state, asks], " · ")],
        "\n",
    )
}

fn menu(approval: &Approval) -> Menu {
    let open = approval
        .request
        .url
        .as_ref()
        .and_then(|url| MenuOption::link("Open", OPEN, url));
    Menu::new(
        approval.id.as_str(),
        std::iter::once(MenuOption::new("Explain", EXPLAIN)).chain(open),
    )
}

/// What can be proposed: how it is written, and what it does.
pub fn message_actions(actions: &[(&str, &str)]) -> SlackMessageContent {
    let mut layout = Layout::new();
    layout.section(&words(
        "Name what is to be done, and to what. What stands after two dashes is your reason.",
    ));
    layout.lines(
        actions
            .iter()
            .map(|(usage, summary)| join([typed(&format!("propose {usage}")), escape(summary)], "\n")),
    );
    layout.into_message(&cat([words("What can be proposed: "), typed("propose")]))
}

/// Who decides for somebody, until when; `None`: nobody any more.
pub fn message_deputy(
    deputy: &SlackUser,
    until: Option<DateTime<Utc>>,
    setting: Setting,
) -> SlackMessageContent {
    let text = match until {
        Some(until) => cat([
            mention(deputy),
            words(" decides for you until "),
            when(until, setting.zone),
            words(". You still may yourself."),
        ]),
        None => words("You decide for yourself again."),
    };
    let mut layout = Layout::new();
    layout.section(&text);
    layout.into_message(&text)
}
