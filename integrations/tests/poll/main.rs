//! Every polled vendor, asked at a pretend one: what it tells at the first look and later, that webhooks and polls of one change
//! are one fact, and what is said when it cannot be read.
//!
//! To add a vendor: a pretend one in `em_simulator` and a file here.

#![expect(clippy::unwrap_used, reason = "a test's helper may fail the test")]

mod argocd;
mod circleci;
mod gitlab;
#[path = "../support/merge.rs"]
mod merge;
mod support;
