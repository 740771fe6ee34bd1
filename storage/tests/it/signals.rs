//! Purpose: what rules are shown, and that a signal opens once, whoever evaluates.

use em_domain::ci_run::{CiOutcome, CiRun};
use em_domain::fact::FactChange;
use em_domain::id::SignalId;
use em_domain::incident::{Incident, IncidentSnapshot, IncidentState};
use em_domain::pull_request::PullRequestState;
use em_domain::review::{Comment, Review, Verdict};
use em_domain::signal::{ChangedFiles, Diff, Finding, MEASURED_KINDS, Severity, Signal, SignalState};
use em_domain::stamped::Stamped;
use em_storage::testing::TestDatabase;
use em_storage::{Announced, Applied, NewPost, both_engines};
use serde_json::json;
use ulid::Ulid;

use crate::support::{at, event, key, normalise, open, person, says, with};

both_engines!(
    rules_are_shown_what_is_open_and_nothing_that_is_over,
    rules_are_shown_nothing_while_an_import_is_worked_in,
    what_is_watched_is_the_same_after_a_replay,
    a_signal_opens_once_changes_and_resolves,
    what_comes_back_opens_again_and_the_history_shows_both,
    of_two_replicas_that_evaluate_at_once_one_opens_a_signal,
    a_signal_is_put_on_one_bulletin,
    a_bulletin_that_was_not_posted_gives_its_signals_back,
    only_what_is_resolved_is_purged,
    rules_do_not_see_what_is_evaluated_less_often_and_shifts_are_remembered_for_longer,
    files_are_asked_for_once_per_commit_and_known_until_there_are_newer_ones,
    files_are_forgotten_when_the_pull_request_closes,
);

async fn fold(db: &TestDatabase, name: &str, changes: &[FactChange]) {
    db.store.events().append(event(name, changes)).await.unwrap();
    db.store.facts().fold_pending(100, normalise).await.unwrap();
}

fn incident(number: i64, state: IncidentState, minutes: i64) -> FactChange {
    FactChange::Incident(Box::new(Incident {
        source: "github".to_owned(),
        external_id: format!("acme/api#{number}"),
        snapshot: Stamped {
            at: at(minutes),
            value: IncidentSnapshot {
                state,
                severity: Some(2),
                assignees: vec!["cy".into()],
                title: "Payments are down".to_owned(),
                url: "https://github.com/acme/api/issues/9".to_owned(),
                repository: Some("acme/api".into()),
                opened_at: at(0),
                acknowledged_at: None,
                resolved_at: None,
                service: None,
                causes: Vec::new(),
            },
        },
        began_again_at: None,
    }))
}

fn run(id: &str, head: &str, on_default_branch: bool, minutes: i64) -> CiRun {
    CiRun {
        repository: "acme/api".into(),
        id: id.to_owned(),
        workflow: "CI".to_owned(),
        head_sha: head.to_owned(),
        branch: None,
        on_default_branch,
        attempt: 1,
        outcome: CiOutcome::Pending,
        created_at: at(minutes),
        started_at: None,
        updated_at: at(minutes),
        url: String::new(),
    }
}

