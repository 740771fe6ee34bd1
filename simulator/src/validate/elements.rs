//! Purpose: the rules of interactive elements, images in text, and which block takes which element.

use serde_json::Value;

use super::check::{At, Check};
use super::objects::Texts;

/// Where an element sits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seat {
    Actions,
    Accessory,
    Input,
    ContextActions,
}

const MENUS: &[&str] = &[
    "static_select",
    "external_select",
    "users_select",
    "conversations_select",
    "channels_select",
];
const MULTI_MENUS: &[&str] = &[
    "multi_static_select",
    "multi_external_select",
    "multi_users_select",
    "multi_conversations_select",
    "multi_channels_select",
];
const PICKERS: &[&str] = &["datepicker", "timepicker", "checkboxes", "radio_buttons"];
const TYPED: &[&str] = &[
    "plain_text_input",
    "email_text_input",
    "url_text_input",
    "number_input",
    "rich_text_input",
    "file_input",
];

impl Seat {
    fn takes(self, kind: &str) -> bool {
        match self {
            Self::Actions => {
                MENUS.contains(&kind)
                    || PICKERS.contains(&kind)
                    || matches!(
                        kind,
                        "button" | "overflow" | "datetimepicker" | "rich_text_input" | "workflow_button"
                    )
                    || MULTI_MENUS.contains(&kind)
            }
            Self::Accessory => {
                MENUS.contains(&kind)
                    || MULTI_MENUS.contains(&kind)
                    || PICKERS.contains(&kind)
                    || matches!(kind, "button" | "overflow" | "image" | "workflow_button")
            }
            Self::Input => {
                MENUS.contains(&kind)
                    || MULTI_MENUS.contains(&kind)
                    || PICKERS.contains(&kind)
                    || TYPED.contains(&kind)
                    || kind == "datetimepicker"
            }
            Self::ContextActions => matches!(kind, "feedback_buttons" | "icon_button"),
        }
    }
}

impl Check {
    /// One element of a block.
    pub(super) fn element(&mut self, element: &At<'_>, seat: Seat, block: &At<'_>) {
        let kind = element.kind();
        if !seat.takes(kind) {
            self.fail(&element.pointer, format!("unsupported type: {kind}"));
            return;
        }
        if let Some(id) = self.string(element, "action_id", false, 255) {
            let block_id = block
                .get("block_id")
                .and_then(Value::as_str)
                .unwrap_or(&block.pointer);
            let pointer = format!("{}/action_id", element.pointer);
            self.unique(&pointer, "action_id", format!("action {block_id} {id}"));
        }
        if element.get("focus_on_load") == Some(&Value::Bool(true)) {
            self.focused += 1;
            if self.focused > 1 {
                self.fail(&element.pointer, "only one element may have focus_on_load");
            }
        }
        self.confirm(element);
        match kind {
            "image" => self.image_element(element),
            "button" | "workflow_button" => self.button(element),
            "overflow" => self.options(element, "options", 1, 5, Texts::Plain),
            "checkboxes" | "radio_buttons" => {
                self.options(element, "options", 1, 10, Texts::Any);
                self.initial_options(element);
            }
            "feedback_buttons" => self.feedback(element),
            "icon_button" => {
                self.text(element, "text", true, Texts::Plain, 75);
                self.string(element, "icon", true, 100);
            }
            _ if TYPED.contains(&kind) => self.typed(element),
            _ => self.menu(element),
        }
    }

    fn button(&mut self, at: &At<'_>) {
        let known = &[
            "text",
            "action_id",
            "url",
            "value",
            "style",
            "confirm",
            "accessibility_label",
            "workflow",
            "block_id",
        ];
        self.known(at, known);
        self.text(at, "text", true, Texts::Plain, 75);
        self.string(at, "value", false, 2000);
        self.string(at, "accessibility_label", false, 75);
        self.link(at, "url", false);
        self.one_of(at, "style", &["primary", "danger"]);
    }

