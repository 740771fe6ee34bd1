//! Purpose: a file for each day, in folders that are named as Hive, Spark, `DuckDB` and Arrow look for them:
//! `date=2026-01-31/part-0.parquet`. A marker keeps one table from being written into the folder of another.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use em_domain::export::{Cell, Field};

use crate::writer::Part;
use crate::{ExportError, Format};

/// Says in a folder whose export it is. Readers pass over names that begin with a dot.
const MARKER: &str = ".em-agent-export";

/// Days that are written at a time: clocks differ, so around midnight rows of two days may come by turns.
const OPEN_DAYS: usize = 2;

/// From the first day to the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days {
    /// The first.
    pub first: NaiveDate,
    /// The last.
    pub last: NaiveDate,
}

/// A folder with a file for each day.
pub(crate) struct Partitions {
    folder: PathBuf,
    fields: Vec<Field>,
    format: Format,
    days: Days,
    /// The days that are being written.
    open: BTreeMap<NaiveDate, Part>,
    written: BTreeSet<NaiveDate>,
}

impl Partitions {
    pub(crate) fn new(
        name: &str,
        fields: &[Field],
        format: Format,
        folder: PathBuf,
        days: Days,
    ) -> Result<Self, ExportError> {
        claim(&folder, &format!("{name} {}\n", format.as_str()))?;
        Ok(Self {
            folder,
            fields: fields.to_vec(),
            format,
            days,
            open: BTreeMap::new(),
            written: BTreeSet::new(),
        })
    }

    pub(crate) fn row(&mut self, day: NaiveDate, cells: &[Cell<'_>]) -> Result<(), ExportError> {
        if let Some(part) = self.open.get_mut(&day) {
            return part.row(cells);
        }
        if self.written.last().is_some_and(|written| day <= *written) {
            return Err(ExportError::OutOfOrder);
        }
        let mut part = self.part(day)?;
        part.row(cells)?;
        self.open.insert(day, part);
        self.close(OPEN_DAYS)
    }

    /// Answers how many files there are. Without any row there is one, of the last day: it tells the columns.
    pub(crate) fn finish(mut self) -> Result<u64, ExportError> {
        self.close(0)?;
        if self.written.is_empty() {
            self.part(self.days.last)?.finish()?;
            self.written.insert(self.days.last);
        }
        self.take_away_others()?;
        Ok(self.written.len() as u64)
    }

    fn part(&self, day: NaiveDate) -> Result<Part, ExportError> {
        let folder = self.folder.join(format!("date={day}"));
        fs::create_dir_all(&folder).map_err(|source| at(&folder, source))?;
        Part::new(folder.join(self.file_name()), &self.fields, self.format)
    }

    fn file_name(&self) -> String {
        format!("part-0.{}", self.format.as_str())
    }

    /// Closes the earliest days until so many are open.
    fn close(&mut self, left_open: usize) -> Result<(), ExportError> {
        while self.open.len() > left_open {
            let Some((day, part)) = self.open.pop_first() else {
                break;
            };
            part.finish()?;
            self.written.insert(day);
        }
        Ok(())
    }

    /// Takes files of an earlier export away whose days have no rows any more.
    fn take_away_others(&self) -> Result<(), ExportError> {
        let entries = fs::read_dir(&self.folder).map_err(|source| at(&self.folder, source))?;
        for entry in entries {
            let path = entry.map_err(|source| at(&self.folder, source))?.path();
            let Some(day) = day_of(&path) else { continue };
            let is_asked = self.days.first <= day && day <= self.days.last;
            if !is_asked || self.written.contains(&day) {
                continue;
            }
            let file = path.join(self.file_name());
            match fs::remove_file(&file) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(at(&file, error)),
                // What somebody else put there keeps the folder.
                Ok(()) | Err(_) => fs::remove_dir(&path).unwrap_or_default(),
            }
        }
        Ok(())
    }
}

/// The day that a folder is named after.
fn day_of(path: &Path) -> Option<NaiveDate> {
    path.file_name()?.to_str()?.strip_prefix("date=")?.parse().ok()
}

/// Makes the folder this export's, unless it holds anything else.
fn claim(folder: &Path, mark: &str) -> Result<(), ExportError> {
    fs::create_dir_all(folder).map_err(|source| at(folder, source))?;
    let marker = folder.join(MARKER);
    match fs::read_to_string(&marker) {
        Ok(found) if found == mark => return Ok(()),
        Ok(_) => return Err(ExportError::NotOurs(folder.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(at(&marker, error)),
    }
    let mut entries = fs::read_dir(folder).map_err(|source| at(folder, source))?;
    if entries.next().is_some() {
        return Err(ExportError::NotOurs(folder.to_owned()));
    }
    fs::write(&marker, mark).map_err(|source| at(&marker, source))
}

fn at(path: &Path, source: io::Error) -> ExportError {
    ExportError::File {
        path: path.to_owned(),
        source,
    }
}
