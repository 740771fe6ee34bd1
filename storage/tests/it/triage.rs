//! Purpose: triage says what waits, for whom and since when, and leaves out what it should.

use em_domain::ci_run::{CiOutcome, CiRun};
use em_domain::fact::FactChange;
use em_domain::id::Login;
use em_domain::pull_request::{PullRequestState, Snapshot};
use em_domain::review::{Comment, Review, Verdict};
use em_domain::snooze::{Snooze, SnoozeReason};
use em_domain::stamped::Stamped;
use em_domain::triage::{Reason, TeamScope, TriageFilter, TriageReport, TriageRow, Turn};
use em_storage::both_engines;
use em_storage::testing::TestDatabase;

use crate::support::{at, event, key, normalise, open, person, says, with};

both_engines!(
    each_open_pull_request_waits_for_one_thing,
    what_it_waits_for_changes_with_its_surroundings,
    the_longest_waiting_come_first_and_the_rest_is_counted,
    drafts_bots_and_ignored_labels_are_left_out_unless_asked_for,
    snoozed_ones_are_listed_apart_until_they_come_back,
    mine_is_what_waits_for_me_however_my_name_is_spelt,
    a_team_is_its_repositories_and_its_people,
    a_closed_pull_request_waits_for_nothing,
    a_board_finds_its_lines_again,
);

async fn told(db: &TestDatabase, changes: &[FactChange]) {
    let delivery = em_domain::id::EventId::new(ulid::Ulid::new());
    db.store
        .events()
        .append(event(delivery.as_str(), changes))
        .await
        .unwrap();
    db.store.facts().fold_pending(1000, normalise).await.unwrap();
}

async fn report(db: &TestDatabase, filter: &TriageFilter) -> TriageReport {
    db.store.triage().report(filter, at(600), 3).await.unwrap()
}

fn numbers(rows: &[TriageRow]) -> Vec<i64> {
    rows.iter().map(|row| row.key.number).collect()
}

/// The numbers of all rows, group by group.
fn all(report: &TriageReport) -> [Vec<i64>; 4] {
    std::array::from_fn(|group| numbers(&report.groups[group].rows))
}

fn review(number: i64, verdict: Verdict, minutes: i64) -> FactChange {
    FactChange::Review(Review {
        pull_request: key(number),
        id: number * 1000 + minutes,
        reviewer: person("ben"),
        verdict,
        submitted_at: at(minutes),
        url: "https://github.com/review".to_owned(),
    })
}

fn run(number: i64, outcome: CiOutcome, minutes: i64) -> FactChange {
    FactChange::CiRun(CiRun {
        repository: "acme/api".into(),
        id: format!("workflow:{number}"),
        workflow: "test".to_owned(),
        head_sha: format!("sha{number}"),
        branch: None,
        on_default_branch: false,
        attempt: 1,
        outcome,
        created_at: at(1),
        started_at: Some(at(2)),
        updated_at: at(minutes),
        url: "https://github.com/run".to_owned(),
    })
}

fn snooze(number: i64, until: i64) -> Snooze {
    Snooze {
        subject: key(number),
        reason: SnoozeReason::Parked,
        until: at(until),
        by: "U1".into(),
        created_at: at(0),
    }
}

async fn each_open_pull_request_waits_for_one_thing(db: TestDatabase) {
    let asked = with(open(2, 0), |s| s.requested_reviewers = vec!["Cy".into()]);
    let mut conflicting = open(5, 0);
    conflicting.conflicts = Some(Stamped {
        at: at(7),
        value: true,
    });
    let mut elsewhere = open(9, 0);
    elsewhere.key.repository = "acme/web".into();
    told(
        &db,
        &[
            says(open(1, 0)),
            says(asked),
            says(open(3, 0)),
            review(3, Verdict::Approved, 20),
            says(open(4, 0)),
            review(4, Verdict::ChangesRequested, 30),
            says(conflicting),
            says(open(6, 0)),
            run(6, CiOutcome::Failure, 40),
            says(open(7, 0)),
            review(7, Verdict::Approved, 5),
            run(7, CiOutcome::Pending, 6),
            // A run on the same commit in another repository says nothing about this one.
            says(elsewhere),
            run(9, CiOutcome::Failure, 1),
        ],
    )
    .await;
    let report = db
        .store
        .triage()
        .report(&TriageFilter::default(), at(600), 10)
        .await
        .unwrap();
    assert_eq!(all(&report), [vec![1, 2, 9], vec![5, 4], vec![3], vec![7, 6]]);
    assert_eq!(
        report.groups.iter().map(|group| group.turn).collect::<Vec<_>>(),
        Turn::ALL
    );
    assert_eq!(
        report.groups.iter().map(|group| group.total).collect::<Vec<_>>(),
        [3, 2, 1, 2]
    );
    let row = &report.groups[0].rows[1];
    assert_eq!((row.title.as_str(), row.author.as_str()), ("Change 2", "ana"));
    assert_eq!(row.url, "https://github.com/acme/api/pull/2");
    assert_eq!(row.waiting.actors, [Login::from("Cy")]);
    let reasons: Vec<&Reason> = report.groups[3]
        .rows
        .iter()
        .map(|row| &row.waiting.reason)
        .collect();
    assert!(
        matches!(reasons[..], [Reason::CiRunning { .. }, Reason::CiRed { .. }]),
        "{reasons:?}"
    );
    assert_eq!(report.groups[3].rows[1].waiting.since, at(40));
    assert!(!report.is_clear());
}