    fn feedback(&mut self, at: &At<'_>) {
        for key in ["positive_button", "negative_button"] {
            let Some(button) = self.field(at, key, true) else {
                continue;
            };
            self.text(&button, "text", true, Texts::Plain, 75);
            self.string(&button, "value", true, 2000);
            self.string(&button, "accessibility_label", false, 75);
        }
    }

    fn menu(&mut self, at: &At<'_>) {
        self.text(at, "placeholder", false, Texts::Plain, 150);
        match at.kind() {
            "static_select" | "multi_static_select" => {
                match (at.get("options").is_some(), at.get("option_groups").is_some()) {
                    (true, true) => self.fail(&at.pointer, "options and option_groups cannot both be given"),
                    (false, true) => self.option_groups(at),
                    (_, false) => self.options(at, "options", 1, 100, Texts::Plain),
                }
                self.initial_options(at);
            }
            "datepicker" => self.shaped(at, "initial_date", "dddd-dd-dd"),
            "timepicker" => self.shaped(at, "initial_time", "dd:dd"),
            _ => {}
        }
        if at
            .get("max_selected_items")
            .is_some_and(|n| n.as_u64().is_none_or(|n| n == 0))
        {
            self.fail(
                &format!("{}/max_selected_items", at.pointer),
                "must be greater than 0",
            );
        }
    }

    /// What is chosen at first must be among the options.
    fn initial_options(&mut self, at: &At<'_>) {
        let groups = at
            .get("option_groups")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        let grouped = groups.filter_map(|g| g.get("options"));
        let all: Vec<&Value> = at
            .get("options")
            .into_iter()
            .chain(grouped)
            .filter_map(Value::as_array)
            .flatten()
            .collect();
        let chosen = at
            .get("initial_options")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        for chosen in chosen.chain(at.get("initial_option")) {
            if !all.iter().any(|o| o.get("value") == chosen.get("value")) {
                self.fail(&at.pointer, "initial option must be one of the options");
            }
        }
        if at
            .get("initial_options")
            .and_then(Value::as_array)
            .is_some_and(Vec::is_empty)
        {
            self.fail(
                &format!("{}/initial_options", at.pointer),
                "no fewer than 1 items allowed",
            );
        }
    }

    fn typed(&mut self, at: &At<'_>) {
        self.text(at, "placeholder", false, Texts::Plain, 150);
        if at.kind() == "number_input" && !at.get("is_decimal_allowed").is_some_and(Value::is_boolean) {
            self.fail(&at.pointer, "missing required field: is_decimal_allowed");
        }
        if at.kind() != "plain_text_input" {
            return;
        }
        self.string(at, "initial_value", false, 3000);
        let limit = |key: &str| at.get(key).and_then(Value::as_u64);
        for key in ["min_length", "max_length"] {
            if limit(key).is_some_and(|n| n > 3000) || (key == "max_length" && limit(key) == Some(0)) {
                self.fail(&format!("{}/{key}", at.pointer), "must be between 1 and 3000");
            }
        }
        if let (Some(min), Some(max)) = (limit("min_length"), limit("max_length"))
            && min > max
        {
            self.fail(
                &format!("{}/min_length", at.pointer),
                "must be less than max_length",
            );
        }
    }

    /// An image in a section or context.
    pub(super) fn image_element(&mut self, at: &At<'_>) {
        self.known(at, &["image_url", "slack_file", "alt_text", "action_id"]);
        if at.get("slack_file").is_none() {
            self.link(at, "image_url", true);
        }
        self.string(at, "alt_text", true, 2000);
    }

    /// A field in a given shape, `d` standing for a digit.
    fn shaped(&mut self, at: &At<'_>, key: &str, shape: &str) {
        let Some(text) = self.string(at, key, false, shape.len()) else {
            return;
        };
        let fits = text.len() == shape.len()
            && text
                .chars()
                .zip(shape.chars())
                .all(|(c, s)| if s == 'd' { c.is_ascii_digit() } else { c == s });
        if !fits {
            self.fail(
                &format!("{}/{key}", at.pointer),
                format!("must have the form {shape}"),
            );
        }
    }
}
