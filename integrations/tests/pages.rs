//! Fetching pages against a pretend web: what comes, what is not fetched twice, and every way in which pages fail.

#![expect(clippy::unwrap_used, reason = "a test's helper may fail the test")]

use std::time::Duration;

use em_integrations::documents::{Content, Document, DocumentsError};
use em_integrations::http::TimeLimits;
use em_integrations::pages::{Fetched, PageClient, PageLimits, Validators};
use em_simulator::web::{Fault, Web};
use url::Url;

/// A client that gives up soon, of pages that stand on this machine.
fn client() -> PageClient {
    client_with(true)
}

fn client_with(private_addresses: bool) -> PageClient {
    let limits = PageLimits {
        time: TimeLimits {
            connect: Duration::from_millis(500),
            total: Duration::from_millis(500),
        },
        bytes: 1024 * 1024,
        redirects: 2,
    };
    PageClient::new(private_addresses, limits).unwrap()
}

async fn fetch(address: &str) -> Result<Fetched, DocumentsError> {
    let url = Url::parse(address).unwrap();
    client().fetch(&url, &Validators::default()).await
}

async fn page(address: &str) -> (Document, Validators) {
    match fetch(address).await.unwrap() {
        Fetched::Page(document, validators) => (*document, validators),
        Fetched::Unchanged => panic!("nothing was known of it"),
    }
}

async fn refusal(web: &Web, path: &str) -> String {
    fetch(&web.url(path)).await.unwrap_err().to_string()
}

#[tokio::test]
async fn a_page_comes_with_its_kind_and_its_age() {
    let web = Web::start().await.unwrap();
    web.put("/runbook", "text/html; charset=utf-8", "<p>Undo it.</p>");
    web.set_last_modified("/runbook", "Thu, 15 Jan 2026 09:00:00 GMT");
    let (document, validators) = page(&web.url("/runbook")).await;
    let content = Content::File {
        name: "runbook.html".to_owned(),
        bytes: b"<p>Undo it.</p>".to_vec(),
    };
    assert_eq!(document.content, content);
    assert_eq!(document.url.as_deref(), Some(web.url("/runbook").as_str()));
    assert_eq!(document.changed_at, Some("2026-01-15T09:00:00Z".parse().unwrap()));
    assert!(validators.etag.is_some());
}

#[tokio::test]
async fn the_kind_of_a_page_is_told_by_its_type_or_its_name() {
    let web = Web::start().await.unwrap();
    for (path, kind, name) in [
        ("/a.md", "text/plain", "a.md"),
        ("/a", "text/plain", "a.txt"),
        ("/a.pdf", "application/pdf", "a.pdf"),
        ("/b", "text/markdown", "b.md"),
        ("/index.html", "text/html", "index.html"),
        ("/", "text/html", "127.0.0.1.html"),
    ] {
        web.put(path, kind, "Hello");
        let Content::File { name: found, .. } = page(&web.url(path)).await.0.content else {
            panic!("a page is a file");
        };
        assert_eq!(found, name, "{path}");
    }
    web.put("/picture", "image/png", "...");
    let said = refusal(&web, "/picture").await;
    assert!(said.contains("of the type image/png"), "{said}");
}

#[tokio::test]
async fn a_page_that_did_not_change_is_not_sent_again() {
    let web = Web::start().await.unwrap();
    web.put("/a", "text/plain", "one");
    let (_, validators) = page(&web.url("/a")).await;
    let url = Url::parse(&web.url("/a")).unwrap();
    assert_eq!(client().fetch(&url, &validators).await, Ok(Fetched::Unchanged));
    web.put("/a", "text/plain", "two");
    assert!(matches!(
        client().fetch(&url, &validators).await,
        Ok(Fetched::Page(..))
    ));
    let statuses: Vec<u16> = web.visits().iter().map(|visit| visit.status).collect();
    assert_eq!(statuses, [200, 304, 200]);
}

#[tokio::test]
async fn every_failure_is_told_in_words_that_follow_the_address() {
    let web = Web::start().await.unwrap();
    for (fault, said) in [
        (Fault::Status(404), "answers 404: there is no such page"),
        (Fault::Status(410), "answers 410: there is no such page"),
        (
            Fault::Status(403),
            "answers 403: it does not let me read it without signing in",
        ),
        (
            Fault::RateLimited(90),
            "answers 429: it wants to be left alone for 90 seconds",
        ),
        (Fault::Status(503), "answers 503: something is wrong over there"),
        (Fault::Hang, "did not end within 0.5 seconds"),
        (Fault::Stall, "did not end within 0.5 seconds"),
        (Fault::Endless, "is larger than 1 MB"),
        (
            Fault::Redirect("/page".to_owned()),
            "leads on from page to page, more than 2 times",
        ),
        (
            Fault::Redirect("ftp://127.0.0.1/".to_owned()),
            "leads to an address that begins with ftp: and not with https:",
        ),
    ] {
        web.fail("/page", Some(fault.clone()));
        assert_eq!(refusal(&web, "/page").await, said, "{fault:?}");
    }
    let gone = Web::start().await.unwrap().url("/");
    let said = fetch(&gone).await.unwrap_err().to_string();
    assert_eq!(said, "cannot be reached: there is no connection");
}

#[tokio::test]
async fn only_a_page_that_is_not_there_counts_as_gone() {
    let web = Web::start().await.unwrap();
    assert!(matches!(
        fetch(&web.url("/a")).await,
        Err(DocumentsError::Gone(_))
    ));
    web.fail("/a", Some(Fault::Status(500)));
    assert!(matches!(
        fetch(&web.url("/a")).await,
        Err(DocumentsError::Unavailable(_))
    ));
    web.fail("/a", Some(Fault::Status(401)));
    assert!(matches!(
        fetch(&web.url("/a")).await,
        Err(DocumentsError::Refused(_))
    ));
}

#[tokio::test]
async fn a_redirect_is_followed_and_the_page_keeps_the_address_it_was_named_by() {
    let web = Web::start().await.unwrap();
    web.put("/new.md", "text/markdown", "# New");
    web.fail("/old", Some(Fault::Redirect("new.md".to_owned())));
    let (document, _) = page(&web.url("/old")).await;
    assert_eq!(document.name, web.url("/old"));
}

#[tokio::test]
async fn what_stands_on_this_machine_is_not_asked_unless_that_is_permitted() {
    let web = Web::start().await.unwrap();
    web.put("/secret", "text/plain", "secret");
    let port = Url::parse(&web.url("/")).unwrap().port().unwrap();
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433"] {
        let url = Url::parse(&format!("http://{host}:{port}/secret")).unwrap();
        let refused = client_with(false).fetch(&url, &Validators::default()).await;
        let said = refused.unwrap_err().to_string();
        assert!(said.contains("private network"), "{host}: {said}");
    }
    assert!(web.visits().is_empty());
}
