//! Purpose: workflow runs: new ones, and those that may still change.

use chrono::{DateTime, Duration, Utc};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::cursor::RepositoryCursor;
use super::draft::Draft;
use super::visit::{Target, Visit, outline};
use crate::github::client::GithubError;

/// Runs that are read again per look.
const RUNS_AGAIN_PER_LOOK: usize = 30;
/// A run cannot last longer (docs.github.com, "Usage limits": 35 days).
const LONGEST_RUN_DAYS: i64 = 35;
/// A red run that nobody ran again for so long stays red. A new attempt keeps the run's id and time of creation, so
/// the list of new runs does not show it.
const RED_STAYS_DAYS: i64 = 3;

#[derive(Debug, Deserialize)]
struct Runs {
    workflow_runs: Vec<Box<RawValue>>,
}

#[derive(Debug, Deserialize)]
struct Run {
    id: i64,
    #[serde(rename = "run_attempt")]
    attempt: Option<i64>,
    status: Option<String>,
    conclusion: Option<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl Run {
    fn may_change(&self, now: DateTime<Utc>) -> bool {
        match self.conclusion.as_deref() {
            None => now - self.created_at < Duration::days(LONGEST_RUN_DAYS),
            Some("success" | "skipped" | "neutral") => false,
            Some(_) => now - self.updated_at < Duration::days(RED_STAYS_DAYS),
        }
    }
}

impl Visit<'_> {
    /// A page of new runs, then those that may have changed.
    pub(super) async fn runs(
        &mut self,
        target: &Target,
        cursor: &mut RepositoryCursor,
    ) -> Result<(), GithubError> {
        let first = target.path("actions/runs?per_page=100&exclude_pull_requests=true");
        let page = self.client.get(&cursor.runs.page(first)).await?;
        let mut times = Vec::new();
        for item in page.json::<Runs>()?.workflow_runs {
            let run: Run = outline(&item)?;
            times.push(run.created_at);
            if cursor.runs.takes(run.created_at) {
                self.run(target, cursor, (&run, &item));
            }
        }
        cursor.runs.advance(&times, page.next);
        self.runs_again(target, cursor).await
    }

    /// The runs on one commit: those of an open pull request may be older than the first look goes back.
    pub(super) async fn runs_on(
        &mut self,
        target: &Target,
        cursor: &mut RepositoryCursor,
        sha: &str,
    ) -> Result<(), GithubError> {
        let path = target.path(&format!(
            "actions/runs?head_sha={sha}&per_page=100&exclude_pull_requests=true"
        ));
        let page = match self.client.get(&path).await {
            // Actions are switched off.
            Err(GithubError::NotFound) => return Ok(()),
            outcome => outcome?,
        };
        for item in page.json::<Runs>()?.workflow_runs {
            self.run(target, cursor, (&outline(&item)?, &item));
        }
        Ok(())
    }

    async fn runs_again(
        &mut self,
        target: &Target,
        cursor: &mut RepositoryCursor,
    ) -> Result<(), GithubError> {
        for id in longest_unread(&cursor.unsettled_runs, self.now, RUNS_AGAIN_PER_LOOK) {
            match self
                .client
                .get(&target.path(&format!("actions/runs/{id}?exclude_pull_requests=true")))
                .await
            {
                Ok(page) => {
                    let item: Box<RawValue> = page.json()?;
                    self.run(target, cursor, (&outline(&item)?, &item));
                }
                Err(GithubError::NotFound) => drop(cursor.unsettled_runs.remove(&id)),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn run(&mut self, target: &Target, cursor: &mut RepositoryCursor, (run, item): (&Run, &RawValue)) {
        let state = run
            .conclusion
            .as_deref()
            .or(run.status.as_deref())
            .unwrap_or("unknown");
        let attempt = run.attempt.unwrap_or(1);
        self.emit(&Draft {
            event_type: "workflow_run",
            state: format!("{}:{}:{attempt}:{state}", target.name, run.id),
            parts: &[("workflow_run", item), ("repository", &target.about)],
        });
        if run.may_change(self.now) {
            cursor.unsettled_runs.insert(run.id, self.now);
        } else {
            cursor.unsettled_runs.remove(&run.id);
        }
    }
}

/// Up to `limit` ids, the longest unread first, without those that were read just now.
pub(super) fn longest_unread(
    read: &std::collections::BTreeMap<i64, DateTime<Utc>>,
    now: DateTime<Utc>,
    limit: usize,
) -> Vec<i64> {
    let mut due: Vec<(DateTime<Utc>, i64)> = read
        .iter()
        .filter(|(_, at)| **at < now)
        .map(|(id, at)| (*at, *id))
        .collect();
    due.sort_unstable();
    due.into_iter().map(|(_, id)| id).take(limit).collect()
}
