//! Purpose: merging facts into the stored ones, a few statements for a whole batch.

use std::collections::BTreeSet;

use sqlx::types::Json;

use super::set::{ById, FactSet};
use super::tables::{Fact, row};
use crate::delivery::{Day, day};
use crate::engine::{Conn, IDS_PER_STATEMENT, list, on_conn};
use crate::error::StoreError;

/// What a merge changed.
#[derive(Debug, Default)]
pub(super) struct Touched {
    /// Facts that are different now.
    pub(super) changed: usize,
    /// Pull requests of which something changed.
    pub(super) pull_requests: BTreeSet<String>,
    /// Days of repositories on which somebody pushed something that is new here.
    pub(super) pushed: BTreeSet<Day>,
    /// Commits on which a CI run changed.
    pub(super) head_shas: BTreeSet<String>,
}

/// Merges `facts` into the stored ones. The caller holds the right to write facts.
pub(super) async fn merge(conn: &mut Conn<'_>, facts: FactSet) -> Result<Touched, StoreError> {
    let mut touched = Touched::default();
    let pull_requests = merge_table(conn, facts.pull_requests).await?;
    let reviews = merge_table(conn, facts.reviews).await?;
    let comments = merge_table(conn, facts.comments).await?;
    let (runs, runs_before) = merge_table_from(conn, facts.ci_runs).await?;
    touched.changed = pull_requests.len() + reviews.len() + comments.len() + runs.len();
    touched.changed += merge_table(conn, facts.deployments).await?.len();
    touched.changed += merge_table(conn, facts.releases).await?.len();
    touched.changed += merge_table(conn, facts.incidents).await?.len();
    let pushes = merge_table(conn, facts.pushes).await?;
    touched.changed += pushes.len();
    let on_default = pushes.into_values().filter(|push| push.on_default_branch);
    touched
        .pushed
        .extend(on_default.map(|push| (push.repository.0, day(push.at))));
    touched.changed += merge_table(conn, facts.issue_moves).await?.len();
    touched.changed += merge_table(conn, facts.repositories).await?.len();
    touched.changed += merge_table(conn, facts.emails).await?.len();
    touched.pull_requests.extend(pull_requests.into_keys());
    touched.pull_requests.extend(
        reviews
            .into_values()
            .map(|review| review.pull_request.to_string()),
    );
    touched.pull_requests.extend(
        comments
            .into_values()
            .map(|comment| comment.pull_request.to_string()),
    );
    // Also the commit that a run was on, if it is on another one now.
    let runs = runs.into_values().chain(runs_before);
    touched.head_shas.extend(runs.map(|run| run.head_sha));
    Ok(touched)
}

/// Merges facts of one kind and returns those that are different now, as they are now.
async fn merge_table<F: Fact>(conn: &mut Conn<'_>, facts: ById<F>) -> Result<ById<F>, StoreError> {
    let (now, _before) = merge_table_from(conn, facts).await?;
    Ok(now)
}

/// As [`merge_table`]; returns also what was known before about those that are different now.
async fn merge_table_from<F: Fact>(
    conn: &mut Conn<'_>,
    mut facts: ById<F>,
) -> Result<(ById<F>, Vec<F>), StoreError> {
    let mut before = Vec::new();
    if facts.is_empty() {
        return Ok((facts, before));
    }
    let ids: Vec<&str> = facts.keys().map(String::as_str).collect();
    for known in facts_by::<F>(conn, "id", &ids).await? {
        let id = known.id();
        let Some(said) = facts.remove(&id) else { continue };
        let mut merged = known.clone();
        merged.absorb(said);
        if merged != known {
            facts.insert(id, merged);
            before.push(known);
        }
    }
    let rows: Result<Vec<_>, _> = facts.iter().map(|(id, fact)| row(id, fact)).collect();
    conn.upsert(&F::TABLE, rows?).await?;
    Ok((facts, before))
}

/// The stored facts whose `column` (with conditions before it, if any) is one of `values`.
pub(crate) async fn facts_by<F: Fact>(
    conn: &mut Conn<'_>,
    column: &str,
    values: &[&str],
) -> Result<Vec<F>, StoreError> {
    let select = format!("SELECT fact FROM {} WHERE {column} IN LIST($1)", F::TABLE.name);
    let mut found = Vec::new();
    for chunk in values.chunks(IDS_PER_STATEMENT) {
        let sql = conn.lists(&select);
        let facts: Vec<Json<F>> = on_conn!(conn, |c| sqlx::query_scalar(sql)
            .bind(list(chunk))
            .fetch_all(c)
            .await)?;
        found.extend(facts.into_iter().map(|Json(fact)| fact));
    }
    Ok(found)
}
