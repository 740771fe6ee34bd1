//! Everything the product does, as a person sees it: one module per feature.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests may panic")]
#![expect(clippy::too_many_lines, reason = "a snapshot is as long as what people see")]

mod action;
mod action_elsewhere;
mod api;
mod approval;
mod ask;
mod bus;
mod crash;
mod demo;
mod deployment_notice;
mod dispatch;
mod docs;
mod doctor;
mod documents;
mod dora;
mod export;
mod floors;
mod goal;
mod help;
mod home;
mod integration_pages;
mod integrations;
mod job;
mod job_crash;
mod link;
mod manifest;
mod nudge;
mod page;
mod policy;
mod polling;
mod polling_elsewhere;
mod post;
mod process;
mod scene;
mod schedule;
mod selfcheck;
mod settings;
mod shift;
mod signal;
mod slack_faults;
mod snooze;
mod sprint;
mod standup;
mod triage;
mod webhook;
mod whoami;
