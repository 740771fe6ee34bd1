//! Purpose: blocks of Notion as Markdown. Source: <https://developers.notion.com/reference/block>.

use serde_json::Value;

use crate::markdown::{fenced, prefixed, table};

/// A block with what is in it.
#[derive(Debug)]
pub(super) struct Block {
    value: Value,
    pub(super) children: Vec<Block>,
}

/// What stands in a page and is read by itself.
#[derive(Debug, Clone, Copy)]
pub(super) enum Below {
    Page,
    Database,
}

impl Block {
    pub(super) fn new(value: Value) -> Self {
        Self {
            value,
            children: Vec::new(),
        }
    }

    fn kind(&self) -> &str {
        self.value["type"].as_str().unwrap_or_default()
    }

    /// What blocks of its kind have.
    fn about(&self, name: &str) -> &Value {
        &self.value[self.kind()][name]
    }

    fn id(&self) -> Option<&str> {
        self.value["id"].as_str()
    }

    fn below(&self) -> Option<Below> {
        match self.kind() {
            "child_page" => Some(Below::Page),
            "child_database" => Some(Below::Database),
            _ => None,
        }
    }

    /// The block whose children are to be read, if it has any.
    pub(super) fn holds(&self) -> Option<&str> {
        let has_children = self.value["has_children"] == true && self.below().is_none();
        self.id().filter(|_| has_children)
    }

    fn words(&self) -> String {
        inline(self.about("rich_text"))
    }
}

/// Tells of each page and each database in the blocks.
pub(super) fn below(blocks: &[Block], tell: &mut impl FnMut(Below, &str)) {
    for block in blocks {
        if let (Some(kind), Some(id)) = (block.below(), block.id()) {
            tell(kind, id);
        }
        below(&block.children, tell);
    }
}

/// The blocks as Markdown. Of a block that is not known, its words stay.
pub(super) fn markdown(blocks: &[Block]) -> String {
    let mut text = String::new();
    let mut last = "";
    let mut number = 0;
    for block in blocks {
        number = if block.kind() == "numbered_list_item" {
            number + 1
        } else {
            0
        };
        let shown = written(block, number);
        if shown.trim().is_empty() {
            continue;
        }
        let goes_on = is_item(block.kind()) && last == block.kind();
        if !text.is_empty() {
            text.push_str(if goes_on { "\n" } else { "\n\n" });
        }
        text.push_str(&shown);
        last = block.kind();
    }
    text
}

fn is_item(kind: &str) -> bool {
    ["bulleted_list_item", "numbered_list_item", "to_do"].contains(&kind)
}

fn written(block: &Block, number: usize) -> String {
    match block.kind() {
        "heading_1" => under(block, format!("# {}", block.words())),
        "heading_2" => under(block, format!("## {}", block.words())),
        "heading_3" => under(block, format!("### {}", block.words())),
        "heading_4" => under(block, format!("#### {}", block.words())),
        "bulleted_list_item" => item(block, "- "),
        "numbered_list_item" => item(block, &format!("{number}. ")),
        "to_do" if block.about("checked") == true => item(block, "- [x] "),
        "to_do" => item(block, "- [ ] "),
        "quote" | "callout" => match under(block, block.words()) {
            text if text.trim().is_empty() => text,
            text => prefixed(&text, "> ", "> "),
        },
        "code" => {
            let language = block
                .about("language")
                .as_str()
                .filter(|name| *name != "plain text");
            fenced(language.unwrap_or_default(), &plain(block.about("rich_text")))
        }
        "equation" => block.about("expression").as_str().unwrap_or_default().to_owned(),
        "divider" => "---".to_owned(),
        "table" => table(block.children.iter().map(|row| {
            let cells = row.about("cells").as_array().into_iter().flatten();
            cells.map(inline).collect()
        })),
        "bookmark" | "embed" | "link_preview" => captioned(block, block.about("url").as_str()),
        "image" | "video" | "file" | "pdf" | "audio" => captioned(block, None),
        "child_page" | "child_database" => String::new(),
        _ => under(block, block.words()),
    }
}

/// Words, and below them what is in the block.
fn under(block: &Block, words: String) -> String {
    let inner = markdown(&block.children);
    match (words.trim().is_empty(), inner.is_empty()) {
        (_, true) => words,
        (true, false) => inner,
        (false, false) => format!("{words}\n\n{inner}"),
    }
}

fn item(block: &Block, mark: &str) -> String {
    let inner = markdown(&block.children);
    let words = block.words();
    // What is in an item follows it closely if that is a list too.
    let is_list = block.children.first().is_some_and(|first| is_item(first.kind()));
    let gap = match (inner.is_empty(), is_list) {
        (true, _) => "",
        (false, true) => "\n",
        (false, false) => "\n\n",
    };
    let text = format!("{words}{gap}{inner}");
    if text.trim().is_empty() {
        return String::new();
    }
    prefixed(&text, mark, &" ".repeat(mark.len()))
}

fn captioned(block: &Block, address: Option<&str>) -> String {
    let caption = inline(block.about("caption"));
    match address {
        Some(address) if caption.is_empty() => address.to_owned(),
        Some(address) => format!("[{caption}]({address})"),
        None => caption,
    }
}

fn plain(rich: &Value) -> String {
    super::object::plain(rich)
}

/// What stands in a line.
fn inline(rich: &Value) -> String {
    rich.as_array().into_iter().flatten().map(piece).collect()
}

