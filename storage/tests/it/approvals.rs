//! Purpose: a question is decided once, with what follows from it, and the log of it all can be believed.

use chrono::Duration;
use em_domain::action::{Action, Digest, Risk, TargetState};
use em_domain::approval::ballot::{Ballot, Voter};
use em_domain::approval::{Approval, ApprovalState, Request, Requester, Via};
use em_domain::audit::AuditEntry;
use em_domain::id::{ApprovalId, JobId};
use em_domain::job::NewJob;
use em_domain::policy::{Approver, Decision, PolicyVerdict, Terms};
use em_storage::testing::TestDatabase;
use em_storage::{Claimant, Consequences, Deputy, Proposed, both_engines};
use serde_json::json;
use ulid::Ulid;

use crate::support::at;

both_engines!(
    a_question_that_is_open_is_not_put_twice,
    of_two_people_who_decide_at_once_one_decides,
    what_follows_is_stored_with_the_change_or_not_at_all,
    questions_are_found_by_what_people_type_of_them,
    the_log_is_one_chain_whoever_appends,
    the_log_can_only_be_appended_to,
    pages_hold_every_question_once_the_newest_first,
    a_deputy_decides_until_their_time_is_over,
);

pub(crate) fn question(target: &str) -> Approval {
    let action = Action::new("github.close", target);
    let state = TargetState::of([("head commit", "abc".to_owned())]);
    let request = Request {
        digest: Digest::of(&action, &state),
        action,
        title: format!("Close {target}"),
        subject_title: "Retry payments".into(),
        url: Some("https://github.com/acme/api/pull/12".into()),
        effect: vec!["Closes it.".into()],
        state,
        requester: Requester::Person("U0ASKS".into()),
        requester_login: None,
        author: None,
        reason: Some("stale".into()),
        channel: Some("C1".into()),
    };
    let terms: Terms = serde_json::from_value(json!({"approvers": ["role:manager"]})).unwrap();
    let decision = Decision {
        verdict: PolicyVerdict::NeedsApproval(terms),
        reason: "closing is asked about".into(),
        risk: Risk::Medium,
        obligations: Vec::new(),
        rules: Vec::new(),
        policy: "0".into(),
    };
    Approval::propose(ApprovalId::new(Ulid::new()), request, decision, at(0))
}

pub(crate) fn decided(asked: &Approval, user: &str, agrees: bool) -> Approval {
    let voter = Voter {
        user: user.into(),
        login: None,
        counts_as: vec![Approver::Role("manager".into())],
        deputy_for: Vec::new(),
    };
    let ballot = Ballot {
        agrees,
        via: Via::Button,
        comment: None,
        seen: None,
        state_now: asked.request.state.clone(),
        is_typed: false,
    };
    asked.vote(&voter, &ballot, at(1)).unwrap()
}

fn entry(kind: &str, subject: &str) -> AuditEntry {
    AuditEntry {
        at: at(1),
        actor: "U0ANA".into(),
        kind: kind.into(),
        subject: subject.into(),
        data: json!({"b": 1, "a": "x\u{0}y"}),
    }
}

pub(crate) fn follows(asked: &Approval, kind: &str) -> Consequences {
    let payload = json!({"approval": asked.id});
    let key = format!("execute:{}", asked.id);
    Consequences {
        jobs: vec![NewJob::new(JobId::new(Ulid::new()), "execute_approval", payload, at(1)).unique(key)],
        audit: vec![entry(kind, asked.id.as_str())],
    }
}

async fn a_question_that_is_open_is_not_put_twice(db: TestDatabase) {
    let (approvals, none) = (db.store.approvals(), Consequences::default());
    let (first, second) = (question("acme/api#12"), question("acme/api#12"));
    assert_eq!(approvals.insert(&first, &none).await.unwrap(), Proposed::New);
    let again = approvals
        .insert(&second, &follows(&second, "approval.proposed"))
        .await
        .unwrap();
    assert_eq!(again, Proposed::Existing(Box::new(first.clone())));
    assert_eq!(
        db.store.audit().list_after(0).await.unwrap(),
        [],
        "nothing follows from what was not put"
    );
    // Once it is over, the same may be asked anew.
    assert!(
        approvals
            .record(&decided(&first, "U0ANA", false), &none)
            .await
            .unwrap()
    );
    assert_eq!(approvals.insert(&second, &none).await.unwrap(), Proposed::New);
}

