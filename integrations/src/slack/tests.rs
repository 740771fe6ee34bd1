//! Purpose: the client against a pretend Slack over real sockets: what goes out, and what becomes of bad answers.

use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use em_domain::clock::TestClock;
use serde_json::{Value, json};
use slack_morphism::prelude::SlackMessageContent;
use wiremock::matchers::{body_partial_json, header, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;

struct Pretend {
    server: MockServer,
    slack: Slack,
    clock: TestClock,
}

impl Pretend {
    async fn start() -> Self {
        let server = MockServer::start().await;
        let clock = TestClock::at("2026-11-20T10:00:00Z".parse::<DateTime<Utc>>().unwrap());
        let config = SlackConfig {
            api_url: format!("{}/api/", server.uri()),
            app_token: Some("xapp-1".to_owned().into()),
            bot_token: Some("xoxb-1".to_owned().into()),
            max_daily_posts: 3,
        };
        let slack = Slack::new(&config, Arc::new(clock.clone())).unwrap();
        Self { server, slack, clock }
    }

    async fn answers(&self, slack_method: &str, answer: ResponseTemplate) {
        Mock::given(path(format!("/api/{slack_method}")))
            .respond_with(answer)
            .mount(&self.server)
            .await;
    }

    async fn answers_once(&self, slack_method: &str, answer: ResponseTemplate) {
        Mock::given(path(format!("/api/{slack_method}")))
            .respond_with(answer)
            .up_to_n_times(1)
            .with_priority(1)
            .mount(&self.server)
            .await;
    }

    async fn bodies(&self, slack_method: &str) -> Vec<Value> {
        let requests = self.server.received_requests().await.unwrap();
        let asked = requests
            .iter()
            .filter(|request| request.url.path() == format!("/api/{slack_method}"));
        asked
            .map(|request| serde_json::from_slice(&request.body).unwrap_or(Value::Null))
            .collect()
    }
}

fn ok(answer: &Value) -> ResponseTemplate {
    let mut body = json!({"ok": true});
    body.as_object_mut()
        .unwrap()
        .extend(answer.as_object().unwrap().clone());
    ResponseTemplate::new(200).set_body_json(body)
}

fn refusal(code: &str) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(json!({"ok": false, "error": code}))
}

fn posted() -> ResponseTemplate {
    // A block that no model knows must not make a failure of a post that worked.
    ok(&json!({"channel": "C1", "ts": "1.2", "message": {"blocks": [{"type": "hologram"}]}}))
}

fn text(words: &str) -> SlackMessageContent {
    SlackMessageContent::new().with_text(words.to_owned())
}

#[tokio::test]
async fn a_post_waits_out_a_429_and_is_made_once() {
    let pretend = Pretend::start().await;
    let limited = ResponseTemplate::new(429)
        .insert_header("Retry-After", "1")
        .set_body_json(json!({"ok": false, "error": "ratelimited"}));
    Mock::given(path("/api/chat.postMessage"))
        .respond_with(limited)
        .up_to_n_times(2)
        .with_priority(1)
        .mount(&pretend.server)
        .await;
    pretend.answers("chat.postMessage", posted()).await;
    let began = std::time::Instant::now();
    let place = Place::channel("C1").in_thread("1.0");
    let made = pretend
        .slack
        .post(&place, &tagged(text("hi"), "triage:C1"))
        .await
        .unwrap();
    assert_eq!(
        made,
        Posted {
            channel: "C1".into(),
            ts: "1.2".into()
        }
    );
    assert!(
        began.elapsed().as_secs() >= 2,
        "Retry-After was not waited for: {:?}",
        began.elapsed()
    );
    let bodies = pretend.bodies("chat.postMessage").await;
    assert_eq!(bodies.len(), 3);
    assert_eq!(
        bodies[2],
        json!({"channel": "C1", "text": "hi", "thread_ts": "1.0", "unfurl_links": false, "unfurl_media": false,
               "metadata": {"event_type": "em_message", "event_payload": {"key": "triage:C1"}}})
    );
}

