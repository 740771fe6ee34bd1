//! Purpose: what a person did and what became of it.

use std::future::{Future, IntoFuture};
use std::pin::Pin;

use serde_json::Value;
use tokio::sync::oneshot;

use crate::socket::Outcome;

/// The ids in a payload that tests want to see again.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ids {
    trigger: Option<String>,
    response_url: Option<String>,
}

impl Ids {
    pub(crate) fn of(payload: &Value) -> Self {
        let text = |key: &str| payload.get(key).and_then(Value::as_str).map(str::to_owned);
        Self {
            trigger: text("trigger_id"),
            response_url: text("response_url"),
        }
    }
}

/// Something a person did. Await it for the outcome; drop it if nobody cares.
#[derive(Debug)]
pub struct Sent {
    /// The envelope's id; empty over HTTP or when the app did not hear of it.
    pub envelope_id: String,
    /// The right to open a modal that went with it.
    pub trigger_id: Option<String>,
    /// Where the app may answer.
    pub response_url: Option<String>,
    /// The timestamp of what was said.
    pub ts: Option<String>,
    outcome: Option<oneshot::Receiver<Outcome>>,
}

impl Sent {
    pub(crate) fn new(envelope_id: String, ids: Ids, outcome: oneshot::Receiver<Outcome>) -> Self {
        let Ids {
            trigger,
            response_url,
        } = ids;
        Self {
            envelope_id,
            trigger_id: trigger,
            response_url,
            ts: None,
            outcome: Some(outcome),
        }
    }

    /// The app is not told.
    pub(crate) fn unheard() -> Self {
        Self {
            envelope_id: String::new(),
            trigger_id: None,
            response_url: None,
            ts: None,
            outcome: None,
        }
    }

    pub(crate) fn with_ts(mut self, ts: String) -> Self {
        self.ts = Some(ts);
        self
    }

    /// Whether the app was told at all.
    pub fn heard(&self) -> bool {
        self.outcome.is_some()
    }
}

impl IntoFuture for Sent {
    type Output = Outcome;
    type IntoFuture = Pin<Box<dyn Future<Output = Outcome> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            match self.outcome {
                Some(outcome) => outcome.await.unwrap_or(Outcome::TimedOut),
                None => Outcome::Refused(0, "the app does not hear of this".into()),
            }
        })
    }
}
