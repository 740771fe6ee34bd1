//! Purpose: what people did in a window is read whole, once, and without the years before it.

use em_domain::action::{Action, Digest, Risk, TargetState};
use em_domain::approval::{Approval, Request, Requester, Via, Vote};
use em_domain::deployment::{Deployment, DeploymentState, DeploymentTarget};
use em_domain::evidence::{Deed, Doer, Event, Window, happened};
use em_domain::fact::FactChange;
use em_domain::id::ApprovalId;
use em_domain::incident::{Incident, IncidentSnapshot, IncidentState};
use em_domain::issue::{IssueMove, Move};
use em_domain::person::Identity;
use em_domain::policy::{Decision, PolicyVerdict};
use em_domain::pull_request::PullRequestState;
use em_domain::push::Push;
use em_domain::repository::Repository;
use em_domain::review::{Review, Verdict};
use em_domain::stamped::Stamped;
use em_storage::testing::TestDatabase;
use em_storage::{Consequences, both_engines};
use ulid::Ulid;

use crate::support::{at, event, key, normalise, open, person, says, with};

both_engines!(
    windows_that_adjoin_tell_everything_once_and_only_of_these_people,
    what_somebody_answered_is_read_by_the_time_of_the_answer,
    a_push_is_read_with_the_pull_request_of_its_branch_and_without_the_merge,
    who_may_look_into_a_repository_is_as_events_said_last,
    what_waits_is_read_for_its_authors_without_drafts_snoozes_and_ignored_labels,
    everything_is_found_by_an_index_over_when_it_happened,
);

fn people(logins: &[&str]) -> Vec<Identity> {
    let identity = |login: &&str| Identity {
        slack_user: None,
        login: Some((*login).into()),
    };
    logins.iter().map(identity).collect()
}

async fn know(db: &TestDatabase, changes: &[FactChange]) {
    db.store.events().append(event("all", changes)).await.unwrap();
    let folded = db.store.facts().fold_pending(100, normalise).await.unwrap();
    assert_eq!((folded.events, folded.unrecognised), (1, 0));
}

fn review(id: i64, number: i64, reviewer: &str, minutes: i64) -> FactChange {
    FactChange::Review(Review {
        pull_request: key(number),
        id,
        reviewer: person(reviewer),
        verdict: Verdict::Approved,
        submitted_at: at(minutes),
        url: String::new(),
    })
}

fn push(branch: &str, head: &str, author: &str, minutes: i64) -> FactChange {
    FactChange::Push(Push {
        repository: "acme/api".into(),
        branch: branch.to_owned(),
        head_sha: head.to_owned(),
        author: person(author),
        at: at(minutes),
        commits: 2,
        on_default_branch: branch == "main",
        title: "A commit".to_owned(),
        url: String::new(),
    })
}

fn issue(kind: Move, by: &str, minutes: i64) -> FactChange {
    FactChange::IssueMove(Box::new(IssueMove {
        seen_at: at(minutes),
        issue: key(50),
        kind,
        by: person(by),
        at: at(minutes),
        title: "Late".to_owned(),
        url: String::new(),
    }))
}

fn deployment(id: i64, minutes: i64) -> FactChange {
    FactChange::Deployment(Box::new(Deployment {
        repository: "acme/api".into(),
        id,
        target: Stamped {
            at: at(minutes),
            value: DeploymentTarget {
                environment: "production".to_owned(),
                sha: "abc".to_owned(),
                git_ref: "main".to_owned(),
                creator: Some("ana".into()),
                created_at: at(minutes),
                url: String::new(),
            },
        },
        state: Stamped {
            at: at(minutes + 500),
            value: DeploymentState::Success,
        },
        succeeded_at: Some(at(minutes)),
        log_url: None,
    }))
}

fn incident(opened: i64, resolved: i64) -> FactChange {
    FactChange::Incident(Box::new(Incident {
        source: "github".to_owned(),
        external_id: "acme/api#60".to_owned(),
        snapshot: Stamped {
            at: at(resolved),
            value: IncidentSnapshot {
                state: IncidentState::Resolved,
                severity: None,
                assignees: vec!["ana".into()],
                title: "Down".to_owned(),
                url: String::new(),
                repository: Some("acme/api".into()),
                opened_at: at(opened),
                acknowledged_at: None,
                resolved_at: Some(at(resolved)),
                service: None,
                causes: Vec::new(),
            },
        },
        began_again_at: None,
    }))
}

fn merged(number: i64, opened: i64, closed: i64) -> FactChange {
    says(with(open(number, opened), |snapshot| {
        snapshot.state = PullRequestState::Merged;
        snapshot.closed_at = Some(at(closed));
        snapshot.merged_at = Some(at(closed));
        snapshot.merge_commit_sha = Some(format!("merge{number}"));
    }))
}

