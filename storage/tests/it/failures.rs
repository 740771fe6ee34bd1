//! Purpose: red default branches and failed deployments.

use em_domain::ci_run::{CiOutcome, CiRun};
use em_domain::deployment::{Deployment, DeploymentState, DeploymentTarget};
use em_domain::fact::FactChange;
use em_domain::stamped::Stamped;
use em_domain::triage::{TeamScope, TriageFilter, TriageReport};
use em_storage::both_engines;
use em_storage::testing::TestDatabase;

use crate::support::{at, event, normalise};

both_engines!(
    a_branch_is_red_since_the_first_red_run_after_the_last_green_one,
    a_branch_is_as_good_as_its_newest_run_with_a_verdict,
    a_failed_deployment_shows_until_a_newer_one_comes,
    old_failures_and_other_teams_failures_are_left_out,
    mine_names_only_what_names_me,
);

const FORTNIGHT: i64 = 14 * 24 * 60;

fn run(id: i64, outcome: CiOutcome, minutes: i64) -> CiRun {
    CiRun {
        repository: "acme/api".into(),
        id: format!("workflow:{id}"),
        workflow: "test".to_owned(),
        head_sha: format!("sha{id}"),
        branch: Some("main".to_owned()),
        on_default_branch: true,
        attempt: 1,
        outcome,
        created_at: at(minutes),
        started_at: None,
        updated_at: at(minutes + 5),
        url: format!("https://github.com/run/{id}"),
    }
}

fn deployment(id: i64, environment: &str, state: DeploymentState, minutes: i64) -> Deployment {
    Deployment {
        repository: "acme/api".into(),
        id,
        target: Stamped {
            at: at(minutes),
            value: DeploymentTarget {
                environment: environment.to_owned(),
                sha: "sha".to_owned(),
                git_ref: "v1".to_owned(),
                creator: Some("Ana".into()),
                created_at: at(minutes),
                url: "https://github.com/deployments".to_owned(),
            },
        },
        state: Stamped {
            at: at(minutes + 3),
            value: state,
        },
        succeeded_at: None,
        log_url: None,
    }
}

async fn told(db: &TestDatabase, runs: Vec<CiRun>, deployments: Vec<Deployment>) {
    let deployments = deployments
        .into_iter()
        .map(|fact| FactChange::Deployment(Box::new(fact)));
    let changes: Vec<_> = runs
        .into_iter()
        .map(FactChange::CiRun)
        .chain(deployments)
        .collect();
    let delivery = ulid::Ulid::new().to_string();
    db.store
        .events()
        .append(event(&delivery, &changes))
        .await
        .unwrap();
    db.store.facts().fold_pending(10, normalise).await.unwrap();
}

async fn report(db: &TestDatabase, filter: &TriageFilter) -> TriageReport {
    db.store.triage().report(filter, at(600), 3).await.unwrap()
}

async fn a_branch_is_red_since_the_first_red_run_after_the_last_green_one(db: TestDatabase) {
    use CiOutcome::{Failure, Success};
    let mut on_a_branch = run(9, Success, 100);
    on_a_branch.on_default_branch = false;
    let mut never_green = run(10, Failure, 50);
    "lint".clone_into(&mut never_green.workflow);
    let runs = vec![
        run(1, Failure, 0),
        run(2, Success, 10),
        run(3, Failure, 20),
        run(4, Failure, 30),
        on_a_branch,
        never_green,
    ];
    told(&db, runs, vec![]).await;
    let branches = report(&db, &TriageFilter::default()).await.failing_branches;
    let seen: Vec<_> = branches
        .iter()
        .map(|b| (b.workflow.as_str(), b.since, b.url.as_str()))
        .collect();
    assert_eq!(
        seen,
        [
            ("test", at(25), "https://github.com/run/4"),
            ("lint", at(55), "https://github.com/run/10"),
        ]
    );
    assert_eq!(
        (branches[0].repository.as_str(), branches[0].branch.as_deref()),
        ("acme/api", Some("main"))
    );
}

