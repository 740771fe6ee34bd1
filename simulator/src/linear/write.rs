//! Purpose: issues that are commented on and moved, and what a pretend Linear refuses.
//! Source: the schema; `Entity not found: Issue` with `INPUT_ERROR` is what users of the API report.

use axum::response::Response;
use serde_json::{Map, Value, json};

use super::history::{STATES, moved, state as state_named};
use super::{State, WORKSPACE, moment, problem};
use crate::desk::said;
use crate::graphql::{self, Arguments};

pub(super) fn state_of(state: &State, identifier: &str) -> String {
    let issue = find(state, &json!(identifier));
    let name = issue.and_then(|issue| issue["state"]["name"].as_str());
    name.unwrap_or_default().to_owned()
}

pub(super) fn comments(state: &State, identifier: &str) -> Vec<String> {
    let issue = find(state, &json!(identifier));
    let comments = issue.and_then(|issue| issue["comments"]["__list"].as_array());
    let body = |comment: &Value| comment["body"].as_str().unwrap_or_default().to_owned();
    comments.into_iter().flatten().map(body).collect()
}

/// By its id or identifier.
fn find<'s>(state: &'s State, id: &Value) -> Option<&'s Value> {
    let is_asked = |issue: &&Value| issue["id"] == *id || issue["identifier"] == *id;
    state.issues.iter().find(is_asked)
}

/// An issue with the states of its team.
pub(super) fn issue(state: &State, id: Option<&Value>) -> Result<Value, String> {
    let found = id.and_then(|id| find(state, id));
    let mut issue = found.cloned().ok_or("Entity not found: Issue")?;
    let states: Vec<Value> = STATES.iter().map(|(name, _)| state_named(name)).collect();
    issue["team"]["states"] = json!({ "__list": states });
    Ok(issue)
}

/// Comments by a filter for one id.
pub(super) fn found(state: &State, arguments: &Arguments) -> Value {
    let filter = arguments.get("filter").cloned().unwrap_or_default();
    let comments = state.issues.iter().flat_map(|issue| {
        let comments = issue["comments"]["__list"].as_array();
        comments.into_iter().flatten()
    });
    let found: Vec<&Value> = comments
        .filter(|comment| comment["id"] == filter["id"]["eq"])
        .collect();
    json!({ "__list": found })
}

/// Says that there is no such thing.
pub(super) fn not_there(message: &str) -> Response {
    let shown = message.replace("Entity not found: ", "Could not find referenced ");
    let extensions = json!({ "code": "INPUT_ERROR", "type": "invalid input", "userPresentableMessage": format!("{shown}.") });
    said(
        200,
        json!({ "data": null, "errors": [{ "message": message, "extensions": extensions }] }),
    )
}

/// Answers a mutation.
pub(super) fn answer(state: &mut State, body: &Value) -> Response {
    let text = body["query"].as_str().unwrap_or_default();
    // A mutation is read as a query is.
    let text = text.replacen("mutation", "query", 1);
    let fields = match graphql::read(&text, &body["variables"]) {
        Ok(fields) => fields,
        Err(message) => return problem(400, "GRAPHQL_VALIDATION_FAILED", &message),
    };
    let mut data = Map::new();
    for field in fields {
        let changed = match field.name.as_str() {
            "commentCreate" => comment(state, &field.arguments["input"]),
            "issueUpdate" => update(state, &field.arguments["id"], &field.arguments["input"]),
            name => Err(format!("Cannot query field \"{name}\" on type \"Mutation\".")),
        };
        match changed.and_then(|value| graphql::select(&field, &value)) {
            Ok((name, value)) => drop(data.insert(name, value)),
            Err(message) if message.starts_with("Entity not found") => return not_there(&message),
            Err(message) => return problem(400, "INPUT_ERROR", &message),
        }
    }
    said(200, json!({ "data": data }))
}

fn comment(state: &mut State, input: &Value) -> Result<Value, String> {
    let is_taken = found(
        state,
        &Arguments::from([("filter".to_owned(), json!({ "id": { "eq": input["id"] } }))]),
    );
    if is_taken["__list"]
        .as_array()
        .is_some_and(|found| !found.is_empty())
    {
        return Err("there is a comment with this id".to_owned());
    }
    let issue = state
        .issues
        .iter_mut()
        .find(|issue| issue["id"] == input["issueId"]);
    let issue = issue.ok_or("Entity not found: Issue")?;
    let id = input["id"].as_str().unwrap_or_default();
    let identifier = issue["identifier"].as_str().unwrap_or_default();
    let anchor: String = id.chars().take(8).collect();
    let comment = json!({
        "id": id, "body": input["body"], "createdAt": issue["updatedAt"], "updatedAt": issue["updatedAt"],
        "user": { "name": "Ana Ruiz" }, "botActor": null,
        "url": format!("https://linear.app/{WORKSPACE}/issue/{identifier}#comment-{anchor}"),
    });
    if let Some(comments) = issue["comments"]["__list"].as_array_mut() {
        comments.push(comment.clone());
    }
    Ok(json!({ "success": true, "comment": comment }))
}

fn update(state: &mut State, id: &Value, input: &Value) -> Result<Value, String> {
    let mut states = STATES.iter().map(|(name, _)| state_named(name));
    let wanted = states
        .find(|known| known["id"] == input["stateId"])
        .ok_or("Entity not found: WorkflowState")?;
    let issue = find(state, id).ok_or("Entity not found: Issue")?;
    let identifier = issue["identifier"].as_str().unwrap_or_default().to_owned();
    // Its clock stands still.
    let at = issue["updatedAt"].as_str().and_then(moment).unwrap_or_default();
    state.changed(&identifier, "Ana Ruiz", at, |issue| moved(issue, &wanted, at));
    Ok(json!({ "success": true }))
}
