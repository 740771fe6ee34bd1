//! Purpose: an answer to a question: the passages it is made of, how sure it is, and who was meant to see it.

mod evidence;
mod followup;
mod official;
#[cfg(test)]
mod tests;
mod written;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::id::{AnswerId, SlackChannel, SlackUser, SourceId};
use crate::knowledge::query::terms;
use crate::knowledge::sentence::answering;
use crate::knowledge::{Audience, Passage, Source};

pub use evidence::{Confidence, Evidence, is_worth_reading};
pub use followup::{REMEMBERED_FOR, TURNS, standing_alone};
pub use official::{OfficialAnswer, nearly_same};
pub use written::{Written, WrittenSentence, written};

/// Passages that an answer is made of.
pub const PASSAGES: usize = 10;

/// Documents that one answer shows at most.
pub const DOCUMENTS_SHOWN: usize = 3;
/// Documents that are named where none answers.
pub const NEAREST_SHOWN: usize = 3;
/// What was written longer ago than this is called old.
const OLD_AFTER_DAYS: i64 = 365;

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
    /// How sure it is.
    pub confidence: Confidence,
    /// What it rests on, the best first; one for each document.
    pub citations: Vec<Citation>,
}

impl Composed {
    /// Whether it is an answer, and not only what comes nearest to one.
    pub fn is_answer(&self) -> bool {
        self.confidence == Confidence::High
    }
}

/// An answer from `passages`, the best first: of each document its best passage, with the sentence in it that answers.
pub fn compose(question: &str, passages: &[Passage]) -> Composed {
    let terms = terms(question);
    let mut seen = BTreeSet::new();
    let firsts = passages.iter().filter(|passage| seen.insert(passage.document_id));
    let citations = firsts.take(DOCUMENTS_SHOWN.max(NEAREST_SHOWN)).map(|passage| {
        let sentence = answering(&passage.text, &terms).map(|best| best.text.to_owned());
        cite(passage, sentence.unwrap_or_default())
    });
    Composed {
        confidence: Evidence::of(passages).confidence(),
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
    /// How sure it is.
    pub confidence: Confidence,
    /// What it rests on, the best first; one for each document, or those that [`Answer::written`] cites.
    pub citations: Vec<Citation>,
    /// What a language model wrote, where one was asked and cited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written: Option<Written>,
    /// Sources of what the language model was given besides: what it read may be in what it wrote, cited or not.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub also_from: BTreeSet<SourceId>,
    /// What somebody stands for, where nearly the same was asked before. It is the answer then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub official: Option<Box<OfficialAnswer>>,
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
    pub fn is_answer(&self) -> bool {
        self.confidence == Confidence::High
    }

    /// Whether there is something to show: an answer, or what may be one.
    pub fn is_shown(&self) -> bool {
        self.confidence > Confidence::None
    }

    /// Whether everybody in `audience` may see all it rests on. A source that is gone is nobody's to show.
    pub fn may_be_seen_by(&self, audience: &Audience, sources: &[Source]) -> bool {
        let cited = self.citations.iter().map(|citation| &citation.source);
        cited
            .chain(&self.also_from)
            .all(|source| may_see(audience, source, sources))
    }

    /// Lets a language model's words stand for the answer. `passages` are those that it was given, `turns` what was said
    /// before that it was reminded of.
    pub fn rewrite(&mut self, said: (Written, Vec<Citation>), passages: &[Passage], turns: &[Self]) {
        let given = passages.iter().map(|passage| passage.document.source.clone());
        let earlier = turns.iter().flat_map(|turn| {
            let cited = turn.citations.iter().map(|citation| citation.source.clone());
            cited.chain(turn.also_from.iter().cloned())
        });
        self.also_from = given.chain(earlier).collect();
        self.confidence = Confidence::High;
        let (written, citations) = said;
        self.written = Some(written);
        self.citations = citations;
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

fn may_see(audience: &Audience, id: &SourceId, sources: &[Source]) -> bool {
    let source = sources.iter().find(|source| source.added.id == *id);
    source.is_some_and(|source| source.added.visibility.admits(audience))
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
