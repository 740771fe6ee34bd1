//! Purpose: the forms around an approval: a reason with a no, a remark with a yes, a name to be typed, a new question.

use em_domain::approval::Approval;
use serde::{Deserialize, Serialize};
use slack_morphism::prelude::{SlackView, SlackViewState};

use super::{Ticket, subject};
use crate::layout::Layout;
use crate::modal::{Choice, Frame, Input};
use crate::mrkdwn::{cat, code, escape, words};

/// Callback id: no, with a reason.
pub const DECLINED: &str = "approval.declined";
/// Callback id: yes, with a remark or a typed name.
pub const APPROVED: &str = "approval.approved";
/// Callback id: a new question.
pub const PROPOSED: &str = "approval.proposed";

const COMMENT: &str = "comment";
const TARGET: &str = "target";
const KIND: &str = "kind";
/// The field for what something is to be done to.
pub const WORDS: &str = "words";

/// What a form about a question remembers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// Which question, as the card showed it.
    pub ticket: Ticket,
    /// Where to answer when the card is for one person only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_url: Option<String>,
    /// What must be typed, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub must_type: Option<String>,
}

impl Memory {
    /// Reads the `private_metadata` of a submitted form.
    pub fn parse(private_metadata: &str) -> Option<Self> {
        serde_json::from_str(private_metadata).ok()
    }

    fn text(&self) -> Option<String> {
        serde_json::to_string(self).ok()
    }
}

/// Asks why not.
pub fn modal_decline(approval: &Approval, memory: &Memory) -> Option<SlackView> {
    let frame = Frame::new("Decline", "Decline", DECLINED, memory.text()?)?;
    let mut layout = head(approval);
    layout.input(Input::remarks(COMMENT, "Why not? The requester reads it."));
    Some(layout.into_modal(&frame))
}

/// Asks for a remark; where the policy wants it, for the name of the target too.
pub fn modal_approve(approval: &Approval, memory: &Memory) -> Option<SlackView> {
    let frame = Frame::new("Approve", "Approve", APPROVED, memory.text()?)?;
    let mut layout = head(approval);
    for line in approval.request.effect.iter().take(5) {
        layout.section(&cat([words("• "), escape(line)]));
    }
    if let Some(target) = &memory.must_type {
        layout.section(&cat([
            words("This is high risk. To agree, type "),
            code(target),
            words(" below."),
        ]));
        layout.input(Input::line(TARGET, "The name of the target", ""));
    }
    layout.input(Input::remarks(COMMENT, "A remark, if you like"));
    Some(layout.into_modal(&frame))
}

fn head(approval: &Approval) -> Layout {
    let mut layout = Layout::new();
    layout.section(&cat([
        escape(&approval.request.title),
        words(" · "),
        subject(approval),
    ]));
    layout
}

/// What was written in a form about a question.
pub fn comment(state: &SlackViewState) -> Option<&str> {
    Input::written(state, COMMENT)
}

/// Whether what must be typed was typed; any case will do.
pub fn is_typed(memory: &Memory, state: &SlackViewState) -> bool {
    memory.must_type.as_ref().is_some_and(|wanted| {
        Input::written(state, TARGET).is_some_and(|typed| typed.eq_ignore_ascii_case(wanted))
    })
}

/// The mistake in a submitted form, and the field that it is in: shown by Slack before the form closes.
pub fn mistake(private_metadata: &str, state: &SlackViewState) -> Option<(&'static str, String)> {
    let memory = Memory::parse(private_metadata)?;
    let wanted = memory.must_type.as_ref()?;
    (!is_typed(&memory, state)).then(|| (TARGET, format!("Type {wanted} to agree, or cancel.")))
}

/// What is proposed, as it was chosen and written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// The word of the action: `close`.
    pub word: String,
    /// What follows it: the target and its arguments.
    pub rest: String,
    /// Why.
    pub reason: Option<String>,
}

/// Asks what is to be done; `actions` are the words and what they do, `target` is what the message was about.
pub fn modal_propose<'a>(
    actions: impl IntoIterator<Item = (&'a str, &'a str)>,
    target: &str,
    memory: String,
) -> Option<SlackView> {
    let frame = Frame::new("Ask for approval", "Ask", PROPOSED, memory)?;
    let mut layout = Layout::new();
    let choices = actions
        .into_iter()
        .map(|(word, summary)| Choice::new(&format!("{word}: {summary}"), word));
    layout.input(Input::select(KIND, "What is to be done?", choices));
    layout.input(Input::line(
        WORDS,
        "To what? (owner/name#12, and options as in: --label stale)",
        target,
    ));
    layout.input(Input::remarks(COMMENT, "Why? Those who decide read it."));
    layout.context(&words("The policy decides whether somebody has to agree first."));
    Some(layout.into_modal(&frame))
}

/// Reads a submitted wish.
pub fn wish(state: &SlackViewState) -> Option<Wish> {
    Some(Wish {
        word: Input::chosen(state, KIND)?.to_owned(),
        rest: Input::written(state, WORDS)?.to_owned(),
        reason: Input::written(state, COMMENT).map(str::to_owned),
    })
}
