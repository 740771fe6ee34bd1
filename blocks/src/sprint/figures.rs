//! Purpose: the figures of a report: how each stands, how it stood before, and of how many it is.

use std::cmp::Ordering;

use em_domain::calendar::WorkCalendar;
use em_domain::sprint::{Failures, HIGH, Spread, Sprint};

use super::SprintView;
use crate::mrkdwn::{Mrkdwn, bold, cat, escape, words};
use crate::time::{plain_day, span};

/// One figure of a report: what it is, and how it stands.
pub(super) struct Figure(&'static str, String);

impl Figure {
    /// In a column of its own.
    pub(super) fn field(&self) -> Mrkdwn {
        cat([bold(words(self.0)), words("\n"), escape(&self.1)])
    }

    /// In a sentence.
    pub(super) fn spoken(&self) -> Mrkdwn {
        cat([words(self.0), words(": "), escape(&self.1)])
    }
}

/// The figures of a report, in the order in which they are read.
pub(super) fn figures(view: &SprintView<'_>) -> [Figure; 6] {
    let Sprint {
        now,
        before,
        in_progress,
        ..
    } = view.sprint;
    let drafts = match in_progress.drafts {
        0 => String::new(),
        1 => ", 1 draft".to_owned(),
        drafts => format!(", {drafts} drafts"),
    };
    let opened = arrow(now.open_at_end.cmp(&before.open_at_end));
    let open = format!(
        "{} ready{drafts} {opened} ({} at the beginning)",
        in_progress.ready, before.open_at_end
    );
    let way = arrow(now.merged.cmp(&before.merged));
    let merged = format!("{} {way} ({} before)", now.merged, before.merged);
    [
        Figure("Merged", merged),
        Figure("First review after", review(view)),
        Figure("Open", open),
        Figure("Age of what is open", age(view)),
        Figure("Carried over", carried(view)),
        Figure(
            "Failed deployments",
            failed(now.failures, before.failures, view.team),
        ),
    ]
}

/// Which way something went.
pub(crate) fn arrow(way: Ordering) -> &'static str {
    match way {
        Ordering::Greater => "↑",
        Ordering::Less => "↓",
        Ordering::Equal => "→",
    }
}

fn review(view: &SprintView<'_>) -> String {
    match (view.sprint.now.review, view.sprint.before.review) {
        (Some(now), Some(before)) => format!(
            "{} {} (half in {} before)",
            told(now, view),
            arrow(now.median.cmp(&before.median)),
            long(before.median, view.calendar)
        ),
        (Some(now), None) => told(now, view),
        (None, _) => "– nothing was reviewed for the first time".to_owned(),
    }
}

fn long(time: chrono::Duration, calendar: &WorkCalendar) -> String {
    span(time, calendar.day_length())
}

/// `half in 3 h, 85 % in 1 d (of 12)`.
fn told(spread: Spread, view: &SprintView<'_>) -> String {
    format!(
        "half in {}, {HIGH} % in {} (of {})",
        long(spread.median, view.calendar),
        long(spread.high, view.calendar),
        spread.sample
    )
}

/// How old what is open is.
pub(super) fn age(view: &SprintView<'_>) -> String {
    view.sprint.in_progress.age.map_or_else(
        || "– nothing is open and ready".to_owned(),
        |age| {
            format!(
                "half up to {}, {HIGH} % up to {} (of {})",
                long(age.median, view.calendar),
                long(age.high, view.calendar),
                age.sample
            )
        },
    )
}

fn carried(view: &SprintView<'_>) -> String {
    let under_way = &view.sprint.in_progress;
    let began = view.sprint.as_of - chrono::Duration::days(i64::from(view.sprint.days));
    let day = plain_day(view.calendar.local_date(began));
    match under_way.ready {
        0 => "– nothing is open and ready".to_owned(),
        ready => format!("{} of {ready} since before {day}", under_way.carried),
    }
}

fn failed(now: Failures, before: Failures, team: Option<&str>) -> String {
    let told = |failures: Failures| {
        let percent = failures.percent()?;
        Some(format!("{percent} % ({} of {})", failures.failed, failures.ended))
    };
    match (told(now), told(before)) {
        (Some(now), Some(before)) => format!("{now}, before: {before}"),
        (Some(now), None) => now,
        (None, _) if team.is_some() => "– no deployment of its repositories ended".to_owned(),
        (None, _) => "– no deployment ended".to_owned(),
    }
}
