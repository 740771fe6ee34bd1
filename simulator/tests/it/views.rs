//! Purpose: modals: triggers, the stack, hashes, submissions and what the app may answer to them; App Home.

use em_simulator::{ActError, Simulator};
use serde_json::{Value, json};

use crate::client::{Socket, call};
use crate::start;

fn modal(title: &str) -> Value {
    let text = |text: &str| json!({"type": "plain_text", "text": text});
    let options = json!([
        {"text": text("One hour"), "value": "1h"},
        {"text": text("One day"), "value": "1d"},
    ]);
    json!({
        "type": "modal", "callback_id": "triage.snooze", "title": text(title), "submit": text("Snooze"),
        "close": text("Cancel"), "private_metadata": "pr_7", "notify_on_close": true,
        "blocks": [
            {"type": "input", "block_id": "why", "label": text("Reason"),
             "element": {"type": "plain_text_input", "action_id": "reason"}},
            {"type": "input", "block_id": "long", "optional": true, "label": text("For"),
             "element": {"type": "static_select", "action_id": "time", "options": options}},
        ],
    })
}

async fn open(sim: &Simulator, title: &str) -> Value {
    let trigger = sim
        .user("ana")
        .types("#ops", "/em-agent triage")
        .unwrap()
        .trigger_id;
    call(
        sim,
        "views.open",
        json!({"trigger_id": trigger, "view": modal(title)}),
    )
    .await
}

#[tokio::test]
async fn a_trigger_opens_one_modal_and_not_later() {
    let sim = start().await;
    let trigger = sim
        .user("ana")
        .types("#ops", "/em-agent triage")
        .unwrap()
        .trigger_id;
    let body = json!({"trigger_id": trigger, "view": modal("Snooze")});
    assert_eq!(call(&sim, "views.open", body.clone()).await["ok"], true);
    assert_eq!(
        call(&sim, "views.open", body).await["error"],
        "exchanged_trigger_id"
    );
    let late = sim
        .user("ana")
        .types("#ops", "/em-agent triage")
        .unwrap()
        .trigger_id;
    sim.expire_triggers();
    let answer = call(
        &sim,
        "views.open",
        json!({"trigger_id": late, "view": modal("Late")}),
    )
    .await;
    assert_eq!(answer["error"], "expired_trigger_id");
}

#[tokio::test]
async fn three_views_are_the_limit() {
    let sim = start().await;
    assert_eq!(open(&sim, "One").await["ok"], true);
    let mut answers = Vec::new();
    for title in ["Two", "Three", "Four"] {
        let trigger = sim.user("ana").types("#ops", "/em-agent x").unwrap().trigger_id;
        answers.push(
            call(
                &sim,
                "views.push",
                json!({"trigger_id": trigger, "view": modal(title)}),
            )
            .await,
        );
    }
    assert_eq!(answers[1]["view"]["previous_view_id"], answers[0]["view"]["id"]);
    assert_eq!(answers[2]["error"], "push_limit_reached");
    assert_eq!(sim.read(|w| w.modals("ana").len()), 3);
}

#[tokio::test]
async fn an_update_with_an_old_hash_is_a_conflict() {
    let sim = start().await;
    let opened = open(&sim, "One").await;
    let update = |hash: &Value| json!({"view_id": opened["view"]["id"], "hash": hash, "view": modal("Two")});
    assert_eq!(
        call(&sim, "views.update", update(&opened["view"]["hash"])).await["ok"],
        true
    );
    assert_eq!(
        call(&sim, "views.update", update(&opened["view"]["hash"])).await["error"],
        "hash_conflict"
    );
    assert_eq!(sim.read(|w| w.modal("ana").unwrap().title().to_owned()), "Two");
}

