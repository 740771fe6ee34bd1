//! Purpose: how one call to Slack is made: in order, at the right pace, within a time limit, and again where that is
//! safe.
//!
//! Posts to one channel go one after another, about one per second with short bursts
//! (<https://docs.slack.dev/apis/web-api/rate-limits>). A 429 is waited out, per channel for posts and per method for
//! the rest. Whether anything else is tried again depends on what is known: a refused connection always, an unclear
//! outcome only where doing it twice is the same as doing it once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use em_telemetry::names;
use moka::future::Cache;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use super::SlackError;
use super::failure::Failure;

/// Posts per channel: one per this, on average.
const POST_INTERVAL: Duration = Duration::from_secs(1);
/// Posts per channel that may go at once after a quiet time.
const POST_BURST: u32 = 4;
/// One request and its answer.
const ATTEMPT_LIMIT: Duration = Duration::from_secs(10);
/// No attempt begins later than this after the call; so a call takes at most this and one attempt.
const CALL_LIMIT: Duration = Duration::from_secs(30);
/// The same for calls on which something is waiting that can try again itself.
pub(super) const READ_LIMIT: Duration = Duration::from_secs(10);
/// Tries after the first that are not about rate limits.
const RETRIES: usize = 4;
/// Before the first of them; each later one waits twice as long, with jitter.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// How long a channel that is not posted to keeps its place in line.
const LANE_IDLE: Duration = Duration::from_mins(10);
const LANES: u64 = 100_000;

/// Whether a call may be sent again when its outcome is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Safety {
    /// Reads, and writes that end in the same state however often they are done.
    Repeatable,
    /// Each time it arrives something new appears in Slack.
    Once,
}

/// One call: what, how safely, and in which line it waits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) method: &'static str,
    safety: Safety,
    channel: Option<&'a str>,
    is_post: bool,
    limit: Duration,
    retries: usize,
}

impl<'a> Call<'a> {
    pub(super) fn new(method: &'static str, safety: Safety) -> Self {
        Self {
            method,
            safety,
            channel: None,
            is_post: false,
            limit: CALL_LIMIT,
            retries: RETRIES,
        }
    }

    /// Keeps the call in order with the other calls that change this channel.
    pub(super) fn in_order(self, channel: &'a str) -> Self {
        Self {
            channel: Some(channel),
            ..self
        }
    }

    /// In order, and counted against the one post per second that a channel allows.
    pub(super) fn as_post(self, channel: &'a str) -> Self {
        Self {
            channel: Some(channel),
            is_post: true,
            ..self
        }
    }

    pub(super) fn within(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }

    /// For callers that wait and try again themselves.
    pub(super) fn without_retries(self) -> Self {
        Self {
            retries: 0,
            limit: Duration::ZERO,
            ..self
        }
    }
}

/// The place in line of one channel.
#[derive(Debug, Default)]
struct Lane {
    /// When the posts so far would be through at one per [`POST_INTERVAL`].
    paid_until: Option<Instant>,
    blocked_until: Option<Instant>,
}

impl Lane {
    /// When the next post may go.
    fn ready(&self, now: Instant) -> Instant {
        let burst = POST_INTERVAL * (POST_BURST - 1);
        let paced = self
            .paid_until
            .and_then(|until| until.checked_sub(burst))
            .unwrap_or(now);
        paced.max(self.blocked_until.unwrap_or(now)).max(now)
    }

    /// Counts a post that is about to go.
    fn book(&mut self, now: Instant) {
        self.paid_until = Some(self.paid_until.unwrap_or(now).max(now) + POST_INTERVAL);
    }
}

/// Makes calls; remembers what each channel and each method still has to wait for.
pub(super) struct Caller {
    lanes: Cache<String, Arc<tokio::sync::Mutex<Lane>>>,
    blocked_methods: Mutex<HashMap<&'static str, Instant>>,
}

impl Default for Caller {
    fn default() -> Self {
        Self {
            lanes: Cache::builder()
                .max_capacity(LANES)
                .time_to_idle(LANE_IDLE)
                .build(),
            blocked_methods: Mutex::default(),
        }
    }
}

