//! Purpose: open incidents as people talk of them: what one system says of one service or under one title in a short time is one
//! story, however many alerts it is. Pure: the same incidents give the same stories in whatever order they come.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::id::{Login, RepositoryName};
use crate::incident::{Incident, IncidentState};

/// What begins later than this after the one before is another story.
const GAP: TimeDelta = TimeDelta::minutes(30);
/// Fewer are counted; of more it is said how many there are at least, so that a storm does not change the words all the time.
const COUNTED: usize = 10;

/// For how long an incident that is over still holds its story together, so that a story keeps its name while one after the
/// other of its incidents ends.
pub const REMEMBERED: TimeDelta = TimeDelta::hours(12);

/// Incidents that are one thing to people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentStory {
    /// The same as long as the story goes on: the source and the id of its first incident.
    pub key: String,
    /// The system that keeps them.
    pub source: String,
    /// The title of the first one that is open, as written.
    pub title: String,
    /// Its page.
    pub url: String,
    /// What is broken, in the source's words.
    pub service: Option<String>,
    /// The repository of the first one that names one.
    pub repository: Option<RepositoryName>,
    /// The worst of all; 1 is the worst.
    pub severity: Option<u8>,
    /// Who works on any of them.
    pub assignees: Vec<Login>,
    /// When the first one that is open began.
    pub since: DateTime<Utc>,
    /// Somebody works on each of them.
    pub is_acknowledged: bool,
    /// How many are open.
    pub open: usize,
}

impl IncidentStory {
    /// "and 3 more", "and over 200 more"; nothing for one.
    pub fn and_more(&self) -> Option<String> {
        let more = self.open.saturating_sub(1);
        match more {
            0 => None,
            1..COUNTED => Some(format!("and {more} more")),
            _ => Some(format!("and over {} more", at_least(more))),
        }
    }
}

/// The number with its first figure alone: 12 is over 10, 2,345 is over 2,000.
fn at_least(number: usize) -> usize {
    let unit = 10_usize.pow(number.ilog10());
    number / unit * unit
}

/// The stories that are open, the worst first and of those the oldest. Incidents that ended lately may be among the given; they
/// only keep stories together.
pub fn stories<'i>(incidents: impl IntoIterator<Item = &'i Incident>) -> Vec<IncidentStory> {
    let mut alike: BTreeMap<(&str, String), Vec<&Incident>> = BTreeMap::new();
    for incident in incidents {
        let said = &incident.snapshot.value;
        if said.state == IncidentState::Dismissed {
            continue;
        }
        let what = said
            .service
            .clone()
            .unwrap_or_else(|| without_numbers(&said.title));
        alike.entry((&incident.source, what)).or_default().push(incident);
    }
    let mut all: Vec<IncidentStory> = alike.into_values().flat_map(in_time).collect();
    all.sort_by(|a, b| {
        let order = |story: &IncidentStory| (story.severity.unwrap_or(u8::MAX), story.since);
        (order(a), &a.key).cmp(&(order(b), &b.key))
    });
    all
}

/// Cuts what is alike where nothing began for a while.
fn in_time(mut alike: Vec<&Incident>) -> Vec<IncidentStory> {
    alike.sort_by_key(|incident| (incident.snapshot.value.opened_at, &incident.external_id));
    let parts = alike.chunk_by(|a, b| {
        let (before, after) = (a.snapshot.value.opened_at, b.snapshot.value.opened_at);
        after - before <= GAP
    });
    parts.filter_map(story).collect()
}

fn story(part: &[&Incident]) -> Option<IncidentStory> {
    let open: Vec<&Incident> = part
        .iter()
        .filter(|incident| incident.snapshot.value.state == IncidentState::Open)
        .copied()
        .collect();
    let (first, shown) = (part.first()?, open.first()?);
    let mut assignees: Vec<Login> = Vec::new();
    for login in open
        .iter()
        .flat_map(|incident| &incident.snapshot.value.assignees)
    {
        if !assignees.iter().any(|known| known.same(login)) {
            assignees.push(login.clone());
        }
    }
    let said = || open.iter().map(|incident| &incident.snapshot.value);
    Some(IncidentStory {
        key: format!("{}:{}", first.source, first.external_id),
        source: shown.source.clone(),
        title: shown.snapshot.value.title.clone(),
        url: shown.snapshot.value.url.clone(),
        service: shown.snapshot.value.service.clone(),
        repository: said().find_map(|said| said.repository.clone()),
        severity: said().filter_map(|said| said.severity).min(),
        assignees,
        since: shown.snapshot.value.opened_at,
        is_acknowledged: said().all(|said| said.acknowledged_at.is_some()),
        open: open.len(),
    })
}

