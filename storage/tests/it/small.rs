//! Purpose: ticks, nudges, deliveries and cursors.

use em_storage::both_engines;
use em_storage::testing::TestDatabase;

use crate::support::at;

both_engines!(
    a_tick_happens_once_across_replicas,
    a_person_is_nudged_once_a_day_about_a_subject,
    a_delivery_is_first_once_even_in_one_group,
    a_poller_goes_on_where_it_was,
    an_open_store_answers,
);

async fn a_tick_happens_once_across_replicas(db: TestDatabase) {
    let replicas = [db.store.clone(), db.replica().await, db.replica().await];
    for tick in 0..5 {
        let mut claims = tokio::task::JoinSet::new();
        for store in replicas.clone() {
            claims.spawn(async move {
                store
                    .schedules()
                    .claim_tick("standup", at(tick), at(tick))
                    .await
                    .unwrap()
            });
        }
        assert_eq!(
            claims.join_all().await.into_iter().filter(|mine| *mine).count(),
            1
        );
    }
    assert!(
        db.store
            .schedules()
            .claim_tick("triage", at(0), at(0))
            .await
            .unwrap()
    );
    assert_eq!(
        db.store.schedules().find_last_tick("standup").await.unwrap(),
        Some(at(4))
    );
    assert_eq!(db.store.schedules().find_last_tick("other").await.unwrap(), None);
}

async fn a_person_is_nudged_once_a_day_about_a_subject(db: TestDatabase) {
    let (monday, tuesday) = (at(0).date_naive(), at(24 * 60).date_naive());
    let mut claims = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let store = db.store.clone();
        claims.spawn(async move {
            store
                .nudges()
                .claim("acme/api#1", &"U1".into(), monday, at(0))
                .await
                .unwrap()
        });
    }
    assert_eq!(
        claims.join_all().await.into_iter().filter(|mine| *mine).count(),
        1
    );
    let nudges = db.store.nudges();
    assert!(
        nudges
            .claim("acme/api#2", &"U1".into(), monday, at(1))
            .await
            .unwrap()
    );
    assert!(
        nudges
            .claim("acme/api#1", &"U2".into(), monday, at(1))
            .await
            .unwrap()
    );
    assert!(
        nudges
            .claim("acme/api#1", &"U1".into(), tuesday, at(1))
            .await
            .unwrap()
    );
    nudges.release("acme/api#1", &"U1".into(), monday).await.unwrap();
    assert!(
        nudges
            .claim("acme/api#1", &"U1".into(), monday, at(2))
            .await
            .unwrap()
    );
}

async fn a_delivery_is_first_once_even_in_one_group(db: TestDatabase) {
    let mut records = tokio::task::JoinSet::new();
    for number in 0..100 {
        let store = db.store.clone();
        records.spawn(async move {
            store
                .deliveries()
                .record(&format!("e{}", number % 10), at(number))
                .await
                .unwrap()
        });
    }
    assert_eq!(
        records
            .join_all()
            .await
            .into_iter()
            .filter(|first| *first)
            .count(),
        10
    );
    assert!(db.store.deliveries().record("old", at(-5000)).await.unwrap());
    assert_eq!(db.store.deliveries().purge(at(-1440)).await.unwrap(), 1);
    assert!(!db.store.deliveries().record("e1", at(200)).await.unwrap());
    assert!(db.store.deliveries().record("old", at(200)).await.unwrap());
}

async fn a_poller_goes_on_where_it_was(db: TestDatabase) {
    let cursors = db.store.cursors();
    assert_eq!(cursors.find::<String>("pulls").await.unwrap(), None);
    cursors.upsert("pulls", &("a", 1), at(0)).await.unwrap();
    cursors.upsert("pulls", &("b", 2), at(1)).await.unwrap();
    let cursor = cursors.find::<(String, i64)>("pulls").await.unwrap().unwrap();
    assert_eq!((cursor.value, cursor.updated_at), (("b".to_owned(), 2), at(1)));
    assert_eq!(
        cursors.find::<bool>("pulls").await.unwrap(),
        None,
        "another version's cursor"
    );
}

async fn an_open_store_answers(db: TestDatabase) {
    db.store.ping().await.unwrap();
    let expected = if db.config.url.is_some() {
        "postgresql"
    } else {
        "sqlite"
    };
    assert_eq!(db.store.engine(), expected);
    let replica = db.replica().await;
    replica.close().await;
    assert!(replica.ping().await.unwrap_err().is_transient());
}
