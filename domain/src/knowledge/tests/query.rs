//! Purpose: what a question's terms are, whatever is asked.

use proptest::prelude::*;

use crate::knowledge::query::{MAX_TERMS, Term, TermKind, coverage, terms};
use crate::knowledge::words::{identifier_parts, normalised, plain};

fn texts(question: &str) -> Vec<String> {
    terms(question).iter().map(Term::text).collect()
}

#[test]
fn words_that_every_question_has_are_dropped() {
    assert_eq!(
        texts("How do I roll back a release?"),
        ["roll", "back", "release"]
    );
    assert_eq!(texts("what is it"), [""; 0]);
}

#[test]
fn what_is_quoted_stays_together() {
    assert_eq!(
        texts("why \"connection refused\" today"),
        ["connection refused", "connection", "refused", "today"]
    );
    assert_eq!(terms("\u{201c}on call\u{201d}")[0].kind, TermKind::Quoted);
    assert_eq!(texts("an open \"mark stays"), ["open", "mark", "stays"]);
}

#[test]
fn identifiers_are_searched_whole_and_in_parts() {
    assert_eq!(texts("getUserName"), ["getusername", "user", "name"]);
    assert_eq!(texts("max_pool_size"), ["max pool size", "max", "pool", "size"]);
    assert_eq!(
        texts("app.config.HTTPPort"),
        ["app config httpport", "app", "config", "httpport", "http", "port"]
    );
    assert_eq!(texts("on-call rota"), ["on call", "call", "rota"]);
    assert_eq!(texts("don't what's"), [""; 0]);
}

#[test]
fn any_question_gives_few_plain_terms() {
    assert_eq!(terms(""), []);
    assert_eq!(terms("\u{1f600} \u{1f680}\u{fe0f} !!"), []);
    let long: Vec<String> = (0..1_000).map(|n| format!("w{n}")).collect();
    assert_eq!(terms(&long.join(" ")).len(), MAX_TERMS);
    assert_eq!(texts(&"x".repeat(5_000)), [""; 0]);
}

#[test]
fn the_index_has_the_words_of_identifiers() {
    assert_eq!(
        normalised("Call `getUserName(id)`; see a/b-c.rs!"),
        "call getusername id see a b c rs"
    );
    assert_eq!(
        identifier_parts("call getUserName or parseHTML5 or plain"),
        ["get", "user", "name", "parse", "html5"]
    );
    assert_eq!(normalised("\u{90e8}\u{7f72}ok"), "\u{90e8} \u{7f72} ok");
}

#[test]
fn forms_of_one_word_are_alike() {
    for word in ["deploys", "deployed", "deploying"] {
        assert_eq!(plain(word), "deploy");
    }
    assert_eq!(plain("services"), plain("service"));
    assert_eq!(
        (plain("class"), plain("is"), plain("bed")),
        ("class", "is", "bed")
    );
}

#[test]
fn coverage_is_the_share_of_terms_that_are_there() {
    let asked = terms("roll back the deploys");
    assert!((coverage(&asked, "To roll it back, deploy the older one.") - 1.0).abs() < 1e-9);
    assert!((coverage(&asked, "Deployed.") - 1.0 / 3.0).abs() < 1e-9);
    assert!(coverage(&[], "anything").abs() < 1e-9);
    assert!((coverage(&[Term::word("user")], "getUserName") - 1.0).abs() < 1e-9);
}

proptest! {
    #[test]
    fn terms_are_letters_and_digits_in_lower_case_each_once(question in "(?s).{0,200}") {
        let found = terms(&question);
        prop_assert!(found.len() <= MAX_TERMS);
        for (at, term) in found.iter().enumerate() {
            prop_assert!(!term.words.is_empty());
            prop_assert!(found[at + 1..].iter().all(|other| other.words != term.words));
            prop_assert_eq!(normalised(&term.text()), term.text());
        }
    }

    #[test]
    fn a_text_covers_its_own_terms(text in "[a-zA-Z_. ]{0,80}") {
        let asked = terms(&text);
        let expected = if asked.is_empty() { 0.0 } else { 1.0 };
        prop_assert!((coverage(&asked, &text) - expected).abs() < 1e-9);
    }
}
