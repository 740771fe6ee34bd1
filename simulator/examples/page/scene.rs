//! Purpose: a conversation that shows every kind of block.

use em_simulator::Simulator;
use serde_json::{Value, json};

use super::app::Api;

/// Posts the conversation.
pub(crate) async fn play(simulator: &Simulator, api: &Api) {
    let says = |who: &str, channel: &str, text: &str| {
        simulator.user(who).says(channel, text, None).unwrap().ts.unwrap()
    };
    says(
        "ben",
        "#ops",
        "Morning! `main` has been red since last night, is somebody on it? :eyes:",
    );
    says(
        "chloe",
        "#ops",
        "That is me, the new migration test is flaky. Fix: https://example.com/pull/812",
    );
    let root = says(
        "chloe",
        "#ops",
        "It should be green in ~10 minutes~ *half an hour*, sorry.",
    );
    simulator
        .user("ben")
        .says("#ops", "No worries, thanks for the heads-up :pray:", Some(&root))
        .unwrap();
    simulator
        .user("fatima")
        .says("#ops", "I can review", Some(&root))
        .unwrap();
    let post = |blocks: Value, text: &str| {
        api.call(
            "chat.postMessage",
            json!({"channel": "C0OPS", "text": text, "blocks": blocks}),
        )
    };
    post(approval(), "Roll back payments-api").await;
    api.call("chat.postMessage", json!({
        "channel": "C0OPS", "thread_ts": root, "text": "I will watch the run and say here when `main` is green.",
    })).await;
    api.call(
        "chat.postMessage",
        json!({"channel": "C0PAYMENTS", "text": "x", "blocks": gallery()}),
    )
    .await;
    api.call(
        "chat.postEphemeral",
        json!({"channel": "C0OPS", "user": "U0ANA", "text": "Triage", "blocks": triage()}),
    )
    .await;
}

fn row(title: &str, about: &str) -> Value {
    let option =
        |label: &str, value: &str| json!({"text": {"type": "plain_text", "text": label}, "value": value});
    json!({"type": "section", "text": {"type": "mrkdwn", "text": format!("{title}\n{about}")}, "accessory": {
        "type": "overflow", "action_id": "triage.row",
        "options": [option("Why here?", "why"), option("Nudge", "nudge"), option("Snooze…", "snooze")],
    }})
}

/// A ranked list, each row with a menu.
pub(crate) fn triage() -> Value {
    json!([
        {"type": "header", "text": {"type": "plain_text", "text": "Triage: 7 things are stuck"}},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "For *payments* and *platform* · waiting time in working hours · oldest first"}]},
        {"type": "section", "text": {"type": "mrkdwn", "text": "*Waiting for a reviewer* · 3"}},
        row("<https://example.com/812|#812 Make the migration test deterministic>", "<@U0CHLOE> → <@U0BEN> · waiting *2 d 3 h* · main is red until it lands"),
        row("<https://example.com/806|#806 Retry card captures with jitter>", "<@U0FATIMA> → <@U0DMITRI> · waiting *1 d 6 h* · asked twice"),
        row("<https://example.com/799|#799 Drop the legacy ledger export>", "<@U0BEN> → nobody · waiting *5 h* · no reviewer requested"),
        {"type": "divider"},
        {"type": "section", "text": {"type": "mrkdwn", "text": "*Waiting for the author* · 1"}},
        row("<https://example.com/790|#790 Tighten IAM for the batch role>", "<@U0DMITRI> · changes requested *1 d 1 h* ago by <@U0ANA>"),
        {"type": "divider"},
        {"type": "actions", "elements": [
            {"type": "button", "text": {"type": "plain_text", "text": "Share to channel"}, "action_id": "triage.post", "style": "primary"},
            {"type": "button", "text": {"type": "plain_text", "text": "Only mine"}, "action_id": "triage.mine"},
            {"type": "static_select", "action_id": "triage.team", "placeholder": {"type": "plain_text", "text": "Team"}, "options": [
                {"text": {"type": "plain_text", "text": "Payments"}, "value": "p"}, {"text": {"type": "plain_text", "text": "Platform"}, "value": "q"}]},
        ]},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "and 3 more · `/em-agent triage --team payments` · as of <!date^1763700000^{date_short_pretty} {time}|now>"}]},
    ])
}

fn approval() -> Value {
    json!([
        {"type": "section", "block_id": "head", "text": {"type": "mrkdwn", "text": ":warning: *Approval needed:* roll back `payments-api` to 2026.11.3"},
         "fields": [
            {"type": "mrkdwn", "text": "*Environment*\nproduction"}, {"type": "mrkdwn", "text": "*Requested by*\n<@U0DMITRI>"},
            {"type": "mrkdwn", "text": "*Why*\nError rate 4.2 % since the last deploy"}, {"type": "mrkdwn", "text": "*Policy*\n2 of 2 owners"}]},
        {"type": "actions", "block_id": "apr_42", "elements": [
            {"type": "button", "text": {"type": "plain_text", "text": "Approve"}, "style": "primary", "action_id": "approval.approve", "value": "42"},
            {"type": "button", "text": {"type": "plain_text", "text": "Decline"}, "style": "danger", "action_id": "approval.decline", "value": "42",
             "confirm": {"title": {"type": "plain_text", "text": "Decline this?"}, "text": {"type": "mrkdwn", "text": "*payments-api* stays on the current version."},
                "confirm": {"type": "plain_text", "text": "Decline"}, "deny": {"type": "plain_text", "text": "Back"}, "style": "danger"}},
            {"type": "button", "text": {"type": "plain_text", "text": "Why?"}, "action_id": "approval.explain", "value": "42"},
        ]},
    ])
}

