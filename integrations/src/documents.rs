//! Purpose: documents as vendors give them: what every reader of documents answers with, and the ways in which reading
//! can fail. To read the documents of a vendor: a file `documents.rs` in the vendor's folder that gives these.

use chrono::{DateTime, Utc};

/// A document as its place gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// What it is called there. Once in a place, and the same each time.
    pub name: String,
    /// Its title, where the place says; else the text's own.
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
pub enum Content {
    /// Text, as Markdown.
    Markdown(String),
    /// Bytes that are still to be read.
    File {
        /// The name of a file of this kind: its ending tells how it is read.
        name: String,
        /// What is in it.
        bytes: Vec<u8>,
    },
}

/// What people wrote to each other: an issue, say, with its comments.
#[derive(Debug, Default)]
pub(crate) struct Conversation {
    /// What it is, how it stands, what it is filed under: never empty, so that a mere title is found too.
    pub(crate) about: Vec<String>,
    /// What was written first.
    pub(crate) text: String,
    /// What was answered, in order.
    pub(crate) remarks: Vec<Remark>,
}

/// Something that was answered.
#[derive(Debug)]
pub(crate) struct Remark {
    /// None if the account is gone.
    pub(crate) author: Option<String>,
    /// What the author did with it: "commented".
    pub(crate) did: &'static str,
    pub(crate) at: Option<DateTime<Utc>>,
    pub(crate) text: String,
}

impl Conversation {
    /// As one text: each remark below a heading that names its author, so that a passage of it does too.
    pub(crate) fn markdown(&self) -> String {
        let mut text = format!("{}.", self.about.join(", "));
        if !self.text.trim().is_empty() {
            text = format!("{text}\n\n{}", self.text.trim());
        }
        for remark in self
            .remarks
            .iter()
            .filter(|remark| !remark.text.trim().is_empty())
        {
            let author = remark.author.as_deref().unwrap_or("Somebody");
            let day = remark.at.map(|at| at.format(" on %Y-%m-%d").to_string());
            let (did, day) = (remark.did, day.unwrap_or_default());
            text = format!("{text}\n\n## {author} {did}{day}\n\n{}", remark.text.trim());
        }
        text
    }
}

/// Why documents could not be read. The texts follow the name of the place: "answers 404: there is no such page".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentsError {
    /// There is no such place, or it may no longer be seen: what was read of it earlier is not to be used either.
    #[error("{0}")]
    Gone(String),
    /// It cannot be read until a person changes something.
    #[error("{0}")]
    Refused(String),
    /// It cannot be read now; later it may.
    #[error("{0}")]
    Unavailable(String),
}
