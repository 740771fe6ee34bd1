//! Purpose: what the pretend GitLab holds, in the shapes that its API answers with.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::SITE;

#[derive(Debug, Default)]
pub(super) struct State {
    /// By path.
    pub(super) projects: BTreeMap<String, Project>,
}

#[derive(Debug)]
pub(super) struct Project {
    path: String,
    pub(super) shown: Value,
    /// By the last part of their address.
    pub(super) lists: BTreeMap<&'static str, Vec<Value>>,
    /// By the number of the merge request, then by the last part of their address.
    parts: BTreeMap<i64, BTreeMap<&'static str, Value>>,
    last_id: i64,
}

/// GitLab's times have milliseconds.
pub(super) fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// An account; its number is made of its name.
pub(super) fn user(name: &str) -> Value {
    let id: u32 = name.bytes().map(u32::from).sum();
    json!({
        "id": id, "username": name, "name": name, "state": "active", "web_url": format!("{SITE}/{name}"),
    })
}

/// Lists of pipelines say less than a pipeline itself does.
pub(super) fn as_listed(list: &str, one: &Value) -> Value {
    let mut shown = one.clone();
    if let Some(fields) = shown.as_object_mut().filter(|_| list == "pipelines") {
        fields.retain(|name, _| !matches!(name.as_str(), "tag" | "started_at" | "finished_at"));
    }
    shown
}

impl Project {
    pub(super) fn new(path: &str, visibility: &str) -> Self {
        let lists = ["merge_requests", "pipelines", "deployments", "issues", "releases"];
        Self {
            path: path.to_owned(),
            shown: json!({
                "id": 41, "path_with_namespace": path, "default_branch": "main", "visibility": visibility,
                "web_url": format!("{SITE}/{path}"), "issues_access_level": "enabled", "builds_access_level": "enabled",
            }),
            lists: lists.into_iter().map(|list| (list, Vec::new())).collect(),
            parts: BTreeMap::new(),
            last_id: 100,
        }
    }

    fn id(&mut self) -> i64 {
        self.last_id += 1;
        self.last_id
    }

    fn add(&mut self, list: &'static str, one: Value) {
        self.lists.entry(list).or_default().push(one);
    }

    fn number(&self, list: &str) -> i64 {
        i64::try_from(self.lists[list].len() + 1).unwrap_or(i64::MAX)
    }

    /// An item that tests made before.
    pub(super) fn item(&mut self, list: &'static str, by: &str, number: i64) -> &mut Value {
        let items = self.lists.entry(list).or_default();
        let place = items.iter().position(|one| one[by] == number);
        let place = place.unwrap_or_else(|| panic!("{list} has no {number}"));
        &mut items[place]
    }

    pub(super) fn merge_request(&mut self, number: i64) -> &mut Value {
        self.item("merge_requests", "iid", number)
    }

    /// What belongs to a merge request, if there is one.
    pub(super) fn part(&self, number: &str, part: &str) -> Option<Value> {
        let parts = self.parts.get(&number.parse().ok()?)?;
        let mut part = parts.get(part)?.clone();
        if let Some(notes) = part.as_array_mut() {
            // The newest first.
            notes.sort_by_key(|note| std::cmp::Reverse(note["created_at"].to_string()));
        }
        Some(part)
    }

    fn list_of(&mut self, number: i64, part: &'static str) -> &mut Vec<Value> {
        let parts = self.parts.entry(number).or_default();
        let part = parts.entry(part).or_insert_with(|| json!([]));
        if part.is_object() {
            part["approved_by"].as_array_mut()
        } else {
            part.as_array_mut()
        }
        .unwrap_or_else(|| panic!("no list of {number}"))
    }

    pub(super) fn open(&mut self, title: &str, author: &str, at: DateTime<Utc>) -> i64 {
        let (id, iid) = (self.id(), self.number("merge_requests"));
        let one = json!({
            "id": id, "iid": iid, "project_id": 41, "title": title, "description": "Closes #4.", "state": "opened",
            "created_at": stamp(at), "updated_at": stamp(at), "merged_at": null, "closed_at": null, "merged_by": null,
            "source_branch": "retry", "target_branch": "main", "author": user(author), "assignees": [], "reviewers": [],
            "labels": ["payments"], "draft": false, "work_in_progress": false, "merge_status": "can_be_merged",
            "detailed_merge_status": "mergeable", "sha": "5b1f0c9e7d3a4b2c8e6f1a0d9c7b5e3f2a1d4c6b",
            "merge_commit_sha": null, "web_url": format!("{SITE}/{}/-/merge_requests/{iid}", self.path),
        });
        self.add("merge_requests", one);
        let parts = self.parts.entry(iid).or_default();
        parts.insert("notes", json!([]));
        parts.insert("reviewers", json!([]));
        parts.insert("approvals", json!({ "approved": false, "approved_by": [] }));
        iid
    }

