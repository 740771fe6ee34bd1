//! Purpose: whose turn it is on each open pull request, worked out again whenever something about it changed.

use std::collections::{BTreeSet, HashMap};

use em_domain::ci_run::CiRun;
use em_domain::pull_request::{PullRequest, Snapshot};
use em_domain::review::{Comment, Review};
use em_domain::signal::{WatchedPull, watched};
use em_domain::triage::{Surroundings, TriageRow, Waiting, waiting};

use super::merge::facts_by;
use crate::delivery;
use crate::engine::{Conn, IDS_PER_STATEMENT, Table, Value, list, on_conn};
use crate::error::StoreError;

const WAITING: Table = Table {
    name: "waiting",
    columns: &[
        "pull_request",
        "turn",
        "since",
        "is_ready",
        "author_is_bot",
        "repository",
        "author",
        "line",
        "watch",
    ],
    key_columns: 1,
};
const STALE: Table = Table {
    name: "waiting_stale",
    columns: &["pull_request"],
    key_columns: 1,
};
/// Pull requests worked out in one transaction.
const STALE_AT_ONCE: i64 = 2_000;
const LABELS: Table = Table {
    name: "waiting_labels",
    columns: &["pull_request", "label"],
    key_columns: 2,
};
const ACTORS: Table = Table {
    name: "waiting_actors",
    columns: &["pull_request", "actor"],
    key_columns: 2,
};

/// The open pull requests whose newest commit is one of `head_shas`.
pub(super) async fn with_head(
    conn: &mut Conn<'_>,
    head_shas: &BTreeSet<String>,
) -> Result<Vec<String>, StoreError> {
    const OPEN_WITH_HEAD: &str = "SELECT id FROM pull_requests WHERE state = 'open' AND head_sha IN LIST($1)";
    let head_shas: Vec<&String> = head_shas.iter().collect();
    let mut found = Vec::new();
    for chunk in head_shas.chunks(IDS_PER_STATEMENT) {
        let sql = conn.lists(OPEN_WITH_HEAD);
        let ids: Vec<String> = on_conn!(conn, |c| sqlx::query_scalar(sql)
            .bind(list(chunk))
            .fetch_all(c)
            .await)?;
        found.extend(ids);
    }
    Ok(found)
}

/// Notes that it has to be worked out again what `pull_requests` wait for.
pub(super) async fn mark_stale(
    conn: &mut Conn<'_>,
    pull_requests: &BTreeSet<String>,
) -> Result<(), StoreError> {
    let rows = pull_requests.iter().map(|id| vec![Value::text(id)]).collect();
    conn.upsert(&STALE, rows).await
}

/// Works out again what some of those that were noted wait for.
pub(super) async fn refresh_some_stale(conn: &mut Conn<'_>) -> Result<(), StoreError> {
    const SOME: &str = "SELECT pull_request FROM waiting_stale ORDER BY pull_request LIMIT $1";
    let some: Vec<String> = on_conn!(conn, |c| sqlx::query_scalar(SOME)
        .bind(STALE_AT_ONCE)
        .fetch_all(c)
        .await)?;
    let ids: Vec<&str> = some.iter().map(String::as_str).collect();
    conn.delete(STALE.name, "pull_request", &ids).await?;
    refresh(conn, &some.into_iter().collect()).await
}

/// Works out again what every open pull request waits for.
pub(super) async fn refresh_all(conn: &mut Conn<'_>) -> Result<(), StoreError> {
    const ALL_OPEN: &str = "SELECT id FROM pull_requests WHERE state = 'open'";
    for table in [WAITING.name, STALE.name, LABELS.name, ACTORS.name] {
        conn.run(format!("DELETE FROM {table}")).await?;
    }
    delivery::mark_all(conn).await?;
    let open: Vec<String> = on_conn!(conn, |c| sqlx::query_scalar(ALL_OPEN).fetch_all(c).await)?;
    refresh(conn, &open.into_iter().collect()).await
}

/// Works out again what each of `pull_requests` waits for.
pub(super) async fn refresh(conn: &mut Conn<'_>, pull_requests: &BTreeSet<String>) -> Result<(), StoreError> {
    let ids: Vec<&str> = pull_requests.iter().map(String::as_str).collect();
    delivery::mark(conn, &ids).await?;
    for chunk in ids.chunks(IDS_PER_STATEMENT) {
        for table in [WAITING.name, LABELS.name, ACTORS.name] {
            conn.delete(table, "pull_request", chunk).await?;
        }
        let open: Vec<PullRequest> = facts_by(conn, "state = 'open' AND id", chunk).await?;
        forget_files(conn, chunk, &open).await?;
        if !open.is_empty() {
            write(conn, &open).await?;
        }
    }
    Ok(())
}

/// Nobody needs to know any more which files a pull request changes that is not open.
async fn forget_files(conn: &mut Conn<'_>, ids: &[&str], open: &[PullRequest]) -> Result<(), StoreError> {
    let open: BTreeSet<String> = open.iter().map(|pull| pull.key.to_string()).collect();
    let closed: Vec<&str> = ids.iter().copied().filter(|id| !open.contains(*id)).collect();
    conn.delete("pull_request_files", "pull_request", &closed).await
}

