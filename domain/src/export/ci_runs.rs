//! Purpose: runs of CI as a table.

use super::{Cell, Table, columns};
use crate::ci_run::{CiOutcome, CiRun};

/// The columns. A run belongs to the day on which it was made.
pub static CI_RUNS: Table<CiRun> = Table {
    columns: columns! {
        repository Text "owner/name" = |row| Cell::text(row.repository.as_str());
        id Text "the forge's id with its kind" = |row| Cell::text(&row.id);
        workflow Text "the workflow or check" = |row| Cell::text(&row.workflow);
        head_sha Text "the commit it ran on" = |row| Cell::text(&row.head_sha);
        branch Text "the branch it ran for" = |row| Cell::maybe(row.branch.as_deref(), Cell::text);
        on_default_branch Boolean "it ran for the default branch" = |row| Cell::Boolean(row.on_default_branch);
        attempt Integer "re-runs count up from 1" = |row| Cell::Integer(row.attempt);
        outcome Text "`pending`, `neutral`, `success` or `failure`" = |row| Cell::text(row.outcome.as_str());
        created_at Instant "when it was made" = |row| Cell::Instant(row.created_at);
        started_at Instant "when this attempt began" = |row| Cell::maybe(row.started_at, Cell::Instant);
        ended_at Instant "when it ended" = |row| Cell::maybe(ended(row), Cell::Instant);
        url Text "the page for people" = |row| Cell::text(&row.url);
    },
    day: |row| row.created_at.date_naive(),
};

fn ended(run: &CiRun) -> Option<chrono::DateTime<chrono::Utc>> {
    (run.outcome != CiOutcome::Pending).then_some(run.updated_at)
}
