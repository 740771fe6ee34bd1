//! Purpose: the time of the pretend workspace: message timestamps, response URL lifetimes, signed requests.
//! A test hands in its own; the demo uses the machine's.

use std::fmt;
use std::sync::Arc;

/// Where the workspace reads the time: microseconds since 1970 in UTC.
#[derive(Clone)]
pub struct TimeSource(Arc<dyn Fn() -> i64 + Send + Sync>);

impl TimeSource {
    /// The machine's clock.
    pub fn machine() -> Self {
        Self::from_micros(machine_micros)
    }

    /// A time source of the caller's, in microseconds since 1970.
    pub fn from_micros(read: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }

    /// Microseconds since 1970.
    pub fn micros(&self) -> i64 {
        (self.0)()
    }

    /// Whole seconds since 1970.
    pub fn seconds(&self) -> i64 {
        self.micros().div_euclid(1_000_000)
    }
}

impl Default for TimeSource {
    fn default() -> Self {
        Self::machine()
    }
}

impl fmt::Debug for TimeSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TimeSource")
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the simulator imports none of our crates, so it has no Clock"
)]
fn machine_micros() -> i64 {
    chrono::Utc::now().timestamp_micros()
}
