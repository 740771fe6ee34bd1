//! Purpose: a monitor's event as the API gives it, and as the webhook's template would have told it.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::super::{said, turn};
use crate::payload::Time;
use crate::poll::feed::Draft;

#[derive(Debug, Deserialize)]
pub(super) struct Event {
    id: Option<String>,
    #[serde(default)]
    attributes: Outer,
}

#[derive(Debug, Default, Deserialize)]
struct Outer {
    tags: Option<Vec<String>>,
    timestamp: Option<Time>,
    #[serde(default)]
    attributes: Attributes,
}

/// Some of them no schema lists, though every answer has them.
#[derive(Debug, Default, Deserialize)]
struct Attributes {
    aggregation_key: Option<String>,
    evt: Option<System>,
    hostname: Option<String>,
    monitor: Option<Monitor>,
    monitor_groups: Option<Vec<String>>,
    #[serde(rename = "monitor-alert-event")]
    alert: Option<Alert>,
    status: Option<String>,
    timestamp: Option<Time>,
    title: Option<String>,
}

#[derive(Debug, Deserialize)]
struct System {
    /// What webhooks know as `$ID`.
    id: Option<Word>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Alert {
    alert_cycle_key: Option<Word>,
}

#[derive(Debug, Deserialize)]
struct Monitor {
    id: Option<Word>,
    alert_cycle_key_txt: Option<Word>,
    groups: Option<Vec<String>>,
    /// 1 is the worst; 0 is none.
    priority: Option<i64>,
    transition: Option<Transition>,
    result: Option<Outcome>,
}

#[derive(Debug, Deserialize)]
struct Transition {
    transition_type: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Outcome {
    /// A path, mostly.
    alert_url: Option<String>,
}

/// Ids are texts here and numbers there.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Word {
    Text(String),
    Number(i64),
}

impl Word {
    fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
        }
    }
}

impl Event {
    pub(super) fn at(&self) -> Option<DateTime<Utc>> {
        let inner = self.attributes.attributes.timestamp;
        inner.or(self.attributes.timestamp).map(|at| at.0)
    }

    /// What a webhook would have told of it; none if it is no change of a monitor.
    pub(super) fn draft(&self, site: Option<&str>) -> Option<Draft> {
        let (about, monitor) = (
            &self.attributes.attributes,
            self.attributes.attributes.monitor.as_ref()?,
        );
        let title = about.title.as_deref().unwrap_or_default();
        let transition = transition(title).or_else(|| {
            let kind = monitor.transition.as_ref()?.transition_type.as_deref()?;
            of_type(kind)
        })?;
        let groups = about.monitor_groups.as_ref().or(monitor.groups.as_ref());
        let cycle = monitor.alert_cycle_key_txt.as_ref();
        let cycle = cycle.or_else(|| about.alert.as_ref()?.alert_cycle_key.as_ref());
        let system = about.evt.as_ref();
        let url = monitor
            .result
            .as_ref()
            .and_then(|result| result.alert_url.as_deref());
        let fields = [
            ("id", system.and_then(|system| system.id.as_ref()).map(Word::text)),
            ("event_type", system.and_then(|system| system.kind.clone())),
            ("alert_transition", Some(transition.to_owned())),
            ("alert_cycle_key", cycle.map(Word::text)),
            ("aggreg_key", about.aggregation_key.clone()),
            ("alert_id", monitor.id.as_ref().map(Word::text)),
            ("alert_type", about.status.clone()),
            (
                "priority",
                monitor
                    .priority
                    .filter(|level| *level > 0)
                    .map(|level| format!("P{level}")),
            ),
            ("scope", groups.map(|groups| groups.join(","))),
            ("title", about.title.clone()),
            ("tags", self.attributes.tags.as_ref().map(|tags| tags.join(", "))),
            ("hostname", about.hostname.clone()),
            ("link", url.and_then(|url| page(site, url))),
            ("date", Some(self.at()?.timestamp_millis().to_string())),
        ];
        let told = fields.into_iter().filter_map(|(name, text)| {
            let text = text.filter(|text| !text.is_empty())?;
            Some((name.to_owned(), Value::String(text)))
        });
        let payload = Value::Object(told.collect::<Map<String, Value>>());
        // As the receiver calls a delivery of the same event.
        let said = said(payload.to_string().as_bytes());
        Some(Draft {
            event_type: said.event_type,
            delivery_key: said
                .delivery_key
                .or_else(|| Some(format!("poll:{}", self.id.as_deref()?)))?,
            occurred_at: said.occurred_at,
            payload,
        })
    }
}

