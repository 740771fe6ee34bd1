//! Purpose: the places that documents come from.

use chrono::{DateTime, Utc};
use em_domain::id::{SlackUser, SourceId};
use em_domain::knowledge::{NewSource, Source, SourceKind, SourceState, Visibility};
use sqlx::FromRow;
use sqlx::types::Json;

use super::{Knowledge, count, remove_documents, source_id, source_tag, tag_of};
use crate::engine::{Conn, on_conn, on_engine, on_writer};
use crate::error::StoreError;

macro_rules! columns {
    () => {
        "id, tag, kind, location, visibility, added_by, added_at, indexed_at, last_error, documents, chunks"
    };
}

/// Whether a source was new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Added {
    /// It was.
    New(Box<Source>),
    /// The same place was there already, for the same people: here.
    Existing(Box<Source>),
}

impl Added {
    /// The source, whichever.
    pub fn source(&self) -> &Source {
        match self {
            Self::New(source) | Self::Existing(source) => source,
        }
    }
}

#[derive(FromRow)]
struct SourceRow {
    id: String,
    tag: i64,
    kind: String,
    location: String,
    visibility: Json<Visibility>,
    added_by: Option<String>,
    added_at: DateTime<Utc>,
    indexed_at: Option<DateTime<Utc>>,
    last_error: Option<String>,
    documents: i64,
    chunks: i64,
}

impl TryFrom<SourceRow> for Source {
    type Error = StoreError;

    fn try_from(row: SourceRow) -> Result<Self, StoreError> {
        Ok(Self {
            added: NewSource {
                id: source_id(&row.id)?,
                kind: SourceKind::parse(&row.kind)
                    .ok_or_else(|| StoreError::corrupt("the kind of a source", &row.kind))?,
                location: row.location,
                visibility: row.visibility.0,
                added_by: row.added_by.map(SlackUser),
                added_at: row.added_at,
            },
            tag: source_tag(row.tag)?,
            state: SourceState {
                indexed_at: row.indexed_at,
                last_error: row.last_error,
                documents: row.documents,
                chunks: row.chunks,
            },
        })
    }
}

