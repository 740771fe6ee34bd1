//! Purpose: whether the numbers can be believed: of a past week, what is stored is held against what its events say when they are
//! read again, thing by thing and number by number. Pure; storage reads both sides.

mod standing;

pub use standing::{Standing, Trouble};

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike as _, Days, Duration, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;
use rand_xoshiro::SplitMix64;
use rand_xoshiro::rand_core::{RngCore as _, SeedableRng as _};
use serde::{Deserialize, Serialize};

use crate::any_metric::AnyMetric;
use crate::calendar::instant_in;
use crate::ci_run::CiRun;
use crate::delivery::{
    Asked, Change, Definitions, DeliveryFacts, Deployed, DirectPush, Measured, Metric, Mode, Outage, Subject,
};
use crate::flow::{FlowFacts, FlowMetric, OpenChange, Reviewed};
use crate::{delivery, flow};

/// What the numbers of a week are made from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WeekFacts {
    /// For the delivery metrics.
    pub delivery: DeliveryFacts,
    /// For the flow metrics.
    pub flow: FlowFacts,
}

/// How a thing differs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Differs {
    /// Its events are there, and it is not stored.
    NotStored,
    /// It is stored, and no event tells of it.
    NotInEvents,
    /// These of its members are stored otherwise than the events say.
    In(Vec<String>),
}

/// A thing that differs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Difference {
    /// Which thing.
    pub subject: Subject,
    /// How.
    pub differs: Differs,
}

/// A number that differs: each side `None` where it has none.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct NumberDiffers {
    /// Which number.
    pub metric: AnyMetric,
    /// What is told of it.
    pub told: Option<f64>,
    /// What the events give.
    pub recounted: Option<f64>,
}

/// What a check of a week came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Checked {
    /// Its Monday.
    pub week: NaiveDate,
    /// Things that were held against their events.
    pub compared: usize,
    /// Things that began before the first event that is still kept: of these nothing can be said.
    pub skipped: usize,
    /// Numbers that were counted twice.
    pub numbers: usize,
    /// Things that differ, in order.
    pub differences: Vec<Difference>,
    /// Further things that differ and are not named.
    #[serde(default)]
    pub further: usize,
    /// Numbers that differ.
    pub differing: Vec<NumberDiffers>,
}

impl Checked {
    /// Whether everything agrees.
    pub fn agrees(&self) -> bool {
        self.differences.is_empty() && self.differing.is_empty()
    }

    /// How many things differ.
    pub fn count(&self) -> usize {
        self.differences.len() + self.further
    }

    /// The same with at most so many things by name.
    #[must_use]
    pub fn shortened(mut self, most: usize) -> Self {
        self.further += self.differences.len().saturating_sub(most);
        self.differences.truncate(most);
        self
    }
}

impl Difference {
    /// The difference in words, without a full stop. Names of things are as their vendors write them: escape it.
    pub fn words(&self) -> String {
        let subject = &self.subject;
        match &self.differs {
            Differs::NotStored => format!("{subject} is not stored"),
            Differs::NotInEvents => format!("{subject} is stored, and no event tells of it"),
            Differs::In(members) => format!("{subject} is stored otherwise: {}", members.join(", ")),
        }
    }
}

/// A past week to look at, by its Monday: any that began after `first` and has been over for a day by `now`; the seed says which.
/// The same arguments give the same week.
pub fn pick(first: DateTime<Utc>, now: DateTime<Utc>, zone: Tz, seed: u64) -> Option<NaiveDate> {
    let first = first.with_timezone(&zone).date_naive();
    let on = (7 - first.weekday().num_days_from_monday()) % 7;
    let monday = first.checked_add_days(Days::new(on.into()))?;
    let last = (now - Duration::days(1)).with_timezone(&zone).date_naive();
    let weeks = u64::try_from((last - monday).num_days() / 7).ok()?;
    let nth = SplitMix64::seed_from_u64(seed).next_u64().checked_rem(weeks)?;
    monday.checked_add_days(Days::new(nth.checked_mul(7)?))
}

