//! Purpose: what a slow mode says of a window, and the little that all of them need: loops over everything, days counted one
//! by one, and nothing of the real thing but its types.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, Days, Duration, NaiveDate, Utc};

use crate::delivery::{
    Asked, Band, Change, Correction, DeliveryFacts, Deployed, Joined, NoValue, Outage, Outcome, Says,
    Standing, Subject, Why,
};
use crate::id::{Login, RepositoryName};

pub(super) type At = DateTime<Utc>;

/// One line of the proof.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Line {
    pub(crate) subject: String,
    pub(crate) at: At,
    pub(crate) standing: Standing,
    pub(crate) value: Option<f64>,
    /// To what it was joined, and how.
    pub(crate) links: Vec<(String, Joined)>,
    /// Seconds of coding, pickup, review, merge and deploy.
    pub(crate) parts: Option<[i64; 5]>,
}

/// One metric.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Told {
    pub(crate) value: Result<f64, NoValue>,
    pub(crate) sample: usize,
    pub(crate) band: Option<Band>,
    /// By subject, then by instant.
    pub(crate) lines: Vec<Line>,
}

/// The four that other tools have.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Keys {
    pub(crate) frequency: Told,
    pub(crate) lead_time: Told,
    pub(crate) change_fail: Told,
    pub(crate) recovery: Told,
}

impl Line {
    pub(super) fn counted(subject: String, at: At, value: f64) -> Self {
        Self {
            subject,
            at,
            standing: Standing::Counted,
            value: Some(value),
            links: Vec::new(),
            parts: None,
        }
    }

    pub(super) fn left_out(subject: String, at: At, why: Why) -> Self {
        Self {
            subject,
            at,
            standing: Standing::LeftOut(why),
            value: None,
            links: Vec::new(),
            parts: None,
        }
    }

    /// The line of a change with its five parts.
    pub(super) fn of_parts(subject: String, at: At, parts: [i64; 5]) -> Self {
        let mut line = Self::counted(subject, at, whole(parts.iter().sum()));
        line.parts = Some(parts);
        line
    }

    pub(super) fn joined(mut self, to: &str, how: Joined) -> Self {
        self.links.push((to.to_owned(), how));
        self
    }
}

impl Told {
    /// A metric whose value is made of the values of its lines. Where there are none, it is `reason`.
    pub(super) fn new(
        lines: Vec<Line>,
        reason: NoValue,
        statistic: impl Fn(&[f64]) -> Option<f64>,
        band: impl Fn(f64) -> Band,
    ) -> Self {
        let all = values(&lines);
        let value = statistic(&all).ok_or(reason);
        Self {
            value,
            sample: all.len(),
            band: value.ok().map(band),
            lines: sorted(lines),
        }
    }

    /// A frequency, which is a number even where nothing counts, unless `reason` says why it is none.
    pub(super) fn frequency(
        lines: Vec<Line>,
        reason: Option<NoValue>,
        rate: impl Fn(&[At]) -> (f64, Band),
    ) -> Self {
        let counting = lines.iter().filter(|line| line.standing == Standing::Counted);
        let happened: Vec<At> = counting.map(|line| line.at).collect();
        let told = match reason {
            Some(reason) => Err(reason),
            None => Ok(rate(&happened)),
        };
        Self {
            value: told.map(|(value, _)| value),
            sample: happened.len(),
            band: told.ok().map(|(_, band)| band),
            lines: sorted(lines),
        }
    }
}

/// Why there is nothing to count, where `live` are the instants of all that went live, whenever that was.
pub(super) fn nothing(asked: &Asked, live: &[At]) -> Option<NoValue> {
    if !is_window(asked) {
        Some(NoValue::EmptyWindow)
    } else if live.iter().all(|at| *at >= asked.to) {
        Some(NoValue::NoDeployments)
    } else {
        None
    }
}

/// The order in which lines are compared.
pub(crate) fn sorted(mut lines: Vec<Line>) -> Vec<Line> {
    for line in &mut lines {
        line.links.sort();
    }
    lines.sort_by(|a, b| {
        (&a.subject, a.at, a.standing, &a.links)
            .cmp(&(&b.subject, b.at, b.standing, &b.links))
            .then(a.value.unwrap_or(-1.0).total_cmp(&b.value.unwrap_or(-1.0)))
    });
    lines
}

