//! Purpose: what people are told when something did not work: what, whether anything changed, and what to do.

use em_domain::id::ErrorId;
use slack_morphism::prelude::SlackMessageContent;

use crate::help::typed;
use crate::layout::Layout;
use crate::limits::fit;
use crate::mrkdwn::{self, Mrkdwn, cat, code, escape, join, words};

/// What a failure left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Nothing was changed.
    Nothing,
    /// Part of it may have been done.
    Unsure,
}

/// Something failed that the person can do nothing about.
pub fn message_failure(id: &ErrorId, effect: Effect) -> SlackMessageContent {
    let effect = match effect {
        Effect::Nothing => words("Nothing was changed. Please try again in a moment."),
        Effect::Unsure => words("Part of it may have been done: please look before you try again."),
    };
    let id = cat([
        words("If it stays like this, give this to the person who runs me: "),
        code(id.as_str()),
    ]);
    said(&join(
        [words("Something went wrong on my side."), effect, id],
        " ",
    ))
}

/// A sentence written for the person (`CommandError::User`).
pub fn message_sorry(sentence: &str) -> SlackMessageContent {
    said(&mrkdwn::sentence(&fit(sentence, 2_000)))
}

/// The person may not do this; `reason` says which rule forbids it.
pub fn message_denied(reason: &str) -> SlackMessageContent {
    let reason = mrkdwn::sentence(&fit(reason, 2_000));
    said(&join(
        [
            words("You are not allowed to do that, so nothing was changed."),
            reason,
        ],
        " ",
    ))
}

/// The command was not typed as it needs to be; `usage` is without the slash command.
pub fn message_bad_usage(problem: &str, usage: &str) -> SlackMessageContent {
    let how = cat([words("It is typed like this: "), typed(usage)]);
    said(&join([escape(&fit(problem, 1_000)), how], "\n"))
}

fn said(text: &Mrkdwn) -> SlackMessageContent {
    let mut layout = Layout::new();
    layout.section(text);
    layout.into_message(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transcript::transcript;
    use insta::assert_snapshot;

    fn told(message: &SlackMessageContent) -> String {
        transcript(message)
            .split_once(") ")
            .map_or(String::new(), |(_, text)| text.to_owned())
    }

    #[test]
    fn failures_say_whether_anything_changed_and_how_to_get_help() {
        let id = ErrorId::new(ulid::Ulid::from_parts(1_763_733_600_000, 7));
        assert_snapshot!(told(&message_failure(&id, Effect::Nothing)), @r"
        Something went wrong on my side. Nothing was changed. Please try again in a moment. If it stays like this, give this to the person who runs me: `err_01KAKBDXR00000000000000007`
        Something went wrong on my side. Nothing was changed. Please try again in a moment. If it stays like this, give this to the person who runs me: `err_01KAKBDXR00000000000000007`
        ");
        assert_snapshot!(told(&message_failure(&id, Effect::Unsure)), @r"
        Something went wrong on my side. Part of it may have been done: please look before you try again. If it stays like this, give this to the person who runs me: `err_01KAKBDXR00000000000000007`
        Something went wrong on my side. Part of it may have been done: please look before you try again. If it stays like this, give this to the person who runs me: `err_01KAKBDXR00000000000000007`
        ");
    }

    #[test]
    fn refusals_say_why() {
        assert_snapshot!(told(&message_denied("Only team leads may post.")), @r"
        You are not allowed to do that, so nothing was changed. Only team leads may post.
        You are not allowed to do that, so nothing was changed. Only team leads may post.
        ");
        assert_snapshot!(told(&message_sorry("That pull request is closed already.")), @r"
        That pull request is closed already.
        That pull request is closed already.
        ");
        assert_snapshot!(told(&message_bad_usage("I do not know the word <mien>.", "triage [mine]")), @r"
        I do not know the word <mien>.
        It is typed like this: `/em-agent triage [mine]`
        I do not know the word <mien>.
        It is typed like this: `/em-agent triage [mine]`
        ");
    }
}
