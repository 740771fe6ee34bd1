//! Purpose: lists that come newest first, or all at once, read in slices of time from old to new: what changes while it is
//! read leaves its slice and is met again in a later one, so nothing is missed.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::feed::{At, Draft, Page};

/// A weekend of silence costs one request, a longer one few more, for empty slices grow.
const FIRST: TimeDelta = TimeDelta::days(3);

/// What changed between two instants, and how far it is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Slice {
    pub(crate) from: DateTime<Utc>,
    pub(crate) to: DateTime<Utc>,
    /// Where the slice goes on, in the vendor's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) after: Option<String>,
    /// The latest change on its pages so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    newest: Option<DateTime<Utc>>,
}

impl Slice {
    /// The one that `at` is about: the first, or where the page before said that the list goes on.
    pub(crate) fn of(at: &At<'_>) -> Self {
        let next: Option<Self> = at.next.and_then(|next| serde_json::from_str(next).ok());
        match next {
            Some(under_way) if under_way.after.is_some() => under_way,
            // It ends where its first page is read, or it would never reach the present.
            Some(begins) => Self::between(begins.from, FIRST, at.now),
            None => Self::between(at.since, FIRST, at.now),
        }
    }

    fn between(from: DateTime<Utc>, length: TimeDelta, now: DateTime<Utc>) -> Self {
        Self {
            from,
            to: (from + length).min(now).max(from),
            after: None,
            newest: None,
        }
    }

    /// The one behind this one, which is empty: twice as long, so that a year of silence costs few requests. None if this one
    /// ends now.
    pub(crate) fn longer(&self, now: DateTime<Utc>) -> Option<Self> {
        (self.to < now).then(|| Self::between(self.to, (self.to - self.from) * 2, now))
    }

    /// A page of it: `newest` is the latest change on it, `after` where the slice goes on.
    pub(crate) fn page(
        mut self,
        drafts: Vec<Draft>,
        newest: Option<DateTime<Utc>>,
        after: Option<String>,
        now: DateTime<Utc>,
    ) -> Page {
        self.newest = self.newest.max(newest);
        let is_read = after.is_none();
        let reached = self.newest.filter(|_| is_read);
        let next = if is_read {
            (self.to < now).then(|| Self::between(self.to, TimeDelta::zero(), now))
        } else {
            Some(Self { after, ..self })
        };
        Page {
            drafts,
            // Within a slice the vendor's order holds; only a whole one says how far everything is read.
            newest: reached,
            next: next.and_then(|next| serde_json::to_string(&next).ok()),
            ..Page::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::hours(hour)
    }

    fn asked(since: i64, next: Option<&str>, now: i64) -> Slice {
        Slice::of(&At {
            thing: "ENG",
            list: "issues",
            since: at(since),
            next,
            now: at(now),
        })
    }

    #[test]
    fn slices_follow_each_other_until_now() {
        let first = asked(0, None, 100);
        assert_eq!((first.from, first.to), (at(0), at(72)));
        let page = first.page(Vec::new(), Some(at(20)), Some("2".to_owned()), at(100));
        assert_eq!(page.newest, None, "older ones may follow on the second page");
        let rest = asked(0, page.next.as_deref(), 101);
        assert_eq!((rest.to, rest.after.as_deref()), (at(72), Some("2")));
        let page = rest.page(Vec::new(), Some(at(3)), None, at(101));
        assert_eq!(page.newest, Some(at(20)));
        let last = asked(0, page.next.as_deref(), 102);
        assert_eq!((last.from, last.to, last.after.as_ref()), (at(72), at(102), None));
        let page = last.page(Vec::new(), None, None, at(102));
        assert_eq!((page.newest, page.next), (None, None));
    }

    #[test]
    fn what_changes_while_the_last_slice_is_read_is_in_one_more() {
        let page = asked(0, None, 10).page(Vec::new(), Some(at(9)), Some("2".to_owned()), at(10));
        let page = asked(0, page.next.as_deref(), 11).page(Vec::new(), Some(at(1)), None, at(11));
        let more = asked(0, page.next.as_deref(), 12);
        assert_eq!((more.from, more.to), (at(10), at(12)));
        assert_eq!(more.page(Vec::new(), None, None, at(12)).next, None);
    }

    #[test]
    fn a_year_of_silence_is_few_slices() {
        let now = at(24 * 365);
        let next = |slice: &Slice| slice.longer(now);
        let slices: Vec<Slice> = std::iter::successors(Some(asked(0, None, 24 * 365)), next).collect();
        assert_eq!(slices.len(), 7);
        assert!(slices.windows(2).all(|pair| pair[0].to == pair[1].from));
        assert_eq!(slices[6].to, now);
    }

    #[test]
    fn a_clock_that_was_set_back_and_a_place_of_another_version_give_a_slice() {
        let back = asked(10, None, 5);
        assert_eq!((back.from, back.to, back.longer(at(5))), (at(10), at(10), None));
        assert_eq!(asked(0, Some("cursor:5"), 30), asked(0, None, 30));
    }
}
