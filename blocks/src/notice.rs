//! Purpose: the one message of a morning: what came while somebody had quiet, as far as it still matters.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use em_domain::approval::Approval;
use em_domain::id::SlackUser;
use em_domain::standup::Blocker;
use em_domain::triage::TriageRow;
use slack_morphism::prelude::SlackMessageContent;

use crate::approval::Setting;
use crate::approval::list::add_waiting;
use crate::element::Button;
use crate::help::typed;
use crate::layout::Layout;
use crate::limits::fit;
use crate::mrkdwn::{Mrkdwn, bold, cat, escape, join, mention, words};
use crate::nudge::needed;
use crate::row::{short_key, title_link};
use crate::settings;
use crate::standup::question::ANSWER;
use crate::time::when;

/// Lines shown of each kind.
const LINES: usize = 10;
/// Standups that are reminded of.
const STANDUPS: usize = 5;

/// A standup that waits for an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unanswered {
    /// Its name.
    pub standup: String,
    /// The round.
    pub round: String,
    /// When it is posted.
    pub until: DateTime<Utc>,
}

/// What was held, as far as it still matters.
#[derive(Debug, Clone, Default)]
pub struct Held {
    /// Approvals that wait for this person, the newest first.
    pub approvals: Vec<Approval>,
    /// Standups that wait for an answer.
    pub standups: Vec<Unanswered>,
    /// Pull requests on which it is their turn, and who pointed it out.
    pub nudges: Vec<(TriageRow, SlackUser)>,
    /// What holds people up.
    pub blockers: Vec<Blocker>,
}

impl Held {
    /// How many things.
    pub fn len(&self) -> usize {
        self.approvals.len() + self.standups.len() + self.nudges.len() + self.blockers.len()
    }

    /// Whether nothing of it matters any more.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The message. What is most pressing comes first.
pub fn message_held(held: &Held, setting: Setting) -> SlackMessageContent {
    let mut layout = Layout::new();
    if held.is_empty() {
        let done = words("What came while you had quiet is done. Nothing of it waits for you any more.");
        layout.section(&done);
        return layout.into_message(&done);
    }
    let title = match held.len() {
        1 => "While you had quiet: one thing".to_owned(),
        many => format!("While you had quiet: {many} things"),
    };
    layout.header(&title);
    add_approvals(&mut layout, &held.approvals, setting);
    add_standups(&mut layout, &held.standups, setting.zone);
    add_lines(
        &mut layout,
        "Your turn",
        held.nudges.iter().map(|(row, from)| nudge(row, from)),
    );
    add_lines(
        &mut layout,
        "Can you unblock this?",
        held.blockers.iter().map(|one| blocker(one, setting.zone)),
    );
    layout.foot(&cat([
        words("When I write to you, and what about: "),
        typed("settings"),
    ]));
    layout.foot_actions([Button::new("Settings…", settings::OPEN, "").spoken("Change your settings")]);
    layout.into_message(&escape(&title))
}

fn add_approvals(layout: &mut Layout, approvals: &[Approval], setting: Setting) {
    if !approvals.is_empty() {
        layout.section(&bold(words("For you to decide")));
        add_waiting(layout, approvals, setting);
    }
}

fn add_standups(layout: &mut Layout, standups: &[Unanswered], zone: Tz) {
    for one in standups.iter().take(STANDUPS) {
        add_unanswered(layout, one, zone);
    }
}

/// A standup that waits for an answer, with the button that opens its form; also on the Home tab.
pub(crate) fn add_unanswered(layout: &mut Layout, one: &Unanswered, zone: Tz) {
    layout.section(&cat([
        words("The standup of "),
        escape(&fit(&one.standup, 60)),
        words(" is posted "),
        when(one.until, zone),
        words(", and you have not answered yet."),
    ]));
    layout.actions([Button::new("Answer…", ANSWER, &one.round).spoken("Answer the standup")]);
}

fn add_lines(layout: &mut Layout, title: &'static str, lines: impl ExactSizeIterator<Item = Mrkdwn>) {
    let all = lines.len();
    if all == 0 {
        return;
    }
    layout.section(&bold(words(title)));
    layout.lines(lines.take(LINES));
    if all > LINES {
        layout.context(&escape(&format!("… and {} more.", all - LINES)));
    }
}

fn nudge(row: &TriageRow, from: &SlackUser) -> Mrkdwn {
    let parts = [
        title_link(&row.title, &row.url),
        short_key(&row.key),
        cat([words("needed: "), needed(&row.waiting.reason)]),
        cat([mention(from), words(" asks for your help")]),
    ];
    cat([words("• "), join(parts, " · ")])
}

fn blocker(blocker: &Blocker, zone: Tz) -> Mrkdwn {
    cat([
        words("• "),
        mention(&blocker.owner),
        words(" since "),
        when(blocker.opened_at, zone),
        words(": "),
        escape(&fit(&blocker.text, 300)),
    ])
}
