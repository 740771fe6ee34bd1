//! Purpose: what is known to be wrong with the numbers, from night to night: since when, and whether it has changed, so that
//! people are told once of what stays the same.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::Checked;

/// Weeks that are remembered as wrong; a replay mends all at once.
const MOST_WEEKS: usize = 10;
/// Things of a week that are named.
const MOST_NAMED: usize = 20;

/// A week that does not agree with its events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trouble {
    /// When that was found.
    pub since: DateTime<Utc>,
    /// What differs.
    pub found: Checked,
}

/// What the checks so far came to.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Standing {
    /// The newest check, and when it was.
    pub last: Option<(DateTime<Utc>, Checked)>,
    /// Weeks that are wrong, those found first before the others.
    pub troubles: Vec<Trouble>,
    /// When the trouble began that there is, or was last.
    pub began: Option<DateTime<Utc>>,
    /// Counts up with each change of what is wrong.
    pub version: i64,
    /// Of which version people were told.
    pub told: i64,
}

impl Standing {
    /// Takes in what a check found.
    pub fn take(&mut self, checked: Checked, now: DateTime<Utc>) {
        let checked = checked.shortened(MOST_NAMED);
        let before = self.troubles.clone();
        let known = self
            .troubles
            .iter()
            .position(|one| one.found.week == checked.week);
        match (known, checked.agrees()) {
            (Some(at), true) => drop(self.troubles.remove(at)),
            (Some(at), false) => {
                if let Some(trouble) = self.troubles.get_mut(at) {
                    trouble.found = checked.clone();
                }
            }
            (None, false) if self.troubles.len() < MOST_WEEKS => {
                if self.troubles.is_empty() {
                    self.began = Some(now);
                }
                self.troubles.push(Trouble {
                    since: now,
                    found: checked.clone(),
                });
            }
            (None, _) => {}
        }
        self.version += i64::from(self.troubles != before);
        self.last = Some((now, checked));
    }

    /// Weeks that were wrong and are to be looked at again.
    pub fn weeks(&self) -> Vec<NaiveDate> {
        self.troubles.iter().map(|trouble| trouble.found.week).collect()
    }

    /// How many things are known to differ.
    pub fn count(&self) -> usize {
        self.troubles.iter().map(|trouble| trouble.found.count()).sum()
    }

    /// Whether people have to be told of something.
    pub fn is_untold(&self) -> bool {
        self.told < self.version
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Difference, Differs};
    use super::*;
    use crate::delivery::Subject;

    fn at(day: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_767_571_200 + day * 86_400, 0).unwrap()
    }

    fn checked(week: &str, differing: usize) -> Checked {
        let difference = |nth| Difference {
            subject: Subject::Deployment(format!("acme/api/{nth:03}")),
            differs: Differs::NotStored,
        };
        Checked {
            week: week.parse().unwrap(),
            compared: 100,
            skipped: 0,
            numbers: 17,
            differences: (0..differing).map(difference).collect(),
            further: 0,
            differing: Vec::new(),
        }
    }

    #[test]
    fn what_stays_the_same_is_told_once_and_what_is_mended_is_told_too() {
        let mut standing = Standing::default();
        standing.take(checked("2026-01-05", 0), at(10));
        assert!(!standing.is_untold() && standing.began.is_none());
        standing.take(checked("2025-12-01", 2), at(11));
        assert!(standing.is_untold());
        assert_eq!((standing.began, standing.count()), (Some(at(11)), 2));
        standing.told = standing.version;
        // The next nights: the same again, and other weeks that agree.
        for day in 12..15 {
            standing.take(checked("2025-12-01", 2), at(day));
            standing.take(checked("2026-01-05", 0), at(day));
        }
        assert!(!standing.is_untold());
        assert_eq!(standing.troubles[0].since, at(11));
        // More of it, and another week.
        standing.take(checked("2025-12-01", 30), at(15));
        assert!(standing.is_untold());
        assert_eq!(
            (standing.troubles[0].found.differences.len(), standing.count()),
            (20, 30)
        );
        standing.take(checked("2026-01-05", 1), at(16));
        assert_eq!((standing.began, standing.weeks().len()), (Some(at(11)), 2));
        standing.told = standing.version;
        standing.take(checked("2025-12-01", 0), at(17));
        standing.take(checked("2026-01-05", 0), at(17));
        assert!(standing.is_untold() && standing.troubles.is_empty());
        // What comes after that is a new trouble.
        standing.take(checked("2026-01-05", 1), at(20));
        assert_eq!(standing.began, Some(at(20)));
    }

    #[test]
    fn no_more_than_ten_weeks_are_remembered() {
        let mut standing = Standing::default();
        for day in 1..=30 {
            standing.take(checked(&format!("2026-01-{day:02}"), 1), at(day));
        }
        assert_eq!(standing.weeks().len(), MOST_WEEKS);
    }
}