fn piece(piece: &Value) -> String {
    let all = piece["plain_text"].as_str().unwrap_or_default();
    let words = all.trim();
    if words.is_empty() {
        return all.to_owned();
    }
    let is = |mark: &str| piece["annotations"][mark] == true;
    let mut text = words.to_owned();
    for (name, mark) in [
        ("code", "`"),
        ("strikethrough", "~~"),
        ("italic", "*"),
        ("bold", "**"),
    ] {
        if is(name) {
            text = format!("{mark}{text}{mark}");
        }
    }
    // A link within Notion is a path.
    if let Some(address) = piece["href"]
        .as_str()
        .filter(|address| address.starts_with("http") && *address != words)
    {
        text = format!("[{text}]({address})");
    }
    // Marks hold only where they touch a word: the spaces stay outside.
    let start = &all[..all.len() - all.trim_start().len()];
    let end = &all[all.trim_end().len()..];
    format!("{start}{text}{end}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn rich(text: &str) -> Value {
        json!([{ "type": "text", "plain_text": text, "href": null, "annotations": { "bold": false, "code": false } }])
    }

    fn block(kind: &str, text: &str, children: Vec<Block>) -> Block {
        let value = json!({ "object": "block", "id": "b", "type": kind, "has_children": !children.is_empty(),
            kind: { "rich_text": rich(text), "color": "default" } });
        Block { value, children }
    }

    fn made(value: Value) -> Block {
        Block::new(value)
    }

    #[test]
    fn everything_that_people_write_becomes_markdown() {
        let row = |cells: [&str; 2]| {
            made(json!({ "type": "table_row", "table_row": { "cells": cells.map(rich) } }))
        };
        let blocks = vec![
            block("heading_2", "Undo", Vec::new()),
            made(json!({ "type": "paragraph", "paragraph": { "rich_text": [
                { "plain_text": "Run " },
                { "plain_text": "make undo ", "annotations": { "code": true } },
                { "plain_text": "from ", "annotations": { "bold": true } },
                { "plain_text": "here", "href": "https://a.example/" },
            ] } })),
            block(
                "numbered_list_item",
                "stop",
                vec![block("bulleted_list_item", "gently", Vec::new())],
            ),
            block(
                "numbered_list_item",
                "start",
                vec![block("paragraph", "Twice.", Vec::new())],
            ),
            made(json!({ "type": "to_do", "to_do": { "rich_text": rich("tell"), "checked": true } })),
            made(json!({ "type": "code", "code": { "rich_text": rich("echo ```"), "language": "shell" } })),
            block(
                "callout",
                "Careful",
                vec![block("paragraph", "Very.", Vec::new())],
            ),
            Block {
                value: json!({ "type": "table", "table": { "table_width": 2, "has_column_header": true } }),
                children: vec![row(["Port", "For"]), row(["8443", "a|b"])],
            },
            block("toggle", "Why?", vec![block("paragraph", "So.", Vec::new())]),
            Block {
                value: json!({ "type": "column_list", "column_list": {} }),
                children: vec![Block {
                    value: json!({ "type": "column", "column": {} }),
                    children: vec![block("paragraph", "Left.", Vec::new())],
                }],
            },
            made(json!({ "type": "bookmark", "bookmark": { "url": "https://b.example/", "caption": [] } })),
            made(json!({ "type": "divider", "divider": {} })),
            made(json!({ "type": "child_page", "child_page": { "title": "Other" } })),
            made(json!({ "type": "unsupported", "unsupported": {} })),
        ];
        let expected = "## Undo\n\nRun `make undo` **from** [here](https://a.example/)\n\n\
            1. stop\n   - gently\n2. start\n\n   Twice.\n\n- [x] tell\n\n````shell\necho ```\n````\n\n\
            > Careful\n>\n> Very.\n\n| Port | For |\n|---|---|\n| 8443 | a\\|b |\n\nWhy?\n\nSo.\n\nLeft.\n\n\
            https://b.example/\n\n---";
        assert_eq!(markdown(&blocks), expected);
        assert_eq!(markdown(&[]), "");
    }

    #[test]
    fn pages_and_databases_in_blocks_are_found_however_deep() {
        let child = |kind: &str, id: &str| {
            made(json!({ "type": kind, "id": id, "has_children": true, kind: { "title": "" } }))
        };
        let blocks = [
            block("toggle", "", vec![child("child_page", "p")]),
            child("child_database", "d"),
        ];
        let mut found = Vec::new();
        below(&blocks, &mut |_, id| found.push(id.to_owned()));
        assert_eq!(found, ["p", "d"]);
        assert_eq!(blocks[0].holds(), Some("b"));
        assert_eq!(blocks[1].holds(), None, "a database is read by itself");
    }

    proptest! {
        #[test]
        fn no_word_is_lost_whatever_is_around_it(kinds in prop::collection::vec("[a-z_]{1,12}", 0..8)) {
            let word = block("paragraph", "word", Vec::new());
            let outside = kinds.iter().fold(word, |inside, kind| block(kind, "", vec![inside]));
            prop_assert!(markdown(&[outside]).contains("word"));
        }

        #[test]
        fn marks_do_not_change_the_words(text in "[ a-z]{0,12}", code in any::<bool>(), bold in any::<bool>()) {
            let marks = json!({ "code": code, "bold": bold });
            let shown = piece(&json!({ "plain_text": &text, "annotations": marks }));
            prop_assert_eq!(shown.replace(['`', '*'], ""), text);
        }
    }
}
