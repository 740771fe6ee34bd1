//! Purpose: what a place of documents is, by what people write: an address or a path. Nothing is asked: an address says by
//! itself what it is.

use std::path::Path;

use em_domain::knowledge::SourceKind;
use url::{Host, Url};

use super::SourceError;

/// The longest address that is kept, in characters.
const LONGEST: usize = 2_000;

/// A place that documents may be read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// What kind of place it is.
    pub kind: SourceKind,
    /// Where: an address in one way of writing it, or a full path.
    pub location: String,
}

/// The place that `text` names: an address, or else a path of this machine, which must be there.
///
/// # Errors
/// There is no such path, or it is no address that documents are read from.
pub fn located(text: &str) -> Result<Place, SourceError> {
    if is_address(text) {
        return addressed(text);
    }
    let missing = || SourceError::Missing(text.to_owned());
    // The program may be started elsewhere next time.
    let full = Path::new(text).canonicalize().map_err(|_| missing())?;
    Ok(Place {
        kind: kind_of(&full).ok_or_else(missing)?,
        location: full.display().to_string(),
    })
}

/// Whether `text` is an address and no path of a machine.
pub fn is_address(text: &str) -> bool {
    text.contains("://")
}

/// The place at an address.
///
/// # Errors
/// It is no address that documents are read from.
pub fn addressed(text: &str) -> Result<Place, SourceError> {
    let no = |why: &str| SourceError::NotAnAddress {
        text: text.chars().take(200).collect(),
        why: why.to_owned(),
    };
    let mut url = Url::parse(text.trim()).map_err(|_| no("cannot be read as an address"))?;
    if !["http", "https"].contains(&url.scheme()) {
        return Err(no("does not begin with https:// or http://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(no(
            "has a name or a password in it, which would be shown to others",
        ));
    }
    url.set_fragment(None);
    if url.as_str().len() > LONGEST {
        return Err(no("is too long"));
    }
    let kind = recognised(&mut url);
    if kind == SourceKind::Page && is_atlassian(&url) {
        return Err(no(
            "cannot be read by itself; name a space, https://SITE.atlassian.net/wiki/spaces/KEY, or a project, \
             https://SITE.atlassian.net/browse/KEY",
        ));
    }
    let location = if kind == SourceKind::Page {
        url.to_string()
    } else {
        url.as_str().trim_end_matches('/').to_owned()
    };
    Ok(Place { kind, location })
}

/// The kind of place, whose address is brought into the form in which it is kept.
fn recognised(url: &mut Url) -> SourceKind {
    let found = repository(url)
        .map(|path| (SourceKind::Github, "github.com".to_owned(), path))
        .or_else(|| atlassian(url));
    let Some((kind, host, path)) = found else {
        return SourceKind::Page;
    };
    let _ = url.set_scheme("https");
    let _ = url.set_host(Some(&host));
    url.set_path(&path);
    url.set_query(None);
    kind
}

/// A space of Confluence or a project of Jira, on Atlassian's cloud.
fn atlassian(url: &Url) -> Option<(SourceKind, String, String)> {
    let host = url.host_str().filter(|_| is_atlassian(url))?;
    let path: Vec<&str> = url.path().split('/').filter(|part| !part.is_empty()).collect();
    match path.as_slice() {
        ["wiki", "spaces", key] | ["wiki", "spaces", key, "overview" | "pages"] => Some((
            SourceKind::Confluence,
            host.to_owned(),
            format!("wiki/spaces/{key}"),
        )),
        ["browse" | "projects", key]
        | ["projects", key, "issues" | "summary"]
        | ["jira", "software" | "core" | "servicedesk", "projects", key, ..]
        | ["jira", "software", "c", "projects", key, ..]
            if is_project(key) =>
        {
            Some((SourceKind::Jira, host.to_owned(), format!("browse/{key}")))
        }
        _ => None,
    }
}

/// A site on Atlassian's cloud: to a stranger it shows a page to sign in, whatever was asked for.
fn is_atlassian(url: &Url) -> bool {
    matches!(url.host(), Some(Host::Domain(host)) if host.ends_with(".atlassian.net")) && url.port().is_none()
}

