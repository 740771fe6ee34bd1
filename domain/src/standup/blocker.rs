//! Purpose: what holds people up: named in a check-in, kept until it is gone, told to somebody when it grows old.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

use super::checkin::lines;
use crate::calendar::WorkCalendar;
use crate::id::{BlockerId, SlackUser};
use crate::pull_request::PullRequestKey;

/// Why a blocker is no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockerEnd {
    /// Its owner no longer names it.
    Unnamed,
    /// What it is about was merged or closed.
    Moved,
    /// Somebody said so.
    Said,
}

/// Something that holds somebody up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blocker {
    /// Its id.
    pub id: BlockerId,
    /// The standup it was named in.
    pub standup: String,
    /// Whom it holds up.
    pub owner: SlackUser,
    /// In their words.
    pub text: String,
    /// The pull request that it is about, where they named one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<PullRequestKey>,
    /// When it was named first.
    pub opened_at: DateTime<Utc>,
    /// When somebody was told of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalated_at: Option<DateTime<Utc>>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<DateTime<Utc>>,
    /// Why it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<BlockerEnd>,
}

impl Blocker {
    /// Whether somebody is to be told of it: it is open, nobody was told, and `days` working days have passed.
    pub fn is_to_be_escalated(&self, calendar: &WorkCalendar, days: u32, now: DateTime<Utc>) -> bool {
        let age = calendar.working_time(self.opened_at, now);
        let limit = calendar.day_length() * i32::try_from(days).unwrap_or(i32::MAX);
        days > 0 && self.closed_at.is_none() && self.escalated_at.is_none() && age >= limit
    }

    /// How long it has been open, in time that passed.
    pub fn age(&self, now: DateTime<Utc>) -> Duration {
        self.closed_at.unwrap_or(now) - self.opened_at
    }
}

/// What a check-in changes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BlockerChange {
    /// Lines that name something new.
    pub opened: Vec<String>,
    /// Those that are named no longer.
    pub ended: Vec<BlockerId>,
}

/// Compares what somebody names with what was open of theirs: a check-in names all of it. What was named before, in the
/// same words or about the same pull request, goes on and keeps its age.
pub fn reconcile(open: &[Blocker], blocked: &str) -> BlockerChange {
    let mut change = BlockerChange::default();
    let mut left: Vec<&Blocker> = open.iter().collect();
    for line in lines(blocked) {
        let is_open = open.iter().any(|blocker| is_one(&blocker.text, line));
        left.retain(|blocker| !is_one(&blocker.text, line));
        // Whoever names one thing twice is held up by one thing.
        let is_repeated = change.opened.iter().any(|other| is_one(other, line));
        if !is_open && !is_repeated {
            change.opened.push(line.to_owned());
        }
    }
    change.ended = left.into_iter().map(|blocker| blocker.id.clone()).collect();
    change
}

/// Whether two lines are about one pull request, or say the same.
fn is_one(one: &str, other: &str) -> bool {
    let subject = named(one);
    (subject.is_some() && subject == named(other)) || words_of(one) == words_of(other)
}

fn words_of(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

/// The pull request that a line names: `owner/name#12` or its address.
pub fn named(line: &str) -> Option<PullRequestKey> {
    let trimmed = |word: &str| {
        word.trim_matches(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.')))
            .trim_end_matches('.')
            .to_owned()
    };
    line.split(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '|' | ','))
        .map(trimmed)
        .find_map(|word| key_in_address(&word).or_else(|| PullRequestKey::parse(&word).filter(is_plain)))
}

fn is_plain(key: &PullRequestKey) -> bool {
    key.repository.as_str().matches('/').count() == 1 && !key.repository.as_str().contains(':')
}

/// `https://github.com/owner/name/pull/12`, with whatever follows.
fn key_in_address(word: &str) -> Option<PullRequestKey> {
    let rest = word
        .strip_prefix("https://")
        .or_else(|| word.strip_prefix("http://"))?;
    let mut parts = rest.split('/').skip(1);
    let (owner, name, kind, number) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
    let is_pull = matches!(kind, "pull" | "pulls");
    is_pull
        .then(|| PullRequestKey::parse(&format!("{owner}/{name}#{digits}")))
        .flatten()
}
