//! Purpose: one look at one repository: a page of each of its lists, and what in them may have changed.

use chrono::{DateTime, Utc};
use em_domain::event::RawEvent;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::cursor::RepositoryCursor;
use super::draft::{Draft, part};
use crate::github::client::{GithubClient, GithubError, Page};
use crate::poll::EventIds;

/// Pages of a list that belongs to one pull request: 300 reviews are more than anybody reads.
const PAGES_PER_PULL: usize = 3;

/// A look under way.
pub(super) struct Visit<'a> {
    pub(super) client: &'a GithubClient,
    ids: &'a EventIds,
    pub(super) now: DateTime<Utc>,
    pub(super) events: Vec<RawEvent>,
    /// Lists that the repository or the token does not give.
    pub(super) problems: Vec<GithubError>,
}

/// The repository, as every event carries it.
#[derive(Debug, Deserialize, Serialize)]
struct About {
    full_name: String,
    default_branch: String,
    html_url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    private: Option<bool>,
}

/// A repository that answers to its name.
pub(super) struct Target {
    /// As GitHub spells it, also after a renaming.
    pub(super) name: String,
    /// For the events' `repository`.
    pub(super) about: Box<RawValue>,
}

impl Target {
    /// An address under the repository.
    pub(super) fn path(&self, rest: &str) -> String {
        format!("/repos/{}/{rest}", self.name)
    }
}

impl<'a> Visit<'a> {
    pub(super) fn new(client: &'a GithubClient, ids: &'a EventIds, now: DateTime<Utc>) -> Self {
        Self {
            client,
            ids,
            now,
            events: Vec::new(),
            problems: Vec::new(),
        }
    }

    /// Looks at everything once. What the repository refuses is noted; what nobody would get through ends it.
    pub(super) async fn look(
        &mut self,
        name: &str,
        cursor: &mut RepositoryCursor,
    ) -> Result<(), GithubError> {
        let target = match self.target(name).await {
            Ok(target) => target,
            Err(error) => return self.go_on_after(Err(error)),
        };
        let target = &target;
        let outcome = self.pulls(target, cursor).await;
        self.unless_switched_off(outcome)?;
        let outcome = self.issue_events(target, cursor).await;
        self.unless_switched_off(outcome)?;
        let outcome = self.issue_comments(target, cursor).await;
        self.unless_switched_off(outcome)?;
        let outcome = self.review_comments(target, cursor).await;
        self.unless_switched_off(outcome)?;
        let outcome = self.runs(target, cursor).await;
        self.unless_switched_off(outcome)?;
        let outcome = self.deployments(target, cursor).await;
        self.unless_switched_off(outcome)?;
        let outcome = self.releases(target, cursor).await;
        self.unless_switched_off(outcome)?;
        let outcome = self.mergeability(target, cursor).await;
        self.unless_switched_off(outcome)
    }

    async fn target(&self, name: &str) -> Result<Target, GithubError> {
        let about: About = self.client.get(&format!("/repos/{name}")).await?.json()?;
        Ok(Target {
            about: part(&about)?,
            name: about.full_name,
        })
    }

    /// A list that is not there belongs to a feature that is switched off: it is empty.
    fn unless_switched_off(&mut self, outcome: Result<(), GithubError>) -> Result<(), GithubError> {
        match outcome {
            Err(GithubError::NotFound) => Ok(()),
            other => self.go_on_after(other),
        }
    }

    /// Notes what concerns this list alone; the rest ends the look.
    fn go_on_after(&mut self, outcome: Result<(), GithubError>) -> Result<(), GithubError> {
        match outcome {
            Err(
                error @ (GithubError::Forbidden { .. }
                | GithubError::NotFound
                | GithubError::Malformed { .. }),
            ) => {
                self.problems.push(error);
                Ok(())
            }
            other => other,
        }
    }

    /// Emits one state of one thing.
    pub(super) fn emit(&mut self, draft: &Draft<'_>) {
        self.events.push(draft.event((self.ids)(), self.now));
    }

    /// All items of a short list.
    pub(super) async fn whole_list(&self, first: String) -> Result<Vec<Box<RawValue>>, GithubError> {
        let mut items = Vec::new();
        let mut address = Some(first);
        for _ in 0..PAGES_PER_PULL {
            let Some(path) = address else { break };
            let page: Page = self.client.get(&path).await?;
            items.extend(page.json::<Vec<Box<RawValue>>>()?);
            address = page.next;
        }
        Ok(items)
    }
}

/// Reads the few fields that the poller itself goes by.
pub(super) fn outline<'a, T: Deserialize<'a>>(item: &'a RawValue) -> Result<T, GithubError> {
    serde_json::from_str(item.get()).map_err(|error| GithubError::Malformed {
        detail: error.to_string(),
    })
}
