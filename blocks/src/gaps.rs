//! Purpose: the answer to `/em-agent gaps`: what is not written down, and who could.

use chrono::{DateTime, Utc};
use em_domain::ask::age;
use em_domain::gaps::Gap;
use slack_morphism::prelude::SlackMessageContent;

use crate::element::{Menu, MenuOption};
use crate::help::typed;
use crate::layout::Layout;
use crate::limits::fit;
use crate::mrkdwn::{Mrkdwn, bold, cat, escape, join, words};

/// Action: somebody wants an issue for a gap; opens the form for it.
pub const ISSUE: &str = "gaps.issue";

/// Gaps shown.
const SHOWN: usize = 10;
/// People named for one gap.
const WRITERS: usize = 3;

/// The gaps, and over how many days.
#[derive(Debug, Clone, Copy)]
pub struct GapsView<'a> {
    /// The most often asked first.
    pub gaps: &'a [Gap],
    /// Questions of so many days were looked at.
    pub days: i64,
    /// The present.
    pub now: DateTime<Utc>,
    /// Issues can be opened.
    pub can_open_issues: bool,
}

/// What is not written down.
pub fn message_gaps(view: &GapsView<'_>) -> SlackMessageContent {
    let mut layout = Layout::new();
    let said = if view.gaps.is_empty() {
        escape(&format!(
            "In the last {} days every question found an answer.",
            view.days
        ))
    } else {
        escape(&format!(
            "What people asked in the last {} days and our documents did not answer, {} in all:",
            view.days,
            view.gaps.len()
        ))
    };
    layout.section(&said);
    for gap in view.gaps.iter().take(SHOWN) {
        let line = line(gap, view.now);
        if view.can_open_issues {
            let menu = Menu::new(gap.id.as_str(), [MenuOption::new("Open an issue…", ISSUE)]);
            layout.section_with_menu(&line, menu);
        } else {
            layout.section(&line);
        }
    }
    layout.foot(&cat([
        words("A question gets on this list when "),
        typed("ask"),
        words(" finds nothing, or what it finds does not help."),
    ]));
    layout.into_message(&said)
}

fn line(gap: &Gap, now: DateTime<Utc>) -> Mrkdwn {
    let times = match gap.times {
        1 => "once".to_owned(),
        times => format!("{times} times"),
    };
    let people = match gap.askers.len() {
        1 => "1 person".to_owned(),
        people => format!("{people} people"),
    };
    let writers = join(
        gap.writers
            .iter()
            .take(WRITERS)
            .map(|writer| escape(&fit(writer, 60))),
        ", ",
    );
    let writers = (!writers.is_empty()).then(|| cat([words("could be written by "), writers]));
    let facts = escape(&format!(
        "asked {times} by {people}, last {}",
        age(gap.last_asked, now)
    ));
    cat([
        words("• "),
        bold(escape(&fit(&gap.question, 200))),
        words("\n   "),
        join([Some(facts), writers].into_iter().flatten(), " · "),
    ])
}
