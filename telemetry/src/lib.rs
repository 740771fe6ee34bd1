//! What the operator sees: log lines and metrics.
//!
//! [`init`] sends every `tracing` event of the process, third-party crates included, to standard error with
//! secrets masked ([`redact()`]). [`metrics::install`] collects what is counted under the names in [`names`].
//!
//! Must not: know a feature, read the environment, or hold business values. Ids and time come from callers.
//!
//! To add a metric: one entry in `names.rs` and one row of the table in `docs/LOGGING.md` (a test compares them).
//! To add a secret's shape: one entry and one example in `redact.rs`.

mod logging;
pub mod metrics;
pub mod names;
pub mod redact;

pub use logging::{DEFAULT_FILTER, FilterError, Format, Settings, init, subscriber};
pub use redact::redact;
