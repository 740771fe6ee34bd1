//! Purpose: a submitted form with a mistake in it is answered at once, so that Slack shows the mistake beside the field
//! and keeps the form open. Only what needs no look-up is checked here; everything else is for the handler.
//!
//! Source: <https://docs.slack.dev/surfaces/modals#displaying_errors>

use std::collections::BTreeMap;

use em_commands::registry;
use serde::{Deserialize, Serialize};
use slack_morphism::prelude::SlackViewState;

/// What Slack is told about a form that cannot be taken as it is.
#[derive(Debug, Serialize)]
pub(super) struct FormErrors {
    response_action: &'static str,
    errors: BTreeMap<&'static str, String>,
}

#[derive(Deserialize)]
struct Submitted {
    view: View,
}

#[derive(Deserialize)]
struct View {
    callback_id: String,
    #[serde(default)]
    private_metadata: String,
    state: SlackViewState,
}

/// The mistakes in a submitted form; `None` for everything that is no form, and for a form without any.
pub(super) fn mistakes(payload: &str) -> Option<FormErrors> {
    // Most interactions are clicks, and need not be read twice.
    if !payload.contains("\"view_submission\"") {
        return None;
    }
    let Submitted { view } = serde_json::from_str(payload).ok()?;
    let (field, mistake) = registry::mistake_in(&view.callback_id, &view.private_metadata, &view.state)?;
    Some(FormErrors {
        response_action: "errors",
        errors: BTreeMap::from([(field, mistake)]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_with_a_mistake_is_answered_beside_its_field() {
        let submitted = |typed: &str| {
            serde_json::json!({
                "type": "view_submission",
                "view": {
                    "callback_id": "approval.approved",
                    "private_metadata": r#"{"ticket":{"id":"apr_00000000000000000000000000","seen":"x"},"must_type":"acme/api#1"}"#,
                    "state": {"values": {"target": {"target": {"type": "plain_text_input", "value": typed}}}}
                }
            })
            .to_string()
        };
        let wrong = serde_json::to_value(mistakes(&submitted("acme/api#2"))).unwrap();
        assert_eq!(wrong["response_action"], "errors");
        assert_eq!(wrong["errors"]["target"], "Type acme/api#1 to agree, or cancel.");
        assert!(mistakes(&submitted("ACME/api#1")).is_none());
        assert!(mistakes(r#"{"type":"block_actions"}"#).is_none());
    }
}
