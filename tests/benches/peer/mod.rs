//! Purpose: the same question in plain SQL over the stored JSON, as tools ask it that keep events and no facts: how often something
//! went live, and how long changes took, each joined to the next deployment of its repository. What happened more than a month
//! before the window is left out, by the index on the time of receipt, to be fair.

use std::path::Path;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use em_domain::delivery::Asked;
use em_storage::testing::TestDatabase;
use secrecy::ExposeSecret as _;
use sqlx::Connection as _;

/// What it found.
pub(crate) struct Answer {
    pub(crate) deployments: u64,
    pub(crate) took: Duration,
}

/// `$1` begins a month before the window, `$2` is its begin, `$3` its end.
const WITHOUT_JSON: &str = "WITH told AS MATERIALIZED (SELECT event_type, JSON AS body FROM events_raw \
        WHERE source = 'github' AND received_at >= $1 AND received_at < $3 \
        AND event_type IN ('deployment_status', 'pull_request')), \
    deployed AS MATERIALIZED (SELECT body -> 'repository' ->> 'full_name' AS repository, \
        MIN(body -> 'deployment_status' ->> 'created_at') AS live_at FROM told \
        WHERE event_type = 'deployment_status' AND body -> 'deployment_status' ->> 'state' = 'success' \
        AND body -> 'deployment' ->> 'environment' = 'production' \
        GROUP BY body -> 'repository' ->> 'full_name', body -> 'deployment' ->> 'id'), \
    merged AS MATERIALIZED (SELECT body -> 'repository' ->> 'full_name' AS repository, \
        body -> 'pull_request' ->> 'created_at' AS opened_at, body -> 'pull_request' ->> 'merged_at' AS merged_at FROM told \
        WHERE event_type = 'pull_request' AND body ->> 'action' = 'closed'), \
    delivered AS MATERIALIZED (SELECT m.opened_at, (SELECT MIN(d.live_at) FROM deployed d WHERE d.repository = m.repository \
        AND d.live_at >= m.merged_at) AS live_at FROM merged m) \
    SELECT (SELECT COUNT(*) FROM deployed WHERE live_at >= $2 AND live_at < $3), \
        (SELECT COUNT(*) FROM delivered WHERE live_at >= $2 AND live_at < $3), \
        (SELECT MIN(opened_at) FROM delivered WHERE live_at >= $2 AND live_at < $3)";

/// Deployments, changes, and when the earliest of these was opened.
type Row = (i64, i64, Option<String>);

/// Asks past the store, on a connection of its own.
pub(crate) async fn ask(database: &TestDatabase, asked: &Asked) -> Answer {
    let text = |at: chrono::DateTime<chrono::Utc>| at.format("%Y-%m-%dT%H:%M:%SZ").to_string();
    let window = [asked.from - TimeDelta::days(30), asked.from, asked.to].map(text);
    let (row, took) = match &database.config.url {
        Some(url) => postgres(url.expose_secret(), window).await,
        None => sqlite(&database.config.data_dir.join("em-agent.db"), window).await,
    };
    assert!(row.1 > 0, "there are changes to measure");
    Answer {
        deployments: u64::try_from(row.0).unwrap(),
        took,
    }
}

async fn postgres(url: &str, [begin, from, to]: [String; 3]) -> (Row, Duration) {
    let sql = WITHOUT_JSON
        .replace("JSON", "convert_from(payload, 'UTF8')::jsonb")
        .replace("received_at >= $1", "received_at >= $1::timestamptz")
        .replace("received_at < $3", "received_at < $3::timestamptz");
    let mut own = sqlx::PgConnection::connect(url).await.unwrap();
    let started = Instant::now();
    let row = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(begin)
        .bind(from)
        .bind(to);
    (row.fetch_one(&mut own).await.unwrap(), started.elapsed())
}

async fn sqlite(file: &Path, [begin, from, to]: [String; 3]) -> (Row, Duration) {
    let sql = WITHOUT_JSON.replace("JSON", "CAST(payload AS TEXT)");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file);
    let mut own = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
    let started = Instant::now();
    let row = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(begin)
        .bind(from)
        .bind(to);
    (row.fetch_one(&mut own).await.unwrap(), started.elapsed())
}
