//! Purpose: a pretend language model behind a pretend OpenAI server on 127.0.0.1: `POST /v1/chat/completions`, streamed
//! as server-sent events (<https://platform.openai.com/docs/api-reference/chat-streaming>).
//!
//! It answers by a rule. The usual one reads the passages out of the prompt, says the first sentence of each with its
//! number, and adds a sentence of its own without one, as models do. It can obey what a passage tells it, and fail in
//! every way in which servers fail ([`Fault`]). What it was asked is written down ([`Asked`]).
//!
//! How strict: a key is required, the body must be a chat completion that can be streamed, the counts of tokens are
//! sent only if they were asked for.

mod answer;
mod model;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use model::Passage;

/// The key that is accepted.
pub const API_KEY: &str = "sk-simulator-0123456789abcdefghij";
/// The model that is there.
pub const MODEL: &str = "pretend-1";

/// One thing that goes wrong with one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// An HTTP status with OpenAI's body of an error.
    Status(u16),
    /// 429 with `Retry-After` in seconds, or without it.
    RateLimited(Option<u32>),
    /// 429 because the account is used up.
    QuotaUsedUp,
    /// A pause before each chunk.
    Slow(Duration),
    /// No answer until the caller gives up.
    Hang,
    /// The beginning of an answer, then nothing until the caller gives up.
    Silence,
    /// The beginning of an answer, then the connection breaks.
    BreakOff,
    /// The beginning of an answer, then it ends as if it were whole.
    EndEarly,
    /// 200 with a page in place of an answer.
    Page,
    /// Events that are no JSON.
    Garbage,
    /// An error as an event in the middle of the answer.
    ErrorInTheMiddle,
    /// A stream without any chunk.
    NoChunk,
    /// A whole JSON answer in place of a stream.
    NotStreamed,
    /// No counts of tokens, though they were asked for.
    NoCounts,
    /// The answer stops at the limit of its length.
    TooLong,
    /// An answer that does not end until the caller gives up.
    Endless,
    /// The model does what passages tell it: what stands after `SYSTEM:` in one is its whole answer.
    Obey,
}

/// A request that the pretend server received.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// The body.
    pub body: Value,
    /// The passages that were found in it.
    pub passages: Vec<Passage>,
    /// The status of the answer.
    pub status: u16,
}

/// What the model answers to the passages and the question.
type Rule = Arc<dyn Fn(&[Passage], &str) -> String + Send + Sync>;

struct State {
    rule: Rule,
    faults: VecDeque<Fault>,
    asked: Vec<Asked>,
}

#[derive(Clone)]
struct World {
    state: Arc<Mutex<State>>,
    /// Answers that are being written now.
    writing: watch::Sender<usize>,
}

impl World {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running pretend server. It stops when dropped.
pub struct LlmSimulator {
    address: SocketAddr,
    world: World,
    server: JoinHandle<()>,
}

impl std::fmt::Debug for LlmSimulator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LlmSimulator")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl LlmSimulator {
    /// Serves on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// No port could be opened.
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let world = World {
            state: Arc::new(Mutex::new(State {
                rule: Arc::new(model::first_sentences),
                faults: VecDeque::new(),
                asked: Vec::new(),
            })),
            writing: watch::Sender::new(0),
        };
        let router = Router::new().fallback(answer::answer).with_state(world.clone());
        let server = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::warn!(%error, "the pretend language model stopped");
            }
        });
        Ok(Self {
            address,
            world,
            server,
        })
    }

    /// The base of the API, for `OPENAI_BASE_URL`; without a slash at the end.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// From now on the model answers what `rule` says of the passages and the question.
    pub fn answers(&self, rule: impl Fn(&[Passage], &str) -> String + Send + Sync + 'static) {
        self.world.state().rule = Arc::new(rule);
    }

    /// The next request meets this; several are met in order.
    pub fn fail(&self, fault: Fault) {
        self.world.state().faults.push_back(fault);
    }

    /// What was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.world.state().asked.clone()
    }

    /// Waits until no answer is being written: each was ended, or its caller has hung up. `false` if that does not come
    /// to pass `within` this time.
    pub async fn is_idle(&self, within: Duration) -> bool {
        let mut writing = self.world.writing.subscribe();
        let idle = writing.wait_for(|writing| *writing == 0);
        matches!(tokio::time::timeout(within, idle).await, Ok(Ok(_)))
    }
}

impl Drop for LlmSimulator {
    fn drop(&mut self) {
        self.server.abort();
    }
}
