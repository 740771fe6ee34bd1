//! Purpose: everything the product says to Slack goes through [`Slack`], and nothing else talks to Slack's Web API.
//!
//! Requests use slack-morphism's models and its HTTP client. Pacing, retries and time limits are ours (`call`),
//! because the crate either does not retry at all or holds all posts of the process to one per second. Answers are
//! read into small structs of our own, so that an unknown block or field in an answer never turns a message that
//! was posted into a failure.
//!
//! To add a method: one function in the file of its subject, with the `Safety` that tells whether
//! it may be sent again when its outcome is unknown.

mod call;
mod channels;
mod connect;
mod error;
mod failure;
mod files;
mod groups;
mod identity;
mod messages;
mod people;
mod rooms;
mod thread;
mod views;

use std::sync::Arc;
use std::time::Duration;

use em_domain::clock::SharedClock;
use moka::future::Cache;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;
use slack_morphism::errors::SlackClientError;
use slack_morphism::prelude::{
    SlackApiToken, SlackApiTokenValue, SlackClient, SlackClientHttpConnector, SlackHyperClient,
};

pub use channels::Channel;
pub use error::SlackError;
pub use files::{File, FileKind};
pub use identity::Identity;
pub use messages::{Answer, Place, Posted, tagged};
pub use people::Person;
pub use rooms::is_channel_name;
pub use thread::{Said, Thread};
pub use views::OpenedView;

use call::{Call, Caller};
use failure::Failure;
use messages::DailyPosts;

/// Where Slack's Web API lives unless configured otherwise.
pub const DEFAULT_API_URL: &str = "https://slack.com/api";
/// How long people and channels are remembered. Names and time zones change rarely; half an hour of an old name is
/// cheaper than Slack's limit of 20 to 100 look-ups per minute.
const CACHE_LIFETIME: Duration = Duration::from_mins(30);
/// How many people, channels or direct-message channels are remembered, each.
const CACHE_ENTRIES: u64 = 10_000;

/// How to reach Slack, and with whose tokens.
#[derive(Debug, Clone)]
pub struct SlackConfig {
    /// Base of the Web API, `http` or `https`; a trailing slash does not matter.
    pub api_url: String,
    /// The app-level token (`xapp-`), for Socket Mode.
    pub app_token: Option<SecretString>,
    /// The bot token (`xoxb-`), for everything else.
    pub bot_token: Option<SecretString>,
    /// Messages that may be posted per UTC day; answers that only one person sees are not counted.
    pub max_daily_posts: u32,
}

impl Default for SlackConfig {
    fn default() -> Self {
        Self {
            api_url: DEFAULT_API_URL.to_owned(),
            app_token: None,
            bot_token: None,
            max_daily_posts: 1000,
        }
    }
}

/// The one client of Slack's Web API. Clones share connections, pacing and caches.
#[derive(Clone)]
pub struct Slack(Arc<Inner>);

struct Inner {
    api_url: String,
    client: SlackHyperClient,
    tls: Arc<rustls::ClientConfig>,
    app_token: Option<SlackApiToken>,
    bot_token: Option<SlackApiToken>,
    caller: Caller,
    clock: SharedClock,
    daily_posts: DailyPosts,
    people: people::Cached,
    channels: channels::Cached,
    groups: groups::Cached,
    direct_messages: Cache<String, String>,
}

impl std::fmt::Debug for Slack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Slack")
            .field("api_url", &self.0.api_url)
            .finish_non_exhaustive()
    }
}

/// Which token a call is made with.
#[derive(Debug, Clone, Copy)]
enum As {
    App,
    Bot,
}

impl Slack {
    /// A client that has not talked to Slack yet. Fails when the address is not a URL or the machine has no root
    /// certificates for an `https` one.
    pub fn new(config: &SlackConfig, clock: SharedClock) -> Result<Self, SlackError> {
        let api_url = config.api_url.trim_end_matches('/').to_owned();
        let tls = connect::tls(&api_url)?;
        let client = SlackClient::new(connect::connector(&api_url, &tls));
        Ok(Self(Arc::new(Inner {
            api_url,
            client,
            tls: Arc::new(tls),
            app_token: config.app_token.as_ref().map(token),
            bot_token: config.bot_token.as_ref().map(token),
            caller: Caller::default(),
            daily_posts: DailyPosts::new(config.max_daily_posts),
            clock,
            people: people::Cached::default(),
            channels: channels::Cached::default(),
            groups: groups::Cached::default(),
            direct_messages: Cache::builder()
                .max_capacity(CACHE_ENTRIES)
                .time_to_live(CACHE_LIFETIME)
                .build(),
        })))
    }

