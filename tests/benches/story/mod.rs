//! Purpose: the history that the benchmark of delivery metrics looks at: five years of a company, in the form of GitHub's
//! webhooks, made event by event from its number, so that none of it has to be kept.

use chrono::{DateTime, TimeDelta, Utc};
use em_domain::event::{Origin, RawEvent, Source};
use em_domain::id::EventId;
use serde_json::{Value, json};
use ulid::Ulid;

/// Events of one change.
const STEPS: u64 = 40;
/// Changes that begin between two events of one.
const OVERLAP: u64 = 11;
const REPOSITORIES: u64 = 50;
const PEOPLE: u64 = 500;
/// Every so many changes one is deployed, with all that was merged before it.
const DEPLOYED: u64 = 4;
/// Every so many deployments one has an incident.
const BREAKS: u64 = 10;

/// When it begins: 2021-01-01.
pub(crate) const BEGIN: DateTime<Utc> = DateTime::from_timestamp(1_609_459_200, 0).unwrap();
/// When it ends: 2026-01-01.
pub(crate) const END: DateTime<Utc> = DateTime::from_timestamp(1_767_225_600, 0).unwrap();

/// A history of so many events.
#[derive(Clone, Copy)]
pub(crate) struct Story {
    pub(crate) events: u64,
}

impl Story {
    /// The event of this number.
    pub(crate) fn event(self, number: u64) -> RawEvent {
        let at = self.at(number);
        let (event_type, body) = self.told(number, at);
        RawEvent {
            id: EventId::new(Ulid::new()),
            source: Source::github(),
            delivery_key: number.to_string(),
            event_type: event_type.to_owned(),
            origin: Origin::Import,
            occurred_at: Some(at),
            received_at: at,
            payload: serde_json::to_vec(&body).unwrap(),
        }
    }

    fn at(self, number: u64) -> DateTime<Utc> {
        let span = u64::try_from((END - BEGIN).num_seconds()).unwrap();
        BEGIN
            + TimeDelta::seconds(
                i64::try_from(u128::from(span) * u128::from(number) / u128::from(self.events)).unwrap(),
            )
    }

    /// Each change has one event in each of forty rounds, so that changes overlap.
    fn told(self, number: u64, at: DateTime<Utc>) -> (&'static str, Value) {
        let (round, step) = (number / STEPS, number % STEPS);
        let Some(pull) = round.checked_sub(step * OVERLAP) else {
            return (
                "watch",
                json!({ "action": "started", "repository": repository(number) }),
            );
        };
        let opened = self.at(pull * STEPS);
        match step {
            0 => ("pull_request", pull_request(pull, "opened", opened, at)),
            1 => ("pull_request", pull_request(pull, "review_requested", opened, at)),
            2 => ("workflow_run", workflow_run(pull, None, at)),
            3 => ("workflow_run", workflow_run(pull, Some("success"), at)),
            4 | 20 => ("issue_comment", comment(pull, step, at)),
            12 => ("pull_request_review", review(pull, "commented", opened, at)),
            28 => ("pull_request", pull_request(pull, "synchronize", opened, at)),
            34 => ("pull_request_review", review(pull, "approved", opened, at)),
            36 => ("pull_request", pull_request(pull, "closed", opened, at)),
            38 if pull.is_multiple_of(DEPLOYED) => ("deployment_status", deployment(pull, at)),
            39 if pull.is_multiple_of(DEPLOYED * BREAKS) => ("issues", incident(pull, at)),
            // Most of what GitHub sends are the jobs of its own CI.
            _ if step.is_multiple_of(2) => ("workflow_job", job(pull, step, at)),
            _ => ("check_run", check(pull, step, at)),
        }
    }
}

fn repository(pull: u64) -> Value {
    // Neighbours are deployed together, so that a deployment holds four changes.
    let name = format!("acme/service-{}", pull / DEPLOYED % REPOSITORIES);
    json!({
        "full_name": name, "private": true, "default_branch": "main", "html_url": format!("https://github.com/{name}"),
    })
}

fn person(number: u64) -> Value {
    json!({ "login": format!("dev-{}", number % PEOPLE), "type": "User" })
}

fn sha(pull: u64) -> String {
    format!("{pull:040x}")
}

