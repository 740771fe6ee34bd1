//! Purpose: the worst value that is fine, as people write it: `4 working hours`, `15 %`, `3 per week`, `400 lines`.

use crate::any_metric::AnyMetric;
use crate::calendar::WorkCalendar;
use crate::delivery::{Metric, Unit, seconds};
use crate::flow::FlowMetric;
use crate::signal::{ClockKind, Span};

/// Weeks of a month: a twelfth of a year of 365.25 days.
const WEEKS_OF_A_MONTH: f64 = 365.25 / 12.0 / 7.0;
/// Beyond it nobody means what they write.
const MOST: f64 = 1_000_000.0;

/// The worst value that is fine.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Limit {
    /// A time, and which time counts.
    Time {
        /// How long.
        span: Span,
        /// By which clock.
        clock: ClockKind,
    },
    /// Anything else, in the metric's unit: so many a week, a share from 0 to 1, a number, lines.
    Value(f64),
}

impl Limit {
    /// Reads the limit of a metric.
    ///
    /// # Errors
    /// What is wrong and what may be written instead, without a full stop.
    pub fn parse(metric: AnyMetric, written: &str) -> Result<Self, String> {
        let parts = parts(written);
        match metric.unit() {
            Unit::Seconds => time(metric, written, &parts),
            Unit::Share => share(metric, written, &parts),
            Unit::PerWeek | Unit::PerDay | Unit::PerMonth | Unit::DaysPerWeek => rate(written, &parts),
            Unit::Lines => number(written, &parts, &["line", "lines"], "lines, as `400 lines`", 1.0),
            Unit::Count => {
                let units = ["pull", "pulls", "requests", "request", "open"];
                number(written, &parts, &units, "a whole number, as `10`", 0.0)
            }
            Unit::Gini => match parts.as_slice() {
                [Part::Number(value)] if *value > 0.0 && *value < 1.0 => Ok(Self::Value(*value)),
                _ => Err(format!(
                    "`{written}` cannot be: write a number above 0 and below 1, as `0.4`"
                )),
            },
        }
    }

    /// It in the metric's unit; of a time its seconds by its own clock.
    pub fn value(self, calendar: &WorkCalendar) -> f64 {
        match self {
            Self::Time { span, clock } => seconds(span.length(clock, calendar).num_seconds()),
            Self::Value(value) => value,
        }
    }

    /// Whether it is a time in which people work.
    pub fn is_working_time(self) -> bool {
        matches!(
            self,
            Self::Time {
                clock: ClockKind::Working,
                ..
            }
        )
    }
}

#[derive(Debug, PartialEq)]
enum Part {
    Number(f64),
    Word(String),
}

/// Numbers and words, in lower case: `4working Hours` is `4`, `working`, `hours`; `%` is a word, `/` is `per`.
fn parts(written: &str) -> Vec<Part> {
    let mut parts: Vec<String> = Vec::new();
    let mut last = ' ';
    for letter in written.to_lowercase().chars() {
        let is_number = |c: char| c.is_ascii_digit() || c == '.' || c == '-';
        let goes_on = is_number(letter) == is_number(last) && !matches!(last, ' ' | '%' | '/');
        match (letter, parts.last_mut()) {
            (letter, _) if letter.is_whitespace() => {}
            ('%' | '/', _) => parts.push(letter.to_string()),
            (letter, Some(part)) if goes_on => part.push(letter),
            (letter, _) => parts.push(letter.to_string()),
        }
        last = if letter.is_whitespace() { ' ' } else { letter };
    }
    let read = |part: String| match part.parse::<f64>() {
        Ok(number) if number.is_finite() => Part::Number(number),
        _ if part == "/" => Part::Word("per".to_owned()),
        _ => Part::Word(part),
    };
    parts.into_iter().map(read).collect()
}

/// Metrics of which it is known when each of their times began and ended.
fn can_be_working_time(metric: AnyMetric) -> bool {
    match metric {
        AnyMetric::Delivery(metric) => metric == Metric::LeadTime,
        AnyMetric::Flow(metric) => matches!(
            metric,
            FlowMetric::CycleTime
                | FlowMetric::TimeToFirstReview
                | FlowMetric::ReviewTime
                | FlowMetric::IdleTime
                | FlowMetric::WorkAge
        ),
    }
}

