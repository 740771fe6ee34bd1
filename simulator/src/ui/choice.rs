//! Purpose: menus, checkboxes and radio buttons: choosing one or several of a list.

use serde_json::Value;

use super::element::Place;
use super::emoji;
use super::html::escape;
use super::json::{list, text};
use super::mrkdwn;
use super::reader::Reader;

/// One entry of a menu.
struct Entry {
    value: String,
    label: String,
}

/// A menu with its heading, if the app grouped the options.
struct Group {
    heading: Option<String>,
    entries: Vec<Entry>,
}

/// A menu of which one entry is chosen.
pub(crate) fn one(element: &Value, place: &Place<'_>) -> String {
    let chosen = chosen(element, place);
    let placeholder = match text(&element["placeholder"], "text") {
        "" => "Choose",
        given => given,
    };
    let options: String = groups(element, place.scene.reader)
        .iter()
        .map(|group| {
            let options: String = group
                .entries
                .iter()
                .map(|entry| {
                    let selected = if chosen.contains(&entry.value) {
                        " selected"
                    } else {
                        ""
                    };
                    format!(
                        r#"<option value="{}"{selected}>{}</option>"#,
                        escape(&entry.value),
                        escape(&entry.label)
                    )
                })
                .collect();
            match &group.heading {
                Some(heading) => format!(r#"<optgroup label="{}">{options}</optgroup>"#, escape(heading)),
                None => options,
            }
        })
        .collect();
    let none_chosen = if chosen.is_empty() { " selected" } else { "" };
    format!(
        r#"<select class="select" id="{}" aria-label="{label}"{}><option value=""{none_chosen}>{label}</option>{options}</select>"#,
        place.id(element, "field"),
        place.marks(element),
        label = escape(placeholder),
    )
}

/// A menu of which several entries may be ticked.
pub(crate) fn several(element: &Value, place: &Place<'_>) -> String {
    let chosen = chosen(element, place);
    let groups = groups(element, place.scene.reader);
    let rows: String = groups
        .iter()
        .map(|group| {
            let heading = group
                .heading
                .as_ref()
                .map(|h| format!(r#"<p class="heading">{}</p>"#, escape(h)))
                .unwrap_or_default();
            let rows: String = group
                .entries
                .iter()
                .map(|entry| {
                    tick(
                        "checkbox",
                        "",
                        &entry.value,
                        &escape(&entry.label),
                        chosen.contains(&entry.value),
                    )
                })
                .collect();
            heading + &rows
        })
        .collect();
    let placeholder = match text(&element["placeholder"], "text") {
        "" => "Choose",
        given => given,
    };
    let names = groups
        .iter()
        .flat_map(|g| &g.entries)
        .filter(|e| chosen.contains(&e.value))
        .map(|e| e.label.as_str());
    let names = names.collect::<Vec<_>>().join(", ");
    let label = if names.is_empty() { placeholder } else { &names };
    format!(
        r#"<details class="several" data-many data-placeholder="{}"{}><summary class="select" id="{}">{}</summary><div class="menu">{rows}</div></details>"#,
        escape(placeholder),
        place.marks(element),
        place.id(element, "field"),
        escape(label)
    )
}

/// Checkboxes, or radio buttons.
pub(crate) fn ticks(element: &Value, place: &Place<'_>) -> String {
    let many = text(element, "type") == "checkboxes";
    let chosen = chosen(element, place);
    let name = place.id(element, "field");
    let rows: String = list(element, "options")
        .iter()
        .map(|option| {
            let mut label = mrkdwn::object(&option["text"], place.scene.reader);
            if !text(&option["description"], "text").is_empty() {
                label.push_str(&format!(
                    "<small>{}</small>",
                    mrkdwn::object(&option["description"], place.scene.reader)
                ));
            }
            let value = text(option, "value");
            let kind = if many { "checkbox" } else { "radio" };
            tick(kind, &name, value, &label, chosen.iter().any(|c| c == value))
        })
        .collect();
    let (role, shape) = if many {
        ("group", " data-many")
    } else {
        ("radiogroup", " data-radio")
    };
    format!(
        r#"<div class="ticks" role="{role}" id="{name}"{shape}{}>{rows}</div>"#,
        place.marks(element)
    )
}

/// `label` is HTML.
fn tick(kind: &str, name: &str, value: &str, label: &str, checked: bool) -> String {
    let checked = if checked { " checked" } else { "" };
    format!(
        r#"<label class="tick"><input type="{kind}" name="{name}" value="{}"{checked}><span>{label}</span></label>"#,
        escape(value)
    )
}

/// The values that are chosen now.
fn chosen(element: &Value, place: &Place<'_>) -> Vec<String> {
    let state = place.state(element);
    let single = ["selected_user", "selected_conversation", "selected_channel"]
        .iter()
        .map(|key| &state[*key]);
    let several = ["selected_users", "selected_conversations", "selected_channels"]
        .iter()
        .flat_map(|key| list(state, key));
    let options = list(state, "selected_options")
        .iter()
        .chain([&state["selected_option"]])
        .map(|o| &o["value"]);
    single
        .chain(several)
        .chain(options)
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

fn groups(element: &Value, reader: &Reader<'_>) -> Vec<Group> {
    let plain = |entries| {
        vec![Group {
            heading: None,
            entries,
        }]
    };
    let people = || reader.names.humans().map(|(id, name)| entry(id, name.to_owned()));
    let channels = || {
        reader
            .names
            .channels
            .iter()
            .map(|(id, name)| entry(id, format!("#{name}")))
    };
    match text(element, "type") {
        "users_select" | "multi_users_select" => plain(people().collect()),
        "channels_select" | "multi_channels_select" => plain(channels().collect()),
        "conversations_select" | "multi_conversations_select" => plain(channels().chain(people()).collect()),
        _ if element["option_groups"].is_array() => list(element, "option_groups")
            .iter()
            .map(|group| Group {
                heading: Some(text(&group["label"], "text").to_owned()),
                entries: list(group, "options").iter().map(option).collect(),
            })
            .collect(),
        _ => plain(list(element, "options").iter().map(option).collect()),
    }
}

fn option(option: &Value) -> Entry {
    entry(
        text(option, "value"),
        emoji::replace(text(&option["text"], "text")),
    )
}

fn entry(value: &str, label: String) -> Entry {
    Entry {
        value: value.to_owned(),
        label,
    }
}
