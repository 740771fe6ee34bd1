//! Purpose: what other programs are told is written with what it tells of or not at all, and waits until it is forgotten.

use std::collections::BTreeSet;

use chrono::Duration;
use em_domain::approval::Approval;
use em_domain::bus::Message;
use em_domain::id::{ApprovalId, SignalId};
use em_domain::policy::{PolicyVerdict, QuietPeriod};
use em_domain::signal::{Diff, Finding, Severity, Signal};
use em_storage::testing::TestDatabase;
use em_storage::{Appended, Consequences, Store, StoreConfig, both_engines};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use ulid::Ulid;

use crate::approvals::{decided, follows, question};
use crate::support::{at, event, normalise};

both_engines!(
    an_event_is_told_once_however_often_it_is_delivered,
    a_store_that_does_not_tell_writes_nothing,
    what_cannot_be_told_is_not_stored_and_what_is_not_stored_is_not_told,
    many_events_at_once_are_all_told,
    recorded_events_are_not_told,
    what_an_evaluation_really_changes_is_told,
    of_two_replicas_that_open_a_signal_one_tells_of_it,
    a_question_is_told_when_people_are_asked,
    a_message_that_was_committed_late_is_not_passed_by,
    what_is_too_old_is_dropped_and_nothing_else,
    whoever_publishes_is_woken_by_what_is_written,
);

/// Another store on the same database, that tells.
async fn telling(db: &TestDatabase) -> Store {
    let config = StoreConfig {
        tells: true,
        ..db.config.clone()
    };
    Store::open(&config).await.unwrap()
}

async fn waiting(store: &Store) -> Vec<Message> {
    let waiting = store.outbox().list_oldest(10_000).await.unwrap();
    waiting.into_iter().map(|waiting| waiting.message).collect()
}

fn body(message: &Message) -> Value {
    serde_json::from_str(&message.body).unwrap()
}

async fn an_event_is_told_once_however_often_it_is_delivered(db: TestDatabase) {
    let store = telling(&db).await;
    let first = event("first", &[]);
    assert_eq!(
        store.events().append(first.clone()).await.unwrap(),
        Appended::Stored
    );
    for _ in 0..3 {
        let again = store.events().append(event("first", &[])).await.unwrap();
        assert_eq!(again, Appended::Duplicate);
    }
    store.deliveries().record("Ev1", at(0)).await.unwrap();
    let told = waiting(&store).await;
    let [message] = told.as_slice() else {
        panic!("{told:?}")
    };
    assert_eq!(*message, em_domain::bus::of_event(&first));
    assert_eq!(body(message)["delivery_key"], "first");

    let rows = store.outbox().list_oldest(10).await.unwrap();
    store.outbox().delete(&[rows[0].id.as_str()]).await.unwrap();
    assert_eq!(waiting(&store).await, []);
    store.events().append(event("first", &[])).await.unwrap();
    assert_eq!(waiting(&store).await, [], "nor when it was published");
}

async fn a_store_that_does_not_tell_writes_nothing(db: TestDatabase) {
    db.store.events().append(event("first", &[])).await.unwrap();
    let asked = question("acme/api#12");
    db.store
        .approvals()
        .insert(&asked, &Consequences::default())
        .await
        .unwrap();
    let signals = db.store.signals();
    signals
        .apply(&[signal(1)], &Diff::default(), at(0))
        .await
        .unwrap();
    assert_eq!(db.store.outbox().backlog().await.unwrap().count, 0);
    let woken = tokio::time::timeout(std::time::Duration::from_millis(50), async {
        db.store.outbox().written().await;
    });
    assert!(woken.await.is_err(), "nobody is woken");
}

async fn what_cannot_be_told_is_not_stored_and_what_is_not_stored_is_not_told(db: TestDatabase) {
    let store = telling(&db).await;
    // What follows cannot be written, after what is told was.
    db.execute("DROP TABLE audit").await.unwrap();
    let asked = question("acme/api#12");
    let put = store
        .approvals()
        .insert(&asked, &follows(&asked, "approval.proposed"))
        .await;
    assert!(put.is_err(), "{put:?}");
    assert_eq!(store.approvals().find(&asked.id).await.unwrap(), None);
    assert_eq!(waiting(&store).await, []);

    db.execute("DROP TABLE outbox").await.unwrap();
    let stored = store.events().append(event("first", &[])).await;
    assert!(stored.is_err(), "{stored:?}");
    assert_eq!(store.events().count_before(at(60)).await.unwrap(), 0);
    let applied = store.signals().apply(&[signal(1)], &Diff::default(), at(0)).await;
    assert!(applied.is_err(), "{applied:?}");
    assert!(store.signals().list_open(None).await.unwrap().is_empty());
}

