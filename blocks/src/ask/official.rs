//! Purpose: *Make official…* under an answer: its text to be put right, and how long somebody stands for it.

use chrono::{DateTime, Days, Utc};
use serde::{Deserialize, Serialize};
use slack_morphism::prelude::{SlackMessageContent, SlackView, SlackViewState};

use crate::layout::Layout;
use crate::limits::fit;
use crate::modal::{Choice, Frame, Input};
use crate::mrkdwn::{bold, cat, escape, words};

/// Callback id of the form.
pub const CALLBACK: &str = "ask.official";

const TEXT: &str = "text";
const DAYS: &str = "days";
/// How long an answer may be stood for; what nobody looks at for longer is no longer true.
const OFFERED_DAYS: [(&str, u16); 4] = [
    ("3 months", 90),
    ("1 month", 30),
    ("6 months", 180),
    ("1 year", 365),
];
/// What the form remembers between being opened and being sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfficialMemory {
    /// The answer's id.
    pub answer: String,
    /// Where it is said that it was kept (good for 30 minutes).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_url: Option<String>,
}

impl OfficialMemory {
    /// Reads the `private_metadata` of a submitted form.
    pub fn parse(private_metadata: &str) -> Option<Self> {
        serde_json::from_str(private_metadata).ok()
    }
}

/// The form, with `text` to begin with. `None` if `memory` is too long for Slack to keep (none is).
pub fn modal_official(question: &str, text: &str, memory: &OfficialMemory) -> Option<SlackView> {
    let memory = serde_json::to_string(memory).ok()?;
    let frame = Frame::new("Make it official", "Make official", CALLBACK, memory)?;
    let mut layout = Layout::new();
    layout.section(&bold(escape(&fit(question, 500))));
    layout.input(Input::paragraph(TEXT, "The answer", text));
    layout.input(Input::select(
        DAYS,
        "How long do you stand for it?",
        OFFERED_DAYS.map(|(label, days)| Choice::new(label, &days.to_string())),
    ));
    layout.context(&words(
        "Whoever asks nearly the same gets this answer first, with your name, as long as they may see what it rests on.",
    ));
    Some(layout.into_modal(&frame))
}

/// What was typed, unless it was nothing.
pub fn text(state: &SlackViewState) -> Option<&str> {
    Input::written(state, TEXT)
        .map(str::trim)
        .filter(|text| !text.is_empty())
}

/// Until when, of the times on offer.
pub fn until(state: &SlackViewState, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let chosen: u16 = Input::chosen(state, DAYS)?.parse().ok()?;
    let is_offered = OFFERED_DAYS.iter().any(|(_, days)| *days == chosen);
    is_offered.then(|| now.checked_add_days(Days::new(chosen.into())))?
}

/// That it is official from now on.
pub fn message_official(question: &str, until: DateTime<Utc>) -> SlackMessageContent {
    let said = cat([
        words(":white_check_mark: Official until "),
        escape(&until.format("%-d %B %Y").to_string()),
        words(": "),
        escape(&fit(question, 500)),
    ]);
    let mut layout = Layout::new();
    layout.section(&said);
    layout.into_message(&said)
}
