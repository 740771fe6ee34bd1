//! Purpose: GitLab: its webhooks, and what they say.

pub(crate) mod normalise;
mod payload;
pub mod webhook;
