//! Purpose: a source is read, what changed in it is cut into passages and stored, what is gone is removed, and what is
//! new is given its meaning. It may stop at any point and go on later: what is stored is right by itself.

mod reading;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use em_domain::id::SourceId;
use em_domain::knowledge::{Chunk, ChunkId, Document, Source, SourceKind};
use em_storage::{Changed, Digest, NewDocument, StoreError};
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;

use crate::chunk;
use crate::library::Library;
use crate::source::{Content, Extent, Item, Original, SourceError};
use crate::text::{self, Skip};

/// Part of every digest: whoever changes how text is read or cut changes it, and everything is read anew.
const READING: &str = "1";
/// Documents that wait between the reader and the database.
const AHEAD: usize = 64;
/// Passages whose meaning is worked out and stored in one go.
const EMBED_AT_ONCE: usize = 128;
/// Things that could not be read, named to a person.
const UNREADABLE_NAMED: usize = 20;

/// How far the indexing of a source is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// Documents read.
    pub read: u64,
    /// Of these, new ones.
    pub new: u64,
    /// Of these, changed ones.
    pub changed: u64,
    /// Documents that are gone from the source.
    pub removed: u64,
    /// What could not be read, and why: the first of them.
    pub unreadable: Vec<String>,
    /// How many could not be read.
    pub unreadable_count: u64,
    /// Passages whose meaning was worked out.
    pub embedded: u64,
    /// Why meanings were not worked out, if so: words are searched all the same.
    pub only_words: Option<String>,
}

/// Why a source was not indexed to its end.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// It cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The database does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Whoever reads stopped.
    #[error("reading stopped: {0}")]
    Stopped(String),
}

impl Library {
    /// Brings what is indexed of `source` up to date. `tell` hears how far it is, now and then.
    ///
    /// # Errors
    /// The source cannot be read, which is recorded with it, or the database does not answer. What was indexed before
    /// stays.
    pub async fn index(
        &self,
        source: &Source,
        now: DateTime<Utc>,
        tell: &(dyn Fn(&Progress) + Send + Sync),
    ) -> Result<Progress, IndexError> {
        let id = &source.added.id;
        let mut progress = Progress::default();
        if matches!(source.added.kind, SourceKind::Upload | SourceKind::Slack) {
            // Its documents are sent to us: there is nothing to read again, and none of them is gone.
            self.embed_missing(&mut progress, tell).await?;
            return Ok(progress);
        }
        match self.read(source, now, &mut progress, tell).await {
            Ok(()) => {
                self.store.knowledge().record_indexed(id, Ok(()), now).await?;
            }
            Err(error) => {
                let why = error.to_string();
                self.store.knowledge().record_indexed(id, Err(&why), now).await?;
                return Err(error);
            }
        }
        self.embed_missing(&mut progress, tell).await?;
        Ok(progress)
    }

    async fn read(
        &self,
        source: &Source,
        now: DateTime<Utc>,
        progress: &mut Progress,
        tell: &(dyn Fn(&Progress) + Send + Sync),
    ) -> Result<(), IndexError> {
        let id = &source.added.id;
        let known = self.store.knowledge().list_digests(id).await?;
        let (sender, mut items) = mpsc::channel(AHEAD);
        let reading = self.begin(source, known.is_empty(), now, sender).await?;
        let mut seen = BTreeSet::new();
        let mut batch = Vec::new();
        while items.recv_many(&mut batch, AHEAD).await > 0 {
            let read = prepared(id, std::mem::take(&mut batch), &known).await?;
            progress.take(&read);
            seen.extend(read.names);
            let stored = self
                .store
                .knowledge()
                .upsert_documents(id, &read.documents, now)
                .await?;
            progress.new += stored.new;
            progress.changed += stored.changed;
            tell(progress);
        }
        let (extent, bookmark) = match reading.await {
            Ok(Ok(ended)) => ended,
            Ok(Err(error)) => {
                if error.is_gone() {
                    let all: Vec<&String> = known.keys().collect();
                    progress.removed = self.store.knowledge().remove_documents(id, &all).await?;
                }
                return Err(error.into());
            }
            Err(error) => return Err(IndexError::Stopped(error.to_string())),
        };
        let gone: Vec<&String> = match extent {
            Extent::Whole => known.keys().filter(|name| !seen.contains(*name)).collect(),
            Extent::Part => Vec::new(),
        };
        progress.removed = self.store.knowledge().remove_documents(id, &gone).await?;
        self.keep(id, bookmark, now).await?;
        Ok(())
    }

    /// Works out the meaning of passages that have none yet.
    ///
    /// # Errors
    /// The database does not answer. A model that fails is told in [`Progress::only_words`].
    pub async fn embed_missing(
        &self,
        progress: &mut Progress,
        tell: &(dyn Fn(&Progress) + Send + Sync),
    ) -> Result<(), StoreError> {
        let embedder = match &self.meaning {
            Ok(meaning) => &meaning.embedder,
            Err(error) => {
                progress.only_words = Some(error.to_string());
                return Ok(());
            }
        };
        let mut after = ChunkId(0);
        loop {
            let limit = i64::try_from(EMBED_AT_ONCE).unwrap_or(i64::MAX);
            let chunks = self
                .store
                .knowledge()
                .chunks_without_vector(embedder.name(), after, limit)
                .await?;
            let Some(last) = chunks.last() else {
                return Ok(());
            };
            after = last.id;
            let texts: Vec<String> = chunks.iter().map(meant).collect();
            let vectors = match embedder.embed_passages(&texts).await {
                Ok(vectors) => vectors,
                Err(error) => {
                    progress.only_words = Some(error.to_string());
                    return Ok(());
                }
            };
            let vectors: Vec<_> = chunks.iter().map(|chunk| chunk.id).zip(vectors).collect();
            progress.embedded += self
                .store
                .knowledge()
                .record_vectors(embedder.name(), &vectors)
                .await?;
            tell(progress);
        }
    }

