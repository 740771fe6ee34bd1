//! Purpose: an answer to a question: the passages it is made of, how sure it is, and who was meant to see it.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::id::{AnswerId, SlackChannel, SlackUser, SourceId};
use crate::knowledge::query::terms;
use crate::knowledge::sentence::answering;
use crate::knowledge::{Audience, Passage, Source};

/// Passages that an answer is made of.
pub const PASSAGES: usize = 10;
/// The passages among which the answer is expected.
const LOOKED_AT: usize = 3;

/// Documents that one answer shows at most.
pub const DOCUMENTS_SHOWN: usize = 3;
/// Documents that are named where none answers.
pub const NEAREST_SHOWN: usize = 3;
/// What was written longer ago than this is called old.
const OLD_AFTER_DAYS: i64 = 365;

/// How sure an answer is, in words. The limits are shares of right answers on questions with known answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// Below what is worth showing as an answer.
    None,
    /// Right more often than not.
    Some,
    /// Nearly always right.
    High,
}

/// What speaks for a passage being the answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evidence {
    /// How near its meaning is to the question's, from -1 to 1; absent where meanings are not compared.
    pub cosine: Option<f32>,
    /// The share of the question's words that are in it, its title or its headings; from 0 to 1.
    pub coverage: f64,
}

impl Evidence {
    /// What speaks for a passage, after its ranking.
    pub fn of(passage: &Passage) -> Self {
        Self {
            cosine: passage.standing.cosine,
            coverage: passage.standing.coverage,
        }
    }

    /// The estimated share of right answers among those with such evidence, from 0 to 1: a logistic function whose
    /// weights were fitted to questions with known answers (`knowledge/evals`).
    pub fn probability(self) -> f64 {
        let weighed = match self.cosine {
            Some(cosine) => BOTH.bias + BOTH.cosine * f64::from(cosine) + BOTH.coverage * self.coverage,
            None => WORDS_ONLY.bias + WORDS_ONLY.coverage * self.coverage,
        };
        1.0 / (1.0 + (-weighed).exp())
    }

    /// The same in words.
    pub fn confidence(self) -> Confidence {
        let probability = self.probability();
        if probability >= HIGH {
            Confidence::High
        } else if probability >= WORTH_SHOWING {
            Confidence::Some
        } else {
            Confidence::None
        }
    }
}

struct Weights {
    bias: f64,
    cosine: f64,
    coverage: f64,
}

const BOTH: Weights = Weights {
    bias: -6.0,
    cosine: 10.0,
    coverage: 4.0,
};
const WORDS_ONLY: Weights = Weights {
    bias: -3.0,
    cosine: 0.0,
    coverage: 6.0,
};
/// Above it, an answer is called sure.
const HIGH: f64 = 0.85;
/// Below it, nothing is called an answer.
const WORTH_SHOWING: f64 = 0.5;

/// A passage that an answer rests on, as it was when it was cited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Citation {
    /// Where its document comes from; decides who may see it.
    pub source: SourceId,
    /// What its document is called there.
    pub document: String,
    /// The document's title, as written.
    pub title: String,
    /// The headings above it, the outermost first.
    pub heading: Vec<String>,
    /// Where a person can read it.
    pub url: Option<String>,
    /// Who wrote it.
    pub author: Option<String>,
    /// Who answers for it.
    pub owners: Vec<String>,
    /// When it last changed.
    pub changed_at: Option<DateTime<Utc>>,
    /// The passage, as Markdown.
    pub text: String,
    /// The sentence in it that answers, word for word; empty where none stands out.
    pub sentence: String,
}

/// What the documents say to a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Composed {
    /// How sure it is; [`Confidence::None`] means that it is no answer, and the citations are only the nearest.
    pub confidence: Confidence,
    /// What it rests on, the best first; one for each document.
    pub citations: Vec<Citation>,
}

impl Composed {
    /// Whether it is an answer, and not only what comes nearest to one.
    pub fn is_found(&self) -> bool {
        self.confidence > Confidence::None
    }
}