/// The word that webhooks know as `$ALERT_TRANSITION`, as it stands in the title: `[P2] [Re-Triggered on {host:a}] CPU load`.
fn transition(title: &str) -> Option<&str> {
    let mut rest = title.trim_start();
    while let Some((inside, after)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        let word = inside.split(" on {").next().unwrap_or(inside).trim();
        if turn(word).is_some() {
            return Some(word);
        }
        rest = after.trim_start();
    }
    None
}

fn of_type(transition_type: &str) -> Option<&'static str> {
    Some(match transition_type {
        "alert" => "Triggered",
        "warning" => "Warn",
        "no data" => "No Data",
        "renotify" => "Renotify",
        over if over.ends_with("recovery") => "Recovered",
        _ => return None,
    })
}

/// A page for people; a path is one of `site`.
fn page(site: Option<&str>, url: &str) -> Option<String> {
    if url.starts_with("https://") {
        return Some(url.to_owned());
    }
    let is_path = url.starts_with('/') && !url.starts_with("//");
    site.filter(|_| is_path).map(|site| format!("{site}{url}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn draft(attributes: &Value) -> Option<Draft> {
        let event = json!({ "id": "AwAA", "type": "event", "attributes": { "attributes": attributes } });
        let event: Event = serde_json::from_value(event).unwrap();
        event.draft(Some("https://app.datadoghq.com"))
    }

    #[test]
    fn the_transition_stands_in_the_title_or_else_beside_the_monitor() {
        for (title, expected) in [
            ("[Recovered on {@host.name:a.012}] Errors", Some("Recovered")),
            ("[P2] [Re-Triggered on {host:a}] Errors", Some("Re-Triggered")),
            ("[checkout] [No Data] Errors", Some("No Data")),
            ("[checkout] Errors", None),
            ("[open", None),
            ("", None),
        ] {
            assert_eq!(transition(title), expected, "{title}");
        }
        let event = |kind: &str| {
            let monitor = json!({ "id": 1, "transition": { "transition_type": kind } });
            draft(&json!({ "title": "Errors", "timestamp": 1_769_787_211_000_i64, "monitor": monitor }))
        };
        assert_eq!(event("no data recovery").unwrap().event_type, "monitor.recovered");
        assert_eq!(event("alert").unwrap().delivery_key, "poll:AwAA");
        assert!(event("odd").is_none());
    }

    #[test]
    fn what_is_no_monitors_or_has_no_time_says_nothing() {
        assert!(draft(&json!({ "title": "[Triggered] x", "timestamp": 1 })).is_none());
        assert!(draft(&json!({ "title": "[Triggered] x", "monitor": { "id": 1 } })).is_none());
        let odd: Result<Event, _> = serde_json::from_value(json!({ "id": "1" }));
        assert!(odd.unwrap().draft(None).is_none());
    }

    #[test]
    fn only_paths_and_safe_addresses_become_links() {
        let site = Some("https://app.datadoghq.com");
        assert_eq!(
            page(site, "/monitors/1?x=2").as_deref(),
            Some("https://app.datadoghq.com/monitors/1?x=2")
        );
        assert_eq!(page(None, "/monitors/1"), None);
        assert_eq!(page(site, "//evil.example"), None);
        assert_eq!(page(site, "javascript:alert(1)"), None);
    }
}
