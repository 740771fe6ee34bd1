//! Purpose: what can go wrong with the Web API, on order: per method, a queue of faults; and the record of every call.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::Options;
use crate::clock::TimeSource;
use crate::shared::locked;

/// One thing that goes wrong with one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// HTTP 429 with `Retry-After` in seconds.
    RateLimited(u32),
    /// An HTTP status such as 500, with an HTML body.
    Status(u16),
    /// HTTP 200 with a body that is no JSON.
    Garbage,
    /// No answer until the caller gives up.
    Hang,
    /// `ok: false` with this error.
    Error(String),
    /// The connection is reset before an answer.
    Reset,
    /// The call takes effect, then the connection is reset: the caller cannot know.
    ResetAfterEffect,
}

/// One call of the Web API (or of a response URL, as method `response_url`).
#[derive(Debug, Clone)]
pub struct Call {
    /// Such as `chat.postMessage`.
    pub method: String,
    /// When it came in.
    pub at: Instant,
    /// The arguments; JSON arguments of form calls are parsed.
    pub params: Value,
    /// `None` when it was answered with `ok: true`; the error otherwise, `fault` for faults on order.
    pub error: Option<String>,
}

/// How posting is limited when `Options::posting_limit` is set: Slack allows one message per second and channel and
/// tolerates short bursts.
#[derive(Debug, Clone, Copy)]
pub struct PostingLimit {
    /// Messages that may come at once.
    pub burst: u32,
    /// Messages per second after that.
    pub per_second: f64,
}

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    /// Microseconds of the workspace's time.
    at: i64,
}

/// Calls of a method in a minute (<https://docs.slack.dev/apis/web-api/rate-limits>, and the tier on each method's page). Posting has
/// no tier: besides the limit of each channel Slack says "several hundred messages per minute", taken here as the least of these.
const PER_MINUTE: &[(&str, u32)] = &[
    ("chat.postMessage", 300),
    ("chat.postEphemeral", 100),
    ("chat.update", 50),
    ("chat.delete", 50),
    ("conversations.history", 50),
    ("conversations.info", 50),
    ("conversations.list", 20),
    ("conversations.members", 100),
    ("conversations.open", 50),
    ("conversations.replies", 50),
    ("reactions.add", 50),
    ("usergroups.list", 20),
    ("users.info", 100),
    ("users.list", 20),
    ("users.lookupByEmail", 50),
    ("views.open", 100),
    ("views.publish", 100),
    ("views.push", 100),
    ("views.update", 100),
];

/// Faults on order, scopes taken away, limits and the record of calls.
#[derive(Debug)]
pub struct Faults {
    queued: Mutex<HashMap<String, VecDeque<Fault>>>,
    calls: Mutex<Vec<Call>>,
    missing_scopes: Mutex<HashSet<String>>,
    buckets: Mutex<HashMap<String, Bucket>>,
    limit: Option<PostingLimit>,
    limits_methods: bool,
    time: TimeSource,
}

impl Faults {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            queued: Mutex::default(),
            calls: Mutex::default(),
            missing_scopes: Mutex::default(),
            buckets: Mutex::default(),
            limit: options.posting_limit,
            limits_methods: options.method_limits,
            time: options.time.clone(),
        }
    }

    /// The next call of this method meets this fault; several queue up.
    pub fn next(&self, method: &str, fault: Fault) {
        locked(&self.queued)
            .entry(method.to_owned())
            .or_default()
            .push_back(fault);
    }

    /// The next `times` calls of this method meet this fault.
    pub fn repeat(&self, method: &str, fault: &Fault, times: usize) {
        let fault = std::iter::repeat_n(fault.clone(), times);
        locked(&self.queued)
            .entry(method.to_owned())
            .or_default()
            .extend(fault);
    }

    /// Forgets the faults on order.
    pub fn clear(&self) {
        locked(&self.queued).clear();
    }

    /// Takes a scope away from the bot token, as an app that was not reinstalled.
    pub fn remove_scope(&self, scope: &str) {
        locked(&self.missing_scopes).insert(scope.to_owned());
    }

    /// Gives it back.
    pub fn restore_scope(&self, scope: &str) {
        locked(&self.missing_scopes).remove(scope);
    }

    pub(crate) fn lacks(&self, scope: &str) -> bool {
        locked(&self.missing_scopes).contains(scope)
    }

    pub(crate) fn take(&self, method: &str) -> Option<Fault> {
        locked(&self.queued).get_mut(method)?.pop_front()
    }

    pub(crate) fn record(&self, call: Call) {
        locked(&self.calls).push(call);
    }

    /// The calls of one method so far.
    pub fn calls(&self, method: &str) -> Vec<Call> {
        locked(&self.calls)
            .iter()
            .filter(|c| c.method == method)
            .cloned()
            .collect()
    }

    /// How often a method was called.
    pub fn count(&self, method: &str) -> usize {
        locked(&self.calls).iter().filter(|c| c.method == method).count()
    }

    /// All calls so far.
    pub fn all_calls(&self) -> Vec<Call> {
        locked(&self.calls).clone()
    }

    /// Seconds to wait before posting into the channel, when limits are on.
    pub(crate) fn too_fast(&self, channel: &str) -> Option<u32> {
        self.wait(channel, self.limit?)
    }

    /// Seconds to wait before the method is called again, when methods are limited.
    pub(crate) fn too_often(&self, method: &str) -> Option<u32> {
        let (_, per_minute) = PER_MINUTE
            .iter()
            .find(|(name, _)| self.limits_methods && *name == method)?;
        let limit = PostingLimit {
            burst: *per_minute,
            per_second: f64::from(*per_minute) / 60.0,
        };
        self.wait(method, limit)
    }

    /// Takes a token out of the bucket, or says in how many seconds there is one.
    fn wait(&self, bucket: &str, PostingLimit { burst, per_second }: PostingLimit) -> Option<u32> {
        let now = self.time.micros();
        let mut buckets = locked(&self.buckets);
        let full = Bucket {
            tokens: f64::from(burst),
            at: now,
        };
        let bucket = buckets.entry(bucket.to_owned()).or_insert(full);
        let passed = Duration::from_micros(u64::try_from(now - bucket.at).unwrap_or_default());
        bucket.tokens = (bucket.tokens + passed.as_secs_f64() * per_second).min(f64::from(burst));
        bucket.at = now;
        if bucket.tokens >= 1.0 {
            bucket.tokens -= 1.0;
            return None;
        }
        Some(1)
    }
}
