//! Purpose: `POST /webhooks/kubernetes`: what the forwarders send, told apart by its form.
//!
//! Kubernetes sends no webhooks of its events. Read are the Event as kubernetes-event-exporter sends it (and as a watch of the
//! API gives it, `{type, object}`), kubewatch's `CloudEvent`s, and the short messages of kubewatch's handler `webhook`.
//! None of them signs anything: a header brings the secret.
//!
//! Sources: <https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/>,
//! <https://github.com/resmoio/kubernetes-event-exporter>, <https://github.com/robusta-dev/kubewatch>.

use em_domain::fact::FactChange;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::event::CoreEvent;
use super::topology::{Message, TopologyChange};
use crate::payload::{Text, filled, read};
use crate::proof::Proof;
use crate::rules::Rules;
use crate::webhook::{Said, Vendor};

/// Kubernetes' forwarders.
pub const VENDOR: Vendor = Vendor {
    name: super::NAME,
    title: "Kubernetes",
    proof: Proof::Secret,
    read: |_, payload| Ok(said(payload)),
    changes: |event, rules| changes(&event.payload, rules),
};

/// By which of its fields a body is known.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Form<'a> {
    #[serde(alias = "regarding")]
    involved_object: Option<IgnoredAny>,
    specversion: Option<IgnoredAny>,
    eventmeta: Option<IgnoredAny>,
    #[serde(borrow)]
    object: Option<&'a RawValue>,
    #[serde(rename = "type")]
    kind: Option<Text>,
}

/// A body.
enum Body {
    /// A core Event, and how a watch calls what happened to it.
    Event(Box<CoreEvent>, Option<String>),
    /// An object of the cluster changed.
    Topology(Box<TopologyChange>),
    /// A short message.
    Message(Message),
}

fn body(payload: &[u8]) -> Result<Body, String> {
    let form: Form<'_> = read(payload)?;
    match form {
        Form {
            involved_object: Some(_),
            ..
        } => Ok(Body::Event(read(payload)?, None)),
        Form {
            specversion: Some(_), ..
        } => Ok(Body::Topology(read(payload)?)),
        Form {
            eventmeta: Some(_), ..
        } => Ok(Body::Message(read(payload)?)),
        Form {
            object: Some(object),
            kind,
            ..
        } => Ok(Body::Event(read(object.get().as_bytes())?, filled(kind))),
        _ => Err("this is no core Event, no CloudEvent and no message of kubewatch".to_owned()),
    }
}

fn said(payload: &[u8]) -> Said {
    let nothing = Said {
        event_type: String::new(),
        delivery_key: None,
        occurred_at: None,
    };
    match body(payload) {
        Ok(Body::Event(event, watched)) => Said {
            event_type: format!("event.{}", event.reason()),
            delivery_key: event
                .delivery_key()
                .map(|key| format!("{key}:{}", watched.unwrap_or_default())),
            occurred_at: event.last_seen_at(),
        },
        Ok(Body::Topology(change)) => Said {
            event_type: change.event_type(),
            delivery_key: change.delivery_key(),
            occurred_at: change.at(),
        },
        // The body is the key: it holds its time to the nanosecond.
        Ok(Body::Message(message)) => Said {
            event_type: format!("message.{}", message.reason()),
            occurred_at: Some(message.at()),
            ..nothing
        },
        Err(_) => nothing,
    }
}

fn changes(payload: &[u8], rules: &Rules) -> Result<Vec<FactChange>, String> {
    match body(payload)? {
        // An Event that goes from the API was forgotten after its hour; that is no news.
        Body::Event(_, Some(watched)) if watched == "DELETED" => Ok(Vec::new()),
        Body::Event(event, _) => event.changes(rules),
        Body::Topology(change) => change.changes(rules),
        Body::Message(message) => Ok(message.changes()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn event(count: i64) -> Value {
        json!({
            "involvedObject": { "kind": "Pod", "namespace": "shop", "name": "web-1", "uid": "u" },
            "metadata": { "uid": "e1", "name": "web-1.1", "namespace": "shop" },
            "reason": "OOMKilling", "type": "Warning", "count": count,
            "firstTimestamp": "2026-06-04T08:00:00Z", "lastTimestamp": "2026-06-04T08:30:00Z"
        })
    }

    fn bytes(body: &Value) -> Vec<u8> {
        body.to_string().into_bytes()
    }

    #[test]
    fn an_event_is_the_same_alone_and_from_a_watch() {
        let rules = Rules::default();
        let alone = bytes(&event(3));
        let watched = bytes(&json!({ "type": "MODIFIED", "object": event(3) }));
        assert_eq!(changes(&alone, &rules), changes(&watched, &rules));
        assert_eq!(changes(&alone, &rules).unwrap().len(), 1);
        assert_eq!(said(&watched).event_type, "event.OOMKilling");
        let forgotten = bytes(&json!({ "type": "DELETED", "object": event(3) }));
        assert_eq!(changes(&forgotten, &rules), Ok(Vec::new()));
        assert_ne!(said(&watched).delivery_key, said(&forgotten).delivery_key);
    }

    #[test]
    fn a_repetition_that_is_counted_is_news_and_a_redelivery_is_none() {
        let key = |count| said(&bytes(&event(count))).delivery_key;
        assert!(key(1).is_some());
        assert_eq!(key(1), key(1));
        assert_ne!(key(1), key(2));
    }

    #[test]
    fn what_no_forwarder_sends_is_said_to_be_unknown() {
        let reason = changes(b"{}", &Rules::default()).unwrap_err();
        assert!(reason.starts_with("this is no core Event"), "{reason}");
        assert_eq!(said(b"{}").event_type, "");
    }
}
