//! Purpose: the demo's written sample data states what its README says: whose turn each pull request is, and why.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;

use em_domain::ci_run::{CiOutcome, CiRun};
use em_domain::deployment::DeploymentState;
use em_domain::event::RawEvent;
use em_domain::fact::FactChange;
use em_domain::id::EventId;
use em_domain::review::{Comment, Review};
use em_domain::triage::{Reason, Surroundings, waiting};
use em_integrations::recorded::recorded;
use flate2::read::GzDecoder;
use ulid::Ulid;

use crate::support::{at, facts};

fn file(name: &str) -> std::fs::File {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../bot/demo");
    std::fs::File::open(folder.join(name)).unwrap()
}

fn events(lines: impl std::io::Read) -> Vec<RawEvent> {
    let read = |line: std::io::Result<String>| {
        recorded(
            line.unwrap().as_bytes(),
            at("2026-01-15T10:00:00Z"),
            EventId::new(Ulid::nil()),
        )
        .unwrap()
    };
    BufReader::new(lines).lines().map(read).collect()
}

/// The written week.
pub(crate) fn scenario() -> Vec<RawEvent> {
    events(file("scenario.jsonl"))
}

/// Everything known, taken apart by kind.
struct World {
    facts: BTreeMap<String, FactChange>,
    reviews: Vec<Review>,
    comments: Vec<Comment>,
    runs: Vec<CiRun>,
}

fn world() -> World {
    let facts = facts(&scenario());
    let (mut reviews, mut comments, mut runs) = (Vec::new(), Vec::new(), Vec::new());
    for fact in facts.values() {
        match fact {
            FactChange::Review(review) => reviews.push(review.clone()),
            FactChange::Comment(comment) => comments.push(comment.clone()),
            FactChange::CiRun(run) => runs.push(run.clone()),
            FactChange::PullRequest(_)
            | FactChange::Deployment(_)
            | FactChange::Release(_)
            | FactChange::Incident(_)
            | FactChange::Push(_)
            | FactChange::IssueMove(_)
            | FactChange::Repository(_)
            | FactChange::AccountEmail(_) => {}
        }
    }
    World {
        facts,
        reviews,
        comments,
        runs,
    }
}

fn reason(reason: &Reason) -> &'static str {
    match reason {
        Reason::ReviewRequested { .. } => "review requested",
        Reason::ReviewAnswered => "review answered",
        Reason::NobodyAsked => "nobody asked",
        Reason::ChangesRequested { .. } => "changes requested",
        Reason::Commented { .. } => "remarks",
        Reason::Conflicts => "conflicts",
        Reason::CiRed { .. } => "CI red",
        Reason::CiRunning { .. } => "CI running",
        Reason::Approved => "approved",
        Reason::Draft => "draft",
    }
}