async fn many_events_at_once_are_all_told(db: TestDatabase) {
    let store = telling(&db).await;
    let mut callers = JoinSet::new();
    for number in 0..2_000 {
        let store = store.clone();
        // Each comes twice.
        let event = event(&format!("delivery-{}", number % 1_000), &[]);
        callers.spawn(async move { store.events().append(event).await.unwrap() });
    }
    let stored = callers.join_all().await;
    assert_eq!(
        stored.iter().filter(|one| **one == Appended::Stored).count(),
        1_000
    );
    let told = waiting(&store).await;
    let keys: BTreeSet<String> = told
        .iter()
        .map(|message| body(message)["delivery_key"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!((told.len(), keys.len()), (1_000, 1_000));
    let few = store.outbox().list_oldest(7).await.unwrap();
    assert_eq!(few.len(), 7);
    let backlog = store.outbox().backlog().await.unwrap();
    assert_eq!((backlog.count, backlog.oldest), (1_000, Some(at(1))));
}

async fn recorded_events_are_not_told(db: TestDatabase) {
    let store = telling(&db).await;
    let batch = (0..20).map(|number| event(&format!("recorded-{number}"), &[]));
    let imported = store
        .events()
        .append_batch(batch.collect(), normalise)
        .await
        .unwrap();
    assert_eq!(imported.stored, 20);
    assert_eq!(waiting(&store).await, []);
}

fn signal(number: u128) -> Signal {
    let finding = Finding {
        rule: "stale".to_owned(),
        kind: "stale_pr".to_owned(),
        subject: format!("acme/api#{}", number % 1_000),
        severity: Severity::Warning,
        title: "Change".to_owned(),
        url: String::new(),
        repository: None,
        people: Vec::new(),
        since: at(0),
        details: [("limit".to_owned(), json!(number.to_string()))].into(),
    };
    Signal::opened(SignalId::new(Ulid::from(number)), finding, at(0))
}

async fn what_an_evaluation_really_changes_is_told(db: TestDatabase) {
    let store = telling(&db).await;
    let signals = store.signals();
    let none = Diff::default();
    signals
        .apply(&[signal(1), signal(2)], &none, at(0))
        .await
        .unwrap();
    // One of these is open already.
    signals
        .apply(&[signal(1_001), signal(3)], &none, at(1))
        .await
        .unwrap();
    let changes = Diff {
        update: vec![(signal(2).id, signal(2).finding)],
        // One of these is not open.
        resolve: vec![signal(1).id, signal(77).id],
        ..Diff::default()
    };
    signals.apply(&[], &changes, at(2)).await.unwrap();
    // Resolved already: nothing changes.
    let gone = Diff {
        resolve: vec![signal(1).id],
        ..Diff::default()
    };
    signals.apply(&[], &gone, at(3)).await.unwrap();

    let told = waiting(&store).await;
    let subjects: Vec<&str> = told.iter().map(|message| message.subject.as_str()).collect();
    assert_eq!(subjects, ["signals.evaluated"; 3]);
    let bodies: Vec<Value> = told.iter().map(body).collect();
    let opened = |body: &Value| -> Vec<String> {
        let opened = body["opened"].as_array().unwrap().iter();
        opened.map(|one| one["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(opened(&bodies[0]), [signal(1).id.as_str(), signal(2).id.as_str()]);
    assert_eq!(opened(&bodies[1]), [signal(3).id.as_str()]);
    assert_eq!(
        bodies[2]["counts"],
        json!({ "opened": 0, "updated": 1, "resolved": 1 })
    );
    assert_eq!(bodies[2]["updated"], json!([signal(2).id]));
    assert_eq!(bodies[2]["resolved"], json!([signal(1).id]));
}

async fn of_two_replicas_that_open_a_signal_one_tells_of_it(db: TestDatabase) {
    let (store, replica) = (telling(&db).await, telling(&db).await);
    for round in 0..5_u128 {
        let numbers = round * 20 + 1..=(round + 1) * 20;
        let mine: Vec<Signal> = numbers.clone().map(signal).collect();
        let theirs: Vec<Signal> = numbers.map(|number| signal(1_000 + number)).collect();
        let none = Diff::default();
        let (here, there) = (store.signals(), replica.signals());
        let (here, there) = tokio::join!(
            here.apply(&mine, &none, at(0)),
            there.apply(&theirs, &none, at(0))
        );
        assert_eq!(here.unwrap().opened + there.unwrap().opened, 20);
    }
    let told = waiting(&store).await;
    let subjects: Vec<String> = told
        .iter()
        .flat_map(|message| body(message)["opened"].as_array().unwrap().clone())
        .map(|one| one["subject"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(subjects.len(), 100);
    assert_eq!(subjects.iter().collect::<BTreeSet<_>>().len(), 100);
}

async fn a_question_is_told_when_people_are_asked(db: TestDatabase) {
    let store = telling(&db).await;
    let (approvals, none) = (store.approvals(), Consequences::default());
    let asked = question("acme/api#12");
    approvals.insert(&asked, &none).await.unwrap();
    // The same is asked already.
    approvals.insert(&question("acme/api#12"), &none).await.unwrap();
    let told = waiting(&store).await;
    let [message] = told.as_slice() else {
        panic!("{told:?}")
    };
    assert_eq!(message.subject, "approvals.requested");
    assert_eq!(message.id, asked.id.as_str());
    assert_eq!(body(message)["title"], "Close acme/api#12");

    // Still asked, then decided: both are no question.
    let escalated = asked.escalate(at(0)).unwrap();
    assert!(approvals.record(&escalated, &none).await.unwrap());
    assert!(
        approvals
            .record(&decided(&escalated, "U0ANA", true), &none)
            .await
            .unwrap()
    );
    assert_eq!(waiting(&store).await.len(), 1);

    let mut decision = asked.decision.clone();
    let PolicyVerdict::NeedsApproval(terms) = &mut decision.verdict else {
        panic!("{decision:?}")
    };
    terms.quiet_period = Some(QuietPeriod { hours: 2 });
    let id = ApprovalId::new(Ulid::new());
    let request = question("acme/api#13").request;
    let quiet = Approval::propose(id, request, decision, at(0));
    approvals.insert(&quiet, &none).await.unwrap();
    assert_eq!(waiting(&store).await.len(), 1, "nobody is asked yet");
    let disturbed = quiet.end_quiet(Some("a push".to_owned()), at(1)).unwrap();
    assert!(approvals.record(&disturbed, &none).await.unwrap());
    assert!(
        !approvals.record(&disturbed, &none).await.unwrap(),
        "somebody was faster"
    );
    let told = waiting(&store).await;
    assert_eq!(told.len(), 2);
    assert_eq!(told[1].id, quiet.id.as_str());
}

async fn a_message_that_was_committed_late_is_not_passed_by(db: TestDatabase) {
    const LATE: &str = "INSERT INTO outbox (id, subject, message_id, body, created_at) \
        VALUES ('000000000000001.000000.late', 'events.github', 'late', '{}', '2026-03-02T09:00:00Z')";
    let store = telling(&db).await;
    store.events().append(event("first", &[])).await.unwrap();
    let seen = store.outbox().list_oldest(10).await.unwrap();
    // Its transaction began first, and ends only now.
    db.execute(LATE).await.unwrap();
    let ids: Vec<&str> = seen.iter().map(|waiting| waiting.id.as_str()).collect();
    store.outbox().delete(&ids).await.unwrap();
    let left = waiting(&store).await;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].id, "late");
}

async fn what_is_too_old_is_dropped_and_nothing_else(db: TestDatabase) {
    let store = telling(&db).await;
    let mut callers = JoinSet::new();
    for number in 0..1_300 {
        let store = store.clone();
        let mut event = event(&format!("old-{number}"), &[]);
        event.received_at = at(0) - Duration::milliseconds(1 + number);
        callers.spawn(async move { store.events().append(event).await.unwrap() });
    }
    callers.join_all().await;
    let mut young = event("young", &[]);
    young.received_at = at(0);
    store.events().append(young).await.unwrap();

    assert_eq!(store.outbox().drop_before(at(0)).await.unwrap(), 1_300);
    let left = waiting(&store).await;
    assert_eq!(left.len(), 1);
    assert_eq!(body(&left[0])["delivery_key"], "young");
    assert_eq!(store.outbox().drop_before(at(0)).await.unwrap(), 0);
    assert_eq!(
        store
            .outbox()
            .drop_before(chrono::DateTime::<chrono::Utc>::MIN_UTC)
            .await
            .unwrap(),
        0
    );
    assert_eq!(
        store.events().count_before(at(60)).await.unwrap(),
        1_301,
        "events stay"
    );
}

async fn whoever_publishes_is_woken_by_what_is_written(db: TestDatabase) {
    let store = telling(&db).await;
    // Also by what was written before it waits.
    store.events().append(event("first", &[])).await.unwrap();
    let patience = std::time::Duration::from_secs(15);
    let woken = tokio::time::timeout(patience, async { store.outbox().written().await });
    woken.await.unwrap();
    let waits = store.clone();
    let woken = tokio::spawn(async move { waits.outbox().written().await });
    let signals = store.signals();
    signals
        .apply(&[signal(1)], &Diff::default(), at(0))
        .await
        .unwrap();
    tokio::time::timeout(patience, woken).await.unwrap().unwrap();
}
