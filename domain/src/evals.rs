//! Purpose: how good the search and the answers are, by questions with known answers.
//!
//! Recall@k is the share of questions for which one of the expected documents is among the first k. MRR@k is the mean of
//! 1/rank of the first expected document, 0 beyond k. nDCG@10 is the discounted gain (1/log2(1 + rank) for each expected
//! document found) over the greatest possible.

use serde::{Deserialize, Serialize};

/// A question with a known answer, or one that the documents do not answer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Question {
    /// What it is called.
    pub id: String,
    /// The question.
    pub question: String,
    /// The documents that answer it; any of them will do. None: it has no answer.
    #[serde(default)]
    pub documents: Vec<String>,
}

/// What came of a question.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// The documents that were found, the best first, each once.
    pub documents: Vec<String>,
    /// It was given as an answer, and not as "I did not find this".
    pub is_answer: bool,
    /// How long it took, in milliseconds.
    pub millis: f64,
}

/// The figures of one run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// Questions that have an answer.
    pub answerable: usize,
    /// Questions that have none.
    pub unanswerable: usize,
    /// Recall among the first 1.
    pub recall_at_1: f64,
    /// Recall among the first 3.
    pub recall_at_3: f64,
    /// Recall among the first 10.
    pub recall_at_10: f64,
    /// Mean reciprocal rank among the first 3.
    pub mrr_at_3: f64,
    /// Mean reciprocal rank among the first 10.
    pub mrr_at_10: f64,
    /// Normalised discounted cumulative gain among the first 10.
    pub ndcg_at_10: f64,
    /// The share of answerable questions that were given an answer.
    pub answer_rate: f64,
    /// The share of unanswerable questions that were given an answer.
    pub false_answer_rate: f64,
    /// The median of the times, in milliseconds.
    pub millis_p50: f64,
    /// The 95th percentile of the times, in milliseconds.
    pub millis_p95: f64,
}

/// A drop of a figure by more than this is worth a warning.
const DROP: f64 = 0.02;

impl Scores {
    /// The figures of `asked`.
    pub fn of(asked: &[(Question, Reply)]) -> Self {
        let (with, without): (Vec<_>, Vec<_>) = asked
            .iter()
            .partition(|(question, _)| !question.documents.is_empty());
        let over = |value: fn(&Question, &Reply) -> f64| mean(with.iter().map(|(q, r)| value(q, r)));
        let mut times: Vec<f64> = asked.iter().map(|(_, reply)| reply.millis).collect();
        times.sort_by(f64::total_cmp);
        let is_answer = |reply: &Reply| if reply.is_answer { 1.0 } else { 0.0 };
        Self {
            answerable: with.len(),
            unanswerable: without.len(),
            recall_at_1: over(|q, r| recall(q, r, 1)),
            recall_at_3: over(|q, r| recall(q, r, 3)),
            recall_at_10: over(|q, r| recall(q, r, 10)),
            mrr_at_3: over(|q, r| reciprocal_rank(q, r, 3)),
            mrr_at_10: over(|q, r| reciprocal_rank(q, r, 10)),
            ndcg_at_10: over(ndcg),
            answer_rate: mean(with.iter().map(|(_, reply)| is_answer(reply))),
            false_answer_rate: mean(without.iter().map(|(_, reply)| is_answer(reply))),
            millis_p50: percentile(&times, 50),
            millis_p95: percentile(&times, 95),
        }
    }

