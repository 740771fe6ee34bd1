//! Purpose: how far one list is read: from a time on, a page at a time, across steps and restarts, missing nothing that changes
//! meanwhile.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// What is newer than this before the last look is asked for again: systems show changes a little late, and Jira's times are
/// whole minutes.
const OVERLAP: TimeDelta = TimeDelta::minutes(2);
/// What has not settled after this long does not hold the walk back any more.
const PATIENCE: TimeDelta = TimeDelta::hours(24);
/// A list that goes on after so many pages has no end, or one that nobody needs at once.
const MOST_PAGES: u32 = 1_000;
/// Pages without anything that say that there is more.
const MOST_EMPTY_PAGES: u32 = 20;

/// A list under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Walk {
    /// Everything that changed before this is read.
    seen: DateTime<Utc>,
    /// Where the walk under way goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    /// The latest change that the walk under way met.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    newest: Option<DateTime<Utc>>,
    /// The first thing met that may still change without a sign.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unsettled: Option<DateTime<Utc>>,
    #[serde(default)]
    pages: u32,
    #[serde(default)]
    empty_pages: u32,
}

/// What one page says of the list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// The latest change on the page.
    pub(super) newest: Option<DateTime<Utc>>,
    /// The first thing on the page that may still change without a sign.
    pub(super) unsettled: Option<DateTime<Utc>>,
    /// Where the list goes on.
    pub(super) next: Option<String>,
    pub(super) is_empty: bool,
}

/// A list that does not end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Endless;

impl Walk {
    /// A walk that goes back to `seen`.
    pub(super) fn back_to(seen: DateTime<Utc>) -> Self {
        Self {
            seen,
            next: None,
            newest: None,
            unsettled: None,
            pages: 0,
            empty_pages: 0,
        }
    }

    pub(super) fn is_under_way(&self) -> bool {
        self.next.is_some()
    }

    /// Where the walk under way goes on.
    pub(super) fn next(&self) -> Option<&str> {
        self.next.as_deref()
    }

    /// What changed at this time or later is to be read.
    pub(super) fn since(&self) -> DateTime<Utc> {
        self.seen - OVERLAP
    }

    /// The page is dealt with. A time in the future, by a clock that is wrong, does not make the next walk skip anything.
    ///
    /// # Errors
    /// The list does not end; the walk does.
    pub(super) fn advance(&mut self, page: Seen, now: DateTime<Utc>) -> Result<(), Endless> {
        self.newest = self.newest.max(page.newest.map(|newest| newest.min(now)));
        self.unsettled = [self.unsettled, page.unsettled].into_iter().flatten().min();
        self.pages += 1;
        self.empty_pages = if page.is_empty { self.empty_pages + 1 } else { 0 };
        let goes_in_a_circle = page.next.is_some() && page.next == self.next;
        let is_endless = page.next.is_some()
            && (goes_in_a_circle || self.pages >= MOST_PAGES || self.empty_pages >= MOST_EMPTY_PAGES);
        self.next = page.next.filter(|_| !is_endless);
        if self.next.is_none() {
            self.end(now);
        }
        if is_endless { Err(Endless) } else { Ok(()) }
    }

    fn end(&mut self, now: DateTime<Utc>) {
        let held_back = self.unsettled.filter(|since| *since > now - PATIENCE);
        let reached = self.newest.into_iter().chain(held_back).min();
        *self = Self::back_to(reached.map_or(self.seen, |reached| reached.max(self.seen)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
    }

    fn page(newest: i64, next: Option<&str>) -> Seen {
        Seen {
            newest: Some(at(newest)),
            next: next.map(str::to_owned),
            ..Seen::default()
        }
    }

    const NOW: i64 = 100_000;

    #[test]
    fn the_next_walk_begins_a_little_before_the_latest_change_of_this_one() {
        let mut walk = Walk::back_to(at(0));
        assert_eq!(walk.since(), at(-2));
        walk.advance(page(90, Some("2")), at(NOW)).unwrap();
        assert_eq!(
            (walk.next(), walk.since()),
            (Some("2"), at(-2)),
            "not before its end"
        );
        walk.advance(page(70, None), at(NOW)).unwrap();
        assert_eq!((walk.next(), walk.since()), (None, at(88)));
        walk.advance(Seen::default(), at(NOW)).unwrap();
        assert_eq!(walk.since(), at(88), "an empty list loses nothing");
    }

    #[test]
    fn a_clock_that_is_ahead_makes_nothing_be_skipped() {
        let mut walk = Walk::back_to(at(0));
        walk.advance(page(500, None), at(90)).unwrap();
        assert_eq!(walk.since(), at(88));
    }

    #[test]
    fn what_may_still_change_holds_the_walk_back_for_a_day() {
        let mut walk = Walk::back_to(at(0));
        let unsettled = Seen {
            unsettled: Some(at(50)),
            ..page(90, None)
        };
        walk.advance(unsettled.clone(), at(100)).unwrap();
        assert_eq!(walk.since(), at(48));
        walk.advance(unsettled, at(50 + 24 * 60)).unwrap();
        assert_eq!(walk.since(), at(88));
    }

    #[test]
    fn a_list_without_an_end_ends() {
        let mut circle = Walk::back_to(at(0));
        circle.advance(page(1, Some("2")), at(NOW)).unwrap();
        assert_eq!(circle.advance(page(1, Some("2")), at(NOW)), Err(Endless));
        assert!(!circle.is_under_way());

        let walked = |is_empty: bool| {
            let mut walk = Walk::back_to(at(0));
            let next = |number: u32| Seen {
                is_empty,
                ..page(1, Some(&number.to_string()))
            };
            (1..=MOST_PAGES).find(|number| walk.advance(next(*number), at(NOW)).is_err())
        };
        assert_eq!(walked(true), Some(MOST_EMPTY_PAGES));
        assert_eq!(walked(false), Some(MOST_PAGES));
    }
}
