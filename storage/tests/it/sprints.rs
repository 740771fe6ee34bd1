//! Purpose: how work goes, and what was told of it before.

use chrono::{DateTime, Utc};
use em_domain::deployment::{Deployment, DeploymentState, DeploymentTarget};
use em_domain::fact::FactChange;
use em_domain::pull_request::{PullRequest, PullRequestState};
use em_domain::review::{Review, Verdict};
use em_domain::sprint::promise::{End, Promise};
use em_domain::sprint::{EndedDeployment, EndedPull, FirstReview, WorkFacts};
use em_domain::stamped::Stamped;
use em_domain::triage::TeamScope;
use em_storage::testing::TestDatabase;
use em_storage::{WorkOf, both_engines};

use crate::support::{at, event, key, normalise, open, person, says, with};

both_engines!(
    what_is_open_and_what_ended_is_told_of_the_asked_time_and_team,
    the_first_review_by_somebody_else_counts_and_only_where_it_fell_into_the_time,
    deployments_that_ended_are_told_by_repository,
    a_forecast_is_kept_once_for_each_post_and_quoted_by_the_next_one,
);

async fn tell(db: &TestDatabase, changes: &[FactChange]) {
    db.store.events().append(event("all", changes)).await.unwrap();
    db.store.facts().fold_pending(100, normalise).await.unwrap();
}

fn ended(number: i64, opened: i64, closed: i64, is_merged: bool) -> PullRequest {
    with(open(number, opened), |snapshot| {
        snapshot.state = if is_merged {
            PullRequestState::Merged
        } else {
            PullRequestState::Closed
        };
        snapshot.closed_at = Some(at(closed));
        snapshot.merged_at = is_merged.then(|| at(closed));
    })
}

fn by(mut pull: PullRequest, author: &str, repository: &str) -> PullRequest {
    pull.key.repository = repository.into();
    with(pull, |snapshot| {
        snapshot.author = person(author);
        snapshot.author.is_bot = author.ends_with("[bot]");
    })
}

async fn facts(db: &TestDatabase, team: Option<&TeamScope>, with_bots: bool) -> WorkFacts {
    let of = WorkOf { team, with_bots };
    let mut facts = db.store.sprints().facts(of, at(100), at(200)).await.unwrap();
    facts.open.sort_by(|a, b| a.key.cmp(&b.key));
    facts.ended.sort_by_key(|pull| (pull.ended_at, pull.opened_at));
    facts.reviews.sort_by_key(|review| review.reviewed_at);
    facts
}

fn team(repositories: &[&str], members: &[&str]) -> TeamScope {
    TeamScope {
        name: "payments".to_owned(),
        repositories: repositories.iter().map(|name| (*name).into()).collect(),
        members: members.iter().map(|name| (*name).into()).collect(),
    }
}

fn minutes(from: DateTime<Utc>) -> i64 {
    (from - at(0)).num_minutes()
}

async fn what_is_open_and_what_ended_is_told_of_the_asked_time_and_team(db: TestDatabase) {
    tell(
        &db,
        &[
            says(open(1, 10)),
            says(with(open(2, 20), |snapshot| snapshot.is_ready = false)),
            says(by(open(3, 30), "Dependabot[bot]", "acme/api")),
            says(by(open(4, 40), "Ben", "Acme/Web")),
            // Not yet, at the time that is asked about.
            says(open(5, 200)),
            says(ended(6, 5, 99, true)),
            says(ended(7, 5, 100, true)),
            says(ended(8, 5, 150, false)),
            says(ended(9, 5, 200, true)),
            says(by(ended(10, 5, 160, true), "renovate[bot]", "acme/api")),
            says(by(ended(11, 5, 170, true), "ben", "acme/other")),
        ],
    )
    .await;
    let all = facts(&db, None, false).await;
    let numbers = |facts: &WorkFacts| -> Vec<(i64, bool)> {
        let open = facts.open.iter();
        open.map(|pull| (pull.key.number, pull.is_ready)).collect()
    };
    assert_eq!(numbers(&all), [(4, true), (1, true), (2, false)]);
    let ends = |facts: &WorkFacts| -> Vec<(i64, bool)> {
        let line = |pull: &EndedPull| (minutes(pull.ended_at), pull.is_merged);
        facts.ended.iter().map(line).collect()
    };
    assert_eq!(ends(&all), [(100, true), (150, false), (170, true)]);
    let with_bots = facts(&db, None, true).await;
    assert_eq!((with_bots.open.len(), with_bots.ended.len()), (4, 4));
    let theirs = facts(&db, Some(&team(&["ACME/Web"], &["BEN"])), false).await;
    assert_eq!(numbers(&theirs), [(4, true)]);
    assert_eq!(ends(&theirs), [(170, true)]);
    let nobody = facts(&db, Some(&team(&[], &[])), true).await;
    assert_eq!((nobody.open.len(), nobody.ended.len()), (0, 0));
}

