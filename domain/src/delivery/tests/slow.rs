//! Purpose: our definitions a second time, slow and obvious: loops within loops over the facts as they came, and nothing of
//! the real thing but its types. Those of other tools are beside it, a file each.

mod devlake;
pub(super) mod devlake_2021;
pub(super) mod devlake_2023;
pub(super) mod fourkeys;
pub(super) mod middleware;
pub(super) mod told;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Duration, Utc};

use super::super::{Asked, Change, DeliveryFacts, Deployed, Outage, Outcome};

/// What the definitions say of a window.
#[derive(Debug, PartialEq, Default)]
pub(super) struct Slow {
    /// Deployments that count.
    pub(super) live: BTreeSet<String>,
    /// Seconds of each delivered change.
    pub(super) lead: BTreeMap<String, i64>,
    /// Deployments that failed.
    pub(super) failed: BTreeSet<String>,
    /// Seconds of each recovery.
    pub(super) recovered: BTreeMap<String, i64>,
    /// Deployments that were rework.
    pub(super) rework: BTreeSet<String>,
}

type At = DateTime<Utc>;

fn ended(one: &Deployed) -> At {
    if one.ended_at < one.created_at {
        one.created_at
    } else {
        one.ended_at
    }
}

fn production(facts: &DeliveryFacts, repository: &str) -> Vec<Deployed> {
    let mut all: Vec<Deployed> = Vec::new();
    for one in &facts.deployments {
        let counts = one.repository.as_str() == repository
            && one.name == "production"
            && one.outcome == Outcome::Success;
        if counts && !all.iter().any(|other| other.id == one.id) {
            all.push(one.clone());
        }
    }
    all.sort_by(|a, b| {
        ended(a)
            .cmp(&ended(b))
            .then(a.created_at.cmp(&b.created_at))
            .then(a.id.cmp(&b.id))
    });
    all
}

fn changes(facts: &DeliveryFacts, repository: &str) -> Vec<Change> {
    let mut all: Vec<Change> = Vec::new();
    for one in &facts.changes {
        if one.key.repository.as_str() == repository && !all.iter().any(|other| other.key == one.key) {
            all.push(one.clone());
        }
    }
    all.sort_by(|a, b| {
        a.merged_at
            .cmp(&b.merged_at)
            .then(a.key.number.cmp(&b.key.number))
    });
    all
}

/// When a commit came to the default branch, if it is known.
fn committed(facts: &DeliveryFacts, repository: &str, sha: Option<&String>) -> Option<At> {
    for change in changes(facts, repository) {
        if sha.is_some() && change.merge_commit_sha.as_ref() == sha {
            return Some(change.merged_at);
        }
    }
    for push in &facts.pushes {
        if push.repository.as_str() == repository && sha == Some(&push.head_sha) {
            return Some(push.at);
        }
    }
    None
}

/// Which of the sorted deployments first holds what was merged at this time.
fn holder(facts: &DeliveryFacts, repository: &str, live: &[Deployed], merged_at: At) -> Option<usize> {
    for (nth, one) in live.iter().enumerate() {
        let reaches = committed(facts, repository, one.sha.as_ref()).unwrap_or(one.created_at);
        if reaches >= merged_at {
            return Some(nth);
        }
    }
    None
}

fn lead(change: &Change, live: At) -> i64 {
    let first = change
        .first_commit_at
        .unwrap_or(change.opened_at)
        .min(change.opened_at);
    let last = live.max(change.merged_at).max(change.opened_at);
    last.timestamp() - first.timestamp()
}

fn is_fix(title: &str) -> bool {
    ["fix", "hotfix:", "bugfix:", "revert"]
        .iter()
        .any(|word| title.to_lowercase().starts_with(word))
}

fn is_quiet(title: &str) -> bool {
    let words = [
        "docs",
        "test",
        "chore",
        "ci",
        "build",
        "bump",
        "style:",
        "refactor:",
        "types:",
    ];
    words.iter().any(|word| title.to_lowercase().starts_with(word))
}

/// Reasons by failed deployment: either the end of an incident, or the deployment that mended.
type Reasons = Vec<(usize, Reason)>;

enum Reason {
    Incident(Option<At>),
    Mended(Option<usize>),
}

fn by_change(facts: &DeliveryFacts, repository: &str, live: &[Deployed]) -> Reasons {
    let all = changes(facts, repository);
    let held = |change: &Change| holder(facts, repository, live, change.merged_at);
    let mut found = Vec::new();
    for revert in &all {
        for said in &revert.reverts {
            for original in &all {
                let is_meant = *said == format!("#{}", original.key.number)
                    || original.merge_commit_sha.as_ref() == Some(said);
                let is_earlier =
                    (original.merged_at, original.key.number) < (revert.merged_at, revert.key.number);
                let was_live = held(original).is_some_and(|nth| ended(&live[nth]) < revert.merged_at);
                if is_meant && is_earlier && was_live {
                    let before = live.iter().rposition(|one| ended(one) < revert.merged_at);
                    found.push((before.unwrap(), Reason::Mended(held(revert))));
                }
            }
        }
    }
    for nth in 1..live.len() {
        if ended(&live[nth]) - ended(&live[nth - 1]) <= Duration::hours(24) {
            let brought: Vec<&Change> = all.iter().filter(|change| held(change) == Some(nth)).collect();
            let only = brought
                .iter()
                .all(|one| is_fix(&one.title) || is_quiet(&one.title));
            if labelled(facts, repository, live, nth)
                || (only && brought.iter().any(|one| is_fix(&one.title)))
            {
                found.push((nth - 1, Reason::Mended(Some(nth))));
            }
        }
    }
    found.extend(rolled_back(facts, repository, live));
    found
}

