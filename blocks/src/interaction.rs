//! Purpose: what a click means: the other half of the menus and buttons made by `layout`.

use slack_morphism::prelude::SlackInteractionActionInfo;

/// The action id of every overflow menu. It has no handler: the chosen entry names the action.
pub const MENU: &str = "menu";

/// A click, read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clicked<'a> {
    /// One of [`crate::ACTION_IDS`], if the click came from a message of this version.
    pub action: &'a str,
    /// What the row is about (`owner/name#12`); empty for a button outside a row.
    pub subject: &'a str,
    /// The button's value; empty for a menu.
    pub value: &'a str,
}

/// Reads a click: for a menu the chosen entry is the action, and the subject is in the block id.
pub fn clicked(action: &SlackInteractionActionInfo) -> Clicked<'_> {
    let id = action.action_id.0.as_str();
    let chosen = action
        .selected_option
        .as_ref()
        .map(|option| option.value.as_str());
    let block = action.block_id.as_ref().map_or("", |block| block.0.as_str());
    Clicked {
        action: chosen.filter(|_| id == MENU).unwrap_or(id),
        // `index:revision:subject`, see `Layout`.
        subject: block.splitn(3, ':').nth(2).unwrap_or(""),
        value: action.value.as_deref().unwrap_or(""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_menu_click_names_its_action_and_its_row() {
        let action: SlackInteractionActionInfo = serde_json::from_value(serde_json::json!({
            "type": "overflow", "action_id": MENU, "block_id": "4:3fa:shop/api#812",
            "selected_option": {"text": {"type": "plain_text", "text": "Nudge"}, "value": "triage.nudge"}
        }))
        .unwrap();
        let expected = Clicked {
            action: "triage.nudge",
            subject: "shop/api#812",
            value: "",
        };
        assert_eq!(clicked(&action), expected);
    }

    #[test]
    fn a_button_click_names_its_action_and_its_value() {
        let action: SlackInteractionActionInfo = serde_json::from_value(serde_json::json!({
            "type": "button", "action_id": "triage.refresh", "block_id": "9:3fa:", "value": "mine"
        }))
        .unwrap();
        assert_eq!(
            clicked(&action),
            Clicked {
                action: "triage.refresh",
                subject: "",
                value: "mine"
            }
        );
    }
}