#[test]
fn every_open_pull_request_waits_for_what_the_readme_says() {
    let World {
        facts,
        reviews,
        comments,
        runs,
    } = world();
    let mut lines = Vec::new();
    for fact in facts.values() {
        let FactChange::PullRequest(pull) = fact else {
            continue;
        };
        let Some(snapshot) = pull.open() else { continue };
        let mine = |key| key == &pull.key;
        let reviews: Vec<Review> = reviews
            .iter()
            .filter(|r| mine(&r.pull_request))
            .cloned()
            .collect();
        let comments: Vec<Comment> = comments
            .iter()
            .filter(|c| mine(&c.pull_request))
            .cloned()
            .collect();
        let head = snapshot.head_sha.clone().unwrap();
        let runs: Vec<CiRun> = runs.iter().filter(|run| run.head_sha == head).cloned().collect();
        let around = Surroundings {
            reviews: &reviews,
            comments: &comments,
            runs: &runs,
        };
        let waiting = waiting(pull, around).unwrap();
        let actors: Vec<&str> = waiting.actors.iter().map(em_domain::id::Login::as_str).collect();
        lines.push(format!(
            "{} {}: {} {actors:?} since {}",
            pull.key,
            waiting.turn.as_str(),
            reason(&waiting.reason),
            waiting.since.format("%a %H:%M")
        ));
    }
    let expected = [
        "acme/checkout#211 merge: approved [\"ben-okafor\"] since Tue 10:05",
        "acme/checkout#214 reviewer: review answered [\"fatima-k\"] since Wed 13:05",
        "acme/checkout#219 ci: CI running [\"fatima-k\"] since Thu 09:35",
        "acme/checkout#221 reviewer: nobody asked [] since Wed 05:12",
        "acme/infra#61 author: remarks [\"dmitri-v\"] since Wed 14:20",
        "acme/infra#79 reviewer: nobody asked [] since Mon 16:20",
        "acme/infra#85 merge: approved [\"chloe-m\"] since Wed 15:10",
        "acme/infra#88 reviewer: review requested [] since Wed 11:00",
        "acme/infra#91 author: draft [\"chloe-m\"] since Mon 13:30",
        "atuinsh/atuin#3975 author: conflicts [\"ana-ruiz\"] since Tue 16:45",
        "atuinsh/atuin#3978 author: changes requested [\"fatima-k\"] since Tue 15:30",
        "atuinsh/atuin#3981 reviewer: review requested [\"ana-ruiz\", \"ben-okafor\"] since Mon 09:10",
        "atuinsh/atuin#3984 author: remarks [\"ben-okafor\"] since Wed 10:20",
        "atuinsh/atuin#3986 reviewer: nobody asked [] since Tue 14:05",
        "atuinsh/atuin#3988 ci: CI red [\"dmitri-v\"] since Wed 16:02",
        "atuinsh/atuin#3990 reviewer: review requested [\"chloe-m\"] since Thu 08:30",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn main_went_red_five_hours_ago_and_the_last_deployment_to_staging_failed() {
    let World { facts, runs, .. } = world();
    let mut main: Vec<&CiRun> = runs
        .iter()
        .filter(|run| run.on_default_branch && run.repository.as_str() == "acme/checkout")
        .collect();
    main.sort_by_key(|run| run.created_at);
    let outcomes: Vec<CiOutcome> = main.iter().map(|run| run.outcome).collect();
    assert_eq!(
        outcomes,
        [CiOutcome::Success, CiOutcome::Success, CiOutcome::Failure]
    );
    assert_eq!(main[2].updated_at, at("2026-01-15T05:00:00Z"));

    let to_staging = facts.values().filter_map(|fact| {
        let FactChange::Deployment(deployment) = fact else {
            return None;
        };
        (deployment.target.value.environment == "staging").then_some(deployment)
    });
    let last = to_staging
        .max_by_key(|deployment| deployment.target.value.created_at)
        .unwrap();
    assert_eq!(
        (last.state.value, last.state.at),
        (DeploymentState::Failure, at("2026-01-14T16:34:00Z"))
    );
}

#[test]
fn everybody_can_be_found_by_address() {
    let World { facts, .. } = world();
    let addresses: Vec<&str> = facts
        .keys()
        .filter_map(|key| key.strip_prefix("email "))
        .collect();
    assert_eq!(
        addresses,
        [
            "ana-ruiz ana@acme.example",
            "ben-okafor ben@acme.example",
            "chloe-m chloe@acme.example",
            "dmitri-v dmitri@acme.example",
            "fatima-k fatima@acme.example",
        ]
    );
}

#[test]
fn the_real_history_ends_before_the_sample_and_is_read_whole() {
    let history = events(GzDecoder::new(file("history.jsonl.gz")));
    let facts = facts(&history);
    let count = |kind: &str| facts.keys().filter(|key| key.starts_with(kind)).count();
    assert_eq!(
        (
            history.len(),
            count("pull "),
            count("deployment "),
            count("release ")
        ),
        (706, 571, 45, 45)
    );
    let last = history.iter().filter_map(|event| event.occurred_at).max();
    assert_eq!(last, Some(at("2026-01-10T19:22:20Z")));
}
