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
    /// No change that counts was merged in the window.
    NothingMerged,
    /// No pull request that counts was open at the end of the window.
    NothingOpen,
    /// No change that counts was reviewed by a person before its merge, or no review was given.
    NothingReviewed,
    /// One person gave all reviews: among one nothing can be spread.
    OneReviewer,
    /// Of no merged change it is known when the work on it began.
    NoTimes,
    /// Of no merged change it is known how large it is.
    NoSizes,
    /// No run of CI of the window has ended with a verdict.
    NothingRan,
    /// It was asked for people, and runs of CI belong to nobody.
    NotOfPeople,
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
            Self::NothingMerged => "no change that counts was merged in this time",
            Self::NothingOpen => "no pull request that counts was open at the end of this time",
            Self::NothingReviewed => "nothing that counts was reviewed in this time",
            Self::OneReviewer => "one person gave all reviews in this time",
            Self::NoTimes => "of nothing that was merged in this time it is known when it began",
            Self::NoSizes => "no size is known of what was merged in this time",
            Self::NothingRan => "no run of CI in this time ended green or red",
            Self::NotOfPeople => "runs of CI belong to nobody: ask for repositories",
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
    /// Changes that nobody approved before the merge, as far as is known.
    ChangesWithoutApproval,
    /// Changes of which the size is not known, left out.
    ChangesWithoutSize,
    /// Changes that took no time at all, left out.
    ChangesWithoutTime,
    /// Open pull requests that are drafts; they count.
    Drafts,
    /// Open pull requests of bots, left out.
    OpenOfBots,
    /// Open pull requests of which the first commit is not known: their age starts when they were opened.
    OpenWithoutFirstCommit,
    /// Reviews by bots, left out.
    ReviewsOfBots,
    /// Reviews of one's own change, left out.
    ReviewsOfOwnChanges,
    /// Further reviews of one pull request by the same person, left out.
    ReviewsRepeated,
    /// Runs of CI that have not ended, left out.
    RunsNotEnded,
    /// Runs of CI that ended neither green nor red, left out.
    RunsWithoutVerdict,
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
            Self::ChangesWithoutApproval => "changes were merged without a known approval",
            Self::ChangesWithoutSize => "changes have no known size",
            Self::ChangesWithoutTime => "changes took no time",
            Self::Drafts => "open pull requests are drafts",
            Self::OpenOfBots => "open pull requests are by bots",
            Self::OpenWithoutFirstCommit => "open pull requests have no known first commit",
            Self::ReviewsOfBots => "reviews are by bots",
            Self::ReviewsOfOwnChanges => "reviews are of one's own change",
            Self::ReviewsRepeated => "reviews are by somebody who had reviewed the same before",
            Self::RunsNotEnded => "runs of CI have not ended",
            Self::RunsWithoutVerdict => "runs of CI ended neither green nor red",
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
    /// No person reviewed it before the merge.
    NoReview,
    /// Nobody approved it before the merge, as far as is known.
    NoApproval,
    /// It is not known how large it is.
    NoSize,
    /// It is a review of one's own change.
    OwnChange,
    /// The same person had reviewed the same pull request before.
    ReviewedBefore,
    /// It ended neither green nor red.
    NoVerdict,
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
            Self::NoReview => "no person reviewed it before the merge",
            Self::NoApproval => "no approval before the merge is known",
            Self::NoSize => "its size is not known",
            Self::OwnChange => "it is of one's own change",
            Self::ReviewedBefore => "the same person had reviewed it before",
            Self::NoVerdict => "it ended neither green nor red",
        }
    }
}
