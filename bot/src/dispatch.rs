//! Purpose: from whatever Slack sent to the one handler that serves it, and from its result to words for a person.
//! Everything a person does passes here, whichever transport brought it; it was acknowledged before.

mod answer;
mod payload;
pub(crate) mod request;
mod route;

use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use em_commands::ctx::Ctx;
use em_commands::invocation::{Caller, CommandError, Outcome};
use em_commands::policy;
use em_commands::spec::Running;
use em_domain::audit::AuditEntry;
use em_domain::id::SlackUser;
use em_storage::Store;
use em_telemetry::names;
use governor::{DefaultKeyedRateLimiter, Quota};
use moka::sync::Cache;
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use crate::slack::Inbound;

/// Handlers at work at one time. More wait their turn; they were acknowledged already.
const HANDLERS_AT_ONCE: usize = 64;
/// How long a delivery's id is remembered in memory. Slack retries for about an hour at most.
const REMEMBER_DELIVERIES: Duration = Duration::from_hours(1);
/// How many ids are remembered in memory; the database knows the rest.
const REMEMBERED_DELIVERIES: u64 = 100_000;

/// What a person reaches for, by its name in the registry.
#[derive(Debug, Clone, Copy)]
enum Entry {
    Command(&'static str),
    Click(&'static str),
    Modal(&'static str),
    Shortcut(&'static str),
    /// Over HTTP, and the command that does the same in Slack.
    Request {
        name: &'static str,
        command: &'static str,
    },
}

impl Entry {
    fn name(self) -> &'static str {
        match self {
            Self::Command(name)
            | Self::Click(name)
            | Self::Modal(name)
            | Self::Shortcut(name)
            | Self::Request { name, .. } => name,
        }
    }

    /// How the policy knows it. What it says of a command holds over HTTP too.
    fn kind(self) -> String {
        match self {
            Self::Command(path) | Self::Request { command: path, .. } => format!("command.{path}"),
            Self::Click(id) => format!("click.{id}"),
            Self::Modal(id) => format!("modal.{id}"),
            Self::Shortcut(id) => format!("shortcut.{id}"),
        }
    }
}

/// What each of several may do in a minute.
pub(crate) fn limiter<K: Hash + Eq + Clone>(per_minute: u32) -> DefaultKeyedRateLimiter<K> {
    let per_minute = NonZeroU32::new(per_minute).unwrap_or(NonZeroU32::MIN);
    governor::RateLimiter::keyed(Quota::per_minute(per_minute))
}

/// Runs a handler so that its panic is its own.
async fn in_a_task_of_its_own<T: Send + 'static>(
    name: &'static str,
    running: impl Future<Output = Result<T, CommandError>> + Send + 'static,
) -> Result<T, CommandError> {
    let ended = |error| CommandError::Internal(anyhow::anyhow!("the handler of {name} ended: {error}"));
    match tokio::spawn(running.instrument(tracing::Span::current())).await {
        Ok(outcome) => outcome,
        Err(error) => Err(ended(error)),
    }
}

/// Serves what comes from Slack.
pub struct Dispatcher {
    ctx: Ctx,
    /// The bot's own user id, to take the mention off a message; unknown until Slack first answers.
    bot_user: Arc<OnceLock<String>>,
    seen: Cache<String, ()>,
    limiter: DefaultKeyedRateLimiter<SlackUser>,
    handlers: Arc<Semaphore>,
    tasks: TaskTracker,
}

impl Dispatcher {
    /// A dispatcher that allows each person `per_minute` commands and clicks.
    pub fn new(ctx: Ctx, bot_user: Arc<OnceLock<String>>, per_minute: u32) -> Arc<Self> {
        Arc::new(Self {
            ctx,
            bot_user,
            seen: Cache::builder()
                .max_capacity(REMEMBERED_DELIVERIES)
                .time_to_live(REMEMBER_DELIVERIES)
                .build(),
            limiter: limiter(per_minute),
            handlers: Arc::new(Semaphore::new(HANDLERS_AT_ONCE)),
            tasks: TaskTracker::new(),
        })
    }

    /// Takes in work until told to stop, then waits for what has begun.
    pub async fn serve(self: Arc<Self>, mut inbound: mpsc::Receiver<Inbound>, stop: CancellationToken) {
        loop {
            let next = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                next = inbound.recv() => next,
            };
            let Some(next) = next else { break };
            let Ok(permit) = Arc::clone(&self.handlers).acquire_owned().await else {
                break;
            };
            let this = Arc::clone(&self);
            self.tasks.spawn(async move {
                this.take(next).await;
                drop(permit);
            });
        }
        // What was acknowledged is answered, even during a stop.
        while let Ok(next) = inbound.try_recv() {
            let this = Arc::clone(&self);
            self.tasks.spawn(async move { this.take(next).await });
        }
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Drops what was delivered before, and routes the rest.
    async fn take(self: &Arc<Self>, inbound: Inbound) {
        let span = tracing::info_span!("inbound", delivery.id = %inbound.id, kind = ?inbound.kind);
        async {
            if self.is_repeated(&inbound).await {
                tracing::debug!("delivered before; dropped");
                return;
            }
            self.route(inbound).await;
        }
        .instrument(span)
        .await;
    }

    /// Whether this delivery was seen, by this process or (where the database answers) by any other.
    async fn is_repeated(&self, inbound: &Inbound) -> bool {
        let entry = self.seen.entry(inbound.id.clone()).or_insert(());
        if !entry.is_fresh() {
            return true;
        }
        match self
            .ctx
            .store
            .deliveries()
            .record(&inbound.id, inbound.received_at)
            .await
        {
            Ok(is_first) => !is_first,
            Err(error) => {
                // Better served twice than not at all: every handler bears repetition.
                tracing::warn!(%error, "could not record the delivery");
                false
            }
        }
    }

    /// Runs what a person does in Slack, if the policy permits it.
    async fn run(&self, entry: Entry, caller: &Caller, about: String, running: Running) -> Outcome {
        let (outcome, result) = self.permitted(entry, caller, running).await;
        self.log(entry, caller, about, result);
        outcome
    }

    /// Runs a handler if the policy permits it, and counts it. Every handler comes through here, so none can forget
    /// to ask.
    async fn permitted<T: Send + 'static>(
        &self,
        entry: Entry,
        caller: &Caller,
        running: impl Future<Output = Result<T, CommandError>> + Send + 'static,
    ) -> (Result<T, CommandError>, &'static str) {
        let (started, name) = (Instant::now(), entry.name());
        let outcome = match policy::permit(&self.ctx, entry.kind(), caller).await {
            Ok(()) => in_a_task_of_its_own(name, running).await,
            Err(refusal) => Err(refusal),
        };
        let result = match &outcome {
            Ok(_) => "ok",
            Err(CommandError::Internal(_)) => "failed",
            Err(
                CommandError::User(_)
                | CommandError::Denied(_)
                | CommandError::Usage { .. }
                | CommandError::Slack(_),
            ) => "refused",
        };
        let seconds = started.elapsed().as_secs_f64();
        metrics::counter!(names::COMMANDS_TOTAL, "command" => name, "outcome" => result).increment(1);
        metrics::histogram!(names::COMMAND_SECONDS, "command" => name).record(seconds);
        tracing::info!(command = name, outcome = result, seconds, "handled");
        (outcome, result)
    }

    /// Writes down who did what, while the answer is on its way. What a handler decided is in the log already, in one
    /// transaction with its effect.
    fn log(&self, entry: Entry, caller: &Caller, about: String, result: &'static str) {
        let audit = AuditEntry {
            at: self.ctx.clock.now(),
            actor: caller.to_string(),
            kind: entry.kind(),
            subject: about,
            data: serde_json::json!({ "outcome": result }),
        };
        let store = self.ctx.store.clone();
        self.tasks.spawn(async move { write_down(&store, &audit).await });
    }

    /// What handlers are given.
    pub(crate) fn ctx(&self) -> &Ctx {
        &self.ctx
    }

    fn is_too_fast(&self, user: &SlackUser) -> bool {
        self.limiter.check_key(user).is_err()
    }
}

/// A line of the audit log. What was done stays done where it cannot be written.
async fn write_down(store: &Store, audit: &AuditEntry) {
    if let Err(error) = store.audit().record(audit).await {
        tracing::error!(%error, kind = audit.kind, "a line of the audit log could not be written");
        metrics::counter!(names::ERRORS_TOTAL, "area" => "audit").increment(1);
    }
}
