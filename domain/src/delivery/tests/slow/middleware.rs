//! Purpose: Middleware a second time, slow and obvious.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::told::{
    At, Keys, Line, Told, at_most, below, change, days, dora, ended, first, float, incident, is_asked,
    is_excluded, is_member, is_production, is_theirs, is_window, mean, monday, no_incident, nothing,
    runs_left_out, seconds, whole, within,
};
use crate::delivery::{Asked, Change, DeliveryFacts, Deployed, Joined, NoValue, Outcome, Subject, Why};

const DAY: f64 = 86_400.0;
/// A twelfth of a year.
const MONTH: f64 = 365.2425 / 12.0 * DAY;

pub(crate) fn measure(facts: &DeliveryFacts, asked: &Asked) -> Keys {
    let mut live = runs(facts, asked);
    live.retain(|one| one.outcome == Outcome::Success);
    let live: Vec<At> = live.into_iter().map(made).collect();
    let reason = nothing(asked, &live);
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
            mean,
            |value| below(value, [DAY, 7.0 * DAY, MONTH]),
        ),
        change_fail: Told::new(failures(facts, asked), or(NoValue::NoneInWindow), mean, |value| {
            at_most(value, [0.05, 0.1, 0.15])
        }),
        recovery: Told::new(recovered, or(unrecovered), mean, |value| {
            below(value, [DAY / 24.0, DAY, 7.0 * DAY])
        }),
    }
}

fn made(one: &Deployed) -> At {
    one.created_at
}

/// Runs to production, failed ones too, by when they were made.
fn runs<'f>(facts: &'f DeliveryFacts, asked: &Asked) -> Vec<&'f Deployed> {
    let mut all: Vec<&Deployed> = Vec::new();
    for one in &facts.deployments {
        let is_out = is_excluded(facts, &Subject::Deployment(one.id.clone()));
        if is_production(one) && is_asked(asked, &one.repository) && !is_out {
            all.push(one);
        }
    }
    all.sort_by(|a, b| made(a).cmp(&made(b)).then(a.id.cmp(&b.id)));
    all
}

fn frequency(facts: &DeliveryFacts, asked: &Asked, reason: Option<NoValue>) -> Told {
    let mut lines = runs_left_out(facts, asked, made);
    for one in runs(facts, asked) {
        if is_window(asked) && within(asked, made(one)) && one.outcome == Outcome::Success {
            lines.push(Line::counted(one.id.clone(), made(one), 1.0));
        }
    }
    Told::frequency(lines, reason, |happened| {
        let buckets = |span: fn(NaiveDate) -> NaiveDate| {
            let touched: BTreeSet<NaiveDate> = days(asked).into_iter().map(span).collect();
            (float(happened.len()) / float(touched.len())).floor()
        };
        let a_day = buckets(|day| day);
        let a_week = buckets(monday).max(7.0 * a_day);
        let a_month = buckets(first).max(30.0 * a_day);
        let band = dora(a_day >= 1.0, a_week >= 1.0 || a_month >= 2.0, a_month >= 1.0);
        if a_day >= 1.0 {
            (a_day, band)
        } else if a_week >= 1.0 {
            (a_week, band)
        } else {
            (a_month, band)
        }
    })
}

/// From one instant to the next, if both are known and in that order.
fn between(from: Option<At>, to: Option<At>) -> i64 {
    match (from, to) {
        (Some(from), Some(to)) if to > from => seconds(from, to),
        _ => 0,
    }
}

/// Five stages. What is before ready for review and after the opening is in none.
fn parts(one: &Change, run: At) -> [i64; 5] {
    let ready = one.ready_at.unwrap_or(one.opened_at);
    [
        between(one.first_commit_at, Some(one.opened_at)),
        between(Some(ready), one.first_review_at),
        between(one.first_review_at, one.approved_at),
        between(one.approved_at, Some(one.merged_at)),
        between(Some(one.merged_at), Some(run)),
    ]
}

/// Whether the run deployed this branch. One of no branch that anything was merged into deployed all of them.
fn deploys(facts: &DeliveryFacts, run: &Deployed, branch: &str) -> bool {
    let named = run.git_ref.replace("refs/heads/", "");
    let is_branch = facts
        .changes
        .iter()
        .any(|one| one.key.repository == run.repository && one.base_ref == named);
    named == branch || !is_branch
}

fn first_run<'f>(facts: &'f DeliveryFacts, asked: &Asked, one: &Change) -> Option<&'f Deployed> {
    let mut found: Option<&Deployed> = None;
    for run in runs(facts, asked) {
        let holds = run.outcome == Outcome::Success
            && run.repository == one.key.repository
            && made(run) >= one.merged_at
            && deploys(facts, run, &one.base_ref);
        // Of those that were made at one instant it is the one that ended first.
        let order = |run: &'f Deployed| (made(run), ended(run), &run.id);
        if holds && found.is_none_or(|known| order(run) < order(known)) {
            found = Some(run);
        }
    }
    found
}

