//! Work that happens by the clock, or must happen although programs die: cron schedules that fire once across
//! replicas, and the runner of jobs.
//!
//! Must not: know any feature (a tick or a job is a name and what it needs; whoever starts the ticker or the runner
//! says what it means) and ask the machine for the time. To add a schedule, write it into the configuration; to let
//! the clock run another command, say `check_scheduled` in its `Spec`; to add a kind of job, give it a handler in
//! `commands/src/registry.rs`.

pub mod runner;
pub mod schedule;
pub mod ticker;
pub mod wake;
