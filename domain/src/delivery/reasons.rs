//! Purpose: why a number is what it is, or is none: every rule and every reason has a name, and words for people.

use serde::{Deserialize, Serialize};

/// Why there is no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoValue {
    /// The window holds no time, or is longer than can be reported.
    EmptyWindow,
    /// No deployment is known that counts and was before the end of the window.
    NoDeployments,
    /// No deployment that counts was in the window.
    NoneInWindow,
    /// No change was delivered in the window.
    NothingDelivered,
    /// Nothing failed, so there was nothing to recover from.
    NothingFailed,
    /// What failed has no end yet, or none that is known.
    NothingRecovered,
    /// The mode has no such metric.
    NotInMode,
}

impl NoValue {
    /// The reason in words, without a full stop.
    pub fn words(self) -> &'static str {
        match self {
            Self::EmptyWindow => "the window holds no time, or is longer than fifty years",
            Self::NoDeployments => "no deployment is known that counts",
            Self::NoneInWindow => "no deployment that counts was in this time",
            Self::NothingDelivered => "no change was delivered in this time",
            Self::NothingFailed => "no deployment failed in this time",
            Self::NothingRecovered => "what failed is not known to be over",
            Self::NotInMode => "these definitions have no such metric",
        }
    }
}

/// What a [`Note`](super::Note) is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// Deployments without a commit that we know, joined by time.
    DeploymentsWithoutKnownCommit,
    /// Deployments that do not count as production.
    DeploymentsNotProduction,
    /// Production deployments that ended with failure.
    DeploymentsFailedRuns,
    /// Changes of repositories of which no earlier deployment is known.
    ChangesWithoutBaseline,
    /// Changes that are not delivered yet.
    ChangesNotDelivered,
    /// Changes of bots, left out.
    ChangesOfBots,
    /// Changes of which the first commit is not known: their lead time starts when they were opened.
    ChangesWithoutFirstCommit,
    /// Changes without a review by a person before the merge.
    ChangesWithoutReview,
    /// Changes whose instants are out of order; a part that would be negative is none.
    ChangesOutOfOrder,
    /// Pushes that no pull request made.
    PushesWithoutPullRequest,
    /// Incidents that could not be put down to a deployment.
    IncidentsWithoutCause,
    /// Incidents that are not over.
    IncidentsOpen,
    /// Failed deployments whose end is not known.
    FailuresWithoutEnd,
    /// Things left out or changed because somebody corrected them.
    Corrected,
    /// Commits of which we know only the push or merge that brought them.
    CommitsKnownByPush,
}

impl About {
    /// What it says, after "3 of 41 ...".
    pub fn words(self) -> &'static str {
        match self {
            Self::DeploymentsWithoutKnownCommit => "deployments have no commit that we know",
            Self::DeploymentsNotProduction => "deployments do not count as production",
            Self::DeploymentsFailedRuns => "production deployments did not go live",
            Self::ChangesWithoutBaseline => {
                "changes have no baseline: they came with the first known deployment"
            }
            Self::ChangesNotDelivered => "changes are not delivered yet",
            Self::ChangesOfBots => "changes are by bots",
            Self::ChangesWithoutFirstCommit => "changes have no known first commit",
            Self::ChangesWithoutReview => "changes were merged without a review by a person",
            Self::ChangesOutOfOrder => "changes have instants out of order",
            Self::PushesWithoutPullRequest => "deliveries are pushes without a pull request",
            Self::IncidentsWithoutCause => "incidents are put down to no deployment",
            Self::IncidentsOpen => "incidents are not over",
            Self::FailuresWithoutEnd => "failed deployments have no known end",
            Self::Corrected => "things were corrected by people",
            Self::CommitsKnownByPush => "commits are known only by their push or merge",
        }
    }
}

