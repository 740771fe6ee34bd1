//! Purpose: the form of a schedule, and what is shown before it is saved: the next times it would come due.

use chrono::{DateTime, Utc};
use em_domain::id::SlackChannel;
use em_domain::schedule::{Definition, Missed, ScheduleId};
use serde::{Deserialize, Serialize};
use slack_morphism::prelude::{SlackMessageContent, SlackView, SlackViewState};

use super::{DISCARD, FORM, SAVE, missed_in_words, one, what, when_in_words};
use crate::element::Button;
use crate::help::typed;
use crate::layout::Layout;
use crate::modal::{Choice, Frame, Input};
use crate::mrkdwn::{bold, cat, code, escape, words};
use crate::time::plain_when;

/// Callback id: a schedule, as somebody wants it.
pub const CALLBACK: &str = "schedule.defined";

/// The field of what is typed.
const COMMAND: &str = "command";
/// The field of the words after it.
pub const WORDS: &str = "words";
const CHANNEL: &str = "channel";
/// The field of when.
pub const WHEN: &str = "when";
/// The field of the time zone.
pub const ZONE: &str = "zone";
const MISSED: &str = "missed";

/// What is offered for missed times.
const RULES: [Missed; 5] = [
    Missed::Late(1),
    Missed::Late(4),
    Missed::Late(12),
    Missed::Late(24),
    Missed::Skip,
];

/// What the form remembers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// Where to answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_url: Option<String>,
    /// The schedule that is edited, as it was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edits: Option<Edited>,
}

/// The schedule that is edited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edited {
    /// Which.
    pub id: ScheduleId,
    /// Since when it was defined as the editor saw it.
    pub since: DateTime<Utc>,
}

/// What stands in the form beforehand.
#[derive(Debug, Clone, Copy, Default)]
pub struct FormView<'a> {
    /// The commands that can be chosen, and what they do.
    pub commands: &'a [(&'a str, &'a str)],
    /// The command, and the words after it.
    pub run: (&'a str, &'a str),
    /// Where.
    pub channel: Option<&'a SlackChannel>,
    /// When.
    pub when: &'a str,
    /// In which zone.
    pub zone: &'a str,
    /// What becomes of missed times.
    pub missed: Option<Missed>,
}

/// The form; `None` if it cannot remember what it is for.
pub fn modal_schedule(form: &FormView<'_>, memory: &Memory) -> Option<SlackView> {
    let memory_text = serde_json::to_string(memory).ok()?;
    let title = if memory.edits.is_some() {
        "Edit schedule"
    } else {
        "New schedule"
    };
    let frame = Frame::new(title, "Next", CALLBACK, memory_text)?;
    let mut layout = Layout::new();
    let (command, after) = form.run;
    let commands = form
        .commands
        .iter()
        .map(|(path, summary)| Choice::new(&format!("{path}: {summary}"), path));
    layout.input(Input::select(COMMAND, "What?", commands).chosen_first(command));
    layout.input(
        Input::line(
            WORDS,
            "Words after it, if any (as --team payments; for ask, the question)",
            after,
        )
        .optional(),
    );
    layout.input(Input::conversation(
        CHANNEL,
        "Where?",
        form.channel.map(SlackChannel::as_str),
    ));
    layout.input(Input::line(
        WHEN,
        "When? (every weekday at 09:00 · Mondays 10:30 · first Monday of the month 9:00 · five cron fields)",
        form.when,
    ));
    layout.input(Input::line(ZONE, "In which time zone?", form.zone));
    let rules = RULES.map(|rule| Choice::new(&missed_in_words(rule), &rule.as_word()));
    let missed = form.missed.unwrap_or(Missed::USUAL).as_word();
    layout.input(Input::select(MISSED, "If I was down at that time?", rules).chosen_first(&missed));
    layout.context(&words("Before anything is saved I show you the next five times."));
    Some(layout.into_modal(&frame))
}

/// What was filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filled {
    /// The command with the words after it.
    pub run: String,
    /// The id of the channel; `None` if none was chosen.
    pub channel: Option<SlackChannel>,
    /// When.
    pub when: String,
    /// In which zone.
    pub zone: String,
    /// What becomes of missed times.
    pub missed: Missed,
}

/// Reads a submitted form; `None` if it is not one of this version.
pub fn filled(state: &SlackViewState) -> Option<Filled> {
    let words = [
        Input::chosen(state, COMMAND)?,
        Input::written(state, WORDS).unwrap_or_default(),
    ];
    Some(Filled {
        run: words.join(" ").trim().to_owned(),
        channel: Input::chosen_conversation(state, CHANNEL).map(SlackChannel::from),
        when: Input::written(state, WHEN)?.to_owned(),
        zone: Input::written(state, ZONE)?.to_owned(),
        missed: Missed::parse(Input::chosen(state, MISSED)?)?,
    })
}

/// A schedule that is not saved yet; the button carries it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// What it will be called, or is.
    pub id: ScheduleId,
    /// What it does.
    pub definition: Definition,
    /// Since when the schedule is defined that it replaces; absent for a new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<DateTime<Utc>>,
}

impl Draft {
    /// Reads the value of the button.
    pub fn parse(value: &str) -> Option<Self> {
        serde_json::from_str(value).ok()
    }
}

/// What would be saved, with the next times it would come due, and the buttons for it.
pub fn message_draft(draft: &Draft, times: &[DateTime<Utc>]) -> SlackMessageContent {
    let definition = &draft.definition;
    let lead = cat([what(definition), words(", "), escape(&when_in_words(definition))]);
    let mut layout = Layout::new();
    layout.section(&bold(words(if draft.since.is_some() {
        "Change the schedule to this?"
    } else {
        "Save this schedule?"
    })));
    layout.section(&lead);
    layout.section(&words("The next times:"));
    layout.lines(times.iter().map(|at| {
        let at = plain_when(*at, definition.zone);
        cat([words("• "), escape(&at)])
    }));
    layout.context(&cat([
        words("If I was down: "),
        escape(&missed_in_words(definition.missed).to_lowercase()),
        words(". As cron: "),
        code(&definition.cron),
    ]));
    let value = serde_json::to_string(draft).unwrap_or_default();
    layout.foot_actions([
        Button::new("Save", SAVE, &value).primary(),
        Button::new("Cancel", DISCARD, ""),
    ]);
    layout.into_message(&cat([words("Not saved yet: "), lead]))
}

/// Nothing was saved because nobody wanted it.
pub fn message_discarded() -> SlackMessageContent {
    one(&words("Nothing was saved."))
}

/// Where no form can be opened: a button that opens it, and how to do without. `value` is the schedule that is edited;
/// empty for a new one.
pub fn message_form(value: &str) -> SlackMessageContent {
    let said = words("A schedule needs what, where and when.");
    let mut layout = Layout::new();
    layout.section(&said);
    layout.section(&cat([
        words("In one line: "),
        if value.is_empty() {
            typed("schedule add triage post #ops every weekday at 09:00")
        } else {
            typed(&format!("schedule edit {value} every weekday at 09:00"))
        },
    ]));
    layout.actions([Button::new("Fill in the form", FORM, value).primary()]);
    layout.into_message(&said)
}