#[tokio::test]
async fn an_unclear_post_is_not_repeated_and_can_be_found() {
    let pretend = Pretend::start().await;
    for unclear in [
        ResponseTemplate::new(500),
        ResponseTemplate::new(200).set_body_raw("{\"ok\":tr", "application/json"),
        ResponseTemplate::new(200).set_body_raw("<html>log in</html>", "text/html"),
    ] {
        pretend.answers_once("chat.postMessage", unclear).await;
        let result = pretend.slack.post(&Place::channel("C1"), &text("hi")).await;
        assert!(matches!(result, Err(SlackError::Ambiguous { .. })), "{result:?}");
    }
    assert_eq!(
        pretend.bodies("chat.postMessage").await.len(),
        3,
        "each was sent once"
    );
    let other = json!({"event_type": "someone_else", "event_payload": {"key": 7}});
    let ours = json!({"event_type": "em_message", "event_payload": {"key": "triage:C1"}});
    Mock::given(path("/api/conversations.history"))
        .and(query_param("include_all_metadata", "true"))
        .and(query_param("oldest", "1795168800.000000"))
        .respond_with(ok(&json!({"messages": [
            {"ts": "9.9", "metadata": other}, {"ts": "8.8"}, {"ts": "7.7", "metadata": ours}]})))
        .mount(&pretend.server)
        .await;
    let since = "2026-11-20T10:00:00Z".parse().unwrap();
    let found = pretend
        .slack
        .find_posted(&Place::channel("C1"), "triage:C1", since)
        .await
        .unwrap();
    assert_eq!(
        found,
        Some(Posted {
            channel: "C1".into(),
            ts: "7.7".into()
        })
    );
    assert_eq!(
        pretend
            .slack
            .find_posted(&Place::channel("C1"), "other", since)
            .await,
        Ok(None)
    );
}

#[tokio::test]
async fn an_update_is_repeated_after_a_500_and_clears_old_blocks() {
    let pretend = Pretend::start().await;
    pretend
        .answers_once("chat.update", ResponseTemplate::new(500))
        .await;
    pretend.answers("chat.update", ok(&json!({}))).await;
    let posted = Posted {
        channel: "C1".into(),
        ts: "1.2".into(),
    };
    pretend.slack.update(&posted, &text("done")).await.unwrap();
    let bodies = pretend.bodies("chat.update").await;
    assert_eq!(
        bodies,
        vec![json!({"channel": "C1", "ts": "1.2", "text": "done", "blocks": []}); 2]
    );
}

