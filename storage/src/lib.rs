//! All SQL of the product, on SQLite (embedded, the default) and PostgreSQL.
//!
//! A [`Store`] is opened once and cloned freely. Its areas (`store.events()`, `store.triage()`, ...) are table
//! families, one file each. One method is one atomic fact: transactions never leave this crate.
//!
//! Must not: post, call a vendor, decide anything that `domain` can decide, or ask for the time (callers pass it).
//!
//! To add a table family: a migration of the same name in both folders under `migrations/`, a file here with the
//! statements as constants that both engines take (`engine.rs` says how), an area method below, and tests inside
//! `both_engines!` in `tests/`. To add a fact that events speak of: also a `Fact` in `facts/tables.rs`.

mod answers;
mod api_tokens;
mod approvals;
mod audit;
mod away;
mod cursors;
mod dead_letters;
mod decisions;
mod deliveries;
mod delivery;
mod deployments;
mod engine;
mod error;
mod evals;
mod events;
mod evidence;
mod export;
mod facts;
mod failures;
mod flow;
mod forecasts;
mod gaps;
mod incidents;
mod intake;
mod jobs;
mod kept_schedules;
mod knowledge;
mod llm_usage;
mod notices;
mod nudges;
mod official_answers;
mod open;
mod outbox;
mod people;
mod posts;
mod schedules;
mod selfcheck;
mod settings;
mod signals;
mod snoozes;
mod sprints;
mod standups;
#[cfg(feature = "testing")]
pub mod testing;
mod triage;

pub use answers::{Answered, Answers};
pub use api_tokens::ApiTokens;
pub use approvals::{Approvals, Consequences, Deputy, Proposed};
pub use audit::{Audit, Verified};
pub use away::DaysOff;
pub use cursors::{Cursor, Cursors};
pub use dead_letters::{DeadLetter, DeadLetters};
pub use decisions::Decisions;
pub use deliveries::Deliveries;
pub use delivery::{Corrections, Delivery, DeliveryOf, Marks};
pub use deployments::Deployments;
pub use error::StoreError;
pub use evals::Evals;
pub use events::{Appended, Events, Imported, SourceActivity, Unrecognised};
pub use evidence::Evidence;
pub use export::{Exports, Page, Position, RowsOf};
pub use facts::{Facts, Folded, Normalise};
pub use forecasts::Forecasts;
pub use gaps::Gaps;
pub use incidents::Incidents;
pub use jobs::{Claimant, Enqueued, Held, Jobs, Reaped, Renewed, Settlement};
pub use kept_schedules::{KeptSchedules, ScheduleAdded};
pub use knowledge::{
    Added, Changed, Digest, Embedded, Knowledge, LexicalHit, ModelCount, Nearby, NearestBy, NewDocument,
    Removed, StoredChunk, StoredVector, Upserted, VectorCursor,
};
pub use llm_usage::{DayOfUse, LlmUsage, Reservation, Reserved, Spent};
pub use notices::{NewNotice, NoticeState, Notices, StoredNotice};
pub use nudges::Nudges;
pub use official_answers::OfficialAnswers;
pub use open::{Store, StoreConfig};
pub use outbox::{Backlog, Outbox, Waiting};
pub use people::People;
pub use posts::{Claim, NewPost, Post, Posts};
pub use schedules::Schedules;
pub use selfcheck::SelfCheck;
pub use settings::Settings;
pub use signals::{Announced, Applied, Signals, Watch};
pub use snoozes::Snoozes;
pub use sprints::{Sprints, WorkOf};
pub use standups::{Answer, RoundState, Standups, StoredRound};
pub use triage::{Subject, Triage};
