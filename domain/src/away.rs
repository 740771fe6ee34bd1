//! Purpose: days on which somebody is not to be asked anything: away by their own word, or by what Slack shows of them.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::id::SlackUser;

/// The longest time away that is taken without looking again, in days.
pub const MOST_DAYS: i64 = 366;

/// Days off, the first and the last included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Away {
    /// Who.
    pub slack_user: SlackUser,
    /// The first day off.
    pub from: NaiveDate,
    /// The last day off.
    pub until: NaiveDate,
}

impl Away {
    /// Whether `day` is one of them.
    pub fn covers(&self, day: NaiveDate) -> bool {
        self.from <= day && day <= self.until
    }
}

/// What somebody says of themselves in Slack, beside their name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SlackStatus {
    /// `:palm_tree:`; empty if none.
    pub emoji: String,
    /// What is written beside it.
    pub text: String,
    /// When Slack takes it away; `None` is never.
    pub expires_at: Option<DateTime<Utc>>,
}

impl SlackStatus {
    /// Whether it says that this person does not work at `now`: Slack's own presets *Vacationing* and *Out sick*, and
    /// what people write instead of them.
    pub fn is_away(&self, now: DateTime<Utc>) -> bool {
        const EMOJI: [&str; 5] = [
            ":palm_tree:",
            ":face_with_thermometer:",
            ":beach_with_umbrella:",
            ":desert_island:",
            ":airplane:",
        ];
        const WORDS: [&str; 8] = [
            "vacation",
            "holiday",
            "out of office",
            "ooo",
            "sick",
            "parental leave",
            "on leave",
            "day off",
        ];
        if self.expires_at.is_some_and(|at| at <= now) {
            return false;
        }
        let text = self.text.to_lowercase();
        let says = |words: &&str| {
            text.match_indices(*words).any(|(at, found)| {
                let is_edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
                let after = text[at + found.len()..].trim_start_matches("ing").chars().next();
                is_edge(text[..at].chars().next_back()) && (is_edge(after) || after == Some('s'))
            })
        };
        EMOJI.contains(&self.emoji.as_str()) || WORDS.iter().any(says)
    }
}

/// The dates in `away 2026-08-03 2026-08-14`, `away tomorrow`, `away today 2026-08-14`; one date means that day alone.
///
/// # Errors
/// Why not, in words for the person.
pub fn parse_days(words: &[String], today: NaiveDate) -> Result<(NaiveDate, NaiveDate), String> {
    let (first, last) = match words {
        [only] => (only, only),
        [first, last] => (first, last),
        _ => return Err("Write the first and the last day, as in `2026-08-03 2026-08-14`.".to_owned()),
    };
    let (from, until) = (parse_day(first, today)?, parse_day(last, today)?);
    if until < from {
        return Err(format!("{until} is before {from}. Write the first day first."));
    }
    if until < today {
        return Err(format!("{until} is over. Write days that are still to come."));
    }
    if (until - from).num_days() >= MOST_DAYS {
        return Err(format!("That is too long: {MOST_DAYS} days are the most."));
    }
    Ok((from, until))
}

fn parse_day(word: &str, today: NaiveDate) -> Result<NaiveDate, String> {
    match word.to_lowercase().as_str() {
        "today" => Ok(today),
        "tomorrow" => today.succ_opt().ok_or_else(|| "There is no such day.".to_owned()),
        _ => word
            .parse()
            .map_err(|_| format!("“{word}” is not a day. Write it as 2026-08-03, `today` or `tomorrow`.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(emoji: &str, text: &str) -> SlackStatus {
        SlackStatus {
            emoji: emoji.to_owned(),
            text: text.to_owned(),
            expires_at: None,
        }
    }

    #[test]
    fn a_status_says_that_somebody_is_away_by_its_emoji_or_its_words() {
        let now = "2026-01-16T12:00:00Z".parse().unwrap();
        for (emoji, text) in [
            (":palm_tree:", ""),
            ("", "Vacationing"),
            ("", "On vacation until Monday"),
            ("", "OOO"),
            (":face_with_thermometer:", "Out sick"),
        ] {
            assert!(status(emoji, text).is_away(now), "{emoji} {text}");
        }
        for (emoji, text) in [
            ("", ""),
            (":headphones:", "Focus"),
            ("", "Zooom"),
            ("", "planning the vacationer app"),
        ] {
            assert!(!status(emoji, text).is_away(now), "{emoji} {text}");
        }
        let over = SlackStatus {
            expires_at: Some(now),
            ..status(":palm_tree:", "")
        };
        assert!(!over.is_away(now));
    }

    #[test]
    fn days_are_read_as_people_write_them_and_refused_in_words() {
        let today = "2026-01-16".parse().unwrap();
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let read = |text: &str| parse_days(&words(text), today);
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        assert_eq!(read("tomorrow"), Ok((day("2026-01-17"), day("2026-01-17"))));
        assert_eq!(
            read("today 2026-01-20"),
            Ok((day("2026-01-16"), day("2026-01-20")))
        );
        for (text, why) in [
            ("2026-01-20 2026-01-18", "is before"),
            ("2026-01-01", "is over"),
            ("2026-02-30", "is not a day"),
            ("2026-01-20 2030-01-18", "too long"),
            ("a b c", "first and the last day"),
        ] {
            let said = read(text).unwrap_err();
            assert!(said.contains(why), "{said}");
        }
    }
}