async fn of_two_people_who_decide_at_once_one_decides(db: TestDatabase) {
    let replica = db.replica().await;
    let asked = question("acme/api#12");
    db.store
        .approvals()
        .insert(&asked, &Consequences::default())
        .await
        .unwrap();
    let (yes, no) = (decided(&asked, "U0ANA", true), decided(&asked, "U0BEN", false));
    let (yes_follows, no_follows) = (
        follows(&asked, "approval.approved"),
        follows(&asked, "approval.declined"),
    );
    let (here, there) = (db.store.approvals(), replica.approvals());
    let (yes_won, no_won) = tokio::join!(here.record(&yes, &yes_follows), there.record(&no, &no_follows));
    let (yes_won, no_won) = (yes_won.unwrap(), no_won.unwrap());
    assert!(yes_won != no_won, "one decision");
    let stands = db.store.approvals().find(&asked.id).await.unwrap().unwrap();
    assert_eq!(stands, if yes_won { yes } else { no });
    let logged = db.store.audit().list_about(asked.id.as_str(), 9).await.unwrap();
    assert_eq!(logged.len(), 1, "and one line in the log");
}

async fn what_follows_is_stored_with_the_change_or_not_at_all(db: TestDatabase) {
    let asked = question("acme/api#12");
    let approvals = db.store.approvals();
    approvals.insert(&asked, &Consequences::default()).await.unwrap();
    let yes = decided(&asked, "U0ANA", true);
    let of_old = Approval {
        version: 9,
        ..yes.clone()
    };
    assert!(
        !approvals
            .record(&of_old, &follows(&asked, "approval.approved"))
            .await
            .unwrap()
    );
    let claimant = Claimant {
        worker: "w",
        limit: 9,
        lease: Duration::seconds(30),
        takes_lost: true,
    };
    let due = async || db.store.jobs().claim(&claimant, at(2)).await.unwrap();
    assert!(due().await.is_empty());
    assert!(
        approvals
            .record(&yes, &follows(&asked, "approval.approved"))
            .await
            .unwrap()
    );
    let jobs = due().await;
    assert_eq!(jobs.len(), 1);
    assert_eq!(db.store.audit().verify().await.unwrap().unwrap().entries, 1);
}

async fn questions_are_found_by_what_people_type_of_them(db: TestDatabase) {
    let approvals = db.store.approvals();
    let asked = question("acme/api#12");
    approvals.insert(&asked, &Consequences::default()).await.unwrap();
    let tail = &asked.id.as_str()[asked.id.as_str().len() - 8..];
    assert_eq!(
        approvals.list_ending(tail).await.unwrap(),
        std::slice::from_ref(&asked)
    );
    assert_eq!(approvals.list_ending("NOSUCH").await.unwrap(), []);
    assert_eq!(
        approvals.list_about("acme/api#12").await.unwrap(),
        std::slice::from_ref(&asked)
    );
    assert_eq!(
        approvals.list(&[ApprovalState::Pending], 9).await.unwrap(),
        [asked]
    );
    assert_eq!(approvals.list(&[ApprovalState::Declined], 9).await.unwrap(), []);
}

async fn the_log_is_one_chain_whoever_appends(db: TestDatabase) {
    let replica = db.replica().await;
    let append = async |store: &em_storage::Store, name: &str| {
        for number in 0..25 {
            store
                .audit()
                .record(&entry("command", &format!("{name} {number}")))
                .await
                .unwrap();
        }
    };
    tokio::join!(append(&db.store, "here"), append(&replica, "there"));
    let verified = db.store.audit().verify().await.unwrap().unwrap();
    let head = db.store.audit().list_about("U0ANA", 1).await.unwrap().remove(0);
    assert_eq!((verified.entries, verified.head), (50, Some(head.hash)));
    assert_eq!(db.store.audit().list_about("there 7", 9).await.unwrap().len(), 1);
}

