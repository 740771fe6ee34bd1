//! Purpose: how a delivery metric is told: its value with arrow, interval and band, or a dash and why.

use std::cmp::Ordering;

use chrono::Duration;
use em_domain::any_metric::AnyMetric;
use em_domain::delivery::{FiveKeys, Interval, Measured, Metric, NoBand, Note, Unit};

use crate::mrkdwn::{Mrkdwn, escape, join};
use crate::sprint::arrow;

/// A value with its unit: `2.4 per week`, `1 d 4 h`, `12.5 %`.
pub fn told(value: f64, unit: Unit) -> String {
    match unit {
        Unit::PerDay => format!("{} per day", number(value)),
        Unit::PerWeek => format!("{} per week", number(value)),
        Unit::PerMonth => format!("{} per month", number(value)),
        Unit::DaysPerWeek => format!("{} days per week", number(value)),
        Unit::Seconds => time(value),
        Unit::Share => format!("{} %", number(100.0 * value)),
        Unit::Count | Unit::Gini => number(value),
        Unit::Lines => format!("{} lines", number(value)),
    }
}

/// With as many places as say something: `0.02`, `0.3`, `4.6`, `28`.
fn number(value: f64) -> String {
    let places = match value.abs() {
        size if size >= 20.0 => 0,
        size if size >= 0.1 || size == 0.0 => 1,
        _ => 2,
    };
    let text = format!("{value:.places$}");
    match text.strip_suffix(".0") {
        Some(whole) => whole.to_owned(),
        None => text,
    }
}

/// Elapsed time: metrics count all hours, not only those in which people work.
fn time(seconds: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a float beyond the range becomes its end"
    )]
    let seconds = seconds.round() as i64;
    crate::time::span(Duration::seconds(seconds), Duration::days(1))
}

/// `2.4 per week [1.8 – 3.1] ↑ (1.9 per week before), high`, or a dash and why.
pub(crate) fn against(metric: AnyMetric, now: &Measured, before: &Measured) -> Mrkdwn {
    let value = match now.value {
        Ok(value) => value,
        Err(why) => return escape(&format!("– {}{}", why.words(), earlier(before))),
    };
    let interval = now
        .interval
        .filter(|interval| told(interval.low, now.unit) != told(interval.high, now.unit))
        .map(|interval| format!(" [{}]", ends(interval, now.unit)));
    let change = match before.value {
        Ok(was) => {
            let way = value.partial_cmp(&was).unwrap_or(Ordering::Equal);
            format!(
                " {}{} ({} before)",
                arrow(way),
                judged(metric, way),
                told(was, before.unit)
            )
        }
        Err(_) => String::new(),
    };
    let banded = match now.band {
        Ok(known) => format!(" · {}", known.words()),
        Err(NoBand::SmallSample) => " · too few for a band".to_owned(),
        Err(NoBand::NoValue | NoBand::NonePublished) => String::new(),
    };
    escape(&format!(
        "{}{}{change}{banded}",
        told(value, now.unit),
        interval.unwrap_or_default()
    ))
}

fn earlier(before: &Measured) -> String {
    match before.value {
        Ok(was) => format!(" ({} before)", told(was, before.unit)),
        Err(_) => String::new(),
    }
}

/// Whether that way is the good one.
fn judged(metric: AnyMetric, way: Ordering) -> &'static str {
    match (way, metric.more_is_better()) {
        (Ordering::Equal, _) | (_, None) => "",
        (Ordering::Greater, Some(true)) | (Ordering::Less, Some(false)) => " better",
        (Ordering::Less, Some(true)) | (Ordering::Greater, Some(false)) => " worse",
    }
}

/// The ends of an interval, with the unit said once.
fn ends(interval: Interval, unit: Unit) -> String {
    let (low, high) = (told(interval.low, unit), told(interval.high, unit));
    // A time has its units in it; of anything else the unit is said once.
    let bare = match unit {
        Unit::Seconds => low.as_str(),
        Unit::PerDay
        | Unit::PerWeek
        | Unit::PerMonth
        | Unit::DaysPerWeek
        | Unit::Share
        | Unit::Lines
        | Unit::Gini
        | Unit::Count => low.split(' ').next().unwrap_or_default(),
    };
    format!("{bare} – {high}")
}

/// Weeks that are drawn as a small picture: more would break the line on a phone.
const DRAWN_WEEKS: usize = 26;

