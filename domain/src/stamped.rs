//! Purpose: values that carry the time they were true at, and merge to the same result in any order.
//!
//! Events arrive late, twice and out of order. A fact must not depend on that, so facts are built only from
//! operations that commute, associate and repeat without effect: the newest value wins ([`Stamped`]), the
//! earliest time wins ([`earliest`]), the latest time wins ([`latest`]).

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A value and the event time it was seen at. The newest wins; at the same time the greater value does, so that
/// the winner does not depend on the order of arrival.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Stamped<T> {
    /// When the value was true, by the sender's clock.
    pub at: DateTime<Utc>,
    /// The value.
    pub value: T,
}

impl<T: Ord> Stamped<T> {
    /// Takes over `other` if it is newer.
    pub fn merge(&mut self, other: Self) {
        if other > *self {
            *self = other;
        }
    }
}

/// Merges an optional stamped value into another.
pub fn newest<T: Ord>(into: &mut Option<Stamped<T>>, other: Option<Stamped<T>>) {
    match (into.as_mut(), other) {
        (Some(mine), Some(theirs)) => mine.merge(theirs),
        (None, theirs) => *into = theirs,
        (Some(_), None) => {}
    }
}

/// Keeps the earlier of two known times.
pub fn earliest(into: &mut Option<DateTime<Utc>>, other: Option<DateTime<Utc>>) {
    *into = match (*into, other) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
}

/// Keeps the later of two known times.
pub fn latest(into: &mut Option<DateTime<Utc>>, other: Option<DateTime<Utc>>) {
    *into = (*into).max(other);
}
