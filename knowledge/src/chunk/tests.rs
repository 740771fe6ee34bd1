//! What holds for every document, and a few that are read closely.

use proptest::prelude::*;

use super::*;

const GUIDE: &str = "Before.\n\n# Deploy\n\nHow it goes.\n\n## Roll back `now`\n\nOne.\n\n### Deep\n\nTwo.\n\n## Forward\n\nThree.\n";

/// Makes each section long enough to be a passage.
fn long(markdown: &str) -> String {
    let more = "A sentence that says little. ".repeat(24);
    markdown.replace(".\n", &format!(". {more}\n"))
}

#[test]
fn a_passage_knows_the_headings_over_it() {
    let found = chunks(&long(GUIDE));

    let of = |word: &str| -> Vec<Vec<String>> {
        let with = found.iter().filter(|chunk| chunk.text.contains(word));
        with.map(|chunk| chunk.heading.clone()).collect()
    };
    assert_eq!(of("Before."), [Vec::<String>::new()]);
    assert_eq!(of("How it goes."), [["Deploy"]]);
    assert_eq!(of("One."), [["Deploy", "Roll back now"]]);
    assert_eq!(of("Two."), [["Deploy", "Roll back now", "Deep"]]);
    assert_eq!(of("Three."), [["Deploy", "Forward"]]);
}

#[test]
fn a_comment_in_code_is_no_heading() {
    let found = chunks("# Real\n\n```sh\n# not one\nmake\n```\n");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].heading, ["Real"]);
    assert_eq!(headings("    # indented\n"), []);
}

#[test]
fn code_that_fits_into_a_passage_stays_whole() {
    let code = format!("```sh\n{}```", "kubectl rollout undo deploy/api\n".repeat(20));
    let text = "Words before it. ".repeat(30);
    let found = chunks(&format!("# A\n\n{text}\n\n{code}\n\n{text}\n"));

    let whole = found.iter().filter(|chunk| chunk.text.contains(&code)).count();
    assert_eq!(whole, 1, "{found:#?}");
}

#[test]
fn nothing_gives_no_passage() {
    assert_eq!(chunks(""), []);
    assert_eq!(chunks(" \n\n\t\n"), []);
}

/// Documents with everything that is cut at, and characters of several bytes.
fn documents() -> impl Strategy<Value = String> {
    let block = prop_oneof![
        "[a-zäöü🚀 .]{0,400}",
        "#{1,6} [a-zA-Z ]{0,30}",
        "[a-z]{1,30}\n===",
        "```\n[a-z #\n]{0,900}\n```",
        "(- [a-z ]{0,60}\n){0,20}",
        "[a-z]{700,1700}",
        "\\PC{0,200}",
        "[|\\-a-z \n]{0,120}",
    ];
    prop::collection::vec(block, 0..12).prop_map(|blocks| blocks.join("\n\n"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn all_text_is_covered_in_order_and_nothing_is_too_long(document in documents()) {
        let found = chunks(&document);
        let (mut from, mut done) = (0, 0);
        for (chunk, at) in found.iter().zip(0..) {
            prop_assert_eq!(chunk.ordinal, at);
            prop_assert!(!chunk.text.trim().is_empty());
            prop_assert!(chunk.text.chars().count() <= MOST_CHARACTERS);
            // It is in the document, not before the one before it, and leaves out nothing but space.
            let candidates = document[from..].match_indices(chunk.text.as_str());
            let start = candidates
                .map(|(at, _)| from + at)
                .find(|start| start + chunk.text.len() > done);
            let Some(start) = start else {
                return Err(TestCaseError::fail(format!("{:?} is not in the rest", chunk.text)));
            };
            prop_assert!(document.get(done..start).is_none_or(|gap| gap.trim().is_empty()));
            done = start + chunk.text.len();
            from = start + chunk.text.chars().next().map_or(0, char::len_utf8);
        }
        prop_assert!(document[done..].trim().is_empty());
        prop_assert_eq!(found, chunks(&document));
    }

    #[test]
    fn headings_are_those_before_the_passage(levels in prop::collection::vec(1_usize..5, 1..12)) {
        let words = "word ".repeat(150);
        let section = |(at, level): (usize, &usize)| format!("{} h{at}\n\nbody{at} {words}\n\n", "#".repeat(*level));
        let document: String = levels.iter().enumerate().map(section).collect();

        for chunk in chunks(&document) {
            let Some(section) = (0..levels.len()).rfind(|at| chunk.text.contains(&format!("body{at} "))) else {
                continue;
            };
            // Written as a definition: a heading counts if none of its level or above comes between.
            let over: Vec<String> = (0..=section)
                .filter(|&at| (at + 1..=section).all(|later| levels[later] > levels[at]))
                .map(|at| format!("h{at}"))
                .collect();
            prop_assert_eq!(chunk.heading, over);
        }
    }
}
