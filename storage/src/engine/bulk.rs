//! Purpose: writing many rows with few statements.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde_json::value::RawValue;
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgTypeInfo};
use sqlx::sqlite::{SqliteArgumentsBuffer, SqliteTypeInfo};
use sqlx::{AssertSqlSafe, Postgres, Sqlite};

use super::{Conn, IDS_PER_STATEMENT, list, on_conn};
use crate::error::StoreError;

/// The rows that one statement writes at most.
const ROWS_PER_STATEMENT: usize = 256;
/// Above this, a statement writes a multiple of so many rows.
const FEW_ROWS: usize = 16;

/// One value of a row that is written in bulk.
pub(crate) enum Value<'q> {
    Text(Cow<'q, str>),
    MaybeText(Option<Cow<'q, str>>),
    Integer(i64),
    Boolean(bool),
    Time(DateTime<Utc>),
    MaybeTime(Option<DateTime<Utc>>),
    Json(Box<RawValue>),
    Bytes(Cow<'q, [u8]>),
}

impl<'q> Value<'q> {
    pub(crate) fn text(text: impl Into<Cow<'q, str>>) -> Self {
        Self::Text(storable(text.into()))
    }

    pub(crate) fn maybe_text(text: Option<impl Into<Cow<'q, str>>>) -> Self {
        Self::MaybeText(text.map(|text| storable(text.into())))
    }

    fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::MaybeText(text) => text.as_deref(),
            Self::Integer(_)
            | Self::Boolean(_)
            | Self::Time(_)
            | Self::MaybeTime(_)
            | Self::Json(_)
            | Self::Bytes(_) => None,
        }
    }

    /// The length in bytes, if it is text.
    pub(crate) fn text_len(&self) -> usize {
        self.as_text().map_or(0, str::len)
    }

    /// `value` as JSON.
    pub(crate) fn json(value: &impl serde::Serialize) -> Result<Self, StoreError> {
        serde_json::value::to_raw_value(value)
            .map(Self::Json)
            .map_err(|error| StoreError::Refused(format!("a value that is not JSON: {error}")))
    }
}

/// JSON that is sent as it was written. The library's own type tells PostgreSQL to take it apart (`JSONB`), which columns that keep
/// it as it is (`JSON`) would have undone.
struct Written(Box<RawValue>);

impl sqlx::Type<Sqlite> for Written {
    fn type_info() -> SqliteTypeInfo {
        <String as sqlx::Type<Sqlite>>::type_info()
    }
}

impl sqlx::Encode<'_, Sqlite> for Written {
    fn encode_by_ref(&self, buffer: &mut SqliteArgumentsBuffer) -> Result<IsNull, BoxDynError> {
        sqlx::Encode::<Sqlite>::encode(self.0.get().to_owned(), buffer)
    }
}

impl sqlx::Type<Postgres> for Written {
    fn type_info() -> PgTypeInfo {
        // pg_type.dat: `json`; the name would be looked up by every connection.
        PgTypeInfo::with_oid(Oid(114))
    }
}

impl sqlx::Encode<'_, Postgres> for Written {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        buffer.extend_from_slice(self.0.get().as_bytes());
        Ok(IsNull::No)
    }
}

/// PostgreSQL keeps no NUL in text; one bad event must not stop the others.
pub(crate) fn storable(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.contains('\0') {
        Cow::Owned(text.replace('\0', "\u{fffd}"))
    } else {
        text
    }
}

/// The time, within the years that both engines keep and sort: SQLite compares texts of four-digit years.
fn storable_time(time: DateTime<Utc>) -> DateTime<Utc> {
    /// 9999-12-31T23:59:59Z.
    const LAST_SECOND: i64 = 253_402_300_799;
    let last = DateTime::from_timestamp(LAST_SECOND, 0).unwrap_or(DateTime::UNIX_EPOCH);
    time.clamp(DateTime::UNIX_EPOCH, last)
}

/// A table that rows are written to in bulk. Its first columns are the key.
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) columns: &'static [&'static str],
    pub(crate) key_columns: usize,
}

impl Table {
    /// The statement that inserts `rows` rows. SQLite gets nameless parameters: it finds a named one by going
    /// through all names, which for thousands of them takes longer than the writing.
    fn insert(&self, is_sqlite: bool, rows: usize) -> String {
        let width = self.columns.len();
        let place = |number: usize| {
            if is_sqlite {
                "?".to_owned()
            } else {
                format!("${number}")
            }
        };
        let row = |row: usize| {
            let places: Vec<String> = (1..=width).map(|column| place(row * width + column)).collect();
            format!("({})", places.join(","))
        };
        let rows: Vec<String> = (0..rows).map(row).collect();
        let (table, columns) = (self.name, self.columns.join(","));
        format!(
            "INSERT INTO {table} ({columns}) VALUES {} ON CONFLICT",
            rows.join(",")
        )
    }

    fn update_clause(&self) -> String {
        let (key, rest) = self.columns.split_at(self.key_columns);
        let rest: Vec<String> = rest
            .iter()
            .map(|column| format!("{column} = excluded.{column}"))
            .collect();
        if rest.is_empty() {
            return " DO NOTHING".to_owned();
        }
        format!(" ({}) DO UPDATE SET {}", key.join(","), rest.join(","))
    }
}

