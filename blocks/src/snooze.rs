//! Purpose: *Snooze…* on a row: the question for a reason and a time, its answer, and the confirmation.

use chrono::{DateTime, Days, NaiveTime, TimeZone, Utc};
use em_domain::calendar::WorkCalendar;
use em_domain::pull_request::PullRequestKey;
use em_domain::snooze::{Snooze, SnoozeReason};
use serde::{Deserialize, Serialize};
use slack_morphism::prelude::{SlackMessageContent, SlackView, SlackViewState};

use crate::layout::Layout;
use crate::modal::{Choice, Frame, Input};
use crate::mrkdwn::{cat, words};
use crate::row;
use crate::time::{plain_when, when};

/// Callback id of the modal.
pub const CALLBACK: &str = "triage.snooze";

const REASON: &str = "reason";
const UNTIL: &str = "until";

/// What the modal remembers between being opened and being sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnoozeMemory {
    /// The pull request, `owner/name#12`.
    pub subject: String,
    /// Where the row was clicked: the conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// The message, where it is one that can be edited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_ts: Option<String>,
    /// Where to send the refreshed list when the message was for one person only (good for 30 minutes).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_url: Option<String>,
}

impl SnoozeMemory {
    /// Reads the `private_metadata` of a submitted modal.
    pub fn parse(private_metadata: &str) -> Option<Self> {
        serde_json::from_str(private_metadata).ok()
    }
}

/// What the question is about.
#[derive(Debug, Clone, Copy)]
pub struct SnoozeQuestion<'a> {
    /// The title, as written.
    pub title: &'a str,
    /// The page.
    pub url: &'a str,
    /// What is snoozed.
    pub subject: &'a PullRequestKey,
    /// When people work: a snooze ends at the start of a working day.
    pub calendar: &'a WorkCalendar,
    /// The present.
    pub now: DateTime<Utc>,
}

/// The question. `None` if `memory` is too long for Slack to keep (no real name is).
pub fn modal_snooze(question: &SnoozeQuestion<'_>, memory: &SnoozeMemory) -> Option<SlackView> {
    let memory = serde_json::to_string(memory).ok()?;
    let frame = Frame::new("Snooze", "Snooze", CALLBACK, memory)?;
    let mut layout = Layout::new();
    layout.section(&row::subject(question.title, question.url, question.subject));
    layout.input(Input::radio(
        REASON,
        "Why may it wait?",
        SnoozeReason::ALL.map(|reason| Choice::new(&capital(reason.label()), reason.as_str())),
    ));
    layout.input(Input::select(
        UNTIL,
        "Until when?",
        until_choices(question.calendar, question.now),
    ));
    layout.context(&words(
        "It is left out of the lists until then, and shown under Snoozed with your name.",
    ));
    Some(layout.into_modal(&frame))
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The times on offer, each once; the value is the instant in seconds since 1970.
fn until_choices(calendar: &WorkCalendar, now: DateTime<Utc>) -> Vec<Choice> {
    let mut offered: Vec<DateTime<Utc>> = Vec::new();
    let mut choices = Vec::new();
    let until = [
        ("Next working day", calendar.opens_after(now, 1)),
        ("In 2 working days", calendar.opens_after(now, 2)),
        (
            "Next week",
            opens_from(calendar, now, days_to_monday(calendar, now)),
        ),
        ("In 2 weeks", opens_from(calendar, now, 14)),
    ];
    for (label, at) in until {
        if !offered.contains(&at) {
            offered.push(at);
            choices.push(Choice::new(
                &format!("{label} · {}", plain_when(at, calendar.zone)),
                &at.timestamp().to_string(),
            ));
        }
    }
    choices
}

fn days_to_monday(calendar: &WorkCalendar, now: DateTime<Utc>) -> u64 {
    use chrono::Datelike;
    7 - u64::from(calendar.local_date(now).weekday().num_days_from_monday())
}

/// The start of work on the day `days` after today, or of the next working day after that.
fn opens_from(calendar: &WorkCalendar, now: DateTime<Utc>, days: u64) -> DateTime<Utc> {
    let eve = calendar.local_date(now).checked_add_days(Days::new(days - 1));
    let noon = eve.and_then(|eve| {
        calendar
            .zone
            .from_local_datetime(&eve.and_time(NaiveTime::from_hms_opt(12, 0, 0)?))
            .earliest()
    });
    noon.map_or_else(
        || calendar.opens_after(now, 1),
        |noon| calendar.opens_after(noon.with_timezone(&Utc), 1),
    )
}

/// What was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SnoozeAnswer {
    /// Why it may wait.
    pub reason: SnoozeReason,
    /// Until when.
    pub until: DateTime<Utc>,
}