/// The approval after the click.
pub(crate) fn approved() -> Value {
    json!([{"type": "section", "text": {"type": "mrkdwn", "text": ":white_check_mark: *Approved* by <@U0ANA>, just now: roll back `payments-api` to 2026.11.3"}}])
}

fn gallery() -> Value {
    json!([
        {"type": "rich_text", "elements": [
            {"type": "rich_text_section", "elements": [{"type": "text", "text": "Rich text", "style": {"bold": true}}, {"type": "text", "text": " with a list:"}]},
            {"type": "rich_text_list", "style": "bullet", "elements": [
                {"type": "rich_text_section", "elements": [{"type": "user", "user_id": "U0BEN"}, {"type": "text", "text": " merged two"}]},
                {"type": "rich_text_section", "elements": [{"type": "link", "url": "https://example.com", "text": "a link"}]}]}]},
        {"type": "section", "text": {"type": "mrkdwn", "text": "&gt; Quoted words\n&gt; on two lines\nand then\n```let total = rows.iter().sum();\nprintln!(\"{total}\");```\n• one\n• two <@U0ANA> <#C0OPS>"},
         "accessory": {"type": "image", "image_url": "https://example.com/x.png", "alt_text": "Chart"}},
        {"type": "table", "column_settings": [{}, {"align": "right"}, {"align": "right"}], "rows": [
            [{"type": "raw_text", "text": "Metric"}, {"type": "raw_text", "text": "This week"}, {"type": "raw_text", "text": "Last week"}],
            [{"type": "raw_text", "text": "Deployments"}, {"type": "raw_text", "text": "31"}, {"type": "raw_text", "text": "27"}],
            [{"type": "raw_text", "text": "Lead time"}, {"type": "raw_text", "text": "21 h"}, {"type": "raw_text", "text": "26 h"}]]},
        {"type": "actions", "elements": [
            {"type": "users_select", "action_id": "g.user", "placeholder": {"type": "plain_text", "text": "Somebody"}},
            {"type": "datepicker", "action_id": "g.date", "initial_date": "2026-03-02"},
            {"type": "timepicker", "action_id": "g.time", "initial_time": "09:30"},
            {"type": "button", "action_id": "g.link", "text": {"type": "plain_text", "text": "Open the dashboard"}, "url": "https://example.com"}]},
    ])
}

/// A form with each kind of input.
pub(crate) fn snooze() -> Value {
    let option =
        |label: &str, value: &str| json!({"text": {"type": "plain_text", "text": label}, "value": value});
    let label = |text: &str| json!({"type": "plain_text", "text": text});
    json!({
        "type": "modal", "callback_id": "triage.snooze", "title": label("Snooze"), "submit": label("Snooze"), "close": label("Cancel"),
        "blocks": [
            {"type": "section", "text": {"type": "mrkdwn", "text": "*<https://example.com/812|#812 Make the migration test deterministic>*"}},
            {"type": "context", "elements": [{"type": "mrkdwn", "text": "It comes back earlier if its state changes."}]},
            {"type": "input", "block_id": "reason", "label": label("Why"), "hint": label("Shown to everybody who asks why it is not in the list."),
             "element": {"type": "plain_text_input", "action_id": "reason", "multiline": true, "placeholder": label("Waiting for the vendor")}},
            {"type": "input", "block_id": "until", "label": label("Until"), "element": {"type": "static_select", "action_id": "until",
             "initial_option": option("Tomorrow morning", "1d"), "options": [option("In 4 hours", "4h"), option("Tomorrow morning", "1d"), option("Next week", "7d")]}},
            {"type": "input", "block_id": "who", "optional": true, "label": label("Tell"), "element": {"type": "multi_users_select", "action_id": "who", "placeholder": label("Nobody")}},
            {"type": "input", "block_id": "how", "label": label("Remind"), "element": {"type": "radio_buttons", "action_id": "how",
             "initial_option": option("In the list only", "list"), "options": [option("In the list only", "list"), option("By direct message", "dm")]}},
        ],
    })
}

/// An App Home.
pub(crate) fn home() -> Value {
    json!({"type": "home", "blocks": [
        {"type": "header", "text": {"type": "plain_text", "text": "Good morning, Ana"}},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "Two things wait for you · everything else is moving"}]},
        {"type": "divider"},
        row("<https://example.com/806|#806 Retry card captures with jitter>", "<@U0FATIMA> asked for your review *1 d 6 h* ago"),
        row("*Approval:* roll back `payments-api`", "asked by <@U0DMITRI>, *12 minutes* ago"),
        {"type": "divider"},
        {"type": "section", "fields": [
            {"type": "mrkdwn", "text": "*Deployments*\n31 this week, 27 last week"}, {"type": "mrkdwn", "text": "*Lead time*\n21 h, was 26 h"}]},
        {"type": "actions", "elements": [
            {"type": "button", "text": {"type": "plain_text", "text": "Settings"}, "action_id": "settings.open"},
            {"type": "button", "text": {"type": "plain_text", "text": "Refresh"}, "action_id": "home.refresh"}]},
    ]})
}
