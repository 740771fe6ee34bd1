//! Purpose: "not now": a subject is left out of triage for a stated reason until a stated time.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::id::SlackUser;
use crate::pull_request::PullRequestKey;

/// Why a thing may wait. A closed list, so that reasons can be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SnoozeReason {
    /// A decision from product is missing.
    WaitingOnProduct,
    /// Another change must land first.
    WaitingOnOther,
    /// The person is away.
    Away,
    /// On purpose, for later.
    Parked,
}

impl SnoozeReason {
    /// All of them, in the order they are offered.
    pub const ALL: [Self; 4] = [
        Self::WaitingOnProduct,
        Self::WaitingOnOther,
        Self::Away,
        Self::Parked,
    ];

    /// The name it is stored under.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WaitingOnProduct => "waiting_on_product",
            Self::WaitingOnOther => "waiting_on_other",
            Self::Away => "away",
            Self::Parked => "parked",
        }
    }

    /// The words people see.
    pub fn label(self) -> &'static str {
        match self {
            Self::WaitingOnProduct => "waiting on product",
            Self::WaitingOnOther => "waiting on another change",
            Self::Away => "the person is away",
            Self::Parked => "parked on purpose",
        }
    }

    /// The reason stored under `name`.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == name)
    }
}

/// One snooze; a later one for the same subject replaces it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snooze {
    /// What is left out.
    pub subject: PullRequestKey,
    /// Why.
    pub reason: SnoozeReason,
    /// Until when.
    pub until: DateTime<Utc>,
    /// Who asked for it.
    pub by: SlackUser,
    /// When.
    pub created_at: DateTime<Utc>,
}
