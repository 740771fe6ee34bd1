//! Purpose: signed requests of the HTTP transport, right and forged.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use em_simulator::{HttpTarget, Options, Outcome, Signing, Simulator, sign};
use tokio::net::TcpListener;

type Seen = Arc<Mutex<Vec<(HeaderMap, Bytes)>>>;

/// An app that keeps what it gets and answers with a text.
async fn app() -> (HttpTarget, Seen) {
    let seen = Seen::default();
    let keep = |State(seen): State<Seen>, headers: HeaderMap, body: Bytes| async move {
        seen.lock().unwrap().push((headers, body));
        "on it"
    };
    let router = Router::new().route("/slack", post(keep)).with_state(seen.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = HttpTarget::one(&format!("http://{}/slack", listener.local_addr().unwrap()));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (target, seen)
}

#[test]
fn the_signature_is_the_one_in_slacks_own_example() {
    let body =
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V\
&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=\
&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN\
&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    let signature = sign("8f742231b10e8888abcd99yyyzzz85a5", 1_531_420_618, body);
    assert_eq!(
        signature,
        "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
    );
}

#[tokio::test]
async fn a_command_over_http_is_signed_and_its_answer_shown() {
    let sim = Simulator::start(Options::default()).await.unwrap();
    let (target, seen) = app().await;
    let outcome = sim
        .user("ana")
        .over_http(target)
        .types("#ops", "/em-agent triage")
        .unwrap()
        .await;
    assert!(outcome.is_acked(), "{outcome:?}");
    let (headers, body) = seen.lock().unwrap()[0].clone();
    let timestamp = headers["x-slack-request-timestamp"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!(
        headers["x-slack-signature"].to_str().unwrap(),
        sign(sim.signing_secret(), timestamp, &body)
    );
    let fields: std::collections::HashMap<String, String> = serde_urlencoded::from_bytes(&body).unwrap();
    assert_eq!(fields["command"], "/em-agent");
    assert_eq!(sim.read(|w| w.seen_by("ana", "#ops")[0].text.clone()), "on it");
}

#[tokio::test]
async fn forged_and_old_requests_can_be_sent() {
    let sim = Simulator::start(Options::default()).await.unwrap();
    let (target, seen) = app().await;
    for signing in [Signing::Wrong, Signing::Missing, Signing::Old(600)] {
        let ana = sim.user("ana").over_http(target.clone().signed(signing));
        ana.types("#ops", "/em-agent triage").unwrap().await;
        let (headers, body) = seen.lock().unwrap().pop().unwrap();
        let timestamp: i64 = headers["x-slack-request-timestamp"]
            .to_str()
            .unwrap()
            .parse()
            .unwrap();
        let right = sign(sim.signing_secret(), timestamp, &body);
        let given = headers
            .get("x-slack-signature")
            .map(|s| s.to_str().unwrap().to_owned());
        assert_eq!(
            given == Some(right),
            matches!(signing, Signing::Old(_)),
            "{signing:?}"
        );
    }
}

#[tokio::test]
async fn an_app_that_is_not_there_shows_the_person_an_error() {
    let sim = Simulator::start(Options::default()).await.unwrap();
    let target = HttpTarget::one("http://127.0.0.1:9/slack");
    let outcome = sim
        .user("ana")
        .over_http(target)
        .types("#ops", "/em-agent triage")
        .unwrap()
        .await;
    assert!(matches!(outcome, Outcome::Refused(0, _)), "{outcome:?}");
    assert!(sim.read(|w| w.transcript("#ops")).contains("operation_timeout"));
}