fn pull_object(pull: u64, is_merged: bool, opened: DateTime<Utc>, now: DateTime<Utc>) -> Value {
    json!({
        "number": pull + 1, "state": if is_merged { "closed" } else { "open" },
        "title": format!("Make the thing number {pull} do what people expect of it"),
        "html_url": format!("https://github.com/acme/pull/{}", pull + 1),
        "body": "What changes and why: the list is read once instead of once per row.",
        "user": person(pull), "draft": false, "merged": is_merged, "created_at": opened, "updated_at": now,
        "closed_at": is_merged.then_some(now), "merged_at": is_merged.then_some(now),
        "merge_commit_sha": is_merged.then(|| sha(pull)),
        "requested_reviewers": [person(pull + 7)], "requested_teams": [], "labels": [{ "name": "backend" }],
        "base": { "ref": "main", "sha": sha(pull + 5) },
        "head": { "ref": format!("change-{pull}"), "sha": sha(pull + 1_000_000_000) },
        "additions": 30 + pull % 200, "deletions": pull % 50, "changed_files": 1 + pull % 9,
    })
}

fn pull_request(pull: u64, action: &str, opened: DateTime<Utc>, now: DateTime<Utc>) -> Value {
    json!({
        "action": action, "number": pull + 1, "pull_request": pull_object(pull, action == "closed", opened, now),
        "requested_reviewer": person(pull + 7), "repository": repository(pull), "sender": person(pull),
    })
}

fn review(pull: u64, state: &str, opened: DateTime<Utc>, now: DateTime<Utc>) -> Value {
    json!({
        "action": "submitted",
        "review": {
            "id": pull * 2 + u64::from(state == "approved"), "user": person(pull + 7), "state": state, "submitted_at": now,
            "html_url": "https://github.com/acme/pull/review",
        },
        "pull_request": pull_object(pull, false, opened, now), "repository": repository(pull), "sender": person(pull + 7),
    })
}

fn comment(pull: u64, step: u64, now: DateTime<Utc>) -> Value {
    json!({
        "action": "created",
        "issue": { "number": pull + 1, "pull_request": { "url": "https://api.github.com" }, "title": "Make the thing do" },
        "comment": { "id": pull * STEPS + step, "user": person(pull + 3), "created_at": now, "body": "And the empty list?" },
        "repository": repository(pull), "sender": person(pull + 3),
    })
}

fn workflow_run(pull: u64, conclusion: Option<&str>, now: DateTime<Utc>) -> Value {
    json!({
        "action": if conclusion.is_some() { "completed" } else { "in_progress" },
        "workflow_run": {
            "id": pull, "name": "CI", "head_branch": format!("change-{pull}"), "head_sha": sha(pull + 1_000_000_000),
            "event": "pull_request", "conclusion": conclusion, "run_attempt": 1, "created_at": now,
            "run_started_at": now, "updated_at": now, "html_url": "https://github.com/acme/actions/runs",
        },
        "repository": repository(pull), "sender": person(pull),
    })
}

fn check(pull: u64, step: u64, now: DateTime<Utc>) -> Value {
    json!({
        "action": "completed",
        "check_run": {
            "id": pull * STEPS + step, "name": format!("test ({step})"), "head_sha": sha(pull + 1_000_000_000),
            "conclusion": "success", "started_at": now, "completed_at": now, "html_url": "https://github.com/acme/runs",
            "app": { "slug": "github-actions" }, "pull_requests": [],
        },
        "repository": repository(pull), "sender": person(pull),
    })
}

fn job(pull: u64, step: u64, now: DateTime<Utc>) -> Value {
    json!({
        "action": "completed",
        "workflow_job": {
            "id": pull * STEPS + step, "run_id": pull, "name": format!("test ({step})"), "head_sha": sha(pull + 1_000_000_000),
            "status": "completed", "conclusion": "success", "started_at": now, "completed_at": now,
        },
        "repository": repository(pull), "sender": person(pull),
    })
}

fn deployment(pull: u64, now: DateTime<Utc>) -> Value {
    json!({
        "action": "created",
        "deployment_status": { "id": pull, "state": "success", "created_at": now, "environment": "production" },
        "deployment": {
            "id": pull, "sha": sha(pull), "ref": "main", "environment": "production", "creator": person(pull),
            "created_at": now, "updated_at": now,
        },
        "repository": repository(pull), "sender": person(pull),
    })
}

fn incident(pull: u64, now: DateTime<Utc>) -> Value {
    json!({
        "action": "closed",
        "issue": {
            "number": 1_000_000_000 + pull, "state": "closed", "title": "Customers cannot pay",
            "html_url": "https://github.com/acme/issues", "user": person(pull), "created_at": now - TimeDelta::hours(1),
            "updated_at": now, "closed_at": now, "labels": [{ "name": "incident" }], "assignees": [],
        },
        "repository": repository(pull), "sender": person(pull),
    })
}
