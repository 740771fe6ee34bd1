//! Purpose: the text of a document, whatever kind of file it is, as Markdown with its headings.
//!
//! Files come from outside. Whatever is in them, the answer is a text or a reason: no panic reaches the caller, and no call
//! takes longer than [`LIMIT`].

mod guard;
mod html;
mod markdown;
mod pdf;
mod plain;
mod rst;

use std::time::Duration;

/// What is larger is no document that somebody wrote.
pub const MOST_BYTES: usize = 20 * 1024 * 1024;
/// The longest that a file may take to be read.
pub const LIMIT: Duration = Duration::from_secs(20);
/// The longest title, in characters.
const MOST_TITLE: usize = 200;

/// What a document says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtractedText {
    /// On one line: what the document calls itself, or the name of its file.
    pub title: String,
    /// Markdown, or plain text that can be read as Markdown. Never empty, without control characters.
    pub body: String,
}

/// Why a file has no text for us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Skip {
    /// It is not text.
    Binary,
    /// More than [`MOST_BYTES`].
    TooLarge,
    /// It is a kind that may hold text, and none could be found: scanned pages, or a file that is broken.
    NoText,
    /// There is nothing in it.
    Empty,
}

/// Reads a file. Its kind is told by the end of its name, or where that says nothing, by its first bytes. Not for an async
/// thread.
///
/// # Errors
/// There is no text in it.
pub fn extract(name: &str, bytes: &[u8]) -> Result<ExtractedText, Skip> {
    if bytes.len() > MOST_BYTES {
        return Err(Skip::TooLarge);
    }
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(Skip::Empty);
    }
    let (title, body) = match Kind::of(name, bytes) {
        Kind::Pdf => pdf::read(bytes)?,
        Kind::Markdown => markdown::read(&plain::decode(bytes)?),
        Kind::Html => html::read(&plain::decode(bytes)?)?,
        Kind::Rst => rst::read(&plain::decode(bytes)?),
        Kind::Plain => plain::read(name, &plain::decode(bytes)?),
    };
    let body = plain::tidy(&body);
    if body.is_empty() {
        return Err(Skip::NoText);
    }
    let title = title
        .map(|title| one_line(&title))
        .filter(|title| !title.is_empty())
        .unwrap_or_else(|| one_line(stem(name)));
    Ok(ExtractedText { title, body })
}

enum Kind {
    Markdown,
    Html,
    Rst,
    Plain,
    Pdf,
}

impl Kind {
    fn of(name: &str, bytes: &[u8]) -> Self {
        if bytes.starts_with(b"%PDF-") {
            return Self::Pdf;
        }
        match extension(name).as_str() {
            "md" | "markdown" | "mdx" | "mkd" => Self::Markdown,
            "html" | "htm" | "xhtml" => Self::Html,
            "rst" | "rest" => Self::Rst,
            "pdf" => Self::Pdf,
            _ if html::looks_like(bytes) => Self::Html,
            _ => Self::Plain,
        }
    }
}

/// The part of a name behind its last dot, in small letters.
fn extension(name: &str) -> String {
    let file = file(name);
    file.rsplit_once('.')
        .map_or(String::new(), |(_, end)| end.to_lowercase())
}

/// A file's name without folders and without its extension.
fn stem(name: &str) -> &str {
    let file = file(name);
    match file.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        Some(_) | None => file,
    }
}

fn file(name: &str) -> &str {
    name.rsplit(['/', '\\']).next().unwrap_or(name)
}

fn one_line(text: &str) -> String {
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect();
    words.join(" ").chars().take(MOST_TITLE).collect()
}

#[cfg(test)]
mod tests;
