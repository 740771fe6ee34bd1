//! Purpose: the page of the pretend workspace in a real browser: typing, clicking, modals, keys. No bot takes part.

use em_simulator::{Options, Simulator, Suggestion};
use em_tests::browser::Browser;
use serde_json::{Value, json};

const COMPOSER: &str = "#compose-main";

/// A simulator and a browser on a page of it; `None` where there is no browser and that is allowed.
async fn open(at: &str) -> Option<(Simulator, Browser)> {
    let browser = Browser::for_test().await?;
    let suggestion = |command: &str| Suggestion {
        command: command.into(),
        about: "for the test".into(),
    };
    let suggestions = vec![suggestion("/em-agent triage"), suggestion("/em-agent help")];
    let simulator = Simulator::start(Options {
        ui: true,
        suggestions,
        ..Options::default()
    })
    .await
    .unwrap();
    browser
        .goto(&format!("{}/?as=ana&at={at}", simulator.base_url()))
        .await
        .unwrap();
    Some((simulator, browser))
}

/// Calls a Web API method as the app; the browser lends its HTTP client.
async fn call(simulator: &Simulator, browser: &Browser, method: &str, body: Value) {
    let script = "return fetch('/api/' + arguments[0], {method: 'POST', body: JSON.stringify(arguments[2]), headers: \
        {'content-type': 'application/json', authorization: 'Bearer ' + arguments[1]}}).then(a => a.json())";
    let answer = browser
        .run(script, json!([method, simulator.bot_token(), body]))
        .await
        .unwrap();
    assert_eq!(answer["ok"], true, "{answer}");
}

/// Opens a modal on Ana's screen, as an app would after her command.
async fn open_modal(simulator: &Simulator, browser: &Browser, view: Value) {
    let trigger = simulator
        .user("ana")
        .types("#ops", "/em-agent ask")
        .unwrap()
        .trigger_id
        .unwrap();
    call(
        simulator,
        browser,
        "views.open",
        json!({"trigger_id": trigger, "view": view}),
    )
    .await;
}

fn form() -> Value {
    let label = |text: &str| json!({"type": "plain_text", "text": text});
    json!({
        "type": "modal", "callback_id": "ask.submit", "title": label("Ask"), "submit": label("Send"),
        "blocks": [{"type": "input", "block_id": "why", "label": label("Why"),
            "element": {"type": "plain_text_input", "action_id": "why"}}],
    })
}

#[tokio::test]
async fn typed_message_appears_and_markup_in_it_is_only_text() {
    let Some((_simulator, browser)) = open("ops").await else {
        return;
    };
    browser
        .type_into(COMPOSER, "hello <img src=x onerror=alert(1)> *bold*")
        .await
        .unwrap();
    browser.press(COMPOSER, "Enter").await.unwrap();
    browser
        .wait_for_text("#list", "hello <img src=x onerror=alert(1)> bold")
        .await
        .unwrap();
    assert_eq!(browser.text("#list b").await.unwrap(), "bold");
}

#[tokio::test]
async fn what_others_say_arrives_without_a_reload_and_half_typed_text_stays() {
    let Some((simulator, browser)) = open("ops").await else {
        return;
    };
    browser.type_into(COMPOSER, "half a sen").await.unwrap();
    simulator.user("ben").says("#ops", "news", None).unwrap();
    browser.wait_for_text("#list", "news").await.unwrap();
    let script = "return [arguments[0].value, document.activeElement === arguments[0]]";
    let kept = browser
        .run(
            &script.replace("arguments[0]", "document.querySelector('#compose-main')"),
            json!([]),
        )
        .await;
    assert_eq!(kept.unwrap(), json!(["half a sen", true]));
}

#[tokio::test]
async fn slash_offers_commands_and_arrow_up_recalls_the_last_line() {
    let Some((_simulator, browser)) = open("ops").await else {
        return;
    };
    browser.press("body", "/").await.unwrap();
    browser.wait_for_text("#suggest", "/em-agent help").await.unwrap();
    browser.press(COMPOSER, "Escape").await.unwrap();
    browser
        .run("document.querySelector('#compose-main').value = ''", json!([]))
        .await
        .unwrap();
    browser.type_into(COMPOSER, "one line").await.unwrap();
    browser.press(COMPOSER, "Enter").await.unwrap();
    browser.wait_for_text("#list", "one line").await.unwrap();
    browser.press(COMPOSER, "ArrowUp").await.unwrap();
    let value = browser
        .run("return document.querySelector('#compose-main').value", json!([]))
        .await
        .unwrap();
    assert_eq!(value, "one line");
}

#[tokio::test]
async fn modal_names_the_input_that_is_missing_and_escape_closes_it() {
    let Some((simulator, browser)) = open("ops").await else {
        return;
    };
    open_modal(&simulator, &browser, form()).await;
    browser.wait_for_text("dialog[open]", "Why").await.unwrap();
    browser.click("dialog[open] [type=submit]").await.unwrap();
    browser
        .wait_for_text("dialog[open] .error", "Please fill this in")
        .await
        .unwrap();
    browser.press("dialog[open] input", "Escape").await.unwrap();
    browser
        .wait_for_text("body:not(:has(dialog[open])) h1", "#ops")
        .await
        .unwrap();
    assert!(simulator.read(|w| w.modal("ana").is_none()));
}

#[tokio::test]
async fn somebody_else_sees_neither_private_messages_nor_foreign_modals() {
    let Some((simulator, browser)) = open("ops").await else {
        return;
    };
    let only_ana = json!({"channel": "C0OPS", "user": "U0ANA", "text": "between us"});
    call(&simulator, &browser, "chat.postEphemeral", only_ana).await;
    browser.wait_for_text("#list", "between us").await.unwrap();
    browser.click("#who summary").await.unwrap();
    browser.click("#who a[href*='U0BEN']").await.unwrap();
    browser.wait_for_text("#who summary", "Ben Okafor").await.unwrap();
    assert!(!browser.text("#list").await.unwrap().contains("between us"));
}
