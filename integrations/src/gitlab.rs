//! Purpose: GitLab: its webhooks, and what they say.

pub(crate) mod normalise;
mod payload;
pub(crate) mod poller;
pub mod webhook;
