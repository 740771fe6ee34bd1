//! Purpose: delivery metrics: what they are made from, within a window and so far around it as the answer needs.
//!
//! A change is joined to the deployment that held it, so what was merged since the deployment before the window is read too,
//! and up to the deployment after it. Most repositories deploy often, so one range serves them; those that do not are read
//! further, by name. The cost grows with what happened in the window and not with the years before it.

mod corrections;
mod days;
mod marks;

use std::collections::{BTreeSet, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use em_domain::ci_run::CiRun;
use em_domain::delivery::{Asked, Definitions, DeliveryFacts, Deployed, Means, known};
use em_domain::deployment::{Deployment, Release};
use em_domain::id::RepositoryName;
use em_domain::incident::Incident;
use em_domain::pull_request::PullRequestKey;
use serde::de::DeserializeOwned;
use tokio::task::JoinHandle;

use crate::engine::{Conn, IDS_PER_STATEMENT, list, on_conn, on_engine};
use crate::error::StoreError;
use crate::open::Store;
use crate::signals::decode;

pub use corrections::Corrections;
pub(crate) use days::{Day, Pack, add_all, day, mark, mark_all, mark_days};
pub use marks::Marks;

/// What a store knows of delivery.
#[derive(Debug, Clone, Copy)]
pub struct Delivery<'s> {
    pub(crate) store: &'s Store,
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct DeliveryOf<'a> {
    /// The window and whose.
    pub asked: &'a Asked,
    /// What the words mean.
    pub definitions: &'a Definitions,
    /// Nothing later is read.
    pub now: DateTime<Utc>,
}

/// How far before the window everything is read: a repository that deploys at least so often needs no look of its own.
const BEFORE: TimeDelta = TimeDelta::days(14);
/// How far behind the window everything is read. An incident is put down to a deployment within days.
const BEHIND: TimeDelta = TimeDelta::days(8);
/// What was merged in the seconds before a deployment may be in it by one clock and not by another.
const SLACK: TimeDelta = TimeDelta::days(1);

/// Where deployments went in the window, and the last before it and the first behind it; then the same of releases, whose tags
/// are all different, and of runs of workflows.
const AROUND: &str = "WITH asked AS (SELECT DISTINCT repository, environment FROM deployments \
        WHERE succeeded_at >= $1 AND succeeded_at < $2 AND succeeded_at IS NOT NULL) \
    SELECT a.repository, a.environment, \
        (SELECT MAX(d.succeeded_at) FROM deployments d WHERE d.repository = a.repository \
            AND d.environment = a.environment AND d.succeeded_at < $1 AND d.succeeded_at IS NOT NULL), \
        (SELECT MIN(d.succeeded_at) FROM deployments d WHERE d.repository = a.repository \
            AND d.environment = a.environment AND d.succeeded_at >= $2 AND d.succeeded_at IS NOT NULL) \
    FROM asked a";
const RELEASED_AROUND: &str = "WITH asked AS (SELECT DISTINCT repository FROM releases \
        WHERE published_at >= $1 AND published_at < $2) \
    SELECT a.repository, '', \
        (SELECT MAX(r.published_at) FROM releases r WHERE r.repository = a.repository AND r.published_at < $1), \
        (SELECT MIN(r.published_at) FROM releases r WHERE r.repository = a.repository AND r.published_at >= $2) \
    FROM asked a";
const RAN_AROUND: &str = "WITH asked AS (SELECT DISTINCT repository, workflow FROM ci_runs \
        WHERE on_default_branch AND created_at >= $1 AND created_at < $2) \
    SELECT a.repository, a.workflow, \
        (SELECT MAX(r.created_at) FROM ci_runs r WHERE r.on_default_branch AND r.repository = a.repository \
            AND r.workflow = a.workflow AND r.outcome = 'success' AND r.created_at < $1), \
        (SELECT MIN(r.created_at) FROM ci_runs r WHERE r.on_default_branch AND r.repository = a.repository \
            AND r.workflow = a.workflow AND r.outcome = 'success' AND r.created_at >= $2) \
    FROM asked a";
const PACKS: &str = "SELECT pack FROM delivery_days WHERE day >= $1 AND day <= $2";
const PACKS_OF: &str =
    "SELECT pack FROM delivery_days WHERE repository IN LIST($3) AND day >= $1 AND day <= $2";
