//! Purpose: the rules of approvals, one by one and in any order.

use proptest::prelude::*;

use super::*;
use crate::action::{Action, Risk, TargetState};
use crate::approval::{Outcome, Requester};
use crate::policy::{QuietPeriod, Terms};

fn at(minutes: i64) -> DateTime<Utc> {
    "2026-03-02T09:00:00Z".parse::<DateTime<Utc>>().unwrap() + Duration::minutes(minutes)
}

fn terms() -> Terms {
    Terms {
        approvers: vec![Approver::Role("manager".into())],
        quorum: 1,
        self_approval: false,
        expires_in_minutes: 60,
        confirmation: Confirmation::Click,
        reactions: false,
        escalate_to: vec![Approver::Role("director".into())],
        quiet_period: None,
        channel: None,
    }
}

fn approval(terms: Terms) -> Approval {
    let action = Action::new("github.close", "acme/api#12");
    let state = head("abc");
    let request = Request {
        digest: Digest::of(&action, &state),
        action,
        title: "Close acme/api#12".into(),
        subject_title: "Retry payments".into(),
        url: None,
        effect: Vec::new(),
        state,
        requester: Requester::Person("U_ASKS".into()),
        requester_login: Some("asks".into()),
        author: Some("made".into()),
        reason: None,
        channel: None,
    };
    let decision = Decision {
        verdict: PolicyVerdict::NeedsApproval(terms),
        reason: "closing is asked about".into(),
        risk: Risk::Medium,
        obligations: Vec::new(),
        rules: Vec::new(),
        policy: "0".into(),
    };
    Approval::propose(ApprovalId::new(ulid::Ulid::nil()), request, decision, at(0))
}

fn head(commit: &str) -> TargetState {
    TargetState::of([("head commit", commit.to_owned())])
}

fn target(commit: &str) -> Target {
    Target {
        action: Action::new("github.close", "acme/api#12"),
        state: head(commit),
        effect: Vec::new(),
    }
}

fn manager(user: &str) -> Voter {
    Voter {
        user: user.into(),
        login: Some(user.to_lowercase().as_str().into()),
        counts_as: vec![Approver::Role("manager".into())],
        deputy_for: Vec::new(),
    }
}

fn yes() -> Ballot {
    Ballot {
        agrees: true,
        via: Via::Button,
        comment: None,
        seen: None,
        state_now: head("abc"),
        is_typed: false,
    }
}

#[test]
fn one_manager_decides_and_the_next_one_is_told() {
    let asked = approval(terms());
    let approved = asked.vote(&manager("U_ANA"), &yes(), at(5)).unwrap();
    assert_eq!(approved.state, ApprovalState::Approved);
    let settled = approved.settled.clone().unwrap();
    assert_eq!(
        (settled.by, settled.via, settled.at),
        (Some("U_ANA".into()), Via::Button, at(5))
    );
    let late = approved.vote(&manager("U_BEN"), &yes(), at(6));
    assert_eq!(late, Err(Refusal::Over(ApprovalState::Approved)));
}

#[test]
fn nobody_decides_about_what_is_their_own_unless_the_policy_says_so() {
    let asked = approval(terms());
    let requester = manager("U_ASKS");
    let author = Voter {
        login: Some("Made".into()),
        ..manager("U_MADE")
    };
    let stranger = Voter {
        counts_as: Vec::new(),
        ..manager("U_X")
    };
    let unlinked = Voter {
        login: None,
        ..manager("U_NEW")
    };
    let refused = |voter: &Voter| asked.vote(voter, &yes(), at(1)).unwrap_err();
    assert_eq!(refused(&requester), Refusal::OwnRequest);
    assert_eq!(refused(&author), Refusal::OwnChange);
    assert_eq!(refused(&stranger), Refusal::NotAnApprover);
    assert_eq!(refused(&unlinked), Refusal::AccountUnknown);
    let open = approval(Terms {
        self_approval: true,
        ..terms()
    });
    assert!(open.vote(&requester, &yes(), at(1)).is_ok());
}

#[test]
fn a_deputy_decides_for_whoever_is_away_and_both_count_once() {
    let asked = approval(Terms { quorum: 2, ..terms() });
    let deputy = Voter {
        counts_as: Vec::new(),
        deputy_for: vec![("U_ANA".into(), vec![Approver::Role("manager".into())])],
        ..manager("U_DEP")
    };
    let half = asked.vote(&deputy, &yes(), at(1)).unwrap();
    assert_eq!((half.state, half.missing()), (ApprovalState::Pending, 1));
    assert_eq!(
        half.vote(&manager("U_ANA"), &yes(), at(2)),
        Err(Refusal::AlreadySaid)
    );
    assert_eq!(
        half.vote(&manager("U_BEN"), &yes(), at(2)).unwrap().state,
        ApprovalState::Approved
    );
    // Nor does a deputy of the requester decide for them.
    let own = Voter {
        deputy_for: vec![("U_ASKS".into(), vec![Approver::Role("manager".into())])],
        ..deputy
    };
    assert_eq!(asked.vote(&own, &yes(), at(1)), Err(Refusal::OwnRequest));
}

