//! Purpose: a question that goes on from an earlier one, made into one that a search can answer.

use chrono::Duration;

use crate::knowledge::query::terms;

/// How long what was said is remembered.
pub const REMEMBERED_FOR: Duration = Duration::hours(1);
/// Earlier questions and answers that are remembered.
pub const TURNS: usize = 6;

/// A question with fewer words to search for than this leans on the one before it.
const STANDS_ALONE_FROM: usize = 3;
/// Beginnings of questions that go on from what was said. English, as the shipped model is.
const OPENINGS: [&str; 8] = [
    "and ",
    "what about ",
    "how about ",
    "but ",
    "or ",
    "then ",
    "so ",
    "what if ",
];
/// Words that stand for something that was named before.
const POINTERS: [&str; 9] = [
    "it", "its", "that", "this", "they", "them", "those", "these", "there",
];

/// What is searched for: the question, and where it leans on the one before, that one too. `before` is the newest
/// question of the same conversation.
pub fn standing_alone(question: &str, before: Option<&str>) -> String {
    match before {
        Some(before) if leans(question) => format!("{before}\n{question}"),
        Some(_) | None => question.to_owned(),
    }
}

fn leans(question: &str) -> bool {
    let lower = question.trim_start().to_lowercase();
    let points = lower
        .split(|c: char| !c.is_alphanumeric())
        .any(|word| POINTERS.contains(&word));
    points
        || OPENINGS.iter().any(|opening| lower.starts_with(opening))
        || terms(question).len() < STANDS_ALONE_FROM
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: Option<&str> = Some("How do we roll back payments?");

    #[test]
    fn a_question_that_leans_on_the_one_before_takes_it_along() {
        for question in [
            "and for staging?",
            "What about the billing queue and its consumers?",
            "Who approves it?",
            "staging?",
        ] {
            let sought = standing_alone(question, BEFORE);
            assert!(sought.contains("roll back payments"), "{question}");
            assert!(sought.ends_with(question), "{question}");
            assert_eq!(standing_alone(question, None), question);
        }
    }

    #[test]
    fn a_question_of_its_own_is_searched_as_it_is() {
        let question = "Where do deployment credentials for staging live?";
        assert_eq!(standing_alone(question, BEFORE), question);
    }
}
