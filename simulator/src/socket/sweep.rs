//! Purpose: what happens to envelopes nobody acknowledges: commands and clicks fail, events come again.

use std::cmp::Reverse;
use std::sync::Arc;
use std::time::Instant;

use super::hub::{Due, Hub, Pending};
use super::{EnvelopeKind, Outcome};
use crate::shared::{Shared, locked};

/// Runs until the simulator stops.
pub(crate) async fn sweep(shared: Arc<Shared>) {
    loop {
        let first = locked(&shared.hub.state).due.peek().map(|Reverse((at, ..))| *at);
        let wait = async {
            match first {
                Some(at) => tokio::time::sleep_until(at.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = shared.stop.cancelled() => return,
            () = shared.hub.wake.notified() => {}
            () = wait => {}
        }
        for pending in shared.hub.overdue() {
            if let Some(answer) = pending.answer {
                // Whoever typed it may not be waiting.
                let _ = answer.send(Outcome::TimedOut);
            }
            shared.timed_out(&pending.purpose);
        }
    }
}

impl Hub {
    /// Does what is due and gives back what is given up.
    fn overdue(&self) -> Vec<Pending> {
        let now = Instant::now();
        let state = &mut *locked(&self.state);
        let mut given_up = Vec::new();
        while state.due.peek().is_some_and(|Reverse((at, ..))| *at <= now) {
            let Some(Reverse((_, due, envelope))) = state.due.pop() else {
                break;
            };
            let Some(pending) = state.pending.get_mut(&envelope) else {
                continue;
            };
            match due {
                Due::Retry => {
                    state.deliver(&envelope);
                    self.schedule(state, now + self.window, Due::Expire, envelope);
                }
                Due::Expire
                    if pending.kind == EnvelopeKind::EventsApi && pending.attempt < self.retries.len() =>
                {
                    let pause = self.retries[pending.attempt];
                    pending.attempt += 1;
                    self.schedule(state, now + pause, Due::Retry, envelope);
                }
                Due::Expire => {
                    state.counts.timed_out += 1;
                    given_up.extend(state.pending.remove(&envelope));
                }
            }
        }
        given_up
    }
}
