//! The issues of a team in Linear as documents, read from a pretend Linear.

#![expect(clippy::unwrap_used, reason = "a test's helper may fail the test")]

use std::time::Duration;

use chrono::{DateTime, Utc};
use em_integrations::documents::{Content, Document, DocumentsError};
use em_integrations::linear::LinearClient;
use em_integrations::rest::{Access, Patience};
use em_simulator::linear::{LinearSimulator, TOKEN};
use secrecy::SecretString;
use url::Url;

const TEAM: &str = "https://linear.app/acme/team/PAY";

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn client(linear: &LinearSimulator, token: &str) -> LinearClient {
    let access = Access {
        api_url: linear.api_url(),
        token: SecretString::from(token),
    };
    let patience = Patience {
        retries: 2,
        first_pause: Duration::from_millis(1),
        longest_pause: Duration::from_secs(1),
        ..Patience::default()
    };
    LinearClient::new(&access, patience).unwrap()
}

async fn read(
    linear: &LinearSimulator,
    since: Option<DateTime<Utc>>,
) -> Result<Vec<Document>, DocumentsError> {
    let client = client(linear, TOKEN);
    let mut issues = client.team(&Url::parse(TEAM).unwrap(), since).await?;
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
    let linear = LinearSimulator::start().await.unwrap();
    linear.add_team("PAY");
    let issue = linear.write(
        "PAY",
        "Rollback hangs",
        "The queue is **full**.",
        at("2026-01-02T09:00:00Z"),
    );
    for minute in 10..=35 {
        let when = at(&format!("2026-01-03T09:{minute}:00Z"));
        linear.comment(&issue, &format!("Remark {minute}."), when);
    }
    let documents = read(&linear, None).await.unwrap();
    let [issue] = documents.as_slice() else {
        panic!("one issue: {documents:?}");
    };
    assert_eq!(issue.title.as_deref(), Some("Rollback hangs (PAY-1)"));
    assert_eq!(issue.url.as_deref(), Some("https://linear.app/acme/issue/PAY-1"));
    assert_eq!(issue.author.as_deref(), Some("Ana Ruiz"));
    assert_eq!(issue.owners, ["Ben Koch"]);
    assert_eq!(issue.changed_at, Some(at("2026-01-03T09:35:00Z")));
    let expected = "Issue, In Progress, project: Billing, labels: payments.\n\nThe queue is **full**.\n\n\
                    ## Ben Koch commented on 2026-01-03\n\nRemark 10.";
    assert!(text(issue).starts_with(expected), "{}", text(issue));
    assert!(text(issue).ends_with("Remark 35."), "{}", text(issue));
    assert_eq!(text(issue).matches("Remark").count(), 26);
}

#[tokio::test]
async fn all_issues_come_and_with_a_time_only_those_that_changed_since() {
    let linear = LinearSimulator::start().await.unwrap();
    linear.add_team("PAY");
    linear.add_team("OPS");
    let old = at("2026-01-01T09:00:00Z");
    for _ in 0..60 {
        linear.write("PAY", "Issue", "", old);
    }
    linear.write("OPS", "Other", "Words.", old);
    linear.archive("PAY-3", old);
    linear.delete("PAY-4", old);
    let all = read(&linear, None).await.unwrap();
    assert_eq!(
        all.len(),
        59,
        "the archived one too, and the one in the trash not"
    );

    linear.edit("PAY-7", "New.", at("2026-01-09T09:00:00Z"));
    linear.comment("PAY-8", "A comment.", at("2026-01-09T10:00:00Z"));
    let before = linear.calls().len();
    let newest = read(&linear, Some(at("2026-01-08T00:00:00Z"))).await.unwrap();
    let mut titles: Vec<&str> = newest.iter().filter_map(|issue| issue.title.as_deref()).collect();
    titles.sort_unstable();
    assert_eq!(titles, ["Issue (PAY-7)", "Issue (PAY-8)"]);
    // The team and one page.
    assert_eq!(linear.calls().len() - before, 2);
}

#[tokio::test]
async fn what_goes_wrong_is_told_for_a_person() {
    let linear = LinearSimulator::start().await.unwrap();
    let said = |error: DocumentsError| error.to_string();
    assert_eq!(
        read(&linear, None).await,
        Err(DocumentsError::Gone(
            "is not there, or LINEAR_TOKEN may not see it".to_owned()
        ))
    );
    linear.add_team("PAY");
    let team = Url::parse(TEAM).unwrap();
    for token in ["lin_api_wrong", "lin_oauth_wrong"] {
        let wrong = client(&linear, token);
        assert_eq!(
            wrong.team(&team, None).await.err().map(said).as_deref(),
            Some("cannot be read: Linear does not accept LINEAR_TOKEN")
        );
    }
    let other = Url::parse("https://linear.app/other/team/PAY").unwrap();
    let client = client(&linear, TOKEN);
    let refused = client.team(&other, None).await.err().map(said).unwrap();
    assert!(
        refused.contains("another workspace than LINEAR_TOKEN, which leads to acme"),
        "{refused}"
    );
    linear.limit_next(1);
    linear.fail_next(500, None);
    assert!(read(&linear, None).await.is_ok(), "asked again");
    linear.limit_next(3);
    assert_eq!(
        read(&linear, None).await.map_err(said),
        Err("cannot be read now: Linear's rate limit is used up".to_owned())
    );
    linear.fail_next(403, None);
    assert_eq!(
        read(&linear, None).await.map_err(said),
        Err("cannot be read: LINEAR_TOKEN may not read it".to_owned())
    );
}
