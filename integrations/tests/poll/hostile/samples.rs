//! Purpose: an answer of each vendor with one item in it, dated as a test wants it, with a next page or without one.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};
use wiremock::{Request, ResponseTemplate};

/// Vendors whose answers do not say that a list goes on: it comes whole, or is asked for by time.
pub(super) const WITHOUT_PAGES: [&str; 2] = ["argocd", "shortcut"];

/// What `request` asks for, with one item that changed at `at`, and where the list goes on if there is a `next`. None for
/// vendors that are not known here: every one that is polled needs an arm.
pub(super) fn page(
    vendor: &str,
    request: &Request,
    at: DateTime<Utc>,
    next: Option<&str>,
) -> Option<ResponseTemplate> {
    let path = request.url.path();
    let body = match vendor {
        "argocd" => argocd(path, at),
        "circleci" => circleci(path, at, next),
        "datadog" => datadog(at, next),
        "gitlab" => gitlab(path, at),
        "jira" => jira(path, at, next),
        "linear" => linear(at, next),
        "pagerduty" => pagerduty(at, next),
        "sentry" => sentry(path, at),
        "shortcut" => shortcut(path, at),
        _ => return None,
    };
    let response = ResponseTemplate::new(200).set_body_json(body);
    Some(match next {
        Some(next) => response
            .insert_header("link", link(next))
            .insert_header("x-next-page", next),
        None => response,
    })
}

fn argocd(path: &str, at: DateTime<Utc>) -> Value {
    if path.ends_with("/settings") {
        return json!({});
    }
    let operation = json!({ "phase": "Succeeded", "startedAt": stamp(at), "finishedAt": stamp(at) });
    json!({ "items": [{
        "metadata": { "name": "shop", "uid": "u" }, "spec": { "project": "default" },
        "status": { "health": { "status": "Healthy", "lastTransitionTime": stamp(at) }, "operationState": operation },
    }] })
}

fn circleci(path: &str, at: DateTime<Utc>, next: Option<&str>) -> Value {
    if path.ends_with("/workflow") {
        let workflow = json!({
            "id": "w", "name": "build", "status": "success", "created_at": stamp(at), "stopped_at": stamp(at),
        });
        return json!({ "items": [workflow], "next_page_token": null });
    }
    let pipeline = json!({ "id": "p", "number": 1, "project_slug": "gh/acme/shop", "created_at": stamp(at) });
    json!({ "items": [pipeline], "next_page_token": next })
}

fn datadog(at: DateTime<Utc>, next: Option<&str>) -> Value {
    let event = json!({ "id": "A", "type": "event", "attributes": { "attributes": {
        "title": "[Triggered] CPU", "timestamp": at.timestamp_millis(), "evt": { "id": "1", "type": "query_alert_monitor" },
        "monitor": { "id": 1, "alert_cycle_key_txt": "7" },
    } } });
    json!({ "data": [event], "meta": { "page": { "after": next } } })
}

fn gitlab(path: &str, at: DateTime<Utc>) -> Value {
    let stamp = stamp(at);
    match path.rsplit('/').next().unwrap_or_default() {
        "merge_requests" => json!([{
            "iid": 1, "title": "Faster", "state": "opened", "created_at": stamp, "updated_at": stamp,
            "source_branch": "a", "target_branch": "main", "labels": [],
        }]),
        "reviewers" | "notes" => json!([]),
        "approvals" => json!({}),
        "pipelines" => json!([{ "id": 1, "updated_at": stamp }]),
        "deployments" => json!([{
            "id": 1, "status": "success", "created_at": stamp, "updated_at": stamp, "environment": { "name": "production" },
            "ref": "main", "sha": "a",
        }]),
        "issues" => json!([{
            "iid": 1, "title": "Down", "state": "opened", "created_at": stamp, "updated_at": stamp,
        }]),
        "releases" => json!([{ "tag_name": "v1", "created_at": stamp, "released_at": stamp }]),
        _ if path.contains("/pipelines/") => json!({
            "id": 1, "sha": "a", "ref": "main", "status": "success", "created_at": stamp, "updated_at": stamp,
        }),
        _ => {
            json!({ "id": 1, "path_with_namespace": "acme/shop", "web_url": "https://gitlab.com/acme/shop" })
        }
    }
}

