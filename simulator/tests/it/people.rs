//! Purpose: what people do reaches the app in Slack's form, and what they see reads well.

use std::time::Duration;

use serde_json::{Value, json};

use crate::client::{Socket, call};
use crate::start;

fn text(text: &str) -> Value {
    json!({"type": "plain_text", "text": text})
}

fn row(id: &str, line: &str) -> Value {
    let options = json!([{"text": text("Why here?"), "value": format!("why:{id}")},
        {"text": text("Nudge"), "value": format!("nudge:{id}")}]);
    let menu = json!({"type": "overflow", "action_id": "triage.row", "options": options});
    json!({"type": "section", "text": {"type": "mrkdwn", "text": line}, "accessory": menu})
}

fn triage() -> Value {
    json!([
        {"type": "header", "text": text("2 things are stuck")},
        row("7", "<https://github.com/acme/shop/pull/7|#7 Fix the cache> waits for <@U0BEN>"),
        row("9", "~#9 Add retries~"),
        {"type": "section", "fields": [{"type": "mrkdwn", "text": "*Oldest*\n3 days"}, {"type": "mrkdwn", "text": "*Team*\npayments"}]},
        {"type": "divider"},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "in <#C0OPS> &amp; elsewhere"}]},
        {"type": "actions", "elements": [
            {"type": "button", "action_id": "triage.post", "text": text("Share"), "value": "all"},
            {"type": "users_select", "action_id": "triage.who", "placeholder": text("Somebody")},
        ]},
    ])
}

#[tokio::test]
async fn a_message_reads_as_people_see_it() {
    let sim = start().await;
    call(
        &sim,
        "chat.postMessage",
        json!({"channel": "C0OPS", "text": "2 stuck", "blocks": triage()}),
    )
    .await;
    insta::assert_snapshot!(sim.read(|w| w.transcript("#ops")), @r"
    #ops
    em-agent:
      # 2 things are stuck
      #7 Fix the cache <https://github.com/acme/shop/pull/7> waits for @ben
      [⋯ Why here? | Nudge]
      ~#9 Add retries~
      [⋯ Why here? | Nudge]
      | *Oldest*: 3 days | *Team*: payments
      ---
      · in #ops & elsewhere
      [Share] [Somebody ▾]
    ");
}

#[tokio::test]
async fn a_choice_in_a_menu_names_the_row_it_was_made_in() {
    let sim = start().await;
    let mut socket = Socket::open(&sim).await;
    call(
        &sim,
        "chat.postMessage",
        json!({"channel": "C0OPS", "text": "2 stuck", "blocks": triage()}),
    )
    .await;
    let message = sim.read(|w| w.messages("#ops").next().unwrap().clone());
    let chloe = sim.user("chloe");
    let sent = chloe.clicks(&message, ("triage.row", "nudge:9")).unwrap();
    let envelope = socket.next().await.unwrap();
    let payload = &envelope["payload"];
    assert_eq!(payload["actions"][0]["selected_option"]["value"], "nudge:9");
    assert_eq!(payload["actions"][0]["block_id"], message.blocks[2]["block_id"]);
    assert_eq!(payload["message"]["ts"], message.ts.as_str());
    assert_eq!(payload["user"]["id"], "U0CHLOE");
    socket.ack(&envelope).await;
    assert!(sent.await.is_acked());
    chloe.selects(&message, "triage.who", "U0BEN").unwrap();
    let chosen = socket.next().await.unwrap();
    let block = message.blocks[6]["block_id"].as_str().unwrap();
    assert_eq!(
        chosen["payload"]["state"]["values"][block]["triage.who"]["selected_user"],
        "U0BEN"
    );
    assert!(chloe.clicks(&message, "triage.gone").is_err());
    assert!(
        sim.user("eve").clicks(&message, "triage.post").is_err(),
        "eve is not in #ops"
    );
}

#[tokio::test]
async fn a_mention_and_a_direct_message_reach_the_app_and_other_talk_does_not() {
    let sim = start().await;
    let mut socket = Socket::open(&sim).await;
    let ana = sim.user("ana");
    assert!(!ana.says("#ops", "good morning", None).unwrap().heard());
    let asked = ana.says("#ops", "@em-agent triage in #payments", None).unwrap();
    let event = socket.next().await.unwrap()["payload"]["event"].clone();
    assert_eq!(event["text"], "<@U0EMAGENT> triage in <#C0PAYMENTS|payments>");
    assert_eq!(event["ts"].as_str(), asked.ts.as_deref());
    ana.says("@em-agent", "what is stuck?", None).unwrap();
    let direct = socket.next().await.unwrap()["payload"]["event"].clone();
    assert_eq!(
        (direct["type"].as_str(), direct["channel_type"].as_str()),
        (Some("message"), Some("im"))
    );
    let channel = direct["channel"].clone();
    call(
        &sim,
        "chat.postMessage",
        json!({"channel": channel, "text": "nothing"}),
    )
    .await;
    let own = socket.next().await.unwrap()["payload"]["event"].clone();
    assert_eq!(
        own["bot_id"], "B0EMAGENT",
        "the app hears itself in a direct message"
    );
    assert!(sim.user("ana").says("#ops-secret", "x", None).is_err());
}

#[tokio::test]
async fn a_shortcut_carries_the_message() {
    let sim = start().await;
    let mut socket = Socket::open(&sim).await;
    sim.user("ben").says("#ops", "the build is red", None).unwrap();
    let message = sim.read(|w| w.messages("#ops").next().unwrap().clone());
    sim.user("ana")
        .shortcut("incident.start", Some(&message))
        .unwrap();
    let payload = socket.next().await.unwrap()["payload"].clone();
    assert_eq!(payload["type"], "message_action");
    assert_eq!(payload["message"]["text"], "the build is red");
    sim.user("ana").shortcut("incident.start", None).unwrap();
    assert_eq!(socket.next().await.unwrap()["payload"]["type"], "shortcut");
}

#[tokio::test]
async fn waiting_ends_with_the_change_or_with_what_was_there() {
    let sim = std::sync::Arc::new(start().await);
    let posting = sim.clone();
    tokio::spawn(async move {
        call(
            &posting,
            "chat.postMessage",
            json!({"channel": "C0OPS", "text": "here"}),
        )
        .await;
    });
    let seen = sim.wait_until(Duration::from_secs(5), |w| {
        w.messages("#ops").next().map(|m| m.text.clone())
    });
    assert_eq!(seen.await.unwrap(), "here");
    let nothing = sim
        .wait_until(Duration::from_millis(20), |w| {
            w.messages("#general").next().map(|_| ())
        })
        .await;
    assert!(nothing.unwrap_err().to_string().contains("em-agent: here"));
}
