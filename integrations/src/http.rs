//! Purpose: how this program speaks HTTP to vendors: with time limits, under its own name, and never carrying a
//! token to a host that was not configured.

use std::time::Duration;

use reqwest::redirect::{Attempt, Policy};

use crate::pages::PublicNames;

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
    builder(limits).redirect(Policy::custom(same_origin)).build()
}

/// A client for addresses that people name. It follows no redirect: whoever asks looks where it leads.
///
/// Unless `private_addresses`, no name is taken for an address of this machine or of a private network, and no proxy is
/// used, for a proxy would look names up elsewhere.
///
/// # Errors
/// If the machine's trusted certificates cannot be read.
pub fn stranger(limits: TimeLimits, private_addresses: bool) -> Result<reqwest::Client, reqwest::Error> {
    let builder = builder(limits).redirect(Policy::none());
    let builder = if private_addresses {
        builder
    } else {
        builder.no_proxy().dns_resolver(PublicNames)
    };
    builder.build()
}

/// A client for this program's own server: no proxy stands between, and no redirect leads elsewhere.
///
/// # Errors
/// If the machine's trusted certificates cannot be read.
pub(crate) fn local(limits: TimeLimits) -> Result<reqwest::Client, reqwest::Error> {
    builder(limits).no_proxy().redirect(Policy::none()).build()
}

fn builder(limits: TimeLimits) -> reqwest::ClientBuilder {
    // Only the first call in the process installs it; the others find it there, which is what they want.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .connect_timeout(limits.connect)
        .timeout(limits.total)
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