/// How two things were joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Joined {
    /// The deployed commit is one that we know, and holds the change.
    ByCommit,
    /// It is the first deployment that was made after the merge.
    ByTime,
    /// A person said so.
    ByCorrection,
    /// The incident names it as its cause.
    ByNamedCause,
    /// The incident names it as its fix.
    ByNamedFix,
    /// The newest deployment of the incident's repository, not long before it.
    ByRepository,
    /// The newest deployment of the service's repositories, not long before it.
    ByService,
    /// The newest deployment before the incident, however long before.
    ByNewestBefore,
    /// The incident began after this deployment and before the next.
    BetweenDeployments,
    /// The change takes back a delivered one.
    ByRevert,
    /// What replaced it soon was labelled a hotfix.
    ByHotfixLabel,
    /// What replaced it soon brought only fixes, by the titles.
    ByHotfixTitle,
    /// An older commit was deployed in its place.
    ByRollback,
    /// It ended with failure and was soon replaced.
    ByFailedStatus,
}

impl Joined {
    /// The rule in words, without a full stop.
    pub fn words(self) -> &'static str {
        match self {
            Self::ByCommit => "joined by commit",
            Self::ByTime => "joined by time",
            Self::ByCorrection => "a person said so",
            Self::ByNamedCause => "the incident names it as its cause",
            Self::ByNamedFix => "the incident names it as its fix",
            Self::ByRepository => "the newest deployment of its repository, not long before",
            Self::ByService => "the newest deployment of the service's repositories, not long before",
            Self::ByNewestBefore => "the newest deployment before it, however long before",
            Self::BetweenDeployments => "it began after this deployment and before the next",
            Self::ByRevert => "a delivered change was taken back",
            Self::ByHotfixLabel => "replaced soon by what is labelled a hotfix",
            Self::ByHotfixTitle => "replaced soon by fixes, by their titles",
            Self::ByRollback => "an older commit was deployed in its place",
            Self::ByFailedStatus => "it ended with failure and was replaced soon",
        }
    }
}

/// Why something does not count in a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// Its author is a bot.
    Bot,
    /// It is not in any deployment yet.
    NotDelivered,
    /// It came with the first deployment that is known: how long it had waited is not.
    NoBaseline,
    /// A person left it out.
    Corrected,
    /// It is no deployment to production.
    NotProduction,
    /// It did not go live.
    FailedRun,
    /// It has no commit to join by.
    NoCommit,
    /// No pull request made it.
    NoPullRequest,
    /// The lead time would not be above zero.
    NotPositive,
    /// A person said that no deployment caused it.
    NotOurs,
    /// It turned out to be no incident.
    Dismissed,
    /// It names neither a repository nor a service that we know.
    NoRepository,
    /// No deployment was near enough before it.
    NoDeploymentBefore,
    /// It names a cause that we do not know.
    UnknownCause,
    /// It names no cause.
    NoCause,
    /// It is not over.
    StillOpen,
    /// No deployment has brought its fix yet.
    NoFixYet,
    /// It would have ended before it began.
    EndsBeforeStart,
    /// It ended outside the window.
    EndsOutsideWindow,
}

impl Why {
    /// The reason in words, without a full stop.
    pub fn words(self) -> &'static str {
        match self {
            Self::Bot => "its author is a bot",
            Self::NotDelivered => "not delivered yet",
            Self::NoBaseline => "no baseline: it came with the first known deployment",
            Self::Corrected => "left out by a person",
            Self::NotProduction => "not a deployment to production",
            Self::FailedRun => "it did not go live",
            Self::NoCommit => "it has no commit to join by",
            Self::NoPullRequest => "no pull request made it",
            Self::NotPositive => "its time is not above zero",
            Self::NotOurs => "a person said that no deployment caused it",
            Self::Dismissed => "it was no incident",
            Self::NoRepository => "it names no repository or service that we know",
            Self::NoDeploymentBefore => "no deployment was near enough before it",
            Self::UnknownCause => "it names a cause that we do not know",
            Self::NoCause => "it names no cause",
            Self::StillOpen => "it is not over",
            Self::NoFixYet => "no deployment has brought its fix yet",
            Self::EndsBeforeStart => "it would have ended before it began",
            Self::EndsOutsideWindow => "it ended outside this time",
        }
    }
}
