//! Purpose: Four Keys a second time, slow and obvious.

use std::collections::BTreeSet;

use super::told::{
    At, Keys, Line, Told, change, committed, days, days_of, ended, first, incident, is_excluded, is_member,
    is_theirs, is_window, live, local, mean, median, monday, no_incident, nothing, runs_left_out, said,
    seconds, whole, within,
};
use crate::delivery::{Asked, Band, DeliveryFacts, Deployed, Joined, NoValue, Outage, Says, Why};
use crate::id::Login;

const HOUR: i64 = 3_600;

pub(crate) fn measure(facts: &DeliveryFacts, asked: &Asked) -> Keys {
    let all: Vec<At> = known(facts, asked).into_iter().map(ended).collect();
    let reason = nothing(asked, &all);
    let recovered = recoveries(facts, asked);
    let unrecovered = if recovered.is_empty() {
        NoValue::NothingFailed
    } else {
        NoValue::NothingRecovered
    };
    let or = |nothing| reason.unwrap_or(nothing);
    Keys {
        frequency: frequency(facts, asked, reason),
        lead_time: Told::new(
            lead_times(facts, asked),
            or(NoValue::NothingDelivered),
            median,
            span,
        ),
        change_fail: Told::new(failures(facts, asked), or(NoValue::NoneInWindow), mean, share),
        recovery: Told::new(recovered, or(unrecovered), median, span),
    }
}

fn span(value: f64) -> Band {
    let hours = value / 3_600.0;
    if hours < 24.0 {
        Band::OneDay
    } else if hours < 168.0 {
        Band::OneWeek
    } else if hours < 730.0 {
        Band::OneMonth
    } else if hours < 4_380.0 {
        Band::SixMonths
    } else {
        Band::OneYear
    }
}

fn share(value: f64) -> Band {
    if value <= 0.15 {
        Band::UpTo15Percent
    } else if value <= 0.45 {
        Band::UpTo45Percent
    } else {
        Band::Above45Percent
    }
}

/// Whether the deployed commit is one that a push or a merge brought.
fn is_known(facts: &DeliveryFacts, one: &Deployed) -> bool {
    one.sha
        .as_ref()
        .is_some_and(|sha| committed(facts, &one.repository, sha).is_some())
}

/// What went live and is of a commit that is known.
fn known<'f>(facts: &'f DeliveryFacts, asked: &Asked) -> Vec<&'f Deployed> {
    let mut all = live(facts, asked);
    all.retain(|one| is_known(facts, one));
    all
}

fn frequency(facts: &DeliveryFacts, asked: &Asked, reason: Option<NoValue>) -> Told {
    let mut lines = runs_left_out(facts, asked, ended);
    for one in live(facts, asked) {
        if !is_window(asked) || !within(asked, ended(one)) {
            continue;
        }
        lines.push(if is_known(facts, one) {
            Line::counted(one.id.clone(), ended(one), 1.0)
        } else {
            Line::left_out(one.id.clone(), ended(one), Why::NoCommit)
        });
    }
    Told::frequency(lines, reason, |happened| {
        let value = median(&days_of(asked, happened, monday)).unwrap();
        let [weeks, months] = deploying_weeks(asked, happened);
        let band = if value >= 3.0 {
            Band::Daily
        } else if median(&weeks).unwrap() >= 1.0 {
            Band::Weekly
        } else if median(&months).unwrap() >= 1.0 {
            Band::Monthly
        } else {
            Band::Yearly
        };
        (value, band)
    })
}

/// For each week whether something was deployed in it, and for each month how many such weeks begin in it.
fn deploying_weeks(asked: &Asked, happened: &[At]) -> [Vec<f64>; 2] {
    let mondays: BTreeSet<_> = days(asked).into_iter().map(monday).collect();
    let months: BTreeSet<_> = mondays.iter().copied().map(first).collect();
    let deploys = |week| happened.iter().any(|at| monday(local(asked, *at)) == week);
    let one = |week| if deploys(week) { 1.0 } else { 0.0 };
    let mut weeks: Vec<f64> = mondays.iter().copied().map(one).collect();
    let mut by_month: Vec<f64> = Vec::new();
    for month in months {
        let of_it = mondays.iter().copied().filter(|week| first(*week) == month);
        by_month.push(of_it.map(one).sum());
    }
    weeks.sort_by(f64::total_cmp);
    by_month.sort_by(f64::total_cmp);
    [weeks, by_month]
}

