//! Purpose: a small app on the pretend Slack: answers commands, clicks, modals and App Home.

use axum::body::Body;
use axum::http::{Request, header};
use em_simulator::Simulator;
use futures::{SinkExt, StreamExt};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

use super::scene;

/// The Web API as the app calls it.
pub(crate) struct Api {
    base: String,
    bot: &'static str,
    app: &'static str,
}

impl Api {
    pub(crate) fn new(simulator: &Simulator) -> Self {
        Self {
            base: simulator.slack_api_url(),
            bot: simulator.bot_token(),
            app: simulator.app_token(),
        }
    }

    pub(crate) async fn call(&self, method: &str, body: Value) -> Value {
        let token = if method == "apps.connections.open" {
            self.app
        } else {
            self.bot
        };
        let answer: Value =
            serde_json::from_str(&post(&format!("{}/{method}", self.base), token, &body).await).unwrap();
        if answer["ok"] != true {
            println!("{method}: {answer}");
        }
        answer
    }

    async fn respond(&self, to: &Value, body: Value) {
        post(to["response_url"].as_str().unwrap(), self.bot, &body).await;
    }
}

async fn post(url: &str, token: &str, body: &Value) -> String {
    let request = Request::post(url)
        .header(header::CONTENT_TYPE, "application/json; charset=utf-8")
        .header(header::AUTHORIZATION, format!("Bearer {token}"));
    let client = Client::builder(TokioExecutor::new()).build_http();
    let response = client
        .request(request.body(Body::from(body.to_string())).unwrap())
        .await
        .unwrap();
    let bytes = axum::body::to_bytes(Body::new(response.into_body()), usize::MAX)
        .await
        .unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Serves until the socket closes.
pub(crate) async fn run(api: Api) {
    let opened = api.call("apps.connections.open", json!({})).await;
    let (mut socket, _) = connect_async(opened["url"].as_str().unwrap()).await.unwrap();
    while let Some(Ok(frame)) = socket.next().await {
        let Message::Text(text) = frame else { continue };
        let envelope: Value = serde_json::from_str(&text).unwrap();
        let Some(id) = envelope["envelope_id"].as_str() else {
            continue;
        };
        let answer = match envelope["payload"]["type"].as_str() {
            Some("view_submission") => json!({"envelope_id": id, "payload": submitted(&envelope["payload"])}),
            _ => json!({"envelope_id": id}),
        };
        socket.send(Message::text(answer.to_string())).await.unwrap();
        handle(&api, &envelope["payload"]).await;
    }
}

fn submitted(payload: &Value) -> Value {
    let reason = &payload["view"]["state"]["values"]["reason"]["reason"]["value"];
    if reason.as_str().is_some_and(|r| r.len() < 5) {
        return json!({"response_action": "errors", "errors": {"reason": "Say a little more, so that others understand."}});
    }
    Value::Null
}

async fn handle(api: &Api, payload: &Value) {
    if payload["command"].is_string() {
        tokio::time::sleep(std::time::Duration::from_millis(600)).await;
        let blocks = scene::triage();
        api.respond(payload, json!({"text": "Triage", "blocks": blocks}))
            .await;
        return;
    }
    let action = &payload["actions"][0];
    match (
        payload["type"].as_str(),
        action["selected_option"]["value"].as_str(),
        action["action_id"].as_str(),
    ) {
        (Some("block_actions"), Some("snooze"), _) | (Some("block_actions"), _, Some("settings.open")) => {
            api.call(
                "views.open",
                json!({"trigger_id": payload["trigger_id"], "view": scene::snooze()}),
            )
            .await;
        }
        (Some("block_actions"), _, Some("approval.approve")) => {
            api.respond(
                payload,
                json!({"replace_original": true, "text": "Approved", "blocks": scene::approved()}),
            )
            .await;
        }
        (Some("event_callback"), ..) if payload["event"]["type"] == "app_home_opened" => {
            let user = &payload["event"]["user"];
            api.call("views.publish", json!({"user_id": user, "view": scene::home()}))
                .await;
        }
        _ => {}
    }
}
