//! Purpose: how bytes reach Slack: TLS, the HTTP connector, and where Socket Mode connections are opened.

use hyper_rustls::{ConfigBuilderExt, HttpsConnectorBuilder};
use slack_morphism::prelude::{SlackClientHyperConnector, SlackClientHyperHttpsConnector};
use url::Url;

use super::call::{Call, READ_LIMIT, Safety};
use super::{As, Slack, SlackError};

/// Trust in the machine's root certificates, with the one TLS provider named, so that a second one in the build
/// cannot make the choice panic. A pretend Slack on plain `http` needs no certificates, and loading them takes time.
pub(super) fn tls(api_url: &str) -> Result<rustls::ClientConfig, SlackError> {
    let url = Url::parse(api_url)
        .map_err(|error| SlackError::Invalid(format!("Slack's address {api_url:?} is not a URL: {error}")))?;
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| SlackError::Invalid(format!("TLS cannot be set up: {error}")))?;
    match url.scheme() {
        "http" => Ok(builder
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth()),
        "https" => Ok(builder
            .with_native_roots()
            .map_err(|error| {
                SlackError::Invalid(format!(
                    "this machine has no root certificates (ca-certificates): {error}"
                ))
            })?
            .with_no_client_auth()),
        other => Err(SlackError::Invalid(format!(
            "Slack's address must be http or https, not {other}"
        ))),
    }
}

pub(super) fn connector(api_url: &str, tls: &rustls::ClientConfig) -> SlackClientHyperHttpsConnector {
    let https = HttpsConnectorBuilder::new()
        .with_tls_config(tls.clone())
        .https_or_http()
        .enable_all_versions()
        .build();
    SlackClientHyperConnector::from(https).with_slack_api_url(api_url)
}

impl Slack {
    /// Asks Slack for the address of a new Socket Mode connection. It is good for one connection within 30 seconds.
    /// Source: <https://docs.slack.dev/reference/methods/apps.connections.open>
    pub async fn open_connection(&self) -> Result<Url, SlackError> {
        #[derive(serde::Deserialize)]
        struct Opened {
            url: Url,
        }
        let call = Call::new("apps.connections.open", Safety::Repeatable)
            .within(READ_LIMIT)
            .without_retries();
        let opened: Opened = self.send(call, As::App, &serde_json::json!({})).await?;
        Ok(opened.url)
    }
}
