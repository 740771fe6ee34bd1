//! Incidents of PagerDuty as documents, read from a pretend PagerDuty.

#![expect(clippy::unwrap_used, reason = "a test's helper may fail the test")]

use std::time::Duration;

use chrono::{DateTime, Utc};
use em_integrations::documents::{Content, Document, DocumentsError};
use em_integrations::pagerduty::PagerDutyClient;
use em_integrations::rest::{Access, Patience};
use em_simulator::pagerduty::{PagerDutySimulator, SITE, TOKEN};
use secrecy::SecretString;
use url::Url;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn client(pagerduty: &PagerDutySimulator, token: &str) -> PagerDutyClient {
    let access = Access {
        api_url: pagerduty.api_url(),
        token: SecretString::from(token),
    };
    let patience = Patience {
        retries: 2,
        first_pause: Duration::from_millis(1),
        longest_pause: Duration::from_secs(1),
        ..Patience::default()
    };
    PagerDutyClient::new(&access, patience).unwrap()
}

async fn read(
    pagerduty: &PagerDutySimulator,
    address: &str,
    since: Option<DateTime<Utc>>,
) -> Result<Vec<Document>, DocumentsError> {
    let client = client(pagerduty, TOKEN);
    let mut incidents = client.incidents(&Url::parse(address).unwrap(), since).await?;
    let mut all = Vec::new();
    while let Some(documents) = incidents.next().await? {
        all.extend(documents);
    }
    Ok(all)
}

fn text(document: &Document) -> String {
    match &document.content {
        Content::Markdown(text) => text.clone(),
        Content::File { bytes, .. } => String::from_utf8_lossy(bytes).into_owned(),
    }
}

#[tokio::test]
async fn an_incident_is_a_document_with_its_notes() {
    let pagerduty = PagerDutySimulator::start().await.unwrap();
    let service = pagerduty.add_service("My Mail Service");
    let id = pagerduty.trigger(&service, "The server is on fire.", at("2026-01-02T09:00:00Z"));
    pagerduty.note(&id, "Firefighters are on the scene.", at("2026-01-02T09:10:00Z"));
    let documents = read(&pagerduty, SITE, None).await.unwrap();
    assert_eq!(documents[0].owners, ["Ben Koch"]);
    pagerduty.resolve(&id, at("2026-01-02T10:00:00Z"));
    pagerduty.note(&id, "It was a toaster.", at("2026-01-02T11:00:00Z"));
    let documents = read(&pagerduty, SITE, None).await.unwrap();
    let [incident] = documents.as_slice() else {
        panic!("one incident: {documents:?}");
    };
    assert_eq!(incident.name, id);
    assert_eq!(
        incident.title.as_deref(),
        Some("The server is on fire. (incident #1)")
    );
    assert_eq!(incident.url, Some(format!("{SITE}/incidents/{id}")));
    assert_eq!(incident.changed_at, Some(at("2026-01-02T11:00:00Z")));
    let expected = "Incident of 2026-01-02 09:00 UTC, resolved, resolved at 2026-01-02 10:00 UTC, high urgency, \
        priority: P2, service: My Mail Service, team: Engineering.\n\n\
        ## Earline Greenholt noted on 2026-01-02\n\nFirefighters are on the scene.\n\n\
        ## Earline Greenholt noted on 2026-01-02\n\nIt was a toaster.";
    assert_eq!(text(incident), expected);
}

