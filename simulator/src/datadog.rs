//! Purpose: a pretend Datadog on 127.0.0.1 with the events of monitors that tests let alert and recover. Keys are checked; of
//! the search it knows what a poller needs; lists come in pages by cursor. Events are shaped as Datadog sends them, with what
//! no schema lists. Source: <https://docs.datadoghq.com/api/latest/events/get-a-list-of-events/>.

use std::io;

use axum::http::{HeaderValue, Method};
use axum::response::Response;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use crate::desk::{Asked, Desk, World, said};

/// The keys that are accepted, as they are configured.
pub const TOKEN: &str = "0123456789abcdefpretend:fedcba9876543210pretend";
/// Events in one answer at most, so that tests need few of them to see the second.
const EVENTS: usize = 4;

/// A change of a monitor.
#[derive(Debug, Clone)]
pub struct Alert {
    /// As webhooks call it: `Triggered`, `Recovered`.
    pub transition: String,
    /// The monitor's name.
    pub name: String,
    /// From the first alert to its recovery the same.
    pub cycle: String,
    /// The group of the monitor that it is about: `host:web-1`.
    pub group: String,
    /// Those of the monitor and the group.
    pub tags: Vec<String>,
    /// 1 to 5, or 0 without one.
    pub priority: u8,
}

#[derive(Debug, Default)]
struct State {
    /// In the order in which they happened.
    events: Vec<(DateTime<Utc>, Value)>,
    limited: Option<u32>,
}

/// A running Datadog. It stops when dropped.
#[derive(Debug)]
pub struct DatadogSimulator {
    desk: Desk<State>,
}

impl DatadogSimulator {
    /// Serves an organisation to which nothing happened on a free port.
    ///
    /// # Errors
    /// No port could be opened.
    pub async fn start() -> io::Result<Self> {
        let desk = Desk::start(State::default()).await?;
        Ok(Self { desk })
    }

    /// For `api_url`.
    pub fn api_url(&self) -> String {
        self.desk.url()
    }

    /// A monitor changes. Gives the id of the event, which webhooks know as `$ID`.
    pub fn turn(&self, alert: &Alert, at: DateTime<Utc>) -> String {
        self.desk.with(|state| state.turn(alert, at))
    }

    /// Something happens that no monitor tells.
    pub fn deploy(&self, service: &str, at: DateTime<Utc>) {
        self.desk.with(|state| {
            let attributes =
                json!({ "title": format!("Deployed {service}"), "timestamp": at.timestamp_millis() });
            state.add(
                &attributes,
                &[format!("service:{service}"), "source:deploy".to_owned()],
                at,
            );
        });
    }

    /// The next request is one too many; it may be asked again after so many seconds.
    pub fn limit_next(&self, seconds: u32) {
        self.desk.with(|state| state.limited = Some(seconds));
    }

    /// Paths with their queries so far.
    pub fn calls(&self) -> Vec<String> {
        self.desk.calls()
    }
}

impl State {
    fn turn(&mut self, alert: &Alert, at: DateTime<Utc>) -> String {
        let id = format!("848129214888902{:04}", self.events.len());
        let transition = alert.transition.to_lowercase();
        let (status, kind) = match transition.as_str() {
            over if over.ends_with("recovered") => ("success", "alert recovery"),
            "warn" => ("warning", "warning"),
            "no data" => ("error", "no data"),
            _ => ("error", "alert"),
        };
        let Alert {
            transition,
            name,
            cycle,
            group,
            tags,
            priority,
        } = alert;
        let mark = if *priority > 0 {
            format!("[P{priority}] ")
        } else {
            String::new()
        };
        let monitor = json!({
            "id": 98_219_311, "name": name, "templated_name": format!("{name} on {group}"), "groups": [group],
            "alert_cycle_key_txt": cycle, "priority": priority, "type": "query alert", "query": "avg(last_5m):load > 1",
            "transition": { "transition_type": kind, "source_state": "OK", "destination_state": "Alert" },
            "result": { "alert_url": format!("/monitors/98219311?event_id={id}"), "result_ts": at.timestamp() },
        });
        let attributes = json!({
            "aggregation_key": "0f8cbfc9256885b77e398623ae1dd861", "sourcecategory": "monitor_alert", "priority": "normal",
            "evt": { "id": id, "integration_id": "monitor-alert-event", "name": name, "type": "query_alert_monitor" },
            "monitor": monitor, "monitor_groups": [group], "monitor_id": 98_219_311, "service": "undefined",
            "status": status, "timestamp": at.timestamp_millis(),
            "title": format!("{mark}[{transition} on {{{group}}}] {name}"),
        });
        let mut all = vec!["monitor".to_owned(), "source:alert".to_owned()];
        all.extend(tags.iter().cloned());
        self.add(&attributes, &all, at);
        id
    }

