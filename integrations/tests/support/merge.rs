//! Purpose: facts merged from changes as storage merges them, for tests of several crates' roots.

use std::collections::BTreeMap;

use em_domain::fact::FactChange;

/// Facts by key, merged as storage merges them.
pub(crate) fn merged(changes: impl Iterator<Item = FactChange>) -> BTreeMap<String, FactChange> {
    let mut facts = BTreeMap::new();
    for change in changes {
        merge(&mut facts, change);
    }
    facts
}

fn merge(facts: &mut BTreeMap<String, FactChange>, change: FactChange) {
    let key = match &change {
        FactChange::PullRequest(fact) => format!("pull {}", fact.key),
        FactChange::Review(fact) => format!("review {} {}", fact.pull_request, fact.id),
        FactChange::Comment(fact) => format!("comment {} {}", fact.pull_request, fact.id),
        FactChange::CiRun(fact) => format!("run {} {}", fact.repository, fact.id),
        FactChange::Deployment(fact) => format!("deployment {} {}", fact.repository, fact.id),
        FactChange::Release(fact) => format!("release {} {}", fact.repository, fact.id),
        FactChange::Incident(fact) => format!("incident {} {}", fact.source, fact.external_id),
        FactChange::Push(fact) => {
            format!(
                "push {} {} {} {}",
                fact.repository, fact.branch, fact.head_sha, fact.author.login
            )
        }
        FactChange::IssueMove(fact) => {
            format!(
                "move {} {} {} {}",
                fact.issue,
                fact.kind.as_str(),
                fact.by.login,
                fact.at
            )
        }
        FactChange::Repository(fact) => format!("repository {}", fact.name),
        FactChange::AccountEmail(fact) => format!("email {} {}", fact.login, fact.email),
    };
    let Some(known) = facts.get_mut(&key) else {
        facts.insert(key, change);
        return;
    };
    match (known, change) {
        (FactChange::PullRequest(known), FactChange::PullRequest(new)) => known.merge(*new),
        (FactChange::Review(known), FactChange::Review(new)) => known.merge(new),
        (FactChange::Comment(known), FactChange::Comment(new)) => known.merge(new),
        (FactChange::CiRun(known), FactChange::CiRun(new)) => known.merge(new),
        (FactChange::Deployment(known), FactChange::Deployment(new)) => known.merge(*new),
        (FactChange::Release(known), FactChange::Release(new)) => known.merge(new),
        (FactChange::Incident(known), FactChange::Incident(new)) => known.merge(*new),
        (FactChange::Push(known), FactChange::Push(new)) => known.merge(new),
        (FactChange::IssueMove(known), FactChange::IssueMove(new)) => known.merge(*new),
        (FactChange::Repository(known), FactChange::Repository(new)) => known.merge(new),
        (FactChange::AccountEmail(known), FactChange::AccountEmail(new)) => {
            known.seen_at = known.seen_at.max(new.seen_at);
        }
        (known, new) => panic!("two kinds under one key: {known:?} and {new:?}"),
    }
}
