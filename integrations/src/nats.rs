//! Purpose: NATS with JetStream, where other programs are told what happens. A message counts as taken when the stream has
//! acknowledged it, and its id lets the stream drop a repetition
//! (<https://docs.nats.io/nats-concepts/jetstream/streams>, <https://docs.nats.io/using-nats/developer/develop_jetstream/model_deep_dive#message-deduplication>).
//!
//! Streams of others are used as they are and never changed.

mod servers;
mod stream;

use std::error::Error as _;
use std::time::Duration;

use async_nats::connection::State;
use async_nats::jetstream::context::{PublishAckFuture, PublishError, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::{self, Context, ContextBuilder, ErrorCode};
use async_nats::{ConnectError, ConnectErrorKind, ConnectOptions};
use em_domain::bus::Message;
use futures::future::join_all;
use secrecy::{ExposeSecret, SecretString};

pub use servers::Servers;

/// How long one server may take until it is connected.
const CONNECT_WITHIN: Duration = Duration::from_secs(3);
/// How long an answer may take, and an acknowledgement.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// Where messages go.
#[derive(Debug, Clone)]
pub struct NatsConfig {
    /// The servers of one NATS system; any will do.
    pub servers: Servers,
    /// How we prove who we are, where that is asked.
    pub credentials: Option<Credentials>,
    /// The stream that is made where none takes our subjects; `None`: it is not looked for either.
    pub stream: Option<String>,
    /// How long a stream that is made here keeps messages.
    pub keep: Duration,
}

/// How we prove who we are.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// A token.
    Token(SecretString),
    /// A name and a password.
    Password {
        /// The name.
        user: String,
        /// The password.
        password: SecretString,
    },
    /// What stands in a `.creds` file: a JSON Web Token and the key that belongs to it.
    File(SecretString),
}

impl Credentials {
    /// `USER:PASSWORD`, or else a token.
    pub fn of_token(secret: &SecretString) -> Self {
        match secret.expose_secret().split_once(':') {
            Some((user, password)) => Self::Password {
                user: user.to_owned(),
                password: SecretString::from(password.to_owned()),
            },
            None => Self::Token(secret.clone()),
        }
    }

    /// What stands in a `.creds` file; `None` if it is not one.
    pub fn of_file(content: &SecretString) -> Option<Self> {
        ConnectOptions::with_credentials(content.expose_secret())
            .is_ok()
            .then(|| Self::File(content.clone()))
    }

    fn options(&self) -> Option<ConnectOptions> {
        Some(match self {
            Self::Token(token) => ConnectOptions::with_token(token.expose_secret().to_owned()),
            Self::Password { user, password } => {
                ConnectOptions::with_user_and_password(user.clone(), password.expose_secret().to_owned())
            }
            Self::File(content) => ConnectOptions::with_credentials(content.expose_secret()).ok()?,
        })
    }
}

/// Why messages are not taken. The texts name servers and streams, never credentials.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NatsError {
    /// Nobody answers there.
    #[error("NATS cannot be reached at {servers}: {why}")]
    Unreachable {
        /// Where.
        servers: String,
        /// Why.
        why: String,
    },
    /// It does not believe us.
    #[error("NATS at {servers} does not accept the credentials")]
    Refused {
        /// Where.
        servers: String,
    },
    /// It keeps no streams.
    #[error("NATS at {servers} has no JetStream")]
    NoJetStream {
        /// Where.
        servers: String,
    },
    /// A stream is in the way, or cannot be made.
    #[error("the stream {stream} cannot be used: {why}")]
    Stream {
        /// Which.
        stream: String,
        /// Why.
        why: String,
    },
    /// The connection is there, and messages are not acknowledged.
    #[error("NATS does not take messages: {why}")]
    NotTaken {
        /// Why.
        why: String,
    },
}

