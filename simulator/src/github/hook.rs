//! Purpose: the pretend GitHub sends its own webhooks, as the real one does to the address that a repository names.

use std::{sync::Arc, time::Duration};

use axum::{
    body::Body,
    http::{Method, Request},
};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};

use super::{GithubSimulator, delivery::Delivery, world::GithubWorld};

/// How long GitHub waits for an answer.
/// Source: <https://docs.github.com/webhooks/using-webhooks/best-practices-for-using-webhooks>.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

impl GithubSimulator {
    /// From now on everything done over the API is told to `url`, signed with `secret`, one after the other; what was done
    /// before and not taken with [`GithubWorld::take_deliveries`] too. As with GitHub, each is sent once.
    pub fn send_webhooks(&mut self, url: &str, secret: &str) {
        let (world, url, secret) = (self.world.clone(), url.to_owned(), secret.to_owned());
        self.tasks
            .push(tokio::spawn(async move { tell_all(&world, &url, &secret).await }));
    }
}

async fn tell_all(world: &GithubWorld, url: &str, secret: &str) {
    let news = Arc::clone(&world.news);
    loop {
        for delivery in world.take_deliveries() {
            let sent = tokio::time::timeout(ANSWER_WITHIN, send(&delivery, url, secret)).await;
            if let Err(error) = sent.unwrap_or_else(|_| Err("no answer".to_owned())) {
                tracing::warn!(event = delivery.event, url, %error, "a webhook of the pretend GitHub was lost");
            }
        }
        news.notified().await;
    }
}

async fn send(delivery: &Delivery, url: &str, secret: &str) -> Result<(), String> {
    let mut request = Request::builder().method(Method::POST).uri(url);
    for (name, value) in delivery.headers(secret) {
        request = request.header(name, value);
    }
    let request = request
        .body(Body::from(delivery.bytes()))
        .map_err(|error| error.to_string())?;
    let answer = Client::builder(TokioExecutor::new())
        .build_http()
        .request(request)
        .await
        .map_err(|error| error.to_string())?;
    if answer.status().is_success() {
        return Ok(());
    }
    Err(format!("status {}", answer.status()))
}

#[cfg(test)]
mod tests {
    use axum::{
        Router,
        body::Bytes,
        extract::State,
        http::{HeaderMap, StatusCode},
        routing::post,
    };
    use chrono::DateTime;
    use serde_json::Value;
    use tokio::{
        net::TcpListener,
        sync::mpsc::{UnboundedSender, unbounded_channel},
        time::timeout,
    };

    use super::*;
    use crate::github::{NewPull, signed_headers};

    type Heard = (HeaderMap, Bytes);

    async fn hear(
        State(heard): State<UnboundedSender<Heard>>,
        headers: HeaderMap,
        body: Bytes,
    ) -> StatusCode {
        heard.send((headers, body)).unwrap();
        StatusCode::ACCEPTED
    }

    #[tokio::test]
    async fn what_is_done_over_the_api_is_told_at_once_and_signed() {
        let (sender, mut heard) = unbounded_channel();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let router = Router::new().route("/hook", post(hear)).with_state(sender);
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let mut github = GithubSimulator::start("ghp_right").await.unwrap();
        github.world().add_repo("acme/api", DateTime::UNIX_EPOCH);
        let new = NewPull::new("Retry payouts", "ana-ruiz");
        github.world().open_pull("acme/api", &new, DateTime::UNIX_EPOCH);
        github.send_webhooks(&url, "secret");

        for state in ["closed", "open"] {
            let request = Request::builder()
                .method(Method::PATCH)
                .uri(format!("{}/repos/acme/api/issues/1", github.api_url()))
                .header("authorization", "Bearer ghp_right")
                .header("user-agent", "test")
                .body(Body::from(format!(r#"{{"state":"{state}"}}"#)))
                .unwrap();
            let client = Client::builder(TokioExecutor::new()).build_http();
            assert!(client.request(request).await.unwrap().status().is_success());

            let told = timeout(ANSWER_WITHIN, heard.recv()).await.unwrap();
            let (headers, body) = told.unwrap();
            let told: Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(headers["x-github-event"], "pull_request");
            assert_eq!(told["pull_request"]["state"], state);
            let signed = signed_headers("secret", &body);
            assert!(
                signed
                    .iter()
                    .all(|(name, value)| headers[*name] == value.as_str())
            );
        }
    }
}
