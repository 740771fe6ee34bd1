//! Purpose: what Slack signs gets in, and nothing else does.

use em_domain::clock::{SystemClock, TestClock};
use em_simulator::{HttpTarget, Options, Outcome, Signing, Simulator};
use serde_json::Value;

use super::*;

/// Slack's published example, as in its documentation of request signing.
const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
const SIGNED_AT: i64 = 1_531_420_618;
const BODY: &str = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&\
                    channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&\
                    response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F\
                    96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
const SIGNATURE: &str = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";

struct Served {
    url: String,
    inbound: mpsc::Receiver<Inbound>,
}

async fn serve(clock: SharedClock, room: usize) -> Served {
    // Whichever test is first sets it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (sender, inbound) = mpsc::channel(room);
    let transport = HttpTransport {
        signing_secret: SECRET.to_owned().into(),
        clock,
        inbound: sender,
        max_body_bytes: 64 * 1024,
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router(transport)).await });
    Served { url, inbound }
}

fn clock_at(seconds: i64) -> SharedClock {
    Arc::new(TestClock::at(DateTime::from_timestamp(seconds, 0).unwrap()))
}

impl Served {
    async fn post(&self, path: &str, headers: &[(&str, &str)], body: String) -> reqwest::Response {
        let mut request = reqwest::Client::builder()
            .build()
            .unwrap()
            .post(format!("{}{path}", self.url))
            .body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap()
    }

    async fn signed(&self, path: &str, body: &str) -> reqwest::Response {
        let signature = em_simulator::sign(SECRET, SIGNED_AT, body.as_bytes());
        let timestamp = SIGNED_AT.to_string();
        let headers = [
            ("x-slack-request-timestamp", timestamp.as_str()),
            ("x-slack-signature", signature.as_str()),
        ];
        self.post(path, &headers, body.to_owned()).await
    }
}

#[test]
fn slacks_own_example_verifies_within_five_minutes_either_way() {
    let timestamp = SIGNED_AT.to_string();
    let request = Signed {
        secret: SECRET,
        timestamp: &timestamp,
        signature: SIGNATURE,
        body: BODY.as_bytes(),
    };
    for (shift, expected) in [
        (0, Ok(())),
        (300, Ok(())),
        (-300, Ok(())),
        (301, Err(Refusal::Timestamp)),
        (-301, Err(Refusal::Timestamp)),
    ] {
        let now = DateTime::from_timestamp(SIGNED_AT + shift, 0).unwrap();
        assert_eq!(verify(&request, now), expected, "{shift} s");
    }
}

#[test]
fn anything_that_was_touched_is_refused() {
    let now = DateTime::from_timestamp(SIGNED_AT, 0).unwrap();
    let timestamp = SIGNED_AT.to_string();
    let right = Signed {
        secret: SECRET,
        timestamp: &timestamp,
        signature: SIGNATURE,
        body: BODY.as_bytes(),
    };
    let changed = BODY.replace("text=&", "text=x&");
    let upper = SIGNATURE.replace("v0=", "v1=");
    for touched in [
        Signed {
            secret: "another",
            ..right
        },
        Signed {
            timestamp: "1531420619",
            ..right
        },
        Signed {
            body: changed.as_bytes(),
            ..right
        },
        Signed {
            signature: "",
            ..right
        },
        Signed {
            signature: "v0=zz",
            ..right
        },
        Signed {
            signature: &SIGNATURE[..SIGNATURE.len() - 2],
            ..right
        },
        Signed {
            signature: &upper,
            ..right
        },
    ] {
        assert_eq!(
            verify(&touched, now),
            Err(Refusal::Signature),
            "{}",
            touched.signature
        );
    }
    assert_eq!(
        verify(
            &Signed {
                timestamp: "soon",
                ..right
            },
            now
        ),
        Err(Refusal::Timestamp)
    );
}

