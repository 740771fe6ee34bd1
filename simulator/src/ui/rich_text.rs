//! Purpose: the `rich_text` block: text that arrives already taken apart into styled pieces.
//!
//! Follows <https://docs.slack.dev/reference/block-kit/blocks/rich-text-block>.

use serde_json::Value;

use super::date;
use super::emoji;
use super::html::{escape, link};
use super::json::{list, text};
use super::reader::Reader;

/// Draws the sections, lists, quotes and code of a block.
pub(crate) fn render(block: &Value, reader: &Reader<'_>) -> String {
    list(block, "elements")
        .iter()
        .map(|part| section(part, reader))
        .collect()
}

fn section(part: &Value, reader: &Reader<'_>) -> String {
    let pieces = || {
        list(part, "elements")
            .iter()
            .map(|p| piece(p, reader))
            .collect::<String>()
    };
    match text(part, "type") {
        "rich_text_list" => {
            let tag = if text(part, "style") == "ordered" {
                "ol"
            } else {
                "ul"
            };
            let indent = part["indent"].as_u64().unwrap_or_default().min(4);
            let start = part["offset"].as_u64().unwrap_or_default() + 1;
            let start = if tag == "ol" {
                format!(r#" start="{start}""#)
            } else {
                String::new()
            };
            let items: String = list(part, "elements")
                .iter()
                .map(|item| format!("<li>{}</li>", section(item, reader)))
                .collect();
            format!(r#"<{tag} class="indent-{indent}"{start}>{items}</{tag}>"#)
        }
        "rich_text_quote" => format!("<blockquote>{}</blockquote>", pieces()),
        "rich_text_preformatted" => format!("<pre>{}</pre>", pieces()),
        _ => format!("<div>{}</div>", pieces()),
    }
}

fn piece(piece: &Value, reader: &Reader<'_>) -> String {
    let mention = |sign: &str, name: &str| format!(r#"<span class="mention">{sign}{}</span>"#, escape(name));
    let html = match text(piece, "type") {
        "link" => {
            let label = if text(piece, "text").is_empty() {
                text(piece, "url")
            } else {
                text(piece, "text")
            };
            link(text(piece, "url"), &escape(label))
        }
        "emoji" => emoji::at_start(&format!(":{}:", text(piece, "name")))
            .map_or_else(|| escape(&format!(":{}:", text(piece, "name"))), |(html, _)| html),
        "user" => mention("@", reader.names.person(text(piece, "user_id"))),
        "channel" => mention("#", reader.names.channel(text(piece, "channel_id"))),
        "usergroup" => mention("@", text(piece, "usergroup_id")),
        "broadcast" => mention("@", text(piece, "range")),
        "color" => format!("<code>{}</code>", escape(text(piece, "value"))),
        "date" => {
            let spec = format!("{}^{}", piece["timestamp"], text(piece, "format"));
            date::render(&spec, text(piece, "fallback"), reader)
        }
        _ => escape(text(piece, "text")).replace('\n', "<br>"),
    };
    styled(html, &piece["style"])
}

fn styled(mut html: String, style: &Value) -> String {
    for (key, tag) in [("code", "code"), ("strike", "s"), ("italic", "i"), ("bold", "b")] {
        if style[key] == true {
            html = format!("<{tag}>{html}</{tag}>");
        }
    }
    html
}
