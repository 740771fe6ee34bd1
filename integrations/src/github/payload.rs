//! Purpose: the pieces that GitHub's payloads are made of. Only the fields that facts are made from; whatever else a
//! payload holds is skipped without being built.
//!
//! Source: docs.github.com, "Webhook events and payloads"; webhook and REST objects have the same fields, of which
//! the webhook leaves some out.

use std::borrow::Cow;
use std::fmt;

use chrono::{DateTime, SubsecRound, Utc};
use em_domain::fact::FactChange;
use em_domain::id::{Login, RepositoryName};
use em_domain::pull_request::{Account, PullRequestKey};
use em_domain::repository::Repository as Seen;
use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::{Deserialize as Derive, Serialize};

/// Reasons are shown in a list by `doctor`: one line each.
const MAX_REASON_CHARS: usize = 300;

/// Reads a payload, or says which field was missing or of the wrong kind.
pub(crate) fn read<'a, T: Deserialize<'a>>(payload: &'a [u8]) -> Result<T, String> {
    serde_json::from_slice(payload).or_else(|_| {
        // The second reading costs only where the first failed; it knows the path.
        let mut json = serde_json::Deserializer::from_slice(payload);
        serde_path_to_error::deserialize(&mut json).map_err(|error| {
            let reason = match error.path().to_string().as_str() {
                "." => error.inner().to_string(),
                path => format!("{path}: {}", error.inner()),
            };
            reason.chars().take(MAX_REASON_CHARS).collect()
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

/// A person or a program. Deleted accounts are `null` where a user is expected: GitHub shows them as "ghost".
#[derive(Debug, Derive)]
pub(crate) struct User<'a> {
    login: Text,
    #[serde(borrow, default, rename = "type")]
    kind: Option<Cow<'a, str>>,
}

/// The account, or the ghost of one.
pub(crate) fn account(user: Option<User<'_>>) -> Account {
    user.map_or_else(
        || Account {
            login: "ghost".into(),
            is_bot: false,
        },
        |user| Account {
            is_bot: user.kind.as_deref() == Some("Bot") || user.login.0.ends_with("[bot]"),
            login: Login(user.login.0),
        },
    )
}

/// An account by its login alone. Among those asked for a review, old payloads have teams, which have no login.
#[derive(Debug, Derive)]
pub(crate) struct Asked {
    pub(crate) login: Option<Text>,
}

/// The repository that an event belongs to.
#[derive(Debug, Derive)]
pub(crate) struct Repository {
    full_name: Text,
    default_branch: Option<Text>,
    html_url: Option<Text>,
    private: Option<bool>,
    /// When somebody last pushed; in push events, when this push was made.
    pub(crate) pushed_at: Option<Time>,
}

impl Repository {
    /// `owner/name`.
    pub(crate) fn name(&self) -> RepositoryName {
        RepositoryName(self.full_name.0.clone())
    }

    /// Who may look into it, as the sender saw it at `at`, where the sender says so.
    pub(crate) fn fact(&self, at: DateTime<Utc>) -> Option<FactChange> {
        let is_private = self.private?;
        Some(FactChange::Repository(Seen::seen(self.name(), is_private, at)))
    }

    /// Whether `branch` is the one that everything goes into.
    pub(crate) fn has_default(&self, branch: &str) -> bool {
        self.default_branch.as_ref().is_some_and(|name| name.0 == branch)
    }

    /// The page of the repository.
    pub(crate) fn page(&self) -> String {
        match &self.html_url {
            Some(url) => url.0.clone(),
            None => format!("https://github.com/{}", self.full_name.0),
        }
    }

    /// The key of its pull request `number`.
    pub(crate) fn pull(&self, number: i64) -> Result<PullRequestKey, String> {
        if number < 1 {
            return Err(format!("number: {number} is not the number of a pull request"));
        }
        Ok(PullRequestKey {
            repository: self.name(),
            number,
        })
    }
}

/// Anything that is told apart by its number alone.
#[derive(Debug, Derive, Serialize)]
pub(crate) struct Numbered {
    pub(crate) number: i64,
}

/// A text that says something.
pub(crate) fn filled(text: Option<Text>) -> Option<String> {
    text.map(|text| text.0).filter(|text| !text.is_empty())
}
