//! Purpose: which statements of events the self-check of a window needs: about what is stored of it, and whatever says that it
//! happened within it.

use std::collections::BTreeSet;
use std::ops::Range;

use chrono::{DateTime, Utc};
use em_domain::ci_run::CiRun;
use em_domain::delivery::{Change, Deployed, DirectPush, Means, Outage, known};
use em_domain::fact::FactChange;
use em_domain::flow::{OpenChange, Reviewed};
use em_domain::id::RepositoryName;
use em_domain::selfcheck::WeekFacts;

use crate::delivery::DeliveryOf;

/// Names of things, each kind as it is told apart.
pub(super) struct Wanted {
    window: Range<DateTime<Utc>>,
    /// When the oldest of them began.
    begins: Option<DateTime<Utc>>,
    counts_releases: bool,
    changes: BTreeSet<String>,
    flow_changes: BTreeSet<String>,
    open: BTreeSet<String>,
    deployed: BTreeSet<String>,
    outages: BTreeSet<(String, String)>,
    pushes: BTreeSet<(RepositoryName, String)>,
    reviews: BTreeSet<(String, i64)>,
    runs: BTreeSet<(RepositoryName, String)>,
}

impl Wanted {
    pub(super) fn new(known: &WeekFacts, of: DeliveryOf<'_>) -> Self {
        let (delivery, flow) = (&known.delivery, &known.flow);
        let key = |change: &Change| change.key.to_string();
        let changes = delivery.changes.iter().chain(&flow.changes);
        // An earliest commit may be older than anything that was received.
        let began = changes
            .map(|change| change.opened_at)
            .chain(flow.open.iter().map(|open| open.opened_at))
            .chain(delivery.deployments.iter().map(|deployed| deployed.created_at))
            .chain(delivery.outages.iter().map(|outage| outage.opened_at))
            .chain(delivery.pushes.iter().map(|push| push.at))
            .chain(flow.runs.iter().map(|run| run.created_at))
            .chain(flow.reviews.iter().map(|review| review.at))
            .chain([of.asked.from]);
        Self {
            window: of.asked.from..of.asked.to.min(of.now),
            begins: began.min(),
            counts_releases: of.definitions.counts_any(Means::Release),
            changes: delivery.changes.iter().map(key).collect(),
            flow_changes: flow.changes.iter().map(key).collect(),
            open: flow.open.iter().map(|open| open.key.to_string()).collect(),
            deployed: delivery.deployments.iter().map(|one| one.id.clone()).collect(),
            outages: delivery
                .outages
                .iter()
                .map(|outage| (outage.source.clone(), outage.external_id.clone()))
                .collect(),
            pushes: delivery
                .pushes
                .iter()
                .map(|push| (push.repository.clone(), push.head_sha.clone()))
                .collect(),
            reviews: flow
                .reviews
                .iter()
                .map(|review| (review.key.to_string(), review.id))
                .collect(),
            runs: flow
                .runs
                .iter()
                .map(|run| (run.repository.clone(), run.id.clone()))
                .collect(),
        }
    }

    pub(super) fn begins(&self) -> Option<DateTime<Utc>> {
        self.begins
    }

    /// Whether a statement is about something that is wanted.
    pub(super) fn takes(&self, change: &FactChange) -> bool {
        match change {
            FactChange::PullRequest(pull) => {
                let merged = pull.snapshot.as_ref().and_then(|said| said.value.merged_at);
                self.is_pull(&pull.key.to_string()) || merged.is_some_and(|at| self.window.contains(&at))
            }
            FactChange::Review(review) => {
                let pull = review.pull_request.to_string();
                self.is_pull(&pull)
                    || self.window.contains(&review.submitted_at)
                    || self.reviews.contains(&(pull, review.id))
            }
            FactChange::Comment(comment) => self.is_pull(&comment.pull_request.to_string()),
            FactChange::CiRun(run) => {
                self.is_run(run)
                    || (run.on_default_branch
                        && self
                            .deployed
                            .contains(&format!("{}/run/{}", run.repository, run.id)))
            }
            FactChange::Deployment(deployment) => {
                let ended = deployment.succeeded_at.unwrap_or(deployment.state.at);
                let id = format!("{}/{}", deployment.repository, deployment.id);
                self.window.contains(&ended) || self.deployed.contains(&id)
            }
            FactChange::Release(release) => {
                self.counts_releases && self.is_deployed(&known::released(release))
            }
            FactChange::Incident(incident) => {
                let key = (incident.source.clone(), incident.external_id.clone());
                self.window.contains(&incident.snapshot.value.opened_at) || self.outages.contains(&key)
            }
            FactChange::Push(push) => known::pushed(push).is_some_and(|push| {
                self.window.contains(&push.at) || self.pushes.contains(&(push.repository, push.head_sha))
            }),
            FactChange::IssueMove(_) | FactChange::Repository(_) | FactChange::AccountEmail(_) => false,
        }
    }

    fn is_pull(&self, id: &str) -> bool {
        self.changes.contains(id) || self.flow_changes.contains(id) || self.open.contains(id)
    }

    pub(super) fn is_change(&self, change: &Change) -> bool {
        self.window.contains(&change.merged_at) || self.changes.contains(&change.key.to_string())
    }

    pub(super) fn is_flow_change(&self, change: &Change) -> bool {
        self.window.contains(&change.merged_at) || self.flow_changes.contains(&change.key.to_string())
    }

    pub(super) fn is_open(&self, open: &OpenChange) -> bool {
        self.open.contains(&open.key.to_string())
    }

    pub(super) fn is_deployed(&self, deployed: &Deployed) -> bool {
        self.window.contains(&deployed.ended_at) || self.deployed.contains(&deployed.id)
    }

    pub(super) fn is_outage(&self, outage: &Outage) -> bool {
        let key = (outage.source.clone(), outage.external_id.clone());
        self.window.contains(&outage.opened_at) || self.outages.contains(&key)
    }

    /// A push that is a pull request's merge is none of its own.
    pub(super) fn is_push(&self, push: &DirectPush, merges: &BTreeSet<&str>) -> bool {
        let key = (push.repository.clone(), push.head_sha.clone());
        let is_own = self.window.contains(&push.at) && !merges.contains(push.head_sha.as_str());
        is_own || self.pushes.contains(&key)
    }

    pub(super) fn is_review(&self, review: &Reviewed) -> bool {
        self.window.contains(&review.at) || self.reviews.contains(&(review.key.to_string(), review.id))
    }

    pub(super) fn is_run(&self, run: &CiRun) -> bool {
        self.window.contains(&run.created_at) || self.runs.contains(&(run.repository.clone(), run.id.clone()))
    }
}
