//! Everything the product does, as a person sees it: one module per feature.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests may panic")]

mod demo;
mod docs;
mod floors;
mod manifest;
mod page;
mod triage;
