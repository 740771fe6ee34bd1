//! Purpose: what the benchmarks of open work look at: many open pull requests, and many more closed ones, with reviews,
//! CI runs and deployments.

use chrono::{DateTime, TimeDelta, Utc};
use em_domain::ci_run::{CiOutcome, CiRun};
use em_domain::deployment::{Deployment, DeploymentState, DeploymentTarget};
use em_domain::event::{Origin, RawEvent, Source};
use em_domain::fact::{FactChange, Normalised};
use em_domain::id::{EventId, Login, RepositoryName};
use em_domain::pull_request::{Account, PullRequest, PullRequestKey, PullRequestState, Snapshot};
use em_domain::review::{Review, Verdict};
use em_domain::stamped::Stamped;
use em_storage::Store;
use ulid::Ulid;

pub(crate) const OPEN: i64 = 20_000;
pub(crate) const CLOSED: i64 = 200_000;
const REPOSITORIES: i64 = 50;
const PEOPLE: i64 = 500;
const PER_BATCH: usize = 4_000;

/// Reads the changes that [`fill`] writes as they are.
fn normalise(event: &RawEvent) -> Normalised {
    serde_json::from_slice(&event.payload).map_or_else(
        |error| Normalised::Unrecognised(error.to_string()),
        Normalised::Changes,
    )
}

/// Stores the pull requests of these numbers; those up to [`OPEN`] are open.
pub(crate) async fn fill(store: &Store, numbers: std::ops::RangeInclusive<i64>) {
    let numbers: Vec<i64> = numbers.collect();
    for batch in numbers.chunks(PER_BATCH) {
        let events = batch.iter().map(|number| event(*number)).collect();
        store.events().append_batch(events, normalise).await.unwrap();
    }
    store.facts().finish_import().await.unwrap();
}

pub(crate) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_000_000, 0).unwrap()
}

pub(crate) fn minutes_ago(minutes: i64) -> DateTime<Utc> {
    now() - TimeDelta::minutes(minutes)
}

pub(crate) fn key(number: i64) -> PullRequestKey {
    PullRequestKey {
        repository: repository(number),
        number,
    }
}

pub(crate) fn repository(number: i64) -> RepositoryName {
    RepositoryName(format!("acme/service-{}", number % REPOSITORIES))
}

pub(crate) fn login(number: i64) -> Login {
    Login(format!("dev-{}", number % PEOPLE))
}

/// One event per pull request, with its review and CI run, and now and then a run of the default branch or a
/// deployment.
fn event(number: i64) -> RawEvent {
    let mut changes = vec![
        FactChange::PullRequest(Box::new(pull_request(number))),
        FactChange::CiRun(run(number)),
    ];
    if number % 3 == 0 {
        changes.push(FactChange::Review(review(number)));
    }
    if number % 20 == 0 {
        changes.push(FactChange::Deployment(Box::new(deployment(number))));
    }
    RawEvent {
        id: EventId::new(Ulid::new()),
        source: Source::github(),
        delivery_key: number.to_string(),
        event_type: "sample".to_owned(),
        origin: Origin::Import,
        occurred_at: None,
        received_at: now(),
        payload: serde_json::to_vec(&changes).unwrap(),
    }
}

fn pull_request(number: i64) -> PullRequest {
    let is_open = number <= OPEN;
    let ended = (!is_open).then(|| minutes_ago(number % 9_000));
    let labels = match number % 25 {
        0 => vec!["On hold".to_owned()],
        1 | 2 => vec!["backend".to_owned(), "bug".to_owned()],
        _ => vec!["backend".to_owned()],
    };
    let mut pull = PullRequest::new(key(number));
    pull.snapshot = Some(Stamped {
        at: minutes_ago(number % 8_000),
        value: Snapshot {
            state: if is_open {
                PullRequestState::Open
            } else {
                PullRequestState::Merged
            },
            is_ready: number % 9 != 0,
            requested_reviewers: if number % 2 == 0 {
                vec![login(number + 3)]
            } else {
                Vec::new()
            },
            requested_teams: Vec::new(),
            labels,
            author: Account {
                login: login(number),
                is_bot: number % 14 == 0,
            },
            title: format!("Make the thing number {number} do what people expect of it"),
            url: format!("https://github.com/acme/service/pull/{number}"),
            base_ref: "main".to_owned(),
            head_ref: format!("change-{number}"),
            head_sha: Some(format!("{number:040x}")),
            created_at: minutes_ago(10_000 + number % 5_000),
            closed_at: ended,
            merged_at: ended,
            merge_commit_sha: None,
            references: None,
            reverts: None,
        },
    });
    pull
}

fn review(number: i64) -> Review {
    let verdict = match number % 4 {
        0 => Verdict::ChangesRequested,
        1 => Verdict::Commented,
        _ => Verdict::Approved,
    };
    Review {
        pull_request: key(number),
        id: number,
        reviewer: Account {
            login: login(number + 3),
            is_bot: false,
        },
        verdict,
        submitted_at: minutes_ago(number % 7_000),
        url: "https://github.com/review".to_owned(),
    }
}

fn run(number: i64) -> CiRun {
    let on_default_branch = number % 4 == 0;
    CiRun {
        repository: repository(number),
        id: format!("workflow:{number}"),
        workflow: format!("CI {}", number % 3),
        head_sha: format!("{number:040x}"),
        branch: on_default_branch.then(|| "main".to_owned()),
        on_default_branch,
        attempt: 1,
        outcome: if number % 12 == 0 {
            CiOutcome::Failure
        } else {
            CiOutcome::Success
        },
        created_at: minutes_ago(number % 50_000 + 10),
        started_at: None,
        updated_at: minutes_ago(number % 50_000),
        url: "https://github.com/run".to_owned(),
    }
}

fn deployment(number: i64) -> Deployment {
    let created_at = minutes_ago(number % 50_000);
    Deployment {
        repository: repository(number),
        id: number,
        target: Stamped {
            at: created_at,
            value: DeploymentTarget {
                environment: if number % 40 == 0 { "staging" } else { "production" }.to_owned(),
                sha: format!("{number:040x}"),
                git_ref: "main".to_owned(),
                creator: Some(login(number)),
                created_at,
                url: "https://github.com/deployments".to_owned(),
            },
        },
        state: Stamped {
            at: created_at,
            value: if number % 60 == 0 {
                DeploymentState::Failure
            } else {
                DeploymentState::Success
            },
        },
        succeeded_at: None,
        log_url: None,
    }
}
