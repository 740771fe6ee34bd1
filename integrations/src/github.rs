//! Purpose: GitHub: webhooks in, the REST API by polling, both to the same events and the same facts.

pub mod actions;
pub mod client;
pub mod documents;
pub(crate) mod normalise;
pub(crate) mod occurred;
pub(crate) mod payload;
pub mod poller;
pub mod webhook;

use std::time::Duration;

use secrecy::SecretString;

/// GitHub's own API; GitHub Enterprise Server has `https://HOST/api/v3`.
pub const DEFAULT_API_URL: &str = "https://api.github.com";

/// What is known of GitHub here. Read by `bot::config`.
#[derive(Debug, Clone)]
pub struct GithubConfig {
    /// Where the REST API is; a slash at the end does not matter.
    pub api_url: String,
    /// Reads the repositories; without one nothing is polled.
    pub token: Option<SecretString>,
    /// Repositories to poll: `owner/name`.
    pub repositories: Vec<String>,
    /// Organisations of which all repositories are polled.
    pub organisations: Vec<String>,
    /// How often GitHub is asked for news.
    pub poll_interval: Duration,
}
