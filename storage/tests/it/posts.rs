//! Purpose: what was posted is edited, not repeated.

use em_storage::testing::TestDatabase;
use em_storage::{Claim, NewPost, both_engines};
use serde_json::json;

use crate::support::at;

both_engines!(
    a_purpose_is_claimed_once_and_gets_its_ts_after,
    of_two_replicas_that_change_a_post_at_once_one_is_told_to_look_again,
    a_post_that_did_not_happen_is_given_back,
    posts_are_kept_up_to_date_until_their_time_is_over,
);

fn post(purpose: &str) -> NewPost {
    NewPost {
        purpose: purpose.to_owned(),
        channel: "C1".into(),
        state: json!({"lines": [1]}),
        until: at(480),
    }
}

async fn a_purpose_is_claimed_once_and_gets_its_ts_after(db: TestDatabase) {
    let posts = db.store.posts();
    let Claim::Mine(mine) = posts.claim(&post("a"), at(0)).await.unwrap() else {
        panic!("it was free")
    };
    assert_eq!(
        (mine.ts.clone(), mine.version, mine.state.clone()),
        (None, 1, json!({"lines": [1]}))
    );
    let again = db.replica().await.posts().claim(&post("a"), at(1)).await.unwrap();
    assert_eq!(again, Claim::Existing(mine));
    assert!(posts.record_ts("a", "17.01", at(2)).await.unwrap());
    assert!(!posts.record_ts("a", "17.02", at(3)).await.unwrap());
    let found = posts.find("a").await.unwrap().unwrap();
    assert_eq!(
        (found.ts.as_deref(), found.channel.as_str(), found.updated_at),
        (Some("17.01"), "C1", at(2))
    );
    assert_eq!(posts.find("b").await.unwrap(), None);
}

async fn of_two_replicas_that_change_a_post_at_once_one_is_told_to_look_again(db: TestDatabase) {
    let replica = db.replica().await;
    db.store.posts().claim(&post("a"), at(0)).await.unwrap();
    let seen = db.store.posts().find("a").await.unwrap().unwrap();
    let (here, there) = (json!({"by": "here"}), json!({"by": "there"}));
    let (first, second) = (db.store.posts(), replica.posts());
    let (first, second) = tokio::join!(
        first.update(&seen, &here, at(1)),
        second.update(&seen, &there, at(1))
    );
    let winners: Vec<_> = [first.unwrap(), second.unwrap()].into_iter().flatten().collect();
    assert_eq!(winners.len(), 1);
    assert_eq!(
        db.store.posts().find("a").await.unwrap().as_ref(),
        winners.first()
    );
    assert!(
        db.store
            .posts()
            .update(&winners[0], &json!({}), at(2))
            .await
            .unwrap()
            .is_some()
    );
}

async fn a_post_that_did_not_happen_is_given_back(db: TestDatabase) {
    let posts = db.store.posts();
    posts.claim(&post("a"), at(0)).await.unwrap();
    assert!(posts.release("a").await.unwrap());
    assert!(matches!(
        posts.claim(&post("a"), at(1)).await.unwrap(),
        Claim::Mine(_)
    ));
    posts.record_ts("a", "17.01", at(2)).await.unwrap();
    assert!(!posts.release("a").await.unwrap(), "it happened");
}

async fn posts_are_kept_up_to_date_until_their_time_is_over(db: TestDatabase) {
    let posts = db.store.posts();
    posts.claim(&post("b"), at(0)).await.unwrap();
    posts
        .claim(
            &NewPost {
                until: at(60),
                ..post("a")
            },
            at(0),
        )
        .await
        .unwrap();
    let active = async |minutes| -> Vec<String> {
        let active = db.store.posts().list_active(at(minutes)).await.unwrap();
        active.into_iter().map(|post| post.purpose).collect()
    };
    assert_eq!(active(59).await, ["a", "b"]);
    assert_eq!(active(60).await, ["b"]);
}
