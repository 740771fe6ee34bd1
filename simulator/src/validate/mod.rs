//! Purpose: Slack's Block Kit rules, held strictly: lengths, counts, required fields, unique ids, known types.
//! Limits come from docs.slack.dev/reference/block-kit and from Slack's Python and Java SDKs.
//!
//! To add a block type: a row in `blocks.rs`; an element: a row in `elements.rs`.

mod blocks;
mod check;
mod elements;
mod objects;
mod rich;
mod views;

use std::fmt;

pub(crate) use blocks::message_blocks;
pub(crate) use views::view;

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

/// All broken rules as one line.
pub(crate) fn summary(problems: &[Problem]) -> String {
    problems
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("; ")
}
