//! Purpose: what happens in a repository besides pull requests: pushes, workflow runs, deployments, releases.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{
    delivery::{Act, Delivery},
    shapes::{self, api, site},
    world::{GithubWorld, State},
};

/// A workflow run to be started.
#[derive(Debug, Clone)]
pub struct NewRun {
    /// Name of the workflow, for example `CI`.
    pub workflow: String,
    /// The branch it runs on.
    pub branch: String,
    /// The commit it runs on.
    pub sha: String,
    /// What set it off: `push`, `pull_request`, `schedule`.
    pub event: String,
    /// Login of the person behind it.
    pub by: String,
    /// Numbers of the pull requests that it belongs to.
    pub pulls: Vec<u64>,
}

impl NewRun {
    /// A run on the newest state of `branch`, set off by a push of `by`.
    pub fn on_push(workflow: &str, branch: &str, sha: &str, by: &str) -> Self {
        Self {
            workflow: workflow.to_owned(),
            branch: branch.to_owned(),
            sha: sha.to_owned(),
            event: "push".to_owned(),
            by: by.to_owned(),
            pulls: Vec::new(),
        }
    }
}

/// A deployment to be made.
#[derive(Debug, Clone)]
pub struct NewDeployment {
    /// For example `production`.
    pub environment: String,
    /// The commit that is deployed.
    pub sha: String,
    /// The branch or tag that was asked for.
    pub reference: String,
    /// Login of the person or app that deploys.
    pub by: String,
}

/// What a push brought, the oldest commit first.
struct Pushed<'a> {
    branch: &'a str,
    before: Value,
    commits: Vec<(String, &'a str)>,
}

