//! Purpose: whose turn is it? The rule behind `/em-agent triage`.
//!
//! Every open pull request that is ready for review waits for exactly one thing, and it has waited since one
//! instant: the moment that made it somebody's turn.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

use crate::ci_run::{CiRun, CiState, ci_state};
use crate::id::{Login, RepositoryName};
use crate::incident_story::IncidentStory;
use crate::pull_request::{PullRequest, PullRequestKey, Snapshot};
use crate::review::{Comment, Review, Verdict};
use crate::snooze::Snooze;

/// Whose turn it is; the groups of the answer, in the order they are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Turn {
    /// Somebody must review.
    Reviewer,
    /// The author must change or answer something.
    Author,
    /// Approved: somebody must merge.
    Merge,
    /// CI must get green.
    Ci,
}

impl Turn {
    /// All of them, in the order they are shown.
    pub const ALL: [Self; 4] = [Self::Reviewer, Self::Author, Self::Merge, Self::Ci];

    /// The name it is stored under.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reviewer => "reviewer",
            Self::Author => "author",
            Self::Merge => "merge",
            Self::Ci => "ci",
        }
    }

    /// The turn stored under `name`.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|turn| turn.as_str() == name)
    }
}

/// The rule that decided, with the evidence it saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "rule")]
pub enum Reason {
    /// These people or teams were asked for a review and have not given one.
    ReviewRequested {
        /// Teams asked, by slug.
        teams: Vec<String>,
    },
    /// The author has answered the review since; the reviewer is to look again.
    ReviewAnswered,
    /// Open for review, but nobody was asked.
    NobodyAsked,
    /// A reviewer asked for changes and nothing was pushed since.
    ChangesRequested {
        /// The review.
        url: String,
    },
    /// A reviewer left remarks and the author has not answered.
    Commented {
        /// The review.
        url: String,
    },
    /// It does not merge cleanly into its base.
    Conflicts,
    /// CI is red on the newest commit.
    CiRed {
        /// The workflow that failed first.
        workflow: String,
        /// Its run.
        url: String,
    },
    /// Approved, and CI has not ended.
    CiRunning {
        /// The workflow that has run longest.
        workflow: String,
        /// Its run.
        url: String,
    },
    /// Approved, no conflict, CI not in the way.
    Approved,
    /// Not open for review yet.
    Draft,
}

/// What one open pull request waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// Whose turn it is.
    pub turn: Turn,
    /// Which rule said so, and from what.
    pub reason: Reason,
    /// Who must move; empty where nobody is named (a team was asked, or nobody).
    pub actors: Vec<Login>,
    /// Since when it is their turn.
    pub since: DateTime<Utc>,
}

/// What is known around one pull request.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    /// All its reviews.
    pub reviews: &'a [Review],
    /// All its comments.
    pub comments: &'a [Comment],
    /// All CI runs on its newest commit.
    pub runs: &'a [CiRun],
}

/// Whose turn it is, or `None` if the pull request is closed or not fully known yet.
///
/// Rules, first match wins: a draft -> author; changes requested and nothing pushed since -> author; conflicts -> author; CI red ->
/// CI; approved -> CI while it runs, else merge; a review requested -> reviewer; remarks not answered -> author;
/// remarks answered -> reviewer; nobody asked -> reviewer.
pub fn waiting(pull_request: &PullRequest, around: Surroundings<'_>) -> Option<Waiting> {
    let snapshot = pull_request.open()?;
    let case = Case::new(pull_request, snapshot, around);
    Some(
        case.draft()
            .or_else(|| case.changes_requested())
            .or_else(|| case.conflicts())
            .or_else(|| case.ci_red())
            .or_else(|| case.approved())
            .or_else(|| case.review_requested())
            .or_else(|| case.remarks())
            .unwrap_or_else(|| case.nobody_asked()),
    )
}

