//! Purpose: asks a language model, at OpenAI or any server that speaks its chat completions
//! (<https://platform.openai.com/docs/api-reference/chat>). The answer is streamed.
//!
//! The library builds requests and reads server-sent events. What it would decide by itself is decided here instead:
//! one try more and no other (`transport.rs`: its own layer tries four times, which no budget counts), which answers are
//! failures (a JSON answer in place of a stream is an empty stream to it), and what is read of a chunk (`chunk.rs`: its
//! types refuse what servers other than OpenAI's send).

mod chunk;
mod error;
mod request;
mod transport;

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_openai::Client;
use async_openai::error::OpenAIError;
use async_openai::types::stream::StreamResponse;
use chrono::{DateTime, Utc};
use em_domain::answer::Message;
use em_domain::breaker::{Admission, Breaker};
use em_domain::clock::SharedClock;
use em_domain::llm_usage::Usage;
use em_telemetry::names::{LLM_CALLS_TOTAL, LLM_SECONDS};
use futures::StreamExt as _;
use secrecy::SecretString;
use tokio::time::{Instant, timeout_at};
use url::Url;

use self::chunk::{Chunk, Ending};
pub use self::error::LlmError;
use self::transport::{Access, Transport};

/// OpenAI's own API.
pub const DEFAULT_BASE_URL: &str = "https://api.openai.com/v1";
/// An answer is stopped at this many bytes for each token that was allowed: not every server heeds the limit.
const MOST_BYTES_PER_TOKEN: usize = 16;

/// Which model is asked, and where. Read by `bot::config`.
#[derive(Debug, Clone)]
pub struct LlmConfig {
    /// The base of the API, as `https://api.openai.com/v1`; a slash at the end does not matter.
    pub base_url: String,
    /// The key; servers of one's own often need none.
    pub api_key: Option<SecretString>,
    /// The model's name.
    pub model: String,
}

/// How patient the client is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pacing {
    /// Until the connection stands.
    pub connect: Duration,
    /// Until the whole answer is there, a second try included.
    pub total: Duration,
    /// From one chunk to the next, once the first is there: before it a model reads its question.
    pub silence: Duration,
    /// The pause before the one second try of a request that nothing came of.
    pub pause: Duration,
}

impl Default for Pacing {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            total: Duration::from_secs(30),
            silence: Duration::from_secs(10),
            pause: Duration::from_millis(500),
        }
    }
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// In the order of the conversation.
    pub messages: Vec<Message>,
    /// The longest answer, in tokens.
    pub max_answer_tokens: u32,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// All of its text.
    pub text: String,
    /// What it used.
    pub usage: Usage,
    /// It ended by itself, and not at the limit of its length.
    pub is_complete: bool,
}

/// The client. One per server: it remembers how the server is.
pub struct LlmClient {
    client: Client<Access>,
    model: String,
    /// OpenAI itself, which has another name for the limit of an answer's length.
    is_openai: bool,
    clock: SharedClock,
    pacing: Pacing,
    health: Mutex<Health>,
}

#[derive(Debug, Default)]
struct Health {
    breaker: Breaker,
    /// The server said that nothing is to be sent before this instant.
    blocked_until: Option<DateTime<Utc>>,
}

impl fmt::Debug for LlmClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LlmClient")
            .field("model", &self.model)
            .finish_non_exhaustive()
    }
}

impl LlmClient {
    /// A client for the configured server.
    ///
    /// # Errors
    /// [`LlmError::Rejected`]: the address or the key cannot be used.
    pub fn new(config: &LlmConfig, clock: SharedClock, pacing: Pacing) -> Result<Self, LlmError> {
        let rejected = |what: String| LlmError::Rejected(what);
        let base = Url::parse(config.base_url.trim_end_matches('/'))
            .map_err(|error| rejected(format!("OPENAI_BASE_URL: {error}")))?;
        let access = Access::new(&base, config.api_key.as_ref())?;
        let transport = Transport::new(pacing, config.api_key.clone())?;
        Ok(Self {
            client: Client::build(transport.http(), access).with_http_service(transport),
            model: config.model.clone(),
            is_openai: base.host_str().is_some_and(is_openai),
            clock,
            pacing,
            health: Mutex::default(),
        })
    }