impl GithubWorld {
    /// Pushes one commit to the default branch. Gives its id.
    pub fn push(&self, repo: &str, by: &str, message: &str, at: DateTime<Utc>) -> (String, Delivery) {
        let mut state = self.state();
        let now = state.stamp(at);
        let commit = shapes::commit(repo, message, by, &now);
        let sha = commit["sha"].as_str().unwrap_or_default().to_owned();
        let in_repo = state.repo(repo);
        let branch = in_repo.about["default_branch"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let before = in_repo
            .commits
            .last()
            .map_or_else(|| json!("0".repeat(40)), |last| last["sha"].clone());
        in_repo.about["pushed_at"] = json!(now);
        in_repo.commits.push(commit);
        let what = Pushed {
            branch: &branch,
            before,
            commits: vec![(sha.clone(), message)],
        };
        let delivery = state.deliver_push(repo, by, &what, &now);
        (sha, delivery)
    }

    /// Pushes one commit for each message to a branch other than the default one. No pull request hears of it.
    pub fn push_branch(
        &self,
        repo: &str,
        branch: &str,
        by: &str,
        messages: &[&str],
        at: DateTime<Utc>,
    ) -> Delivery {
        let mut state = self.state();
        let now = state.stamp(at);
        let commit = |message: &&str| {
            let sha = shapes::sha(&format!("{repo} {branch} {message} {by} {now}"));
            (sha, (*message).to_owned())
        };
        let commits: Vec<(String, String)> = messages.iter().map(commit).collect();
        state.repo(repo).about["pushed_at"] = json!(now);
        let what = Pushed {
            branch,
            before: json!("0".repeat(40)),
            commits: commits
                .iter()
                .map(|(sha, message)| (sha.clone(), message.as_str()))
                .collect(),
        };
        state.deliver_push(repo, by, &what, &now)
    }

    /// Starts a workflow run. Gives its id.
    pub fn start_run(&self, repo: &str, new: &NewRun, at: DateTime<Utc>) -> (u64, Delivery) {
        let mut state = self.state();
        let (id, now) = (state.next_id(), state.stamp(at));
        let workflow_id = workflow(repo, &new.workflow)["id"].clone();
        let in_repo = state.repo(repo);
        let same = in_repo
            .runs
            .iter()
            .filter(|run| run["workflow_id"] == workflow_id)
            .count();
        let actor = shapes::user(&new.by);
        let run = json!({
            "id": id, "node_id": format!("WFR_{id:x}"), "name": new.workflow, "workflow_id": workflow_id,
            "head_branch": new.branch, "head_sha": new.sha, "display_title": new.branch,
            "path": workflow(repo, &new.workflow)["path"], "run_number": same + 1, "run_attempt": 1,
            "event": new.event, "status": "in_progress", "conclusion": null, "check_suite_id": id,
            "url": api(repo, &format!("/actions/runs/{id}")), "html_url": site(repo, &format!("/actions/runs/{id}")),
            "pull_requests": new.pulls.iter().map(|number| json!({ "number": number, "head": { "sha": new.sha } })).collect::<Vec<_>>(),
            "created_at": now, "updated_at": now, "run_started_at": now, "actor": actor, "triggering_actor": actor,
            "repository": in_repo.about,
        });
        in_repo.runs.push(run);
        (id, state.deliver_run(repo, id, "in_progress"))
    }

    /// Ends a workflow run with `conclusion`: `success`, `failure`, `cancelled`, `timed_out`, ...
    pub fn finish_run(&self, repo: &str, id: u64, conclusion: &str, at: DateTime<Utc>) -> Delivery {
        let mut state = self.state();
        let now = state.stamp(at);
        let run = state.run(repo, id);
        run["status"] = json!("completed");
        run["conclusion"] = json!(conclusion);
        run["updated_at"] = json!(now);
        state.deliver_run(repo, id, "completed")
    }

    /// Starts a workflow run again: the same id, the next attempt.
    pub fn rerun(&self, repo: &str, id: u64, at: DateTime<Utc>) -> Delivery {
        let mut state = self.state();
        let now = state.stamp(at);
        let run = state.run(repo, id);
        run["run_attempt"] = json!(run["run_attempt"].as_u64().unwrap_or_default() + 1);
        run["status"] = json!("in_progress");
        run["conclusion"] = Value::Null;
        run["run_started_at"] = json!(now);
        run["updated_at"] = json!(now);
        state.deliver_run(repo, id, "in_progress")
    }

    /// Creates a deployment. Gives its id.
    pub fn deploy(&self, repo: &str, new: &NewDeployment, at: DateTime<Utc>) -> (u64, Delivery) {
        let mut state = self.state();
        let (id, now) = (state.next_id(), state.stamp(at));
        let deployment = json!({
            "url": api(repo, &format!("/deployments/{id}")), "id": id, "node_id": format!("DE_{id:x}"),
            "task": "deploy", "original_environment": new.environment, "environment": new.environment,
            "description": null, "created_at": now, "updated_at": now, "creator": shapes::user(&new.by),
            "sha": new.sha, "ref": new.reference, "payload": {}, "transient_environment": false,
            "production_environment": new.environment == "production", "performed_via_github_app": null,
            "statuses_url": api(repo, &format!("/deployments/{id}/statuses")), "repository_url": api(repo, ""),
        });
        state.repo(repo).deployments.push(deployment.clone());
        let act = Act {
            repo,
            by: &new.by,
            action: "created",
        };
        (
            id,
            state.deliver(
                "deployment",
                &act,
                json!({ "deployment": deployment, "workflow": null, "workflow_run": null }),
            ),
        )
    }

    /// Adds a status to a deployment: `queued`, `in_progress`, `success`, `failure`, `error`, `inactive`, `pending`.
    ///
    /// # Panics
    /// The repository has no such deployment.
    pub fn deployment_status(
        &self,
        repo: &str,
        deployment: u64,
        status: &str,
        at: DateTime<Utc>,
    ) -> Delivery {
        let mut state = self.state();
        let (id, now) = (state.next_id(), state.stamp(at));
        let in_repo = state.repo(repo);
        let Some(target) = in_repo
            .deployments
            .iter_mut()
            .find(|item| item["id"] == deployment)
        else {
            panic!("the pretend GitHub has no deployment {deployment} in {repo}");
        };
        target["updated_at"] = json!(now);
        let target = target.clone();
        let by = target["creator"]["login"].as_str().unwrap_or_default().to_owned();
        let status = json!({
            "url": api(repo, &format!("/deployments/{deployment}/statuses/{id}")), "id": id,
            "node_id": format!("DES_{id:x}"), "state": status, "creator": target["creator"], "description": "",
            "environment": target["environment"], "target_url": "", "log_url": "", "environment_url": "",
            "created_at": now, "updated_at": now, "deployment_url": target["url"],
            "repository_url": api(repo, ""), "performed_via_github_app": null,
        });
        in_repo
            .statuses
            .entry(deployment)
            .or_default()
            .push(status.clone());
        let act = Act {
            repo,
            by: &by,
            action: "created",
        };
        state.deliver(
            "deployment_status",
            &act,
            json!({ "deployment_status": status, "deployment": target }),
        )
    }

    /// Publishes a release of the default branch.
    pub fn release(&self, repo: &str, tag: &str, by: &str, at: DateTime<Utc>) -> Delivery {
        let mut state = self.state();
        let (id, now) = (state.next_id(), state.stamp(at));
        let in_repo = state.repo(repo);
        let release = json!({
            "url": api(repo, &format!("/releases/{id}")), "html_url": site(repo, &format!("/releases/tag/{tag}")),
            "id": id, "node_id": format!("RE_{id:x}"), "tag_name": tag, "name": tag,
            "target_commitish": in_repo.about["default_branch"], "draft": false, "prerelease": false,
            "author": shapes::user(by), "created_at": now, "published_at": now, "assets": [], "body": "",
        });
        in_repo.releases.push(release.clone());
        state.deliver(
            "release",
            &Act {
                repo,
                by,
                action: "published",
            },
            json!({ "release": release }),
        )
    }
}

impl State {
    fn deliver_push(&mut self, repo: &str, by: &str, pushed: &Pushed<'_>, now: &str) -> Delivery {
        let commits: Vec<Value> = pushed
            .commits
            .iter()
            .map(|(sha, message)| {
                json!({
                    "id": sha, "message": message, "timestamp": now, "distinct": true,
                    "url": site(repo, &format!("/commit/{sha}")), "author": { "name": by, "username": by },
                })
            })
            .collect();
        let head = commits.last().cloned().unwrap_or_default();
        let about = json!({
            "ref": format!("refs/heads/{}", pushed.branch), "before": pushed.before, "after": head["id"],
            "created": false, "deleted": false, "forced": false, "commits": commits, "head_commit": head,
            "compare": site(repo, &format!("/compare/{}", pushed.branch)), "pusher": { "name": by },
        });
        let mut delivery = self.deliver("push", &Act { repo, by, action: "" }, about);
        if let Some(body) = delivery.body.as_object_mut() {
            body.remove("action");
        }
        delivery
    }

    fn run(&mut self, repo: &str, id: u64) -> &mut Value {
        match self.repo(repo).runs.iter_mut().find(|run| run["id"] == id) {
            Some(run) => run,
            None => panic!("the pretend GitHub has no workflow run {id} in {repo}"),
        }
    }

    fn deliver_run(&mut self, repo: &str, id: u64, action: &str) -> Delivery {
        let run = self.run(repo, id).clone();
        let by = run["actor"]["login"].as_str().unwrap_or_default().to_owned();
        let workflow = workflow(repo, run["name"].as_str().unwrap_or_default());
        self.deliver(
            "workflow_run",
            &Act {
                repo,
                by: &by,
                action,
            },
            json!({ "workflow_run": run, "workflow": workflow }),
        )
    }
}

fn workflow(repo: &str, name: &str) -> Value {
    let id = shapes::number(&format!("{repo} {name}"));
    json!({ "id": id, "name": name, "path": format!(".github/workflows/{}.yml", name.to_lowercase()), "state": "active" })
}
