//! Purpose: what the two years of Apache `DevLake` have in common, a second time, slow and obvious.

use chrono::{Datelike, NaiveDate};

use super::told::{
    At, Keys, Line, Told, at_most, below, change, committed, days_of, ended, first, incident, is_asked,
    is_excluded, is_member, is_theirs, is_window, live, lower_median, mean, monday, no_incident, nothing,
    runs_left_out, seconds, whole, within,
};
use crate::delivery::{
    Asked, Band, Change, DeliveryFacts, Deployed, DirectPush, Joined, NoValue, Outage, Why,
};
use crate::id::RepositoryName;

pub(super) const DAY: f64 = 86_400.0;

/// What differs between the years.
pub(super) struct Year {
    pub(super) recovery: fn(&DeliveryFacts, &Asked) -> Vec<Line>,
    /// From the median of days in weeks, months and half-years.
    pub(super) frequency: fn(f64, f64, f64) -> Band,
    /// Below so many seconds: elite, high, medium.
    pub(super) lead_time: [f64; 3],
    /// So much at most: elite, high, medium.
    pub(super) change_fail: [f64; 3],
}

pub(super) fn measure(facts: &DeliveryFacts, asked: &Asked, year: &Year) -> Keys {
    let all: Vec<At> = live(facts, asked).into_iter().map(ended).collect();
    let reason = nothing(asked, &all);
    let recovered = (year.recovery)(facts, asked);
    let unrecovered = if recovered.is_empty() {
        NoValue::NothingFailed
    } else {
        NoValue::NothingRecovered
    };
    let or = |nothing| reason.unwrap_or(nothing);
    Keys {
        frequency: frequency(facts, asked, reason, year),
        lead_time: Told::new(
            lead_times(facts, asked),
            or(NoValue::NothingDelivered),
            lower_median,
            |value| below(value, year.lead_time),
        ),
        change_fail: Told::new(failures(facts, asked), or(NoValue::NoneInWindow), mean, |value| {
            at_most(value, year.change_fail)
        }),
        recovery: Told::new(recovered, or(unrecovered), lower_median, |value| {
            below(value, [DAY / 24.0, DAY, 7.0 * DAY])
        }),
    }
}

/// Days with a deployment: the median of weeks; those of months and half-years for the bands.
fn frequency(facts: &DeliveryFacts, asked: &Asked, reason: Option<NoValue>, year: &Year) -> Told {
    let mut lines = runs_left_out(facts, asked, ended);
    for one in live(facts, asked) {
        if is_window(asked) && within(asked, ended(one)) {
            lines.push(Line::counted(one.id.clone(), ended(one), 1.0));
        }
    }
    Told::frequency(lines, reason, |happened| {
        let of = |span: fn(NaiveDate) -> NaiveDate| lower_median(&days_of(asked, happened, span)).unwrap();
        (of(monday), (year.frequency)(of(monday), of(first), of(half)))
    })
}

/// The first of January or of July.
fn half(day: NaiveDate) -> NaiveDate {
    let month = if day.month() <= 6 { 1 } else { 7 };
    NaiveDate::from_ymd_opt(day.year(), month, 1).unwrap()
}

/// Whole minutes in seconds, rounded up; nothing where it would be negative.
fn minutes(from: At, to: At) -> i64 {
    let took = seconds(from, to);
    let mut up = took;
    while up % 60 != 0 {
        up += 1;
    }
    if took < 0 { 0 } else { up }
}

/// Coding, and the open pull request up to the first answer by anybody else and after it, and the way to production.
fn parts(change: &Change, live: At) -> [i64; 5] {
    let coding = match change.first_commit_at {
        Some(first) => minutes(first, change.opened_at),
        None => 0,
    };
    let open = minutes(change.opened_at, change.merged_at);
    let waited = match change.first_response_any_at {
        Some(answered) => minutes(change.opened_at, answered),
        None => 0,
    };
    let waited = if waited > open { open } else { waited };
    [coding, waited, open - waited, 0, minutes(change.merged_at, live)]
}

/// The first deployment of the repository that holds what came at this time, how that is known, and whether it is the very first
/// of all. Those without a commit hold nothing.
fn holder<'f>(
    facts: &'f DeliveryFacts,
    asked: &Asked,
    repository: &RepositoryName,
    at: At,
) -> Option<(&'f Deployed, Joined, bool)> {
    let mut is_first = true;
    for one in live(facts, asked) {
        let Some(sha) = one.sha.as_ref() else { continue };
        if one.repository != *repository {
            continue;
        }
        let (reach, how) = match committed(facts, repository, sha) {
            Some(committed) => (committed, Joined::ByCommit),
            None => (one.created_at, Joined::ByTime),
        };
        if reach >= at {
            return Some((one, how, is_first));
        }
        is_first = false;
    }
    None
}

