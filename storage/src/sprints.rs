//! Purpose: `/em-agent sprint`: what a team opened, merged, reviewed and deployed since some instant.
//!
//! Each list is read from an index by time, or from `waiting`, which has a row for each open pull request. The cost grows
//! with what is open and with what happened since then, and not with the years before; a test looks at the plans.

use chrono::{DateTime, Utc};
use em_domain::id::{Login, RepositoryName};
use em_domain::pull_request::PullRequestKey;
use em_domain::sprint::{EndedDeployment, EndedPull, FirstReview, OpenPull, WorkFacts};
use em_domain::triage::TeamScope;

use crate::engine::{Conn, list, on_conn};
use crate::error::StoreError;
use crate::open::Store;

/// What a store knows of how work goes.
#[derive(Debug, Clone, Copy)]
pub struct Sprints<'s> {
    store: &'s Store,
}

/// Whose work is asked about.
#[derive(Debug, Clone, Copy)]
pub struct WorkOf<'a> {
    /// Only this team's: pull requests in its repositories or of its members, deployments of its repositories.
    pub team: Option<&'a TeamScope>,
    /// Keep pull requests that bots opened.
    pub with_bots: bool,
}

/// Logins of programs end like this: GitHub gives each of its apps such a name. Whether one was marked as a bot is known
/// of open pull requests without reading more than a row.
macro_rules! no_bot {
    ($login:literal) => {
        concat!("LOWER(", $login, ") NOT LIKE '%[bot]'")
    };
}

/// Which rows of `pull_requests p` are asked for.
macro_rules! of_team {
    () => {
        concat!(
            "($3 OR ",
            no_bot!("p.author"),
            ") AND ($4 OR LOWER(p.repository) IN LIST($5) OR LOWER(p.author) IN LIST($6))"
        )
    };
}

const ENDED: &str = concat!(
    "SELECT p.created_at, p.closed_at, p.merged_at FROM pull_requests p \
     WHERE p.closed_at >= $1 AND p.closed_at < $2 AND p.created_at IS NOT NULL AND ",
    of_team!(),
);
/// What is asked for of open pull requests is in `waiting`, in lower case.
const OPEN: &str = "SELECT w.pull_request, p.created_at, w.is_ready \
     FROM waiting w JOIN pull_requests p ON p.id = w.pull_request \
     WHERE p.created_at < $1 AND ($2 OR NOT w.author_is_bot) \
     AND ($3 OR w.repository IN LIST($4) OR w.author IN LIST($5))";
/// A pull request that was reviewed before the time that is asked about got its first review then.
const REVIEWS: &str = concat!(
    "WITH first AS (SELECT r.pull_request, MIN(r.submitted_at) AS at FROM reviews r JOIN pull_requests p ON p.id = r.pull_request \
         WHERE r.submitted_at >= $1 AND r.submitted_at < $2 AND ",
    no_bot!("r.reviewer"),
    " AND LOWER(r.reviewer) <> LOWER(p.author) GROUP BY r.pull_request) \
     SELECT p.created_at, p.fact ->> 'ready_at', f.at FROM first f JOIN pull_requests p ON p.id = f.pull_request \
     WHERE p.created_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM reviews e \
         WHERE e.pull_request = f.pull_request AND e.submitted_at < $1 AND ",
    no_bot!("e.reviewer"),
    " AND LOWER(e.reviewer) <> LOWER(p.author)) AND ",
    of_team!(),
);
const DEPLOYMENTS: &str = "SELECT d.state_at, d.environment, d.state FROM deployments d \
     WHERE d.state IN ('success', 'failure') AND d.state_at >= $1 AND d.state_at < $2 \
     AND ($3 OR LOWER(d.repository) IN LIST($4))";

/// The question as parameters.
struct Asked {
    since: DateTime<Utc>,
    now: DateTime<Utc>,
    with_bots: bool,
    any_team: bool,
    repositories: String,
    members: String,
}

