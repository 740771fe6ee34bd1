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
            "mimetype": "image/png", "filetype": "png",
        })
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
