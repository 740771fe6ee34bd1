//! Purpose: how long the picture of a report takes, with the first one, which reads the font.
//!
//! `cargo bench -p em-tests --bench chart` prints milliseconds and bytes of pictures of a small and of a large team.

#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run may stop")]

use std::time::{Duration, Instant};

use em_charts::sprint::{Bar, FanDay, SprintPicture, sprint};

/// Pictures in each row of the table.
const PICTURES: usize = 100;

fn main() {
    let started = Instant::now();
    sprint(&picture(12, 20)).unwrap();
    println!("first picture: {:.1} ms\n", ms(started.elapsed()));
    println!("| team | bytes | p50 | p95 | most |");
    println!("| --- | ---: | ---: | ---: | ---: |");
    row("12 open", &picture(12, 20));
    row("5,000 open", &picture(5_000, 900));
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

fn row(team: &str, picture: &SprintPicture) {
    let bytes = sprint(picture).unwrap().len();
    let mut times: Vec<Duration> = (0..PICTURES)
        .map(|_| {
            let started = Instant::now();
            sprint(picture).unwrap();
            started.elapsed()
        })
        .collect();
    times.sort_unstable();
    let at = |percent: usize| ms(times[(times.len() - 1) * percent / 100]);
    println!(
        "| {team} | {bytes} | {:.1} ms | {:.1} ms | {:.1} ms |",
        at(50),
        at(95),
        at(100)
    );
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
