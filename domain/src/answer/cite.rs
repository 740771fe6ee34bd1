//! Purpose: keeps of a model's text what names its source. The numbers are checked against the passages that the model
//! was given; whether a passage says what the sentence says is for the reader, who is shown both.

use std::collections::BTreeSet;
use std::ops::Range;

use super::split::{Piece, pieces};

/// One sentence, or what stands for one (a list item, code with its citation).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// As the model wrote it, with its citations; not escaped.
    pub text: String,
    /// The passages that it names, from 1, each once, in ascending order; never empty.
    pub citations: Vec<usize>,
    /// It begins a line of its own: a paragraph or a list item.
    pub starts_line: bool,
}

/// What is kept of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CitedAnswer {
    /// In the order in which the model wrote them; never empty.
    pub sentences: Vec<Sentence>,
    /// How many sentences were dropped because they name no passage, or one that is not there.
    pub dropped: usize,
}

impl CitedAnswer {
    /// All that is kept as one text.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for sentence in &self.sentences {
            if !text.is_empty() {
                text.push(if sentence.starts_line { '\n' } else { ' ' });
            }
            text.push_str(&sentence.text);
        }
        text
    }

    /// The passages that are named, from 1, in ascending order.
    pub fn citations(&self) -> BTreeSet<usize> {
        self.sentences
            .iter()
            .flat_map(|sentence| sentence.citations.iter().copied())
            .collect()
    }
}

impl Sentence {
    /// The sentence without its citations, for those who show them in their own way.
    pub fn bare(&self) -> String {
        let mut bare = String::new();
        let mut at = 0;
        for marker in pieces(&self.text)
            .iter()
            .filter(|piece| !piece.is_code)
            .flat_map(|piece| markers(&self.text, piece.span.clone()))
        {
            bare.push_str(self.text[at..marker.span.start].trim_end_matches(' '));
            at = marker.span.end;
        }
        bare.push_str(&self.text[at..]);
        bare.trim().to_owned()
    }
}

/// What a whole answer says with its sources, of `passages` passages; `None` if nothing is left.
pub fn cited(text: &str, passages: usize) -> Option<CitedAnswer> {
    kept(text, &units(text), passages)
}

/// The same of an answer that is still being written: only sentences that cannot change any more. They are the first
/// ones that [`cited`] finds in the end.
pub fn cited_so_far(text: &str, passages: usize) -> Option<CitedAnswer> {
    let mut units = units(text);
    // The last one may go on, and what looks like the beginning of a citation or of code may yet belong to the one
    // before it.
    let last = units.pop()?;
    if text[last.span.clone()].starts_with(['[', '【', '`', '~']) {
        units.pop();
    }
    kept(text, &units, passages)
}

/// A sentence together with the code that follows it and the citations on lines of their own.
#[derive(Debug)]
struct Unit {
    span: Range<usize>,
    /// The parts of it that are no code.
    prose: Vec<Range<usize>>,
    has_code: bool,
}

fn units(text: &str) -> Vec<Unit> {
    let mut units: Vec<Unit> = Vec::new();
    for Piece { span, is_code } in pieces(text) {
        let prose = (!is_code).then(|| span.clone());
        match units.last_mut() {
            Some(unit) if is_code || is_only_markers(text, &span) => {
                unit.span.end = span.end;
                unit.prose.extend(prose);
                unit.has_code |= is_code;
            }
            Some(_) | None => units.push(Unit {
                span,
                prose: prose.into_iter().collect(),
                has_code: is_code,
            }),
        }
    }
    units
}

/// Whether there is nothing but citations: they belong to what is before them.
fn is_only_markers(text: &str, span: &Range<usize>) -> bool {
    let mut at = span.start;
    while let Some(marker) = marker_at(&text[..span.end], at) {
        at = marker.end;
        at += text[at..span.end].len() - text[at..span.end].trim_start_matches([' ', ',', '.']).len();
    }
    at == span.end
}

fn kept(text: &str, units: &[Unit], passages: usize) -> Option<CitedAnswer> {
    let mut sentences = Vec::new();
    let mut end_before = 0;
    for unit in units {
        let gap = &text[end_before..unit.span.start];
        end_before = unit.span.end;
        let starts_line = gap.contains('\n') || unit.span.start == gap.len();
        sentences.extend(citations(text, unit, passages).map(|citations| Sentence {
            text: text[unit.span.clone()].to_owned(),
            citations,
            starts_line,
        }));
    }
    let dropped = units.len() - sentences.len();
    (!sentences.is_empty()).then_some(CitedAnswer { sentences, dropped })
}

/// The passages that a unit names; `None` if it names none, one that is not there, or says nothing besides.
fn citations(text: &str, unit: &Unit, passages: usize) -> Option<Vec<usize>> {
    let mut named = BTreeSet::new();
    let mut says_something = unit.has_code;
    for prose in &unit.prose {
        let mut at = prose.start;
        for marker in markers(text, prose.clone()) {
            says_something |= has_words(&text[at..marker.span.start]);
            at = marker.span.end;
            named.extend(marker.numbers);
        }
        says_something |= has_words(&text[at..prose.end]);
    }
    let all_there = named.iter().all(|number| (1..=passages).contains(number));
    (says_something && all_there && !named.is_empty()).then(|| named.into_iter().collect())
}

fn has_words(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}

/// A citation in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Marker {
    span: Range<usize>,
    numbers: Vec<usize>,
}

/// The citations of a piece, those in `inline code` left out.
fn markers(text: &str, span: Range<usize>) -> Vec<Marker> {
    let piece = &text[..span.end];
    let mut found = Vec::new();
    let mut at = span.start;
    while let Some(c) = piece[at..].chars().next() {
        if let Some(end) = marker_at(piece, at) {
            found.push(Marker {
                numbers: numbers(&piece[end.clone()]),
                span: end.clone(),
            });
            at = end.end;
            continue;
        }
        at += c.len_utf8();
        if c == '`' {
            // Without its end it is only a character.
            at += piece[at..].find('`').map_or(0, |closing| closing + 1);
        }
    }
    found
}

/// The citation that begins at `at`: `[1]`, `[1, 3]` or `【1】`. What is followed by `(` is a link.
pub(super) fn marker_at(text: &str, at: usize) -> Option<Range<usize>> {
    let rest = &text[at..];
    let (open, close) = [('[', ']'), ('【', '】')]
        .into_iter()
        .find(|(open, _)| rest.starts_with(*open))?;
    let inside = &rest[open.len_utf8()..];
    let length = inside.find(close)?;
    let is_number = |part: &str| {
        let part = part.trim_matches(' ');
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit())
    };
    let end = at + open.len_utf8() + length + close.len_utf8();
    let is_citation = inside[..length].split([',', ';']).all(is_number) && !text[end..].starts_with('(');
    is_citation.then_some(at..end)
}

/// The numbers of a citation; one that is too large to be counted is none that is there.
fn numbers(marker: &str) -> Vec<usize> {
    marker
        .split(|c: char| !c.is_ascii_digit())
        .filter(|digits| !digits.is_empty())
        .map(|digits| digits.parse().unwrap_or(usize::MAX))
        .collect()
}
