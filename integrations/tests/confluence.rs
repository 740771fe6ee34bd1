//! The pages of a Confluence space as documents, read from a pretend Confluence.

#![expect(clippy::unwrap_used, reason = "a test's helper may fail the test")]

use std::time::Duration;

use chrono::{DateTime, Utc};
use em_integrations::confluence::ConfluenceClient;
use em_integrations::documents::{Content, Document, DocumentsError};
use em_integrations::http::TimeLimits;
use em_integrations::rest::{Access, Patience};
use em_simulator::confluence::{ConfluenceSimulator, TOKEN};
use secrecy::SecretString;
use url::Url;

const SPACE: &str = "https://acme.atlassian.net/wiki/spaces/ENG";

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn client(confluence: &ConfluenceSimulator, token: &str) -> ConfluenceClient {
    let access = Access {
        api_url: format!("{}/", confluence.api_url()),
        token: SecretString::from(token),
    };
    let patience = Patience {
        limits: TimeLimits {
            connect: Duration::from_secs(5),
            total: Duration::from_secs(5),
        },
        retries: 2,
        first_pause: Duration::from_millis(1),
        longest_pause: Duration::from_secs(1),
    };
    ConfluenceClient::new(&access, patience).unwrap()
}

async fn read(
    confluence: &ConfluenceSimulator,
    since: Option<DateTime<Utc>>,
) -> Result<Vec<Document>, DocumentsError> {
    let client = client(confluence, TOKEN);
    let mut pages = client.space(&Url::parse(SPACE).unwrap(), since).await?;
    let mut all = Vec::new();
    while let Some(documents) = pages.next().await? {
        all.extend(documents);
    }
    Ok(all)
}

#[tokio::test]
async fn a_page_is_a_document_with_its_code_author_and_address() {
    let confluence = ConfluenceSimulator::start().await.unwrap();
    confluence.add_space("ENG");
    confluence.name_author("Ana Ruiz");
    let storage = "<p>Undo:</p><ac:structured-macro ac:name=\"code\"><ac:plain-text-body><![CDATA[make undo]]>\
                   </ac:plain-text-body></ac:structured-macro>";
    let id = confluence.write("ENG", "Rolling back", storage, at("2026-01-02T09:00:00Z"));
    let empty = "<ac:structured-macro ac:name=\"children\" />";
    confluence.write("ENG", "Home", empty, at("2026-01-01T09:00:00Z"));

    let documents = read(&confluence, None).await.unwrap();
    let [page] = documents.as_slice() else {
        panic!("a page without words is no document: {documents:?}");
    };
    assert_eq!(page.name, id.to_string());
    assert_eq!(page.title.as_deref(), Some("Rolling back"));
    let address = format!("https://acme.atlassian.net/wiki/spaces/ENG/pages/{id}");
    assert_eq!(page.url, Some(address));
    assert_eq!(page.author.as_deref(), Some("Ana Ruiz"));
    assert_eq!(page.owners, ["Ana Ruiz"]);
    assert_eq!(page.changed_at, Some(at("2026-01-02T09:00:00Z")));
    let Content::File { bytes, .. } = &page.content else {
        panic!("a page is a file");
    };
    let html = String::from_utf8_lossy(bytes);
    assert!(
        html.contains("<pre><code class=\"language-\">make undo</code></pre>"),
        "{html}"
    );
}

#[tokio::test]
async fn all_pages_come_and_with_a_time_only_those_that_changed_since() {
    let confluence = ConfluenceSimulator::start().await.unwrap();
    confluence.add_space("ENG");
    confluence.add_space("OPS");
    for day in 1..=12 {
        let when = at(&format!("2026-01-{day:02}T09:00:00Z"));
        confluence.write("ENG", "Page", "<p>Words.</p>", when);
    }
    confluence.write("OPS", "Other", "<p>Words.</p>", at("2026-01-01T09:00:00Z"));
    assert_eq!(read(&confluence, None).await.unwrap().len(), 12);
    let since = Some(at("2026-01-11T00:00:00Z"));
    let before = confluence.calls().len();
    let newest = read(&confluence, since).await.unwrap();
    let names: Vec<&str> = newest.iter().map(|page| page.name.as_str()).collect();
    assert_eq!(names, ["1011", "1010"]);
    // The space, one page of pages, their authors.
    assert_eq!(confluence.calls().len() - before, 3);
}

#[tokio::test]
async fn what_goes_wrong_is_told_for_a_person() {
    let confluence = ConfluenceSimulator::start().await.unwrap();
    let gone = read(&confluence, None).await;
    assert_eq!(
        gone,
        Err(DocumentsError::Gone(
            "is not there, or CONFLUENCE_TOKEN may not see it".to_owned()
        ))
    );
    confluence.add_space("ENG");
    let space = Url::parse(SPACE).unwrap();
    let said = |error: DocumentsError| error.to_string();
    let wrong = client(&confluence, "ana@acme.example:wrong");
    assert_eq!(
        wrong.space(&space, None).await.err().map(said).as_deref(),
        Some("cannot be read: Confluence does not accept CONFLUENCE_TOKEN")
    );
    let other = Url::parse("https://other.atlassian.net/wiki/spaces/ENG").unwrap();
    let client = client(&confluence, TOKEN);
    let refused = client.space(&other, None).await.err().map(said).unwrap();
    assert!(
        refused.contains("another site than CONFLUENCE_API_URL"),
        "{refused}"
    );

    confluence.fail_next(503, None);
    confluence.fail_next(429, Some(0));
    assert!(read(&confluence, None).await.is_ok(), "asked again");
    confluence.fail_next(429, Some(3_600));
    let limited = read(&confluence, None).await.map_err(said);
    assert_eq!(
        limited,
        Err("cannot be read now: Confluence's rate limit is used up".to_owned())
    );
    confluence.fail_next(403, None);
    let forbidden = read(&confluence, None).await.map_err(said);
    assert_eq!(
        forbidden,
        Err("cannot be read: CONFLUENCE_TOKEN may not read it".to_owned())
    );
}
