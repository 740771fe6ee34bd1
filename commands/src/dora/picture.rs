//! Purpose: the picture of the five delivery metrics: week by week, one below the other, with the marks that people set.

use chrono::{DateTime, NaiveDate, Utc};
use em_blocks::dora::{DoraView, picture_alt, told};
use em_blocks::goal::GoalLine;
use em_blocks::sprint::picture_day;
use em_charts::five_keys::{FiveKeysPicture, five_keys};
use em_charts::trend::{Trend, TrendPoint, Zone};
use em_charts::{Mark, Measure, Theme};
use em_domain::any_metric::AnyMetric;
use em_domain::delivery::{BandRange, FiveKeys, Metric, WeekPoint};
use em_domain::signal::Signal;

use super::post::POSTED_FOR;
use crate::picture::Drawing;

/// The picture of a report; `now` is when it is posted.
pub(super) fn drawing(
    view: &DoraView<'_>,
    marks: &[em_domain::delivery::Mark],
    shifts: &[Signal],
    now: DateTime<Utc>,
) -> Drawing {
    let picture = FiveKeysPicture {
        title: view.heading(),
        trends: Metric::ALL.map(|metric| trend(metric, view)).into(),
        marks: marks
            .iter()
            .filter_map(|mark| placed(mark, view.keys))
            .chain(shifts.iter().filter_map(|shift| shifted(shift, view.keys)))
            .collect(),
    };
    Drawing {
        name: format!("delivery-{}.png", view.calendar.local_date(now)),
        title: view.heading(),
        alt_text: picture_alt(view),
        until: now + POSTED_FOR,
        draw: Box::new(move || five_keys(&picture, Theme::Light)),
    }
}

fn trend(metric: Metric, view: &DoraView<'_>) -> Trend {
    let keys = view.keys;
    let measured = keys.of(metric);
    let of = |line: &&GoalLine| line.goal.metric == AnyMetric::Delivery(metric);
    let goal = view.goals.iter().find(of).map(|line| &line.goal);
    let aim = goal.map_or_else(String::new, |goal| format!(" · goal {}", goal.in_words()));
    // The weeks are of all hours: a limit of working time would be a line at another height.
    let drawn = goal.filter(|goal| !goal.limit.is_working_time());
    let value = measured
        .value
        .map_or_else(|_| "–".to_owned(), |value| told(value, measured.unit));
    let band = measured.band.map(|band| format!(" · {}", band.words()));
    Trend {
        heading: metric.title().to_owned(),
        headline: format!("{value}{}{aim}", band.unwrap_or_default()),
        goal: drawn.map(|goal| scaled(metric, goal.limit.value(view.calendar))),
        measure: match metric {
            Metric::DeploymentFrequency => Measure::Number("per week".to_owned()),
            Metric::LeadTime | Metric::RecoveryTime => Measure::Hours,
            Metric::ChangeFailRate | Metric::ReworkRate => Measure::Number("%".to_owned()),
        },
        points: keys.weeks.iter().map(|week| point(metric, week)).collect(),
        zones: zones(metric, keys),
    }
}

/// The bands, where the report tells in which one the value is.
fn zones(metric: Metric, keys: &FiveKeys) -> Vec<Zone> {
    if keys.of(metric).band.is_err() {
        return Vec::new();
    }
    let ranges = BandRange::all(metric, keys.mode).into_iter();
    ranges
        .map(|range| Zone {
            label: range.band.words().to_owned(),
            from: scaled(metric, range.from),
            to: scaled(metric, range.to),
        })
        .collect()
}

fn point(metric: Metric, week: &WeekPoint) -> TrendPoint {
    TrendPoint {
        label: picture_day(week.monday),
        value: week.value(metric).map(|value| scaled(metric, value)),
        interval: None,
        is_partial: week.is_partial,
    }
}

/// A value as it is drawn.
fn scaled(metric: Metric, value: f64) -> f64 {
    match metric {
        Metric::DeploymentFrequency => value,
        Metric::LeadTime | Metric::RecoveryTime => value / 3_600.0,
        Metric::ChangeFailRate | Metric::ReworkRate => 100.0 * value,
    }
}

/// A shift of one of the five, at its week.
fn shifted(signal: &Signal, keys: &FiveKeys) -> Option<Mark> {
    let details = &signal.finding.details;
    let metric = Metric::parse(details.get("metric")?.as_str()?)?;
    let monday: NaiveDate = details.get("week")?.as_str()?.parse().ok()?;
    let way = if details.get("is_up")?.as_bool()? {
        "rose"
    } else {
        "fell"
    };
    Some(Mark {
        week: keys.weeks.iter().position(|week| week.monday == monday)?,
        label: format!("{} {way}", metric.title()),
    })
}

/// A mark in the week that it was set in.
fn placed(mark: &em_domain::delivery::Mark, keys: &FiveKeys) -> Option<Mark> {
    let day = mark.at.with_timezone(&keys.asked.zone).date_naive();
    let week = keys.weeks.iter().rposition(|week| week.monday <= day)?;
    Some(Mark {
        week,
        label: mark.words.clone(),
    })
}
