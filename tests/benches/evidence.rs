//! Purpose: how long a standup of 500 people takes over a day of 100,000 events, and that the weeks before do not make it
//! longer.
//!
//! `cargo bench -p em-tests --bench evidence` prints a table: reading the facts, working out who did what, drawing the
//! message, on both engines.

#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run may stop")]

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use em_blocks::people::People;
use em_blocks::row::RowSetting;
use em_blocks::standup::{StandupView, Whose, message_standup};
use em_domain::calendar::WorkCalendar;
use em_domain::deployment::{Deployment, DeploymentState, DeploymentTarget};
use em_domain::event::{Origin, RawEvent, Source};
use em_domain::evidence::{Evidence, Window, happened};
use em_domain::fact::{FactChange, Normalised};
use em_domain::id::{EventId, Login, RepositoryName};
use em_domain::issue::{IssueMove, Move};
use em_domain::person::Identity;
use em_domain::pull_request::{Account, PullRequest, PullRequestKey, PullRequestState, Snapshot};
use em_domain::push::Push;
use em_domain::review::{Review, Verdict};
use em_domain::stamped::Stamped;
use em_storage::Store;
use em_storage::testing::{Flush, PostgresServer, TestDatabase};
use ulid::Ulid;

const PEOPLE: i64 = 500;
const EVENTS_A_DAY: i64 = 100_000;
/// Days before the one that is asked about.
const DAYS_BEFORE: i64 = 5;
const REPOSITORIES: i64 = 50;
const PER_BATCH: usize = 4_000;
/// Standups per row of the table.
const STANDUPS: usize = 20;

#[tokio::main]
async fn main() {
    println!("{PEOPLE} people, {EVENTS_A_DAY} events a day\n");
    println!("| engine | days before | read ms | worked out ms | drawn ms | in all p50 ms | max ms |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: |");
    measure("SQLite", &TestDatabase::sqlite().await.store).await;
    let Some(server) = PostgresServer::start(Flush::On) else {
        return;
    };
    measure("PostgreSQL", &TestDatabase::postgres_on(&server).await.store).await;
}

async fn measure(engine: &str, store: &Store) {
    fill(store, 0).await;
    standups(engine, store, 0).await;
    for day in 1..=DAYS_BEFORE {
        fill(store, day).await;
    }
    standups(engine, store, DAYS_BEFORE).await;
}

async fn standups(engine: &str, store: &Store, days_before: i64) {
    let mut times = Vec::with_capacity(STANDUPS);
    for _ in 0..STANDUPS {
        times.push(standup(store).await);
    }
    times.sort_unstable_by_key(|[read, worked, drawn]| *read + *worked + *drawn);
    let ms = |time: Duration| time.as_secs_f64() * 1000.0;
    let sum = |[read, worked, drawn]: [Duration; 3]| ms(read + worked + drawn);
    let [read, worked, drawn] = times[STANDUPS / 2];
    println!(
        "| {engine} | {days_before} | {:.0} | {:.0} | {:.0} | {:.0} | {:.0} |",
        ms(read),
        ms(worked),
        ms(drawn),
        sum(times[STANDUPS / 2]),
        sum(times[STANDUPS - 1])
    );
}

/// One standup of everybody: the times of reading, working out and drawing.
async fn standup(store: &Store) -> [Duration; 3] {
    let person = |number| Identity {
        slack_user: None,
        login: Some(login(number)),
    };
    let people: Vec<Identity> = (0..PEOPLE).map(person).collect();
    let window = Window::since(midnight(), midnight() + TimeDelta::days(1));
    let started = Instant::now();
    let facts = store.evidence().list_facts(&people, window).await.unwrap();
    let read = started.elapsed();
    let lap = Instant::now();
    let repositories: Vec<RepositoryName> = (0..REPOSITORIES).map(repository).collect();
    let evidence = Evidence::new(
        people,
        &repositories,
        &happened(&facts, window),
        Vec::new(),
        window,
    );
    let worked = lap.elapsed();
    let lap = Instant::now();
    let calendar = WorkCalendar::default();
    let setting = RowSetting {
        calendar: &calendar,
        people: People::posted(),
        now: window.to,
    };
    let message = message_standup(&StandupView {
        evidence: &evidence,
        whose: Whose::Team("everybody"),
        setting,
    });
    assert!(message.blocks.is_some_and(|blocks| blocks.len() > 3));
    [read, worked, lap.elapsed()]
}

fn midnight() -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_052_800, 0).unwrap()
}

