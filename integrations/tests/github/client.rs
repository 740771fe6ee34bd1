//! Purpose: the client against servers that answer as GitHub does on bad days.

use chrono::Duration;
use em_domain::clock::TestClock;
use em_integrations::github::client::{GithubClient, GithubError};
use serde_json::{Value, json};
use wiremock::matchers::{any, header, header_exists, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{TOKEN, at, client, config};

fn clock() -> TestClock {
    TestClock::at(at("2026-01-15T10:00:00Z"))
}

/// A server that gives the same answer to everything, and a client of it.
async fn always(answer: ResponseTemplate, calls: u64) -> (MockServer, GithubClient, TestClock) {
    let server = MockServer::start().await;
    Mock::given(any())
        .respond_with(answer)
        .expect(calls)
        .mount(&server)
        .await;
    let clock = clock();
    let client = client(&config(&server.uri()), &clock);
    (server, client, clock)
}

fn limited_until(time: &str) -> GithubError {
    GithubError::RateLimited { retry_at: at(time) }
}

#[tokio::test]
async fn a_request_says_who_asks_in_which_version() {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path("/repos/acme/shop"))
        .and(header("authorization", format!("Bearer {TOKEN}").as_str()))
        .and(header("accept", "application/vnd.github+json"))
        .and(header("x-github-api-version", "2022-11-28"))
        .and(header_exists("user-agent"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({ "id": 1 })))
        .expect(1)
        .mount(&server)
        .await;
    let client = client(&config(&server.uri()), &clock());
    let page = client.get("/repos/acme/shop").await.unwrap();
    assert_eq!(page.json::<Value>().unwrap(), json!({ "id": 1 }));
    assert!(!format!("{client:?}").contains("ghp_"), "{client:?}");
}

#[tokio::test]
async fn an_unchanged_answer_is_not_sent_again() {
    let server = MockServer::start().await;
    let next = format!(
        "<{}/list?page=2>; rel=\"next\", <{}/list?page=9>; rel=\"last\"",
        server.uri(),
        server.uri()
    );
    Mock::given(header("if-none-match", "\"v1\""))
        .respond_with(ResponseTemplate::new(304))
        .expect(2)
        .with_priority(1)
        .mount(&server)
        .await;
    let first = ResponseTemplate::new(200).set_body_json(json!([1]));
    Mock::given(any())
        .respond_with(
            first
                .insert_header("etag", "\"v1\"")
                .insert_header("link", next.as_str()),
        )
        .expect(1)
        .mount(&server)
        .await;
    let client = client(&config(&server.uri()), &clock());
    for _ in 0..3 {
        let page = client.get("/list").await.unwrap();
        assert_eq!(page.json::<Vec<i64>>().unwrap(), [1]);
        assert_eq!(page.next, Some(format!("{}/list?page=2", server.uri())));
    }
}

#[tokio::test]
async fn pages_are_followed_to_the_end() {
    let server = MockServer::start().await;
    let next = format!("<{}/list?page=2>; rel=\"next\"", server.uri());
    Mock::given(query_param("page", "2"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!([2])))
        .with_priority(1)
        .mount(&server)
        .await;
    Mock::given(path("/list"))
        .respond_with(
            ResponseTemplate::new(200)
                .set_body_json(json!([1]))
                .insert_header("link", next.as_str()),
        )
        .mount(&server)
        .await;
    let client = client(&config(&server.uri()), &clock());
    let first = client.get("/list").await.unwrap();
    let second = client.get(&first.next.unwrap()).await.unwrap();
    assert_eq!((second.json::<Vec<i64>>().unwrap(), second.next), (vec![2], None));
}

#[tokio::test]
async fn the_token_goes_to_no_other_host() {
    let elsewhere = MockServer::start().await;
    Mock::given(any())
        .respond_with(ResponseTemplate::new(200))
        .expect(0)
        .mount(&elsewhere)
        .await;
    let link = format!("<{}/list?page=2>; rel=\"next\"", elsewhere.uri());
    let answer = ResponseTemplate::new(200)
        .set_body_json(json!([]))
        .insert_header("link", link.as_str());
    let (_server, client, _) = always(answer, 1).await;
    let other_host = |error: &GithubError| matches!(error, GithubError::Malformed { detail } if detail.contains("another host"));
    assert!(other_host(&client.get("/list").await.unwrap_err()));
    assert!(other_host(&client.get(&elsewhere.uri()).await.unwrap_err()));

    let to = format!("{}/moved", elsewhere.uri());
    let (_server, client, _) = always(
        ResponseTemplate::new(301).insert_header("location", to.as_str()),
        1,
    )
    .await;
    assert!(matches!(
        client.get("/old").await,
        Err(GithubError::Malformed { .. })
    ));
}

