//! Purpose: the interactive parts of blocks: where they are, what they hold at first, what a choice looks like in JSON.

use serde_json::{Map, Value, json};

/// One interactive element and where it sits.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The block around it.
    pub block_id: &'a str,
    /// Its own name.
    pub action_id: &'a str,
    /// The element.
    pub element: &'a Value,
    /// The block around it.
    pub block: &'a Value,
}

impl Place<'_> {
    /// The element's type, such as `button`.
    pub fn kind(&self) -> &str {
        self.element
            .get("type")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// Sits in an input block.
    pub fn is_input(&self) -> bool {
        self.block.get("type").and_then(Value::as_str) == Some("input")
    }

    /// The options of a menu, groups flattened.
    pub fn options(&self) -> Vec<&Value> {
        let groups = self
            .element
            .get("option_groups")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        let grouped = groups.filter_map(|g| g.get("options"));
        let lists = self.element.get("options").into_iter().chain(grouped);
        lists.filter_map(Value::as_array).flatten().collect()
    }
}

/// Every interactive element of some blocks, in reading order.
pub fn interactive(blocks: &[Value]) -> Vec<Place<'_>> {
    let mut places = Vec::new();
    for block in blocks {
        let block_id = block.get("block_id").and_then(Value::as_str).unwrap_or_default();
        let many = block
            .get("elements")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        let buttons = block
            .get("actions")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        let single = block.get("accessory").into_iter().chain(block.get("element"));
        for element in many.chain(buttons).chain(single) {
            if let Some(action_id) = element.get("action_id").and_then(Value::as_str) {
                places.push(Place {
                    block_id,
                    action_id,
                    element,
                    block,
                });
            }
        }
    }
    places
}

/// The elements of one block that may carry an action id.
pub(crate) fn elements_mut(block: &mut Value) -> Vec<&mut Value> {
    let Some(fields) = block.as_object_mut() else {
        return Vec::new();
    };
    let kind = fields
        .get("type")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    let mut found = Vec::new();
    for (key, value) in fields.iter_mut() {
        match (key.as_str(), kind.as_str()) {
            ("element", "input") | ("accessory", "section") => found.push(value),
            ("elements", "actions" | "context_actions") => {
                found.extend(value.as_array_mut().into_iter().flatten());
            }
            _ => {}
        }
    }
    found.retain(|e| {
        e.get("type")
            .and_then(Value::as_str)
            .is_some_and(|t| t != "image")
    });
    found
}

/// How an element keeps its value: the field of its state, and the field of the element that sets it at first.
fn state_fields(kind: &str) -> Option<(&'static str, &'static str)> {
    Some(match kind {
        "plain_text_input" | "email_text_input" | "url_text_input" | "number_input" => {
            ("value", "initial_value")
        }
        "rich_text_input" => ("rich_text_value", "initial_value"),
        "static_select" | "external_select" | "radio_buttons" => ("selected_option", "initial_option"),
        "multi_static_select" | "multi_external_select" | "checkboxes" => {
            ("selected_options", "initial_options")
        }
        "users_select" => ("selected_user", "initial_user"),
        "multi_users_select" => ("selected_users", "initial_users"),
        "conversations_select" => ("selected_conversation", "initial_conversation"),
        "multi_conversations_select" => ("selected_conversations", "initial_conversations"),
        "channels_select" => ("selected_channel", "initial_channel"),
        "multi_channels_select" => ("selected_channels", "initial_channels"),
        "datepicker" => ("selected_date", "initial_date"),
        "timepicker" => ("selected_time", "initial_time"),
        "datetimepicker" => ("selected_date_time", "initial_date_time"),
        _ => return None,
    })
}

/// Whether several things can be chosen.
fn is_many(field: &str) -> bool {
    field.starts_with("selected_") && field.ends_with('s')
}

/// What `state.values` holds before anybody touched it.
pub(crate) fn initial_values(blocks: &[Value]) -> Map<String, Value> {
    let mut values = Map::new();
    for place in interactive(blocks) {
        let Some((field, initial)) = state_fields(place.kind()) else {
            continue;
        };
        let empty = if is_many(field) { json!([]) } else { Value::Null };
        let value = place.element.get(initial).cloned().unwrap_or(empty);
        put(&mut values, &place, json!({"type": place.kind(), field: value}));
    }
    values
}

/// Writes one value into `state.values`.
pub(crate) fn put(values: &mut Map<String, Value>, place: &Place<'_>, value: Value) {
    let block = values.entry(place.block_id).or_insert_with(|| json!({}));
    block[place.action_id] = value;
}

/// The state of an element after a person chose or typed `given`: options are named by value or by label, several
/// things are a list.
///
/// # Errors
/// A sentence saying why a person could not do this.
pub fn chosen(place: &Place<'_>, given: &Value) -> Result<Value, String> {
    let kind = place.kind();
    if kind == "overflow" {
        return Ok(json!({"type": kind, "selected_option": option(place, given)?}));
    }
    let Some((field, _)) = state_fields(kind) else {
        return Err(format!("a {kind} holds no value"));
    };
    let value = match field {
        "selected_option" if kind != "external_select" && !given.is_null() => option(place, given)?,
        "selected_options" if kind != "multi_external_select" => list(given)
            .iter()
            .map(|one| option(place, one))
            .collect::<Result<Value, String>>()?,
        "selected_date_time" => date_time(given)?,
        _ if is_many(field) => Value::Array(list(given)),
        _ => given.clone(),
    };
    check_typed(place, &value)?;
    Ok(json!({"type": kind, field: value}))
}

/// Whether the state of an element counts as empty.
pub(crate) fn is_empty(state: &Value) -> bool {
    let mut values = state
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(key, _)| *key != "type")
        .map(|(_, v)| v);
    values.all(|v| v.is_null() || v.as_str() == Some("") || v.as_array().is_some_and(Vec::is_empty))
}

fn list(given: &Value) -> Vec<Value> {
    match given {
        Value::Array(many) => many.clone(),
        Value::Null => Vec::new(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => vec![given.clone()],
    }
}

fn option(place: &Place<'_>, given: &Value) -> Result<Value, String> {
    let same = |option: &&Value| {
        option.get("value") == Some(given) || option.pointer("/text/text") == Some(given) || *option == given
    };
    let options = place.options();
    let labels = || {
        options
            .iter()
            .filter_map(|o| o.pointer("/text/text")?.as_str())
            .collect::<Vec<_>>()
            .join(" | ")
    };
    options.iter().copied().find(same).cloned().ok_or_else(|| {
        format!(
            "`{}` has no option {given}; it has: {}",
            place.action_id,
            labels()
        )
    })
}

fn date_time(given: &Value) -> Result<Value, String> {
    match given.as_str() {
        Some("") => Ok(Value::Null),
        Some(text) => text
            .parse::<i64>()
            .map(Value::from)
            .map_err(|_| format!("{text} is no Unix time")),
        None => Ok(given.clone()),
    }
}

fn check_typed(place: &Place<'_>, value: &Value) -> Result<(), String> {
    let Some(text) = value.as_str() else { return Ok(()) };
    let limit = |key: &str| {
        place
            .element
            .get(key)
            .and_then(Value::as_u64)
            .and_then(|n| usize::try_from(n).ok())
    };
    let length = text.chars().count();
    if limit("max_length").is_some_and(|max| length > max) {
        return Err(format!(
            "`{}` takes fewer characters than {length}",
            place.action_id
        ));
    }
    if !text.is_empty() && limit("min_length").is_some_and(|min| length < min) {
        return Err(format!(
            "`{}` wants more characters than {length}",
            place.action_id
        ));
    }
    Ok(())
}
