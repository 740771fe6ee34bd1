//! Purpose: Block Kit's layout blocks as HTML.
//!
//! Follows <https://docs.slack.dev/reference/block-kit/blocks>. What is not known here is said on the page, not hidden.

use serde_json::Value;

use super::element::{self, Place, Scene};
use super::html::{escape, link};
use super::json::{has, list, text};
use super::markdown;
use super::mrkdwn;
use super::reader::Reader;
use super::rich_text;

/// Draws the blocks of a message or view.
pub(crate) fn render_all(blocks: &[Value], scene: &Scene<'_>) -> String {
    blocks
        .iter()
        .map(|block| {
            render(
                block,
                &Place {
                    scene,
                    block: text(block, "block_id"),
                    live: true,
                },
            )
        })
        .collect()
}

fn render(block: &Value, place: &Place<'_>) -> String {
    let reader = place.scene.reader;
    match text(block, "type") {
        "header" => format!(
            r#"<h3 class="header">{}</h3>"#,
            mrkdwn::object(&block["text"], reader)
        ),
        "section" => section(block, place),
        "context" => wrap("context", &elements(block, place)),
        "divider" => r#"<hr class="divider">"#.to_owned(),
        "actions" | "context_actions" => wrap("actions", &elements(block, place)),
        "image" => image(block),
        "input" => input(block, place),
        "rich_text" => wrap("text rich", &rich_text::render(block, reader)),
        "markdown" => wrap("text markdown", &markdown::render(text(block, "text"))),
        "table" => table(block, reader),
        "alert" => alert(block, reader),
        "card" => card(block, place),
        "carousel" => {
            let cards: String = list(block, "elements").iter().map(|c| card(c, place)).collect();
            wrap("carousel", &cards)
        }
        "video" | "file" => wrap(
            "text",
            &link(text(block, "title_url"), &mrkdwn::object(&block["title"], reader)),
        ),
        other => element::unknown("block", other),
    }
}

