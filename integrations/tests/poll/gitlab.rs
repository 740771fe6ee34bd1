//! Purpose: GitLab, polled: what it tells at the first look and later, and that its webhooks tell the same.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use em_domain::event::RawEvent;
use em_domain::fact::FactChange;
use em_domain::review::Verdict;
use em_simulator::gitlab::{GitlabSimulator, TOKEN};
use serde_json::{Value, json};

use crate::support::{Round, at, delivered, facts, poller, round, try_round};

const PROJECT: &str = "acme/shop/checkout";
const SHA: &str = "1d4c6b5b1f0c9e7d3a4b2c8e6f1a0d9c7b5e3f2a";

fn start() -> DateTime<Utc> {
    at("2026-06-01T08:00:00Z")
}

fn hour(hours: i64) -> DateTime<Utc> {
    start() + TimeDelta::hours(hours)
}

async fn gitlab() -> GitlabSimulator {
    let gitlab = GitlabSimulator::start().await.unwrap();
    gitlab.add_project(PROJECT, "private");
    gitlab
}

/// What was not told before.
fn news<'a>(before: &Round, after: &'a Round) -> Vec<&'a RawEvent> {
    let known: BTreeSet<&str> = before.keys().into_iter().collect();
    let is_new = |event: &&RawEvent| !known.contains(event.delivery_key.as_str());
    after.events.iter().filter(is_new).collect()
}

#[tokio::test]
async fn a_first_look_reads_all_pages_of_every_list_and_a_second_one_tells_nothing_new() {
    let gitlab = gitlab().await;
    for number in 0..7 {
        gitlab.open(PROJECT, &format!("Change {number}"), "ana", hour(number));
        gitlab.run(PROJECT, "main", SHA, hour(number));
        gitlab.deploy(PROJECT, "production", SHA, "ana", hour(number));
        gitlab.write(PROJECT, &format!("Bug {number}"), "ISSUE", "bo", hour(number));
        gitlab.release(PROJECT, &format!("v{number}"), "ana", hour(number));
    }
    gitlab.release(PROJECT, "v-ancient", "ana", hour(-24 * 40));
    let poller = poller("gitlab", &gitlab.api_url(), TOKEN, &[PROJECT]);
    let first = round(&*poller, None, hour(10)).await;
    assert_eq!(first.problems, []);
    let facts = first.facts();
    let count = |kind: &str| facts.keys().filter(|key| key.starts_with(kind)).count();
    let counts = ["pull", "run", "deployment", "move", "release"].map(count);
    assert_eq!(counts, [7, 7, 7, 7, 7], "{:?}", facts.keys());
    let calls = gitlab.calls();
    assert!(calls.iter().any(|call| call.contains("page=2")));
    let of_issues = calls.iter().filter(|call| call.contains("/issues?"));
    assert!(of_issues.clone().count() > 0);
    assert!(of_issues.clone().all(|call| call.contains("confidential=false")));

    let again = round(&*poller, None, hour(10)).await;
    assert_eq!(
        again.keys(),
        first.keys(),
        "the same state is told under the same keys"
    );
    let next = round(&*poller, Some(first.place.clone()), hour(11)).await;
    assert_eq!(news(&first, &next), Vec::<&RawEvent>::new());
}

#[tokio::test]
async fn a_change_is_told_in_the_next_round_and_nothing_else() {
    let gitlab = gitlab().await;
    for number in 0..7 {
        gitlab.open(PROJECT, &format!("Change {number}"), "ana", hour(number));
        gitlab.write(PROJECT, "Bug", "ISSUE", "bo", hour(number));
    }
    let run = gitlab.run(PROJECT, "main", SHA, hour(1));
    let poller = poller("gitlab", &gitlab.api_url(), TOKEN, &[PROJECT]);
    let first = round(&*poller, None, hour(10)).await;
    gitlab.review(PROJECT, 2, "bo", "approved", hour(11));
    gitlab.finish(PROJECT, run, "failed", hour(11));
    gitlab.close(PROJECT, 3, "cy", hour(11));
    let second = round(&*poller, Some(first.place.clone()), hour(12)).await;
    let news = news(&first, &second);
    let kinds: Vec<&str> = news.iter().map(|event| event.event_type.as_str()).collect();
    assert_eq!(kinds, ["polled.merge_request", "pipeline", "polled.issue"]);
    let facts = facts(news);
    let told: Vec<&str> = facts.keys().map(String::as_str).collect();
    assert_eq!(told.len(), 6, "{told:?}");
    assert!(told.contains(&"move acme/shop/checkout#3 closed cy 2026-06-01 19:00:00 UTC"));
    let is_approval =
        |fact: &FactChange| matches!(fact, FactChange::Review(review) if review.verdict == Verdict::Approved);
    assert_eq!(facts.values().filter(|fact| is_approval(fact)).count(), 1);
}

