//! Purpose: what many people did in a window, in a few statements, however many people and whatever the years before:
//! everything is found by an index over when it happened.
//!
//! Rows of a table are read as one JSON text, as in `signals/watch.rs`: a busy day has tens of thousands.

use std::collections::{BTreeSet, HashSet};

use chrono::{DateTime, Utc};
use em_domain::evidence::{KnownFacts, Window};
use em_domain::id::{Login, RepositoryName};
use em_domain::person::Identity;
use em_domain::pull_request::PullRequest;
use em_domain::push::Push;
use em_domain::review::Review;
use em_domain::triage::TriageRow;
use serde::de::DeserializeOwned;
use tokio::task::JoinHandle;

use crate::engine::{Conn, list, on_conn};
use crate::error::StoreError;
use crate::open::Store;
use crate::signals::decode;

/// What people did.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'s> {
    store: &'s Store,
}

/// Things looked up by one statement: each is a look into an index.
const LOOKED_UP_AT_ONCE: usize = 5_000;

/// Pull requests that were opened or merged in the window.
const PULLS: &str = "SELECT STRING_AGG(CAST(fact AS TEXT), ',') FROM ( \
    SELECT fact FROM pull_requests WHERE created_at >= $1 AND created_at < $2 AND LOWER(author) IN SET($3) \
    UNION ALL SELECT fact FROM pull_requests WHERE merged_at >= $1 AND merged_at < $2 \
    AND NOT (created_at >= $1 AND created_at < $2) AND LOWER(author) IN SET($3)) AS found";
const REVIEWS: &str = "SELECT STRING_AGG(CAST(fact AS TEXT), ',') FROM reviews \
    WHERE submitted_at >= $1 AND submitted_at < $2 AND LOWER(reviewer) IN SET($3)";
const PUSHES: &str = "SELECT STRING_AGG(CAST(fact AS TEXT), ',') FROM pushes \
    WHERE pushed_at >= $1 AND pushed_at < $2 AND LOWER(author) IN SET($3)";
const ISSUE_MOVES: &str = "SELECT STRING_AGG(CAST(fact AS TEXT), ',') FROM issue_moves \
    WHERE moved_at >= $1 AND moved_at < $2 AND LOWER(account) IN SET($3)";
const DEPLOYMENTS: &str = "SELECT STRING_AGG(CAST(fact AS TEXT), ',') FROM deployments \
    WHERE succeeded_at >= $1 AND succeeded_at < $2";
const RELEASES: &str = "SELECT STRING_AGG(CAST(fact AS TEXT), ',') FROM releases \
    WHERE published_at >= $1 AND published_at < $2";
/// Incidents that began or were over in the window.
const INCIDENTS: &str = "SELECT STRING_AGG(CAST(fact AS TEXT), ',') FROM ( \
    SELECT fact FROM incidents WHERE opened_at >= $1 AND opened_at < $2 \
    UNION ALL SELECT fact FROM incidents WHERE resolved_at >= $1 AND resolved_at < $2 \
    AND NOT (opened_at >= $1 AND opened_at < $2)) AS found";
/// Questions that may have been answered in the window: those that have changed since it began. Of a window that ends
/// now these are few.
const APPROVALS: &str = "SELECT STRING_AGG(CAST(record AS TEXT), ',') FROM approvals \
    WHERE updated_at >= $1 AND created_at < $2";

const PULLS_BY_ID: &str =
    "SELECT STRING_AGG(CAST(fact AS TEXT), ',') FROM pull_requests WHERE id IN LIST($1)";
/// The pull requests of branches that were not closed before.
const PULLS_BY_BRANCH: &str = "SELECT STRING_AGG(CAST(fact AS TEXT), ',') FROM pull_requests \
    WHERE head_ref IN LIST($1) AND (closed_at IS NULL OR closed_at >= $2)";
const PULLS_BY_MERGE: &str = "SELECT STRING_AGG(CAST(fact AS TEXT), ',') FROM pull_requests \
    WHERE merge_commit_sha IN LIST($1)";

/// What these people's open pull requests wait for, unless they are drafts, snoozed or have an ignored label.
const WAITING: &str = "SELECT STRING_AGG(CAST(w.line AS TEXT), ',') FROM waiting w \
    WHERE w.author IN LIST($1) AND w.is_ready \
    AND w.pull_request NOT IN (SELECT pull_request FROM snoozes WHERE until > $2) \
    AND w.pull_request NOT IN (SELECT pull_request FROM waiting_labels WHERE label IN LIST($3))";

impl Store {
    /// What people did.
    pub fn evidence(&self) -> Evidence<'_> {
        Evidence { store: self }
    }
}