fn wrap(class: &str, inner: &str) -> String {
    format!(r#"<div class="{class}">{inner}</div>"#)
}

fn elements(block: &Value, place: &Place<'_>) -> String {
    let one = |e: &Value| match text(e, "type") {
        "mrkdwn" | "plain_text" => format!("<span>{}</span>", mrkdwn::object(e, place.scene.reader)),
        _ => element::render(e, place),
    };
    list(block, "elements").iter().map(one).collect()
}

fn section(block: &Value, place: &Place<'_>) -> String {
    let mut body = String::new();
    if has(block, "text") {
        body.push_str(&wrap("text", &mrkdwn::object(&block["text"], place.scene.reader)));
    }
    let fields: String = list(block, "fields")
        .iter()
        .map(|f| wrap("field text", &mrkdwn::object(f, place.scene.reader)))
        .collect();
    if !fields.is_empty() {
        body.push_str(&wrap("fields", &fields));
    }
    if has(block, "accessory") {
        let accessory = element::render(&block["accessory"], place);
        return format!(
            r#"<div class="section"><div class="body">{body}</div><div class="accessory">{accessory}</div></div>"#
        );
    }
    wrap("section", &wrap("body", &body))
}

fn image(block: &Value) -> String {
    let title = text(&block["title"], "text");
    let caption = match title {
        "" => text(block, "alt_text"),
        given => given,
    };
    format!(
        r#"<figure class="image"><figcaption>{}</figcaption>{}</figure>"#,
        escape(caption),
        element::image(block)
    )
}

fn input(block: &Value, place: &Place<'_>) -> String {
    let (scene, control) = (place.scene, &block["element"]);
    let place = Place {
        live: block["dispatch_action"] == true,
        ..*place
    };
    let optional = if block["optional"] == true {
        r#" <span class="optional">optional</span>"#
    } else {
        ""
    };
    let hint = match text(&block["hint"], "text") {
        "" => String::new(),
        hint => format!(r#"<p class="hint">{}</p>"#, mrkdwn::render_plain(hint)),
    };
    let (invalid, error) = match scene.errors.get(place.block) {
        Some(error) => (
            " invalid",
            format!(r#"<p class="error" role="alert">{}</p>"#, escape(error)),
        ),
        None => ("", String::new()),
    };
    format!(
        r#"<div class="input-block{invalid}"><label for="{}">{}{optional}</label>{}{hint}{error}</div>"#,
        place.id(control, "field"),
        mrkdwn::object(&block["label"], scene.reader),
        element::render(control, &place),
    )
}

fn table(block: &Value, reader: &Reader<'_>) -> String {
    let settings = list(block, "column_settings");
    let cell = |(column, cell): (usize, &Value), tag: &str| {
        let align = match settings.get(column).map_or("", |s| text(s, "align")) {
            "right" => r#" class="right""#,
            "center" => r#" class="center""#,
            _ => "",
        };
        let content = match text(cell, "type") {
            "rich_text" => rich_text::render(cell, reader),
            _ => mrkdwn::render_plain(text(cell, "text")),
        };
        format!("<{tag}{align}>{content}</{tag}>")
    };
    let rows: String = list(block, "rows")
        .iter()
        .enumerate()
        .map(|(index, row)| {
            let tag = if index == 0 { "th" } else { "td" };
            let cells: String = row
                .as_array()
                .into_iter()
                .flatten()
                .enumerate()
                .map(|c| cell(c, tag))
                .collect();
            format!("<tr>{cells}</tr>")
        })
        .collect();
    format!(r#"<div class="table" tabindex="0" role="region" aria-label="Table"><table>{rows}</table></div>"#)
}

fn alert(block: &Value, reader: &Reader<'_>) -> String {
    let level = escape(text(block, "level"));
    format!(
        r#"<div class="alert {level}" role="note">{}</div>"#,
        mrkdwn::object(&block["text"], reader)
    )
}

fn card(block: &Value, place: &Place<'_>) -> String {
    let mut inner = String::new();
    for (key, class) in [
        ("title", "card-title"),
        ("subtitle", "card-subtitle"),
        ("body", "text"),
    ] {
        if has(block, key) {
            inner.push_str(&wrap(class, &mrkdwn::object(&block[key], place.scene.reader)));
        }
    }
    let buttons: String = list(block, "actions")
        .iter()
        .map(|e| element::render(e, place))
        .collect();
    if !buttons.is_empty() {
        inner.push_str(&wrap("actions", &buttons));
    }
    wrap("card", &inner)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Map, json};

    use super::super::reader::tests::reader;
    use super::*;

    fn html(blocks: &Value) -> String {
        reader(|reader| {
            let values = crate::forms::initial_values(blocks.as_array().unwrap());
            let errors = BTreeMap::from([("wrong".to_owned(), "Too <short>".to_owned())]);
            let scene = Scene {
                reader,
                within: "m1",
                values: &values,
                errors: &errors,
            };
            render_all(blocks.as_array().unwrap(), &scene)
        })
    }

    /// Every kind of block and element, with `text` wherever the app chooses words.
    fn everything(text: &str) -> Value {
        let words = json!({"type": "plain_text", "text": text});
        let option = json!({"text": words, "value": text, "description": words, "url": text});
        let confirm = json!({"title": words, "text": {"type": "mrkdwn", "text": text}, "confirm": words, "deny": words});
        let elements: Vec<Value> = [
            "button", "overflow", "static_select", "multi_static_select", "users_select", "conversations_select",
            "checkboxes", "radio_buttons", "datepicker", "timepicker", "datetimepicker", "plain_text_input", "number_input",
            "email_text_input", "url_text_input", "rich_text_input", "feedback_buttons", "icon_button", "image", text,
        ]
        .iter()
        .map(|kind| {
            json!({
                "type": kind, "action_id": format!("{kind}{text}"), "text": words, "placeholder": words, "value": text,
                "style": text, "url": text, "accessibility_label": text, "options": [option], "initial_option": option,
                "initial_options": [option], "initial_value": text, "initial_date": text, "initial_time": text,
                "min_value": text, "max_length": text, "alt_text": text, "image_url": text, "confirm": confirm,
                "positive_button": {"text": words, "value": text}, "negative_button": {"text": words, "value": text},
            })
        })
        .collect();
        let piece = |kind: &str| {
            json!({"type": kind, "text": text, "url": text, "name": text, "user_id": text, "channel_id": text, "range": text,
                "value": text, "usergroup_id": text, "style": {"bold": true, "code": true}})
        };
        let rich: Vec<Value> = [
            "text",
            "link",
            "emoji",
            "user",
            "channel",
            "usergroup",
            "broadcast",
            "color",
            "date",
        ]
        .map(piece)
        .into();
        json!([
            {"type": "header", "block_id": text, "text": words},
            {"type": "section", "block_id": text, "text": {"type": "mrkdwn", "text": text}, "fields": [words], "accessory": elements[0]},
            {"type": "context", "elements": [words, elements[18]]},
            {"type": "divider"},
            {"type": "actions", "block_id": text, "elements": elements},
            {"type": "image", "image_url": text, "alt_text": text, "title": words},
            {"type": "input", "block_id": "wrong", "label": words, "hint": words, "element": elements[11]},
            {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": rich}]},
            {"type": "markdown", "text": text},
            {"type": "table", "rows": [[words, {"type": "rich_text", "elements": []}]]},
            {"type": "alert", "level": text, "text": words},
            {"type": "card", "title": words, "subtitle": words, "body": words, "actions": [elements[0]]},
            {"type": "video", "title": words, "title_url": text},
            {"type": text},
        ])
    }

    #[test]
    fn no_word_of_the_app_becomes_markup() {
        for text in [
            "<script>alert(1)</script>",
            "\" onfocus=alert(1) x=\"",
            "javascript:alert(1)",
        ] {
            // In a paragraph's text a quotation mark is only that.
            let html = html(&everything(text)).replace(&format!("<p>{text}</p>"), "");
            assert!(!html.contains("<script"), "{text} becomes an element");
            assert!(!html.contains("\" onfocus"), "{text} becomes an attribute");
            assert!(!html.contains("href=\"javascript"), "{text} becomes a link");
        }
    }

    #[test]
    fn everything_known_is_drawn_and_the_unknown_is_named() {
        let html = html(&everything("words"));
        assert_eq!(html.matches("does not draw").count(), 2);
        assert!(html.contains("does not draw the block type <code>words</code>"));
        assert!(html.contains("Too &lt;short&gt;"));
    }

    #[test]
    fn what_is_chosen_shows_as_chosen() {
        let option = |value: &str| json!({"text": {"type": "plain_text", "text": value}, "value": value});
        let html = html(&json!([{"type": "actions", "block_id": "b", "elements": [
            {"type": "static_select", "action_id": "a", "options": [option("x"), option("y")], "initial_option": option("y")},
            {"type": "users_select", "action_id": "u", "initial_user": "U2"},
        ]}]));
        assert!(
            html.contains(r#"<option value="y" selected>y</option>"#),
            "{html}"
        );
        assert!(
            html.contains(r#"<option value="U2" selected>Ben Ode</option>"#),
            "{html}"
        );
        assert!(!html.contains("Robot"), "apps are not offered: {html}");
    }

    #[test]
    fn pictures_from_elsewhere_are_described_and_not_fetched() {
        let picture =
            |url: &str| html(&json!([{"type": "image", "image_url": url, "alt_text": "Chart of lead time"}]));
        assert!(!picture("https://elsewhere.example/x.png").contains("<img"));
        assert!(!picture("//elsewhere.example/x.png").contains("<img"));
        assert!(picture("https://elsewhere.example/x.png").contains(r#"aria-label="Chart of lead time""#));
        assert!(picture("http://127.0.0.1:8080/chart.png").contains("<img"));
        assert!(!picture("http://127.0.0.1.evil.example/x.png").contains("<img"));
    }

    #[test]
    fn blocks_without_fields_do_not_break_the_page() {
        for kind in [
            "section",
            "actions",
            "input",
            "image",
            "table",
            "rich_text",
            "context",
            "card",
            "alert",
            "header",
        ] {
            html(&json!([{"type": kind, "element": Map::new(), "rows": [null], "elements": [null]}]));
        }
    }
}
