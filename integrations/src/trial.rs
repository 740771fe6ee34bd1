//! Purpose: test events: what this program sends to its own webhooks, proven as the vendor proves its deliveries, so that an
//! operator sees that the secret is set, the server listens and events are stored. They state nothing, and are of a source of
//! their own, so that a system is not thought to be heard of.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, OnceLock};

use chrono::{DateTime, Utc};
use em_domain::clock::SharedClock;
use em_domain::event::{Origin, RawEvent, Source};
use em_domain::id::EventId;
use reqwest::StatusCode;
use reqwest::header::CONTENT_TYPE;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::generic;
use crate::http::{self, TimeLimits};
use crate::proof::Sign;
use crate::vendors::vendor;
use crate::webhook::{Refused, Vendor};

/// The source of test events.
pub const SOURCE: &str = "trial";
/// What their bodies begin with, so that others are told apart without reading them again.
const BEGINNING: &[u8] = br#"{"em_agent_test":"#;

#[derive(Serialize, Deserialize)]
struct Body {
    em_agent_test: String,
    /// In milliseconds. Linear's deliveries are believed for a minute after it.
    #[serde(rename = "webhookTimestamp")]
    sent_at: i64,
}

/// The id of the test event that a payload is, if it is one.
pub(crate) fn id(payload: &[u8]) -> Option<String> {
    let body: Body = payload
        .starts_with(BEGINNING)
        .then(|| serde_json::from_slice(payload).ok())??;
    EventId::parse(&body.em_agent_test).map(|id| id.as_str().to_owned())
}

/// The event that a proven test event becomes.
pub(crate) fn event(
    vendor: &Vendor,
    trial: &str,
    origin: Origin,
    payload: Vec<u8>,
    now: DateTime<Utc>,
    id: EventId,
) -> Result<RawEvent, Refused> {
    Ok(RawEvent {
        id,
        source: Source::parse(SOURCE).ok_or(Refused::MissingHeader("path"))?,
        delivery_key: trial.to_owned(),
        event_type: vendor.name.to_owned(),
        origin,
        occurred_at: None,
        received_at: now,
        payload,
    })
}

/// Why a test event did not come in, in sentences for whoever sent it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrialError {
    /// Nothing is set up.
    #[error(
        "{0} is not set, so there is nothing to prove a test event with. Set it, restart EM Agent, and try again."
    )]
    NoSecret(String),
    /// Only the vendor can sign.
    #[error("{0} signs with a key of its own, so I cannot send in its name. Let it send something itself.")]
    OnlyItself(&'static str),
    /// The secret cannot stand in a header.
    #[error("{0} holds characters that no header can carry. Choose a secret of letters and digits.")]
    BadSecret(String),
    /// No answer.
    #[error("My own server did not answer the test event: {0}. Look at `http.addr` and at the log.")]
    Unreachable(String),
    /// The answer was no.
    #[error("My own server refused the test event with status {status}: {why}")]
    Declined {
        /// The HTTP status.
        status: u16,
        /// What the answer says.
        why: String,
    },
}

/// With what the deliveries of one system are proven.
#[derive(Debug, Clone)]
pub struct Proven {
    /// The current secret.
    pub secret: SecretString,
    /// How a sender of any kind signs; without it, it brings the secret itself.
    pub signature: Option<generic::Settings>,
}

/// Sends test events.
#[derive(Debug, Clone)]
pub struct Trials {
    http: reqwest::Client,
    senders: Arc<BTreeMap<&'static str, Proven>>,
    address: Arc<OnceLock<SocketAddr>>,
    clock: SharedClock,
}

#[derive(Deserialize)]
struct Problem {
    detail: String,
}

impl Trials {
    /// Sends in the names of these systems, once it is known where the server listens.
    ///
    /// # Errors
    /// The machine's trusted certificates cannot be read.
    pub fn new(
        senders: BTreeMap<&'static str, Proven>,
        limits: TimeLimits,
        clock: SharedClock,
    ) -> Result<Self, reqwest::Error> {
        Ok(Self {
            http: http::local(limits)?,
            senders: Arc::new(senders),
            address: Arc::default(),
            clock,
        })
    }

