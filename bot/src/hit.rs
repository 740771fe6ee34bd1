//! Purpose: one hit of a search, as programs read it: `em-agent search --json` and `POST /v1/knowledge/search` write the
//! same.

use em_domain::knowledge::Passage;
use serde::Serialize;
use utoipa::ToSchema;

/// A passage that was found.
// Members are only added: programs read them.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Hit {
    /// Its place, from 1.
    rank: u32,
    /// What it was ranked by; comparable within one answer only.
    score: f64,
    /// The document's id in its source.
    #[schema(example = "runbooks/payments.md")]
    document: String,
    /// The passage's place in the document, from 0.
    chunk: u32,
    /// The document's title.
    title: String,
    /// The headings above it, the outermost first.
    heading: Vec<String>,
    /// Where a person can read it.
    url: Option<String>,
    /// The passage itself, as Markdown.
    text: String,
}

impl From<Passage> for Hit {
    fn from(passage: Passage) -> Self {
        Self {
            rank: passage.standing.rank,
            score: passage.standing.score,
            document: passage.document.external_id,
            chunk: passage.first,
            title: passage.document.title,
            heading: passage.heading,
            url: passage.document.url,
            text: passage.text,
        }
    }
}
