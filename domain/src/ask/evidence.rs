//! Purpose: how likely it is that passages answer a question, and what follows from that.

use serde::{Deserialize, Serialize};

use crate::knowledge::Passage;

/// The passages among which the answer is expected.
const LOOKED_AT: usize = 3;

/// How sure an answer is, in words. The limits are shares of right answers on questions with known answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// Nothing worth showing.
    None,
    /// No answer, but what comes nearest may be one: it is shown and not called an answer.
    Some,
    /// An answer.
    High,
}

/// What speaks for the answer being among passages.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evidence {
    /// The nearest meaning to the question's among the first passages, from -1 to 1; absent where meanings are not compared.
    pub cosine: Option<f64>,
    /// By how much that is nearer than the passages are on average: where all are alike, none stands out as the answer.
    pub margin: f64,
    /// The greatest share of the question's words in one of the first passages, its title or its headings; from 0 to 1.
    pub coverage: f64,
}

impl Evidence {
    /// What speaks for passages, the best first.
    pub fn of(passages: &[Passage]) -> Self {
        let cosines: Vec<f64> = passages
            .iter()
            .map(|passage| f64::from(passage.standing.cosine.unwrap_or(FARTHEST)))
            .collect();
        let first = || passages.iter().take(LOOKED_AT);
        let is_compared = first().any(|passage| passage.standing.cosine.is_some());
        let nearest = cosines.iter().take(LOOKED_AT).copied().fold(f64::MIN, f64::max);
        let of_all = cosines.iter().copied().fold(f64::MIN, f64::max);
        #[expect(clippy::cast_precision_loss, reason = "an answer has few passages")]
        let average = cosines.iter().sum::<f64>() / cosines.len().max(1) as f64;
        Self {
            cosine: is_compared.then_some(nearest),
            margin: if is_compared { of_all - average } else { 0.0 },
            coverage: first()
                .map(|passage| passage.standing.coverage)
                .fold(0.0, f64::max),
        }
    }

    /// The estimated share of right answers among those with such evidence, from 0 to 1: a logistic function whose
    /// weights were fitted to questions with known answers (`knowledge/evals`).
    pub fn probability(self) -> f64 {
        let weighed = match self.cosine {
            Some(cosine) => {
                BOTH.bias + BOTH.cosine * cosine + BOTH.margin * self.margin + BOTH.coverage * self.coverage
            }
            None => WORDS_ONLY.bias + WORDS_ONLY.coverage * self.coverage,
        };
        1.0 / (1.0 + (-weighed).exp())
    }

    /// The same in words.
    pub fn confidence(self) -> Confidence {
        let probability = self.probability();
        if probability >= AN_ANSWER {
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
    margin: f64,
    coverage: f64,
}

const BOTH: Weights = Weights {
    bias: -2.5,
    cosine: 3.43,
    margin: 4.52,
    coverage: 2.53,
};
const WORDS_ONLY: Weights = Weights {
    bias: -0.87,
    cosine: 0.0,
    margin: 0.0,
    coverage: 3.47,
};
/// What counts as the cosine of a passage that was found by its words alone.
const FARTHEST: f32 = 0.1;
/// From here on it is called an answer: of questions without one, fewer than one in ten come so far.
const AN_ANSWER: f64 = 0.84;
/// Below it, passages are not shown, only named.
const WORTH_SHOWING: f64 = 0.6;
/// Below it, a language model is not asked whether it finds an answer.
const WORTH_READING: f64 = 0.35;

/// Whether an answer may be in `passages`, though it need not stand out enough to be shown by itself.
pub fn is_worth_reading(passages: &[Passage]) -> bool {
    !passages.is_empty() && Evidence::of(passages).probability() >= WORTH_READING
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn without_passages_there_is_nothing() {
        assert_eq!(Evidence::of(&[]).confidence(), Confidence::None);
        assert!(!is_worth_reading(&[]));
    }

    proptest! {
        #[test]
        fn more_that_speaks_for_it_never_makes_it_less_sure(
            cosine in 0.0..1.0_f64, margin in 0.0..0.5_f64, coverage in 0.0..1.0_f64, more in 0.0..0.5_f64,
        ) {
            let some = Evidence { cosine: Some(cosine), margin, coverage };
            for better in [
                Evidence { cosine: Some(cosine + more), ..some },
                Evidence { margin: margin + more, ..some },
                Evidence { coverage: coverage + more, ..some },
            ] {
                prop_assert!(better.probability() >= some.probability());
                prop_assert!(better.confidence() >= some.confidence());
            }
        }
    }
}
