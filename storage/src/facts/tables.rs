//! Purpose: how each kind of fact is kept: its key, how two statements merge, and the columns that are queried.
//! The whole fact is kept as JSON beside them, so that it comes back exactly as it went in.

use chrono::{DateTime, Utc};
use em_domain::ci_run::CiRun;
use em_domain::deployment::{Deployment, Release};
use em_domain::id::{Login, RepositoryName};
use em_domain::incident::Incident;
use em_domain::issue::IssueMove;
use em_domain::pull_request::{PullRequest, PullRequestKey};
use em_domain::push::Push;
use em_domain::repository::Repository;
use em_domain::review::{Comment, Review};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::engine::{Table, Value};
use crate::error::StoreError;

/// A kind of fact. Its table has `id` first, then the columns of [`Fact::columns`], then `fact`.
pub(crate) trait Fact:
    Clone + PartialEq + Serialize + DeserializeOwned + Send + Sync + Unpin + 'static
{
    const TABLE: Table;
    /// Names the thing, whichever event spoke of it.
    fn id(&self) -> String;
    /// Takes in another statement about the same thing, with the same result in any order.
    fn absorb(&mut self, other: Self);
    /// The values of the columns between `id` and `fact`.
    fn columns(&self) -> Vec<Value<'_>>;
}

/// The row of `fact`, known by `id`.
pub(crate) fn row<'q, F: Fact>(id: &'q str, fact: &'q F) -> Result<Vec<Value<'q>>, StoreError> {
    let mut values = Vec::with_capacity(F::TABLE.columns.len());
    values.push(Value::text(id));
    values.extend(fact.columns());
    values.push(Value::json(fact)?);
    Ok(values)
}

/// The tables that a replay rebuilds from events alone; what each pull request waits for follows from them.
pub(crate) const DERIVED_TABLES: [&str; 12] = [
    PullRequest::TABLE.name,
    Review::TABLE.name,
    Comment::TABLE.name,
    CiRun::TABLE.name,
    Deployment::TABLE.name,
    Release::TABLE.name,
    Incident::TABLE.name,
    Push::TABLE.name,
    IssueMove::TABLE.name,
    Repository::TABLE.name,
    SeenEmail::TABLE.name,
    "events_unrecognised",
];

macro_rules! fact_table {
    ($name:literal, $($column:literal),*) => {
        const TABLE: Table = Table { name: $name, columns: &["id", $($column,)* "fact"], key_columns: 1 };
    };
}

/// The id of a thing within a repository.
pub(crate) fn within(repository: &RepositoryName, id: impl std::fmt::Display) -> String {
    format!("{repository}/{id}")
}

/// The id of a thing on a pull request.
fn on(pull_request: &PullRequestKey, id: impl std::fmt::Display) -> String {
    format!("{pull_request}/{id}")
}

impl Fact for PullRequest {
    fact_table!(
        "pull_requests",
        "repository",
        "number",
        "state",
        "author",
        "head_sha",
        "created_at",
        "closed_at",
        "merged_at",
        "head_ref",
        "merge_commit_sha"
    );

    fn id(&self) -> String {
        self.key.to_string()
    }

    fn absorb(&mut self, other: Self) {
        self.merge(other);
    }

    fn columns(&self) -> Vec<Value<'_>> {
        let snapshot = self.snapshot.as_ref().map(|stamped| &stamped.value);
        vec![
            Value::text(self.key.repository.as_str()),
            Value::Integer(self.key.number),
            Value::maybe_text(snapshot.map(|s| s.state.as_str())),
            Value::maybe_text(snapshot.map(|s| s.author.login.as_str())),
            Value::maybe_text(snapshot.and_then(|s| s.head_sha.as_deref())),
            Value::MaybeTime(snapshot.map(|s| s.created_at)),
            Value::MaybeTime(snapshot.and_then(|s| s.closed_at)),
            Value::MaybeTime(snapshot.and_then(|s| s.merged_at)),
            Value::maybe_text(snapshot.map(|s| s.head_ref.as_str())),
            Value::maybe_text(snapshot.and_then(|s| s.merge_commit_sha.as_deref())),
        ]
    }
}

impl Fact for Review {
    fact_table!("reviews", "pull_request", "reviewer", "verdict", "submitted_at");

    fn id(&self) -> String {
        on(&self.pull_request, self.id)
    }

    fn absorb(&mut self, other: Self) {
        self.merge(other);
    }

    fn columns(&self) -> Vec<Value<'_>> {
        vec![
            Value::text(self.pull_request.to_string()),
            Value::text(self.reviewer.login.as_str()),
            Value::text(self.verdict.as_str()),
            Value::Time(self.submitted_at),
        ]
    }
}

impl Fact for Comment {
    fact_table!("comments", "pull_request", "author", "created_at");

    fn id(&self) -> String {
        on(&self.pull_request, &self.id)
    }

    fn absorb(&mut self, other: Self) {
        self.merge(other);
    }

