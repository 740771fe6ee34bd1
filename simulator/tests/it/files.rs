//! Purpose: files that the app brings, as Slack takes them and refuses them.

use axum::body::Body;
use axum::http::Request;
use em_simulator::Simulator;
use serde_json::{Value, json};

use crate::client::{call, send};
use crate::start;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n and so on";

async fn ticket(sim: &Simulator, length: usize) -> Value {
    let body = json!({"filename": "a.png", "length": length, "alt_txt": "Two bars: 1, 2."});
    call(sim, "files.getUploadURLExternal", body).await
}

async fn upload(ticket: &Value, bytes: &'static [u8]) -> u16 {
    let address = ticket["upload_url"].as_str().unwrap();
    let request = Request::post(address).body(Body::from(bytes)).unwrap();
    send(request).await.unwrap().status
}

async fn complete(sim: &Simulator, ticket: &Value, more: Value) -> Value {
    let mut body = json!({"files": [{"id": ticket["file_id"], "title": "Two bars"}]});
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    call(sim, "files.completeUploadExternal", body).await
}

#[tokio::test]
async fn a_picture_is_announced_uploaded_and_shown_once_in_a_thread() {
    let sim = start().await;
    let parent = call(
        &sim,
        "chat.postMessage",
        json!({"channel": "C0OPS", "text": "The report"}),
    )
    .await;
    let to = json!({"channel_id": "C0OPS", "thread_ts": parent["ts"]});
    let ticket = ticket(&sim, PNG.len()).await;
    let early = complete(&sim, &ticket, to.clone()).await;
    assert_eq!(early["error"], "file_not_found", "nothing was uploaded");
    assert_eq!(upload(&ticket, PNG).await, 200);
    assert_eq!(complete(&sim, &ticket, to.clone()).await["ok"], true);
    assert_eq!(
        complete(&sim, &ticket, to).await["error"],
        "file_already_completed"
    );
    let shown = sim.read(|w| w.transcript("ops"));
    assert!(shown.contains("[picture Two bars: Two bars: 1, 2.]"), "{shown}");
    assert!(sim.violations().is_empty(), "{:?}", sim.violations());
}

#[tokio::test]
async fn what_slack_would_refuse_is_refused() {
    let sim = start().await;
    let bare = call(
        &sim,
        "files.getUploadURLExternal",
        json!({"filename": "a.png", "length": 0}),
    )
    .await;
    assert_eq!(bare["error"], "missing_argument");
    let long = json!({"filename": "a.png", "length": 3, "alt_txt": "x".repeat(1_001)});
    assert_eq!(
        call(&sim, "files.getUploadURLExternal", long).await["error"],
        "alt_txt_too_large"
    );
    let ticket = ticket(&sim, 3).await;
    assert_eq!(upload(&ticket, PNG).await, 400, "another length was announced");
    assert_eq!(upload(&ticket, b"abc").await, 200);
    for (place, code) in [
        (json!({"channel_id": "C0NONE"}), "channel_not_found"),
        (
            json!({"channel_id": "C0OPS", "thread_ts": "1.2"}),
            "invalid_thread_ts",
        ),
        (json!({"channel_id": "C0OPS"}), "file_type_not_allowed"),
    ] {
        assert_eq!(complete(&sim, &ticket, place).await["error"], code);
    }
    sim.faults().remove_scope("files:write");
    assert_eq!(complete(&sim, &ticket, json!({})).await["needed"], "files:write");
}
