//! Purpose: an answer that somebody stands for: it is given first, as it stands, to whoever asks nearly the same.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Answer, Citation};
use crate::gaps::{cosine, plain};
use crate::id::{AnswerId, SlackUser, SourceId};

/// Two questions are nearly the same from this cosine on. Fitted to nothing: rewordings of one question by the shipped
/// model are above it, questions about the same thing are below.
const NEARLY_SAME: f32 = 0.92;

/// An answer that somebody stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfficialAnswer {
    /// The answer that it was made from.
    pub id: AnswerId,
    /// What was asked.
    pub question: String,
    /// What the answer is, as whoever marked it wrote it or left it.
    pub text: String,
    /// What it rests on.
    pub citations: Vec<Citation>,
    /// Sources of what it was made from besides.
    #[serde(default)]
    pub also_from: BTreeSet<SourceId>,
    /// Who stands for it.
    pub by: SlackUser,
    /// Since when.
    pub at: DateTime<Utc>,
    /// Until when.
    pub until: DateTime<Utc>,
}

impl OfficialAnswer {
    /// What `by` makes official of an answer.
    pub fn of(answer: &Answer, text: &str, by: &SlackUser, at: DateTime<Utc>, until: DateTime<Utc>) -> Self {
        Self {
            id: answer.id.clone(),
            question: answer.question.clone(),
            text: text.to_owned(),
            citations: answer.citations.clone(),
            also_from: answer.also_from.clone(),
            by: by.clone(),
            at,
            until,
        }
    }
}

/// The first of `official` whose question is nearly `question`. Meanings are vectors of length 1: of the question, and
/// of each of `official` in its order; where there are none, only the same words match.
pub fn nearly_same<'a>(
    question: (&str, Option<&[f32]>),
    official: &'a [OfficialAnswer],
    meanings: &[Vec<f32>],
) -> Option<&'a OfficialAnswer> {
    let (words, meaning) = question;
    let words = plain(words);
    let same_words = official.iter().find(|known| plain(&known.question) == words);
    let nearest = || {
        let near = official
            .iter()
            .zip(meanings)
            .map(|(known, of)| (known, cosine(meaning.unwrap_or(&[]), of)));
        near.filter(|(_, cosine)| *cosine >= NEARLY_SAME)
            .max_by(|(_, a), (_, b)| a.total_cmp(b))
            .map(|(known, _)| known)
    };
    same_words.or_else(nearest)
}