/// Binds the values of `$rows` to the statement `$sql`, in order.
macro_rules! bound {
    ($query:expr, $rows:expr) => {{
        let mut query = $query;
        for value in $rows.into_iter().flatten() {
            query = match value {
                Value::Text(v) => query.bind(v),
                Value::MaybeText(v) => query.bind(v),
                Value::Integer(v) => query.bind(v),
                Value::Boolean(v) => query.bind(v),
                Value::Time(v) => query.bind(storable_time(v)),
                Value::MaybeTime(v) => query.bind(v.map(storable_time)),
                Value::Json(v) => query.bind(Written(v)),
                Value::Bytes(v) => query.bind(v),
            };
        }
        query
    }};
}

impl Conn<'_> {
    /// Writes `rows`; where the key is there already, the new row replaces the old one. No two of `rows` may have
    /// the same key.
    pub(crate) async fn upsert(
        &mut self,
        table: &Table,
        rows: Vec<Vec<Value<'_>>>,
    ) -> Result<(), StoreError> {
        let mut rows = rows.into_iter();
        while let Some(chunk) = next_chunk(&mut rows) {
            let sql = AssertSqlSafe(table.insert(self.is_sqlite(), chunk.len()) + &table.update_clause());
            on_conn!(self, |c| bound!(sqlx::query(sql), chunk)
                .execute(c)
                .await
                .map(drop))?;
        }
        Ok(())
    }

    /// Writes those of `rows` that are not there yet, and returns their first columns.
    pub(crate) async fn insert_new(
        &mut self,
        table: &Table,
        rows: Vec<Vec<Value<'_>>>,
    ) -> Result<Vec<String>, StoreError> {
        let mut written = Vec::with_capacity(rows.len());
        let mut rows = rows.into_iter();
        while let Some(chunk) = next_chunk(&mut rows) {
            let (insert, id) = (table.insert(self.is_sqlite(), chunk.len()), table.columns[0]);
            let sql = AssertSqlSafe(format!("{insert} DO NOTHING RETURNING {id}"));
            let ids: Vec<String> = on_conn!(self, |c| bound!(sqlx::query_scalar(sql), chunk)
                .fetch_all(c)
                .await)?;
            written.extend(ids);
        }
        Ok(written)
    }

    /// As [`Self::insert_new`], for rows whose first column is an id that was made for this row and is nowhere else.
    /// Having the ids returned costs more than writing them, and nearly always all rows are new: only where some are
    /// not, it asks which.
    pub(crate) async fn insert_minted(
        &mut self,
        table: &Table,
        rows: Vec<Vec<Value<'_>>>,
    ) -> Result<Vec<String>, StoreError> {
        let mut written = Vec::with_capacity(rows.len());
        let mut rows = rows.into_iter();
        while let Some(chunk) = next_chunk(&mut rows) {
            let ids: Vec<String> = chunk
                .iter()
                .filter_map(|row| Some(row.first()?.as_text()?.to_owned()))
                .collect();
            let sql = AssertSqlSafe(table.insert(self.is_sqlite(), chunk.len()) + " DO NOTHING");
            let inserted = on_conn!(self, |c| {
                let query = bound!(sqlx::query(sql), chunk);
                query.execute(c).await.map(|result| result.rows_affected())
            })?;
            if inserted == ids.len() as u64 {
                written.extend(ids);
            } else if inserted > 0 {
                written.extend(self.ids_in(table, &ids).await?);
            }
        }
        Ok(written)
    }

    /// Those of `ids` that are in `table`.
    async fn ids_in(&mut self, table: &Table, ids: &[String]) -> Result<Vec<String>, StoreError> {
        let id = table.columns[0];
        let sql = self.lists(&format!("SELECT {id} FROM {} WHERE {id} IN LIST($1)", table.name));
        Ok(on_conn!(self, |c| sqlx::query_scalar(sql)
            .bind(list(ids))
            .fetch_all(c)
            .await)?)
    }

    /// Deletes the rows of `table` whose `column` is one of `ids`.
    pub(crate) async fn delete(&mut self, table: &str, column: &str, ids: &[&str]) -> Result<(), StoreError> {
        for chunk in ids.chunks(IDS_PER_STATEMENT) {
            let sql = self.lists(&format!("DELETE FROM {table} WHERE {column} IN LIST($1)"));
            on_conn!(self, |c| sqlx::query(sql)
                .bind(list(chunk))
                .execute(c)
                .await
                .map(drop))?;
        }
        Ok(())
    }
}

/// The next rows to be written by one statement: a few sizes only, so that few different texts are prepared, but
/// two statements at most for what comes in at one time.
fn next_chunk<'q>(rows: &mut std::vec::IntoIter<Vec<Value<'q>>>) -> Option<Vec<Vec<Value<'q>>>> {
    let left = rows.len().min(ROWS_PER_STATEMENT);
    let size = if left > FEW_ROWS {
        left - left % FEW_ROWS
    } else {
        left
    };
    (size > 0).then(|| rows.by_ref().take(size).collect())
}
