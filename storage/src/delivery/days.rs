//! Purpose: packs of what came into a repository's default branch on a day: merged pull requests, and pushes that were no
//! merge. Noted as stale when something of that day changes, made anew before anybody reads them.
//!
//! Making all packs costs one look at each merged pull request with its reviews and comments; afterwards a merge costs the
//! pack of its day. A pack holds some dozen changes, so making it anew is as cheap as changing it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use em_domain::delivery::{Change, DirectPush, known};
use em_domain::pull_request::PullRequest;
use em_domain::push::Push;
use em_domain::review::{Comment, Review};

use sqlx::types::Json;

use crate::engine::{Conn, IDS_PER_STATEMENT, Table, Value, list, on_conn, on_engine};
use crate::error::StoreError;
use crate::facts::{facts_by, grouped};
use crate::open::Store;

const DAYS: Table = Table {
    name: "delivery_days",
    columns: &["repository", "day", "pack"],
    key_columns: 2,
};
const STALE: Table = Table {
    name: "delivery_stale",
    columns: &["repository", "day"],
    key_columns: 2,
};
/// Packs made in the first transaction, and the most in one. A pack of a busy day holds hundreds of changes, one of a quiet day
/// a few: how many are made at once follows from how long the last ones took.
const FIRST_PACKS: i64 = 16;
const MOST_PACKS: i64 = 500;
/// About how long one transaction should take: arriving events, which share the one writer, wait for it. The first one, and a
/// single pack, may take longer.
const TURN: Duration = Duration::from_millis(100);
/// Merges and pushes that are looked through at a time.
const DAYS_AT_ONCE: i64 = 20_000;

/// A day of a repository.
pub(crate) type Day = (String, String);

/// What a pack holds. Its form is the form of these types: a pack of another version cannot be read, and all are made anew.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct Pack {
    pub(crate) changes: Vec<Change>,
    pub(crate) pushes: Vec<DirectPush>,
}

impl Pack {
    /// Takes in what another holds.
    pub(crate) fn append(&mut self, other: Self) {
        add_all(&mut self.changes, other.changes);
        add_all(&mut self.pushes, other.pushes);
    }
}

/// Puts `more` behind `all`, without moving it where nothing is there yet: changes are large.
pub(crate) fn add_all<T>(all: &mut Vec<T>, mut more: Vec<T>) {
    if all.is_empty() {
        *all = more;
    } else {
        all.append(&mut more);
    }
}

/// The day, in UTC, in which something was merged: `2026-08-20`.
pub(crate) fn day(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d").to_string()
}

/// Notes that the packs of those of `pull_requests` that are merged do not show what is known.
pub(crate) async fn mark(conn: &mut Conn<'_>, pull_requests: &[&str]) -> Result<(), StoreError> {
    const MERGED: &str =
        "SELECT repository, merged_at FROM pull_requests WHERE id IN LIST($1) AND merged_at IS NOT NULL";
    for chunk in pull_requests.chunks(IDS_PER_STATEMENT) {
        let sql = conn.lists(MERGED);
        let merged: Vec<(String, DateTime<Utc>)> =
            on_conn!(conn, |c| sqlx::query_as(sql).bind(list(chunk)).fetch_all(c).await)?;
        let days = merged.into_iter().map(|(repository, at)| (repository, day(at)));
        mark_days(conn, days.collect()).await?;
    }
    Ok(())
}

/// Notes that the packs of these days do not show what is known.
pub(crate) async fn mark_days(conn: &mut Conn<'_>, days: BTreeSet<Day>) -> Result<(), StoreError> {
    let row = |(repository, day): Day| vec![Value::text(repository), Value::text(day)];
    conn.upsert(&STALE, days.into_iter().map(row).collect()).await
}

/// Forgets all packs and notes all days anew, after the facts were exchanged.
pub(crate) async fn mark_all(conn: &mut Conn<'_>) -> Result<(), StoreError> {
    const MERGED: &str = "SELECT id, repository, merged_at FROM pull_requests \
        WHERE id > $1 AND merged_at IS NOT NULL ORDER BY id LIMIT $2";
    const PUSHED: &str = "SELECT id, repository, pushed_at FROM pushes WHERE id > $1 ORDER BY id LIMIT $2";
    for table in [DAYS.name, STALE.name] {
        conn.run(format!("DELETE FROM {table}")).await?;
    }
    for after_id in [MERGED, PUSHED] {
        let mut after = String::new();
        loop {
            let page: Vec<(String, String, DateTime<Utc>)> = on_conn!(conn, |c| sqlx::query_as(after_id)
                .bind(&after)
                .bind(DAYS_AT_ONCE)
                .fetch_all(c)
                .await)?;
            let Some((last, ..)) = page.last() else { break };
            after.clone_from(last);
            let days = page.into_iter().map(|(_, repository, at)| (repository, day(at)));
            mark_days(conn, days.collect()).await?;
        }
    }
    Ok(())
}