fn lead_times(facts: &DeliveryFacts, asked: &Asked) -> Vec<Line> {
    let mut lines = Vec::new();
    for one in &facts.changes {
        let is_here = is_asked(asked, &one.key.repository) && is_member(asked, &one.author.login);
        if !is_window(asked) || !is_here || !within(asked, one.merged_at) {
            continue;
        }
        let name = one.key.to_string();
        let is_out = is_excluded(facts, &change(one));
        lines.push(match first_run(facts, asked, one) {
            None if is_out => Line::left_out(name, one.merged_at, Why::Corrected),
            None => Line::left_out(name, one.merged_at, Why::NotDelivered),
            Some(run) if is_out => {
                Line::left_out(name, made(run), Why::Corrected).joined(&run.id, Joined::ByTime)
            }
            Some(run) => {
                Line::of_parts(name, made(run), parts(one, made(run))).joined(&run.id, Joined::ByTime)
            }
        });
    }
    lines
}

/// What counts as an incident.
struct Incident {
    name: String,
    opened: At,
    over: Option<At>,
    /// What took it back.
    back: Option<String>,
    why_not: Option<Why>,
}

impl Incident {
    fn line(&self, why: Why) -> Line {
        self.with_back(Line::left_out(self.name.clone(), self.opened, why))
    }

    fn with_back(&self, line: Line) -> Line {
        match &self.back {
            Some(back) => line.joined(back, Joined::ByRevert),
            None => line,
        }
    }
}

fn incidents(facts: &DeliveryFacts, asked: &Asked) -> Vec<Incident> {
    let mut all = Vec::new();
    for one in &facts.outages {
        if is_theirs(asked, one) {
            all.push(Incident {
                name: incident(one).to_string(),
                opened: one.opened_at,
                over: one.resolved_at,
                back: None,
                why_not: no_incident(facts, one),
            });
        }
    }
    for one in &facts.changes {
        if let Some(revert) = revert_of(facts, asked, one) {
            all.push(Incident {
                name: one.key.to_string(),
                opened: one.merged_at,
                over: Some(revert.merged_at),
                back: Some(revert.key.to_string()),
                why_not: None,
            });
        }
    }
    all
}

/// Whether one was merged before the other, as their names are told in order.
fn is_earlier(one: &Change, other: &Change) -> bool {
    (one.merged_at, one.key.number) < (other.merged_at, other.key.number)
}

/// The first change of the repository that took this one back. What somebody left out takes nothing back, and is not missed.
fn revert_of<'f>(facts: &'f DeliveryFacts, asked: &Asked, one: &Change) -> Option<&'f Change> {
    let is_in = |change: &Change| !is_excluded(facts, &self::change(change));
    let mut found: Option<&Change> = None;
    for revert in &facts.changes {
        let is_here = revert.key.repository == one.key.repository && is_asked(asked, &one.key.repository);
        if !is_here || !is_earlier(one, revert) || !is_in(one) || !is_in(revert) {
            continue;
        }
        let means = |said: &String| {
            // A title means the newest of that title.
            let newer = |other: &Change| {
                is_in(other)
                    && other.key.repository == one.key.repository
                    && other.title == one.title
                    && is_earlier(one, other)
                    && is_earlier(other, revert)
            };
            *said == format!("#{}", one.key.number)
                || *said == one.key.to_string()
                || one.merge_commit_sha.as_ref() == Some(said)
                || (*said == one.title && !facts.changes.iter().any(newer))
        };
        if revert.reverts.iter().any(means) && found.is_none_or(|known| is_earlier(revert, known)) {
            found = Some(revert);
        }
    }
    found
}

/// The newest run of the window that was made by then.
fn blamed<'f>(facts: &'f DeliveryFacts, asked: &Asked, one: &Incident) -> Option<&'f Deployed> {
    let mut newest = None;
    for run in runs(facts, asked) {
        if within(asked, made(run)) && made(run) <= one.opened {
            newest = Some(run);
        }
    }
    newest
}

fn failures(facts: &DeliveryFacts, asked: &Asked) -> Vec<Line> {
    let mut lines = Vec::new();
    if !is_window(asked) {
        return lines;
    }
    let mut all = incidents(facts, asked);
    all.retain(|one| within(asked, one.opened));
    for run in runs(facts, asked) {
        if !within(asked, made(run)) {
            continue;
        }
        let mut line = Line::counted(run.id.clone(), made(run), 0.0);
        for one in &all {
            let is_its = blamed(facts, asked, one).is_some_and(|other| other.id == run.id);
            if is_its && one.why_not.is_none() {
                line.value = Some(1.0);
                line = line.joined(&one.name, Joined::BetweenDeployments);
            }
        }
        lines.push(line);
    }
    for one in &all {
        let has_none = blamed(facts, asked, one).is_none();
        if let Some(why) = one.why_not.or(has_none.then_some(Why::NoDeploymentBefore)) {
            lines.push(one.line(why));
        }
    }
    lines
}

fn recoveries(facts: &DeliveryFacts, asked: &Asked) -> Vec<Line> {
    let mut lines = Vec::new();
    for one in incidents(facts, asked) {
        if !is_window(asked) || one.why_not.is_some() {
            continue;
        }
        match one.over {
            Some(end) if within(asked, end) && end < one.opened => {
                lines.push(one.line(Why::EndsBeforeStart));
            }
            Some(end) if within(asked, end) => {
                let took = whole(seconds(one.opened, end));
                lines.push(one.with_back(Line::counted(one.name.clone(), one.opened, took)));
            }
            None if within(asked, one.opened) => lines.push(one.line(Why::StillOpen)),
            _ => {}
        }
    }
    lines
}