#[tokio::test]
async fn a_submission_carries_the_values_and_closes_the_modal() {
    let sim = start().await;
    let opened = open(&sim, "Snooze").await;
    let mut socket = Socket::open(&sim).await;
    let command = socket.next().await.unwrap();
    socket.ack(&command).await;
    let (ana, view) = (sim.user("ana"), sim.read(|w| w.modal("ana").unwrap().clone()));
    assert_eq!(view.id, opened["view"]["id"].as_str().unwrap());
    assert_eq!(
        ana.submits(&view, [("time", "One day")]).unwrap_err(),
        ActError::Required("reason".into())
    );
    assert!(
        sim.user("ben").submits(&view, [("reason", "x")]).is_err(),
        "it is not on ben's screen"
    );
    let sent = ana
        .submits(&view, [("reason", "on holiday"), ("long", "One day")])
        .unwrap();
    let envelope = socket.next().await.unwrap();
    let payload = &envelope["payload"];
    assert_eq!(payload["type"], "view_submission");
    assert_eq!(payload["view"]["private_metadata"], "pr_7");
    let values = &payload["view"]["state"]["values"];
    assert_eq!(values["why"]["reason"]["value"], "on holiday");
    assert_eq!(values["long"]["time"]["selected_option"]["value"], "1d");
    socket.ack(&envelope).await;
    assert!(sent.await.is_acked());
    assert!(sim.read(|w| w.modal("ana").is_none()));
}

#[tokio::test]
async fn errors_keep_the_modal_open_beside_the_input() {
    let sim = start().await;
    open(&sim, "Snooze").await;
    let mut socket = Socket::open(&sim).await;
    let command = socket.next().await.unwrap();
    socket.ack(&command).await;
    let view = sim.read(|w| w.modal("ana").unwrap().clone());
    let sent = sim.user("ana").submits(&view, [("reason", "no")]).unwrap();
    let envelope = socket.next().await.unwrap();
    let errors = json!({"response_action": "errors", "errors": {"why": "Say a little more."}});
    socket.answer(&envelope, Some(errors)).await;
    sent.await;
    insta::assert_snapshot!(sim.read(|w| w.view_text(w.modal("ana").unwrap())), @r#"
    modal "Snooze"
      Reason: [no]
        ! Say a little more.
      For (optional): [▾ One hour | One day]
      [Cancel] [Snooze]
    "#);
    assert!(sim.violations().is_empty());
}

#[tokio::test]
async fn a_submission_may_be_answered_with_another_view() {
    let sim = start().await;
    open(&sim, "Snooze").await;
    let mut socket = Socket::open(&sim).await;
    let command = socket.next().await.unwrap();
    socket.ack(&command).await;
    for (action, titles) in [
        ("update", vec!["Next"]),
        ("push", vec!["Next", "Next"]),
        ("clear", vec![]),
    ] {
        let view = sim.read(|w| w.modal("ana").unwrap().clone());
        let sent = sim.user("ana").submits(&view, [("reason", "because")]).unwrap();
        let envelope = socket.next().await.unwrap();
        let mut answer = json!({"response_action": action});
        if action != "clear" {
            answer["view"] = modal("Next");
        }
        socket.answer(&envelope, Some(answer)).await;
        sent.await;
        let open = sim.read(|w| {
            w.modals("ana")
                .iter()
                .map(|v| v.title().to_owned())
                .collect::<Vec<_>>()
        });
        assert_eq!(open, titles, "{action}");
    }
}

#[tokio::test]
async fn closing_tells_the_app_when_it_asked() {
    let sim = start().await;
    open(&sim, "Snooze").await;
    let mut socket = Socket::open(&sim).await;
    let command = socket.next().await.unwrap();
    socket.ack(&command).await;
    let view = sim.read(|w| w.modal("ana").unwrap().clone());
    assert!(sim.user("ana").closes(&view).unwrap().heard());
    assert_eq!(socket.next().await.unwrap()["payload"]["type"], "view_closed");
    assert!(sim.read(|w| w.modal("ana").is_none()));
}

#[tokio::test]
async fn a_home_is_published_and_opened() {
    let sim = start().await;
    let mut socket = Socket::open(&sim).await;
    let header = json!({"type": "header", "text": {"type": "plain_text", "text": "Your open items"}});
    let view = json!({"type": "home", "blocks": [header]});
    let body = json!({"user_id": "U0ANA", "view": view});
    assert_eq!(call(&sim, "views.publish", body).await["ok"], true);
    sim.user("ana").opens_home();
    let event = socket.next().await.unwrap()["payload"]["event"].clone();
    assert_eq!(
        (event["type"].as_str(), event["tab"].as_str()),
        (Some("app_home_opened"), Some("home"))
    );
    insta::assert_snapshot!(sim.read(|w| w.view_text(w.home("ana").unwrap())), @r"
    App Home of ana
      # Your open items
    ");
}
