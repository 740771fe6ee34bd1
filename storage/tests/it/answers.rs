//! Purpose: answers, what people thought of them, and how good they were measured to be.

use std::collections::BTreeSet;

use em_domain::ask::{Answer, Confidence, Fault, Feedback, OfficialAnswer};
use em_domain::evals::Scores;
use em_domain::id::AnswerId;
use em_storage::both_engines;
use em_storage::testing::TestDatabase;
use ulid::Ulid;

use crate::support::at;

both_engines!(
    an_answer_comes_back_as_it_was_given,
    only_the_first_word_of_the_asker_counts,
    gaps_are_what_found_nothing_or_did_not_help,
    the_last_run_of_the_same_questions_is_found,
    a_conversation_is_recalled_by_its_asker_until_it_is_forgotten,
    answers_are_counted_and_purged_by_their_age,
    an_official_answer_lasts_until_it_expires_or_is_withdrawn,
);

fn answer(number: u128, minute: i64, confidence: Confidence) -> Answer {
    Answer {
        id: AnswerId::new(Ulid::from(number)),
        question: format!("question {number}?"),
        asker: "U0ANA".into(),
        channel: Some("C0OPS".into()),
        thread: None,
        asked_at: at(minute),
        confidence,
        citations: Vec::new(),
        written: None,
        also_from: BTreeSet::new(),
        official: None,
    }
}

async fn an_answer_comes_back_as_it_was_given(db: TestDatabase) {
    let given = answer(1, 0, Confidence::High);
    db.store.answers().insert(&given).await.unwrap();
    let found = db.store.answers().find(&given.id).await.unwrap().unwrap();
    assert_eq!((found.answer, found.feedback), (given, None));
    let other = AnswerId::new(Ulid::from(2_u128));
    assert_eq!(db.store.answers().find(&other).await.unwrap(), None);
}

async fn only_the_first_word_of_the_asker_counts(db: TestDatabase) {
    let given = answer(1, 0, Confidence::High);
    let answers = db.store.answers();
    answers.insert(&given).await.unwrap();
    let bad = Feedback::NotHelpful {
        why: Fault::Wrong,
        remark: String::new(),
    };
    let (ana, ben) = (&"U0ANA".into(), &"U0BEN".into());
    let record = async |by, feedback| {
        answers
            .record_feedback(&given.id, by, feedback, at(1))
            .await
            .unwrap()
    };
    assert!(!record(ben, &bad).await);
    assert!(record(ana, &Feedback::Helpful).await);
    assert!(!record(ana, &bad).await);
    let found = answers.find(&given.id).await.unwrap().unwrap();
    assert_eq!(found.feedback, Some(Feedback::Helpful));
    assert!(answers.list_gaps(at(0), 10).await.unwrap().is_empty());
}

async fn gaps_are_what_found_nothing_or_did_not_help(db: TestDatabase) {
    let answers = db.store.answers();
    for (number, confidence) in [
        (1, Confidence::None),
        (2, Confidence::High),
        (3, Confidence::Some),
    ] {
        let minute = i64::try_from(number).unwrap();
        answers.insert(&answer(number, minute, confidence)).await.unwrap();
    }
    let bad = Feedback::NotHelpful {
        why: Fault::Outdated,
        remark: "moved".to_owned(),
    };
    let third = AnswerId::new(Ulid::from(3_u128));
    assert!(
        answers
            .record_feedback(&third, &"U0ANA".into(), &bad, at(9))
            .await
            .unwrap()
    );
    let questions = async |since, limit| {
        let gaps = answers.list_gaps(at(since), limit).await.unwrap();
        gaps.into_iter()
            .map(|gap| gap.answer.question)
            .collect::<Vec<_>>()
    };
    assert_eq!(questions(0, 10).await, ["question 3?", "question 1?"]);
    assert_eq!(questions(2, 10).await, ["question 3?"]);
    assert_eq!(questions(0, 1).await, ["question 3?"]);
}