/// Keys of projects are capital letters and digits; one of an issue has a number behind it.
fn is_project(key: &str) -> bool {
    key.starts_with(|c: char| c.is_ascii_uppercase())
        && key
            .chars()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

/// `OWNER/REPO` of a repository on GitHub, or of one of the lists in it; none for anything else there.
fn repository(url: &Url) -> Option<String> {
    if !matches!(url.host(), Some(Host::Domain("github.com" | "www.github.com"))) || url.port().is_some() {
        return None;
    }
    let path: Vec<&str> = url.path().split('/').filter(|part| !part.is_empty()).collect();
    let ([owner, name] | [owner, name, "issues" | "pulls" | "discussions"]) = path.as_slice() else {
        return None;
    };
    let name = name.strip_suffix(".git").unwrap_or(name);
    let is_name = |text: &str| {
        !text.is_empty()
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    };
    // Names of GitHub's own pages, not of owners: https://github.com/orgs/acme, ...
    let is_page = [
        "orgs",
        "features",
        "topics",
        "sponsors",
        "settings",
        "marketplace",
        "collections",
    ];
    (is_name(owner) && is_name(name) && !is_page.contains(owner)).then(|| format!("{owner}/{name}"))
}

/// What a path on this machine is read as; none if there is nothing.
fn kind_of(location: &Path) -> Option<SourceKind> {
    let meta = std::fs::metadata(location).ok()?;
    if meta.is_dir() {
        let is_repository = location.join(".git").exists();
        return Some(if is_repository {
            SourceKind::Git
        } else {
            SourceKind::Folder
        });
    }
    let is_lines = location.extension().is_some_and(|extension| extension == "jsonl");
    Some(if is_lines {
        SourceKind::Lines
    } else {
        SourceKind::Folder
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn place(text: &str) -> (SourceKind, String) {
        let place = located(text).unwrap();
        (place.kind, place.location)
    }

    #[test]
    fn an_address_says_what_it_is() {
        let repository = (SourceKind::Github, "https://github.com/acme/api".to_owned());
        for text in [
            "https://github.com/acme/api",
            "http://www.github.com/acme/api.git",
            "https://github.com/acme/api/issues?q=is%3Aopen#top",
            "https://github.com/acme/api/discussions/",
        ] {
            assert_eq!(place(text), repository, "{text}");
        }
        let space = "https://acme.atlassian.net/wiki/spaces/ENG".to_owned();
        assert_eq!(
            place(&format!("{space}/overview?mode=global")),
            (SourceKind::Confluence, space)
        );
        let project = (
            SourceKind::Jira,
            "https://acme.atlassian.net/browse/PAY".to_owned(),
        );
        for text in [
            "https://acme.atlassian.net/browse/PAY",
            "https://acme.atlassian.net/projects/PAY/issues",
            "https://acme.atlassian.net/jira/software/c/projects/PAY/boards/7",
        ] {
            assert_eq!(place(text), project, "{text}");
        }
        for page in [
            "https://atlassian.net.evil.example/wiki/spaces/ENG",
            "https://github.com/acme/api/blob/main/README.md",
            "https://github.com/acme",
            "https://github.com/orgs/acme",
            "https://github.com:8443/acme/api",
            "https://github.com.evil.example/acme/api",
            "https://docs.example.com/runbook?page=2",
        ] {
            assert_eq!(place(page), (SourceKind::Page, page.to_owned()), "{page}");
        }
        assert_eq!(
            place("HTTPS://Docs.Example.com#top").1,
            "https://docs.example.com/"
        );
    }

    #[test]
    fn what_is_no_address_to_read_from_is_refused_in_a_sentence() {
        for (text, said) in [
            ("ftp://example.com/a", "does not begin with https://"),
            ("file:///etc/passwd", "does not begin with https://"),
            ("https://ana:secret@example.com/", "has a name or a password"),
            ("https://", "cannot be read"),
            ("https://acme.atlassian.net/browse/PAY-12", "name a space"),
            (
                "https://acme.atlassian.net/wiki/spaces/ENG/pages/12/Title",
                "name a space",
            ),
        ] {
            let error = located(text).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
        assert_eq!(
            located("/no/such/place"),
            Err(SourceError::Missing("/no/such/place".to_owned()))
        );
    }

    proptest! {
        #[test]
        fn the_kept_form_of_an_address_is_that_of_itself(
            host in "(github\\.com|www\\.github\\.com|acme\\.atlassian\\.net|docs\\.example\\.com)",
            path in "(/(wiki|spaces|[a-zA-Z0-9._-]{1,8})){0,4}/?",
            end in "(\\?[a-z=&]{0,8})?(#[a-z]{0,4})?",
        ) {
            if let Ok(first) = addressed(&format!("https://{host}{path}{end}")) {
                prop_assert_eq!(addressed(&first.location), Ok(first));
            }
        }

        #[test]
        fn no_text_makes_it_fall_over(text in ".{0,60}") {
            let _ = addressed(&text);
            let _ = addressed(&format!("https://{text}"));
        }
    }
}