impl NatsError {
    /// What an operator can do about it.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => {
                "Is the server up, and bus.nats_url right? It is tried again by itself."
            }
            Self::Refused { .. } => "Set NATS_TOKEN or NATS_CREDS to what the server accepts, then restart.",
            Self::NoJetStream { .. } => {
                "Start the server with JetStream on (`nats-server -js`), or enable it for this account."
            }
            Self::Stream { .. } => {
                "Let one stream take `events.>`, `signals.>` and `approvals.>` (or some for each), or set bus.stream to another name."
            }
            Self::NotTaken { .. } => {
                "Look at the stream (`nats stream info`): is there one for these subjects, and is it full? It is tried again by itself."
            }
        }
    }
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// The stream has it, perhaps since before.
    Taken,
    /// The stream will never take it; the text says why.
    Refused(String),
    /// Nobody knows: send it again.
    Unknown(NatsError),
}

/// A connection. Once it breaks and no server answers it stays broken: connect anew.
#[derive(Debug, Clone)]
pub struct Nats {
    context: Context,
}

impl Nats {
    /// Connects, and makes the stream if no stream takes our subjects.
    pub async fn connect(config: &NatsConfig) -> Result<Self, NatsError> {
        let refused = || NatsError::Refused {
            servers: config.servers.to_string(),
        };
        let options = match &config.credentials {
            Some(credentials) => credentials.options().ok_or_else(refused)?,
            None => ConnectOptions::new(),
        };
        let addresses = config.servers.addresses();
        let client = options
            .name("em-agent")
            .connection_timeout(CONNECT_WITHIN)
            .request_timeout(Some(ANSWER_WITHIN))
            // Each server once. Whoever publishes says what is wrong, and waits longer and longer.
            .max_reconnects(addresses.len())
            .connect(addresses)
            .await
            .map_err(|error| connect_error(&error, &config.servers))?;
        let context = ContextBuilder::new().timeout(ANSWER_WITHIN).build(client);
        if let Some(name) = &config.stream {
            stream::ensure(&context, config, name).await?;
        }
        Ok(Self { context })
    }

    /// Whether a server is connected as far as is known.
    pub fn is_connected(&self) -> bool {
        self.context.client().connection_state() == State::Connected
    }

    /// Sends messages in their order, and waits for all acknowledgements together. The answers are in the order of the
    /// messages.
    pub async fn publish(&self, messages: &[&Message]) -> Vec<Sent> {
        let mut sent = Vec::with_capacity(messages.len());
        for message in messages {
            let publish = PublishMessage::build()
                .message_id(&message.id)
                .payload(message.body.clone().into());
            sent.push(self.context.send_publish(message.subject.clone(), publish).await);
        }
        join_all(sent.into_iter().map(acknowledged)).await
    }
}

async fn acknowledged(sent: Result<PublishAckFuture, PublishError>) -> Sent {
    let acknowledged = match sent {
        Ok(waiting) => waiting.await,
        Err(error) => Err(error),
    };
    match acknowledged {
        Ok(_) => Sent::Taken,
        Err(error) if is_final(&error) => Sent::Refused(error.to_string()),
        Err(error) => Sent::Unknown(NatsError::NotTaken {
            why: error.to_string(),
        }),
    }
}

/// Whether the message itself is the trouble: it is larger than the server or the stream takes.
fn is_final(error: &PublishError) -> bool {
    let said = error
        .source()
        .and_then(|source| source.downcast_ref::<jetstream::Error>());
    error.kind() == PublishErrorKind::MaxPayloadExceeded
        || said.is_some_and(|said| said.error_code() == ErrorCode::STREAM_MESSAGE_EXCEEDS_MAXIMUM)
}

fn connect_error(error: &ConnectError, servers: &Servers) -> NatsError {
    let servers = servers.to_string();
    match error.kind() {
        ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => {
            NatsError::Refused { servers }
        }
        ConnectErrorKind::ServerParse
        | ConnectErrorKind::Dns
        | ConnectErrorKind::TimedOut
        | ConnectErrorKind::Tls
        | ConnectErrorKind::Io
        | ConnectErrorKind::MaxReconnects => NatsError::Unreachable {
            servers,
            why: error.to_string(),
        },
    }
}

#[cfg(test)]
mod tests;
