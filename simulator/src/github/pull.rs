//! Purpose: what people do to a pull request. Each method changes the world at the time it is told and returns the
//! webhook that GitHub would send.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{
    activity::NewRun,
    delivery::{Act, Delivery},
    shapes::{self, api, site},
    world::{GithubWorld, State},
};

/// A pull request to be opened.
#[derive(Debug, Clone)]
pub struct NewPull {
    /// Its title.
    pub title: String,
    /// Login of its author; one that ends in `[bot]` is an app.
    pub author: String,
    /// Its branch.
    pub branch: String,
    /// Whether it opens as a draft.
    pub draft: bool,
    /// Names of its labels.
    pub labels: Vec<String>,
    /// When its first commit was written; the time of opening if `None`.
    pub first_commit_at: Option<DateTime<Utc>>,
    /// Lines added and removed.
    pub lines: (u32, u32),
}

impl NewPull {
    /// A small pull request that is ready for review, on a branch named after its title.
    pub fn new(title: &str, author: &str) -> Self {
        Self {
            title: title.to_owned(),
            author: author.to_owned(),
            // No branch of GitHub is longer than 255 bytes.
            branch: title.to_lowercase().replace(' ', "-").chars().take(60).collect(),
            draft: false,
            labels: Vec::new(),
            first_commit_at: None,
            lines: (10, 2),
        }
    }
}

/// A pull request of a [`GithubWorld`]. Its methods panic if the world does not have it.
#[derive(Debug, Clone)]
pub struct Pull {
    pub(super) world: GithubWorld,
    pub(super) repo: String,
    pub(super) number: u64,
}

impl GithubWorld {
    /// Opens a pull request against the default branch.
    pub fn open_pull(&self, repo: &str, new: &NewPull, at: DateTime<Utc>) -> (Pull, Delivery) {
        let mut state = self.state();
        let first = new.first_commit_at.unwrap_or(at);
        let first = state.stamp(first);
        let now = state.stamp(at);
        let id = state.next_id();
        let in_repo = state.repo(repo);
        in_repo.last_number += 1;
        let number = in_repo.last_number;
        let commit = shapes::commit(repo, &new.title, &new.author, &first);
        let pull = opened(
            &in_repo.about,
            new,
            &Opening {
                id,
                number,
                commit: &commit,
                now: &now,
            },
        );
        in_repo.pulls.insert(number, pull);
        in_repo.pull_commits.insert(number, vec![commit]);
        in_repo
            .pull_files
            .insert(number, vec![shapes::file("src/lib.rs")]);
        drop(state);
        let pull = Pull::new(self.clone(), repo, number);
        let delivery = pull.tell(&new.author, "opened", json!({}));
        (pull, delivery)
    }
}

/// What the world says of a pull request that is opened.
pub(super) struct Opening<'a> {
    pub(super) id: u64,
    pub(super) number: u64,
    pub(super) commit: &'a Value,
    pub(super) now: &'a str,
}

pub(super) fn opened(repo: &Value, new: &NewPull, opening: &Opening<'_>) -> Value {
    let Opening {
        id,
        number,
        commit,
        now,
    } = opening;
    let name = repo["full_name"].as_str().unwrap_or_default();
    let base = repo["default_branch"].as_str().unwrap_or_default();
    let head_sha = commit["sha"].as_str().unwrap_or_default();
    json!({
        "url": api(name, &format!("/pulls/{number}")), "id": id, "node_id": format!("PR_{id:x}"),
        "html_url": site(name, &format!("/pull/{number}")), "number": number, "state": "open", "locked": false,
        "title": new.title, "user": shapes::user(&new.author), "body": null,
        "created_at": now, "updated_at": now, "closed_at": null, "merged_at": null, "merge_commit_sha": null,
        "assignee": null, "assignees": [], "requested_reviewers": [], "requested_teams": [],
        "labels": new.labels.iter().map(|name| shapes::label(name)).collect::<Vec<_>>(), "milestone": null,
        "draft": new.draft,
        "head": shapes::side(repo, &new.branch, head_sha),
        "base": shapes::side(repo, base, &shapes::sha(name)),
        "author_association": "MEMBER", "auto_merge": null, "active_lock_reason": null,
        "merged": false, "mergeable": true, "rebaseable": true, "mergeable_state": "clean", "merged_by": null,
        "comments": 0, "review_comments": 0, "maintainer_can_modify": false,
        "commits": 1, "additions": new.lines.0, "deletions": new.lines.1, "changed_files": 1,
    })
}

impl Pull {
    pub(super) fn new(world: GithubWorld, repo: &str, number: u64) -> Self {
        Self {
            world,
            repo: repo.to_owned(),
            number,
        }
    }

