//! Purpose: lists of texts as parameters, in one text for both engines.

use sqlx::AssertSqlSafe;

/// `x IN LIST($1)` with `$1` bound to [`list`]: the one way to pass a list that both engines take in one text.
/// PostgreSQL gets an array, for which it always uses an index; it would read whole tables to join a set of rows of
/// which it cannot know the size.
pub(super) fn lists(is_sqlite: bool, sql: &str) -> AssertSqlSafe<String> {
    let (before, after) = if is_sqlite {
        ("IN (SELECT value FROM json_each(", "))")
    } else {
        ("= ANY (ARRAY(SELECT json_array_elements_text(", "::json)))")
    };
    let text = written(sql, "IN LIST(", (before, after));
    let text = sets_in(is_sqlite, &text);
    AssertSqlSafe(numbers_in(is_sqlite, &text))
}

/// `x IN SET($1)` with `$1` bound to [`list`], to leave rows out that were found by something else: however long the list
/// is, a row costs one look into a hash table. It is never looked up in an index.
fn sets_in(is_sqlite: bool, sql: &str) -> String {
    let around = if is_sqlite {
        ("IN (SELECT value FROM json_each(", "))")
    } else {
        ("IN (SELECT json_array_elements_text(", "::json))")
    };
    written(sql, "IN SET(", around)
}

/// The same as [`lists`] for whole numbers: `x IN NUMBERS($1)` with `$1` bound to [`numbers`].
fn numbers_in(is_sqlite: bool, sql: &str) -> String {
    let around = if is_sqlite {
        ("IN (SELECT value FROM json_each(", "))")
    } else {
        (
            "= ANY (ARRAY(SELECT CAST(json_array_elements_text(",
            "::json) AS BIGINT)))",
        )
    };
    written(sql, "IN NUMBERS(", around)
}

/// `sql` with what `marker` opens written between the two texts.
fn written(sql: &str, marker: &str, (before, after): (&str, &str)) -> String {
    let mut pieces = sql.split(marker);
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (parameter, rest) = piece.split_once(')').unwrap_or((piece, ""));
        text.extend([before, parameter, after, rest]);
    }
    text
}

/// `.. LIMIT n SKIP LOCKED` leaves out rows that another transaction is at; SQLite has one writer and needs nothing.
/// `x IN QUERY(SELECT ..)` is looked up in an index, value by value: PostgreSQL would rather join.
pub(super) fn queue(is_sqlite: bool, sql: &str) -> AssertSqlSafe<String> {
    let (lock, query) = if is_sqlite {
        ("", ("IN (", ")"))
    } else {
        ("FOR UPDATE SKIP LOCKED", ("= ANY (ARRAY(", "))"))
    };
    let text = sql.replace("SKIP LOCKED", lock);
    let Some((before, after)) = text.split_once("IN QUERY(") else {
        return AssertSqlSafe(text);
    };
    let (inside, rest) = after.rsplit_once(')').unwrap_or((after, ""));
    AssertSqlSafe([before, query.0, inside, query.1, rest].concat())
}

/// A list of texts as one parameter, for `LIST($n)`.
pub(crate) fn list<T: AsRef<str>>(items: impl IntoIterator<Item = T>) -> String {
    let items = items
        .into_iter()
        .map(|item| serde_json::Value::from(item.as_ref()));
    serde_json::Value::Array(items.collect()).to_string()
}

/// A list of whole numbers as one parameter, for `NUMBERS($n)`.
pub(crate) fn numbers(items: impl IntoIterator<Item = i64>) -> String {
    serde_json::Value::from_iter(items).to_string()
}
