//! Purpose: composition objects: texts, options, confirmation dialogs.

use serde_json::Value;

use super::check::{At, Check};

/// Which text objects are allowed somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Texts {
    Plain,
    Any,
}

impl Check {
    /// A field that is a text object of one to `max` characters.
    pub(super) fn text(&mut self, at: &At<'_>, key: &str, required: bool, texts: Texts, max: usize) {
        if let Some(text) = self.field(at, key, required) {
            self.text_object(&text, texts, max);
        }
    }

    /// A text object itself.
    pub(super) fn text_object(&mut self, text: &At<'_>, texts: Texts, max: usize) {
        match (text.kind(), texts) {
            ("plain_text", _) => self.known(text, &["text", "emoji"]),
            ("mrkdwn", Texts::Any) => self.known(text, &["text", "verbatim"]),
            ("mrkdwn", Texts::Plain) => self.fail(&format!("{}/type", text.pointer), "must be plain_text"),
            _ => self.fail(&format!("{}/type", text.pointer), "must be plain_text or mrkdwn"),
        }
        self.string(text, "text", true, max);
    }

    /// The options of a menu: 75 characters of label, 75 of description, 150 of value (Slack's Java SDK says 75).
    pub(super) fn options(&mut self, at: &At<'_>, key: &str, min: usize, max: usize, texts: Texts) {
        let mut values = std::collections::HashSet::new();
        for (pointer, value) in self.list(at, key, min, max) {
            let Some(option) = self.object(pointer, value) else {
                continue;
            };
            self.option(&option, texts);
            if let Some(value) = option.get("value").and_then(Value::as_str)
                && !values.insert(value)
            {
                self.fail(
                    &format!("{}/value", option.pointer),
                    "option values must be unique",
                );
            }
        }
    }

    pub(super) fn option(&mut self, option: &At<'_>, texts: Texts) {
        self.known(option, &["text", "value", "description", "url"]);
        self.text(option, "text", true, texts, 75);
        self.string(option, "value", true, 150);
        self.text(option, "description", false, texts, 75);
        self.link(option, "url", false);
    }

    /// The groups of a menu: a hundred, each with a label and a hundred options.
    pub(super) fn option_groups(&mut self, at: &At<'_>) {
        for (pointer, value) in self.list(at, "option_groups", 1, 100) {
            let Some(group) = self.object(pointer, value) else {
                continue;
            };
            self.known(&group, &["label", "options"]);
            self.text(&group, "label", true, Texts::Plain, 75);
            self.options(&group, "options", 1, 100, Texts::Plain);
        }
    }

    /// "Are you sure?"
    pub(super) fn confirm(&mut self, at: &At<'_>) {
        let Some(confirm) = self.field(at, "confirm", false) else {
            return;
        };
        self.known(&confirm, &["title", "text", "confirm", "deny", "style"]);
        self.text(&confirm, "title", true, Texts::Plain, 100);
        self.text(&confirm, "text", true, Texts::Any, 300);
        self.text(&confirm, "confirm", true, Texts::Plain, 30);
        self.text(&confirm, "deny", true, Texts::Plain, 30);
        self.one_of(&confirm, "style", &["primary", "danger"]);
    }
}
