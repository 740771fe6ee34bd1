//! Purpose: a team's standup: who is asked when, when it is posted, which days it is held on.
//!
//! A standup is held in rounds, one for each of its days. A round is planned once, when its first question is due;
//! whoever edits the standup afterwards changes the next round, so that nobody is asked twice.

mod blocker;
mod checkin;

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, Days, Duration, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

pub use blocker::{Blocker, BlockerChange, BlockerEnd, named, reconcile};
pub use checkin::{Checkin, CheckinState, Event, lines, unfulfilled};

use crate::calendar::{WorkCalendar, instant_in};
use crate::id::{Login, SlackUser};

/// How a standup is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Nobody is asked: what happened is enough.
    Digest,
    /// People are asked, and their answers are posted.
    Checkin,
    /// People are asked, and who does not answer is shown by what happened.
    Both,
}

impl Mode {
    /// Whether people are asked.
    pub fn asks(self) -> bool {
        match self {
            Self::Digest => false,
            Self::Checkin | Self::Both => true,
        }
    }

    /// Whether what happened is posted for those who did not answer.
    pub fn shows_evidence(self) -> bool {
        match self {
            Self::Checkin => false,
            Self::Digest | Self::Both => true,
        }
    }
}

/// Whether people are asked how they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mood {
    /// No.
    #[default]
    Off,
    /// Yes, and it is shown beside their name.
    Named,
    /// Yes, and only counts are kept.
    Anonymous,
}

/// A standup as it is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standup {
    /// Its name, unique.
    pub name: String,
    /// The team whose people and repositories it is about; by its configured name.
    pub team: String,
    /// People asked beside the team's members.
    pub people: Vec<SlackUser>,
    /// Where it is posted: an id or `#name`.
    pub channel: String,
    /// The days it is held on, as in [`WorkCalendar::days`].
    pub days: BTreeSet<u8>,
    /// When people are asked.
    pub ask_at: NaiveTime,
    /// `ask_at` is meant where each person is, and not in `zone`.
    pub asks_in_own_zone: bool,
    /// When it is posted.
    pub post_at: NaiveTime,
    /// The team's zone.
    pub zone: Tz,
    /// How it is held.
    pub mode: Mode,
    /// Minutes before it is posted at which those who did not answer are reminded; 0 is never.
    pub remind_minutes: u32,
    /// Whether people are asked how they are.
    pub mood: Mood,
    /// One line is posted even when there is nothing to say.
    pub posts_when_empty: bool,
    /// Working days after which somebody is told of a blocker; 0 is never.
    pub escalate_after_days: u32,
    /// Who is told.
    pub escalate_to: Option<SlackUser>,
}

/// How late a round may still be opened or posted after the bot was down. A standup of the morning is of no use in the
/// evening: later it is skipped, and `standup history` says so.
pub const LATEST_START: Duration = Duration::hours(2);

/// A reminder this soon after the question is no reminder.
const LEAST_BEFORE_REMINDER: Duration = Duration::minutes(10);

/// Somebody who takes part in a round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attendee {
    /// Their account in Slack; `None` is somebody who is known only elsewhere, and cannot be asked.
    pub slack_user: Option<SlackUser>,
    /// Their account on GitHub, where known.
    pub login: Option<Login>,
    /// What they are called.
    pub name: String,
    /// When they are asked; `None` is not at all.
    pub ask_at: Option<DateTime<Utc>>,
    /// When they are reminded; `None` is not at all.
    pub remind_at: Option<DateTime<Utc>>,
    /// They are away on this day.
    pub is_away: bool,
}

/// What a round is planned by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invited {
    /// Their account in Slack.
    pub slack_user: Option<SlackUser>,
    /// Their account on GitHub.
    pub login: Option<Login>,
    /// What they are called.
    pub name: String,
    /// Where they are.
    pub zone: Tz,
    /// They are away on the round's day.
    pub is_away: bool,
}

/// One day's standup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Round {
    /// `payments:2026-01-16`.
    pub id: String,
    /// Whose.
    pub standup: String,
    /// The day, in the standup's zone.
    pub day: NaiveDate,
    /// When it is posted.
    pub post_at: DateTime<Utc>,
    /// Since when what happened is told.
    pub since: DateTime<Utc>,
    /// Who takes part.
    pub people: Vec<Attendee>,
    /// Moods without names: how many said 1, 2, … 5.
    #[serde(default)]
    pub moods: [u32; 5],
}

