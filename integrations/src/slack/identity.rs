//! Purpose: who the bot is in Slack, and what it may do there.

use serde::Deserialize;

use super::call::{Call, Safety};
use super::failure::Failure;
use super::{As, Slack, SlackError};
use slack_morphism::prelude::ValueStruct;

/// The bot as Slack knows it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Identity {
    /// The workspace's id (`T...`).
    pub team_id: String,
    /// The workspace's name.
    pub team: String,
    /// The user that the bot posts as (`U...`); mentions of the bot carry it.
    #[serde(rename = "user_id")]
    pub bot_user_id: String,
    /// The bot itself (`B...`); absent for a user token.
    #[serde(default)]
    pub bot_id: Option<String>,
    /// The workspace's address.
    #[serde(default)]
    pub url: String,
    /// What the token may do, from the answer's `x-oauth-scopes` header.
    #[serde(skip)]
    pub scopes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum AuthTest {
    Ok(Identity),
    Refused { error: String },
}

impl Slack {
    /// Who the bot token belongs to and which scopes it was granted. This is the one call that needs an answer's
    /// headers, which slack-morphism does not hand out.
    /// Source: <https://docs.slack.dev/reference/methods/auth.test>
    pub async fn auth_test(&self) -> Result<Identity, SlackError> {
        let token = self.token(As::Bot)?;
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(self.0.tls.as_ref().clone())
            .build()
            .map_err(|error| SlackError::Invalid(error.to_string()))?;
        let request = || {
            http.post(format!("{}/auth.test", self.0.api_url))
                .bearer_auth(token.token_value.value())
        };
        self.0
            .caller
            .run(Call::new("auth.test", Safety::Repeatable), || async {
                let response = request().send().await.map_err(Failure::from)?;
                read(response).await
            })
            .await
    }
}

async fn read(response: reqwest::Response) -> Result<Identity, Failure> {
    let header = |name: &str| response.headers().get(name)?.to_str().ok().map(str::to_owned);
    if !response.status().is_success() {
        let retry_after = header("retry-after").and_then(|seconds| seconds.parse().ok());
        return Err(Failure::from_status(response.status().as_u16(), retry_after));
    }
    let scopes = header("x-oauth-scopes").unwrap_or_default();
    match response.json().await.map_err(Failure::from)? {
        AuthTest::Ok(identity) => Ok(Identity {
            scopes: scopes
                .split(',')
                .map(str::trim)
                .filter(|s| !s.is_empty())
                .map(str::to_owned)
                .collect(),
            ..identity
        }),
        AuthTest::Refused { error } => Err(Failure::from_code(&error, None)),
    }
}
