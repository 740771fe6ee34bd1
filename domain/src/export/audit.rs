//! Purpose: the log of who did what as a table. With all columns a reader can check every hash.

use super::{Cell, Table, columns};
use crate::audit::AuditRecord;

/// The columns.
pub static AUDIT: Table<AuditRecord> = Table {
    columns: columns! {
        seq Integer "counts up from 1 without a gap" = |row| Cell::Integer(row.seq);
        at Instant "when" = |row| Cell::Instant(row.at);
        actor Text "who: a Slack user's id, or what of the bot's own" = |row| Cell::text(&row.actor);
        kind Text "what happened" = |row| Cell::text(&row.kind);
        subject Text "to what" = |row| Cell::text(&row.subject);
        data Text "more, as the JSON text that was hashed" = |row| Cell::text(&row.data);
        previous Text "the hash of the entry before" = |row| Cell::text(&row.previous);
        hash Text "the hash over all of these" = |row| Cell::text(&row.hash);
    },
    day: |row| row.at.date_naive(),
};
