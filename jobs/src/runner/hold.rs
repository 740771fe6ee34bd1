//! Purpose: the jobs that this worker holds: renewing their leases, and cutting short what is no longer its own.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use em_domain::clock::SharedClock;
use em_domain::id::JobId;
use em_storage::{Held, Renewed, Store};
use tokio::sync::{Notify, watch};
use tokio::time::MissedTickBehavior;

use super::to_chrono;

/// Why an attempt is cut short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    /// Its lease is somebody else's, or could not be renewed in time.
    Lost,
    /// It was called off.
    Cancelled,
    /// The program stops.
    Stopping,
}

/// The jobs held now. Clones share them.
#[derive(Debug, Clone, Default)]
pub(super) struct Holds {
    held: Arc<Mutex<HashMap<JobId, Hold>>>,
    freed: Arc<Notify>,
}

#[derive(Debug)]
struct Hold {
    lease_token: i64,
    renewed: Instant,
    cut: watch::Sender<Option<Cut>>,
}

impl Holds {
    /// Begins to hold a job, and answers with what will say that it must be cut short.
    pub(super) fn add(&self, job: &Held) -> watch::Receiver<Option<Cut>> {
        let (cut, receiver) = watch::channel(None);
        let hold = Hold {
            lease_token: job.lease_token,
            renewed: Instant::now(),
            cut,
        };
        self.lock().insert(job.id.clone(), hold);
        receiver
    }

    /// Ends a hold, unless the job was claimed again meanwhile.
    pub(super) fn release(&self, job: &Held) {
        let mut all = self.lock();
        if all
            .get(&job.id)
            .is_some_and(|hold| hold.lease_token == job.lease_token)
        {
            all.remove(&job.id);
        }
        drop(all);
        self.freed.notify_one();
    }

    /// How many jobs are held, those included whose end is not reported yet.
    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }

    /// Waits until there is room for another job.
    pub(super) async fn freed(&self) {
        self.freed.notified().await;
    }

    /// Cuts everything short.
    pub(super) fn cut_all(&self, why: Cut) {
        for hold in self.lock().values() {
            hold.cut.send_replace(Some(why));
        }
    }

    fn list(&self) -> Vec<Held> {
        let held = |(id, hold): (&JobId, &Hold)| Held {
            id: id.clone(),
            lease_token: hold.lease_token,
        };
        self.lock().iter().map(held).collect()
    }

    /// Takes in what came of renewing `asked`.
    fn renewed(&self, asked: &[Held], renewed: &[Renewed], at: Instant) {
        let kept: HashSet<&JobId> = renewed.iter().map(|renewed| &renewed.id).collect();
        let called_off: HashSet<&JobId> = renewed.iter().filter(|r| r.cancel_asked).map(|r| &r.id).collect();
        let mut all = self.lock();
        for job in asked {
            let Some(hold) = all
                .get_mut(&job.id)
                .filter(|hold| hold.lease_token == job.lease_token)
            else {
                continue;
            };
            if called_off.contains(&job.id) {
                hold.cut.send_replace(Some(Cut::Cancelled));
            } else if kept.contains(&job.id) {
                hold.renewed = at;
            } else {
                hold.cut.send_replace(Some(Cut::Lost));
            }
        }
    }

    /// Cuts short what could not be renewed for `lease`: another may have it by now.
    fn cut_outlived(&self, lease: Duration) {
        for hold in self
            .lock()
            .values()
            .filter(|hold| hold.renewed.elapsed() >= lease)
        {
            hold.cut.send_replace(Some(Cut::Lost));
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<JobId, Hold>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits until the attempt must be cut short, and answers why.
pub(super) async fn cut_short(cut: &mut watch::Receiver<Option<Cut>>) -> Cut {
    match cut.wait_for(Option::is_some).await {
        Ok(why) => why.unwrap_or(Cut::Lost),
        // Nobody holds the job any more.
        Err(_) => Cut::Lost,
    }
}

/// Renews the leases three times as often as they run out, by the machine's own steady time.
pub(super) async fn beat(store: Store, clock: SharedClock, holds: Holds, lease: Duration) {
    let mut beats = tokio::time::interval((lease / 3).max(Duration::from_millis(1)));
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        beats.tick().await;
        let (asked, at) = (holds.list(), Instant::now());
        match store.jobs().renew(&asked, clock.now() + to_chrono(lease)).await {
            Ok(renewed) => holds.renewed(&asked, &renewed, at),
            Err(error) => {
                tracing::warn!(%error, jobs = asked.len(), "leases could not be renewed; trying again");
                holds.cut_outlived(lease);
            }
        }
    }
}
