//! Purpose: what an incident's text names as its cause, as the Four Keys project asks people to write it:
//! `Root cause: 9356736`.

use em_domain::pull_request::MAX_REFERENCES;

/// A text is read this far: what is behind it is a log or a listing.
const MAX_TEXT_BYTES: usize = 64 * 1024;
/// The shortest abbreviation of a commit that Git itself would write, and a full SHA-256 name.
const SHA_CHARS: std::ops::RangeInclusive<usize> = 7..=64;

/// The commits and pull requests that directly follow `root cause` or `caused by`, each once, in their order.
pub(super) fn causes(body: &str) -> Vec<String> {
    let end = body.floor_char_boundary(MAX_TEXT_BYTES);
    let words: Vec<&str> = body[..end].split_whitespace().collect();
    let mut found: Vec<String> = Vec::new();
    for (at, pair) in words.windows(2).enumerate() {
        if !is_pair(pair, ["root", "cause"]) && !is_pair(pair, ["caused", "by"]) {
            continue;
        }
        let rest = words.iter().skip(at + 2).copied();
        for name in rest.skip_while(|word| is_filler(word)).map_while(named) {
            if found.len() < MAX_REFERENCES && !found.iter().any(|known| known == name) {
                found.push(name.to_owned());
            }
        }
    }
    found
}

fn is_pair(words: &[&str], expected: [&str; 2]) -> bool {
    let bare = |word: &&str| word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    words
        .iter()
        .map(bare)
        .eq(expected.iter().map(|word| (*word).to_owned()))
}

/// Words that may stand before the name.
fn is_filler(word: &str) -> bool {
    const FILLERS: [&str; 8] = ["commit", "pr", "pull", "request", "the", "merge", "is", "in"];
    let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
    FILLERS.iter().any(|filler| filler.eq_ignore_ascii_case(bare))
}

/// The commit or pull request that a word is: a SHA, `#7`, `acme/api#7`, or the address of a commit.
fn named(word: &str) -> Option<&str> {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric() && c != '#');
    let last = word.rsplit('/').next().unwrap_or(word);
    if is_sha(last) {
        return Some(last);
    }
    let (before, number) = word.rsplit_once('#')?;
    let is_number = (1..=9).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
    let is_place = before.is_empty() || before.split('/').filter(|part| !part.is_empty()).count() == 2;
    (is_number && is_place && word.len() <= 200).then_some(word)
}

fn is_sha(word: &str) -> bool {
    SHA_CHARS.contains(&word.len())
        && word
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        && word.bytes().any(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_cause_is_named_after_its_words() {
        assert_eq!(causes("root cause: 9356736ca16c"), ["9356736ca16c"]);
        assert_eq!(causes("It was caused by acme/api#7."), ["acme/api#7"]);
        assert_eq!(
            causes("Root cause is commit 9356736, #7 and rain"),
            ["9356736", "#7"]
        );
        assert!(causes("Nobody knows the root of it. The cause is #7?").is_empty());
    }

    proptest! {
        #[test]
        fn whatever_is_written_gives_few_and_short_names(body in any::<String>()) {
            let found = causes(&body);
            prop_assert!(found.len() <= MAX_REFERENCES);
            prop_assert!(found.iter().all(|name| !name.is_empty() && name.len() <= 200));
        }
    }
}
