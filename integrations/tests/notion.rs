//! Pages of Notion as documents, read from a pretend Notion.

#![expect(clippy::unwrap_used, reason = "a test's helper may fail the test")]

use std::time::Duration;

use chrono::{DateTime, Utc};
use em_integrations::documents::{Content, Document, DocumentsError};
use em_integrations::notion::NotionClient;
use em_integrations::rest::{Access, Patience};
use em_simulator::notion::{NotionSimulator, TOKEN, block};
use secrecy::SecretString;
use serde_json::json;
use url::Url;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn address(id: &str) -> Url {
    Url::parse(&format!("https://www.notion.so/{}", id.replace('-', ""))).unwrap()
}

fn client(notion: &NotionSimulator, token: &str) -> NotionClient {
    let access = Access {
        api_url: notion.api_url(),
        token: SecretString::from(token),
    };
    let patience = Patience {
        retries: 2,
        first_pause: Duration::from_millis(1),
        longest_pause: Duration::from_secs(1),
        ..Patience::default()
    };
    NotionClient::new(&access, patience).unwrap()
}

async fn read(
    notion: &NotionSimulator,
    id: &str,
    since: Option<DateTime<Utc>>,
) -> Result<Vec<Document>, DocumentsError> {
    let client = client(notion, TOKEN);
    let mut pages = client.pages(&address(id), since).await?;
    let mut all = Vec::new();
    while let Some(documents) = pages.next().await? {
        all.extend(documents);
    }
    Ok(all)
}

fn text(document: &Document) -> &str {
    match &document.content {
        Content::Markdown(text) => text,
        Content::File { .. } => panic!("a page is text"),
    }
}

fn titles(documents: &[Document]) -> Vec<&str> {
    let titles = documents.iter().filter_map(|document| document.title.as_deref());
    let mut titles: Vec<&str> = titles.collect();
    titles.sort_unstable();
    titles
}

#[tokio::test]
async fn a_page_is_a_document_with_what_is_nested_in_it() {
    let notion = NotionSimulator::start().await.unwrap();
    notion.name_author("Ana Ruiz");
    let inner = block("bulleted_list_item", "make undo", &[]);
    let steps: Vec<_> = (1..=9)
        .map(|step| block("paragraph", &format!("Step {step}."), &[]))
        .collect();
    let blocks = [
        block("heading_2", "Undo", &[]),
        block("toggle", "How?", &[inner]),
        block("toggle", "All steps", &steps),
    ];
    let id = notion.write("Rolling back", &blocks, at("2026-01-02T09:00:30Z"));
    let documents = read(&notion, &id, None).await.unwrap();
    let [page] = documents.as_slice() else {
        panic!("one page: {documents:?}");
    };
    assert_eq!(page.name, id);
    assert_eq!(page.title.as_deref(), Some("Rolling back"));
    let url = format!("https://www.notion.so/Rolling-back-{}", id.replace('-', ""));
    assert_eq!(page.url, Some(url));
    assert_eq!(page.author.as_deref(), Some("Ana Ruiz"));
    assert_eq!(page.changed_at, Some(at("2026-01-02T09:00:00Z")));
    let expected = "## Undo\n\nHow?\n\n- make undo\n\nAll steps\n\nStep 1.\n\nStep 2.";
    assert!(text(page).starts_with(expected), "{}", text(page));
    assert!(
        text(page).ends_with("Step 9."),
        "in several answers: {}",
        text(page)
    );
}

