//! The systems outside: one file (and folder) per vendor, with its typed client, webhook receiver and poller.
//!
//! Must not: know of commands, jobs or storage; decide anything about the product. What comes in becomes an
//! `em_domain::event::RawEvent`; what it says becomes `em_domain::fact::FactChange`s, by a pure function.
//! To add a vendor: a file here with its [`webhook::Vendor`], a line in [`vendors`], payload samples with their origin under
//! `tests/`.

mod alert;
pub mod alertmanager;
pub mod argocd;
pub mod circleci;
pub mod cloudwatch;
pub mod codecov;
pub mod confluence;
pub mod datadog;
pub mod documents;
pub mod ecs;
pub mod generic;
mod git_url;
pub mod github;
pub mod gitlab;
pub mod heroku;
pub mod http;
pub mod jenkins;
pub mod jira;
pub mod kubernetes;
pub mod linear;
pub mod llm;
mod markdown;
pub mod nats;
pub mod newrelic;
pub mod normalise;
pub mod notion;
pub mod opa;
pub mod pagerduty;
pub mod pages;
mod payload;
pub mod poll;
pub mod pollers;
mod proof;
pub mod recorded;
mod references;
pub mod rest;
pub mod rules;
pub mod sentry;
pub mod shortcut;
pub(crate) mod signature;
pub mod slack;
pub mod sonarqube;
pub(crate) mod tracker;
pub mod trial;
pub mod vendors;
pub mod webhook;