/// One pull request under judgement.
struct Case<'a> {
    pull_request: &'a PullRequest,
    snapshot: &'a Snapshot,
    /// The standing review of each person other than the author, oldest first.
    standing: Vec<&'a Review>,
    comments: &'a [Comment],
    ci: CiState<'a>,
    /// When it was last put before reviewers: opened, left draft, or pushed to.
    presented_at: DateTime<Utc>,
}

impl<'a> Case<'a> {
    fn new(pull_request: &'a PullRequest, snapshot: &'a Snapshot, around: Surroundings<'a>) -> Self {
        let opened = pull_request
            .ready_at
            .unwrap_or(snapshot.created_at)
            .max(snapshot.created_at);
        Self {
            pull_request,
            snapshot,
            standing: standing_reviews(around.reviews, &snapshot.author.login),
            comments: around.comments,
            ci: ci_state(around.runs),
            presented_at: pull_request.pushed_at.map_or(opened, |pushed| pushed.max(opened)),
        }
    }

    fn author_turn(&self, reason: Reason, since: DateTime<Utc>) -> Waiting {
        Waiting {
            turn: Turn::Author,
            reason,
            actors: vec![self.snapshot.author.login.clone()],
            since,
        }
    }

    fn draft(&self) -> Option<Waiting> {
        (!self.snapshot.is_ready).then(|| self.author_turn(Reason::Draft, self.presented_at))
    }

    fn changes_requested(&self) -> Option<Waiting> {
        let asked_again = |review: &Review| {
            self.snapshot
                .requested_reviewers
                .iter()
                .any(|login| login.same(&review.reviewer.login))
        };
        let blocking = self.standing.iter().rfind(|review| {
            review.verdict == Verdict::ChangesRequested
                && self
                    .pull_request
                    .pushed_at
                    .is_none_or(|pushed| pushed <= review.submitted_at)
                && !asked_again(review)
        })?;
        Some(self.author_turn(
            Reason::ChangesRequested {
                url: blocking.url.clone(),
            },
            blocking.submitted_at,
        ))
    }

    fn conflicts(&self) -> Option<Waiting> {
        let conflicts = self
            .pull_request
            .conflicts
            .as_ref()
            .filter(|stamped| stamped.value)
            // What was pushed since may have resolved it: until GitHub says so again, nothing is known.
            .filter(|stamped| {
                self.pull_request
                    .pushed_at
                    .is_none_or(|pushed| pushed <= stamped.at)
            })?;
        Some(self.author_turn(Reason::Conflicts, conflicts.at))
    }

    fn ci_red(&self) -> Option<Waiting> {
        let CiState::Red(run) = &self.ci else { return None };
        let reason = Reason::CiRed {
            workflow: run.workflow.clone(),
            url: run.url.clone(),
        };
        Some(Waiting {
            turn: Turn::Ci,
            ..self.author_turn(reason, run.updated_at)
        })
    }

    fn approved(&self) -> Option<Waiting> {
        if self
            .standing
            .iter()
            .any(|review| review.verdict == Verdict::ChangesRequested)
        {
            return None;
        }
        let approval = self
            .standing
            .iter()
            .find(|review| review.verdict == Verdict::Approved)?;
        let (turn, reason, since) = match &self.ci {
            CiState::Pending(run) => {
                let reason = Reason::CiRunning {
                    workflow: run.workflow.clone(),
                    url: run.url.clone(),
                };
                (Turn::Ci, reason, run.started_at.unwrap_or(run.created_at))
            }
            CiState::Green(at) => (Turn::Merge, Reason::Approved, approval.submitted_at.max(*at)),
            CiState::Unknown | CiState::Red(_) => (Turn::Merge, Reason::Approved, approval.submitted_at),
        };
        let actors = vec![self.snapshot.author.login.clone()];
        Some(Waiting {
            turn,
            reason,
            actors,
            since: since.max(self.presented_at),
        })
    }

