//! Tests of the GitHub integration from outside: payloads that GitHub really sent, and pretend servers.

#![expect(clippy::unwrap_used, reason = "a test's helper may fail the test")]

mod actions;
mod agreement;
mod client;
#[path = "../support/damage.rs"]
mod damage;
mod disorder;
mod documents;
#[path = "../support/merge.rs"]
mod merge;
mod normalise;
mod poller;
mod sample_data;
mod support;