/// All deployments of the generated facts are to one environment and have a commit or a branch.
fn rolled_back(facts: &DeliveryFacts, repository: &str, live: &[Deployed]) -> Reasons {
    let known: Vec<usize> = (0..live.len()).filter(|nth| live[*nth].sha.is_some()).collect();
    let mut found = Vec::new();
    for pair in known.windows(2) {
        let (bad, next) = (&live[pair[0]], &live[pair[1]]);
        let time = |one: &Deployed| committed(facts, repository, one.sha.as_ref());
        let first = |one: &Deployed| known.iter().position(|nth| live[*nth].sha == one.sha);
        let is_older = match (time(next), time(bad)) {
            (Some(new), Some(old)) => new < old,
            _ => first(next) < first(bad),
        };
        if is_older {
            found.push((pair[0], Reason::Mended(Some(pair[1]))));
        }
    }
    found
}

fn labelled(facts: &DeliveryFacts, repository: &str, live: &[Deployed], nth: usize) -> bool {
    let has = |labels: &[String]| {
        labels
            .iter()
            .any(|label| label == "hotfix" || label == "rollback")
    };
    let brought = changes(facts, repository);
    let mut brought = brought
        .iter()
        .filter(|one| holder(facts, repository, live, one.merged_at) == Some(nth));
    has(&live[nth].labels) || brought.any(|one| has(&one.labels))
}

fn by_incident(facts: &DeliveryFacts, repository: &str, live: &[Deployed]) -> Reasons {
    let mut found = Vec::new();
    let mut seen: Vec<&Outage> = Vec::new();
    for one in &facts.outages {
        let is_new = !seen.iter().any(|other| other.external_id == one.external_id);
        seen.push(one);
        if !is_new
            || one.dismissed
            || one
                .repository
                .as_ref()
                .is_none_or(|name| name.as_str() != repository)
        {
            continue;
        }
        let before = live.iter().rposition(|deployed| ended(deployed) < one.opened_at);
        if let Some(nth) = before
            && one.opened_at - ended(&live[nth]) <= Duration::days(7)
        {
            found.push((nth, Reason::Incident(one.resolved_at)));
        }
    }
    found
}

fn over(reasons: &[&Reason], live: &[Deployed]) -> Option<At> {
    let mut ends = Vec::new();
    for reason in reasons {
        if let Reason::Incident(end) = reason {
            ends.push(*end);
        }
    }
    if !ends.is_empty() {
        return if ends.contains(&None) {
            None
        } else {
            ends.into_iter().flatten().max()
        };
    }
    let mut mended = Vec::new();
    for reason in reasons {
        if let Reason::Mended(Some(nth)) = reason {
            mended.push(ended(&live[*nth]));
        }
    }
    mended.into_iter().min()
}

/// Everything, for facts of these repositories without corrections, names of causes, or former names.
pub(super) fn slow(facts: &DeliveryFacts, asked: &Asked, repositories: &[&str]) -> Slow {
    let within = |at: At| asked.from <= at && at < asked.to;
    let mut told = Slow::default();
    for repository in repositories {
        let live = production(facts, repository);
        for one in live.iter().filter(|one| within(ended(one))) {
            told.live.insert(one.id.clone());
        }
        for change in changes(facts, repository) {
            if let Some(nth) = holder(facts, repository, &live, change.merged_at)
                && nth > 0
                && !change.author.is_bot
                && within(ended(&live[nth]))
            {
                told.lead
                    .insert(change.key.to_string(), lead(&change, ended(&live[nth])));
            }
        }
        let mut reasons = by_change(facts, repository, &live);
        reasons.extend(by_incident(facts, repository, &live));
        for (nth, one) in live.iter().enumerate() {
            let of: Vec<&Reason> = reasons
                .iter()
                .filter(|(failed, _)| *failed == nth)
                .map(|(_, why)| why)
                .collect();
            let mends = reasons
                .iter()
                .any(|(_, why)| matches!(why, Reason::Mended(Some(by)) if *by == nth));
            if within(ended(one)) && (mends || labelled(facts, repository, &live, nth)) {
                told.rework.insert(one.id.clone());
            }
            if !within(ended(one)) || of.is_empty() {
                continue;
            }
            told.failed.insert(one.id.clone());
            if let Some(end) = over(&of, &live).filter(|end| end.timestamp() >= ended(one).timestamp()) {
                told.recovered
                    .insert(one.id.clone(), end.timestamp() - ended(one).timestamp());
            }
        }
    }
    told
}
