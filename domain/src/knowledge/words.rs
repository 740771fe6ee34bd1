//! Purpose: what a word is, the same for what is indexed and what is asked, and so on both databases.

use std::borrow::Cow;

/// A word of more characters is no word that people ask for: a key, a picture written as text.
const MAX_LENGTH: usize = 64;

/// The words of `text` in order: runs of letters and digits in lower case. Scripts that are written without spaces
/// give one word per character.
pub fn words(text: &str) -> impl Iterator<Item = Cow<'_, str>> {
    runs(text).map(lower)
}

/// The words of `text` with one space between them. Of punctuation and operators nothing is left.
pub fn normalised(text: &str) -> String {
    let mut normalised = String::with_capacity(text.len());
    for word in words(text) {
        if !normalised.is_empty() {
            normalised.push(' ');
        }
        normalised.push_str(&word);
    }
    normalised
}

/// The words that identifiers in `text` are made of, where [`words`] keeps them in one: `getUserName` gives
/// `get user name`.
pub fn identifier_parts(text: &str) -> Vec<String> {
    runs(text).flat_map(humps).collect()
}

/// The words in camelCase `word`, or none if it is only one.
fn humps(word: &str) -> Vec<String> {
    if !word.chars().skip(1).any(char::is_uppercase) {
        return Vec::new();
    }
    let letters: Vec<(usize, char)> = word.char_indices().collect();
    let begins = |at: usize| {
        let (before, here) = (letters[at - 1].1, letters[at].1);
        let next_is_lower = letters.get(at + 1).is_some_and(|(_, next)| next.is_lowercase());
        here.is_uppercase() && (!before.is_uppercase() || next_is_lower)
    };
    let mut cuts: Vec<usize> = (1..letters.len())
        .filter(|at| begins(*at))
        .map(|at| letters[at].0)
        .collect();
    if cuts.is_empty() {
        return Vec::new();
    }
    cuts.insert(0, 0);
    cuts.push(word.len());
    let hump = |cut: &[usize]| lower(&word[cut[0]..cut[1]]).into_owned();
    cuts.windows(2).map(hump).collect()
}

/// The same word in its plainest form, so that `deploys`, `deployed` and `deploying` are alike. Coarser than what the
/// databases do, and only for comparing texts that were found.
pub fn plain(word: &str) -> &str {
    const ENDINGS: [&str; 7] = ["ings", "ing", "ies", "ed", "es", "s", "e"];
    const SHORTEST: usize = 3;
    let stem = |ending: &&str| {
        word.strip_suffix(*ending)
            .filter(|stem| stem.len() >= SHORTEST && !stem.ends_with('s'))
    };
    ENDINGS.iter().find_map(stem).unwrap_or(word)
}

/// The run in lower case. Some letters become two, of which the second is a mark and no letter.
fn lower(run: &str) -> Cow<'_, str> {
    if run
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    {
        return Cow::Borrowed(run);
    }
    let mut lower = run.to_lowercase();
    if !lower.is_ascii() {
        lower.retain(char::is_alphanumeric);
    }
    Cow::Owned(lower)
}

/// Runs of letters and digits, as they are written, without those that are too long to be words.
fn runs(text: &str) -> impl Iterator<Item = &str> {
    let pieces = text.split(|c: char| !c.is_alphanumeric()).flat_map(by_script);
    pieces.filter(|run| run.len() <= MAX_LENGTH || run.chars().count() <= MAX_LENGTH)
}

/// `run` in one piece, or each character that is a word of its own apart.
fn by_script(run: &str) -> impl Iterator<Item = &str> {
    let mut rest = run;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let end = if rest.is_ascii() {
            rest.len()
        } else if is_own_word(first) {
            first.len_utf8()
        } else {
            rest.find(is_own_word).unwrap_or(rest.len())
        };
        let (piece, after) = rest.split_at(end);
        rest = after;
        Some(piece)
    })
}

/// Whether the script puts no space between words: Chinese, Japanese, Thai.
fn is_own_word(c: char) -> bool {
    matches!(c, '\u{0e00}'..='\u{0e7f}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{2fa1f}')
}
