//! Purpose: the documents in a folder of this machine, or one file. Files that Git ignores, hidden ones and links are
//! left out: a link could lead out of the folder, or round in a circle.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use ignore::WalkBuilder;
use tokio::sync::mpsc::Sender;

use super::git::History;
use super::owners::Owners;
use super::{Content, Item, Original, SourceError};
use crate::text::MOST_BYTES;

/// Endings of files that are documents.
const ENDINGS: [&str; 7] = ["md", "markdown", "rst", "txt", "html", "htm", "pdf"];

pub(super) fn read(location: &str, items: &Sender<Item>) -> Result<(), SourceError> {
    let root = Path::new(location);
    if !root.exists() {
        return Err(SourceError::Missing(location.to_owned()));
    }
    // Of a single file, its folder gives the name and the history.
    let base = if root.is_dir() {
        root
    } else {
        root.parent().unwrap_or(root)
    };
    let folder = Folder {
        base: base.to_owned(),
        history: History::of(base),
        owners: Owners::of(base),
    };
    for entry in WalkBuilder::new(root)
        .follow_links(false)
        .require_git(false)
        .build()
    {
        let entry = entry.map_err(|error| SourceError::unreadable(location, &error))?;
        let is_file = entry.file_type().is_some_and(|kind| kind.is_file());
        let is_wanted = entry.depth() == 0 || is_document(entry.path());
        if is_file && is_wanted && items.blocking_send(folder.item(entry.path())).is_err() {
            return Ok(());
        }
    }
    Ok(())
}

fn is_document(path: &Path) -> bool {
    let ending = path
        .extension()
        .map(|ending| ending.to_string_lossy().to_lowercase());
    match ending {
        Some(ending) => ENDINGS.contains(&ending.as_str()),
        None => path.file_name().is_some_and(|name| name == "README"),
    }
}

struct Folder {
    base: PathBuf,
    history: History,
    owners: Owners,
}

impl Folder {
    fn item(&self, path: &Path) -> Item {
        let name = self.name(path);
        match bytes(path) {
            Err(why) => Item::Unreadable { name, why },
            Ok((bytes, modified)) => {
                let change = self.history.last_change(&name);
                Item::Document(Box::new(Original {
                    title: None,
                    url: self.history.url(&name),
                    author: change.map(|change| change.author.clone()),
                    owners: self.owners.of_file(&name),
                    changed_at: change.map(|change| change.at).or(modified),
                    content: Content::File {
                        name: name.clone(),
                        bytes,
                    },
                    name,
                }))
            }
        }
    }

    /// The path inside the folder, with `/` whatever the machine uses.
    fn name(&self, path: &Path) -> String {
        let inside = path.strip_prefix(&self.base).unwrap_or(path);
        let parts = inside.components().map(|part| part.as_os_str().to_string_lossy());
        parts.collect::<Vec<_>>().join("/")
    }
}

fn bytes(path: &Path) -> Result<(Vec<u8>, Option<DateTime<Utc>>), String> {
    let meta = std::fs::metadata(path).map_err(|error| error.to_string())?;
    if meta.len() > MOST_BYTES as u64 {
        return Err(format!("is larger than {} MB", MOST_BYTES >> 20));
    }
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    Ok((bytes, meta.modified().ok().map(DateTime::from)))
}