impl Standup {
    /// Whether it is held on `day`: one of its days, and no holiday.
    pub fn is_held_on(&self, day: NaiveDate, calendar: &WorkCalendar) -> bool {
        let weekday = u8::try_from(day.weekday().num_days_from_monday()).unwrap_or_default();
        self.days.contains(&weekday) && !calendar.holidays.contains(&day)
    }

    /// When the round of `day` is posted.
    pub fn post_time(&self, day: NaiveDate) -> DateTime<Utc> {
        instant_in(self.zone, day, self.post_at)
    }

    /// When somebody in `zone` is asked on `day`.
    pub fn ask_time(&self, day: NaiveDate, zone: Tz) -> DateTime<Utc> {
        let zone = if self.asks_in_own_zone { zone } else { self.zone };
        instant_in(zone, day, self.ask_at)
    }

    /// When the round of `day` begins: with its first question, or where nobody is asked, with the post.
    pub fn open_time(&self, day: NaiveDate, zones: impl IntoIterator<Item = Tz>) -> DateTime<Utc> {
        let post_at = self.post_time(day);
        if !self.mode.asks() {
            return post_at;
        }
        zones
            .into_iter()
            .map(|zone| self.ask_time(day, zone))
            .chain([post_at])
            .min()
            .unwrap_or(post_at)
    }

    /// The days whose rounds may have to be opened at `now`: somewhere it is today, and its time for posting is not
    /// long past.
    pub fn days_around(&self, now: DateTime<Utc>, calendar: &WorkCalendar) -> Vec<NaiveDate> {
        let today = now.with_timezone(&self.zone).date_naive();
        let candidates = [
            today.pred_opt(),
            Some(today),
            today.checked_add_days(Days::new(1)),
        ];
        candidates
            .into_iter()
            .flatten()
            .filter(|day| self.is_held_on(*day, calendar))
            .filter(|day| now <= self.post_time(*day) + LATEST_START)
            .collect()
    }

    /// The round of `day`: who takes part, and when each is asked and reminded.
    pub fn plan(&self, day: NaiveDate, since: DateTime<Utc>, invited: Vec<Invited>) -> Round {
        let post_at = self.post_time(day);
        let people = invited
            .into_iter()
            .map(|person| self.attendee(day, post_at, person))
            .collect();
        Round {
            id: format!("{}:{day}", self.name),
            standup: self.name.clone(),
            day,
            post_at,
            since,
            people,
            moods: [0; 5],
        }
    }

    fn attendee(&self, day: NaiveDate, post_at: DateTime<Utc>, person: Invited) -> Attendee {
        let can_be_asked = self.mode.asks() && !person.is_away && person.slack_user.is_some();
        let ask_at = can_be_asked.then(|| self.ask_time(day, person.zone));
        let reminder = post_at - Duration::minutes(i64::from(self.remind_minutes));
        let remind_at = ask_at
            .filter(|ask_at| self.remind_minutes > 0 && reminder >= *ask_at + LEAST_BEFORE_REMINDER)
            .map(|_| reminder);
        Attendee {
            slack_user: person.slack_user,
            login: person.login,
            name: person.name,
            ask_at,
            remind_at,
            is_away: person.is_away,
        }
    }
}

impl Round {
    /// The account of somebody who takes part.
    pub fn find(&self, user: &SlackUser) -> Option<&Attendee> {
        self.people
            .iter()
            .find(|person| person.slack_user.as_ref() == Some(user))
    }

    /// Those who are asked.
    pub fn asked(&self) -> impl Iterator<Item = (&SlackUser, DateTime<Utc>, Option<DateTime<Utc>>)> {
        self.people
            .iter()
            .filter_map(|person| Some((person.slack_user.as_ref()?, person.ask_at?, person.remind_at)))
    }

    /// Whether it is too late to post it.
    pub fn is_too_late(&self, now: DateTime<Utc>) -> bool {
        now > self.post_at + LATEST_START
    }
}

#[cfg(test)]
#[path = "standup/tests.rs"]
mod tests;
