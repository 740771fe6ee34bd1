//! Purpose: schedules that people keep: what one is, what becomes of ticks that were missed, and when one that fails is
//! paused.

mod cron_fields;
mod heard;
mod record;
pub mod words;
pub mod zone;

use chrono::{DateTime, Duration, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

pub use record::{Kept, ScheduleState, Trouble};

use crate::id::SlackChannel;

/// Schedules that one person may keep.
pub const MOST_PER_PERSON: i64 = 20;
/// Schedules that all people together may keep: they are listed in one message, and looked at each second.
pub const MOST_IN_ALL: i64 = 200;
/// The shortest time between two ticks: what comes more often is read by nobody.
pub const SHORTEST_GAP: Duration = Duration::minutes(15);
/// A schedule that failed this often in a row is paused.
pub const FAILURES_UNTIL_PAUSE: u32 = 3;
/// A tick is on time within this: a restart, or Slack asking to wait, makes none late.
pub const ON_TIME: Duration = Duration::minutes(10);
/// The longest time after which a missed tick may still be run, in hours.
pub const MOST_HOURS_LATE: u32 = 48;
/// The longest command that is kept, in characters.
pub const MOST_COMMAND_CHARS: usize = 300;

/// What a kept schedule is called: short, in lower case, as `triage-7k2m`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ScheduleId(String);

impl ScheduleId {
    /// A name for a schedule that types `command`; `seed` is any number, and makes two of one command differ.
    pub fn new(command: &str, seed: u128) -> Self {
        /// Without those that are taken for one another.
        const DIGITS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";
        let first = command
            .split_whitespace()
            .next()
            .unwrap_or_default()
            .to_lowercase();
        let word: String = first
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .take(16)
            .collect();
        let word = if word.is_empty() { "schedule" } else { &word };
        let digit = |place: u32| {
            let index = usize::try_from((seed >> (5 * place)) & 31).unwrap_or_default();
            DIGITS.get(index).map_or('a', |byte| char::from(*byte))
        };
        let tail: String = (0..4).map(digit).collect();
        Self(format!("{word}-{tail}"))
    }

    /// What somebody typed as a name, if it can be one.
    pub fn parse(text: &str) -> Option<Self> {
        let name = text.trim().to_lowercase();
        let is_name = name.contains('-')
            && name.len() <= 40
            && name
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        is_name.then_some(Self(name))
    }

    /// The name as it is stored and shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for ScheduleId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// What becomes of a tick that came while the program was down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Missed {
    /// It is run if it is at most so many hours late; of several only the newest.
    Late(u32),
    /// It is left out, and the owner is told.
    Skip,
}

impl Missed {
    /// What is chosen where nobody chooses.
    pub const USUAL: Self = Self::Late(1);

    /// Whether what was due at `due` may still be run at `now`.
    pub fn allows(self, due: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        let most = match self {
            Self::Late(hours) => Duration::hours(i64::from(hours)).max(ON_TIME),
            Self::Skip => ON_TIME,
        };
        now - due <= most
    }

    /// The word it has in forms: `late-4`, `skip`.
    pub fn as_word(self) -> String {
        match self {
            Self::Late(hours) => format!("late-{hours}"),
            Self::Skip => "skip".to_owned(),
        }
    }

    /// Reads that word.
    pub fn parse(word: &str) -> Option<Self> {
        match word.split_once('-') {
            None => (word == "skip").then_some(Self::Skip),
            Some(("late", hours)) => {
                let hours = hours.parse().ok()?;
                (1..=MOST_HOURS_LATE)
                    .contains(&hours)
                    .then_some(Self::Late(hours))
            }
            Some(_) => None,
        }
    }
}

/// What a person decides about a schedule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    /// The words after `/em-agent`.
    pub run: String,
    /// Where it posts.
    pub channel: SlackChannel,
    /// When: five cron fields.
    pub cron: String,
    /// The zone that they are meant in.
    #[serde(with = "zone_name")]
    pub zone: Tz,
    /// What becomes of a tick that was missed.
    pub missed: Missed,
}

/// Zones are stored by their name.
mod zone_name {
    use chrono_tz::Tz;
    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
    pub(super) fn serialize<S: Serializer>(zone: &Tz, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(zone.name())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Tz, D::Error> {
        let name = String::deserialize(deserializer)?;
        name.parse().map_err(serde::de::Error::custom)
    }
}

/// Ticks that were not run because nobody was there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissedTicks {
    /// When the first was due.
    pub first: DateTime<Utc>,
    /// When the last was due.
    pub last: DateTime<Utc>,
    /// How many.
    pub count: usize,
    /// Whether the tick after these was run.
    pub then_ran: bool,
}

/// What is done about all that came due since somebody looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CaughtUp {
    /// The tick to run.
    pub run: Option<DateTime<Utc>>,
    /// What the owner is told about.
    pub missed: Option<MissedTicks>,
}

/// Decides about `due`, the times that came by `now`, the earliest first. At most the newest is run: yesterday's list is of
/// no use beside today's. The owner hears of what is left out, unless the newest is run and that is all they wanted.
pub fn catch_up(rule: Missed, due: &[DateTime<Utc>], now: DateTime<Utc>) -> CaughtUp {
    let run = due.last().copied().filter(|newest| rule.allows(*newest, now));
    let left_out = match (run, due.split_last()) {
        (Some(_), Some((_, earlier))) => earlier,
        (Some(_) | None, _) => due,
    };
    let is_told = run.is_none() || rule == Missed::Skip;
    let missed = left_out.first().zip(left_out.last()).filter(|_| is_told);
    CaughtUp {
        run,
        missed: missed.map(|(first, last)| MissedTicks {
            first: *first,
            last: *last,
            count: left_out.len(),
            then_ran: run.is_some(),
        }),
    }
}

#[cfg(test)]
mod tests;
