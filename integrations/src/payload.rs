//! Purpose: the pieces that payloads of all vendors are made of: texts, instants, and reading that says what was wrong.

use std::fmt;

use chrono::{DateTime, SubsecRound, Utc};
use serde::de::{Deserialize, Deserializer, Error, Visitor};

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

/// An instant: RFC 3339 text, or seconds since 1970 (push events), kept to the millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Time(pub(crate) DateTime<Utc>);

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Instant;
        impl Visitor<'_> for Instant {
            type Value = Time;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a time: RFC 3339 or seconds since 1970")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Time, E> {
                DateTime::parse_from_rfc3339(text)
                    .map(|at| Time(at.to_utc().trunc_subsecs(3)))
                    .map_err(|_| E::invalid_value(serde::de::Unexpected::Str(text), &self))
            }
            fn visit_i64<E: Error>(self, seconds: i64) -> Result<Time, E> {
                // Beyond the year 9999 no database and no calendar follows.
                let at =
                    DateTime::from_timestamp(seconds, 0).filter(|_| (0..253_402_300_800).contains(&seconds));
                at.map(Time)
                    .ok_or_else(|| E::invalid_value(serde::de::Unexpected::Signed(seconds), &self))
            }
            fn visit_u64<E: Error>(self, seconds: u64) -> Result<Time, E> {
                self.visit_i64(i64::try_from(seconds).unwrap_or(-1))
            }
        }
        deserializer.deserialize_any(Instant)
    }
}

/// A text that says something.
pub(crate) fn filled(text: Option<Text>) -> Option<String> {
    text.map(|text| text.0).filter(|text| !text.is_empty())
}
