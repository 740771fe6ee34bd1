//! Purpose: a window as programs ask for it: so many days until now, or from a day to a day; of a repository or team.

use std::collections::BTreeSet;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeZone as _, Utc};
use chrono_tz::Tz;
use em_domain::delivery::Asked;
use em_domain::triage::TeamScope;
use em_storage::Store;

use super::question::{DEFAULT_DAYS, days, repository};
use crate::invocation::CommandError;
use crate::team;

/// What is asked for, as written.
#[derive(Debug, Clone, Copy, Default)]
pub struct Window<'a> {
    /// So many days until now, as `90d`.
    pub days: Option<&'a str>,
    /// The first day, as `2026-01-31`, or an instant.
    pub from: Option<&'a str>,
    /// The last day, or an instant that is no longer in.
    pub to: Option<&'a str>,
    /// Only this repository.
    pub repository: Option<&'a str>,
    /// Only this team.
    pub team: Option<&'a str>,
}

/// What it is read by.
#[derive(Debug, Clone, Copy)]
pub struct Around<'a> {
    /// Which repositories are known.
    pub store: &'a Store,
    /// The configured teams.
    pub teams: &'a [TeamScope],
    /// The zone of days.
    pub zone: Tz,
    /// The time.
    pub now: DateTime<Utc>,
}

impl Window<'_> {
    /// The window.
    ///
    /// # Errors
    /// A date, repository or team that there is not, or a window without any time; in words for whoever asked.
    pub async fn asked(&self, around: Around<'_>) -> Result<Asked, CommandError> {
        let (from, to) = self.ends(around)?;
        if from >= to {
            return Err(CommandError::user(
                "The window holds no time: its first day must be before its last.",
            ));
        }
        let mut asked = Asked {
            from,
            to,
            zone: around.zone,
            repositories: None,
            members: None,
        };
        if !asked.is_window() {
            let years = Asked::MAX_DAYS / 366;
            return Err(CommandError::user(format!(
                "The window is longer than {years} years."
            )));
        }
        match (self.repository, self.team) {
            (Some(_), Some(_)) => {
                return Err(CommandError::user("Name a repository or a team, not both."));
            }
            (Some(name), None) => {
                asked.repositories = Some(BTreeSet::from([repository(around.store, name).await?]));
            }
            (None, Some(name)) => {
                (asked.repositories, asked.members) = whose(team::among(around.teams, name)?);
            }
            (None, None) => {}
        }
        Ok(asked)
    }

    fn ends(&self, around: Around<'_>) -> Result<(DateTime<Utc>, DateTime<Utc>), CommandError> {
        if self.days.is_some() && (self.from.is_some() || self.to.is_some()) {
            return Err(CommandError::user(
                "Give a number of days, or days from and to; not both.",
            ));
        }
        let to = self
            .to
            .map_or(Ok(around.now), |text| instant(text, around.zone, 1))?;
        let length = self.days.map_or(Ok(DEFAULT_DAYS), days)?;
        let before = to.checked_sub_days(Days::new(length.into())).unwrap_or(to);
        let from = self
            .from
            .map_or(Ok(before), |text| instant(text, around.zone, 0))?;
        Ok((from, to))
    }
}

/// A team's repositories; for a team that has none, its people.
pub(crate) fn whose(
    team: &TeamScope,
) -> (
    Option<BTreeSet<em_domain::id::RepositoryName>>,
    Option<BTreeSet<em_domain::id::Login>>,
) {
    if team.repositories.is_empty() {
        (None, Some(team.members.iter().cloned().collect()))
    } else {
        (Some(team.repositories.iter().cloned().collect()), None)
    }
}

/// The beginning of a day in the zone, `later` days on; or the instant that is written.
fn instant(text: &str, zone: Tz, later: u64) -> Result<DateTime<Utc>, CommandError> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Ok(at.to_utc());
    }
    let wrong = || {
        let typed = crate::spec::as_typed(text);
        CommandError::user(format!("“{typed}” is no date: write it as 2026-01-31."))
    };
    let day: NaiveDate = text.parse().map_err(|_| wrong())?;
    let day = day.checked_add_days(Days::new(later)).ok_or_else(wrong)?;
    // Where the clock is put forward at midnight, the day begins an hour later.
    let starts = [0, 1].into_iter().filter_map(|hour| {
        let start = day.and_time(NaiveTime::from_hms_opt(hour, 0, 0)?);
        zone.from_local_datetime(&start).earliest()
    });
    let start = starts.map(|at| at.to_utc()).next();
    start.ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_begin_at_midnight_of_the_zone_and_the_last_is_in() {
        let zone = chrono_tz::Europe::Berlin;
        assert_eq!(
            instant("2026-03-29", zone, 0).unwrap().to_rfc3339(),
            "2026-03-28T23:00:00+00:00"
        );
        assert_eq!(
            instant("2026-03-29", zone, 1).unwrap().to_rfc3339(),
            "2026-03-29T22:00:00+00:00"
        );
        // Clocks are put forward at midnight there.
        assert_eq!(
            instant("2026-04-24", chrono_tz::Africa::Cairo, 0)
                .unwrap()
                .to_rfc3339(),
            "2026-04-23T22:00:00+00:00"
        );
        assert_eq!(
            instant("2026-03-29T10:00:00Z", zone, 1).unwrap().to_rfc3339(),
            "2026-03-29T10:00:00+00:00"
        );
        for wrong in ["", "yesterday", "2026-13-01", "2026-02-30"] {
            assert!(instant(wrong, zone, 0).is_err(), "{wrong}");
        }
    }
}