#[tokio::test]
async fn a_renamed_repository_is_found_on_the_same_host() {
    let server = MockServer::start().await;
    let new = format!("{}/repositories/1", server.uri());
    Mock::given(path("/repos/acme/old"))
        .respond_with(ResponseTemplate::new(301).insert_header("location", new.as_str()))
        .mount(&server)
        .await;
    Mock::given(path("/repositories/1"))
        .and(header_exists("authorization"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({})))
        .mount(&server)
        .await;
    assert!(
        client(&config(&server.uri()), &clock())
            .get("/repos/acme/old")
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_secondary_limit_silences_the_client_until_it_ends() {
    let answer = ResponseTemplate::new(429).insert_header("retry-after", "30");
    let (server, client, clock) = always(answer, 1).await;
    assert_eq!(
        client.get("/a").await.unwrap_err(),
        limited_until("2026-01-15T10:00:30Z")
    );
    assert_eq!(
        client.get("/b").await.unwrap_err(),
        limited_until("2026-01-15T10:00:30Z")
    );
    server.verify().await;
    server.reset().await;
    Mock::given(any())
        .respond_with(ResponseTemplate::new(200).set_body_json(json!([])))
        .mount(&server)
        .await;
    clock.advance(Duration::seconds(30));
    assert!(client.get("/b").await.is_ok());
}

#[tokio::test]
async fn a_secondary_limit_without_a_time_lasts_a_minute() {
    let body = json!({ "message": "You have exceeded a secondary rate limit. Please wait." });
    let (_server, client, _) = always(ResponseTemplate::new(403).set_body_json(body), 1).await;
    assert_eq!(
        client.get("/a").await.unwrap_err(),
        limited_until("2026-01-15T10:01:00Z")
    );
}

#[tokio::test]
async fn the_last_request_of_the_hour_is_answered_and_the_next_not_sent() {
    let reset = at("2026-01-15T10:20:00Z").timestamp().to_string();
    let answer = ResponseTemplate::new(200)
        .set_body_json(json!([]))
        .insert_header("x-ratelimit-remaining", "0")
        .insert_header("x-ratelimit-reset", reset.as_str());
    let (_server, client, _) = always(answer, 1).await;
    assert!(client.get("/a").await.is_ok());
    assert_eq!(
        client.get("/a").await.unwrap_err(),
        limited_until("2026-01-15T10:20:01Z")
    );
}

#[tokio::test]
async fn a_refusal_for_a_used_up_quota_names_the_reset() {
    let reset = at("2026-01-15T10:20:00Z").timestamp().to_string();
    let answer = ResponseTemplate::new(403)
        .set_body_json(json!({ "message": "API rate limit exceeded for user ID 1." }))
        .insert_header("x-ratelimit-remaining", "0")
        .insert_header("x-ratelimit-reset", reset.as_str());
    let (_server, client, _) = always(answer, 1).await;
    assert_eq!(
        client.get("/a").await.unwrap_err(),
        limited_until("2026-01-15T10:20:01Z")
    );
}

#[tokio::test]
async fn a_wrong_clock_cannot_silence_the_client_for_days() {
    let answer = ResponseTemplate::new(429).insert_header("retry-after", "9999999");
    let (_server, client, _) = always(answer, 1).await;
    assert_eq!(
        client.get("/a").await.unwrap_err(),
        limited_until("2026-01-15T11:05:00Z")
    );
}

#[tokio::test]
async fn a_server_error_is_tried_again_and_then_given_up() {
    let server = MockServer::start().await;
    Mock::given(any())
        .respond_with(ResponseTemplate::new(502))
        .up_to_n_times(2)
        .with_priority(1)
        .mount(&server)
        .await;
    Mock::given(any())
        .respond_with(ResponseTemplate::new(200).set_body_json(json!([])))
        .mount(&server)
        .await;
    assert!(client(&config(&server.uri()), &clock()).get("/a").await.is_ok());

    let (_server, client, _) = always(ResponseTemplate::new(500), 3).await;
    let given_up = GithubError::Unavailable {
        detail: "status 500".to_owned(),
    };
    assert_eq!(client.get("/a").await.unwrap_err(), given_up);
}

#[tokio::test]
async fn a_server_that_hangs_is_left_in_time() {
    let answer = ResponseTemplate::new(200).set_delay(std::time::Duration::from_secs(60));
    let (_server, client, _) = always(answer, 3).await;
    let given_up = GithubError::Unavailable {
        detail: "no answer in time".to_owned(),
    };
    assert_eq!(client.get("/a").await.unwrap_err(), given_up);
}

#[tokio::test]
async fn a_port_without_a_server_is_unavailable() {
    let client = client(&config("http://127.0.0.1:1"), &clock());
    let given_up = GithubError::Unavailable {
        detail: "no connection".to_owned(),
    };
    assert_eq!(client.get("/a").await.unwrap_err(), given_up);
}

#[tokio::test]
async fn garbage_is_malformed() {
    let (_server, client, _) = always(
        ResponseTemplate::new(200).set_body_string("<html>Unicorn!</html>"),
        1,
    )
    .await;
    let page = client.get("/a").await.unwrap();
    assert!(matches!(
        page.json::<Vec<i64>>(),
        Err(GithubError::Malformed { .. })
    ));
}

#[tokio::test]
async fn a_refused_token_is_not_tried_again() {
    let (_server, client, _) = always(ResponseTemplate::new(401), 1).await;
    assert_eq!(client.get("/a").await.unwrap_err(), GithubError::Unauthorized);
}

#[tokio::test]
async fn a_missing_permission_is_named() {
    let answer = ResponseTemplate::new(403)
        .set_body_json(json!({ "message": "Resource not accessible by personal access token" }));
    let named = answer
        .clone()
        .insert_header("x-accepted-github-permissions", "deployments=read");
    for (answer, missing) in [
        (named, "deployments=read"),
        (answer, "Resource not accessible by personal access token"),
    ] {
        let (_server, client, _) = always(answer, 1).await;
        assert_eq!(
            client.get("/a").await.unwrap_err(),
            GithubError::Forbidden {
                missing: missing.to_owned()
            }
        );
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    for status in [404, 409, 410, 451] {
        let (_server, client, _) = always(ResponseTemplate::new(status), 1).await;
        assert_eq!(
            client.get("/a").await.unwrap_err(),
            GithubError::NotFound,
            "{status}"
        );
    }
}

#[tokio::test]
async fn the_doctor_learns_what_the_token_is_good_for() {
    let server = MockServer::start().await;
    let quota = ResponseTemplate::new(200)
        .set_body_json(json!({}))
        .insert_header("x-oauth-scopes", "repo, read:org")
        .insert_header("x-ratelimit-limit", "5000")
        .insert_header("x-ratelimit-remaining", "4321")
        .insert_header("x-ratelimit-reset", "1768471200");
    Mock::given(path("/rate_limit"))
        .respond_with(quota)
        .mount(&server)
        .await;
    Mock::given(path("/repos/acme/shop"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({})))
        .mount(&server)
        .await;
    let mut config = config(&server.uri());
    config.repositories.push("acme/secret".to_owned());
    config.organisations.push("acme".to_owned());
    let check = client(&config, &clock()).check(&config).await.unwrap();
    assert_eq!(check.scopes.unwrap(), ["repo", "read:org"]);
    assert_eq!((check.limit, check.remaining), (Some(5000), Some(4321)));
    assert_eq!(check.resets_at, Some(at("2026-01-15T10:00:00Z")));
    let seen: Vec<(&str, bool)> = check
        .seen
        .iter()
        .map(|seen| (seen.name.as_str(), seen.result.is_ok()))
        .collect();
    assert_eq!(
        seen,
        [("acme/shop", true), ("acme/secret", false), ("acme", false)]
    );
}
