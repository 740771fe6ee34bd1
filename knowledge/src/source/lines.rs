//! Purpose: documents in a file with one JSON object in each line: `{"id", "title", "url", "text"}`, and `author`,
//! `owners` and `changed_at` where they are known.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};

use chrono::{DateTime, Utc};
use serde::Deserialize;
use tokio::sync::mpsc::Sender;

use super::{Content, Item, Original, SourceError};
use crate::text::MOST_BYTES;

#[derive(Debug, Deserialize)]
struct Line {
    id: String,
    text: String,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    author: Option<String>,
    #[serde(default)]
    owners: Vec<String>,
    #[serde(default)]
    changed_at: Option<DateTime<Utc>>,
}

pub(super) fn read(location: &str, items: &Sender<Item>) -> Result<(), SourceError> {
    let file = File::open(location).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => SourceError::Missing(location.to_owned()),
        _ => SourceError::unreadable(location, error),
    })?;
    let mut lines = BufReader::new(file);
    let mut bytes = Vec::new();
    for number in 1_u64.. {
        bytes.clear();
        let read = lines
            .by_ref()
            .take(MOST_BYTES as u64)
            .read_until(b'\n', &mut bytes)
            .map_err(|error| SourceError::unreadable(location, error))?;
        if read == 0 {
            return Ok(());
        }
        if bytes.trim_ascii().is_empty() {
            continue;
        }
        if items.blocking_send(item(&bytes, number)).is_err() {
            return Ok(());
        }
    }
    Ok(())
}

fn item(bytes: &[u8], number: u64) -> Item {
    match serde_json::from_slice::<Line>(bytes) {
        Err(error) => Item::Unreadable {
            name: format!("line {number}"),
            why: format!("is not a document: {error}"),
        },
        Ok(line) => Item::Document(Box::new(Original {
            name: line.id,
            title: line.title.filter(|title| !title.trim().is_empty()),
            url: line.url,
            author: line.author,
            owners: line.owners,
            changed_at: line.changed_at,
            content: Content::Text(line.text),
        })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_document_or_says_why_not() {
        let Item::Document(document) = item(br#"{"id":"a","title":" ","url":null,"text":"Hello"}"#, 1) else {
            panic!("a document");
        };
        assert_eq!((document.name.as_str(), document.title), ("a", None));
        assert_eq!(document.content, Content::Text("Hello".to_owned()));
        let Item::Unreadable { name, why } = item(b"{\"id\":1}", 7) else {
            panic!("no document");
        };
        assert_eq!(name, "line 7");
        assert!(why.starts_with("is not a document: invalid type"), "{why}");
    }
}
