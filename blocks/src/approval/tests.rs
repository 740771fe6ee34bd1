//! Purpose: what people see of an approval, in every state and with whatever others wrote.

use em_domain::action::{Action, Digest, Risk, TargetState};
use em_domain::approval::ballot::{Ballot, Refusal, Target, Voter};
use em_domain::approval::{ApprovalState, Outcome, Request, Settled, Vote};
use em_domain::policy::{Confirmation, Decision, PolicyVerdict, RuleTrace, Terms};
use insta::assert_snapshot;
use proptest::prelude::*;
use ulid::Ulid;

use super::card::message_card;
use super::explain::{ExplainView, Standing, message_explain};
use super::list::{Which, message_list};
use super::modal::{Memory, modal_approve, modal_decline};
use super::progress::message_progress;
use super::refusal::{message_denied, message_refused};
use super::*;
use crate::sample::{hostile, now, shown_as};
use crate::strict::{check_message, check_view};
use crate::transcript::{transcript, transcript_view};

fn asked(terms: Terms) -> Approval {
    let action = Action::new("github.merge", "shop/api#812");
    let state = TargetState::of([("head commit", "abc1234".to_owned())]);
    let request = Request {
        digest: Digest::of(&action, &state),
        action,
        title: "Merge shop/api#812".into(),
        subject_title: "Retry payments on *timeout*".into(),
        url: Some("https://github.com/shop/api/pull/812".into()),
        effect: vec!["Merges shop/api#812 into main as one commit.".into()],
        state,
        requester: Requester::Person("U0ANA".into()),
        requester_login: Some("ana".into()),
        author: Some("chloe".into()),
        reason: Some("the release waits for it".into()),
        channel: Some("C0OPS".into()),
    };
    let decision = Decision {
        verdict: PolicyVerdict::NeedsApproval(terms),
        reason: "What reaches users needs two people.".into(),
        risk: Risk::High,
        obligations: Vec::new(),
        rules: vec![
            RuleTrace {
                rule: "freeze".into(),
                text: "Nothing is done during a freeze.".into(),
                fired: false,
            },
            RuleTrace {
                rule: "production".into(),
                text: "What reaches users needs two people.".into(),
                fired: true,
            },
        ],
        policy: "abcdef012345".into(),
    };
    Approval::propose(ApprovalId::new(Ulid::nil()), request, decision, now())
}

fn two() -> Terms {
    Terms {
        quorum: 2,
        confirmation: Confirmation::Typed,
        ..Terms::of(vec![Approver::Role("manager".into())])
    }
}

fn says(approval: &Approval, user: &str, agrees: bool, comment: Option<&str>) -> Approval {
    let voter = Voter {
        user: user.into(),
        login: Some(user.to_lowercase().as_str().into()),
        counts_as: vec![Approver::Role("manager".into())],
        deputy_for: Vec::new(),
    };
    let ballot = Ballot {
        agrees,
        via: Via::Modal,
        comment: comment.map(str::to_owned),
        seen: None,
        state_now: approval.request.state.clone(),
        is_typed: true,
    };
    approval.vote(&voter, &ballot, now()).unwrap()
}

fn agreed() -> Approval {
    says(
        &says(&asked(two()), "U0BEN", true, None),
        "U0CLEO",
        true,
        Some("at last"),
    )
}

