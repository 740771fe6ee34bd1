//! Purpose: what one person wants to be told unasked, and when.

use std::collections::BTreeSet;

use chrono::NaiveTime;
use serde::{Deserialize, Serialize};

/// Direct messages a day that nobody asked for, where the person has not said otherwise.
pub const USUAL_CAP: u32 = 20;

/// What a direct message is about that nobody asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// An approval that waits for their decision. Cannot be turned off: somebody waits for it.
    Approval,
    /// An approval that has waited for their decision for a while.
    ApprovalReminder,
    /// It is their turn on a pull request, as somebody else points out.
    Nudge,
    /// They have not answered a standup.
    StandupReminder,
    /// Something has held somebody up for days.
    Blocker,
}

impl NoticeKind {
    /// Those that can be turned off.
    pub const OPTIONAL: [Self; 4] = [
        Self::Nudge,
        Self::StandupReminder,
        Self::ApprovalReminder,
        Self::Blocker,
    ];

    const ALL: [Self; 5] = [
        Self::Approval,
        Self::ApprovalReminder,
        Self::Nudge,
        Self::StandupReminder,
        Self::Blocker,
    ];

    /// The name it is stored under.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approval => "approval",
            Self::ApprovalReminder => "approval_reminder",
            Self::Nudge => "nudge",
            Self::StandupReminder => "standup_reminder",
            Self::Blocker => "blocker",
        }
    }

    /// The kind stored under `name`.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// The hours of each day in which nothing is to arrive, where the person is. They may go over midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuietHours {
    from: NaiveTime,
    to: NaiveTime,
}

impl QuietHours {
    /// From the first quiet minute to the first that is not; `None` if they are the same, which would be all day or never.
    pub fn new(from: NaiveTime, to: NaiveTime) -> Option<Self> {
        (from != to).then_some(Self { from, to })
    }

    /// The first quiet minute.
    pub fn from(self) -> NaiveTime {
        self.from
    }

    /// The first minute that is not quiet.
    pub fn to(self) -> NaiveTime {
        self.to
    }

    /// Whether they go over midnight.
    pub fn spans_midnight(self) -> bool {
        self.to < self.from
    }

    /// Whether a time of day is quiet.
    pub fn covers(self, time: NaiveTime) -> bool {
        if self.spans_midnight() {
            time >= self.from || time < self.to
        } else {
            self.from <= time && time < self.to
        }
    }
}

/// What one person wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PersonSettings {
    /// When nothing is to arrive; then days on which nobody works are quiet as a whole too.
    pub quiet: Option<QuietHours>,
    /// The most direct messages of a day that nobody asked for; `None` is any number.
    pub daily_cap: Option<u32>,
    /// What they do not want at all.
    pub muted: BTreeSet<NoticeKind>,
}

impl Default for PersonSettings {
    fn default() -> Self {
        Self {
            quiet: None,
            daily_cap: Some(USUAL_CAP),
            muted: BTreeSet::new(),
        }
    }
}

/// The quiet hours in two fields of a form, each a time of day or empty; both empty is none.
///
/// # Errors
/// Which field is wrong ([`Field`]), and why, in words for the person.
pub fn parse_quiet(from: Option<&str>, to: Option<&str>) -> Result<Option<QuietHours>, (Field, String)> {
    let (from, to) = match (from, to) {
        (None, None) => return Ok(None),
        (Some(from), Some(to)) => (from, to),
        (Some(_), None) => {
            return Err((
                Field::To,
                "Say until when, or leave both fields empty.".to_owned(),
            ));
        }
        (None, Some(_)) => {
            return Err((
                Field::From,
                "Say from when, or leave both fields empty.".to_owned(),
            ));
        }
    };
    let from = parse_time(from).map_err(|why| (Field::From, why))?;
    let to = parse_time(to).map_err(|why| (Field::To, why))?;
    let quiet = QuietHours::new(from, to).ok_or_else(|| {
        let why = "That is the time at which they begin. Say when they end.";
        (Field::To, why.to_owned())
    })?;
    Ok(Some(quiet))
}

/// One of the two fields of quiet hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// When they begin.
    From,
    /// When they end.
    To,
}

/// `22:00`, `7:30`, `22`, `7`.
fn parse_time(text: &str) -> Result<NaiveTime, String> {
    let (hour, minute) = text.split_once([':', '.']).unwrap_or((text, "0"));
    let number = |part: &str| part.trim().parse::<u32>().ok().filter(|_| part.trim().len() <= 2);
    let time = number(hour)
        .zip(number(minute))
        .and_then(|(hour, minute)| NaiveTime::from_hms_opt(hour, minute, 0));
    time.ok_or_else(|| format!("“{}” is no time of day. Write it as 22:00.", short(text)))
}

fn short(text: &str) -> String {
    text.chars().take(20).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> NaiveTime {
        NaiveTime::parse_from_str(text, "%H:%M").unwrap()
    }

    #[test]
    fn quiet_hours_begin_with_their_first_minute_and_end_before_their_last_also_over_midnight() {
        let night = QuietHours::new(time("22:00"), time("07:00")).unwrap();
        for (at, is_quiet) in [
            ("21:59", false),
            ("22:00", true),
            ("00:00", true),
            ("06:59", true),
            ("07:00", false),
        ] {
            assert_eq!(night.covers(time(at)), is_quiet, "{at}");
        }
        let noon = QuietHours::new(time("12:00"), time("13:00")).unwrap();
        assert!(noon.covers(time("12:30")) && !noon.covers(time("13:00")) && !noon.covers(time("00:00")));
        assert!(QuietHours::new(time("12:00"), time("12:00")).is_none());
    }

    #[test]
    fn times_are_read_as_people_write_them_and_mistakes_name_their_field() {
        let read =
            |from, to| parse_quiet(from, to).map(|quiet| quiet.map(|quiet| (quiet.from(), quiet.to())));
        assert_eq!(read(None, None), Ok(None));
        assert_eq!(
            read(Some("22"), Some("7.30")),
            Ok(Some((time("22:00"), time("07:30"))))
        );
        for (from, to, field, why) in [
            (Some("22:00"), None, Field::To, "until when"),
            (None, Some("7"), Field::From, "from when"),
            (Some("25:00"), Some("7"), Field::From, "no time of day"),
            (Some("22:00"), Some("soon"), Field::To, "no time of day"),
            (Some("22:00"), Some("007:00"), Field::To, "no time of day"),
            (Some("7"), Some("07:00"), Field::To, "when they end"),
        ] {
            let (wrong, said) = read(from, to).unwrap_err();
            assert_eq!(wrong, field);
            assert!(said.contains(why), "{said}");
        }
    }

    #[test]
    fn what_was_stored_before_a_setting_existed_reads_as_its_usual_value() {
        let read: PersonSettings = serde_json::from_str("{}").unwrap();
        assert_eq!(read, PersonSettings::default());
        let said = PersonSettings {
            quiet: QuietHours::new(time("22:00"), time("07:00")),
            daily_cap: None,
            muted: [NoticeKind::Nudge].into(),
        };
        let text = serde_json::to_string(&said).unwrap();
        assert_eq!(serde_json::from_str::<PersonSettings>(&text).unwrap(), said);
        for kind in NoticeKind::ALL {
            assert_eq!(NoticeKind::parse(kind.as_str()), Some(kind));
        }
    }
}