async fn what_it_waits_for_changes_with_its_surroundings(db: TestDatabase) {
    let turn = async || {
        let subject = db.store.triage().find(&key(1), at(600)).await.unwrap().unwrap();
        let waiting = subject.row.unwrap().waiting;
        (waiting.turn, waiting.since)
    };
    told(&db, &[says(open(1, 0))]).await;
    assert_eq!(turn().await, (Turn::Reviewer, at(0)));
    told(&db, &[review(1, Verdict::Commented, 10)]).await;
    assert_eq!(turn().await, (Turn::Author, at(10)));
    let answer = Comment {
        pull_request: key(1),
        id: "issue:1".to_owned(),
        author: person("ANA"),
        created_at: at(20),
    };
    told(&db, &[FactChange::Comment(answer)]).await;
    assert_eq!(turn().await, (Turn::Reviewer, at(20)));
    told(&db, &[review(1, Verdict::Approved, 30)]).await;
    assert_eq!(turn().await, (Turn::Merge, at(30)));
    told(&db, &[run(1, CiOutcome::Failure, 35)]).await;
    assert_eq!(turn().await, (Turn::Ci, at(35)));
    let FactChange::CiRun(red) = run(1, CiOutcome::Failure, 35) else {
        unreachable!()
    };
    let elsewhere = CiRun {
        head_sha: "another".to_owned(),
        updated_at: at(36),
        ..red.clone()
    };
    told(&db, &[FactChange::CiRun(elsewhere)]).await;
    assert_eq!(turn().await, (Turn::Merge, at(30)), "it was about another commit");
    let back = CiRun {
        updated_at: at(37),
        ..red
    };
    told(&db, &[FactChange::CiRun(back)]).await;
    assert_eq!(turn().await, (Turn::Ci, at(37)));
    let mut pushed = with(open(1, 40), |s| {
        (s.head_sha, s.created_at) = (Some("new".to_owned()), at(0));
    });
    pushed.pushed_at = Some(at(40));
    told(&db, &[says(pushed)]).await;
    assert_eq!(
        turn().await,
        (Turn::Merge, at(40)),
        "the red run was on an older commit"
    );
    let subject = db.store.triage().find(&key(1), at(600)).await.unwrap().unwrap();
    assert_eq!(
        (subject.reviews.len(), subject.comments.len(), subject.runs.len()),
        (2, 1, 0)
    );
}

async fn the_longest_waiting_come_first_and_the_rest_is_counted(db: TestDatabase) {
    let changes: Vec<_> = (1..=7).map(|number| says(open(number, 100 - number))).collect();
    told(&db, &changes).await;
    let report = report(&db, &TriageFilter::default()).await;
    assert_eq!(
        (all(&report)[0].clone(), report.groups[0].total),
        (vec![7, 6, 5], 7)
    );
    assert_eq!(report.as_of, at(600));
}

async fn drafts_bots_and_ignored_labels_are_left_out_unless_asked_for(db: TestDatabase) {
    let labelled =
        |label: &'static str| move |s: &mut Snapshot| s.labels = vec!["x".to_owned(), label.to_owned()];
    told(
        &db,
        &[
            says(open(1, 0)),
            says(with(open(2, 0), |s| s.is_ready = false)),
            says(with(open(3, 0), |s| s.author.is_bot = true)),
            says(with(open(4, 0), labelled("On Hold"))),
            says(with(open(5, 0), labelled("bug"))),
        ],
    )
    .await;
    let mut filter = TriageFilter {
        ignored_labels: vec!["on hold".to_owned(), "WIP".to_owned()],
        ..TriageFilter::default()
    };
    assert_eq!(
        all(&report(&db, &filter).await),
        [vec![1, 5], vec![], vec![], vec![]]
    );
    (filter.with_bots, filter.with_drafts) = (true, true);
    assert_eq!(
        all(&report(&db, &filter).await),
        [vec![1, 3, 5], vec![2], vec![], vec![]]
    );
    filter.ignored_labels.clear();
    let all_of_them = report(&db, &filter).await;
    assert_eq!(all_of_them.groups[0].total, 4);
    told(&db, &[says(with(open(4, 1), labelled("ready")))]).await;
    filter.ignored_labels = vec!["On hold".to_owned()];
    assert_eq!(
        report(&db, &filter).await.groups[0].total,
        4,
        "the label was taken off"
    );
}

