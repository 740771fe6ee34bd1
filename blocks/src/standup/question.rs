//! Purpose: the question of a standup to one person: the direct message, the form that is filled in already, the thanks.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use em_domain::evidence::Line;
use em_domain::settings::NoticeKind;
use em_domain::standup::{Checkin, CheckinState, Mood};
use serde::{Deserialize, Serialize};
use slack_morphism::prelude::{SlackMessageContent, SlackView, SlackViewState};

use crate::element::Button;
use crate::evidence;
use crate::help::typed;
use crate::layout::Layout;
use crate::limits::fit;
use crate::modal::{Choice, Frame, Input};
use crate::mrkdwn::{bold, cat, escape, words};
use crate::settings::mute;
use crate::time::when;

/// Action: open the form. The value is the round.
pub const ANSWER: &str = "standup.answer";
/// Action: nothing to say today. The value is the round.
pub const SKIP: &str = "standup.skip";
/// Callback id: the form.
pub const CALLBACK: &str = "standup.submit";

const DONE: &str = "done";
const NEXT: &str = "next";
const BLOCKED: &str = "blocked";
const MOOD: &str = "mood";

/// What was seen is shown above the fields, with its proof.
const SEEN_LINES: usize = 10;

/// A question to one person.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The standup's name.
    pub standup: &'a str,
    /// The round.
    pub round: &'a str,
    /// Until when an answer is in time.
    pub until: DateTime<Utc>,
    /// Where the person is.
    pub zone: Tz,
    /// How many things were seen and filled in.
    pub seen: usize,
    /// What they meant to do last time and nothing was seen of.
    pub unmatched: &'a [String],
}

/// The question.
pub fn message_question(question: &Question<'_>) -> SlackMessageContent {
    let name = escape(&fit(question.standup, 60));
    let seen = match question.seen {
        0 => words("I have seen nothing of yours yet."),
        1 => words("I have filled in the one thing that I saw."),
        seen => escape(&format!("I have filled in the {seen} things that I saw.")),
    };
    let head = cat([
        bold(cat([words("Standup of "), name.clone()])),
        words(". "),
        seen.clone(),
    ]);
    let mut layout = Layout::new();
    layout.section(&head);
    if !question.unmatched.is_empty() {
        let still = question.unmatched.iter().take(3);
        layout.section(&words(
            "Last time you meant to do this, and I saw nothing of it. Still on it?",
        ));
        layout.lines(still.map(|line| cat([words("• "), escape(&fit(line, 200))])));
    }
    layout.actions([
        Button::new("Answer…", ANSWER, question.round).spoken("Answer the standup"),
        Button::new("Nothing today", SKIP, question.round).spoken("Skip the standup of today"),
    ]);
    layout.context(&cat([
        words("It is posted "),
        when(question.until, question.zone),
        words("; a later answer is added to it. Away? "),
        typed("standup away tomorrow 2026-08-14"),
    ]));
    layout.into_message(&cat([words("Standup of "), name, words(": "), seen]))
}

/// The question once more, to whoever has not answered.
pub fn message_reminder(question: &Question<'_>) -> SlackMessageContent {
    let text = cat([
        words("The standup of "),
        escape(&fit(question.standup, 60)),
        words(" is posted "),
        when(question.until, question.zone),
        words(", and you have not answered yet."),
    ]);
    let mut layout = Layout::new();
    layout.section(&text);
    layout.actions([
        Button::new("Answer…", ANSWER, question.round).spoken("Answer the standup"),
        Button::new("Nothing today", SKIP, question.round).spoken("Skip the standup of today"),
        mute(NoticeKind::StandupReminder),
    ]);
    layout.into_message(&text)
}

