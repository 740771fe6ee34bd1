//! Purpose: reviews as a table.

use super::{Cell, Table, columns};
use crate::review::Review;

/// The columns. A review belongs to the day on which it was given.
pub static REVIEWS: Table<Review> = Table {
    columns: columns! {
        repository Text "owner/name" = |row| Cell::text(row.pull_request.repository.as_str());
        number Integer "the pull request" = |row| Cell::Integer(row.pull_request.number);
        id Integer "the forge's id of the review" = |row| Cell::Integer(row.id);
        reviewer Text "who gave it" = |row| Cell::text(row.reviewer.login.as_str());
        reviewer_is_bot Boolean "that is a program" = |row| Cell::Boolean(row.reviewer.is_bot);
        verdict Text "`commented`, `approved`, `changes_requested` or `dismissed`" = |row| Cell::text(row.verdict.as_str());
        submitted_at Instant "when" = |row| Cell::Instant(row.submitted_at);
        url Text "the page for people" = |row| Cell::text(&row.url);
    },
    day: |row| row.submitted_at.date_naive(),
};