    pub(super) fn ask(&mut self, number: i64, reviewer: &str, at: DateTime<Utc>) {
        let asked = json!({ "user": user(reviewer), "state": "unreviewed", "created_at": stamp(at) });
        self.list_of(number, "reviewers").push(asked);
        self.note(
            number,
            "ana",
            &format!("requested review from @{reviewer}"),
            true,
            at,
        );
    }

    pub(super) fn review(&mut self, number: i64, reviewer: &str, verdict: &str, at: DateTime<Utc>) {
        let approvals = self.list_of(number, "approvals");
        approvals.retain(|approval| approval["user"]["username"] != reviewer);
        if verdict == "approved" {
            approvals.push(json!({ "user": user(reviewer), "approved_at": stamp(at) }));
        }
        for one in self.list_of(number, "reviewers") {
            if one["user"]["username"] == reviewer {
                one["state"] = json!(verdict);
            }
        }
        let text = match verdict {
            "approved" => "approved this merge request",
            "unapproved" => "unapproved this merge request",
            "requested_changes" => "requested changes",
            _ => "left review comments without approving",
        };
        self.note(number, reviewer, text, true, at);
    }

    pub(super) fn note(
        &mut self,
        number: i64,
        author: &str,
        text: &str,
        system: bool,
        at: DateTime<Utc>,
    ) -> i64 {
        let id = self.id();
        let note = json!({
            "id": id, "body": text, "author": user(author), "created_at": stamp(at), "updated_at": stamp(at),
            "system": system, "noteable_type": "MergeRequest", "noteable_iid": number,
        });
        self.list_of(number, "notes").push(note);
        self.merge_request(number)["updated_at"] = json!(stamp(at));
        id
    }

    pub(super) fn run(&mut self, branch: &str, sha: &str, at: DateTime<Utc>) -> i64 {
        let id = self.id();
        let one = json!({
            "id": id, "iid": 3, "project_id": 41, "name": "Build", "status": "running", "source": "push", "ref": branch,
            "sha": sha, "tag": false, "created_at": stamp(at), "updated_at": stamp(at), "started_at": stamp(at),
            "finished_at": null, "web_url": format!("{SITE}/{}/-/pipelines/{id}", self.path),
        });
        self.add("pipelines", one);
        id
    }

    pub(super) fn deploy(&mut self, environment: &str, sha: &str, by: &str, at: DateTime<Utc>) -> i64 {
        let id = self.id();
        let one = json!({
            "id": id, "iid": 1, "ref": "main", "sha": sha, "status": "running", "created_at": stamp(at),
            "updated_at": stamp(at), "user": user(by), "environment": { "id": 9, "name": environment },
            "deployable": { "id": 664, "name": "deploy", "web_url": format!("{SITE}/{}/-/jobs/664", self.path) },
        });
        self.add("deployments", one);
        id
    }

    pub(super) fn write(&mut self, title: &str, kind: &str, author: &str, at: DateTime<Utc>) -> i64 {
        let (id, iid) = (self.id(), self.number("issues"));
        let one = json!({
            "id": id, "iid": iid, "title": title, "state": "opened", "type": kind, "severity": "HIGH",
            "created_at": stamp(at), "updated_at": stamp(at), "closed_at": null, "closed_by": null,
            "author": user(author), "assignees": [user("bo")],
            "web_url": format!("{SITE}/{}/-/issues/{iid}", self.path),
        });
        self.add("issues", one);
        iid
    }

    pub(super) fn release(&mut self, tag: &str, author: &str, at: DateTime<Utc>) {
        let one = json!({
            "tag_name": tag, "name": tag, "description": "All of it", "created_at": stamp(at), "released_at": stamp(at),
            "author": user(author), "upcoming_release": false,
            "_links": { "self": format!("{SITE}/{}/-/releases/{tag}", self.path) },
        });
        self.add("releases", one);
    }
}
