//! Purpose: the form in which somebody says why a row is wrong.

use slack_morphism::prelude::{SlackView, SlackViewState};

use super::explain;
use crate::layout::Layout;
use crate::limits;
use crate::modal::{Choice, Frame, Input};
use crate::mrkdwn::{bold, cat, escape, words};

/// The form's kind.
pub const CALLBACK: &str = "dora.correct";
/// Its fields.
const WHY: &str = "why";
const DEPLOYMENT: &str = "deployment";

/// The form; `None` if `memory` is longer than Slack keeps. With `deployments` (id and title) the right one is asked for.
pub fn modal_correct(
    action: &str,
    title: &str,
    deployments: &[(String, String)],
    memory: String,
) -> Option<SlackView> {
    let frame = Frame::new("Correct a number", "Correct it", CALLBACK, memory)?;
    let mut layout = Layout::new();
    layout.section(&cat([bold(words(says(action))), words("\n"), escape(title)]));
    if action == explain::WRONG_DEPLOYMENT {
        let fits = |(id, _): &&(String, String)| id.len() <= limits::OPTION_VALUE;
        let choices = deployments
            .iter()
            .filter(fits)
            .map(|(id, title)| Choice::new(title, id));
        layout.input(Input::select(DEPLOYMENT, "Which deployment caused it?", choices));
    }
    layout.input(Input::short(
        WHY,
        "Why? Everybody who opens the number reads this.",
        "",
    ));
    layout.context(&words(
        "The number is counted anew at once. It is kept who said so, and anybody who may correct can take it back.",
    ));
    Some(layout.into_modal(&frame))
}

fn says(action: &str) -> &'static str {
    match action {
        explain::NOT_OURS => "No deployment of ours caused it",
        explain::WRONG_DEPLOYMENT => "Another deployment caused it",
        explain::NOT_AN_INCIDENT => "It was no incident",
        _ => "Leave it out of all numbers",
    }
}

/// What was written: why, and the deployment where one was asked for.
pub fn read(state: &SlackViewState) -> (String, Option<String>) {
    let why = Input::written(state, WHY).unwrap_or_default().to_owned();
    (why, Input::chosen(state, DEPLOYMENT).map(str::to_owned))
}