/// The window of a week of the zone.
pub fn window(week: NaiveDate, zone: Tz) -> Asked {
    let begins = |day: NaiveDate| instant_in(zone, day, NaiveTime::MIN);
    Asked {
        from: begins(week),
        to: begins(week.checked_add_days(Days::new(7)).unwrap_or(week)),
        zone,
        repositories: None,
        members: None,
    }
}

/// Holds what is `stored` of a week against what its events say. What began before `kept_since` is not looked at: its first events
/// were purged.
pub fn check(
    week: NaiveDate,
    zone: Tz,
    definitions: &Definitions,
    kept_since: Option<DateTime<Utc>>,
    stored: &WeekFacts,
    recounted: &WeekFacts,
) -> Checked {
    let mut sides = Sides {
        kept_since,
        ..Sides::default()
    };
    let asked = window(week, zone);
    let recounted = sides.all(stored, recounted);
    let mut differing = Vec::new();
    let told = numbers(stored, definitions, &asked);
    let counted = numbers(&recounted, definitions, &asked);
    let count = told.len();
    for ((metric, told), (_, recounted)) in told.into_iter().zip(counted) {
        if told != recounted {
            differing.push(NumberDiffers {
                metric,
                told: told.0,
                recounted: recounted.0,
            });
        }
    }
    Checked {
        week,
        compared: sides.compared,
        skipped: sides.skipped,
        numbers: count,
        differences: sides.differences(),
        further: 0,
        differing,
    }
}

/// Values and samples by metric.
fn numbers(
    facts: &WeekFacts,
    definitions: &Definitions,
    asked: &Asked,
) -> Vec<(AnyMetric, (Option<f64>, usize))> {
    let keys = delivery::measure(&facts.delivery, definitions, asked, Mode::Ours);
    let moved = flow::measure(&facts.flow, definitions, asked);
    let number = |measured: &Measured| (measured.value.ok(), measured.sample);
    let of_delivery = Metric::ALL.into_iter();
    let of_delivery = of_delivery.map(|metric| (metric.into(), number(keys.of(metric))));
    let of_flow = FlowMetric::ALL.into_iter();
    let of_flow = of_flow.map(|metric| (metric.into(), number(&moved.of(metric).measured)));
    of_delivery.chain(of_flow).collect()
}

/// What was found so far.
#[derive(Default)]
struct Sides {
    kept_since: Option<DateTime<Utc>>,
    compared: usize,
    skipped: usize,
    differing: BTreeMap<Subject, Differs>,
}

/// How a kind of thing is told apart, and when one began.
struct Of<T> {
    subject: fn(&T) -> Subject,
    began: fn(&T) -> DateTime<Utc>,
}

/// Merged changes; both kinds of metrics have them.
const CHANGES: Of<Change> = Of {
    subject: |one| Subject::Change(one.key.clone()),
    began: |one| one.opened_at,
};

impl Sides {
    /// Compares all kinds; answers with what the events say, completed by what cannot be looked at.
    fn all(&mut self, stored: &WeekFacts, recounted: &WeekFacts) -> WeekFacts {
        WeekFacts {
            delivery: self.delivery(&stored.delivery, &recounted.delivery),
            flow: self.flow(&stored.flow, &recounted.flow),
        }
    }

    fn delivery(&mut self, stored: &DeliveryFacts, recounted: &DeliveryFacts) -> DeliveryFacts {
        let deployments = Of {
            subject: |one: &Deployed| Subject::Deployment(one.id.clone()),
            began: |one| one.created_at,
        };
        let outages = Of {
            subject: |one: &Outage| Subject::Incident {
                source: one.source.clone(),
                external_id: one.external_id.clone(),
            },
            began: |one| one.opened_at,
        };
        let pushes = Of {
            subject: |one: &DirectPush| Subject::Push {
                repository: one.repository.clone(),
                head_sha: one.head_sha.clone(),
            },
            began: |one| one.at,
        };
        DeliveryFacts {
            changes: self.compare(&stored.changes, &recounted.changes, &CHANGES),
            deployments: self.compare(&stored.deployments, &recounted.deployments, &deployments),
            outages: self.compare(&stored.outages, &recounted.outages, &outages),
            pushes: self.compare(&stored.pushes, &recounted.pushes, &pushes),
            // People said these: no event does.
            corrections: stored.corrections.clone(),
        }
    }

