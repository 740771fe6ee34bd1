//! Purpose: what can be done to an issue, and to a pull request as the issue that it also is.

use serde_json::{Value, json};

use super::{ACTOR, Answer, Change, invalid, invalid_because, number, said};
use crate::github::{
    delivery::{Act, Delivery},
    pull::{Pull, push_to, remove_from},
    shapes::{self, api, site},
    world::State,
};

/// The most that GitHub takes as the text of a comment or an issue.
const MAX_TEXT: usize = 65_536;

/// What a number names.
enum Thread {
    Pull(Pull),
    Issue(u64),
}

fn thread(change: &Change<'_>, text: &str) -> Option<Thread> {
    let number = number(text);
    let mut state = change.world.state();
    let repo = state.repo(&change.repo);
    if repo.pulls.contains_key(&number) {
        return Some(Thread::Pull(Pull::new(
            change.world.clone(),
            &change.repo,
            number,
        )));
    }
    repo.issues.contains_key(&number).then_some(Thread::Issue(number))
}

impl Thread {
    fn number(&self) -> u64 {
        match self {
            Self::Pull(pull) => pull.number(),
            Self::Issue(number) => *number,
        }
    }

    /// The thing as it is stored.
    fn item<'s>(&self, state: &'s mut State, repo: &str) -> &'s mut Value {
        match self {
            Self::Pull(pull) => pull.in_state(state),
            Self::Issue(number) => state.repo(repo).issues.entry(*number).or_default(),
        }
    }

    /// The thing as an issue.
    fn shown(&self, change: &Change<'_>) -> Value {
        let mut state = change.world.state();
        let item = self.item(&mut state, &change.repo);
        match self {
            Self::Pull(_) => shapes::issue_of_pull(item),
            Self::Issue(_) => item.clone(),
        }
    }

    /// Changes it and tells of it.
    fn edit(
        &self,
        change: &Change<'_>,
        action: &'static str,
        about: Value,
        edit: impl FnOnce(&mut Value),
    ) -> Delivery {
        let mut state = change.world.state();
        let at = state.now();
        let now = state.stamp(at);
        let item = self.item(&mut state, &change.repo);
        item["updated_at"] = json!(now);
        edit(item);
        match self {
            Self::Pull(pull) => {
                drop(state);
                pull.note(ACTOR, action, at, about.clone());
                pull.tell(ACTOR, action, about)
            }
            Self::Issue(_) => {
                let mut body = json!({ "issue": item });
                if let (Some(body), Value::Object(about)) = (body.as_object_mut(), about) {
                    body.extend(about);
                }
                let act = Act {
                    repo: &change.repo,
                    by: ACTOR,
                    action,
                };
                state.deliver("issues", &act, body)
            }
        }
    }
}

fn has(item: &Value, list: &str, key: &str, value: &str) -> bool {
    let same = |have: &Value| {
        have[key]
            .as_str()
            .is_some_and(|have| have.eq_ignore_ascii_case(value))
    };
    item[list].as_array().is_some_and(|all| all.iter().any(same))
}

/// Source: <https://docs.github.com/rest/issues/issues#create-an-issue>. Labels that are not there are made; people who
/// cannot be assigned are left out.
pub(super) fn create(change: &Change<'_>, _: &str, _: &str) -> Answer {
    let title = change.text("title").trim().to_owned();
    if title.is_empty() {
        return invalid("Issue", "title", "missing_field");
    }
    if change.text("body").chars().count() > MAX_TEXT {
        return invalid_because("Issue", "body is too long (maximum is 65536 characters)");
    }
    let mut state = change.world.state();
    let at = state.now();
    let mut about = change.body.clone();
    about["assignees"] = change
        .names("assignees")
        .into_iter()
        .filter(|login| state.knows(login))
        .collect();
    let number = state.new_issue(&change.repo, ACTOR, at, &about);
    state.record("create_issue", change.target(number), title);
    let issue = state.repo(&change.repo).issues.get(&number).cloned();
    (201, json!(issue))
}

/// Source: <https://docs.github.com/rest/issues/issues#update-an-issue>. Only `state` is changed here.
pub(super) fn update(change: &Change<'_>, number: &str, _: &str) -> Answer {
    let Some(thread) = thread(change, number) else {
        return said(404, "Not Found");
    };
    let wanted = change.text("state");
    let (kind, action) = match wanted {
        "closed" => ("close", "closed"),
        "open" => ("reopen", "reopened"),
        _ => return invalid("Issue", "state", "invalid"),
    };
    let before = thread.shown(change);
    if before["pull_request"]["merged_at"].is_string() && wanted == "open" {
        return invalid_because(
            "PullRequest",
            "state cannot be changed. The pull request is merged.",
        );
    }
    if before["state"] != wanted {
        let at = change.now();
        let told = match &thread {
            Thread::Pull(pull) if wanted == "closed" => pull.close(ACTOR, at),
            Thread::Pull(pull) => pull.reopen(ACTOR, at),
            Thread::Issue(_) => thread.edit(change, action, json!({}), |issue| {
                issue["state"] = json!(wanted);
                issue["closed_at"] = if wanted == "closed" {
                    json!(shapes::stamp(at))
                } else {
                    Value::Null
                };
            }),
        };
        change.done(kind, change.target(thread.number()), "", Some(told));
    }
    (200, thread.shown(change))
}

