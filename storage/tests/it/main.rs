//! The store on both engines.

#![expect(clippy::unwrap_used, reason = "tests may panic")]

mod events;
mod support;