    fn columns(&self) -> Vec<Value<'_>> {
        vec![
            Value::text(self.pull_request.to_string()),
            Value::text(self.author.login.as_str()),
            Value::Time(self.created_at),
        ]
    }
}

impl Fact for CiRun {
    fact_table!(
        "ci_runs",
        "repository",
        "workflow",
        "head_sha",
        "on_default_branch",
        "outcome",
        "created_at",
        "updated_at"
    );

    fn id(&self) -> String {
        within(&self.repository, &self.id)
    }

    fn absorb(&mut self, other: Self) {
        self.merge(other);
    }

    fn columns(&self) -> Vec<Value<'_>> {
        vec![
            Value::text(self.repository.as_str()),
            Value::text(&self.workflow),
            Value::text(&self.head_sha),
            Value::Boolean(self.on_default_branch),
            Value::text(self.outcome.as_str()),
            Value::Time(self.created_at),
            Value::Time(self.updated_at),
        ]
    }
}

impl Fact for Deployment {
    fact_table!(
        "deployments",
        "repository",
        "environment",
        "state",
        "state_at",
        "created_at",
        "succeeded_at"
    );

    fn id(&self) -> String {
        within(&self.repository, self.id)
    }

    fn absorb(&mut self, other: Self) {
        self.merge(other);
    }

    fn columns(&self) -> Vec<Value<'_>> {
        vec![
            Value::text(self.repository.as_str()),
            Value::text(&self.target.value.environment),
            Value::text(self.state.value.as_str()),
            Value::Time(self.state.at),
            Value::Time(self.target.value.created_at),
            Value::MaybeTime(self.succeeded_at),
        ]
    }
}

impl Fact for Release {
    fact_table!("releases", "repository", "published_at");

    fn id(&self) -> String {
        within(&self.repository, self.id)
    }

    fn absorb(&mut self, other: Self) {
        self.merge(other);
    }

    fn columns(&self) -> Vec<Value<'_>> {
        vec![
            Value::text(self.repository.as_str()),
            Value::Time(self.published_at),
        ]
    }
}

impl Fact for Incident {
    fact_table!("incidents", "state", "repository", "opened_at", "resolved_at");

    fn id(&self) -> String {
        format!("{}/{}", self.source, self.external_id)
    }

    fn absorb(&mut self, other: Self) {
        self.merge(other);
    }

    fn columns(&self) -> Vec<Value<'_>> {
        let snapshot = &self.snapshot.value;
        vec![
            Value::text(snapshot.state.as_str()),
            Value::maybe_text(snapshot.repository.as_ref().map(RepositoryName::as_str)),
            Value::Time(snapshot.opened_at),
            Value::MaybeTime(snapshot.resolved_at),
        ]
    }
}

impl Fact for Push {
    fact_table!("pushes", "repository", "branch", "author", "pushed_at");

    fn id(&self) -> String {
        let author = self.author.login.as_str().to_lowercase();
        within(
            &self.repository,
            format_args!("{}@{}/{author}", self.branch, self.head_sha),
        )
    }

    fn absorb(&mut self, other: Self) {
        self.merge(other);
    }

    fn columns(&self) -> Vec<Value<'_>> {
        vec![
            Value::text(self.repository.as_str()),
            Value::text(&self.branch),
            Value::text(self.author.login.as_str()),
            Value::Time(self.at),
        ]
    }
}

impl Fact for IssueMove {
    fact_table!("issue_moves", "issue", "kind", "account", "moved_at");

    fn id(&self) -> String {
        let by = self.by.login.as_str().to_lowercase();
        let at = self.at.timestamp_millis();
        on(&self.issue, format_args!("{}/{by}/{at}", self.kind.as_str()))
    }

    fn absorb(&mut self, other: Self) {
        self.merge(other);
    }

    fn columns(&self) -> Vec<Value<'_>> {
        vec![
            Value::text(self.issue.to_string()),
            Value::text(self.kind.as_str()),
            Value::text(self.by.login.as_str()),
            Value::Time(self.at),
        ]
    }
}

impl Fact for Repository {
    fact_table!("repositories", "is_private");

    fn id(&self) -> String {
        self.name.as_str().to_owned()
    }

    fn absorb(&mut self, other: Self) {
        self.merge(other);
    }

    fn columns(&self) -> Vec<Value<'_>> {
        vec![Value::Boolean(self.is_private.value)]
    }
}

/// An account was seen with an e-mail address, of which only a keyed hash is kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct SeenEmail {
    pub(crate) seen_at: DateTime<Utc>,
    pub(crate) login: Login,
    pub(crate) email_digest: String,
}

impl Fact for SeenEmail {
    fact_table!("account_emails", "email_digest", "seen_at");

    fn id(&self) -> String {
        format!("{}/{}", self.login.as_str().to_lowercase(), self.email_digest)
    }

    fn absorb(&mut self, other: Self) {
        if other > *self {
            *self = other;
        }
    }

    fn columns(&self) -> Vec<Value<'_>> {
        vec![Value::text(&self.email_digest), Value::Time(self.seen_at)]
    }
}
