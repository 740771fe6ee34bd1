//! Purpose: where a table goes: standard output, one file, or a folder with a file for each day.

use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use em_domain::export::{Cell, Field};
use tempfile::NamedTempFile;

use crate::partitions::{Days, Partitions};
use crate::{ExportError, Format, Rows};

/// Where a table goes.
#[derive(Debug, Clone)]
pub enum Place {
    /// Standard output.
    Stdout,
    /// One file. What is there is replaced.
    File(PathBuf),
    /// A folder with a file for each day: `date=2026-01-31/part-0.parquet`. Files of the days that are written are replaced;
    /// of days among them without rows they are taken away.
    Folder {
        /// The folder.
        path: PathBuf,
        /// Which days are written.
        days: Days,
    },
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Written {
    /// Rows.
    pub rows: u64,
    /// Files; none on standard output.
    pub files: u64,
}

/// Writes a table.
pub struct Writer {
    to: To,
    rows: u64,
}

enum To {
    Stdout(Box<dyn Rows>),
    File(Part),
    Folder(Box<Partitions>),
}

impl Writer {
    /// Begins to write the table called `name`.
    ///
    /// # Errors
    /// The format is not built in, or the place cannot be written to.
    pub fn new(name: &str, fields: &[Field], format: Format, place: Place) -> Result<Self, ExportError> {
        if !format.is_built_in() {
            return Err(ExportError::NoParquet);
        }
        let to = match place {
            Place::Stdout => {
                let out = Box::new(BufWriter::new(io::stdout()));
                To::Stdout(format.rows(fields, out).map_err(stdout)?)
            }
            Place::File(path) => To::File(Part::new(path, fields, format)?),
            Place::Folder { path, days } => {
                To::Folder(Box::new(Partitions::new(name, fields, format, path, days)?))
            }
        };
        Ok(Self { to, rows: 0 })
    }

    /// Writes a row that belongs to `day`. In a folder the days must come in order, but for those that adjoin.
    ///
    /// # Errors
    /// It cannot be written, or is out of order.
    pub fn row(&mut self, day: NaiveDate, cells: &[Cell<'_>]) -> Result<(), ExportError> {
        self.rows += 1;
        match &mut self.to {
            To::Stdout(rows) => rows.row(cells).map_err(stdout),
            To::File(part) => part.row(cells),
            To::Folder(partitions) => partitions.row(day, cells),
        }
    }

    /// Puts what was written in its place.
    ///
    /// # Errors
    /// It cannot be put there.
    pub fn finish(self) -> Result<Written, ExportError> {
        let files = match self.to {
            To::Stdout(rows) => {
                rows.end().map_err(stdout)?;
                0
            }
            To::File(part) => {
                part.finish()?;
                1
            }
            To::Folder(partitions) => partitions.finish()?,
        };
        Ok(Written {
            rows: self.rows,
            files,
        })
    }
}

fn stdout(error: io::Error) -> ExportError {
    if error.kind() == io::ErrorKind::BrokenPipe {
        ExportError::Gone
    } else {
        ExportError::Stdout(error)
    }
}

/// One file, beside its place until it is whole.
pub(crate) struct Part {
    path: PathBuf,
    file: NamedTempFile,
    rows: Box<dyn Rows>,
}

impl Part {
    pub(crate) fn new(path: PathBuf, fields: &[Field], format: Format) -> Result<Self, ExportError> {
        let begun = || -> io::Result<_> {
            let folder = path
                .parent()
                .filter(|folder| !folder.as_os_str().is_empty())
                .unwrap_or(Path::new("."));
            let file = beside(folder)?;
            let out = Box::new(BufWriter::new(file.reopen()?));
            let rows = format.rows(fields, out)?;
            Ok((file, rows))
        };
        match begun() {
            Ok((file, rows)) => Ok(Self { path, file, rows }),
            Err(source) => Err(ExportError::File { path, source }),
        }
    }

    pub(crate) fn row(&mut self, cells: &[Cell<'_>]) -> Result<(), ExportError> {
        self.rows.row(cells).map_err(|source| ExportError::File {
            path: self.path.clone(),
            source,
        })
    }

    pub(crate) fn finish(self) -> Result<(), ExportError> {
        let Self { path, file, rows } = self;
        let ended = rows.end().and_then(|()| {
            file.as_file().sync_all()?;
            file.persist(&path).map(drop).map_err(|error| error.error)
        });
        ended.map_err(|source| ExportError::File { path, source })
    }
}

/// A new file that readers of the folder pass over, with the rights that any new file has.
fn beside(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".em-agent-").suffix(".part");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}
