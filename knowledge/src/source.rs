//! Purpose: what is in a source of documents, one by one. To read another kind of place on this machine: a file here, and
//! its line in [`read`]; beyond it: a client in `integrations`, its line in [`place`] and in [`outside`].

mod folder;
mod git;
mod lines;
pub(crate) mod outside;
mod owners;
mod place;

use chrono::{DateTime, Utc};
use em_domain::knowledge::SourceKind;
use em_integrations::documents::DocumentsError;
use tokio::sync::mpsc::Sender;

pub use outside::Outside;
pub use place::{Place, addressed, is_address, located};

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
    /// A file.
    File {
        /// Its name, whose ending says how to read it.
        name: String,
        /// What is in it.
        bytes: Vec<u8>,
    },
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
    /// A document that is as it was when it was read last.
    Unchanged {
        /// What it is called.
        name: String,
    },
}

/// How much of a source was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// All that is there: what did not come is gone.
    Whole,
    /// What changed of late.
    Part,
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
    /// What was written is no address to read from.
    #[error("{text} {why}")]
    NotAnAddress {
        /// What was written.
        text: String,
        /// Why not, after it.
        why: String,
    },
    /// Nobody said how to sign in there.
    #[error("{place} cannot be read: {variable} is not set")]
    NoToken {
        /// The location.
        place: String,
        /// The variable of the environment that would hold the token.
        variable: &'static str,
    },
    /// Beyond this machine, it cannot be read.
    #[error("{place} {error}")]
    Outside {
        /// The location.
        place: String,
        /// Why.
        error: DocumentsError,
    },
    /// There is no text in it.
    #[error("{0}")]
    NoText(String),
    /// Nobody waits for it any more.
    #[error("the reading was stopped")]
    Stopped,
    /// Nothing here reads such places.
    #[error("sources of the kind {0} cannot be read from here")]
    Unsupported(&'static str),
}

impl SourceError {
    /// Whether there is nothing more to be had of it: what was read earlier is not to be used.
    pub(crate) fn is_gone(&self) -> bool {
        match self {
            Self::Outside { error, .. } => matches!(error, DocumentsError::Gone(_)),
            Self::Missing(_)
            | Self::Unreadable { .. }
            | Self::NotAnAddress { .. }
            | Self::NoToken { .. }
            | Self::NoText(_)
            | Self::Stopped
            | Self::Unsupported(_) => false,
        }
    }

    fn unreadable(place: impl Into<String>, cause: &impl ToString) -> Self {
        Self::Unreadable {
            place: place.into(),
            cause: cause.to_string(),
        }
    }
}

/// Whether the place is on this machine.
pub(crate) fn is_here(kind: SourceKind) -> bool {
    match kind {
        SourceKind::Folder | SourceKind::Git | SourceKind::Lines => true,
        SourceKind::Page
        | SourceKind::Github
        | SourceKind::Confluence
        | SourceKind::Jira
        | SourceKind::Notion
        | SourceKind::Linear
        | SourceKind::PagerDuty
        | SourceKind::Slack
        | SourceKind::Upload => false,
    }
}

/// Sends what is in a place on this machine, in any order; stops early if nobody listens. Blocks: not for an async thread.
///
/// # Errors
/// The source cannot be read at all.
pub(crate) fn read(place: &Place, items: &Sender<Item>) -> Result<(), SourceError> {
    match place.kind {
        SourceKind::Folder | SourceKind::Git => folder::read(&place.location, items),
        SourceKind::Lines => lines::read(&place.location, items),
        SourceKind::Page
        | SourceKind::Github
        | SourceKind::Confluence
        | SourceKind::Jira
        | SourceKind::Notion
        | SourceKind::Linear
        | SourceKind::PagerDuty
        | SourceKind::Slack
        | SourceKind::Upload => Err(SourceError::Unsupported(place.kind.as_str())),
    }
}
