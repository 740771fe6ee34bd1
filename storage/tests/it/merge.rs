//! Purpose: merging statements gives the same fact in any order, however often they are repeated, and so do folding
//! and replaying.

use chrono::{DateTime, Utc};
use em_domain::ci_run::{CiOutcome, CiRun};
use em_domain::deployment::{Deployment, DeploymentState, DeploymentTarget, Release};
use em_domain::fact::{AccountEmail, FactChange};
use em_domain::id::Login;
use em_domain::issue::{IssueMove, Move};
use em_domain::pull_request::{Account, PullRequest, PullRequestState, Size};
use em_domain::push::Push;
use em_domain::repository::Repository;
use em_domain::review::{Comment, Review, Verdict};
use em_domain::stamped::Stamped;
use em_storage::testing::TestDatabase;
use proptest::collection::{btree_map, vec};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

use crate::support::{at, event, key, normalise, open, says, with};

/// Few different values, so that statements meet and tie.
fn time() -> impl Strategy<Value = DateTime<Utc>> {
    (0..4i64).prop_map(at)
}

fn login() -> impl Strategy<Value = Login> {
    select(vec!["ana", "ben", "Ben", "cy"]).prop_map(Login::from)
}

fn account() -> impl Strategy<Value = Account> {
    (login(), any::<bool>()).prop_map(|(login, is_bot)| Account { login, is_bot })
}

fn stamped<T: std::fmt::Debug>(value: impl Strategy<Value = T>) -> impl Strategy<Value = Stamped<T>> {
    (time(), value).prop_map(|(at, value)| Stamped { at, value })
}

fn pull_request() -> impl Strategy<Value = PullRequest> {
    use PullRequestState::{Closed, Merged, Open};
    let state = select(vec![Open, Open, Open, Closed, Merged]);
    let snapshot = (
        any::<bool>(),
        state,
        1..3i64,
        any::<bool>(),
        vec(login(), 0..2),
        select(vec!["x", "y"]),
    );
    let rest = (
        of(stamped(0..3i64)),
        of(stamped(any::<bool>())),
        of(time()),
        of(time()),
        of(time()),
    );
    (1..3i64, snapshot, 0..4i64, rest, btree_map(login(), time(), 0..2)).prop_map(
        |(number, (known, state, sha, is_ready, asked, title), minutes, rest, requests)| {
            let mut pull = if known {
                open(number, minutes)
            } else {
                PullRequest::new(key(number))
            };
            if known {
                pull = with(pull, |snapshot| {
                    (snapshot.state, snapshot.is_ready) = (state, is_ready);
                    (snapshot.requested_reviewers, snapshot.title) = (asked, title.to_owned());
                    snapshot.head_sha = Some(format!("sha{sha}"));
                });
            }
            pull.size = rest.0.map(|size| Stamped {
                at: size.at,
                value: Size {
                    additions: size.value,
                    deletions: 0,
                    changed_files: 1,
                },
            });
            (
                pull.conflicts,
                pull.first_commit_at,
                pull.ready_at,
                pull.pushed_at,
            ) = (rest.1, rest.2, rest.3, rest.4);
            pull.requests = requests;
            pull
        },
    )
}

fn review() -> impl Strategy<Value = Review> {
    use Verdict::{Approved, ChangesRequested, Commented, Dismissed};
    let verdict = select(vec![Approved, ChangesRequested, Commented, Dismissed]);
    (1..3i64, 1..3i64, account(), verdict, time()).prop_map(
        |(number, id, reviewer, verdict, submitted_at)| Review {
            pull_request: key(number),
            id,
            reviewer,
            verdict,
            submitted_at,
            url: format!("https://github.com/review/{id}"),
        },
    )
}

fn comment() -> impl Strategy<Value = Comment> {
    (1..3i64, select(vec!["issue:1", "review:1"]), account(), time()).prop_map(
        |(number, id, author, created_at)| Comment {
            pull_request: key(number),
            id: id.to_owned(),
            author,
            created_at,
        },
    )
}

