//! Purpose: the rules of rich text blocks: known sections, known pieces.

use super::check::{At, Check};

const SECTIONS: &[&str] = &[
    "rich_text_section",
    "rich_text_list",
    "rich_text_preformatted",
    "rich_text_quote",
];
const PIECES: &[&str] = &[
    "text",
    "link",
    "user",
    "channel",
    "usergroup",
    "emoji",
    "date",
    "broadcast",
    "color",
    "team",
];

impl Check {
    pub(super) fn rich_text(&mut self, at: &At<'_>) {
        self.known(at, &["elements", "block_id"]);
        for (pointer, value) in self.list(at, "elements", 1, usize::MAX) {
            if let Some(section) = self.object(pointer, value) {
                self.rich_section(&section, 0);
            }
        }
    }

    fn rich_section(&mut self, at: &At<'_>, depth: u32) {
        if !SECTIONS.contains(&at.kind()) {
            self.fail(&at.pointer, format!("unsupported type: {}", at.kind()));
            return;
        }
        if at.kind() == "rich_text_list" {
            self.one_of(at, "style", &["bullet", "ordered"]);
        }
        for (pointer, value) in self.list(at, "elements", 0, usize::MAX) {
            let Some(piece) = self.object(pointer, value) else {
                continue;
            };
            if at.kind() == "rich_text_list" && depth == 0 {
                self.rich_section(&piece, depth + 1);
            } else {
                self.rich_piece(&piece);
            }
        }
    }

    fn rich_piece(&mut self, at: &At<'_>) {
        match at.kind() {
            "text" => drop(self.string(at, "text", true, usize::MAX)),
            "link" => self.link(at, "url", true),
            "user" => drop(self.string(at, "user_id", true, 50)),
            "channel" => drop(self.string(at, "channel_id", true, 50)),
            "emoji" => drop(self.string(at, "name", true, 100)),
            "broadcast" => self.one_of(at, "range", &["here", "channel", "everyone"]),
            kind if PIECES.contains(&kind) => {}
            kind => self.fail(&at.pointer, format!("unsupported type: {kind}")),
        }
    }
}
