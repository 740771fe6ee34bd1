//! Purpose: reading a list a page at a time, across calls, without missing what changes meanwhile.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

/// GitHub's replicas may show a change a little late: what is newer than this before the last look is read again.
const OVERLAP_SECONDS: i64 = 60;

/// A list that is sorted by time, newest first, read back to where the last walk began. While it is read, what
/// changes moves to the front and is found by the next walk; the rest only moves towards the walker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Walk {
    /// Everything up to here is read.
    seen: DateTime<Utc>,
    /// Where the walk under way goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    /// Where the walk under way began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    newest: Option<DateTime<Utc>>,
}

impl Walk {
    /// A walk that goes back to `seen`.
    pub(super) fn back_to(seen: DateTime<Utc>) -> Self {
        Self {
            seen,
            next: None,
            newest: None,
        }
    }

    pub(super) fn is_under_way(&self) -> bool {
        self.next.is_some()
    }

    /// Whether this is the first walk, which goes back to `since`.
    pub(super) fn goes_back_to(&self, since: DateTime<Utc>) -> bool {
        self.seen == since
    }

    /// The page to read: `first`, or where the walk goes on.
    pub(super) fn page(&self, first: String) -> String {
        self.next.clone().unwrap_or(first)
    }

    /// Whether something of `time` is to be taken.
    pub(super) fn takes(&self, time: DateTime<Utc>) -> bool {
        time >= self.seen - Duration::seconds(OVERLAP_SECONDS)
    }

    /// The page is dealt with: it held `times`, and the list goes on at `next`.
    pub(super) fn advance(&mut self, times: &[DateTime<Utc>], next: Option<String>) {
        self.newest = self.newest.max(times.iter().max().copied());
        let is_at_end = times.iter().any(|time| !self.takes(*time));
        self.next = next.filter(|_| !is_at_end);
        if self.next.is_none() {
            self.seen = self
                .newest
                .take()
                .map_or(self.seen, |newest| newest.max(self.seen));
        }
    }
}

/// A list that is sorted by time of change, oldest first, and asked for `since`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Onward {
    since: DateTime<Utc>,
    /// There was a further page.
    #[serde(default)]
    has_more: bool,
    /// Where to go on if a whole page has one time, so that `since` cannot advance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl Onward {
    pub(super) fn from(since: DateTime<Utc>) -> Self {
        Self {
            since,
            has_more: false,
            next: None,
        }
    }

    pub(super) fn is_under_way(&self) -> bool {
        self.has_more
    }

    /// The page to read: `list` (which ends in a parameter) since the last time.
    pub(super) fn page(&self, list: &str) -> String {
        let since = self.since.format("%Y-%m-%dT%H:%M:%SZ");
        self.next
            .clone()
            .unwrap_or_else(|| format!("{list}&since={since}"))
    }

    /// The page is dealt with: it held `times`, and the list goes on at `next`.
    pub(super) fn advance(&mut self, times: &[DateTime<Utc>], next: Option<String>) {
        let latest = times.iter().max().copied().unwrap_or(self.since);
        self.has_more = next.is_some();
        // A page number would skip what moves to the end meanwhile; asking anew from the last time does not.
        self.next = next.filter(|_| latest <= self.since);
        self.since = latest.max(self.since);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_000_000 + second, 0).unwrap()
    }

    #[test]
    fn a_walk_over_several_pages_ends_where_the_last_one_began() {
        let mut walk = Walk::back_to(at(0));
        walk.advance(&[at(900), at(800)], Some("2".into()));
        assert!(walk.is_under_way());
        assert_eq!(walk.page("1".into()), "2");
        walk.advance(&[at(700), at(-100)], Some("3".into()));
        assert!(!walk.is_under_way());
        assert!(walk.takes(at(840)) && !walk.takes(at(839)));
        walk.advance(&[], None);
        assert!(!walk.takes(at(839)), "an empty page loses nothing");
    }

    #[test]
    fn a_page_of_one_second_is_left_by_its_link_and_any_other_by_time() {
        let mut list = Onward::from(at(0));
        list.advance(&[at(5), at(9)], Some("2".into()));
        assert!(list.is_under_way());
        assert_eq!(list.page("/x?a=1"), "/x?a=1&since=1970-01-12T13:46:49Z");
        list.advance(&[at(9), at(9)], Some("2".into()));
        assert_eq!(list.page("/x?a=1"), "2");
        list.advance(&[at(10)], None);
        assert!(!list.is_under_way());
        assert_eq!(list.page("/x?a=1"), "/x?a=1&since=1970-01-12T13:46:50Z");
    }
}