/// What is read of a window, as short lines in the order of time.
async fn told(db: &TestDatabase, logins: &[&str], window: Window) -> Vec<String> {
    let facts = db
        .store
        .evidence()
        .list_facts(&people(logins), window)
        .await
        .unwrap();
    let mut events = happened(&facts, window);
    events.retain(|event| event.deed == Deed::Deployed || is_by(event, logins));
    events.sort_by_key(|event| (event.at, event.deed));
    let line = |event: Event| {
        format!(
            "{:?} {} {}",
            event.deed,
            event.subject.id,
            (event.at - at(0)).num_minutes()
        )
    };
    events.into_iter().map(line).collect()
}

fn is_by(event: &Event, logins: &[&str]) -> bool {
    logins
        .iter()
        .any(|login| event.by == Doer::Account((*login).into()))
}

fn two_windows_of_work() -> Vec<FactChange> {
    vec![
        merged(1, 0, 100),
        says(open(2, 150)),
        says(with(open(3, 20), |snapshot| snapshot.author = person("ben"))),
        review(1, 3, "ana", 60),
        review(2, 3, "ana", 99),
        review(3, 1, "ben", 60),
        push("spike", "s1", "ana", 100),
        push("spike", "s2", "ben", 100),
        issue(Move::Assigned, "ana", 10),
        issue(Move::Closed, "ana", 199),
        issue(Move::Opened, "ben", 5),
        deployment(1, 100),
        incident(-50, 120),
    ]
}

async fn windows_that_adjoin_tell_everything_once_and_only_of_these_people(db: TestDatabase) {
    know(&db, &two_windows_of_work()).await;
    let window = |from, to| Window::since(at(from), at(to));
    let first = told(&db, &["ana"], window(0, 100)).await;
    let second = told(&db, &["ana"], window(100, 200)).await;
    assert_eq!(
        first,
        [
            "Opened acme/api#1 0",
            "IssueAssigned acme/api#50 10",
            "Reviewed acme/api#3 60",
            "Reviewed acme/api#3 99"
        ]
    );
    assert_eq!(
        second,
        [
            "Merged acme/api#1 100",
            "Deployed acme/api to production 100",
            "Pushed acme/api@spike 100",
            "Incident acme/api#60 120",
            "Opened acme/api#2 150",
            "IssueClosed acme/api#50 199",
        ]
    );
    assert_eq!(
        told(&db, &["ana"], window(0, 200)).await,
        [first, second].concat()
    );
    assert_eq!(told(&db, &["ana"], window(-60, -50)).await, Vec::<String>::new());
    assert_eq!(
        told(&db, &["ana"], window(-50, 0)).await,
        ["Incident acme/api#60 -50"]
    );
    assert_eq!(told(&db, &[], window(0, 100)).await, Vec::<String>::new());
    assert_eq!(told(&db, &["ana", "ben"], window(0, 200)).await.len(), 10 + 4);
    // Accounts are the same in any case of letters; what is written comes back as it was written.
    let facts = db
        .store
        .evidence()
        .list_facts(&people(&["ANA"]), window(0, 200))
        .await;
    let mut events = happened(&facts.unwrap(), window(0, 200));
    events.retain(|event| is_by(event, &["ana"]));
    assert_eq!(events.len(), 10);
}

fn answered(by: &str, minutes: i64) -> Approval {
    let action = Action::new("github.close", "acme/api#12");
    let state = TargetState::of([("head commit", "abc".to_owned())]);
    let request = Request {
        digest: Digest::of(&action, &state),
        action,
        title: "Close acme/api#12".into(),
        subject_title: String::new(),
        url: None,
        effect: Vec::new(),
        state,
        requester: Requester::Person("U_ASKS".into()),
        requester_login: None,
        author: None,
        reason: None,
        channel: None,
    };
    let decision = Decision {
        verdict: PolicyVerdict::Allow,
        reason: String::new(),
        risk: Risk::Low,
        obligations: Vec::new(),
        rules: Vec::new(),
        policy: String::new(),
    };
    let mut approval = Approval::propose(ApprovalId::new(Ulid::nil()), request, decision, at(0));
    approval.updated_at = at(minutes);
    approval.votes.push(Vote {
        by: by.into(),
        login: None,
        on_behalf_of: None,
        agrees: false,
        at: at(minutes),
        via: Via::Button,
        comment: None,
    });
    approval
}

async fn what_somebody_answered_is_read_by_the_time_of_the_answer(db: TestDatabase) {
    let approval = answered("U_BEN", 30);
    db.store
        .approvals()
        .insert(&approval, &Consequences::default())
        .await
        .unwrap();
    let decided = async |from, to| {
        let window = Window::since(at(from), at(to));
        let facts = db.store.evidence().list_facts(&[], window).await.unwrap();
        let line = |event: Event| format!("{:?} {:?} {}", event.by, event.deed, event.subject.title);
        happened(&facts, window).into_iter().map(line).collect::<Vec<_>>()
    };
    assert_eq!(decided(0, 30).await, Vec::<String>::new());
    assert_eq!(
        decided(30, 31).await,
        ["Slack(SlackUser(\"U_BEN\")) Decided Close acme/api#12"]
    );
    assert_eq!(decided(31, 60).await, Vec::<String>::new());
}