/// Source: <https://docs.github.com/rest/issues/comments#create-an-issue-comment>.
pub(super) fn comment(change: &Change<'_>, number: &str, _: &str) -> Answer {
    let Some(thread) = thread(change, number) else {
        return said(404, "Not Found");
    };
    let text = change.text("body");
    if text.trim().is_empty() {
        return invalid("IssueComment", "body", "missing_field");
    }
    if text.chars().count() > MAX_TEXT {
        return invalid_because("IssueComment", "body is too long (maximum is 65536 characters)");
    }
    let told = match &thread {
        Thread::Pull(pull) => pull.comment(ACTOR, text, change.now()),
        Thread::Issue(number) => on_issue(change, *number, text),
    };
    let comment = told.body["comment"].clone();
    change.done("comment", change.target(thread.number()), text, Some(told));
    (201, comment)
}

fn on_issue(change: &Change<'_>, number: u64, text: &str) -> Delivery {
    let mut state = change.world.state();
    let at = state.now();
    let (id, now) = (state.next_id(), state.stamp(at));
    let repo = &change.repo;
    let comment = json!({
        "id": id, "url": api(repo, &format!("/issues/comments/{id}")),
        "html_url": site(repo, &format!("/issues/{number}#issuecomment-{id}")),
        "issue_url": api(repo, &format!("/issues/{number}")), "user": shapes::user(ACTOR),
        "created_at": now, "updated_at": now, "author_association": "MEMBER", "body": text,
    });
    state.repo(repo).comments.push(comment.clone());
    let issue = json!(state.repo(repo).issues.get(&number));
    let act = Act {
        repo,
        by: ACTOR,
        action: "created",
    };
    state.deliver(
        "issue_comment",
        &act,
        json!({ "issue": issue, "comment": comment }),
    )
}

/// Source: <https://docs.github.com/rest/issues/labels#add-labels-to-an-issue>. A label that is not there is made.
pub(super) fn label(change: &Change<'_>, number: &str, _: &str) -> Answer {
    let Some(thread) = thread(change, number) else {
        return said(404, "Not Found");
    };
    for name in change.names("labels") {
        if has(&thread.shown(change), "labels", "name", &name) {
            continue;
        }
        let label = shapes::label(&name);
        let told = thread.edit(change, "labeled", json!({ "label": label }), |item| {
            push_to(item, "labels", label.clone());
        });
        change
            .world
            .state()
            .repo(&change.repo)
            .labels
            .insert(name.clone());
        change.done("label", change.target(thread.number()), name, Some(told));
    }
    (200, thread.shown(change)["labels"].clone())
}

/// Source: <https://docs.github.com/rest/issues/labels#remove-a-label-from-an-issue>.
pub(super) fn unlabel(change: &Change<'_>, number: &str, label: &str) -> Answer {
    let Some(thread) = thread(change, number) else {
        return said(404, "Not Found");
    };
    let label = crate::github::lookup::decoded(label);
    if !has(&thread.shown(change), "labels", "name", &label) {
        return said(404, "Label does not exist");
    }
    let about = json!({ "label": shapes::label(&label) });
    let told = thread.edit(change, "unlabeled", about, |item| {
        remove_from(item, "labels", "name", &label);
    });
    change.done("unlabel", change.target(thread.number()), label, Some(told));
    (200, thread.shown(change)["labels"].clone())
}

/// Source: <https://docs.github.com/rest/issues/assignees>. People who cannot be assigned are left out without a word.
pub(super) fn assign(change: &Change<'_>, number: &str, _: &str) -> Answer {
    let Some(thread) = thread(change, number) else {
        return said(404, "Not Found");
    };
    for login in change.names("assignees") {
        let is_known = change.world.state().knows(&login);
        if !is_known || has(&thread.shown(change), "assignees", "login", &login) {
            continue;
        }
        let user = shapes::user(&login);
        let told = thread.edit(change, "assigned", json!({ "assignee": user }), |item| {
            push_to(item, "assignees", user.clone());
        });
        change.done("assign", change.target(thread.number()), login, Some(told));
    }
    (201, thread.shown(change))
}

/// Source: <https://docs.github.com/rest/issues/assignees#remove-assignees-from-an-issue>.
pub(super) fn unassign(change: &Change<'_>, number: &str, _: &str) -> Answer {
    let Some(thread) = thread(change, number) else {
        return said(404, "Not Found");
    };
    for login in change.names("assignees") {
        if !has(&thread.shown(change), "assignees", "login", &login) {
            continue;
        }
        let about = json!({ "assignee": shapes::user(&login) });
        let told = thread.edit(change, "unassigned", about, |item| {
            remove_from(item, "assignees", "login", &login);
        });
        change.done("unassign", change.target(thread.number()), login, Some(told));
    }
    (200, thread.shown(change))
}
