//! Purpose: facts: what the stored events add up to. Folding takes new events in, a replay rebuilds everything.

mod digest;
mod fold;
mod merge;
mod replay;
mod set;
mod tables;
mod waiting;

use std::fmt;
use std::sync::Arc;

use em_domain::event::RawEvent;
use em_domain::fact::Normalised;

use crate::open::Store;

pub(crate) use fold::write_recorded;
pub(crate) use merge::facts_by;
pub(crate) use replay::reread;
pub(crate) use set::{EmailHash, FactSet, Outcome, normalise_one};
pub(crate) use tables::SeenEmail;
pub(crate) use tables::within;
pub(crate) use waiting::grouped;

/// Turns a raw event into what it says; given by the caller, because vendors' formats are known one floor up, and how they are
/// read is the operator's to say.
#[derive(Clone)]
pub struct Normalise(Arc<dyn Fn(&RawEvent) -> Normalised + Send + Sync>);

impl Normalise {
    pub(crate) fn of(&self, event: &RawEvent) -> Normalised {
        (self.0)(event)
    }
}

impl<F: Fn(&RawEvent) -> Normalised + Send + Sync + 'static> From<F> for Normalise {
    fn from(read: F) -> Self {
        Self(Arc::new(read))
    }
}

impl fmt::Debug for Normalise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Normalise")
    }
}

/// The facts of a store.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'s> {
    pub(crate) store: &'s Store,
}

/// What was taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Folded {
    /// Events taken in.
    pub events: usize,
    /// Those of them that no normaliser understood; they stay stored.
    pub unrecognised: usize,
    /// Facts that are different now.
    pub changed: usize,
}

impl Store {
    /// What the stored events add up to.
    pub fn facts(&self) -> Facts<'_> {
        Facts { store: self }
    }
}
