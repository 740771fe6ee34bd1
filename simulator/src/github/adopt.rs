//! Purpose: takes over what webhooks state, so that the pretend GitHub holds what their reader has been told. Members
//! that a webhook leaves out are filled in, so that the shapes of the API stay whole.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{
    pull::{NewPull, Opening, opened},
    shapes::{self, api, site},
    world::{GithubWorld, Repo, State},
};

impl GithubWorld {
    /// Takes over the pull request, review, issue or workflow run of a webhook; a repository that is not known is added.
    /// Webhooks must come oldest first. Gives whether it was one of these; what else it tells of is left out.
    pub fn adopt(&self, event: &str, body: &Value) -> bool {
        let Some(name) = body["repository"]["full_name"].as_str() else {
            return false;
        };
        let mut state = self.state();
        state.adopt_repo(name, &body["repository"]);
        state.adopt_people(name, body);
        match event {
            "pull_request" => state.adopt_pull(name, &body["pull_request"]),
            "pull_request_review" => {
                state.adopt_pull(name, &body["pull_request"])
                    && state.adopt_review(name, &body["pull_request"]["number"], &body["review"])
            }
            "issues" => state.adopt_issue(name, &body["issue"]),
            "workflow_run" => state.adopt_run(name, &body["workflow_run"]),
            _ => false,
        }
    }
}

impl State {
    fn adopt_repo(&mut self, name: &str, said: &Value) {
        if !self.repos.contains_key(name) {
            let id = said["id"].as_u64().unwrap_or_else(|| shapes::number(name));
            let about = shapes::repo(name, id, &shapes::stamp(DateTime::UNIX_EPOCH));
            let repo = Repo {
                about,
                ..Repo::default()
            };
            self.repos.insert(name.to_owned(), repo);
        }
        overlay(&mut self.repo(name).about, said);
    }

    /// Everybody whom it names works in the repositories, or they could not be assigned or asked.
    fn adopt_people(&mut self, repo: &str, body: &Value) {
        let pull = &body["pull_request"];
        let lists = [
            &pull["requested_reviewers"],
            &pull["assignees"],
            &body["issue"]["assignees"],
        ];
        let listed = lists.into_iter().filter_map(Value::as_array).flatten();
        let alone = [
            &body["sender"],
            &pull["user"],
            &body["review"]["user"],
            &body["issue"]["user"],
        ];
        let logins = listed.chain(alone).filter_map(|user| user["login"].as_str());
        let logins = logins.map(str::to_owned).collect::<Vec<_>>();
        self.people.extend(logins);
        let owner = repo.split('/').next().unwrap_or_default();
        let teams = pull["requested_teams"].as_array().into_iter().flatten();
        let teams = teams.filter_map(|team| Some(format!("{owner}/{}", team["slug"].as_str()?)));
        self.teams.extend(teams);
    }

    fn adopt_pull(&mut self, repo: &str, said: &Value) -> bool {
        let Some(number) = said["number"].as_u64() else {
            return false;
        };
        self.remember(&said["updated_at"]);
        let in_repo = self.repo(repo);
        in_repo.last_number = in_repo.last_number.max(number);
        let mut pull = blank(&in_repo.about, number, said);
        // Only its own page and its own webhook have every member.
        if let Some(known) = in_repo.pulls.get(&number).filter(|_| said["merged"].is_null()) {
            pull.clone_from(known);
        }
        overlay(&mut pull, said);
        // GitHub says that while it is still looking; later nobody is told what it found.
        if pull["mergeable_state"] == "unknown" && pull["state"] == "open" {
            pull["mergeable_state"] = json!("clean");
        }
        in_repo.pulls.insert(number, pull);
        in_repo.pull_commits.entry(number).or_default();
        true
    }

    fn adopt_review(&mut self, repo: &str, number: &Value, said: &Value) -> bool {
        let (Some(number), Some(id)) = (number.as_u64(), said["id"].as_u64()) else {
            return false;
        };
        self.remember(&said["submitted_at"]);
        let mut review = json!({
            "id": id, "node_id": format!("PRR_{id:x}"), "body": "", "author_association": "MEMBER",
            "html_url": site(repo, &format!("/pull/{number}#pullrequestreview-{id}")),
            "pull_request_url": api(repo, &format!("/pulls/{number}")),
        });
        overlay(&mut review, said);
        review["state"] = json!(said["state"].as_str().unwrap_or_default().to_uppercase());
        put(self.repo(repo).reviews.entry(number).or_default(), review);
        true
    }

    fn adopt_issue(&mut self, repo: &str, said: &Value) -> bool {
        let Some(number) = said["number"].as_u64() else {
            return false;
        };
        self.remember(&said["updated_at"]);
        let in_repo = self.repo(repo);
        in_repo.last_number = in_repo.last_number.max(number);
        let id = shapes::number(&format!("{repo}#{number}"));
        let mut issue = json!({
            "url": api(repo, &format!("/issues/{number}")), "html_url": site(repo, &format!("/issues/{number}")),
            "id": id, "node_id": format!("I_{id:x}"), "labels": [], "state": "open", "assignees": [], "body": null,
            "comments": 0, "closed_at": null, "state_reason": null,
        });
        overlay(&mut issue, said);
        in_repo.issues.insert(number, issue);
        true
    }

    fn adopt_run(&mut self, repo: &str, said: &Value) -> bool {
        let Some(id) = said["id"].as_u64() else {
            return false;
        };
        self.remember(&said["updated_at"]);
        let in_repo = self.repo(repo);
        let mut run = json!({
            "node_id": format!("WFR_{id:x}"), "run_attempt": 1, "conclusion": null, "check_suite_id": id,
            "url": api(repo, &format!("/actions/runs/{id}")), "html_url": site(repo, &format!("/actions/runs/{id}")),
            "pull_requests": [], "triggering_actor": said["actor"], "repository": in_repo.about,
        });
        overlay(&mut run, said);
        put(&mut in_repo.runs, run);
        true
    }

