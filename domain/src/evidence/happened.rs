//! Purpose: the single deeds that facts show, each at one instant. Bots and noise are left out here.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};

use super::{Deed, Doer, Event, Subject, Window};
use crate::approval::Approval;
use crate::deployment::{Deployment, Release};
use crate::id::{Login, RepositoryName};
use crate::incident::{Incident, IncidentState};
use crate::issue::{IssueMove, Move};
use crate::pull_request::{PullRequest, PullRequestKey, Snapshot};
use crate::push::Push;
use crate::review::{Review, Verdict};

/// The facts that may show something of a window: all that do, and any number of others.
#[derive(Debug, Clone, Default)]
pub struct KnownFacts {
    /// Pull requests that were opened or merged, whose reviews are among `reviews`, or to which was pushed.
    pub pulls: Vec<PullRequest>,
    /// Reviews.
    pub reviews: Vec<Review>,
    /// Pushes.
    pub pushes: Vec<Push>,
    /// Moves of issues.
    pub issue_moves: Vec<IssueMove>,
    /// Deployments.
    pub deployments: Vec<Deployment>,
    /// Releases.
    pub releases: Vec<Release>,
    /// Incidents.
    pub incidents: Vec<Incident>,
    /// Questions that people answered.
    pub approvals: Vec<Approval>,
    /// The repositories that everybody may look into. Of any other nobody said so.
    pub public: BTreeSet<RepositoryName>,
}

/// Everything that the facts show in the window, each deed once: nothing is lost or doubled where windows adjoin.
pub fn happened(facts: &KnownFacts, window: Window) -> Vec<Event> {
    let known = Known::new(facts);
    let authored = facts.pulls.iter().flat_map(|pull| known.authored(pull));
    let reviews = facts.reviews.iter().filter_map(|review| known.review(review));
    let pushes = facts.pushes.iter().filter_map(|push| known.push(push));
    let issues = facts.issue_moves.iter().filter_map(|moved| known.issue(moved));
    let deployments = facts.deployments.iter().filter_map(|live| known.deployment(live));
    let releases = facts.releases.iter().filter_map(|release| known.release(release));
    let incidents = facts
        .incidents
        .iter()
        .flat_map(|incident| known.incident(incident));
    let decisions = facts.approvals.iter().flat_map(decisions);
    authored
        .chain(reviews)
        .chain(pushes)
        .chain(issues)
        .chain(deployments)
        .chain(releases)
        .chain(incidents)
        .chain(decisions)
        .filter(|event| window.contains(event.at))
        .collect()
}

/// The facts, to look things up in.
struct Known<'a> {
    facts: &'a KnownFacts,
    by_key: HashMap<&'a PullRequestKey, &'a PullRequest>,
    by_branch: HashMap<(&'a RepositoryName, &'a str), Vec<&'a PullRequest>>,
    merge_commits: BTreeSet<&'a str>,
}

impl<'a> Known<'a> {
    fn new(facts: &'a KnownFacts) -> Self {
        let mut by_branch: HashMap<_, Vec<&PullRequest>> = HashMap::new();
        for pull in &facts.pulls {
            if let Some(snapshot) = snapshot(pull) {
                let branch = (&pull.key.repository, snapshot.head_ref.as_str());
                by_branch.entry(branch).or_default().push(pull);
            }
        }
        let merges = facts.pulls.iter().filter_map(snapshot);
        Self {
            facts,
            by_key: facts.pulls.iter().map(|pull| (&pull.key, pull)).collect(),
            by_branch,
            merge_commits: merges.filter_map(|s| s.merge_commit_sha.as_deref()).collect(),
        }
    }

    fn is_private(&self, repository: &RepositoryName) -> bool {
        !self.facts.public.contains(repository)
    }

    fn subject(&self, repository: &RepositoryName, id: String, title: &str, url: &str) -> Subject {
        Subject {
            id,
            title: title.to_owned(),
            url: url.to_owned(),
            repository: Some(repository.clone()),
            is_private: self.is_private(repository),
            is_draft: false,
        }
    }

    fn pull(&self, key: &PullRequestKey, snapshot: Option<&Snapshot>) -> Subject {
        // Only its number is known of a pull request that no event has stated in full yet.
        let title = snapshot.map_or_else(|| key.to_string(), |snapshot| snapshot.title.clone());
        let url = snapshot.map_or("", |snapshot| snapshot.url.as_str());
        Subject {
            is_draft: snapshot.is_some_and(|snapshot| !snapshot.is_ready),
            ..self.subject(&key.repository, key.to_string(), &title, url)
        }
    }

    fn authored(&self, pull: &PullRequest) -> impl Iterator<Item = Event> {
        let person = snapshot(pull).filter(|snapshot| !snapshot.author.is_bot);
        let deeds = person.into_iter().flat_map(|snapshot| {
            let merged = snapshot.merged_at.map(|at| (Deed::Merged, at, snapshot));
            std::iter::once((Deed::Opened, snapshot.created_at, snapshot)).chain(merged)
        });
        deeds.map(|(deed, at, snapshot)| {
            let subject = self.pull(&pull.key, Some(snapshot));
            event(&snapshot.author.login, at, deed, subject)
        })
    }

