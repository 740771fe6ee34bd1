//! Purpose: what is taken out of the store as tables: each table's columns, once, with what they mean and how they are read
//! from a row. Every format writes these columns, and `docs/EXPORT.md` lists them.
//!
//! A row belongs to a day in UTC by an instant that does not change as the thing goes on, so that taking out the same days again
//! gives files of the same names.

mod audit;
mod changes;
mod ci_runs;
mod deployments;
mod incidents;
mod metrics;
mod reviews;

pub use audit::AUDIT;
pub use changes::{CHANGES, ExportedChange, changes};
pub use ci_runs::CI_RUNS;
pub use deployments::{DEPLOYMENTS, ExportedDeployment};
pub use incidents::INCIDENTS;
pub use metrics::{ExportedMetric, METRICS, MetricScope, metrics_of_week};
pub use reviews::REVIEWS;

use std::borrow::Cow;

use chrono::{DateTime, NaiveDate, Utc};

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Real,
    /// True or false.
    Boolean,
    /// An instant, to the microsecond.
    Instant,
    /// A day of the calendar.
    Day,
}

impl Kind {
    /// What the documentation calls it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "integer",
            Self::Real => "real",
            Self::Boolean => "boolean",
            Self::Instant => "instant",
            Self::Day => "day",
        }
    }
}

/// A column without how it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Its name: lower case, words joined by `_`.
    pub name: &'static str,
    /// What it holds. Any cell may hold nothing.
    pub kind: Kind,
    /// What it means, in a few words.
    pub about: &'static str,
}

/// What a row holds in a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell<'r> {
    /// Nothing: not known, or not so.
    Nothing,
    /// As written by whoever wrote it: what writes it into a file must escape it.
    Text(Cow<'r, str>),
    /// A whole number.
    Integer(i64),
    /// A finite number.
    Real(f64),
    /// True or false.
    Boolean(bool),
    /// An instant.
    Instant(DateTime<Utc>),
    /// A day.
    Day(NaiveDate),
}

impl<'r> Cell<'r> {
    fn text(text: impl Into<Cow<'r, str>>) -> Self {
        Self::Text(text.into())
    }

    fn maybe<T>(value: Option<T>, cell: impl FnOnce(T) -> Self) -> Self {
        value.map_or(Self::Nothing, cell)
    }

    /// Several texts as one.
    fn list<T: AsRef<str>>(all: impl IntoIterator<Item = T>) -> Self {
        let all: Vec<T> = all.into_iter().collect();
        let texts: Vec<&str> = all.iter().map(AsRef::as_ref).collect();
        Self::Text(texts.join("; ").into())
    }

    /// What it holds; `None` where that is nothing.
    pub fn kind(&self) -> Option<Kind> {
        Some(match self {
            Self::Nothing => return None,
            Self::Text(_) => Kind::Text,
            Self::Integer(_) => Kind::Integer,
            Self::Real(_) => Kind::Real,
            Self::Boolean(_) => Kind::Boolean,
            Self::Instant(_) => Kind::Instant,
            Self::Day(_) => Kind::Day,
        })
    }
}

/// A column, and how it is read from a row.
pub struct Column<R: 'static> {
    field: Field,
    read: for<'r> fn(&'r R) -> Cell<'r>,
}

/// A table.
pub struct Table<R: 'static> {
    columns: &'static [Column<R>],
    day: fn(&R) -> NaiveDate,
}

impl<R> Table<R> {
    /// Its columns, in order.
    pub fn fields(&self) -> Vec<Field> {
        self.columns.iter().map(|column| column.field).collect()
    }

    /// What a row holds, one cell for each column.
    pub fn cells<'r>(&self, row: &'r R) -> Vec<Cell<'r>> {
        self.columns.iter().map(|column| (column.read)(row)).collect()
    }

    /// The day that a row belongs to.
    pub fn day(&self, row: &R) -> NaiveDate {
        (self.day)(row)
    }
}

macro_rules! columns {
    ($($name:ident $kind:ident $about:literal = $read:expr;)+) => {
        &[$($crate::export::Column {
            field: $crate::export::Field {
                name: stringify!($name),
                kind: $crate::export::Kind::$kind,
                about: $about,
            },
            read: $read,
        }),+]
    };
}
use columns;

/// The tables there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exported {
    /// The log of who did what.
    Audit,
    /// What went live or was meant to.
    Deployments,
    /// Merged pull requests, with the parts of their lead time.
    Changes,
    /// Incidents.
    Incidents,
    /// Runs of CI.
    CiRuns,
    /// Reviews that were given.
    Reviews,
    /// Delivery and flow metrics by week.
    Metrics,
}

impl Exported {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Audit,
        Self::Deployments,
        Self::Changes,
        Self::Incidents,
        Self::CiRuns,
        Self::Reviews,
        Self::Metrics,
    ];

    /// What people type for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Audit => "audit",
            Self::Deployments => "deployments",
            Self::Changes => "changes",
            Self::Incidents => "incidents",
            Self::CiRuns => "ci-runs",
            Self::Reviews => "reviews",
            Self::Metrics => "metrics",
        }
    }

    /// Its columns.
    pub fn fields(self) -> Vec<Field> {
        match self {
            Self::Audit => AUDIT.fields(),
            Self::Deployments => DEPLOYMENTS.fields(),
            Self::Changes => CHANGES.fields(),
            Self::Incidents => INCIDENTS.fields(),
            Self::CiRuns => CI_RUNS.fields(),
            Self::Reviews => REVIEWS.fields(),
            Self::Metrics => METRICS.fields(),
        }
    }

    /// Whether its rows belong to repositories, so that those of one can be asked for.
    pub fn has_repositories(self) -> bool {
        self != Self::Audit
    }

    /// Whether its rows belong to people, so that those of a team without repositories can be asked for.
    pub fn has_people(self) -> bool {
        match self {
            Self::Changes | Self::Reviews | Self::Metrics => true,
            Self::Audit | Self::Deployments | Self::Incidents | Self::CiRuns => false,
        }
    }
}

/// The name that a value has in JSON, where that is a text.
fn word(value: impl serde::Serialize) -> Cell<'static> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => Cell::text(word),
        Ok(_) | Err(_) => Cell::Nothing,
    }
}

#[cfg(test)]
mod tests;