    /// The trust that calls to Slack are made with, so that the sockets need not load the machine's root
    /// certificates a second time (or again with every reconnect).
    pub fn tls(&self) -> Arc<rustls::ClientConfig> {
        Arc::clone(&self.0.tls)
    }

    fn token(&self, of: As) -> Result<&SlackApiToken, SlackError> {
        let (token, name) = match of {
            As::App => (&self.0.app_token, "SLACK_APP_TOKEN"),
            As::Bot => (&self.0.bot_token, "SLACK_BOT_TOKEN"),
        };
        token.as_ref().ok_or(SlackError::NoToken { name })
    }

    /// A method that Slack wants as GET with parameters; empty ones are left out.
    async fn get<T>(&self, call: Call<'_>, params: &[(&str, &str)]) -> Result<T, SlackError>
    where
        T: DeserializeOwned + Send,
    {
        let session = self.0.client.open_session(self.token(As::Bot)?);
        let params: Vec<(&str, Option<&str>)> = params
            .iter()
            .map(|(name, value)| (*name, (!value.is_empty()).then_some(*value)))
            .collect();
        self.0
            .caller
            .run(call, || async {
                session
                    .http_session_api
                    .http_get(call.method, &params, None)
                    .await
                    .map_err(Failure::from)
            })
            .await
    }

    /// A method that Slack wants as POST with a JSON body.
    async fn send<T, B>(&self, call: Call<'_>, of: As, body: &B) -> Result<T, SlackError>
    where
        T: DeserializeOwned + Send,
        B: Serialize + Send + Sync,
    {
        let session = self.0.client.open_session(self.token(of)?);
        self.0
            .caller
            .run(call, || async {
                session
                    .http_session_api
                    .http_post(call.method, body, None)
                    .await
                    .map_err(Failure::from)
            })
            .await
    }

    /// A POST to an address that Slack gave us; the address itself is the permission.
    async fn send_to(
        &self,
        call: Call<'_>,
        url: &url::Url,
        body: &impl SyncSerialize,
    ) -> Result<(), SlackError> {
        let span = tracing::debug_span!("slack response url");
        self.0
            .caller
            .run(call, || async {
                let context = slack_morphism::SlackClientApiCallContext {
                    rate_control_params: None,
                    token: None,
                    tracing_span: &span,
                    is_sensitive_url: true,
                };
                let sent: Result<serde_json::Value, SlackClientError> = self
                    .0
                    .client
                    .http_api
                    .connector
                    .http_post_uri(url.clone(), body, context)
                    .await;
                sent.map(drop).map_err(Failure::from)
            })
            .await
    }
}

/// What can be sent as a body by a task that may move between threads.
trait SyncSerialize: Serialize + Send + Sync {}
impl<T: Serialize + Send + Sync> SyncSerialize for T {}

fn token(secret: &SecretString) -> SlackApiToken {
    SlackApiToken::new(SlackApiTokenValue(secret.expose_secret().to_owned()))
}

/// An answer of which only the success matters. Asking for `ok` matters too: slack-morphism turns a 200 that is not
/// JSON, such as a proxy's log-in page, into an empty object.
#[derive(serde::Deserialize)]
struct Done {
    #[expect(dead_code, reason = "a false one never gets here; it must be there")]
    ok: bool,
}

/// One page of a list; Slack names the rows after what they are.
#[derive(serde::Deserialize)]
#[serde(bound = "T: serde::Deserialize<'de>")]
struct Page<T> {
    #[serde(alias = "members", alias = "channels", alias = "messages")]
    rows: Vec<T>,
    #[serde(default)]
    response_metadata: Cursor,
}

#[derive(Default, serde::Deserialize)]
struct Cursor {
    #[serde(default)]
    next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// Where the next page begins, if there is one.
    fn next(&self) -> Option<String> {
        self.response_metadata
            .next_cursor
            .clone()
            .filter(|cursor| !cursor.is_empty())
    }
}

#[cfg(test)]
mod tests;
