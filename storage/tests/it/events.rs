//! Purpose: what arrives is stored once, durably, or the sender is told.

use em_domain::triage::TriageFilter;
use em_storage::testing::TestDatabase;
use em_storage::{Appended, both_engines};

use crate::support::{at, event, normalise, open, says};

both_engines!(
    an_event_is_stored_once_and_waits_to_be_folded,
    of_a_hundred_equal_deliveries_at_once_one_is_stored,
    a_folded_event_shows_in_triage,
);

async fn an_event_is_stored_once_and_waits_to_be_folded(db: TestDatabase) {
    let events = db.store.events();
    assert_eq!(events.append(event("a", &[])).await.unwrap(), Appended::Stored);
    assert_eq!(events.append(event("a", &[])).await.unwrap(), Appended::Duplicate);
    assert_eq!(events.append(event("b", &[])).await.unwrap(), Appended::Stored);
    assert_eq!(events.count_pending().await.unwrap(), 2);
    assert_eq!(
        db.store.facts().fold_pending(10, normalise).await.unwrap().events,
        2
    );
    assert_eq!(events.count_pending().await.unwrap(), 0);
}

async fn of_a_hundred_equal_deliveries_at_once_one_is_stored(db: TestDatabase) {
    let replica = db.replica().await;
    let mut callers = tokio::task::JoinSet::new();
    for number in 0..100 {
        let store = if number % 2 == 0 {
            db.store.clone()
        } else {
            replica.clone()
        };
        callers.spawn(async move { store.events().append(event("same", &[])).await.unwrap() });
    }
    let answers = callers.join_all().await;
    assert_eq!(
        answers
            .iter()
            .filter(|answer| **answer == Appended::Stored)
            .count(),
        1
    );
    assert_eq!(db.store.events().count_pending().await.unwrap(), 1);
}

async fn a_folded_event_shows_in_triage(db: TestDatabase) {
    db.store
        .events()
        .append(event("a", &[says(open(1, 0))]))
        .await
        .unwrap();
    let folded = db.store.facts().fold_pending(10, normalise).await.unwrap();
    assert_eq!((folded.events, folded.changed), (1, 1));
    let report = db
        .store
        .triage()
        .report(&TriageFilter::default(), at(60), 5)
        .await
        .unwrap();
    assert_eq!(report.groups[0].total, 1);
    assert_eq!(report.groups[0].rows[0].title, "Change 1");
}
