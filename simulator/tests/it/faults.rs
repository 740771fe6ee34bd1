//! Purpose: faults on order really happen on the wire.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use em_simulator::{Fault, Options, PostingLimit, Simulator, TimeSource};
use serde_json::json;

use crate::client::{call, post_json};
use crate::start;

async fn post(sim: &Simulator) -> Result<crate::client::Answer, String> {
    let url = format!("{}/chat.postMessage", sim.slack_api_url());
    post_json(&url, sim.bot_token(), &json!({"channel": "C0OPS", "text": "x"})).await
}

#[tokio::test]
async fn each_fault_happens_once_and_is_recorded() {
    let sim = start().await;
    sim.faults().next("chat.postMessage", Fault::RateLimited(7));
    sim.faults().next("chat.postMessage", Fault::Status(500));
    sim.faults().next("chat.postMessage", Fault::Garbage);
    sim.faults()
        .next("chat.postMessage", Fault::Error("fatal_error".into()));
    let limited = post(&sim).await.unwrap();
    assert_eq!(
        (limited.status, limited.headers["retry-after"].to_str().unwrap()),
        (429, "7")
    );
    assert_eq!(limited.json()["error"], "ratelimited");
    assert_eq!(post(&sim).await.unwrap().status, 500);
    assert!(serde_json::from_str::<serde_json::Value>(&post(&sim).await.unwrap().text).is_err());
    assert_eq!(post(&sim).await.unwrap().json()["error"], "fatal_error");
    assert_eq!(post(&sim).await.unwrap().json()["ok"], true);
    let errors: Vec<_> = sim
        .calls("chat.postMessage")
        .iter()
        .map(|c| c.error.is_some())
        .collect();
    assert_eq!(errors, [true, true, true, true, false]);
    assert_eq!(sim.read(|w| w.messages("#ops").count()), 1);
}

#[tokio::test]
async fn a_reset_breaks_the_connection_before_or_after_the_effect() {
    let sim = start().await;
    sim.faults().next("chat.postMessage", Fault::Reset);
    sim.faults().next("chat.postMessage", Fault::ResetAfterEffect);
    assert!(post(&sim).await.is_err());
    assert_eq!(sim.read(|w| w.messages("#ops").count()), 0);
    assert!(post(&sim).await.is_err());
    assert_eq!(sim.read(|w| w.messages("#ops").count()), 1);
}

#[tokio::test]
async fn a_hanging_call_never_answers() {
    let sim = start().await;
    sim.faults().next("chat.postMessage", Fault::Hang);
    assert!(
        tokio::time::timeout(Duration::from_millis(100), post(&sim))
            .await
            .is_err()
    );
}

#[tokio::test]
async fn posting_faster_than_the_limit_is_refused_per_channel() {
    let posting_limit = Some(PostingLimit {
        burst: 2,
        per_second: 0.001,
    });
    let sim = Simulator::start(Options {
        posting_limit,
        ..Options::default()
    })
    .await
    .unwrap();
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(post(&sim).await.unwrap().status);
    }
    assert_eq!(statuses, [200, 200, 429]);
    let elsewhere = call(
        &sim,
        "chat.postMessage",
        json!({"channel": "C0GENERAL", "text": "x"}),
    )
    .await;
    assert_eq!(elsewhere["ok"], true);
}

#[tokio::test]
async fn a_method_called_more_often_than_its_tier_allows_is_refused_until_time_has_passed() {
    let now = Arc::new(AtomicI64::new(1_790_000_000_000_000));
    let read = Arc::clone(&now);
    let sim = Simulator::start(Options {
        method_limits: true,
        time: TimeSource::from_micros(move || read.load(Ordering::Relaxed)),
        ..Options::default()
    })
    .await
    .unwrap();
    let open = async || call(&sim, "conversations.open", json!({"users": "U0ANA"})).await["ok"] == true;
    for _ in 0..50 {
        assert!(open().await);
    }
    assert!(!open().await, "the 51st within a minute");
    now.fetch_add(1_200_000, Ordering::Relaxed);
    assert!(open().await, "one more is allowed after 1.2 seconds");
    assert!(!open().await);
}