impl Caller {
    /// Runs `attempt` until it succeeds, cannot succeed, or time is up.
    pub(super) async fn run<T, F>(&self, call: Call<'_>, attempt: impl Fn() -> F) -> Result<T, SlackError>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let result = self.run_in_line(call, attempt).await;
        let outcome = if result.is_ok() { "ok" } else { "error" };
        metrics::counter!(names::SLACK_CALLS_TOTAL, "method" => call.method, "outcome" => outcome)
            .increment(1);
        if let Err(error) = &result {
            tracing::debug!(slack.method = call.method, %error, "call to Slack failed");
        }
        result
    }

    async fn run_in_line<T, F>(&self, call: Call<'_>, attempt: impl Fn() -> F) -> Result<T, SlackError>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let deadline = Instant::now() + call.limit;
        let Some(channel) = call.channel else {
            return self.attempts(call, deadline, &mut Lane::default(), attempt).await;
        };
        let lane = self
            .lanes
            .get_with_by_ref(channel, async { Arc::default() })
            .await;
        // The mutex is fair, so whoever calls first goes first, retries included.
        let Ok(mut lane) = timeout_at(deadline, lane.lock()).await else {
            return Err(SlackError::RateLimited {
                retry_after: POST_INTERVAL,
            });
        };
        self.attempts(call, deadline, &mut lane, attempt).await
    }