    fn review_requested(&self) -> Option<Waiting> {
        let asked = &self.snapshot.requested_reviewers;
        if asked.is_empty() && self.snapshot.requested_teams.is_empty() {
            return None;
        }
        let first_asked = asked
            .iter()
            .filter_map(|login| self.pull_request.requests.get(login))
            .min();
        // A push does not restart the clock of somebody who has not looked at all.
        let opened = self
            .pull_request
            .ready_at
            .unwrap_or(self.snapshot.created_at)
            .max(self.snapshot.created_at);
        Some(Waiting {
            turn: Turn::Reviewer,
            reason: Reason::ReviewRequested {
                teams: self.snapshot.requested_teams.clone(),
            },
            actors: asked.clone(),
            since: first_asked.map_or(opened, |asked_at| opened.max(*asked_at)),
        })
    }

    fn remarks(&self) -> Option<Waiting> {
        let last = self.standing.last()?;
        let author = &self.snapshot.author.login;
        let commented = self
            .comments
            .iter()
            .filter(|c| c.author.login.same(author))
            .map(|c| c.created_at)
            .max();
        let answered = commented
            .max(self.pull_request.pushed_at)
            .filter(|at| *at > last.submitted_at);
        Some(match answered {
            None => self.author_turn(
                Reason::Commented {
                    url: last.url.clone(),
                },
                last.submitted_at,
            ),
            Some(since) => Waiting {
                turn: Turn::Reviewer,
                reason: Reason::ReviewAnswered,
                actors: vec![last.reviewer.login.clone()],
                since,
            },
        })
    }

    fn nobody_asked(&self) -> Waiting {
        let (turn, since) = (Turn::Reviewer, self.presented_at);
        Waiting {
            turn,
            reason: Reason::NobodyAsked,
            actors: Vec::new(),
            since,
        }
    }
}

/// The review that stands for each person: their newest verdict, where remarks do not undo a verdict (as on
/// GitHub), dismissed reviews do not count, and a withdrawal leaves nothing of its reviewer's. The author's own remarks are
/// not reviews, nor are a bot's.
fn standing_reviews<'a>(reviews: &'a [Review], author: &Login) -> Vec<&'a Review> {
    let mut standing: Vec<&Review> = Vec::new();
    let mut sorted: Vec<&Review> = reviews.iter().collect();
    sorted.sort_by_key(|review| (review.submitted_at, review.id));
    for review in sorted {
        let is_outsider = !review.reviewer.login.same(author) && !review.reviewer.is_bot;
        if !is_outsider || review.verdict == Verdict::Dismissed {
            continue;
        }
        let known = standing
            .iter()
            .position(|known| known.reviewer.login.same(&review.reviewer.login));
        match known {
            _ if review.verdict == Verdict::Withdrawn => {
                known.map(|index| standing.remove(index));
            }
            Some(_) if review.verdict == Verdict::Commented && is_verdict(standing[known.unwrap_or(0)]) => {}
            Some(index) => {
                standing.remove(index);
                standing.push(review);
            }
            None => standing.push(review),
        }
    }
    standing
}

fn is_verdict(review: &Review) -> bool {
    matches!(review.verdict, Verdict::Approved | Verdict::ChangesRequested)
}

/// One line of the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TriageRow {
    /// Which pull request.
    pub key: PullRequestKey,
    /// Its title, as written.
    pub title: String,
    /// Its page.
    pub url: String,
    /// Who opened it.
    pub author: Login,
    /// What it waits for.
    pub waiting: Waiting,
}

/// One group of the answer: the rows that are shown, and how many there are in all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TriageGroup {
    /// Whose turn it is.
    pub turn: Turn,
    /// The longest waiting first.
    pub rows: Vec<TriageRow>,
    /// How many wait in all, shown or not.
    pub total: i64,
}

/// A default branch on which a workflow is red.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailingBranch {
    /// `owner/name`.
    pub repository: RepositoryName,
    /// The branch, where known.
    pub branch: Option<String>,
    /// The workflow.
    pub workflow: String,
    /// The newest red run.
    pub url: String,
    /// When it went red: the end of the first red run after the last green one.
    pub since: DateTime<Utc>,
}