impl Knowledge<'_> {
    /// Adds a source, unless the same place is there for the same people.
    pub async fn insert_source(&self, new: &NewSource) -> Result<Added, StoreError> {
        const TAG: &str =
            "UPDATE knowledge_state SET next_source = next_source + 1 RETURNING next_source - 1";
        const INSERT: &str = concat!(
            "INSERT INTO knowledge_sources (id, tag, kind, location, visibility, added_by, added_at, documents, chunks) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0) RETURNING ",
            columns!()
        );
        let (mut tx, _) = self.begin().await?;
        if let Some(existing) = same_place(&mut tx.conn(), new).await? {
            return Ok(Added::Existing(Box::new(existing)));
        }
        let tag: i64 = on_conn!(&mut tx.conn(), |c| sqlx::query_scalar(TAG).fetch_one(c).await)?;
        let row: SourceRow = on_conn!(&mut tx.conn(), |c| sqlx::query_as(INSERT)
            .bind(new.id.as_str())
            .bind(tag)
            .bind(new.kind.as_str())
            .bind(&new.location)
            .bind(Json(&new.visibility))
            .bind(new.added_by.as_ref().map(SlackUser::as_str))
            .bind(new.added_at)
            .fetch_one(c)
            .await)?;
        tx.commit().await?;
        Ok(Added::New(Box::new(row.try_into()?)))
    }

    /// All sources, the oldest first.
    pub async fn list_sources(&self) -> Result<Vec<Source>, StoreError> {
        const LIST: &str = concat!("SELECT ", columns!(), " FROM knowledge_sources ORDER BY tag");
        let rows: Vec<SourceRow> =
            on_engine!(self.store.pool(), |c| sqlx::query_as(LIST).fetch_all(c).await)?;
        rows.into_iter().map(Source::try_from).collect()
    }

    /// The source with this id.
    pub async fn find_source(&self, id: &SourceId) -> Result<Option<Source>, StoreError> {
        const FIND: &str = concat!("SELECT ", columns!(), " FROM knowledge_sources WHERE id = $1");
        let row: Option<SourceRow> = on_engine!(self.store.pool(), |c| sqlx::query_as(FIND)
            .bind(id.as_str())
            .fetch_optional(c)
            .await)?;
        row.map(Source::try_from).transpose()
    }

    /// From now on a source is for other people; `false` if it is gone. Fails where the same place is there for these
    /// people already.
    pub async fn set_visibility(&self, id: &SourceId, visibility: &Visibility) -> Result<bool, StoreError> {
        const SET: &str = "UPDATE knowledge_sources SET visibility = $2 WHERE id = $1";
        let set = on_writer!(self.store.pool(), |c| sqlx::query(SET)
            .bind(id.as_str())
            .bind(Json(visibility))
            .execute(c)
            .await
            .map(|r| r.rows_affected()))?;
        Ok(set > 0)
    }

    /// Notes how the reading of a source ended: read to its end, or why not. `false` if the source is gone.
    pub async fn record_indexed(
        &self,
        id: &SourceId,
        outcome: Result<(), &str>,
        at: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        const RECORD: &str = "UPDATE knowledge_sources SET indexed_at = COALESCE($2, indexed_at), \
                              last_error = $3 WHERE id = $1";
        let recorded = on_writer!(self.store.pool(), |c| sqlx::query(RECORD)
            .bind(id.as_str())
            .bind(outcome.ok().map(|()| at))
            .bind(outcome.err())
            .execute(c)
            .await
            .map(|r| r.rows_affected()))?;
        Ok(recorded > 0)
    }

    /// Removes a source with everything of it; `false` if it was gone. From the first moment on nothing of it is
    /// found; what it left is then removed piece by piece, so that others may write in between.
    pub async fn remove_source(&self, id: &SourceId) -> Result<bool, StoreError> {
        const REMOVE: [&str; 2] = [
            "DELETE FROM knowledge_sources WHERE id = $1",
            // where the next reading of it would have gone on
            "DELETE FROM cursors WHERE name = 'docs:' || CAST($1 AS TEXT)",
        ];
        let (mut tx, _) = self.begin().await?;
        let tag = tag_of(&mut tx.conn(), id).await?;
        if tag.is_none() {
            drop(tx);
        } else {
            for remove in REMOVE {
                on_conn!(&mut tx.conn(), |c| sqlx::query(remove)
                    .bind(id.as_str())
                    .execute(c)
                    .await
                    .map(drop))?;
            }
            tx.commit().await?;
        }
        self.remove_orphans().await?;
        Ok(tag.is_some())
    }

    /// Removes what is left of sources that are gone, if a removal was interrupted; answers how many documents.
    pub async fn remove_orphans(&self) -> Result<u64, StoreError> {
        const ORPHANS: &str = "SELECT id FROM knowledge_documents \
            WHERE source NOT IN (SELECT tag FROM knowledge_sources) LIMIT $1";
        let mut removed = 0;
        loop {
            let (mut tx, version) = self.begin().await?;
            let ids: Vec<i64> = on_conn!(&mut tx.conn(), |c| sqlx::query_scalar(ORPHANS)
                .bind(count(super::DOCUMENTS_PER_REMOVAL))
                .fetch_all(c)
                .await)?;
            if ids.is_empty() {
                return Ok(removed);
            }
            remove_documents(&mut tx.conn(), &ids, version).await?;
            tx.commit().await?;
            removed += ids.len() as u64;
        }
    }
}

/// The source of the same place for the same people.
async fn same_place(conn: &mut Conn<'_>, new: &NewSource) -> Result<Option<Source>, StoreError> {
    const SAME: &str = concat!(
        "SELECT ",
        columns!(),
        " FROM knowledge_sources WHERE kind = $1 AND location = $2 AND visibility = $3"
    );
    let row: Option<SourceRow> = on_conn!(conn, |c| sqlx::query_as(SAME)
        .bind(new.kind.as_str())
        .bind(&new.location)
        .bind(Json(&new.visibility))
        .fetch_optional(c)
        .await)?;
    row.map(Source::try_from).transpose()
}
