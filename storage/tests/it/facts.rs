//! Purpose: folding, importing and replaying: the same facts on every way, and no event lost on any.

use em_domain::fact::{AccountEmail, FactChange};
use em_domain::review::{Review, Verdict};
use em_domain::triage::{Reason, TriageFilter, Turn};
use em_storage::testing::TestDatabase;
use em_storage::{Imported, both_engines};

use crate::support::{at, event, key, normalise, open, person, says, with};

both_engines!(
    what_cannot_be_read_is_kept_counted_and_holds_up_nobody,
    a_normaliser_that_learns_turns_unrecognised_events_into_facts,
    an_import_folds_at_once_and_a_second_one_changes_nothing,
    folding_finishes_an_import_that_was_cut_off,
    imports_of_the_same_events_at_once_store_each_once,
    two_replicas_fold_the_same_events_once,
    a_review_that_comes_before_its_pull_request_counts,
    events_that_arrive_during_a_replay_are_folded_after_it,
    purged_events_leave_their_facts,
    characters_that_a_database_cannot_keep_are_replaced,
    a_name_too_long_for_an_index_is_not_recognised,
    the_facts_come_back_exactly_as_they_went_in,
    times_that_no_calendar_knows_do_no_harm,
);

fn approval(number: i64, minutes: i64) -> FactChange {
    FactChange::Review(Review {
        pull_request: key(number),
        id: number,
        reviewer: person("ben"),
        verdict: Verdict::Approved,
        submitted_at: at(minutes),
        url: String::new(),
    })
}

async fn what_cannot_be_read_is_kept_counted_and_holds_up_nobody(db: TestDatabase) {
    let (mut garbage, mut panicking) = (event("garbage", &[]), event("panic", &[]));
    garbage.payload = b"{not json".to_vec();
    panicking.payload = b"panic".to_vec();
    for event in [garbage, panicking, event("good", &[says(open(1, 0))])] {
        db.store.events().append(event).await.unwrap();
    }
    let folded = db.store.facts().fold_pending(10, normalise).await.unwrap();
    assert_eq!((folded.events, folded.unrecognised, folded.changed), (3, 2, 1));
    let unrecognised = db.store.events().list_unrecognised().await.unwrap();
    assert_eq!(unrecognised.len(), 1);
    assert_eq!(
        (unrecognised[0].source.as_str(), unrecognised[0].count),
        ("github", 2)
    );
    assert_eq!(db.store.events().count_pending().await.unwrap(), 0);
}

async fn a_normaliser_that_learns_turns_unrecognised_events_into_facts(db: TestDatabase) {
    db.store
        .events()
        .append(event("a", &[says(open(1, 0))]))
        .await
        .unwrap();
    let ignorant = |_: &_| em_domain::fact::Normalised::Unrecognised("new to me".to_owned());
    db.store.facts().fold_pending(10, ignorant).await.unwrap();
    assert_eq!(
        db.store.events().list_unrecognised().await.unwrap()[0].reason,
        "new to me"
    );
    let mut heard = 0;
    db.store
        .facts()
        .replay(normalise, |events| heard = events)
        .await
        .unwrap();
    assert_eq!(heard, 1);
    assert_eq!(db.store.events().list_unrecognised().await.unwrap(), []);
    let report = db
        .store
        .triage()
        .report(&TriageFilter::default(), at(60), 5)
        .await
        .unwrap();
    assert_eq!(report.groups[0].total, 1);
}

async fn an_import_folds_at_once_and_a_second_one_changes_nothing(db: TestDatabase) {
    let batch = || {
        let mut events: Vec<_> = (1..=600)
            .map(|n| event(&n.to_string(), &[says(open(n, n))]))
            .collect();
        events.push(event("600", &[says(open(9999, 0))]));
        events[0].payload = b"garbage".to_vec();
        events
    };
    let imported = db.store.events().append_batch(batch(), normalise).await.unwrap();
    assert_eq!(
        imported,
        Imported {
            stored: 600,
            duplicate: 1,
            unrecognised: 1
        }
    );
    assert_eq!(db.store.events().count_pending().await.unwrap(), 0);
    db.store.facts().finish_import().await.unwrap();
    let facts = db.store.facts().digest().await.unwrap();
    let imported = db.store.events().append_batch(batch(), normalise).await.unwrap();
    assert_eq!(
        imported,
        Imported {
            stored: 0,
            duplicate: 601,
            unrecognised: 0
        }
    );
    assert_eq!(db.store.facts().digest().await.unwrap(), facts);
    let report = db
        .store
        .triage()
        .report(&TriageFilter::default(), at(60), 5)
        .await
        .unwrap();
    assert_eq!(report.groups[0].total, 599);
    db.store.facts().replay(normalise, |_| ()).await.unwrap();
    assert_eq!(db.store.facts().digest().await.unwrap(), facts);
}

