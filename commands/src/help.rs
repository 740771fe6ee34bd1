//! Purpose: `/em-agent help [command]`: made from the registry, so it cannot promise what does not exist.

use clap::Parser;
use em_blocks::help::{CommandHelp, message_help, message_help_for, message_unknown};
use slack_morphism::prelude::SlackMessageContent;

use crate::invocation::{Invocation, Outcome, Reply};
use crate::registry::{COMMANDS, Found, find};
use crate::spec::Spec;

/// How it is written.
pub const SPEC: Spec = Spec {
    path: "help",
    usage: "help [command]",
    summary: "Show what I can do, or how one command is written.",
    examples: &["help", "help triage"],
    check_scheduled: None,
};

#[derive(Debug, Parser)]
struct Args {
    command: Vec<String>,
}

fn describe(spec: &Spec) -> CommandHelp<'static> {
    CommandHelp {
        usage: spec.usage,
        summary: spec.summary,
        examples: spec.examples,
    }
}

/// Every command, described.
pub(crate) fn all() -> Vec<CommandHelp<'static>> {
    COMMANDS.iter().map(|command| describe(&command.spec)).collect()
}

/// What is said to somebody who asks for nothing in particular.
pub fn overview() -> SlackMessageContent {
    message_help(&all())
}

/// Answers `help`.
pub fn show(invocation: &Invocation) -> Outcome {
    let args: Args = SPEC.parse(&invocation.words)?;
    Ok(Reply::private(match find(&args.command) {
        Found::Nothing => overview(),
        Found::Command(command, _) => message_help_for(&describe(&command.spec)),
        Found::Unknown(suggestion) => message_unknown(&args.command.join(" "), suggestion),
    }))
}
