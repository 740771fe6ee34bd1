//! Purpose: the demo's clock: it runs as the machine's does, from a beginning of its own, and can be moved forward.
//! Everything in the demo goes by it: the bot, the pretend Slack, the pretend GitHub.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Days, Duration, NaiveTime, Utc};
use em_domain::calendar::{WorkCalendar, instant_in};
use em_domain::clock::{Clock, SharedClock};
use em_simulator::TimeSource;

/// A clock that may be ahead of the machine's or behind it. Clones share one time, which never goes back.
#[derive(Debug, Clone)]
pub(super) struct DemoClock {
    machine: SharedClock,
    /// Milliseconds.
    ahead: Arc<AtomicI64>,
}

impl DemoClock {
    /// A clock on which it is `start` now.
    pub(super) fn starting_at(machine: SharedClock, start: DateTime<Utc>) -> Self {
        let ahead = (start - machine.now()).num_milliseconds();
        let ahead = Arc::new(AtomicI64::new(ahead));
        Self { machine, ahead }
    }

    /// Moves it forward to `to`; a time that is past is ignored.
    pub(super) fn move_to(&self, to: DateTime<Utc>) {
        let ahead = (to - self.machine.now()).num_milliseconds();
        self.ahead.fetch_max(ahead, Ordering::SeqCst);
    }

    /// The same time for the pretend Slack and GitHub.
    pub(super) fn time_source(&self) -> TimeSource {
        let clock = self.clone();
        TimeSource::from_micros(move || clock.now().timestamp_micros())
    }
}

impl Clock for DemoClock {
    fn now(&self) -> DateTime<Utc> {
        self.machine.now() + Duration::milliseconds(self.ahead.load(Ordering::SeqCst))
    }
}

/// The next time that it is `at` o'clock on a working day, in the calendar's zone.
pub(super) fn next_working_day(calendar: &WorkCalendar, at: NaiveTime, now: DateTime<Utc>) -> DateTime<Utc> {
    let today = calendar.local_date(now);
    let days = (0..366).filter_map(|days| today.checked_add_days(Days::new(days)));
    let mornings = days
        .filter(|day| calendar.is_working_day(*day))
        .map(|day| instant_in(calendar.zone, day, at));
    mornings
        .into_iter()
        .find(|morning| *morning > now)
        .unwrap_or(now + Duration::days(1))
}

#[cfg(test)]
mod tests {
    use em_domain::clock::TestClock;

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn it_runs_with_the_machine_and_is_only_moved_forward() {
        let machine = TestClock::at(at("2026-11-21T21:26:00Z"));
        let clock = DemoClock::starting_at(Arc::new(machine.clone()), at("2026-11-20T10:00:00Z"));
        assert_eq!(clock.now(), at("2026-11-20T10:00:00Z"));

        machine.advance(Duration::minutes(2));
        assert_eq!(clock.now(), at("2026-11-20T10:02:00Z"));

        clock.move_to(at("2026-11-23T07:55:00Z"));
        clock.move_to(at("2026-11-21T00:00:00Z"));
        assert_eq!(clock.now(), at("2026-11-23T07:55:00Z"));
        assert_eq!(
            clock.time_source().seconds(),
            at("2026-11-23T07:55:00Z").timestamp()
        );
    }

    #[test]
    fn the_next_working_day_is_today_before_that_hour_and_monday_after_a_friday() {
        let berlin = WorkCalendar {
            zone: chrono_tz::Europe::Berlin,
            ..WorkCalendar::default()
        };
        let hour = NaiveTime::from_hms_opt(8, 55, 0).unwrap();
        let next = |now: &str| next_working_day(&berlin, hour, at(now));
        assert_eq!(next("2026-01-15T10:00:00Z"), at("2026-01-16T07:55:00Z"));
        assert_eq!(next("2026-01-16T07:54:59Z"), at("2026-01-16T07:55:00Z"));
        assert_eq!(next("2026-01-16T07:55:00Z"), at("2026-01-19T07:55:00Z"));
        // The clocks go forward on Sunday the 29th.
        assert_eq!(next("2026-03-27T12:00:00Z"), at("2026-03-30T06:55:00Z"));
    }
}