fn project() -> Value {
    json!({
        "path_with_namespace": PROJECT, "default_branch": "main", "visibility_level": 0,
        "web_url": format!("https://gitlab.acme.example/{PROJECT}"),
    })
}

fn user(name: &str) -> Value {
    json!({ "id": name.bytes().map(u32::from).sum::<u32>(), "username": name, "name": name })
}

/// As most webhooks write it.
fn stamp(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

fn reviewer(state: &str) -> Value {
    let mut bo = user("bo");
    bo["state"] = json!(state);
    bo["re_requested"] = json!(false);
    bo
}

/// A merge request webhook, as docs.gitlab.com shows it.
fn told(action: &str, state: &str, by: &str, bo: Option<&str>, at: DateTime<Utc>) -> Value {
    let reviewers: Vec<Value> = bo.into_iter().map(reviewer).collect();
    let sha = if hour(4) <= at {
        SHA
    } else {
        "5b1f0c9e7d3a4b2c8e6f1a0d9c7b5e3f2a1d4c6b"
    };
    json!({
        "object_kind": "merge_request", "user": user(by), "project": project(),
        "object_attributes": {
            "iid": 1, "author_id": user("ana")["id"], "title": "PAY-12: retry", "description": "Closes #4.",
            "state": state, "action": action, "source_branch": "retry", "target_branch": "main",
            "created_at": stamp(hour(0)), "updated_at": stamp(at), "draft": false, "merge_status": "can_be_merged",
            "detailed_merge_status": "mergeable", "last_commit": { "id": sha },
            "merge_commit_sha": (state == "merged").then_some("9e7d3a4b2c8e6f1a0d9c7b5e3f2a1d4c6b5b1f0c"),
            "url": format!("https://gitlab.acme.example/{PROJECT}/-/merge_requests/1"),
        },
        "labels": [{ "id": 3, "title": "payments" }], "assignees": [], "reviewers": reviewers, "changes": {},
    })
}

/// The life of a merge request: asked for a review, changes wanted, pushed, approved, merged.
fn merge_request_story(gitlab: &GitlabSimulator) -> Vec<Value> {
    gitlab.open(PROJECT, "PAY-12: retry", "ana", hour(0));
    let mut all = vec![told("open", "opened", "ana", None, hour(0))];
    gitlab.ask(PROJECT, 1, "bo", hour(1));
    let mut asked = told("update", "opened", "ana", Some("unreviewed"), hour(1));
    asked["changes"]["reviewers"] = json!({ "previous": [], "current": [reviewer("unreviewed")] });
    all.push(asked);
    gitlab.review(PROJECT, 1, "bo", "requested_changes", hour(2));
    let mut wanted = told("update", "opened", "bo", Some("requested_changes"), hour(2));
    wanted["changes"]["reviewers"] =
        json!({ "previous": [reviewer("unreviewed")], "current": [reviewer("requested_changes")] });
    all.push(wanted);
    let note = gitlab.comment(PROJECT, 1, "bo", "A word of mine", hour(3));
    all.push(json!({
        "object_kind": "note", "user": user("bo"), "project": project(), "merge_request": { "iid": 1 },
        "object_attributes": { "id": note, "created_at": stamp(hour(3)), "system": false, "action": "create" },
    }));
    gitlab.push(PROJECT, 1, "ana", SHA, hour(4));
    let mut pushed = told("update", "opened", "ana", Some("requested_changes"), hour(4));
    pushed["object_attributes"]["oldrev"] = json!("5b1f0c9e7d3a4b2c8e6f1a0d9c7b5e3f2a1d4c6b");
    all.push(pushed);
    gitlab.review(PROJECT, 1, "bo", "approved", hour(5));
    all.push(told("approved", "opened", "bo", Some("approved"), hour(5)));
    gitlab.end(PROJECT, 1, "merged", "bo", hour(6));
    all.push(told("merge", "merged", "bo", Some("approved"), hour(6)));
    all
}

/// A pipeline and a deployment, each from running to success.
fn delivery_story(gitlab: &GitlabSimulator) -> Vec<Value> {
    let run = gitlab.run(PROJECT, "main", SHA, hour(7));
    gitlab.finish(PROJECT, run, "success", hour(8));
    let pipeline = |status: &str, finished_at: Option<DateTime<Utc>>| {
        json!({
            "object_kind": "pipeline", "project": project(),
            "object_attributes": {
                "id": run, "name": "Build", "ref": "main", "tag": false, "sha": SHA, "source": "push", "status": status,
                "created_at": stamp(hour(7)), "finished_at": finished_at.map(stamp),
                "url": format!("https://gitlab.acme.example/{PROJECT}/-/pipelines/{run}"),
            },
            "builds": [{ "started_at": stamp(hour(7)) }],
        })
    };
    let id = gitlab.deploy(PROJECT, "production", SHA, "ana", hour(9));
    gitlab.deployed(PROJECT, id, "success", hour(10));
    let deployment = |status: &str, at: DateTime<Utc>| {
        json!({
            "object_kind": "deployment", "deployment_id": id, "status": status, "status_changed_at": stamp(at),
            "environment": "production", "ref": "main", "short_sha": &SHA[..8], "user": user("ana"), "project": project(),
            "commit_url": format!("https://gitlab.acme.example/{PROJECT}/-/commit/{SHA}"),
            "deployable_url": format!("https://gitlab.acme.example/{PROJECT}/-/jobs/664"),
        })
    };
    vec![
        pipeline("running", None),
        pipeline("success", Some(hour(8))),
        deployment("running", hour(9)),
        deployment("success", hour(10)),
    ]
}

/// An incident, and a release.
fn other_story(gitlab: &GitlabSimulator) -> Vec<Value> {
    let number = gitlab.write(PROJECT, "Payments are slow", "INCIDENT", "ana", hour(11));
    gitlab.close(PROJECT, number, "bo", hour(12));
    let issue = |action: &str, state: &str, by: &str, at: DateTime<Utc>| {
        json!({
            "object_kind": "issue", "user": user(by), "project": project(), "assignees": [user("bo")], "changes": {},
            "object_attributes": {
                "iid": number, "title": "Payments are slow", "type": "Incident", "severity": "high", "state": state,
                "action": action, "created_at": stamp(hour(11)), "updated_at": stamp(at),
                "closed_at": (state == "closed").then(|| stamp(at)),
                "url": format!("https://gitlab.acme.example/{PROJECT}/-/issues/{number}"),
            },
        })
    };
    gitlab.release(PROJECT, "v1.1", "ana", hour(13));
    let release = json!({
        "object_kind": "release", "id": 1, "action": "create", "tag": "v1.1", "name": "v1.1", "project": project(),
        "created_at": stamp(hour(13)), "released_at": stamp(hour(13)),
        "url": format!("https://gitlab.acme.example/{PROJECT}/-/releases/v1.1"),
    });
    vec![
        issue("open", "opened", "ana", hour(11)),
        issue("close", "closed", "bo", hour(12)),
        release,
    ]
}

/// The facts without what one of the two ways cannot know: only webhooks tell when somebody was given an issue and whether a
/// merge request that has ended had conflicts; only the API names who published a release, and later who opened what.
fn comparable<'a>(events: impl IntoIterator<Item = &'a RawEvent>) -> BTreeMap<String, FactChange> {
    let mut facts = facts(events);
    facts.retain(|key, _| !key.contains(" assigned "));
    for fact in facts.values_mut() {
        if let FactChange::PullRequest(pull) = fact {
            pull.conflicts = None;
            let author = pull.opened_by.take().unwrap().value;
            assert_eq!(author, pull.snapshot.as_ref().unwrap().value.author);
        }
        if let FactChange::Release(release) = fact {
            release.author = None;
        }
        if let FactChange::IssueMove(one) = fact {
            one.seen_at = one.at;
        }
    }
    facts
}

