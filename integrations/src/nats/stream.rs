//! Purpose: the stream that takes our messages: found, or made. A stream of somebody else's is used and never changed.

use std::error::Error;
use std::time::Duration;

use async_nats::jetstream::context::{
    CreateStreamErrorKind, GetStreamByNameErrorKind, GetStreamErrorKind, RequestError, RequestErrorKind,
};
use async_nats::jetstream::stream::{Config, StorageType};
use async_nats::jetstream::{self, Context, ErrorCode};
use em_domain::bus::{SUBJECTS, covers};

use super::{NatsConfig, NatsError};

/// How long a stream that is made here remembers ids to drop repetitions. What was sent and not acknowledged is sent again
/// after a minute at most, or after a restart.
const DUPLICATE_WINDOW: Duration = Duration::from_mins(10);

/// Looks for streams that take our subjects, and makes the stream `name` for those that none takes.
pub(super) async fn ensure(context: &Context, config: &NatsConfig, name: &str) -> Result<(), NatsError> {
    let look = Look {
        context,
        config,
        name,
    };
    let mut missing = Vec::new();
    for subject in SUBJECTS {
        if !look.is_taken(subject).await? {
            missing.push(subject);
        }
    }
    if missing.is_empty() || look.is_made_meanwhile(&missing).await? {
        return Ok(());
    }
    look.make(&missing).await
}

struct Look<'a> {
    context: &'a Context,
    config: &'a NatsConfig,
    name: &'a str,
}

impl Look<'_> {
    /// Whether a stream takes all of `subject`.
    async fn is_taken(&self, subject: &str) -> Result<bool, NatsError> {
        let stream = match self.context.stream_by_subject(subject).await {
            Ok(stream) => stream,
            Err(error) if error.kind() == GetStreamByNameErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(self.wrong(&error)),
        };
        let found = self.subjects(&stream).await?.unwrap_or_default();
        if found.iter().any(|pattern| covers(pattern, subject)) {
            return Ok(true);
        }
        // No other stream may take it as well.
        Err(NatsError::Stream {
            why: format!("it takes a part of `{subject}`, but not all of it"),
            stream,
        })
    }

    /// Whether the stream of our name is there and takes all that is `missing`: another replica was faster. One that does not
    /// take it is somebody else's.
    async fn is_made_meanwhile(&self, missing: &[&str]) -> Result<bool, NatsError> {
        let Some(found) = self.subjects(self.name).await? else {
            return Ok(false);
        };
        let is_taken = |subject: &&str| found.iter().any(|pattern| covers(pattern, subject));
        match missing.iter().find(|subject| !is_taken(subject)) {
            None => Ok(true),
            Some(subject) => Err(self.unusable(&format!("it is there and does not take `{subject}`"))),
        }
    }

    async fn make(&self, subjects: &[&str]) -> Result<(), NatsError> {
        let stream = Config {
            name: self.name.to_owned(),
            description: Some("What EM Agent tells other programs".to_owned()),
            subjects: subjects.iter().map(|subject| (*subject).to_owned()).collect(),
            storage: StorageType::File,
            max_age: self.config.keep,
            duplicate_window: DUPLICATE_WINDOW.min(self.config.keep),
            num_replicas: 1,
            ..Config::default()
        };
        match self.context.create_stream(stream).await {
            Ok(_) => {
                tracing::info!(stream = self.name, ?subjects, "made a stream");
                Ok(())
            }
            Err(error) => Err(match error.kind() {
                CreateStreamErrorKind::JetStream(said) => self.wrong(&said),
                CreateStreamErrorKind::JetStreamUnavailable => self.no_jetstream(),
                CreateStreamErrorKind::TimedOut => unanswered(&error),
                CreateStreamErrorKind::EmptyStreamName
                | CreateStreamErrorKind::InvalidStreamName
                | CreateStreamErrorKind::DomainAndExternalSet
                | CreateStreamErrorKind::Response
                | CreateStreamErrorKind::NotFound
                | CreateStreamErrorKind::ResponseParse => self.wrong(&error),
            }),
        }
    }

    /// The subjects of a stream; `None` if there is none of that name.
    async fn subjects(&self, stream: &str) -> Result<Option<Vec<String>>, NatsError> {
        match self.context.get_stream(stream).await {
            Ok(found) => Ok(Some(found.cached_info().config.subjects.clone())),
            Err(error) => match error.kind() {
                GetStreamErrorKind::JetStream(said) if said.error_code() == ErrorCode::STREAM_NOT_FOUND => {
                    Ok(None)
                }
                GetStreamErrorKind::JetStream(said) => Err(self.wrong(&said)),
                GetStreamErrorKind::EmptyName
                | GetStreamErrorKind::Request
                | GetStreamErrorKind::InvalidStreamName => Err(self.wrong(&error)),
            },
        }
    }

    fn wrong(&self, error: &(dyn Error + 'static)) -> NatsError {
        if is_off(error) {
            return self.no_jetstream();
        }
        if came_to(error, RequestErrorKind::NoResponders) {
            self.no_jetstream()
        } else if came_to(error, RequestErrorKind::TimedOut) {
            unanswered(error)
        } else {
            self.unusable(&error.to_string())
        }
    }

    fn no_jetstream(&self) -> NatsError {
        NatsError::NoJetStream {
            servers: self.config.servers.to_string(),
        }
    }

    fn unusable(&self, why: &str) -> NatsError {
        NatsError::Stream {
            stream: self.name.to_owned(),
            why: why.to_owned(),
        }
    }
}

/// An error and its causes.
fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| (**error).source())
}

/// Whether this is what became of the request about streams. The library wraps one such error into another.
fn came_to(error: &(dyn Error + 'static), kind: RequestErrorKind) -> bool {
    let mut requests = causes(error).filter_map(|cause| cause.downcast_ref::<RequestError>());
    requests.any(|request| request.kind() == kind)
}

/// Whether the answer is that there is no JetStream, or none for this account.
fn is_off(error: &(dyn Error + 'static)) -> bool {
    const OFF: [ErrorCode; 2] = [
        ErrorCode::JETSTREAM_NOT_ENABLED,
        ErrorCode::JETSTREAM_NOT_ENABLED_FOR_ACCOUNT,
    ];
    let mut said = causes(error).filter_map(|cause| cause.downcast_ref::<jetstream::Error>());
    said.any(|said| OFF.contains(&said.error_code()))
}

/// Users that may not ask get no answer at all.
fn unanswered(error: &(dyn Error + 'static)) -> NatsError {
    NatsError::NotTaken {
        why: format!(
            "it does not answer about its streams ({error}); for a user that may not ask, make bus.stream empty"
        ),
    }
}
