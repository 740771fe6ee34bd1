//! Purpose: Atlassian's document format as Markdown.
//! Source: <https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/>.

use chrono::DateTime;
use serde_json::Value;

use crate::markdown::{self, fenced, prefixed};

/// The document as Markdown; nothing where there is none. What is not known is left out, and what is in it is not.
pub(super) fn markdown(document: &Value) -> String {
    blocks(document).trim().to_owned()
}

fn kind(node: &Value) -> &str {
    node["type"].as_str().unwrap_or_default()
}

fn children(node: &Value) -> impl Iterator<Item = &Value> {
    node["content"].as_array().into_iter().flatten()
}

fn attribute<'a>(node: &'a Value, name: &str) -> &'a str {
    node["attrs"][name].as_str().unwrap_or_default()
}

/// The blocks in a node, with an empty line between them.
fn blocks(node: &Value) -> String {
    let parts = children(node).map(block).filter(|text| !text.trim().is_empty());
    parts.collect::<Vec<_>>().join("\n\n")
}

fn block(node: &Value) -> String {
    match kind(node) {
        "paragraph" | "caption" | "taskItem" | "decisionItem" => inline(node),
        "heading" => {
            let level = node["attrs"]["level"].as_u64().unwrap_or(1).clamp(1, 6);
            format!(
                "{} {}",
                "#".repeat(usize::try_from(level).unwrap_or(1)),
                inline(node)
            )
        }
        "bulletList" | "taskList" | "decisionList" => items(node, |_| "- ".to_owned()),
        "orderedList" => {
            let first = node["attrs"]["order"].as_u64().unwrap_or(1);
            items(node, |at| format!("{}. ", first + at))
        }
        "codeBlock" => fenced(attribute(node, "language"), &inline(node)),
        "blockquote" | "panel" => prefixed(&blocks(node), "> ", "> "),
        "expand" | "nestedExpand" => format!("**{}**\n\n{}", attribute(node, "title"), blocks(node)),
        "rule" => "---".to_owned(),
        "table" => table(node),
        "blockCard" | "embedCard" => attribute(node, "url").to_owned(),
        "text" | "hardBreak" | "mention" | "emoji" | "inlineCard" | "status" | "date" => piece(node),
        _ => blocks(node),
    }
}

fn items(list: &Value, mark: impl Fn(u64) -> String) -> String {
    let mut lines = Vec::new();
    for (at, item) in (0..).zip(children(list)) {
        let is_done = attribute(item, "state") == "DONE";
        let mark = match kind(item) {
            "taskItem" if is_done => "- [x] ".to_owned(),
            "taskItem" => "- [ ] ".to_owned(),
            _ => mark(at),
        };
        let indent = " ".repeat(mark.len());
        lines.push(prefixed(&block(item), &mark, &indent));
    }
    lines.join("\n")
}

fn table(node: &Value) -> String {
    let rows = children(node).map(|row| children(row).map(blocks).collect());
    markdown::table(rows)
}

/// What stands in a line.
fn inline(node: &Value) -> String {
    children(node).map(piece).collect()
}

fn piece(node: &Value) -> String {
    match kind(node) {
        "text" => marked(node),
        "hardBreak" => "\n".to_owned(),
        "mention" | "status" => attribute(node, "text").to_owned(),
        "emoji" => match attribute(node, "text") {
            "" => attribute(node, "shortName").to_owned(),
            text => text.to_owned(),
        },
        "inlineCard" => attribute(node, "url").to_owned(),
        "date" => {
            let millis = attribute(node, "timestamp").parse().ok();
            let at = millis.and_then(DateTime::from_timestamp_millis);
            at.map(|at| at.format("%Y-%m-%d").to_string()).unwrap_or_default()
        }
        _ => inline(node),
    }
}

fn marked(node: &Value) -> String {
    let mut text = node["text"].as_str().unwrap_or_default().to_owned();
    for mark in node["marks"].as_array().into_iter().flatten() {
        text = match kind(mark) {
            "code" => format!("`{text}`"),
            "strong" => format!("**{text}**"),
            "em" => format!("*{text}*"),
            "strike" => format!("~~{text}~~"),
            "link" => format!("[{text}]({})", attribute(mark, "href")),
            _ => text,
        };
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn everything_that_people_write_becomes_markdown() {
        let text = |text: &str| json!({ "type": "text", "text": text });
        let paragraph = |words: &str| json!({ "type": "paragraph", "content": [text(words)] });
        let item = |words: &str| json!({ "type": "listItem", "content": [paragraph(words)] });
        let cell = |kind: &str, words: &str| json!({ "type": kind, "content": [paragraph(words)] });
        let document = json!({ "type": "doc", "version": 1, "content": [
            { "type": "heading", "attrs": { "level": 2 }, "content": [text("Undo")] },
            { "type": "paragraph", "content": [
                { "type": "mention", "attrs": { "id": "1", "text": "@Ana" } }, text(" runs "),
                { "type": "text", "text": "make undo", "marks": [{ "type": "code" }] }, { "type": "hardBreak" },
                { "type": "text", "text": "here", "marks": [{ "type": "link", "attrs": { "href": "https://a.example/" } }] },
            ] },
            { "type": "orderedList", "content": [item("stop"), item("start")] },
            { "type": "codeBlock", "attrs": { "language": "sh" }, "content": [text("echo ```")] },
            { "type": "panel", "attrs": { "panelType": "warning" }, "content": [paragraph("Careful")] },
            { "type": "table", "content": [
                { "type": "tableRow", "content": [cell("tableHeader", "Port"), cell("tableHeader", "For")] },
                { "type": "tableRow", "content": [cell("tableCell", "8443"), cell("tableCell", "a|b")] },
            ] },
            { "type": "taskList", "content": [
                { "type": "taskItem", "attrs": { "state": "DONE" }, "content": [text("tell")] },
            ] },
            { "type": "mediaSingle", "content": [{ "type": "media", "attrs": { "id": "1" } }] },
        ] });
        let expected = "## Undo\n\n@Ana runs `make undo`\n[here](https://a.example/)\n\n1. stop\n2. start\n\n\
            ````sh\necho ```\n````\n\n> Careful\n\n| Port | For |\n|---|---|\n| 8443 | a\\|b |\n\n- [x] tell";
        assert_eq!(markdown(&document), expected);
        assert_eq!(markdown(&Value::Null), "");
    }

    proptest! {
        #[test]
        fn no_word_is_lost_whatever_is_around_it(kinds in prop::collection::vec("[a-zA-Z]{1,12}", 0..8)) {
            let word = json!({ "type": "text", "text": "word" });
            let document = kinds.iter().fold(word, |inside, kind| json!({ "type": kind, "content": [inside] }));
            let document = json!({ "type": "doc", "content": [document] });
            prop_assert!(markdown(&document).contains("word"), "{}", document);
        }
    }
}