/// The values that count.
pub(super) fn values(lines: &[Line]) -> Vec<f64> {
    let mut found = Vec::new();
    for line in lines {
        if let (Standing::Counted, Some(value)) = (line.standing, line.value) {
            found.push(value);
        }
    }
    found.sort_by(f64::total_cmp);
    found
}

#[expect(clippy::cast_precision_loss, reason = "a few thousand")]
pub(super) fn float(count: usize) -> f64 {
    count as f64
}

#[expect(clippy::cast_precision_loss, reason = "seconds of a year")]
pub(super) fn whole(seconds: i64) -> f64 {
    seconds as f64
}

/// Below zero where `to` is earlier.
pub(super) fn seconds(from: At, to: At) -> i64 {
    to.timestamp() - from.timestamp()
}

/// The lower of the two in the middle.
pub(super) fn lower_median(sorted: &[f64]) -> Option<f64> {
    sorted.get(sorted.len().saturating_sub(1) / 2).copied()
}

/// Half way between the two in the middle.
pub(super) fn median(sorted: &[f64]) -> Option<f64> {
    let low = lower_median(sorted)?;
    Some(f64::midpoint(low, sorted[sorted.len() / 2]))
}

pub(super) fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / float(values.len()))
}

pub(super) fn within(asked: &Asked, at: At) -> bool {
    asked.from <= at && at < asked.to
}

pub(super) fn is_window(asked: &Asked) -> bool {
    asked.from < asked.to
}

pub(super) fn is_asked(asked: &Asked, repository: &RepositoryName) -> bool {
    match &asked.repositories {
        None => true,
        Some(names) => names.iter().any(|name| name == repository),
    }
}

/// Whether the changes of this person are asked for.
pub(super) fn is_member(asked: &Asked, who: &Login) -> bool {
    let lower = |login: &Login| login.as_str().to_lowercase();
    match &asked.members {
        None => true,
        Some(members) => members.iter().any(|member| lower(member) == lower(who)),
    }
}

/// Whether an incident is among what is asked for: of a repository, or of none that is known.
pub(super) fn is_theirs(asked: &Asked, one: &Outage) -> bool {
    one.repository.as_ref().is_none_or(|name| is_asked(asked, name))
}

/// Not before it was made.
pub(super) fn ended(one: &Deployed) -> At {
    if one.ended_at < one.created_at {
        one.created_at
    } else {
        one.ended_at
    }
}

/// What was last said of something.
pub(super) fn said<'f>(facts: &'f DeliveryFacts, subject: &Subject) -> Option<&'f Says> {
    let mut newest: Option<&Correction> = None;
    for one in &facts.corrections {
        if one.subject == *subject && newest.is_none_or(|known| (known.at, &known.id) < (one.at, &one.id)) {
            newest = Some(one);
        }
    }
    newest.map(|one| &one.says)
}

pub(super) fn is_excluded(facts: &DeliveryFacts, subject: &Subject) -> bool {
    said(facts, subject) == Some(&Says::Exclude)
}

/// The generated facts know two environments of production, and one that is none.
pub(super) fn is_production(one: &Deployed) -> bool {
    one.name == "production" || one.name == "prod-eu"
}

/// What went live to production in the repositories that are asked for, as nobody left out; by the end.
pub(super) fn live<'f>(facts: &'f DeliveryFacts, asked: &Asked) -> Vec<&'f Deployed> {
    let mut all: Vec<&Deployed> = Vec::new();
    for one in &facts.deployments {
        let counts =
            is_production(one) && one.outcome == Outcome::Success && is_asked(asked, &one.repository);
        if counts && !is_excluded(facts, &Subject::Deployment(one.id.clone())) {
            all.push(one);
        }
    }
    all.sort_by(|a, b| {
        ended(a)
            .cmp(&ended(b))
            .then(a.created_at.cmp(&b.created_at))
            .then(a.id.cmp(&b.id))
    });
    all
}

