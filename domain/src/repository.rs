//! Purpose: the fact "a repository": who may know what happens in it.

use chrono::{DateTime, NaiveTime, Utc};
use serde::{Deserialize, Serialize};

use crate::id::RepositoryName;
use crate::stamped::Stamped;

/// What is known of one repository; keyed by its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repository {
    /// `owner/name`.
    pub name: RepositoryName,
    /// Only invited people see it. Of two statements of one day the careful one holds: that it is private.
    pub is_private: Stamped<bool>,
}

impl Repository {
    /// That the repository was private, or was not, on the day of `at` (UTC). Nearly every event says so: with the
    /// day alone the fact changes once a day at most, and not with each event.
    pub fn seen(name: RepositoryName, is_private: bool, at: DateTime<Utc>) -> Self {
        let day = at.date_naive().and_time(NaiveTime::MIN).and_utc();
        Self {
            name,
            is_private: Stamped {
                at: day,
                value: is_private,
            },
        }
    }

    /// Takes in another statement about the same repository.
    pub fn merge(&mut self, other: Self) {
        debug_assert_eq!(
            self.name, other.name,
            "only statements about one repository merge"
        );
        self.is_private.merge(other.is_private);
    }
}
