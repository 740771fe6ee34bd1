//! Purpose: noticing that this machine's clock jumped forward (it slept, or was set): to a clock that is ahead, the
//! leases of all others look as if they had run out.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

/// Compares the clock with the machine's steady time.
#[derive(Debug)]
pub(super) struct JumpWatch {
    lease: Duration,
    last: Option<(DateTime<Utc>, Instant)>,
    distrusted_until: Option<Instant>,
}

impl JumpWatch {
    /// Distrusts the clock for one `lease` after it jumped by a third of one or more: in that time every living holder
    /// renews its leases, and those with the same clock do so by the new time.
    pub(super) fn new(lease: Duration) -> Self {
        Self {
            lease,
            last: None,
            distrusted_until: None,
        }
    }

    /// Whether the clock may be believed when it says that a lease has run out.
    pub(super) fn is_trusted(&mut self, now: DateTime<Utc>, steady: Instant) -> bool {
        if let Some((last_now, last_steady)) = self.last {
            // A clock that went back makes leases last longer, which harms nobody.
            let by_clock = (now - last_now).to_std().unwrap_or_default();
            let by_steady = steady.saturating_duration_since(last_steady);
            if by_clock.saturating_sub(by_steady) >= self.lease / 3 {
                tracing::warn!("the clock jumped forward; for one lease no job is taken over from others");
                self.distrusted_until = Some(steady + self.lease);
            }
        }
        self.last = Some((now, steady));
        self.distrusted_until.is_none_or(|until| steady >= until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEASE: Duration = Duration::from_secs(30);

    #[test]
    fn a_clock_that_jumps_forward_is_distrusted_for_one_lease() {
        let (mut watch, steady) = (JumpWatch::new(LEASE), Instant::now());
        let start: DateTime<Utc> = "2026-03-02T09:00:00Z".parse().unwrap();
        assert!(watch.is_trusted(start, steady));
        assert!(watch.is_trusted(start + Duration::from_mins(1), steady + Duration::from_mins(1)));
        let jumped = start + Duration::from_hours(1);
        assert!(!watch.is_trusted(jumped + Duration::from_secs(61), steady + Duration::from_secs(61)));
        assert!(!watch.is_trusted(jumped + Duration::from_secs(90), steady + Duration::from_secs(90)));
        assert!(watch.is_trusted(jumped + Duration::from_secs(91), steady + Duration::from_secs(91)));
    }

    #[test]
    fn a_clock_that_goes_back_or_stands_still_or_drifts_is_trusted() {
        let (mut watch, steady) = (JumpWatch::new(LEASE), Instant::now());
        let start: DateTime<Utc> = "2026-03-02T09:00:00Z".parse().unwrap();
        assert!(watch.is_trusted(start, steady));
        assert!(watch.is_trusted(start - Duration::from_hours(1), steady + Duration::from_secs(1)));
        assert!(watch.is_trusted(start - Duration::from_hours(1), steady + Duration::from_secs(9)));
        assert!(watch.is_trusted(
            start - Duration::from_secs(3585),
            steady + Duration::from_secs(15)
        ));
    }
}
