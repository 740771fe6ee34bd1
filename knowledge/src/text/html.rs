//! Purpose: a web page as Markdown, without what is not for readers.

use htmd::HtmlToMarkdown;

use super::Skip;
use super::guard::guarded;
use super::markdown::first_heading;

/// No page of ours is nested deeper. The parser looks through all open elements for each new one, and the writer calls itself
/// for each level.
const DEEPEST: usize = 1_000;

/// Elements without a sentence in them.
const SKIPPED: &[&str] = &[
    "head", "title", "script", "style", "noscript", "template", "svg", "iframe", "object", "canvas",
];

/// Elements that have no end, or that the next of their kind ends.
const FLAT: &[&str] = &[
    "area", "base", "br", "col", "dd", "dt", "embed", "hr", "img", "input", "li", "link", "meta", "option",
    "p", "param", "source", "tbody", "td", "tfoot", "th", "thead", "tr", "track", "wbr",
];

/// Whether a file without a name that says so is a web page.
pub(super) fn looks_like(bytes: &[u8]) -> bool {
    let start = bytes.trim_ascii_start();
    let begins = |with: &[u8]| {
        start
            .get(..with.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(with))
    };
    begins(b"<!doctype html") || begins(b"<html")
}

/// The page's title, or its first heading; and its text.
pub(super) fn read(html: &str) -> Result<(Option<String>, String), Skip> {
    if depth(html) > DEEPEST {
        return Ok((None, bare(html)));
    }
    let page = html.to_owned();
    let (title, body) = guarded(move || (title(&page), convert(&page))).ok_or(Skip::NoText)?;
    let body = body.ok_or(Skip::NoText)?;
    Ok((title.or_else(|| first_heading(&body)), body))
}

fn convert(html: &str) -> Option<String> {
    HtmlToMarkdown::builder()
        .skip_tags(SKIPPED.to_vec())
        .build()
        .convert(html)
        .ok()
}

fn title(html: &str) -> Option<String> {
    let small = html.to_ascii_lowercase();
    let tag = small.find("<title")?;
    let start = tag + small[tag..].find('>')? + 1;
    let end = start + small[start..].find("</title")?;
    // for what is written as `&amp;`
    let title = HtmlToMarkdown::new()
        .convert(&format!("<pre>{}</pre>", &html[start..end]))
        .ok()?;
    let title = title.trim_matches(['`', '\n', ' ']);
    (!title.is_empty()).then(|| title.to_owned())
}

/// How deep elements are nested at the most, roughly.
fn depth(html: &str) -> usize {
    let (mut deepest, mut now) = (0_usize, 0_usize);
    for tag in html.split('<').skip(1) {
        if let Some(rest) = tag.strip_prefix('/') {
            if !FLAT.contains(&name(rest).as_str()) {
                now = now.saturating_sub(1);
            }
        } else if tag.starts_with(|c: char| c.is_ascii_alphabetic()) && !FLAT.contains(&name(tag).as_str()) {
            now += 1;
            deepest = deepest.max(now);
        }
    }
    deepest
}

fn name(tag: &str) -> String {
    tag.chars()
        .take_while(char::is_ascii_alphanumeric)
        .take(20)
        .collect::<String>()
        .to_ascii_lowercase()
}

/// What stands outside of tags.
fn bare(html: &str) -> String {
    let pieces = html
        .split('<')
        .map(|piece| piece.split_once('>').map_or(piece, |(_, text)| text));
    let kept: Vec<&str> = pieces.filter(|text| !text.trim().is_empty()).collect();
    kept.join(" ")
}
