//! Purpose: `/em-agent triage`: which open pull requests wait, for whom, since when.
//!
//! Everything is read from `waiting`, which has one row per open pull request, so the cost grows with the number of
//! open pull requests (one pass over the index for the counts) and not with the closed ones. The rows of a group
//! come from the index in the order in which they are shown, and reading stops when enough are found.

mod subject;

use em_domain::id::{Login, RepositoryName};
use em_domain::pull_request::PullRequestKey;
use em_domain::snooze::Snooze;
use em_domain::triage::{SnoozedRow, TriageFilter, TriageGroup, TriageReport, TriageRow, Turn};

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use sqlx::types::Json;

use crate::engine::{Conn, list, on_conn, on_engine};
use crate::error::StoreError;
use crate::failures::Failures;
use crate::open::Store;
use crate::snoozes::SnoozeRow;

pub use subject::Subject;

/// What waits.
#[derive(Debug, Clone, Copy)]
pub struct Triage<'s> {
    store: &'s Store,
}

/// Which rows of `waiting w` are asked for; the parameters are bound by `asked!`, and [`Asked::write`] writes `ACTOR` and `TEAM`.
macro_rules! asked_for {
    () => {
        "($2 OR w.is_ready) AND ($3 OR NOT w.author_is_bot) AND ACTOR AND TEAM"
    };
}

macro_rules! with_ignored_label {
    () => {
        "SELECT pull_request FROM waiting_labels WHERE label IN LIST($4)"
    };
}

/// Pull requests that are not shown in a group.
macro_rules! left_out {
    () => {
        concat!(
            with_ignored_label!(),
            " UNION SELECT pull_request FROM snoozes WHERE until > $1"
        )
    };
}

macro_rules! shown {
    () => {
        concat!(
            asked_for!(),
            " AND w.pull_request NOT IN (SELECT pull_request FROM left_out)"
        )
    };
}

/// How many are shown in each group, and the first rows of each: one statement, so that what is left out is looked up
/// once. `TURNS` are the queries of the single groups.
const GROUPS: &str = concat!(
    "WITH left_out AS MATERIALIZED (",
    left_out!(),
    ") SELECT turn, total, NULL AS line FROM (SELECT w.turn, COUNT(*) AS total FROM waiting w WHERE ",
    shown!(),
    " GROUP BY w.turn) AS counts TURNS"
);
const GROUP: &str = concat!(
    " UNION ALL SELECT turn, 0, line FROM (SELECT w.turn, w.line FROM waiting w WHERE w.turn = 'TURN' AND ",
    shown!(),
    " ORDER BY w.since, w.pull_request LIMIT $9) AS first_TURN"
);
/// The same for one person, whose rows are few: they are gathered once. As it stands above, PostgreSQL goes through all that waits
/// for each of the groups.
const GROUPS_OF_ONE: &str = concat!(
    "WITH left_out AS MATERIALIZED (",
    left_out!(),
    "), mine AS MATERIALIZED (SELECT w.turn, w.since, w.pull_request \
        FROM waiting_actors a JOIN waiting w ON w.pull_request = a.pull_request WHERE ",
    shown!(),
    ") SELECT turn, COUNT(*) AS total, NULL AS line FROM mine GROUP BY turn \
    UNION ALL SELECT first.turn, 0, w.line FROM (SELECT turn, pull_request, \
        ROW_NUMBER() OVER (PARTITION BY turn ORDER BY since, pull_request) AS place FROM mine) AS first \
    JOIN waiting w ON w.pull_request = first.pull_request WHERE first.place <= $9"
);
const COUNT: &str = concat!(
    "WITH left_out AS MATERIALIZED (",
    left_out!(),
    ") SELECT COUNT(*) FROM waiting w WHERE ",
    shown!()
);
const SNOOZED: &str = concat!(
    "SELECT s.pull_request, s.reason, s.until, s.snoozed_by, s.created_at, w.line \
     FROM snoozes s JOIN waiting w ON w.pull_request = s.pull_request WHERE s.until > $1 AND ",
    asked_for!(),
    " AND s.pull_request NOT IN (",
    with_ignored_label!(),
    ") ORDER BY s.until, s.pull_request"
);

