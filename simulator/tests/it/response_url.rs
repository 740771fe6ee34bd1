//! Purpose: response URLs: five uses, thirty minutes, replacing and deleting.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use em_simulator::{Options, Simulator, TimeSource};
use serde_json::{Value, json};

use crate::client::{Socket, call, post_json};
use crate::start;

async fn respond(url: &str, body: Value) -> (u16, String) {
    let answer = post_json(url, "", &body).await.unwrap();
    (answer.status, answer.text)
}

#[tokio::test]
async fn it_works_five_times() {
    let sim = start().await;
    let url = sim
        .user("ana")
        .types("#ops", "/em-agent help")
        .unwrap()
        .response_url
        .unwrap();
    for number in 0..5 {
        let body = json!({"text": format!("part {number}")});
        assert_eq!(respond(&url, body).await, (200, "ok".into()));
    }
    let (status, text) = respond(&url, json!({"text": "part 5"})).await;
    assert_eq!(status, 404);
    assert!(text.contains("used_url"), "{text}");
    assert_eq!(sim.read(|w| w.seen_by("ana", "#ops").len()), 5);
    assert_eq!(sim.read(|w| w.seen_by("ben", "#ops").len()), 0);
}

#[tokio::test]
async fn it_dies_after_thirty_minutes() {
    let now = Arc::new(AtomicI64::new(1_690_000_000_000_000));
    let clock = now.clone();
    let time = TimeSource::from_micros(move || clock.load(Ordering::Relaxed));
    let sim = Simulator::start(Options {
        time,
        ..Options::default()
    })
    .await
    .unwrap();
    let url = sim
        .user("ana")
        .types("#ops", "/em-agent help")
        .unwrap()
        .response_url
        .unwrap();
    now.fetch_add(30 * 60 * 1_000_000, Ordering::Relaxed);
    assert_eq!(respond(&url, json!({"text": "just in time"})).await.0, 200);
    now.fetch_add(1, Ordering::Relaxed);
    let (status, text) = respond(&url, json!({"text": "late"})).await;
    assert!(status == 404 && text.contains("expired_url"), "{text}");
}

#[tokio::test]
async fn a_click_on_a_message_for_one_person_can_replace_and_delete_it() {
    let sim = start().await;
    let mut socket = Socket::open(&sim).await;
    let button = json!({"type": "button", "action_id": "triage.nudge", "text": {"type": "plain_text", "text": "Nudge"}});
    let blocks = json!([{"type": "actions", "elements": [button]}]);
    let body = json!({"channel": "C0OPS", "user": "U0ANA", "text": "nudge?", "blocks": blocks});
    call(&sim, "chat.postEphemeral", body).await;
    let ana = sim.user("ana");
    let message = sim.read(|w| w.seen_by("ana", "#ops")[0].clone());
    assert!(
        sim.user("ben").clicks(&message, "triage.nudge").is_err(),
        "ben does not see it"
    );
    let url = ana
        .clicks(&message, "triage.nudge")
        .unwrap()
        .response_url
        .unwrap();
    let envelope = socket.next().await.unwrap();
    assert!(
        envelope["payload"].get("message").is_none(),
        "Slack leaves ephemeral messages out"
    );
    assert_eq!(envelope["payload"]["container"]["is_ephemeral"], true);
    assert_eq!(
        respond(&url, json!({"replace_original": true, "text": "nudged"}))
            .await
            .0,
        200
    );
    assert_eq!(sim.read(|w| w.seen_by("ana", "#ops")[0].text.clone()), "nudged");
    assert_eq!(respond(&url, json!({"delete_original": true})).await.0, 200);
    assert_eq!(sim.read(|w| w.seen_by("ana", "#ops").len()), 0);
}

#[tokio::test]
async fn bad_blocks_are_refused_and_written_down() {
    let sim = start().await;
    let url = sim
        .user("ana")
        .types("#ops", "/em-agent help")
        .unwrap()
        .response_url
        .unwrap();
    let (status, text) = respond(&url, json!({"text": "x", "blocks": [{"type": "nothing"}]})).await;
    assert!(status == 400 && text.contains("invalid_blocks"), "{text}");
    assert!(sim.violations().iter().any(|v| v.detail.contains("/blocks/0")));
}
