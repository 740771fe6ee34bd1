//! Purpose: what can be done to a pull request only: asking for reviews, merging.

use serde_json::{Value, json};

use super::{ACTOR, Answer, Change, number, said};
use crate::github::pull::{Pull, remove_from};

fn pull(change: &Change<'_>, text: &str) -> Option<(Pull, Value)> {
    let number = number(text);
    let mut state = change.world.state();
    let about = state.repo(&change.repo).pulls.get(&number).cloned()?;
    Some((Pull::new(change.world.clone(), &change.repo, number), about))
}

fn is_in(about: &Value, list: &str, key: &str, value: &str) -> bool {
    let same = |have: &Value| {
        have[key]
            .as_str()
            .is_some_and(|have| have.eq_ignore_ascii_case(value))
    };
    about[list].as_array().is_some_and(|all| all.iter().any(same))
}

/// Source: <https://docs.github.com/rest/pulls/review-requests#request-reviewers-for-a-pull-request>. All or nobody.
pub(super) fn request_review(change: &Change<'_>, number: &str, _: &str) -> Answer {
    let Some((pull, about)) = pull(change, number) else {
        return said(404, "Not Found");
    };
    let (people, teams) = (change.names("reviewers"), change.names("team_reviewers"));
    let owner = change.repo.split('/').next().unwrap_or_default();
    let is_known = {
        let state = change.world.state();
        people.iter().all(|login| state.knows(login))
            && teams
                .iter()
                .all(|team| state.teams.contains(&format!("{owner}/{team}")))
    };
    if !is_known {
        let message = format!(
            "Reviews may only be requested from collaborators. One or more of the users or teams you specified is \
             not a collaborator of the {} repository.",
            change.repo
        );
        return said(422, &message);
    }
    if people.iter().any(|login| about["user"]["login"] == **login) {
        return said(422, "Review cannot be requested from pull request author.");
    }
    let at = change.now();
    for login in people {
        if !is_in(&about, "requested_reviewers", "login", &login) {
            let told = pull.request_review(ACTOR, &login, at);
            change.done("request_review", change.target(pull.number()), login, Some(told));
        }
    }
    for team in teams {
        if !is_in(&about, "requested_teams", "slug", &team) {
            let told = pull.request_team_review(ACTOR, &team, at);
            change.done("request_review", change.target(pull.number()), team, Some(told));
        }
    }
    (201, now(change, number))
}

/// Source: <https://docs.github.com/rest/pulls/review-requests#remove-requested-reviewers-from-a-pull-request>.
pub(super) fn withdraw_review(change: &Change<'_>, number: &str, _: &str) -> Answer {
    let Some((pull, about)) = pull(change, number) else {
        return said(404, "Not Found");
    };
    let at = change.now();
    for login in change.names("reviewers") {
        if is_in(&about, "requested_reviewers", "login", &login) {
            let told = pull.remove_review_request(ACTOR, &login, at);
            change.done("withdraw_review", change.target(pull.number()), login, Some(told));
        }
    }
    for team in change.names("team_reviewers") {
        if is_in(&about, "requested_teams", "slug", &team) {
            pull.change(at, |pull, _| remove_from(pull, "requested_teams", "slug", &team));
            change.done("withdraw_review", change.target(pull.number()), team, None);
        }
    }
    (200, now(change, number))
}

fn now(change: &Change<'_>, number: &str) -> Value {
    pull(change, number).map_or(Value::Null, |(_, about)| about)
}

/// Source: <https://docs.github.com/rest/pulls/pulls#merge-a-pull-request>: 405 if it cannot be merged, 409 if its head is
/// not the `sha` that was given.
pub(super) fn merge(change: &Change<'_>, number: &str, _: &str) -> Answer {
    let Some((pull, about)) = pull(change, number) else {
        return said(404, "Not Found");
    };
    let method = match change.text("merge_method") {
        "" => "merge",
        method @ ("merge" | "squash" | "rebase") => method,
        _ => return super::invalid("PullRequest", "merge_method", "invalid"),
    };
    let sha = change.text("sha");
    if about["state"] != "open" {
        return said(405, "Pull Request is not mergeable");
    }
    if !sha.is_empty() && about["head"]["sha"] != sha {
        return said(409, "Head branch was modified. Review and try the merge again.");
    }
    if about["draft"] == true {
        return said(405, "Pull Request is still a draft");
    }
    if about["mergeable"] != true {
        return said(405, "Pull Request is not mergeable");
    }
    let at = change.now();
    let told = pull.merge(ACTOR, at);
    let merged = told.body["pull_request"]["merge_commit_sha"].clone();
    change.done("merge", change.target(pull.number()), method, Some(told));
    (
        200,
        json!({ "sha": merged, "merged": true, "message": "Pull Request successfully merged" }),
    )
}

/// Whether it merges by itself, as `auto_merge` shows it.
pub(super) fn set_auto_merge(pull: &Pull, method: Option<&str>) {
    let at = pull.world.state().now();
    let about = method.map(|method| {
        json!({ "enabled_by": { "login": ACTOR }, "merge_method": method, "commit_title": null, "commit_message": null })
    });
    pull.change(at, |pull, _| pull["auto_merge"] = json!(about));
}