    /// A review, unless its writer is a program, answers under their own pull request, or only took an earlier one back.
    fn review(&self, review: &Review) -> Option<Event> {
        let pull = self.by_key.get(&review.pull_request).copied().and_then(snapshot);
        let is_own = pull.is_some_and(|pull| pull.author.login.same(&review.reviewer.login));
        if is_own || review.reviewer.is_bot || review.verdict == Verdict::Withdrawn {
            return None;
        }
        let mut subject = self.pull(&review.pull_request, pull);
        subject.url.clone_from(&review.url);
        let by = &review.reviewer.login;
        Some(event(by, review.submitted_at, Deed::Reviewed, subject))
    }

    /// A push, to the pull request that its branch had then or has had since. Merging is no work of its own.
    fn push(&self, push: &Push) -> Option<Event> {
        if push.author.is_bot || self.merge_commits.contains(push.head_sha.as_str()) {
            return None;
        }
        let pull = Some(push)
            .filter(|push| !push.on_default_branch)
            .and_then(|push| self.by_branch.get(&(&push.repository, push.branch.as_str())))
            .and_then(|pulls| {
                pulls
                    .iter()
                    .filter(|pull| is_open_at(pull, push.at))
                    .min_by_key(|pull| pull.key.number)
            });
        let subject = if let Some(pull) = pull {
            self.pull(&pull.key, snapshot(pull))
        } else {
            let id = format!("{}@{}", push.repository, push.branch);
            self.subject(&push.repository, id, &push.title, &push.url)
        };
        Some(Event {
            times: push.commits,
            ..event(&push.author.login, push.at, Deed::Pushed, subject)
        })
    }

    fn issue(&self, moved: &IssueMove) -> Option<Event> {
        let deed = match moved.kind {
            Move::Opened => Deed::IssueOpened,
            Move::Assigned => Deed::IssueAssigned,
            Move::Started => Deed::IssueStarted,
            Move::Closed => Deed::IssueClosed,
        };
        let (key, by) = (&moved.issue, &moved.by);
        let subject = self.subject(&key.repository, key.to_string(), &moved.title, &moved.url);
        (!by.is_bot).then(|| event(&by.login, moved.at, deed, subject))
    }

    /// What went live. Programs deploy for people, so these are told too.
    fn deployment(&self, deployment: &Deployment) -> Option<Event> {
        let target = &deployment.target.value;
        let id = format!("{} to {}", deployment.repository, target.environment);
        let url = deployment.log_url.as_ref().map_or(&target.url, |log| &log.value);
        let subject = self.subject(&deployment.repository, id.clone(), &id, url);
        let by = target.creator.as_ref()?;
        Some(event(by, deployment.succeeded_at?, Deed::Deployed, subject))
    }

    fn release(&self, release: &Release) -> Option<Event> {
        let id = format!("{} {}", release.repository, release.tag);
        let title = release.name.as_ref().unwrap_or(&id);
        let subject = self.subject(&release.repository, id.clone(), title, &release.url);
        Some(event(
            release.author.as_ref()?,
            release.published_at,
            Deed::Released,
            subject,
        ))
    }

    fn incident(&self, incident: &Incident) -> impl Iterator<Item = Event> {
        let said = &incident.snapshot.value;
        let subject = Subject {
            id: incident.external_id.clone(),
            title: said.title.clone(),
            url: said.url.clone(),
            repository: said.repository.clone(),
            is_private: said.repository.as_ref().is_some_and(|name| self.is_private(name)),
            is_draft: false,
        };
        let was_one = said.state != IncidentState::Dismissed;
        let instants = [Some(said.opened_at), said.resolved_at];
        let instants: Vec<DateTime<Utc>> = instants.into_iter().flatten().filter(|_| was_one).collect();
        let assignees = said.assignees.clone();
        assignees.into_iter().flat_map(move |login| {
            let subject = subject.clone();
            let at = instants.clone().into_iter();
            at.map(move |at| event(&login, at, Deed::Incident, subject.clone()))
        })
    }
}

fn decisions(approval: &Approval) -> impl Iterator<Item = Event> {
    approval.votes.iter().map(|vote| Event {
        by: Doer::Slack(vote.by.clone()),
        at: vote.at,
        deed: Deed::Decided,
        subject: Subject {
            id: approval.id.to_string(),
            title: approval.request.title.clone(),
            url: approval.request.url.clone().unwrap_or_default(),
            repository: None,
            // What was asked may name what only those who were asked may know.
            is_private: true,
            is_draft: false,
        },
        times: 1,
    })
}

fn event(by: &Login, at: DateTime<Utc>, deed: Deed, subject: Subject) -> Event {
    Event {
        by: Doer::Account(by.clone()),
        at,
        deed,
        subject,
        times: 1,
    }
}

fn snapshot(pull: &PullRequest) -> Option<&Snapshot> {
    pull.snapshot.as_ref().map(|stamped| &stamped.value)
}

/// Whether what was pushed at `at` can belong to it: a branch of the same name may have had others before.
fn is_open_at(pull: &PullRequest, at: DateTime<Utc>) -> bool {
    snapshot(pull).is_some_and(|snapshot| snapshot.closed_at.is_none_or(|closed| at <= closed))
}
