//! Purpose: what a Socket Mode frame says, read without copying and without looking into its payload; and the
//! acknowledgement it gets.
//!
//! Source: <https://docs.slack.dev/apis/events-api/using-socket-mode>

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::form::FormErrors;
use super::{BUSY, InboundKind};

/// A frame, as far as the transport is concerned.
#[derive(Debug)]
pub(super) enum Frame<'a> {
    /// The connection takes envelopes from now on.
    Hello,
    /// Slack is about to close the connection, or never meant to keep it.
    Disconnect { reason: Cow<'a, str> },
    /// Something to acknowledge and work on.
    Work {
        envelope_id: Cow<'a, str>,
        kind: InboundKind,
        payload: &'a RawValue,
    },
    /// Something to acknowledge that we do not know.
    Unknown {
        envelope_id: Option<Cow<'a, str>>,
        kind: Cow<'a, str>,
    },
}

#[derive(Deserialize)]
#[expect(clippy::struct_field_names, reason = "Slack's own names")]
struct Envelope<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    envelope_id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    payload: Option<&'a RawValue>,
    #[serde(borrow, default)]
    reason: Option<Cow<'a, str>>,
}

/// Reads a frame.
pub(super) fn parse(frame: &str) -> Result<Frame<'_>, serde_json::Error> {
    let Envelope {
        kind,
        envelope_id,
        payload,
        reason,
    } = serde_json::from_str(frame)?;
    let work = match kind.as_ref() {
        "hello" => return Ok(Frame::Hello),
        "disconnect" => {
            return Ok(Frame::Disconnect {
                reason: reason.unwrap_or_default(),
            });
        }
        "slash_commands" => InboundKind::SlashCommand,
        "interactive" => InboundKind::Interaction,
        "events_api" => InboundKind::Event,
        _ => return Ok(Frame::Unknown { envelope_id, kind }),
    };
    Ok(match (envelope_id, payload) {
        (Some(envelope_id), Some(payload)) => Frame::Work {
            envelope_id,
            kind: work,
            payload,
        },
        (envelope_id, _) => Frame::Unknown { envelope_id, kind },
    })
}

/// The `event_id` of an event's payload; it stays the same when Slack sends the event again in a new envelope.
pub(super) fn event_id(payload: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Event<'a> {
        #[serde(borrow)]
        event_id: Cow<'a, str>,
    }
    serde_json::from_str::<Event<'_>>(payload)
        .ok()
        .map(|event| event.event_id.into_owned())
}

#[derive(Serialize)]
struct Ack<'a, P> {
    envelope_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<P>,
}

/// The answer to a command for which there is no room.
#[derive(Serialize)]
pub(super) struct BusyAnswer {
    response_type: &'static str,
    text: &'static str,
}

impl BusyAnswer {
    pub(super) const NOW: Self = Self {
        response_type: "ephemeral",
        text: BUSY,
    };
}

/// Tells Slack that the envelope arrived.
pub(super) fn ack(envelope_id: &str) -> Result<String, serde_json::Error> {
    serde_json::to_string(&Ack::<()> {
        envelope_id,
        payload: None,
    })
}

/// Tells Slack that the form arrived, and what is wrong with it.
pub(super) fn form_ack(envelope_id: &str, errors: FormErrors) -> Result<String, serde_json::Error> {
    serde_json::to_string(&Ack {
        envelope_id,
        payload: Some(errors),
    })
}

/// Tells Slack that the command arrived, and the person that it will not be worked on.
pub(super) fn busy_ack(envelope_id: &str) -> Result<String, serde_json::Error> {
    serde_json::to_string(&Ack {
        envelope_id,
        payload: Some(BusyAnswer::NOW),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_read_with_its_payload_untouched() {
        let frame = r#"{"envelope_id":"e1","type":"slash_commands","payload":{"text": "a\u0041"},
                        "accepts_response_payload":true}"#;
        let Frame::Work {
            envelope_id,
            kind,
            payload,
        } = parse(frame).unwrap()
        else {
            panic!("not work")
        };
        assert_eq!((envelope_id.as_ref(), kind), ("e1", InboundKind::SlashCommand));
        assert_eq!(payload.get(), r#"{"text": "a\u0041"}"#);
        assert_eq!(ack("e1").unwrap(), r#"{"envelope_id":"e1"}"#);
        assert_eq!(
            busy_ack("e1").unwrap(),
            r#"{"envelope_id":"e1","payload":{"response_type":"ephemeral","text":"EM Agent is busy; try again in a moment."}}"#
        );
    }

    #[test]
    fn frames_without_work_are_told_apart() {
        assert!(matches!(
            parse(r#"{"type":"hello","num_connections":1}"#),
            Ok(Frame::Hello)
        ));
        let frame = r#"{"type":"disconnect","reason":"refresh_requested"}"#;
        assert!(matches!(parse(frame), Ok(Frame::Disconnect { reason }) if reason == "refresh_requested"));
        let frame = r#"{"type":"hologram","envelope_id":"e\"1"}"#;
        assert!(matches!(parse(frame), Ok(Frame::Unknown { envelope_id: Some(id), .. }) if id == "e\"1"));
        assert!(matches!(
            parse(r#"{"type":"events_api"}"#),
            Ok(Frame::Unknown {
                envelope_id: None,
                ..
            })
        ));
        assert!(parse("not json").is_err());
    }

    #[test]
    fn an_event_is_known_by_its_event_id() {
        assert_eq!(
            event_id(r#"{"event":{"event_id":"inner"},"event_id":"Ev1"}"#).as_deref(),
            Some("Ev1")
        );
        assert_eq!(event_id(r#"{"type":"block_actions"}"#), None);
    }
}