async fn a_branch_is_as_good_as_its_newest_run_with_a_verdict(db: TestDatabase) {
    use CiOutcome::{Failure, Neutral, Pending, Success};
    told(
        &db,
        vec![run(1, Failure, 0), run(2, Neutral, 10), run(3, Pending, 20)],
        vec![],
    )
    .await;
    assert_eq!(
        report(&db, &TriageFilter::default()).await.failing_branches.len(),
        1
    );
    told(&db, vec![run(3, Success, 20)], vec![]).await;
    assert_eq!(report(&db, &TriageFilter::default()).await.failing_branches, []);
    // The green run was repeated and failed: the same run, a later attempt.
    told(
        &db,
        vec![CiRun {
            attempt: 2,
            updated_at: at(90),
            ..run(3, Failure, 20)
        }],
        vec![],
    )
    .await;
    assert_eq!(
        report(&db, &TriageFilter::default()).await.failing_branches[0].since,
        at(5)
    );
}

async fn a_failed_deployment_shows_until_a_newer_one_comes(db: TestDatabase) {
    use DeploymentState::{Failure, InProgress, Success};
    told(
        &db,
        vec![],
        vec![
            deployment(1, "production", Success, 0),
            deployment(2, "production", Failure, 10),
            deployment(3, "staging", Failure, 20),
            deployment(4, "test", Failure, 30),
            deployment(5, "test", Success, 40),
        ],
    )
    .await;
    let failed = report(&db, &TriageFilter::default()).await.failed_deployments;
    let seen: Vec<_> = failed
        .iter()
        .map(|d| (d.environment.as_str(), d.failed_at))
        .collect();
    assert_eq!(seen, [("staging", at(23)), ("production", at(13))]);
    assert_eq!(
        (failed[0].git_ref.as_str(), failed[0].url.as_str()),
        ("v1", "https://github.com/deployments")
    );
    let mut retried = deployment(6, "production", InProgress, 50);
    retried.log_url = Some(Stamped {
        at: at(50),
        value: "https://log".to_owned(),
    });
    told(&db, vec![], vec![retried]).await;
    assert_eq!(
        report(&db, &TriageFilter::default())
            .await
            .failed_deployments
            .len(),
        1
    );
}

async fn old_failures_and_other_teams_failures_are_left_out(db: TestDatabase) {
    let (red, failed) = (CiOutcome::Failure, DeploymentState::Failure);
    let mut old = run(1, red, 500 - FORTNIGHT);
    "old".clone_into(&mut old.workflow);
    told(
        &db,
        vec![old, run(2, red, 0)],
        vec![
            deployment(1, "old", failed, 500 - FORTNIGHT),
            deployment(2, "production", failed, 0),
        ],
    )
    .await;
    let everybody = report(&db, &TriageFilter::default()).await;
    assert_eq!(
        (
            everybody.failing_branches.len(),
            everybody.failed_deployments.len()
        ),
        (1, 1)
    );
    for (repository, count) in [("Acme/API", 1), ("acme/web", 0)] {
        let team = TeamScope {
            repositories: vec![repository.into()],
            ..TeamScope::default()
        };
        let theirs = report(
            &db,
            &TriageFilter {
                team: Some(team),
                ..TriageFilter::default()
            },
        )
        .await;
        assert_eq!(
            (theirs.failing_branches.len(), theirs.failed_deployments.len()),
            (count, count)
        );
    }
}

async fn mine_names_only_what_names_me(db: TestDatabase) {
    told(
        &db,
        vec![run(2, CiOutcome::Failure, 0)],
        vec![deployment(2, "production", DeploymentState::Failure, 0)],
    )
    .await;
    for (login, count) in [("ana", 1), ("ben", 0)] {
        let mine = report(
            &db,
            &TriageFilter {
                actor: Some(login.into()),
                ..TriageFilter::default()
            },
        )
        .await;
        assert_eq!(
            (mine.failing_branches.len(), mine.failed_deployments.len()),
            (0, count)
        );
    }
}
