//! Pure types and rules: what the product knows and how it decides.
//!
//! Must not: talk to a database, a network, a file or the machine's clock. Everything here can be tested by
//! calling it. To add a rule: a function here, with a property test, called by the feature of the same name in
//! `commands`.

pub mod action;
pub mod answer;
pub mod any_metric;
pub mod api_token;
pub mod approval;
pub mod ask;
pub mod audit;
pub mod away;
pub mod board;
pub mod breaker;
pub mod bus;
pub mod calendar;
pub mod ci_run;
pub mod clock;
pub mod delivery;
pub mod deployment;
pub mod deployment_notice;
pub mod digest;
pub mod evals;
pub mod event;
pub mod evidence;
pub mod export;
pub mod fact;
pub mod flow;
pub mod gaps;
pub mod goal;
pub mod holidays;
pub mod id;
pub mod incident;
pub mod incident_story;
pub mod issue;
pub mod job;
pub mod knowledge;
pub mod llm_usage;
pub mod notice;
pub mod person;
pub mod policy;
pub mod poll_report;
pub mod pull_request;
pub mod push;
pub mod repository;
pub mod review;
pub mod schedule;
pub mod selfcheck;
pub mod settings;
pub mod shift;
pub mod signal;
pub mod snooze;
pub mod sprint;
pub mod stamped;
pub mod standup;
pub mod triage;
