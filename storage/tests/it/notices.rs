//! Purpose: what people want to be told, what they were told unasked, and what is held for a morning.

use em_domain::id::{BlockerId, JobId, SlackUser};
use em_domain::job::NewJob;
use em_domain::notice::Topic;
use em_domain::settings::{NoticeKind, PersonSettings};
use em_storage::testing::TestDatabase;
use em_storage::{NewNotice, NoticeState, both_engines};
use serde_json::json;
use ulid::Ulid;

use crate::support::{at, key};

both_engines!(
    what_somebody_wants_is_kept_and_others_have_the_usual,
    of_any_number_who_decide_about_one_notice_one_does,
    what_is_held_comes_with_its_job_and_is_delivered_once,
    what_is_sent_is_counted_and_what_is_not_sent_is_taken_back,
    only_what_is_still_held_is_kept_by_a_purge,
);

fn nudge(number: i64) -> Topic {
    Topic::Nudge {
        subject: key(number),
        from: "U9".into(),
        day: at(0).date_naive(),
    }
}

fn job(user: &str) -> NewJob {
    NewJob::new(JobId::new(Ulid::new()), "notice.deliver", json!({}), at(600))
        .unique(format!("notice:{user}"))
}

async fn what_somebody_wants_is_kept_and_others_have_the_usual(db: TestDatabase) {
    let (ana, ben) = (SlackUser::from("U1"), SlackUser::from("U2"));
    let settings = db.store.settings();
    assert_eq!(settings.get(&ana).await.unwrap(), PersonSettings::default());
    for cap in [Some(3), None] {
        let wanted = PersonSettings {
            daily_cap: cap,
            muted: [NoticeKind::Nudge].into(),
            ..PersonSettings::default()
        };
        settings.upsert(&ana, &wanted, at(0)).await.unwrap();
        assert_eq!(settings.get(&ana).await.unwrap(), wanted);
    }
    let known = settings.list(&[ana.clone(), ben.clone()]).await.unwrap();
    assert_eq!(known.keys().collect::<Vec<_>>(), [&ana]);
    assert_eq!(settings.get(&ben).await.unwrap(), PersonSettings::default());
}

async fn of_any_number_who_decide_about_one_notice_one_does(db: TestDatabase) {
    let replicas = [db.store.clone(), db.replica().await];
    let mut decided = tokio::task::JoinSet::new();
    for number in 0..12_usize {
        let store = replicas[number % 2].clone();
        decided.spawn(async move {
            let (user, topic) = (SlackUser::from("U1"), nudge(1));
            let notice = NewNotice {
                user: &user,
                topic: &topic,
            };
            if number % 3 == 0 {
                store
                    .notices()
                    .hold(notice, at(600), &job("U1"), at(0))
                    .await
                    .unwrap()
            } else {
                store.notices().claim(notice, at(0)).await.unwrap()
            }
        });
    }
    let decided = decided.join_all().await;
    assert_eq!(decided.into_iter().filter(|mine| *mine).count(), 1);
    let other = SlackUser::from("U2");
    let topic = nudge(1);
    let notice = NewNotice {
        user: &other,
        topic: &topic,
    };
    assert!(db.store.notices().claim(notice, at(0)).await.unwrap());
}

async fn what_is_held_comes_with_its_job_and_is_delivered_once(db: TestDatabase) {
    let (user, notices) = (SlackUser::from("U1"), db.store.notices());
    let blocker = Topic::Blocker {
        id: BlockerId::new(Ulid::nil()),
    };
    for topic in [&nudge(1), &nudge(2), &blocker] {
        let notice = NewNotice { user: &user, topic };
        assert!(notices.hold(notice, at(600), &job("U1"), at(1)).await.unwrap());
        assert!(!notices.hold(notice, at(900), &job("U1"), at(2)).await.unwrap());
    }
    assert_eq!(db.store.jobs().count(at(1)).await.unwrap().waiting, 1);
    assert_eq!(
        notices.find_next_morning(&user, at(5)).await.unwrap(),
        Some(at(600))
    );
    assert_eq!(notices.find_next_morning(&user, at(600)).await.unwrap(), None);
    assert_eq!(notices.list_overdue(at(600)).await.unwrap(), []);
    assert_eq!(
        notices.list_overdue(at(601)).await.unwrap(),
        [(user.clone(), at(600))]
    );
    let morning = notices.list_morning(&user, at(600)).await.unwrap();
    assert_eq!(morning.len(), 3);
    assert!(
        morning
            .iter()
            .all(|notice| notice.state == NoticeState::Held(at(600)))
    );
    let topics: Vec<Topic> = morning.into_iter().map(|notice| notice.topic).collect();
    notices.record_delivered(&user, &topics).await.unwrap();
    assert_eq!(notices.list_overdue(at(601)).await.unwrap(), []);
    let found = notices.find(&user, &blocker).await.unwrap().unwrap();
    assert_eq!(
        (found.topic, found.state),
        (blocker, NoticeState::Delivered(at(600)))
    );
}

async fn what_is_sent_is_counted_and_what_is_not_sent_is_taken_back(db: TestDatabase) {
    let (user, notices) = (SlackUser::from("U1"), db.store.notices());
    for number in 1..=3 {
        let topic = nudge(number);
        let notice = NewNotice {
            user: &user,
            topic: &topic,
        };
        assert!(notices.claim(notice, at(number * 10)).await.unwrap());
    }
    assert_eq!(notices.count_sent(&user, at(20)).await.unwrap(), 2);
    notices.release(&user, &nudge(3)).await.unwrap();
    assert_eq!(notices.count_sent(&user, at(20)).await.unwrap(), 1);
    assert_eq!(notices.find(&user, &nudge(3)).await.unwrap(), None);
}

async fn only_what_is_still_held_is_kept_by_a_purge(db: TestDatabase) {
    let (user, notices) = (SlackUser::from("U1"), db.store.notices());
    let (sent, held) = (nudge(1), nudge(2));
    notices
        .claim(
            NewNotice {
                user: &user,
                topic: &sent,
            },
            at(0),
        )
        .await
        .unwrap();
    let new = NewNotice {
        user: &user,
        topic: &held,
    };
    notices.hold(new, at(600), &job("U1"), at(0)).await.unwrap();
    assert_eq!(notices.purge(at(10)).await.unwrap(), 1);
    assert!(notices.find(&user, &held).await.unwrap().is_some());
}
