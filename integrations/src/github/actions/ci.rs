//! Purpose: whether a commit's checks passed: check runs (Actions and apps) and commit statuses together.

use serde::Deserialize;

use super::{lists, part};
use crate::github::client::{GithubClient, GithubError};

/// What the checks of a commit say together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ci {
    /// All passed.
    Green,
    /// At least one failed.
    Red,
    /// None failed, and some are not finished.
    Pending,
    /// There are none.
    Unknown,
}

impl Ci {
    /// The name that policies know: `green`, `red`, `pending`, `unknown`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Green => "green",
            Self::Red => "red",
            Self::Pending => "pending",
            Self::Unknown => "unknown",
        }
    }
}

/// The checks of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checks {
    /// What they say together.
    pub ci: Ci,
    /// The names of those that failed.
    pub failed: Vec<String>,
    /// The names of those that are not finished.
    pub running: Vec<String>,
}

#[derive(Deserialize)]
struct CheckRun {
    name: String,
    status: String,
    conclusion: Option<String>,
}

#[derive(Deserialize)]
struct Status {
    context: String,
    state: String,
}

impl GithubClient {
    /// The checks of a commit: the newest run of each, and the newest status of each context. Sources:
    /// <https://docs.github.com/rest/checks/runs>, <https://docs.github.com/rest/commits/statuses>.
    pub async fn checks(&self, repository: &str, sha: &str) -> Result<Checks, GithubError> {
        let commit = format!("/repos/{repository}/commits/{}", part(sha));
        let (runs, statuses) = tokio::try_join!(
            lists::counted::<CheckRun>(self, format!("{commit}/check-runs?per_page=100")),
            lists::counted::<Status>(self, format!("{commit}/status?per_page=100")),
        )?;
        Ok(together(runs, statuses))
    }
}

fn together(runs: Vec<CheckRun>, statuses: Vec<Status>) -> Checks {
    let are_there = !runs.is_empty() || !statuses.is_empty();
    let (mut failed, mut running) = (Vec::new(), Vec::new());
    for run in runs {
        match (run.status.as_str(), run.conclusion.as_deref()) {
            ("completed", Some("success" | "neutral" | "skipped")) => {}
            ("completed", _) => failed.push(run.name),
            (_, _) => running.push(run.name),
        }
    }
    for status in statuses {
        match status.state.as_str() {
            "success" => {}
            "pending" => running.push(status.context),
            _ => failed.push(status.context),
        }
    }
    let ci = match (failed.is_empty(), running.is_empty()) {
        (false, _) => Ci::Red,
        (true, false) => Ci::Pending,
        (true, true) if are_there => Ci::Green,
        (true, true) => Ci::Unknown,
    };
    Checks { ci, failed, running }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(name: &str, status: &str, conclusion: Option<&str>) -> CheckRun {
        CheckRun {
            name: name.to_owned(),
            status: status.to_owned(),
            conclusion: conclusion.map(str::to_owned),
        }
    }

    fn status(context: &str, state: &str) -> Status {
        Status {
            context: context.to_owned(),
            state: state.to_owned(),
        }
    }

    #[test]
    fn checks_are_green_only_if_all_passed() {
        let passed = || run("CI", "completed", Some("success"));
        for (runs, statuses, ci) in [
            (vec![], vec![], Ci::Unknown),
            (vec![passed()], vec![], Ci::Green),
            (vec![run("docs", "completed", Some("skipped"))], vec![], Ci::Green),
            (vec![passed()], vec![status("deploy", "pending")], Ci::Pending),
            (vec![passed(), run("e2e", "queued", None)], vec![], Ci::Pending),
            (vec![passed()], vec![status("deploy", "error")], Ci::Red),
            (vec![run("e2e", "completed", Some("timed_out"))], vec![], Ci::Red),
            (
                vec![
                    run("e2e", "in_progress", None),
                    run("CI", "completed", Some("failure")),
                ],
                vec![],
                Ci::Red,
            ),
        ] {
            assert_eq!(together(runs, statuses).ci, ci);
        }
    }
}