/// The newest deployment to an environment failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedDeployment {
    /// `owner/name`.
    pub repository: RepositoryName,
    /// `production`, ...
    pub environment: String,
    /// The branch or tag.
    pub git_ref: String,
    /// Who deployed, where known.
    pub creator: Option<Login>,
    /// Its log or page.
    pub url: String,
    /// When it failed.
    pub failed_at: DateTime<Utc>,
}

/// A pull request that is left out for now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnoozedRow {
    /// The snooze.
    pub snooze: Snooze,
    /// The title, as written.
    pub title: String,
    /// The page.
    pub url: String,
}

/// Which pull requests are asked about.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TriageFilter {
    /// Only where it is this person's turn.
    pub actor: Option<Login>,
    /// Only this team's: its repositories, or its members' pull requests.
    pub team: Option<TeamScope>,
    /// Pull requests with one of these labels are left out.
    pub ignored_labels: Vec<String>,
    /// Keep pull requests that bots opened.
    pub with_bots: bool,
    /// Keep drafts.
    pub with_drafts: bool,
}

/// What belongs to a team.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TeamScope {
    /// Its name, as configured.
    pub name: String,
    /// Its repositories.
    pub repositories: Vec<RepositoryName>,
    /// Its people.
    pub members: Vec<Login>,
}

/// The whole answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TriageReport {
    /// When it was true.
    pub as_of: DateTime<Utc>,
    /// In the order of [`Turn::ALL`], empty ones included.
    pub groups: Vec<TriageGroup>,
    /// Red default branches, the oldest first.
    pub failing_branches: Vec<FailingBranch>,
    /// Failed deployments, the newest first.
    pub failed_deployments: Vec<FailedDeployment>,
    /// Open incidents, the worst first.
    pub incidents: Vec<IncidentStory>,
    /// What is snoozed, the first to come back first.
    pub snoozed: Vec<SnoozedRow>,
}

impl TriageReport {
    /// Whether nothing needs anybody.
    pub fn is_clear(&self) -> bool {
        self.groups.iter().all(|group| group.total == 0)
            && self.failing_branches.is_empty()
            && self.failed_deployments.is_empty()
            && self.incidents.is_empty()
    }
}

/// How long ago a failed deployment or red branch may be and still call for action: after this, whoever owns it
/// has decided to live with it.
pub const FAILURES_STAY_DAYS: i64 = 14;

/// The earliest instant from which failures are shown.
pub fn failures_since(now: DateTime<Utc>) -> DateTime<Utc> {
    now - Duration::days(FAILURES_STAY_DAYS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pull_request::{Account, PullRequestKey};

    fn said(second: i64, by: &str, verdict: Verdict) -> Review {
        Review {
            pull_request: PullRequestKey {
                repository: "acme/api".into(),
                number: 1,
            },
            id: second,
            reviewer: Account {
                login: by.into(),
                is_bot: false,
            },
            verdict,
            submitted_at: DateTime::from_timestamp(1_770_000_000 + second, 0).unwrap(),
            url: String::new(),
        }
    }

    #[test]
    fn a_withdrawal_leaves_nothing_of_its_reviewers_until_they_say_something_again() {
        use Verdict::{Approved, ChangesRequested, Withdrawn};
        let mut reviews = vec![
            said(1, "bo", Approved),
            said(2, "cy", ChangesRequested),
            said(3, "Bo", Withdrawn),
        ];
        let who = |reviews: &[Review]| -> Vec<(String, Verdict)> {
            let standing = standing_reviews(reviews, &"ana".into());
            standing
                .iter()
                .map(|review| (review.reviewer.login.0.clone(), review.verdict))
                .collect()
        };
        assert_eq!(who(&reviews), [("cy".to_owned(), ChangesRequested)]);
        reviews.push(said(4, "bo", Approved));
        let both = [("cy".to_owned(), ChangesRequested), ("bo".to_owned(), Approved)];
        assert_eq!(who(&reviews), both);
    }
}
