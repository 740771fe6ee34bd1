//! Purpose: takes a model's text apart: into sentences, list items and blocks of code, each a piece of the text as it
//! stands. Where in doubt a sentence ends sooner: what is then without a citation is dropped, never the reverse.

use std::ops::Range;

use super::cite::marker_at;

/// What ends a sentence where white space follows.
const ENDS: [char; 4] = ['.', '!', '?', '…'];
/// What ends a sentence whatever follows: these scripts have no white space between sentences.
const FULL_ENDS: [char; 3] = ['。', '！', '？'];
/// What may stand between the end of a sentence and the white space.
const CLOSERS: [char; 10] = [')', '"', '\'', '”', '’', '»', '*', '_', '`', '」'];
/// Words whose full stop does not end a sentence.
const ABBREVIATIONS: [&str; 9] = ["e.g", "i.e", "vs", "cf", "dr", "mr", "ms", "approx", "no"];
/// What fences a block of code.
const FENCES: [&str; 2] = ["```", "~~~"];

/// A piece of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    /// Where it stands, without the white space around it.
    pub(super) span: Range<usize>,
    /// It is a block of code.
    pub(super) is_code: bool,
}

/// The pieces of `text`, in order; what is between them is white space.
pub(super) fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let line = line_at(text, at);
        let end = if let Some(fence) = fence_of(&text[line.clone()]) {
            let end = code_end(text, &line, fence);
            pieces.extend(trimmed(text, at..end).map(|span| Piece { span, is_code: true }));
            end
        } else {
            let end = paragraph_end(text, &line);
            sentences(text, at..end, &mut pieces);
            end
        };
        at = end;
    }
    pieces
}

/// The line that begins at `at`, with its line break.
fn line_at(text: &str, at: usize) -> Range<usize> {
    let end = text[at..].find('\n').map_or(text.len(), |found| at + found + 1);
    at..end
}

fn fence_of(line: &str) -> Option<&'static str> {
    let line = line.trim_start();
    FENCES.into_iter().find(|fence| line.starts_with(fence))
}

/// Where the code ends whose first line is `first`: after the closing fence, or with the text.
fn code_end(text: &str, first: &Range<usize>, fence: &str) -> usize {
    let mut at = first.end;
    while at < text.len() {
        let line = line_at(text, at);
        let content = text[line.clone()].trim();
        if content.starts_with(fence) && content.chars().all(|c| fence.contains(c)) {
            return line.end;
        }
        at = line.end;
    }
    text.len()
}

/// Where the lines end that belong together with `first`: lines are broken anywhere, so only an empty line or one that
/// begins something of its own ends them.
fn paragraph_end(text: &str, first: &Range<usize>) -> usize {
    let mut end = first.end;
    if text[first.clone()].trim().is_empty() {
        return end;
    }
    while end < text.len() {
        let line = line_at(text, end);
        let content = &text[line.clone()];
        if content.trim().is_empty() || begins_block(content) || fence_of(content).is_some() {
            return end;
        }
        end = line.end;
    }
    end
}

/// A list item, heading, quotation or row of a table.
fn begins_block(line: &str) -> bool {
    let line = line.trim_start();
    ["- ", "* ", "+ ", "• ", "#", ">", "|"]
        .iter()
        .any(|mark| line.starts_with(mark))
        || item_number(line) > 0
}

/// The length of the number of a list item, as in `12. `.
fn item_number(line: &str) -> usize {
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let rest = &line[digits..];
    if digits > 0 && (rest.starts_with(". ") || rest.starts_with(") ")) {
        digits + 2
    } else {
        0
    }
}

/// The sentences of the lines in `span`.
fn sentences(text: &str, span: Range<usize>, pieces: &mut Vec<Piece>) {
    let Some(span) = trimmed(text, span) else { return };
    let chunk = &text[..span.end];
    let mut begin = span.start;
    let mut at = begin + item_number(&chunk[begin..]);
    while let Some(c) = chunk[at..].chars().next() {
        at += c.len_utf8();
        if !(ENDS.contains(&c) || FULL_ENDS.contains(&c)) {
            continue;
        }
        if let Some(end) = sentence_end(chunk, begin, at, c) {
            pieces.extend(trimmed(chunk, begin..end).map(|span| Piece { span, is_code: false }));
            (begin, at) = (end, end);
        }
    }
    pieces.extend(trimmed(chunk, begin..span.end).map(|span| Piece { span, is_code: false }));
}

/// Where the sentence ends whose full stop `stop` ends at `at`, citations after it included; `None` if it goes on.
fn sentence_end(chunk: &str, begin: usize, at: usize, stop: char) -> Option<usize> {
    let mut end = after_closers(chunk, at);
    while let Some(marker) = marker_at(chunk, end + blank(&chunk[end..])) {
        end = after_closers(chunk, marker.end);
    }
    let rest = &chunk[end..];
    let gap = &rest[..blank(rest)];
    let next = rest[gap.len()..].chars().next();
    let goes_on = next.is_some_and(|next| next.is_lowercase() && !gap.contains('\n'));
    let is_apart = gap.is_empty() && next.is_some() && !FULL_ENDS.contains(&stop);
    let is_abbreviation = stop == '.' && end == at && abbreviates(&chunk[begin..at]);
    (!goes_on && !is_apart && !is_abbreviation).then_some(end)
}

/// After what may close a sentence behind its full stop, or behind a citation.
fn after_closers(chunk: &str, at: usize) -> usize {
    let closes = |c: &char| ENDS.contains(c) || FULL_ENDS.contains(c) || CLOSERS.contains(c);
    at + chunk[at..]
        .chars()
        .take_while(closes)
        .map(char::len_utf8)
        .sum::<usize>()
}

/// Whether the last word is one whose full stop does not end a sentence.
fn abbreviates(sentence: &str) -> bool {
    let word = sentence
        .trim_end_matches('.')
        .rsplit(|c: char| c.is_whitespace() || c == '(')
        .next();
    word.is_some_and(|word| ABBREVIATIONS.contains(&word.to_lowercase().as_str()))
}

/// The length of the white space at the beginning.
fn blank(text: &str) -> usize {
    text.len() - text.trim_start().len()
}

/// The span without white space around it; `None` if there is nothing else.
fn trimmed(text: &str, span: Range<usize>) -> Option<Range<usize>> {
    let inside = &text[span.clone()];
    let start = span.start + blank(inside);
    let end = start + inside.trim().len();
    (start < end).then_some(start..end)
}
