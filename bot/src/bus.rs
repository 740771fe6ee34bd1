//! Purpose: what waits in the outbox is published, the oldest first, and forgotten once the broker has acknowledged it.
//!
//! At least once: what was published and not acknowledged is published again, by this process or another one, and the
//! broker knows it by its id. Two replicas may so publish the same; neither waits for the other.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use em_commands::ctx::Ctx;
use em_domain::bus::{self, Message, Standing};
use em_domain::clock::SharedClock;
use em_integrations::nats::{Nats, NatsConfig, NatsError, Sent};
use em_storage::{Store, StoreError, Waiting};
use em_telemetry::names;
use tokio_util::sync::CancellationToken;

/// Messages that are on their way at once.
const GROUP: u32 = 100;
/// How long to wait for word of new messages before looking anyway, for what other replicas have left.
const LOOK_ANYWAY: Duration = Duration::from_secs(5);
/// How often it is looked whether messages have grown too old.
const LOOK_FOR_OLD: TimeDelta = TimeDelta::minutes(1);

/// Why messages wait.
#[derive(Debug, thiserror::Error)]
enum BusError {
    #[error(transparent)]
    Nats(#[from] NatsError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Publishes until told to stop; ends at once where no bus is configured. What is on its way at the stop is published again
/// after the next start.
pub async fn run(ctx: Ctx, config: Option<NatsConfig>, stop: CancellationToken) {
    let Some(config) = config else { return };
    let mut publisher = Publisher {
        store: ctx.store,
        clock: ctx.clock,
        config,
        nats: None,
        standing: None,
        failures: 0,
        looked_for_old: None,
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = publisher.run() => {}
    }
}

struct Publisher {
    store: Store,
    clock: SharedClock,
    config: NatsConfig,
    /// The connection, once there is one.
    nats: Option<Nats>,
    /// As it was last kept.
    standing: Option<Standing>,
    /// Failures in a row.
    failures: u32,
    looked_for_old: Option<DateTime<Utc>>,
}

impl Publisher {
    /// Never ends.
    async fn run(&mut self) {
        let kept = self.store.cursors().find(bus::STANDING).await;
        self.standing = kept.ok().flatten().map(|kept| kept.value);
        loop {
            match self.publish_some().await {
                Ok(published) => {
                    self.succeeded().await;
                    if published < GROUP as usize {
                        self.count_waiting().await;
                        let outbox = self.store.outbox();
                        tokio::select! {
                            () = outbox.written() => {}
                            () = tokio::time::sleep(LOOK_ANYWAY) => {}
                        }
                    }
                }
                Err(error) => {
                    self.failed(&error).await;
                    tokio::time::sleep(bus::pause(self.failures)).await;
                }
            }
        }
    }

    /// Publishes the oldest messages; answers how many there were.
    async fn publish_some(&mut self) -> Result<usize, BusError> {
        self.drop_old().await?;
        let nats = match self.nats.take().filter(Nats::is_connected) {
            Some(nats) => nats,
            None => Nats::connect(&self.config).await?,
        };
        let waiting = self.store.outbox().list_oldest(GROUP).await?;
        if !waiting.is_empty() {
            let messages: Vec<&Message> = waiting.iter().map(|waiting| &waiting.message).collect();
            let sent = nats.publish(&messages).await;
            self.settle(&waiting, sent).await?;
        }
        // After a failure it is made anew: the stream may have gone too.
        self.nats = Some(nats);
        Ok(waiting.len())
    }

    /// Forgets what is settled.
    ///
    /// # Errors
    /// Why something has to be sent again.
    async fn settle(&self, waiting: &[Waiting], sent: Vec<Sent>) -> Result<(), BusError> {
        let (mut settled, mut refused, mut unknown) = (Vec::new(), 0, None);
        for (waiting, sent) in waiting.iter().zip(sent) {
            match sent {
                Sent::Taken => settled.push(waiting.id.as_str()),
                Sent::Refused(why) => {
                    let message = &waiting.message;
                    tracing::error!(
                        id = message.id,
                        subject = message.subject,
                        why,
                        "the broker takes a message never"
                    );
                    settled.push(waiting.id.as_str());
                    refused += 1;
                }
                Sent::Unknown(error) => unknown = unknown.or(Some(error)),
            }
        }
        if !settled.is_empty() {
            self.store.outbox().delete(&settled).await?;
        }
        count("published", settled.len() as u64 - refused);
        count("refused", refused);
        match unknown {
            None => Ok(()),
            Some(error) => Err(error.into()),
        }
    }

    /// Drops what has waited too long for a broker that is away, so that the outbox does not grow without end.
    async fn drop_old(&mut self) -> Result<(), StoreError> {
        let now = self.clock.now();
        if self
            .looked_for_old
            .is_some_and(|at| (now - at).abs() < LOOK_FOR_OLD)
        {
            return Ok(());
        }
        let keep = TimeDelta::from_std(self.config.keep).unwrap_or(TimeDelta::MAX);
        let before = now.checked_sub_signed(keep).unwrap_or(DateTime::<Utc>::MIN_UTC);
        let dropped = self.store.outbox().drop_before(before).await?;
        self.looked_for_old = Some(now);
        count("dropped", dropped);
        if dropped > 0 {
            tracing::error!(
                messages = dropped,
                hours = keep.num_hours(),
                "messages for other programs were dropped: they waited longer than bus.keep_hours"
            );
        }
        Ok(())
    }

    async fn succeeded(&mut self) {
        if self.failures > 0 {
            tracing::info!(failures = self.failures, "other programs are told again");
        }
        self.failures = 0;
        self.keep_standing(Ok(())).await;
    }

    /// Says once what is wrong and what can be done, however often it is tried.
    async fn failed(&mut self, error: &BusError) {
        self.failures = self.failures.saturating_add(1);
        metrics::counter!(names::BUS_FAILURES_TOTAL).increment(1);
        let waiting = self.count_waiting().await;
        match error {
            BusError::Nats(why) => {
                if self.failures == 1 {
                    let advice = why.advice();
                    tracing::warn!(%error, advice, waiting, "other programs are not told for now; what happens is kept for them");
                }
                self.keep_standing(Err(format!("{why}. {}", why.advice()))).await;
            }
            BusError::Store(_) if self.failures == 1 => {
                tracing::warn!(%error, "what other programs are to be told cannot be read; trying again");
            }
            BusError::Store(_) => {}
        }
    }

    /// Keeps how the bus does, where `doctor` finds it.
    async fn keep_standing(&mut self, tried: Result<(), String>) {
        let now = self.clock.now();
        let next = Standing::after(self.standing.as_ref(), tried, now);
        if self.standing.as_ref() == Some(&next) {
            return;
        }
        match self.store.cursors().upsert(bus::STANDING, &next, now).await {
            Ok(()) => self.standing = Some(next),
            Err(error) => tracing::warn!(%error, "how the bus does could not be kept"),
        }
    }

    /// How many messages wait, where the database says so.
    async fn count_waiting(&self) -> Option<i64> {
        let backlog = self.store.outbox().backlog().await.ok()?;
        // A gauge that shows a backlog need not be exact beyond four thousand million.
        metrics::gauge!(names::BUS_WAITING).set(f64::from(u32::try_from(backlog.count).unwrap_or(u32::MAX)));
        Some(backlog.count)
    }
}

fn count(outcome: &'static str, messages: u64) {
    if messages > 0 {
        metrics::counter!(names::BUS_MESSAGES_TOTAL, "outcome" => outcome).increment(messages);
    }
}
