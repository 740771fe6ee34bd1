//! Purpose: *Not helpful…* under an answer: the question for what was wrong with it.

use em_domain::ask::Fault;
use serde::{Deserialize, Serialize};
use slack_morphism::prelude::{SlackView, SlackViewState};

use crate::layout::Layout;
use crate::limits::fit;
use crate::modal::{Choice, Frame, Input};
use crate::mrkdwn::{bold, escape, words};

/// Callback id of the form.
pub const CALLBACK: &str = "ask.fault";

const FAULT: &str = "fault";
const REMARK: &str = "remark";

/// What the form remembers between being opened and being sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedbackMemory {
    /// The answer's id.
    pub answer: String,
    /// Where the message can be redrawn (good for 30 minutes).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_url: Option<String>,
}

impl FeedbackMemory {
    /// Reads the `private_metadata` of a submitted form.
    pub fn parse(private_metadata: &str) -> Option<Self> {
        serde_json::from_str(private_metadata).ok()
    }
}

/// The form. `None` if `memory` is too long for Slack to keep (none is).
pub fn modal_not_helpful(question: &str, memory: &FeedbackMemory) -> Option<SlackView> {
    let memory = serde_json::to_string(memory).ok()?;
    let frame = Frame::new("What was wrong?", "Send", CALLBACK, memory)?;
    let mut layout = Layout::new();
    layout.section(&bold(escape(&fit(question, 500))));
    layout.input(Input::radio(
        FAULT,
        "What was wrong with the answer?",
        Fault::ALL.map(|fault| Choice::new(fault.label(), fault.as_str())),
    ));
    layout.input(Input::remarks(REMARK, "What would have helped?"));
    layout.context(&words("The question goes to the list of what is not written down well."));
    Some(layout.into_modal(&frame))
}

/// What was chosen.
pub fn fault(state: &SlackViewState) -> Option<Fault> {
    Input::chosen(state, FAULT).and_then(Fault::parse)
}

/// What was typed.
pub fn remark(state: &SlackViewState) -> &str {
    Input::written(state, REMARK).unwrap_or_default()
}
