//! Purpose: a standup's round is opened once, what was said in it replaces what was said before, and blockers end once.

use chrono::{DateTime, Duration, NaiveDate, Utc};
use em_domain::away::Away;
use em_domain::id::{BlockerId, JobId, SlackUser};
use em_domain::job::NewJob;
use em_domain::standup::{Blocker, BlockerEnd, Checkin, CheckinState, Round};
use em_storage::testing::TestDatabase;
use em_storage::{Answer, RoundState};
use ulid::Ulid;

em_storage::both_engines!(
    a_round_is_opened_once_and_its_jobs_with_it,
    an_answer_replaces_the_one_before_and_counts_its_mood,
    the_last_answer_before_a_round_is_of_this_standup_and_this_person,
    a_blocker_ends_once_and_is_told_of_while_it_is_open,
    days_off_are_listed_until_they_are_over_and_taken_back,
);

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn now() -> DateTime<Utc> {
    at("2026-01-16T08:00:00Z")
}

fn round(standup: &str, date: &str) -> Round {
    Round {
        id: format!("{standup}:{date}"),
        standup: standup.to_owned(),
        day: day(date),
        post_at: now() + Duration::hours(1),
        since: now() - Duration::days(1),
        people: Vec::new(),
        moods: [0; 5],
    }
}

fn user(name: &str) -> SlackUser {
    SlackUser(name.to_owned())
}

fn answered(round: &str, who: &str, next: &str) -> Checkin {
    Checkin {
        state: CheckinState::Answered,
        next: next.to_owned(),
        answered_at: Some(now()),
        ..Checkin::asked(round, user(who))
    }
}

fn answer(checkin: &Checkin) -> Answer<'_> {
    Answer {
        checkin,
        mood: None,
        opened: &[],
        ended: &[],
        jobs: &[],
    }
}

async fn a_round_is_opened_once_and_its_jobs_with_it(db: TestDatabase) {
    let standups = db.store.standups();
    let job = |n: u128| {
        NewJob::new(
            JobId::new(Ulid::from(n)),
            "standup.ask",
            serde_json::json!({}),
            now(),
        )
    };
    let first = round("payments", "2026-01-16");
    assert!(standups.open(&first, &[job(1)], now()).await.unwrap());
    assert!(!standups.open(&first, &[job(2)], now()).await.unwrap());
    assert!(db.store.jobs().find(&job(1).id).await.unwrap().is_some());
    assert!(db.store.jobs().find(&job(2).id).await.unwrap().is_none());

    let stored = standups.find_round(&first.id).await.unwrap().unwrap();
    assert_eq!((stored.round, stored.state), (first.clone(), RoundState::Open));
    assert!(
        standups
            .close(&first.id, RoundState::Posted, now())
            .await
            .unwrap()
    );
    assert!(
        !standups
            .close(&first.id, RoundState::Missed, now())
            .await
            .unwrap()
    );

    let later = round("payments", "2026-01-19");
    standups.open(&later, &[], now()).await.unwrap();
    standups
        .open(&round("search", "2026-01-15"), &[], now())
        .await
        .unwrap();
    let before = standups
        .list_rounds("payments", day("2026-01-19"), 5)
        .await
        .unwrap();
    assert_eq!(before.len(), 1);
    assert_eq!(
        (before[0].state, before[0].posted_at),
        (RoundState::Posted, Some(now()))
    );
    assert_eq!(standups.purge(day("2026-01-16")).await.unwrap(), 1);
}

async fn an_answer_replaces_the_one_before_and_counts_its_mood(db: TestDatabase) {
    let standups = db.store.standups();
    let round = round("payments", "2026-01-16");
    standups.open(&round, &[], now()).await.unwrap();
    let asked = Checkin::asked(&round.id, user("U1"));
    assert!(standups.claim_question(&asked).await.unwrap());
    assert!(!standups.claim_question(&asked).await.unwrap());
    let first = answered(&round.id, "U1", "one");
    let with_mood = Answer {
        mood: Some(4),
        ..answer(&first)
    };
    standups.record_answer(&with_mood, now()).await.unwrap();
    let second = answered(&round.id, "U1", "two");
    standups.record_answer(&answer(&second), now()).await.unwrap();
    assert_eq!(
        standups.list_checkins(&round.id).await.unwrap(),
        std::slice::from_ref(&second)
    );
    assert_eq!(
        standups.find_checkin(&round.id, &user("U1")).await.unwrap(),
        Some(second)
    );
    let stored = standups.find_round(&round.id).await.unwrap().unwrap();
    assert_eq!((stored.version, stored.round.moods), (3, [0, 0, 0, 1, 0]));
}

