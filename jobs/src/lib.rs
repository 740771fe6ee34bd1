//! Work that happens by the clock: cron schedules that fire once across replicas.
//!
//! Must not: know any feature (a tick is a name and an instant; whoever starts the ticker says what it means) and
//! ask the machine for the time. To add a schedule, write it into the configuration; to let the clock run another
//! command, say `check_scheduled` in its `Spec`.

pub mod schedule;
pub mod ticker;
