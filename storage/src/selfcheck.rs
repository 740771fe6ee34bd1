//! Purpose: reads both sides of the self-check: what is stored of a week, and what its events say when they are read again. Only
//! what the week is made from is held in memory, however many events there are; nothing is written but packs that were stale.

mod wanted;

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use em_domain::delivery::{Definitions, DeliveryFacts, Means};
use em_domain::fact::Normalised;
use em_domain::id::EventId;
use em_domain::pull_request::PullRequest;
use em_domain::selfcheck::WeekFacts;
use em_domain::{delivery, flow};
use ulid::Ulid;

use crate::delivery::DeliveryOf;
use crate::engine::on_engine;
use crate::error::StoreError;
use crate::facts::{EmailHash, FactSet, Normalise, grouped, reread};
use crate::open::Store;
use wanted::Wanted;

/// More waiting events than this say that the facts are behind: then there is nothing to compare.
const MOST_PENDING: usize = 10_000;
/// Clocks of senders and of replicas differ.
const SLACK: TimeDelta = TimeDelta::days(1);

/// Reads both sides.
#[derive(Debug, Clone, Copy)]
pub struct SelfCheck<'s> {
    store: &'s Store,
}

impl Store {
    /// What is stored, and what the events say.
    pub fn selfcheck(&self) -> SelfCheck<'_> {
        SelfCheck { store: self }
    }
}

impl SelfCheck<'_> {
    /// Since when all events are kept; `None` where none were purged yet.
    pub async fn kept_since(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        const PURGED: &str = "SELECT value FROM installation WHERE name = 'purged_before'";
        let value: Option<String> = on_engine!(self.store.pool(), |c| sqlx::query_scalar(PURGED)
            .fetch_optional(c)
            .await)?;
        let read = |text: String| {
            let at = DateTime::parse_from_rfc3339(&text);
            at.map(|at| at.to_utc())
                .map_err(|_| StoreError::corrupt("purged_before", &text))
        };
        value.map(read).transpose()
    }

    /// What reports of the window are made from now.
    pub async fn stored(&self, of: DeliveryOf<'_>) -> Result<WeekFacts, StoreError> {
        let delivery = self.store.delivery();
        Ok(WeekFacts {
            delivery: delivery.facts(of).await?,
            flow: delivery.flow_facts(of).await?,
        })
    }

    /// The same from the events alone: all that is in `known`, and what else they say happened in the window. Reads all events
    /// since the oldest of it began. What is in `known` is complete; of what else is found early events may be missing, so ask
    /// again with it to be sure.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where many events wait to be worked in.
    pub async fn recounted(
        &self,
        known: &WeekFacts,
        of: DeliveryOf<'_>,
        normalise: impl Into<Normalise>,
    ) -> Result<WeekFacts, StoreError> {
        const PENDING: &str = "SELECT event_id FROM events_pending LIMIT $1";
        let limit = i64::try_from(MOST_PENDING).unwrap_or(i64::MAX);
        let pending: Vec<String> = on_engine!(self.store.pool(), |c| sqlx::query_scalar(PENDING)
            .bind(limit)
            .fetch_all(c)
            .await)?;
        if pending.len() >= MOST_PENDING {
            let text = "many events wait to be worked in; check when they are";
            return Err(StoreError::Unavailable(text.to_owned()));
        }
        let wanted = Wanted::new(known, of);
        let emails = EmailHash::new(self.store.install_key().await?)?;
        let mut facts = FactSet::default();
        let after = wanted.begins().map_or_else(String::new, first_id);
        let mut events = reread(self.store, after, normalise.into());
        while let Some(batch) = events.next().await? {
            for outcome in batch {
                let is_pending = pending.contains(&outcome.event.id);
                let Normalised::Changes(changes) = outcome.said else {
                    continue;
                };
                for change in changes.into_iter().filter(|_| !is_pending) {
                    if wanted.takes(&change) {
                        facts.add(change, &emails);
                    }
                }
            }
        }
        Ok(week_facts(&wanted, facts, known, of.definitions))
    }
}

/// The least id that an event can have that was received at that time.
fn first_id(at: DateTime<Utc>) -> String {
    let millis = u64::try_from((at - SLACK).timestamp_millis()).unwrap_or_default();
    EventId::new(Ulid::from_parts(millis, 0)).as_str().to_owned()
}

/// What metrics are made from, out of facts.
fn week_facts(wanted: &Wanted, facts: FactSet, known: &WeekFacts, definitions: &Definitions) -> WeekFacts {
    let all = changes_of(&facts);
    let mut changes = all.clone();
    changes.retain(|change| wanted.is_change(change));
    let mut deployments = deployments_of(&facts, &changes, definitions);
    deployments.retain(|deployed| wanted.is_deployed(deployed));
    let merge_commits: BTreeSet<&str> = all
        .iter()
        .filter_map(|change| change.merge_commit_sha.as_deref())
        .collect();
    let pushes = facts.pushes.values().filter_map(delivery::known::pushed);
    let pushes = pushes
        .filter(|push| wanted.is_push(push, &merge_commits))
        .collect();
    let outages = facts.incidents.values().map(delivery::known::outage);
    let delivery = DeliveryFacts {
        outages: outages.filter(|outage| wanted.is_outage(outage)).collect(),
        corrections: known.delivery.corrections.clone(),
        changes,
        deployments,
        pushes,
    };
    WeekFacts {
        delivery,
        flow: flow_of(wanted, facts, all),
    }
}

/// The pull requests with what was said about them.
fn changes_of(facts: &FactSet) -> Vec<delivery::Change> {
    let reviews = grouped(facts.reviews.values().cloned().collect(), |review| {
        review.pull_request.to_string()
    });
    let comments = grouped(facts.comments.values().cloned().collect(), |comment| {
        comment.pull_request.to_string()
    });
    let change = |(id, pull): (&String, &PullRequest)| {
        let reviews = reviews.get(id).map_or(&[][..], Vec::as_slice);
        let comments = comments.get(id).map_or(&[][..], Vec::as_slice);
        delivery::known::change(pull, reviews, comments)
    };
    facts.pull_requests.iter().filter_map(change).collect()
}

/// Everything that counts as a deployment by the definitions.
fn deployments_of(
    facts: &FactSet,
    changes: &[delivery::Change],
    definitions: &Definitions,
) -> Vec<delivery::Deployed> {
    let deployed = facts.deployments.values().filter_map(delivery::known::deployed);
    let mut all: Vec<delivery::Deployed> = deployed.collect();
    if definitions.counts_any(Means::Release) {
        all.extend(facts.releases.values().map(delivery::known::released));
    }
    if definitions.counts_any(Means::WorkflowRun) {
        all.extend(facts.ci_runs.values().filter_map(delivery::known::ran));
    }
    if definitions.counts_any(Means::Merge) {
        all.extend(changes.iter().map(delivery::known::merged));
    }
    all
}

fn flow_of(wanted: &Wanted, facts: FactSet, mut changes: Vec<delivery::Change>) -> flow::FlowFacts {
    changes.retain(|change| wanted.is_flow_change(change));
    let open = facts.pull_requests.values().filter_map(flow::known::open);
    let reviews = facts.reviews.values().map(flow::known::reviewed);
    flow::FlowFacts {
        changes,
        open: open.filter(|open| wanted.is_open(open)).collect(),
        reviews: reviews.filter(|review| wanted.is_review(review)).collect(),
        runs: facts
            .ci_runs
            .into_values()
            .filter(|run| wanted.is_run(run))
            .collect(),
    }
}