const DEPLOYED: &str = "SELECT STRING_AGG(CAST(fact AS TEXT), ',') FROM ( \
    SELECT fact FROM deployments WHERE succeeded_at >= $1 AND succeeded_at < $2 AND ($3 OR repository IN LIST($4)) \
    UNION ALL SELECT fact FROM deployments WHERE state = 'failure' AND succeeded_at IS NULL \
    AND state_at >= $1 AND state_at < $2 AND ($3 OR repository IN LIST($4))) AS found";
const RELEASED: &str = "SELECT STRING_AGG(CAST(fact AS TEXT), ',') FROM releases \
    WHERE published_at >= $1 AND published_at < $2 AND ($3 OR repository IN LIST($4))";
const RAN: &str = "SELECT STRING_AGG(CAST(fact AS TEXT), ',') FROM ci_runs \
    WHERE on_default_branch AND outcome IN ('success', 'failure') \
    AND created_at >= $1 AND created_at < $2 AND ($3 OR repository IN LIST($4))";
const OUTAGES: &str = "SELECT STRING_AGG(CAST(fact AS TEXT), ',') FROM incidents \
    WHERE opened_at >= $1 AND opened_at < $2 AND ($3 OR repository IS NULL OR repository IN LIST($4))";

/// A repository, what something went live to, when it last did before the window and when it first did behind it.
type Row = (String, String, Option<DateTime<Utc>>, Option<DateTime<Utc>>);

/// A range of time, of all repositories or of some.
pub(crate) struct Range {
    pub(crate) from: DateTime<Utc>,
    pub(crate) to: DateTime<Utc>,
    /// As a parameter; `None` for all.
    pub(crate) repositories: Option<String>,
}

impl Store {
    /// What delivery metrics are made from.
    pub fn delivery(&self) -> Delivery<'_> {
        Delivery { store: self }
    }
}

impl Delivery<'_> {
    /// Everything that the metrics of the window need, as of one moment.
    pub async fn facts(&self, of: DeliveryOf<'_>) -> Result<DeliveryFacts, StoreError> {
        self.store.refresh_days().await?;
        match self.read(of).await {
            Err(StoreError::Corrupt(_)) => {
                self.remake_packs().await?;
                self.read(of).await
            }
            read => read,
        }
    }

    /// The repositories of which anything was heard, by name.
    pub async fn list_repositories(&self) -> Result<Vec<RepositoryName>, StoreError> {
        const KNOWN: &str = "SELECT id FROM repositories ORDER BY id";
        let names: Vec<String> = on_engine!(self.store.pool(), |c| sqlx::query_scalar(KNOWN)
            .fetch_all(c)
            .await)?;
        Ok(names.into_iter().map(RepositoryName).collect())
    }

    /// Works in what changed since the last time; answers how many packs were made anew. Asking does so too: this is for
    /// the time when nobody asks.
    pub async fn refresh(&self) -> Result<usize, StoreError> {
        self.store.refresh_days().await
    }

    /// Makes all packs anew: those that are there were packed by another version of this program.
    pub(crate) async fn remake_packs(&self) -> Result<(), StoreError> {
        let turn = self.store.inner.facts_turn.lock().await;
        let mut tx = self.store.pool().begin_write().await?;
        let mut conn = tx.conn();
        conn.lock_facts().await?;
        mark_all(&mut conn).await?;
        tx.commit().await?;
        drop(turn);
        self.refresh().await.map(drop)
    }

    async fn read(&self, of: DeliveryOf<'_>) -> Result<DeliveryFacts, StoreError> {
        let mut tx = self.store.pool().begin_read().await?;
        let mut conn = tx.conn();
        let ranges = ranges(&mut conn, of).await?;
        let mut facts = DeliveryFacts::default();
        for range in &ranges {
            add_range(&mut conn, of, range, &mut facts).await?;
        }
        if of.definitions.counts_any(Means::Merge) {
            facts.deployments.extend(facts.changes.iter().map(known::merged));
        }
        let around = Range {
            from: ranges
                .iter()
                .map(|range| range.from)
                .min()
                .unwrap_or(of.asked.from),
            to: ranges.iter().map(|range| range.to).max().unwrap_or(of.asked.to),
            repositories: asked_repositories(of),
        };
        let outages: Vec<Incident> = within(&mut conn, OUTAGES, &around).await?;
        facts.outages = outages.iter().map(known::outage).collect();
        add_named(&mut conn, &mut facts).await?;
        facts.corrections = corrections::standing(&mut conn).await?;
        tx.commit().await?;
        Ok(facts)
    }
}

