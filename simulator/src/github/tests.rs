//! Purpose: the pretend GitHub behaves like the real one where readers of its API depend on it. Spoken to over plain
//! sockets, so that no HTTP client's kindness hides a difference.

use std::{collections::BTreeMap, fmt::Write, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::*;

const REPO: &str = "acme/api";

struct Reply {
    status: u16,
    headers: BTreeMap<String, String>,
    body: String,
}

impl Reply {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

fn at(minute: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_780_000_000, 0).unwrap() + TimeDelta::minutes(minute)
}

async fn started() -> GithubSimulator {
    let github = GithubSimulator::start("ghp_right").await.unwrap();
    github.world().add_repo(REPO, at(0));
    github
}

async fn ask(github: &GithubSimulator, path: &str, headers: &[(&str, &str)]) -> Reply {
    let address = github.api_url();
    let host = address.trim_start_matches("http://");
    let mut request = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n");
    for (name, value) in headers {
        write!(request, "{name}: {value}\r\n").unwrap();
    }
    let mut stream = TcpStream::connect(host).await.unwrap();
    stream
        .write_all(format!("{request}\r\n").as_bytes())
        .await
        .unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(k, v)| (k.to_lowercase(), v.to_owned()));
    Reply {
        status,
        headers: headers.collect(),
        body: body.to_owned(),
    }
}

async fn get(github: &GithubSimulator, path: &str) -> Reply {
    ask(
        github,
        path,
        &[("authorization", "Bearer ghp_right"), ("user-agent", "test")],
    )
    .await
}

#[tokio::test]
async fn only_a_known_token_and_a_user_agent_are_let_in() {
    let github = started().await;
    let path = "/repos/acme/api";
    assert_eq!(get(&github, path).await.json()["full_name"], REPO);
    assert_eq!(
        ask(
            &github,
            path,
            &[("authorization", "token ghp_right"), ("user-agent", "t")]
        )
        .await
        .status,
        200
    );
    let wrong = ask(
        &github,
        path,
        &[("authorization", "Bearer ghp_wrong"), ("user-agent", "t")],
    )
    .await;
    assert_eq!(
        (wrong.status, &wrong.json()["message"]),
        (401, &json!("Bad credentials"))
    );
    assert_eq!(ask(&github, path, &[("user-agent", "t")]).await.status, 401);
    assert_eq!(
        ask(&github, path, &[("authorization", "Bearer ghp_right")])
            .await
            .status,
        403
    );
    github.world().revoke_tokens();
    assert_eq!(get(&github, path).await.status, 401);
}

#[tokio::test]
async fn unknown_things_are_404() {
    let github = started().await;
    for path in [
        "/repos/acme/none",
        "/repos/acme/api/pulls/9",
        "/repos/acme/api/pulls/9/reviews",
        "/orgs/none/repos",
        "/x",
    ] {
        let reply = get(&github, path).await;
        assert_eq!(
            (reply.status, &reply.json()["message"]),
            (404, &json!("Not Found")),
            "{path}"
        );
    }
}

#[tokio::test]
async fn following_next_links_sees_every_pull_request_once() {
    let github = started().await;
    for number in 0..7 {
        github.world().open_pull(
            REPO,
            &NewPull::new(&format!("Change {number}"), "ana"),
            at(number),
        );
    }
    let mut url = "/repos/acme/api/pulls?state=all&sort=updated&direction=desc&per_page=3".to_owned();
    let mut numbers = Vec::new();
    let mut pages = 0;
    loop {
        let reply = get(&github, &url).await;
        pages += 1;
        numbers.extend(
            reply
                .json()
                .as_array()
                .unwrap()
                .iter()
                .map(|pull| pull["number"].as_u64().unwrap()),
        );
        assert_eq!(reply.header("link").contains("rel=\"last\""), pages < 3);
        let next = reply
            .header("link")
            .split(", ")
            .find(|link| link.ends_with("rel=\"next\""))
            .map(str::to_owned);
        let Some(next) = next else { break };
        let absolute = next
            .split_once('<')
            .unwrap()
            .1
            .split_once('>')
            .unwrap()
            .0
            .to_owned();
        assert!(absolute.starts_with(&github.api_url()), "{absolute}");
        url = absolute.trim_start_matches(&github.api_url()).to_owned();
    }
    assert_eq!((pages, numbers), (3, vec![7, 6, 5, 4, 3, 2, 1]));
    assert_eq!(
        get(&github, "/repos/acme/api/pulls?page=4&per_page=3")
            .await
            .json(),
        json!([])
    );
    assert_eq!(get(&github, "/repos/acme/api/pulls").await.header("link"), "");
}

