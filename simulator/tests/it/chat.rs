//! Purpose: posting, editing, deleting, reading back, and the errors of each.

use em_simulator::Mention;
use serde_json::json;

use crate::client::call;
use crate::start;

#[tokio::test]
async fn a_post_is_seen_edited_linked_and_taken_back() {
    let sim = start().await;
    let posted = call(
        &sim,
        "chat.postMessage",
        json!({"channel": "#ops", "text": "7 of 9"}),
    )
    .await;
    let ts = posted["ts"].as_str().unwrap();
    assert_eq!(posted["channel"], "C0OPS");
    let reply = json!({"channel": "C0OPS", "thread_ts": ts, "text": "details"});
    call(&sim, "chat.postMessage", reply).await;
    call(
        &sim,
        "chat.update",
        json!({"channel": "C0OPS", "ts": ts, "text": "8 of 9"}),
    )
    .await;
    insta::assert_snapshot!(sim.read(|w| w.transcript("#ops")), @r"
    #ops
    em-agent (edited): 8 of 9
      ↳ em-agent: details
    ");
    let link = call(
        &sim,
        "chat.getPermalink",
        json!({"channel": "C0OPS", "message_ts": ts}),
    )
    .await;
    assert!(
        link["permalink"]
            .as_str()
            .unwrap()
            .starts_with("https://acme.slack.com/archives/C0OPS/p")
    );
    call(&sim, "chat.delete", json!({"channel": "C0OPS", "ts": ts})).await;
    let again = call(
        &sim,
        "chat.update",
        json!({"channel": "C0OPS", "ts": ts, "text": "9 of 9"}),
    )
    .await;
    assert_eq!(again["error"], "message_not_found");
}

#[tokio::test]
async fn posting_where_the_bot_may_not_says_why() {
    let sim = start().await;
    sim.arrange(|w| w.channels[2].is_archived = true);
    let human = sim.user("ana").says("#ops", "mine", None).unwrap().ts;
    for (method, body, error) in [
        (
            "chat.postMessage",
            json!({"channel": "C0NONE", "text": "x"}),
            "channel_not_found",
        ),
        (
            "chat.postMessage",
            json!({"channel": "C0RANDOM", "text": "x"}),
            "not_in_channel",
        ),
        (
            "chat.postMessage",
            json!({"channel": "C0PAYMENTS", "text": "x"}),
            "is_archived",
        ),
        ("chat.postMessage", json!({"channel": "C0OPS"}), "no_text"),
        (
            "chat.postMessage",
            json!({"channel": "C0OPS", "text": "x".repeat(40_001)}),
            "msg_too_long",
        ),
        (
            "chat.postEphemeral",
            json!({"channel": "C0OPS", "text": "x", "user": "U0EVE"}),
            "user_not_in_channel",
        ),
        (
            "chat.update",
            json!({"channel": "C0OPS", "text": "x", "ts": human}),
            "cant_update_message",
        ),
        ("users.info", json!({"user": "U0NOBODY"}), "user_not_found"),
        (
            "users.lookupByEmail",
            json!({"email": "no@acme.example"}),
            "users_not_found",
        ),
    ] {
        assert_eq!(call(&sim, method, body).await["error"], error, "{method}");
    }
}

#[tokio::test]
async fn a_private_channel_without_the_bot_does_not_exist_for_it() {
    let sim = start().await;
    sim.arrange(|w| {
        use em_simulator::workspace::{Channel, ChannelKind};
        w.channels.push(Channel::new(
            "C0BOARD",
            "board",
            ChannelKind::Private,
            vec!["U0ANA".into()],
        ));
    });
    let posted = call(
        &sim,
        "chat.postMessage",
        json!({"channel": "C0BOARD", "text": "x"}),
    )
    .await;
    assert_eq!(posted["error"], "channel_not_found");
    let listed = call(
        &sim,
        "conversations.list",
        json!({"types": "public_channel,private_channel"}),
    )
    .await;
    assert!(!listed.to_string().contains("board"));
}

#[tokio::test]
async fn history_pages_backwards_and_gives_metadata_when_asked() {
    let sim = start().await;
    for number in 0..5 {
        let metadata = json!({"event_type": "em_post", "event_payload": {"key": format!("k{number}")}});
        let body = json!({"channel": "C0OPS", "text": format!("m{number}"), "metadata": metadata});
        call(&sim, "chat.postMessage", body).await;
    }
    let mut texts = Vec::new();
    let mut cursor = json!("");
    loop {
        let body = json!({"channel": "C0OPS", "limit": 2, "cursor": cursor, "include_all_metadata": true});
        let page = call(&sim, "conversations.history", body).await;
        for message in page["messages"].as_array().unwrap() {
            texts.push(format!(
                "{}{}",
                message["text"], message["metadata"]["event_payload"]["key"]
            ));
        }
        cursor = page["response_metadata"]["next_cursor"].clone();
        if cursor == "" {
            break;
        }
    }
    assert_eq!(texts.join(" ").replace('"', ""), "m4k4 m3k3 m2k2 m1k1 m0k0");
    let plain = call(
        &sim,
        "conversations.history",
        json!({"channel": "C0OPS", "limit": 1}),
    )
    .await;
    assert!(plain["messages"][0].get("metadata").is_none());
}

#[tokio::test]
async fn people_come_in_pages() {
    let sim = start().await;
    let first = call(&sim, "users.list", json!({"limit": 5})).await;
    let cursor = first["response_metadata"]["next_cursor"].clone();
    let second = call(&sim, "users.list", json!({"limit": 5, "cursor": cursor})).await;
    let count = |page: &serde_json::Value| page["members"].as_array().unwrap().len();
    assert_eq!((count(&first), count(&second)), (5, 3));
    assert_eq!(second["response_metadata"]["next_cursor"], "");
}

#[tokio::test]
async fn blocks_without_text_are_written_down_as_a_violation() {
    let sim = start().await;
    let blocks = json!([{"type": "divider"}]);
    let posted = call(
        &sim,
        "chat.postMessage",
        json!({"channel": "C0OPS", "blocks": blocks}),
    )
    .await;
    assert_eq!(posted["ok"], true);
    assert_eq!(sim.violations()[0].rule, "missing_text_in_message");
}

#[tokio::test]
async fn a_message_says_whom_it_pings() {
    let sim = start().await;
    call(
        &sim,
        "chat.postMessage",
        json!({"channel": "C0OPS", "text": "<!channel> &lt;!here&gt;"}),
    )
    .await;
    let mentions = sim.read(|w| w.messages("#ops").next().unwrap().mentions());
    assert_eq!(mentions, [Mention::Channel]);
}

#[tokio::test]
async fn timestamps_follow_the_time_source_and_stay_unique() {
    let time = em_simulator::TimeSource::from_micros(|| 1_690_000_000_000_000);
    let sim = em_simulator::Simulator::start(em_simulator::Options {
        time,
        ..Default::default()
    })
    .await
    .unwrap();
    let mut seen = Vec::new();
    for _ in 0..2 {
        seen.push(
            call(&sim, "chat.postMessage", json!({"channel": "C0OPS", "text": "x"})).await["ts"].clone(),
        );
    }
    assert_eq!(seen, ["1690000000.000000", "1690000000.000100"]);
}
