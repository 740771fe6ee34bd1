//! Purpose: the sentence of a passage that answers, by how much of the question it has.

use super::query::{Term, coverage};

/// Words that end with a stop within a sentence.
const ABBREVIATIONS: [&str; 10] = ["e.g", "i.e", "etc", "vs", "mr", "mrs", "dr", "no", "cf", "approx"];
/// A heading or a question has the question's words, but seldom the answer.
const NO_STATEMENT: f64 = 0.5;

/// A sentence with how much of the question it has.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scored<'a> {
    /// The sentence, without the marks of a list or heading.
    pub text: &'a str,
    /// From 0 to 1. The share of the question's terms, halved where it states nothing.
    pub score: f64,
}

/// The sentences of `passage` in order. List items, lines of code, headings and rows of a table are sentences.
pub fn sentences(passage: &str) -> Vec<&str> {
    units(passage).into_iter().map(|(text, _)| text).collect()
}

/// The sentences of `passage` in order, with what they have of `terms`.
pub fn scored<'a>(passage: &'a str, terms: &[Term]) -> Vec<Scored<'a>> {
    let score = |(text, is_statement): (&'a str, bool)| Scored {
        text,
        score: coverage(terms, text) * if is_statement { 1.0 } else { NO_STATEMENT },
    };
    units(passage).into_iter().map(score).collect()
}

/// The sentence that has most of `terms`, the first of equals; none if no sentence has any.
pub fn answering<'a>(passage: &'a str, terms: &[Term]) -> Option<Scored<'a>> {
    let best = |best: Option<Scored<'a>>, next: Scored<'a>| match best {
        Some(best) if best.score >= next.score => Some(best),
        _ => (next.score > 0.0).then_some(next),
    };
    scored(passage, terms).into_iter().fold(None, best)
}

/// The sentences, and whether each may state something.
fn units(passage: &str) -> Vec<(&str, bool)> {
    let mut units = Vec::new();
    let mut is_code = false;
    // Where the paragraph began that has not ended yet.
    let mut open: Option<usize> = None;
    let mut at = 0;
    for line in passage.split_inclusive('\n') {
        let (start, end) = (at, at + line.len());
        at = end;
        let text = line.trim();
        let is_fence = text.starts_with("```") || text.starts_with("~~~");
        let mark = mark(text);
        if (is_code || is_fence || text.is_empty() || mark.is_some())
            && let Some(begun) = open.take()
        {
            paragraph(&passage[begun..start], &mut units);
        }
        if is_fence {
            is_code = !is_code;
        } else if is_code {
            push(text, true, &mut units);
        } else if let Some(mark) = mark {
            match mark {
                Mark::Heading => push(text.trim_matches('#').trim(), false, &mut units),
                Mark::Row => push(text.trim_matches('|').trim(), true, &mut units),
                Mark::Item(width) => open = Some(end - line.trim_start().len() + width),
            }
        } else if !text.is_empty() {
            open = open.or(Some(start));
        }
    }
    if let Some(begun) = open {
        paragraph(&passage[begun..], &mut units);
    }
    units
}

/// What a line begins with, if it is more than a line of a paragraph.
enum Mark {
    Heading,
    Row,
    /// An item of a list, with the length of its mark.
    Item(usize),
}

fn mark(line: &str) -> Option<Mark> {
    if line.starts_with('#') && line.trim_start_matches('#').starts_with(' ') {
        return Some(Mark::Heading);
    }
    if line.starts_with('|') {
        return Some(Mark::Row);
    }
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let rest = &line[digits..];
    let is_numbered = digits > 0 && (rest.starts_with(". ") || rest.starts_with(") "));
    let is_bullet = ["- ", "* ", "+ ", "> "]
        .iter()
        .any(|bullet| line.starts_with(bullet));
    match (is_numbered, is_bullet) {
        (true, _) => Some(Mark::Item(digits + 2)),
        (false, true) => Some(Mark::Item(2)),
        (false, false) => None,
    }
}

/// Cuts a paragraph after each mark that ends a sentence.
fn paragraph<'a>(text: &'a str, units: &mut Vec<(&'a str, bool)>) {
    let mut begun = 0;
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        let is_end = match c {
            '\u{3002}' | '\u{ff01}' | '\u{ff1f}' => true,
            '.' | '!' | '?' => ends(&text[begun..at], &text[end..], c),
            _ => false,
        };
        if is_end {
            sentence(&text[begun..end], units);
            begun = end;
        }
    }
    sentence(&text[begun..], units);
}

/// Whether `mark` after `before` ends a sentence.
fn ends(before: &str, after: &str, mark: char) -> bool {
    let next = after.trim_start();
    let is_apart = next.len() < after.len();
    let begins = next.chars().next().is_none_or(|c| !c.is_lowercase());
    let word = before.rsplit(char::is_whitespace).next().unwrap_or_default();
    let word = word.trim_start_matches(['(', '"', '*', '_']).to_lowercase();
    let is_short = word.chars().count() < 2 && word.chars().all(char::is_alphabetic);
    let is_abbreviation = mark == '.' && (is_short || ABBREVIATIONS.contains(&word.as_str()));
    is_apart && begins && !is_abbreviation
}

fn sentence<'a>(text: &'a str, units: &mut Vec<(&'a str, bool)>) {
    let text = text.trim();
    push(text, !text.ends_with('?'), units);
}

fn push<'a>(text: &'a str, is_statement: bool, units: &mut Vec<(&'a str, bool)>) {
    if text.chars().any(char::is_alphanumeric) {
        units.push((text, is_statement));
    }
}