    /// The figures with their names, as they are shown.
    pub fn named(&self) -> [(&'static str, f64); 8] {
        [
            ("recall@1", self.recall_at_1),
            ("recall@3", self.recall_at_3),
            ("recall@10", self.recall_at_10),
            ("MRR@3", self.mrr_at_3),
            ("MRR@10", self.mrr_at_10),
            ("nDCG@10", self.ndcg_at_10),
            ("answered", self.answer_rate),
            ("answered without an answer", self.false_answer_rate),
        ]
    }

    /// What became worse since `before`, by name: before and now.
    pub fn worse_than(&self, before: &Self) -> Vec<(&'static str, f64, f64)> {
        let pairs = before.named().into_iter().zip(self.named());
        let last = self.named().len() - 1;
        pairs
            .enumerate()
            .filter(|(at, ((_, before), (_, now)))| {
                // Of the last one, less is better.
                let drop = if *at == last { now - before } else { before - now };
                drop > DROP
            })
            .map(|(_, ((name, before), (_, now)))| (name, before, now))
            .collect()
    }
}

fn rank(question: &Question, reply: &Reply) -> Option<usize> {
    let at = reply
        .documents
        .iter()
        .position(|found| question.documents.contains(found))?;
    Some(at + 1)
}

fn recall(question: &Question, reply: &Reply, k: usize) -> f64 {
    if rank(question, reply).is_some_and(|rank| rank <= k) {
        1.0
    } else {
        0.0
    }
}

#[expect(clippy::cast_precision_loss, reason = "a rank is small")]
fn reciprocal_rank(question: &Question, reply: &Reply, k: usize) -> f64 {
    match rank(question, reply) {
        Some(rank) if rank <= k => 1.0 / rank as f64,
        Some(_) | None => 0.0,
    }
}

#[expect(clippy::cast_precision_loss, reason = "a rank is small")]
fn ndcg(question: &Question, reply: &Reply) -> f64 {
    let gain = |rank: usize| 1.0 / (1.0 + rank as f64).log2();
    let found: f64 = (1..=10)
        .zip(&reply.documents)
        .filter(|(_, found)| question.documents.contains(found))
        .map(|(rank, _)| gain(rank))
        .sum();
    let best: f64 = (1..=question.documents.len().min(10)).map(gain).sum();
    found / best
}

#[expect(clippy::cast_precision_loss, reason = "questions are few")]
fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len();
    if count == 0 {
        0.0
    } else {
        values.sum::<f64>() / count as f64
    }
}

fn percentile(sorted: &[f64], percent: usize) -> f64 {
    let at = sorted.len().saturating_sub(1) * percent / 100;
    sorted.get(at).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(documents: &[&str]) -> Question {
        Question {
            id: "q".to_owned(),
            question: "?".to_owned(),
            documents: documents.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    fn reply(documents: &[&str], is_answer: bool) -> Reply {
        Reply {
            documents: documents.iter().map(|name| (*name).to_owned()).collect(),
            is_answer,
            millis: 1.0,
        }
    }

    #[test]
    fn figures_are_what_their_formulas_say() {
        let scores = Scores::of(&[
            (question(&["a"]), reply(&["a", "b"], true)),
            (question(&["a", "c"]), reply(&["b", "c"], true)),
            (question(&["x"]), reply(&["a"], false)),
            (question(&[]), reply(&["a"], true)),
            (question(&[]), reply(&["a"], false)),
        ]);
        let third = 1.0 / 3.0;
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-9, "{a} {b}");
        near(scores.recall_at_1, third);
        near(scores.recall_at_3, 2.0 * third);
        near(scores.mrr_at_3, (1.0 + 0.5) * third);
        let second = 1.0 / 3.0_f64.log2();
        near(scores.ndcg_at_10, (1.0 + second / (1.0 + second)) * third);
        near(scores.answer_rate, 2.0 * third);
        near(scores.false_answer_rate, 0.5);
    }

    #[test]
    fn a_drop_is_named_and_more_false_answers_are_one() {
        let before = Scores {
            recall_at_3: 0.9,
            ..Scores::default()
        };
        let now = Scores {
            recall_at_3: 0.8,
            false_answer_rate: 0.1,
            ..Scores::default()
        };
        let names: Vec<_> = now
            .worse_than(&before)
            .into_iter()
            .map(|(name, ..)| name)
            .collect();
        assert_eq!(names, ["recall@3", "answered without an answer"]);
        assert!(before.worse_than(&before).is_empty());
    }

    #[test]
    fn nothing_asked_is_no_failure() {
        assert_eq!(Scores::of(&[]), Scores::default());
    }
}