#[tokio::test]
async fn unchanged_answer_is_304_and_costs_nothing_until_something_changes() {
    let github = started().await;
    let (pull, _) = github.world().open_pull(REPO, &NewPull::new("Fix", "ana"), at(1));
    let path = "/repos/acme/api/pulls";
    let first = get(&github, path).await;
    let left = github.world().budget().remaining;
    let again = |etag: String| {
        let github = &github;
        async move {
            let headers = [
                ("authorization", "Bearer ghp_right"),
                ("user-agent", "t"),
                ("if-none-match", etag.as_str()),
            ];
            ask(github, path, &headers).await
        }
    };
    let unchanged = again(first.header("etag").to_owned()).await;
    assert_eq!((unchanged.status, unchanged.body.as_str()), (304, ""));
    assert_eq!(unchanged.header("etag"), first.header("etag"));
    assert_eq!(github.world().budget().remaining, left);
    pull.label("ana", "bug", at(2));
    let changed = again(first.header("etag").to_owned()).await;
    assert_eq!(changed.status, 200);
    assert_eq!(github.world().budget().remaining, left - 1);
    assert_eq!(changed.header("x-ratelimit-remaining"), (left - 1).to_string());
}

#[tokio::test]
async fn used_up_budget_refuses_until_it_is_filled_again() {
    let github = started().await;
    let empty = Budget {
        limit: 5_000,
        remaining: 1,
        reset_at: Some(at(30)),
        refusal: 403,
    };
    github.world().set_budget(empty);
    assert_eq!(get(&github, "/repos/acme/api").await.status, 200);
    let refused = get(&github, "/repos/acme/api").await;
    assert_eq!(
        (refused.status, refused.header("x-ratelimit-remaining")),
        (403, "0")
    );
    assert_eq!(
        refused.header("x-ratelimit-reset"),
        at(30).timestamp().to_string()
    );
    assert_eq!(get(&github, "/rate_limit").await.json()["rate"]["remaining"], 0);
    github.world().set_budget(Budget {
        refusal: 429,
        ..empty
    });
    assert_eq!(get(&github, "/repos/acme/api").await.status, 200);
    assert_eq!(get(&github, "/repos/acme/api").await.status, 429);
}

#[tokio::test]
async fn faults_meet_the_next_matching_request_and_then_pass() {
    let github = started().await;
    let world = github.world();
    world.fail_next(
        "/repos/acme/api/pulls",
        Fault::SecondaryLimit {
            status: 403,
            retry_after: Some(60),
        },
    );
    world.fail_next("", Fault::Status(502));
    world.fail_next("", Fault::Garbage);
    assert_eq!(get(&github, "/user").await.status, 502);
    assert!(get(&github, "/user").await.body.starts_with("<html>"));
    let limited = get(&github, "/repos/acme/api/pulls").await;
    assert_eq!((limited.status, limited.header("retry-after")), (403, "60"));
    assert!(limited.body.contains("secondary rate limit"));
    assert_eq!(get(&github, "/repos/acme/api/pulls").await.status, 200);

    world.fail_next("", Fault::Cut);
    let broken = get(&github, "/repos/acme/api/pulls").await;
    assert!(
        broken.body.contains("[{\"number\":") && !broken.body.ends_with("0\r\n\r\n"),
        "{}",
        broken.body
    );
    world.fail_next("", Fault::Hang);
    assert!(
        timeout(Duration::from_millis(100), get(&github, "/user"))
            .await
            .is_err()
    );
    let statuses: Vec<u16> = world.calls().iter().map(|call| call.status).collect();
    assert_eq!(statuses, [502, 200, 403, 200, 200, 0]);
}

