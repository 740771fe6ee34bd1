//! Purpose: from counted metrics to what pictures show.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike as _, NaiveDate, Utc};
use em_blocks::dora::told;
use em_blocks::sprint::picture_day;
use em_charts::Measure;
use em_charts::breakdown::{BreakdownPicture, BreakdownWeek, breakdown as draw_breakdown};
use em_charts::calendar::{CalendarDay, CalendarPicture, calendar as draw_calendar};
use em_charts::cumulative_flow::{CumulativeFlowPicture, Layer, cumulative_flow};
use em_charts::scatter::{Level, Moment, ScatterPicture, ScatterPoint, scatter};
use em_domain::delivery::{Asked, FiveKeys, Measured, Parts, ProofRow, Unit};
use em_domain::flow::{Flow, FlowMetric};

use super::Picture;

/// The parts of a lead time, as they are named.
const PARTS: [&str; 5] = ["coding", "pickup", "review", "merge", "deploy"];

/// The mean of each part, of each week and of all.
pub(super) fn breakdown(about: &str, keys: &FiveKeys) -> Picture {
    let time = &keys.lead_time.time;
    let mut weeks: BTreeMap<NaiveDate, Vec<Parts>> = BTreeMap::new();
    for row in counted(time) {
        if let (Some(parts), Some(week)) = (
            row.parts,
            keys.weeks
                .iter()
                .rev()
                .find(|week| week.monday <= day(&keys.asked, row.at)),
        ) {
            weeks.entry(week.monday).or_default().push(parts);
        }
    }
    let all: Vec<Parts> = weeks.values().flatten().copied().collect();
    let overall = mean_hours(&all);
    let picture = BreakdownPicture {
        title: about.to_owned(),
        heading: "Where lead time goes".to_owned(),
        headline: keys.lead_time.mean.map_or_else(String::new, |mean| {
            format!("{} on average", told(mean, Unit::Seconds))
        }),
        names: PARTS.map(str::to_owned),
        measure: Measure::Hours,
        overall,
        weeks: keys
            .weeks
            .iter()
            .map(|week| BreakdownWeek {
                label: picture_day(week.monday),
                parts: weeks.get(&week.monday).and_then(|parts| mean_hours(parts)),
                is_partial: week.is_partial,
            })
            .collect(),
    };
    let words = overall.map(|overall| {
        let parts = PARTS
            .iter()
            .zip(overall)
            .map(|(name, hours)| format!("{name} {}", told(hours * 3_600.0, Unit::Seconds)));
        format!("On average {}.", parts.collect::<Vec<_>>().join(", "))
    });
    Picture {
        title: format!("Where lead time goes: {about}"),
        words: words.unwrap_or_else(|| "Nothing was delivered.".to_owned()),
        draw: Box::new(move |theme| draw_breakdown(&picture, theme)),
    }
}

fn mean_hours(parts: &[Parts]) -> Option<[f64; 5]> {
    let of = |part: fn(&Parts) -> i64| {
        let sum: i64 = parts.iter().map(part).sum();
        number(sum) / number(i64::try_from(parts.len()).unwrap_or(i64::MAX)) / 3_600.0
    };
    (!parts.is_empty()).then(|| {
        [
            of(|parts| parts.coding),
            of(|parts| parts.pickup),
            of(|parts| parts.review),
            of(|parts| parts.merge),
            of(|parts| parts.deploy),
        ]
    })
}

/// How often something went live on each day, and on which something failed.
pub(super) fn calendar(about: &str, keys: &FiveKeys) -> Picture {
    let asked = &keys.asked;
    let mut live: BTreeMap<NaiveDate, CalendarDay> = BTreeMap::new();
    for row in counted(&keys.frequency.rate) {
        let day = live.entry(day(asked, row.at)).or_default();
        day.count = Some(day.count.unwrap_or(0) + 1);
    }
    for row in counted(&keys.change_fail).filter(|row| row.value.is_some_and(|value| value > 0.0)) {
        live.entry(day(asked, row.at)).or_default().has_failed = true;
    }
    let days: Vec<NaiveDate> = days(asked).collect();
    let is_first_of_month = |(_, day): &(usize, &NaiveDate)| day.day() == 1;
    let picture = CalendarPicture {
        title: about.to_owned(),
        heading: "Deployments of each day".to_owned(),
        headline: format!("{} in all", keys.frequency.rate.sample),
        failed: "a deployment failed".to_owned(),
        first_weekday: days
            .first()
            .map_or(0, |first| first.weekday().num_days_from_monday() as usize),
        months: days
            .iter()
            .enumerate()
            .filter(is_first_of_month)
            .map(|(at, day)| (at, day.format("%b").to_string()))
            .collect(),
        days: days
            .iter()
            .map(|day| {
                let found = live.get(day).copied().unwrap_or_default();
                CalendarDay {
                    count: Some(found.count.unwrap_or(0)),
                    ..found
                }
            })
            .collect(),
    };
    let words = format!(
        "{} deployments on {} of {} days; on {} days one failed.",
        keys.frequency.rate.sample,
        live.values().filter(|day| day.count.is_some()).count(),
        days.len(),
        live.values().filter(|day| day.has_failed).count()
    );
    Picture {
        title: format!("Deployments of each day: {about}"),
        words,
        draw: Box::new(move |theme| draw_calendar(&picture, theme)),
    }
}

