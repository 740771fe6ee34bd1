//! Purpose: one line of what belongs together: five commits of a pull request and its merge are one thing done.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::{Deed, Event, Subject};

/// What one person did to one thing in a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The deed that says most.
    pub deed: Deed,
    /// To what.
    pub subject: Subject,
    /// When it was done last.
    pub at: DateTime<Utc>,
    /// How often it was done: commits, rounds of review, deployments; else one.
    pub times: i64,
}

/// Deeds that are told as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Story {
    Change,
    Review,
    Deployment,
    Release,
    Incident,
    Issue,
    Decision,
}

fn story(deed: Deed) -> Story {
    match deed {
        Deed::Merged | Deed::Opened | Deed::Pushed => Story::Change,
        Deed::Reviewed => Story::Review,
        Deed::Deployed => Story::Deployment,
        Deed::Released => Story::Release,
        Deed::Incident => Story::Incident,
        Deed::IssueClosed | Deed::IssueStarted | Deed::IssueOpened | Deed::IssueAssigned => Story::Issue,
        Deed::Decided => Story::Decision,
    }
}

/// The lines of the deeds of one person, in the order of [`Deed`], of each the latest first.
pub fn lines<'e>(events: impl IntoIterator<Item = &'e Event>) -> Vec<Line> {
    let mut told: HashMap<(Story, &str), Line> = HashMap::new();
    for event in events {
        let key = (story(event.deed), event.subject.id.as_str());
        match told.get_mut(&key) {
            Some(line) => add(line, event),
            None => drop(told.insert(key, line(event))),
        }
    }
    let mut lines: Vec<Line> = told.into_values().map(settled).collect();
    sort(&mut lines);
    lines
}

/// Brings lines into the order in which they are told.
pub(super) fn sort(lines: &mut [Line]) {
    lines.sort_by(|a, b| {
        let order = a.deed.cmp(&b.deed).then(b.at.cmp(&a.at));
        order.then_with(|| a.subject.id.cmp(&b.subject.id))
    });
}

fn line(event: &Event) -> Line {
    Line {
        deed: event.deed,
        subject: event.subject.clone(),
        at: event.at,
        times: event.times,
    }
}

fn add(line: &mut Line, event: &Event) {
    if event.deed == line.deed {
        line.times += event.times;
        if event.at > line.at {
            line.at = event.at;
            line.subject = event.subject.clone();
        }
    } else if event.deed < line.deed {
        *line = self::line(event);
    }
}

/// What can be done to a thing only once is done once, however often it was told.
fn settled(mut line: Line) -> Line {
    match line.deed {
        Deed::Reviewed | Deed::Pushed | Deed::Deployed => {}
        Deed::Merged
        | Deed::Opened
        | Deed::Released
        | Deed::Incident
        | Deed::IssueClosed
        | Deed::IssueStarted
        | Deed::IssueOpened
        | Deed::IssueAssigned
        | Deed::Decided => line.times = 1,
    }
    line
}