/// For everybody. The parameter is named, so that the statement has as many in any case.
const ANYBODY: &str = "CAST($5 AS TEXT) IS NULL";
/// For one person: without an "or", so that PostgreSQL goes from the few rows of this person, and not through all.
const ONE_PERSON: &str = "w.pull_request IN (SELECT pull_request FROM waiting_actors WHERE actor = $5)";
/// Of any team, or of the one that is asked about.
const IN_TEAM: &str = "($6 OR w.repository IN LIST($7) OR w.author IN LIST($8))";
/// Of one team, from the indexes on repository and author: where all that is wanted is a count, nothing else need be gone through.
const THIS_TEAM: &str = "NOT $6 AND w.pull_request IN (SELECT pull_request FROM waiting WHERE repository IN LIST($7) \
     UNION SELECT pull_request FROM waiting WHERE author IN LIST($8))";

/// For one person, where their rows are joined.
const THIS_PERSON: &str = "a.actor = $5";

/// The filter as parameters.
struct Asked {
    now: DateTime<Utc>,
    with_drafts: bool,
    with_bots: bool,
    ignored_labels: String,
    actor: Option<String>,
    any_team: bool,
    repositories: String,
    members: String,
}

impl Asked {
    fn new(filter: &TriageFilter, now: DateTime<Utc>) -> Self {
        let team = filter.team.as_ref();
        let repositories = team.map_or(&[][..], |team| &team.repositories);
        let members = team.map_or(&[][..], |team| &team.members);
        Self {
            now,
            with_drafts: filter.with_drafts,
            with_bots: filter.with_bots,
            ignored_labels: lower(filter.ignored_labels.iter().map(String::as_str)),
            actor: filter.actor.as_ref().map(|login| login.as_str().to_lowercase()),
            any_team: team.is_none(),
            repositories: lower(repositories.iter().map(RepositoryName::as_str)),
            members: lower(members.iter().map(Login::as_str)),
        }
    }
}

impl Asked {
    /// The statement for whom it asks about.
    fn write(&self, sql: &str) -> String {
        let actor = if self.actor.is_some() { ONE_PERSON } else { ANYBODY };
        sql.replace("ACTOR", actor).replace("TEAM", IN_TEAM)
    }

    /// The statement that counts.
    fn write_count(&self) -> String {
        let team = if self.any_team { IN_TEAM } else { THIS_TEAM };
        self.write(&COUNT.replace("TEAM", team))
    }

    /// The statement that gives the groups.
    fn write_groups(&self) -> String {
        if self.actor.is_some() {
            return self.write(&GROUPS_OF_ONE.replace("ACTOR", THIS_PERSON));
        }
        let turns: String = Turn::ALL
            .iter()
            .map(|turn| GROUP.replace("TURN", turn.as_str()))
            .collect();
        self.write(&GROUPS.replace("TURNS", &turns))
    }
}

fn lower<'t>(texts: impl Iterator<Item = &'t str>) -> String {
    list(texts.map(str::to_lowercase))
}

macro_rules! asked {
    ($query:expr, $asked:expr) => {
        $query
            .bind($asked.now)
            .bind($asked.with_drafts)
            .bind($asked.with_bots)
            .bind(&$asked.ignored_labels)
            .bind(&$asked.actor)
            .bind($asked.any_team)
            .bind(&$asked.repositories)
            .bind(&$asked.members)
    };
}

#[derive(FromRow)]
struct SnoozedLine {
    #[sqlx(flatten)]
    snooze: SnoozeRow,
    line: Json<TriageRow>,
}

impl Store {
    /// What waits.
    pub fn triage(&self) -> Triage<'_> {
        Triage { store: self }
    }
}

