//! Purpose: all facts as one text, to show that two ways of arriving at them give the same.

use em_domain::ci_run::CiRun;
use em_domain::deployment::{Deployment, Release};
use em_domain::incident::Incident;
use em_domain::issue::IssueMove;
use em_domain::pull_request::PullRequest;
use em_domain::push::Push;
use em_domain::repository::Repository;
use em_domain::review::{Comment, Review};
use em_domain::signal::WatchedPull;
use em_domain::triage::TriageRow;
use sha2::{Digest as _, Sha256};
use sqlx::types::Json;

use super::Facts;
use super::tables::{Fact, SeenEmail};
use crate::engine::{Conn, on_conn};
use crate::error::StoreError;

/// Facts read at a time.
const PER_PAGE: i64 = 2_000;

/// Tables without a fact column, and their columns as one text.
const OTHER_TABLES: [(&str, &str); 4] = [
    (
        "waiting",
        "pull_request || ' ' || turn || ' ' || repository || ' ' || author",
    ),
    ("waiting_labels", "pull_request || ' ' || label"),
    ("waiting_actors", "pull_request || ' ' || actor"),
    (
        "events_unrecognised",
        "id || ' ' || source || ' ' || event_type || ' ' || reason",
    ),
];

impl Facts<'_> {
    /// A fingerprint of all facts: SHA-256 in hexadecimal over [`Facts::dump`].
    pub async fn digest(&self) -> Result<String, StoreError> {
        let mut hash = Sha256::new();
        self.each_line(|line| hash.update(line)).await?;
        Ok(hex::encode(hash.finalize()))
    }

    /// All facts as text, one per line, in a fixed order; the same on both engines. For tests: it is held in memory.
    pub async fn dump(&self) -> Result<String, StoreError> {
        let mut text = String::new();
        self.each_line(|line| text.push_str(line)).await?;
        Ok(text)
    }

    async fn each_line(&self, mut on_line: impl FnMut(&str) + Send) -> Result<(), StoreError> {
        let mut tx = self.store.pool().begin_read().await?;
        let mut conn = tx.conn();
        facts::<PullRequest>(&mut conn, &mut on_line).await?;
        facts::<Review>(&mut conn, &mut on_line).await?;
        facts::<Comment>(&mut conn, &mut on_line).await?;
        facts::<CiRun>(&mut conn, &mut on_line).await?;
        facts::<Deployment>(&mut conn, &mut on_line).await?;
        facts::<Release>(&mut conn, &mut on_line).await?;
        facts::<Incident>(&mut conn, &mut on_line).await?;
        facts::<Push>(&mut conn, &mut on_line).await?;
        facts::<IssueMove>(&mut conn, &mut on_line).await?;
        facts::<Repository>(&mut conn, &mut on_line).await?;
        facts::<SeenEmail>(&mut conn, &mut on_line).await?;
        for (table, columns) in OTHER_TABLES {
            let sql = conn.lists(&format!("SELECT {columns} FROM {table} ORDER BY 1"));
            let lines: Vec<String> = on_conn!(&mut conn, |c| sqlx::query_scalar(sql).fetch_all(c).await)?;
            for line in lines {
                on_line(&format!(
                    "{table} {line}
"
                ));
            }
        }
        let sql = "SELECT line, watch FROM waiting ORDER BY pull_request";
        let lines: Vec<(Json<TriageRow>, Option<Json<WatchedPull>>)> =
            on_conn!(&mut conn, |c| sqlx::query_as(sql).fetch_all(c).await)?;
        for (Json(row), watch) in &lines {
            on_line(&format!(
                "line {} {}
",
                json(row),
                json(watch)
            ));
        }
        Ok(())
    }
}

async fn facts<F: Fact>(
    conn: &mut Conn<'_>,
    on_line: &mut (impl FnMut(&str) + Send),
) -> Result<(), StoreError> {
    let table = F::TABLE.name;
    let page = format!("SELECT id, fact FROM {table} WHERE id > $1 ORDER BY id LIMIT $2");
    let mut after = String::new();
    loop {
        let sql = conn.lists(&page);
        let rows: Vec<(String, Json<F>)> = on_conn!(conn, |c| sqlx::query_as(sql)
            .bind(&after)
            .bind(PER_PAGE)
            .fetch_all(c)
            .await)?;
        let Some((last, _)) = rows.last() else {
            return Ok(());
        };
        after.clone_from(last);
        for (id, Json(fact)) in &rows {
            on_line(&format!(
                "{table} {id} {}
",
                json(fact)
            ));
        }
    }
}

/// The fact as our own types write it, whichever order of fields an engine keeps.
fn json(fact: &impl serde::Serialize) -> String {
    serde_json::to_string(fact).unwrap_or_default()
}
