//! Purpose: what a question's words are for the search by words. Nothing of what a person typed is syntax.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::words::{identifier_parts, plain, words};

/// A question is searched by so many terms at most.
pub const MAX_TERMS: usize = 32;
/// Words of a phrase that are searched at most.
const MAX_PHRASE: usize = 8;
/// Characters of a question that are looked at.
const MAX_QUESTION: usize = 5_000;

/// Words that are in every question and every document. They include those that PostgreSQL's English dictionary
/// leaves out, so that both databases search the same.
const STOP: &str = "a about above after again against all am an and any are as at be because been before being below \
    between both but by can could d did do does doing don down during each few for from further get had has have \
    having he her here hers herself him himself his how i if in into is it its itself just ll m me more most my \
    myself no nor not now of off on once only or other our ours ourselves out over own please re s same she should so \
    some such t than that the their theirs them themselves then there these they this those through to too under \
    until up us use ve very was we were what when where which while who whom why will with would you your yours \
    yourself yourselves";

/// What one term is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TermKind {
    /// One word, or a part of an identifier.
    Word,
    /// An identifier of several words, kept whole: `pool.max_size`.
    Identifier,
    /// What was put in quotes.
    Quoted,
}

/// Something that a passage may contain: words that stand beside each other. Letters and digits only, lower case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Term {
    /// What it is.
    pub kind: TermKind,
    /// Its words, at least one.
    pub words: Vec<String>,
}

impl Term {
    /// One word.
    pub fn word(word: impl Into<String>) -> Self {
        Self {
            kind: TermKind::Word,
            words: vec![word.into()],
        }
    }

    /// Its words with a space between them.
    pub fn text(&self) -> String {
        self.words.join(" ")
    }
}

/// The terms of `question`, each once, what was quoted and identifiers first, [`MAX_TERMS`] at most. None if there
/// is nothing to search for.
pub fn terms(question: &str) -> Vec<Term> {
    let end = question
        .char_indices()
        .nth(MAX_QUESTION)
        .map_or(question.len(), |(at, _)| at);
    let question = &question[..end];
    let mut found = quoted(question);
    for token in question.split_whitespace() {
        found.extend(of_token(token));
    }
    found.sort_by_key(|term| term.kind == TermKind::Word);
    let mut seen = BTreeSet::new();
    found.retain(|term| seen.insert(term.words.clone()));
    found.truncate(MAX_TERMS);
    found
}

/// The share of `terms` that are in `text`, from 0 to 1; 0 if there are none.
#[expect(clippy::cast_precision_loss, reason = "a question has few terms")]
pub fn coverage(terms: &[Term], text: &str) -> f64 {
    let found: Vec<Cow<'_, str>> = words(text).collect();
    let parts = identifier_parts(text);
    let parts = parts.iter().map(String::as_str);
    let plains: Vec<&str> = found.iter().map(Cow::as_ref).chain(parts).map(plain).collect();
    let has = |term: &&Term| match term.words.as_slice() {
        [word] => plains.contains(&plain(word)),
        phrase => found.windows(phrase.len()).any(|window| window == phrase),
    };
    if terms.is_empty() {
        return 0.0;
    }
    terms.iter().filter(has).count() as f64 / terms.len() as f64
}

fn is_stop(word: &str) -> bool {
    STOP.split_whitespace().any(|stop| stop == word)
}

/// What stands in quotes, as phrases.
fn quoted(question: &str) -> Vec<Term> {
    const QUOTES: [char; 4] = ['"', '\u{201c}', '\u{201d}', '`'];
    let pieces: Vec<&str> = question.split(QUOTES).collect();
    let inside = pieces.iter().skip(1).step_by(2);
    // After the last mark nothing is closed.
    let closed = inside.take((pieces.len() - 1) / 2);
    let phrase = |piece: &&str| phrase(TermKind::Quoted, words(piece).map(Cow::into_owned));
    closed.filter_map(phrase).collect()
}

/// The terms of what stands between two spaces.
fn of_token(token: &str) -> Vec<Term> {
    let all: Vec<String> = words(token).map(Cow::into_owned).collect();
    let mut terms = Vec::new();
    if !token.contains('\'') && !token.contains('\u{2019}') {
        terms.extend(phrase(TermKind::Identifier, all.iter().cloned()));
    }
    let single = all
        .iter()
        .cloned()
        .chain(identifier_parts(token))
        .filter(|word| !is_stop(word));
    terms.extend(single.map(Term::word));
    terms
}

/// The term of several words, if there are several and not all say nothing.
fn phrase(kind: TermKind, words: impl Iterator<Item = String>) -> Option<Term> {
    let words: Vec<String> = words.take(MAX_PHRASE).collect();
    let says_something = words.len() > 1 && !words.iter().all(|word| is_stop(word));
    says_something.then_some(Term { kind, words })
}
