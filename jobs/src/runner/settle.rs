//! Purpose: reporting how jobs ended: whatever ended meanwhile is reported together, so that one flush to disk serves
//! many.

use std::time::Duration;

use em_domain::clock::SharedClock;
use em_storage::{Settlement, Store, StoreError};
use em_telemetry::names;
use tokio::sync::mpsc;

use super::hold::Holds;

/// What one transaction reports at most.
const GROUP: usize = 128;
/// How long to wait after the database failed. The leases are renewed meanwhile, as far as it lets us.
const AFTER_FAILURE: Duration = Duration::from_millis(500);

/// Reports until there is nobody left who could end a job.
pub(super) async fn run(
    store: Store,
    clock: SharedClock,
    mut ended: mpsc::Receiver<Settlement>,
    holds: Holds,
) {
    let mut group = Vec::with_capacity(GROUP);
    while ended.recv_many(&mut group, GROUP).await > 0 {
        match settle(&store, &clock, &group).await {
            Ok(()) => {}
            // One that the database refuses must not cost the others their end.
            Err(_) => settle_singly(&store, &clock, &group).await,
        }
        for settlement in group.drain(..) {
            holds.release(&settlement.held);
        }
    }
}

/// Reports a group, as often as it takes.
async fn settle(store: &Store, clock: &SharedClock, group: &[Settlement]) -> Result<(), StoreError> {
    loop {
        match store.jobs().settle(group, clock.now()).await {
            Ok(good) => {
                let lost = group.iter().zip(good).filter(|(_, is_good)| !is_good);
                for (settlement, _) in lost {
                    tracing::warn!(job.id = %settlement.held.id, end = settlement.end.as_str(),
                        "the end of a job was not taken: somebody else has it now");
                }
                return Ok(());
            }
            Err(error) if error.is_transient() => {
                tracing::warn!(%error, jobs = group.len(), "ends of jobs could not be reported; trying again");
                tokio::time::sleep(AFTER_FAILURE).await;
            }
            Err(error) => return Err(error),
        }
    }
}

async fn settle_singly(store: &Store, clock: &SharedClock, group: &[Settlement]) {
    for settlement in group {
        if let Err(error) = settle(store, clock, std::slice::from_ref(settlement)).await {
            // Its lease runs out, and it is tried again.
            tracing::error!(%error, job.id = %settlement.held.id, "the database refused the end of a job");
            metrics::counter!(names::ERRORS_TOTAL, "area" => "jobs").increment(1);
        }
    }
}