    fn add(&mut self, attributes: &Value, tags: &[String], at: DateTime<Utc>) {
        let event = json!({ "id": format!("AwAAAZwPibz{}", self.events.len()), "type": "event", "attributes": {
            "attributes": attributes, "tags": tags, "message": "%%%\nLook at it.\n%%%",
            "timestamp": at.to_rfc3339_opts(SecondsFormat::Millis, true),
        } });
        self.events.push((at, event));
    }

    fn list(&self, asked: &Asked) -> Response {
        let said_of = |name: &str| asked.query.get(name).map_or("", String::as_str);
        let Some(from) = said_of("filter[from]")
            .parse()
            .ok()
            .and_then(DateTime::from_timestamp_millis)
        else {
            return problem(400, "the last quarter of an hour alone is not enough");
        };
        let limit = said_of("page[limit]").parse().unwrap_or(10);
        if limit > 1_000 || said_of("sort") != "timestamp" {
            return problem(400, "Invalid query parameters");
        }
        let query = said_of("filter[query]").replace(['(', ')'], " ");
        let has = |event: &Value, word: &str| {
            let tags = event["attributes"]["tags"].as_array();
            tags.is_some_and(|tags| tags.iter().any(|tag| tag == word))
        };
        let mut found: Vec<&(DateTime<Utc>, Value)> = self.events.iter().collect();
        found.retain(|(at, event)| *at >= from && query.split_whitespace().all(|word| has(event, word)));
        found.sort_by_key(|(at, _)| *at);
        let offset = said_of("page[cursor]").parse().unwrap_or(0);
        let end = found.len().min(offset + EVENTS.min(limit));
        let shown = found.get(offset..end).unwrap_or_default();
        let shown: Vec<&Value> = shown.iter().map(|(_, event)| event).collect();
        // Of every page that is not empty a cursor is told.
        let meta = if shown.is_empty() {
            json!({})
        } else {
            json!({ "page": { "after": end.to_string() } })
        };
        said(
            200,
            json!({ "data": shown, "meta": meta, "links": { "next": "https://app.datadoghq.com/x" } }),
        )
    }
}

impl World for State {
    fn answer(&mut self, asked: &Asked) -> Response {
        let key = |name: &str| {
            asked
                .headers
                .get(name)
                .and_then(|key| key.to_str().ok())
                .unwrap_or_default()
        };
        if format!("{}:{}", key("dd-api-key"), key("dd-application-key")) != TOKEN {
            return problem(403, "Forbidden");
        }
        if let Some(seconds) = self.limited.take() {
            let mut response = problem(429, "Too many requests");
            response
                .headers_mut()
                .insert("x-ratelimit-reset", HeaderValue::from(seconds));
            return response;
        }
        match asked.segments().as_slice() {
            ["api", "v2", "events"] if asked.method == Method::GET => self.list(asked),
            _ => problem(404, "Not found"),
        }
    }
}

fn problem(status: u16, what: &str) -> Response {
    said(status, json!({ "errors": [what] }))
}
