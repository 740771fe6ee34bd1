//! Purpose: what a pull request's title and text refer to: tickets (`PAY-12`), issues (`#7`, `acme/api#7`), pages; and what it
//! says that it takes back.

use em_domain::delivery::taken_back;
use em_domain::pull_request::MAX_REFERENCES;

/// Longer ones are no references that a person would write.
const MAX_REFERENCE_BYTES: usize = 200;
/// A text is read this far: what is behind it is a log or a listing.
const MAX_TEXT_BYTES: usize = 64 * 1024;

/// The first references in the title and text, each once, in their order.
pub(crate) fn references(title: &str, body: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for text in [title, body] {
        let end = text.floor_char_boundary(MAX_TEXT_BYTES);
        for word in text[..end].split(is_between).filter_map(reference) {
            if found.len() == MAX_REFERENCES {
                return found;
            }
            if !found.iter().any(|known| known == word) {
                found.push(word.to_owned());
            }
        }
    }
    found
}

/// What the title and the beginning of the text say that it takes back.
pub(crate) fn reverts(title: &str, text: &str) -> Vec<String> {
    let end = text.floor_char_boundary(MAX_TEXT_BYTES);
    let mut named = taken_back(title, &text[..end]);
    named.truncate(MAX_REFERENCES);
    named
}

/// What stands between words; an address ends there too, also in Markdown and HTML.
fn is_between(c: char) -> bool {
    c.is_whitespace() || c.is_control() || "()[]{}<>\"'`|,;*!".contains(c)
}

/// The reference that a word is.
fn reference(word: &str) -> Option<&str> {
    let word = word.trim_end_matches(['.', ':', '?']);
    if word.len() > MAX_REFERENCE_BYTES {
        return None;
    }
    let is_page = ["https://", "http://"]
        .iter()
        .any(|scheme| word.strip_prefix(scheme).is_some_and(|rest| rest.contains('.')));
    if is_page || is_issue(word) {
        return Some(word);
    }
    // A key may stand at either side of a slash or underscore: `feature/PAY-12_retry`.
    word.split(['/', '_', ':', '#', '.', '='])
        .find(|part| is_key(part))
}

/// `#7`, `acme/api#7`.
fn is_issue(word: &str) -> bool {
    word.rsplit_once('#').is_some_and(|(before, number)| {
        is_number(number)
            && (before.is_empty() || before.split('/').filter(|part| !part.is_empty()).count() == 2)
    })
}

/// `PAY-12`.
fn is_key(word: &str) -> bool {
    word.split_once('-').is_some_and(|(project, number)| {
        project.len() >= 2
            && project.starts_with(|c: char| c.is_ascii_alphabetic())
            && project.bytes().all(|b| b.is_ascii_alphanumeric())
            && is_number(number)
    })
}

fn is_number(text: &str) -> bool {
    (1..=9).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tickets_issues_and_pages_are_found_wherever_they_stand() {
        let text = "Fixes #7, closes acme/web#12.\nSee [the page](https://acme.example/browse/X-1?a=b) \
                    and `feature/PAY-12_retry`; PAY-12 again, **OPS-3**. Not a-b, UTF-, -8, #x or 3-4.";
        assert_eq!(
            references("PAY-9: retry", text),
            [
                "PAY-9",
                "#7",
                "acme/web#12",
                "https://acme.example/browse/X-1?a=b",
                "PAY-12",
                "OPS-3"
            ]
        );
        assert!(references("Retry", "").is_empty());
    }

    #[test]
    fn a_listing_gives_no_more_than_a_few() {
        let many: Vec<String> = (0..500).map(|number| format!("#{number}")).collect();
        assert_eq!(references("", &many.join(" ")).len(), MAX_REFERENCES);
        assert!(references("", &format!("{}PAY-1", "é".repeat(MAX_TEXT_BYTES))).is_empty());
    }

    proptest! {
        #[test]
        fn whatever_is_written_gives_few_and_short_references(title in any::<String>(), body in any::<String>()) {
            let found = references(&title, &body);
            prop_assert!(found.len() <= MAX_REFERENCES);
            prop_assert!(found.iter().all(|word| !word.is_empty() && word.len() <= MAX_REFERENCE_BYTES));
        }
    }
}
