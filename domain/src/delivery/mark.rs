//! Purpose: marks on charts, such as "started review pairing": what may have changed the numbers after it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::id::SlackUser;

/// The longest words of a mark, in characters: they stand beside a line in a picture.
pub const MAX_MARK_CHARS: usize = 80;

/// Something that began on a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// What it is called.
    pub id: String,
    /// When it began.
    pub at: DateTime<Utc>,
    /// Who says so.
    pub by: SlackUser,
    /// What began, as written: escape it before showing it.
    pub words: String,
    /// The team that it concerns; all where `None`.
    pub team: Option<String>,
    /// The channel in which it was said: what came of it is told there.
    pub channel: Option<String>,
}
