//! Purpose: a message or view as a person would read it aloud: what snapshot tests show.
//!
//! Reads the JSON that Slack would get, so it shows only what is really sent. Links read `title (address)`, dates
//! their fallback, and escapes what they stand for.

use serde_json::Value;
use slack_morphism::prelude::{SlackMessageContent, SlackView};

/// A message: the top-level text in the first line, then the blocks.
pub fn transcript(message: &SlackMessageContent) -> String {
    let json = serde_json::to_value(message).unwrap_or_default();
    let head = format!("(text) {}", readable(text_of(&json["text"])));
    [head]
        .into_iter()
        .chain(blocks(&json))
        .collect::<Vec<_>>()
        .join("\n")
}

/// A modal or Home tab: title and buttons of the frame, then the blocks.
pub fn transcript_view(view: &SlackView) -> String {
    let json = serde_json::to_value(view).unwrap_or_default();
    let label = |key: &str| text_of(&json[key]);
    let head = match text_of(&json["type"]) {
        "modal" => format!(
            "(modal {}) {} [{}] [{}]",
            label("callback_id"),
            label("title"),
            label("submit"),
            label("close")
        ),
        other => format!("({other})"),
    };
    [head]
        .into_iter()
        .chain(blocks(&json))
        .collect::<Vec<_>>()
        .join("\n")
}

/// The text of a string or of a text object.
fn text_of(value: &Value) -> &str {
    value.as_str().or_else(|| value["text"].as_str()).unwrap_or("")
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn blocks(json: &Value) -> Vec<String> {
    items(&json["blocks"]).map(block).collect()
}

fn block(block: &Value) -> String {
    match text_of(&block["type"]) {
        "header" => format!("# {}", text_of(&block["text"])),
        "divider" => "---".to_owned(),
        "section" => section(block),
        "context" => items(&block["elements"])
            .map(|e| format!("> {}", readable(text_of(e))))
            .collect::<Vec<_>>()
            .join("\n"),
        "actions" => items(&block["elements"])
            .map(button)
            .collect::<Vec<_>>()
            .join(" "),
        "input" => input(block),
        other => format!("({other})"),
    }
}

fn section(block: &Value) -> String {
    let text = readable(text_of(&block["text"]));
    let fields =
        items(&block["fields"]).map(|field| format!("| {}", readable(text_of(field)).replace('\n', ": ")));
    let menu = items(&block["accessory"]["options"])
        .map(|option| text_of(&option["text"]).to_owned())
        .collect::<Vec<_>>();
    let menu = if menu.is_empty() {
        String::new()
    } else {
        format!("    ⋮ {}", menu.join(" | "))
    };
    let beside = match block["accessory"]["type"].as_str() {
        Some("button") => format!("    {}", button(&block["accessory"])),
        _ => menu,
    };
    let parts = [text].into_iter().chain(fields).chain([beside]);
    parts
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("\n")
}

fn button(element: &Value) -> String {
    let url = element["url"]
        .as_str()
        .map_or_else(String::new, |url| format!(" {url}"));
    format!("[{}{url}]", text_of(&element["text"]))
}

fn input(block: &Value) -> String {
    let element = &block["element"];
    let options = items(&element["options"]).map(|option| {
        let is_ticked = items(&element["initial_options"]).any(|ticked| ticked == option);
        let mark = if is_ticked || *option == element["initial_option"] {
            "(•)"
        } else {
            "( )"
        };
        format!("  {mark} {}", text_of(&option["text"]))
    });
    let label = text_of(&block["label"]).to_owned();
    [label].into_iter().chain(options).collect::<Vec<_>>().join("\n")
}

/// Marked-up text as it looks, formatting characters kept.
pub fn readable(mrkdwn: &str) -> String {
    let mut out = String::new();
    let mut rest = mrkdwn;
    while let Some((before, tail)) = rest.split_once('<') {
        out.push_str(before);
        let Some((inside, after)) = tail.split_once('>') else {
            out.push('<');
            rest = tail;
            break;
        };
        out.push_str(&special(inside));
        rest = after;
    }
    out.push_str(rest);
    out.replace('\u{2060}', "")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

/// What is between `<` and `>`.
fn special(inside: &str) -> String {
    match (inside.chars().next(), inside.split_once('|')) {
        (Some('!'), Some((_, fallback))) => fallback.to_owned(),
        (Some('@' | '#' | '!'), _) | (_, None) => inside.to_owned(),
        (_, Some((url, label))) => format!("{label} ({url})"),
    }
}
