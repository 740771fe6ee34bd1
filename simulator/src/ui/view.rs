//! Purpose: modals and App Home.

use super::block;
use super::element::Scene;
use super::html::escape;
use super::json::has;
use super::mrkdwn;
use super::reader::Reader;
use crate::workspace::View;

/// A modal of the stack, as a dialog.
pub(crate) fn modal(view: &View, reader: &Reader<'_>) -> String {
    let id = escape(&view.id);
    let words = |key: &str, default: &str| match view.body[key]["text"].as_str() {
        Some(given) => mrkdwn::render_plain(given),
        None => default.to_owned(),
    };
    let failure = match &view.failure {
        Some(words) => format!(r#"<p class="failure" role="alert">{}</p>"#, escape(words)),
        None => String::new(),
    };
    let submit = if has(&view.body, "submit") {
        format!(
            r#"<button type="submit" class="button primary">{}</button>"#,
            words("submit", "Submit")
        )
    } else {
        String::new()
    };
    format!(
        r#"<dialog class="modal" id="view-{id}" data-view="{id}" aria-labelledby="title-{id}"><form novalidate><header class="modal-head"><h2 id="title-{id}">{}</h2><button type="button" class="icon" data-close aria-label="Close" title="Close (Esc)">✕</button></header>{failure}<div class="modal-body blocks">{}</div><footer class="modal-foot"><button type="button" class="button" data-close>{}</button>{submit}</footer></form></dialog>"#,
        words("title", ""),
        blocks(view, reader),
        words("close", "Close"),
    )
}

/// The App Home, or what stands there before the app drew one.
pub(crate) fn home(view: Option<&View>, app: &str, reader: &Reader<'_>) -> String {
    match view {
        Some(view) => {
            let id = escape(&view.id);
            format!(
                r#"<div class="home" id="view-{id}" data-view="{id}"><div class="blocks">{}</div></div>"#,
                blocks(view, reader)
            )
        }
        None => format!(
            r#"<div class="start" id="no-home"><h2>{app} has not drawn its Home yet</h2><p>It appears here as soon as the app answers.</p></div>"#,
            app = escape(app)
        ),
    }
}

fn blocks(view: &View, reader: &Reader<'_>) -> String {
    let within = format!("in-{}", view.id);
    block::render_all(
        view.blocks(),
        &Scene {
            reader,
            within: &within,
            values: &view.values,
            errors: &view.errors,
        },
    )
}