fn ci_run() -> impl Strategy<Value = CiRun> {
    use CiOutcome::{Failure, Neutral, Pending, Success};
    let outcome = select(vec![Pending, Neutral, Success, Failure]);
    let times = (time(), of(time()), time());
    (
        1..4i64,
        select(vec!["test", "lint"]),
        1..3i64,
        any::<bool>(),
        (1..3i64, outcome),
        times,
    )
        .prop_map(
            |(
                id,
                workflow,
                sha,
                on_default_branch,
                (attempt, outcome),
                (created_at, started_at, updated_at),
            )| CiRun {
                repository: "acme/api".into(),
                id: format!("workflow:{id}"),
                workflow: workflow.to_owned(),
                head_sha: format!("sha{sha}"),
                branch: None,
                on_default_branch,
                attempt,
                outcome,
                created_at,
                started_at,
                updated_at,
                url: String::new(),
            },
        )
}

fn deployment() -> impl Strategy<Value = Deployment> {
    use DeploymentState::{Failure, InProgress, Pending, Success};
    let target = (select(vec!["production", "staging"]), of(login()), time()).prop_map(
        |(environment, creator, created_at)| DeploymentTarget {
            environment: environment.to_owned(),
            sha: "sha1".to_owned(),
            git_ref: "main".to_owned(),
            creator,
            created_at,
            url: String::new(),
        },
    );
    let state = select(vec![Pending, InProgress, Success, Failure]);
    let log = of(stamped(select(vec!["a".to_owned(), "b".to_owned()])));
    (1..3i64, stamped(target), stamped(state), of(time()), log).prop_map(
        |(id, target, state, succeeded_at, log_url)| Deployment {
            repository: "acme/api".into(),
            id,
            target,
            state,
            succeeded_at,
            log_url,
        },
    )
}

fn release() -> impl Strategy<Value = Release> {
    (1..3i64, time(), any::<bool>(), of(login())).prop_map(|(id, published_at, is_prerelease, author)| {
        Release {
            repository: "acme/api".into(),
            id,
            published_at,
            tag: "v1".to_owned(),
            name: None,
            is_prerelease,
            author,
            url: String::new(),
        }
    })
}

fn push() -> impl Strategy<Value = Push> {
    let branch = select(vec!["main", "spike"]);
    (1..3i64, branch, account(), time(), 1..4i64).prop_map(|(sha, branch, author, at, commits)| Push {
        repository: "acme/api".into(),
        branch: branch.to_owned(),
        head_sha: format!("sha{sha}"),
        author,
        at,
        commits,
        on_default_branch: branch == "main",
        title: "A commit".to_owned(),
        url: String::new(),
    })
}

fn issue_move() -> impl Strategy<Value = IssueMove> {
    let kind = select(vec![Move::Opened, Move::Assigned, Move::Closed]);
    let title = select(vec!["x", "y"]);
    (time(), 1..3i64, kind, account(), time(), title).prop_map(|(seen_at, number, kind, by, at, title)| {
        IssueMove {
            seen_at,
            issue: key(number),
            kind,
            by,
            at,
            title: title.to_owned(),
            url: String::new(),
        }
    })
}

fn repository() -> impl Strategy<Value = Repository> {
    let days = select(vec![0, 1440, 2880]);
    (days, any::<bool>())
        .prop_map(|(minutes, is_private)| Repository::seen("acme/api".into(), is_private, at(minutes)))
}

fn change() -> impl Strategy<Value = FactChange> {
    let email = (login(), select(vec!["a@x.org", "A@X.org ", "b@x.org"]), time()).prop_map(
        |(login, email, seen_at)| {
            FactChange::AccountEmail(AccountEmail {
                login,
                email: email.to_owned(),
                seen_at,
            })
        },
    );
    prop_oneof![
        4 => pull_request().prop_map(says),
        2 => review().prop_map(FactChange::Review),
        1 => comment().prop_map(FactChange::Comment),
        2 => ci_run().prop_map(FactChange::CiRun),
        1 => deployment().prop_map(|fact| FactChange::Deployment(Box::new(fact))),
        1 => release().prop_map(FactChange::Release),
        1 => push().prop_map(FactChange::Push),
        1 => issue_move().prop_map(|fact| FactChange::IssueMove(Box::new(fact))),
        1 => repository().prop_map(FactChange::Repository),
        1 => email,
    ]
}