impl Asked {
    fn new(of: WorkOf<'_>, since: DateTime<Utc>, now: DateTime<Utc>) -> Self {
        let repositories = of.team.map_or(&[][..], |team| &team.repositories);
        let members = of.team.map_or(&[][..], |team| &team.members);
        let lower = |name: &str| name.to_lowercase();
        Self {
            since,
            now,
            with_bots: of.with_bots,
            any_team: of.team.is_none(),
            repositories: list(repositories.iter().map(RepositoryName::as_str).map(lower)),
            members: list(members.iter().map(Login::as_str).map(lower)),
        }
    }
}

macro_rules! asked_of_pulls {
    ($query:expr, $asked:expr) => {
        $query
            .bind($asked.since)
            .bind($asked.now)
            .bind($asked.with_bots)
            .bind($asked.any_team)
            .bind(&$asked.repositories)
            .bind(&$asked.members)
    };
}

impl Store {
    /// How work goes.
    pub fn sprints(&self) -> Sprints<'_> {
        Sprints { store: self }
    }
}

impl Sprints<'_> {
    /// What is known of the work since `since`, as of one moment. What happened at `now` or later is not told.
    pub async fn facts(
        &self,
        of: WorkOf<'_>,
        since: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<WorkFacts, StoreError> {
        let asked = Asked::new(of, since, now);
        let mut tx = self.store.pool().begin_read().await?;
        let mut conn = tx.conn();
        let facts = WorkFacts {
            as_of: now,
            open: open(&mut conn, &asked).await?,
            ended: ended(&mut conn, &asked).await?,
            reviews: reviews(&mut conn, &asked).await?,
            deployments: deployments(&mut conn, &asked).await?,
        };
        tx.commit().await?;
        Ok(facts)
    }
}

async fn open(conn: &mut Conn<'_>, asked: &Asked) -> Result<Vec<OpenPull>, StoreError> {
    let sql = conn.lists(OPEN);
    let rows: Vec<(String, DateTime<Utc>, bool)> = on_conn!(conn, |c| sqlx::query_as(sql)
        .bind(asked.now)
        .bind(asked.with_bots)
        .bind(asked.any_team)
        .bind(&asked.repositories)
        .bind(&asked.members)
        .fetch_all(c)
        .await)?;
    let pull = |(id, opened_at, is_ready): (String, DateTime<Utc>, bool)| {
        Ok(OpenPull {
            key: PullRequestKey::parse(&id).ok_or_else(|| StoreError::corrupt("pull request", &id))?,
            opened_at,
            is_ready,
        })
    };
    rows.into_iter().map(pull).collect()
}

type EndedRow = (DateTime<Utc>, DateTime<Utc>, Option<DateTime<Utc>>);

async fn ended(conn: &mut Conn<'_>, asked: &Asked) -> Result<Vec<EndedPull>, StoreError> {
    let sql = conn.lists(ENDED);
    let rows: Vec<EndedRow> = on_conn!(conn, |c| asked_of_pulls!(sqlx::query_as(sql), asked)
        .fetch_all(c)
        .await)?;
    let pull = |(opened_at, ended_at, merged_at): EndedRow| EndedPull {
        opened_at,
        ended_at,
        is_merged: merged_at.is_some(),
    };
    Ok(rows.into_iter().map(pull).collect())
}

type ReviewRow = (DateTime<Utc>, Option<String>, DateTime<Utc>);

async fn reviews(conn: &mut Conn<'_>, asked: &Asked) -> Result<Vec<FirstReview>, StoreError> {
    let sql = conn.lists(REVIEWS);
    let rows: Vec<ReviewRow> = on_conn!(conn, |c| asked_of_pulls!(sqlx::query_as(sql), asked)
        .fetch_all(c)
        .await)?;
    let review = |(opened_at, ready_at, reviewed_at): ReviewRow| {
        let wrong = |text: &str| StoreError::corrupt("time of leaving draft", text);
        let ready_at = ready_at.map(|text| text.parse().map_err(|_| wrong(&text)));
        Ok(FirstReview {
            opened_at,
            ready_at: ready_at.transpose()?,
            reviewed_at,
        })
    };
    rows.into_iter().map(review).collect()
}

