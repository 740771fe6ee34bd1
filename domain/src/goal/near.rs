//! Purpose: what is about to miss a goal: pull requests that have used up most of the time that a goal gives each of them,
//! where the clock of its metric still runs. Whoever can act is told while there is time.

use chrono::{DateTime, Duration, Utc};

use super::{AT_RISK, Goal, Limit};
use crate::any_metric::AnyMetric;
use crate::calendar::WorkCalendar;
use crate::flow::FlowMetric;
use crate::signal::{ClockKind, Facts, Finding, Severity, WatchedPull};
use crate::triage::Turn;

/// The clock of a metric that runs for a pull request.
struct Running {
    /// Since when.
    since: DateTime<Utc>,
    /// An earlier time that counts too, if there was one.
    before: Option<(DateTime<Utc>, DateTime<Utc>)>,
}

impl Running {
    fn since(since: DateTime<Utc>) -> Self {
        Self { since, before: None }
    }
}

/// The clock of the metric, if it runs for this pull request; for metrics that have none it never does.
fn clock(metric: AnyMetric, pull: &WatchedPull) -> Option<Running> {
    let AnyMetric::Flow(metric) = metric else {
        return None;
    };
    let unreviewed = || {
        pull.reviewed_at
            .is_none()
            .then(|| Running::since(pull.presented_at))
    };
    match metric {
        FlowMetric::TimeToFirstReview => unreviewed(),
        // Approved, it is over; while CI is red nobody knows whether it was approved.
        FlowMetric::ReviewTime => pull
            .reviewed_at
            .filter(|_| matches!(pull.turn, Turn::Reviewer | Turn::Author))
            .map(Running::since),
        FlowMetric::IdleTime => unreviewed().or_else(|| {
            let before = Some((pull.presented_at, pull.reviewed_at?));
            let since = pull.waiting_since;
            (pull.turn == Turn::Merge).then_some(Running { since, before })
        }),
        FlowMetric::WorkAge => {
            let began_at = pull.began_at.unwrap_or(pull.presented_at);
            Some(Running::since(began_at.min(pull.presented_at)))
        }
        FlowMetric::Throughput
        | FlowMetric::CycleTime
        | FlowMetric::FlowEfficiency
        | FlowMetric::ChangeSize
        | FlowMetric::WorkInProgress
        | FlowMetric::ReviewSpread
        | FlowMetric::CiDuration
        | FlowMetric::CiFlakiness => None,
    }
}

/// What has to happen within the limit.
fn what_is_due(goal: &Goal) -> &'static str {
    match goal.metric {
        AnyMetric::Flow(FlowMetric::TimeToFirstReview) => "First review",
        AnyMetric::Flow(FlowMetric::ReviewTime) => "Approval",
        AnyMetric::Flow(FlowMetric::IdleTime) => "Next step",
        AnyMetric::Delivery(_) | AnyMetric::Flow(_) => "Merge",
    }
}

/// The instants by which a clock must have begun to be told of, and to have missed the goal.
struct Bounds {
    near: DateTime<Utc>,
    past: DateTime<Utc>,
}

/// Pull requests that near a goal or are past it, while the clock of its metric runs. As with metrics, those of bots count
/// only if `counts_bots`.
///
/// Instants are compared, as rules do, so that the work does not grow with how old things are.
pub fn near(
    goals: &[Goal],
    facts: &Facts,
    counts_bots: bool,
    now: DateTime<Utc>,
    calendar: &WorkCalendar,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for goal in goals {
        let Limit::Time { span, clock: kind } = goal.limit else {
            continue;
        };
        let length = span.length(kind, calendar);
        let bounds = |used: Duration| bounds(goal, kind, length, used, now, calendar);
        let plain = bounds(Duration::zero());
        let covered = facts.pulls.iter().filter(|pull| {
            (counts_bots || !pull.author.is_bot) && goal.covers(&pull.key.repository, &pull.author.login)
        });
        for pull in covered {
            let Some(running) = clock(goal.metric, pull) else {
                continue;
            };
            let own = running
                .before
                .and_then(|(from, to)| bounds(kind.between(from, to, calendar)));
            let Some(at) = own.as_ref().or(plain.as_ref()) else {
                continue;
            };
            if running.since <= at.near {
                findings.push(finding(goal, pull, &running, running.since <= at.past));
            }
        }
    }
    findings
}

/// The bounds of a clock that had run for `used` before; `None` if nobody ever works that long.
fn bounds(
    goal: &Goal,
    kind: ClockKind,
    length: Duration,
    used: Duration,
    now: DateTime<Utc>,
    calendar: &WorkCalendar,
) -> Option<Bounds> {
    let warned = Duration::seconds(length.num_seconds() * i64::from(goal.warn_at_percent) / 100);
    // Working time before an instant is looked for above zero.
    let left = |whole: Duration| (whole - used).max(Duration::seconds(1));
    let near = kind.before(now, left(warned), calendar)?;
    let past = kind
        .before(now, left(length), calendar)
        .unwrap_or(DateTime::UNIX_EPOCH);
    Some(Bounds { near, past })
}

fn finding(goal: &Goal, pull: &WatchedPull, running: &Running, is_past: bool) -> Finding {
    let (severity, due) = if is_past {
        (Severity::Warning, "overdue, goal")
    } else {
        (Severity::Info, "due within")
    };
    // A title is cut where it is shown, so what matters comes first.
    let title = format!("{} {due} {}: {}", what_is_due(goal), goal.written, pull.title);
    let mut details = goal.details();
    details.insert("author".to_owned(), pull.author.login.as_str().into());
    details.insert("labels".to_owned(), pull.labels.clone().into());
    details.insert("is_past".to_owned(), is_past.into());
    Finding {
        rule: goal.name(),
        kind: AT_RISK.name.to_owned(),
        subject: pull.key.to_string(),
        severity,
        title,
        url: pull.url.clone(),
        repository: Some(pull.key.repository.clone()),
        people: pull.whose_move(),
        since: running.since,
        details,
    }
}
