//! Purpose: what the words mean: what is a deployment to production, a failure, the start of a lead time. Data, from the
//! configuration; the defaults are the definitions of the mode `ours`.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::facts::Means;
use crate::id::{Login, RepositoryName};

/// By whose definitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub enum Mode {
    /// Ours.
    #[default]
    #[serde(rename = "ours")]
    Ours,
    /// Apache `DevLake` with the benchmarks of 2023.
    #[serde(rename = "devlake-2023")]
    DevLake2023,
    /// Apache `DevLake` with the benchmarks of 2021.
    #[serde(rename = "devlake-2021")]
    DevLake2021,
    /// Four Keys.
    #[serde(rename = "fourkeys")]
    FourKeys,
    /// Middleware.
    #[serde(rename = "middleware")]
    Middleware,
}

impl Mode {
    /// All of them; ours first.
    pub const ALL: [Self; 5] = [
        Self::Ours,
        Self::DevLake2023,
        Self::DevLake2021,
        Self::FourKeys,
        Self::Middleware,
    ];

    /// What people write for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::DevLake2023 => "devlake-2023",
            Self::DevLake2021 => "devlake-2021",
            Self::FourKeys => "fourkeys",
            Self::Middleware => "middleware",
        }
    }

    /// The mode that people call so, without regard to case.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|mode| mode.as_str().eq_ignore_ascii_case(name.trim()))
    }
}

/// One way in which something counts as a deployment to production.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counted {
    /// By what.
    pub means: Means,
    /// Patterns (globs, without regard to case) of its name, of which one must fit. Without any, a deployment must be to an
    /// environment [of production](crate::deployment::is_production), and anything else counts whatever its name.
    #[serde(default)]
    pub names: Vec<String>,
    /// Patterns of which none may fit.
    #[serde(default)]
    pub except: Vec<String>,
}

/// By what a deployment is known to have failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sign {
    /// An incident is put down to it.
    Incident,
    /// An older commit was deployed in its place.
    Rollback,
    /// A delivered change was taken back; the newest deployment before the merge of that failed.
    Revert,
    /// What replaced it soon was labelled a hotfix, or brought a change so labelled.
    HotfixLabel,
    /// What replaced it soon brought fixes and, beside them, only changes that users do not see, by their titles.
    HotfixTitle,
    /// It ended with failure and another was soon live. Such a deployment then counts as one, which by default it does not.
    FailedStatus,
}

/// What makes a deployment one that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FailureRules {
    /// The signs that count; any is enough, and several are one failure. By default all but [`Sign::FailedStatus`].
    pub signs: BTreeSet<Sign>,
    /// How soon is soon, in hours.
    pub soon_hours: u32,
    /// Labels that mean an unplanned fix, without regard to case.
    pub hotfix_labels: BTreeSet<String>,
}

impl Default for FailureRules {
    fn default() -> Self {
        Self {
            signs: [
                Sign::Incident,
                Sign::Rollback,
                Sign::Revert,
                Sign::HotfixLabel,
                Sign::HotfixTitle,
            ]
            .into(),
            soon_hours: 24,
            hotfix_labels: ["hotfix", "rollback"].map(str::to_owned).into(),
        }
    }
}

impl FailureRules {
    /// Whether the sign counts.
    pub fn has(&self, sign: Sign) -> bool {
        self.signs.contains(&sign)
    }
}

/// Where a lead time starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeadTimeStart {
    /// With the first commit; where that is not known, when it was opened.
    #[default]
    FirstCommit,
    /// When it was opened.
    Opened,
    /// When it was merged.
    Merged,
}

/// How it is found which deployment holds a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JoinRule {
    /// By the deployed commit where it is one that we know, otherwise by time. A rollback delivers nothing new.
    #[default]
    ByCommitOrTime,
    /// A deployment holds all that was merged before it was made.
    ByTime,
}

/// What the words mean.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Definitions {
    /// What counts as a deployment to production; any is enough.
    pub production: Vec<Counted>,
    /// What makes one that failed.
    pub failure: FailureRules,
    /// Days after a deployment within which an incident is put down to it, where no cause is named.
    pub incident_days: u32,
    /// Which repositories a service is made from, as incidents call the service.
    pub services: BTreeMap<String, BTreeSet<RepositoryName>>,
    /// Former names of repositories, and what each is called now.
    pub renamed: BTreeMap<RepositoryName, RepositoryName>,
    /// Whether the changes of bots have a lead time. What they bring is deployed in any case.
    pub count_bots: bool,
    /// Fewer than so many tell no band.
    pub minimum_sample: u32,
    /// Where a lead time starts.
    pub lead_time_from: LeadTimeStart,
    /// How changes are joined to deployments.
    pub join: JoinRule,
}

impl Default for Definitions {
    fn default() -> Self {
        Self {
            production: vec![Counted {
                means: Means::Deployment,
                names: Vec::new(),
                except: Vec::new(),
            }],
            failure: FailureRules::default(),
            incident_days: 7,
            services: BTreeMap::new(),
            renamed: BTreeMap::new(),
            count_bots: false,
            // Of nine values the 95 % interval of the median reaches from the second least to the second greatest: no band
            // of four could be told from its neighbour.
            minimum_sample: 10,
            lead_time_from: LeadTimeStart::FirstCommit,
            join: JoinRule::ByCommitOrTime,
        }
    }
}

impl Definitions {
    /// The name that a repository has now.
    pub(crate) fn present<'n>(&'n self, name: &'n RepositoryName) -> &'n str {
        let mut name = name;
        // A name that was renamed in a circle must not loop for ever.
        for _ in 0..16 {
            match self.renamed.get(name) {
                Some(next) => name = next,
                None => break,
            }
        }
        name.as_str()
    }
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// From this instant on.
    pub from: DateTime<Utc>,
    /// Before this instant.
    pub to: DateTime<Utc>,
    /// The zone of days and weeks.
    pub zone: Tz,
    /// Only these repositories; all where `None`.
    pub repositories: Option<BTreeSet<RepositoryName>>,
    /// Only changes of these people; all where `None`. Deployments have no author, so this narrows the lead time alone.
    pub members: Option<BTreeSet<Login>>,
}

impl Asked {
    /// The longest window, in days: fifty years.
    pub const MAX_DAYS: i64 = 18_300;

    /// Whether the window holds any time, and not more than [`Asked::MAX_DAYS`].
    pub fn is_window(&self) -> bool {
        self.from < self.to && (self.to - self.from).num_days() <= Self::MAX_DAYS
    }

    /// Whether `at` is in the window.
    pub fn holds(&self, at: DateTime<Utc>) -> bool {
        self.from <= at && at < self.to
    }
}
