//! Purpose: issues, pull requests and discussions as documents, read from the pretend GitHub.

use em_domain::clock::TestClock;
use em_integrations::documents::{Content, Document, DocumentsError};
use em_integrations::github::client::GithubClient;
use em_integrations::github::documents::Threads;
use em_simulator::github::{Fault, GithubSimulator, NewPull, NewThread};

use crate::support::{TOKEN, at, client, config};

const REPO: &str = "acme/api";
const ISSUE: NewThread<'_> = NewThread {
    by: "ana",
    title: "Rollback hangs",
    body: "<!-- Tell us what happened. -->It hangs after *step 2*.",
};

async fn github() -> (GithubSimulator, GithubClient) {
    let github = GithubSimulator::start(TOKEN).await.unwrap();
    github.world().add_repo(REPO, at("2026-01-01T00:00:00Z"));
    let clock = TestClock::at(at("2026-01-15T10:00:00Z"));
    let client = client(&config(&github.api_url()), &clock);
    (github, client)
}

async fn all(mut threads: Threads<'_>) -> Vec<Document> {
    let mut all = Vec::new();
    while let Some(documents) = threads.next().await.unwrap() {
        all.extend(documents);
    }
    all
}

fn names(documents: &[Document]) -> Vec<&str> {
    documents.iter().map(|document| document.name.as_str()).collect()
}

fn text(document: &Document) -> &str {
    match &document.content {
        Content::Markdown(text) => text,
        Content::File { .. } => panic!("a thread is text"),
    }
}

#[tokio::test]
async fn issues_pull_requests_and_discussions_are_documents_with_their_comments() {
    let (github, client) = github().await;
    let world = github.world();
    let issue = world.write_issue(REPO, ISSUE, at("2026-01-02T09:00:00Z"));
    world.comment_on_issue(
        REPO,
        issue,
        "ben",
        "Restart the queue first.",
        at("2026-01-03T09:00:00Z"),
    );
    let (pull, _) = world.open_pull(
        REPO,
        &NewPull::new("Drain before undo", "ben"),
        at("2026-01-04T09:00:00Z"),
    );
    pull.comment("ana", "Does it block?", at("2026-01-05T09:00:00Z"));
    let question = NewThread {
        by: "chloe",
        title: "Which port?",
        body: "Where does it listen?",
    };
    let discussion = world.start_discussion(REPO, question, at("2026-01-06T09:00:00Z"));
    world.comment_in_discussion(
        REPO,
        discussion,
        ("ana", "On 8443.", true),
        at("2026-01-07T09:00:00Z"),
    );

    let documents = all(Threads::new(&client, REPO, None)).await;
    assert_eq!(names(&documents), ["issues/1", "pull/2", "discussions/3"]);
    let issue = &documents[0];
    assert_eq!(issue.title.as_deref(), Some("Rollback hangs (#1)"));
    assert_eq!(issue.url.as_deref(), Some("https://github.com/acme/api/issues/1"));
    assert_eq!(issue.author.as_deref(), Some("ana"));
    assert_eq!(issue.changed_at, Some(at("2026-01-03T09:00:00Z")));
    assert_eq!(
        text(issue),
        "Issue, open.\n\nIt hangs after *step 2*.\n\n## ben commented on 2026-01-03\n\nRestart the queue first."
    );
    assert_eq!(
        text(&documents[1]),
        "Pull request, open.\n\n## ana commented on 2026-01-05\n\nDoes it block?"
    );
    assert_eq!(
        text(&documents[2]),
        "Discussion, in Q&A.\n\nWhere does it listen?\n\n## ana gave the answer on 2026-01-07\n\nOn 8443."
    );
}

#[tokio::test]
async fn only_what_changed_since_is_read_and_many_pages_come_whole() {
    let (github, client) = github().await;
    for minute in 0..60 {
        let when = at(&format!("2026-01-02T09:{minute:02}:00Z"));
        github.world().write_issue(REPO, ISSUE, when);
    }
    assert_eq!(all(Threads::new(&client, REPO, None)).await.len(), 60);
    github.world().clear_calls();
    let since = at("2026-01-02T09:58:00Z");
    let newest = all(Threads::new(&client, REPO, Some(since))).await;
    assert_eq!(names(&newest), ["issues/60", "issues/59"]);
    // The repository, one page of issues, one of pull requests.
    assert_eq!(github.world().calls().len(), 3);
}

#[tokio::test]
async fn a_long_thread_is_read_to_its_end() {
    let (github, client) = github().await;
    let issue = github
        .world()
        .write_issue(REPO, ISSUE, at("2026-01-02T09:00:00Z"));
    for number in 0..120 {
        let text = format!("remark {number}");
        github
            .world()
            .comment_on_issue(REPO, issue, "ben", &text, at("2026-01-03T09:00:00Z"));
    }
    let documents = all(Threads::new(&client, REPO, None)).await;
    assert!(text(&documents[0]).ends_with("remark 119"));
    assert_eq!(text(&documents[0]).matches("remark ").count(), 120);
}

#[tokio::test]
async fn what_goes_wrong_is_told_for_a_person() {
    let (github, client) = github().await;
    let nothing = Threads::new(&client, "acme/none", None).check().await;
    assert_eq!(
        nothing,
        Err(DocumentsError::Gone(
            "is not there, or GITHUB_TOKEN may not see it".to_owned()
        ))
    );
    github.world().fail_next("/graphql", Fault::Status(502));
    github.world().fail_next("/graphql", Fault::Cut);
    assert_eq!(
        Threads::new(&client, REPO, None).check().await,
        Ok(()),
        "asked again"
    );
    let limit = Fault::SecondaryLimit {
        status: 403,
        retry_after: Some(120),
    };
    github.world().fail_next("/graphql", limit);
    let limited = Threads::new(&client, REPO, None).check().await;
    let said = limited.unwrap_err().to_string();
    assert_eq!(
        said,
        "cannot be read before 10:02 UTC: GitHub's rate limit is used up"
    );
    github.world().revoke_tokens();
    let clock = TestClock::at(at("2026-01-15T10:00:00Z"));
    let fresh = crate::support::client(&config(&github.api_url()), &clock);
    let said = Threads::new(&fresh, REPO, None).check().await.unwrap_err();
    assert_eq!(
        said.to_string(),
        "cannot be read: GitHub does not accept GITHUB_TOKEN"
    );
}
