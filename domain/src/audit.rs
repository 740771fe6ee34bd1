//! Purpose: who did what, in a log of which nothing can be changed or taken out unnoticed: each entry carries a hash
//! over itself and the hash of the entry before it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Something that happened, about to be logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// When.
    pub at: DateTime<Utc>,
    /// Who: a Slack user's id, or what of the bot's own: `signal:stale_pr`, `schedule:morning`, `policy`.
    pub actor: String,
    /// What happened: `command`, `approval.approved`, `action.completed`.
    pub kind: String,
    /// To what: an approval's id, `acme/api#12`, a command's words.
    pub subject: String,
    /// More, as JSON. Never a secret, never what a message said.
    pub data: serde_json::Value,
}

/// The entry as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRecord {
    /// Counts up from 1 without a gap.
    pub seq: i64,
    /// When, to the millisecond.
    pub at: DateTime<Utc>,
    /// Who.
    pub actor: String,
    /// What happened.
    pub kind: String,
    /// To what.
    pub subject: String,
    /// More, as the JSON text that was hashed.
    pub data: String,
    /// The hash of the entry before; of the first one, [`GENESIS`].
    pub previous: String,
    /// The hash over all of the above, in hexadecimal.
    pub hash: String,
}

/// What the first entry follows.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Why a log cannot be believed from some entry on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// An entry is missing, or one was put in.
    #[error("entry {expected} is missing: entry {found} follows in its place")]
    Gap {
        /// The number that should come.
        expected: i64,
        /// The number that comes.
        found: i64,
    },
    /// The entry before this one is not the one that it was written after.
    #[error("entry {0} does not follow the entry before it")]
    Unlinked(i64),
    /// The entry was changed.
    #[error("entry {0} was changed after it was written")]
    Changed(i64),
}

impl AuditRecord {
    /// `entry` as the one after `previous`.
    pub fn after(previous: Option<&Self>, entry: &AuditEntry) -> Self {
        let mut record = Self {
            seq: previous.map_or(1, |previous| previous.seq + 1),
            at: entry.at,
            actor: entry.actor.clone(),
            kind: entry.kind.clone(),
            subject: entry.subject.clone(),
            data: entry.data.to_string(),
            previous: previous.map_or_else(|| GENESIS.to_owned(), |previous| previous.hash.clone()),
            hash: String::new(),
        };
        record.hash = record.digest();
        record
    }

    /// Whether this is unchanged and follows `previous`.
    pub fn verify(&self, previous: Option<&Self>) -> Result<(), Broken> {
        let expected = previous.map_or(1, |previous| previous.seq + 1);
        if self.seq != expected {
            let found = self.seq;
            return Err(Broken::Gap { expected, found });
        }
        if self.previous != previous.map_or(GENESIS, |previous| previous.hash.as_str()) {
            return Err(Broken::Unlinked(self.seq));
        }
        if self.hash == self.digest() {
            Ok(())
        } else {
            Err(Broken::Changed(self.seq))
        }
    }

    /// SHA-256 over a JSON array of all fields but the hash: one way to write it, and no two records alike.
    fn digest(&self) -> String {
        let fields = serde_json::json!([
            self.previous,
            self.seq,
            self.at.timestamp_millis(),
            self.actor,
            self.kind,
            self.subject,
            self.data
        ]);
        hex::encode(Sha256::digest(fields.to_string().as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn chain(length: usize) -> Vec<AuditRecord> {
        let mut records: Vec<AuditRecord> = Vec::new();
        for number in 0..length {
            let entry = AuditEntry {
                at: DateTime::from_timestamp(1_767_000_000, 0).unwrap(),
                actor: "U1".into(),
                kind: "command".into(),
                subject: format!("triage {number}"),
                data: serde_json::json!({"n": number}),
            };
            records.push(AuditRecord::after(records.last(), &entry));
        }
        records
    }

    fn verify(records: &[AuditRecord]) -> Result<(), Broken> {
        let mut previous = None;
        for record in records {
            record.verify(previous)?;
            previous = Some(record);
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn a_log_is_believed_until_anything_in_it_is_changed_moved_or_taken_out(
            length in 3usize..12, at: prop::sample::Index, what in 0u8..7,
        ) {
            let mut records = chain(length);
            prop_assert_eq!(verify(&records), Ok(()));
            let at = at.index(length - 1);
            match what {
                0 => records[at].actor = "U2".into(),
                1 => records[at].at += chrono::Duration::milliseconds(1),
                2 => records[at].data = "{}".into(),
                3 => records[at].subject.push('!'),
                4 => { records.remove(at); }
                5 => records.swap(at, at + 1),
                _ => {
                    // Changed by somebody who also makes the hash right: the next entry tells.
                    records[at].kind = "nothing".into();
                    records[at].hash = records[at].digest();
                }
            }
            prop_assert!(verify(&records).is_err());
        }
    }
}
