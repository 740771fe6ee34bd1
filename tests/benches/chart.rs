//! Purpose: how long the pictures of reports take, with the first one, which reads the font.
//!
//! `cargo bench -p em-tests --bench chart` prints milliseconds and bytes of pictures of a small and of a large team, and of
//! each picture of delivery at its usual and at its greatest size.

#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run may stop")]

use std::time::{Duration, Instant};

use em_charts::breakdown::{BreakdownPicture, BreakdownWeek, breakdown};
use em_charts::calendar::{CalendarDay, CalendarPicture, calendar};
use em_charts::cumulative_flow::{CumulativeFlowPicture, Layer, cumulative_flow};
use em_charts::five_keys::{FiveKeysPicture, five_keys};
use em_charts::scatter::{Level, Moment, ScatterPicture, ScatterPoint, scatter};
use em_charts::sprint::{Bar, FanDay, SprintPicture, sprint};
use em_charts::trend::{Trend, TrendPicture, TrendPoint, Zone, trend};
use em_charts::{ChartError, Mark, Measure, Theme};

/// Pictures in each row of the table.
const PICTURES: usize = 100;

fn main() {
    let started = Instant::now();
    sprint(&picture(12, 20)).unwrap();
    println!("first picture: {:.1} ms\n", ms(started.elapsed()));
    println!("| picture | bytes | p50 | p95 | most |");
    println!("| --- | ---: | ---: | ---: | ---: |");
    for (name, open, per_week) in [("12 open", 12, 20), ("5,000 open", 5_000, 900)] {
        let picture = picture(open, per_week);
        row(name, || sprint(&picture));
    }
    for (time, weeks) in [("13 weeks", 13), ("10 years", 520)] {
        delivery_by_weeks(time, weeks);
    }
    for points in [400, 50_000] {
        let picture = durations(points);
        row(&format!("scatter, {points} points"), || {
            scatter(&picture, Theme::Light)
        });
    }
    let picture = year();
    row("calendar, a year", || calendar(&picture, Theme::Light));
}

/// The rows of pictures whose size is how many weeks they show.
fn delivery_by_weeks(time: &str, weeks: u32) {
    let one = TrendPicture {
        title: "payments".to_owned(),
        trend: lead_time(weeks),
        marks: vec![Mark {
            week: 3,
            label: "review pairing".to_owned(),
        }],
    };
    row(&format!("trend, {time}"), || trend(&one, Theme::Light));
    let five = FiveKeysPicture {
        title: "payments".to_owned(),
        trends: vec![lead_time(weeks); 5],
        marks: one.marks.clone(),
    };
    row(&format!("five keys, {time}"), || five_keys(&five, Theme::Light));
    let parts = parts(weeks);
    row(&format!("breakdown, {time}"), || breakdown(&parts, Theme::Light));
    let flow = flow(weeks * 7);
    row(&format!("cumulative flow, {time}"), || {
        cumulative_flow(&flow, Theme::Light)
    });
}

/// Some days of lead time each week, how sure that is, and the usual bands.
fn lead_time(weeks: u32) -> Trend {
    let point = |number: u32| {
        let value = f64::from(30 + number * 7 % 23);
        TrendPoint {
            label: format!("{number} Jan"),
            value: (number % 9 != 5).then_some(value),
            interval: Some((0.7 * value, 1.3 * value)),
            is_partial: number == weeks,
        }
    };
    let zone = |(label, from, to): (&str, f64, f64)| Zone {
        label: label.to_owned(),
        from,
        to,
    };
    Trend {
        heading: "Lead time for changes".to_owned(),
        headline: "1.4 d".to_owned(),
        measure: Measure::Hours,
        points: (1..=weeks).map(point).collect(),
        zones: [("elite", 0.0, 24.0), ("high", 24.0, 168.0)].map(zone).into(),
        goal: Some(24.0),
    }
}