impl Evidence<'_> {
    /// All facts that show what `people` did in the window, as of one moment; besides, everything that went live and
    /// every incident in it, whosoever it was.
    pub async fn list_facts(&self, people: &[Identity], window: Window) -> Result<KnownFacts, StoreError> {
        let mut tx = self.store.pool().begin_read().await?;
        let mut conn = tx.conn();
        let logins = lower(
            people
                .iter()
                .filter_map(|person| person.login.as_ref())
                .map(Login::as_str),
        );
        let pulls = by_people(&mut conn, PULLS, window, &logins).await?;
        let reviews = by_people(&mut conn, REVIEWS, window, &logins).await?;
        let pushes = by_people(&mut conn, PUSHES, window, &logins).await?;
        let issue_moves = by_people(&mut conn, ISSUE_MOVES, window, &logins).await?;
        let deployments = within(&mut conn, DEPLOYMENTS, window).await?;
        let releases = within(&mut conn, RELEASES, window).await?;
        let incidents = within(&mut conn, INCIDENTS, window).await?;
        let approvals = within(&mut conn, APPROVALS, window).await?;
        let public = public(&mut conn).await?;
        let mut facts = KnownFacts {
            pulls: pulls.read().await?,
            reviews: reviews.read().await?,
            pushes: pushes.read().await?,
            issue_moves: issue_moves.read().await?,
            deployments: deployments.read().await?,
            releases: releases.read().await?,
            incidents: incidents.read().await?,
            approvals: approvals.read().await?,
            public,
        };
        add_reviewed(&mut conn, &mut facts.pulls, &facts.reviews).await?;
        add_pushed(&mut conn, &mut facts.pulls, &facts.pushes, window).await?;
        tx.commit().await?;
        Ok(facts)
    }

    /// What the open pull requests of `people` wait for now, and which repositories everybody may look into. Left out are
    /// drafts, what is snoozed, and what has one of these labels.
    pub async fn list_waiting(
        &self,
        people: &[Identity],
        ignored_labels: &[String],
        now: DateTime<Utc>,
    ) -> Result<(Vec<TriageRow>, BTreeSet<RepositoryName>), StoreError> {
        let logins = lower(
            people
                .iter()
                .filter_map(|person| person.login.as_ref())
                .map(Login::as_str),
        );
        let labels = lower(ignored_labels.iter().map(String::as_str));
        let mut tx = self.store.pool().begin_read().await?;
        let mut conn = tx.conn();
        let sql = conn.lists(WAITING);
        let joined = on_conn!(&mut conn, |c| sqlx::query_scalar(sql)
            .bind(&logins)
            .bind(now)
            .bind(&labels)
            .fetch_one(c)
            .await)?;
        let public = public(&mut conn).await?;
        tx.commit().await?;
        Ok((decode(joined).await?, public))
    }
}

#[cfg(feature = "testing")]
impl Evidence<'_> {
    /// How the engine would find what is asked for, as it says it: by name of the statement.
    ///
    /// # Errors
    /// The database cannot be reached.
    pub async fn explain(&self, window: Window) -> Result<Vec<(&'static str, String)>, StoreError> {
        let statements = [
            ("pulls", PULLS, true),
            ("reviews", REVIEWS, true),
            ("pushes", PUSHES, true),
            ("issue moves", ISSUE_MOVES, true),
            ("deployments", DEPLOYMENTS, false),
            ("releases", RELEASES, false),
            ("incidents", INCIDENTS, false),
            ("approvals", APPROVALS, false),
        ];
        let mut plans = Vec::new();
        for (name, sql, of_people) in statements {
            let mut tx = self.store.pool().begin_read().await?;
            let mut conn = tx.conn();
            let plan = explain(&mut conn, sql, window, of_people.then_some("[]")).await?;
            plans.push((name, plan.join("\n")));
        }
        Ok(plans)
    }
}

/// The plan of one statement. PostgreSQL reads small tables whole, whatever the indexes, unless it is told not to.
#[cfg(feature = "testing")]
async fn explain(
    conn: &mut Conn<'_>,
    sql: &str,
    window: Window,
    logins: Option<&str>,
) -> Result<Vec<String>, StoreError> {
    macro_rules! bound {
        ($sql:expr) => {{
            let query = sqlx::query_as($sql).bind(window.from).bind(window.to);
            match logins {
                Some(logins) => query.bind(logins),
                None => query,
            }
        }};
    }
    match conn {
        Conn::Sqlite(_) => {
            let sql = conn.lists(&format!("EXPLAIN QUERY PLAN {sql}"));
            let Conn::Sqlite(c) = conn else {
                return Ok(Vec::new());
            };
            let steps: Vec<(i64, i64, i64, String)> = bound!(sql).fetch_all(&mut **c).await?;
            Ok(steps.into_iter().map(|(_, _, _, step)| step).collect())
        }
        Conn::Postgres(_) => {
            conn.run("SET LOCAL enable_seqscan = off").await?;
            let sql = conn.lists(&format!("EXPLAIN {sql}"));
            let Conn::Postgres(c) = conn else {
                return Ok(Vec::new());
            };
            let steps: Vec<(String,)> = bound!(sql).fetch_all(&mut **c).await?;
            Ok(steps.into_iter().map(|(step,)| step).collect())
        }
    }
}

