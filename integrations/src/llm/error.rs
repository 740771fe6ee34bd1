//! Purpose: the ways a language model can fail, as the decisions they call for.

use std::time::Duration;

use async_openai::error::OpenAIError;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LlmError {
    /// The key is missing, wrong or revoked: an operator must replace it.
    #[error("the language model's server does not accept the key")]
    Unauthorized,
    /// Too much was asked. Nothing is sent before this has passed.
    #[error("the language model's server wants no more questions for {} s", retry_after.as_secs())]
    RateLimited {
        /// How long to wait.
        retry_after: Duration,
    },
    /// It takes too long. A shorter question may do.
    #[error("the language model did not answer in time")]
    TimedOut,
    /// The server or the network between is down, or the answer broke off; already tried again where that could help.
    #[error("the language model cannot be reached: {0}")]
    Unavailable(String),
    /// The server will never answer this: there is no such model, the account is used up, the question is too long. An
    /// operator must change something.
    #[error("the language model's server refuses: {0}")]
    Rejected(String),
    /// It answered with nothing.
    #[error("the language model answered with nothing")]
    Empty,
}

impl LlmError {
    /// The outcome as it is counted.
    pub(super) fn label(&self) -> &'static str {
        match self {
            Self::Unauthorized => "unauthorized",
            Self::RateLimited { .. } => "rate_limited",
            Self::TimedOut => "timed_out",
            Self::Unavailable(_) => "unavailable",
            Self::Rejected(_) => "rejected",
            Self::Empty => "empty",
        }
    }
}

/// The library's errors of a call that gave no stream. Those of `transport.rs` come through as they are.
pub(super) fn of_call(error: OpenAIError) -> LlmError {
    match error {
        OpenAIError::Boxed(error) => match error.downcast::<LlmError>() {
            Ok(ours) => *ours,
            Err(_) => LlmError::Unavailable("the library gave up".to_owned()),
        },
        OpenAIError::InvalidArgument(_) => LlmError::Rejected("the request cannot be written".to_owned()),
        OpenAIError::Reqwest(_)
        | OpenAIError::ApiError(_)
        | OpenAIError::JSONDeserialize(..)
        | OpenAIError::FileSaveError(_)
        | OpenAIError::FileReadError(_)
        | OpenAIError::StreamError(_) => LlmError::Unavailable("the request broke off".to_owned()),
    }
}