fn time(metric: AnyMetric, written: &str, parts: &[Part]) -> Result<Limit, String> {
    let working = |part: &&Part| **part == Part::Word("working".to_owned());
    let clock = match parts.iter().filter(working).count() {
        0 => ClockKind::Wall,
        _ if !can_be_working_time(metric) => {
            return Err(format!(
                "{} counts all hours: write `{}`",
                metric.as_str(),
                written.to_lowercase().replace("working ", "")
            ));
        }
        _ => ClockKind::Working,
    };
    let rest: Vec<&Part> = parts.iter().filter(|part| !working(part)).collect();
    let (mut days, mut minutes) = (0.0, 0.0);
    for pair in rest.chunks(2) {
        let [Part::Number(number), Part::Word(unit)] = pair else {
            return Err(no_time(metric, written));
        };
        match (unit.as_str(), clock) {
            ("m" | "min" | "minute" | "minutes", _) => minutes += number,
            ("h" | "hour" | "hours", _) => minutes += number * 60.0,
            ("d" | "day" | "days", ClockKind::Wall) => minutes += number * 24.0 * 60.0,
            ("w" | "week" | "weeks", ClockKind::Wall) => minutes += number * 7.0 * 24.0 * 60.0,
            // How long a working day is the calendar says.
            ("d" | "day" | "days", ClockKind::Working) => days += number,
            _ => return Err(no_time(metric, written)),
        }
    }
    let is_whole = |number: f64| number >= 0.0 && number.fract() == 0.0;
    let span = Some(format!("{days}d {minutes}m"))
        .filter(|_| is_whole(days) && is_whole(minutes))
        .and_then(|span| Span::parse(&span));
    let span = span.ok_or_else(|| no_time(metric, written))?;
    Ok(Limit::Time { span, clock })
}

fn no_time(metric: AnyMetric, written: &str) -> String {
    let examples = if can_be_working_time(metric) {
        "`4 working hours`, `2 working days` or `36 hours`"
    } else {
        "`90 minutes`, `4 hours` or `2 days`"
    };
    format!(
        "`{written}` is no time that I understand: {} is a time, write it in whole minutes and at most ten years, as {examples}",
        metric.as_str()
    )
}

fn share(metric: AnyMetric, written: &str, parts: &[Part]) -> Result<Limit, String> {
    let [Part::Number(percent), Part::Word(unit)] = parts else {
        return Err(format!(
            "`{written}` is no share: {} is one, write it as `15 %`",
            metric.as_str()
        ));
    };
    let is_percent = matches!(unit.as_str(), "%" | "percent");
    let is_share = is_percent && (0.0..=100.0).contains(percent);
    // Such a goal would hold whatever happens.
    let wants_more = metric.more_is_better() == Some(true);
    let is_empty = if wants_more {
        *percent <= 0.0
    } else {
        *percent >= 100.0
    };
    if is_share && is_empty {
        return Err(format!(
            "`{written}` holds whatever happens: write a share that can be missed"
        ));
    }
    if !is_share {
        return Err(format!(
            "`{written}` is no share: write one from `0 %` to `100 %`"
        ));
    }
    Ok(Limit::Value(percent / 100.0))
}

fn rate(written: &str, parts: &[Part]) -> Result<Limit, String> {
    let wrong = || {
        format!(
            "`{written}` says not how often: write `3 per week`, `1 per day` or `2 per month`, above zero"
        )
    };
    let [Part::Number(number), Part::Word(per), Part::Word(unit)] = parts else {
        return Err(wrong());
    };
    let weekly = match unit.as_str() {
        "day" => number * 7.0,
        "week" => *number,
        "month" => number / WEEKS_OF_A_MONTH,
        _ => return Err(wrong()),
    };
    let fits = matches!(per.as_str(), "per" | "a") && weekly > 0.0 && weekly <= MOST;
    fits.then_some(Limit::Value(weekly)).ok_or_else(wrong)
}

/// A whole number, with or without its unit behind it.
fn number(written: &str, parts: &[Part], units: &[&str], example: &str, least: f64) -> Result<Limit, String> {
    let is_unit = |part: &Part| matches!(part, Part::Word(word) if units.contains(&word.as_str()));
    match parts.split_first() {
        Some((Part::Number(number), rest))
            if rest.iter().all(is_unit) && number.fract() == 0.0 && *number >= least && *number <= MOST =>
        {
            Ok(Limit::Value(*number))
        }
        _ => Err(format!("`{written}` cannot be: write {example}")),
    }
}
