//! Every vendor's webhooks, from payloads that they really sent: believed with the right proof and refused with any other, kept
//! once however often they come, read to the facts that they state, in any order. `samples/SOURCES.md` says where they are from.
//!
//! To add a vendor: its samples, and a file here that says how it signs and what its samples state.

#![expect(clippy::unwrap_used, reason = "a test's helper may fail the test")]

#[path = "../support/damage.rs"]
mod damage;
#[path = "../support/merge.rs"]
mod merge;
mod suite;

mod alertmanager;
mod argocd;
mod circleci;
mod cloudwatch;
mod codecov;
mod datadog;
mod ecs;
mod generic;
mod gitlab;
mod heroku;
mod hostile;
mod jenkins;
mod jira;
mod kubernetes;
mod linear;
mod newrelic;
mod pagerduty;
mod sentry;
mod shortcut;
mod sonarqube;
