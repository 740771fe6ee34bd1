//! Purpose: which objects a path and its query name. One arm per endpoint.

use std::cmp::Reverse;

use serde_json::{Value, json};

use super::{
    lookup,
    page::Query,
    shapes,
    world::{Repo, State},
};

/// Files that are listed of one pull request at most. Source:
/// <https://docs.github.com/rest/pulls/pulls#list-pull-requests-files>.
const MAX_FILES: usize = 3_000;

/// What a path names.
pub(super) enum Resource {
    /// One object.
    One(Value),
    /// A list, to be cut into pages.
    List(Vec<Value>),
    /// A list inside an object, with a count: Actions answers like this.
    Counted(&'static str, Vec<Value>),
    /// Yes, without a body.
    Yes,
}

/// The resource at `path`, or `None` for 404.
pub(super) fn find(state: &State, path: &str, query: &Query) -> Option<Resource> {
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    match segments.as_slice() {
        ["user"] => Some(Resource::One(shapes::user("em-agent"))),
        ["users", login] => state.knows(login).then(|| Resource::One(shapes::user(login))),
        ["rate_limit"] => Some(Resource::One(rate_limit(state))),
        ["orgs", org, "repos"] => repos_of(state, org),
        ["repos", owner, name, rest @ ..] => {
            let repo = state.repos.get(&format!("{owner}/{name}"))?;
            in_repo(repo, rest, query).or_else(|| lookup::find(state, repo, rest))
        }
        _ => None,
    }
}

fn in_repo(repo: &Repo, path: &[&str], query: &Query) -> Option<Resource> {
    let list = |items: &[Value]| Some(Resource::List(items.to_vec()));
    match path {
        [] => Some(Resource::One(repo.about.clone())),
        ["pulls"] => Some(Resource::List(pulls(repo, query))),
        // Nobody here writes remarks on lines.
        ["pulls", "comments"] => Some(Resource::List(Vec::new())),
        ["pulls", number] => repo.pulls.get(&number.parse().ok()?).cloned().map(Resource::One),
        ["pulls", number, "reviews"] => list(of_pull(repo, number, &repo.reviews)?),
        ["pulls", number, "commits"] => list(of_pull(repo, number, &repo.pull_commits)?),
        ["pulls", number, "files"] => Some(Resource::List(files(repo, number)?)),
        ["pulls", number, "requested_reviewers"] => {
            let pull = repo.pulls.get(&number.parse().ok()?)?;
            Some(Resource::One(
                json!({ "users": pull["requested_reviewers"], "teams": pull["requested_teams"] }),
            ))
        }
        ["issues", "comments"] => Some(Resource::List(comments(repo, query))),
        ["issues", "events"] => Some(Resource::List(issue_events(repo))),
        ["issues", number, "comments"] => {
            let named = number.parse().ok()?;
            repo.pulls.get(&named).or_else(|| repo.issues.get(&named))?;
            let of_issue = |comment: &&Value| ends_with(comment, "issue_url", &format!("/issues/{number}"));
            Some(Resource::List(
                repo.comments.iter().filter(of_issue).cloned().collect(),
            ))
        }
        ["issues", number, "timeline"] => Some(Resource::List(timeline(repo, number)?)),
        ["issues", number, "events"] => list(of_pull(repo, number, &repo.timeline)?),
        ["actions", "runs"] => Some(Resource::Counted("workflow_runs", runs(repo, query))),
        ["actions", "runs", id] => by_id(&repo.runs, id),
        ["deployments"] => Some(Resource::List(deployments(repo, query))),
        ["deployments", id] => by_id(&repo.deployments, id),
        ["deployments", id, "statuses"] => {
            by_id(&repo.deployments, id)?;
            Some(Resource::List(newest_first(
                repo.statuses.get(&id.parse().ok()?).map_or(&[], Vec::as_slice),
            )))
        }
        ["releases"] => Some(Resource::List(newest_first(&repo.releases))),
        ["commits"] => Some(Resource::List(commits(repo, query))),
        _ => None,
    }
}

fn repos_of(state: &State, org: &str) -> Option<Resource> {
    let mut repos: Vec<Value> = state
        .repos
        .values()
        .map(|repo| &repo.about)
        .filter(|about| about["owner"]["login"] == org)
        .cloned()
        .collect();
    repos.sort_by_key(|about| Reverse(about["id"].as_u64()));
    (!repos.is_empty()).then_some(Resource::List(repos))
}

/// Source: <https://docs.github.com/rest/pulls/pulls#list-pull-requests>. Without `sort` the newest come first; with
/// it the direction is `asc` unless `direction` says otherwise, except for `sort=created`.
fn pulls(repo: &Repo, query: &Query) -> Vec<Value> {
    let get = |key: &str| query.get(key).map(String::as_str);
    let state = get("state").unwrap_or("open");
    let mut pulls: Vec<Value> = repo
        .pulls
        .values()
        .filter(|pull| state == "all" || pull["state"] == state)
        .filter(|pull| get("base").is_none_or(|base| pull["base"]["ref"] == base))
        .map(shapes::pull_in_list)
        .collect();
    let sort = get("sort").unwrap_or("created");
    let key = if sort == "updated" {
        "updated_at"
    } else {
        "created_at"
    };
    let direction = get("direction").unwrap_or(if sort == "created" { "desc" } else { "asc" });
    pulls.sort_by_key(|pull| (text(pull, key).to_owned(), pull["number"].as_u64()));
    if direction == "desc" {
        pulls.reverse();
    }
    pulls
}

/// Source: <https://docs.github.com/rest/issues/comments#list-issue-comments-for-a-repository>.
fn comments(repo: &Repo, query: &Query) -> Vec<Value> {
    let since = query.get("since").map_or("", String::as_str);
    let mut comments: Vec<Value> = repo
        .comments
        .iter()
        .filter(|comment| text(comment, "updated_at") >= since)
        .cloned()
        .collect();
    let key = if query.get("sort").is_some_and(|sort| sort == "updated") {
        "updated_at"
    } else {
        "created_at"
    };
    comments.sort_by_key(|comment| text(comment, key).to_owned());
    if query.contains_key("sort")
        && query
            .get("direction")
            .is_some_and(|direction| direction == "desc")
    {
        comments.reverse();
    }
    comments
}

/// The issue events of all pull requests, the newest first, each with its issue. Source:
/// <https://docs.github.com/rest/issues/events#list-issue-events-for-a-repository>.
fn issue_events(repo: &Repo) -> Vec<Value> {
    let with_issue = |(number, events): (&u64, &Vec<Value>)| {
        let issue = repo.pulls.get(number).map(shapes::issue_of_pull);
        let with = |event: &Value| {
            let mut event = event.clone();
            event["issue"] = json!(issue);
            event
        };
        events.iter().map(with).collect::<Vec<Value>>()
    };
    let mut events: Vec<Value> = repo.timeline.iter().flat_map(with_issue).collect();
    events.sort_by_key(|event| Reverse(event["id"].as_u64()));
    events
}

/// The files that a pull request changes, each with an address that names the newest commit: after a push every page
/// is another one.
fn files(repo: &Repo, number: &str) -> Option<Vec<Value>> {
    let head = &repo.pulls.get(&number.parse().ok()?)?["head"]["sha"];
    let at_head = |file: &Value| {
        let mut file = file.clone();
        let (repo, path) = (text(&repo.about, "full_name"), text(&file, "filename"));
        let rest = format!("/contents/{path}?ref={}", head.as_str().unwrap_or_default());
        file["contents_url"] = json!(shapes::api(repo, &rest));
        file
    };
    let files = of_pull(repo, number, &repo.pull_files)?;
    Some(files.iter().take(MAX_FILES).map(at_head).collect())
}

/// Everything that happened to a pull request. Source: <https://docs.github.com/rest/issues/timeline>.
fn timeline(repo: &Repo, number: &str) -> Option<Vec<Value>> {
    let commits = of_pull(repo, number, &repo.pull_commits)?.iter().map(|commit| {
        let details = &commit["commit"];
        let line = json!({ "event": "committed", "sha": commit["sha"], "message": details["message"],
            "author": details["author"], "committer": details["committer"], "html_url": commit["html_url"] });
        (text(&details["author"], "date").to_owned(), line)
    });
    let reviews = of_pull(repo, number, &repo.reviews)?.iter().map(|review| {
        let mut line = review.clone();
        line["event"] = json!("reviewed");
        line["state"] = json!(text(review, "state").to_lowercase());
        (text(review, "submitted_at").to_owned(), line)
    });
    let events = of_pull(repo, number, &repo.timeline)?;
    let events = events
        .iter()
        .map(|event| (text(event, "created_at").to_owned(), event.clone()));
    let mut lines: Vec<_> = commits.chain(reviews).chain(events).collect();
    lines.sort_by(|one, other| one.0.cmp(&other.0));
    Some(lines.into_iter().map(|(_, line)| line).collect())
}

/// Source: <https://docs.github.com/rest/actions/workflow-runs#list-workflow-runs-for-a-repository>. `status` also
/// takes a conclusion.
fn runs(repo: &Repo, query: &Query) -> Vec<Value> {
    let given =
        |run: &Value, key: &str, member: &str| query.get(key).is_none_or(|wanted| run[member] == **wanted);
    let matches = |run: &&Value| {
        given(run, "branch", "head_branch")
            && given(run, "event", "event")
            && given(run, "head_sha", "head_sha")
            && query
                .get("actor")
                .is_none_or(|actor| run["actor"]["login"] == **actor)
            && query
                .get("status")
                .is_none_or(|status| run["status"] == **status || run["conclusion"] == **status)
            && query
                .get("created")
                .is_none_or(|range| in_range(text(run, "created_at"), range))
    };
    repo.runs.iter().rev().filter(matches).cloned().collect()
}

/// GitHub's search syntax for dates: `>=a`, `>a`, `<=a`, `<a`, `a..b` with `*` for an open end, or one date.
fn in_range(at: &str, range: &str) -> bool {
    if let Some((from, to)) = range.split_once("..") {
        return (from == "*" || at >= from) && (to == "*" || at.get(..to.len()).unwrap_or(at) <= to);
    }
    for (sign, holds) in [
        (">=", at >= &range[range.len().min(2)..]),
        ("<=", at <= &range[range.len().min(2)..]),
    ] {
        if range.starts_with(sign) {
            return holds;
        }
    }
    match range.split_at_checked(1) {
        Some((">", from)) => at > from,
        Some(("<", to)) => at < to,
        _ => at.starts_with(range),
    }
}

fn deployments(repo: &Repo, query: &Query) -> Vec<Value> {
    let matches = |item: &Value| {
        ["environment", "ref", "sha", "task"]
            .iter()
            .all(|key| query.get(*key).is_none_or(|wanted| item[*key] == **wanted))
    };
    repo.deployments
        .iter()
        .rev()
        .filter(|item| matches(item))
        .cloned()
        .collect()
}

fn commits(repo: &Repo, query: &Query) -> Vec<Value> {
    let date = |commit: &Value| text(&commit["commit"]["committer"], "date").to_owned();
    let matches = |commit: &&Value| {
        query.get("since").is_none_or(|since| date(commit) >= *since)
            && query.get("until").is_none_or(|until| date(commit) <= *until)
    };
    repo.commits.iter().rev().filter(matches).cloned().collect()
}

fn of_pull<'a>(
    repo: &Repo,
    number: &str,
    lists: &'a std::collections::BTreeMap<u64, Vec<Value>>,
) -> Option<&'a [Value]> {
    let number = number.parse().ok()?;
    repo.pulls.get(&number)?;
    Some(lists.get(&number).map_or(&[], Vec::as_slice))
}

pub(super) fn by_id(items: &[Value], id: &str) -> Option<Resource> {
    let id: u64 = id.parse().ok()?;
    items
        .iter()
        .find(|item| item["id"] == id)
        .cloned()
        .map(Resource::One)
}

fn newest_first(items: &[Value]) -> Vec<Value> {
    items.iter().rev().cloned().collect()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn ends_with(value: &Value, key: &str, end: &str) -> bool {
    text(value, key).ends_with(end)
}

/// Source: <https://docs.github.com/rest/rate-limit/rate-limit>.
fn rate_limit(state: &State) -> Value {
    let budget = state.budget;
    let core = json!({ "limit": budget.limit, "remaining": budget.remaining,
        "used": budget.limit.saturating_sub(budget.remaining), "reset": state.reset_at().timestamp() });
    json!({ "resources": { "core": core }, "rate": core })
}
