//! Purpose: tokens by which programs act for a person over HTTP: what they may be used for, until when, and by what they
//! are known. The token itself is shown once and kept nowhere; only its hash is.

use std::collections::BTreeSet;
use std::fmt;

use chrono::{DateTime, Duration, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::id::SlackUser;

/// What every token begins with, so that people and scanners know it when they see it.
pub const PREFIX: &str = "ema_";
/// Random bytes in a token.
pub const RANDOM_BYTES: usize = 32;
/// How often the last use of a token is written down at most.
const NOTED_EVERY: Duration = Duration::minutes(1);
/// Characters of a token's name.
const LONGEST_NAME: usize = 64;

/// What a token may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Scope {
    /// Seeing questions put to people.
    #[serde(rename = "approvals:read")]
    ApprovalsRead,
    /// Deciding them.
    #[serde(rename = "approvals:decide")]
    ApprovalsDecide,
    /// Searching the documents.
    #[serde(rename = "knowledge:search")]
    KnowledgeSearch,
    /// Sending documents, and taking them back.
    #[serde(rename = "knowledge:write")]
    KnowledgeWrite,
    /// Reading delivery metrics.
    #[serde(rename = "metrics:read")]
    MetricsRead,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::ApprovalsRead,
        Self::ApprovalsDecide,
        Self::KnowledgeSearch,
        Self::KnowledgeWrite,
        Self::MetricsRead,
    ];

    /// The name it is written as.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ApprovalsRead => "approvals:read",
            Self::ApprovalsDecide => "approvals:decide",
            Self::KnowledgeSearch => "knowledge:search",
            Self::KnowledgeWrite => "knowledge:write",
            Self::MetricsRead => "metrics:read",
        }
    }

    /// The scope of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == name)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What people call a token: `ci`, `grafana.eu`. There is one of each name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TokenName(String);

impl TokenName {
    /// A name of small letters, digits, dots, hyphens and underscores that begins with a letter or digit.
    pub fn parse(text: &str) -> Option<Self> {
        let is_inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-_".contains(c);
        let begins_well = text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
        let is_name = begins_well && text.len() <= LONGEST_NAME && text.chars().all(is_inner);
        is_name.then(|| Self(text.to_owned()))
    }

    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TokenName {
    /// As logs and sources of documents show it: `token:ci`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "token:{}", self.0)
    }
}

/// By what a token is known: nothing leads back from it to the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenHash(String);

impl TokenHash {
    /// SHA-256 of the token in hexadecimal. A token has 256 random bits, so a slow hash would add nothing.
    pub fn of(token: &SecretString) -> Self {
        Self(hex::encode(Sha256::digest(token.expose_secret().as_bytes())))
    }

    /// As it is stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A token made of random bytes; its characters are safe in addresses, headers and shells.
pub fn written(random: &[u8; RANDOM_BYTES]) -> SecretString {
    SecretString::from(format!("{PREFIX}{}", hex::encode(random)))
}

/// Whether this could be a token at all: what is not need not be looked up.
pub fn is_well_formed(text: &str) -> bool {
    let is_digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    text.strip_prefix(PREFIX)
        .is_some_and(|digits| digits.len() == 2 * RANDOM_BYTES && digits.bytes().all(is_digit))
}

/// A token as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiToken {
    /// What people call it.
    pub name: TokenName,
    /// For whom it acts: it may do what they may, and see what they see alone.
    pub user: SlackUser,
    /// What it may be used for.
    pub scopes: BTreeSet<Scope>,
    /// When it was added.
    pub created_at: DateTime<Utc>,
    /// From when on it is refused; never if not set.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was last used, to the minute or so.
    pub last_used_at: Option<DateTime<Utc>>,
}

impl ApiToken {
    /// Whether its time is over.
    pub fn is_expired(&self, now: DateTime<Utc>) -> bool {
        self.expires_at.is_some_and(|expires| now >= expires)
    }

    /// Whether it may be used for this.
    pub fn has(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }

    /// Before what time the last use must have been noted for a use at `now` to be noted too.
    pub fn noted_before(now: DateTime<Utc>) -> DateTime<Utc> {
        now - NOTED_EVERY
    }

    /// Whether a use at `now` is written down: not each one, so that reading costs no write.
    pub fn is_noted(&self, now: DateTime<Utc>) -> bool {
        self.last_used_at
            .is_none_or(|last| last <= Self::noted_before(now))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn token(expires_in: Option<i64>, used: Option<i64>) -> ApiToken {
        ApiToken {
            name: TokenName::parse("ci").unwrap(),
            user: "U0ANA".into(),
            scopes: [Scope::ApprovalsRead].into(),
            created_at: at(0),
            expires_at: expires_in.map(at),
            last_used_at: used.map(at),
        }
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_767_000_000 + seconds, 0).unwrap()
    }

    #[test]
    fn a_token_ends_at_its_time_and_one_without_never() {
        assert!(!token(Some(10), None).is_expired(at(9)));
        assert!(token(Some(10), None).is_expired(at(10)));
        assert!(!token(None, None).is_expired(at(1_000_000_000)));
    }

    #[test]
    fn a_use_is_noted_once_a_minute() {
        assert!(token(None, None).is_noted(at(0)));
        assert!(!token(None, Some(0)).is_noted(at(59)));
        assert!(token(None, Some(0)).is_noted(at(60)));
    }

    #[test]
    fn a_scope_is_read_as_it_is_written_and_stored() {
        for scope in Scope::ALL {
            assert_eq!(Scope::parse(scope.as_str()), Some(scope));
            assert_eq!(serde_json::to_value(scope).unwrap(), scope.as_str());
        }
        assert_eq!(Scope::parse("approvals"), None);
        assert!(token(None, None).has(Scope::ApprovalsRead));
        assert!(!token(None, None).has(Scope::ApprovalsDecide));
    }

    #[test]
    fn names_are_short_words_that_need_no_quotes() {
        for good in ["ci", "0", "grafana.eu", "a-b_c", &"a".repeat(64)] {
            assert!(TokenName::parse(good).is_some(), "{good}");
        }
        for bad in ["", "-x", ".x", "CI", "a b", "a:b", "a/b", "ü", &"a".repeat(65)] {
            assert_eq!(TokenName::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_hash_is_sha_256_in_hexadecimal() {
        let hash = TokenHash::of(&SecretString::from("abc".to_owned()));
        let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hash.as_str(), known);
    }

    proptest! {
        #[test]
        fn what_is_written_is_well_formed_hidden_and_known_by_its_hash(one: [u8; 32], other: [u8; 32]) {
            let (first, second) = (written(&one), written(&other));
            prop_assert!(is_well_formed(first.expose_secret()));
            let shown = format!("{first:?}");
            prop_assert!(!shown.contains(&first.expose_secret()[4..]));
            prop_assert_eq!(one == other, TokenHash::of(&first) == TokenHash::of(&second));
            prop_assert!(!TokenHash::of(&first).as_str().contains(&first.expose_secret()[4..]));
        }

        #[test]
        fn what_is_cut_or_added_to_is_no_token(random: [u8; 32], at in 0usize..68, extra in "[ -~]") {
            let token = written(&random);
            let text = token.expose_secret();
            prop_assert!(!is_well_formed(&text[..at]));
            let longer = format!("{text}{extra}");
            prop_assert!(!is_well_formed(&longer));
        }
    }
}
