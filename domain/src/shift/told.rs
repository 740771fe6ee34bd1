//! Purpose: a shift as a finding, and which shifts people were told of: each once and never again.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};

use super::{SHIFTED, Shift, WEEKS};
use crate::any_metric::AnyMetric;
use crate::signal::Finding;

/// What people are told of a shift.
#[derive(Debug, Clone, Copy)]
pub struct Told<'t> {
    /// The team; everybody if absent.
    pub team: Option<&'t str>,
    /// Which metric.
    pub metric: AnyMetric,
    /// The value before with its interval, in words.
    pub before: &'t str,
    /// The value from the shift on, in words.
    pub after: &'t str,
}

/// What a shift of a metric is called: `payments lead-time 2026-09-07`. The first two words are its series.
pub fn subject(team: Option<&str>, metric: AnyMetric, monday: NaiveDate) -> String {
    format!("{} {monday}", series(team, metric))
}

/// What all shifts of one metric of one team have in common.
fn series(team: Option<&str>, metric: AnyMetric) -> String {
    format!("{} {}", team.unwrap_or("everybody"), metric.as_str())
}

/// The last shift of a metric that people were told of, by its Monday, from the subjects of all that they were told of.
pub fn last<'s>(
    team: Option<&str>,
    metric: AnyMetric,
    subjects: impl IntoIterator<Item = &'s str>,
) -> Option<NaiveDate> {
    let series = series(team, metric);
    let mondays = subjects.into_iter().filter_map(|subject| {
        let monday = subject.strip_prefix(&series)?.strip_prefix(' ')?;
        monday.parse::<NaiveDate>().ok()
    });
    mondays.max()
}

/// What is told of a shift. `begins` is the first instant of its week.
pub fn finding(shift: &Shift, told: &Told<'_>, begins: DateTime<Utc>) -> Finding {
    let of = told.team.map_or_else(String::new, |team| format!(" of {team}"));
    let way = if shift.is_up { "rose" } else { "fell" };
    // A title is cut where it is shown; since when it is so stands beside it.
    let title = format!(
        "{}{of} {way} from {} to {}",
        told.metric.title(),
        told.before,
        told.after
    );
    let details: BTreeMap<_, _> = [
        ("team".to_owned(), told.team.into()),
        ("metric".to_owned(), told.metric.as_str().into()),
        ("window_days".to_owned(), (7 * WEEKS).into()),
        ("week".to_owned(), shift.monday.to_string().into()),
        ("is_up".to_owned(), shift.is_up.into()),
        ("chance".to_owned(), shift.chance.into()),
    ]
    .into_iter()
    .collect();
    Finding {
        rule: SHIFTED.name.to_owned(),
        kind: SHIFTED.name.to_owned(),
        subject: subject(told.team, told.metric, shift.monday),
        severity: SHIFTED.severity,
        title,
        // What shifted is in no page but in the number's proof.
        url: String::new(),
        repository: None,
        people: Vec::new(),
        since: begins,
        details,
    }
}