    /// The model's name.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// Asks, and hands over the answer piece by piece as it comes. Dropping the future ends the call.
    ///
    /// What was handed over before an error is a part of an answer; [`Usage::estimated`] says what it must have cost.
    pub async fn stream(
        &self,
        request: &Request,
        mut on_text: impl FnMut(&str),
    ) -> Result<Completion, LlmError> {
        self.admit()?;
        let started = Instant::now();
        let deadline = started + self.pacing.total;
        let outcome = match timeout_at(deadline, self.open(request)).await {
            Ok(Ok(chunks)) => self.read(chunks, request, deadline, &mut on_text).await,
            Ok(Err(error)) => Err(error),
            Err(_) => Err(LlmError::TimedOut),
        };
        self.record(outcome.as_ref().err());
        count(outcome.as_ref().err(), started.elapsed());
        outcome
    }

    /// The answer's stream; asked a second time where nothing came of the first and nothing was begun.
    async fn open(&self, request: &Request) -> Result<StreamResponse<Chunk>, LlmError> {
        let body = request::body(&self.model, request, self.is_openai);
        let chat = || async {
            let opened = self.client.chat().create_stream_byot(&body).await;
            opened.map_err(error::of_call)
        };
        match chat().await {
            Err(LlmError::Unavailable(detail)) => {
                tracing::debug!(%detail, "asking the language model again");
                tokio::time::sleep(self.pacing.pause).await;
                chat().await
            }
            first => first,
        }
    }

    async fn read(
        &self,
        mut chunks: StreamResponse<Chunk>,
        request: &Request,
        deadline: Instant,
        on_text: &mut impl FnMut(&str),
    ) -> Result<Completion, LlmError> {
        let most_bytes = (request.max_answer_tokens as usize).saturating_mul(MOST_BYTES_PER_TOKEN);
        let mut answer = chunk::Answer::default();
        let mut patience = deadline;
        while let Some(chunk) = timeout_at(patience, chunks.next())
            .await
            .map_err(|_| LlmError::TimedOut)?
        {
            let piece = answer.take(chunk.map_err(|error| broken(&error))?)?;
            if !piece.is_empty() {
                on_text(&piece);
            }
            if answer.text.len() > most_bytes {
                answer.ending = Some(Ending::Length);
                break;
            }
            patience = deadline.min(Instant::now() + self.pacing.silence);
        }
        answer.finish(&request.messages)
    }

    /// Fails while the server is left alone.
    fn admit(&self) -> Result<(), LlmError> {
        let now = self.clock.now();
        let mut health = self.health();
        if let Some(until) = health.blocked_until.filter(|until| *until > now) {
            let retry_after = (until - now).to_std().unwrap_or_default();
            return Err(LlmError::RateLimited { retry_after });
        }
        health.blocked_until = None;
        match health.breaker.admit(now) {
            Admission::Admitted => Ok(()),
            Admission::Refused { .. } => Err(LlmError::Unavailable(
                "it failed several times and is left alone for a moment".to_owned(),
            )),
        }
    }

    /// Remembers how a call ended: what the server refuses, it has answered.
    fn record(&self, error: Option<&LlmError>) {
        let now = self.clock.now();
        let mut health = self.health();
        match error {
            Some(LlmError::TimedOut | LlmError::Unavailable(_) | LlmError::Empty) => {
                health.breaker.record_failure(now);
            }
            Some(LlmError::RateLimited { retry_after }) => {
                let wait = chrono::TimeDelta::from_std(*retry_after).unwrap_or_default();
                health.blocked_until = Some(now + wait);
                health.breaker.record_success();
            }
            None | Some(LlmError::Unauthorized | LlmError::Rejected(_)) => health.breaker.record_success(),
        }
    }

    fn health(&self) -> std::sync::MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn count(error: Option<&LlmError>, took: Duration) {
    let outcome = error.map_or("ok", LlmError::label);
    metrics::counter!(LLM_CALLS_TOTAL, "outcome" => outcome).increment(1);
    metrics::histogram!(LLM_SECONDS).record(took.as_secs_f64());
}

/// Whether OpenAI, or OpenAI at Azure, answers there: it needs a key, and names the limit of an answer differently.
pub fn is_openai(host: &str) -> bool {
    [".openai.com", ".openai.azure.com"]
        .iter()
        .any(|domain| host.ends_with(domain))
}

/// A stream that ended with an error.
fn broken(error: &OpenAIError) -> LlmError {
    let is_garbage = matches!(error, OpenAIError::JSONDeserialize(..));
    let detail = if is_garbage {
        "its answer cannot be read"
    } else {
        "the answer broke off"
    };
    LlmError::Unavailable(detail.to_owned())
}
