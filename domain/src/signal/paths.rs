//! Purpose: which files a pull request changes, and patterns of their paths.

use globset::{Candidate, GlobBuilder, GlobSet, GlobSetBuilder};
use serde::{Deserialize, Serialize};

use crate::pull_request::PullRequestKey;

/// The files that an open pull request changes, as of one commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedFiles {
    /// Which one.
    pub key: PullRequestKey,
    /// The newest commit when they were asked for.
    pub head_sha: String,
    /// Their paths from the root of the repository; of a file that was moved, the old and the new one.
    pub paths: Vec<String>,
    /// There are more, which the forge does not tell.
    pub is_truncated: bool,
}

/// Patterns of paths, as the `paths` of GitHub's workflows: `*` and `?` stay within a folder, `**` goes through
/// folders, a pattern that begins with `!` takes back, and of all that match the last one decides. What ends in `/` is
/// everything in that folder. Letters count as they are written. Two lists are equal if they are written alike.
#[derive(Debug, Clone, Default)]
pub struct PathPatterns {
    written: Vec<String>,
    globs: GlobSet,
}

impl PartialEq for PathPatterns {
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written
    }
}

impl Eq for PathPatterns {}

/// Why a list is none of patterns.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoPatterns {
    /// One of them cannot be read.
    #[error("{0}")]
    Unreadable(String),
    /// They only take back, and there is nothing to take back from.
    #[error(
        "every pattern begins with `!`, so none of them covers a file; write what they are taken from first: '**'"
    )]
    OnlyExceptions,
}

impl PathPatterns {
    /// Reads patterns.
    ///
    /// # Errors
    /// Why they cannot be used.
    pub fn new(written: Vec<String>) -> Result<Self, NoPatterns> {
        let unreadable = |error: globset::Error| NoPatterns::Unreadable(error.to_string());
        if !written.is_empty() && written.iter().all(|pattern| takes_back(pattern)) {
            return Err(NoPatterns::OnlyExceptions);
        }
        let mut globs = GlobSetBuilder::new();
        for pattern in &written {
            let mut glob = pattern.trim_start_matches('!').trim_start_matches('/').to_owned();
            if glob.ends_with('/') {
                glob.push_str("**");
            }
            let glob = GlobBuilder::new(&glob).literal_separator(true).build();
            globs.add(glob.map_err(unreadable)?);
        }
        let globs = globs.build().map_err(unreadable)?;
        Ok(Self { written, globs })
    }

    /// As they are written.
    pub fn written(&self) -> &[String] {
        &self.written
    }

    /// Whether there are none, which narrows nothing.
    pub fn is_empty(&self) -> bool {
        self.written.is_empty()
    }

    /// Whether one of `paths` is covered.
    pub fn cover_any(&self, paths: &[String]) -> bool {
        let mut matching = Vec::new();
        paths.iter().any(|path| {
            self.globs
                .matches_candidate_into(&Candidate::new(path), &mut matching);
            let last = matching.iter().max().and_then(|index| self.written.get(*index));
            last.is_some_and(|pattern| !takes_back(pattern))
        })
    }
}

fn takes_back(pattern: &str) -> bool {
    pattern.starts_with('!')
}
