//! The issues of a Jira project as documents, read from a pretend Jira.

#![expect(clippy::unwrap_used, reason = "a test's helper may fail the test")]

use std::time::Duration;

use chrono::{DateTime, Utc};
use em_integrations::documents::{Content, Document, DocumentsError};
use em_integrations::jira::JiraClient;
use em_integrations::rest::{Access, Patience};
use em_simulator::jira::{JiraSimulator, TOKEN};
use secrecy::SecretString;
use url::Url;

const PROJECT: &str = "https://acme.atlassian.net/browse/PAY";

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn client(jira: &JiraSimulator, token: &str) -> JiraClient {
    let access = Access {
        api_url: jira.api_url(),
        token: SecretString::from(token),
    };
    let patience = Patience {
        retries: 2,
        first_pause: Duration::from_millis(1),
        longest_pause: Duration::from_secs(1),
        ..Patience::default()
    };
    JiraClient::new(&access, patience).unwrap()
}

async fn read(jira: &JiraSimulator, since: Option<DateTime<Utc>>) -> Result<Vec<Document>, DocumentsError> {
    let client = client(jira, TOKEN);
    let mut issues = client.project(&Url::parse(PROJECT).unwrap(), since).await?;
    let mut all = Vec::new();
    while let Some(documents) = issues.next().await? {
        all.extend(documents);
    }
    Ok(all)
}

fn text(document: &Document) -> &str {
    match &document.content {
        Content::Markdown(text) => text,
        Content::File { .. } => panic!("an issue is text"),
    }
}

#[tokio::test]
async fn an_issue_is_a_document_with_all_its_comments() {
    let jira = JiraSimulator::start().await.unwrap();
    jira.add_project("PAY");
    let key = jira.write(
        "PAY",
        "Rollback hangs",
        "The queue is full.",
        at("2026-01-02T09:00:00Z"),
    );
    for number in 1..=25 {
        let remark = format!("Remark {number}.");
        jira.comment(&key, &remark, at("2026-01-03T09:00:00Z"));
    }
    let documents = read(&jira, None).await.unwrap();
    let [issue] = documents.as_slice() else {
        panic!("one issue: {documents:?}");
    };
    assert_eq!(issue.name, "PAY-1");
    assert_eq!(issue.title.as_deref(), Some("Rollback hangs (PAY-1)"));
    assert_eq!(
        issue.url.as_deref(),
        Some("https://acme.atlassian.net/browse/PAY-1")
    );
    assert_eq!(issue.author.as_deref(), Some("Ana Ruiz"));
    assert_eq!(issue.owners, ["Ben Koch"]);
    assert_eq!(issue.changed_at, Some(at("2026-01-03T09:00:00Z")));
    let expected = "Story, In Progress, labels: payments.\n\nThe queue is full.\n\n\
                    ## Ben Koch commented on 2026-01-03\n\nRemark 1.";
    assert!(text(issue).starts_with(expected), "{}", text(issue));
    assert!(text(issue).ends_with("Remark 25."));
}

#[tokio::test]
async fn all_issues_come_and_with_a_time_only_those_that_changed_since() {
    let jira = JiraSimulator::start().await.unwrap();
    jira.add_project("PAY");
    for day in 1..=12 {
        let when = at(&format!("2026-01-{day:02}T09:00:00Z"));
        jira.write("PAY", "Issue", "Words.", when);
    }
    jira.write("OPS", "Other", "Words.", at("2026-01-01T09:00:00Z"));
    assert_eq!(read(&jira, None).await.unwrap().len(), 12);
    let before = jira.calls().len();
    let newest = read(&jira, Some(at("2026-01-11T00:00:00Z"))).await.unwrap();
    let names: Vec<&str> = newest.iter().map(|issue| issue.name.as_str()).collect();
    assert_eq!(names, ["PAY-12", "PAY-11"]);
    // The project and one page.
    assert_eq!(jira.calls().len() - before, 2);
}

#[tokio::test]
async fn what_goes_wrong_is_told_for_a_person() {
    let jira = JiraSimulator::start().await.unwrap();
    let said = |error: DocumentsError| error.to_string();
    assert_eq!(
        read(&jira, None).await.map_err(said),
        Err("is not there, or JIRA_TOKEN may not see it".to_owned())
    );
    jira.add_project("PAY");
    let project = Url::parse(PROJECT).unwrap();
    let wrong = client(&jira, "ana@acme.example:wrong");
    assert_eq!(
        wrong.project(&project, None).await.err().map(said).as_deref(),
        Some("cannot be read: Jira does not accept JIRA_TOKEN")
    );
    let other = Url::parse("https://other.atlassian.net/browse/PAY").unwrap();
    let client = client(&jira, TOKEN);
    let refused = client.project(&other, None).await.err().map(said).unwrap();
    assert!(refused.contains("another site than JIRA_API_URL"), "{refused}");
    jira.fail_next(429, Some(0));
    jira.fail_next(500, None);
    assert!(read(&jira, None).await.is_ok(), "asked again");
    jira.fail_next(403, None);
    assert_eq!(
        read(&jira, None).await.map_err(said),
        Err("cannot be read: JIRA_TOKEN may not read it".to_owned())
    );
}
