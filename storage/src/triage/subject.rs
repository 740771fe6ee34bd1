//! Purpose: the evidence of *Why here?*: one pull request and everything known around it.

use chrono::{DateTime, Utc};
use em_domain::ci_run::CiRun;
use em_domain::pull_request::{PullRequest, PullRequestKey};
use em_domain::review::{Comment, Review};
use em_domain::snooze::Snooze;
use em_domain::triage::TriageRow;
use sqlx::types::Json;

use super::Triage;
use crate::engine::{Conn, on_conn};
use crate::error::StoreError;
use crate::facts::facts_by;

/// One pull request and all that is known around it: the evidence of *Why here?*
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The pull request.
    pub pull_request: PullRequest,
    /// Its line in triage, if it is open.
    pub row: Option<TriageRow>,
    /// Its reviews, oldest first.
    pub reviews: Vec<Review>,
    /// Its comments, oldest first.
    pub comments: Vec<Comment>,
    /// The CI runs on its newest commit, oldest first.
    pub runs: Vec<CiRun>,
    /// Its snooze, if it is snoozed now.
    pub snooze: Option<Snooze>,
}

impl Triage<'_> {
    /// One pull request with everything known around it.
    pub async fn find(
        &self,
        key: &PullRequestKey,
        now: DateTime<Utc>,
    ) -> Result<Option<Subject>, StoreError> {
        let id = key.to_string();
        let mut tx = self.store.pool().begin_read().await?;
        let mut conn = tx.conn();
        let Some(pull_request) = facts_by::<PullRequest>(&mut conn, "id", &[&id]).await?.pop() else {
            return Ok(None);
        };
        let row = row(&mut conn, &id).await?;
        let mut reviews: Vec<Review> = facts_by(&mut conn, "pull_request", &[&id]).await?;
        reviews.sort_by_key(|review| (review.submitted_at, review.id));
        let mut comments: Vec<Comment> = facts_by(&mut conn, "pull_request", &[&id]).await?;
        comments.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        let runs = runs_on_head(&mut conn, &pull_request).await?;
        let snooze = crate::snoozes::find_active(&mut conn, &id, now).await?;
        tx.commit().await?;
        Ok(Some(Subject {
            pull_request,
            row,
            reviews,
            comments,
            runs,
            snooze,
        }))
    }
}

async fn row(conn: &mut Conn<'_>, id: &str) -> Result<Option<TriageRow>, StoreError> {
    const ROW: &str = "SELECT line FROM waiting WHERE pull_request = $1";
    let row: Option<Json<TriageRow>> =
        on_conn!(conn, |c| sqlx::query_scalar(ROW).bind(id).fetch_optional(c).await)?;
    Ok(row.map(|Json(row)| row))
}

async fn runs_on_head(conn: &mut Conn<'_>, pull_request: &PullRequest) -> Result<Vec<CiRun>, StoreError> {
    let snapshot = pull_request.snapshot.as_ref().map(|stamped| &stamped.value);
    let Some(head) = snapshot.and_then(|snapshot| snapshot.head_sha.as_deref()) else {
        return Ok(Vec::new());
    };
    let mut runs: Vec<CiRun> = facts_by(conn, "head_sha", &[head]).await?;
    runs.retain(|run| run.repository == pull_request.key.repository);
    runs.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
    Ok(runs)
}
