//! Purpose: what is asked about delivery: how far back, which repository or team, by whose definitions. Written in one line,
//! so that buttons and modals can ask the same again.

use std::collections::BTreeSet;
use std::fmt;

use em_domain::delivery::Mode;
use em_domain::id::{Login, RepositoryName, SlackUser};
use em_storage::Store;

use super::explain::outdated;
use super::{Typed, window};
use crate::ctx::Ctx;
use crate::invocation::{CommandError, Invocation};
use crate::spec::as_typed;
use crate::team;
use crate::triage::my_login;

/// A quarter: long enough for most teams to have something to count.
pub(super) const DEFAULT_DAYS: u32 = 90;
/// Ten years.
const MAX_DAYS: u32 = 3_653;

/// Repositories and people; all where `None`.
type Whose = (Option<BTreeSet<RepositoryName>>, Option<BTreeSet<Login>>);

/// Which part of the work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Everything that is known.
    All,
    /// One repository.
    Repository(RepositoryName),
    /// A configured team, by its name.
    Team(String),
    /// The changes of whoever asks: numbers of one person are for that person alone.
    Mine(Login),
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Question {
    pub(crate) days: u32,
    pub(crate) mode: Mode,
    pub(crate) scope: Scope,
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, mode) = (self.days, self.mode.as_str());
        match &self.scope {
            Scope::All => write!(f, "{days}d {mode} all"),
            Scope::Repository(name) => write!(f, "{days}d {mode} repo {name}"),
            Scope::Team(name) => write!(f, "{days}d {mode} team {name}"),
            Scope::Mine(login) => write!(f, "{days}d {mode} mine {login}"),
        }
    }
}

impl Question {
    /// What was typed.
    ///
    /// # Errors
    /// A number of days, repository, team or mode that there is not, in words for the person.
    pub(crate) async fn asked(
        ctx: &Ctx,
        invocation: &Invocation,
        typed: Option<&str>,
        whose: &Typed,
    ) -> Result<Self, CommandError> {
        let mode = match whose.mode.as_deref() {
            Some(name) => Mode::parse(name).ok_or_else(|| no_mode(name))?,
            None => Mode::default(),
        };
        let scope = match (&whose.repo, &whose.team) {
            (Some(name), _) => Scope::Repository(repository(&ctx.store, name).await?),
            (None, Some(name)) => Scope::Team(team::find(ctx, name)?.name.clone()),
            (None, None) if whose.mine => Scope::Mine(my_login(ctx, invocation.person()?).await?),
            (None, None) => Scope::All,
        };
        Ok(Self {
            days: typed.map_or(Ok(DEFAULT_DAYS), days)?,
            mode,
            scope,
        })
    }

    /// What a button or modal says that `user` clicked. What says “mine” is about whoever clicks, whatever it was before.
    ///
    /// # Errors
    /// It is of another version, in words.
    pub(crate) async fn clicked(ctx: &Ctx, user: &SlackUser, text: &str) -> Result<Self, CommandError> {
        let mut question = Self::parse(text).ok_or_else(outdated)?;
        if matches!(question.scope, Scope::Mine(_)) {
            question.scope = Scope::Mine(my_login(ctx, user).await?);
        }
        Ok(question)
    }

    /// What [`fmt::Display`] wrote; `None` if it is of another version.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (days, rest) = text.split_once(' ')?;
        let (mode, rest) = rest.split_once(' ')?;
        let scope = match rest.split_once(' ') {
            Some(("repo", name)) => Scope::Repository(name.into()),
            Some(("team", name)) => Scope::Team(name.to_owned()),
            Some(("mine", login)) => Scope::Mine(Login(login.to_owned())),
            _ => Scope::All,
        };
        Some(Self {
            days: self::days(days).ok()?,
            mode: Mode::parse(mode)?,
            scope,
        })
    }

    /// What a report is about, in words.
    pub(crate) fn about(&self) -> String {
        let days = match self.days {
            1 => "the last day".to_owned(),
            days => format!("the last {days} days"),
        };
        match self.scope.name() {
            Some(name) => format!("{name}, {days}"),
            None => days,
        }
    }
}

