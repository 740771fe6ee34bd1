//! Purpose: what the title and text of a pull request say: that it takes another back, that it mends, that users will not
//! notice it.

/// Types of conventional commits that mend.
const FIXES: [&str; 3] = ["fix", "hotfix", "bugfix"];
/// Types of conventional commits that change nothing for users.
const NEUTRAL: [&str; 8] = [
    "docs", "test", "chore", "ci", "build", "style", "refactor", "types",
];
/// Beginnings of titles that say the same without being conventional.
const NEUTRAL_BEGINNINGS: [&str; 6] = ["bump", "chore", "docs", "test", "ci", "build"];

/// Whether the title says that something is taken back.
pub(super) fn is_revert(title: &str) -> bool {
    title.trim_start().to_lowercase().starts_with("revert")
}

/// Whether the title says that something is mended.
pub(super) fn is_fix(title: &str) -> bool {
    let title = title.trim_start().to_lowercase();
    conventional_type(&title).is_some_and(|kind| FIXES.contains(&kind))
        || title.starts_with("fix")
        || title.starts_with("revert")
}

/// Whether the title says that users will not notice.
pub(super) fn is_neutral(title: &str) -> bool {
    let title = title.trim_start().to_lowercase();
    conventional_type(&title).is_some_and(|kind| NEUTRAL.contains(&kind))
        || NEUTRAL_BEGINNINGS.iter().any(|word| title.starts_with(word))
}

/// `fix` of `fix(api)!: a sign`.
fn conventional_type(title: &str) -> Option<&str> {
    let (head, _) = title.split_once(':')?;
    let head = head.trim_end_matches('!');
    let kind = match head.split_once('(') {
        Some((kind, scope)) if scope.ends_with(')') => kind,
        Some(_) => return None,
        None => head,
    };
    let is_word = !kind.is_empty() && kind.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    is_word.then_some(kind)
}

/// What a pull request says that it takes back, for [`Change::reverts`](super::Change): commits (`3fdd4f4...`), numbers (`#12`,
/// `acme/api#12`), and the title within `Revert "..."`. Empty where it says nothing of the kind.
pub fn taken_back(title: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let named = is_revert(title).then_some(title);
    let lines = named.into_iter().chain(text.lines());
    for line in lines.filter(|line| line.to_lowercase().contains("revert")) {
        for word in line.split(|c: char| c.is_whitespace() || "\"'`(),;".contains(c)) {
            let word = word.trim_matches(['.', ':', '<', '>', '[', ']']);
            if is_commit(word) || is_number(word) {
                found.push(word.to_owned());
            }
        }
    }
    found.extend(named.and_then(quoted).map(str::to_owned));
    let mut seen = std::collections::BTreeSet::new();
    found.retain(|one| seen.insert(one.clone()));
    found
}

/// The title within `Revert "..."`, without the number that a squash puts behind it.
fn quoted(title: &str) -> Option<&str> {
    let (_, rest) = title.split_once('"')?;
    let (inner, _) = rest.rsplit_once('"')?;
    Some(without_number(inner)).filter(|inner| !inner.is_empty())
}

/// A title without ` (#12)` at its end.
pub(super) fn without_number(title: &str) -> &str {
    let title = title.trim();
    let bare = title
        .strip_suffix(')')
        .and_then(|title| title.rsplit_once(" (#"))
        .filter(|(_, number)| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()));
    bare.map_or(title, |(bare, _)| bare.trim_end())
}

/// Whether a word can be a commit: 7 to 40 hexadecimal digits, of which one is a digit so that it is no word.
pub(super) fn is_commit(word: &str) -> bool {
    (7..=40).contains(&word.len())
        && word.bytes().all(|b| b.is_ascii_hexdigit())
        && word.bytes().any(|b| b.is_ascii_digit())
}

fn is_number(word: &str) -> bool {
    number(word).is_some()
}

/// The repository, where it is named, and the number of `#12` or `acme/api#12`.
pub(super) fn number(word: &str) -> Option<(Option<&str>, i64)> {
    let (repository, number) = word.rsplit_once('#')?;
    let number = number.parse().ok().filter(|n: &i64| *n > 0)?;
    match repository {
        "" => Some((None, number)),
        named => named.contains('/').then_some((Some(named), number)),
    }
}
