//! Everything the product does, as a person sees it: one module per feature.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests may panic")]

mod demo;
mod dispatch;
mod docs;
mod doctor;
mod floors;
mod help;
mod home;
mod link;
mod manifest;
mod polling;
mod process;
mod schedule;
mod slack_faults;
mod triage;
mod webhook;
