//! Purpose: recorded event files: one line is one delivery, `{"headers": {…}, "body": {…}}`, of any sender.
//! `em-agent import` reads them.

use std::borrow::Cow;
use std::fmt;

use chrono::{DateTime, Utc};
use em_domain::event::{Origin, RawEvent, Source};
use em_domain::id::EventId;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::github;

/// Why a line was not taken in. The import goes on and counts them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordedError {
    /// Not JSON, or not of the form `{"headers": {…}, "body": {…}}`.
    #[error("not a recorded delivery: {0}")]
    Malformed(String),
    /// The headers name no sender that is known here.
    #[error("the headers name no known sender")]
    UnknownSender,
    /// A `PagerDuty` line without a field that all of them have.
    #[error("the body has no {0}")]
    Missing(&'static str),
}

/// Reads one line. The payload is kept byte for byte as it stands in the file.
pub fn recorded(line: &[u8], now: DateTime<Utc>, id: EventId) -> Result<RawEvent, RecordedError> {
    let line: Line<'_> =
        serde_json::from_slice(line).map_err(|error| RecordedError::Malformed(error.to_string()))?;
    let payload = line.body.get().as_bytes();
    let headers = line.headers;
    let sender = if headers.github_event.is_some() {
        from_github(&headers, payload)
    } else if headers.is_from_pagerduty() {
        from_pagerduty(payload)?
    } else {
        return Err(RecordedError::UnknownSender);
    };
    Ok(RawEvent {
        id,
        source: sender.source,
        delivery_key: sender.delivery_key,
        event_type: sender.event_type,
        origin: Origin::Import,
        occurred_at: sender.occurred_at,
        received_at: now,
        payload: payload.to_vec(),
    })
}

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    headers: Headers<'a>,
    #[serde(borrow)]
    body: &'a RawValue,
}

/// What a sender says about its delivery.
struct Sender {
    source: Source,
    delivery_key: String,
    event_type: String,
    occurred_at: Option<DateTime<Utc>>,
}

fn from_github(headers: &Headers<'_>, payload: &[u8]) -> Sender {
    Sender {
        source: Source::github(),
        delivery_key: github::webhook::delivery_key(headers.github_delivery.as_deref(), payload),
        event_type: headers.github_event.as_deref().unwrap_or_default().to_owned(),
        occurred_at: github::occurred::occurred_at(payload),
    }
}

#[derive(Deserialize)]
struct PagerDuty<'a> {
    #[serde(borrow)]
    event: PagerDutyEvent<'a>,
}

#[derive(Deserialize)]
struct PagerDutyEvent<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    event_type: Cow<'a, str>,
    occurred_at: Option<github::payload::Time>,
}

fn from_pagerduty(payload: &[u8]) -> Result<Sender, RecordedError> {
    let PagerDuty { event } = serde_json::from_slice(payload)
        .map_err(|_| RecordedError::Missing("event.id or event.event_type"))?;
    Ok(Sender {
        source: Source::pagerduty(),
        delivery_key: github::webhook::delivery_key(Some(&event.id), payload),
        event_type: event.event_type.into_owned(),
        occurred_at: event.occurred_at.map(|at| at.0),
    })
}

/// The headers that name the sender; names are compared without case, as in HTTP.
#[derive(Debug, Default)]
struct Headers<'a> {
    github_event: Option<Cow<'a, str>>,
    github_delivery: Option<Cow<'a, str>>,
    user_agent: Option<Cow<'a, str>>,
    webhook_id: bool,
}

impl Headers<'_> {
    fn is_from_pagerduty(&self) -> bool {
        self.webhook_id
            || self
                .user_agent
                .as_deref()
                .is_some_and(|agent| agent.starts_with("PagerDuty"))
    }
}

/// A text that is borrowed from the line where it needs no unescaping.
#[derive(Deserialize)]
struct Borrowed<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Headers<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Headers<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("headers by name")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Headers<'de>, A::Error> {
                let mut headers = Headers::default();
                while let Some(Borrowed(name)) = map.next_key()? {
                    let slot = match name.to_ascii_lowercase().as_str() {
                        "x-github-event" => &mut headers.github_event,
                        "x-github-delivery" => &mut headers.github_delivery,
                        "user-agent" => &mut headers.user_agent,
                        other => {
                            headers.webhook_id |= other == "x-webhook-id";
                            map.next_value::<IgnoredAny>()?;
                            continue;
                        }
                    };
                    *slot = Some(map.next_value::<Borrowed<'de>>()?.0);
                }
                Ok(headers)
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ulid::Ulid;

    fn take(line: &str) -> Result<RawEvent, RecordedError> {
        recorded(line.as_bytes(), DateTime::UNIX_EPOCH, EventId::new(Ulid::nil()))
    }

    #[test]
    fn a_github_line_keeps_its_body_byte_for_byte() {
        let event = take(
            r#"{"headers":{"X-GitHub-Event":"pull_request","x-github-delivery":"7b03","n":[1]},
               "body":{"b" : 1.0, "a":"\u00e9","pull_request":{"updated_at":"2026-08-20T22:25:57Z"}}}"#,
        )
        .unwrap();
        assert_eq!(event.source, Source::github());
        assert_eq!(
            (event.event_type.as_str(), event.delivery_key.as_str()),
            ("pull_request", "7b03")
        );
        assert_eq!(event.origin, Origin::Import);
        assert_eq!(
            event.occurred_at.unwrap().to_rfc3339(),
            "2026-08-20T22:25:57+00:00"
        );
        let body = r#"{"b" : 1.0, "a":"\u00e9","pull_request":{"updated_at":"2026-08-20T22:25:57Z"}}"#;
        assert_eq!(String::from_utf8(event.payload).unwrap(), body);
    }

    #[test]
    fn a_pagerduty_line_is_keyed_by_its_event() {
        for headers in [
            r#""x-webhook-id":"e""#,
            r#""user-agent":"PagerDuty-Webhook/V3.0""#,
        ] {
            let line = format!(
                r#"{{"headers":{{{headers}}},"body":{{"event":{{"id":"01D","event_type":"incident.triggered","occurred_at":"2023-02-26T23:01:40Z"}}}}}}"#
            );
            let event = take(&line).unwrap();
            assert_eq!(event.source.as_str(), "pagerduty");
            assert_eq!(
                (event.event_type.as_str(), event.delivery_key.as_str()),
                ("incident.triggered", "01D")
            );
            assert!(event.occurred_at.is_some());
        }
    }

    #[test]
    fn lines_that_are_no_deliveries_are_refused_by_what_they_lack() {
        assert!(matches!(take(""), Err(RecordedError::Malformed(_))));
        assert!(matches!(
            take(r#"{"headers":{}}"#),
            Err(RecordedError::Malformed(_))
        ));
        assert_eq!(
            take(r#"{"headers":{},"body":{}}"#),
            Err(RecordedError::UnknownSender)
        );
        let line = r#"{"headers":{"x-webhook-id":"e"},"body":{}}"#;
        assert_eq!(
            take(line),
            Err(RecordedError::Missing("event.id or event.event_type"))
        );
    }
}
