//! Purpose: what an event says. A normaliser turns one raw event into changes; storage merges them into facts.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::ci_run::CiRun;
use crate::deployment::{Deployment, Release};
use crate::id::Login;
use crate::incident::Incident;
use crate::issue::IssueMove;
use crate::pull_request::PullRequest;
use crate::push::Push;
use crate::repository::Repository;
use crate::review::{Comment, Review};

/// One statement about one thing. Merging it is idempotent and independent of order, so a fact is the same
/// however often and in whatever order its events came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactChange {
    /// About a pull request.
    PullRequest(Box<PullRequest>),
    /// About a review.
    Review(Review),
    /// About a comment.
    Comment(Comment),
    /// About a CI run.
    CiRun(CiRun),
    /// About a deployment.
    Deployment(Box<Deployment>),
    /// About a release.
    Release(Release),
    /// About an incident.
    Incident(Box<Incident>),
    /// About what one account pushed at once.
    Push(Push),
    /// About one move of an issue.
    IssueMove(Box<IssueMove>),
    /// About a repository.
    Repository(Repository),
    /// An account was seen with an e-mail address; links people across systems.
    AccountEmail(AccountEmail),
}

/// An account's e-mail address as a commit shows it. The address is kept only as a keyed hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountEmail {
    /// The account.
    pub login: Login,
    /// The address as written.
    pub email: String,
    /// When it was seen, in event time.
    pub seen_at: DateTime<Utc>,
}

/// What a normaliser made of one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Normalised {
    /// Understood; what it says (possibly nothing that matters here, as a `ping`).
    Changes(Vec<FactChange>),
    /// Not understood, and why. The event stays stored, is counted, and `doctor` lists it.
    Unrecognised(String),
}