fn lead_times(facts: &DeliveryFacts, asked: &Asked) -> Vec<Line> {
    let mut lines = Vec::new();
    if !is_window(asked) {
        return lines;
    }
    for one in &facts.changes {
        if is_asked(asked, &one.key.repository) && is_member(asked, &one.author.login) {
            lines.extend(of_change(facts, asked, one));
        }
    }
    for one in &facts.pushes {
        let merged = |change: &Change| {
            change.key.repository == one.repository && change.merge_commit_sha.as_ref() == Some(&one.head_sha)
        };
        let is_merge = facts.changes.iter().any(merged);
        if !is_merge && is_asked(asked, &one.repository) && is_member(asked, &one.author.login) {
            lines.extend(of_push(facts, asked, one));
        }
    }
    lines
}

fn of_change(facts: &DeliveryFacts, asked: &Asked, one: &Change) -> Option<Line> {
    let name = one.key.to_string();
    let found = holder(facts, asked, &one.key.repository, one.merged_at);
    let found = found.filter(|_| one.merge_commit_sha.is_some());
    let is_out = is_excluded(facts, &change(one));
    let Some((deployed, how, is_first)) = found else {
        // What is in no deployment is told in all windows that end after the merge.
        let why = if is_out {
            Why::Corrected
        } else if one.merge_commit_sha.is_none() {
            Why::NoCommit
        } else {
            Why::NotDelivered
        };
        return (one.merged_at < asked.to).then(|| Line::left_out(name, one.merged_at, why));
    };
    let at = ended(deployed);
    if !within(asked, at) {
        return None;
    }
    let line = if is_out {
        Line::left_out(name, at, Why::Corrected)
    } else if is_first {
        Line::left_out(name, at, Why::NoBaseline)
    } else {
        Line::of_parts(name, at, parts(one, at))
    };
    Some(line.joined(&deployed.id, how))
}

/// A push is no pull request, and listed.
fn of_push(facts: &DeliveryFacts, asked: &Asked, one: &DirectPush) -> Option<Line> {
    let name = format!("{}@{}", one.repository, one.head_sha);
    match holder(facts, asked, &one.repository, one.at) {
        Some((deployed, how, _)) => within(asked, ended(deployed))
            .then(|| Line::left_out(name, ended(deployed), Why::NoPullRequest).joined(&deployed.id, how)),
        None => (one.at < asked.to).then(|| Line::left_out(name, one.at, Why::NoPullRequest)),
    }
}

/// The newest deployment of all that is asked for that ended before the incident began.
pub(super) fn blamed<'f>(facts: &'f DeliveryFacts, asked: &Asked, one: &Outage) -> Option<&'f Deployed> {
    let mut newest = None;
    for deployed in live(facts, asked) {
        if ended(deployed) < one.opened_at {
            newest = Some(deployed);
        }
    }
    newest
}

fn failures(facts: &DeliveryFacts, asked: &Asked) -> Vec<Line> {
    let mut lines = Vec::new();
    if !is_window(asked) {
        return lines;
    }
    for deployed in live(facts, asked) {
        if !within(asked, ended(deployed)) {
            continue;
        }
        let mut line = Line::counted(deployed.id.clone(), ended(deployed), 0.0);
        for one in &facts.outages {
            let is_its = blamed(facts, asked, one).is_some_and(|other| other.id == deployed.id);
            if is_its && is_theirs(asked, one) && no_incident(facts, one).is_none() {
                line.value = Some(1.0);
                line = line.joined(&incident(one).to_string(), Joined::ByNewestBefore);
            }
        }
        lines.push(line);
    }
    for one in &facts.outages {
        if !within(asked, one.opened_at) || !is_theirs(asked, one) {
            continue;
        }
        let has_none = blamed(facts, asked, one).is_none();
        let why = no_incident(facts, one).or(has_none.then_some(Why::NoDeploymentBefore));
        if let Some(why) = why {
            lines.push(Line::left_out(incident(one).to_string(), one.opened_at, why));
        }
    }
    lines
}

/// The line of an incident that lasted from `start`, in whole minutes; of one that neither began nor ended in the window there
/// is none.
pub(super) fn recovered(asked: &Asked, one: &Outage, start: At) -> Option<Line> {
    let name = incident(one).to_string();
    let has_begun = within(asked, start);
    let ends_here = one.resolved_at.is_some_and(|end| within(asked, end));
    match one.resolved_at {
        Some(end) if ends_here && end < start => Some(Line::left_out(name, start, Why::EndsBeforeStart)),
        Some(end) if ends_here => {
            let took = seconds(start, end);
            Some(Line::counted(name, start, whole(took - took % 60)))
        }
        Some(_) if has_begun => Some(Line::left_out(name, start, Why::EndsOutsideWindow)),
        None if has_begun => Some(Line::left_out(name, start, Why::StillOpen)),
        _ => None,
    }
}
