//! Purpose: what a language model wrote from passages, as it is kept and shown: its sentences, and the passages that
//! they cite, numbered in the order in which a reader meets them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Citation, cite};
use crate::answer::CitedAnswer;
use crate::knowledge::Passage;

/// An answer in a language model's words. Every sentence cites.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// In the order in which they are read; never empty.
    pub sentences: Vec<WrittenSentence>,
    /// The model's name.
    pub model: String,
}

/// One sentence, or a list item, or code with what is said of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrittenSentence {
    /// As the model wrote it, as Markdown, without its citations.
    pub text: String,
    /// What it rests on: places in the answer's citations, from 1; never empty.
    pub citations: Vec<usize>,
    /// It begins a line of its own.
    pub starts_line: bool,
}

impl Written {
    /// All of it as one text, without citations.
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
}

/// What `model` wrote with those of `passages` that it cites, numbered anew by their first mention. `said` cites them by
/// their places in `passages`, from 1.
pub fn written(said: &CitedAnswer, passages: &[Passage], model: &str) -> (Written, Vec<Citation>) {
    let mut numbers: BTreeMap<usize, usize> = BTreeMap::new();
    let mut citations = Vec::new();
    let mut sentences = Vec::new();
    for sentence in &said.sentences {
        let mut cited = Vec::new();
        for place in &sentence.citations {
            let Some(passage) = place.checked_sub(1).and_then(|at| passages.get(at)) else {
                continue;
            };
            let number = *numbers.entry(*place).or_insert_with(|| {
                citations.push(cite(passage, String::new()));
                citations.len()
            });
            cited.push(number);
        }
        sentences.push(WrittenSentence {
            text: sentence.bare(),
            citations: cited,
            starts_line: sentence.starts_line,
        });
    }
    let model = model.to_owned();
    (Written { sentences, model }, citations)
}
