//! Purpose: Block Kit's limits, each met exactly and then passed by one.

use serde_json::{Value, json};

use crate::client::call;
use crate::start;

fn plain(length: usize) -> Value {
    json!({"type": "plain_text", "text": "x".repeat(length)})
}

fn mrkdwn(length: usize) -> Value {
    json!({"type": "mrkdwn", "text": "x".repeat(length)})
}

fn button(more: &Value) -> Value {
    let mut button = json!({"type": "button", "text": plain(5), "action_id": "a"});
    button
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    json!([{"type": "actions", "elements": [button]}])
}

fn buttons(count: usize) -> Value {
    let each = |n| json!({"type": "button", "text": plain(5), "action_id": format!("a{n}")});
    json!([{"type": "actions", "elements": (0..count).map(each).collect::<Value>()}])
}

fn menu(kind: &str, count: usize, text: usize, value: usize) -> Value {
    let option = |n| json!({"text": plain(text), "value": format!("{n:0>value$}")});
    let menu = json!({"type": kind, "action_id": "a", "options": (0..count).map(option).collect::<Value>()});
    json!([{"type": "section", "text": mrkdwn(5), "accessory": menu}])
}

fn confirm(title: usize, text: usize, yes: usize) -> Value {
    button(&json!({"confirm": {
        "title": plain(title), "text": mrkdwn(text), "confirm": plain(yes), "deny": plain(yes),
    }}))
}

fn sections(count: usize) -> Value {
    (0..count)
        .map(|_| json!({"type": "section", "text": mrkdwn(5)}))
        .collect()
}

#[expect(clippy::too_many_lines, reason = "a table, a row per limit")]
/// What is allowed, what is one too many, and where Slack points.
fn limits() -> Vec<(&'static str, Value, Value, &'static str)> {
    let section = |n| json!([{"type": "section", "text": mrkdwn(n)}]);
    let fields = |count, n| json!([{"type": "section", "fields": vec![mrkdwn(n); count]}]);
    let header = |n| json!([{"type": "header", "text": plain(n)}]);
    let context = |n| json!([{"type": "context", "elements": vec![mrkdwn(5); n]}]);
    let image = |url: usize, alt| json!([{"type": "image", "image_url": format!("https://{:x>url$}", "", url = url - 8), "alt_text": "x".repeat(alt)}]);
    let id = |n| json!([{"type": "divider", "block_id": "x".repeat(n)}]);
    let text = "/blocks/0/text/text";
    let element = "/blocks/0/elements/0";
    vec![
        ("blocks", sections(50), sections(51), "/blocks"),
        ("section text", section(3000), section(3001), text),
        ("section text is not empty", section(1), section(0), text),
        ("fields", fields(10, 5), fields(11, 5), "/blocks/0/fields"),
        (
            "field text",
            fields(1, 2000),
            fields(1, 2001),
            "/blocks/0/fields/0/text",
        ),
        ("header", header(150), header(151), text),
        ("actions", buttons(25), buttons(26), "/blocks/0/elements"),
        ("context", context(10), context(11), "/blocks/0/elements"),
        (
            "image alt",
            image(3000, 2000),
            image(3000, 2001),
            "/blocks/0/alt_text",
        ),
        ("image url", image(3000, 5), image(3001, 5), "/blocks/0/image_url"),
        (
            "alt text is required",
            image(20, 1),
            json!([{"type": "image", "image_url": "https://x"}]),
            "/blocks/0",
        ),
        ("block id", id(255), id(256), "/blocks/0/block_id"),
        (
            "action id",
            button(&json!({"action_id": "x".repeat(255)})),
            button(&json!({"action_id": "x".repeat(256)})),
            element,
        ),
        (
            "button text",
            button(&json!({"text": plain(75)})),
            button(&json!({"text": plain(76)})),
            element,
        ),
        (
            "button value",
            button(&json!({"value": "x".repeat(2000)})),
            button(&json!({"value": "x".repeat(2001)})),
            element,
        ),
        (
            "button text is plain",
            button(&json!({})),
            button(&json!({"text": mrkdwn(5)})),
            element,
        ),
        (
            "button label",
            button(&json!({"accessibility_label": "x".repeat(75)})),
            button(&json!({"accessibility_label": "x".repeat(76)})),
            element,
        ),
        (
            "button style",
            button(&json!({"style": "danger"})),
            button(&json!({"style": "warning"})),
            element,
        ),
        (
            "button url",
            button(&json!({"url": "https://x"})),
            button(&json!({"url": "javascript:x"})),
            element,
        ),
        (
            "confirm title",
            confirm(100, 300, 30),
            confirm(101, 300, 30),
            element,
        ),
        (
            "confirm text",
            confirm(100, 300, 30),
            confirm(100, 301, 30),
            element,
        ),
        (
            "confirm button",
            confirm(100, 300, 30),
            confirm(100, 300, 31),
            element,
        ),
        (
            "options",
            menu("static_select", 100, 75, 150),
            menu("static_select", 101, 75, 5),
            "/blocks/0/accessory",
        ),
        (
            "option text",
            menu("static_select", 1, 75, 5),
            menu("static_select", 1, 76, 5),
            "/blocks/0/accessory",
        ),
        (
            "option value",
            menu("static_select", 1, 5, 150),
            menu("static_select", 1, 5, 151),
            "/blocks/0/accessory",
        ),
        (
            "overflow",
            menu("overflow", 5, 5, 5),
            menu("overflow", 6, 5, 5),
            "/blocks/0/accessory",
        ),
        (
            "radio buttons",
            menu("radio_buttons", 10, 5, 5),
            menu("radio_buttons", 11, 5, 5),
            "/blocks/0/accessory",
        ),
        (
            "checkboxes",
            menu("checkboxes", 10, 5, 5),
            menu("checkboxes", 11, 5, 5),
            "/blocks/0/accessory",
        ),
        (
            "unknown block",
            sections(1),
            json!([{"type": "sektion"}]),
            "/blocks/0",
        ),
        (
            "unknown element",
            buttons(1),
            json!([{"type": "actions", "elements": [{"type": "knob"}]}]),
            element,
        ),
        (
            "unknown field",
            sections(1),
            json!([{"type": "divider", "colour": "red"}]),
            "/blocks/0",
        ),
        (
            "text or fields",
            sections(1),
            json!([{"type": "section"}]),
            "/blocks/0",
        ),
        (
            "block ids are unique",
            json!([{"type": "divider", "block_id": "a"}, {"type": "divider", "block_id": "b"}]),
            json!([{"type": "divider", "block_id": "a"}, {"type": "divider", "block_id": "a"}]),
            "/blocks/1/block_id",
        ),
        (
            "action ids are unique in a block",
            buttons(2),
            json!([{"type": "actions", "elements": [buttons(1)[0]["elements"][0], buttons(1)[0]["elements"][0]]}]),
            "/blocks/0/elements/1/action_id",
        ),
        (
            "markdown",
            json!([{"type": "markdown", "text": "x".repeat(12_000)}]),
            json!([{"type": "markdown", "text": "x".repeat(6_001)}, {"type": "markdown", "text": "x".repeat(6_000)}]),
            "/blocks/1",
        ),
    ]
}

