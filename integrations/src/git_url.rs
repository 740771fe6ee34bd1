//! Purpose: which repository an address of a Git remote names.

use em_domain::id::RepositoryName;

/// The repository behind an address as Git takes it: `https://host/owner/name.git`, `ssh://git@host:22/owner/name`,
/// `git@host:owner/name.git`. GitLab's groups may lie within groups. `None` where it names none: a chart's registry, a folder.
pub(crate) fn repository(address: &str) -> Option<RepositoryName> {
    let address = address.trim();
    let path = match address.split_once("://") {
        Some((scheme, rest)) => {
            ["https", "http", "ssh", "git", "git+ssh"]
                .contains(&scheme)
                .then_some(())?;
            rest.split_once('/')?.1
        }
        // The short form of SSH: a host, a colon, and a path.
        None => {
            address
                .split_once(':')
                .filter(|(host, _)| !host.is_empty() && !host.contains('/'))?
                .1
        }
    };
    let path = path.split(['?', '#']).next()?.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    // Bitbucket's own server puts this before every path.
    let path = path.strip_prefix("scm/").unwrap_or(path);
    let parts = path.split('/').count();
    let is_path = parts >= 2
        && path
            .split('/')
            .all(|part| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || "-_.~".contains(c)));
    is_path.then(|| RepositoryName::from(path))
}

/// Whether a revision is a Git commit, and no version of a chart or number of Subversion.
pub(crate) fn is_commit(revision: &str) -> bool {
    matches!(revision.len(), 40 | 64) && revision.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_repository_is_read_from_every_form_of_an_address() {
        for address in [
            "https://github.com/acme/api",
            "https://github.com/acme/api.git",
            "https://token@github.com/acme/api.git/",
            "http://git.acme.example:8080/acme/api?x=1",
            "ssh://git@git.acme.example:2222/acme/api.git",
            "git@github.com:acme/api.git",
            "git://github.com/acme/api.git",
            "https://bitbucket.acme.example/scm/acme/api.git",
        ] {
            assert_eq!(repository(address), Some("acme/api".into()), "{address}");
        }
        let nested = repository("git@gitlab.com:acme/platform/api.git");
        assert_eq!(nested, Some("acme/platform/api".into()));
    }

    #[test]
    fn what_names_no_repository_is_none() {
        for address in [
            "",
            "api",
            "ghcr.io/acme/charts",
            "https://charts.acme.example/stable",
            "oci://ghcr.io/acme/charts",
            "file:///srv/git/acme/api",
            "/srv/git/acme/api",
            "git@github.com:",
            "https://github.com/acme//api",
            "https://github.com/acme/<!channel>",
        ] {
            assert_eq!(repository(address), None, "{address}");
        }
    }

    #[test]
    fn only_full_names_of_commits_are_commits() {
        assert!(is_commit("94fcc5e8673e0d2d7fbca6b1c6c455ba308314fc"));
        for revision in ["", "6.9.2", "4", "94fcc5e", "HEAD"] {
            assert!(!is_commit(revision), "{revision}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_written_gives_a_path_or_nothing(address in any::<String>()) {
            if let Some(name) = repository(&address) {
                prop_assert!(name.as_str().split('/').count() >= 2 && !name.as_str().contains(char::is_whitespace));
            }
        }
    }
}
