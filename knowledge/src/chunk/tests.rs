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

#[test]
fn a_long_document_is_cut_at_its_headings() {
    let section = |number: usize| format!("# Part {number}\n\n{}\n\n", "It goes on and on. ".repeat(250));
    let document: String = (0..8).map(section).collect();
    let headings = headings(&document);

    let found = pieces(&document, &headings);

    assert_eq!(found.len(), 8);
    for (number, (start, piece)) in found.iter().enumerate() {
        assert!(piece.starts_with(&format!("# Part {number}\n")));
        assert_eq!(*start, headings[number].start);
    }
}

#[test]
fn one_word_of_many_kilobytes_is_cut_as_well() {
    let word = "ä".repeat(20_000);
    let found = chunks(&word);
    let most = found.iter().map(|chunk| chunk.text.chars().count()).max();
    assert_eq!(most, Some(MOST_CHARACTERS));
    assert!(
        pieces(&word, &[])
            .iter()
            .all(|(_, piece)| piece.len() <= PIECE_BYTES)
    );
    assert_eq!(
        pieces(&word, &[])
            .iter()
            .map(|(_, piece)| *piece)
            .collect::<String>(),
        word
    );
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
    let blocks = prop_oneof![
        9 => prop::collection::vec(block.clone(), 0..12),
        1 => prop::collection::vec(block, 40..60),
    ];
    blocks.prop_map(|blocks| blocks.join("\n\n"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn all_text_is_covered_in_order_and_nothing_is_too_long(document in documents()) {
        let found = located(&document);
        let (mut begun, mut done) = (0, 0);
        for ((start, chunk), at) in found.iter().zip(0..) {
            let end = start + chunk.text.len();
            prop_assert_eq!(&document[*start..end], &chunk.text);
            prop_assert_eq!(chunk.ordinal, at);
            prop_assert!(!chunk.text.trim().is_empty());
            prop_assert!(chunk.text.chars().count() <= MOST_CHARACTERS);
            // Nothing but space is left out, and each goes further than the one before.
            prop_assert!(*start >= begun && end > done);
            prop_assert!(document.get(done..*start).is_none_or(|gap| gap.trim().is_empty()));
            prop_assert!(done.saturating_sub(*start) <= OVERLAP * 4);
            (begun, done) = (*start, end);
        }
        prop_assert!(document[done..].trim().is_empty());
        prop_assert_eq!(found, located(&document));
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
