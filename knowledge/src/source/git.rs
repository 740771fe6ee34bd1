//! Purpose: what Git knows of a folder: when a file last changed and by whom, and where it can be read on the forge. A
//! copy of a repository has no useful times of its own: all files are as old as the copy.

use std::collections::HashMap;
use std::path::Path;
use std::process::{Command, Stdio};

use chrono::{DateTime, Utc};

/// The last change of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    /// When.
    pub(super) at: DateTime<Utc>,
    /// By whom.
    pub(super) author: String,
}

/// What is known of the files of a folder; nothing where it is no repository, or there is no Git.
#[derive(Debug, Default)]
pub(super) struct History {
    changes: HashMap<String, Change>,
    /// What a file's name is put after for its page.
    pages: Option<String>,
}

impl History {
    pub(super) fn of(folder: &Path) -> Self {
        let log = git(
            folder,
            &["log", "--no-renames", "--relative", "--name-only", "--format=%x01%ct %an"],
        );
        let Some(log) = log else {
            return Self::default();
        };
        let prefix = git(folder, &["rev-parse", "--show-prefix"]).unwrap_or_default();
        let pages = git(folder, &["remote", "get-url", "origin"])
            .and_then(|remote| pages(remote.trim()))
            .map(|pages| format!("{pages}{}", prefix.trim()));
        Self {
            changes: changes(&log),
            pages,
        }
    }

    pub(super) fn last_change(&self, name: &str) -> Option<&Change> {
        self.changes.get(name)
    }

    pub(super) fn url(&self, name: &str) -> Option<String> {
        let pages = self.pages.as_ref().filter(|_| self.changes.contains_key(name))?;
        let mut url = url::Url::parse(pages).ok()?;
        url.path_segments_mut()
            .ok()?
            .pop_if_empty()
            .extend(name.split('/'));
        Some(url.into())
    }
}

/// What `git` prints; nothing if it fails. It reads no configuration of the repository that names programs to run.
fn git(folder: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git")
        .args(["-c", "core.quotePath=false", "-c", "core.fsmonitor=false"])
        .args(arguments)
        .current_dir(folder)
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("GIT_TERMINAL_PROMPT", "0")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The newest change comes first, so the first time a file is named counts.
fn changes(log: &str) -> HashMap<String, Change> {
    let mut changes = HashMap::new();
    let mut current = None;
    for line in log.lines().filter(|line| !line.is_empty()) {
        if let Some(head) = line.strip_prefix('\u{1}') {
            current = head.split_once(' ').and_then(|(seconds, author)| {
                Some(Change {
                    at: DateTime::from_timestamp(seconds.parse().ok()?, 0)?,
                    author: author.to_owned(),
                })
            });
        } else if let Some(change) = &current {
            changes.entry(line.to_owned()).or_insert_with(|| change.clone());
        }
    }
    changes
}

/// Where the forge shows files: `https://github.com/acme/api/blob/HEAD/`.
fn pages(remote: &str) -> Option<String> {
    let https = match remote.strip_prefix("git@").and_then(|rest| rest.split_once(':')) {
        Some((host, path)) => format!("https://{host}/{path}"),
        None => remote.to_owned(),
    };
    let mut url = url::Url::parse(&https).ok()?;
    let infix = match url.host_str()? {
        host if host.contains("github") => "blob",
        host if host.contains("gitlab") => "-/blob",
        _ => return None,
    };
    // An address with a password in it is not for showing.
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    url.set_scheme("https").ok()?;
    let base = url.as_str().trim_end_matches('/').trim_end_matches(".git").to_owned();
    Some(format!("{base}/{infix}/HEAD/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_change_of_a_file_counts() {
        let log = "\u{1}200 Ben K\n\ndocs/a.md\n\u{1}100 Ana Ruiz\n\ndocs/a.md\nb.md\n";
        let changes = changes(log);
        assert_eq!(changes["docs/a.md"].author, "Ben K");
        assert_eq!(changes["b.md"].at.timestamp(), 100);
    }

    #[test]
    fn a_file_has_a_page_on_its_forge() {
        let github = Some("https://github.com/acme/api/blob/HEAD/".to_owned());
        assert_eq!(pages("https://github.com/acme/api.git"), github);
        assert_eq!(pages("git@github.com:acme/api.git"), github);
        assert_eq!(pages("https://ana:secret@github.com/acme/api"), github);
        assert_eq!(
            pages("https://gitlab.example.com/acme/api.git"),
            Some("https://gitlab.example.com/acme/api/-/blob/HEAD/".to_owned())
        );
        assert_eq!(pages("/srv/git/api.git"), None);
    }
}
