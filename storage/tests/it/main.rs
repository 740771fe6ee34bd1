//! The store on both engines.

#![expect(clippy::unwrap_used, reason = "tests may panic")]

mod decisions;
mod events;
mod facts;
mod failures;
mod faults;
mod merge;
mod migrations;
mod people;
mod posts;
mod small;
mod support;
mod triage;