impl Store {
    /// Makes anew the packs that do not show what is known; answers how many. Costs one small question where there are none.
    pub(super) async fn refresh_days(&self) -> Result<usize, StoreError> {
        const ANY: &str = "SELECT EXISTS (SELECT 1 FROM delivery_stale)";
        let (mut made, mut at_once) = (0, FIRST_PACKS);
        while on_engine!(self.pool(), |c| sqlx::query_scalar::<_, bool>(ANY)
            .fetch_one(c)
            .await)?
        {
            let _turn = self.inner.facts_turn.lock().await;
            let mut tx = self.pool().begin_write().await?;
            let mut conn = tx.conn();
            conn.lock_facts().await?;
            let started = Instant::now();
            match refresh_some(&mut conn, at_once).await {
                Ok(some) => made += some,
                Err(error) => {
                    // The next try would find the lock on facts still taken.
                    tx.rollback().await?;
                    return Err(error);
                }
            }
            tx.commit().await?;
            at_once = next_turn(at_once, started.elapsed());
        }
        Ok(made)
    }
}

/// How many packs to make after so many took so long.
fn next_turn(packs: i64, took: Duration) -> i64 {
    if took > TURN {
        (packs / 2).max(1)
    } else if took < TURN / 2 {
        (packs * 2).min(MOST_PACKS)
    } else {
        packs
    }
}

/// Makes some of the stale packs anew, so many at most.
async fn refresh_some(conn: &mut Conn<'_>, at_once: i64) -> Result<usize, StoreError> {
    const SOME: &str = "SELECT repository, day FROM delivery_stale ORDER BY repository, day LIMIT $1";
    let stale: Vec<Day> = on_conn!(conn, |c| sqlx::query_as(SOME).bind(at_once).fetch_all(c).await)?;
    let mut by_repository: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (repository, day) in &stale {
        by_repository.entry(repository).or_default().insert(day);
    }
    for (repository, days) in by_repository {
        let packs = packs_of(conn, repository, &days).await?;
        exchange(conn, repository, &days, packs).await?;
    }
    Ok(stale.len())
}

/// New packs of `days`; a day on which nothing came has none.
async fn packs_of(
    conn: &mut Conn<'_>,
    repository: &str,
    days: &BTreeSet<&str>,
) -> Result<BTreeMap<String, Pack>, StoreError> {
    let mut packs: BTreeMap<String, Pack> = BTreeMap::new();
    for change in merged_within(conn, repository, days).await? {
        packs
            .entry(day(change.merged_at))
            .or_default()
            .changes
            .push(change);
    }
    for push in pushed_within(conn, repository, days).await? {
        packs.entry(day(push.at)).or_default().pushes.push(push);
    }
    packs.retain(|day, _| days.contains(day.as_str()));
    for pack in packs.values_mut() {
        // Whoever puts the changes of many days in order finds them in order.
        pack.changes
            .sort_by_key(|change| (change.merged_at, change.key.number));
    }
    Ok(packs)
}

/// Puts new packs of `days` in the place of the old ones.
async fn exchange(
    conn: &mut Conn<'_>,
    repository: &str,
    days: &BTreeSet<&str>,
    packs: BTreeMap<String, Pack>,
) -> Result<(), StoreError> {
    let mut rows = Vec::new();
    for (day, pack) in packs {
        let bytes = packed(&pack)?;
        rows.push(vec![
            Value::text(repository),
            Value::text(day),
            Value::Bytes(bytes.into()),
        ]);
    }
    for table in [DAYS.name, STALE.name] {
        let sql = conn.lists(&format!(
            "DELETE FROM {table} WHERE repository = $1 AND day IN LIST($2)"
        ));
        on_conn!(conn, |c| sqlx::query(sql)
            .bind(repository)
            .bind(list(days))
            .execute(c)
            .await
            .map(drop))?;
    }
    conn.upsert(&DAYS, rows).await
}

/// From an instant on until before another.
type Span = (DateTime<Utc>, DateTime<Utc>);