async fn the_last_run_of_the_same_questions_is_found(db: TestDatabase) {
    let evals = db.store.evals();
    let scores = |recall_at_1| Scores {
        recall_at_1,
        ..Scores::default()
    };
    assert_eq!(evals.find_last("set").await.unwrap(), None);
    evals.record("set", &scores(0.5), at(1)).await.unwrap();
    evals.record("set", &scores(0.7), at(2)).await.unwrap();
    evals.record("other", &scores(0.1), at(3)).await.unwrap();
    assert_eq!(evals.find_last("set").await.unwrap(), Some((at(2), scores(0.7))));
}

async fn a_conversation_is_recalled_by_its_asker_until_it_is_forgotten(db: TestDatabase) {
    let answers = db.store.answers();
    let said = |number, minute, thread: Option<&str>, asker: &str| Answer {
        thread: thread.map(str::to_owned),
        asker: asker.into(),
        ..answer(number, minute, Confidence::High)
    };
    for given in [
        said(1, 1, Some("100.1"), "U0ANA"),
        said(2, 2, Some("100.1"), "U0ANA"),
        said(3, 3, Some("100.1"), "U0BEN"),
        said(4, 4, Some("200.1"), "U0ANA"),
        said(5, 5, None, "U0ANA"),
    ] {
        answers.insert(&given).await.unwrap();
    }
    let (ana, ops) = ("U0ANA".into(), "C0OPS".into());
    let recalled = async |since, limit| {
        let turns = answers
            .recall(&ana, (&ops, "100.1"), at(since), limit)
            .await
            .unwrap();
        turns.into_iter().map(|turn| turn.question).collect::<Vec<_>>()
    };
    assert_eq!(recalled(0, 9).await, ["question 2?", "question 1?"]);
    assert_eq!(recalled(2, 9).await, ["question 2?"]);
    assert_eq!(recalled(0, 1).await, ["question 2?"]);

    assert_eq!(answers.forget(&ana, (&ops, "100.1")).await.unwrap(), 2);
    assert!(recalled(0, 9).await.is_empty());
    let ben = answers
        .recall(&"U0BEN".into(), (&ops, "100.1"), at(0), 9)
        .await
        .unwrap();
    assert_eq!(ben.len(), 1);
}

async fn answers_are_counted_and_purged_by_their_age(db: TestDatabase) {
    let answers = db.store.answers();
    for number in 1..=4 {
        let minute = i64::try_from(number).unwrap();
        answers
            .insert(&answer(number, minute, Confidence::High))
            .await
            .unwrap();
    }
    assert_eq!(answers.count(at(3)).await.unwrap(), 2);
    assert_eq!(answers.purge(at(3)).await.unwrap(), 2);
    assert_eq!(answers.count(at(0)).await.unwrap(), 2);
}

async fn an_official_answer_lasts_until_it_expires_or_is_withdrawn(db: TestDatabase) {
    let official = db.store.official_answers();
    let marked = |number: u128, minute, until| OfficialAnswer {
        id: AnswerId::new(Ulid::from(number)),
        question: format!("question {number}?"),
        text: "Call the owner.".to_owned(),
        citations: Vec::new(),
        also_from: BTreeSet::new(),
        by: "U0ANA".into(),
        at: at(minute),
        until: at(until),
    };
    for given in [marked(1, 1, 10), marked(2, 2, 20)] {
        official.upsert(&given).await.unwrap();
    }
    let listed = async |now| {
        let listed = official.list(at(now), 9).await.unwrap();
        listed
            .into_iter()
            .map(|answer| answer.question)
            .collect::<Vec<_>>()
    };
    assert_eq!(listed(5).await, ["question 2?", "question 1?"]);
    assert_eq!(listed(10).await, ["question 2?"]);

    // Marked again it lasts longer, and stays one.
    official.upsert(&marked(1, 6, 30)).await.unwrap();
    assert_eq!(listed(10).await, ["question 1?", "question 2?"]);
    assert_eq!(official.list(at(10), 9).await.unwrap()[0], marked(1, 6, 30));

    assert!(official.remove(&marked(1, 0, 0).id).await.unwrap());
    assert!(!official.remove(&marked(1, 0, 0).id).await.unwrap());
    assert_eq!(listed(10).await, ["question 2?"]);
    assert_eq!(official.purge(at(20)).await.unwrap(), 1);
}