async fn rules_are_shown_what_is_open_and_nothing_that_is_over(db: TestDatabase) {
    let review = Review {
        pull_request: key(1),
        id: 1,
        reviewer: person("ben"),
        verdict: Verdict::Commented,
        submitted_at: at(30),
        url: String::new(),
    };
    let comment = Comment {
        pull_request: key(1),
        id: "issue:1".to_owned(),
        author: person("ana"),
        created_at: at(40),
    };
    let draft = with(open(2, 0), |snapshot| snapshot.is_ready = false);
    let closed = with(open(3, 0), |snapshot| {
        snapshot.state = em_domain::pull_request::PullRequestState::Merged;
    });
    let mut elsewhere = run("e", "sha1", false, 10);
    elsewhere.repository = "acme/web".into();
    let runs = [
        run("a", "sha1", false, 10),
        run("b", "sha3", false, 10),
        run("c", "main", true, 10),
        run("d", "main", true, -5 * 24 * 60),
        elsewhere,
        CiRun {
            outcome: CiOutcome::Success,
            ..run("f", "sha1", false, 10)
        },
    ];
    let mut changes = vec![
        says(open(1, 0)),
        says(draft),
        says(closed),
        FactChange::Review(review),
        FactChange::Comment(comment),
        incident(9, IncidentState::Open, 1),
        incident(8, IncidentState::Resolved, 1),
    ];
    changes.extend(runs.map(FactChange::CiRun));
    fold(&db, "a", &changes).await;

    let facts = db.store.signals().watch(at(60)).await.unwrap().unwrap().facts;
    assert_eq!(facts.pulls.len(), 1);
    let pull = &facts.pulls[0];
    assert_eq!((pull.key.number, pull.last_activity_at), (1, at(40)));
    assert_eq!(pull.reviewed_at, Some(at(30)));
    let runs: Vec<&str> = facts.pending_runs.iter().map(|run| run.id.as_str()).collect();
    assert_eq!(runs, ["a", "c"]);
    assert_eq!(facts.incidents.len(), 1);
    assert_eq!(facts.incidents[0].external_id, "acme/api#9");

    fold(&db, "b", &[incident(9, IncidentState::Resolved, 2)]).await;
    fold(&db, "late", &[incident(9, IncidentState::Open, 1)]).await;
    let facts = db.store.signals().watch(at(60)).await.unwrap().unwrap().facts;
    assert_eq!(facts.incidents, []);
}

async fn rules_are_shown_nothing_while_an_import_is_worked_in(db: TestDatabase) {
    let events = vec![event("a", &[says(open(1, 0))])];
    db.store.events().append_batch(events, normalise).await.unwrap();
    assert!(db.store.signals().watch(at(60)).await.unwrap().is_none());
    db.store.facts().finish_import().await.unwrap();
    let watch = db.store.signals().watch(at(60)).await.unwrap().unwrap();
    assert_eq!(watch.facts.pulls.len(), 1);
}

async fn what_is_watched_is_the_same_after_a_replay(db: TestDatabase) {
    let changes = [says(open(1, 0)), incident(9, IncidentState::Open, 1)];
    fold(&db, "a", &changes).await;
    let before = db.store.facts().dump().await.unwrap();
    assert!(before.contains("incidents github/acme/api#9") && before.contains("last_activity_at"));
    db.store.facts().replay(normalise, |_| ()).await.unwrap();
    assert_eq!(db.store.facts().dump().await.unwrap(), before);
}

fn finding(subject: &str, title: &str) -> Finding {
    Finding {
        rule: "stale".to_owned(),
        kind: "stale_pr".to_owned(),
        subject: subject.to_owned(),
        severity: Severity::Warning,
        title: title.to_owned(),
        url: "https://github.com/acme/api/pull/1".to_owned(),
        repository: Some("acme/api".into()),
        people: vec!["ana".into()],
        since: "2026-01-02T03:04:05.678901234Z".parse().unwrap(),
        details: [("limit_hours".to_owned(), json!(48))].into(),
    }
}

fn signal(number: u128, subject: &str, minutes: i64) -> Signal {
    let id = SignalId::new(Ulid::from(number));
    Signal::opened(id, finding(subject, "Change"), at(minutes))
}

async fn opened(db: &TestDatabase, signals: &[Signal]) -> u64 {
    let now = signals[0].opened_at;
    let applied = db.store.signals().apply(signals, &Diff::default(), now).await;
    applied.unwrap().opened
}

