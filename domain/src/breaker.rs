//! Purpose: leaves a server alone that keeps failing, and finds out with one trial whether it is well again.

use chrono::{DateTime, TimeDelta, Utc};

/// Failures in a row after which nothing is sent.
pub const MOST_FAILURES: u32 = 5;
/// How long nothing is sent then. A trial that says nothing of itself for as long is followed by another one.
pub const REST: TimeDelta = TimeDelta::seconds(30);

/// What is known of one server. Time comes from the caller; a clock that jumps back ends a rest rather than
/// prolonging it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Breaker {
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Everybody may ask.
    Closed { failures: u32 },
    /// Nobody may.
    Open { since: DateTime<Utc> },
    /// One was let through and has not come back.
    Trial { since: DateTime<Utc> },
}

/// Whether somebody may ask now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// Yes, and how it ended is to be recorded.
    Admitted,
    /// No: not before this instant.
    Refused {
        /// When to ask again.
        until: DateTime<Utc>,
    },
}

impl Default for Breaker {
    fn default() -> Self {
        Self {
            state: State::Closed { failures: 0 },
        }
    }
}

impl Breaker {
    /// Asks for permission; after a rest the first one who asks makes the trial.
    pub fn admit(&mut self, now: DateTime<Utc>) -> Admission {
        match self.state {
            State::Closed { .. } => Admission::Admitted,
            State::Open { since } | State::Trial { since } => {
                let rested = now - since;
                if TimeDelta::zero() <= rested && rested < REST {
                    return Admission::Refused { until: since + REST };
                }
                self.state = State::Trial { since: now };
                Admission::Admitted
            }
        }
    }

    /// Somebody was answered: the server is well.
    pub fn record_success(&mut self) {
        self.state = State::Closed { failures: 0 };
    }

    /// Somebody was not answered. What was sent before a rest and fails during it does not prolong it.
    pub fn record_failure(&mut self, now: DateTime<Utc>) {
        self.state = match self.state {
            State::Closed { failures } if failures + 1 < MOST_FAILURES => State::Closed {
                failures: failures + 1,
            },
            State::Closed { .. } | State::Trial { .. } => State::Open { since: now },
            State::Open { since } => State::Open { since },
        };
    }

    /// Whether the server is being left alone, or on trial.
    pub fn is_open(&self) -> bool {
        match self.state {
            State::Closed { .. } => false,
            State::Open { .. } | State::Trial { .. } => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    fn failed(times: u32, now: DateTime<Utc>) -> Breaker {
        let mut breaker = Breaker::default();
        for _ in 0..times {
            breaker.record_failure(now);
        }
        breaker
    }

    #[test]
    fn five_failures_in_a_row_are_followed_by_thirty_seconds_of_rest_and_one_trial() {
        assert_eq!(failed(4, at(0)).admit(at(0)), Admission::Admitted);
        let mut breaker = failed(5, at(0));
        assert_eq!(breaker.admit(at(29)), Admission::Refused { until: at(30) });
        assert_eq!(breaker.admit(at(30)), Admission::Admitted);
        assert_eq!(breaker.admit(at(30)), Admission::Refused { until: at(60) });
        breaker.record_failure(at(31));
        assert_eq!(breaker.admit(at(60)), Admission::Refused { until: at(61) });
        assert_eq!(breaker.admit(at(61)), Admission::Admitted);
        breaker.record_success();
        assert_eq!(breaker, Breaker::default());
    }

    #[test]
    fn a_success_between_failures_starts_the_count_again() {
        let mut breaker = failed(4, at(0));
        breaker.record_success();
        for second in 1..5 {
            breaker.record_failure(at(second));
        }
        assert!(!breaker.is_open());
    }

    #[test]
    fn a_trial_that_is_never_heard_of_again_is_followed_by_another() {
        let mut breaker = failed(5, at(0));
        assert_eq!(breaker.admit(at(40)), Admission::Admitted);
        assert_eq!(breaker.admit(at(69)), Admission::Refused { until: at(70) });
        assert_eq!(breaker.admit(at(70)), Admission::Admitted);
    }

    #[test]
    fn a_clock_that_jumps_back_does_not_close_the_door_for_good() {
        let mut breaker = failed(5, at(100_000));
        assert_eq!(breaker.admit(at(0)), Admission::Admitted);
    }

    #[derive(Debug, Clone, Copy)]
    enum Step {
        Ask,
        Succeed,
        Fail,
    }

    fn steps() -> impl Strategy<Value = Vec<(Step, i64)>> {
        let step = prop_oneof![
            2 => Just(Step::Ask),
            1 => Just(Step::Succeed),
            6 => Just(Step::Fail),
        ];
        prop::collection::vec((step, -5..40_i64), 1..80)
    }

    proptest! {
        #[test]
        fn nobody_is_refused_without_five_failures_in_a_row_nor_for_longer_than_a_rest(steps in steps()) {
            let (mut breaker, mut now, mut failures) = (Breaker::default(), at(0), 0);
            for (step, passed) in steps {
                now += TimeDelta::seconds(passed);
                match step {
                    Step::Succeed => {
                        breaker.record_success();
                        failures = 0;
                        prop_assert_eq!(breaker.admit(now), Admission::Admitted);
                    }
                    Step::Fail => {
                        breaker.record_failure(now);
                        failures += 1;
                    }
                    Step::Ask => {
                        if let Admission::Refused { until } = breaker.admit(now) {
                            prop_assert!(failures >= MOST_FAILURES);
                            prop_assert!(until > now && until - now <= REST);
                            prop_assert_eq!(breaker.clone().admit(until), Admission::Admitted);
                        }
                    }
                }
            }
        }

        #[test]
        fn of_many_who_ask_during_a_rest_and_after_it_one_is_let_through_per_rest(
            mut offsets in prop::collection::vec(0..300_i64, 1..200),
        ) {
            offsets.sort_unstable();
            let mut breaker = failed(MOST_FAILURES, at(0));
            let mut admitted = Vec::new();
            for offset in offsets {
                if breaker.admit(at(offset)) == Admission::Admitted {
                    admitted.push(offset);
                }
            }
            prop_assert!(admitted.first().is_none_or(|first| *first >= 30));
            prop_assert!(admitted.windows(2).all(|pair| pair[1] - pair[0] >= 30), "{:?}", admitted);
        }
    }
}
