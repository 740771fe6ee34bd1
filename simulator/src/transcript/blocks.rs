//! Purpose: blocks as lines of text.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Detail, plain};
use crate::forms::{Place, interactive};
use crate::workspace::Workspace;

/// What the lines of one message or view are made with.
struct Page<'a> {
    w: &'a Workspace,
    values: &'a Map<String, Value>,
    errors: &'a BTreeMap<String, String>,
    detail: Detail,
}

/// Blocks as lines; a line may hold line breaks of its own.
pub(crate) fn lines(
    w: &Workspace,
    blocks: &[Value],
    values: &Map<String, Value>,
    errors: &BTreeMap<String, String>,
    detail: Detail,
) -> Vec<String> {
    let page = Page {
        w,
        values,
        errors,
        detail,
    };
    blocks.iter().flat_map(|block| page.block(block)).collect()
}

impl Page<'_> {
    fn block(&self, block: &Value) -> Vec<String> {
        match block["type"].as_str().unwrap_or_default() {
            "header" => vec![format!("# {}", self.text(&block["text"]))],
            "section" => self.section(block),
            "divider" => vec!["---".into()],
            "context" => {
                let parts: Vec<String> = items(&block["elements"]).map(|e| self.text_or_image(e)).collect();
                vec![format!("· {}", parts.join(" · "))]
            }
            "actions" | "context_actions" => vec![self.elements(block)],
            "image" => vec![self.text_or_image(block)],
            "input" => self.input(block),
            "rich_text" => vec![self.rich(block)],
            "markdown" => vec![block["text"].as_str().unwrap_or_default().to_owned()],
            "table" => items(&block["rows"]).map(|row| self.row(row)).collect(),
            "card" => self.card(block),
            "carousel" => items(&block["elements"])
                .flat_map(|card| self.card(card))
                .collect(),
            "alert" => vec![format!("! {}", self.text(&block["text"]))],
            other => vec![format!("({other})")],
        }
    }

    fn section(&self, block: &Value) -> Vec<String> {
        let mut out = Vec::new();
        if block["text"].is_object() {
            out.push(self.text(&block["text"]));
        }
        let fields: Vec<String> = items(&block["fields"])
            .map(|f| self.text(f).replace('\n', ": "))
            .collect();
        out.extend(fields.chunks(2).map(|pair| format!("| {}", pair.join(" | "))));
        let accessory = &block["accessory"];
        if accessory["type"] == "image" {
            out.push(self.text_or_image(accessory));
        } else if !accessory.is_null() {
            out.push(self.elements(block));
        }
        out
    }

    fn input(&self, block: &Value) -> Vec<String> {
        let optional = if block["optional"] == true {
            " (optional)"
        } else {
            ""
        };
        let mut out = vec![format!(
            "{}{optional}: {}",
            self.text(&block["label"]),
            self.elements(block)
        )];
        if block["hint"].is_object() {
            out.push(format!("  ({})", self.text(&block["hint"])));
        }
        out.extend(
            block["block_id"]
                .as_str()
                .and_then(|id| self.errors.get(id))
                .map(|e| format!("  ! {e}")),
        );
        out
    }

    fn card(&self, block: &Value) -> Vec<String> {
        let mut out: Vec<String> = ["title", "subtitle", "body"]
            .iter()
            .filter(|key| block[**key].is_object())
            .map(|key| self.text(&block[*key]))
            .collect();
        out.extend(block["actions"].is_array().then(|| self.elements(block)));
        out
    }

    /// Every interactive element of a block, side by side.
    fn elements(&self, block: &Value) -> String {
        let each: Vec<String> = interactive(std::slice::from_ref(block))
            .iter()
            .map(|p| self.element(p))
            .collect();
        each.join(" ")
    }

    fn element(&self, place: &Place<'_>) -> String {
        let labels = || {
            place
                .options()
                .iter()
                .map(|o| self.text(&o["text"]))
                .collect::<Vec<_>>()
        };
        let id = if self.detail.action_ids {
            format!("{{{}}}", place.action_id)
        } else {
            String::new()
        };
        let state = self
            .values
            .get(place.block_id)
            .and_then(|b| b.get(place.action_id));
        let chosen = state.map(|s| self.chosen(s)).unwrap_or_default();
        let shown = match place.kind() {
            "button" | "workflow_button" | "icon_button" => self.text(&place.element["text"]),
            "overflow" => format!("⋯ {}", labels().join(" | ")),
            "checkboxes" | "radio_buttons" => {
                let mark = |label: String| {
                    if chosen.contains(&label) {
                        format!("(x) {label}")
                    } else {
                        format!("( ) {label}")
                    }
                };
                labels().into_iter().map(mark).collect::<Vec<_>>().join(" | ")
            }
            "feedback_buttons" => ["positive_button", "negative_button"]
                .map(|key| self.text(&place.element[key]["text"]))
                .join(" | "),
            kind if kind.ends_with("_input") => chosen.first().cloned().unwrap_or_else(|| "____".into()),
            "static_select" | "multi_static_select" if chosen.is_empty() => {
                format!(
                    "{} ▾ {}",
                    self.text(&place.element["placeholder"]),
                    labels().join(" | ")
                )
            }
            _ if chosen.is_empty() => format!("{} ▾", self.text(&place.element["placeholder"])),
            _ => format!("{} ▾", chosen.join(", ")),
        };
        format!("[{}]{id}", shown.trim())
    }

    /// What an element holds, in words.
    fn chosen(&self, state: &Value) -> Vec<String> {
        let fields = state
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(key, _)| *key != "type");
        let values = fields.flat_map(|(_, v)| match v {
            Value::Array(many) => many.iter().collect(),
            Value::Null => Vec::new(),
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => vec![v],
        });
        values
            .map(|value| match value {
                Value::Object(_) => self.text(&value["text"]),
                Value::String(text) => match self.w.people.iter().find(|p| p.id == *text) {
                    Some(person) => format!("@{}", person.name),
                    None => self
                        .w
                        .channel(text)
                        .map_or_else(|| text.clone(), |c| format!("#{}", c.name)),
                },
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => value.to_string(),
            })
            .collect()
    }

    fn text_or_image(&self, value: &Value) -> String {
        if value["type"] == "image" {
            return format!("(image: {})", value["alt_text"].as_str().unwrap_or_default());
        }
        self.text(value)
    }

    fn text(&self, object: &Value) -> String {
        let text = object["text"].as_str().unwrap_or_default();
        if object["type"] == "plain_text" {
            text.to_owned()
        } else {
            plain(self.w, text)
        }
    }

    fn row(&self, row: &Value) -> String {
        let cells: Vec<String> = items(row)
            .map(|c| {
                if c["type"] == "rich_text" {
                    self.rich(c)
                } else {
                    self.text(c)
                }
            })
            .collect();
        format!("| {}", cells.join(" | "))
    }

    /// Rich text as one string; list items begin with a dash.
    fn rich(&self, value: &Value) -> String {
        let inside = || items(&value["elements"]).map(|e| self.rich(e));
        match value["type"].as_str().unwrap_or_default() {
            "rich_text" => inside().collect::<Vec<_>>().join("\n"),
            "rich_text_list" => inside()
                .map(|line| format!("- {line}"))
                .collect::<Vec<_>>()
                .join("\n"),
            "rich_text_section" => inside().collect(),
            "rich_text_quote" => format!("> {}", inside().collect::<String>()),
            "rich_text_preformatted" => format!("```{}```", inside().collect::<String>()),
            "text" => {
                let text = value["text"].as_str().unwrap_or_default();
                if value["style"]["strike"] == true {
                    format!("~{text}~")
                } else {
                    text.to_owned()
                }
            }
            "link" => value["text"]
                .as_str()
                .or(value["url"].as_str())
                .unwrap_or_default()
                .to_owned(),
            "user" => format!(
                "@{}",
                self.w.handle(value["user_id"].as_str().unwrap_or_default())
            ),
            "emoji" => format!(":{}:", value["name"].as_str().unwrap_or_default()),
            "broadcast" => format!("@{}", value["range"].as_str().unwrap_or_default()),
            _ => String::new(),
        }
    }
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