#[tokio::test]
async fn pages_below_and_pages_of_databases_come_too_and_others_do_not() {
    let notion = NotionSimulator::start().await.unwrap();
    let day = at("2026-01-02T09:00:00Z");
    let words = [block("paragraph", "Words.", &[])];
    let root = notion.write("Home", &[], day);
    let below = notion.write_below(&root, "Runbooks", &words, day);
    notion.write_below(&below, "Payments", &words, day);
    let hidden = notion.write_below(&root, "Secret", &words, day);
    notion.hide(&hidden);
    notion.add_view(&root);
    let database = notion.add_database(&below, "Incidents");
    for number in 1..=6 {
        let about = json!({
            "Status": { "id": "a", "type": "status", "status": { "name": "Done" } },
            "Owner": { "id": "b", "type": "people", "people": [{ "object": "user", "id": "u", "name": "Ben Koch" }] },
            "Due": { "id": "c", "type": "date", "date": { "start": "2026-02-01", "end": null } },
        });
        notion.add_row(&database, &format!("Incident {number}"), &about, &[], day);
    }
    notion.write("Elsewhere", &words, day);

    let documents = read(&notion, &root, None).await.unwrap();
    let expected = [
        "Incident 1",
        "Incident 2",
        "Incident 3",
        "Incident 4",
        "Incident 5",
        "Incident 6",
        "Payments",
        "Runbooks",
    ];
    assert_eq!(
        titles(&documents),
        expected,
        "a page without words is no document"
    );
    let row = documents
        .iter()
        .find(|page| page.title.as_deref() == Some("Incident 6"))
        .unwrap();
    assert_eq!(text(row), "Due: 2026-02-01, Owner: Ben Koch, Status: Done.");
    assert_eq!(row.owners, ["Ben Koch"]);
    assert_eq!(row.author, None, "the token may not know who wrote it");
    // A database can be named itself.
    assert_eq!(read(&notion, &database, None).await.unwrap().len(), 6);
}

#[tokio::test]
async fn with_a_time_only_pages_below_that_changed_since_come() {
    let notion = NotionSimulator::start().await.unwrap();
    let (old, new) = (at("2026-01-02T09:00:00Z"), at("2026-01-09T09:00:00Z"));
    let words = |text: &str| [block("paragraph", text, &[])];
    let root = notion.write("Home", &words("Home."), old);
    let page = notion.write_below(&root, "Payments", &words("Old."), old);
    let below = notion.write_below(&page, "Refunds", &words("Old."), old);
    let database = notion.add_database(&page, "Incidents");
    let row = notion.add_row(&database, "Outage", &json!({}), &words("Old."), old);
    let elsewhere = notion.write("Elsewhere", &words("Old."), old);
    for number in 0..6 {
        notion.write(&format!("Other {number}"), &words("Other."), new);
    }
    for id in [&below, &row, &elsewhere] {
        notion.edit(id, &words("New."), new);
    }
    let since = Some(at("2026-01-08T00:00:00Z"));
    let documents = read(&notion, &root, since).await.unwrap();
    assert_eq!(titles(&documents), ["Outage", "Refunds"]);
    assert!(documents.iter().all(|page| text(page) == "New."));
    notion.delete(&below);
    assert_eq!(titles(&read(&notion, &root, since).await.unwrap()), ["Outage"]);
    let all = read(&notion, &root, None).await.unwrap();
    assert_eq!(titles(&all), ["Home", "Outage", "Payments"]);
}

#[tokio::test]
async fn what_goes_wrong_is_told_for_a_person() {
    let notion = NotionSimulator::start().await.unwrap();
    let said = |error: DocumentsError| error.to_string();
    let unknown = "be633bf1-dfa0-436d-b259-571129a590e5";
    let gone = "is not there, or NOTION_TOKEN may not see it".to_owned();
    assert_eq!(
        read(&notion, unknown, None).await,
        Err(DocumentsError::Gone(gone))
    );
    let words = [block("paragraph", "Words.", &[])];
    let id = notion.write("Home", &words, at("2026-01-02T09:00:00Z"));
    let wrong = client(&notion, "ntn_wrong");
    assert_eq!(
        wrong.pages(&address(&id), None).await.err().map(said).as_deref(),
        Some("cannot be read: Notion does not accept NOTION_TOKEN")
    );
    notion.fail_next(429, Some(0));
    notion.fail_next(503, None);
    assert!(read(&notion, &id, None).await.is_ok(), "asked again");
    notion.fail_next(429, Some(3_600));
    assert_eq!(
        read(&notion, &id, None).await.map_err(said),
        Err("cannot be read now: Notion's rate limit is used up".to_owned())
    );
    notion.fail_next(403, None);
    assert_eq!(
        read(&notion, &id, None).await.map_err(said),
        Err("cannot be read: NOTION_TOKEN may not read it".to_owned())
    );
    notion.delete(&id);
    assert_eq!(
        read(&notion, &id, None).await,
        Err(DocumentsError::Gone("is in Notion's trash".to_owned()))
    );
}
