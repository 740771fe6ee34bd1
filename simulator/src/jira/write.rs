//! Purpose: issues that are commented on and moved, and what a pretend Jira refuses. Its workflow leads from each status to each
//! other one.
//! Source: <https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/>, "Transition issue".

use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::{SITE, State, person, problem};
use crate::desk::{Asked, said};

/// The statuses, by the ids of the transitions to them, with their categories.
const STATUSES: [(&str, &str, &str); 4] = [
    ("11", "To Do", "new"),
    ("21", "In Progress", "indeterminate"),
    ("31", "In Review", "indeterminate"),
    ("41", "Done", "done"),
];

pub(super) fn status(state: &State, key: &str) -> String {
    let status = state
        .issues
        .get(key)
        .map(|issue| &issue["fields"]["status"]["name"]);
    status.and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Answers what concerns one issue.
pub(super) fn answer(
    state: &mut State,
    method: &Method,
    key: &str,
    rest: &[&str],
    asked: &Asked,
) -> Response {
    let Some(issue) = state.issues.get(key) else {
        return problem(
            404,
            "Issue does not exist or you do not have permission to see it.",
        );
    };
    match (method, rest) {
        (&Method::GET, []) => {
            let mut issue = issue.clone();
            issue["self"] = json!(format!("{SITE}/rest/api/3/issue/10040"));
            said(200, issue)
        }
        (&Method::GET, ["transitions"]) => said(
            200,
            json!({ "expand": "transitions", "transitions": ways(issue) }),
        ),
        (&Method::POST, ["transitions"]) => {
            let id = &asked.body["transition"]["id"];
            let Some(way) = ways(issue).into_iter().find(|way| way["id"] == *id) else {
                return problem(
                    400,
                    "It seems that you have tried to perform a workflow operation that is not valid for \
                    the current state of this issue.",
                );
            };
            if let Some(issue) = state.issues.get_mut(key) {
                issue["fields"]["status"] = way["to"].clone();
            }
            StatusCode::NO_CONTENT.into_response()
        }
        (&Method::POST, ["comment"]) => write(state, key, &asked.body["body"]),
        _ => problem(404, "dead link"),
    }
}

/// The ways out of the status that it is in.
fn ways(issue: &Value) -> Vec<Value> {
    let others = STATUSES
        .iter()
        .filter(|(_, name, _)| issue["fields"]["status"]["name"] != *name);
    others
        .map(|(id, name, category)| {
            let to = json!({ "name": name, "statusCategory": { "key": category } });
            json!({ "id": id, "name": format!("Move to {name}"), "to": to, "isAvailable": true })
        })
        .collect()
}

fn write(state: &mut State, key: &str, body: &Value) -> Response {
    let texts = body.to_string();
    if body["type"] != "doc" || body["version"] != 1 || texts.contains(r#""text":"""#) {
        return said(
            400,
            json!({ "errorMessages": [], "errors": { "comment": "Comment body is not valid!" } }),
        );
    }
    let updated = state.issues[key]["fields"]["updated"].clone();
    let comments = state.comments.entry(key.to_owned()).or_default();
    let id = (10_000 + comments.len()).to_string();
    // Its clock stands still.
    let comment = json!({ "id": id, "author": person("Ana Ruiz"), "body": body, "created": updated });
    comments.push(comment.clone());
    said(201, comment)
}
