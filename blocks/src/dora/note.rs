//! Purpose: what is said about a mark on charts.

use em_domain::delivery::Mark;
use slack_morphism::prelude::SlackMessageContent;

use crate::layout::Layout;
use crate::mrkdwn::{cat, escape, words};

/// Confirms a mark.
pub fn message_noted(mark: &Mark) -> SlackMessageContent {
    let of = match &mark.team {
        Some(team) => format!(" of {team}"),
        None => String::new(),
    };
    let text = cat([
        words("Noted: “"),
        escape(&mark.words),
        words("”. "),
        escape(&format!("It stands on the charts{of} from now on.")),
    ]);
    let mut layout = Layout::new();
    layout.section(&text);
    layout.into_message(&text)
}
