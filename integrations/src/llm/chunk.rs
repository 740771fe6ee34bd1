//! Purpose: reads the chunks of an answer, of OpenAI and of others: only the few members that are needed, each of
//! which may be missing, and what cannot be read of them is as if it were missing.

use em_domain::answer::Message;
use em_domain::llm_usage::Usage;
use serde::Deserialize;
use serde_json::Value;

use super::Completion;
use super::error::LlmError;

/// Why an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// By itself.
    Complete,
    /// At the limit of its length.
    Length,
}

/// A chunk as it came.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(super) struct Chunk(Value);

/// What came so far.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) text: String,
    pub(super) ending: Option<Ending>,
    /// Tokens in and out.
    counted: Option<(i64, i64)>,
}

impl Answer {
    /// Takes a chunk in, and gives the piece of text that is in it.
    pub(super) fn take(&mut self, Chunk(chunk): Chunk) -> Result<String, LlmError> {
        if let Some(error) = chunk.get("error").filter(|error| !error.is_null()) {
            tracing::debug!(code = %error["code"], "the language model's server failed in the middle");
            return Err(LlmError::Unavailable(
                "it failed in the middle of its answer".to_owned(),
            ));
        }
        let count = |name: &str| chunk["usage"][name].as_i64().filter(|tokens| *tokens >= 0);
        if let (Some(tokens_in), Some(tokens_out)) = (count("prompt_tokens"), count("completion_tokens")) {
            self.counted = Some((tokens_in, tokens_out));
        }
        let choice = &chunk["choices"][0];
        match choice["finish_reason"].as_str() {
            None | Some("") => (),
            Some("content_filter") => {
                return Err(LlmError::Rejected(
                    "its content filter stopped the answer".to_owned(),
                ));
            }
            Some("error") => {
                return Err(LlmError::Unavailable(
                    "it failed in the middle of its answer".to_owned(),
                ));
            }
            Some("length") => self.ending = Some(Ending::Length),
            Some(_) => self.ending = Some(Ending::Complete),
        }
        let piece = choice["delta"]["content"].as_str().unwrap_or_default();
        self.text.push_str(piece);
        Ok(piece.to_owned())
    }

    /// The whole answer, if it is one. The counts come last of all, so they too say that nothing is missing.
    pub(super) fn finish(self, messages: &[Message]) -> Result<Completion, LlmError> {
        if self.text.trim().is_empty() {
            return Err(LlmError::Empty);
        }
        if self.ending.is_none() && self.counted.is_none() {
            return Err(LlmError::Unavailable("the answer broke off".to_owned()));
        }
        let usage = match self.counted {
            Some((tokens_in, tokens_out)) => Usage {
                tokens_in,
                tokens_out,
                is_estimated: false,
            },
            None => Usage::estimated(messages, &self.text),
        };
        Ok(Completion {
            usage,
            is_complete: self.ending != Some(Ending::Length),
            text: self.text,
        })
    }
}
