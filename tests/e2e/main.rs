//! Everything the product does, as a person sees it: one module per feature.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests may panic")]
#![expect(clippy::too_many_lines, reason = "a snapshot is as long as what people see")]

mod dispatch;
mod docs;
mod doctor;
mod floors;
mod help;
mod home;
mod link;
mod manifest;
mod nudge;
mod post;
mod scene;
mod snooze;
mod triage;
mod whoami;