async fn write(conn: &mut Conn<'_>, open: &[PullRequest]) -> Result<(), StoreError> {
    let around = Around::load(conn, open).await?;
    let (mut rows, mut labels, mut actors) = (Vec::new(), Vec::new(), Vec::new());
    for pull in open {
        let surroundings = around.of(pull);
        let Some((snapshot, waiting)) = pull.open().zip(waiting(pull, surroundings)) else {
            continue;
        };
        let watch = watched(pull, surroundings, &waiting);
        let id = pull.key.to_string();
        labels.extend(distinct(&id, snapshot.labels.iter().map(String::as_str)));
        actors.extend(distinct(
            &id,
            waiting.actors.iter().map(em_domain::id::Login::as_str),
        ));
        rows.push(waiting_row(id, (pull, snapshot), waiting, watch.as_ref())?);
    }
    conn.upsert(&WAITING, rows).await?;
    conn.upsert(&LABELS, labels).await?;
    conn.upsert(&ACTORS, actors).await
}

fn waiting_row(
    id: String,
    (pull, snapshot): (&PullRequest, &Snapshot),
    waiting: Waiting,
    watch: Option<&WatchedPull>,
) -> Result<Vec<Value<'static>>, StoreError> {
    let (turn, since) = (waiting.turn, waiting.since);
    let line = TriageRow {
        key: pull.key.clone(),
        title: snapshot.title.clone(),
        url: snapshot.url.clone(),
        author: snapshot.author.login.clone(),
        waiting,
    };
    Ok(vec![
        Value::text(id),
        Value::text(turn.as_str()),
        Value::Time(since),
        Value::Boolean(snapshot.is_ready),
        Value::Boolean(snapshot.author.is_bot),
        Value::text(pull.key.repository.as_str().to_lowercase()),
        Value::text(snapshot.author.login.as_str().to_lowercase()),
        Value::json(&line)?,
        Value::json(&watch)?,
    ])
}

/// The characters of a label or login that are kept for comparing; an index takes no text of any length.
const COMPARED_CHARS: usize = 255;

/// One row per different text, in lower case.
fn distinct<'t>(id: &str, texts: impl Iterator<Item = &'t str>) -> Vec<Vec<Value<'static>>> {
    let texts: BTreeSet<String> = texts
        .map(|text| {
            text.chars()
                .take(COMPARED_CHARS)
                .collect::<String>()
                .to_lowercase()
        })
        .collect();
    texts
        .into_iter()
        .map(|text| vec![Value::text(id.to_owned()), Value::text(text)])
        .collect()
}

/// What is known around some pull requests, by the id or commit it belongs to.
struct Around {
    reviews: HashMap<String, Vec<Review>>,
    comments: HashMap<String, Vec<Comment>>,
    runs: HashMap<(String, String), Vec<CiRun>>,
}

impl Around {
    async fn load(conn: &mut Conn<'_>, open: &[PullRequest]) -> Result<Self, StoreError> {
        let ids: Vec<String> = open.iter().map(|pull| pull.key.to_string()).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let heads: BTreeSet<&str> = open.iter().filter_map(head).collect();
        let heads: Vec<&str> = heads.into_iter().collect();
        let reviews = facts_by::<Review>(conn, "pull_request", &ids).await?;
        let comments = facts_by::<Comment>(conn, "pull_request", &ids).await?;
        let runs = facts_by::<CiRun>(conn, "head_sha", &heads).await?;
        Ok(Self {
            reviews: grouped(reviews, |review| review.pull_request.to_string()),
            comments: grouped(comments, |comment| comment.pull_request.to_string()),
            runs: grouped(runs, |run| (run.repository.0.clone(), run.head_sha.clone())),
        })
    }

    fn of(&self, pull: &PullRequest) -> Surroundings<'_> {
        let id = pull.key.to_string();
        let head = (
            pull.key.repository.0.clone(),
            head(pull).unwrap_or_default().to_owned(),
        );
        Surroundings {
            reviews: self.reviews.get(&id).map_or(&[], Vec::as_slice),
            comments: self.comments.get(&id).map_or(&[], Vec::as_slice),
            runs: self.runs.get(&head).map_or(&[], Vec::as_slice),
        }
    }
}

/// The newest commit of an open pull request.
fn head(pull: &PullRequest) -> Option<&str> {
    pull.open().and_then(|snapshot| snapshot.head_sha.as_deref())
}

/// Facts by what they belong to.
pub(crate) fn grouped<K: std::hash::Hash + Eq, F>(
    facts: Vec<F>,
    key: impl Fn(&F) -> K,
) -> HashMap<K, Vec<F>> {
    let mut groups: HashMap<K, Vec<F>> = HashMap::new();
    for fact in facts {
        groups.entry(key(&fact)).or_default().push(fact);
    }
    groups
}