#[tokio::test]
async fn webhooks_and_polls_of_one_history_give_the_same_facts() {
    let gitlab = gitlab().await;
    let mut bodies = merge_request_story(&gitlab);
    bodies.extend(delivery_story(&gitlab));
    bodies.extend(other_story(&gitlab));
    let told: Vec<RawEvent> = bodies.iter().map(|body| delivered("gitlab", &[], body)).collect();
    let poller = poller("gitlab", &gitlab.api_url(), TOKEN, &[PROJECT]);
    let found = round(&*poller, None, hour(20)).await;
    let (by_webhook, by_poll) = (comparable(&told), comparable(&found.events));
    assert_eq!(by_webhook.len(), 11, "{:?}", by_webhook.keys());
    for (key, fact) in &by_webhook {
        assert_eq!(by_poll.get(key), Some(fact), "{key}");
    }
    assert_eq!(by_poll.len(), by_webhook.len(), "{:?}", by_poll.keys());
    let both = comparable(told.iter().chain(&found.events));
    assert_eq!(both, by_poll, "and both together say no more than either");
}

#[tokio::test]
async fn an_approval_that_its_webhook_tells_a_moment_later_is_one_review() {
    let gitlab = gitlab().await;
    gitlab.open(PROJECT, "PAY-12: retry", "ana", hour(0));
    gitlab.review(
        PROJECT,
        1,
        "bo",
        "approved",
        hour(5) + TimeDelta::milliseconds(125),
    );
    let mut body = told("approved", "opened", "bo", None, hour(5));
    body["object_attributes"]["actioned_at"] = json!("2026-06-01T13:00:04.250Z");
    let told = delivered("gitlab", &[], &body);
    let poller = poller("gitlab", &gitlab.api_url(), TOKEN, &[PROJECT]);
    let found = round(&*poller, None, hour(20)).await;
    let facts = facts(found.events.iter().chain([&told]));
    let reviews: Vec<&FactChange> = facts
        .iter()
        .filter(|(key, _)| key.starts_with("review"))
        .map(|(_, fact)| fact)
        .collect();
    let [FactChange::Review(review)] = reviews.as_slice() else {
        panic!("{reviews:?}")
    };
    assert_eq!(review.submitted_at, at("2026-06-01T13:00:04.250Z"));
}

