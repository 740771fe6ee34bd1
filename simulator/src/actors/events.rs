//! Purpose: the events the app subscribed to, as the Events API writes them.

use serde_json::{Value, json};

use crate::deliver::Purpose;
use crate::shared::Shared;
use crate::socket::EnvelopeKind;
use crate::workspace::Workspace;

/// The event of something a person said: a mention in a channel, or a direct message.
pub(crate) fn said(w: &Workspace, channel: &str, ts: &str) -> Option<Value> {
    let place = w.channel(channel).filter(|c| c.has(&w.app.user_id))?;
    let message = w.message(channel, ts)?;
    let mut event = w.message_json(message);
    event["channel"] = json!(channel);
    event["event_ts"] = json!(ts);
    event["client_msg_id"] = json!(format!("msg-{ts}"));
    if place.is_direct() {
        event["channel_type"] = json!("im");
        return Some(event);
    }
    if message.text.contains(&format!("<@{}>", w.app.user_id)) {
        event["type"] = json!("app_mention");
        return Some(event);
    }
    event["channel_type"] = json!("channel");
    Some(event)
}

/// The app's own message in a direct message comes back to it as an event, as in Slack.
pub(crate) fn own_direct_message(w: &Workspace, channel: &str, mut message: Value) -> Option<Value> {
    w.channel(channel).filter(|c| c.is_direct())?;
    message["channel"] = json!(channel);
    message["channel_type"] = json!("im");
    message["event_ts"] = message["ts"].clone();
    Some(message)
}

/// The name under which an app subscribes to an event.
pub(crate) fn subscribed(shared: &Shared, event: &Value) -> bool {
    let kind = event["type"].as_str().unwrap_or_default();
    let name = match (kind, event["channel_type"].as_str()) {
        ("message", Some("im")) => "message.im",
        ("message", _) => "message.channels",
        _ => kind,
    };
    shared.options.events.iter().any(|e| e == name)
}

/// Puts an event into its envelope's payload.
pub(crate) fn wrap(shared: &Shared, event: &Value) -> Value {
    let cast = &shared.options.cast;
    let number = shared.quietly(Workspace::next_number);
    json!({
        "token": "simulated", "team_id": cast.team.id, "context_team_id": cast.team.id,
        "context_enterprise_id": null, "api_app_id": cast.app.id, "event": event, "type": "event_callback",
        "event_id": format!("Ev{number:08}"), "event_time": shared.options.time.seconds(),
        "authorizations": [{
            "enterprise_id": null, "team_id": cast.team.id, "user_id": cast.app.user_id, "is_bot": true,
            "is_enterprise_install": false,
        }],
        "is_ext_shared_channel": false, "event_context": format!("ctx-{number}"),
    })
}

/// Sends an event over a socket, if the app subscribed to it; nobody waits for the acknowledgement.
pub(crate) fn send(shared: &Shared, event: &Value) {
    if subscribed(shared, event) {
        let payload = wrap(shared, event).to_string();
        shared
            .hub
            .send(EnvelopeKind::EventsApi, payload, Purpose::Event, None);
    }
}
