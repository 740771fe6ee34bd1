//! Purpose: what was read of GitLab, as events for the normaliser: in the shape of the webhooks, with the fields that only the API
//! has under names that no webhook uses.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::answers::{Deployment, Issue, MergeRequest, Note, Pipeline, Project, Release, Reviews};
use crate::gitlab::normalise::polled::{ISSUE, MERGE_REQUEST};
use crate::poll::feed::Draft;

/// How open a project is, in the webhooks' numbers.
fn visibility_level(visibility: &str) -> Option<i64> {
    match visibility {
        "private" => Some(0),
        "internal" => Some(10),
        "public" => Some(20),
        _ => None,
    }
}

fn project(project: &Project) -> Value {
    json!({
        "path_with_namespace": project.path_with_namespace,
        "default_branch": project.default_branch,
        "web_url": project.web_url,
        "visibility_level": project.visibility.as_deref().and_then(visibility_level),
    })
}

/// The key is one of all that was read: nothing that GitLab says of an item names its state.
fn draft(event_type: &str, occurred_at: DateTime<Utc>, payload: Value) -> Draft {
    let state = hex::encode(Sha256::digest(payload.to_string()));
    Draft {
        event_type: event_type.to_owned(),
        delivery_key: format!("poll:{event_type}:{state}"),
        occurred_at: Some(occurred_at),
        payload,
    }
}

pub(super) fn merge_request(of: &Project, one: MergeRequest, reviews: Reviews) -> Draft {
    let reviewers = match reviews.reviewers {
        Some(all) => all
            .into_iter()
            .filter_map(|one| {
                let user = one.user?;
                Some(json!({
                    "id": user.id, "username": user.username, "state": one.state, "created_at": one.created_at,
                }))
            })
            .collect(),
        None => json!(one.reviewers),
    };
    let notes = reviews
        .notes
        .into_iter()
        .filter(|note| note.internal != Some(true));
    let notes: Vec<Note> = notes.map(without_words).collect();
    let labels: Vec<Value> = one.labels.iter().map(|title| json!({ "title": title })).collect();
    let payload = json!({
        "project": project(of),
        "object_attributes": {
            "iid": one.iid,
            "author_id": one.author.as_ref().and_then(|author| author.id),
            "title": one.title,
            "description": one.description,
            "state": one.state,
            "source_branch": one.source_branch,
            "target_branch": one.target_branch,
            "last_commit": one.sha.map(|sha| json!({ "id": sha })),
            "merge_commit_sha": one.merge_commit_sha,
            "created_at": one.created_at,
            "updated_at": one.updated_at,
            "draft": one.draft,
            "work_in_progress": one.work_in_progress,
            "merge_status": one.merge_status,
            "detailed_merge_status": one.detailed_merge_status,
            "url": one.web_url,
        },
        "labels": labels,
        "assignees": one.assignees,
        "reviewers": reviewers,
        "author": one.author,
        "closed_at": one.closed_at,
        "merged_at": one.merged_at,
        "approvals": reviews.approved_by,
        "notes": notes,
    });
    draft(MERGE_REQUEST, one.updated_at, payload)
}

/// What people wrote is not kept: that they did is enough.
fn without_words(note: Note) -> Note {
    Note {
        body: note.body.filter(|_| note.system == Some(true)),
        ..note
    }
}

pub(super) fn pipeline(of: &Project, one: &Pipeline) -> Draft {
    let at = one.finished_at.or(one.started_at).unwrap_or(one.created_at);
    let payload = json!({ "object_kind": "pipeline", "object_attributes": one, "project": project(of) });
    draft("pipeline", at, payload)
}

/// Nearly always, what last changed of a deployment is its status.
pub(super) fn deployment(of: &Project, one: Deployment) -> Draft {
    let payload = json!({
        "object_kind": "deployment",
        "deployment_id": one.id,
        "status": one.status,
        "status_changed_at": one.updated_at,
        "created_at": one.created_at,
        "environment": one.environment.name,
        "ref": one.reference,
        "sha": one.sha,
        "deployable_url": one.deployable.and_then(|job| job.web_url),
        "user": one.user,
        "project": project(of),
    });
    draft("deployment", one.updated_at, payload)
}

pub(super) fn issue(of: &Project, one: &Issue) -> Draft {
    let payload = json!({
        "project": project(of),
        "object_attributes": {
            "iid": one.iid,
            "title": one.title,
            "state": one.state,
            "type": one.kind,
            "severity": one.severity,
            "created_at": one.created_at,
            "updated_at": one.updated_at,
            "closed_at": one.closed_at,
            "url": one.web_url,
        },
        "assignees": one.assignees,
        "author": one.author,
        "closed_by": one.closed_by,
    });
    draft(ISSUE, one.updated_at, payload)
}

pub(super) fn release(of: &Project, one: Release) -> Option<Draft> {
    let tag = one.tag_name?;
    let payload = json!({
        "object_kind": "release",
        "tag": tag,
        "name": one.name,
        "created_at": one.created_at,
        "released_at": one.released_at,
        "url": one.links.and_then(|links| links.own),
        "author": one.author,
        "project": project(of),
    });
    Some(draft(
        "release",
        one.released_at.unwrap_or(one.created_at),
        payload,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_wrote_is_not_kept_and_notes_for_members_alone_not_at_all() {
        let project = serde_json::from_value(json!({ "path_with_namespace": "acme/shop" })).unwrap();
        let one = serde_json::from_value(json!({
            "iid": 1, "title": "Retry", "state": "opened", "source_branch": "retry", "target_branch": "main",
            "created_at": "2026-06-01T08:00:00.000Z", "updated_at": "2026-06-01T10:00:00.000+02:00",
        }));
        let note = |id: i64, system: bool, internal: bool, body: &str| json!({ "id": id, "created_at": "2026-06-01T08:00:00Z", "system": system, "internal": internal, "body": body });
        let notes = serde_json::from_value(json!([
            note(1, true, false, "approved this merge request"),
            note(2, false, false, "my words"),
            note(3, false, true, "ours"),
        ]));
        let reviews = Reviews {
            notes: notes.unwrap(),
            ..Reviews::default()
        };
        let draft = merge_request(&project, one.unwrap(), reviews);
        let kept: Vec<(&Value, &Value)> = draft.payload["notes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|note| (&note["id"], &note["body"]))
            .collect();
        let expected = [
            (&json!(1), &json!("approved this merge request")),
            (&json!(2), &Value::Null),
        ];
        assert_eq!(kept, expected);
        assert!(draft.delivery_key.len() <= 100, "{}", draft.delivery_key);
    }
}
