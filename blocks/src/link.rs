//! Purpose: the answers to `/em-agent link <system> <account>`.

use em_domain::id::{Login, SlackUser};
use slack_morphism::prelude::SlackMessageContent;

use crate::help::typed;
use crate::layout::Layout;
use crate::limits::fit;
use crate::mrkdwn::{Mrkdwn, bold, cat, code, escape, join, mention, words};

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
        I cannot link `gitlab`. I can link: `github`.
        ");
    }
}
