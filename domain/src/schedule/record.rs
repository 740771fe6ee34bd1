//! Purpose: a kept schedule and how it changes. Every change makes the next version; what is stored over another version
//! than it was decided on is not stored.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Definition, FAILURES_UNTIL_PAUSE, ScheduleId};
use crate::id::SlackUser;

/// Whether a schedule runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScheduleState {
    /// It does.
    Active,
    /// Somebody paused it, or it failed too often.
    Paused,
}

impl ScheduleState {
    /// The name it is stored under.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
        }
    }
}

/// Why a schedule could not do its work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// What is wrong and what to do, in a sentence for its owner.
    pub what: String,
    /// Since when it is the same.
    pub since: DateTime<Utc>,
    /// The tick that failed last.
    pub due_at: DateTime<Utc>,
}

/// A schedule that somebody keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// What it is called.
    pub id: ScheduleId,
    /// Counts its changes, from 1.
    pub version: i64,
    /// Who keeps it.
    pub owner: SlackUser,
    /// What it does and when.
    pub definition: Definition,
    /// Whether it runs.
    pub state: ScheduleState,
    /// Since when it is defined so and runs: what was due before is of no concern.
    pub since: DateTime<Utc>,
    /// When it is due next; nothing while it is paused, or if that never comes.
    pub next_at: Option<DateTime<Utc>>,
    /// The tick that it ran last.
    pub fired_at: Option<DateTime<Utc>>,
    /// Why it does not work, if so.
    pub trouble: Option<Trouble>,
    /// How many ticks in a row failed.
    pub failures: u32,
    /// When it was added.
    pub created_at: DateTime<Utc>,
    /// When it changed last.
    pub updated_at: DateTime<Utc>,
}

impl Kept {
    /// A new one, due next at `next_at`.
    pub fn new(
        id: ScheduleId,
        owner: SlackUser,
        definition: Definition,
        next_at: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            id,
            version: 1,
            owner,
            definition,
            state: ScheduleState::Active,
            since: now,
            next_at,
            fired_at: None,
            trouble: None,
            failures: 0,
            created_at: now,
            updated_at: now,
        }
    }

    fn changed(&self, now: DateTime<Utc>) -> Self {
        Self {
            version: self.version + 1,
            updated_at: now,
            ..self.clone()
        }
    }

    /// Whether it runs.
    pub fn is_active(&self) -> bool {
        match self.state {
            ScheduleState::Active => true,
            ScheduleState::Paused => false,
        }
    }

    /// It no longer comes due.
    #[must_use]
    pub fn paused(&self, now: DateTime<Utc>) -> Self {
        Self {
            state: ScheduleState::Paused,
            next_at: None,
            ..self.changed(now)
        }
    }

    /// It comes due again, at `next_at` first; what went wrong before is forgotten.
    #[must_use]
    pub fn resumed(&self, next_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Self {
        Self {
            state: ScheduleState::Active,
            since: now,
            next_at,
            trouble: None,
            failures: 0,
            ..self.changed(now)
        }
    }

    /// It is another from now on. One that is paused stays so.
    #[must_use]
    pub fn redefined(
        &self,
        definition: Definition,
        next_at: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            definition,
            state: self.state,
            next_at: next_at.filter(|_| self.is_active()),
            ..self.resumed(None, now)
        }
    }

    /// Everything due by now was seen to; `ran` is the tick that is run for it.
    #[must_use]
    pub fn ticked(
        &self,
        ran: Option<DateTime<Utc>>,
        next_at: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            fired_at: ran.or(self.fired_at),
            next_at,
            ..self.changed(now)
        }
    }

    /// Whether a tick is still wanted: it was due under this definition, and nobody paused it since.
    pub fn wants(&self, due_at: DateTime<Utc>) -> bool {
        self.is_active() && self.since <= due_at
    }

    /// It cannot come due, for the reason `what`: it is paused.
    #[must_use]
    pub fn broken(&self, what: &str, now: DateTime<Utc>) -> Self {
        Self {
            trouble: Some(Trouble {
                what: what.to_owned(),
                since: now,
                due_at: now,
            }),
            failures: self.failures.saturating_add(1),
            ..self.paused(now)
        }
    }

    /// A tick did its work. `None` if that is no news.
    pub fn worked(&self, now: DateTime<Utc>) -> Option<Self> {
        (self.trouble.is_some() || self.failures > 0).then(|| Self {
            trouble: None,
            failures: 0,
            ..self.changed(now)
        })
    }

    /// The tick of `due_at` failed for the reason `what`: after [`FAILURES_UNTIL_PAUSE`] in a row it is paused. `None` if
    /// that tick, or a later one, is known to have failed.
    pub fn failed(&self, due_at: DateTime<Utc>, what: &str, now: DateTime<Utc>) -> Option<Self> {
        if self
            .trouble
            .as_ref()
            .is_some_and(|trouble| trouble.due_at >= due_at)
        {
            return None;
        }
        let known = self.trouble.as_ref().filter(|trouble| trouble.what == what);
        let failed = Self {
            trouble: Some(Trouble {
                what: what.to_owned(),
                since: known.map_or(now, |trouble| trouble.since),
                due_at,
            }),
            failures: self.failures.saturating_add(1),
            ..self.changed(now)
        };
        Some(if failed.failures >= FAILURES_UNTIL_PAUSE {
            Self {
                state: ScheduleState::Paused,
                next_at: None,
                ..failed
            }
        } else {
            failed
        })
    }
}