/// The instants between which `days` are, from the first to the last.
fn around(days: &BTreeSet<&str>) -> Result<Option<Span>, StoreError> {
    let Some((first, last)) = days.first().zip(days.last()) else {
        return Ok(None);
    };
    Ok(Some((midnight(first)?, midnight(last)? + chrono::Days::new(1))))
}

/// Pushes to the default branch in a repository from the first of `days` to the last, but for those that merged a pull request.
async fn pushed_within(
    conn: &mut Conn<'_>,
    repository: &str,
    days: &BTreeSet<&str>,
) -> Result<Vec<DirectPush>, StoreError> {
    const WITHIN: &str = "SELECT s.fact FROM pushes s WHERE s.repository = $1 AND s.pushed_at >= $2 AND s.pushed_at < $3 \
        AND NOT EXISTS (SELECT 1 FROM pull_requests p WHERE p.merge_commit_sha = s.fact ->> 'head_sha' \
            AND p.merge_commit_sha IS NOT NULL)";
    let Some((from, to)) = around(days)? else {
        return Ok(Vec::new());
    };
    let pushes: Vec<Json<Push>> = on_conn!(conn, |c| sqlx::query_scalar(WITHIN)
        .bind(repository)
        .bind(from)
        .bind(to)
        .fetch_all(c)
        .await)?;
    Ok(pushes
        .iter()
        .filter_map(|Json(push)| known::pushed(push))
        .collect())
}

/// What was merged in a repository from the first of `days` to the last.
async fn merged_within(
    conn: &mut Conn<'_>,
    repository: &str,
    days: &BTreeSet<&str>,
) -> Result<Vec<Change>, StoreError> {
    const WITHIN: &str = "SELECT id, merged_at FROM pull_requests \
        WHERE repository = $1 AND merged_at >= $2 AND merged_at < $3 AND merged_at IS NOT NULL";
    let Some((from, to)) = around(days)? else {
        return Ok(Vec::new());
    };
    let merged: Vec<(String, DateTime<Utc>)> = on_conn!(conn, |c| sqlx::query_as(WITHIN)
        .bind(repository)
        .bind(from)
        .bind(to)
        .fetch_all(c)
        .await)?;
    let wanted = merged.iter().filter(|(_, at)| days.contains(day(*at).as_str()));
    let ids: Vec<&str> = wanted.map(|(id, _)| id.as_str()).collect();
    let mut changes = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(IDS_PER_STATEMENT) {
        changes.extend(changes_of(conn, chunk).await?);
    }
    Ok(changes)
}

fn midnight(day: &str) -> Result<DateTime<Utc>, StoreError> {
    format!("{day}T00:00:00Z")
        .parse()
        .map_err(|_| StoreError::corrupt("day", day))
}

/// The changes that these pull requests were.
pub(super) async fn changes_of(conn: &mut Conn<'_>, ids: &[&str]) -> Result<Vec<Change>, StoreError> {
    let pulls: Vec<PullRequest> = facts_by(conn, "id", ids).await?;
    let reviews = grouped(facts_by::<Review>(conn, "pull_request", ids).await?, |review| {
        review.pull_request.to_string()
    });
    let comments = grouped(facts_by::<Comment>(conn, "pull_request", ids).await?, |comment| {
        comment.pull_request.to_string()
    });
    let change = |pull: &PullRequest| {
        let id = pull.key.to_string();
        let reviews = reviews.get(&id).map_or(&[][..], Vec::as_slice);
        let comments = comments.get(&id).map_or(&[][..], Vec::as_slice);
        known::change(pull, reviews, comments)
    };
    Ok(pulls.iter().filter_map(change).collect())
}

fn packed(pack: &Pack) -> Result<Vec<u8>, StoreError> {
    postcard::to_allocvec(pack)
        .map_err(|error| StoreError::Refused(format!("a day that cannot be packed: {error}")))
}

/// What a pack holds.
pub(super) fn unpacked(bytes: &[u8]) -> Result<Pack, StoreError> {
    postcard::from_bytes(bytes).map_err(|error| StoreError::corrupt("pack of a day", &error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_grows_while_it_is_short_and_never_ends() {
        let ms = Duration::from_millis;
        assert_eq!(next_turn(16, ms(10)), 32);
        assert_eq!(next_turn(400, ms(10)), MOST_PACKS);
        assert_eq!(next_turn(16, ms(70)), 16);
        assert_eq!(next_turn(16, ms(3_000)), 8);
        assert_eq!(next_turn(1, ms(3_000)), 1);
    }
}