async fn the_last_answer_before_a_round_is_of_this_standup_and_this_person(db: TestDatabase) {
    let standups = db.store.standups();
    for (round, who, next) in [
        ("payments:2026-01-14", "U1", "old"),
        ("payments:2026-01-15", "U1", "wanted"),
        ("payments:2026-01-16", "U1", "of today"),
        ("payments-eu:2026-01-15", "U1", "other standup"),
        ("payments:2026-01-15", "U2", "other person"),
    ] {
        standups
            .record_answer(&answer(&answered(round, who, next)), now())
            .await
            .unwrap();
    }
    let skipped = Checkin {
        state: CheckinState::Skipped,
        ..answered("payments:2026-01-15", "U3", "")
    };
    standups.record_answer(&answer(&skipped), now()).await.unwrap();
    let before = |who: &'static str| async move {
        let standups = db.store.standups();
        let found = standups
            .find_answer_before("payments", "payments:2026-01-16", &user(who))
            .await;
        found.unwrap().map(|checkin| checkin.next)
    };
    let mut found = Vec::new();
    for who in ["U1", "U3"] {
        found.push(before.clone()(who).await);
    }
    assert_eq!(found, [Some("wanted".to_owned()), None]);
}

#[expect(clippy::too_many_lines, reason = "a blocker from its beginning to its end")]
async fn a_blocker_ends_once_and_is_told_of_while_it_is_open(db: TestDatabase) {
    let standups = db.store.standups();
    let blocker = |n: u128, who: &str| Blocker {
        id: BlockerId::new(Ulid::from(n)),
        standup: "payments".to_owned(),
        owner: user(who),
        text: "review".to_owned(),
        subject: None,
        opened_at: now(),
        escalated_at: None,
        closed_at: None,
        end: None,
    };
    let said = answered("payments:2026-01-16", "U1", "");
    let opened = [blocker(1, "U1"), blocker(2, "U1")];
    standups
        .record_answer(
            &Answer {
                opened: &opened,
                ..answer(&said)
            },
            now(),
        )
        .await
        .unwrap();
    let told = standups
        .record_escalated(&opened[0].id, now())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(told.escalated_at, Some(now()));
    let ended = [opened[0].id.clone()];
    standups
        .record_answer(
            &Answer {
                ended: &ended,
                ..answer(&said)
            },
            now(),
        )
        .await
        .unwrap();
    assert_eq!(
        standups.list_blockers_of("payments", &user("U1")).await.unwrap(),
        opened[1..]
    );
    assert_eq!(
        standups.record_escalated(&opened[0].id, now()).await.unwrap(),
        None
    );
    let closed = standups
        .close_blocker(&opened[1].id, BlockerEnd::Said, now())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (closed.closed_at, closed.end),
        (Some(now()), Some(BlockerEnd::Said))
    );
    assert_eq!(
        standups
            .close_blocker(&opened[1].id, BlockerEnd::Said, now())
            .await
            .unwrap(),
        None
    );
    assert_eq!(
        standups
            .purge_blockers(now() + Duration::seconds(1))
            .await
            .unwrap(),
        2
    );
}

async fn days_off_are_listed_until_they_are_over_and_taken_back(db: TestDatabase) {
    let days_off = db.store.days_off();
    let away = |from: &str, until: &str| Away {
        slack_user: user("U1"),
        from: day(from),
        until: day(until),
    };
    days_off
        .upsert(&away("2026-01-10", "2026-01-12"), now())
        .await
        .unwrap();
    days_off
        .upsert(&away("2026-01-20", "2026-01-21"), now())
        .await
        .unwrap();
    days_off
        .upsert(&away("2026-01-20", "2026-01-25"), now())
        .await
        .unwrap();
    let listed = days_off
        .list(&[user("U1"), user("U2")], day("2026-01-16"))
        .await
        .unwrap();
    assert_eq!(listed, [away("2026-01-20", "2026-01-25")]);
    assert_eq!(days_off.remove(&user("U1"), day("2026-01-16")).await.unwrap(), 1);
    assert_eq!(days_off.purge(day("2026-01-13")).await.unwrap(), 1);
}
