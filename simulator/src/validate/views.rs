//! Purpose: the rules of modals and App Home.

use serde_json::Value;

use super::Problem;
use super::check::{At, Check, Surface};
use super::objects::Texts;

/// Slack: 250 KB per view.
const VIEW_BYTES_MAX: usize = 250_000;

/// Checks a view that must be of this kind, `modal` or `home`.
pub(crate) fn view(view: &Value, kind: &str) -> Vec<Problem> {
    let surface = if kind == "home" {
        Surface::Home
    } else {
        Surface::Modal
    };
    let mut check = Check::new(surface);
    if let Some(at) = check.object("/view".into(), view) {
        check.view(&at, kind);
        if view.to_string().len() > VIEW_BYTES_MAX {
            check.fail("/view", "must be less than 250 KB");
        }
    }
    check.problems
}

impl Check {
    fn view(&mut self, at: &At<'_>, kind: &str) {
        if at.kind() != kind {
            self.fail("/view/type", format!("must be {kind}"));
        }
        self.string(at, "private_metadata", false, 3000);
        self.string(at, "callback_id", false, 255);
        self.string(at, "external_id", false, 255);
        let blocks = self.list(at, "blocks", 1, 100);
        self.blocks(blocks);
        if kind == "home" {
            self.known(at, &["blocks", "private_metadata", "callback_id", "external_id"]);
            return;
        }
        self.known(
            at,
            &[
                "title",
                "blocks",
                "close",
                "submit",
                "private_metadata",
                "callback_id",
                "clear_on_close",
                "notify_on_close",
                "external_id",
                "submit_disabled",
            ],
        );
        for (key, required) in [("title", true), ("submit", false), ("close", false)] {
            self.text(at, key, required, Texts::Plain, 24);
        }
        let inputs = at.get("blocks").and_then(Value::as_array).into_iter().flatten();
        let has_input = inputs.filter_map(|b| b.get("type")).any(|kind| kind == "input");
        if has_input && at.get("submit").is_none() {
            self.fail("/view/submit", "a view with input blocks needs submit");
        }
    }
}