impl Triage<'_> {
    /// The whole answer as of one moment, with up to `rows_per_group` rows in each group.
    ///
    /// With a team, red branches and failed deployments are those of its repositories. With an actor, red branches
    /// are left out, since nobody is named by them, and failed deployments are those that the actor asked for.
    pub async fn report(
        &self,
        filter: &TriageFilter,
        now: DateTime<Utc>,
        rows_per_group: u32,
    ) -> Result<TriageReport, StoreError> {
        let asked = Asked::new(filter, now);
        let mut tx = self.store.pool().begin_read().await?;
        let mut conn = tx.conn();
        let groups = groups(&mut conn, &asked, rows_per_group).await?;
        let snoozed = snoozed(&mut conn, &asked).await?;
        let failures = Failures::new(filter, now);
        let failing_branches = failures.branches(&mut conn).await?;
        let failed_deployments = failures.deployments(&mut conn).await?;
        let incidents = failures.incidents(&mut conn).await?;
        tx.commit().await?;
        Ok(TriageReport {
            as_of: now,
            groups,
            failing_branches,
            failed_deployments,
            incidents,
            snoozed,
        })
    }

    /// How many the groups of [`Triage::report`] hold in all.
    pub async fn count(&self, filter: &TriageFilter, now: DateTime<Utc>) -> Result<i64, StoreError> {
        let asked = Asked::new(filter, now);
        let sql = self.store.pool().lists(&asked.write_count());
        let count = on_engine!(self.store.pool(), |c| asked!(sqlx::query_scalar(sql), asked)
            .fetch_one(c)
            .await)?;
        Ok(count)
    }

    /// Those of the pull requests that are open, with what they wait for now; snoozed ones too.
    pub async fn list_rows(&self, keys: &[PullRequestKey]) -> Result<Vec<TriageRow>, StoreError> {
        const ROWS: &str =
            "SELECT line FROM waiting WHERE pull_request IN LIST($1) ORDER BY since, pull_request";
        let keys = list(keys.iter().map(ToString::to_string));
        let sql = self.store.pool().lists(ROWS);
        let rows: Vec<Json<TriageRow>> = on_engine!(self.store.pool(), |c| {
            sqlx::query_scalar(sql).bind(keys).fetch_all(c).await
        })?;
        Ok(rows.into_iter().map(|Json(row)| row).collect())
    }
}

/// A line of the answer to [`GROUPS`]: a count, or a row.
type Counted = (String, i64, Option<Json<TriageRow>>);

async fn groups(
    conn: &mut Conn<'_>,
    asked: &Asked,
    rows_per_group: u32,
) -> Result<Vec<TriageGroup>, StoreError> {
    let sql = conn.lists(&asked.write_groups());
    let lines: Vec<Counted> = on_conn!(conn, |c| {
        let query = asked!(sqlx::query_as(sql), asked);
        query.bind(i64::from(rows_per_group)).fetch_all(c).await
    })?;
    let mut groups = Turn::ALL.map(|turn| TriageGroup {
        turn,
        rows: Vec::new(),
        total: 0,
    });
    for (turn, total, row) in lines {
        if let Some(group) = groups.iter_mut().find(|group| group.turn.as_str() == turn) {
            group.total += total;
            group.rows.extend(row.map(|Json(row)| row));
        }
    }
    for group in &mut groups {
        // A union has no order of its own.
        group
            .rows
            .sort_by_cached_key(|row| (row.waiting.since, row.key.to_string()));
    }
    Ok(groups.into())
}

async fn snoozed(conn: &mut Conn<'_>, asked: &Asked) -> Result<Vec<SnoozedRow>, StoreError> {
    let sql = conn.lists(&asked.write(SNOOZED));
    let lines: Vec<SnoozedLine> = on_conn!(conn, |c| asked!(sqlx::query_as(sql), asked).fetch_all(c).await)?;
    let row = |SnoozedLine {
                   snooze,
                   line: Json(line),
               }| {
        Ok(SnoozedRow {
            snooze: Snooze::try_from(snooze)?,
            title: line.title,
            url: line.url,
        })
    };
    lines.into_iter().map(row).collect()
}
