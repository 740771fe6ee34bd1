//! Purpose: Socket Mode: one envelope to one socket, acknowledgements, redelivery, ways to break.

use std::time::Duration;

use em_simulator::{DisconnectReason, Options, Outcome, Simulator};
use serde_json::json;

use crate::client::{Socket, link};
use crate::start;

const SOON: Duration = Duration::from_secs(5);

#[tokio::test]
async fn a_typed_command_is_acknowledged_and_answered_in_private() {
    let sim = start().await;
    let mut socket = Socket::open(&sim).await;
    let sent = sim.user("ana").types("#ops", "/em-agent triage mine").unwrap();
    let envelope = socket.next().await.unwrap();
    assert_eq!(envelope["type"], "slash_commands");
    assert_eq!(envelope["payload"]["text"], "triage mine");
    assert_eq!(envelope["payload"]["channel_name"], "ops");
    assert_eq!(
        envelope["payload"]["trigger_id"].as_str(),
        sent.trigger_id.as_deref()
    );
    socket
        .answer(&envelope, Some(json!({"text": "working on it"})))
        .await;
    assert!(sent.await.is_acked());
    sim.read(|w| {
        assert_eq!(w.seen_by("ana", "#ops")[0].text, "working on it");
        assert!(w.seen_by("ben", "#ops").is_empty());
    });
}

#[tokio::test]
async fn commands_take_turns_over_the_sockets() {
    let sim = start().await;
    let (mut one, mut two) = (Socket::open(&sim).await, Socket::open(&sim).await);
    sim.user("ana").types("#ops", "/em-agent a").unwrap();
    sim.user("ana").types("#ops", "/em-agent b").unwrap();
    let texts = [one.next().await.unwrap(), two.next().await.unwrap()].map(|e| e["payload"]["text"].clone());
    assert_eq!(texts, [json!("a"), json!("b")]);
    assert_eq!(sim.socket().unacked(), 2);
}

#[tokio::test]
async fn what_a_lost_socket_left_goes_to_another_with_the_same_id() {
    let sim = start().await;
    let mut first = Socket::open(&sim).await;
    let sent = sim.user("ana").types("#ops", "/em-agent help").unwrap();
    let before = first.next().await.unwrap();
    assert!(sim.socket().abort_one());
    assert!(first.next().await.is_none());
    let mut second = Socket::open(&sim).await;
    let again = second.next().await.unwrap();
    assert_eq!(before["envelope_id"], again["envelope_id"]);
    second.ack(&again).await;
    assert!(sent.await.is_acked());
    assert_eq!(sim.socket().acked()[0].deliveries, 2);
}

#[tokio::test]
async fn a_disconnecting_socket_gets_nothing_new_and_may_still_acknowledge() {
    let sim = start().await;
    let mut old = Socket::open(&sim).await;
    let first = sim.user("ana").types("#ops", "/em-agent one").unwrap();
    let one = old.next().await.unwrap();
    assert!(sim.socket().disconnect_one(DisconnectReason::Warning));
    let bye = old.next().await.unwrap();
    assert_eq!(
        (bye["type"].as_str(), bye["reason"].as_str()),
        (Some("disconnect"), Some("warning"))
    );
    let second = sim.user("ana").types("#ops", "/em-agent two").unwrap();
    let mut new = Socket::open(&sim).await;
    let two = new.next().await.unwrap();
    assert_eq!(two["payload"]["text"], "two");
    old.ack(&one).await;
    new.ack(&two).await;
    assert!(first.await.is_acked() && second.await.is_acked());
}

#[tokio::test]
async fn the_eleventh_socket_is_sent_away() {
    let sim = start().await;
    let mut sockets = Vec::new();
    for _ in 0..10 {
        sockets.push(Socket::open(&sim).await);
    }
    let (mut eleventh, _) = tokio_tungstenite::connect_async(link(&sim).await).await.unwrap();
    let frame = futures::StreamExt::next(&mut eleventh).await.unwrap().unwrap();
    assert!(frame.to_text().unwrap().contains("too_many_websockets"));
    assert_eq!(sim.socket().open_sockets(), 10);
}