    /// Forgets what passages mean to other models, once all of them mean something to the configured one; answers how
    /// many meanings went. Only the bot at work does this: a command that was started with another model must not take
    /// the bot's away.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn forget_former_models(&self) -> Result<u64, StoreError> {
        let Ok(meaning) = &self.meaning else {
            return Ok(0);
        };
        let (model, area) = (meaning.embedder.name(), self.store.knowledge());
        if !area.chunks_without_vector(model, ChunkId(0), 1).await?.is_empty() {
            return Ok(0);
        }
        let forgotten = area.forget_other_models(model).await?;
        if forgotten > 0 {
            tracing::info!(
                model,
                forgotten,
                "what passages meant to other models is forgotten"
            );
        }
        Ok(forgotten)
    }
}

impl Progress {
    fn take(&mut self, read: &Prepared) {
        self.read += read.names.len() as u64;
        self.unreadable_count += read.unreadable.len() as u64;
        let room = UNREADABLE_NAMED.saturating_sub(self.unreadable.len());
        self.unreadable.extend(read.unreadable.iter().take(room).cloned());
    }

    /// In a sentence.
    pub fn in_words(&self) -> String {
        let unreadable = match self.unreadable_count {
            0 => String::new(),
            count => format!(" {count} cannot be read."),
        };
        format!(
            "{} documents read: {} new, {} changed, {} removed.{unreadable}",
            self.read, self.new, self.changed, self.removed
        )
    }
}

/// What a passage is compared by: what it says, and what it is about.
fn meant(changed: &Changed) -> String {
    let heading = changed.chunk.heading.join(" › ");
    [
        changed.title.as_str(),
        heading.as_str(),
        changed.chunk.text.as_str(),
    ]
    .into_iter()
    .filter(|part| !part.is_empty())
    .collect::<Vec<_>>()
    .join("\n")
}

/// What became of some items.
#[derive(Debug, Default)]
struct Prepared {
    /// All that are there, readable or not: they are not removed.
    names: Vec<String>,
    documents: Vec<NewDocument>,
    unreadable: Vec<String>,
}

/// Reads and cuts what changed. A thread of its own does it: PDF and HTML take their time.
async fn prepared(
    source: &SourceId,
    items: Vec<Item>,
    known: &BTreeMap<String, Digest>,
) -> Result<Prepared, IndexError> {
    let mut prepared = Prepared::default();
    let mut changed = Vec::new();
    for item in items {
        match item {
            Item::Unreadable { name, why } => {
                prepared.unreadable.push(format!("{name} {why}"));
                prepared.names.push(name);
            }
            Item::Unchanged { name } => prepared.names.push(name),
            Item::Document(original) => {
                prepared.names.push(original.name.clone());
                let digest = digest(&original);
                if known
                    .get(&original.name)
                    .is_none_or(|known| known.digest != digest)
                {
                    changed.push((*original, digest));
                }
            }
        }
    }
    let source = source.clone();
    let cut = tokio::task::spawn_blocking(move || {
        let document = |(original, digest)| document(&source, original, digest);
        changed.into_iter().map(document).collect::<Vec<_>>()
    });
    let cut = cut
        .await
        .map_err(|error| IndexError::Stopped(error.to_string()))?;
    for document in cut {
        match document {
            Ok(document) => prepared.documents.push(document),
            Err(why) => prepared.unreadable.push(why),
        }
    }
    Ok(prepared)
}

pub(crate) fn document(source: &SourceId, original: Original, digest: String) -> Result<NewDocument, String> {
    let (title, body) = match &original.content {
        Content::Text(text) => (None, text.clone()),
        Content::File { name, bytes } => {
            let read =
                text::extract(name, bytes).map_err(|skip| format!("{} {}", original.name, why(skip)))?;
            (Some(read.title), read.body)
        }
    };
    let title = original.title.or(title).unwrap_or_else(|| original.name.clone());
    Ok(NewDocument {
        chunks: chunk::chunks(&body)
            .into_iter()
            .map(|chunk| Chunk {
                ordinal: chunk.ordinal,
                heading: chunk.heading,
                text: chunk.text,
            })
            .collect(),
        document: Document {
            source: source.clone(),
            external_id: original.name,
            title,
            url: original.url,
            author: original.author,
            owners: original.owners,
            changed_at: original.changed_at,
            digest,
        },
        embedded: None,
    })
}

/// In words, after the file's name.
fn why(skip: Skip) -> String {
    match skip {
        Skip::Binary => "is not text".to_owned(),
        Skip::TooLarge => format!("is larger than {} MB", text::MOST_BYTES >> 20),
        Skip::NoText => "has no text in it: only pictures, or it is broken".to_owned(),
        Skip::Empty => "is empty".to_owned(),
    }
}

/// Equal for equal documents that were read the same way.
pub(crate) fn digest(original: &Original) -> String {
    let about = (
        READING,
        &original.title,
        &original.url,
        &original.author,
        &original.owners,
        original.changed_at,
    );
    let mut hasher = Sha256::new();
    hasher.update(format!("{about:?}"));
    hasher.update(match &original.content {
        Content::File { bytes, .. } => bytes.as_slice(),
        Content::Text(text) => text.as_bytes(),
    });
    hex::encode(hasher.finalize())
}
