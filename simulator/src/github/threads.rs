//! Purpose: what people write to each other in a repository: issues and discussions with their comments; and all threads,
//! pull requests too, as GraphQL gives them. Source: <https://docs.github.com/graphql/reference/objects#repository>.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::delivery::{Act, Delivery};
use super::shapes::{self, api, site};
use super::world::{GithubWorld, Repo, State};
use crate::graphql;

/// A thread to be begun.
#[derive(Debug, Clone, Copy)]
pub struct NewThread<'a> {
    /// Login of the person who writes it.
    pub by: &'a str,
    /// Its title.
    pub title: &'a str,
    /// Its text.
    pub body: &'a str,
}

impl GithubWorld {
    /// Opens an issue. Gives its number.
    pub fn write_issue(&self, repo: &str, new: NewThread<'_>, at: DateTime<Utc>) -> u64 {
        let about = json!({ "title": new.title, "body": new.body });
        self.state().new_issue(repo, new.by, at, &about)
    }

    /// Gives an issue to somebody.
    pub fn assign_issue(&self, repo: &str, number: u64, by: &str, to: &str, at: DateTime<Utc>) -> Delivery {
        let user = shapes::user(to);
        let about = json!({ "assignee": user });
        self.move_issue((repo, number), (by, "assigned"), about, at, |issue| {
            issue["assignees"] = json!([user]);
        })
    }

    /// Closes an issue as done.
    pub fn close_issue(&self, repo: &str, number: u64, by: &str, at: DateTime<Utc>) -> Delivery {
        let closed_at = json!(shapes::stamp(at));
        self.move_issue((repo, number), (by, "closed"), json!({}), at, |issue| {
            issue["state"] = json!("closed");
            issue["closed_at"] = closed_at;
        })
    }

    fn move_issue(
        &self,
        (repo, number): (&str, u64),
        (by, action): (&str, &str),
        mut about: Value,
        at: DateTime<Utc>,
        change: impl FnOnce(&mut Value),
    ) -> Delivery {
        let mut state = self.state();
        let now = state.stamp(at);
        let issue = state.repo(repo).issues.entry(number).or_default();
        issue["updated_at"] = json!(now);
        change(issue);
        about["issue"] = issue.clone();
        state.deliver("issues", &Act { repo, by, action }, about)
    }

    /// Writes a comment under an issue.
    pub fn comment_on_issue(&self, repo: &str, number: u64, by: &str, text: &str, at: DateTime<Utc>) {
        let mut state = self.state();
        let (id, now) = (state.next_id(), state.stamp(at));
        let in_repo = state.repo(repo);
        in_repo.comments.push(json!({
            "id": id, "url": api(repo, &format!("/issues/comments/{id}")),
            "html_url": site(repo, &format!("/issues/{number}#issuecomment-{id}")),
            "issue_url": api(repo, &format!("/issues/{number}")), "user": shapes::user(by),
            "created_at": now, "updated_at": now, "author_association": "MEMBER", "body": text,
        }));
        if let Some(issue) = in_repo.issues.get_mut(&number) {
            issue["updated_at"] = json!(now);
        }
    }

    /// Removes an issue for good.
    pub fn delete_issue(&self, repo: &str, number: u64) {
        self.state().repo(repo).issues.remove(&number);
    }

    /// Removes a repository for good, or hides it from the token.
    pub fn delete_repo(&self, repo: &str) {
        self.state().repos.remove(repo);
    }

    /// Begins a discussion. Gives its number.
    pub fn start_discussion(&self, repo: &str, new: NewThread<'_>, at: DateTime<Utc>) -> u64 {
        let mut state = self.state();
        let now = state.stamp(at);
        let in_repo = state.repo(repo);
        in_repo.last_number += 1;
        let number = in_repo.last_number;
        let discussion = json!({
            "number": number, "title": new.title, "body": new.body, "updatedAt": now,
            "url": site(repo, &format!("/discussions/{number}")), "author": { "login": new.by },
            "category": { "name": "Q&A" }, "labels": { "__list": [] }, "comments": { "__list": [] },
        });
        in_repo.discussions.insert(number, discussion);
        number
    }

