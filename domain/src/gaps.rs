//! Purpose: questions that the documents did not answer, gathered: those that mean the same are one gap.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::ask::Answer;
use crate::id::{AnswerId, SlackUser};

/// Two questions are one from this cosine on.
const SAME: f32 = 0.75;

/// Something that is not written down, or not well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// Its newest question.
    pub id: AnswerId,
    /// The question, as it was last asked.
    pub question: String,
    /// How often it was asked.
    pub times: usize,
    /// Who asked.
    pub askers: BTreeSet<SlackUser>,
    /// When it was last asked.
    pub last_asked: DateTime<Utc>,
    /// Who might write the answer down: who looks after what came nearest.
    pub writers: Vec<String>,
}

/// Gathers `answers`, the newest first, into gaps: the most often asked first, then the newest. `meanings` has a vector of
/// length 1 for each answer; where it has none, only equal words fall together.
pub fn gather(answers: &[Answer], meanings: &[Vec<f32>]) -> Vec<Gap> {
    let mut gaps: Vec<(usize, Gap)> = Vec::new();
    for (at, answer) in answers.iter().enumerate() {
        let known = gaps
            .iter_mut()
            .find(|(first, _)| is_same(answers, meanings, *first, at));
        match known {
            Some((_, gap)) => {
                gap.times += 1;
                gap.askers.insert(answer.asker.clone());
            }
            None => gaps.push((at, gap(answer))),
        }
    }
    let mut gaps: Vec<Gap> = gaps.into_iter().map(|(_, gap)| gap).collect();
    gaps.sort_by(|a, b| b.times.cmp(&a.times).then(b.last_asked.cmp(&a.last_asked)));
    gaps
}

fn gap(answer: &Answer) -> Gap {
    Gap {
        id: answer.id.clone(),
        question: answer.question.clone(),
        times: 1,
        askers: BTreeSet::from([answer.asker.clone()]),
        last_asked: answer.asked_at,
        writers: answer.people_to_ask().into_iter().map(str::to_owned).collect(),
    }
}

fn is_same(answers: &[Answer], meanings: &[Vec<f32>], one: usize, other: usize) -> bool {
    match (meanings.get(one), meanings.get(other)) {
        (Some(one), Some(other)) => cosine(one, other) >= SAME,
        _ => plain(&answers[one].question) == plain(&answers[other].question),
    }
}

/// How near two meanings are; of vectors of length 1.
pub(crate) fn cosine(one: &[f32], other: &[f32]) -> f32 {
    one.iter().zip(other).map(|(a, b)| a * b).sum()
}

/// The words of a question and nothing else.
pub(crate) fn plain(question: &str) -> String {
    let words = question
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ask::Confidence;
    use ulid::Ulid;

    fn asked(question: &str, by: &str, minute: i64) -> Answer {
        Answer {
            id: AnswerId::new(Ulid::from(u128::from(minute.unsigned_abs()))),
            question: question.to_owned(),
            asker: by.into(),
            channel: None,
            thread: None,
            asked_at: DateTime::from_timestamp(60 * minute, 0).unwrap(),
            confidence: Confidence::None,
            citations: Vec::new(),
            written: None,
            also_from: BTreeSet::new(),
            official: None,
        }
    }

    #[test]
    fn what_is_asked_most_comes_first_and_every_asker_counts_once() {
        let answers = [
            asked("Where is the VPN guide?", "U1", 3),
            asked("who owns billing", "U2", 2),
            asked("where is the vpn guide", "U2", 1),
        ];
        let gaps = gather(&answers, &[]);
        let shown: Vec<_> = gaps
            .iter()
            .map(|gap| (gap.question.as_str(), gap.times, gap.askers.len()))
            .collect();
        assert_eq!(
            shown,
            [("Where is the VPN guide?", 2, 2), ("who owns billing", 1, 1)]
        );
    }

    #[test]
    fn other_words_with_the_same_meaning_are_one_gap() {
        let answers = [
            asked("vpn setup", "U1", 2),
            asked("how do I get into the network", "U1", 1),
        ];
        let near = [vec![1.0, 0.0], vec![0.8, 0.6]];
        assert_eq!(gather(&answers, &near).len(), 1);
        let far = [vec![1.0, 0.0], vec![0.0, 1.0]];
        assert_eq!(gather(&answers, &far).len(), 2);
    }
}
