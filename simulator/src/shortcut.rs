//! Purpose: a pretend Shortcut on 127.0.0.1 with teams and stories that tests write and change. Tokens are checked; the search
//! gives all that changed between two instants at once, in no order; each story has its history.
//! Source: <https://github.com/useshortcut/shortcut-client-js/blob/main/schema/shortcut.swagger.json>.

use std::collections::BTreeMap;
use std::io;

use axum::http::Method;
use axum::response::Response;
use chrono::{DateTime, SecondsFormat, SubsecRound, Utc};
use serde_json::{Value, json};

use crate::desk::{Asked, Desk, World, said};

/// The token that is accepted.
pub const TOKEN: &str = "5f0c3a7e-pretend-4f2b-9d1e-0123456789ab";
/// Names, ids and types.
const STATES: [(&str, i64, &str); 4] = [
    ("Ready", 500_000_008, "unstarted"),
    ("In Development", 500_000_009, "started"),
    ("Ready for Review", 500_000_010, "started"),
    ("Completed", 500_000_011, "done"),
];

#[derive(Debug, Default)]
struct State {
    /// By mention name.
    teams: BTreeMap<String, String>,
    stories: BTreeMap<i64, Story>,
    changes: u32,
}

#[derive(Debug)]
struct Story {
    shown: Value,
    /// Oldest first.
    history: Vec<Value>,
}

/// A running Shortcut. It stops when dropped.
#[derive(Debug)]
pub struct ShortcutSimulator {
    desk: Desk<State>,
}

impl ShortcutSimulator {
    /// Serves a workspace without stories on a free port.
    ///
    /// # Errors
    /// No port could be opened.
    pub async fn start() -> io::Result<Self> {
        let desk = Desk::start(State::default()).await?;
        Ok(Self { desk })
    }

    /// Where its API is.
    pub fn api_url(&self) -> String {
        self.desk.url()
    }

    /// Adds a team.
    pub fn add_team(&self, mention_name: &str) {
        self.desk.with(|state| {
            let id = format!("6319d3ab-72d8-4d24-8e44-{:012x}", state.teams.len());
            state.teams.insert(mention_name.to_owned(), id);
        });
    }

    /// Creates a story that nobody owns and that nobody began. Gives its number, and what the webhook tells.
    pub fn open(&self, team: Option<&str>, name: &str, by: &str, at: DateTime<Utc>) -> (i64, Value) {
        self.desk.with(|state| {
            let id = 11 + i64::try_from(state.stories.len()).unwrap_or_default();
            let shown = json!({
                "id": id, "entity_type": "story", "name": name, "story_type": "feature",
                "app_url": format!("https://app.shortcut.com/acme/story/{id}"), "workflow_state_id": STATES[0].1,
                "owner_ids": [], "requested_by_id": by, "group_id": team.and_then(|team| state.teams.get(team)),
                "created_at": seconds(at), "updated_at": seconds(at), "started": false, "completed": false,
            });
            let mut action = shown.clone();
            action["action"] = json!("create");
            let story = Story {
                shown,
                history: Vec::new(),
            };
            state.stories.insert(id, story);
            (id, state.change(id, by, at, &action))
        })
    }

    /// Gives a story to somebody. Gives what the webhook tells.
    pub fn assign(&self, story: i64, by: &str, to: &str, at: DateTime<Utc>) -> Value {
        self.update(story, by, at, |shown| {
            if let Some(owners) = shown["owner_ids"].as_array_mut() {
                owners.push(json!(to));
            }
            json!({ "owner_ids": { "adds": [to] } })
        })
    }

    /// Moves a story to a state: *Ready*, *In Development*, *Ready for Review* or *Completed*. Gives what the webhook tells.
    pub fn transition(&self, story: i64, by: &str, to: &str, at: DateTime<Utc>) -> Value {
        let new = STATES.iter().find(|(name, ..)| *name == to);
        let (_, new, kind) = *new.unwrap_or(&STATES[0]);
        self.update(story, by, at, |shown| {
            let old = std::mem::replace(&mut shown["workflow_state_id"], json!(new));
            let mut changes = json!({ "workflow_state_id": { "new": new, "old": old } });
            for (flag, is_so) in [("started", kind != "unstarted"), ("completed", kind == "done")] {
                let was = std::mem::replace(&mut shown[flag], json!(is_so));
                if was != is_so {
                    changes[flag] = json!({ "new": is_so, "old": was });
                }
            }
            changes
        })
    }

    /// Changes the name of a story. Gives what the webhook tells.
    pub fn rename(&self, story: i64, by: &str, name: &str, at: DateTime<Utc>) -> Value {
        self.update(story, by, at, |shown| {
            let old = std::mem::replace(&mut shown["name"], json!(name));
            json!({ "name": { "new": name, "old": old } })
        })
    }

