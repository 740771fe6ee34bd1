//! Purpose: the team's documents: where they come from, who may read answers made from them, and the passages that
//! answers are made of. What a question's words are is in [`query`], how lists of hits become one in [`fusion`],
//! how near texts are found in [`nearest`], which sentence answers in [`sentence`], and what a Slack thread is as a document in
//! [`thread`].

pub mod fusion;
pub mod nearest;
pub mod query;
pub mod sentence;
#[cfg(test)]
mod tests;
pub mod thread;
pub mod words;

use std::collections::BTreeSet;
use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::id::{SlackChannel, SlackUser, SourceId};

/// What kind of place documents come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    /// A folder on the machine.
    Folder,
    /// A Git repository.
    Git,
    /// A file with one JSON document in each line.
    Lines,
    /// A page of the web.
    Page,
    /// Issues, pull requests and discussions of a repository on GitHub.
    Github,
    /// A space of Confluence.
    Confluence,
    /// A project of Jira.
    Jira,
    /// A page or a database of Notion with the pages below it.
    Notion,
    /// A team of Linear.
    Linear,
    /// The incidents of an account of PagerDuty or of one of its services.
    #[serde(rename = "pagerduty")]
    PagerDuty,
    /// Messages of a Slack channel.
    Slack,
    /// A file that somebody gave.
    Upload,
}

impl SourceKind {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Folder,
        Self::Git,
        Self::Lines,
        Self::Page,
        Self::Github,
        Self::Confluence,
        Self::Jira,
        Self::Notion,
        Self::Linear,
        Self::PagerDuty,
        Self::Slack,
        Self::Upload,
    ];

    /// The name it is stored under and shown by.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Folder => "folder",
            Self::Git => "git",
            Self::Lines => "lines",
            Self::Page => "page",
            Self::Github => "github",
            Self::Confluence => "confluence",
            Self::Jira => "jira",
            Self::Notion => "notion",
            Self::Linear => "linear",
            Self::PagerDuty => "pagerduty",
            Self::Slack => "slack",
            Self::Upload => "upload",
        }
    }

    /// The kind of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// Who may see answers made from a source.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Everybody in the workspace.
    Everyone,
    /// Whoever asks in one of these conversations.
    Channels(BTreeSet<SlackChannel>),
    /// These people, and only where nobody else sees the answer.
    People(BTreeSet<SlackUser>),
}

/// Who will see an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// One person alone.
    Person {
        /// Who.
        user: SlackUser,
        /// The conversation they asked in and are a member of; none on the Home tab.
        channel: Option<SlackChannel>,
    },
    /// Everybody in a conversation.
    Channel(SlackChannel),
    /// Whoever runs the program.
    Operator,
}

impl Visibility {
    /// Whether everybody who will see the answer may see the source.
    pub fn admits(&self, audience: &Audience) -> bool {
        match (self, audience) {
            (Self::Everyone, _) | (_, Audience::Operator) => true,
            (Self::Channels(channels), Audience::Channel(channel)) => channels.contains(channel),
            (Self::Channels(channels), Audience::Person { channel, .. }) => {
                channel.as_ref().is_some_and(|channel| channels.contains(channel))
            }
            (Self::People(people), Audience::Person { user, .. }) => people.contains(user),
            (Self::People(_), Audience::Channel(_)) => false,
        }
    }
}

/// A small number that stands for a source beside each of its chunks. It is never given to another source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SourceTag(pub u32);

/// A stored document's number. It is never given to another document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DocumentId(pub i64);

/// A stored chunk's number. It is never given to another chunk, nor to other text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ChunkId(pub i64);

impl fmt::Display for ChunkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A source that somebody adds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewSource {
    /// Its id.
    pub id: SourceId,
    /// What kind of place it is.
    pub kind: SourceKind,
    /// Where: a path, an address, a repository, a channel.
    pub location: String,
    /// Who may see answers made from it.
    pub visibility: Visibility,
    /// Who added it; nobody if the configuration did.
    pub added_by: Option<SlackUser>,
    /// When.
    pub added_at: DateTime<Utc>,
}

/// How the indexing of a source went.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceState {
    /// When it was last read to its end.
    pub indexed_at: Option<DateTime<Utc>>,
    /// Why the last reading failed; gone with the next that does not.
    pub last_error: Option<String>,
    /// Its documents in the index.
    pub documents: i64,
    /// Its chunks in the index.
    pub chunks: i64,
}

/// A source of documents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// What was added.
    #[serde(flatten)]
    pub added: NewSource,
    /// What stands for it beside its chunks.
    pub tag: SourceTag,
    /// How its indexing went.
    pub state: SourceState,
}

/// The tags of those sources that an answer for `audience` may be made from.
pub fn admitted(sources: &[Source], audience: &Audience) -> Vec<SourceTag> {
    let admitted = sources
        .iter()
        .filter(|source| source.added.visibility.admits(audience));
    admitted.map(|source| source.tag).collect()
}

/// A document, without its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// Where it is from.
    pub source: SourceId,
    /// What it is called there: a path, an address, a message's timestamp. Once in a source.
    pub external_id: String,
    /// Its title, as written by others.
    pub title: String,
    /// Where a person can read it.
    pub url: Option<String>,
    /// Who wrote it.
    pub author: Option<String>,
    /// Who answers for it.
    pub owners: Vec<String>,
    /// When its text last changed, as the source says.
    pub changed_at: Option<DateTime<Utc>>,
    /// The digest of its text: equal digests, equal texts.
    pub digest: String,
}

/// A piece of a document, as long as a paragraph or two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunk {
    /// Its place in the document, from 0.
    pub ordinal: u32,
    /// The headings above it, the outermost first.
    pub heading: Vec<String>,
    /// Its text, as Markdown.
    pub text: String,
}

/// How a passage came to its place.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// Its place in the answer, from 1.
    pub rank: u32,
    /// What it was ranked by; comparable within one answer only.
    pub score: f64,
    /// Its place among the hits by words, from 1.
    pub lexical_rank: Option<u32>,
    /// Its place among the hits by meaning, from 1.
    pub vector_rank: Option<u32>,
    /// How near its meaning is to the question's, from -1 to 1.
    pub cosine: Option<f32>,
    /// The share of the question's words that are in it, from 0 to 1.
    pub coverage: f64,
}

/// A piece of text that may answer a question, with what is cited.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Passage {
    /// The best chunk in it.
    pub chunk: ChunkId,
    /// The document's number.
    pub document_id: DocumentId,
    /// The document.
    pub document: Document,
    /// Its first chunk's place in the document.
    pub first: u32,
    /// Its last chunk's place in the document; the same as `first` unless neighbours were merged.
    pub last: u32,
    /// The headings above it, the outermost first.
    pub heading: Vec<String>,
    /// Its text.
    pub text: String,
    /// How it came to its place.
    pub standing: Standing,
}