    /// The time of the newest thing that is known.
    fn remember(&mut self, at: &Value) {
        let at = at.as_str().and_then(|at| at.parse::<DateTime<Utc>>().ok());
        self.newest = self.newest.max(at.unwrap_or(self.newest));
    }
}

/// The pull request with everything that a webhook may leave out.
fn blank(repo: &Value, number: u64, said: &Value) -> Value {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let new = NewPull {
        branch: text(&said["head"]["ref"]),
        ..NewPull::new(&text(&said["title"]), &text(&said["user"]["login"]))
    };
    let name = repo["full_name"].as_str().unwrap_or_default();
    let opening = Opening {
        id: shapes::number(&format!("{name}#{number}")),
        number,
        commit: &json!({ "sha": said["head"]["sha"] }),
        now: said["created_at"].as_str().unwrap_or_default(),
    };
    opened(repo, &new, &opening)
}

/// Puts what was said over what is there: members of objects one by one, anything else as a whole. What was said to be
/// `null` was not said.
fn overlay(there: &mut Value, said: &Value) {
    match (there, said) {
        (Value::Object(there), Value::Object(said)) => {
            for (name, value) in said {
                overlay(there.entry(name.as_str()).or_insert(Value::Null), value);
            }
        }
        (_, Value::Null) => {}
        (there, said) => there.clone_from(said),
    }
}

/// In place of the one with the same id, or after all others.
fn put(list: &mut Vec<Value>, item: Value) {
    match list.iter_mut().find(|known| known["id"] == item["id"]) {
        Some(known) => *known = item,
        None => list.push(item),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
    }

    fn pull(world: &GithubWorld, number: u64) -> Value {
        world.state().repo("acme/api").pulls[&number].clone()
    }

    #[test]
    fn a_world_that_adopts_what_another_one_tells_holds_the_same_pull_request() {
        let (told, here) = (GithubWorld::new("a"), GithubWorld::new("b"));
        told.add_repo("acme/api", at(0));
        let mut new = NewPull::new("Retry payouts", "ana-ruiz");
        new.labels.push("backend".to_owned());
        let (there, opened) = told.open_pull("acme/api", &new, at(1));
        let deliveries = [
            opened,
            there.request_review("ana-ruiz", "ben-okafor", at(2)),
            there.review("ben-okafor", "changes_requested", at(3)),
        ];

        assert!(deliveries.iter().all(|one| here.adopt(one.event, &one.body)));

        assert_eq!(pull(&here, 1), pull(&told, 1));
        let reviews = |world: &GithubWorld| world.state().repo("acme/api").reviews[&1].clone();
        assert_eq!(reviews(&here), reviews(&told));
        assert!(here.state().knows("ben-okafor"), "whoever reviewed works there");
        assert_eq!(here.state().newest, at(3));
        let (next, _) = here.open_pull("acme/api", &new, at(4));
        assert_eq!(next.number(), 2, "its number is taken");
    }

    #[test]
    fn what_a_short_webhook_leaves_out_is_filled_in() {
        let world = GithubWorld::new("a");
        let body = json!({
            "repository": {"full_name": "acme/api", "default_branch": "trunk"},
            "pull_request": {
                "number": 7, "title": "Short", "user": {"login": "eve"}, "state": "open", "draft": true,
                "created_at": "2026-01-05T16:20:00Z", "updated_at": "2026-01-06T16:20:00Z", "mergeable": null,
                "mergeable_state": "unknown", "head": {"ref": "short", "sha": "abc"}, "base": {"ref": "trunk"},
                "requested_teams": [{"slug": "platform"}],
            },
        });

        assert!(world.adopt("pull_request", &body));

        let pull = pull(&world, 7);
        assert_eq!(pull["head"]["sha"], "abc");
        assert_eq!(pull["head"]["repo"]["full_name"], "acme/api");
        assert_eq!(pull["user"]["type"], "User");
        assert_eq!(pull["html_url"], "https://github.com/acme/api/pull/7");
        assert_eq!((&pull["draft"], &pull["mergeable"]), (&json!(true), &json!(true)));
        assert_eq!(pull["mergeable_state"], "clean");
        assert!(world.state().teams.contains("acme/platform"));
    }

    #[test]
    fn issues_and_runs_are_kept_once_with_their_newest_state() {
        let world = GithubWorld::new("a");
        let repository = json!({"full_name": "acme/api"});
        for status in ["in_progress", "completed"] {
            let run = json!({"id": 5, "name": "CI", "head_sha": "abc", "status": status});
            assert!(world.adopt(
                "workflow_run",
                &json!({"repository": repository, "workflow_run": run})
            ));
            let issue = json!({"number": 3, "title": status, "user": {"login": "eve"}});
            assert!(world.adopt("issues", &json!({"repository": repository, "issue": issue})));
        }

        let mut state = world.state();
        let repo = state.repo("acme/api");
        assert_eq!((repo.runs.len(), repo.issues.len()), (1, 1));
        assert_eq!(repo.runs[0]["status"], "completed");
        assert_eq!(repo.issues[&3]["title"], "completed");
        assert_eq!(repo.issues[&3]["state"], "open");
    }

    #[test]
    fn what_tells_of_nothing_kept_here_is_left_out() {
        let world = GithubWorld::new("a");
        let repository = json!({"full_name": "acme/api"});
        assert!(!world.adopt("push", &json!({"repository": repository})));
        assert!(!world.adopt("pull_request", &json!({"repository": repository})));
        assert!(!world.adopt("ping", &json!({})));
    }
}