    /// Where the server listens. The first call counts.
    pub fn listens_at(&self, address: SocketAddr) {
        // A second server in one process does not exist.
        let _ = self.address.set(address);
    }

    /// Sends a test event of the system `name` under this id, and waits until it is stored.
    ///
    /// # Errors
    /// It was not: [`TrialError`].
    pub async fn send(&self, name: &str, id: &EventId) -> Result<(), TrialError> {
        let vendor = vendor(name).ok_or_else(|| TrialError::Unreachable(format!("there is no {name}")))?;
        let sign = vendor.proof.sign().ok_or(TrialError::OnlyItself(vendor.title))?;
        let variable = vendor.secret_variable();
        let proven = self.senders.get(vendor.name);
        let proven = proven.ok_or_else(|| TrialError::NoSecret(variable.clone()))?;
        // Made once: it holds the time, and the proof is of these bytes.
        let body = self.body(id);
        let (header, value) = header(sign, proven, &body);
        let address = self.address.get().copied().map(within);
        let address = address.ok_or_else(|| TrialError::Unreachable("it has not started yet".to_owned()))?;
        let request = self
            .http
            .post(format!("http://{address}/webhooks/{}", vendor.name))
            .header(CONTENT_TYPE, "application/json")
            .header(header, value)
            .body(body);
        let answer = request
            .send()
            .await
            .map_err(|error| of_sending(&error, variable))?;
        match answer.status() {
            StatusCode::ACCEPTED => Ok(()),
            status => {
                let problem = answer.json::<Problem>().await;
                Err(TrialError::Declined {
                    status: status.as_u16(),
                    why: problem.map_or_else(|_| "no reason given.".to_owned(), |problem| problem.detail),
                })
            }
        }
    }

    fn body(&self, id: &EventId) -> Vec<u8> {
        let body = Body {
            em_agent_test: id.as_str().to_owned(),
            sent_at: self.clock.now().timestamp_millis(),
        };
        serde_json::to_vec(&body).unwrap_or_default()
    }
}

/// The proof that `body` carries.
fn header(sign: Sign, proven: &Proven, body: &[u8]) -> (String, String) {
    if let Some(settings) = &proven.signature {
        return (settings.header.clone(), settings.sign(body, &proven.secret));
    }
    let (name, value) = sign.header(body, &proven.secret);
    (name.to_owned(), value)
}

/// A server that listens everywhere is reached on this machine.
fn within(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip @ (IpAddr::V4(_) | IpAddr::V6(_)) => ip,
    };
    SocketAddr::new(ip, address.port())
}

