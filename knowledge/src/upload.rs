//! Purpose: documents that are sent to us, one by one, instead of being read from a place. Their words are found at once;
//! what they mean is worked out afterwards ([`Library::embed_missing`]).

use chrono::{DateTime, SubsecRound, Utc};
use em_domain::id::SourceId;
use em_domain::knowledge::Source;
use em_storage::Upserted;

use crate::indexing::{IndexError, digest, document};
use crate::library::Library;
use crate::source::{Content, Original};

/// A document as its sender gives it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Upload {
    /// What it is called there. Sent again under the same name, it takes the other's place.
    pub name: String,
    /// What it says, as Markdown.
    pub text: String,
    /// Its title; its name if not given.
    pub title: Option<String>,
    /// Where a person can read it.
    pub url: Option<String>,
    /// Who wrote it.
    pub author: Option<String>,
    /// Who answers for it.
    pub owners: Vec<String>,
    /// When it last changed.
    pub changed_at: Option<DateTime<Utc>>,
}

impl Library {
    /// Takes documents into `source`. One that is the same as before changes nothing.
    ///
    /// # Errors
    /// The database does not answer, or the source was removed. Then some of them may be in; send all of them again.
    pub async fn take(
        &self,
        source: &Source,
        uploads: Vec<Upload>,
        now: DateTime<Utc>,
    ) -> Result<Upserted, IndexError> {
        let id = &source.added.id;
        let cutting = cut(id.clone(), uploads);
        // Cutting a thousand documents takes its time.
        let documents = tokio::task::spawn_blocking(cutting)
            .await
            .map_err(|error| IndexError::Stopped(error.to_string()))?
            .map_err(IndexError::Stopped)?;
        let knowledge = self.store.knowledge();
        let upserted = knowledge.upsert_documents(id, &documents, now).await?;
        knowledge.record_indexed(id, Ok(()), now).await?;
        Ok(upserted)
    }
}

fn cut(
    source: SourceId,
    uploads: Vec<Upload>,
) -> impl FnOnce() -> Result<Vec<em_storage::NewDocument>, String> {
    move || {
        let one = |upload| {
            let original = original(upload);
            let digest = digest(&original);
            document(&source, original, digest)
        };
        uploads.into_iter().map(one).collect()
    }
}

/// As both engines keep it, so that the same document sent again is seen to be the same: PostgreSQL keeps microseconds
/// and no NUL.
fn original(upload: Upload) -> Original {
    let clean = |text: String| text.replace('\0', "\u{fffd}");
    Original {
        name: upload.name,
        title: upload.title.map(clean).filter(|title| !title.trim().is_empty()),
        url: upload.url.map(clean),
        author: upload.author.map(clean),
        owners: upload.owners.into_iter().map(clean).collect(),
        changed_at: upload.changed_at.map(|at| at.trunc_subsecs(3)),
        content: Content::Text(clean(upload.text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_database_keeps_is_taken_out_first() {
        let at: DateTime<Utc> = "2026-01-15T10:00:00.123456789Z".parse().unwrap();
        let upload = Upload {
            name: "a".to_owned(),
            text: "x\0y".to_owned(),
            title: Some(" ".to_owned()),
            owners: vec!["o\0".to_owned()],
            changed_at: Some(at),
            ..Upload::default()
        };
        let read = original(upload);
        assert_eq!(read.content, Content::Text("x\u{fffd}y".to_owned()));
        assert_eq!((read.title, read.owners), (None, vec!["o\u{fffd}".to_owned()]));
        assert_eq!(read.changed_at, Some("2026-01-15T10:00:00.123Z".parse().unwrap()));
    }
}