    fn flow(&mut self, stored: &FlowFacts, recounted: &FlowFacts) -> FlowFacts {
        let open = Of {
            subject: |one: &OpenChange| Subject::Change(one.key.clone()),
            began: |one| one.opened_at,
        };
        let reviews = Of {
            subject: |one: &Reviewed| Subject::Review {
                key: one.key.clone(),
                id: one.id,
            },
            began: |one| one.at,
        };
        let runs = Of {
            subject: |one: &CiRun| Subject::CiRun {
                repository: one.repository.clone(),
                id: one.id.clone(),
            },
            began: |one| one.created_at,
        };
        FlowFacts {
            changes: self.compare(&stored.changes, &recounted.changes, &CHANGES),
            open: self.compare(&stored.open, &recounted.open, &open),
            reviews: self.compare(&stored.reviews, &recounted.reviews, &reviews),
            runs: self.compare(&stored.runs, &recounted.runs, &runs),
        }
    }

    fn compare<T: Clone + PartialEq + Serialize>(
        &mut self,
        stored: &[T],
        recounted: &[T],
        of: &Of<T>,
    ) -> Vec<T> {
        let can_be_looked_at = |one: &&T| self.kept_since.is_none_or(|since| (of.began)(one) >= since);
        let told = once(stored.iter().filter(can_be_looked_at), of);
        let old: Vec<&T> = stored.iter().filter(|one| !can_be_looked_at(one)).collect();
        let said = once(recounted.iter().filter(can_be_looked_at), of);
        self.skipped += old.len();
        self.compared += told.len();
        for (subject, one) in &told {
            match said.get(subject) {
                None => self.found(subject, Differs::NotInEvents),
                Some(other) if other != one => self.found(subject, Differs::In(members(one, other))),
                Some(_) => {}
            }
        }
        for subject in said.keys().filter(|subject| !told.contains_key(*subject)) {
            self.found(subject, Differs::NotStored);
        }
        said.into_values().chain(old).cloned().collect()
    }

    /// One thing may be of several kinds: a merged pull request was open before.
    fn found(&mut self, subject: &Subject, differs: Differs) {
        match (self.differing.get_mut(subject), differs) {
            (Some(Differs::In(known)), Differs::In(more)) => {
                known.extend(more);
                known.sort();
                known.dedup();
            }
            (Some(Differs::NotStored | Differs::NotInEvents), _) => {}
            (Some(Differs::In(_)) | None, differs) => {
                self.differing.insert(subject.clone(), differs);
            }
        }
    }

    fn differences(self) -> Vec<Difference> {
        let all = self.differing.into_iter();
        all.map(|(subject, differs)| Difference { subject, differs })
            .collect()
    }
}

/// Each thing once: of several statements about it always the same one, whatever their order.
fn once<'f, T: PartialEq + Serialize>(
    all: impl Iterator<Item = &'f T>,
    of: &Of<T>,
) -> BTreeMap<Subject, &'f T> {
    let text = |one: &T| serde_json::to_string(one).unwrap_or_default();
    let mut once: BTreeMap<Subject, &T> = BTreeMap::new();
    for one in all {
        let known = once.entry((of.subject)(one)).or_insert(one);
        if *known != one && text(one) > text(known) {
            *known = one;
        }
    }
    once
}

/// The names of the members that are not the same.
fn members<T: Serialize>(one: &T, other: &T) -> Vec<String> {
    let members = |one: &T| match serde_json::to_value(one) {
        Ok(serde_json::Value::Object(members)) => members,
        Ok(_) | Err(_) => serde_json::Map::new(),
    };
    let (one, other) = (members(one), members(other));
    let differs = |name: &&String| one.get(*name) != other.get(*name);
    one.keys().filter(differs).cloned().collect()
}

#[cfg(test)]
mod tests;
