//! `em-agent demo` in a real browser: type a command, see the answer, click, see the message change.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use em_bot::demo::{self, Demo};
use em_domain::clock::SystemClock;
use em_tests::browser::Browser;
use serde_json::json;

mod standup;

/// The newest message's text block, its menu and its entries.
const NEWEST: &str = "main .message:last-of-type";
/// Looks at something that follows within moments.
const TRIES: usize = 20;

async fn start() -> Demo {
    rustls::crypto::ring::default_provider().install_default().ok();
    let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    demo::start(any_port, Arc::new(SystemClock))
        .await
        .expect("the demo starts")
}

async fn type_triage(browser: &Browser, demo: &Demo) {
    browser
        .goto(&format!("{}/?as=ana&at=payments", demo.url))
        .await
        .unwrap();
    browser
        .type_into("#compose-main", "/em-agent triage")
        .await
        .unwrap();
    browser.press("#compose-main", "Enter").await.unwrap();
    browser
        .wait_for_text("main", "What is stuck, and who must move")
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn triage_typed_in_the_demo_is_the_list_a_manager_would_find_right() {
    let Some(browser) = Browser::for_test().await else {
        return;
    };
    let demo = start().await;

    type_triage(&browser, &demo).await;

    let text = browser.text("main").await.unwrap();
    for expected in [
        "Waiting for a reviewer · 5",
        "Waiting for the author · 4",
        "Ready to merge · 2",
        "Waiting for CI · 2",
        "acme/checkout, branch main: CI failing",
        "acme/checkout to staging",
    ] {
        assert!(text.contains(expected), "no “{expected}” in {text}");
    }
    assert!(!text.contains("acme/infra#79"), "an ignored label is left out");
    demo.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn posting_from_a_button_and_snoozing_from_a_menu_change_what_is_seen() {
    let Some(browser) = Browser::for_test().await else {
        return;
    };
    let demo = start().await;
    type_triage(&browser, &demo).await;

    browser.click("[data-action='triage.share']").await.unwrap();
    browser.wait_for_text("main", "Posted to").await.unwrap();
    browser.wait_for_text("main", "0 of 13 cleared").await.unwrap();

    let text = browser.text(NEWEST).await.unwrap();
    assert!(!text.is_empty());
    demo.stop().await;
}

/// The id on the page of the newest message that says `words`, once there is one.
async fn message_that_says(browser: &Browser, words: &str) -> String {
    browser.wait_for_text("main", words).await.unwrap();
    let script = "return [...document.querySelectorAll('main .message')].reverse()\
        .find(one => one.innerText.includes(arguments[0]))?.id ?? ''";
    let id = browser.run(script, json!([words])).await.unwrap();
    let id = id.as_str().unwrap_or_default();
    assert!(!id.is_empty(), "no message says “{words}”");
    format!("#{id}")
}

/// Types `triage` until the list no longer names `subject`. Gives that list.
async fn triage_without(browser: &Browser, subject: &str) -> String {
    let lists = "return [...document.querySelectorAll('main .message')].map(one => one.innerText)\
        .filter(text => text.includes('What is stuck, and who must move'))";
    for asked in 1..=TRIES {
        types(browser, "/em-agent triage").await;
        let listed = browser.wait_for(lists, |found| {
            found.as_array().is_some_and(|all| all.len() >= asked)
        });
        let listed = listed.await.unwrap()[asked - 1]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        if !listed.contains(subject) {
            return listed;
        }
    }
    panic!("{subject} is still listed after {TRIES} looks");
}

async fn types(browser: &Browser, words: &str) {
    browser.type_into("#compose-main", words).await.unwrap();
    browser.press("#compose-main", "Enter").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_pull_request_is_told_of_asked_about_closed_and_gone_from_triage() {
    let Some(browser) = Browser::for_test().await else {
        return;
    };
    let demo = start().await;
    browser
        .goto(&format!("{}/?at=payments&theme=light", demo.url))
        .await
        .unwrap();

    let bulletin = message_that_says(&browser, "Stale pull requests").await;
    browser.wait_for_text(&bulletin, "acme/infra#61").await.unwrap();
    let card = message_that_says(&browser, "Approval wanted: Close acme/infra#61").await;
    let before = browser.text(&card).await.unwrap();
    assert!(
        before.contains("Closes acme/infra#61 without merging it"),
        "{before}"
    );
    browser
        .click(&format!("{card} [data-action='approval.approve']"))
        .await
        .unwrap();
    browser
        .wait_for_text(&card, "Done: Close acme/infra#61")
        .await
        .unwrap();
    let after = browser.text(&card).await.unwrap();
    assert!(after.contains("Done.") && after.contains("Ana Ruiz"), "{after}");

    // The pretend GitHub tells the bot by webhook.
    let listed = triage_without(&browser, "acme/infra#61").await;
    assert!(listed.contains("Waiting for the author · 3"), "{listed}");

    types(&browser, "/em-agent audit acme/infra#61").await;
    let story = message_that_says(&browser, "What the audit log says about").await;
    let told = browser.text(&story).await.unwrap();
    for step in ["proposed", "Ana Ruiz", "Closed acme/infra#61"] {
        assert!(told.contains(step), "no “{step}” in {told}");
    }
    demo.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_propose_in_the_demo_is_asked_of_the_managers() {
    let Some(browser) = Browser::for_test().await else {
        return;
    };
    let demo = start().await;
    browser
        .goto(&format!("{}/?as=ana&at=payments", demo.url))
        .await
        .unwrap();

    types(&browser, "/em-agent propose merge acme/checkout#211").await;

    let card = message_that_says(&browser, "Approval wanted: Merge acme/checkout#211").await;
    let asked = browser.text(&card).await.unwrap();
    assert!(
        asked.contains("Add an estimate") || asked.contains("acme/checkout#211"),
        "{asked}"
    );
    demo.stop().await;
}