#[test]
fn a_yes_is_to_what_was_seen() {
    let asked = approval(Terms {
        confirmation: Confirmation::Typed,
        ..terms()
    });
    let old = Ballot {
        seen: Some(Digest("0".into())),
        ..yes()
    };
    assert_eq!(asked.vote(&manager("U_ANA"), &old, at(1)), Err(Refusal::OldCard));
    let pushed = Ballot {
        state_now: head("def"),
        ..yes()
    };
    assert_eq!(
        asked.vote(&manager("U_ANA"), &pushed, at(1)),
        Err(Refusal::Drifted(head("def")))
    );
    assert_eq!(
        asked.vote(&manager("U_ANA"), &yes(), at(1)),
        Err(Refusal::MustBeTyped)
    );
    let typed = Ballot {
        is_typed: true,
        seen: Some(asked.request.digest.clone()),
        ..yes()
    };
    assert!(asked.vote(&manager("U_ANA"), &typed, at(1)).is_ok());
    // A no needs neither.
    let no = Ballot {
        agrees: false,
        ..pushed
    };
    assert_eq!(
        asked.vote(&manager("U_ANA"), &no, at(1)).unwrap().state,
        ApprovalState::Declined
    );
}

#[test]
fn a_target_that_changed_is_asked_about_anew() {
    let asked = approval(Terms { quorum: 2, ..terms() });
    let half = asked.vote(&manager("U_ANA"), &yes(), at(1)).unwrap();
    let anew = half.renew(target("def"), asked.decision.clone(), at(2)).unwrap();
    assert_eq!((anew.missing(), anew.state), (2, ApprovalState::Pending));
    assert_ne!(anew.request.digest, asked.request.digest);
    let drift = &anew.drift[0];
    assert_eq!(
        (drift.fact.as_str(), drift.before.as_str(), drift.now.as_str()),
        ("head commit", "abc", "def")
    );
    // The button of the card before it says yes to what is no more.
    let old = Ballot {
        seen: Some(asked.request.digest.clone()),
        state_now: head("def"),
        ..yes()
    };
    assert_eq!(anew.vote(&manager("U_ANA"), &old, at(3)), Err(Refusal::OldCard));
    let denied = Decision {
        verdict: PolicyVerdict::Deny,
        ..asked.decision.clone()
    };
    assert_eq!(
        half.renew(target("def"), denied, at(2)).unwrap().state,
        ApprovalState::Declined
    );
    let allowed = Decision {
        verdict: PolicyVerdict::Allow,
        ..asked.decision.clone()
    };
    assert_eq!(
        half.renew(target("def"), allowed, at(2)).unwrap().state,
        ApprovalState::Pending
    );
}

#[test]
fn a_question_escalates_and_then_lapses() {
    let asked = approval(terms());
    assert_eq!(asked.remind_at(), Some(at(30)));
    let director = Voter {
        counts_as: vec![Approver::Role("director".into())],
        ..manager("U_DIR")
    };
    assert_eq!(asked.vote(&director, &yes(), at(20)), Err(Refusal::NotAnApprover));
    let escalated = asked.escalate(at(30)).unwrap();
    assert!(escalated.vote(&director, &yes(), at(31)).is_ok());
    assert!(escalated.expire(at(59)).is_err());
    assert_eq!(escalated.vote(&director, &yes(), at(60)), Err(Refusal::Expired));
    assert_eq!(escalated.expire(at(60)).unwrap().state, ApprovalState::Expired);
}

#[test]
fn a_quiet_period_passes_by_itself_or_asks() {
    let quiet = approval(Terms {
        quiet_period: Some(QuietPeriod { hours: 48 }),
        ..terms()
    });
    assert_eq!(
        (quiet.state, quiet.quiet_until),
        (ApprovalState::Quiet, Some(at(48 * 60)))
    );
    assert_eq!(
        quiet.vote(&manager("U_ANA"), &yes(), at(1)),
        Err(Refusal::NotAskedYet)
    );
    assert!(quiet.end_quiet(None, at(47 * 60)).is_err());
    assert_eq!(
        quiet.end_quiet(None, at(48 * 60)).unwrap().state,
        ApprovalState::Approved
    );
    let asked = quiet.end_quiet(Some("incident 7".into()), at(90)).unwrap();
    assert_eq!(
        (asked.state, asked.expires_at),
        (ApprovalState::Pending, Some(at(150)))
    );
}