/// In place of the question, when it is answered.
pub fn message_thanks(standup: &str, checkin: &Checkin, zone: Tz) -> SlackMessageContent {
    let at = checkin.answered_at.map(|at| when(at, zone)).unwrap_or_default();
    let text = match checkin.state {
        CheckinState::Skipped => cat([
            words("Nothing from you in today’s standup of "),
            escape(&fit(standup, 60)),
            words(". Said "),
            at,
            words("."),
        ]),
        CheckinState::Answered | CheckinState::Asked => cat([
            words("Thank you. Your answer to the standup of "),
            escape(&fit(standup, 60)),
            words(" is in, "),
            at,
            words("."),
        ]),
    };
    let mut layout = Layout::new();
    layout.section(&text);
    let label = match checkin.state {
        CheckinState::Skipped => "Answer after all…",
        CheckinState::Answered | CheckinState::Asked => "Edit…",
    };
    layout.actions([Button::new(label, ANSWER, &checkin.round).spoken("Edit your answer to the standup")]);
    layout.into_message(&text)
}

/// What the form remembers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// The round.
    pub round: String,
}

impl Memory {
    /// Reads the `private_metadata` of a submitted form.
    pub fn parse(private_metadata: &str) -> Option<Self> {
        serde_json::from_str(private_metadata).ok()
    }
}

/// What is filled in.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    /// What was seen, with its proof.
    pub seen: Vec<Line>,
    /// What was done.
    pub done: String,
    /// What comes next.
    pub next: String,
    /// What holds them up.
    pub blocked: String,
    /// Whether to ask how they are.
    pub mood: Option<Mood>,
}

/// The form. `None` if the round's name is too long for Slack to carry.
pub fn modal_checkin(standup: &str, memory: &Memory, draft: &Draft) -> Option<SlackView> {
    let frame = Frame::new("Standup", "Send", CALLBACK, serde_json::to_string(memory).ok()?)?;
    let mut layout = Layout::new();
    layout.section(&bold(escape(&fit(standup, 60))));
    if !draft.seen.is_empty() {
        let lines = draft.seen.iter().take(SEEN_LINES);
        layout.lines(lines.map(|line| cat([words("• "), evidence::line(line)])));
        layout.context(&words(
            "This is what I saw. The fields are yours: take out, add, say it better.",
        ));
    }
    layout.input(Input::paragraph(DONE, "Done, a line each", &draft.done).optional());
    layout.input(Input::paragraph(NEXT, "Next, a line each", &draft.next).optional());
    layout.input(
        Input::paragraph(
            BLOCKED,
            "Blocked, a line each. I keep each until it is gone.",
            &draft.blocked,
        )
        .optional(),
    );
    if let Some(mood) = draft.mood.filter(|mood| *mood != Mood::Off) {
        let label = match mood {
            Mood::Anonymous => "How are you? I keep no name with it.",
            Mood::Named | Mood::Off => "How are you?",
        };
        layout.input(Input::select(MOOD, label, moods()));
    }
    Some(layout.into_modal(&frame))
}

/// The moods, the first for those who would rather not say.
fn moods() -> impl Iterator<Item = Choice> {
    let named = (1..=5)
        .rev()
        .map(|mood| Choice::new(mood_name(mood), &mood.to_string()));
    std::iter::once(Choice::new("I would rather not say", "0")).chain(named)
}

/// A mood in a word.
pub(super) fn mood_name(mood: u8) -> &'static str {
    match mood {
        ..=1 => "Awful",
        2 => "Not good",
        3 => "So-so",
        4 => "Good",
        5.. => "Great",
    }
}

/// What was written in the form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// What was done.
    pub done: String,
    /// What comes next.
    pub next: String,
    /// What holds them up.
    pub blocked: String,
    /// How they are, 1 to 5.
    pub mood: Option<u8>,
}

/// Reads the submitted form.
pub fn written(state: &SlackViewState) -> Written {
    let text = |name| Input::written(state, name).unwrap_or_default().to_owned();
    let mood = Input::chosen(state, MOOD).and_then(|mood| mood.parse().ok());
    Written {
        done: text(DONE),
        next: text(NEXT),
        blocked: text(BLOCKED),
        mood: mood.filter(|mood| (1..=5).contains(mood)),
    }
}

/// A line of evidence as somebody would write it: `Merged Retry payments (shop/api#12)`.
pub fn plain_line(line: &Line) -> String {
    let subject = &line.subject;
    let title = fit(&subject.title, 150);
    let verb = evidence::verb(line);
    if subject.id == subject.title || evidence::is_opaque(line.deed) {
        format!("{verb} {title}")
    } else {
        format!("{verb} {title} ({})", subject.id)
    }
}
