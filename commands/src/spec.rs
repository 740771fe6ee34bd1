//! Purpose: a command is data: its words, how to write it, what it is for. Help, suggestions and the checks of
//! schedules are made from this, so they cannot disagree with what runs.

use std::future::Future;
use std::pin::Pin;

use clap::Parser;

use crate::ctx::Ctx;
use crate::invocation::{CommandError, Invocation, Outcome};

/// How a command is written and what it is for.
#[derive(Debug, Clone, Copy)]
pub struct Spec {
    /// The words that name it: `triage post`.
    pub path: &'static str,
    /// How to write it, after the slash command's name.
    pub usage: &'static str,
    /// What it does, in one line.
    pub summary: &'static str,
    /// Some ways to write it.
    pub examples: &'static [&'static str],
    /// The clock may type it (it posts to a channel and answers nobody); this checks the words after its path, so that
    /// a mistake is found at the start and not when the clock strikes.
    pub check_scheduled: Option<CheckWords>,
}

/// Checks the words after a command's path.
pub type CheckWords = fn(&[String]) -> Result<(), CommandError>;

/// A running handler.
pub type Running = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// One command: its description and what runs it.
#[derive(Clone, Copy)]
pub struct Command {
    /// How it is written.
    pub spec: Spec,
    /// Runs it.
    pub run: fn(Ctx, Invocation) -> Running,
}

impl Spec {
    /// Reads the words after the path into `A`.
    ///
    /// # Errors
    /// [`CommandError::Usage`], which shows how the command is written.
    pub fn parse<A: Parser>(&self, words: &[String]) -> Result<A, CommandError> {
        let words = words.iter().map(|word| plain_dashes(word));
        let name = std::iter::once(self.path.to_owned());
        A::try_parse_from(name.chain(words)).map_err(|error| CommandError::Usage {
            problem: self.problem(&error),
            usage: self.usage.to_owned(),
        })
    }

    /// The parser's complaint as a sentence for a person, without its own usage text.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "clap may add kinds of error; all are about a word"
    )]
    fn problem(&self, error: &clap::Error) -> String {
        use clap::error::{ContextKind, ContextValue, ErrorKind};
        let word = |kind| match error.get(kind) {
            Some(ContextValue::String(text)) => text.clone(),
            Some(ContextValue::Strings(list)) => list.join(", "),
            Some(_) | None => String::new(),
        };
        let (argument, value) = (word(ContextKind::InvalidArg), word(ContextKind::InvalidValue));
        match error.kind() {
            // `triage --help` is how a programmer asks.
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => self.summary.to_owned(),
            ErrorKind::MissingRequiredArgument => {
                format!("Something is missing: {}.", argument.to_lowercase())
            }
            ErrorKind::InvalidValue if value.is_empty() => {
                let option = argument.split(' ').next().unwrap_or_default();
                format!("Something is missing after {option}.")
            }
            ErrorKind::InvalidValue => format!("I do not understand “{}”.", as_typed(&value)),
            _ => format!("I do not understand “{}”.", as_typed(&argument)),
        }
    }
}

/// Phones and Slack turn `--team` into an em dash.
pub(crate) fn plain_dashes(word: &str) -> String {
    match word.strip_prefix(['—', '–']) {
        Some(rest) => format!("--{rest}"),
        None => word.to_owned(),
    }
}

/// Slack sends a channel or person in a command as `<#C024BE7LH|ops>`; people typed `#ops`.
pub(crate) fn as_typed(word: &str) -> String {
    let inside = word.strip_prefix('<').and_then(|word| word.strip_suffix('>'));
    match inside.and_then(|inside| inside.split_once('|')) {
        Some((id, name)) if id.starts_with('#') && !name.is_empty() => format!("#{name}"),
        Some((id, name)) if id.starts_with('@') && !name.is_empty() => format!("@{name}"),
        Some(_) | None => word.to_owned(),
    }
}