fn review(id: i64, number: i64, reviewer: &str, minutes: i64) -> FactChange {
    FactChange::Review(Review {
        pull_request: key(number),
        id,
        reviewer: person(reviewer),
        verdict: Verdict::Commented,
        submitted_at: at(minutes),
        url: "https://github.com/review".to_owned(),
    })
}

async fn the_first_review_by_somebody_else_counts_and_only_where_it_fell_into_the_time(db: TestDatabase) {
    let mut draft = open(1, 10);
    draft.ready_at = Some(at(90));
    tell(
        &db,
        &[
            says(draft),
            says(open(2, 20)),
            says(ended(3, 30, 190, true)),
            review(1, 1, "Ana", 95),
            review(2, 1, "copilot[bot]", 96),
            review(3, 1, "ben", 110),
            review(4, 1, "chloe", 120),
            // This one had its first review before.
            review(5, 2, "ben", 99),
            review(6, 2, "chloe", 130),
            review(7, 3, "ben", 140),
            review(8, 3, "ben", 200),
        ],
    )
    .await;
    let first = |opened, ready: Option<i64>, reviewed| FirstReview {
        opened_at: at(opened),
        ready_at: ready.map(at),
        reviewed_at: at(reviewed),
    };
    let all = facts(&db, None, false).await;
    assert_eq!(all.reviews, [first(10, Some(90), 110), first(30, None, 140)]);
    let theirs = facts(&db, Some(&team(&["acme/web"], &[])), false).await;
    assert_eq!(theirs.reviews, []);
}

fn deployment(id: i64, repository: &str, state: DeploymentState, minutes: i64) -> FactChange {
    FactChange::Deployment(Box::new(Deployment {
        repository: repository.into(),
        id,
        target: Stamped {
            at: at(1),
            value: DeploymentTarget {
                environment: "production".to_owned(),
                sha: "a".to_owned(),
                git_ref: "main".to_owned(),
                creator: None,
                created_at: at(1),
                url: "https://github.com/deployment".to_owned(),
            },
        },
        state: Stamped {
            at: at(minutes),
            value: state,
        },
        succeeded_at: None,
        log_url: None,
    }))
}

async fn deployments_that_ended_are_told_by_repository(db: TestDatabase) {
    tell(
        &db,
        &[
            deployment(1, "acme/api", DeploymentState::Success, 99),
            deployment(2, "acme/api", DeploymentState::Success, 100),
            deployment(3, "Acme/Web", DeploymentState::Failure, 110),
            deployment(4, "acme/api", DeploymentState::InProgress, 120),
        ],
    )
    .await;
    let ended = |minutes, has_failed| EndedDeployment {
        ended_at: at(minutes),
        environment: "production".to_owned(),
        has_failed,
    };
    let mut all = facts(&db, None, false).await.deployments;
    all.sort_by_key(|deployment| deployment.ended_at);
    assert_eq!(all, [ended(100, false), ended(110, true)]);
    let theirs = facts(&db, Some(&team(&["acme/web"], &[])), false).await;
    assert_eq!(theirs.deployments, [ended(110, true)]);
}

fn promise(minutes: i64) -> Promise {
    Promise {
        made_at: at(minutes),
        percent: 85,
        by: at(minutes).date_naive(),
        pulls: vec![key(1), key(2)],
        seed: u64::MAX,
    }
}

async fn a_forecast_is_kept_once_for_each_post_and_quoted_by_the_next_one(db: TestDatabase) {
    let forecasts = db.store.forecasts();
    forecasts.upsert("monday", "C1:", &promise(1)).await.unwrap();
    forecasts.upsert("tuesday", "C1:", &promise(2)).await.unwrap();
    // Told again by the same post, and once more by somebody who is late.
    forecasts.upsert("tuesday", "C1:", &promise(3)).await.unwrap();
    forecasts.upsert("tuesday", "C1:", &promise(2)).await.unwrap();
    forecasts.upsert("elsewhere", "C2:", &promise(4)).await.unwrap();
    let former = async |purpose: &str, limit| forecasts.list_former("C1:", purpose, limit).await.unwrap();
    assert_eq!(former("today", 8).await, [promise(3), promise(1)]);
    assert_eq!(former("today", 1).await, [promise(3)]);
    assert_eq!(former("tuesday", 8).await, [promise(1)]);

    tell(
        &db,
        &[
            says(ended(1, 5, 99, true)),
            says(ended(2, 5, 150, false)),
            says(open(3, 5)),
        ],
    )
    .await;
    let keys: Vec<_> = (1..=4).map(key).collect();
    let ends = forecasts.list_ends(&keys).await.unwrap();
    assert_eq!(ends.len(), 2);
    assert_eq!(
        ends[&key(1)],
        End {
            at: at(99),
            is_merged: true
        }
    );
    assert_eq!(
        ends[&key(2)],
        End {
            at: at(150),
            is_merged: false
        }
    );

    assert_eq!(forecasts.purge(at(3)).await.unwrap(), 1);
    assert_eq!(former("today", 8).await, [promise(3)]);
}
