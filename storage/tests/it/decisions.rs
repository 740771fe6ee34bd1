//! Purpose: what the policy answered is kept, listed in pages, and forgotten.

use em_domain::id::DecisionId;
use em_domain::policy::{Question, RecordedDecision};
use em_storage::both_engines;
use em_storage::testing::TestDatabase;
use serde_json::json;
use ulid::Ulid;

use crate::support::at;

both_engines!(
    an_answer_comes_back_as_it_was_kept,
    pages_hold_every_answer_once_the_newest_first,
    old_answers_are_forgotten,
);

fn answer(minutes: i64, number: u128) -> RecordedDecision {
    RecordedDecision {
        id: DecisionId::new(Ulid::from_parts(1_770_000_000_000, number)),
        at: at(minutes),
        question: Question::Action,
        subject: "github.close acme/api#12".to_owned(),
        url: None,
        input: json!({"action": {"kind": "github.close"}, "facts": {"labels": ["a", "b"], "approvals": 2}}),
        verdict: "needs_approval".to_owned(),
        reason: "Somebody must agree.".to_owned(),
        policy: "0123456789ab".to_owned(),
    }
}

async fn an_answer_comes_back_as_it_was_kept(db: TestDatabase) {
    let signal = RecordedDecision {
        question: Question::Signal,
        url: Some("https://github.com/acme/api/pull/12".to_owned()),
        ..answer(1, 2)
    };
    for kept in [answer(0, 1), signal] {
        db.store.decisions().record(&kept).await.unwrap();
        db.store.decisions().record(&kept).await.unwrap();
        assert_eq!(
            db.store.decisions().list_since(kept.at, None, 10).await.unwrap(),
            [kept]
        );
    }
}

async fn pages_hold_every_answer_once_the_newest_first(db: TestDatabase) {
    // Two at one time: the id decides between them.
    for (minutes, number) in [(0, 1), (5, 2), (5, 3), (6, 4), (9, 5)] {
        db.store
            .decisions()
            .record(&answer(minutes, number))
            .await
            .unwrap();
    }
    let (mut seen, mut last) = (Vec::new(), None);
    loop {
        let page = db
            .store
            .decisions()
            .list_since(at(5), last.as_ref(), 2)
            .await
            .unwrap();
        let Some(end) = page.last().cloned() else { break };
        assert!(page.len() <= 2);
        seen.extend(page);
        last = Some(end);
    }
    assert_eq!(seen, [answer(9, 5), answer(6, 4), answer(5, 3), answer(5, 2)]);
}

async fn old_answers_are_forgotten(db: TestDatabase) {
    for minutes in [0, 5, 10] {
        db.store
            .decisions()
            .record(&answer(minutes, u128::try_from(minutes).unwrap()))
            .await
            .unwrap();
    }
    assert_eq!(db.store.decisions().purge(at(5)).await.unwrap(), 1);
    let left = db.store.decisions().list_since(at(0), None, 10).await.unwrap();
    assert_eq!(
        left.iter().map(|kept| kept.at).collect::<Vec<_>>(),
        [at(10), at(5)]
    );
}