impl Scope {
    /// Whose deployments and whose changes; everybody's where `None`.
    pub(super) fn whose(&self, ctx: &Ctx) -> Result<Whose, CommandError> {
        Ok(match self {
            Self::All => (None, None),
            Self::Repository(name) => (Some(BTreeSet::from([name.clone()])), None),
            Self::Team(name) => window::whose(team::find(ctx, name)?),
            Self::Mine(login) => (None, Some(BTreeSet::from([login.clone()]))),
        })
    }

    /// How reports call it; nothing where it is everything.
    pub(crate) fn name(&self) -> Option<String> {
        match self {
            Self::All => None,
            Self::Repository(name) => Some(name.to_string()),
            Self::Team(name) => Some(name.clone()),
            Self::Mine(_) => Some("Your changes".to_owned()),
        }
    }
}

/// A number of days, as typed: `30d` or `30`.
pub(super) fn days(typed: &str) -> Result<u32, CommandError> {
    let wrong = || {
        CommandError::user(format!(
            "I cannot look back “{}”: write a number of days from 1 to {MAX_DAYS}, as in `/em-agent dora 30d`.",
            as_typed(typed)
        ))
    };
    let number = typed.strip_suffix(['d', 'D']).unwrap_or(typed);
    let days: u32 = number.parse().map_err(|_| wrong())?;
    (1..=MAX_DAYS).contains(&days).then_some(days).ok_or_else(wrong)
}

fn no_mode(typed: &str) -> CommandError {
    let known = Mode::ALL.map(Mode::as_str).join(", ");
    CommandError::user(format!(
        "There are no definitions called “{}”. I know: {known}.",
        as_typed(typed)
    ))
}

/// The repository that is meant: `acme/api`, or `api` where one owner has it.
pub(crate) async fn repository(store: &Store, typed: &str) -> Result<RepositoryName, CommandError> {
    let known = store.delivery().list_repositories().await?;
    let same = |name: &&RepositoryName| {
        let short = name.as_str().rsplit('/').next().unwrap_or_default();
        name.as_str().eq_ignore_ascii_case(typed) || short.eq_ignore_ascii_case(typed)
    };
    let found: Vec<&RepositoryName> = known.iter().filter(same).collect();
    match found.as_slice() {
        [one] => Ok((*one).clone()),
        [] => Err(no_repository(typed, &known)),
        several => {
            let names: Vec<&str> = several.iter().take(10).map(|name| name.as_str()).collect();
            Err(CommandError::user(format!(
                "There are several: {}. Write the owner too.",
                names.join(", ")
            )))
        }
    }
}

fn no_repository(typed: &str, known: &[RepositoryName]) -> CommandError {
    let scored = known.iter().map(|name| {
        let name = name.as_str();
        (
            strsim::damerau_levenshtein(&name.to_lowercase(), &typed.to_lowercase()),
            name,
        )
    });
    let near = scored.min().filter(|(distance, _)| *distance <= 4);
    let meant = near
        .map(|(_, name)| format!(" Did you mean {name}?"))
        .unwrap_or_default();
    CommandError::user(format!(
        "I have seen nothing of a repository “{}”.{meant} Write it as owner/name.",
        as_typed(typed)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_comes_back_as_it_was_written() {
        for scope in [
            Scope::All,
            Scope::Repository("acme/api".into()),
            Scope::Team("pay and ship".to_owned()),
            Scope::Mine(Login("ana".to_owned())),
        ] {
            for mode in Mode::ALL {
                let question = Question {
                    days: 30,
                    mode,
                    scope: scope.clone(),
                };
                assert_eq!(Question::parse(&question.to_string()), Some(question));
            }
        }
        for broken in [
            "",
            "30d",
            "30d ours",
            "0d ours all",
            "x ours all",
            "30d others all",
        ] {
            assert_eq!(Question::parse(broken), None, "{broken}");
        }
    }

    #[test]
    fn days_are_numbers_within_ten_years() {
        assert_eq!(days("7d").ok(), Some(7));
        assert_eq!(days("90").ok(), Some(90));
        for wrong in ["0d", "-1", "4000d", "d", "a week", ""] {
            assert!(days(wrong).is_err(), "{wrong}");
        }
    }
}