async fn a_push_is_read_with_the_pull_request_of_its_branch_and_without_the_merge(db: TestDatabase) {
    know(
        &db,
        &[
            says(with(open(7, -5000), |snapshot| snapshot.author = person("ben"))),
            merged(8, -4000, 50),
            merged(9, -9000, -8000),
            push("change-7", "s7", "ana", 10),
            push("change-8", "s8", "ana", 20),
            // A branch of this name was merged long ago: this is another one.
            push("change-9", "s9", "ana", 30),
            push("main", "merge8", "ana", 50),
            push("main", "direct", "ana", 60),
        ],
    )
    .await;
    assert_eq!(
        told(&db, &["ana"], Window::since(at(0), at(100))).await,
        [
            "Pushed acme/api#7 10",
            "Pushed acme/api#8 20",
            "Pushed acme/api@change-9 30",
            "Merged acme/api#8 50",
            "Pushed acme/api@main 60",
        ]
    );
}

async fn who_may_look_into_a_repository_is_as_events_said_last(db: TestDatabase) {
    let seen = |is_private, minutes| {
        FactChange::Repository(Repository::seen("acme/api".into(), is_private, at(minutes)))
    };
    know(&db, &[says(open(1, 0))]).await;
    let is_private = async || {
        let window = Window::since(at(0), at(1));
        let facts = db
            .store
            .evidence()
            .list_facts(&people(&["ana"]), window)
            .await
            .unwrap();
        happened(&facts, window)[0].subject.is_private
    };
    assert!(is_private().await, "nobody said that it is not");
    for (number, (said, minutes)) in [(false, 0), (true, 10), (false, 20), (false, 3000)]
        .into_iter()
        .enumerate()
    {
        let events = event(&number.to_string(), &[seen(said, minutes)]);
        db.store.events().append(events).await.unwrap();
        db.store.facts().fold_pending(100, normalise).await.unwrap();
        // Of what is said on one day the careful word holds.
        assert_eq!(is_private().await, (1..3).contains(&number), "{number}");
    }
}

async fn what_waits_is_read_for_its_authors_without_drafts_snoozes_and_ignored_labels(db: TestDatabase) {
    let labelled = |number, label: &str| {
        says(with(open(number, 0), |snapshot| {
            snapshot.labels = vec![label.to_owned()];
        }))
    };
    know(
        &db,
        &[
            says(open(1, 0)),
            says(with(open(2, 0), |snapshot| snapshot.is_ready = false)),
            labelled(3, "WIP"),
            labelled(4, "bug"),
            says(with(open(5, 0), |snapshot| snapshot.author = person("ben"))),
            merged(6, 0, 5),
            says(open(7, 0)),
        ],
    )
    .await;
    let snooze = em_domain::snooze::Snooze {
        subject: key(7),
        reason: em_domain::snooze::SnoozeReason::Parked,
        until: at(60),
        by: "U1".into(),
        created_at: at(1),
    };
    db.store.snoozes().upsert(&snooze).await.unwrap();
    let waiting = async |now| {
        let labels = ["wip".to_owned()];
        let (rows, _) = db
            .store
            .evidence()
            .list_waiting(&people(&["Ana"]), &labels, now)
            .await
            .unwrap();
        let mut numbers: Vec<i64> = rows.iter().map(|row| row.key.number).collect();
        numbers.sort_unstable();
        numbers
    };
    assert_eq!(waiting(at(10)).await, [1, 4]);
    assert_eq!(waiting(at(60)).await, [1, 4, 7]);
}

async fn everything_is_found_by_an_index_over_when_it_happened(db: TestDatabase) {
    let plans = db
        .store
        .evidence()
        .explain(Window::since(at(0), at(1)))
        .await
        .unwrap();
    assert_eq!(plans.len(), 8);
    for (name, plan) in plans {
        let tables = [
            "pull_requests",
            "reviews",
            "pushes",
            "issue_moves",
            "deployments",
            "releases",
            "incidents",
            "approvals",
        ];
        for table in tables {
            // SQLite says SCAN where it reads a table from end to end, PostgreSQL says Seq Scan.
            assert!(!plan.contains(&format!("SCAN {table}")), "{name}: {plan}");
            assert!(!plan.contains(&format!("Seq Scan on {table}")), "{name}: {plan}");
        }
        let by_time = ["_at>?", "_at >= "].iter().any(|found| plan.contains(found));
        assert!(by_time, "{name}: {plan}");
    }
}