    /// Its number.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The commit at the tip of its branch.
    pub fn head_sha(&self) -> String {
        self.read(|pull| pull["head"]["sha"].as_str().unwrap_or_default().to_owned())
    }

    /// Its branch.
    pub fn head_ref(&self) -> String {
        self.read(|pull| pull["head"]["ref"].as_str().unwrap_or_default().to_owned())
    }

    /// Merges it.
    pub fn merge(&self, by: &str, at: DateTime<Utc>) -> Delivery {
        let merge_commit = {
            let mut state = self.world.state();
            let now = state.stamp(at);
            let title = self.in_state(&mut state)["title"]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            let commit = shapes::commit(&self.repo, &format!("{title} (#{})", self.number), by, &now);
            let sha = commit["sha"].clone();
            state.repo(&self.repo).commits.push(commit);
            sha
        };
        self.change(at, |pull, now| {
            pull["state"] = json!("closed");
            pull["merged"] = json!(true);
            pull["merged_by"] = shapes::user(by);
            pull["merge_commit_sha"] = merge_commit;
            pull["closed_at"] = json!(now);
            pull["merged_at"] = json!(now);
            pull["mergeable"] = Value::Null;
            pull["mergeable_state"] = json!("unknown");
        });
        self.note(by, "merged", at, json!({}));
        self.note(by, "closed", at, json!({}));
        self.tell(by, "closed", json!({}))
    }

    /// Closes it without merging.
    pub fn close(&self, by: &str, at: DateTime<Utc>) -> Delivery {
        self.change(at, |pull, now| {
            pull["state"] = json!("closed");
            pull["closed_at"] = json!(now);
        });
        self.note(by, "closed", at, json!({}));
        self.tell(by, "closed", json!({}))
    }

    /// Opens it again after it was closed.
    pub fn reopen(&self, by: &str, at: DateTime<Utc>) -> Delivery {
        self.change(at, |pull, _| {
            pull["state"] = json!("open");
            pull["closed_at"] = Value::Null;
        });
        self.note(by, "reopened", at, json!({}));
        self.tell(by, "reopened", json!({}))
    }

    /// Pushes one more commit to its branch.
    pub fn push(&self, by: &str, message: &str, at: DateTime<Utc>) -> Delivery {
        let before = self.head_sha();
        let commit = shapes::commit(&self.repo, message, by, &shapes::stamp(at));
        let after = commit["sha"].clone();
        self.change(at, |pull, _| {
            pull["head"]["sha"] = after.clone();
            pull["commits"] = json!(pull["commits"].as_u64().unwrap_or_default() + 1);
        });
        self.world
            .state()
            .repo(&self.repo)
            .pull_commits
            .entry(self.number)
            .or_default()
            .push(commit);
        self.tell(by, "synchronize", json!({ "before": before, "after": after }))
    }

    /// Says which files it changes from now on, all commits together. Only whoever asks hears of it: no webhook tells.
    pub fn set_files(&self, paths: &[&str]) {
        let files: Vec<Value> = paths.iter().map(|path| shapes::file(path)).collect();
        let mut state = self.world.state();
        self.in_state(&mut state)["changed_files"] = json!(files.len());
        state.repo(&self.repo).pull_files.insert(self.number, files);
    }

    /// Moves a file: it is listed under both names.
    pub fn move_file(&self, from: &str, to: &str) {
        let mut file = shapes::file(to);
        file["status"] = json!("renamed");
        file["previous_filename"] = json!(from);
        let mut state = self.world.state();
        state.repo(&self.repo).pull_files.insert(self.number, vec![file]);
    }

    /// Makes it a draft again.
    pub fn convert_to_draft(&self, by: &str, at: DateTime<Utc>) -> Delivery {
        self.change(at, |pull, _| pull["draft"] = json!(true));
        self.note(by, "convert_to_draft", at, json!({}));
        self.tell(by, "converted_to_draft", json!({}))
    }

    /// Ends its being a draft.
    pub fn ready_for_review(&self, by: &str, at: DateTime<Utc>) -> Delivery {
        self.change(at, |pull, _| pull["draft"] = json!(false));
        self.note(by, "ready_for_review", at, json!({}));
        self.tell(by, "ready_for_review", json!({}))
    }

    /// Adds a label.
    pub fn label(&self, by: &str, name: &str, at: DateTime<Utc>) -> Delivery {
        self.change(at, |pull, _| push_to(pull, "labels", shapes::label(name)));
        let about = json!({ "label": shapes::label(name) });
        self.note(by, "labeled", at, about.clone());
        self.tell(by, "labeled", about)
    }

    /// Removes a label.
    pub fn unlabel(&self, by: &str, name: &str, at: DateTime<Utc>) -> Delivery {
        self.change(at, |pull, _| remove_from(pull, "labels", "name", name));
        let about = json!({ "label": shapes::label(name) });
        self.note(by, "unlabeled", at, about.clone());
        self.tell(by, "unlabeled", about)
    }

