//! Purpose: a source is looked at before it is kept, its reading is begun, and where it ended is kept for the next one.

use chrono::{DateTime, Utc};
use em_domain::id::SourceId;
use em_domain::knowledge::Source;
use em_storage::StoreError;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::{READING, why};
use crate::library::Library;
use crate::source::outside::{Bookmark, Wanted};
use crate::source::{self, Content, Extent, Item, Place, SourceError};
use crate::text;

/// How reading ended: how much of the source it was, and where the next reading goes on.
pub(super) type Ended = Result<(Extent, Option<Bookmark>), SourceError>;

/// The name under which it is kept where the next reading of a source goes on.
fn bookmark_of(source: &SourceId) -> String {
    format!("docs:{source}")
}

impl Library {
    /// Begins to read: places on this machine in a thread of its own, others between other work.
    pub(super) async fn begin(
        &self,
        source: &Source,
        is_new: bool,
        now: DateTime<Utc>,
        items: mpsc::Sender<Item>,
    ) -> Result<JoinHandle<Ended>, StoreError> {
        let place = Place {
            kind: source.added.kind,
            location: source.added.location.clone(),
        };
        if source::is_here(place.kind) {
            return Ok(tokio::task::spawn_blocking(move || {
                source::read(&place, &items).map(|()| (Extent::Whole, None))
            }));
        }
        let name = bookmark_of(&source.added.id);
        let kept = self.store.cursors().find::<(String, Bookmark)>(&name).await?;
        // What was read in another way, or is not there any more, is read anew.
        let kept = kept.filter(|kept| kept.value.0 == READING && !is_new);
        let wanted = Wanted {
            place,
            bookmark: kept.map(|kept| kept.value.1).unwrap_or_default(),
            now,
        };
        let outside = self.outside.clone();
        Ok(tokio::spawn(async move {
            let (extent, bookmark) = outside.read(&wanted, &items).await?;
            Ok((extent, Some(bookmark)))
        }))
    }

    /// Looks whether documents can be read from a place, before it is kept.
    ///
    /// # Errors
    /// Why not, in a sentence.
    pub async fn check(&self, place: &Place) -> Result<(), SourceError> {
        let Some(original) = self.outside.check(place).await? else {
            return Ok(());
        };
        let Content::File { name, bytes } = original.content else {
            return Ok(());
        };
        let read = tokio::task::spawn_blocking(move || text::extract(&name, &bytes)).await;
        let said = |why: &str| SourceError::NoText(format!("{} {why}", place.location));
        match read {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(skip)) => Err(said(&why(skip))),
            Err(_) => Err(said("cannot be read")),
        }
    }

    /// Keeps where the next reading of a source goes on.
    pub(super) async fn keep(
        &self,
        source: &SourceId,
        bookmark: Option<Bookmark>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let Some(bookmark) = bookmark else {
            return Ok(());
        };
        let kept = (READING, bookmark);
        self.store
            .cursors()
            .upsert(&bookmark_of(source), &kept, now)
            .await
    }
}
