//! Purpose: names of things. Each kind of id is a type of its own and shows its kind when printed.

use std::fmt;

use serde::{Deserialize, Serialize};
use ulid::Ulid;

macro_rules! prefixed_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The id for `ulid`; the caller makes the ULID, so ids can be fixed in tests.
            pub fn new(ulid: Ulid) -> Self {
                Self(format!(concat!($prefix, "_{}"), ulid))
            }

            /// An id that was printed before, or `None` if it is of another kind.
            pub fn parse(text: &str) -> Option<Self> {
                let ulid = text.strip_prefix(concat!($prefix, "_"))?;
                Ulid::from_string(ulid).ok().map(Self::new)
            }

            /// The id as it is stored and shown.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

prefixed_id!(
    /// One stored raw event: `evt_01J...`; sorts by the time of receipt.
    EventId,
    "evt"
);
prefixed_id!(
    /// One failure that a person was told about: `err_01J...`; the log line carries the same id.
    ErrorId,
    "err"
);
prefixed_id!(
    /// One job: `job_01J...`; sorts by the time it was made.
    JobId,
    "job"
);
prefixed_id!(
    /// One question put to people: `apr_01J...`; sorts by the time it was put.
    ApprovalId,
    "apr"
);
prefixed_id!(
    /// One signal: `sig_01J...`; sorts by the time it opened.
    SignalId,
    "sig"
);

prefixed_id!(
    /// One answer of the policy: `dec_01J...`; sorts by the time it was given.
    DecisionId,
    "dec"
);
prefixed_id!(
    /// One source of documents: `src_01J...`; sorts by the time it was added.
    SourceId,
    "src"
);

prefixed_id!(
    /// One answer to a question: `ans_01J...`; sorts by the time it was asked.
    AnswerId,
    "ans"
);
prefixed_id!(
    /// One thing that somebody is held up by: `blk_01J...`; sorts by the time it was named.
    BlockerId,
    "blk"
);

macro_rules! text_newtype {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// The text itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_newtype!(
    /// A repository as its forge spells it: `owner/name`.
    RepositoryName
);
text_newtype!(
    /// An account name on GitHub, as GitHub spells it. GitHub compares logins without case; so does [`Login::same`].
    Login
);
text_newtype!(
    /// A Slack user id: `U024BE7LH`.
    SlackUser
);
text_newtype!(
    /// A Slack conversation id: `C…`, `G…` or `D…`.
    SlackChannel
);

impl Login {
    /// Whether both name one account.
    pub fn same(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}
