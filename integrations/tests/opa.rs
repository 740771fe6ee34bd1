//! A policy server that is well, refuses, knows no rule, answers rubbish, is slow, or is not there.

#![expect(clippy::unwrap_used, reason = "tests may panic")]

use std::time::{Duration, Instant};

use em_integrations::http::TimeLimits;
use em_integrations::opa::{OpaClient, OpaError};
use serde_json::json;
use wiremock::matchers::{body_json, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

const LIMITS: TimeLimits = TimeLimits {
    connect: Duration::from_millis(500),
    total: Duration::from_millis(500),
};

async fn asked(answer: ResponseTemplate) -> Result<serde_json::Value, OpaError> {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/v1/data/em_agent/decision"))
        .and(body_json(json!({"input": {"action": "x"}})))
        .respond_with(answer)
        .expect(1)
        .mount(&server)
        .await;
    let client = OpaClient::new(&format!("{}/", server.uri()), LIMITS).unwrap();
    client.ask("decision", &json!({"action": "x"})).await
}

#[tokio::test]
async fn a_server_that_is_well_gives_its_result() {
    let answer =
        ResponseTemplate::new(200).set_body_json(json!({"result": {"verdict": "allow"}, "decision_id": "1"}));
    assert_eq!(asked(answer).await, Ok(json!({"verdict": "allow"})));
}

#[tokio::test]
async fn a_rule_that_is_not_there_is_undefined() {
    let answer = ResponseTemplate::new(200).set_body_json(json!({}));
    assert_eq!(
        asked(answer).await,
        Err(OpaError::Undefined("em_agent.decision".to_owned()))
    );
}

#[tokio::test]
async fn a_refusal_is_named_by_its_status_and_not_asked_again() {
    assert_eq!(
        asked(ResponseTemplate::new(500)).await,
        Err(OpaError::Refused(500))
    );
    assert_eq!(
        asked(ResponseTemplate::new(404)).await,
        Err(OpaError::Refused(404))
    );
}

#[tokio::test]
async fn rubbish_and_floods_are_no_answers() {
    let rubbish = asked(ResponseTemplate::new(200).set_body_string("<html>")).await;
    assert!(matches!(rubbish, Err(OpaError::Malformed(_))), "{rubbish:?}");
    let flood = asked(ResponseTemplate::new(200).set_body_bytes(vec![b' '; 2 * 1024 * 1024])).await;
    assert_eq!(
        flood,
        Err(OpaError::Malformed("it is larger than 1 MiB".to_owned()))
    );
}

#[tokio::test]
async fn a_slow_server_is_not_waited_for() {
    let started = Instant::now();
    let slow = asked(ResponseTemplate::new(200).set_delay(Duration::from_mins(1))).await;
    assert_eq!(
        slow,
        Err(OpaError::Unreachable("it did not answer in time".to_owned()))
    );
    assert!(
        started.elapsed() < Duration::from_secs(20),
        "{:?}",
        started.elapsed()
    );
}

#[tokio::test]
async fn a_server_that_is_not_there_is_no_connection() {
    // Bound and not listening for HTTP: closed before it is asked.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let client = OpaClient::new(&format!("http://127.0.0.1:{port}"), LIMITS).unwrap();
    let answer = client.ask("decision", &json!({})).await;
    assert_eq!(answer, Err(OpaError::Unreachable("no connection".to_owned())));
}
