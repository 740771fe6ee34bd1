//! Purpose: what a test arranges for things that are done over the API, and what it reads of them afterwards.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::TimeSource;

use super::{
    delivery::{Act, Delivery},
    shapes::{self, api, site},
    world::{GithubWorld, State},
};

/// Something that was done over the API and changed the world. Asking again for what is so already changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// When.
    pub at: DateTime<Utc>,
    /// What: `comment`, `label`, `close`, `merge`, `dispatch`, ...
    pub kind: &'static str,
    /// To what: `acme/api#12`, `acme/api`.
    pub target: String,
    /// How: the text, the label, the login, the method, ...
    pub detail: String,
}

impl GithubWorld {
    /// Everything that was done over the API so far, oldest first.
    pub fn effects(&self) -> Vec<Effect> {
        self.state().effects.clone()
    }

    /// The webhooks that GitHub would have sent of it since the last look, oldest first.
    pub fn take_deliveries(&self) -> Vec<Delivery> {
        std::mem::take(&mut self.state().outbox)
    }

    /// The time of what is done over the API from now on.
    pub fn set_time(&self, time: TimeSource) {
        self.state().time = Some(time);
    }

    /// Lets the token do only this from now on, as `issues=write`. Reading stays allowed.
    pub fn restrict_to(&self, permissions: &[&str]) {
        self.state().permissions = Some(permissions.iter().map(|one| (*one).to_owned()).collect());
    }

    /// People who work in the repositories: they can be assigned and asked for reviews.
    pub fn add_people(&self, logins: &[&str]) {
        let mut state = self.state();
        state
            .people
            .extend(logins.iter().map(|login| (*login).to_owned()));
    }

    /// A team that can be asked for reviews: `owner/team`.
    pub fn add_team(&self, team: &str) {
        self.state().teams.insert(team.to_owned());
    }

    /// A label that the repository has.
    pub fn add_label(&self, repo: &str, label: &str) {
        self.state().repo(repo).labels.insert(label.to_owned());
    }

    /// A branch or a tag.
    pub fn add_ref(&self, repo: &str, name: &str) {
        self.state().repo(repo).refs.insert(name.to_owned());
    }

    /// A workflow that can be started by hand, by its file name, with the names of its inputs.
    pub fn add_workflow(&self, repo: &str, file: &str, inputs: &[&str]) {
        let inputs = inputs.iter().map(|input| (*input).to_owned()).collect();
        self.state().repo(repo).workflows.insert(file.to_owned(), inputs);
    }

    /// Whether the repository lets pull requests merge by themselves; it does not at first.
    pub fn allow_auto_merge(&self, repo: &str, is_allowed: bool) {
        self.state().repo(repo).about["allow_auto_merge"] = json!(is_allowed);
    }

    /// A check of a commit by an app other than Actions; `conclusion` is `None` while it runs.
    pub fn check(&self, repo: &str, sha: &str, name: &str, conclusion: Option<&str>) {
        let status = if conclusion.is_some() {
            "completed"
        } else {
            "in_progress"
        };
        let check = json!({ "id": shapes::number(&format!("{sha} {name}")), "name": name, "head_sha": sha,
            "status": status, "conclusion": conclusion, "app": { "slug": "checker" } });
        let mut state = self.state();
        let checks = state.repo(repo).checks.entry(sha.to_owned()).or_default();
        checks.retain(|check| check["name"] != name);
        checks.push(check);
    }

    /// Lets a run wait for a person before it deploys to `environment`.
    pub fn hold_deployment(&self, repo: &str, run: u64, environment: &str) {
        let mut state = self.state();
        let waiting = json!({ "environment": { "id": shapes::number(&format!("{repo} {environment}")), "name": environment },
            "wait_timer": 0, "wait_timer_started_at": null, "current_user_can_approve": true, "reviewers": [] });
        let in_repo = state.repo(repo);
        in_repo.pending.entry(run).or_default().push(waiting);
        for held in in_repo.runs.iter_mut().filter(|held| held["id"] == run) {
            held["status"] = json!("waiting");
        }
    }

    /// Opens an issue. Gives its number.
    pub fn open_issue(&self, repo: &str, title: &str, by: &str, at: DateTime<Utc>) -> u64 {
        let mut state = self.state();
        state.new_issue(repo, by, at, &json!({ "title": title }))
    }
}

impl State {
    /// Whether this is somebody's login.
    pub(super) fn knows(&self, login: &str) -> bool {
        let same = |known: &str| known.eq_ignore_ascii_case(login);
        let pulls = self.repos.values().flat_map(|repo| repo.pulls.values());
        self.people.iter().any(|known| same(known))
            || pulls.filter_map(|pull| pull["user"]["login"].as_str()).any(same)
    }

    /// The time of what is done over the API.
    pub(super) fn now(&self) -> DateTime<Utc> {
        self.time
            .as_ref()
            .and_then(|time| DateTime::from_timestamp_micros(time.micros()))
            .unwrap_or(self.newest)
    }

    pub(super) fn record(&mut self, kind: &'static str, target: String, detail: impl Into<String>) {
        let (at, detail) = (self.now(), detail.into());
        self.effects.push(Effect {
            at,
            kind,
            target,
            detail,
        });
    }

    /// Writes an issue; `about` has its `title`, and perhaps `body`, `labels` and `assignees` by name.
    pub(super) fn new_issue(&mut self, repo: &str, by: &str, at: DateTime<Utc>, about: &Value) -> u64 {
        let (id, now) = (self.next_id(), self.stamp(at));
        let in_repo = self.repo(repo);
        in_repo.last_number += 1;
        let number = in_repo.last_number;
        let issue = json!({
            "url": api(repo, &format!("/issues/{number}")), "html_url": site(repo, &format!("/issues/{number}")),
            "id": id, "node_id": format!("I_{id:x}"), "number": number, "title": about["title"],
            "user": shapes::user(by), "labels": each(&about["labels"], shapes::label), "state": "open",
            "assignees": each(&about["assignees"], shapes::user), "body": about["body"], "comments": 0,
            "created_at": now, "updated_at": now, "closed_at": null, "state_reason": null,
        });
        in_repo.issues.insert(number, issue.clone());
        let act = Act {
            repo,
            by,
            action: "opened",
        };
        let delivery = self.deliver("issues", &act, json!({ "issue": issue }));
        self.outbox.push(delivery);
        number
    }
}

fn each(names: &Value, shape: impl Fn(&str) -> Value) -> Vec<Value> {
    let names = names.as_array().map_or(&[][..], Vec::as_slice);
    names.iter().filter_map(Value::as_str).map(shape).collect()
}
