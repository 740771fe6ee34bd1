//! Purpose: answers that a language model gives from documents: what it is asked ([`prompt`]) and what is believed of
//! what it says ([`cited`]): sentences that name the passage they come from, and nothing else.
//!
//! A model repeats, invents, and does what a passage tells it to do. So what is kept does not depend on its good will:
//! a sentence without the number of a passage that it was given is dropped, whatever it says. What is kept is still a
//! stranger's text: links and mentions in it are escaped by whoever shows it.

mod cite;
mod prompt;
mod split;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use cite::{CitedAnswer, Sentence, cited, cited_so_far};
pub use prompt::{LEAST_BUDGET, Passage, Prompt, Turn, prompt};

/// Who says a message, as language models are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The rules.
    System,
    /// The person who asks.
    User,
    /// The model itself, earlier.
    Assistant,
}

/// One message to a language model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Who says it.
    pub role: Role,
    /// What.
    pub text: String,
}
