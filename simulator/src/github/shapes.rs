//! Purpose: GitHub's JSON objects, cut down to the members that readers of its API use.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Members of a pull request that only its own page has: lists and review webhooks leave them out.
/// Source: the schemas "Pull Request" and "Pull Request Simple" of <https://docs.github.com/rest/pulls/pulls>.
const DETAILS: [&str; 12] = [
    "merged",
    "mergeable",
    "rebaseable",
    "mergeable_state",
    "merged_by",
    "comments",
    "review_comments",
    "maintainer_can_modify",
    "commits",
    "additions",
    "deletions",
    "changed_files",
];

/// A time as GitHub writes it: whole seconds, UTC.
pub(super) fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A commit id, the same for the same words.
pub(super) fn sha(words: &str) -> String {
    hex::encode(&Sha256::digest(words.as_bytes())[..20])
}

/// An id for a thing that is known by its name, the same for the same name.
pub(super) fn number(name: &str) -> u64 {
    Sha256::digest(name.as_bytes())[..5]
        .iter()
        .fold(0, |id, byte| id * 256 + u64::from(*byte))
}

/// A person, or an app when the login ends in `[bot]`.
pub(super) fn user(login: &str) -> Value {
    let kind = if login.ends_with("[bot]") { "Bot" } else { "User" };
    account(login, kind)
}

fn account(login: &str, kind: &str) -> Value {
    let id = number(login);
    json!({
        "login": login,
        "id": id,
        "node_id": format!("U_{id:x}"),
        "avatar_url": format!("https://avatars.githubusercontent.com/u/{id}?v=4"),
        "url": format!("https://api.github.com/users/{login}"),
        "html_url": format!("https://github.com/{login}"),
        "type": kind,
        "site_admin": false,
    })
}

pub(super) fn organization(login: &str) -> Value {
    json!({ "login": login, "id": number(login), "url": format!("https://api.github.com/orgs/{login}") })
}

pub(super) fn repo(full_name: &str, id: u64, at: &str) -> Value {
    let (owner, name) = full_name.split_once('/').unwrap_or(("", full_name));
    json!({
        "id": id,
        "node_id": format!("R_{id:x}"),
        "name": name,
        "full_name": full_name,
        "private": true,
        "owner": account(owner, "Organization"),
        "html_url": format!("https://github.com/{full_name}"),
        "description": null,
        "fork": false,
        "url": api(full_name, ""),
        "created_at": at,
        "updated_at": at,
        "pushed_at": at,
        "archived": false,
        "disabled": false,
        "default_branch": "main",
        "visibility": "private",
    })
}

/// An address in a repository on the API.
pub(super) fn api(full_name: &str, path: &str) -> String {
    format!("https://api.github.com/repos/{full_name}{path}")
}

/// An address in a repository on the site.
pub(super) fn site(full_name: &str, path: &str) -> String {
    format!("https://github.com/{full_name}{path}")
}

/// The repository as other objects hold it.
pub(super) fn side(repo: &Value, branch: &str, sha: &str) -> Value {
    json!({
        "label": format!("{}:{branch}", repo["owner"]["login"].as_str().unwrap_or_default()),
        "ref": branch,
        "sha": sha,
        "user": repo["owner"],
        "repo": repo,
    })
}

/// A pull request as lists and review webhooks show it.
pub(super) fn pull_in_list(pull: &Value) -> Value {
    let mut short = pull.clone();
    if let Some(members) = short.as_object_mut() {
        for detail in DETAILS {
            members.remove(detail);
        }
    }
    short
}

/// A pull request as the issue that it also is.
pub(super) fn issue_of_pull(pull: &Value) -> Value {
    json!({
        "id": pull["id"],
        "number": pull["number"],
        "title": pull["title"],
        "html_url": pull["html_url"],
        "user": pull["user"],
        "state": pull["state"],
        "labels": pull["labels"],
        "assignees": pull["assignees"],
        "created_at": pull["created_at"],
        "updated_at": pull["updated_at"],
        "closed_at": pull["closed_at"],
        "draft": pull["draft"],
        "pull_request": { "url": pull["url"], "html_url": pull["html_url"], "merged_at": pull["merged_at"] },
    })
}

pub(super) fn commit(full_name: &str, message: &str, author: &str, at: &str) -> Value {
    let sha = sha(&format!("{full_name} {message} {author} {at}"));
    let signature = json!({ "name": author, "email": format!("{author}@example.com"), "date": at });
    json!({
        "sha": sha,
        "commit": { "message": message, "author": signature, "committer": signature },
        "url": api(full_name, &format!("/commits/{sha}")),
        "html_url": site(full_name, &format!("/commit/{sha}")),
        "author": user(author),
        "committer": user(author),
        "parents": [],
    })
}

/// A file that a pull request changes. Source: <https://docs.github.com/rest/pulls/pulls#list-pull-requests-files>.
pub(super) fn file(path: &str) -> Value {
    json!({ "sha": sha(path), "filename": path, "status": "modified", "additions": 5, "deletions": 1, "changes": 6,
        "patch": "@@ -1 +1,5 @@" })
}

pub(super) fn label(name: &str) -> Value {
    json!({ "id": number(name), "name": name, "color": "d73a4a", "default": false, "description": null })
}