/// The cycle time of each change, with percentiles across.
pub(super) fn cycle_times(about: &str, flow: &Flow, goal: Option<f64>) -> Picture {
    let found = flow.of(FlowMetric::CycleTime);
    let days_from = |at: DateTime<Utc>| number((at - flow.asked.from).num_minutes()) / 1_440.0;
    let points = counted(&found.measured).filter_map(|row| {
        Some(ScatterPoint {
            at: days_from(row.at),
            value: row.value? / 3_600.0,
        })
    });
    let levels = found.percentiles.iter().map(|one| Level {
        label: format!("p{}", one.percent),
        value: one.value / 3_600.0,
    });
    let goal = goal.map(|seconds| Level {
        label: "goal".to_owned(),
        value: seconds / 3_600.0,
    });
    let mondays = flow.weeks.iter().filter(|week| !week.is_partial);
    let moment = |monday: NaiveDate| {
        let at = monday.and_time(chrono::NaiveTime::MIN).and_utc();
        Moment {
            at: days_from(at),
            label: picture_day(monday),
        }
    };
    let picture = ScatterPicture {
        title: about.to_owned(),
        heading: "Cycle time of each change".to_owned(),
        headline: found.measured.value.map_or_else(
            |_| String::new(),
            |value| format!("{} in the middle", told(value, Unit::Seconds)),
        ),
        measure: Measure::Hours,
        points: points.collect(),
        moments: mondays.map(|week| moment(week.monday)).collect(),
        levels: levels.chain(goal).collect(),
    };
    let spread = found
        .percentiles
        .iter()
        .map(|one| format!("{} % within {}", one.percent, told(one.value, Unit::Seconds)));
    let spread: Vec<String> = spread.collect();
    let words = match found.measured.value {
        Ok(_) => format!("{} changes: {}.", found.measured.sample, spread.join(", ")),
        Err(why) => format!("{}.", why.words()),
    };
    Picture {
        title: format!("Cycle time of each change: {about}"),
        words,
        draw: Box::new(move |theme| scatter(&picture, theme)),
    }
}

/// What was open at the end of each week, above what had been merged since the beginning.
pub(super) fn open_work(about: &str, flow: &Flow) -> Picture {
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let merged = flow.weeks.iter().scan(0_u32, |sum, week| {
        *sum = sum.saturating_add(count(week.merged));
        Some(*sum)
    });
    let merged: Vec<u32> = merged.collect();
    let at_end = flow.weeks.last().map_or(0, |week| week.work_in_progress);
    let layer = |label: &str, counts| Layer {
        label: label.to_owned(),
        counts,
    };
    let words = format!(
        "{at_end} pull requests are open at the end; {} were merged in this time.",
        merged.last().copied().unwrap_or(0)
    );
    let open = flow.weeks.iter().map(|week| count(week.work_in_progress));
    let picture = CumulativeFlowPicture {
        title: about.to_owned(),
        heading: "Pull requests by week".to_owned(),
        headline: format!("{at_end} open"),
        days: flow.weeks.iter().map(|week| picture_day(week.monday)).collect(),
        layers: vec![layer("merged", merged), layer("open", open.collect())],
    };
    Picture {
        title: format!("Open work: {about}"),
        words,
        draw: Box::new(move |theme| cumulative_flow(&picture, theme)),
    }
}

fn counted(measured: &Measured) -> impl Iterator<Item = &ProofRow> {
    let is_counted = |row: &&ProofRow| row.standing == em_domain::delivery::Standing::Counted;
    measured.proof.iter().filter(is_counted)
}

fn day(asked: &Asked, at: DateTime<Utc>) -> NaiveDate {
    at.with_timezone(&asked.zone).date_naive()
}

/// The days that the window touches.
fn days(asked: &Asked) -> impl Iterator<Item = NaiveDate> {
    let last = day(asked, asked.to - chrono::Duration::nanoseconds(1));
    day(asked, asked.from)
        .iter_days()
        .take_while(move |day| *day <= last)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts and seconds of facts are far below 2^53"
)]
fn number(whole: i64) -> f64 {
    whole as f64
}
