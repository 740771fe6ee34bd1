//! What the bot does: one file per feature, with its slash command, buttons, modals and events.
//!
//! Must not: see axum, a socket or SQL. A handler reads: load from the store, decide in `domain`, save, and answer
//! with a message from `blocks`.
//!
//! To add a command: a file here with its handler and [`spec::Spec`], one line in [`registry`], its messages in
//! `blocks` under the same name, and a test in `tests/e2e` under the same name.

pub mod action;
pub mod approval;
pub mod ask;
pub mod audit;
mod copy;
pub mod ctx;
pub mod deployment_notice;
pub mod digest;
pub mod docs;
pub mod doctor;
pub mod dora;
mod draft;
pub mod export;
pub mod flow;
pub mod gaps;
pub mod goal;
pub mod help;
pub mod home;
pub mod integrations;
pub mod invocation;
pub mod job;
pub mod link;
pub mod notice;
mod picture;
pub mod policy;
mod posting;
pub mod registry;
pub mod schedule;
pub mod selfcheck;
pub mod settings;
pub mod shift;
pub mod signal;
pub mod spec;
pub mod sprint;
pub mod standup;
mod team;
pub mod triage;
pub mod whoami;