async fn the_log_can_only_be_appended_to(db: TestDatabase) {
    for number in 0..3 {
        db.store
            .audit()
            .record(&entry("command", &number.to_string()))
            .await
            .unwrap();
    }
    for sql in [
        "UPDATE audit SET actor = 'U0EVIL' WHERE seq = 2",
        "DELETE FROM audit WHERE seq = 2",
    ] {
        let refused = db.execute(sql).await.unwrap_err();
        assert!(refused.contains("append-only"), "{refused}");
    }
    // Somebody who can change the schema can do more, and is found out.
    let triggers: &[&str] = match db.config.url {
        None => &["DROP TRIGGER audit_is_not_changed"],
        Some(_) => &["DROP TRIGGER audit_is_not_changed ON audit"],
    };
    for sql in triggers {
        db.execute(sql).await.unwrap();
    }
    db.execute("UPDATE audit SET actor = 'U0EVIL' WHERE seq = 2")
        .await
        .unwrap();
    let broken = db.store.audit().verify().await.unwrap().unwrap_err();
    assert_eq!(broken.to_string(), "entry 2 was changed after it was written");
}

async fn a_deputy_decides_until_their_time_is_over(db: TestDatabase) {
    let approvals = db.store.approvals();
    let deputy = Deputy {
        principal: "U0ANA".into(),
        deputy: "U0BEN".into(),
        until: at(60),
    };
    approvals
        .upsert_deputy(&deputy, &entry("deputy", "U0ANA"))
        .await
        .unwrap();
    assert_eq!(
        approvals.list_deputies(at(59)).await.unwrap(),
        std::slice::from_ref(&deputy)
    );
    assert_eq!(approvals.list_deputies(at(60)).await.unwrap(), []);
    let longer = Deputy {
        until: at(120),
        ..deputy
    };
    approvals
        .upsert_deputy(&longer, &entry("deputy", "U0ANA"))
        .await
        .unwrap();
    assert_eq!(approvals.list_deputies(at(61)).await.unwrap(), [longer]);
    approvals.record_viewer(&"U0ANA".into(), at(1)).await.unwrap();
    approvals.record_viewer(&"U0ANA".into(), at(5)).await.unwrap();
    assert_eq!(approvals.list_viewers(at(1)).await.unwrap(), ["U0ANA".into()]);
    assert_eq!(
        approvals.list_viewers(at(1) + Duration::hours(1)).await.unwrap(),
        []
    );
}

async fn pages_hold_every_question_once_the_newest_first(db: TestDatabase) {
    let (approvals, none) = (db.store.approvals(), Consequences::default());
    let mut expected = Vec::new();
    for number in 1..=7 {
        // Three at one instant, so that the instant alone does not tell where a page ends.
        let asked = Approval {
            created_at: at(number / 3),
            ..question(&format!("acme/api#{number}"))
        };
        approvals.insert(&asked, &none).await.unwrap();
        expected.push((asked.created_at, asked.id));
    }
    expected.sort();
    expected.reverse();
    let (mut seen, mut last) = (Vec::new(), None);
    loop {
        let page = approvals
            .list_page(&ApprovalState::ALL, last.as_ref(), 2)
            .await
            .unwrap();
        let Some(end) = page.last() else { break };
        assert!(page.len() <= 2);
        last = Some(end.clone());
        seen.extend(page.into_iter().map(|asked| (asked.created_at, asked.id)));
    }
    assert_eq!(seen, expected);
    let declined = approvals
        .list_page(&[ApprovalState::Declined], None, 9)
        .await
        .unwrap();
    assert!(declined.is_empty());
}
