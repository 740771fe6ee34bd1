//! Purpose: from typed words to an action: `merge acme/api#12 --method squash`.

use em_domain::action::Action;

use super::{ACTIONS, ActionKind, Argument, Shape};
use crate::invocation::CommandError;
use crate::spec::{as_typed, plain_dashes};

/// The action that `words` describe. Only the form is looked at; [`ActionKind::check`] looks at the world.
///
/// # Errors
/// [`CommandError::User`] if no action begins like this (with the nearest one), [`CommandError::Usage`] if the rest
/// cannot be read.
pub fn parse(words: &[String]) -> Result<Action, CommandError> {
    let Some(first) = words.first() else {
        return Err(CommandError::user(format!(
            "Say what is to be done: {}.",
            all_words()
        )));
    };
    let kind = ACTIONS
        .iter()
        .find(|kind| kind.word.eq_ignore_ascii_case(first))
        .ok_or_else(|| unknown(first))?;
    let Some(target) = words.get(1).filter(|word| !plain_dashes(word).starts_with("--")) else {
        return Err(usage(kind, "Say what it is done to.".to_owned()));
    };
    let mut action = Action::new(kind.name, target.as_str());
    for (argument, value) in split(kind, &words[2..])? {
        take(kind, &mut action, argument, value)?;
    }
    let is_there = |argument: &&Argument| !action.argument(argument.name).is_empty();
    match kind
        .arguments
        .iter()
        .filter(|a| a.required)
        .find(|a| !is_there(a))
    {
        Some(missing) => Err(usage(kind, format!("Something is missing: {}.", missing.what))),
        None => Ok(action),
    }
}

/// The arguments and their words. A word that begins with `--` and names no argument is a mistake, except in free
/// text.
fn split<'k>(kind: &'k ActionKind, words: &[String]) -> Result<Vec<(&'k Argument, String)>, CommandError> {
    let text = kind.arguments.iter().find(|a| a.shape == Shape::Text);
    let mut parts: Vec<(&Argument, String)> = Vec::new();
    let mut now = text;
    for word in words {
        let plain = plain_dashes(word);
        let named = plain.strip_prefix("--").map(|name| {
            kind.arguments
                .iter()
                .find(|a| a.shape != Shape::Text && a.name == name)
        });
        match (named, now) {
            (Some(Some(argument)), _) => {
                parts.push((argument, String::new()));
                now = Some(argument);
            }
            (Some(None), Some(argument)) if argument.shape == Shape::Text => add(&mut parts, argument, word),
            (None, Some(argument)) => add(&mut parts, argument, word),
            (Some(None) | None, Some(_) | None) => {
                return Err(usage(kind, format!("I do not understand “{}”.", as_typed(word))));
            }
        }
    }
    Ok(parts)
}

fn add<'k>(parts: &mut Vec<(&'k Argument, String)>, argument: &'k Argument, word: &str) {
    match parts.last_mut().filter(|(last, _)| last.name == argument.name) {
        Some((_, value)) if value.is_empty() => word.clone_into(value),
        Some((_, value)) => {
            value.push(' ');
            value.push_str(word);
        }
        None => parts.push((argument, word.to_owned())),
    }
}

fn take(
    kind: &ActionKind,
    action: &mut Action,
    argument: &Argument,
    value: String,
) -> Result<(), CommandError> {
    if value.is_empty() {
        return Err(usage(
            kind,
            format!("Something is missing after --{}.", argument.name),
        ));
    }
    let (name, value) = match argument.shape {
        Shape::Text | Shape::Named => (argument.name.to_owned(), value),
        Shape::Pairs => {
            let Some((key, value)) = value.split_once('=').filter(|(key, _)| !key.is_empty()) else {
                let problem = format!("Write --{} as name=value.", argument.name);
                return Err(usage(kind, problem));
            };
            (format!("{}.{key}", argument.name), value.to_owned())
        }
    };
    match action.arguments.insert(name.clone(), value) {
        Some(_) => Err(usage(kind, format!("“{name}” is said twice."))),
        None => Ok(()),
    }
}

fn usage(kind: &ActionKind, problem: String) -> CommandError {
    CommandError::Usage {
        problem,
        usage: format!("propose {}", kind.usage),
    }
}

fn all_words() -> String {
    let words: Vec<String> = ACTIONS.iter().map(|kind| format!("`{}`", kind.word)).collect();
    words.join(", ")
}

fn unknown(word: &str) -> CommandError {
    let word: String = as_typed(word).to_lowercase().chars().take(40).collect();
    let nearest = ACTIONS
        .iter()
        .map(|kind| (strsim::damerau_levenshtein(kind.word, &word), kind.word))
        .min()
        .filter(|(distance, name)| *distance <= name.len().div_ceil(2));
    CommandError::user(match nearest {
        Some((_, name)) => format!("I cannot “{word}”. Did you mean `{name}`?"),
        None => format!("I cannot “{word}”. I can: {}.", all_words()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Action, CommandError> {
        parse(&text.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    fn problem(text: &str) -> String {
        read(text).unwrap_err().to_string()
    }

    #[test]
    fn an_action_is_read_as_it_is_typed() {
        let merge = Action::new("github.merge", "acme/api#12").with("method", "squash");
        assert_eq!(read("merge acme/api#12 --method squash").unwrap(), merge);
        assert_eq!(read("MERGE acme/api#12 —method squash").unwrap(), merge);
        assert_eq!(
            read("label acme/api#12 needs review").unwrap(),
            Action::new("github.label", "acme/api#12").with("label", "needs review")
        );
        assert_eq!(
            read("comment acme/api#12 use --force here").unwrap(),
            Action::new("github.comment", "acme/api#12").with("text", "use --force here")
        );
        assert_eq!(
            read("create-issue acme/api Fix it --body The whole story --label bug").unwrap(),
            Action::new("github.create_issue", "acme/api")
                .with("title", "Fix it")
                .with("body", "The whole story")
                .with("label", "bug")
        );
        assert_eq!(
            read("dispatch acme/api --workflow deploy.yml --input env=prod --input dry=a=b").unwrap(),
            Action::new("github.dispatch", "acme/api")
                .with("workflow", "deploy.yml")
                .with("input.env", "prod")
                .with("input.dry", "a=b")
        );
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        assert!(problem("").contains("Did you mean") || problem("").contains("I can"));
        assert!(problem("clsoe acme/api#12").contains("`close`"));
        assert!(problem("xyzzyqwertyuiop acme/api#12").contains("I can: `comment`"));
        assert_eq!(problem("close"), "Say what it is done to.");
        assert_eq!(problem("merge acme/api#12 now"), "I do not understand “now”.");
        assert_eq!(
            problem("merge acme/api#12 --fast yes"),
            "I do not understand “--fast”."
        );
        assert_eq!(
            problem("merge acme/api#12 --method"),
            "Something is missing after --method."
        );
        assert!(problem("label acme/api#12").starts_with("Something is missing: a label"));
        assert_eq!(
            problem("merge acme/api#12 --method squash --method merge"),
            "“method” is said twice."
        );
        assert!(problem("dispatch acme/api --workflow x --input env").contains("name=value"));
    }
}
