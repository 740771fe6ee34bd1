//! Purpose: incidents as a table.

use super::{Cell, Table, columns};
use crate::incident::Incident;

/// The columns. An incident belongs to the day on which it began.
pub static INCIDENTS: Table<Incident> = Table {
    columns: columns! {
        source Text "the system that keeps it" = |row| Cell::text(&row.source);
        id Text "what that system calls it" = |row| Cell::text(&row.external_id);
        state Text "`open`, `resolved`, or `dismissed`: it turned out to be none" = |row| Cell::text(row.snapshot.value.state.as_str());
        severity Integer "1 is the worst" = |row| Cell::maybe(row.snapshot.value.severity, |level| Cell::Integer(level.into()));
        title Text "as written" = |row| Cell::text(&row.snapshot.value.title);
        repository Text "the repository it belongs to" = |row| {
            Cell::maybe(row.snapshot.value.repository.as_ref(), |name| Cell::text(name.as_str()))
        };
        service Text "what is broken, as the source calls it" = |row| Cell::maybe(row.snapshot.value.service.as_deref(), Cell::text);
        opened_at Instant "when it began" = |row| Cell::Instant(row.snapshot.value.opened_at);
        resolved_at Instant "when it was over" = |row| Cell::maybe(row.snapshot.value.resolved_at, Cell::Instant);
        causes Text "what its text names as the cause, joined by `; `" = |row| Cell::list(&row.snapshot.value.causes);
        url Text "the page for people" = |row| Cell::text(&row.snapshot.value.url);
    },
    day: |row| row.snapshot.value.opened_at.date_naive(),
};