    /// Writes a comment in a discussion, which is marked as the answer if it `is_answer`.
    pub fn comment_in_discussion(
        &self,
        repo: &str,
        number: u64,
        comment: (&str, &str, bool),
        at: DateTime<Utc>,
    ) {
        let (by, text, is_answer) = comment;
        let mut state = self.state();
        let now = state.stamp(at);
        if let Some(discussion) = state.repo(repo).discussions.get_mut(&number) {
            discussion["updatedAt"] = json!(now);
            let comment = json!({
                "author": { "login": by }, "body": text, "createdAt": now, "isAnswer": is_answer,
                "replies": { "__list": [] },
            });
            if let Some(comments) = discussion["comments"]["__list"].as_array_mut() {
                comments.push(comment);
            }
        }
    }
}

/// Answers a query.
pub(super) fn query(state: &State, body: &Value) -> Value {
    let text = body["query"].as_str().unwrap_or_default();
    let fields = match graphql::read(text, &body["variables"]) {
        Ok(fields) => fields,
        Err(message) => return json!({ "errors": [{ "message": message }] }),
    };
    let mut data = Map::new();
    for field in &fields {
        let argument = |name: &str| {
            field
                .arguments
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let name = format!("{}/{}", argument("owner"), argument("name"));
        let Some(repo) = state.repos.get(&name).filter(|_| field.name == "repository") else {
            let message = format!("Could not resolve to a Repository with the name '{name}'.");
            let problem = json!({ "type": "NOT_FOUND", "path": [field.name], "message": message });
            return json!({ "data": { &field.name: null }, "errors": [problem] });
        };
        match graphql::select(field, &repository(&name, repo)) {
            Ok((name, value)) => data.insert(name, value),
            Err(message) => return json!({ "errors": [{ "message": message }] }),
        };
    }
    json!({ "data": data })
}

fn repository(name: &str, repo: &Repo) -> Value {
    let issues: Vec<Value> = repo
        .issues
        .values()
        .map(|issue| thread(name, repo, issue))
        .collect();
    let pulls: Vec<Value> = repo.pulls.values().map(|pull| thread(name, repo, pull)).collect();
    let discussions: Vec<&Value> = repo.discussions.values().collect();
    json!({
        "nameWithOwner": name, "hasIssuesEnabled": true, "hasDiscussionsEnabled": !discussions.is_empty(),
        "issues": { "__list": issues }, "pullRequests": { "__list": pulls }, "discussions": { "__list": discussions },
        "__find": {
            "issue": ["issues", "number"], "pullRequest": ["pullRequests", "number"],
            "discussion": ["discussions", "number"],
        },
    })
}

/// An issue or a pull request, from how REST shows it.
fn thread(name: &str, repo: &Repo, item: &Value) -> Value {
    let number = item["number"].as_u64().unwrap_or_default();
    let address = api(name, &format!("/issues/{number}"));
    let comments: Vec<Value> = repo
        .comments
        .iter()
        .filter(|comment| comment["issue_url"] == address)
        .map(|comment| {
            json!({
                "author": { "login": comment["user"]["login"] }, "body": comment["body"],
                "createdAt": comment["created_at"],
            })
        })
        .collect();
    let state = if item["merged_at"].is_string() {
        "MERGED".to_owned()
    } else {
        item["state"].as_str().unwrap_or_default().to_uppercase()
    };
    json!({
        "number": number, "title": item["title"], "body": item["body"].as_str().unwrap_or_default(),
        "url": item["html_url"], "updatedAt": item["updated_at"], "state": state,
        "author": { "login": item["user"]["login"] },
        "labels": { "__list": named(&item["labels"], "name") },
        "assignees": { "__list": named(&item["assignees"], "login") },
        "comments": { "__list": comments },
    })
}

fn named(items: &Value, key: &str) -> Vec<Value> {
    let items = items.as_array().map_or(&[][..], Vec::as_slice);
    items.iter().map(|item| json!({ key: item[key] })).collect()
}
