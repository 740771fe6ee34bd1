//! `em-agent demo` in a real browser: type a command, see the answer, click, see the message change.

use std::net::{Ipv4Addr, SocketAddr};

use em_bot::demo::{self, Demo};
use em_domain::clock::SystemClock;
use em_tests::browser::Browser;

/// The newest message's text block, its menu and its entries.
const NEWEST: &str = "main .message:last-of-type";

async fn start() -> Demo {
    rustls::crypto::ring::default_provider().install_default().ok();
    let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    demo::start(any_port, &SystemClock)
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
        "Waiting for the author · 3",
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
    browser.wait_for_text("main", "0 of 12 cleared").await.unwrap();

    let text = browser.text(NEWEST).await.unwrap();
    assert!(!text.is_empty());
    demo.stop().await;
}
