//! Purpose: the body of a request, with no more in it than every server understands.

use em_domain::answer::{Message, Role};
use serde::Serialize;

use super::Request;

/// What is sent to `/chat/completions`.
#[derive(Debug, Serialize)]
pub(super) struct Body<'a> {
    model: &'a str,
    messages: Vec<Said<'a>>,
    stream: bool,
    stream_options: StreamOptions,
    /// OpenAI's name for the limit, the only one that its newer models take.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    /// Its older name, the only one that every other server takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
}

#[derive(Debug, Serialize)]
struct StreamOptions {
    include_usage: bool,
}

#[derive(Debug, Serialize)]
struct Said<'a> {
    role: &'static str,
    content: &'a str,
}

/// The body of `request` for `model`.
pub(super) fn body<'a>(model: &'a str, request: &'a Request, is_openai: bool) -> Body<'a> {
    let limit = Some(request.max_answer_tokens);
    Body {
        model,
        messages: request.messages.iter().map(said).collect(),
        stream: true,
        stream_options: StreamOptions { include_usage: true },
        max_completion_tokens: limit.filter(|_| is_openai),
        max_tokens: limit.filter(|_| !is_openai),
    }
}

fn said(message: &Message) -> Said<'_> {
    Said {
        role: match message.role {
            Role::System => "system",
            Role::User => "user",
            Role::Assistant => "assistant",
        },
        content: &message.text,
    }
}
