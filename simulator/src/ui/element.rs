//! Purpose: the parts of Block Kit a person can press or fill in.
//!
//! Follows <https://docs.slack.dev/reference/block-kit/block-elements>. Each control carries `data-block` and
//! `data-action`; the script sends those two and a value, and the simulator looks the element up again in what the app sent, so
//! the page never decides what a click means. `data-live` marks what acts at once instead of waiting for a submit.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use url::Url;

use super::choice;
use super::html::{escape, is_safe_link};
use super::json::{has, list, text};
use super::mrkdwn;
use super::reader::Reader;

/// A message or view whose blocks are drawn.
pub(crate) struct Scene<'a> {
    /// For whom it is drawn.
    pub(crate) reader: &'a Reader<'a>,
    /// Prefix that makes HTML ids unique on the page: the message or view.
    pub(crate) within: &'a str,
    /// What is chosen and typed: block id, action id, state.
    pub(crate) values: &'a Map<String, Value>,
    /// What the app complained about, by block id.
    pub(crate) errors: &'a BTreeMap<String, String>,
}

/// Where a control stands.
pub(crate) struct Place<'a> {
    /// The message or view.
    pub(crate) scene: &'a Scene<'a>,
    /// The block that holds it.
    pub(crate) block: &'a str,
    /// Whether using it tells the app at once (everywhere but in an input block that does not dispatch).
    pub(crate) live: bool,
}

