//! Work that happens by the clock: cron schedules that fire once across replicas.
//!
//! Must not: know any feature (a tick is a name and an instant; whoever starts the ticker says what it means) and
//! ask the machine for the time. To add a schedule, write it into the configuration; to add a kind of work, give
//! the ticker's handler another name to recognise.

pub mod schedule;
pub mod ticker;
