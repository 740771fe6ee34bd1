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

/// A short id that a person can quote and an operator can find: `err_` and the end of `ulid`, in lower case.
///
/// The last ten characters of a ULID are 50 random bits. The caller makes the ULID, logs the result in the field
/// `error.id`, and shows it to the person. A shorter text, or one that would be cut inside a character, is used whole.
pub fn error_id(ulid: &str) -> String {
    const KEPT: usize = 10;
    let tail = ulid
        .len()
        .checked_sub(KEPT)
        .and_then(|start| ulid.get(start..))
        .unwrap_or(ulid);
    format!("err_{}", tail.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::error_id;

    #[test]
    fn error_id_is_short_and_taken_from_the_random_end() {
        assert_eq!(error_id("01J9ZQ3V5K8M2N4P6R7S9T0WXY"), "err_6r7s9t0wxy");
    }

    #[test]
    fn error_id_of_a_short_or_foreign_text_is_the_text() {
        assert_eq!(error_id("AB1"), "err_ab1");
        assert_eq!(error_id("aäöüäöüa"), "err_aäöüäöüa");
    }
}
