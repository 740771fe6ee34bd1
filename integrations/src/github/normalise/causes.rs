//! Purpose: what a text says to be the reason of something: what a pull request takes back, what caused an incident.
//!
//! GitHub's *Revert* button writes `Reverts acme/api#7`, `git revert` writes `This reverts commit 9356736….`, and people
//! write the like by hand. An incident's text names its cause as `Root cause: 9356736`, the way the Four Keys project asks for.

use em_domain::pull_request::MAX_REFERENCES;

/// A text is read this far: what is behind it is a log or a listing.
const MAX_TEXT_BYTES: usize = 64 * 1024;
/// The shortest abbreviation of a commit that Git itself would write, and a full SHA-256 name.
const SHA_CHARS: std::ops::RangeInclusive<usize> = 7..=64;

/// What a pull request's text says that it takes back, each once, in its order.
pub(super) fn reverts(body: &str) -> Vec<String> {
    named_after(body, |words| match words {
        [verb, ..] if is_word(verb, &["reverts", "revert", "reverting"]) => Some(1),
        _ => None,
    })
}

/// What an incident's text says to be its cause, each once, in its order.
pub(super) fn causes(body: &str) -> Vec<String> {
    named_after(body, |words| match words {
        [root, cause, ..] if is_word(root, &["root"]) && is_word(cause, &["cause"]) => Some(2),
        [caused, by, ..] if is_word(caused, &["caused"]) && is_word(by, &["by"]) => Some(2),
        _ => None,
    })
}

/// The commits and pull requests that directly follow the words for which `opening` gives how many they are.
fn named_after(body: &str, opening: impl Fn(&[&str]) -> Option<usize>) -> Vec<String> {
    let end = body.floor_char_boundary(MAX_TEXT_BYTES);
    let words: Vec<&str> = body[..end].split_whitespace().collect();
    let mut found: Vec<String> = Vec::new();
    for at in 0..words.len() {
        let Some(taken) = opening(&words[at..]) else {
            continue;
        };
        let rest = words.get(at + taken..).unwrap_or_default();
        for word in rest.iter().copied().skip_while(|word| is_filler(word)) {
            let Some(name) = named(word) else { break };
            if found.len() < MAX_REFERENCES && !found.iter().any(|known| known == name) {
                found.push(name.to_owned());
            }
        }
    }
    found
}

fn is_word(word: &str, any: &[&str]) -> bool {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric());
    any.iter().any(|name| name.eq_ignore_ascii_case(word))
}

/// Words that may stand before the name.
fn is_filler(word: &str) -> bool {
    is_word(
        word,
        &[
            "commit", "commits", "pr", "pull", "request", "the", "merge", "is", "in", "sha",
        ],
    ) && named(word).is_none()
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
    fn what_is_taken_back_is_found_as_git_and_github_write_it() {
        let sha = "7b0c72e7e050c358172f9b53cbd21b9e44cf4931";
        assert_eq!(reverts(&format!("This reverts commit {sha}.")), [sha]);
        assert_eq!(reverts("Reverts atuinsh/atuin#3647"), ["atuinsh/atuin#3647"]);
        assert_eq!(reverts("Revert #591, #592 and more"), ["#591", "#592"]);
        assert_eq!(
            reverts(&format!("Some text.\n\nThis reverts commit {sha} (#12).")),
            [sha, "#12"]
        );
        assert_eq!(
            reverts("reverts https://github.com/acme/api/commit/1c2d3e4"),
            ["1c2d3e4"]
        );
    }

    #[test]
    fn other_names_are_not_taken_back() {
        for text in [
            "",
            "Revert the flag",
            "Fixes #7",
            "a decade reverts nothing",
            "reverts deadbeefs",
        ] {
            assert!(reverts(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn a_cause_is_named_after_its_words() {
        assert_eq!(causes("root cause: 9356736ca16c"), ["9356736ca16c"]);
        assert_eq!(causes("It was caused by acme/api#7."), ["acme/api#7"]);
        assert!(causes("Nobody knows the root of it. The cause is #7?").is_empty());
    }

    proptest! {
        #[test]
        fn whatever_is_written_gives_few_and_short_names(body in any::<String>()) {
            for found in [reverts(&body), causes(&body)] {
                prop_assert!(found.len() <= MAX_REFERENCES);
                prop_assert!(found.iter().all(|name| !name.is_empty() && name.len() <= 200));
            }
        }
    }
}
