//! Purpose: how a simulator is set up.

use std::time::Duration;

use crate::cast::Cast;
use crate::clock::TimeSource;
use crate::faults::PostingLimit;

/// How a simulator is set up; the default suits tests.
#[derive(Debug, Clone)]
pub struct Options {
    /// Port of the Web API and the page on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// Whether the web page is served.
    pub ui: bool,
    /// Who and what is there at first.
    pub cast: Cast,
    /// The time of messages and response URLs.
    pub time: TimeSource,
    /// The command the app owns, with its slash.
    pub command: String,
    /// Whether names in the command's text are sent as `<@U..>` and `<#C..|ops>` (the manifest's `should_escape`).
    pub escapes_command: bool,
    /// Commands that the page offers to try, in this order.
    pub suggestions: Vec<Suggestion>,
    /// The secret that signs requests of the HTTP transport.
    pub signing_secret: String,
    /// Events the app subscribed to.
    pub events: Vec<String>,
    /// Scopes the bot token was given.
    pub scopes: Vec<String>,
    /// How long an acknowledgement may take. Slack: 3 s.
    pub ack_window: Duration,
    /// Pauses before an event is sent again. Slack: at once, after 1 min, after 5 min.
    pub event_retries: Vec<Duration>,
    /// How often the server pings a socket.
    pub ping_interval: Duration,
    /// How long a socket lives after its `disconnect` envelope.
    pub disconnect_grace: Duration,
    /// Posting limits; off when `None`.
    pub posting_limit: Option<PostingLimit>,
    /// Whether each method is limited to the calls a minute of its tier.
    pub method_limits: bool,
}

/// A command that the page offers in its composer.
#[derive(Debug, Clone)]
pub struct Suggestion {
    /// What is typed, with the slash.
    pub command: String,
    /// What it does, in a few words.
    pub about: String,
}

impl Default for Options {
    fn default() -> Self {
        let owned = |all: &[&str]| all.iter().map(|s| (*s).to_owned()).collect();
        Self {
            port: 0,
            ui: false,
            cast: Cast::default(),
            time: TimeSource::default(),
            command: "/em-agent".into(),
            escapes_command: false,
            suggestions: Vec::new(),
            signing_secret: "8f742231b10e8888abcd99yyyzzz85a5".into(),
            events: owned(&["app_mention", "message.im", "app_home_opened", "reaction_added"]),
            scopes: owned(DEFAULT_SCOPES),
            ack_window: Duration::from_secs(3),
            event_retries: vec![Duration::ZERO, Duration::from_mins(1), Duration::from_mins(5)],
            ping_interval: Duration::from_secs(10),
            disconnect_grace: Duration::from_secs(10),
            posting_limit: None,
            method_limits: false,
        }
    }
}

const DEFAULT_SCOPES: &[&str] = &[
    "app_mentions:read",
    "channels:history",
    "channels:join",
    "channels:manage",
    "channels:read",
    "chat:write",
    "commands",
    "files:write",
    "groups:history",
    "groups:read",
    "groups:write",
    "reactions:read",
    "im:history",
    "im:read",
    "im:write",
    "reactions:write",
    "team:read",
    "usergroups:read",
    "users:read",
    "users:read.email",
];
