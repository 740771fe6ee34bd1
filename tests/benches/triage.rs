//! Purpose: how long the answer to `/em-agent triage` takes with 20,000 open and 200,000 closed pull requests.
//!
//! `cargo bench -p em-tests --bench triage` prints a table: the store's part of the answer, on both engines.

#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run may stop")]

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use em_domain::ci_run::{CiOutcome, CiRun};
use em_domain::deployment::{Deployment, DeploymentState, DeploymentTarget};
use em_domain::event::{Origin, RawEvent, Source};
use em_domain::fact::{FactChange, Normalised};
use em_domain::id::{EventId, Login, RepositoryName};
use em_domain::pull_request::{Account, PullRequest, PullRequestKey, PullRequestState, Snapshot};
use em_domain::review::{Review, Verdict};
use em_domain::snooze::{Snooze, SnoozeReason};
use em_domain::stamped::Stamped;
use em_domain::triage::{TeamScope, TriageFilter};
use em_storage::Store;
use em_storage::testing::{Flush, PostgresServer, TestDatabase};
use ulid::Ulid;

const OPEN: i64 = 20_000;
const CLOSED: i64 = 200_000;
const REPOSITORIES: i64 = 50;
const PEOPLE: i64 = 500;
const SNOOZED: i64 = 200;
/// Questions per row of the table.
const ASKED: usize = 200;
const ROWS_PER_GROUP: u32 = 10;
const PER_BATCH: usize = 4_000;

#[tokio::main]
async fn main() {
    println!("{OPEN} open and {CLOSED} closed pull requests, {ASKED} questions each\n");
    println!("| engine | question | p50 ms | p95 ms | max ms |");
    println!("| --- | --- | ---: | ---: | ---: |");
    measure("SQLite", &TestDatabase::sqlite().await.store).await;
    let Some(server) = PostgresServer::start(Flush::On) else {
        return;
    };
    measure("PostgreSQL", &TestDatabase::postgres_on(&server).await.store).await;
}

/// What is asked, by name.
fn questions() -> [(&'static str, TriageFilter); 4] {
    let ignoring = TriageFilter {
        ignored_labels: vec!["on hold".to_owned(), "wip".to_owned()],
        ..TriageFilter::default()
    };
    let team = TeamScope {
        name: "one".to_owned(),
        repositories: (0..3).map(repository).collect(),
        members: (0..12).map(login).collect(),
    };
    [
        ("triage", ignoring.clone()),
        (
            "triage --team",
            TriageFilter {
                team: Some(team),
                ..ignoring.clone()
            },
        ),
        (
            "triage mine",
            TriageFilter {
                actor: Some(login(7)),
                ..ignoring.clone()
            },
        ),
        (
            "drafts and bots too",
            TriageFilter {
                with_bots: true,
                with_drafts: true,
                ..ignoring
            },
        ),
    ]
}

async fn measure(engine: &str, store: &Store) {
    fill(store).await;
    for (question, filter) in questions() {
        let report = store
            .triage()
            .report(&filter, now(), ROWS_PER_GROUP)
            .await
            .unwrap();
        assert!(
            report.groups.iter().any(|group| group.total > 0),
            "{question} has an answer"
        );
        let mut times = Vec::with_capacity(ASKED);
        for _ in 0..ASKED {
            let asked = Instant::now();
            store
                .triage()
                .report(&filter, now(), ROWS_PER_GROUP)
                .await
                .unwrap();
            times.push(asked.elapsed());
        }
        row(engine, question, times);
    }
    let mut times = Vec::with_capacity(ASKED);
    for number in (1..=OPEN).step_by(usize::try_from(OPEN).unwrap() / ASKED) {
        let asked = Instant::now();
        assert!(store.triage().find(&key(number), now()).await.unwrap().is_some());
        times.push(asked.elapsed());
    }
    row(engine, "Why here?", times);
}

fn row(engine: &str, question: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let ms = |percent: usize| times[(times.len() - 1) * percent / 100].as_secs_f64() * 1000.0;
    println!(
        "| {engine} | {question} | {:.1} | {:.1} | {:.1} |",
        ms(50),
        ms(95),
        ms(100)
    );
}

/// Reads the changes that [`fill`] writes as they are.
fn normalise(event: &RawEvent) -> Normalised {
    serde_json::from_slice(&event.payload).map_or_else(
        |error| Normalised::Unrecognised(error.to_string()),
        Normalised::Changes,
    )
}

async fn fill(store: &Store) {
    let numbers: Vec<i64> = (1..=OPEN + CLOSED).collect();
    for batch in numbers.chunks(PER_BATCH) {
        let events = batch.iter().map(|number| event(*number)).collect();
        store.events().append_batch(events, normalise).await.unwrap();
    }
    store.facts().finish_import().await.unwrap();
    for number in 1..=SNOOZED {
        let snooze = Snooze {
            subject: key(number * 7),
            reason: SnoozeReason::Parked,
            until: now() + TimeDelta::days(1),
            by: "U1".into(),
            created_at: now(),
        };
        store.snoozes().upsert(&snooze).await.unwrap();
    }
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_000_000, 0).unwrap()
}

fn minutes_ago(minutes: i64) -> DateTime<Utc> {
    now() - TimeDelta::minutes(minutes)
}

fn key(number: i64) -> PullRequestKey {
    PullRequestKey {
        repository: repository(number),
        number,
    }
}

fn repository(number: i64) -> RepositoryName {
    RepositoryName(format!("acme/service-{}", number % REPOSITORIES))
}

fn login(number: i64) -> Login {
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
