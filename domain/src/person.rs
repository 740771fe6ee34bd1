//! Purpose: one person, many accounts: which Slack user is which account elsewhere.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::id::{Login, SlackUser};

/// Why two accounts are believed to be one person. A later variant beats an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkOrigin {
    /// The same e-mail address on both sides.
    Email,
    /// The person said so with `link`.
    Person,
    /// The operator's configuration says so.
    Configuration,
}

impl LinkOrigin {
    /// The name it is stored under.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Person => "person",
            Self::Configuration => "configuration",
        }
    }

    /// The origin stored under `name`.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Email, Self::Person, Self::Configuration]
            .into_iter()
            .find(|o| o.as_str() == name)
    }
}

/// A Slack user is this GitHub account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The person in Slack.
    pub slack_user: SlackUser,
    /// The account on GitHub.
    pub login: Login,
    /// Why we believe it.
    pub origin: LinkOrigin,
    /// Since when.
    pub linked_at: DateTime<Utc>,
}

/// One person, by the accounts that are known of them; at least one is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity {
    /// The person in Slack.
    pub slack_user: Option<SlackUser>,
    /// The account on GitHub.
    pub login: Option<Login>,
}

/// Whether `text` can be a GitHub login: 1 to 39 letters, digits or single dashes, not at an end
/// (docs.github.com, "Username considerations"). `[bot]` accounts do not use Slack.
pub fn is_github_login(text: &str) -> bool {
    (1..=39).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
        && !text.contains("--")
}

/// How sure it is that an account is somebody's, by its name alone: never enough to link it, always enough to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// An initial and a name are the same: `aruiz`, `ana-r`.
    Possible,
    /// All of the name is the same: `ana-ruiz`.
    Likely,
}

/// Fewer letters than this are too common to say who somebody is.
const LEAST_LETTERS: usize = 3;

/// Whose account it may be: the one whose name is most like one of `names`; `None` if none is, or several are equally.
pub fn guess<'l>(names: &[&str], logins: &'l [Login]) -> Option<(&'l Login, Confidence)> {
    let alike: Vec<(&Login, Confidence)> = logins
        .iter()
        .filter_map(|login| {
            Some((
                login,
                names.iter().filter_map(|name| likeness(name, login)).max()?,
            ))
        })
        .collect();
    let best = alike.iter().map(|(_, confidence)| *confidence).max()?;
    let mut of_best = alike.into_iter().filter(|(_, confidence)| *confidence == best);
    let only = of_best.next()?;
    of_best.next().is_none().then_some(only)
}

fn likeness(name: &str, login: &Login) -> Option<Confidence> {
    let letters = |text: &str| -> String {
        text.chars()
            .filter(|c| c.is_alphanumeric())
            .flat_map(char::to_lowercase)
            .collect()
    };
    let words: Vec<String> = name
        .split_whitespace()
        .map(letters)
        .filter(|word| !word.is_empty())
        .collect();
    let account = letters(login.as_str());
    if account.chars().count() < LEAST_LETTERS {
        return None;
    }
    let backwards: String = words.iter().rev().map(String::as_str).collect();
    if account == words.concat() || account == backwards {
        return Some(Confidence::Likely);
    }
    let [first, .., last] = words.as_slice() else {
        return None;
    };
    let initial = |word: &str| word.chars().take(1).collect::<String>();
    let shortened = [
        format!("{}{last}", initial(first)),
        format!("{first}{}", initial(last)),
    ];
    shortened.contains(&account).then_some(Confidence::Possible)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guessed(names: &[&str], logins: &[&str]) -> Option<(String, Confidence)> {
        let logins: Vec<Login> = logins.iter().map(|login| Login::from(*login)).collect();
        guess(names, &logins).map(|(login, confidence)| (login.0.clone(), confidence))
    }

    #[test]
    fn an_account_is_proposed_by_the_whole_name_before_a_shortened_one_and_only_if_it_is_the_only_one() {
        use Confidence::{Likely, Possible};
        let ana = ["ana", "Ana Ruiz"];
        let some = |login: &str, confidence| Some((login.to_owned(), confidence));
        assert_eq!(
            guessed(&ana, &["bob", "Ana-Ruiz", "aruiz"]),
            some("Ana-Ruiz", Likely)
        );
        assert_eq!(guessed(&ana, &["ruiz-ana"]), some("ruiz-ana", Likely));
        assert_eq!(guessed(&ana, &["bob", "aruiz"]), some("aruiz", Possible));
        assert_eq!(guessed(&ana, &["ana-r"]), some("ana-r", Possible));
        assert_eq!(guessed(&ana, &["aruiz", "ana-r"]), None);
        assert_eq!(guessed(&ana, &["anaconda", "ruizinho"]), None);
        assert_eq!(guessed(&["Al"], &["al"]), None);
        assert_eq!(guessed(&[], &["ana"]), None);
    }
}