/// The weeks as a small picture of letters: the higher the more, a dot where there is nothing to tell.
pub(crate) fn trend(weeks: impl IntoIterator<Item = Option<f64>>) -> Mrkdwn {
    const STEPS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let mut weeks: Vec<Option<f64>> = weeks.into_iter().collect();
    let skipped = weeks.len().saturating_sub(DRAWN_WEEKS);
    weeks.drain(..skipped);
    let most = weeks.iter().flatten().copied().fold(0.0, f64::max);
    if weeks.len() < 2 || most <= 0.0 {
        return Mrkdwn::default();
    }
    let step = |value: f64| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a value of 0 to 7"
        )]
        let step = (value / most * 7.0).round().clamp(0.0, 7.0) as usize;
        STEPS.get(step).copied().unwrap_or('█')
    };
    let drawn: String = weeks.iter().map(|week| week.map_or('·', step)).collect();
    escape(&drawn)
}

/// Of how many it is, and what else is known of it.
pub(super) fn detail(metric: Metric, keys: &FiveKeys) -> Mrkdwn {
    let measured = keys.of(metric);
    if measured.value.is_err() {
        return Mrkdwn::default();
    }
    let sample = measured.sample;
    let text = match metric {
        Metric::DeploymentFrequency => frequency(keys),
        Metric::LeadTime => return join(lead_time(keys).iter().map(|line| escape(line)), "\n"),
        Metric::ChangeFailRate => format!("{} of {} failed", measured.fitting(), of(sample, "deployment")),
        Metric::RecoveryTime => format!("of {}", of(sample, "recovery")),
        Metric::ReworkRate => format!("{} of {} unplanned", measured.fitting(), of(sample, "deployment")),
    };
    escape(&text)
}

fn of(count: usize, what: &str) -> String {
    match (count, what) {
        (1, what) => format!("1 {what}"),
        (count, "recovery") => format!("{count} recoveries"),
        (count, what) => format!("{count} {what}s"),
    }
}

fn frequency(keys: &FiveKeys) -> String {
    let deployments = of(keys.frequency.rate.sample, "deployment");
    let days = of(keys.frequency.days_with_deployment, "day");
    let median = keys.frequency.median_per_week;
    let median = median.map(|weeks| format!(", at most {} in half of the whole weeks", number(weeks)));
    format!("{deployments} on {days}{}", median.unwrap_or_default())
}

/// Of how many, and below it the parts.
fn lead_time(keys: &FiveKeys) -> Vec<String> {
    let changes = of(keys.lead_time.time.sample, "change");
    let percentiles = keys.lead_time.percentiles.iter().filter(|one| one.percent > 50);
    let percentiles: Vec<String> = percentiles
        .map(|one| format!("{} % in {}", one.percent, time(one.value)))
        .collect();
    let head = if percentiles.is_empty() {
        format!("of {changes}")
    } else {
        format!("of {changes}; {}", percentiles.join(", "))
    };
    let parts = keys.lead_time.parts.and_then(|parts| {
        let parts = [
            ("coding", parts.coding),
            ("pickup", parts.pickup),
            ("review", parts.review),
            ("merge", parts.merge),
            ("deploy", parts.deploy),
        ];
        // A part that is not known has its time in the next.
        let known = parts.into_iter().filter(|(_, part)| part.mean >= 60.0);
        let told: Vec<String> = known
            .map(|(name, part)| format!("{name} {}", time(part.mean)))
            .collect();
        (!told.is_empty()).then(|| format!("On average: {}", told.join(" + ")))
    });
    std::iter::once(head).chain(parts).collect()
}

/// What is missing, each once: `3 of 41 deployments have no commit that we know`.
pub(crate) fn missing<'m>(metrics: impl IntoIterator<Item = &'m Measured>) -> Mrkdwn {
    let mut told: Vec<Note> = Vec::new();
    for note in metrics.into_iter().flat_map(|measured| &measured.notes) {
        if note.count > 0 && !told.iter().any(|known| known.about == note.about) {
            told.push(*note);
        }
    }
    let lines = told.into_iter().map(|note| escape(&in_words(note)));
    join(lines, " · ")
}

/// A note as it is read.
pub(super) fn in_words(note: Note) -> String {
    format!("{} of {} {}", note.count, note.of, note.about.words())
}
