//! Purpose: `POST /webhooks/{source}`: prove the sender, store durably, then answer. Whatever the event means is worked out
//! afterwards.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::Arc;
use std::time::Instant;

use axum::body::Bytes;
use axum::extract::{FromRequest, Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use em_domain::event::{Origin, RawEvent};
use em_domain::id::EventId;
use em_integrations::cloudwatch::{self, Sns};
use em_integrations::generic;
use em_integrations::vendors::vendor;
use em_integrations::webhook::{self, Delivery, Refused, Trust, Vendor};
use em_storage::Appended;
use em_telemetry::names;
use secrecy::SecretString;
use serde_json::json;
use tokio::sync::Notify;
use ulid::Ulid;

use super::problem;

/// What the webhook routes need.
#[derive(Clone)]
pub struct Intake {
    /// Where events go.
    pub store: em_storage::Store,
    /// The time of receipt.
    pub clock: em_domain::clock::SharedClock,
    /// By the name of a system, whom to believe; systems that are switched off are not in it.
    pub senders: Arc<BTreeMap<&'static str, Sender>>,
    /// Told after every stored event, so that it is folded at once.
    pub stored: Arc<Notify>,
    /// Asked for the certificates of its deliveries.
    pub sns: Sns,
}

/// Whose deliveries of one system are believed.
#[derive(Debug, Clone, Default)]
pub struct Sender {
    /// The current secret first.
    pub secrets: Vec<SecretString>,
    /// Deliveries that nothing proves are taken in.
    pub takes_unsigned: bool,
    /// How a sender of any kind signs; without it, it brings the secret itself.
    pub signature: Option<generic::Settings>,
}

/// What came of a delivery: the answer, and a word for the counter.
type Outcome = (Response, &'static str);

/// Takes in a delivery.
pub(super) async fn webhook(
    State(intake): State<Intake>,
    Path(source): Path<String>,
    request: Request,
) -> Response {
    let started = Instant::now();
    let sender = vendor(&source).and_then(|vendor| Some((vendor, intake.senders.get(vendor.name)?)));
    let (response, outcome) = match sender {
        Some((vendor, sender)) => receive(&intake, vendor, sender, request).await,
        None => (nobody(&source), "unknown_source"),
    };
    // Only names of ours: a sender must not be able to fill the counter's labels.
    let known = sender.map_or("unknown", |(vendor, _)| vendor.name);
    metrics::counter!(names::EVENTS_RECEIVED_TOTAL, "source" => known, "outcome" => outcome).increment(1);
    metrics::histogram!(names::WEBHOOK_SECONDS).record(started.elapsed().as_secs_f64());
    response
}

fn nobody(source: &str) -> Response {
    let detail = format!("There is no webhook named `{}` here.", source.escape_default());
    problem(StatusCode::NOT_FOUND, &detail)
}

async fn receive(intake: &Intake, vendor: &Vendor, sender: &Sender, request: Request) -> Outcome {
    let (headers, uri) = (request.headers().clone(), request.uri().clone());
    let body = match whole(request).await {
        Ok(body) => body,
        Err(outcome) => return outcome,
    };
    let is_sns = vendor.name == cloudwatch::VENDOR.name;
    let certificate = if is_sns {
        intake.sns.certificate(&body, &sender.secrets).await
    } else {
        None
    };
    let delivery = Delivery {
        headers: &headers,
        query: uri.query(),
        body: &body,
        certificate: certificate.as_deref(),
    };
    let event = match believed(intake, vendor, sender, delivery) {
        Ok(event) => event,
        Err(refused) => return refusal(vendor, &refused),
    };
    // Before the answer: a subscription that cannot be confirmed now is offered again only if it was not accepted.
    let confirmed = if is_sns && event.origin == Origin::Webhook {
        intake.sns.confirm(&event).await
    } else {
        Ok(())
    };
    match confirmed {
        Ok(()) => store(intake, event).await,
        Err(error) => (try_later(&error), "unavailable"),
    }
}

/// The whole body; the limit of its size is kept in the request.
async fn whole(request: Request) -> Result<Bytes, Outcome> {
    Bytes::from_request(request, &()).await.map_err(|rejection| {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            let detail = "The body is larger than accepted here.";
            (problem(StatusCode::PAYLOAD_TOO_LARGE, detail), "too_large")
        } else {
            let detail = "The body did not arrive whole.";
            (problem(StatusCode::BAD_REQUEST, detail), "broken")
        }
    })
}

/// The event, if its sender is known.
fn believed(
    intake: &Intake,
    vendor: &Vendor,
    sender: &Sender,
    delivery: Delivery<'_>,
) -> Result<RawEvent, Refused> {
    let trust = Trust {
        secrets: &sender.secrets,
        takes_unsigned: sender.takes_unsigned,
    };
    let (now, id) = (intake.clock.now(), EventId::new(Ulid::new()));
    if vendor.name == generic::VENDOR.name {
        generic::receive(sender.signature.as_ref(), delivery, trust, now, id)
    } else {
        webhook::receive(vendor, delivery, trust, now, id)
    }
}

async fn store(intake: &Intake, event: RawEvent) -> Outcome {
    let id = event.id.clone();
    if event.origin == Origin::Unverified {
        tracing::warn!(source = %event.source, event = %id.as_str(), "webhook taken in without any proof of its sender");
    }
    match intake.store.events().append(event).await {
        Ok(Appended::Stored) => {
            intake.stored.notify_one();
            (accepted("stored", Some(&id)), "stored")
        }
        Ok(Appended::Duplicate) => (accepted("duplicate", None), "duplicate"),
        Err(error) => (try_later(&error), "unavailable"),
    }
}

fn accepted(status: &str, id: Option<&EventId>) -> Response {
    let body = json!({ "status": status, "id": id });
    (
        StatusCode::ACCEPTED,
        [(header::CONTENT_TYPE, "application/json")],
        body.to_string(),
    )
        .into_response()
}

fn refusal(vendor: &Vendor, refused: &Refused) -> Outcome {
    let status = StatusCode::from_u16(refused.status()).unwrap_or(StatusCode::BAD_REQUEST);
    let outcome = match status {
        StatusCode::UNAUTHORIZED => "unsigned",
        StatusCode::SERVICE_UNAVAILABLE => "unavailable",
        _ => "malformed",
    };
    tracing::warn!(source = vendor.name, reason = %refused, "webhook refused");
    let response = problem(status, &format!("{}: {refused}.", refused.title()));
    let response = match status {
        StatusCode::SERVICE_UNAVAILABLE => soon(response),
        _ => response,
    };
    (response, outcome)
}

/// Not stored, so not accepted: the sender keeps it and sends it again.
fn try_later(error: &dyn Display) -> Response {
    tracing::error!(%error, "webhook not stored");
    let detail = "The event could not be stored. Please send it again.";
    soon(problem(StatusCode::SERVICE_UNAVAILABLE, detail))
}

/// Says when to send it again.
fn soon(mut response: Response) -> Response {
    let seconds = header::HeaderValue::from_static("5");
    response.headers_mut().insert(header::RETRY_AFTER, seconds);
    response
}