    /// Gives it another title.
    pub fn retitle(&self, by: &str, title: &str, at: DateTime<Utc>) -> Delivery {
        let mut from = Value::Null;
        self.change(at, |pull, _| {
            from = std::mem::replace(&mut pull["title"], json!(title));
        });
        self.tell(by, "edited", json!({ "changes": { "title": { "from": from } } }))
    }

    /// Writes a comment under it.
    pub fn comment(&self, by: &str, text: &str, at: DateTime<Utc>) -> Delivery {
        self.change(at, |pull, _| {
            pull["comments"] = json!(pull["comments"].as_u64().unwrap_or_default() + 1);
        });
        let mut state = self.world.state();
        let (id, now) = (state.next_id(), state.stamp(at));
        let comment = json!({
            "id": id,
            "url": api(&self.repo, &format!("/issues/comments/{id}")),
            "html_url": site(&self.repo, &format!("/pull/{}#issuecomment-{id}", self.number)),
            "issue_url": api(&self.repo, &format!("/issues/{}", self.number)),
            "user": shapes::user(by),
            "created_at": now,
            "updated_at": now,
            "author_association": "MEMBER",
            "body": text,
        });
        state.repo(&self.repo).comments.push(comment.clone());
        let issue = shapes::issue_of_pull(self.in_state(&mut state));
        let act = Act {
            repo: &self.repo,
            by,
            action: "created",
        };
        state.deliver(
            "issue_comment",
            &act,
            json!({ "issue": issue, "comment": comment }),
        )
    }

    /// Says whether it can be merged: `None` while GitHub is still working it out. No webhook tells of this, and the
    /// time of its last change stays as it is.
    pub fn set_mergeable(&self, mergeable: Option<bool>, mergeable_state: &str) {
        let mut state = self.world.state();
        let pull = self.in_state(&mut state);
        pull["mergeable"] = json!(mergeable);
        pull["mergeable_state"] = json!(mergeable_state);
    }

    /// Starts a workflow on the tip of its branch. Gives the run's id.
    pub fn start_run(&self, workflow: &str, at: DateTime<Utc>) -> (u64, Delivery) {
        let (branch, by) = self.read(|pull| {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            (text(&pull["head"]["ref"]), text(&pull["user"]["login"]))
        });
        let run = NewRun {
            workflow: workflow.to_owned(),
            branch,
            sha: self.head_sha(),
            event: "pull_request".to_owned(),
            by,
            pulls: vec![self.number],
        };
        self.world.start_run(&self.repo, &run, at)
    }

    pub(super) fn in_state<'a>(&self, state: &'a mut State) -> &'a mut Value {
        match state.repo(&self.repo).pulls.get_mut(&self.number) {
            Some(pull) => pull,
            None => panic!(
                "the pretend GitHub has no pull request {}#{}",
                self.repo, self.number
            ),
        }
    }

    fn read<T>(&self, look: impl FnOnce(&Value) -> T) -> T {
        look(self.in_state(&mut self.world.state()))
    }

    pub(super) fn change(&self, at: DateTime<Utc>, change: impl FnOnce(&mut Value, &str)) {
        let mut state = self.world.state();
        let now = state.stamp(at);
        let pull = self.in_state(&mut state);
        pull["updated_at"] = json!(now);
        change(pull, &now);
    }

    /// Adds a line to its timeline.
    pub(super) fn note(&self, by: &str, event: &str, at: DateTime<Utc>, about: Value) {
        let mut state = self.world.state();
        let mut line = json!({ "id": state.next_id(), "event": event, "actor": shapes::user(by), "created_at": state.stamp(at) });
        if let (Some(line), Value::Object(about)) = (line.as_object_mut(), about) {
            line.extend(about);
        }
        state
            .repo(&self.repo)
            .timeline
            .entry(self.number)
            .or_default()
            .push(line);
    }

    pub(super) fn tell(&self, by: &str, action: &str, about: Value) -> Delivery {
        let mut state = self.world.state();
        let mut body = json!({ "number": self.number, "pull_request": self.in_state(&mut state) });
        if let (Some(body), Value::Object(about)) = (body.as_object_mut(), about) {
            body.extend(about);
        }
        state.deliver(
            "pull_request",
            &Act {
                repo: &self.repo,
                by,
                action,
            },
            body,
        )
    }
}

pub(super) fn push_to(pull: &mut Value, list: &str, item: Value) {
    if let Some(items) = pull[list].as_array_mut() {
        items.push(item);
    }
}

pub(super) fn remove_from(pull: &mut Value, list: &str, key: &str, value: &str) {
    if let Some(items) = pull[list].as_array_mut() {
        items.retain(|item| item[key] != value);
    }
}