/// What the deployed commit is called, since when there is it, whose it is, and whether somebody left it out. A push that is
/// told as a merge too is the merge.
fn head<'f>(facts: &'f DeliveryFacts, one: &Deployed) -> (String, At, &'f Login, bool) {
    let sha = one.sha.as_ref().unwrap();
    for merged in &facts.changes {
        if merged.key.repository == one.repository && merged.merge_commit_sha.as_ref() == Some(sha) {
            let is_out = is_excluded(facts, &change(merged));
            return (
                merged.key.to_string(),
                merged.merged_at,
                &merged.author.login,
                is_out,
            );
        }
    }
    for push in &facts.pushes {
        if push.repository == one.repository && push.head_sha == *sha {
            let name = format!("{}@{}", push.repository, push.head_sha);
            let since = push.first_commit_at.unwrap_or(push.at);
            return (name, since, &push.author.login, false);
        }
    }
    unreachable!("only of deployments whose commit is known")
}

/// Each deployment with its commit, in whole minutes.
fn lead_times(facts: &DeliveryFacts, asked: &Asked) -> Vec<Line> {
    let mut lines = Vec::new();
    for one in known(facts, asked) {
        let (name, since, author, is_out) = head(facts, one);
        if !is_window(asked) || !within(asked, ended(one)) || !is_member(asked, author) {
            continue;
        }
        let took = seconds(since, ended(one));
        let took = took - took % 60;
        let line = if is_out {
            Line::left_out(name, ended(one), Why::Corrected)
        } else if took > 0 {
            Line::counted(name, ended(one), whole(took))
        } else {
            Line::left_out(name, ended(one), Why::NotPositive)
        };
        lines.push(line.joined(&one.id, Joined::ByCommit));
    }
    lines
}

/// The deployments that an incident is put down to, and how; or why to none. What a person said of it goes first.
fn blamed<'f>(
    facts: &'f DeliveryFacts,
    asked: &Asked,
    one: &Outage,
) -> Result<(Vec<&'f Deployed>, Joined), Why> {
    let mut found = known(facts, asked);
    match said(facts, &incident(one)) {
        Some(Says::CausedBy(id)) => {
            found.retain(|deployed| deployed.id == *id);
            return if found.is_empty() {
                Err(Why::UnknownCause)
            } else {
                Ok((found, Joined::ByCorrection))
            };
        }
        Some(Says::NotOurs) => return Err(Why::NotOurs),
        _ => {}
    }
    if let Some(why) = no_incident(facts, one) {
        return Err(why);
    }
    if one.causes.is_empty() {
        return Err(Why::NoCause);
    }
    found.retain(|deployed| {
        one.causes
            .iter()
            .any(|cause| deployed.sha.as_ref() == Some(cause))
    });
    if found.is_empty() {
        Err(Why::UnknownCause)
    } else {
        Ok((found, Joined::ByNamedCause))
    }
}

fn failures(facts: &DeliveryFacts, asked: &Asked) -> Vec<Line> {
    let mut lines = Vec::new();
    if !is_window(asked) {
        return lines;
    }
    for deployed in known(facts, asked) {
        if !within(asked, ended(deployed)) {
            continue;
        }
        let mut line = Line::counted(deployed.id.clone(), ended(deployed), 0.0);
        for one in &facts.outages {
            if is_theirs(asked, one)
                && let Ok((found, how)) = blamed(facts, asked, one)
                && found.iter().any(|other| other.id == deployed.id)
            {
                line.value = line.value.map(|rows| rows + 1.0);
                line = line.joined(&incident(one).to_string(), how);
            }
        }
        lines.push(line);
    }
    for one in &facts.outages {
        if is_theirs(asked, one)
            && within(asked, one.opened_at)
            && let Err(why) = blamed(facts, asked, one)
        {
            lines.push(Line::left_out(incident(one).to_string(), one.opened_at, why));
        }
    }
    lines
}

/// From the earlier of the incident and of what it is put down to, in whole hours.
fn recoveries(facts: &DeliveryFacts, asked: &Asked) -> Vec<Line> {
    let mut lines = Vec::new();
    for one in &facts.outages {
        if !is_window(asked) || !is_theirs(asked, one) || !within(asked, one.opened_at) {
            continue;
        }
        let (found, how) = match blamed(facts, asked, one) {
            Err(Why::Corrected | Why::Dismissed) => continue,
            Err(_) => (Vec::new(), Joined::ByNamedCause),
            Ok(found) => found,
        };
        let mut start = one.opened_at;
        let mut earliest: Option<&Deployed> = None;
        for deployed in found {
            if earliest.is_none_or(|known| ended(deployed) < ended(known)) {
                earliest = Some(deployed);
            }
            if ended(deployed) < start {
                start = ended(deployed);
            }
        }
        let name = incident(one).to_string();
        let line = match one.resolved_at {
            None => Line::left_out(name, start, Why::StillOpen),
            Some(end) if end < start => Line::left_out(name, start, Why::EndsBeforeStart),
            Some(end) => {
                let took = seconds(start, end);
                Line::counted(name, start, whole(took - took % HOUR))
            }
        };
        lines.push(match earliest {
            Some(deployed) => line.joined(&deployed.id, how),
            None => line,
        });
    }
    lines
}
