//! Purpose: who could write down what is not.

use em_domain::fact::FactChange;
use em_domain::pull_request::PullRequestKey;
use em_domain::review::{Review, Verdict};
use em_storage::both_engines;
use em_storage::testing::TestDatabase;

use crate::support::{at, event, normalise, open, person, says};

both_engines!(pull_requests_that_somebody_reviewed_lately_are_counted_once);

fn review(id: i64, pull_request: PullRequestKey, reviewer: &str, minutes: i64) -> FactChange {
    FactChange::Review(Review {
        pull_request,
        id,
        reviewer: person(reviewer),
        verdict: Verdict::Commented,
        submitted_at: at(minutes),
        url: "https://github.com/review".to_owned(),
    })
}

async fn pull_requests_that_somebody_reviewed_lately_are_counted_once(db: TestDatabase) {
    let (one, two, mut elsewhere) = (open(1, 0), open(2, 0), open(3, 0));
    elsewhere.key.repository = "Acme/Web".into();
    let changes = [
        review(1, one.key.clone(), "ben", 10),
        review(2, one.key.clone(), "ben", 11),
        review(3, two.key.clone(), "ben", 12),
        // What an author answers under their own pull request is no review.
        review(4, one.key.clone(), "Ana", 13),
        review(5, two.key.clone(), "chloe", 9),
        review(6, elsewhere.key.clone(), "dmitri", 10),
        says(one),
        says(two),
        says(elsewhere),
    ];
    let facts = event("all", &changes);
    db.store.events().append(facts).await.unwrap();
    db.store.facts().fold_pending(100, normalise).await.unwrap();
    let counted = async |repositories: &[&str]| {
        let names: Vec<_> = repositories.iter().map(|name| (*name).into()).collect();
        let reviewed = db.store.gaps().list_reviewers(&names, at(10)).await.unwrap();
        let line =
            |r: em_domain::gaps::Reviewed| format!("{} {} {}", r.repository, r.reviewer, r.pull_requests);
        reviewed.into_iter().map(line).collect::<Vec<_>>()
    };
    assert_eq!(counted(&["acme/api"]).await, ["acme/api ben 2"]);
    assert_eq!(
        counted(&["acme/web", "acme/api", "acme/none"]).await,
        ["acme/api ben 2", "acme/web dmitri 1"]
    );
    assert_eq!(counted(&[]).await, Vec::<String>::new());
}