async fn imports_of_the_same_events_at_once_store_each_once(db: TestDatabase) {
    let replica = db.replica().await;
    let batch = |order: fn(i64) -> i64| {
        let numbers = (1..=300).map(order);
        numbers
            .map(|n| event(&n.to_string(), &[says(open(n, n))]))
            .collect()
    };
    let import = async |store: &em_storage::Store, order: fn(i64) -> i64| {
        let imported = store.events().append_batch(batch(order), normalise).await;
        imported.unwrap().stored
    };
    // The second begins where the first ends: without an order of their own they would wait for each other.
    let stored = tokio::join!(
        import(&db.store, |n| n),
        import(&db.store, |n| 301 - n),
        import(&replica, |n| 301 - n),
    );
    assert_eq!(stored.0 + stored.1 + stored.2, 300);
    db.store.facts().finish_import().await.unwrap();
    let open: Vec<_> = (1..=300).map(key).collect();
    assert_eq!(db.store.triage().list_rows(&open).await.unwrap().len(), 300);
}

async fn folding_finishes_an_import_that_was_cut_off(db: TestDatabase) {
    let batch = (1..=5).map(|n| event(&n.to_string(), &[says(open(n, n)), approval(n, 9)]));
    db.store
        .events()
        .append_batch(batch.collect(), normalise)
        .await
        .unwrap();
    db.store.facts().fold_pending(100, normalise).await.unwrap();
    let folded = db.store.facts().dump().await.unwrap();
    assert_eq!(
        db.store
            .triage()
            .list_rows(&[key(1), key(5)])
            .await
            .unwrap()
            .len(),
        2
    );
    db.store.facts().replay(normalise, |_| ()).await.unwrap();
    assert_eq!(db.store.facts().dump().await.unwrap(), folded);
}

async fn two_replicas_fold_the_same_events_once(db: TestDatabase) {
    let replica = db.replica().await;
    for number in 1..=120 {
        let changes = [
            says(open(number % 7 + 1, number)),
            approval(number % 7 + 1, number),
        ];
        db.store
            .events()
            .append(event(&number.to_string(), &changes))
            .await
            .unwrap();
    }
    let fold_all = async |store: em_storage::Store| {
        let mut events = 0;
        while store.events().count_pending().await.unwrap() > 0 {
            events += store.facts().fold_pending(9, normalise).await.unwrap().events;
        }
        events
    };
    let (here, there) = tokio::join!(fold_all(db.store.clone()), fold_all(replica));
    assert_eq!(here + there, 120);
    let folded = db.store.facts().dump().await.unwrap();
    db.store.facts().replay(normalise, |_| ()).await.unwrap();
    assert_eq!(db.store.facts().dump().await.unwrap(), folded);
}

async fn a_review_that_comes_before_its_pull_request_counts(db: TestDatabase) {
    db.store
        .events()
        .append(event("review", &[approval(1, 30)]))
        .await
        .unwrap();
    db.store.facts().fold_pending(10, normalise).await.unwrap();
    db.store
        .events()
        .append(event("pull", &[says(open(1, 0))]))
        .await
        .unwrap();
    db.store.facts().fold_pending(10, normalise).await.unwrap();
    let row = &db.store.triage().list_rows(&[key(1)]).await.unwrap()[0];
    assert_eq!(
        (row.waiting.turn, &row.waiting.reason),
        (Turn::Merge, &Reason::Approved)
    );
}

async fn events_that_arrive_during_a_replay_are_folded_after_it(db: TestDatabase) {
    for number in 1..=50 {
        db.store
            .events()
            .append(event(&number.to_string(), &[says(open(number, 0))]))
            .await
            .unwrap();
    }
    while db
        .store
        .facts()
        .fold_pending(100, normalise)
        .await
        .unwrap()
        .events
        > 0
    {}
    let arrive = async {
        for number in 51..=100 {
            db.store
                .events()
                .append(event(&number.to_string(), &[says(open(number, 0))]))
                .await
                .unwrap();
            db.store.facts().fold_pending(100, normalise).await.unwrap();
        }
    };
    let facts = db.store.facts();
    let (replayed, ()) = tokio::join!(facts.replay(normalise, |_| ()), arrive);
    assert!(replayed.unwrap().events >= 50);
    while db.store.events().count_pending().await.unwrap() > 0 {
        db.store.facts().fold_pending(100, normalise).await.unwrap();
    }
    let report = db
        .store
        .triage()
        .report(&TriageFilter::default(), at(60), 5)
        .await
        .unwrap();
    assert_eq!(report.groups[0].total, 100);
}

