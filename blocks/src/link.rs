//! Purpose: the answers to `/em-agent link <system> <account>` and `unlink`, and the question whether an account is
//! somebody's.

use em_domain::id::{Login, SlackUser};
use em_domain::person::Confidence;
use slack_morphism::prelude::SlackMessageContent;

use crate::element::Button;
use crate::help::typed;
use crate::layout::Layout;
use crate::limits::fit;
use crate::mrkdwn::{Mrkdwn, bold, cat, code, escape, join, mention, words};

/// Action: the proposed account is mine. The value is the account.
pub const IS_ME: &str = "link.is_me";
/// Action: the proposed account is not mine. The value is the account.
pub const NOT_ME: &str = "link.not_me";

/// Asks whether an account is the reader's.
pub(crate) fn add_proposal(layout: &mut Layout, login: &Login, confidence: Confidence) {
    let why = match confidence {
        Confidence::Likely => "It has your name.",
        Confidence::Possible => "Its name is like yours.",
    };
    layout.section(&cat([
        words("Are you "),
        bold(escape(&fit(login.as_str(), 60))),
        words(" on GitHub? "),
        words(why),
    ]));
    layout.actions([
        Button::new("This is me", IS_ME, login.as_str()).spoken("This account is mine"),
        Button::new("Not me", NOT_ME, login.as_str()).spoken("This account is not mine"),
    ]);
}

/// What came of asking for a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkOutcome<'a> {
    /// It is linked now.
    Linked(&'a Login),
    /// It was linked already.
    AlreadyLinked(&'a Login),
    /// The text cannot be an account name.
    NotALogin(&'a str),
    /// Somebody else has this account.
    Taken {
        /// The account.
        login: &'a Login,
        /// Who has it.
        by: &'a SlackUser,
    },
    /// The operator's configuration says otherwise, and it wins.
    Configured(&'a Login),
    /// It is not theirs any longer.
    Unlinked(&'a Login),
    /// There was nothing to take back.
    NothingLinked,
    /// It is not proposed again.
    NotTheirs(&'a Login),
    /// No such system.
    UnknownSystem {
        /// What was typed.
        typed: &'a str,
        /// What can be linked.
        known: &'a [&'a str],
    },
}

/// The answer, for the asker alone.
pub fn message_link(outcome: LinkOutcome<'_>) -> SlackMessageContent {
    let name = |login: &Login| bold(escape(&fit(login.as_str(), 60)));
    let text = match outcome {
        LinkOutcome::Linked(login) => cat([
            words("Linked: you are "),
            name(login),
            words(" on GitHub. "),
            typed("triage mine"),
            words(" shows what waits for you."),
        ]),
        LinkOutcome::AlreadyLinked(login) => cat([
            words("You are "),
            name(login),
            words(" on GitHub already. Nothing changed."),
        ]),
        LinkOutcome::NotALogin(text) => cat([
            code(&fit(text, 60)),
            words(
                " cannot be a GitHub name: those are letters, digits and single dashes, at most 39. For example ",
            ),
            typed("link github octocat"),
        ]),
        LinkOutcome::Taken { login, by } => cat([
            name(login),
            words(" is linked to "),
            mention(by),
            words(". Nothing changed. If that is wrong, ask them, or the person who runs me, to change it."),
        ]),
        LinkOutcome::Configured(login) => cat([
            words("The configuration says that you are "),
            name(login),
            words(". Nothing changed. The person who runs me can change it there."),
        ]),
        LinkOutcome::Unlinked(login) => cat([
            words("You are no longer "),
            name(login),
            words(" to me, and I will not take you for them by an e-mail address. To link an account: "),
            typed("link github NAME"),
        ]),
        LinkOutcome::NothingLinked => cat([
            words("No account of yours is linked. To link one: "),
            typed("link github NAME"),
        ]),
        LinkOutcome::NotTheirs(login) => cat([
            name(login),
            words(" is not you. I will not ask again. To link an account: "),
            typed("link github NAME"),
        ]),
        LinkOutcome::UnknownSystem { typed: word, known } => cat([
            words("I cannot link "),
            code(&fit(word, 60)),
            words(". I can link: "),
            systems(known),
            words("."),
        ]),
    };
    let mut layout = Layout::new();
    layout.section(&text);
    layout.into_message(&text)
}

fn systems(known: &[&str]) -> Mrkdwn {
    join(known.iter().take(30).map(|system| code(system)), ", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transcript::transcript;
    use insta::assert_snapshot;

    #[test]
    fn every_outcome_says_what_happened_and_what_to_do() {
        let login = Login::from("ana");
        let outcomes = [
            LinkOutcome::Linked(&login),
            LinkOutcome::AlreadyLinked(&login),
            LinkOutcome::NotALogin("ana maria"),
            LinkOutcome::Taken {
                login: &login,
                by: &"U0BOB".into(),
            },
            LinkOutcome::Configured(&login),
            LinkOutcome::Unlinked(&login),
            LinkOutcome::NothingLinked,
            LinkOutcome::NotTheirs(&login),
            LinkOutcome::UnknownSystem {
                typed: "gitlab",
                known: &["github"],
            },
        ];
        let told = outcomes.map(|outcome| {
            transcript(&message_link(outcome))
                .lines()
                .last()
                .unwrap_or("")
                .to_owned()
        });
        assert_snapshot!(told.join("\n"), @r"
        Linked: you are *ana* on GitHub. `/em-agent triage mine` shows what waits for you.
        You are *ana* on GitHub already. Nothing changed.
        `ana maria` cannot be a GitHub name: those are letters, digits and single dashes, at most 39. For example `/em-agent link github octocat`
        *ana* is linked to @U0BOB. Nothing changed. If that is wrong, ask them, or the person who runs me, to change it.
        The configuration says that you are *ana*. Nothing changed. The person who runs me can change it there.
        You are no longer *ana* to me, and I will not take you for them by an e-mail address. To link an account: `/em-agent link github NAME`
        No account of yours is linked. To link one: `/em-agent link github NAME`
        *ana* is not you. I will not ask again. To link an account: `/em-agent link github NAME`
        I cannot link `gitlab`. I can link: `github`.
        ");
    }
}