#[test]
fn a_card_says_what_is_asked_who_may_decide_and_how_long() {
    assert_snapshot!(transcript(&message_card(&asked(two()), shown_as())), @r"
    (text) Approval wanted: Merge shop/api#812, asked by @U0ANA
    # Approval wanted: Merge shop/api#812
    *Retry payments on *timeout* (https://github.com/shop/api/pull/812)*
    Asked by @U0ANA · high risk
    “the release waits for it”
        ⋮ Explain | Take the request back | Open
    *What will be done:*
    • Merges shop/api#812 into main as one commit.
    Who may decide: anybody with the role *manager*; 2 of them must agree.
    To agree, the name of the target has to be typed.
    Lapses Sat 22 Nov 15:00.
    [Approve] [Decline…] [Approve with comment…] [Explain]
    > `00000000` · What reaches users needs two people.
    ");
}

#[test]
fn a_card_names_who_agreed_and_what_changed() {
    let half = says(&asked(two()), "U0BEN", true, None);
    let target = Target {
        action: half.request.action.clone(),
        state: TargetState::of([("head commit", "def5678".to_owned())]),
        effect: half.request.effect.clone(),
    };
    let shown = transcript(&message_card(&half, shown_as()));
    assert!(
        shown.contains("1 of 2 so far: @U0BEN") && shown.contains("Withdraw my vote"),
        "{shown}"
    );
    let anew = half.renew(target, half.decision.clone(), now()).unwrap();
    let shown = transcript(&message_card(&anew, shown_as()));
    assert!(
        shown.contains("• head commit: `abc1234` → `def5678`") && !shown.contains("so far"),
        "{shown}"
    );
}

#[test]
fn a_spent_card_has_no_buttons_but_what_can_still_be_done() {
    let declined = says(&asked(two()), "U0BEN", false, Some("not before Monday"));
    assert_snapshot!(transcript(&message_card(&declined, shown_as())), @r"
    (text) Declined: Merge shop/api#812, asked by @U0ANA, decided by @U0BEN Fri 21 Nov 15:00
    # Declined: Merge shop/api#812
    *Retry payments on *timeout* (https://github.com/shop/api/pull/812)*
    Asked by @U0ANA · high risk
    “the release waits for it”
        ⋮ Explain | Open
    *Declined* by @U0BEN in a form, Fri 21 Nov 15:00: “not before Monday”
    > `00000000` · What reaches users needs two people.
    ");
    let done = Outcome {
        undo: Some(Action::new("github.revert", "shop/api#812")),
        undo_until: Some(now() + chrono::Duration::hours(24)),
        url: Some("https://github.com/shop/api/pull/812".into()),
        ..Outcome::said("Merged shop/api#812.", now())
    };
    let completed = agreed().begin(now()).unwrap().complete(done, now()).unwrap();
    assert_snapshot!(transcript(&message_card(&completed, shown_as())), @r"
    (text) Done: Merge shop/api#812, asked by @U0ANA, decided by @U0CLEO Fri 21 Nov 15:00
    # Done: Merge shop/api#812
    *Retry payments on *timeout* (https://github.com/shop/api/pull/812)*
    Asked by @U0ANA · high risk
    “the release waits for it”
        ⋮ Explain | Open
    *Approved* by @U0BEN, @U0CLEO in a form, Fri 21 Nov 15:00: “at last”
    *Done.* Merged shop/api#812. Look (https://github.com/shop/api/pull/812)
    [Undo]
    > `00000000` · What reaches users needs two people.
    ");
    let later = Setting {
        now: now() + chrono::Duration::hours(25),
        ..shown_as()
    };
    assert!(!transcript(&message_card(&completed, later)).contains("[Undo]"));
    let unclear = agreed()
        .begin(now())
        .unwrap()
        .become_unclear("Look at the run.", now())
        .unwrap();
    let shown = transcript(&message_card(&unclear, shown_as()));
    assert!(shown.contains("[It was done] [It was not: try again]"), "{shown}");
}

#[test]
fn the_thread_follows_what_was_agreed_to() {
    let progress =
        |approval: &Approval| message_progress(approval, shown_as()).map(|message| transcript(&message));
    assert_eq!(progress(&asked(two())), None);
    assert!(progress(&agreed()).unwrap().contains("Queued"));
    let begun = agreed().begin(now()).unwrap();
    let waits = begun
        .attempt_failed(
            "GitHub did not answer",
            true,
            now() + chrono::Duration::minutes(2),
            now(),
        )
        .unwrap();
    let again = waits.begin(now()).unwrap();
    assert!(
        progress(&waits)
            .unwrap()
            .contains("Attempt 1 of 5 failed: GitHub did not answer Next try")
    );
    assert!(progress(&again).unwrap().contains("Attempts so far: 2"));
    let failed = again.fail("My token lacks `contents=write`.", now()).unwrap();
    assert!(progress(&failed).unwrap().contains("[Retry]"));
}

#[test]
fn an_explanation_has_the_rules_and_the_people() {
    let approval = says(&asked(two()), "U0BEN", true, None);
    let people = [
        ("U0BEN".into(), Standing::HasAgreed),
        ("U0ANA".into(), Standing::IsRequester),
        ("U0CLEO".into(), Standing::OffHours),
        ("U0DAN".into(), Standing::Away("U0EVE".into())),
    ];
    let view = ExplainView {
        approval: &approval,
        people: &people,
        setting: shown_as(),
    };
    assert_snapshot!(transcript(&message_explain(&view)), @r"
    (text) Why Merge shop/api#812: 1 of 2 agreed. Who may decide: anybody with the role manager.
    *Retry payments on *timeout* (https://github.com/shop/api/pull/812)* · Merge shop/api#812
    Asked by @U0ANA Fri 21 Nov 15:00. The policy says: What reaches users needs two people.
    *Rules*
    :white_check_mark: applies: What reaches users needs two people.
    :x: does not apply: Nothing is done during a freeze.
    1 of 2 agreed. Who may decide: anybody with the role *manager*.
    • @U0BEN has agreed
    • @U0ANA asked for it, so somebody else has to decide
    • @U0CLEO could decide, but is outside working time
    • @U0DAN is away; @U0EVE decides for them
    > `00000000` · policy `abcdef012345`
    ");
}

#[test]
fn lists_show_what_is_open_and_what_waits_for_the_reader() {
    let approvals = [asked(two()), says(&asked(two()), "U0BEN", false, None)];
    let open = transcript(&message_list(Which::All, &approvals, shown_as()));
    assert!(
        open.contains("waits for a decision, lapses") && open.contains("declined"),
        "{open}"
    );
    let mine = transcript(&message_list(Which::Mine, &approvals[..1], shown_as()));
    assert!(mine.contains("[Approve]"), "{mine}");
    assert!(
        transcript(&message_list(Which::Mine, &[], shown_as())).contains("Nothing waits for your decision")
    );
}

#[test]
fn a_form_asks_for_the_name_where_the_policy_does() {
    let approval = asked(two());
    let memory = Memory {
        ticket: Ticket::of(&approval),
        response_url: None,
        must_type: Some("shop/api#812".into()),
    };
    assert_snapshot!(transcript_view(&modal_approve(&approval, &memory).unwrap()), @r"
    (modal approval.approved) Approve [Approve] [Cancel]
    Merge shop/api#812 · *Retry payments on *timeout* (https://github.com/shop/api/pull/812)*
    • Merges shop/api#812 into main as one commit.
    This is high risk. To agree, type `shop/api#812` below.
    The name of the target
    A remark, if you like
    ");
}

#[test]
fn a_ticket_is_read_as_it_was_written() {
    let ticket = Ticket::of(&asked(two()));
    assert_eq!(Ticket::parse(&ticket.value()), Some(ticket.clone()));
    assert_eq!(Ticket::parse(ticket.id.as_str()).unwrap().id, ticket.id);
    assert_eq!(Ticket::parse("triage.refresh"), None);
}

proptest! {
    // Each case draws a hundred messages.
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_card_is_within_the_limits_whatever_others_wrote(text in hostile(), other in hostile(), number in 0_usize..30, agrees: bool) {
        let mut approval = asked(two());
        let request = &mut approval.request;
        (request.title, request.subject_title, request.reason) = (text.clone(), other.clone(), Some(text.clone()));
        (request.url, request.effect) = (Some(other.clone()), vec![text.clone(); number]);
        request.action.target.clone_from(&other);
        approval.decision.reason.clone_from(&text);
        let rule = RuleTrace { rule: text.clone(), text: other.clone(), fired: agrees };
        approval.decision.rules = vec![rule; number];
        let who = vec![Approver::Team(text.clone()), Approver::Group(other.clone()), Approver::Login(text.as_str().into())];
        approval.decision.verdict = PolicyVerdict::NeedsApproval(Terms { approvers: vec![who; number].concat(), ..two() });
        approval.disturbed_by = Some(text.clone());
        approval.votes = (0..number).map(|n| vote(&format!("U0{n}"), &text)).collect();
        let setting = shown_as();
        let mut all = vec![approval.clone()];
        for state in ApprovalState::ALL {
            let outcome = Outcome { url: Some(other.clone()), ..Outcome::said(&text, now()) };
            let settled = Settled { at: now(), by: Some(text.as_str().into()), via: Via::Modal, comment: Some(other.clone()) };
            all.push(Approval { state, outcome: Some(outcome), settled: Some(settled), last_error: Some(text.clone()), ..approval.clone() });
        }
        for approval in &all {
            check_message(&message_card(approval, setting));
            if let Some(progress) = message_progress(approval, setting) {
                check_message(&progress);
            }
            for refusal in [Refusal::NotAnApprover, Refusal::Over(approval.state), Refusal::NotConcerned, Refusal::AccountUnknown] {
                check_message(&message_refused(approval, &refusal));
            }
            let people = vec![(text.as_str().into(), Standing::Away(other.as_str().into())); number];
            check_message(&message_explain(&ExplainView { approval, people: &people, setting }));
        }
        let many: Vec<Approval> = all.iter().cycle().take(number).cloned().collect();
        for which in [Which::Mine, Which::Open, Which::All] {
            check_message(&message_list(which, &many, setting));
        }
        let memory = Memory { ticket: Ticket::of(&approval), response_url: None, must_type: Some(text.clone()) };
        for view in [modal_approve(&approval, &memory), modal_decline(&approval, &memory)].into_iter().flatten() {
            check_view(&view);
        }
        check_message(&message_denied(&approval.decision));
    }
}

fn vote(user: &str, comment: &str) -> Vote {
    Vote {
        by: user.into(),
        login: None,
        on_behalf_of: None,
        agrees: true,
        at: now(),
        via: Via::Modal,
        comment: Some(comment.to_owned()),
    }
}