/// The repositories that are asked about, by their former names too: what happened then is stored under those.
pub(crate) fn asked_repositories(of: DeliveryOf<'_>) -> Option<String> {
    let repositories = of.asked.repositories.as_ref()?;
    Some(known_names(repositories, of.definitions))
}

/// Repositories by all names that they have and had, as a parameter.
pub(crate) fn known_names(repositories: &BTreeSet<RepositoryName>, definitions: &Definitions) -> String {
    let former = definitions
        .renamed
        .iter()
        .filter(|(_, now)| repositories.contains(now));
    let names = repositories.iter().chain(former.map(|(name, _)| name));
    list(names.map(RepositoryName::as_str))
}

/// The range that serves most repositories, and those of repositories that deploy rarely.
async fn ranges(conn: &mut Conn<'_>, of: DeliveryOf<'_>) -> Result<Vec<Range>, StoreError> {
    let Asked { from, to, .. } = *of.asked;
    let (first, last) = (from - BEFORE, (to + BEHIND).min(of.now));
    let mut ranges = vec![Range {
        from: first,
        to: last,
        repositories: asked_repositories(of),
    }];
    let is_asked = |repository: &str| {
        let asked = of.asked.repositories.as_ref();
        let now = |name: &RepositoryName| of.definitions.renamed.get(name).unwrap_or(name).clone();
        asked.is_none_or(|asked| asked.contains(&now(&RepositoryName(repository.to_owned()))))
    };
    let mut around: Vec<Row> = Vec::new();
    for (means, sql) in [
        (Means::Deployment, AROUND),
        (Means::Release, RELEASED_AROUND),
        (Means::WorkflowRun, RAN_AROUND),
    ] {
        if of.definitions.counts_any(means) {
            let found: Vec<Row> = on_conn!(conn, |c| sqlx::query_as(sql)
                .bind(from)
                .bind(to)
                .fetch_all(c)
                .await)?;
            // Tags are all different: any release that is known may be the last one.
            let counts = |(repository, name, ..): &Row| {
                is_asked(repository) && (means == Means::Release || of.definitions.counts(means, name))
            };
            around.extend(found.into_iter().filter(counts));
        }
    }
    let (mut early, mut late) = (BTreeSet::new(), BTreeSet::new());
    let (mut earliest, mut latest) = (first, last);
    for (repository, _, before, behind) in around {
        let begins = before.map_or(DateTime::UNIX_EPOCH, |at| at - SLACK);
        let ends = behind.map_or(of.now, |at| at + SLACK).min(of.now);
        if begins < first {
            earliest = earliest.min(begins);
            early.insert(repository.clone());
        }
        if ends > last {
            latest = latest.max(ends);
            late.insert(repository);
        }
    }
    for (names, from, to) in [(early, earliest, first), (late, last, latest)] {
        if !names.is_empty() {
            ranges.push(Range {
                from,
                to,
                repositories: Some(list(&names)),
            });
        }
    }
    Ok(ranges)
}

/// Adds what happened within a range. Days are read whole, so a change may come twice: metrics count it once.
async fn add_range(
    conn: &mut Conn<'_>,
    of: DeliveryOf<'_>,
    range: &Range,
    facts: &mut DeliveryFacts,
) -> Result<(), StoreError> {
    let unpacking = came_in(conn, range).await?;
    let deployments: Vec<Deployment> = within(conn, DEPLOYED, range).await?;
    facts
        .deployments
        .extend(deployments.iter().filter_map(known::deployed));
    if of.definitions.counts_any(Means::Release) {
        let releases: Vec<Release> = within(conn, RELEASED, range).await?;
        facts.deployments.extend(releases.iter().map(known::released));
    }
    if of.definitions.counts_any(Means::WorkflowRun) {
        let runs: Vec<CiRun> = within(conn, RAN, range).await?;
        facts.deployments.extend(runs.iter().filter_map(known::ran));
    }
    let pack = unpacking.done().await?;
    add_all(&mut facts.changes, pack.changes);
    add_all(&mut facts.pushes, pack.pushes);
    Ok(())
}

/// Packs that are being unpacked away from the async threads, in two halves, while the database is asked further.
pub(crate) struct Unpacking([JoinHandle<Result<Pack, StoreError>>; 2]);

