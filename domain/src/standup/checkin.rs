//! Purpose: what one person says in a round, and which of what they meant to do has happened since.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::id::SlackUser;

/// Where a question to somebody stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckinState {
    /// Asked, or about to be.
    Asked,
    /// Answered.
    Answered,
    /// They said that they have nothing to say today.
    Skipped,
}

impl CheckinState {
    /// The name it is stored under.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Answered => "answered",
            Self::Skipped => "skipped",
        }
    }
}

/// What one person says in a round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkin {
    /// The round.
    pub round: String,
    /// Who.
    pub slack_user: SlackUser,
    /// Where it stands.
    pub state: CheckinState,
    /// What was done, a line each.
    pub done: String,
    /// What comes next, a line each.
    pub next: String,
    /// What holds them up, a line each.
    pub blocked: String,
    /// How they are, 1 to 5; absent where nobody asked, or where names are not kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mood: Option<u8>,
    /// They said how they are, so they are not asked again when they edit.
    #[serde(default)]
    pub has_told_mood: bool,
    /// When they answered last; `None` if they have not.
    pub answered_at: Option<DateTime<Utc>>,
}

impl Checkin {
    /// A question that was put.
    pub fn asked(round: &str, slack_user: SlackUser) -> Self {
        Self {
            round: round.to_owned(),
            slack_user,
            state: CheckinState::Asked,
            done: String::new(),
            next: String::new(),
            blocked: String::new(),
            mood: None,
            has_told_mood: false,
            answered_at: None,
        }
    }
}

/// The lines that somebody wrote, without bullets and empty ones.
pub fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .map(|line| {
            line.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '-' | '*' | '•' | '·'))
                .trim_end()
        })
        .filter(|line| !line.is_empty())
}

/// Something that happened, as far as it is compared with what somebody meant to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// `acme/api#17`; empty if it has none.
    pub key: String,
    /// What it is called.
    pub title: String,
    /// Where it is; empty if nowhere.
    pub url: String,
}

/// This share of a line's words in a title means that they are about the same.
const SHARE_ALIKE: f64 = 0.6;
/// One word alike is chance.
const LEAST_WORDS_ALIKE: usize = 2;

/// The lines of `next` that nothing in `events` matches: only those are asked about again.
pub fn unfulfilled<'t>(next: &'t str, events: &[Event]) -> Vec<&'t str> {
    lines(next)
        .filter(|line| !events.iter().any(|event| is_about(line, event)))
        .collect()
}

fn is_about(line: &str, event: &Event) -> bool {
    let says = |what: &str| !what.is_empty() && names(line, what);
    if says(&event.key) || says(&event.url) {
        return true;
    }
    let number = event.key.rsplit_once('#').map(|(_, number)| format!("#{number}"));
    // A bare number is one of the team's: the one that moved.
    if !line.contains('/') && number.is_some_and(|number| says(&number)) {
        return true;
    }
    let (said, title) = (content_words(line), content_words(&event.title));
    let alike = said.iter().filter(|word| title.contains(*word)).count();
    #[expect(clippy::cast_precision_loss, reason = "a line has few words")]
    let share = alike as f64 / said.len().max(1) as f64;
    alike >= LEAST_WORDS_ALIKE && share >= SHARE_ALIKE
}

/// Whether `what` stands in `line`, and not as the beginning of something longer: `#1` is not in `#12`.
fn names(line: &str, what: &str) -> bool {
    let (line, what) = (line.to_lowercase(), what.to_lowercase());
    line.match_indices(&what).any(|(at, found)| {
        let next = line[at + found.len()..].chars().next();
        next.is_none_or(|c| !c.is_alphanumeric())
    })
}

fn content_words(text: &str) -> std::collections::BTreeSet<String> {
    const NO_CONTENT: [&str; 17] = [
        "the", "and", "for", "with", "from", "into", "that", "this", "will", "work", "working", "still",
        "continue", "finish", "start", "review", "get",
    ];
    text.split(|c: char| !c.is_alphanumeric())
        .map(str::to_lowercase)
        .filter(|word| word.chars().count() > 2 && !NO_CONTENT.contains(&word.as_str()))
        .collect()
}