/// When a commit came to the default branch, if it is known.
pub(super) fn committed(facts: &DeliveryFacts, repository: &RepositoryName, sha: &str) -> Option<At> {
    for change in &facts.changes {
        if change.key.repository == *repository && change.merge_commit_sha.as_deref() == Some(sha) {
            return Some(change.merged_at);
        }
    }
    for push in &facts.pushes {
        if push.repository == *repository && push.head_sha == sha {
            return Some(push.at);
        }
    }
    None
}

pub(super) fn incident(one: &Outage) -> Subject {
    Subject::Incident {
        source: one.source.clone(),
        external_id: one.external_id.clone(),
    }
}

pub(super) fn change(one: &Change) -> Subject {
    Subject::Change(one.key.clone())
}

/// Why an incident is none that counts.
pub(super) fn no_incident(facts: &DeliveryFacts, one: &Outage) -> Option<Why> {
    match said(facts, &incident(one)) {
        Some(Says::Exclude) => Some(Why::Corrected),
        Some(Says::NotAnIncident) => Some(Why::Dismissed),
        _ => one.dismissed.then_some(Why::Dismissed),
    }
}

/// Production runs of the window that do not count as deployments, by the instant that `at` tells.
pub(super) fn runs_left_out(facts: &DeliveryFacts, asked: &Asked, at: impl Fn(&Deployed) -> At) -> Vec<Line> {
    let mut lines = Vec::new();
    for one in &facts.deployments {
        let is_here = is_window(asked) && is_production(one) && is_asked(asked, &one.repository);
        if !is_here || !within(asked, at(one)) {
            continue;
        }
        if is_excluded(facts, &Subject::Deployment(one.id.clone())) {
            lines.push(Line::left_out(one.id.clone(), at(one), Why::Corrected));
        } else if one.outcome == Outcome::Failure {
            lines.push(Line::left_out(one.id.clone(), at(one), Why::FailedRun));
        }
    }
    lines
}

/// The days of the zone that the window touches.
pub(super) fn days(asked: &Asked) -> Vec<NaiveDate> {
    let last = local(asked, asked.to - Duration::microseconds(1));
    let mut day = local(asked, asked.from);
    let mut all = Vec::new();
    while day <= last {
        all.push(day);
        day = day + Days::new(1);
    }
    all
}

pub(super) fn local(asked: &Asked, at: At) -> NaiveDate {
    at.with_timezone(&asked.zone).date_naive()
}

/// The Monday of a day's week.
pub(super) fn monday(day: NaiveDate) -> NaiveDate {
    day - Days::new(u64::from(day.weekday().num_days_from_monday()))
}

/// The first of a day's month.
pub(super) fn first(day: NaiveDate) -> NaiveDate {
    day.with_day(1).unwrap()
}

/// For each span that the window touches, on how many of its days of the window something happened.
pub(super) fn days_of(asked: &Asked, happened: &[At], span: impl Fn(NaiveDate) -> NaiveDate) -> Vec<f64> {
    let all = days(asked);
    let spans: BTreeSet<NaiveDate> = all.iter().map(|day| span(*day)).collect();
    let mut counts = Vec::new();
    for begun in spans {
        let mut count = 0;
        for day in &all {
            if span(*day) == begun && happened.iter().any(|at| local(asked, *at) == *day) {
                count += 1;
            }
        }
        counts.push(float(count));
    }
    counts.sort_by(f64::total_cmp);
    counts
}

/// The band of a value that is below the first, second or third limit, or of none.
pub(super) fn below(value: f64, [first, second, third]: [f64; 3]) -> Band {
    dora(value < first, value < second, value < third)
}

/// The band of a value that is at most the first, second or third limit, or more.
pub(super) fn at_most(value: f64, [first, second, third]: [f64; 3]) -> Band {
    dora(value <= first, value <= second, value <= third)
}

pub(super) fn dora(is_elite: bool, is_high: bool, is_medium: bool) -> Band {
    if is_elite {
        Band::Elite
    } else if is_high {
        Band::High
    } else if is_medium {
        Band::Medium
    } else {
        Band::Low
    }
}