    async fn attempts<T, F>(
        &self,
        call: Call<'_>,
        deadline: Instant,
        lane: &mut Lane,
        attempt: impl Fn() -> F,
    ) -> Result<T, SlackError>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let mut pauses = ExponentialBuilder::default()
            .with_min_delay(FIRST_PAUSE)
            .with_jitter()
            .with_max_times(call.retries)
            .build();
        let mut begin = self.begin(call, lane);
        loop {
            if begin > deadline && begin > Instant::now() {
                return Err(SlackError::RateLimited {
                    retry_after: begin - Instant::now(),
                });
            }
            sleep_until(begin).await;
            if call.is_post {
                lane.book(Instant::now());
            }
            let failure = match timeout(ATTEMPT_LIMIT, attempt()).await {
                Ok(Ok(value)) => return Ok(value),
                Ok(Err(failure)) => failure,
                Err(_) => Failure::Unclear(format!("no answer within {} s", ATTEMPT_LIMIT.as_secs())),
            };
            tracing::debug!(slack.method = call.method, ?failure, "attempt failed");
            let why = failure.label();
            let pause = match failure {
                Failure::Final(error) => return Err(error),
                Failure::Unclear(reason) if call.safety == Safety::Once => {
                    return Err(SlackError::Ambiguous {
                        method: call.method,
                        reason,
                    });
                }
                Failure::Limited(retry_after) => {
                    self.block(call, lane, Instant::now() + retry_after);
                    retry_after
                }
                Failure::Unreachable(reason) | Failure::Unclear(reason) => {
                    match pauses.next().filter(|pause| Instant::now() + *pause <= deadline) {
                        Some(pause) => pause,
                        None => return Err(SlackError::Unavailable { reason }),
                    }
                }
            };
            metrics::counter!(names::SLACK_RETRIES_TOTAL, "method" => call.method, "reason" => why)
                .increment(1);
            begin = Instant::now() + pause;
        }
    }

    /// When the first attempt may go.
    fn begin(&self, call: Call<'_>, lane: &Lane) -> Instant {
        let now = Instant::now();
        if call.is_post {
            return lane.ready(now);
        }
        let blocked = self
            .blocked_methods
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        blocked.get(call.method).map_or(now, |until| now.max(*until))
    }

    fn block(&self, call: Call<'_>, lane: &mut Lane, until: Instant) {
        if call.is_post {
            lane.blocked_until = Some(until);
        } else {
            self.blocked_methods
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(call.method, until);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post(channel: &str) -> Call<'_> {
        Call::new("chat.postMessage", Safety::Once).as_post(channel)
    }

    #[tokio::test(start_paused = true)]
    async fn retry_after_is_waited_out_to_the_second() {
        let (caller, began, tries) = (Caller::default(), Instant::now(), Mutex::new(0));
        let answer = caller
            .run(post("C1"), || async {
                *tries.lock().unwrap() += 1;
                if *tries.lock().unwrap() <= 2 {
                    Err(Failure::Limited(Duration::from_secs(7)))
                } else {
                    Ok("sent")
                }
            })
            .await;
        assert_eq!(answer, Ok("sent"));
        assert_eq!(began.elapsed().as_secs(), 14);
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_beyond_the_limit_is_handed_back_and_remembered() {
        let (caller, began) = (Caller::default(), Instant::now());
        let refused: Result<(), _> = caller
            .run(post("C1"), || async {
                Err(Failure::Limited(Duration::from_mins(2)))
            })
            .await;
        assert_eq!(
            refused,
            Err(SlackError::RateLimited {
                retry_after: Duration::from_mins(2)
            })
        );
        assert_eq!(began.elapsed(), Duration::ZERO, "it does not sleep only to fail");
        let next = caller.run(post("C1"), || async { Ok(()) }).await;
        assert!(matches!(next, Err(SlackError::RateLimited { .. })), "{next:?}");
        assert_eq!(
            caller.run(post("C2"), || async { Ok(()) }).await,
            Ok(()),
            "other channels go on"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn posts_to_a_channel_come_in_a_burst_and_then_one_per_second() {
        let (caller, began, mut seconds) = (Caller::default(), Instant::now(), Vec::new());
        for _ in 0..8 {
            caller.run(post("C1"), || async { Ok(()) }).await.unwrap();
            seconds.push(began.elapsed().as_secs());
        }
        assert_eq!(seconds, [0, 0, 0, 0, 1, 2, 3, 4]);
    }

    #[tokio::test(start_paused = true)]
    async fn an_unclear_post_is_not_sent_twice_but_an_unclear_update_is() {
        let caller = Caller::default();
        let tries = Mutex::new(0);
        let unclear = || async {
            *tries.lock().unwrap() += 1;
            if *tries.lock().unwrap() == 1 {
                Err(Failure::Unclear("HTTP 500".into()))
            } else {
                Ok(())
            }
        };
        let posted = caller.run(post("C1"), unclear).await;
        assert!(
            matches!(
                posted,
                Err(SlackError::Ambiguous {
                    method: "chat.postMessage",
                    ..
                })
            ),
            "{posted:?}"
        );
        assert_eq!(*tries.lock().unwrap(), 1);
        *tries.lock().unwrap() = 0;
        let update = Call::new("chat.update", Safety::Repeatable).in_order("C1");
        assert_eq!(caller.run(update, unclear).await, Ok(()));
        assert_eq!(*tries.lock().unwrap(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_slack_makes_a_post_ambiguous_and_a_read_unavailable() {
        let (caller, began) = (Caller::default(), Instant::now());
        let posted: Result<(), _> = caller.run(post("C1"), std::future::pending).await;
        assert!(matches!(posted, Err(SlackError::Ambiguous { .. })), "{posted:?}");
        assert_eq!(began.elapsed(), ATTEMPT_LIMIT);
        let began = Instant::now();
        let read: Result<(), _> = caller
            .run(Call::new("users.info", Safety::Repeatable), std::future::pending)
            .await;
        assert!(matches!(read, Err(SlackError::Unavailable { .. })), "{read:?}");
        assert!(
            began.elapsed() <= CALL_LIMIT + ATTEMPT_LIMIT,
            "{:?}",
            began.elapsed()
        );
    }

    #[tokio::test(start_paused = true)]
    async fn calls_to_a_channel_keep_their_order_even_when_the_first_is_retried() {
        let caller = Arc::new(Caller::default());
        let sent = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = tokio::task::JoinSet::new();
        for n in 0..6 {
            let (caller, sent) = (Arc::clone(&caller), Arc::clone(&sent));
            tasks.spawn(async move {
                let first_try = Mutex::new(true);
                let answer = caller
                    .run(post("C1"), || async {
                        if n == 0 && std::mem::take(&mut *first_try.lock().unwrap()) {
                            return Err(Failure::Limited(Duration::from_secs(3)));
                        }
                        sent.lock().unwrap().push(n);
                        Ok(())
                    })
                    .await;
                answer.unwrap();
            });
            tokio::task::yield_now().await;
        }
        tasks.join_all().await;
        assert_eq!(*sent.lock().unwrap(), [0, 1, 2, 3, 4, 5]);
    }
}
