//! Purpose: what is in a source of documents, one by one. To read another kind of place: a file here, and its line in
//! [`read`].

mod folder;
mod git;
mod lines;
mod owners;

use chrono::{DateTime, Utc};
use em_domain::knowledge::{NewSource, SourceKind};
use tokio::sync::mpsc::Sender;

/// A document as its source gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Original {
    /// What it is called there. Once in a source.
    pub name: String,
    /// Its title, where the source says; else the text's own.
    pub title: Option<String>,
    /// Where a person can read it.
    pub url: Option<String>,
    /// Who wrote it.
    pub author: Option<String>,
    /// Who answers for it.
    pub owners: Vec<String>,
    /// When it last changed.
    pub changed_at: Option<DateTime<Utc>>,
    /// What it says.
    pub content: Content,
}

/// What a document says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    /// A file; its name's ending says how to read it.
    File(Vec<u8>),
    /// Text, as Markdown.
    Text(String),
}

/// One thing in a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Item {
    /// A document.
    Document(Box<Original>),
    /// Something that cannot be read; what was indexed of it earlier stays.
    Unreadable {
        /// What it is called.
        name: String,
        /// Why, after its name.
        why: String,
    },
}

/// Why a source cannot be read at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// There is nothing at its location.
    #[error("{0} is not there")]
    Missing(String),
    /// It is there and cannot be read.
    #[error("{place} cannot be read: {cause}")]
    Unreadable {
        /// The location.
        place: String,
        /// Why.
        cause: String,
    },
    /// Nothing here reads such places.
    #[error("sources of the kind {0} cannot be read from here")]
    Unsupported(&'static str),
}

impl SourceError {
    fn unreadable(place: impl Into<String>, cause: impl ToString) -> Self {
        Self::Unreadable {
            place: place.into(),
            cause: cause.to_string(),
        }
    }
}

/// Sends what is in `source`, in any order; stops early if nobody listens. Blocks: not for an async thread.
///
/// # Errors
/// The source cannot be read at all.
pub(crate) fn read(source: &NewSource, items: &Sender<Item>) -> Result<(), SourceError> {
    match source.kind {
        SourceKind::Folder | SourceKind::Git => folder::read(&source.location, items),
        SourceKind::Lines => lines::read(&source.location, items),
        SourceKind::Page | SourceKind::Github | SourceKind::Slack | SourceKind::Upload => {
            Err(SourceError::Unsupported(source.kind.as_str()))
        }
    }
}

/// What a location on this machine is read as.
///
/// # Errors
/// There is nothing.
pub fn kind_of(location: &std::path::Path) -> Result<SourceKind, SourceError> {
    let missing = || SourceError::Missing(location.display().to_string());
    let meta = std::fs::metadata(location).map_err(|_| missing())?;
    if meta.is_dir() {
        let is_repository = location.join(".git").exists();
        return Ok(if is_repository { SourceKind::Git } else { SourceKind::Folder });
    }
    let is_lines = location.extension().is_some_and(|extension| extension == "jsonl");
    Ok(if is_lines { SourceKind::Lines } else { SourceKind::Folder })
}
