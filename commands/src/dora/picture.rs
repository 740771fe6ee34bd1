//! Purpose: the picture of the five delivery metrics: week by week, one below the other, with the marks that people set.

use chrono::{DateTime, Utc};
use em_blocks::dora::{DoraView, picture_alt, told};
use em_blocks::sprint::picture_day;
use em_charts::five_keys::{FiveKeysPicture, five_keys};
use em_charts::trend::{Trend, TrendPoint};
use em_charts::{Mark, Measure, Theme};
use em_domain::delivery::{FiveKeys, Metric, WeekPoint};

use super::post::POSTED_FOR;
use crate::picture::Drawing;

/// The picture of a report; `now` is when it is posted.
pub(super) fn drawing(
    view: &DoraView<'_>,
    marks: &[em_domain::delivery::Mark],
    now: DateTime<Utc>,
) -> Drawing {
    let picture = FiveKeysPicture {
        title: view.heading(),
        trends: Metric::ALL.map(|metric| trend(metric, view.keys)).into(),
        marks: marks.iter().filter_map(|mark| placed(mark, view.keys)).collect(),
    };
    Drawing {
        name: format!("delivery-{}.png", view.calendar.local_date(now)),
        title: view.heading(),
        alt_text: picture_alt(view),
        until: now + POSTED_FOR,
        draw: Box::new(move || five_keys(&picture, Theme::Light)),
    }
}

fn trend(metric: Metric, keys: &FiveKeys) -> Trend {
    let measured = keys.of(metric);
    let value = measured
        .value
        .map_or_else(|_| "–".to_owned(), |value| told(value, measured.unit));
    let band = measured.band.map(|band| format!(" · {}", band.words()));
    Trend {
        heading: metric.title().to_owned(),
        headline: format!("{value}{}", band.unwrap_or_default()),
        measure: match metric {
            Metric::DeploymentFrequency => Measure::Number(" per week".to_owned()),
            Metric::LeadTime | Metric::RecoveryTime => Measure::Hours,
            Metric::ChangeFailRate | Metric::ReworkRate => Measure::Number(" %".to_owned()),
        },
        points: keys.weeks.iter().map(|week| point(metric, week)).collect(),
        ..Trend::default()
    }
}

fn point(metric: Metric, week: &WeekPoint) -> TrendPoint {
    TrendPoint {
        label: picture_day(week.monday),
        value: week.value(metric).map(|value| match metric {
            Metric::DeploymentFrequency => value,
            Metric::LeadTime | Metric::RecoveryTime => value / 3_600.0,
            Metric::ChangeFailRate | Metric::ReworkRate => 100.0 * value,
        }),
        interval: None,
        is_partial: week.is_partial,
    }
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