async fn deployments(conn: &mut Conn<'_>, asked: &Asked) -> Result<Vec<EndedDeployment>, StoreError> {
    let sql = conn.lists(DEPLOYMENTS);
    let rows: Vec<(DateTime<Utc>, String, String)> = on_conn!(conn, |c| sqlx::query_as(sql)
        .bind(asked.since)
        .bind(asked.now)
        .bind(asked.any_team)
        .bind(&asked.repositories)
        .fetch_all(c)
        .await)?;
    let deployment = |(ended_at, environment, state): (DateTime<Utc>, String, String)| EndedDeployment {
        ended_at,
        environment,
        has_failed: state == em_domain::deployment::DeploymentState::Failure.as_str(),
    };
    Ok(rows.into_iter().map(deployment).collect())
}

#[cfg(test)]
mod tests {
    use sqlx::{AssertSqlSafe, Row as _};

    use super::*;
    use crate::engine::Pool;
    use crate::testing::TestDatabase;

    /// The plan of each list, on either engine, where reading whole tables is no choice.
    async fn plans(db: &TestDatabase) -> Vec<String> {
        let mut plans = Vec::new();
        for sql in [ENDED, REVIEWS, DEPLOYMENTS, OPEN] {
            let parameters = sql.matches('$').count();
            let mut text = db.store.pool().lists(sql).0;
            for number in (1..=parameters).rev() {
                text = text.replace(&format!("${number}"), literal(sql, number));
            }
            plans.push(plan(db.store.pool(), &text).await);
        }
        plans
    }

    /// A value of the kind that the statement wants there.
    fn literal(sql: &str, number: usize) -> &'static str {
        let is_list = sql.contains(&format!("LIST(${number})"));
        let is_time = sql.contains(&format!(">= ${number}")) || sql.contains(&format!("< ${number}"));
        match (is_list, is_time) {
            (true, _) => "'[\"acme/api\"]'",
            (_, true) => "'2026-01-15T10:00:00+00:00'",
            _ => "FALSE",
        }
    }

    async fn plan(pool: &Pool, sql: &str) -> String {
        match pool {
            Pool::Sqlite { read, .. } => {
                let sql = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
                let rows = sqlx::query(sql).fetch_all(read).await.unwrap();
                let lines = rows.iter().map(|row| row.get::<String, _>("detail"));
                lines.collect::<Vec<_>>().join("\n")
            }
            Pool::Postgres(pool) => {
                let mut tx = pool.begin().await.unwrap();
                sqlx::raw_sql("SET LOCAL enable_seqscan = off")
                    .execute(&mut *tx)
                    .await
                    .unwrap();
                let sql = AssertSqlSafe(format!("EXPLAIN {sql}"));
                let lines: Vec<String> = sqlx::query_scalar(sql).fetch_all(&mut *tx).await.unwrap();
                lines.join("\n")
            }
        }
    }

    crate::both_engines!(what_happened_is_read_from_indexes_by_time);

    async fn what_happened_is_read_from_indexes_by_time(db: TestDatabase) {
        let plans = plans(&db).await;
        let indexes = ["pull_requests_closed", "reviews_submitted", "deployments_ended"];
        for (plan, index) in plans.iter().zip(indexes) {
            assert!(plan.contains(index), "{index}: {plan}");
        }
        for plan in &plans {
            for table in ["pull_requests", "reviews", "deployments"] {
                let scans = [
                    format!("SCAN {table}\n"),
                    format!("SCAN {}\n", &table[..1]),
                    format!("Seq Scan on {table}"),
                ];
                let padded = format!("{plan}\n");
                assert!(!scans.iter().any(|scan| padded.contains(scan)), "{plan}");
            }
        }
    }
}