async fn purged_events_leave_their_facts(db: TestDatabase) {
    let events = db.store.events();
    for number in 1..=3 {
        let mut old = event(&number.to_string(), &[says(open(number, 0))]);
        old.received_at = at(-60 * 24 * 400);
        events.append(old).await.unwrap();
    }
    events
        .append(event("new", &[says(open(4, 0)), approval(1, 5)]))
        .await
        .unwrap();
    assert_eq!(
        events.purge(at(-60)).await.unwrap(),
        0,
        "what is not folded stays"
    );
    db.store.facts().fold_pending(100, normalise).await.unwrap();
    let facts = db.store.facts().dump().await.unwrap();
    assert_eq!(events.count_before(at(-60)).await.unwrap(), 3);
    assert_eq!(events.purge(at(-60)).await.unwrap(), 3);
    assert_eq!(db.store.facts().dump().await.unwrap(), facts);
    assert_eq!(
        db.store.facts().replay(normalise, |_| ()).await.unwrap().events,
        1
    );
    assert_eq!(db.store.facts().dump().await.unwrap(), facts);
    let sources = events.list_sources().await.unwrap();
    assert_eq!(
        (sources[0].source.as_str(), sources[0].last_received_at),
        ("github", at(1))
    );
}

async fn characters_that_a_database_cannot_keep_are_replaced(db: TestDatabase) {
    let title = "a\0b \\u0000 c";
    let pull = with(open(1, 0), |snapshot| {
        title.clone_into(&mut snapshot.title);
        snapshot.labels = vec!["x\0".to_owned()];
    });
    let email = AccountEmail {
        login: "a\0na".into(),
        email: "a\0@x.org".to_owned(),
        seen_at: at(0),
    };
    let mut arriving = event("k\0ey", &[says(pull), FactChange::AccountEmail(email)]);
    "ty\0pe".clone_into(&mut arriving.event_type);
    db.store.events().append(arriving).await.unwrap();
    let folded = db.store.facts().fold_pending(10, normalise).await.unwrap();
    assert_eq!((folded.unrecognised, folded.changed), (0, 2));
    assert_eq!(
        db.store.triage().list_rows(&[key(1)]).await.unwrap()[0].title,
        "a\u{fffd}b \\u0000 c"
    );
}

async fn a_name_too_long_for_an_index_is_not_recognised(db: TestDatabase) {
    let mut pull = open(1, 0);
    pull.key.repository = format!("acme/{}", "x".repeat(5000)).as_str().into();
    let labelled = with(open(2, 0), |snapshot| snapshot.labels = vec!["y".repeat(9000)]);
    db.store
        .events()
        .append(event("long", &[says(pull)]))
        .await
        .unwrap();
    db.store
        .events()
        .append(event("label", &[says(labelled)]))
        .await
        .unwrap();
    let folded = db.store.facts().fold_pending(10, normalise).await.unwrap();
    assert_eq!((folded.events, folded.unrecognised, folded.changed), (2, 1, 1));
}

async fn the_facts_come_back_exactly_as_they_went_in(db: TestDatabase) {
    let mut pull = with(open(1, 0), |snapshot| {
        snapshot.labels = vec!["Bug".to_owned(), "a b".to_owned()];
        "<!channel> *_~` \u{1f680} \"quoted\" \\".clone_into(&mut snapshot.title);
        snapshot.created_at = "2026-01-02T03:04:05.678901234Z".parse().unwrap();
    });
    pull.requests.insert("cy".into(), at(3));
    db.store
        .events()
        .append(event("a", &[says(pull.clone()), approval(1, 9)]))
        .await
        .unwrap();
    db.store.facts().fold_pending(10, normalise).await.unwrap();
    let subject = db.store.triage().find(&key(1), at(60)).await.unwrap().unwrap();
    assert_eq!(subject.pull_request, pull);
    assert_eq!(FactChange::Review(subject.reviews[0].clone()), approval(1, 9));
    assert_eq!(db.store.triage().find(&key(2), at(60)).await.unwrap(), None);
}

async fn times_that_no_calendar_knows_do_no_harm(db: TestDatabase) {
    let mut ancient = with(open(1, 0), |snapshot| {
        snapshot.created_at = chrono::DateTime::<chrono::Utc>::MIN_UTC;
    });
    ancient.ready_at = Some(chrono::DateTime::<chrono::Utc>::MIN_UTC);
    let far = with(open(2, 0), |snapshot| {
        snapshot.created_at = chrono::DateTime::<chrono::Utc>::MAX_UTC;
    });
    db.store
        .events()
        .append(event("a", &[says(ancient), says(far), says(open(3, 0))]))
        .await
        .unwrap();
    db.store.facts().fold_pending(10, normalise).await.unwrap();
    let report = db
        .store
        .triage()
        .report(&TriageFilter::default(), at(60), 5)
        .await
        .unwrap();
    let numbers: Vec<i64> = report.groups[0].rows.iter().map(|row| row.key.number).collect();
    assert_eq!(numbers, [1, 3, 2], "the longest waiting first");
}