fn lower<'t>(texts: impl Iterator<Item = &'t str>) -> String {
    list(texts.map(str::to_lowercase))
}

/// Rows that are being decoded, while the database looks for the next ones.
struct Decoding<T>(JoinHandle<Result<Vec<T>, StoreError>>);

impl<T: DeserializeOwned + Send + 'static> Decoding<T> {
    fn start(joined: Option<String>) -> Self {
        Self(tokio::spawn(decode(joined)))
    }

    async fn read(self) -> Result<Vec<T>, StoreError> {
        let read = self.0.await;
        read.map_err(|error| StoreError::Unavailable(format!("reading stopped: {error}")))?
    }
}

async fn by_people<T: DeserializeOwned + Send + 'static>(
    conn: &mut Conn<'_>,
    sql: &str,
    window: Window,
    logins: &str,
) -> Result<Decoding<T>, StoreError> {
    let sql = conn.lists(sql);
    let joined = on_conn!(conn, |c| sqlx::query_scalar(sql)
        .bind(window.from)
        .bind(window.to)
        .bind(logins)
        .fetch_one(c)
        .await)?;
    Ok(Decoding::start(joined))
}

async fn within<T: DeserializeOwned + Send + 'static>(
    conn: &mut Conn<'_>,
    sql: &'static str,
    window: Window,
) -> Result<Decoding<T>, StoreError> {
    let joined = on_conn!(conn, |c| sqlx::query_scalar(sql)
        .bind(window.from)
        .bind(window.to)
        .fetch_one(c)
        .await)?;
    Ok(Decoding::start(joined))
}

/// The repositories of which events said that everybody may look into them.
async fn public(conn: &mut Conn<'_>) -> Result<BTreeSet<RepositoryName>, StoreError> {
    const PUBLIC: &str = "SELECT id FROM repositories WHERE NOT is_private";
    let names: Vec<String> = on_conn!(conn, |c| sqlx::query_scalar(PUBLIC).fetch_all(c).await)?;
    Ok(names.into_iter().map(RepositoryName).collect())
}

/// Adds the pull requests that were reviewed and are not there yet.
async fn add_reviewed(
    conn: &mut Conn<'_>,
    pulls: &mut Vec<PullRequest>,
    reviews: &[Review],
) -> Result<(), StoreError> {
    let known: HashSet<String> = pulls.iter().map(|pull| pull.key.to_string()).collect();
    let wanted = reviews.iter().map(|review| review.pull_request.to_string());
    let wanted: BTreeSet<String> = wanted.filter(|id| !known.contains(id)).collect();
    let wanted: Vec<&String> = wanted.iter().collect();
    let mut found = Vec::new();
    for chunk in wanted.chunks(LOOKED_UP_AT_ONCE) {
        let sql = conn.lists(PULLS_BY_ID);
        let joined = on_conn!(conn, |c| sqlx::query_scalar(sql)
            .bind(list(chunk))
            .fetch_one(c)
            .await)?;
        found.push(Decoding::start(joined));
    }
    for some in found {
        pulls.extend(some.read().await?);
    }
    Ok(())
}

/// Adds the pull requests to which was pushed, and those that a push merged, where they are not there yet.
async fn add_pushed(
    conn: &mut Conn<'_>,
    pulls: &mut Vec<PullRequest>,
    pushes: &[Push],
    window: Window,
) -> Result<(), StoreError> {
    let heads: BTreeSet<&str> = pushes.iter().map(|push| push.head_sha.as_str()).collect();
    let changes = pushes.iter().filter(|push| !push.on_default_branch);
    let branches: BTreeSet<&str> = changes.map(|push| push.branch.as_str()).collect();
    let mut found = Vec::new();
    for chunk in Vec::from_iter(branches).chunks(LOOKED_UP_AT_ONCE) {
        let sql = conn.lists(PULLS_BY_BRANCH);
        let joined = on_conn!(conn, |c| sqlx::query_scalar(sql)
            .bind(list(chunk))
            .bind(window.from)
            .fetch_one(c)
            .await)?;
        found.push(Decoding::<PullRequest>::start(joined));
    }
    for chunk in Vec::from_iter(heads).chunks(LOOKED_UP_AT_ONCE) {
        let sql = conn.lists(PULLS_BY_MERGE);
        let joined = on_conn!(conn, |c| sqlx::query_scalar(sql)
            .bind(list(chunk))
            .fetch_one(c)
            .await)?;
        found.push(Decoding::<PullRequest>::start(joined));
    }
    let mut known: HashSet<String> = pulls.iter().map(|pull| pull.key.to_string()).collect();
    for some in found {
        let some = some.read().await?;
        pulls.extend(some.into_iter().filter(|pull| known.insert(pull.key.to_string())));
    }
    Ok(())
}
