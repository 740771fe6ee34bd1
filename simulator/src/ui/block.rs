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
