//! Tables to files: CSV, JSON Lines and Parquet, whole or a file for each day.
//!
//! What the columns are is said by `em_domain::export`, once for all formats. Rows are written as they come, so memory does not
//! grow with their number. A file appears under its name when it is whole, and not before.
//!
//! Must not: read the store, or know what a column means to the product.
//!
//! To add a format: a file of its name that implements `Rows`, a variant of [`Format`], and a line in `Format::rows`.

pub mod csv;
mod jsonl;
#[cfg(feature = "parquet")]
mod parquet;
mod partitions;
mod writer;

use std::io::{self, Write};
use std::path::PathBuf;

use em_domain::export::{Cell, Field};

pub use partitions::Days;
pub use writer::{Place, Writer, Written};

/// How a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated, with a line of names first.
    Csv,
    /// One JSON object per line.
    Jsonl,
    /// Apache Parquet.
    Parquet,
}

/// Why a table could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// This program cannot write the format.
    #[error("this program was built without Parquet; write csv or jsonl")]
    NoParquet,
    /// The folder holds other things, which must not be overwritten.
    #[error(
        "{0} is not empty and does not hold an earlier export of the same table and format; name another folder"
    )]
    NotOurs(PathBuf),
    /// A file could not be written.
    #[error("{path} cannot be written: {source}")]
    File {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Whoever reads standard output went away.
    #[error("nobody reads any more")]
    Gone,
    /// Standard output could not be written.
    #[error("standard output cannot be written: {0}")]
    Stdout(io::Error),
    /// Rows of one day came after rows of a later one; a defect of the caller.
    #[error("rows came out of the order of their days")]
    OutOfOrder,
}

/// Takes rows one by one.
pub(crate) trait Rows: Send {
    /// Writes a row.
    fn row(&mut self, cells: &[Cell<'_>]) -> io::Result<()>;
    /// Writes what is missing to a whole file.
    fn end(self: Box<Self>) -> io::Result<()>;
}

/// Where bytes go.
pub(crate) type Out = Box<dyn Write + Send>;

impl Format {
    /// What people type for it; files are named so too.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
            Self::Parquet => "parquet",
        }
    }

    /// Whether this program can write it.
    pub fn is_built_in(self) -> bool {
        self != Self::Parquet || cfg!(feature = "parquet")
    }

    pub(crate) fn rows(self, fields: &[Field], out: Out) -> io::Result<Box<dyn Rows>> {
        match self {
            Self::Csv => Ok(Box::new(csv::CsvRows::new(fields, out)?)),
            Self::Jsonl => Ok(Box::new(jsonl::JsonRows::new(fields, out))),
            #[cfg(feature = "parquet")]
            Self::Parquet => Ok(Box::new(parquet::ParquetRows::new(fields, out)?)),
            #[cfg(not(feature = "parquet"))]
            Self::Parquet => Err(io::Error::other(ExportError::NoParquet)),
        }
    }
}

#[cfg(test)]
mod tests;
