//! Purpose: stored events become facts. Runs at once after a webhook or poll stored something, and now and then in
//! case a message was missed or another replica died in the middle.

use std::sync::Arc;
use std::time::{Duration, Instant};

use em_storage::{Normalise, Store};
use em_telemetry::names;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

/// Events folded in one transaction: large enough to be quick, small enough that arriving events, which share the
/// one writer, do not wait long for it.
const BATCH: u16 = 250;
/// The same while senders wait: what they wait for is not only what they sent.
const BATCH_BESIDE: u16 = 100;
/// How long senders go first between two such transactions while they wait: a group of arrivals is no larger than the number of
/// senders, so each transaction of folding would cost them one of theirs.
const GIVE_WAY: Duration = Duration::from_millis(20);
/// How long to wait for word of new events before looking anyway.
const LOOK_ANYWAY: Duration = Duration::from_secs(5);
/// How often a backlog is counted, which takes longer the longer it is.
const COUNT_PENDING: Duration = Duration::from_secs(2);
/// How long to wait after the database failed.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// How long the packs of delivery metrics may lag behind the facts while nobody asks for them.
const PACKS_LAG: Duration = Duration::from_secs(10);

/// Keeps the packs of delivery metrics up to date, so that whoever asks does not wait for them. Runs beside folding: after an
/// upgrade it looks at all that was ever merged.
pub async fn run_packs(store: Store, mut changed: watch::Receiver<()>, stop: CancellationToken) {
    loop {
        if let Err(error) = store.delivery().refresh().await {
            tracing::warn!(%error, "the packs of delivery metrics could not be made anew; whoever asks makes them");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = async {
                tokio::time::sleep(PACKS_LAG).await;
                // Without a sender nothing changes any more.
                if changed.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            } => {}
        }
    }
}

/// What folding works with.
pub struct Folding {
    /// Where events are and facts go.
    pub store: Store,
    /// How events are read.
    pub normalise: Normalise,
    /// Tells that events were stored.
    pub stored: Arc<Notify>,
    /// Told after facts changed.
    pub changed: watch::Sender<()>,
}

/// Folds until told to stop.
pub async fn run(folding: Folding, stop: CancellationToken) {
    let Folding {
        store,
        normalise,
        stored,
        changed,
    } = folding;
    loop {
        match fold_all(&store, &normalise, &changed).await {
            Ok(()) => {
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = stored.notified() => {}
                    () = tokio::time::sleep(LOOK_ANYWAY) => {}
                }
            }
            Err(error) => {
                tracing::error!(%error, "events could not be worked in; they stay stored and are tried again");
                metrics::counter!(names::ERRORS_TOTAL, "area" => "folding").increment(1);
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(AFTER_FAILURE) => {}
                }
            }
        }
    }
}

/// How many events the next transaction folds.
fn batch(store: &Store) -> u16 {
    if store.events().is_arriving() {
        BATCH_BESIDE
    } else {
        BATCH
    }
}

async fn fold_all(
    store: &Store,
    normalise: &Normalise,
    changed: &watch::Sender<()>,
) -> Result<(), em_storage::StoreError> {
    let mut counted = Instant::now();
    loop {
        let started = Instant::now();
        let batch = batch(store);
        let folded = store.facts().fold_pending(batch, normalise.clone()).await?;
        if folded.events == 0 {
            return Ok(());
        }
        metrics::histogram!(names::EVENT_FOLD_SECONDS).record(started.elapsed().as_secs_f64());
        let is_last = folded.events < usize::from(batch);
        if is_last || counted.elapsed() >= COUNT_PENDING {
            let pending = if is_last {
                0
            } else {
                store.events().count_pending().await?
            };
            // A gauge that shows a backlog need not be exact beyond four thousand million.
            metrics::gauge!(names::EVENTS_PENDING).set(f64::from(u32::try_from(pending).unwrap_or(u32::MAX)));
            counted = Instant::now();
        }
        if folded.unrecognised > 0 {
            metrics::counter!(names::EVENTS_UNRECOGNISED_TOTAL).increment(folded.unrecognised as u64);
            tracing::warn!(
                events = folded.unrecognised,
                "events were not understood; `doctor` lists them"
            );
        }
        changed.send_replace(());
        if store.events().is_arriving() {
            tokio::time::sleep(GIVE_WAY).await;
        }
    }
}