async fn a_signal_opens_once_changes_and_resolves(db: TestDatabase) {
    let signals = db.store.signals();
    assert_eq!(
        opened(&db, &[signal(1, "acme/api#1", 0), signal(2, "acme/api#2", 0)]).await,
        2
    );
    assert_eq!(
        opened(&db, &[signal(3, "acme/api#1", 5)]).await,
        0,
        "it is open already"
    );
    let found = signals.find(&signal(1, "", 0).id).await.unwrap().unwrap();
    assert_eq!(
        found,
        signal(1, "acme/api#1", 0),
        "as it went in, to the nanosecond"
    );

    let changes = Diff {
        update: vec![(found.id.clone(), finding("acme/api#1", "Another title"))],
        resolve: vec![signal(2, "", 0).id],
        ..Diff::default()
    };
    let applied = signals.apply(&[], &changes, at(7)).await.unwrap();
    assert_eq!(
        applied,
        Applied {
            opened: 0,
            updated: 1,
            resolved: 1
        }
    );
    let again = signals
        .apply(
            &[],
            &Diff {
                resolve: changes.resolve,
                ..Diff::default()
            },
            at(8),
        )
        .await;
    assert_eq!(again.unwrap(), Applied::default(), "it is resolved already");
    let open = signals.list_open(Some("stale_pr")).await.unwrap();
    assert_eq!(open.len(), 1);
    assert_eq!(
        (open[0].finding.title.as_str(), open[0].updated_at),
        ("Another title", at(7))
    );
    assert_eq!(signals.list_open(Some("failing_main")).await.unwrap(), []);
}

async fn what_comes_back_opens_again_and_the_history_shows_both(db: TestDatabase) {
    let signals = db.store.signals();
    opened(&db, &[signal(2, "acme/api#2", 0)]).await;
    let gone = Diff {
        resolve: vec![signal(2, "", 0).id],
        ..Diff::default()
    };
    signals.apply(&[], &gone, at(7)).await.unwrap();
    assert_eq!(
        opened(&db, &[signal(4, "acme/api#2", 9)]).await,
        1,
        "it came back"
    );
    let history = signals.list_about("acme/api#2", 10).await.unwrap();
    let states: Vec<_> = history.iter().map(|s| (s.state, s.resolved_at)).collect();
    assert_eq!(
        states,
        [(SignalState::Open, None), (SignalState::Resolved, Some(at(7)))]
    );
    assert_eq!(signals.watch(at(9)).await.unwrap().unwrap().open.len(), 1);
}

async fn of_two_replicas_that_evaluate_at_once_one_opens_a_signal(db: TestDatabase) {
    let replica = db.replica().await;
    for round in 0..10_u128 {
        let subjects: Vec<String> = (0..20).map(|n| format!("acme/api#{round}{n:02}")).collect();
        let all = |first: u128| -> Vec<Signal> {
            let numbered = (first..).zip(&subjects);
            numbered
                .map(|(id, subject)| signal(round * 1000 + id, subject, 0))
                .collect()
        };
        let (mut mine, theirs) = (all(0), all(500));
        // Whatever order they found them in.
        mine.reverse();
        let none = Diff::default();
        let (here, there) = (db.store.signals(), replica.signals());
        let (here, there) = tokio::join!(
            here.apply(&mine, &none, at(0)),
            there.apply(&theirs, &none, at(0))
        );
        assert_eq!(here.unwrap().opened + there.unwrap().opened, 20);
    }
    assert_eq!(db.store.signals().list_open(None).await.unwrap().len(), 200);
}

fn post(purpose: &str) -> NewPost {
    NewPost {
        purpose: purpose.to_owned(),
        channel: "C1".into(),
        state: json!({}),
        until: at(480),
    }
}