#[tokio::test]
async fn all_incidents_come_and_with_a_time_only_those_to_which_something_happened() {
    let pagerduty = PagerDutySimulator::start().await.unwrap();
    let (mail, web) = (pagerduty.add_service("Mail"), pagerduty.add_service("Web"));
    let old = at("2026-01-01T09:00:00Z");
    let ids: Vec<String> = (0..12).map(|_| pagerduty.trigger(&mail, "Down", old)).collect();
    let other = pagerduty.trigger(&web, "Slow", old);
    assert_eq!(read(&pagerduty, SITE, None).await.unwrap().len(), 13);
    let of_web = format!("{SITE}/service-directory/{web}");
    let names = |documents: Vec<Document>| -> Vec<String> {
        documents.into_iter().map(|incident| incident.name).collect()
    };
    let found = names(read(&pagerduty, &of_web, None).await.unwrap());
    assert_eq!(found, std::slice::from_ref(&other));

    let new = at("2026-01-09T09:00:00Z");
    for _ in 0..6 {
        pagerduty.note(&ids[3], "Still down.", new);
    }
    pagerduty.resolve(&ids[5], new);
    pagerduty.hide(&ids[6]);
    pagerduty.note(&ids[6], "Not to be seen.", new);
    pagerduty.note(&other, "Still slow.", new);
    let since = Some(at("2026-01-08T00:00:00Z"));
    let mut changed = names(read(&pagerduty, SITE, since).await.unwrap());
    changed.sort();
    let mut expected = [ids[3].clone(), ids[5].clone(), other.clone()];
    expected.sort();
    assert_eq!(changed, expected);
    assert_eq!(names(read(&pagerduty, &of_web, since).await.unwrap()), [other]);
    assert_eq!(
        read(&pagerduty, SITE, None).await.unwrap().len(),
        12,
        "one is gone"
    );
}

#[tokio::test]
async fn postmortems_of_status_pages_come_with_the_account() {
    let pagerduty = PagerDutySimulator::start().await.unwrap();
    let service = pagerduty.add_service("Mail");
    let when = at("2026-01-02T09:00:00Z");
    for number in 1..=7 {
        let html = format!("<p>Something wrong happened: {number}.</p>");
        pagerduty.publish("Mail was late", &html, when);
    }
    pagerduty.publish("Nothing written yet", "<p>&nbsp;</p>", when);
    let documents = read(&pagerduty, SITE, None).await.unwrap();
    assert_eq!(documents.len(), 7);
    let last = &documents[6];
    assert_eq!(last.title.as_deref(), Some("Postmortem: Mail was late"));
    assert_eq!(last.url.as_deref(), Some("https://status.acme.example"));
    assert_eq!(text(last), "<p>Something wrong happened: 7.</p>");
    let of_service = format!("{SITE}/service-directory/{service}");
    assert_eq!(read(&pagerduty, &of_service, None).await, Ok(Vec::new()));
}

#[tokio::test]
async fn what_goes_wrong_is_told_for_a_person() {
    let pagerduty = PagerDutySimulator::start().await.unwrap();
    let said = |error: DocumentsError| error.to_string();
    assert_eq!(
        read(&pagerduty, SITE, None).await,
        Ok(Vec::new()),
        "nothing is there yet"
    );
    let unknown = format!("{SITE}/service-directory/PUNKNOWN");
    assert_eq!(
        read(&pagerduty, &unknown, None).await,
        Err(DocumentsError::Gone(
            "is not there, or PAGERDUTY_TOKEN may not see it".to_owned()
        ))
    );
    pagerduty.add_service("Mail");
    let address = Url::parse(SITE).unwrap();
    for token in ["wrong", "pdus+_wrong"] {
        let wrong = client(&pagerduty, token);
        assert_eq!(
            wrong.incidents(&address, None).await.err().map(said).as_deref(),
            Some("cannot be read: PagerDuty does not accept PAGERDUTY_TOKEN")
        );
    }
    let refused = read(&pagerduty, "https://other.pagerduty.com", None).await;
    let refused = refused.map_err(said).unwrap_err();
    assert!(refused.contains("which leads to acme.pagerduty.com"), "{refused}");
    pagerduty.limit_next(0);
    pagerduty.fail_next(500, None);
    assert!(read(&pagerduty, SITE, None).await.is_ok(), "asked again");
    pagerduty.limit_next(3_600);
    assert_eq!(
        read(&pagerduty, SITE, None).await.map_err(said),
        Err("cannot be read now: PagerDuty's rate limit is used up".to_owned())
    );
    pagerduty.fail_next(403, None);
    assert_eq!(
        read(&pagerduty, SITE, None).await.map_err(said),
        Err("cannot be read: PAGERDUTY_TOKEN may not read it".to_owned())
    );
}
