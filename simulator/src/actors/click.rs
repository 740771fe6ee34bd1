//! Purpose: what a person points at: an element of a message or view, and what is chosen in it.

use serde_json::{Value, json};

use super::ActError;
use crate::forms::{self, Place};

/// What is clicked or chosen: an action id alone, or with the value or label that tells which of several.
#[derive(Debug, Clone)]
pub struct Click {
    action_id: String,
    choice: Option<Value>,
    block_id: Option<String>,
}

impl Click {
    /// Only in this block.
    #[must_use]
    pub fn in_block(mut self, block_id: &str) -> Self {
        self.block_id = Some(block_id.to_owned());
        self
    }
}

impl From<&str> for Click {
    fn from(action_id: &str) -> Self {
        Self {
            action_id: action_id.to_owned(),
            choice: None,
            block_id: None,
        }
    }
}

impl<V: Into<Value>> From<(&str, V)> for Click {
    fn from((action_id, choice): (&str, V)) -> Self {
        Self {
            choice: Some(choice.into()),
            ..Self::from(action_id)
        }
    }
}

impl Click {
    /// The element that is meant and what is then chosen in it.
    pub(super) fn find<'a>(&self, blocks: &'a [Value]) -> Result<(Place<'a>, Value), ActError> {
        let here = |p: &Place<'_>| {
            p.action_id == self.action_id && self.block_id.as_deref().is_none_or(|b| p.block_id == b)
        };
        let mut why = format!("no `{}` is there", self.action_id);
        for place in forms::interactive(blocks).into_iter().filter(here) {
            let chosen = match (place.kind(), &self.choice) {
                ("button" | "workflow_button", None) => Ok(json!({"type": "button"})),
                ("button" | "workflow_button", Some(choice)) => {
                    let named = place.element.get("value") == Some(choice)
                        || place.element.pointer("/text/text") == Some(choice);
                    if named {
                        Ok(json!({"type": "button"}))
                    } else {
                        Err(format!("no button {choice}"))
                    }
                }
                (_, choice) => forms::chosen(&place, choice.as_ref().unwrap_or(&Value::Null)),
            };
            match chosen {
                Ok(chosen) => return Ok((place, chosen)),
                Err(reason) => why = reason,
            }
        }
        Err(ActError::Element(why))
    }
}
