//! Purpose: Slack's Block Kit rules, held strictly: lengths, counts, required fields, unique ids, known types.
//! Limits come from docs.slack.dev/reference/block-kit and from Slack's Python and Java SDKs.

/// Something the app did that Slack refuses, or that harms people who read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The Web API method, or `response_url`, or `ack`.
    pub method: String,
    /// Short name of the rule, such as `invalid_blocks` or `missing_text_in_message`.
    pub rule: String,
    /// What exactly, with a JSON pointer where there is one.
    pub detail: String,
}

use std::fmt;

use serde_json::Value;

/// One broken rule and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// JSON pointer into the payload, such as `/blocks/0/text/text`.
    pub pointer: String,
    /// What is wrong, in Slack's manner of speaking.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[ERROR] {} [json-pointer:{}]", self.what, self.pointer)
    }
}

/// Checks the blocks of a message.
pub fn message_blocks(_blocks: &[Value]) -> Vec<Problem> {
    Vec::new()
}

/// Checks a view of the type `modal` or `home`.
pub fn view(_view: &Value, _kind: &str) -> Vec<Problem> {
    Vec::new()
}
