//! Purpose: issues that are commented on and moved, and what a pretend Jira refuses. Its workflow leads from each status to each
//! other one.
//! Source: <https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/>, "Transition issue".

use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::DateTime;
use serde_json::{Value, json};

use super::history::{STATUSES, moved, status as status_named};
use super::{State, person, problem};
use crate::desk::{Asked, said};

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
        (&Method::GET, []) => said(200, issue.clone()),
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
            // Its clock stands still.
            let at = DateTime::from_timestamp_millis(super::moment(&issue["fields"]["updated"]));
            let at = at.unwrap_or_default();
            state.changed(key, "Ana Ruiz", at, |fields| moved(fields, &way["to"], at));
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
        .filter(|(name, ..)| issue["fields"]["status"]["name"] != *name);
    others
        .map(|(name, id, _)| {
            let name_of_way = format!("Move to {name}");
            json!({ "id": format!("{id}1"), "name": name_of_way, "to": status_named(name), "isAvailable": true })
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
