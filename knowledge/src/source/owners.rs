//! Purpose: who answers for a file, by the repository's CODEOWNERS
//! (<https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners>):
//! patterns as in `.gitignore`, of which the last that fits counts.

use std::collections::HashMap;
use std::path::Path;

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// Where the file may be.
const PLACES: [&str; 3] = [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"];

/// Who answers for which files.
pub(super) struct Owners {
    patterns: Gitignore,
    owners: HashMap<String, Vec<String>>,
}

impl Owners {
    /// Of a folder; nobody where it has no such file.
    pub(super) fn of(folder: &Path) -> Self {
        let text = PLACES
            .iter()
            .find_map(|place| std::fs::read_to_string(folder.join(place)).ok());
        Self::parse(&text.unwrap_or_default())
    }

    fn parse(text: &str) -> Self {
        let mut builder = GitignoreBuilder::new("");
        let mut owners = HashMap::new();
        for line in text.lines() {
            let line = line.split(" #").next().unwrap_or_default();
            let mut words = line.split_whitespace();
            let Some(pattern) = words.next().filter(|word| !word.starts_with(['#', '!', '['])) else {
                continue;
            };
            if builder.add_line(None, pattern).is_ok() {
                owners.insert(pattern.to_owned(), words.map(str::to_owned).collect());
            }
        }
        Self {
            patterns: builder.build().unwrap_or_else(|_| Gitignore::empty()),
            owners,
        }
    }

    /// Who answers for a file, by its path in the folder.
    pub(super) fn of_file(&self, name: &str) -> Vec<String> {
        match self.patterns.matched_path_or_any_parents(name, false) {
            Match::Ignore(glob) => self.owners.get(glob.original()).cloned().unwrap_or_default(),
            Match::None | Match::Whitelist(_) => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_pattern_that_fits_names_the_owners() {
        let owners = Owners::parse("# who\n* @acme/all\n/docs/ @ana @ben # both\n*.rst ana@example.com\n/docs/free\n");
        assert_eq!(owners.of_file("src/lib.md"), ["@acme/all"]);
        assert_eq!(owners.of_file("docs/a/b.md"), ["@ana", "@ben"]);
        assert_eq!(owners.of_file("docs/a.rst"), ["ana@example.com"]);
        assert!(owners.of_file("docs/free/x.md").is_empty());
        assert!(Owners::parse("").of_file("x.md").is_empty());
    }
}
