//! Purpose: recorded event files: one line is one delivery, `{"headers": {…}, "body": {…}}`, of any sender. Who sent it is told by
//! its headers, or by `"source": "gitlab"` beside them. `em-agent import` reads them.

use std::borrow::Cow;
use std::fmt;

use chrono::{DateTime, Utc};
use em_domain::event::{Origin, RawEvent, Source};
use em_domain::id::EventId;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::vendors::vendor;
use crate::webhook::{self, Delivery, Vendor};

/// Why a line was not taken in. The import goes on and counts them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordedError {
    /// Not JSON, or not of the form `{"headers": {…}, "body": {…}}`.
    #[error("not a recorded delivery: {0}")]
    Malformed(String),
    /// The headers name no sender that is known here, and neither does `source`.
    #[error("the headers name no known sender; write it beside them, as \"source\": \"gitlab\"")]
    UnknownSender,
    /// The sender's own file cannot tell what it is.
    #[error("{0}")]
    Nameless(String),
}

/// Reads one line. The payload is kept byte for byte as it stands in the file.
///
/// # Errors
/// It is no recorded delivery, or nobody knows whose.
pub fn recorded(line: &[u8], now: DateTime<Utc>, id: EventId) -> Result<RawEvent, RecordedError> {
    let line: Line<'_> =
        serde_json::from_slice(line).map_err(|error| RecordedError::Malformed(error.to_string()))?;
    let payload = line.body.get().as_bytes();
    let Headers(headers) = line.headers;
    let vendor = match line.source.as_deref() {
        Some(name) => vendor(name),
        None => sender(&headers),
    };
    let vendor = vendor.ok_or(RecordedError::UnknownSender)?;
    let delivery = Delivery {
        headers: &headers,
        query: None,
        body: payload,
        certificate: None,
    };
    let said = (vendor.read)(delivery, payload);
    let said = said.map_err(|refused| RecordedError::Nameless(refused.to_string()))?;
    Ok(RawEvent {
        id,
        source: Source::parse(vendor.name).ok_or(RecordedError::UnknownSender)?,
        delivery_key: webhook::delivery_key(said.delivery_key.as_deref(), payload),
        event_type: webhook::event_type(&said.event_type),
        origin: Origin::Import,
        occurred_at: said.occurred_at,
        received_at: now,
        payload: payload.to_vec(),
    })
}

/// Headers that one sender alone sends.
const TELLTALES: &[(&str, &str)] = &[
    ("x-github-event", "github"),
    ("x-gitlab-event", "gitlab"),
    ("x-pagerduty-signature", "pagerduty"),
    ("x-webhook-id", "pagerduty"),
    ("linear-event", "linear"),
    ("sentry-hook-resource", "sentry"),
    ("circleci-event-type", "circleci"),
    ("x-atlassian-webhook-identifier", "jira"),
    ("payload-signature", "shortcut"),
    ("heroku-webhook-hmac-sha256", "heroku"),
    ("x-sonarqube-project", "sonarqube"),
    ("x-amz-sns-message-type", "cloudwatch"),
];
/// How the names begin that senders without such a header give themselves.
const AGENTS: &[(&str, &str)] = &[("PagerDuty", "pagerduty"), ("Alertmanager", "alertmanager")];

fn sender(headers: &HeaderMap) -> Option<&'static Vendor> {
    let agent = webhook::header(headers, USER_AGENT.as_str()).unwrap_or_default();
    let by_header = TELLTALES.iter().find(|(header, _)| headers.contains_key(*header));
    let by_agent = || AGENTS.iter().find(|(begin, _)| agent.starts_with(begin));
    by_header.or_else(by_agent).and_then(|(_, name)| vendor(name))
}

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    source: Option<Cow<'a, str>>,
    headers: Headers,
    #[serde(borrow)]
    body: &'a RawValue,
}

/// The headers of a delivery; what is no text, or could be no header, is left out.
struct Headers(HeaderMap);

impl<'de> Deserialize<'de> for Headers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Headers;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("headers by name")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Headers, A::Error> {
                let mut headers = HeaderMap::new();
                while let Some(name) = map.next_key::<Cow<'de, str>>()? {
                    let value: &'de RawValue = map.next_value()?;
                    let text = serde_json::from_str::<Cow<'_, str>>(value.get()).ok();
                    let name = HeaderName::from_bytes(name.as_bytes()).ok();
                    let value = text.and_then(|text| HeaderValue::from_str(&text).ok());
                    if let (Some(name), Some(value)) = (name, value) {
                        headers.insert(name, value);
                    }
                }
                Ok(Headers(headers))
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
        let nameless = take(r#"{"headers":{"x-github-event":"A Moon"},"body":{}}"#);
        assert!(
            matches!(nameless, Err(RecordedError::Nameless(_))),
            "{nameless:?}"
        );
        let unknown = take(r#"{"source":"nobody","headers":{"x-github-event":"ping"},"body":{}}"#);
        assert_eq!(unknown, Err(RecordedError::UnknownSender));
    }

    #[test]
    fn any_sender_is_known_by_its_headers_or_by_its_name() {
        for (line, source) in [
            (
                r#"{"headers":{"Linear-Event":"Issue"},"body":{"type":"Issue"}}"#,
                "linear",
            ),
            (
                r#"{"headers":{"user-agent":"Alertmanager/0.25.0"},"body":{}}"#,
                "alertmanager",
            ),
            (
                r#"{"source":"jenkins","headers":{},"body":{"build":{"phase":"STARTED"}}}"#,
                "jenkins",
            ),
        ] {
            assert_eq!(take(line).unwrap().source.as_str(), source, "{line}");
        }
        for (_, name) in TELLTALES.iter().chain(AGENTS) {
            assert!(vendor(name).is_some(), "{name}");
        }
    }
}
