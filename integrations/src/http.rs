//! Purpose: how this program speaks HTTP to vendors: with time limits, under its own name, and never carrying a
//! token to a host that was not configured.

use std::time::Duration;

use reqwest::redirect::{Attempt, Policy};

/// What the program calls itself.
const USER_AGENT: &str = concat!("em-agent/", env!("CARGO_PKG_VERSION"));
/// More hops than this are a circle.
const MAX_REDIRECTS: usize = 5;

/// How long a vendor may take.
#[derive(Debug, Clone, Copy)]
pub struct TimeLimits {
    /// Until the connection stands.
    pub connect: Duration,
    /// Until the whole answer is there.
    pub total: Duration,
}

impl Default for TimeLimits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            total: Duration::from_secs(30),
        }
    }
}

/// A client for one vendor.
///
/// # Errors
/// If the machine's trusted certificates cannot be read.
pub fn client(limits: TimeLimits) -> Result<reqwest::Client, reqwest::Error> {
    // Only the first call in the process installs it; the others find it there, which is what they want.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .connect_timeout(limits.connect)
        .timeout(limits.total)
        .redirect(Policy::custom(same_origin))
        .build()
}

/// Follows a redirect only within the origin that was asked; a redirect elsewhere is handed back as the answer.
fn same_origin(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    let stays = attempt
        .previous()
        .first()
        .is_some_and(|first| first.origin() == attempt.url().origin());
    if stays && attempt.previous().len() <= MAX_REDIRECTS {
        attempt.follow()
    } else {
        attempt.stop()
    }
}
