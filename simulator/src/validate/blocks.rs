//! Purpose: the rules of each kind of block and of a list of blocks.

use serde_json::Value;

use super::Problem;
use super::check::{At, Check, Surface};
use super::elements::Seat;
use super::objects::Texts;

/// Checks the blocks of a message: fifty at most.
pub(crate) fn message_blocks(blocks: &[Value]) -> Vec<Problem> {
    let mut check = Check::new(Surface::Message);
    if blocks.len() > 50 {
        check.fail("/blocks", "no more than 50 items allowed");
    }
    check.blocks(
        blocks
            .iter()
            .enumerate()
            .map(|(n, b)| (format!("/blocks/{n}"), b))
            .collect(),
    );
    check.problems
}

impl Check {
    pub(super) fn blocks(&mut self, blocks: Vec<(String, &Value)>) {
        for (pointer, value) in blocks {
            if let Some(block) = self.object(pointer, value) {
                self.block(&block);
            }
        }
    }

    fn block(&mut self, at: &At<'_>) {
        // Slack ignores the block_id of a markdown block, so it cannot clash.
        if let Some(id) = self.string(at, "block_id", false, 255)
            && at.kind() != "markdown"
        {
            self.unique(
                &format!("{}/block_id", at.pointer),
                "block_id",
                format!("block {id}"),
            );
        }
        match at.kind() {
            "section" => self.section(at),
            "header" => {
                self.known(at, &["text", "block_id", "level"]);
                self.text(at, "text", true, Texts::Plain, 150);
            }
            "divider" => self.known(at, &["block_id"]),
            "context" => self.context(at),
            "actions" => self.elements(at, Seat::Actions, 25),
            "context_actions" => self.elements(at, Seat::ContextActions, 5),
            "image" => self.image(at),
            "input" => self.input(at),
            "rich_text" => self.rich_text(at),
            "markdown" => self.markdown(at),
            "table" => self.table(at),
            "video" => self.video(at),
            "card" => self.card(at),
            "carousel" => {
                for (pointer, value) in self.list(at, "elements", 1, 10) {
                    if let Some(card) = self.object(pointer, value) {
                        self.card(&card);
                    }
                }
            }
            "alert" => self.text(at, "text", true, Texts::Any, 200),
            "" => self.fail(&at.pointer, "missing required field: type"),
            other => self.fail(&at.pointer, format!("unsupported type: {other}")),
        }
    }

    fn only_on(&mut self, at: &At<'_>, surfaces: &[Surface]) {
        if !surfaces.contains(&self.surface) {
            self.fail(&at.pointer, format!("{} blocks are not allowed here", at.kind()));
        }
    }

    fn section(&mut self, at: &At<'_>) {
        self.known(at, &["text", "block_id", "fields", "accessory", "expand"]);
        if at.get("text").is_none() && at.get("fields").is_none() {
            self.fail(&at.pointer, "either text or fields must be provided");
        }
        self.text(at, "text", false, Texts::Any, 3000);
        if at.get("fields").is_some() {
            for (pointer, value) in self.list(at, "fields", 1, 10) {
                if let Some(field) = self.object(pointer, value) {
                    self.text_object(&field, Texts::Any, 2000);
                }
            }
        }
        if let Some(accessory) = self.field(at, "accessory", false) {
            self.element(&accessory, Seat::Accessory, at);
        }
    }

    fn context(&mut self, at: &At<'_>) {
        self.known(at, &["elements", "block_id"]);
        for (pointer, value) in self.list(at, "elements", 1, 10) {
            let Some(element) = self.object(pointer, value) else {
                continue;
            };
            match element.kind() {
                "image" => self.image_element(&element),
                _ => self.text_object(&element, Texts::Any, 2000),
            }
        }
    }

    fn elements(&mut self, at: &At<'_>, seat: Seat, max: usize) {
        self.known(at, &["elements", "block_id"]);
        for (pointer, value) in self.list(at, "elements", 1, max) {
            if let Some(element) = self.object(pointer, value) {
                self.element(&element, seat, at);
            }
        }
    }

    fn image(&mut self, at: &At<'_>) {
        self.known(at, &["image_url", "slack_file", "alt_text", "title", "block_id"]);
        if at.get("slack_file").is_none() {
            self.link(at, "image_url", true);
        }
        self.string(at, "alt_text", true, 2000);
        self.text(at, "title", false, Texts::Plain, 2000);
    }

    fn input(&mut self, at: &At<'_>) {
        self.known(
            at,
            &[
                "label",
                "element",
                "dispatch_action",
                "block_id",
                "hint",
                "optional",
            ],
        );
        self.text(at, "label", true, Texts::Plain, 2000);
        self.text(at, "hint", false, Texts::Plain, 2000);
        if let Some(element) = self.field(at, "element", true) {
            self.element(&element, Seat::Input, at);
        }
    }

    fn markdown(&mut self, at: &At<'_>) {
        self.only_on(at, &[Surface::Message]);
        let length = self
            .string(at, "text", true, 12_000)
            .map_or(0, |t| t.chars().count());
        self.markdown += length;
        if length <= 12_000 && self.markdown > 12_000 {
            self.fail(&at.pointer, "markdown blocks hold 12000 characters together");
        }
    }

    fn table(&mut self, at: &At<'_>) {
        self.only_on(at, &[Surface::Message]);
        self.list(at, "column_settings", 0, 20);
        for (pointer, row) in self.list(at, "rows", 1, 100) {
            match row.as_array() {
                Some(cells) if cells.len() > 20 => self.fail(&pointer, "no more than 20 items allowed"),
                Some(_) => {}
                None => self.fail(&pointer, "must be an array"),
            }
        }
    }

    fn video(&mut self, at: &At<'_>) {
        self.string(at, "alt_text", true, 2000);
        self.link(at, "video_url", true);
        self.link(at, "thumbnail_url", true);
        self.text(at, "title", true, Texts::Plain, 200);
    }

    fn card(&mut self, at: &At<'_>) {
        self.text(at, "title", false, Texts::Any, 150);
        self.text(at, "subtitle", false, Texts::Any, 150);
        self.text(at, "body", false, Texts::Any, 200);
        for (pointer, value) in self.list(at, "actions", 0, 3) {
            if let Some(element) = self.object(pointer, value) {
                self.element(&element, Seat::Actions, at);
            }
        }
    }
}