#[tokio::test]
async fn every_limit_is_allowed_exactly_and_refused_beyond() {
    let sim = start().await;
    let post = async |blocks: &Value| {
        call(
            &sim,
            "chat.postMessage",
            json!({"channel": "C0OPS", "text": "x", "blocks": blocks}),
        )
        .await
    };
    for (name, fits, too_much, pointer) in limits() {
        let allowed = post(&fits).await;
        assert_eq!(allowed["ok"], true, "{name} refused: {allowed}");
        let refused = post(&too_much).await;
        assert_eq!(
            refused["error"], "invalid_blocks",
            "{name} got through: {refused}"
        );
        let messages = refused["response_metadata"]["messages"].to_string();
        assert!(
            messages.contains(&format!("[json-pointer:{pointer}")),
            "{name}: {messages}"
        );
    }
}

#[tokio::test]
async fn too_much_text_in_all_blocks_together_is_refused() {
    let sim = start().await;
    let blocks = json!(vec![json!({"type": "section", "text": mrkdwn(2900)}); 5]);
    let answer = call(
        &sim,
        "chat.postMessage",
        json!({"channel": "C0OPS", "text": "x", "blocks": blocks}),
    )
    .await;
    assert_eq!(answer["error"], "msg_blocks_too_long");
}

fn modal(title: usize, submit: bool, metadata: usize, blocks: usize) -> Value {
    let mut view = json!({
        "type": "modal", "title": plain(title), "private_metadata": "x".repeat(metadata), "blocks": sections(blocks),
    });
    let input = json!({"type": "input", "label": plain(5), "element": {"type": "plain_text_input", "action_id": "t"}});
    view["blocks"].as_array_mut().unwrap().push(input);
    if submit {
        view["submit"] = plain(24);
    }
    view
}

#[tokio::test]
async fn modals_keep_their_limits_too() {
    let sim = start().await;
    for (view, pointer) in [
        (modal(24, true, 3000, 99), ""),
        (modal(25, true, 5, 5), "/view/title"),
        (modal(5, false, 5, 5), "/view/submit"),
        (modal(5, true, 3001, 5), "/view/private_metadata"),
        (modal(5, true, 5, 100), "/view/blocks"),
        (json!({"type": "home", "blocks": sections(1)}), "/view/type"),
    ] {
        let trigger = sim.user("ana").types("#ops", "/em-agent x").unwrap().trigger_id;
        let answer = call(&sim, "views.open", json!({"trigger_id": trigger, "view": view})).await;
        if pointer.is_empty() {
            assert_eq!(answer["ok"], true, "{answer}");
        } else {
            let messages = answer["response_metadata"]["messages"].to_string();
            assert!(
                messages.contains(&format!("[json-pointer:{pointer}")),
                "{pointer}: {answer}"
            );
        }
    }
}
