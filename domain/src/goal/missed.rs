//! Purpose: whether a goal holds over its window, and what is told where it does not.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::working::working_seconds;
use super::{Goal, Limit, MISSED};
use crate::calendar::WorkCalendar;
use crate::delivery::{Measured, NoValue, Unit, percentile};
use crate::signal::{Finding, Severity};

/// A middle or a share of fewer things than this is chance: the goal is neither held nor missed.
const FEW: usize = 5;

/// How a goal stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Standing {
    /// It holds; the value in the metric's unit, seconds of working time where the limit is one. `None` where there was
    /// nothing that could miss it.
    Held(Option<f64>),
    /// It does not; the value likewise.
    Missed(f64),
    /// Nobody can say.
    Unknown(Unsure),
}

/// Why nobody can say whether a goal holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsure {
    /// There is no value.
    NoValue(NoValue),
    /// It is of so few.
    TooFew(usize),
}

/// How the goal stands by its metric over its window. `to` is the end of the window.
pub fn standing(goal: &Goal, measured: &Measured, to: DateTime<Utc>, calendar: &WorkCalendar) -> Standing {
    let value = match measured.value {
        Ok(value) => value,
        // What did not happen missed nothing.
        Err(NoValue::NothingFailed | NoValue::NothingOpen) => return Standing::Held(None),
        Err(why) => return Standing::Unknown(Unsure::NoValue(why)),
    };
    let value = match goal.limit {
        Limit::Time { .. } if goal.limit.is_working_time() => {
            let mut worked = working_seconds(goal.metric, measured, to, calendar);
            worked.sort_unstable();
            match percentile(&worked, 50) {
                Some(middle) => middle,
                None => return Standing::Unknown(Unsure::TooFew(0)),
            }
        }
        Limit::Time { .. } | Limit::Value(_) => value,
    };
    // Of what is a number itself, a small one says enough.
    let is_number = matches!(measured.unit, Unit::PerWeek | Unit::Count);
    if !is_number && measured.sample < FEW {
        return Standing::Unknown(Unsure::TooFew(measured.sample));
    }
    if goal.holds_at(value, calendar) {
        Standing::Held(Some(value))
    } else {
        Standing::Missed(value)
    }
}

/// What is told of a goal that is missed, since `since`; `value` is the value in words.
pub fn finding(goal: &Goal, value: &str, since: DateTime<Utc>) -> Finding {
    let title = format!(
        "{}: {value} in {} days, goal {}",
        goal.title(),
        goal.days,
        goal.in_words()
    );
    Finding {
        rule: goal.name(),
        kind: MISSED.name.to_owned(),
        subject: goal.name(),
        severity: Severity::Warning,
        title,
        // What misses it is in no page but in the number's proof.
        url: String::new(),
        repository: None,
        people: Vec::new(),
        since,
        details: goal.details(),
    }
}

impl Goal {
    /// What it is, as details of its findings.
    pub(super) fn details(&self) -> BTreeMap<String, Value> {
        let team = self.team.as_ref().map(|team| team.name.as_str());
        let details = [
            ("team", team.into()),
            ("metric", self.metric.as_str().into()),
            ("goal", self.in_words().into()),
            ("window_days", self.days.into()),
        ];
        let named = details.into_iter().map(|(name, value)| (name.to_owned(), value));
        named.collect()
    }
}
