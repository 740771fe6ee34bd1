//! The store on both engines.

#![expect(clippy::unwrap_used, reason = "tests may panic")]

mod answers;
mod api_tokens;
mod approvals;
mod decisions;
mod events;
mod evidence;
mod facts;
mod failures;
mod faults;
mod gaps;
mod jobs;
mod jobs_model;
mod kept_schedules;
mod knowledge;
mod knowledge_nearest;
mod knowledge_search;
mod llm_usage;
mod merge;
mod migrations;
mod notices;
mod outbox;
mod people;
mod posts;
mod signals;
mod small;
mod sprints;
mod standups;
mod support;
mod triage;
