//! Purpose: the answers about a standup's days: what became of each round, and who is away when.

use chrono::NaiveDate;
use em_domain::away::Away;
use slack_morphism::prelude::SlackMessageContent;

use crate::help::typed;
use crate::layout::Layout;
use crate::limits::fit;
use crate::mrkdwn::{Mrkdwn, bold, cat, escape, join, link, words};
use crate::time::plain_day;

/// What became of a round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// Its day.
    pub day: NaiveDate,
    /// What became of it, in a sentence's end: `posted, 4 of 5 answered`.
    pub outcome: String,
    /// Its message, where it stands.
    pub url: Option<String>,
}

/// The latest rounds of a standup, the newest first.
pub fn message_history(standup: &str, rounds: &[Past]) -> SlackMessageContent {
    let mut layout = Layout::new();
    let title = format!("Standup: {} · history", fit(standup, 80));
    layout.header(&title);
    if rounds.is_empty() {
        layout.section(&words("There has been none yet."));
    }
    layout.lines(rounds.iter().map(|past| {
        let day = bold(escape(&plain_day(past.day)));
        let outcome = escape(&fit(&past.outcome, 200));
        let open = past.url.as_deref().map(|url| link(url, "Open"));
        join([Some(day), Some(outcome), open].into_iter().flatten(), " · ")
    }));
    layout.into_message(&escape(&title))
}

/// Who is away when, after a change of it; nothing is left of what was taken back.
pub fn message_away(days: &[Away]) -> SlackMessageContent {
    let text: Mrkdwn = if days.is_empty() {
        words("You are not away. I ask you in standups, and remind you.")
    } else {
        let stretch = |away: &Away| {
            if away.from == away.until {
                escape(&plain_day(away.from))
            } else {
                escape(&format!("{} to {}", plain_day(away.from), plain_day(away.until)))
            }
        };
        cat([
            words("You are away "),
            join(days.iter().take(10).map(stretch), ", "),
            words(". I ask you nothing on those days, and standups say that you are away."),
        ])
    };
    let mut layout = Layout::new();
    layout.section(&text);
    layout.context(&cat([words("To take it back: "), typed("standup away off")]));
    layout.into_message(&text)
}

/// A sentence about a standup, to one person.
pub fn message_said(text: &Mrkdwn) -> SlackMessageContent {
    let mut layout = Layout::new();
    layout.section(text);
    layout.into_message(text)
}