#[tokio::test]
async fn slacks_own_example_becomes_the_payload_that_socket_mode_would_send() {
    let mut served = serve(clock_at(SIGNED_AT + 5), 10).await;
    let timestamp = SIGNED_AT.to_string();
    let headers = [
        ("x-slack-request-timestamp", timestamp.as_str()),
        ("x-slack-signature", SIGNATURE),
    ];
    let response = served.post("/slack/commands", &headers, BODY.to_owned()).await;
    assert_eq!(response.status(), 200);
    assert_eq!(
        response.text().await.unwrap(),
        "",
        "an empty answer says nothing in the channel"
    );
    let inbound = served.inbound.try_recv().unwrap();
    assert_eq!(inbound.kind, InboundKind::SlashCommand);
    assert_eq!(
        inbound.id,
        "398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    );
    let payload: Value = serde_json::from_str(inbound.payload.get()).unwrap();
    assert_eq!(
        (payload["command"].as_str(), payload["text"].as_str()),
        (Some("/webhook-collect"), Some(""))
    );
}

#[tokio::test]
async fn both_transports_hand_over_the_same_from_the_same_people() {
    let slack = Simulator::start(Options::default()).await.unwrap();
    let mut served = serve(Arc::new(SystemClock), 10).await;
    let target = HttpTarget {
        commands: format!("{}/slack/commands", served.url),
        interactions: format!("{}/slack/interactions", served.url),
        events: format!("{}/slack/events", served.url),
        signing: Signing::Right,
    };
    let ana = slack.user("ana").over_http(target.clone());
    assert!(ana.types("#ops", "/em-agent triage").unwrap().await.is_acked());
    assert!(ana.shortcut("nudge", None).unwrap().await.is_acked());
    assert!(
        ana.says("#ops", "@em-agent hello", None)
            .unwrap()
            .await
            .is_acked()
    );
    let mut kinds = Vec::new();
    while let Ok(inbound) = served.inbound.try_recv() {
        let payload: Value = serde_json::from_str(inbound.payload.get()).unwrap();
        let mark = ["command", "callback_id", "event_id"]
            .iter()
            .find_map(|key| payload[key].as_str());
        kinds.push((inbound.kind, mark.unwrap_or_default().to_owned()));
    }
    assert_eq!(kinds[0], (InboundKind::SlashCommand, "/em-agent".to_owned()));
    assert_eq!(kinds[1], (InboundKind::Interaction, "nudge".to_owned()));
    assert_eq!(kinds[2].0, InboundKind::Event);
    for forged in [Signing::Wrong, Signing::Missing, Signing::Old(301)] {
        let mallory = slack.user("ana").over_http(target.clone().signed(forged));
        let outcome = mallory.types("#ops", "/em-agent triage").unwrap().await;
        assert!(
            matches!(outcome, Outcome::Refused(401, _)),
            "{forged:?}: {outcome:?}"
        );
    }
    assert!(served.inbound.try_recv().is_err());
}

#[tokio::test]
async fn refusals_explain_themselves_as_problem_json() {
    let served = serve(clock_at(SIGNED_AT), 10).await;
    let response = served.post("/slack/events", &[], "{}".to_owned()).await;
    assert_eq!(response.status(), 401);
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    let problem: Value = response.json().await.unwrap();
    assert_eq!(problem["title"], "Signature missing or wrong");
    assert_eq!(served.signed("/slack/events", "not json").await.status(), 400);
    assert_eq!(served.signed("/slack/interactions", "a=b").await.status(), 400);
    assert_eq!(
        served.signed("/slack/interactions", "payload=%7B").await.status(),
        400
    );
    let huge = "x".repeat(65 * 1024);
    assert_eq!(served.signed("/slack/events", &huge).await.status(), 413);
}

#[tokio::test]
async fn slacks_checks_are_answered_without_becoming_work() {
    let mut served = serve(clock_at(SIGNED_AT), 10).await;
    let check = r#"{"token":"t","challenge":"3eZbrw1a\u0042","type":"url_verification"}"#;
    let answer = served.signed("/slack/events", check).await;
    assert_eq!(
        (answer.status().as_u16(), answer.text().await.unwrap().as_str()),
        (200, "3eZbrw1aB")
    );
    assert_eq!(
        served
            .signed("/slack/commands", "ssl_check=1&token=t")
            .await
            .status(),
        200
    );
    assert!(served.inbound.try_recv().is_err());
}

#[tokio::test]
async fn a_full_queue_tells_the_person_and_makes_slack_repeat_the_rest() {
    let served = serve(clock_at(SIGNED_AT), 1).await;
    assert_eq!(
        served
            .signed("/slack/commands", "command=%2Fem-agent&trigger_id=1.1")
            .await
            .status(),
        200
    );
    let shed = served
        .signed("/slack/commands", "command=%2Fem-agent&trigger_id=1.2")
        .await;
    assert_eq!(shed.status(), 200);
    let said: Value = shed.json().await.unwrap();
    assert_eq!(said["text"], "EM Agent is busy; try again in a moment.");
    let event = served
        .signed("/slack/events", r#"{"type":"event_callback","event_id":"Ev1"}"#)
        .await;
    assert_eq!(event.status(), 503);
    assert_eq!(event.headers()["retry-after"], "1");
}