impl Place<'_> {
    /// An HTML id for a part of the element.
    pub(crate) fn id(&self, element: &Value, part: &str) -> String {
        let id = format!(
            "{}-{}-{}-{part}",
            self.scene.within,
            self.block,
            text(element, "action_id")
        );
        escape(&id.replace(char::is_whitespace, "_"))
    }

    /// The attributes by which the script knows the element.
    pub(crate) fn marks(&self, element: &Value) -> String {
        let live = if self.live { " data-live" } else { "" };
        let confirm = if has(element, "confirm") {
            format!(r#" data-confirm="{}""#, self.id(element, "confirm"))
        } else {
            String::new()
        };
        let (block, action) = (escape(self.block), escape(text(element, "action_id")));
        format!(r#" data-block="{block}" data-action="{action}"{live}{confirm}"#)
    }

    /// What the element holds now, in Slack's state form; null for what holds nothing.
    pub(crate) fn state(&self, element: &Value) -> &Value {
        self.scene
            .values
            .get(self.block)
            .map_or(&Value::Null, |block| &block[text(element, "action_id")])
    }
}

/// Draws one element with its confirm dialog, if it has one.
pub(crate) fn render(element: &Value, place: &Place<'_>) -> String {
    let mut html = match text(element, "type") {
        "button" | "workflow_button" => button(element, place),
        "overflow" => overflow(element, place),
        "image" => image(element),
        "mrkdwn" | "plain_text" => mrkdwn::object(element, place.scene.reader),
        "static_select" | "external_select" | "users_select" | "conversations_select" | "channels_select" => {
            choice::one(element, place)
        }
        "multi_static_select"
        | "multi_external_select"
        | "multi_users_select"
        | "multi_conversations_select"
        | "multi_channels_select" => choice::several(element, place),
        "checkboxes" | "radio_buttons" => choice::ticks(element, place),
        "plain_text_input" | "rich_text_input"
            if element["multiline"] == true || text(element, "type") != "plain_text_input" =>
        {
            area(element, place)
        }
        "plain_text_input" => input(element, place, "text", "value"),
        "email_text_input" => input(element, place, "email", "value"),
        "url_text_input" => input(element, place, "url", "value"),
        "number_input" => input(element, place, "number", "value"),
        "datepicker" => input(element, place, "date", "selected_date"),
        "timepicker" => input(element, place, "time", "selected_time"),
        "datetimepicker" => input(element, place, "datetime-local", "selected_date_time"),
        "feedback_buttons" => feedback(element, place),
        "icon_button" => icon_button(element, place),
        other => unknown("element", other),
    };
    if has(element, "confirm") {
        html.push_str(&confirm(element, place));
    }
    html
}

/// An honest note where something cannot be drawn.
pub(crate) fn unknown(what: &str, kind: &str) -> String {
    format!(
        r#"<p class="unknown">This page does not draw the {what} type <code>{}</code>.</p>"#,
        escape(kind)
    )
}

fn button(element: &Value, place: &Place<'_>) -> String {
    let label = mrkdwn::render_plain(text(&element["text"], "text"));
    let style = escape(text(element, "style"));
    let spoken = match text(element, "accessibility_label") {
        "" => String::new(),
        spoken => format!(r#" aria-label="{}""#, escape(spoken)),
    };
    let (marks, url) = (place.marks(element), text(element, "url"));
    if is_safe_link(url) {
        let url = escape(url);
        return format!(
            r#"<a class="button {style}" href="{url}" target="_blank" rel="noopener noreferrer"{marks}{spoken}>{label}</a>"#
        );
    }
    format!(r#"<button type="button" class="button {style}"{marks}{spoken}>{label}</button>"#)
}

fn overflow(element: &Value, place: &Place<'_>) -> String {
    let marks = place.marks(element);
    let items: String = list(element, "options")
        .iter()
        .map(|option| {
            let label = mrkdwn::object(&option["text"], place.scene.reader);
            let value = escape(text(option, "value"));
            match text(option, "url") {
                url if is_safe_link(url) => format!(
                    r#"<a role="menuitem" href="{}" target="_blank" rel="noopener noreferrer" data-value="{value}"{marks}>{label}</a>"#,
                    escape(url)
                ),
                _ => format!(r#"<button type="button" role="menuitem" data-value="{value}"{marks}>{label}</button>"#),
            }
        })
        .collect();
    format!(
        r#"<details class="overflow"><summary aria-label="More actions" title="More actions"><span></span></summary><div class="menu" role="menu">{items}</div></details>"#
    )
}

/// Whether a picture's address stays on this machine.
fn is_here(address: &str) -> bool {
    if address.starts_with('/') {
        return !address.starts_with("//");
    }
    Url::parse(address).is_ok_and(|url| match url.scheme() {
        "data" => address.starts_with("data:image/"),
        "http" => matches!(url.host_str(), Some("127.0.0.1" | "localhost")),
        _ => false,
    })
}

/// A picture, or its description where the address would leave this machine.
pub(crate) fn image(element: &Value) -> String {
    let (url, alt) = (text(element, "image_url"), text(element, "alt_text"));
    if is_here(url) {
        return format!(
            r#"<img src="{}" alt="{alt}" title="{alt}">"#,
            escape(url),
            alt = escape(alt)
        );
    }
    let letter: String = alt
        .chars()
        .find(|c| c.is_alphanumeric())
        .into_iter()
        .flat_map(char::to_uppercase)
        .collect();
    format!(
        r#"<span class="picture" role="img" aria-label="{alt}" title="{alt}">{letter}</span>"#,
        alt = escape(alt)
    )
}

fn input(element: &Value, place: &Place<'_>, kind: &str, field: &str) -> String {
    let value = match &place.state(element)[field] {
        Value::String(value) => value.clone(),
        Value::Number(seconds) if kind == "datetime-local" => {
            local_minute(seconds.as_i64().unwrap_or_default(), place.scene.reader)
        }
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => String::new(),
    };
    let step = if element["is_decimal_allowed"] == true {
        r#" step="any""#
    } else {
        ""
    };
    format!(
        r#"<input class="input" type="{kind}" value="{}"{}{}{step}>"#,
        escape(&value),
        field_marks(element, place),
        limits(
            element,
            &[
                ("min_value", "min"),
                ("max_value", "max"),
                ("max_length", "maxlength")
            ]
        )
    )
}

/// An instant as `<input type="datetime-local">` wants it, on the reader's clock.
fn local_minute(seconds: i64, reader: &Reader<'_>) -> String {
    chrono::DateTime::from_timestamp(seconds, 0)
        .map(|at| {
            at.with_timezone(&reader.zone)
                .format("%Y-%m-%dT%H:%M")
                .to_string()
        })
        .unwrap_or_default()
}

fn area(element: &Value, place: &Place<'_>) -> String {
    format!(
        r#"<textarea class="input" rows="4"{}{}>{}</textarea>"#,
        field_marks(element, place),
        limits(element, &[("max_length", "maxlength")]),
        escape(text(place.state(element), "value"))
    )
}

/// Marks, HTML id (a label points to it), placeholder and focus of something that is typed into.
fn field_marks(element: &Value, place: &Place<'_>) -> String {
    let focus = if element["focus_on_load"] == true {
        " autofocus"
    } else {
        ""
    };
    format!(
        r#"{} id="{}" placeholder="{}"{focus}"#,
        place.marks(element),
        place.id(element, "field"),
        escape(text(&element["placeholder"], "text"))
    )
}

fn limits(element: &Value, names: &[(&str, &str)]) -> String {
    let shown = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    names
        .iter()
        .filter(|(key, _)| has(element, key))
        .map(|(key, attribute)| format!(r#" {attribute}="{}""#, escape(&shown(&element[*key]))))
        .collect()
}

fn feedback(element: &Value, place: &Place<'_>) -> String {
    let marks = place.marks(element);
    let one = |which: &Value, sign: &str| {
        let (label, value) = (escape(text(&which["text"], "text")), escape(text(which, "value")));
        format!(
            r#"<button type="button" class="icon" title="{label}" aria-label="{label}" data-value="{value}"{marks}>{sign}</button>"#
        )
    };
    one(&element["positive_button"], "👍") + &one(&element["negative_button"], "👎")
}

fn icon_button(element: &Value, place: &Place<'_>) -> String {
    let label = escape(text(&element["text"], "text"));
    format!(
        r#"<button type="button" class="icon" title="{label}" aria-label="{label}"{}>🗑️</button>"#,
        place.marks(element)
    )
}

fn confirm(element: &Value, place: &Place<'_>) -> String {
    let spec = &element["confirm"];
    let or = |key: &str, default: &str| match text(&spec[key], "text") {
        "" => default.to_owned(),
        given => mrkdwn::render_plain(given),
    };
    let style = if text(spec, "style") == "danger" {
        "danger"
    } else {
        "primary"
    };
    format!(
        r#"<dialog class="confirm" id="{}"><h2>{}</h2><div class="text">{}</div><div class="buttons"><button type="button" class="button" data-answer="no">{}</button><button type="button" class="button {style}" data-answer="yes">{}</button></div></dialog>"#,
        place.id(element, "confirm"),
        or("title", "Are you sure?"),
        mrkdwn::object(&spec["text"], place.scene.reader),
        or("deny", "Cancel"),
        or("confirm", "Yes")
    )
}