async fn snoozed_ones_are_listed_apart_until_they_come_back(db: TestDatabase) {
    told(&db, &[says(open(1, 0)), says(open(2, 0)), says(open(3, 0))]).await;
    db.store.snoozes().upsert(&snooze(2, 700)).await.unwrap();
    db.store.snoozes().upsert(&snooze(1, 900)).await.unwrap();
    db.store.snoozes().upsert(&snooze(1, 800)).await.unwrap();
    db.store.snoozes().upsert(&snooze(3, 600)).await.unwrap();
    let report_now = report(&db, &TriageFilter::default()).await;
    assert_eq!(all(&report_now)[0], [3], "a snooze that ends now has ended");
    assert_eq!(report_now.groups[0].total, 1);
    let snoozed: Vec<_> = report_now
        .snoozed
        .iter()
        .map(|row| (row.snooze.clone(), row.title.as_str()))
        .collect();
    assert_eq!(
        snoozed,
        [(snooze(2, 700), "Change 2"), (snooze(1, 800), "Change 1")]
    );
    let subject = db.store.triage().find(&key(2), at(600)).await.unwrap().unwrap();
    assert_eq!(subject.snooze, Some(snooze(2, 700)));
    assert!(db.store.snoozes().clear(&key(2), at(600)).await.unwrap());
    assert!(!db.store.snoozes().clear(&key(2), at(600)).await.unwrap());
    assert_eq!(db.store.snoozes().find(&key(1), at(800)).await.unwrap(), None);
    assert_eq!(report(&db, &TriageFilter::default()).await.groups[0].total, 2);
}

async fn mine_is_what_waits_for_me_however_my_name_is_spelt(db: TestDatabase) {
    told(
        &db,
        &[
            says(with(open(1, 0), |s| {
                s.requested_reviewers = vec!["Ben".into(), "cy".into()];
            })),
            says(with(open(2, 0), |s| s.requested_reviewers = vec!["cy".into()])),
            says(with(open(3, 0), |s| s.author = person("BEN"))),
            review(3, Verdict::Approved, 4),
            says(open(4, 0)),
        ],
    )
    .await;
    let mine = TriageFilter {
        actor: Some("beN".into()),
        ..TriageFilter::default()
    };
    let mine = report(&db, &mine).await;
    assert_eq!(all(&mine)[0], [1]);
    assert_eq!(
        mine.groups.iter().map(|group| group.total).sum::<i64>(),
        1,
        "a review of one's own does not approve"
    );
}

async fn a_team_is_its_repositories_and_its_people(db: TestDatabase) {
    let mut elsewhere = open(3, 0);
    elsewhere.key.repository = "Acme/Web".into();
    told(
        &db,
        &[
            says(open(1, 0)),
            says(with(open(2, 0), |s| s.author = person("Ben"))),
            says(elsewhere),
        ],
    )
    .await;
    let team = |repositories: &[&str], members: &[&str]| TriageFilter {
        team: Some(TeamScope {
            name: "web".to_owned(),
            repositories: repositories.iter().map(|name| (*name).into()).collect(),
            members: members.iter().map(|login| (*login).into()).collect(),
        }),
        ..TriageFilter::default()
    };
    assert_eq!(all(&report(&db, &team(&["acme/web"], &[])).await)[0], [3]);
    assert_eq!(all(&report(&db, &team(&[], &["ben"])).await)[0], [2]);
    assert_eq!(all(&report(&db, &team(&["acme/web"], &["ben"])).await)[0], [3, 2]);
    assert_eq!(report(&db, &team(&[], &[])).await.groups[0].total, 0);
}

async fn a_closed_pull_request_waits_for_nothing(db: TestDatabase) {
    told(
        &db,
        &[
            says(with(open(1, 0), |s| s.labels = vec!["x".to_owned()])),
            says(open(2, 0)),
        ],
    )
    .await;
    told(
        &db,
        &[says(with(open(1, 5), |s| s.state = PullRequestState::Merged))],
    )
    .await;
    told(&db, &[says(open(1, 4))]).await;
    assert_eq!(
        all(&report(&db, &TriageFilter::default()).await)[0],
        [2],
        "late news does not reopen it"
    );
    let subject = db.store.triage().find(&key(1), at(600)).await.unwrap().unwrap();
    assert_eq!(subject.row, None);
    assert!(!db.store.facts().dump().await.unwrap().contains("waiting_labels"));
}

async fn a_board_finds_its_lines_again(db: TestDatabase) {
    told(
        &db,
        &[
            says(open(1, 5)),
            says(open(2, 0)),
            says(with(open(3, 0), |s| s.is_ready = false)),
        ],
    )
    .await;
    db.store.snoozes().upsert(&snooze(2, 9000)).await.unwrap();
    let rows = db
        .store
        .triage()
        .list_rows(&[key(1), key(2), key(3), key(4)])
        .await
        .unwrap();
    assert_eq!(numbers(&rows), [2, 3, 1]);
    assert!(db.store.triage().list_rows(&[]).await.unwrap().is_empty());
}
