//! Purpose: the evidence of several people at once: each deed with whoever did it, and what shipped in all.

use std::collections::{BTreeSet, HashMap};

use super::lines::{self, Line};
use super::{Blocked, Deed, Doer, Event, Window};
use crate::id::RepositoryName;
use crate::person::Identity;

/// What one person did, and what of theirs stands still.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonEvidence {
    /// Who.
    pub person: Identity,
    /// What they did, in the order in which it is told.
    pub lines: Vec<Line>,
    /// What of theirs stands still now: by cause, of each the longest first.
    pub blocked: Vec<Blocked>,
    /// What was kept back because the reader may not know of it; see [`Evidence::for_channel`].
    pub hidden: usize,
}

impl PersonEvidence {
    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.blocked.is_empty() && self.hidden == 0
    }
}

/// What several people did in a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// From when until when.
    pub window: Window,
    /// Everybody who was asked about, in that order.
    pub people: Vec<PersonEvidence>,
    /// What went live in their repositories by somebody else, programs included.
    pub others: Vec<Line>,
}

/// What somebody may have done, by their accounts; logins are compared without case.
fn doers(person: &Identity) -> impl Iterator<Item = Doer> {
    let slack = person.slack_user.clone().map(Doer::Slack);
    slack.into_iter().chain(person.login.as_ref().map(account))
}

fn account(login: &crate::id::Login) -> Doer {
    Doer::Account(login.as_str().to_lowercase().as_str().into())
}

fn folded(by: &Doer) -> Doer {
    match by {
        Doer::Account(login) => account(login),
        Doer::Slack(user) => Doer::Slack(user.clone()),
    }
}

impl Evidence {
    /// Gives each deed to whoever did it. What went live in one of `repositories` without any of `people` is told
    /// besides. Where two people have one account, it is the first one's.
    pub fn new(
        people: Vec<Identity>,
        repositories: &[RepositoryName],
        events: &[Event],
        blocked: Vec<Blocked>,
        window: Window,
    ) -> Self {
        let mut places = HashMap::new();
        for (place, person) in people.iter().enumerate() {
            for doer in doers(person) {
                places.entry(doer).or_insert(place);
            }
        }
        let mut deeds: Vec<Vec<&Event>> = vec![Vec::new(); people.len()];
        let mut others = Vec::new();
        let watched: BTreeSet<String> = repositories
            .iter()
            .map(|name| name.as_str().to_lowercase())
            .collect();
        for event in events {
            match places.get(&folded(&event.by)) {
                Some(place) => deeds[*place].push(event),
                None if is_live_in(event, &watched) => others.push(event),
                None => {}
            }
        }
        let mut stuck: Vec<Vec<Blocked>> = vec![Vec::new(); people.len()];
        for blocked in blocked {
            if let Some(place) = places.get(&account(&blocked.row.author)) {
                stuck[*place].push(blocked);
            }
        }
        let each = people.into_iter().zip(deeds).zip(stuck);
        Self {
            window,
            people: each
                .map(|((person, deeds), stuck)| told(person, deeds, stuck))
                .collect(),
            others: lines::lines(others),
        }
    }

    /// What was merged, deployed and released in all, each thing once.
    pub fn shipped(&self) -> Vec<Line> {
        let all = self
            .people
            .iter()
            .flat_map(|person| &person.lines)
            .chain(&self.others);
        let mut shipped: HashMap<(Deed, &str), Line> = HashMap::new();
        for line in all.filter(|line| is_shipped(line.deed)) {
            let known = shipped.entry((line.deed, line.subject.id.as_str()));
            known
                .and_modify(|known| {
                    known.times += line.times;
                    known.at = known.at.max(line.at);
                })
                .or_insert_with(|| line.clone());
        }
        let mut shipped: Vec<Line> = shipped.into_values().collect();
        lines::sort(&mut shipped);
        shipped
    }

    /// As much of it as a channel may be told: nothing of drafts, and of private repositories only how much there is,
    /// unless the channel `sees` them.
    #[must_use]
    pub fn for_channel(mut self, sees: impl Fn(&RepositoryName) -> bool) -> Self {
        let is_seen =
            |line: &Line| !line.subject.is_private || line.subject.repository.as_ref().is_some_and(&sees);
        self.others.retain(is_seen);
        for person in &mut self.people {
            person.lines.retain(|line| !line.subject.is_draft);
            let all = person.lines.len() + person.blocked.len();
            person.lines.retain(is_seen);
            person
                .blocked
                .retain(|blocked| !blocked.is_private || sees(&blocked.row.key.repository));
            person.hidden += all - person.lines.len() - person.blocked.len();
        }
        self
    }
}

fn told(person: Identity, deeds: Vec<&Event>, mut blocked: Vec<Blocked>) -> PersonEvidence {
    blocked.sort_by(|a, b| {
        let (one, other) = (&a.row, &b.row);
        let order = a
            .cause
            .cmp(&b.cause)
            .then(one.waiting.since.cmp(&other.waiting.since));
        order.then_with(|| one.key.cmp(&other.key))
    });
    PersonEvidence {
        person,
        lines: lines::lines(deeds),
        blocked,
        hidden: 0,
    }
}

fn is_shipped(deed: Deed) -> bool {
    matches!(deed, Deed::Merged | Deed::Deployed | Deed::Released)
}

/// Whether it went live in one of `repositories`, which are in lower case.
fn is_live_in(event: &Event, repositories: &BTreeSet<String>) -> bool {
    let is_live = matches!(event.deed, Deed::Deployed | Deed::Released);
    let place = event.subject.repository.as_ref();
    is_live && place.is_some_and(|name| repositories.contains(&name.as_str().to_lowercase()))
}