#[tokio::test]
async fn an_approval_that_is_taken_back_and_a_draft_that_ends_are_told_and_no_remarks_words_are_kept() {
    let gitlab = gitlab().await;
    gitlab.open(PROJECT, "PAY-12: retry", "ana", hour(0));
    gitlab.ready(PROJECT, 1, "ana", hour(1));
    gitlab.review(PROJECT, 1, "bo", "approved", hour(2));
    gitlab.review(PROJECT, 1, "bo", "unapproved", hour(3));
    gitlab.comment(PROJECT, 1, "cy", "approved this merge request", hour(4));
    let poller = poller("gitlab", &gitlab.api_url(), TOKEN, &[PROJECT]);
    let found = round(&*poller, None, hour(20)).await;
    let facts = found.facts();
    let mut verdicts: Vec<(Verdict, DateTime<Utc>)> = facts
        .values()
        .filter_map(|fact| {
            let FactChange::Review(review) = fact else {
                return None;
            };
            Some((review.verdict, review.submitted_at))
        })
        .collect();
    verdicts.sort();
    assert_eq!(
        verdicts,
        [(Verdict::Approved, hour(2)), (Verdict::Withdrawn, hour(3))]
    );
    let FactChange::PullRequest(pull) = &facts["pull acme/shop/checkout#1"] else {
        panic!()
    };
    assert_eq!(pull.ready_at, Some(hour(1)));
    let payload = String::from_utf8(found.events[0].payload.clone()).unwrap();
    assert_eq!(payload.matches("\"approved this merge request\"").count(), 1);
}

#[tokio::test]
async fn a_wrong_token_ends_the_round_and_says_which_one() {
    let gitlab = gitlab().await;
    let poller = poller("gitlab", &gitlab.api_url(), "glpat-wrong", &[PROJECT]);
    let error = try_round(&*poller, None, hour(1)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot be read: GitLab does not accept GITLAB_TOKEN"
    );
}

#[tokio::test]
async fn what_cannot_be_read_keeps_nothing_else_from_being_read() {
    let gitlab = gitlab().await;
    gitlab.open(PROJECT, "PAY-12: retry", "ana", hour(0));
    gitlab.add_project("acme/secret", "private");
    gitlab.hide("acme/secret");
    let things = ["acme/secret", "checkout", PROJECT];
    let poller = poller("gitlab", &gitlab.api_url(), TOKEN, &things);
    let found = round(&*poller, None, hour(1)).await;
    assert_eq!(found.events.len(), 1);
    let said = found.said();
    assert_eq!(said.len(), 10, "{said:?}");
    assert_eq!(
        said[0],
        "merge requests of acme/secret is not there, or GITLAB_TOKEN may not see it"
    );
    assert_eq!(
        said[9],
        "releases of checkout cannot be read: [integrations.gitlab] lists projects as `group/project`"
    );
    assert!(
        !gitlab
            .calls()
            .iter()
            .any(|call| call.contains("projects/checkout"))
    );
}

#[tokio::test]
async fn parts_that_a_project_does_without_are_not_asked_for() {
    let gitlab = gitlab().await;
    gitlab.switch_off(PROJECT, "builds");
    let poller = poller("gitlab", &gitlab.api_url(), TOKEN, &[PROJECT]);
    let found = round(&*poller, None, hour(1)).await;
    assert_eq!(found.problems, []);
    let calls = gitlab.calls();
    assert!(!calls.iter().any(|call| call.contains("/pipelines")), "{calls:?}");
    assert_eq!(
        calls.len(),
        5,
        "the project once, and each of the other lists: {calls:?}"
    );
}
