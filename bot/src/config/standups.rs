//! Purpose: the standups that are set up, checked: `[standups.NAME]`.

use std::collections::BTreeMap;

use chrono::{NaiveTime, Weekday};
use em_domain::calendar::WorkCalendar;
use em_domain::id::SlackUser;
use em_domain::standup::{Mode, Mood, Standup};
use em_domain::triage::TeamScope;
use serde::{Deserialize, Serialize};

use super::check::{Checks, zone};

/// `[standups.NAME]` as written.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Section {
    /// The team it is about; the section's name if absent.
    pub team: Option<String>,
    /// People asked beside the team's members, by Slack member id.
    pub people: Vec<String>,
    /// Where it is posted; the default channel if absent.
    pub channel: Option<String>,
    /// `digest`, `checkin` or `both`.
    pub mode: Mode,
    /// The days it is held on; the calendar's if absent.
    pub days: Option<Vec<String>>,
    /// When people are asked.
    pub ask_at: String,
    /// When it is posted.
    pub post_at: String,
    /// The team's zone; the calendar's if absent.
    pub zone: Option<String>,
    /// `ask_at` is meant where each person is.
    pub asks_in_own_zone: bool,
    /// Minutes before `post_at`; 0 is never.
    pub remind_minutes: u32,
    /// `off`, `named` or `anonymous`.
    pub mood: Mood,
    /// One line is posted even when there is nothing to say.
    pub posts_when_empty: bool,
    /// Working days after which somebody is told of a blocker; 0 is never.
    pub escalate_after_days: u32,
    /// Who is told, by Slack member id.
    pub escalate_to: Option<String>,
}

impl Default for Section {
    fn default() -> Self {
        Self {
            team: None,
            people: Vec::new(),
            channel: None,
            mode: Mode::Both,
            days: None,
            ask_at: "09:00".to_owned(),
            post_at: "10:00".to_owned(),
            zone: None,
            asks_in_own_zone: true,
            remind_minutes: 30,
            mood: Mood::Off,
            posts_when_empty: false,
            escalate_after_days: 2,
            escalate_to: None,
        }
    }
}

/// What a standup takes from elsewhere where it says nothing itself.
pub(super) struct Around<'a> {
    pub(super) teams: &'a [TeamScope],
    pub(super) calendar: &'a WorkCalendar,
    pub(super) default_channel: &'a str,
}

/// Minutes of a day.
const DAY_MINUTES: u32 = 24 * 60;
/// A blocker nobody looked at for this long is no longer news.
const MOST_ESCALATION_DAYS: u32 = 60;

pub(super) fn standups(
    checks: &mut Checks<'_>,
    sections: &BTreeMap<String, Section>,
    around: &Around<'_>,
) -> Vec<Standup> {
    sections
        .iter()
        .filter_map(|(name, section)| standup(checks, name, section, around))
        .collect()
}

fn standup(checks: &mut Checks<'_>, name: &str, section: &Section, around: &Around<'_>) -> Option<Standup> {
    let key = |part: &str| format!("standups.{name}.{part}");
    checks.require(
        &format!("standups.{name}"),
        !name.contains(':'),
        "a name has no colon",
    );
    let team = section.team.clone().unwrap_or_else(|| name.to_owned());
    let is_known = around.teams.iter().any(|known| known.name == team);
    let no_team = format!("there is no team `{team}`; write [teams.{team}]");
    checks.require(&key("team"), is_known, &no_team);
    let written = section.channel.as_deref().unwrap_or(around.default_channel);
    let no_channel = "name a channel here or in slack.default_channel";
    checks.require(&key("channel"), !written.is_empty(), no_channel);
    let limits =
        (section.remind_minutes < DAY_MINUTES) && (section.escalate_after_days <= MOST_ESCALATION_DAYS);
    checks.require(
        &key("remind_minutes"),
        limits,
        "write fewer than 1440 minutes, and at most 60 days to escalate after",
    );
    let zone = match &section.zone {
        Some(text) => zone(checks, &key("zone"), text),
        None => Some(around.calendar.zone),
    };
    let days = days(checks, &key("days"), section.days.as_deref(), around.calendar);
    let ask_at = time(checks, &key("ask_at"), &section.ask_at);
    let post_at = time(checks, &key("post_at"), &section.post_at);
    Some(Standup {
        name: name.to_owned(),
        team,
        people: section.people.iter().map(|id| person(id)).collect(),
        channel: written.to_owned(),
        days: days?,
        ask_at: ask_at?,
        asks_in_own_zone: section.asks_in_own_zone,
        post_at: post_at?,
        zone: zone?,
        mode: section.mode,
        remind_minutes: section.remind_minutes,
        mood: section.mood,
        posts_when_empty: section.posts_when_empty,
        escalate_after_days: section.escalate_after_days,
        escalate_to: section.escalate_to.as_deref().map(person),
    })
}

fn person(id: &str) -> SlackUser {
    SlackUser(id.trim().to_owned())
}

fn time(checks: &mut Checks<'_>, key: &str, text: &str) -> Option<NaiveTime> {
    let read = NaiveTime::parse_from_str(text, "%H:%M");
    checks.keep(key, read.map_err(|_| "write a time as 09:00"))
}

fn days(
    checks: &mut Checks<'_>,
    key: &str,
    written: Option<&[String]>,
    calendar: &WorkCalendar,
) -> Option<std::collections::BTreeSet<u8>> {
    let Some(written) = written else {
        return Some(calendar.days.clone());
    };
    let days: Option<Vec<Weekday>> = written.iter().map(|day| day.parse().ok()).collect();
    let days = days.filter(|days| !days.is_empty());
    checks.require(key, days.is_some(), "write names such as \"mon\"");
    days.map(WorkCalendar::weekdays)
}
