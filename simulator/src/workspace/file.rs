//! Purpose: files that the app brings: announced, uploaded, shown.

use serde_json::{Value, json};

use super::Workspace;

/// A file of the app.
#[derive(Debug, Clone, Default)]
pub struct File {
    /// `F...`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What people read above it; its name until it is shown.
    pub title: String,
    /// What it shows, in words.
    pub alt_text: String,
    /// The bytes that were announced.
    pub length: usize,
    /// What was uploaded; empty until then.
    pub bytes: Vec<u8>,
    /// Somebody can see it, and it cannot be shown again.
    pub is_shown: bool,
    /// The last part of the address that takes the bytes.
    pub(crate) token: String,
}

impl File {
    pub(crate) fn json(&self) -> Value {
        json!({
            "id": self.id, "name": self.name, "title": self.title, "alt_txt": self.alt_text, "size": self.bytes.len(),
            "mimetype": self.media_type(), "filetype": if Self::is_table(&self.name) { "csv" } else { "png" },
        })
    }

    /// Whether a file of this name is a table; anything else is a picture.
    pub(crate) fn is_table(name: &str) -> bool {
        std::path::Path::new(name)
            .extension()
            .is_some_and(|extension| extension == "csv")
    }

    pub(crate) fn media_type(&self) -> &'static str {
        if Self::is_table(&self.name) {
            "text/csv"
        } else {
            "image/png"
        }
    }
}

impl Workspace {
    /// A file by its id.
    pub fn file(&self, id: &str) -> Option<&File> {
        self.files.iter().find(|file| file.id == id)
    }

    /// All files that were announced, the oldest first.
    pub fn all_files(&self) -> &[File] {
        &self.files
    }
}