fn of_sending(error: &reqwest::Error, variable: String) -> TrialError {
    if error.is_builder() {
        TrialError::BadSecret(variable)
    } else if error.is_timeout() {
        TrialError::Unreachable("it took too long".to_owned())
    } else {
        TrialError::Unreachable("nobody listens there".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use em_domain::clock::Clock;
    use secrecy::SecretString;
    use ulid::Ulid;
    use wiremock::matchers::method;
    use wiremock::{Mock, MockServer, ResponseTemplate};

    use super::*;
    use crate::vendors::VENDORS;
    use crate::webhook::tests::headers;
    use crate::webhook::{Delivery, Trust, receive};

    fn body(id: &EventId, now: DateTime<Utc>) -> Vec<u8> {
        let body = Body {
            em_agent_test: id.as_str().to_owned(),
            sent_at: now.timestamp_millis(),
        };
        serde_json::to_vec(&body).unwrap()
    }

    #[test]
    fn a_test_event_of_every_vendor_is_believed_as_its_deliveries_are_and_states_nothing() {
        let now = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
        let id = EventId::new(Ulid::from_parts(1_790_000_000_000, 7));
        for vendor in VENDORS {
            let Some(sign) = vendor.proof.sign() else {
                assert_eq!(vendor.name, "cloudwatch");
                continue;
            };
            let body = body(&id, now);
            let take = |secret: &str, body: &[u8]| {
                let (name, value) = sign.header(body, &SecretString::from("s"));
                let headers = headers(&[(name, &value)]);
                let delivery = Delivery {
                    headers: &headers,
                    query: None,
                    body,
                    certificate: None,
                };
                let secrets = [SecretString::from(secret)];
                let trust = Trust {
                    secrets: &secrets,
                    takes_unsigned: false,
                };
                receive(vendor, delivery, trust, now, id.clone())
            };
            let event = take("s", &body).unwrap();
            assert_eq!(event.source.as_str(), SOURCE, "{}", vendor.name);
            assert_eq!(event.event_type, vendor.name);
            assert_eq!(event.delivery_key, id.as_str());
            assert_eq!(event.origin, Origin::Webhook);
            let stated = crate::normalise::normalise(&event);
            assert_eq!(stated, em_domain::fact::Normalised::Changes(Vec::new()));
            let refused = take("other", &body).unwrap_err();
            assert_eq!(refused.status(), 401, "{}", vendor.name);
        }
    }

    /// A clock that never shows the same time twice.
    #[derive(Debug, Default)]
    struct Running(AtomicI64);

    impl Clock for Running {
        fn now(&self) -> DateTime<Utc> {
            let milliseconds = self.0.fetch_add(1, Ordering::Relaxed);
            DateTime::from_timestamp_millis(1_790_000_000_000 + milliseconds).unwrap()
        }
    }

    #[tokio::test]
    async fn what_is_sent_is_what_was_proven_although_time_passes() {
        let server = MockServer::start().await;
        let stored = Mock::given(method("POST")).respond_with(ResponseTemplate::new(202));
        stored.mount(&server).await;
        let secret = SecretString::from("s");
        let signing: Vec<_> = VENDORS
            .iter()
            .filter(|vendor| vendor.proof.sign().is_some())
            .collect();
        let senders = signing.iter().map(|vendor| {
            let secret = secret.clone();
            let signature = None;
            (vendor.name, Proven { secret, signature })
        });
        let clock = Arc::new(Running::default());
        let trials = Trials::new(senders.collect(), TimeLimits::default(), clock.clone()).unwrap();
        trials.listens_at(*server.address());
        let id = EventId::new(Ulid::from_parts(1_790_000_000_000, 7));

        for vendor in &signing {
            trials.send(vendor.name, &id).await.unwrap();
        }

        let requests = server.received_requests().await.unwrap();
        for (vendor, request) in std::iter::zip(signing, requests) {
            assert_eq!(request.url.path(), format!("/webhooks/{}", vendor.name));
            let delivery = Delivery {
                headers: &request.headers,
                query: None,
                body: &request.body,
                certificate: None,
            };
            let trust = Trust {
                secrets: std::slice::from_ref(&secret),
                takes_unsigned: false,
            };
            let event = receive(vendor, delivery, trust, clock.now(), id.clone()).unwrap();
            assert_eq!(event.delivery_key, id.as_str(), "{}", vendor.name);
        }
    }

    #[test]
    fn what_only_looks_like_a_test_event_is_the_vendors() {
        for text in [
            "{}",
            r#"{"em_agent_test":1}"#,
            r#"{"em_agent_test":"x","webhookTimestamp":1}"#,
            r#"{"other":1,"em_agent_test":"evt_01KBXG3V9N0000000000000000","webhookTimestamp":1}"#,
        ] {
            assert_eq!(id(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn a_server_that_listens_everywhere_is_asked_on_this_machine() {
        let seen = |text: &str| within(text.parse().unwrap()).to_string();
        assert_eq!(seen("0.0.0.0:80"), "127.0.0.1:80");
        assert_eq!(seen("[::]:80"), "[::1]:80");
        assert_eq!(seen("10.0.0.7:80"), "10.0.0.7:80");
    }
}
