//! The systems outside: one file (and folder) per vendor, with its typed client, webhook receiver and poller.
//!
//! Must not: know of commands, jobs or storage; decide anything about the product. What comes in becomes an
//! `em_domain::event::RawEvent`; what it says becomes `em_domain::fact::FactChange`s, by a pure function.
//! To add a vendor: a file here, a line in [`normalise`], payload samples with their origin under `tests/`.

pub mod confluence;
pub mod documents;
pub mod github;
pub mod http;
pub mod jira;
pub mod linear;
pub mod llm;
mod markdown;
pub mod normalise;
pub mod notion;
pub mod opa;
pub mod pagerduty;
pub mod pages;
mod payload;
pub mod recorded;
pub mod rest;
pub mod slack;
