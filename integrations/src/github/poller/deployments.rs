//! Purpose: deployments with their statuses, and releases.

use chrono::{DateTime, Duration, Utc};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::cursor::RepositoryCursor;
use super::draft::Draft;
use super::runs::longest_unread;
use super::visit::{Target, Visit, outline};
use crate::github::client::GithubError;

/// Deployments per page; each costs a request.
const DEPLOYMENTS_PER_LOOK: usize = 30;
/// Deployments without a final status that are read again per look.
const DEPLOYMENTS_AGAIN_PER_LOOK: usize = 20;
/// A deployment that has not ended after this long never will.
const LONGEST_DEPLOYMENT_DAYS: i64 = 14;

#[derive(Debug, Deserialize)]
struct Deployment {
    id: i64,
    created_at: DateTime<Utc>,
}

#[derive(Debug, Deserialize)]
struct Status {
    id: i64,
    state: String,
}

#[derive(Debug, Deserialize)]
struct Release {
    id: i64,
    created_at: DateTime<Utc>,
    published_at: Option<DateTime<Utc>>,
}

impl Visit<'_> {
    /// A page of new deployments, then those that had not ended.
    pub(super) async fn deployments(
        &mut self,
        target: &Target,
        cursor: &mut RepositoryCursor,
    ) -> Result<(), GithubError> {
        let first = target.path(&format!("deployments?per_page={DEPLOYMENTS_PER_LOOK}"));
        let page = self.client.get(&cursor.deployments.page(first)).await?;
        let mut times = Vec::new();
        for item in page.json::<Vec<Box<RawValue>>>()? {
            let deployment: Deployment = outline(&item)?;
            times.push(deployment.created_at);
            if cursor.deployments.takes(deployment.created_at) {
                self.deployment(target, cursor, (&deployment, &item)).await?;
            }
        }
        cursor.deployments.advance(&times, page.next);
        for id in longest_unread(
            &cursor.unsettled_deployments,
            self.now,
            DEPLOYMENTS_AGAIN_PER_LOOK,
        ) {
            match self.client.get(&target.path(&format!("deployments/{id}"))).await {
                Ok(page) => {
                    let item: Box<RawValue> = page.json()?;
                    self.deployment(target, cursor, (&outline(&item)?, &item)).await?;
                }
                Err(GithubError::NotFound) => drop(cursor.unsettled_deployments.remove(&id)),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn deployment(
        &mut self,
        target: &Target,
        cursor: &mut RepositoryCursor,
        (deployment, item): (&Deployment, &RawValue),
    ) -> Result<(), GithubError> {
        let Deployment { id, created_at } = deployment;
        self.emit(&Draft {
            event_type: "deployment",
            state: format!("{}:{id}", target.name),
            parts: &[("deployment", item), ("repository", &target.about)],
        });
        let mut has_ended = false;
        for status_item in self
            .whole_list(target.path(&format!("deployments/{id}/statuses?per_page=100")))
            .await?
        {
            let status: Status = outline(&status_item)?;
            has_ended |= matches!(
                status.state.as_str(),
                "success" | "failure" | "error" | "inactive"
            );
            self.emit(&Draft {
                event_type: "deployment_status",
                state: format!("{}:{}:{}", target.name, status.id, status.state),
                parts: &[
                    ("deployment_status", &status_item),
                    ("deployment", item),
                    ("repository", &target.about),
                ],
            });
        }
        let may_end = self.now - *created_at < Duration::days(LONGEST_DEPLOYMENT_DAYS);
        if !has_ended && may_end {
            cursor.unsettled_deployments.insert(*id, self.now);
        } else {
            cursor.unsettled_deployments.remove(id);
        }
        Ok(())
    }

    /// A page of releases. They are listed by the time of their commit, but become news when they are published:
    /// so the first page is looked through each time.
    pub(super) async fn releases(
        &mut self,
        target: &Target,
        cursor: &mut RepositoryCursor,
    ) -> Result<(), GithubError> {
        let page = self
            .client
            .get(&cursor.releases.page(target.path("releases?per_page=50")))
            .await?;
        let is_first_look = cursor.releases.goes_back_to(cursor.since);
        let mut times = Vec::new();
        let mut until = cursor.released_until;
        for item in page.json::<Vec<Box<RawValue>>>()? {
            let release: Release = outline(&item)?;
            times.push(release.created_at);
            let from = if is_first_look {
                cursor.since
            } else {
                cursor.released_until
            };
            let Some(published_at) = release.published_at.filter(|at| *at >= from) else {
                continue;
            };
            until = until.max(published_at);
            self.emit(&Draft {
                event_type: "release",
                state: format!("{}:{}:{}", target.name, release.id, published_at.timestamp()),
                parts: &[("release", &item), ("repository", &target.about)],
            });
        }
        cursor.released_until = until;
        cursor.releases.advance(&times, page.next);
        Ok(())
    }
}
