//! Purpose: the pieces that payloads of all vendors are made of: texts, instants, and reading that says what was wrong.

use std::fmt;
use std::marker::PhantomData;

use chrono::{DateTime, SubsecRound, Utc};
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, SeqAccess, Visitor};
use sha2::{Digest, Sha256};

/// Reads a payload, or says which field was missing or of the wrong kind.
pub(crate) fn read<'a, T: Deserialize<'a>>(payload: &'a [u8]) -> Result<T, String> {
    serde_json::from_slice(payload).or_else(|_| {
        // The second reading costs only where the first failed; it knows the path.
        let mut json = serde_json::Deserializer::from_slice(payload);
        serde_path_to_error::deserialize(&mut json).map_err(|error| match error.path().to_string().as_str() {
            "." => error.inner().to_string(),
            path => format!("{path}: {}", error.inner()),
        })
    })
}

/// A text without NUL characters, which `PostgreSQL` cannot store and nobody can read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text(pub(crate) String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Chars;
        impl Visitor<'_> for Chars {
            type Value = Text;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Text, E> {
                Ok(Text(if text.contains('\0') {
                    text.replace('\0', "")
                } else {
                    text.to_owned()
                }))
            }
        }
        deserializer.deserialize_str(Chars)
    }
}

/// An instant, kept to the millisecond, in any of the ways in which vendors write one: RFC 3339, with a zone without colon
/// (`+0000`), with blanks (`2021-03-08 18:25:04 UTC`), seconds or milliseconds since 1970 as a number or as digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Time(pub(crate) DateTime<Utc>);

/// Numbers from here on are milliseconds: as seconds they would lie in the year 5138, as milliseconds in 1973.
const FIRST_MILLISECONDS: i64 = 100_000_000_000;
/// Beyond the year 9999 no database and no calendar follows.
const LAST_MILLISECONDS: i64 = 253_402_300_799_999;

impl Time {
    fn from_number(number: i64) -> Option<Self> {
        let milliseconds = match number {
            ..0 => return None,
            0..FIRST_MILLISECONDS => number.checked_mul(1000)?,
            _ => number,
        };
        (milliseconds <= LAST_MILLISECONDS).then_some(())?;
        DateTime::from_timestamp_millis(milliseconds).map(Self)
    }

    /// Reads a text.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(at) = DateTime::parse_from_rfc3339(text) {
            return Some(Self(at.to_utc().trunc_subsecs(3)));
        }
        if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
            return Self::from_number(text.parse().ok()?);
        }
        let in_utc = text.strip_suffix(" UTC").map(|text| format!("{text} +0000"));
        let text = in_utc.as_deref().unwrap_or(text);
        ["%Y-%m-%dT%H:%M:%S%.f%z", "%Y-%m-%d %H:%M:%S%.f %z"]
            .iter()
            .find_map(|form| DateTime::parse_from_str(text, form).ok())
            .map(|at| Self(at.to_utc().trunc_subsecs(3)))
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Instant;
        impl Visitor<'_> for Instant {
            type Value = Time;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a time: RFC 3339 or seconds since 1970")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Time, E> {
                Time::parse(text).ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
            }
            fn visit_i64<E: Error>(self, number: i64) -> Result<Time, E> {
                Time::from_number(number)
                    .ok_or_else(|| E::invalid_value(serde::de::Unexpected::Signed(number), &self))
            }
            fn visit_u64<E: Error>(self, number: u64) -> Result<Time, E> {
                self.visit_i64(i64::try_from(number).unwrap_or(-1))
            }
        }
        deserializer.deserialize_any(Instant)
    }
}

/// A number for a thing that its vendor names by a text: positive, and the same for the same text. Two of a hundred
/// thousand things get one number by chance once in two thousand million times.
pub(crate) fn number_of(text: &str) -> i64 {
    let digest = Sha256::digest(text.as_bytes());
    let first = digest
        .iter()
        .take(8)
        .fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    i64::try_from(first >> 1).unwrap_or_default()
}

/// A text that says something.
pub(crate) fn filled(text: Option<Text>) -> Option<String> {
    text.map(|text| text.0).filter(|text| !text.is_empty())
}

/// The first `N` elements of a list. No sender writes more, and what a hostile one writes behind them is not kept in memory.
#[derive(Debug)]
pub(crate) struct First<T, const N: usize>(pub(crate) Vec<T>);

impl<T, const N: usize> Default for First<T, N> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>, const N: usize> Deserialize<'de> for First<T, N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Elements<T, const N: usize>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>, const N: usize> Visitor<'de> for Elements<T, N> {
            type Value = First<T, N>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }
            fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
                Ok(First::default())
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
                let mut first = Vec::new();
                while first.len() < N {
                    let Some(element) = elements.next_element()? else {
                        return Ok(First(first));
                    };
                    first.push(element);
                }
                while elements.next_element::<IgnoredAny>()?.is_some() {}
                Ok(First(first))
            }
        }
        deserializer.deserialize_any(Elements(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_list_the_beginning_is_kept() {
        let read = |json: &str| serde_json::from_str::<First<u8, 2>>(json).map(|first| first.0);
        assert_eq!(read("[1,2,{\"x\":[3]},4]").unwrap(), [1, 2]);
        assert_eq!(read("[1]").unwrap(), [1]);
        assert_eq!((read("[]").unwrap(), read("null").unwrap()), (vec![], vec![]));
        assert!(read("{}").is_err() && read("[true]").is_err());
    }

    #[test]
    fn an_instant_is_read_in_every_way_that_vendors_write_it() {
        let at = DateTime::from_timestamp_millis(1_615_227_904_000).map(Time);
        for text in [
            "2021-03-08T18:25:04Z",
            "2021-03-08T18:25:04.0001+00:00",
            "2021-03-08T18:25:04+0000",
            "2021-03-08T10:25:04.000-0800",
            "2021-03-08 18:25:04 UTC",
            "2021-03-08 20:25:04 +0200",
            "1615227904",
            "1615227904000",
        ] {
            assert_eq!(Time::parse(text), at, "{text}");
        }
        assert_eq!(Time::from_number(1_615_227_904), at);
        assert_eq!(Time::from_number(1_615_227_904_000), at);
        for text in [
            "",
            "soon",
            "-1",
            "99999999999999999",
            "2021-13-08T18:25:04Z",
            "2021-03-08",
        ] {
            assert_eq!(Time::parse(text), None, "{text}");
        }
        assert_eq!((Time::from_number(-1), Time::from_number(i64::MAX)), (None, None));
    }

    #[test]
    fn a_text_has_one_number_and_another_text_another() {
        assert_eq!(number_of("a"), number_of("a"));
        assert!(number_of("a") > 0 && number_of("a") != number_of("b"));
    }
}
