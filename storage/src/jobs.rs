//! Purpose: work that must be done although programs die. A job is claimed for a time (its lease), and finished by
//! the one who holds its newest lease token; whoever lost it is told so, and changes nothing.

mod claim;
mod enqueue;
mod row;
mod settle;
mod watch;

pub use claim::{Claimant, Reaped};
pub use enqueue::Enqueued;
pub(crate) use enqueue::enqueue_in;
pub use settle::{Held, Renewed, Settlement};

use crate::open::Store;

/// The jobs of a store.
#[derive(Debug, Clone, Copy)]
pub struct Jobs<'s> {
    store: &'s Store,
}

impl Store {
    /// Work that must be done although programs die.
    pub fn jobs(&self) -> Jobs<'_> {
        Jobs { store: self }
    }
}