#[tokio::test]
async fn a_ticket_opens_one_socket_only() {
    let sim = start().await;
    let url = link(&sim).await;
    let _socket = tokio_tungstenite::connect_async(url.as_str()).await.unwrap();
    assert!(tokio_tungstenite::connect_async(url).await.is_err());
}

#[tokio::test]
async fn silence_shows_the_person_an_operation_timeout() {
    let ack_window = Duration::from_millis(50);
    let sim = Simulator::start(Options {
        ack_window,
        ..Options::default()
    })
    .await
    .unwrap();
    let _socket = Socket::open(&sim).await;
    let sent = sim.user("ana").types("#ops", "/em-agent triage").unwrap();
    assert_eq!(sent.await, Outcome::TimedOut);
    let seen = sim
        .wait_until(SOON, |w| Some(w.seen_by("ana", "#ops").first()?.text.clone()))
        .await
        .unwrap();
    assert!(seen.contains("operation_timeout"), "{seen}");
    assert_eq!(sim.socket().counts().timed_out, 1);
}

#[tokio::test]
async fn an_unacknowledged_event_comes_again_with_its_attempt() {
    let options = Options {
        ack_window: Duration::from_millis(40),
        event_retries: vec![Duration::ZERO, Duration::from_millis(10)],
        ..Options::default()
    };
    let sim = Simulator::start(options).await.unwrap();
    let mut socket = Socket::open(&sim).await;
    sim.user("ben").says("#ops", "@em-agent triage", None).unwrap();
    let tries = [
        socket.next().await.unwrap(),
        socket.next().await.unwrap(),
        socket.next().await.unwrap(),
    ];
    let attempts: Vec<_> = tries
        .iter()
        .map(|e| e["retry_attempt"].as_u64().unwrap())
        .collect();
    assert_eq!(attempts, [0, 1, 2]);
    assert!(tries.iter().all(|e| e["envelope_id"] == tries[0]["envelope_id"]));
    assert!(
        tries
            .iter()
            .all(|e| e["payload"]["event_id"] == tries[0]["payload"]["event_id"])
    );
    assert_eq!(tries[1]["retry_reason"], "timeout");
    assert_eq!(tries[0]["payload"]["event"]["type"], "app_mention");
}

#[tokio::test]
async fn a_half_open_socket_is_silent_and_then_reset() {
    let sim = start().await;
    let mut socket = Socket::open(&sim).await;
    assert!(sim.socket().half_open_one(Duration::from_millis(80)));
    let sent = sim.user("ana").types("#ops", "/em-agent help").unwrap();
    assert!(socket.next().await.is_none(), "nothing comes before the reset");
    let mut other = Socket::open(&sim).await;
    let envelope = other.next().await.unwrap();
    other.ack(&envelope).await;
    assert!(sent.await.is_acked());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_commands_survive_fifty_resets() {
    let sim = std::sync::Arc::new(start().await);
    let mut workers = Vec::new();
    for _ in 0..2 {
        let sim = sim.clone();
        workers.push(tokio::spawn(async move {
            loop {
                let mut socket = Socket::open(&sim).await;
                while let Some(envelope) = socket.next().await {
                    let ack = tokio::time::timeout(SOON, socket.try_ack(&envelope)).await;
                    if ack.is_err() {
                        break;
                    }
                }
            }
        }));
    }
    assert!(sim.socket().wait_for_connections(2, SOON).await);
    let ana = sim.user("ana");
    let mut sent = Vec::new();
    for number in 0..1000 {
        sent.push(ana.types("#ops", &format!("/em-agent n{number}")).unwrap());
        if number % 20 == 10 {
            sim.socket().abort_one();
            tokio::task::yield_now().await;
        }
    }
    for one in sent {
        assert!(one.await.is_acked());
    }
    assert_eq!(sim.socket().counts().acked, 1000);
    workers.iter().for_each(tokio::task::JoinHandle::abort);
}