fn normalise(event: &RawEvent) -> Normalised {
    serde_json::from_slice(&event.payload).map_or_else(
        |error| Normalised::Unrecognised(error.to_string()),
        Normalised::Changes,
    )
}

/// Stores a day of events, so many days before the one that is asked about.
async fn fill(store: &Store, days_before: i64) {
    let first = days_before * EVENTS_A_DAY;
    let numbers: Vec<i64> = (first..first + EVENTS_A_DAY).collect();
    for batch in numbers.chunks(PER_BATCH) {
        let events = batch.iter().map(|number| event(*number, days_before)).collect();
        store.events().append_batch(events, normalise).await.unwrap();
    }
    store.facts().finish_import().await.unwrap();
}

fn event(number: i64, days_before: i64) -> RawEvent {
    let seconds = number % EVENTS_A_DAY * 86_000 / EVENTS_A_DAY;
    let at = midnight() - TimeDelta::days(days_before) + TimeDelta::seconds(seconds);
    RawEvent {
        id: EventId::new(Ulid::new()),
        source: Source::github(),
        delivery_key: number.to_string(),
        event_type: "sample".to_owned(),
        origin: Origin::Import,
        occurred_at: None,
        received_at: at,
        payload: serde_json::to_vec(&[change(number, at)]).unwrap(),
    }
}

/// Of ten events two are pull requests that are merged soon, three reviews, three pushes, one issue, one deployment.
fn change(number: i64, at: DateTime<Utc>) -> FactChange {
    match number % 10 {
        0 | 1 => FactChange::PullRequest(Box::new(pull_request(number, at))),
        2..=4 => FactChange::Review(Review {
            pull_request: key(number - number % 10),
            id: number,
            reviewer: account(number / 10 + 7),
            verdict: Verdict::Approved,
            submitted_at: at,
            url: "https://github.com/review".to_owned(),
        }),
        5..=7 => FactChange::Push(Push {
            repository: repository(number - number % 10),
            branch: format!("change-{}", number - number % 10 + number % 2),
            head_sha: format!("{number:040x}"),
            author: account(number / 10),
            at,
            commits: 2,
            on_default_branch: false,
            title: "One step further".to_owned(),
            url: "https://github.com/compare".to_owned(),
        }),
        8 => FactChange::IssueMove(Box::new(IssueMove {
            seen_at: at,
            issue: key(number),
            kind: Move::Closed,
            by: account(number / 10),
            at,
            title: "The thing does not do what people expect of it".to_owned(),
            url: "https://github.com/issue".to_owned(),
        })),
        _ => FactChange::Deployment(Box::new(deployment(number, at))),
    }
}

fn repository(number: i64) -> RepositoryName {
    RepositoryName(format!("acme/service-{}", number % REPOSITORIES))
}

fn login(number: i64) -> Login {
    Login(format!("dev-{}", number % PEOPLE))
}

fn account(number: i64) -> Account {
    Account {
        login: login(number),
        is_bot: false,
    }
}

fn key(number: i64) -> PullRequestKey {
    PullRequestKey {
        repository: repository(number),
        number: number + 1,
    }
}

fn pull_request(number: i64, at: DateTime<Utc>) -> PullRequest {
    let merged = at + TimeDelta::minutes(5);
    let mut pull = PullRequest::new(key(number));
    pull.snapshot = Some(Stamped {
        at: merged,
        value: Snapshot {
            state: PullRequestState::Merged,
            is_ready: true,
            requested_reviewers: Vec::new(),
            requested_teams: Vec::new(),
            labels: vec!["backend".to_owned()],
            author: account(number / 10),
            title: format!("Make the thing number {number} do what people expect of it"),
            url: format!("https://github.com/acme/service/pull/{number}"),
            base_ref: "main".to_owned(),
            head_ref: format!("change-{number}"),
            head_sha: Some(format!("{number:040x}")),
            created_at: at,
            closed_at: Some(merged),
            merged_at: Some(merged),
            merge_commit_sha: Some(format!("f{number:039x}")),
            references: None,
            reverts: None,
        },
    });
    pull
}

fn deployment(number: i64, at: DateTime<Utc>) -> Deployment {
    Deployment {
        repository: repository(number),
        id: number,
        target: Stamped {
            at,
            value: DeploymentTarget {
                environment: "production".to_owned(),
                sha: format!("{number:040x}"),
                git_ref: "main".to_owned(),
                creator: Some(login(number / 10)),
                created_at: at,
                url: "https://github.com/deployments".to_owned(),
            },
        },
        state: Stamped {
            at,
            value: DeploymentState::Success,
        },
        succeeded_at: Some(at),
        log_url: None,
    }
}
