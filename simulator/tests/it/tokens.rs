//! Purpose: who may call what: tokens and scopes.

use serde_json::json;

use crate::client::{call, post_json};
use crate::start;

#[tokio::test]
async fn each_method_wants_its_own_kind_of_token() {
    let sim = start().await;
    for (method, token, error) in [
        ("auth.test", "", "not_authed"),
        ("auth.test", "xoxb-other", "invalid_auth"),
        ("auth.test", sim.app_token(), "not_allowed_token_type"),
        ("apps.connections.open", sim.bot_token(), "not_allowed_token_type"),
        ("chat.nothing", sim.bot_token(), "unknown_method"),
    ] {
        let url = format!("{}/{method}", sim.slack_api_url());
        let answer = post_json(&url, token, &json!({})).await.unwrap().json();
        assert_eq!(
            (answer["ok"].as_bool(), answer["error"].as_str()),
            (Some(false), Some(error)),
            "{method}"
        );
    }
}

#[tokio::test]
async fn a_form_with_the_token_inside_is_as_good() {
    let sim = start().await;
    let request = axum::http::Request::post(format!("{}/auth.test", sim.slack_api_url()))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(axum::body::Body::from(format!("token={}", sim.bot_token())));
    let answer = crate::client::send(request.unwrap()).await.unwrap();
    assert_eq!(answer.json()["user_id"], "U0EMAGENT");
    assert!(
        answer.headers["x-oauth-scopes"]
            .to_str()
            .unwrap()
            .contains("chat:write")
    );
}

#[tokio::test]
async fn a_scope_that_was_taken_away_is_named() {
    let sim = start().await;
    sim.faults().remove_scope("chat:write");
    let answer = call(
        &sim,
        "chat.postMessage",
        json!({"channel": "C0OPS", "text": "hi"}),
    )
    .await;
    assert_eq!(
        (answer["error"].as_str(), answer["needed"].as_str()),
        (Some("missing_scope"), Some("chat:write"))
    );
    assert!(!answer["provided"].as_str().unwrap().contains("chat:write"));
    sim.faults().remove_scope("users:read.email");
    let ana = call(&sim, "users.info", json!({"user": "U0ANA"})).await;
    assert!(ana["user"]["profile"].get("email").is_none(), "{ana}");
    let looked_up = call(&sim, "users.lookupByEmail", json!({"email": "ana@acme.example"})).await;
    assert_eq!(looked_up["needed"], "users:read.email");
}
