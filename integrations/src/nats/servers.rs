//! Purpose: the addresses of NATS servers, as an operator writes them. They hold no credentials, so they may be shown.

use std::fmt;

use async_nats::ServerAddr;
use url::Url;

/// The servers of one NATS system. There is at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Servers(Vec<ServerAddr>);

impl Servers {
    /// Reads `nats://HOST:PORT`, several with commas between; `tls://` for TLS. Without a port it is 4222.
    ///
    /// # Errors
    /// What to write instead, without what was written: it may hold a password.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let addresses: Result<Vec<ServerAddr>, &str> =
            text.split(',').map(|one| address(one.trim())).collect();
        addresses.map(Self)
    }

    pub(super) fn addresses(&self) -> Vec<ServerAddr> {
        self.0.clone()
    }
}

fn address(text: &str) -> Result<ServerAddr, &'static str> {
    const HOW: &str = "write nats://HOST:4222 (or tls://HOST:4222), several with commas between";
    let url = if text.contains("://") {
        Url::parse(text)
    } else {
        Url::parse(&format!("nats://{text}"))
    };
    let url = url.map_err(|_| HOW)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(
            "leave user and password out of the address, which is shown and logged; set NATS_TOKEN to USER:PASSWORD",
        );
    }
    let is_plain = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
    // The client would speak NATS without more ado to an address of another scheme.
    if !["nats", "tls"].contains(&url.scheme()) || !url.has_host() || !is_plain {
        return Err(HOW);
    }
    ServerAddr::from_url(url).map_err(|_| HOW)
}

impl fmt::Display for Servers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: Vec<String> = self
            .0
            .iter()
            .map(|server| format!("{}:{}", server.host(), server.port()))
            .collect();
        f.write_str(&shown.join(", "))
    }
}
