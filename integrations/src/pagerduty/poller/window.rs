//! Purpose: which part of the log is read next. PagerDuty gives the newest entries first, no more than 10,000 of one question
//! (<https://developer.pagerduty.com/docs/pagination>), and none of a long time at once.

use std::fmt;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use super::super::{DEEPEST, LIMIT};
use super::entry::Entries;
use crate::poll::feed::At;

/// Less than the six months for which PagerDuty answers at most.
const SPAN: TimeDelta = TimeDelta::days(150);
/// Times are whole seconds: what happened in the last second of a part is in the next part as well.
const OVERLAP: TimeDelta = TimeDelta::seconds(1);

/// A part of the log, from its newest entry backwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    since: DateTime<Utc>,
    /// None for everything that is there.
    until: Option<DateTime<Utc>>,
    offset: usize,
}

impl Window {
    /// The part that is wanted: the newest first.
    pub(super) fn of(at: At<'_>) -> Self {
        let (until, offset) = at.next.and_then(place).unwrap_or_default();
        Self {
            since: at.since.max(until.unwrap_or(at.now) - SPAN),
            until,
            offset,
        }
    }

    pub(super) fn offset(&self) -> usize {
        self.offset
    }

    pub(super) fn since_text(&self) -> String {
        written(self.since)
    }

    pub(super) fn until_text(&self) -> Option<String> {
        self.until.map(written)
    }

    /// What is read after this part gave `list`.
    pub(super) fn next(self, list: &Entries, since: DateTime<Utc>) -> Option<Self> {
        let read = self.offset + list.log_entries.len();
        if list.more && read > self.offset {
            if read + LIMIT <= DEEPEST {
                return Some(Self { offset: read, ..self });
            }
            let oldest = list.log_entries.iter().filter_map(|entry| entry.created_at).min();
            let until = oldest.map(|oldest| oldest + OVERLAP);
            if let Some(until) = until.filter(|until| self.is_before(*until)) {
                return Some(self.ending(until));
            }
        }
        (self.since > since).then(|| self.ending(self.since + OVERLAP))
    }

    fn is_before(&self, end: DateTime<Utc>) -> bool {
        end > self.since && self.until.is_none_or(|until| end < until)
    }

    fn ending(self, until: DateTime<Utc>) -> Self {
        Self {
            until: Some(until),
            offset: 0,
            ..self
        }
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let until = self.until.map_or_else(|| "now".to_owned(), written);
        write!(f, "{until} {}", self.offset)
    }
}

/// What [`Window`] wrote.
fn place(text: &str) -> Option<(Option<DateTime<Utc>>, usize)> {
    let (until, offset) = text.split_once(' ')?;
    Some((until.parse().ok(), offset.parse().ok()?))
}

fn written(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn day(day: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(day)
    }

    fn window(next: Option<&str>) -> Window {
        Window::of(At {
            thing: "*",
            list: "incidents",
            since: day(600),
            next,
            now: day(1000),
        })
    }

    /// A page of entries, an hour apart, whose newest is of `day`.
    fn page(newest: DateTime<Utc>, count: u32, more: bool) -> Entries {
        let at = |hours: u32| newest - TimeDelta::hours(i64::from(hours));
        let entries = (0..count).map(|hours| json!({ "created_at": at(hours) }));
        let list = json!({ "log_entries": entries.collect::<Vec<_>>(), "more": more });
        serde_json::from_value(list).unwrap()
    }

    #[test]
    fn a_long_time_is_read_in_parts_from_its_end() {
        let mut part = window(None);
        let mut parts = Vec::new();
        loop {
            parts.push((part.since, part.until));
            let Some(next) = part.next(&page(day(900), 0, false), day(600)) else {
                break;
            };
            part = window(Some(&next.to_string()));
        }
        let second = TimeDelta::seconds(1);
        let expected = [
            (day(850), None),
            (day(700) + second, Some(day(850) + second)),
            (day(600), Some(day(700) + second * 2)),
        ];
        assert_eq!(parts, expected);
    }

    #[test]
    fn deeper_than_the_list_can_be_read_it_is_asked_for_what_is_older() {
        let first = window(None);
        let next = first.next(&page(day(999), 100, true), day(600)).unwrap();
        assert_eq!((next.until, next.offset), (None, 100));
        let deep = window(Some("now 9900"));
        let next = deep.next(&page(day(900), 100, true), day(600)).unwrap();
        let oldest = day(900) - TimeDelta::hours(99);
        assert_eq!((next.until, next.offset), (Some(oldest + OVERLAP), 0));
        assert_eq!(window(Some(&next.to_string())).until, next.until);
    }

    #[test]
    fn a_list_that_stands_still_is_left() {
        let nothing = window(None).next(&page(day(999), 0, true), day(600)).unwrap();
        assert_eq!(nothing.until, Some(day(850) + OVERLAP), "the part before");
        let text = format!("{} 9900", written(day(800)));
        let stuck = window(Some(&text));
        let next = stuck.next(&page(day(800), 1, true), day(600)).unwrap();
        assert_eq!(next.until, Some(day(650) + OVERLAP));
        let last = window(Some(&next.to_string()));
        assert_eq!(last.next(&page(day(640), 3, false), day(600)), None);
    }
}