/// An answer from `passages`, the best first: of each document its best passage, with the sentence in it that answers.
pub fn compose(question: &str, passages: &[Passage]) -> Composed {
    let terms = terms(question);
    let looked_at = passages.iter().take(LOOKED_AT);
    let confidence = looked_at.map(|passage| Evidence::of(passage).confidence()).max();
    let mut seen = BTreeSet::new();
    let firsts = passages.iter().filter(|passage| seen.insert(passage.document_id));
    let citations = firsts.take(DOCUMENTS_SHOWN.max(NEAREST_SHOWN)).map(|passage| {
        let sentence = answering(&passage.text, &terms).map(|best| best.text.to_owned());
        cite(passage, sentence.unwrap_or_default())
    });
    Composed {
        confidence: confidence.unwrap_or(Confidence::None),
        citations: citations.collect(),
    }
}

fn cite(passage: &Passage, sentence: String) -> Citation {
    let document = passage.document.clone();
    Citation {
        source: document.source,
        document: document.external_id,
        title: document.title,
        heading: passage.heading.clone(),
        url: document.url,
        author: document.author,
        owners: document.owners,
        changed_at: document.changed_at,
        text: passage.text.clone(),
        sentence,
    }
}

/// What came of a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Its id, which buttons carry.
    pub id: AnswerId,
    /// The question, as typed.
    pub question: String,
    /// Who asked.
    pub asker: SlackUser,
    /// Where it was asked.
    pub channel: Option<SlackChannel>,
    /// The thread it belongs to, where it was asked in one.
    pub thread: Option<String>,
    /// When.
    pub asked_at: DateTime<Utc>,
    /// How sure it is; [`Confidence::None`] means that it is no answer, and the citations are only the nearest.
    pub confidence: Confidence,
    /// What it rests on, the best first; one for each document.
    pub citations: Vec<Citation>,
}

/// What somebody thought of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Feedback {
    /// It helped.
    Helpful,
    /// It did not, and why.
    NotHelpful {
        /// What was wrong with it.
        why: Fault,
        /// More about it, as typed.
        remark: String,
    },
}

/// What was wrong with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// It answers another question.
    OffTopic,
    /// It is wrong.
    Wrong,
    /// It is no longer so.
    Outdated,
    /// Something is missing.
    Incomplete,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::OffTopic, Self::Wrong, Self::Outdated, Self::Incomplete];

    /// The name it is stored under.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OffTopic => "off_topic",
            Self::Wrong => "wrong",
            Self::Outdated => "outdated",
            Self::Incomplete => "incomplete",
        }
    }

    /// In a person's words.
    pub fn label(self) -> &'static str {
        match self {
            Self::OffTopic => "It answers another question",
            Self::Wrong => "It is wrong",
            Self::Outdated => "It is no longer so",
            Self::Incomplete => "Something is missing",
        }
    }

    /// The fault of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.as_str() == name)
    }
}

impl Answer {
    /// Whether it is an answer, and not only what comes nearest to one.
    pub fn is_found(&self) -> bool {
        self.confidence > Confidence::None
    }

    /// Whether everybody in `audience` may see all it rests on. A source that is gone is nobody's to show.
    pub fn may_be_seen_by(&self, audience: &Audience, sources: &[Source]) -> bool {
        self.citations.iter().all(|citation| {
            sources
                .iter()
                .find(|source| source.added.id == citation.source)
                .is_some_and(|source| source.added.visibility.admits(audience))
        })
    }

    /// Who might know: the owners of what comes nearest, then its authors; each once, the nearest first.
    pub fn people_to_ask(&self) -> Vec<&str> {
        let owners = self.citations.iter().flat_map(|citation| &citation.owners);
        let authors = self
            .citations
            .iter()
            .filter_map(|citation| citation.author.as_ref());
        let mut seen = BTreeSet::new();
        owners
            .chain(authors)
            .map(String::as_str)
            .filter(|person| seen.insert(*person))
            .collect()
    }
}

/// How long ago something changed, in words: `3 months ago`.
pub fn age(changed_at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let days = (now - changed_at).num_days().max(0);
    let (count, unit) = match days {
        0 => return "today".to_owned(),
        1 => return "yesterday".to_owned(),
        2..=13 => (days, "day"),
        14..=60 => (days / 7, "week"),
        61..=729 => (days * 12 / 365, "month"),
        730.. => (days / 365, "year"),
        i64::MIN..0 => (0, "day"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural} ago")
}

/// Whether something changed so long ago that the reader should be told to take care.
pub fn is_old(changed_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    (now - changed_at).num_days() > OLD_AFTER_DAYS
}