/// Reads a submitted modal; `None` if it is not one of ours.
pub fn answer(state: &SlackViewState) -> Option<SnoozeAnswer> {
    let reason = SnoozeReason::parse(Input::chosen(state, REASON)?)?;
    let until = DateTime::from_timestamp(Input::chosen(state, UNTIL)?.parse().ok()?, 0)?;
    Some(SnoozeAnswer { reason, until })
}

/// Confirms a snooze to the one who asked for it.
pub fn message_snoozed(snooze: &Snooze, calendar: &WorkCalendar) -> SlackMessageContent {
    let text = cat([
        words("Snoozed "),
        row::short_key(&snooze.subject),
        words(" until "),
        when(snooze.until, calendar.zone),
        words(": "),
        words(snooze.reason.label()),
        words(". It comes back by itself."),
    ]);
    let mut layout = Layout::new();
    layout.section(&text);
    layout.into_message(&text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{calendar, now, rows, snooze};
    use crate::transcript::{transcript, transcript_view};
    use insta::assert_snapshot;

    fn modal(memory: &SnoozeMemory) -> Option<SlackView> {
        let row = &rows()[0];
        let question = SnoozeQuestion {
            title: &row.title,
            url: &row.url,
            subject: &row.key,
            calendar: &calendar(),
            now: now(),
        };
        modal_snooze(&question, memory)
    }

    fn memory(subject: &str) -> SnoozeMemory {
        SnoozeMemory {
            subject: subject.to_owned(),
            channel: Some("C0TEAM".into()),
            message_ts: None,
            response_url: None,
        }
    }

    #[test]
    fn the_question_offers_reasons_and_times_on_working_days() {
        assert_snapshot!(transcript_view(&modal(&memory("shop/api#812")).unwrap()), @r"
        (modal triage.snooze) Snooze [Snooze] [Cancel]
        Retry payments on timeout (https://github.com/shop/api/pull/812) · shop/api#812
        Why may it wait?
          (•) Waiting on product
          ( ) Waiting on another change
          ( ) The person is away
          ( ) Parked on purpose
        Until when?
          (•) Next working day · Mon 24 Nov 09:00
          ( ) In 2 working days · Tue 25 Nov 09:00
          ( ) In 2 weeks · Fri 5 Dec 09:00
        > It is left out of the lists until then, and shown under Snoozed with your name.
        ");
    }

    #[test]
    fn the_memory_comes_back_as_it_was() {
        let view = serde_json::to_value(modal(&memory("shop/api#812")).unwrap()).unwrap();
        let text = view["private_metadata"].as_str().unwrap();
        assert_eq!(SnoozeMemory::parse(text), Some(memory("shop/api#812")));
        assert!(modal(&memory(&"x".repeat(3_000))).is_none());
    }

    #[test]
    fn an_answer_is_read_from_what_the_modal_offered() {
        let state = |until: &str| {
            let field = |value: &str| serde_json::json!({"type": "x", "selected_option": {"text": {"type": "plain_text", "text": "x"}, "value": value}});
            serde_json::from_value::<SlackViewState>(serde_json::json!({"values": {
                "reason": {"reason": field("away")}, "until": {"until": field(until)}
            }}))
            .unwrap()
        };
        let expected = SnoozeAnswer {
            reason: SnoozeReason::Away,
            until: calendar().opens_after(now(), 1),
        };
        assert_eq!(
            answer(&state(&expected.until.timestamp().to_string())),
            Some(expected)
        );
        assert_eq!(answer(&state("tomorrow")), None);
    }

    #[test]
    fn a_snooze_is_confirmed() {
        assert_snapshot!(transcript(&message_snoozed(&snooze(), &calendar())), @r"
        (text) Snoozed shop/api#700 until Mon 24 Nov 09:00: waiting on product. It comes back by itself.
        Snoozed shop/api#700 until Mon 24 Nov 09:00: waiting on product. It comes back by itself.
        ");
    }
}