fn jira(path: &str, at: DateTime<Utc>, next: Option<&str>) -> Value {
    if !path.ends_with("/search/jql") {
        return json!([]);
    }
    let fields = json!({
        "summary": "Faster", "created": stamp(at), "updated": stamp(at), "creator": { "accountId": "a", "displayName": "Ada" },
        "status": { "id": "3", "name": "To do", "statusCategory": { "key": "new" } },
    });
    let issue = json!({ "id": "1", "key": "PAY-1", "self": "https://acme.atlassian.net/rest/api/3/issue/1", "fields": fields });
    json!({ "issues": [issue], "nextPageToken": next, "isLast": next.is_none() })
}

fn linear(at: DateTime<Utc>, next: Option<&str>) -> Value {
    let none = json!({ "nodes": [], "pageInfo": { "hasNextPage": false, "endCursor": null } });
    let issue = json!({
        "id": "i", "identifier": "PAY-1", "title": "Faster", "url": "https://linear.app/acme/issue/PAY-1",
        "createdAt": stamp(at), "updatedAt": stamp(at), "state": { "type": "unstarted" }, "history": none,
        "creator": { "name": "Ada", "app": false },
    });
    json!({ "data": {
        "teams": { "nodes": [{ "id": "t" }] }, "issue": { "history": none },
        "issues": { "nodes": [issue], "pageInfo": { "hasNextPage": next.is_some(), "endCursor": next } },
    } })
}

fn pagerduty(at: DateTime<Utc>, next: Option<&str>) -> Value {
    let incident = json!({ "id": "P1", "status": "triggered", "title": "Down", "created_at": stamp(at) });
    let entry =
        json!({ "id": "E1", "type": "assign_log_entry", "created_at": stamp(at), "incident": incident });
    json!({ "log_entries": [entry], "more": next.is_some(), "service": {} })
}

fn sentry(path: &str, at: DateTime<Utc>) -> Value {
    if !path.ends_with("/issues/") {
        let activity = json!({ "id": "9", "type": "set_regression", "dateCreated": stamp(at) });
        return json!({ "id": "1", "activity": [activity] });
    }
    json!([{
        "id": "1", "status": "unresolved", "substatus": "ongoing", "title": "KeyError", "firstSeen": stamp(at),
        "lastSeen": stamp(at),
    }])
}

fn shortcut(path: &str, at: DateTime<Utc>) -> Value {
    if path.ends_with("/history") {
        let action = json!({ "id": 1, "entity_type": "story", "action": "create", "name": "Faster", "story_type": "feature" });
        return json!([{ "id": "c", "changed_at": stamp(at), "version": "v1", "actions": [action] }]);
    }
    json!([{ "id": 1, "created_at": stamp(at), "updated_at": stamp(at) }])
}

fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Lists without an item that go on at `next`, in every way in which vendors say so.
pub(super) fn empty(next: &str) -> Vec<ResponseTemplate> {
    let page = json!({ "hasNextPage": true, "endCursor": next, "after": next });
    let more = |data: Value| {
        json!({
            "data": data, "items": [], "issues": [], "values": [], "log_entries": [], "next": next, "next_page_token": next,
            "nextPageToken": next, "after": next, "cursor": next, "more": true, "isLast": false, "total": 1_000_000,
            "pageInfo": page, "meta": { "page": page, "next": next }, "links": { "next": next },
            "metadata": { "continue": next },
        })
    };
    let list = json!({ "nodes": [], "pageInfo": page });
    let data = json!({ "teams": { "nodes": [{ "id": "t" }] }, "issues": list, "issue": { "history": list } });
    let bodies = [json!([]), more(json!([])), more(data)];
    let response = |body| ResponseTemplate::new(200).set_body_json(body);
    let responses = bodies.into_iter().map(response);
    responses
        .map(|response| {
            response
                .insert_header("link", link(next))
                .insert_header("x-next-page", next)
        })
        .collect()
}

fn link(next: &str) -> String {
    let address = if next.contains("://") {
        next.to_owned()
    } else {
        format!("https://elsewhere.example/?page={next}&cursor={next}")
    };
    format!(r#"<{address}>; rel="next"; results="true"; cursor="{next}""#)
}
