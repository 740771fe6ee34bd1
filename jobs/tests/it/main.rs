//! The runner of jobs and the ticker, on both engines.

#![expect(clippy::unwrap_used, reason = "tests may panic")]

mod runner;
mod support;
mod ticker;
