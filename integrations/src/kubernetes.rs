//! Purpose: Kubernetes, whose news come through a forwarder: what went wrong, and what was rolled out.

mod event;
mod rollout;
mod topology;
mod webhook;

pub use webhook::VENDOR;

/// As in the path of its webhooks and in rules.
const NAME: &str = "kubernetes";
