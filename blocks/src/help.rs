//! Purpose: `/em-agent help`, help on one command, and the answer to an unknown word.

use slack_morphism::prelude::SlackMessageContent;

use crate::SLASH_COMMAND;
use crate::layout::Layout;
use crate::limits::fit;
use crate::mrkdwn::{Mrkdwn, bold, cat, code, escape, join, words};

/// What there is to say about one command; made from the registry.
#[derive(Debug, Clone, Copy)]
pub struct CommandHelp<'a> {
    /// How it is typed, without the slash command: `triage [mine] [--team T]`.
    pub usage: &'a str,
    /// What it does, in one sentence.
    pub summary: &'a str,
    /// What to type, word for word, without the slash command.
    pub examples: &'a [&'a str],
}

/// What is typed, in full.
pub fn typed(text: &str) -> Mrkdwn {
    code(&fit(&format!("{SLASH_COMMAND} {text}"), 200))
}

impl CommandHelp<'_> {
    /// How it is typed and what it does, in two lines.
    pub fn line(&self) -> Mrkdwn {
        cat([typed(self.usage), words("\n"), escape(&fit(self.summary, 200))])
    }
}

/// All commands.
pub fn message_help(commands: &[CommandHelp<'_>]) -> SlackMessageContent {
    let mut layout = Layout::new();
    layout.header("What I can do");
    layout.lines(commands.iter().map(CommandHelp::line));
    layout.foot(&cat([
        words("More on one: "),
        typed("help COMMAND"),
        words(". You can also mention me or write to me directly, without the slash. Only you see my answers unless you ask me to post."),
    ]));
    let names = join(
        commands.iter().map(|command| escape(&fit(command.usage, 60))),
        "; ",
    );
    layout.into_message(&cat([words("What I can do: "), names]))
}

/// One command.
pub fn message_help_for(command: &CommandHelp<'_>) -> SlackMessageContent {
    let mut layout = Layout::new();
    layout.section(&command.line());
    let examples = join(
        command
            .examples
            .iter()
            .map(|example| cat([words("• "), typed(example)])),
        "\n",
    );
    if !examples.is_empty() {
        layout.section(&cat([bold(words("For example")), words("\n"), examples]));
    }
    layout.into_message(&cat([
        typed(command.usage),
        words(": "),
        escape(&fit(command.summary, 1_000)),
    ]))
}

/// Nothing is called that; `suggestion` is the nearest command.
pub fn message_unknown(word: &str, suggestion: Option<&str>) -> SlackMessageContent {
    let unknown = cat([words("I do not know "), code(&fit(word, 60)), words(".")]);
    let next = match suggestion {
        Some(near) => cat([words("Did you mean "), typed(near), words("?")]),
        None => cat([words("This shows what I can do: "), typed("help")]),
    };
    let text = join([unknown, next], " ");
    let mut layout = Layout::new();
    layout.section(&text);
    layout.into_message(&text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transcript::transcript;
    use insta::assert_snapshot;

    const TRIAGE: CommandHelp<'static> = CommandHelp {
        usage: "triage [mine] [--team T]",
        summary: "What is stuck, and who must move.",
        examples: &["triage", "triage mine"],
    };
    const WHOAMI: CommandHelp<'static> = CommandHelp {
        usage: "whoami",
        summary: "Who I take you for.",
        examples: &[],
    };

    #[test]
    fn help_lists_every_command() {
        assert_snapshot!(transcript(&message_help(&[TRIAGE, WHOAMI])), @r"
        (text) What I can do: triage [mine] [--team T]; whoami
        # What I can do
        `/em-agent triage [mine] [--team T]`
        What is stuck, and who must move.
        `/em-agent whoami`
        Who I take you for.
        > More on one: `/em-agent help COMMAND`. You can also mention me or write to me directly, without the slash. Only you see my answers unless you ask me to post.
        ");
    }

    #[test]
    fn help_on_one_command_has_examples() {
        assert_snapshot!(transcript(&message_help_for(&TRIAGE)), @r"
        (text) `/em-agent triage [mine] [--team T]`: What is stuck, and who must move.
        `/em-agent triage [mine] [--team T]`
        What is stuck, and who must move.
        *For example*
        • `/em-agent triage`
        • `/em-agent triage mine`
        ");
    }

    #[test]
    fn an_unknown_word_gets_the_nearest_command() {
        assert_snapshot!(transcript(&message_unknown("traige", Some("triage"))), @r"
        (text) I do not know `traige`. Did you mean `/em-agent triage`?
        I do not know `traige`. Did you mean `/em-agent triage`?
        ");
        assert_snapshot!(transcript(&message_unknown("<!channel>", None)), @r"
        (text) I do not know `<!channel>`. This shows what I can do: `/em-agent help`
        I do not know `<!channel>`. This shows what I can do: `/em-agent help`
        ");
    }
}
