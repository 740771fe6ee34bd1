//! Purpose: what a place of documents is, by what people write: an address or a path. Nothing is asked: an address says by
//! itself what it is.

mod system;

use std::path::Path;

use em_domain::knowledge::SourceKind;
use url::Url;

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
    if let Some(why) = system::closed(&url).filter(|_| kind == SourceKind::Page) {
        return Err(no(why));
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
    let Some(found) = system::found(url) else {
        return SourceKind::Page;
    };
    let _ = url.set_scheme("https");
    let _ = url.set_host(Some(&found.host));
    url.set_path(&found.path);
    url.set_query(None);
    found.kind
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
    }

    #[test]
    fn an_address_of_notion_linear_or_pagerduty_is_known_however_it_is_written() {
        let page = (
            SourceKind::Notion,
            "https://www.notion.so/be633bf1dfa0436db259571129a590e5".to_owned(),
        );
        for text in [
            "https://www.notion.so/acme/Bug-bash-be633bf1dfa0436db259571129a590e5?pvs=4",
            "https://notion.so/be633bf1-dfa0-436d-b259-571129a590e5#block",
            "https://acme.notion.site/Bug-bash-BE633BF1DFA0436DB259571129A590E5",
            "https://www.notion.so/acme/0123456789abcdef0123456789abcdef?v=1&p=be633bf1dfa0436db259571129a590e5",
        ] {
            assert_eq!(place(text), page, "{text}");
        }
        let team = (SourceKind::Linear, "https://linear.app/acme/team/PAY".to_owned());
        for text in [
            "https://linear.app/acme/team/PAY",
            "https://linear.app/acme/team/PAY/active?layout=board",
        ] {
            assert_eq!(place(text), team, "{text}");
        }
        for (text, kept) in [
            ("https://acme.pagerduty.com", "https://acme.pagerduty.com"),
            (
                "http://acme.eu.pagerduty.com/incidents?status=open",
                "https://acme.eu.pagerduty.com",
            ),
            (
                "https://acme.pagerduty.com/service-directory/PIJ90N7/activity",
                "https://acme.pagerduty.com/service-directory/PIJ90N7",
            ),
        ] {
            assert_eq!(place(text), (SourceKind::PagerDuty, kept.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_a_system_is_a_page() {
        for page in [
            "https://www.notion.so/product",
            "https://notion.so.evil.example/be633bf1dfa0436db259571129a590e5",
            "https://linear.app/docs/start-guide",
            "https://www.pagerduty.com/",
            "https://support.pagerduty.com/main/docs/incidents",
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
            ("https://linear.app/acme/issue/PAY-12/title", "name a team"),
            ("https://acme.pagerduty.com/incidents/PT4KHLK", "name the account"),
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
            host in "(github\\.com|www\\.github\\.com|acme\\.atlassian\\.net|docs\\.example\\.com|www\\.notion\\.so|\
                linear\\.app|acme\\.pagerduty\\.com)",
            path in "(/(wiki|spaces|team|service-directory|[a-zA-Z0-9._-]{1,8}|([a-zA-Z]{1,4}-)?[0-9a-fA-F]{32})){0,4}/?",
            end in "(\\?([a-z=&]{0,8}|p=[0-9a-f]{32}))?(#[a-z]{0,4})?",
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
