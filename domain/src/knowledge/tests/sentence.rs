//! Purpose: passages are cut where a reader would, and the sentence that answers is found.

use proptest::prelude::*;

use crate::knowledge::query::terms;
use crate::knowledge::sentence::{answering, scored, sentences};

#[test]
fn a_paragraph_is_cut_into_sentences_and_not_at_other_stops() {
    let text = "Use v1.2, e.g. for tests. Is it old? Ask J. Doe\nor the channel! `a.b` is fine.";
    let expected = [
        "Use v1.2, e.g. for tests.",
        "Is it old?",
        "Ask J. Doe\nor the channel!",
        "`a.b` is fine.",
    ];
    assert_eq!(sentences(text), expected);
}

#[test]
fn items_headings_rows_and_lines_of_code_are_sentences() {
    let text = "# Roll back\n\nIntro text\n- first item.\n  goes on\n2. second one\n\n```sh\ndeploy undo\n\nexit 0\n```\n| a | b |\n|---|---|\nEnd";
    let expected = [
        "Roll back",
        "Intro text",
        "first item.\n  goes on",
        "second one",
        "deploy undo",
        "exit 0",
        "a | b",
        "End",
    ];
    assert_eq!(sentences(text), expected);
}

#[test]
fn the_sentence_with_most_of_the_question_answers() {
    let text = "# How to roll back a release?\n\nReleases are made daily. To roll back a release, run `deploy undo`. Tell the channel.";
    let best = answering(text, &terms("how do I roll back a release?")).unwrap();
    assert_eq!(best.text, "To roll back a release, run `deploy undo`.");
    assert!((best.score - 1.0).abs() < 1e-9);
}

#[test]
fn no_sentence_answers_what_the_passage_does_not_speak_of() {
    assert_eq!(answering("Lunch is at noon.", &terms("roll back")), None);
    assert_eq!(answering("", &terms("roll back")), None);
    assert_eq!(answering("Lunch.", &[]), None);
}

proptest! {
    #[test]
    fn sentences_stand_in_the_passage_in_order_and_lose_no_word(
        text in prop::collection::vec("[a-z]{1,6}|[.!?] |\n|\n\n|- |# |```\n|\\| ", 0..40).prop_map(|parts| parts.join(" ")),
    ) {
        let cut = sentences(&text);
        let mut rest = text.as_str();
        for sentence in &cut {
            let at = rest.find(sentence);
            prop_assert!(at.is_some());
            rest = &rest[at.unwrap() + sentence.len()..];
        }
        let letters = |text: &str| text.chars().filter(char::is_ascii_lowercase).count();
        let fences: usize = text.lines().filter(|line| line.trim().starts_with("```")).map(letters).sum();
        prop_assert_eq!(cut.iter().map(|sentence| letters(sentence)).sum::<usize>(), letters(&text) - fences);
    }

    #[test]
    fn any_text_is_cut_and_every_score_is_a_share(text in "(?s).{0,200}", question in ".{0,40}") {
        for sentence in scored(&text, &terms(&question)) {
            prop_assert!((0.0..=1.0).contains(&sentence.score));
            prop_assert!(text.contains(sentence.text));
        }
    }
}
