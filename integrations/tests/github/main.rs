//! Tests of the GitHub integration from outside: payloads that GitHub really sent, and pretend servers.

mod agreement;
mod client;
mod disorder;
mod normalise;
mod poller;
mod support;