/// The five parts of each of so many weeks.
fn parts(weeks: u32) -> BreakdownPicture {
    let week = |number: u32| BreakdownWeek {
        label: format!("{number} Jan"),
        parts: Some([20.0, 14.0, 9.0, 1.0, 3.0].map(|part| part + f64::from(number * 7 % 11))),
        is_partial: number == weeks,
    };
    BreakdownPicture {
        title: "payments".to_owned(),
        heading: "Where lead time goes".to_owned(),
        headline: "2 d".to_owned(),
        names: ["coding", "pickup", "review", "merge", "deploy"].map(str::to_owned),
        measure: Measure::Hours,
        overall: Some([20.0, 14.0, 9.0, 1.0, 3.0]),
        weeks: (1..=weeks).map(week).collect(),
    }
}

/// Work in four states on so many days.
fn flow(days: u32) -> CumulativeFlowPicture {
    let layer = |(label, step): (&str, u32)| Layer {
        label: label.to_owned(),
        counts: (0..days).map(|day| 10 + day * step / 2 + day * 7 % 5).collect(),
    };
    CumulativeFlowPicture {
        title: "payments".to_owned(),
        heading: "Pull requests by state".to_owned(),
        headline: String::new(),
        days: (0..days).map(|day| format!("{day} Jan")).collect(),
        layers: [("deployed", 4), ("merged", 0), ("in review", 1), ("opened", 0)]
            .map(layer)
            .into(),
    }
}

/// So many durations in a quarter, a few of them very long.
fn durations(points: u32) -> ScatterPicture {
    let point = |number: u32| ScatterPoint {
        at: f64::from(number * 37 % 9_000) / 100.0,
        value: (f64::from(number * 7_919 % 1_000) / 160.0).exp(),
    };
    ScatterPicture {
        title: "payments".to_owned(),
        heading: "Lead time of each change".to_owned(),
        headline: String::new(),
        measure: Measure::Hours,
        points: (0..points).map(point).collect(),
        moments: (0..13_u32)
            .map(|week| Moment {
                at: f64::from(week) * 7.0,
                label: format!("{week} Jan"),
            })
            .collect(),
        levels: [("p50", 23.0), ("p90", 280.0)]
            .map(|(label, value)| Level {
                label: label.to_owned(),
                value,
            })
            .into(),
    }
}

/// A year of deployments, some of them failed.
fn year() -> CalendarPicture {
    let day = |number: u32| CalendarDay {
        count: Some(number * 7 % 11),
        has_failed: number.is_multiple_of(19),
    };
    CalendarPicture {
        title: "payments".to_owned(),
        heading: "Deployments per day".to_owned(),
        headline: String::new(),
        failed: "a deployment failed".to_owned(),
        first_weekday: 3,
        days: (0..365).map(day).collect(),
        months: (0..12).map(|month| (month * 30, "Jan".to_owned())).collect(),
    }
}

/// Thirteen weeks, thirty days to come, and the age of each that is open.
fn picture(open: u32, per_week: u32) -> SprintPicture {
    let week = |number: u32| Bar {
        label: format!("{number} Jan"),
        value: per_week + number * 7 % 11,
        is_partial: number == 13,
    };
    let day = |number: u32| FanDay {
        label: format!("{number} Feb"),
        low: open * number / 40,
        middle: open * number / 34,
        high: open * number / 30,
    };
    let ages: Vec<f64> = (0..open).rev().map(|number| f64::from(number) / 7.0).collect();
    SprintPicture {
        title: "payments, Thu 15 Jan 2026".to_owned(),
        weeks: (1..=13).map(week).collect(),
        fan: (1..=30).map(day).collect(),
        likely: Some("25 Feb".to_owned()),
        open,
        median_age: ages.get(ages.len() / 2).copied(),
        ages,
    }
}

fn row(name: &str, draw: impl Fn() -> Result<Vec<u8>, ChartError>) {
    let bytes = draw().unwrap().len();
    let mut times: Vec<Duration> = (0..PICTURES)
        .map(|_| {
            let started = Instant::now();
            draw().unwrap();
            started.elapsed()
        })
        .collect();
    times.sort_unstable();
    let at = |percent: usize| ms(times[(times.len() - 1) * percent / 100]);
    println!(
        "| {name} | {bytes} | {:.1} ms | {:.1} ms | {:.1} ms |",
        at(50),
        at(95),
        at(100)
    );
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