impl Unpacking {
    fn start(mut packs: Vec<Vec<u8>>) -> Self {
        let second = packs.split_off(packs.len() / 2);
        let part = |packs: Vec<Vec<u8>>| tokio::task::spawn_blocking(move || unpacked(&packs));
        Self([packs, second].map(part))
    }

    /// All of them as one.
    pub(crate) async fn done(self) -> Result<Pack, StoreError> {
        let mut whole = Pack::default();
        for part in self.0 {
            let stopped = |error| StoreError::Unavailable(format!("unpacking stopped: {error}"));
            whole.append(part.await.map_err(stopped)??);
        }
        Ok(whole)
    }
}

fn unpacked(packs: &[Vec<u8>]) -> Result<Pack, StoreError> {
    let mut whole = Pack::default();
    for pack in packs {
        whole.append(days::unpacked(pack)?);
    }
    Ok(whole)
}

/// What came into default branches on the days that the range touches.
pub(crate) async fn came_in(conn: &mut Conn<'_>, range: &Range) -> Result<Unpacking, StoreError> {
    let (from, to) = (days::day(range.from), days::day(range.to));
    let packs: Vec<Vec<u8>> = if let Some(repositories) = &range.repositories {
        let sql = conn.lists(PACKS_OF);
        on_conn!(conn, |c| sqlx::query_scalar(sql)
            .bind(&from)
            .bind(&to)
            .bind(repositories)
            .fetch_all(c)
            .await)?
    } else {
        on_conn!(conn, |c| sqlx::query_scalar(PACKS)
            .bind(&from)
            .bind(&to)
            .fetch_all(c)
            .await)?
    };
    Ok(Unpacking::start(packs))
}

/// All facts of one kind within a range.
pub(crate) async fn within<T: DeserializeOwned + Send + 'static>(
    conn: &mut Conn<'_>,
    sql: &'static str,
    range: &Range,
) -> Result<Vec<T>, StoreError> {
    let sql = conn.lists(sql);
    let joined = on_conn!(conn, |c| sqlx::query_scalar(sql)
        .bind(range.from)
        .bind(range.to)
        .bind(range.repositories.is_none())
        .bind(range.repositories.as_deref().unwrap_or("[]"))
        .fetch_one(c)
        .await)?;
    decode(joined).await
}

/// Adds older changes that are named by what is there: taken back by a change, or deployed again.
async fn add_named(conn: &mut Conn<'_>, facts: &mut DeliveryFacts) -> Result<(), StoreError> {
    const BY_COMMIT: &str = "SELECT id FROM pull_requests WHERE merge_commit_sha IN LIST($1)";
    let deployed = facts.deployments.iter().filter_map(Deployed::commit);
    let taken_back = facts
        .changes
        .iter()
        .flat_map(|change| change.reverts.iter().map(String::as_str));
    let mut shas: HashSet<&str> = deployed.chain(taken_back).collect();
    for sha in facts
        .changes
        .iter()
        .filter_map(|change| change.merge_commit_sha.as_deref())
    {
        shas.remove(sha);
    }
    let numbered = facts.changes.iter().flat_map(|change| {
        let repository = &change.key.repository;
        change
            .reverts
            .iter()
            .filter_map(move |name| match name.split_once('#')? {
                ("", number) => Some(format!("{repository}#{number}")),
                _ => Some(name.clone()),
            })
    });
    let mut ids: BTreeSet<String> = numbered.collect();
    for chunk in Vec::from_iter(shas).chunks(IDS_PER_STATEMENT) {
        let sql = conn.lists(BY_COMMIT);
        let found: Vec<String> = on_conn!(conn, |c| sqlx::query_scalar(sql)
            .bind(list(chunk))
            .fetch_all(c)
            .await)?;
        ids.extend(found);
    }
    if ids.is_empty() {
        return Ok(());
    }
    // Few are named, and to write the id of each change would take long.
    let named: HashSet<PullRequestKey> = ids.iter().filter_map(|id| PullRequestKey::parse(id)).collect();
    let keys = facts.changes.iter().map(|change| &change.key);
    for key in keys.filter(|key| named.contains(*key)) {
        ids.remove(&key.to_string());
    }
    for chunk in ids
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .chunks(IDS_PER_STATEMENT)
    {
        facts.changes.extend(days::changes_of(conn, chunk).await?);
    }
    Ok(())
}