#[tokio::test]
async fn nothing_is_sent_without_fallback_text_and_long_text_is_cut() {
    let pretend = Pretend::start().await;
    pretend.answers("chat.postMessage", posted()).await;
    let place = Place::channel("C1");
    for unsendable in [SlackMessageContent::new(), text("  "), text(&"x".repeat(40_001))] {
        let result = pretend.slack.post(&place, &unsendable).await;
        assert!(matches!(result, Err(SlackError::Invalid(_))), "{result:?}");
    }
    assert!(pretend.bodies("chat.postMessage").await.is_empty());
    pretend
        .slack
        .post(&place, &text(&"é".repeat(10_000)))
        .await
        .unwrap();
    let sent = pretend.bodies("chat.postMessage").await[0]["text"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(sent.chars().count(), 4_000);
    assert!(sent.ends_with("é…"));
}

#[tokio::test]
async fn the_daily_limit_counts_what_slack_took_and_ends_at_midnight_utc() {
    let pretend = Pretend::start().await;
    pretend
        .answers_once("chat.postMessage", refusal("not_in_channel"))
        .await;
    pretend.answers("chat.postMessage", posted()).await;
    let place = Place::channel("C1");
    assert_eq!(
        pretend.slack.post(&place, &text("hi")).await,
        Err(SlackError::NotInChannel)
    );
    for _ in 0..3 {
        pretend.slack.post(&place, &text("hi")).await.unwrap();
    }
    let result = pretend.slack.post(&place, &text("hi")).await;
    assert_eq!(result, Err(SlackError::DailyLimit { limit: 3 }));
    pretend.clock.advance(Duration::hours(14));
    pretend.slack.post(&place, &text("hi")).await.unwrap();
}

#[tokio::test]
async fn concurrent_posts_to_a_channel_arrive_in_the_order_they_were_asked_for() {
    let mut pretend = Pretend::start().await;
    let config = SlackConfig {
        api_url: format!("{}/api", pretend.server.uri()),
        bot_token: Some("xoxb-1".to_owned().into()),
        ..SlackConfig::default()
    };
    pretend.slack = Slack::new(&config, Arc::new(pretend.clock.clone())).unwrap();
    // The first answer is slow; the later ones must wait for it.
    pretend
        .answers_once(
            "chat.postMessage",
            posted().set_delay(std::time::Duration::from_millis(300)),
        )
        .await;
    pretend.answers("chat.postMessage", posted()).await;
    let place = Place::channel("C1");
    let contents: Vec<_> = (0..4).map(|n| text(&format!("message {n}"))).collect();
    let posts = contents.iter().map(|content| pretend.slack.post(&place, content));
    for result in futures::future::join_all(posts).await {
        result.unwrap();
    }
    let sent: Vec<_> = pretend
        .bodies("chat.postMessage")
        .await
        .iter()
        .map(|b| b["text"].to_string())
        .collect();
    assert_eq!(
        sent,
        ["\"message 0\"", "\"message 1\"", "\"message 2\"", "\"message 3\""]
    );
}

#[tokio::test]
async fn a_response_url_is_answered_with_plain_ok_and_may_be_too_old() {
    let pretend = Pretend::start().await;
    let url: url::Url = format!("{}/api/reply", pretend.server.uri()).parse().unwrap();
    pretend
        .answers_once(
            "reply",
            ResponseTemplate::new(200).set_body_raw("ok", "text/plain"),
        )
        .await;
    pretend
        .slack
        .respond(&url, Answer::Ephemeral(&text("hi")))
        .await
        .unwrap();
    let expected = json!({"text": "hi", "response_type": "ephemeral", "replace_original": false,
                          "delete_original": false});
    assert_eq!(pretend.bodies("reply").await, [expected]);
    pretend
        .answers(
            "reply",
            ResponseTemplate::new(404).set_body_raw("used_url", "text/plain"),
        )
        .await;
    let late = pretend.slack.respond(&url, Answer::DeleteOriginal).await;
    assert_eq!(
        late,
        Err(SlackError::Expired {
            code: "used_url".into()
        })
    );
}

#[tokio::test]
async fn people_are_asked_for_once() {
    let pretend = Pretend::start().await;
    let ana = json!({"id": "U1", "name": "ana", "real_name": "Ana Lima", "tz": "Europe/Lisbon",
                     "is_restricted": true, "profile": {"display_name": "Ana", "email": "ana@example.com"}});
    pretend.answers("users.info", ok(&json!({"user": ana}))).await;
    pretend
        .answers("users.lookupByEmail", refusal("users_not_found"))
        .await;
    for _ in 0..3 {
        let person = pretend.slack.user("U1").await.unwrap().unwrap();
        assert_eq!(
            (person.name.as_str(), person.real_name.as_str()),
            ("Ana", "Ana Lima")
        );
        assert_eq!(
            (person.tz.as_deref(), person.is_guest),
            (Some("Europe/Lisbon"), true)
        );
        assert_eq!(pretend.slack.user_by_email("gone@example.com").await, Ok(None));
    }
    assert_eq!(pretend.bodies("users.info").await.len(), 1);
    assert_eq!(pretend.bodies("users.lookupByEmail").await.len(), 1);
}

#[tokio::test]
async fn lists_are_read_page_by_page_and_remembered() {
    let pretend = Pretend::start().await;
    let second = json!({"members": [{"id": "USLACKBOT", "name": "slackbot"}], "response_metadata": {"next_cursor": ""}});
    Mock::given(path("/api/users.list"))
        .and(query_param("cursor", "p2"))
        .respond_with(ok(&second))
        .with_priority(1)
        .mount(&pretend.server)
        .await;
    let first = json!({"members": [{"id": "U1", "name": "ana"}], "response_metadata": {"next_cursor": "p2"}});
    pretend.answers("users.list", ok(&first)).await;
    let people = pretend.slack.users().await.unwrap();
    let seen: Vec<_> = people.iter().map(|p| (p.id.as_str(), p.is_bot)).collect();
    assert_eq!(seen, [("U1", false), ("USLACKBOT", true)]);
    assert_eq!(pretend.slack.user("U1").await.unwrap().unwrap().name, "ana");
    assert!(
        pretend.bodies("users.info").await.is_empty(),
        "the list already told"
    );
}

#[tokio::test]
async fn a_channel_is_found_by_name_and_its_membership_is_not_guessed() {
    let pretend = Pretend::start().await;
    let list = json!({"channels": [{"id": "C1", "name": "ops", "is_member": false}, {"id": "C2", "name": "dev",
                      "is_member": true, "is_private": true}]});
    pretend.answers("conversations.list", ok(&list)).await;
    let invited = json!({"channel": {"id": "C1", "name": "ops", "is_member": true}});
    pretend.answers("conversations.info", ok(&invited)).await;
    assert!(
        pretend.slack.resolve_channel("#ops").await.unwrap().is_member,
        "asked again, so it is fresh"
    );
    assert!(
        pretend
            .slack
            .resolve_channel("<#C1|ops>")
            .await
            .unwrap()
            .is_member
    );
    assert!(pretend.slack.resolve_channel("dev").await.unwrap().is_private);
    assert_eq!(
        pretend.slack.resolve_channel("#nowhere").await,
        Err(SlackError::ChannelNotFound)
    );
    assert_eq!(pretend.bodies("conversations.list").await.len(), 1);
    assert_eq!(pretend.bodies("conversations.info").await.len(), 1);
}

#[tokio::test]
async fn the_bots_identity_comes_with_its_scopes() {
    let pretend = Pretend::start().await;
    let me = ok(
        &json!({"url": "https://acme.slack.com/", "team": "Acme", "team_id": "T1", "user": "em",
                        "user_id": "U9", "bot_id": "B9"}),
    );
    Mock::given(path("/api/auth.test"))
        .and(header("authorization", "Bearer xoxb-1"))
        .respond_with(me.insert_header("x-oauth-scopes", "chat:write, commands"))
        .mount(&pretend.server)
        .await;
    let identity = pretend.slack.auth_test().await.unwrap();
    assert_eq!(
        (identity.bot_user_id.as_str(), identity.team.as_str()),
        ("U9", "Acme")
    );
    assert_eq!(identity.scopes, ["chat:write", "commands"]);
}

#[tokio::test]
async fn a_refused_token_names_the_scope_and_never_itself() {
    let pretend = Pretend::start().await;
    pretend.answers("auth.test", refusal("invalid_auth")).await;
    let refused = pretend.slack.auth_test().await.unwrap_err();
    assert_eq!(
        refused,
        SlackError::Unauthorized {
            code: "invalid_auth".into(),
            needed: None
        }
    );
    let body = json!({"ok": false, "error": "missing_scope", "needed": "im:write", "provided": "chat:write"});
    pretend
        .answers(
            "conversations.open",
            ResponseTemplate::new(200).set_body_json(body),
        )
        .await;
    let refused = pretend.slack.send_dm("U1", &text("hi")).await.unwrap_err();
    assert!(refused.advice().contains("`im:write`"), "{}", refused.advice());
    assert!(!format!("{:?} {refused:?} {refused}", pretend.slack).contains("xoxb"));
}

#[tokio::test]
async fn a_socket_address_is_asked_for_with_the_app_token_and_a_dead_slack_is_unavailable() {
    let pretend = Pretend::start().await;
    Mock::given(method("POST"))
        .and(path("/api/apps.connections.open"))
        .and(header("authorization", "Bearer xapp-1"))
        .and(body_partial_json(json!({})))
        .respond_with(ok(&json!({"url": "wss://example.com/link?ticket=1"})))
        .mount(&pretend.server)
        .await;
    let url = pretend.slack.open_connection().await.unwrap();
    assert_eq!(url.as_str(), "wss://example.com/link?ticket=1");
    let address = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let config = SlackConfig {
        api_url: format!("http://{address}"),
        app_token: Some("xapp-1".to_owned().into()),
        ..SlackConfig::default()
    };
    let slack = Slack::new(&config, Arc::new(pretend.clock.clone())).unwrap();
    let refused = slack.open_connection().await;
    assert_eq!(
        refused,
        Err(SlackError::Unavailable {
            reason: "cannot connect".into()
        })
    );
    let missing = slack.post(&Place::channel("C1"), &text("hi")).await;
    assert_eq!(
        missing,
        Err(SlackError::NoToken {
            name: "SLACK_BOT_TOKEN"
        })
    );
}

#[tokio::test]
async fn members_of_a_group_are_asked_for_once_in_a_while() {
    let pretend = Pretend::start().await;
    pretend
        .answers_once("usergroups.users.list", ok(&json!({"users": ["U1", "U2"]})))
        .await;
    pretend
        .answers("usergroups.users.list", refusal("no_such_subteam"))
        .await;
    for _ in 0..2 {
        let members = pretend.slack.group_members("S1").await.unwrap();
        assert_eq!(*members, ["U1".to_owned(), "U2".to_owned()]);
    }
    let unknown = pretend.slack.group_members("S2").await.unwrap_err();
    assert_eq!(
        unknown,
        SlackError::Rejected {
            code: "no_such_subteam".into()
        }
    );
}

#[tokio::test]
async fn a_channel_that_may_have_been_made_is_not_made_again_and_an_invitation_may_be_repeated() {
    let pretend = Pretend::start().await;
    pretend
        .answers("conversations.create", ResponseTemplate::new(500))
        .await;
    let unclear = pretend.slack.create_channel("inc-1", true).await.unwrap_err();
    assert!(matches!(unclear, SlackError::Ambiguous { .. }), "{unclear:?}");
    assert_eq!(
        pretend.bodies("conversations.create").await,
        [json!({"name": "inc-1", "is_private": true})]
    );
    pretend
        .answers_once("conversations.invite", ResponseTemplate::new(500))
        .await;
    pretend
        .answers("conversations.invite", refusal("already_in_channel"))
        .await;
    assert_eq!(pretend.slack.invite("C1", "U1").await, Ok(false));
    assert_eq!(
        pretend.bodies("conversations.invite").await[0],
        json!({"channel": "C1", "users": "U1"})
    );
}

#[tokio::test]
async fn a_person_is_found_on_any_page_of_the_members() {
    let pretend = Pretend::start().await;
    Mock::given(path("/api/conversations.members"))
        .and(query_param("cursor", "next"))
        .respond_with(ok(&json!({"members": ["U3"]})))
        .with_priority(1)
        .mount(&pretend.server)
        .await;
    let first = json!({"members": ["U1", "U2"], "response_metadata": {"next_cursor": "next"}});
    pretend.answers("conversations.members", ok(&first)).await;
    for (user, is_in) in [("U1", true), ("U3", true), ("U4", false)] {
        assert_eq!(pretend.slack.is_in_channel("C1", user).await, Ok(is_in), "{user}");
    }
}