/// The title with each run of digits as one `#`: `node-17 is down` and `node-4 is down` are alike.
fn without_numbers(title: &str) -> String {
    let mut text = String::with_capacity(title.len());
    for c in title.chars() {
        match c {
            '0'..='9' if text.ends_with('#') => {}
            '0'..='9' => text.push('#'),
            other => text.push(other),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::incident::IncidentSnapshot;
    use crate::stamped::Stamped;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
    }

    fn incident(id: &str, title: &str, minute: i64) -> Incident {
        Incident {
            source: "alertmanager".to_owned(),
            external_id: id.to_owned(),
            snapshot: Stamped {
                at: at(minute),
                value: IncidentSnapshot {
                    state: IncidentState::Open,
                    severity: Some(2),
                    assignees: Vec::new(),
                    title: title.to_owned(),
                    url: String::new(),
                    repository: None,
                    opened_at: at(minute),
                    acknowledged_at: None,
                    resolved_at: None,
                    service: None,
                    causes: Vec::new(),
                },
            },
            began_again_at: None,
        }
    }

    fn over(mut incident: Incident) -> Incident {
        incident.snapshot.value.state = IncidentState::Resolved;
        incident
    }

    fn told(incidents: &[Incident]) -> Vec<String> {
        let line = |story: IncidentStory| format!("{} {} {}", story.key, story.title, story.open);
        stories(incidents).into_iter().map(line).collect()
    }

    #[test]
    fn alike_and_close_in_time_is_one_story() {
        let storm = [
            incident("a", "node-17 is down", 0),
            incident("b", "node-4 is down", 20),
            incident("c", "node-9 is down", 49),
            incident("d", "node-9 is down", 80),
            incident("e", "disk is full", 20),
        ];
        assert_eq!(
            told(&storm),
            [
                "alertmanager:a node-17 is down 3",
                "alertmanager:e disk is full 1",
                "alertmanager:d node-9 is down 1",
            ]
        );
    }

    #[test]
    fn a_story_keeps_its_key_while_its_incidents_end_and_is_gone_with_the_last() {
        let ended = [over(incident("a", "x", 0)), incident("b", "x", 5)];
        assert_eq!(told(&ended), ["alertmanager:a x 1"]);
        assert!(told(&[over(incident("a", "x", 0)), over(incident("b", "x", 5))]).is_empty());
    }

    #[test]
    fn the_worst_comes_first_and_many_are_not_counted() {
        let mut bad = incident("z", "worse", 90);
        bad.snapshot.value.severity = Some(1);
        bad.snapshot.value.service = Some("payments".to_owned());
        let found = stories([&incident("a", "x", 0), &bad]);
        assert_eq!(found[0].title, "worse");
        let of = |open| {
            IncidentStory {
                open,
                ..found[0].clone()
            }
            .and_more()
        };
        assert_eq!(of(1), None);
        assert_eq!(of(10).as_deref(), Some("and 9 more"));
        assert_eq!(of(13).as_deref(), Some("and over 10 more"));
        assert_eq!(of(20_000).as_deref(), Some("and over 10000 more"));
    }

    proptest! {
        #[test]
        fn every_open_incident_is_in_one_story_in_any_order(
            given in prop::collection::vec((0..4u8, 0..200i64, any::<bool>()), 0..40)
        ) {
            let mut all: Vec<Incident> = given
                .iter()
                .enumerate()
                .map(|(number, (title, minute, is_over))| {
                    let incident = incident(&number.to_string(), &format!("t{}", ["a", "b", "c", "d"][usize::from(*title)]), *minute);
                    if *is_over { over(incident) } else { incident }
                })
                .collect();
            let found = stories(&all);
            let open = given.iter().filter(|(_, _, is_over)| !is_over).count();
            prop_assert_eq!(found.iter().map(|story| story.open).sum::<usize>(), open);
            all.reverse();
            prop_assert_eq!(stories(&all), found);
        }
    }
}