async fn a_signal_is_put_on_one_bulletin(db: TestDatabase) {
    let signals = db.store.signals();
    let all = [signal(1, "a", 0), signal(2, "b", 0), signal(3, "c", 0)];
    opened(&db, &all).await;
    let ids: Vec<SignalId> = all.iter().map(|signal| signal.id.clone()).collect();
    assert_eq!(signals.list_unannounced(2).await.unwrap().len(), 2);
    let first = signals
        .announce(&post("signals:C1:1"), &ids[..1], at(1))
        .await
        .unwrap();
    assert_eq!(first, Announced::Posting);
    let late = signals
        .announce(&post("signals:C1:9"), &ids[..1], at(1))
        .await
        .unwrap();
    assert_eq!(late, Announced::Nothing);
    assert_eq!(db.store.posts().find("signals:C1:9").await.unwrap(), None);
    let second = signals
        .announce(&post("signals:C1:1"), &ids[..2], at(1))
        .await
        .unwrap();
    assert_eq!(second, Announced::Joined);
    assert_eq!(signals.silence(&ids).await.unwrap(), 1);
    assert_eq!(signals.list_unannounced(9).await.unwrap(), []);
    let on = signals.list_bulletin("signals:C1:1").await.unwrap();
    let on: Vec<&str> = on.iter().map(|signal| signal.finding.subject.as_str()).collect();
    assert_eq!(on, ["a", "b"]);
}

async fn a_bulletin_that_was_not_posted_gives_its_signals_back(db: TestDatabase) {
    let signals = db.store.signals();
    let one = signal(1, "a", 0);
    opened(&db, std::slice::from_ref(&one)).await;
    signals
        .announce(&post("p"), std::slice::from_ref(&one.id), at(1))
        .await
        .unwrap();
    signals.give_up("p").await.unwrap();
    assert_eq!(signals.list_unannounced(9).await.unwrap().len(), 1);
    assert_eq!(db.store.posts().find("p").await.unwrap(), None);

    signals
        .announce(&post("q"), std::slice::from_ref(&one.id), at(1))
        .await
        .unwrap();
    db.store.posts().record_ts("q", "17.01", at(2)).await.unwrap();
    signals.give_up("q").await.unwrap();
    assert_eq!(
        signals.list_bulletin("q").await.unwrap().len(),
        1,
        "it was posted after all"
    );
}

async fn only_what_is_resolved_is_purged(db: TestDatabase) {
    let signals = db.store.signals();
    opened(&db, &[signal(1, "a", 0), signal(2, "b", 0)]).await;
    let changes = Diff {
        resolve: vec![signal(1, "", 0).id],
        ..Diff::default()
    };
    signals.apply(&[], &changes, at(10)).await.unwrap();
    assert_eq!(signals.purge(at(10)).await.unwrap(), 0);
    assert_eq!(signals.purge(at(11)).await.unwrap(), 1);
    assert_eq!(signals.list_open(None).await.unwrap().len(), 1);
}

async fn rules_do_not_see_what_is_evaluated_less_often_and_shifts_are_remembered_for_longer(
    db: TestDatabase,
) {
    let signals = db.store.signals();
    let of = |number: u128, kind: &str| {
        let mut signal = signal(number, kind, 0);
        kind.clone_into(&mut signal.finding.kind);
        signal
    };
    let [missed, shifted] = MEASURED_KINDS;
    opened(&db, &[of(1, missed), of(2, shifted), of(3, "goal_at_risk")]).await;
    let seen = signals.watch(at(1)).await.unwrap().unwrap().open;
    let seen: Vec<&str> = seen.iter().map(|signal| signal.subject.as_str()).collect();
    assert_eq!(seen, ["goal_at_risk"]);

    let changes = Diff {
        resolve: vec![of(1, missed).id, of(2, shifted).id],
        ..Diff::default()
    };
    signals.apply(&[], &changes, at(10)).await.unwrap();
    let since = |kind, minutes| signals.list_changed(kind, at(minutes));
    let subjects = |all: Vec<Signal>| {
        all.into_iter()
            .map(|signal| signal.finding.subject)
            .collect::<Vec<_>>()
    };
    assert_eq!(subjects(since(missed, 10).await.unwrap()), [missed]);
    assert_eq!(subjects(since(missed, 11).await.unwrap()), [""; 0]);
    assert_eq!(signals.purge(at(11)).await.unwrap(), 1);
    assert_eq!(subjects(since(shifted, 0).await.unwrap()), [shifted]);
    let half_a_year = 26 * 7 * 24 * 60;
    assert_eq!(signals.purge(at(10 + half_a_year)).await.unwrap(), 0);
    assert_eq!(signals.purge(at(11 + half_a_year)).await.unwrap(), 1);
}