    /// Deletes the history of a story, as if it were deleted between two requests.
    pub fn forget(&self, story: i64) {
        self.desk.with(|state| {
            if let Some(story) = state.stories.get_mut(&story) {
                story.shown["forgotten"] = json!(true);
            }
        });
    }

    /// The next request is answered with this status, and with `Retry-After` if seconds are given.
    pub fn fail_next(&self, status: u16, retry_after: Option<u32>) {
        self.desk.fail_next(status, retry_after);
    }

    /// Paths with their queries so far.
    pub fn calls(&self) -> Vec<String> {
        self.desk.calls()
    }

    fn update(
        &self,
        story: i64,
        by: &str,
        at: DateTime<Utc>,
        act: impl FnOnce(&mut Value) -> Value,
    ) -> Value {
        self.desk.with(|state| {
            let Some(known) = state.stories.get_mut(&story) else {
                return Value::Null;
            };
            let changes = act(&mut known.shown);
            known.shown["updated_at"] = json!(seconds(at));
            let action = json!({
                "id": story, "entity_type": "story", "action": "update", "name": known.shown["name"],
                "story_type": "feature", "app_url": known.shown["app_url"], "changes": changes,
            });
            state.change(story, by, at, &action)
        })
    }
}

impl State {
    /// Writes a change down. Gives it as the webhook and the history tell it.
    fn change(&mut self, story: i64, by: &str, at: DateTime<Utc>, action: &Value) -> Value {
        self.changes += 1;
        let states: Vec<Value> = STATES
            .iter()
            .map(|(name, id, kind)| json!({ "id": id, "entity_type": "workflow-state", "name": name, "type": kind }))
            .collect();
        let change = json!({
            "id": format!("5b1fdcea-4b6a-4128-9f78-{:012x}", self.changes),
            "changed_at": at.to_rfc3339_opts(SecondsFormat::Millis, true), "primary_id": story, "member_id": by,
            "version": "v1", "actions": [action], "references": states,
        });
        if let Some(story) = self.stories.get_mut(&story) {
            story.history.push(change.clone());
        }
        change
    }
}

impl World for State {
    fn answer(&mut self, asked: &Asked) -> Response {
        let token = asked
            .headers
            .get("shortcut-token")
            .and_then(|token| token.to_str().ok());
        if token != Some(TOKEN) {
            return problem(
                401,
                "Sorry, the organization context for this request is missing.",
            );
        }
        match (&asked.method, asked.segments().as_slice()) {
            (&Method::GET, ["api", "v3", "groups"]) => {
                let teams = self.teams.iter();
                let teams =
                    teams.map(|(name, id)| json!({ "id": id, "mention_name": name, "entity_type": "group" }));
                said(200, teams.collect())
            }
            (&Method::POST, ["api", "v3", "stories", "search"]) => search(self, &asked.body),
            (&Method::GET, ["api", "v3", "stories", id, "history"]) => {
                let story = id.parse().ok().and_then(|id: i64| self.stories.get(&id));
                match story.filter(|story| story.shown["forgotten"].is_null()) {
                    Some(story) => said(200, json!(story.history)),
                    None => problem(404, "Resource not found."),
                }
            }
            _ => problem(404, "Page not Found"),
        }
    }
}

fn problem(status: u16, message: &str) -> Response {
    said(status, json!({ "message": message }))
}

fn search(state: &State, body: &Value) -> Response {
    let time = |value: &Value| value.as_str().and_then(moment);
    let (start, end) = (time(&body["updated_at_start"]), time(&body["updated_at_end"]));
    let (Some(start), Some(end)) = (start, end) else {
        return problem(400, "The request included invalid or missing parameters.");
    };
    let is_wanted = |story: &&Value| {
        let updated = time(&story["updated_at"]);
        let is_of_team = body["group_id"].is_null() || story["group_id"] == body["group_id"];
        is_of_team && updated.is_some_and(|updated| (start..=end).contains(&updated))
    };
    let stories = state.stories.values().map(|story| &story.shown);
    let mut found: Vec<&Value> = stories.filter(is_wanted).collect();
    found.sort_by_key(|story| story["name"].to_string());
    said(201, json!(found))
}

fn moment(text: &str) -> Option<DateTime<Utc>> {
    text.parse().ok()
}

/// Stories tell whole seconds, and their histories milliseconds.
fn seconds(at: DateTime<Utc>) -> String {
    at.trunc_subsecs(0).to_rfc3339_opts(SecondsFormat::Secs, true)
}