#[tokio::test]
async fn pull_request_shows_the_same_story_by_webhook_and_by_api() {
    let github = started().await;
    let (pull, opened) = github
        .world()
        .open_pull(REPO, &NewPull::new("Add limits", "ana"), at(1));
    assert_eq!(
        (opened.event, &opened.body["action"]),
        ("pull_request", &json!("opened"))
    );
    pull.request_review("ana", "bo", at(2));
    let synchronised = pull.push("ana", "Handle zero", at(3));
    assert_eq!(synchronised.body["after"], pull.head_sha().as_str());
    let reviewed = pull.review("bo", "changes_requested", at(4));
    assert_eq!(
        (reviewed.event, &reviewed.body["review"]["state"]),
        ("pull_request_review", &json!("changes_requested"))
    );
    assert!(reviewed.body["pull_request"].get("merged").is_none());

    let api = get(&github, "/repos/acme/api/pulls/1").await.json();
    assert_eq!(api["requested_reviewers"], json!([]));
    assert_eq!(
        (&api["commits"], &api["mergeable"], &api["updated_at"]),
        (&json!(2), &json!(true), &json!(shapes::stamp(at(4))))
    );
    assert_eq!(
        get(&github, "/repos/acme/api/pulls/1/reviews").await.json()[0]["state"],
        "CHANGES_REQUESTED"
    );
    assert_eq!(
        get(&github, "/repos/acme/api/pulls/1/commits")
            .await
            .json()
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[tokio::test]
async fn merged_pull_request_leaves_the_open_list_and_keeps_its_story() {
    let github = started().await;
    let (pull, _) = github
        .world()
        .open_pull(REPO, &NewPull::new("Add limits", "ana"), at(1));
    pull.request_review("ana", "bo", at(2));
    pull.push("ana", "Handle zero", at(3));
    pull.review("bo", "approved", at(4));
    let merged = pull.merge("ana", at(5));
    assert_eq!(
        (&merged.body["action"], &merged.body["pull_request"]["merged"]),
        (&json!("closed"), &json!(true))
    );
    assert_eq!(
        get(&github, "/repos/acme/api/pulls/1").await.json(),
        merged.body["pull_request"]
    );
    assert_eq!(get(&github, "/repos/acme/api/pulls").await.json(), json!([]));
    let listed = get(&github, "/repos/acme/api/pulls?state=closed").await.json();
    assert_eq!(listed[0]["merged_at"], json!(shapes::stamp(at(5))));
    assert!(listed[0].get("additions").is_none());
    let timeline = get(&github, "/repos/acme/api/issues/1/timeline").await.json();
    let events: Vec<&str> = timeline
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line["event"].as_str().unwrap())
        .collect();
    assert_eq!(
        events,
        [
            "committed",
            "review_requested",
            "committed",
            "reviewed",
            "merged",
            "closed"
        ]
    );
}

#[tokio::test]
async fn workflow_runs_are_listed_newest_first_and_filtered() {
    let github = started().await;
    let world = github.world();
    let (sha, pushed) = world.push(REPO, "ana", "Fix", at(1));
    assert_eq!((pushed.event, pushed.body.get("action")), ("push", None));
    let (old, _) = world.start_run(REPO, &NewRun::on_push("CI", "main", &sha, "ana"), at(2));
    let (new, _) = world.start_run(REPO, &NewRun::on_push("CI", "main", &sha, "ana"), at(20));
    let finished = world.finish_run(REPO, old, "failure", at(21));
    assert_eq!(
        (
            &finished.body["action"],
            &finished.body["workflow_run"]["conclusion"]
        ),
        (&json!("completed"), &json!("failure"))
    );
    let ids = |reply: Reply| {
        reply.json()["workflow_runs"]
            .as_array()
            .unwrap()
            .iter()
            .map(|run| run["id"].as_u64().unwrap())
            .collect::<Vec<_>>()
    };
    let runs = "/repos/acme/api/actions/runs";
    assert_eq!(ids(get(&github, runs).await), [new, old]);
    assert_eq!(
        ids(get(&github, &format!("{runs}?status=failure&branch=main")).await),
        [old]
    );
    let since = shapes::stamp(at(10)).replace(':', "%3A");
    assert_eq!(
        ids(get(&github, &format!("{runs}?created=%3E%3D{since}")).await),
        [new]
    );
    assert_eq!(
        ids(get(&github, &format!("{runs}?created=*..{since}")).await),
        [old]
    );
}

#[tokio::test]
async fn deployment_lists_its_statuses_newest_first() {
    let github = started().await;
    let world = github.world();
    let (sha, _) = world.push(REPO, "ana", "Fix", at(1));
    let deployment = NewDeployment {
        environment: "production".into(),
        sha,
        reference: "main".into(),
        by: "ana".into(),
    };
    let (id, _) = world.deploy(REPO, &deployment, at(3));
    world.deployment_status(REPO, id, "in_progress", at(4));
    let done = world.deployment_status(REPO, id, "success", at(5));
    assert_eq!(done.body["deployment"]["id"], id);
    let statuses = get(&github, &format!("/repos/acme/api/deployments/{id}/statuses"))
        .await
        .json();
    assert_eq!(
        (&statuses[0]["state"], &statuses[1]["state"]),
        (&json!("success"), &json!("in_progress"))
    );
    assert_eq!(
        get(&github, "/repos/acme/api/deployments?environment=staging")
            .await
            .json(),
        json!([])
    );
}

#[tokio::test]
async fn releases_comments_and_repositories_are_listed() {
    let github = started().await;
    let world = github.world();
    world.release(REPO, "v1.0.0", "ana", at(6));
    assert_eq!(
        get(&github, "/repos/acme/api/releases").await.json()[0]["tag_name"],
        "v1.0.0"
    );
    let (pull, _) = world.open_pull(REPO, &NewPull::new("Talk", "bo"), at(7));
    let comment = pull.comment("ana", "Why?", at(8));
    assert!(comment.body["issue"]["pull_request"].is_object());
    let since = shapes::stamp(at(9));
    assert_eq!(
        get(&github, &format!("/repos/acme/api/issues/comments?since={since}"))
            .await
            .json(),
        json!([])
    );
    assert_eq!(
        get(&github, "/repos/acme/api/issues/1/comments").await.json()[0]["body"],
        "Why?"
    );
    assert_eq!(
        get(&github, "/orgs/acme/repos").await.json()[0]["full_name"],
        REPO
    );
}