fn files(number: i64, head: &str, path: &str) -> ChangedFiles {
    ChangedFiles {
        key: key(number),
        head_sha: head.to_owned(),
        paths: vec![path.to_owned(), "docs/\"a\", b.md".to_owned()],
        is_truncated: false,
    }
}

/// The open pull request `number`, pushed to at `minutes`.
fn pushed(number: i64, head: &str, minutes: i64) -> FactChange {
    says(with(open(number, minutes), |snapshot| {
        snapshot.head_sha = Some(head.to_owned());
    }))
}

/// The numbers of those that would be asked for.
async fn wanted(db: &TestDatabase, again_before: i64) -> Vec<i64> {
    let pulls = db
        .store
        .signals()
        .list_without_files(at(again_before))
        .await
        .unwrap();
    let mut numbers: Vec<i64> = pulls.iter().map(|pull| pull.key.number).collect();
    numbers.sort_unstable();
    numbers
}

async fn files_are_asked_for_once_per_commit_and_known_until_there_are_newer_ones(db: TestDatabase) {
    let signals = db.store.signals();
    let draft = with(open(3, 0), |snapshot| snapshot.is_ready = false);
    fold(&db, "a", &[pushed(1, "a1", 0), pushed(2, "b1", 0), says(draft)]).await;
    assert_eq!(wanted(&db, 0).await, [1, 2]);
    assert_eq!(signals.list_files().await.unwrap(), []);

    let first = files(1, "a1", "payments/a.rs");
    signals
        .record_files(&key(1), "a1", Some(&first), at(1))
        .await
        .unwrap();
    signals.record_files(&key(2), "b1", None, at(1)).await.unwrap();
    assert_eq!(wanted(&db, 1).await, Vec::<i64>::new());
    assert_eq!(
        wanted(&db, 2).await,
        [2],
        "what was not answered is asked for again later"
    );
    assert_eq!(signals.list_files().await.unwrap().first(), Some(&first));

    fold(&db, "b", &[pushed(1, "a2", 5)]).await;
    assert_eq!(wanted(&db, 1).await, [1], "there is a newer commit");
    signals.record_files(&key(1), "a2", None, at(6)).await.unwrap();
    assert_eq!(
        signals.list_files().await.unwrap(),
        [first],
        "better old than nothing"
    );
    assert_eq!(wanted(&db, 6).await, [2]);
    assert_eq!(wanted(&db, 7).await, [1, 2]);

    let second = files(1, "a2", "ledger/a.rs");
    signals
        .record_files(&key(1), "a2", Some(&second), at(8))
        .await
        .unwrap();
    assert_eq!(signals.list_files().await.unwrap(), [second]);
    assert_eq!(wanted(&db, 9).await, [2]);
}

async fn files_are_forgotten_when_the_pull_request_closes(db: TestDatabase) {
    let signals = db.store.signals();
    fold(&db, "a", &[pushed(1, "a1", 0), pushed(2, "b1", 0)]).await;
    for (number, head) in [(1, "a1"), (2, "b1")] {
        let files = files(number, head, "payments/a.rs");
        signals
            .record_files(&key(number), head, Some(&files), at(1))
            .await
            .unwrap();
    }
    let closed = with(open(1, 5), |snapshot| snapshot.state = PullRequestState::Merged);
    fold(&db, "b", &[says(closed), pushed(2, "b1", 5)]).await;
    let known = [files(2, "b1", "payments/a.rs")];
    assert_eq!(signals.list_files().await.unwrap(), known);
    // The answer was under way while it closed.
    let late = files(1, "a1", "payments/a.rs");
    signals
        .record_files(&key(1), "a1", Some(&late), at(6))
        .await
        .unwrap();
    assert_eq!(signals.list_files().await.unwrap(), known);

    db.store.facts().replay(normalise, |_| ()).await.unwrap();
    assert_eq!(
        signals.list_files().await.unwrap(),
        known,
        "a replay knows what is open"
    );
}
