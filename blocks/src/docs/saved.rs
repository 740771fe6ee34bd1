//! Purpose: what somebody is told who saved a thread: what is kept, who is answered from it, and how it goes again.

use em_domain::id::SlackChannel;
use slack_morphism::prelude::SlackMessageContent;

use crate::element::Button;
use crate::layout::Layout;
use crate::limits::fit;
use crate::mrkdwn::{Mrkdwn, bold, cat, channel, escape, link, words};

/// Action: a saved thread is forgotten.
pub const FORGET: &str = "docs.forget";

/// What became of the thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// It was not there.
    New,
    /// It was there, and something in it is new.
    Changed,
    /// It was there just so.
    Same,
}

/// A saved thread.
#[derive(Debug, Clone, Copy)]
pub struct SavedView<'a> {
    /// What became of it.
    pub kept: Kept,
    /// Its title.
    pub title: &'a str,
    /// Who began it.
    pub author: &'a str,
    /// Where it is.
    pub url: Option<&'a str>,
    /// Its messages.
    pub messages: usize,
    /// All of them are kept; else the first so many.
    pub is_whole: bool,
    /// Where questions are answered from it; everywhere if not set.
    pub only_in: Option<&'a SlackChannel>,
    /// The name of who saved it before the reader did.
    pub saver: Option<&'a str>,
    /// What the button that forgets it carries, where the reader may.
    pub forget: Option<&'a str>,
}

/// What is kept of a thread, for whoever saved it.
pub fn message_saved(view: &SavedView<'_>) -> SlackMessageContent {
    let mut layout = Layout::new();
    let title = fit(view.title, 200);
    let title = view.url.map_or_else(|| escape(&title), |url| link(url, &title));
    let lead = match view.kept {
        Kept::New => words("Saved: "),
        Kept::Changed => words("Saved anew: "),
        Kept::Same => words("Saved already, and nothing in it is new: "),
    };
    let messages = match view.messages {
        1 => "one message".to_owned(),
        messages => format!("{messages} messages"),
    };
    let facts = format!(", {messages}, begun by {}.", fit(view.author, 60));
    let said = cat([lead, bold(title), escape(&facts)]);
    layout.section(&said);
    layout.section(&readers(view.only_in));
    if !view.is_whole {
        layout.section(&words(
            ":warning: The thread is longer; what was said after that is not kept.",
        ));
    }
    layout.context(&footnote(view));
    layout.actions(view.forget.map(|about| Button::new("Forget it", FORGET, about)));
    layout.into_message(&said)
}

fn readers(only_in: Option<&SlackChannel>) -> Mrkdwn {
    match only_in {
        None => words("Everybody in the workspace is answered from it."),
        Some(here) if here.as_str().starts_with('D') => {
            words("Only questions in this direct message are answered from it.")
        }
        Some(here) => cat([
            words("Only questions in "),
            channel(here),
            words(" are answered from it."),
        ]),
    }
}

fn footnote(view: &SavedView<'_>) -> Mrkdwn {
    let again = words("When the thread goes on, save it again.");
    match view.saver {
        Some(saver) => cat([
            escape(&format!("{} saved it first.", fit(saver, 60))),
            words(" "),
            again,
        ]),
        None => again,
    }
}

/// A thread is forgotten, or was before.
pub fn message_forgotten(was_there: bool) -> SlackMessageContent {
    let said = if was_there {
        words("I have forgotten that thread. Nothing is answered from it any more.")
    } else {
        words("That thread was forgotten before.")
    };
    let mut layout = Layout::new();
    layout.section(&said);
    layout.into_message(&said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_may_forget_it_gets_the_button() {
        let view = SavedView {
            kept: Kept::New,
            title: "How do we roll back?",
            author: "Ana",
            url: None,
            messages: 1,
            is_whole: true,
            only_in: None,
            saver: Some("Ben"),
            forget: None,
        };
        let without = format!("{:?}", message_saved(&view));
        assert!(
            !without.contains(FORGET) && without.contains("Ben saved it first."),
            "{without}"
        );
        let with = SavedView {
            forget: Some("C1/1.0"),
            ..view
        };
        assert!(format!("{:?}", message_saved(&with)).contains(FORGET));
    }
}