/// What can happen, in any order.
#[derive(Debug, Clone)]
enum Happens {
    Vote { who: usize, agrees: bool, drifted: bool },
    Withdraw(usize),
    Cancel(usize),
    Expire,
    Escalate,
    EndQuiet(bool),
    Begin,
    AttemptFails,
    Completes,
    Fails,
    Unclear,
    Retry(usize),
    ConfirmDone(usize),
}

fn happens() -> impl Strategy<Value = Happens> {
    let who = 0usize..PEOPLE.len();
    prop_oneof![
        6 => (who.clone(), any::<bool>(), any::<bool>())
            .prop_map(|(who, no, drifted)| Happens::Vote { who, agrees: !no || who % 2 == 0, drifted: drifted && no }),
        1 => who.clone().prop_map(Happens::Withdraw),
        1 => who.clone().prop_map(Happens::Cancel),
        1 => Just(Happens::Expire),
        1 => Just(Happens::Escalate),
        1 => any::<bool>().prop_map(Happens::EndQuiet),
        4 => Just(Happens::Begin),
        1 => Just(Happens::AttemptFails),
        2 => Just(Happens::Completes),
        1 => Just(Happens::Fails),
        1 => Just(Happens::Unclear),
        1 => who.clone().prop_map(Happens::Retry),
        1 => who.prop_map(Happens::ConfirmDone),
    ]
}

const PEOPLE: [&str; 5] = ["U_ANA", "U_BEN", "U_ASKS", "U_CLEO", "U_STRANGER"];

fn person(who: usize) -> Voter {
    let voter = manager(PEOPLE[who]);
    if PEOPLE[who] == "U_STRANGER" {
        Voter {
            counts_as: Vec::new(),
            ..voter
        }
    } else {
        voter
    }
}

fn next(now: &Approval, happens: &Happens, at: DateTime<Utc>) -> Result<Approval, Refusal> {
    match happens {
        Happens::Vote { who, agrees, drifted } => {
            let state_now = head(if *drifted { "def" } else { "abc" });
            now.vote(
                &person(*who),
                &Ballot {
                    agrees: *agrees,
                    state_now,
                    ..yes()
                },
                at,
            )
        }
        Happens::Withdraw(who) => now.withdraw(&PEOPLE[*who].into(), at),
        Happens::Cancel(who) => now.cancel(&person(*who), Via::Button, None, at),
        Happens::Expire => now.expire(at),
        Happens::Escalate => now.escalate(at),
        Happens::EndQuiet(disturbed) => now.end_quiet(disturbed.then(|| "incident".into()), at),
        Happens::Begin => now.begin(at),
        Happens::AttemptFails => now.attempt_failed("no answer", false, at, at),
        Happens::Completes => now.complete(Outcome::said("Closed.", at), at),
        Happens::Fails => now.fail("refused", at),
        Happens::Unclear => now.become_unclear("look", at),
        Happens::Retry(who) => now.retry(&person(*who), at),
        Happens::ConfirmDone(who) => now.confirm_done(&person(*who), at),
    }
}

proptest! {
    /// Never two decisions, never an execution without one, never a decision that is forgotten.
    #[test]
    fn whatever_happens_in_whatever_order_it_is_decided_once(
        story in prop::collection::vec((happens(), 0i64..30), 1..60), quorum in 1u32..4, is_quiet: bool,
    ) {
        let quiet_period = is_quiet.then_some(QuietPeriod { hours: 1 });
        let mut now = approval(Terms { quorum, quiet_period, ..terms() });
        let (mut minutes, mut decided) = (0, None);
        for (happens, later) in story {
            minutes += later;
            let Ok(after) = next(&now, &happens, at(minutes)) else { continue };
            prop_assert_eq!(after.version, now.version + 1);
            if let Some(decided) = &decided {
                prop_assert_eq!(&after.settled, decided, "a decision stands");
            }
            if after.settled.is_some() && decided.is_none() {
                prop_assert!(now.state.is_undecided());
                decided = Some(after.settled.clone());
            }
            let was_agreed = after.agreeing().len() >= quorum as usize
                || after.settled.as_ref().is_some_and(|settled| settled.via == Via::Policy);
            let is_done = matches!(after.state, ApprovalState::Approved | ApprovalState::Executing
                | ApprovalState::Completed | ApprovalState::Failed | ApprovalState::Unclear);
            prop_assert!(!is_done || was_agreed, "{:?} without agreement", after.state);
            let never = after.agreeing().iter().any(|user| ["U_ASKS", "U_STRANGER"].contains(&user.as_str()));
            prop_assert!(!never, "somebody agreed who may not");
            if after.state == ApprovalState::Executing && now.state == ApprovalState::Approved {
                prop_assert!(after.attempt_is_open);
            }
            now = after;
        }
    }
}