/// Checks that `merge` is commutative, associative and idempotent on statements about one thing.
macro_rules! merges_in_any_order {
    ($($test:ident: $fact:ty, $strategy:expr, $same:expr;)*) => { proptest! { $(
        #[test]
        fn $test(mut a in $strategy, mut b in $strategy, mut c in $strategy) {
            ($same)(&mut a); ($same)(&mut b); ($same)(&mut c);
            let merged = |first: &$fact, second: &$fact| { let mut first = first.clone(); first.merge(second.clone()); first };
            prop_assert_eq!(merged(&a, &b), merged(&b, &a));
            prop_assert_eq!(merged(&merged(&a, &b), &c), merged(&a, &merged(&b, &c)));
            prop_assert_eq!(merged(&a, &a), a);
        }
    )* } };
}

merges_in_any_order! {
    pull_requests_merge_in_any_order: PullRequest, pull_request(), |fact: &mut PullRequest| fact.key = key(1);
    reviews_merge_in_any_order: Review, review(), |fact: &mut Review| (fact.pull_request, fact.id) = (key(1), 1);
    comments_merge_in_any_order: Comment, comment(), |fact: &mut Comment| (fact.pull_request, fact.id) = (key(1), String::new());
    ci_runs_merge_in_any_order: CiRun, ci_run(), |fact: &mut CiRun| fact.id = String::new();
    deployments_merge_in_any_order: Deployment, deployment(), |fact: &mut Deployment| fact.id = 1;
    releases_merge_in_any_order: Release, release(), |fact: &mut Release| fact.id = 1;
    pushes_merge_in_any_order: Push, push(), |fact: &mut Push| (fact.head_sha, fact.author.login) = (String::new(), "ana".into());
    moves_of_issues_merge_in_any_order: IssueMove, issue_move(), |fact: &mut IssueMove| (fact.issue, fact.kind, fact.at) = (key(1), Move::Opened, at(0));
    repositories_merge_in_any_order: Repository, repository(), |_: &mut Repository| ();
}

/// Events of up to three changes each.
fn story() -> impl Strategy<Value = Vec<Vec<FactChange>>> {
    vec(vec(change(), 1..4), 1..30)
}

/// The story, and the same with parts of it told again, in another order.
fn retold() -> impl Strategy<Value = (Vec<Vec<FactChange>>, Vec<Vec<FactChange>>)> {
    story().prop_flat_map(|story| {
        let again = proptest::sample::subsequence(story.clone(), 0..=story.len());
        let told = again.prop_map({
            let story = story.clone();
            move |again| [story.clone(), again].concat()
        });
        (Just(story), told.prop_shuffle())
    })
}

/// Folds `story` a few events at a time and answers with the facts; then a replay must give the same.
async fn facts_of(db: &TestDatabase, story: &[Vec<FactChange>], at_once: u16) -> String {
    for (number, changes) in story.iter().enumerate() {
        db.store
            .events()
            .append(event(&number.to_string(), changes))
            .await
            .unwrap();
    }
    while db
        .store
        .facts()
        .fold_pending(at_once, normalise)
        .await
        .unwrap()
        .events
        > 0
    {}
    let folded = db.store.facts().dump().await.unwrap();
    db.store.facts().replay(normalise, |_| ()).await.unwrap();
    assert_eq!(
        db.store.facts().dump().await.unwrap(),
        folded,
        "a replay gives the same"
    );
    folded
}

fn tell_both<F: Future<Output = Option<TestDatabase>>>(cases: u32, database: impl Fn() -> F) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        max_shrink_iters: 200,
        ..ProptestConfig::default()
    };
    proptest!(config, |((story, told) in retold(), at_once in 1..8u16)| {
        runtime.block_on(async {
            let (Some(one), Some(other)) = (database().await, database().await) else { return };
            let straight = facts_of(&one, &story, 100).await;
            assert_eq!(facts_of(&other, &told, at_once).await, straight);
        });
    });
}

#[test]
fn a_story_told_twice_and_shuffled_gives_the_same_facts_on_sqlite() {
    tell_both(16, async || Some(TestDatabase::sqlite().await));
}

#[test]
fn a_story_told_twice_and_shuffled_gives_the_same_facts_on_postgres() {
    tell_both(8, TestDatabase::postgres);
}
