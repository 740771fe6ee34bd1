//! Purpose: what is told of what happened, that it is little, and that no pattern of subjects is misunderstood.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value, json};
use ulid::Ulid;

use super::*;
use crate::action::{Action, Digest as ActionDigest, Risk, TargetState};
use crate::approval::Request;
use crate::event::{Origin, Source};
use crate::id::{ApprovalId, EventId};
use crate::policy::{Approver, Confirmation, Decision, PolicyVerdict, QuietPeriod, Terms};
use crate::signal::{Finding, Severity};

fn at(minutes: i64) -> DateTime<Utc> {
    "2026-03-02T09:00:00Z".parse::<DateTime<Utc>>().unwrap() + chrono::Duration::minutes(minutes)
}

fn body(message: &Message) -> Value {
    serde_json::from_str(&message.body).unwrap()
}

fn event(event_type: &str, delivery_key: &str) -> RawEvent {
    RawEvent {
        id: EventId::new(Ulid::nil()),
        source: Source::github(),
        delivery_key: delivery_key.to_owned(),
        event_type: event_type.to_owned(),
        origin: Origin::Webhook,
        occurred_at: Some(at(0)),
        received_at: at(1),
        payload: br#"{"title":"what somebody wrote"}"#.to_vec(),
    }
}

fn signal(number: u128) -> Signal {
    let finding = Finding {
        rule: "reviews".to_owned(),
        kind: "pr_without_review".to_owned(),
        subject: format!("acme/api#{number}"),
        severity: Severity::Warning,
        title: "what somebody wrote".to_owned(),
        url: "https://github.com/acme/api/pull/1".to_owned(),
        repository: None,
        people: vec!["ana".into()],
        since: at(-60),
        details: BTreeMap::new(),
    };
    Signal::opened(SignalId::new(Ulid(number)), finding, at(0))
}

fn approval(verdict: PolicyVerdict) -> Approval {
    let action = Action::new("github.close", "acme/api#12").with("comment", "what somebody wrote");
    let state = TargetState::default();
    let request = Request {
        digest: ActionDigest::of(&action, &state),
        action,
        title: "Close acme/api#12".to_owned(),
        subject_title: "what somebody wrote".to_owned(),
        url: None,
        effect: Vec::new(),
        state,
        requester: Requester::Person("U0ANA".into()),
        requester_login: None,
        author: None,
        reason: Some("what somebody wrote".to_owned()),
        channel: None,
    };
    let decision = Decision {
        verdict,
        reason: "closing is asked about".to_owned(),
        risk: Risk::Medium,
        obligations: Vec::new(),
        rules: Vec::new(),
        policy: "0".to_owned(),
    };
    Approval::propose(ApprovalId::new(Ulid::nil()), request, decision, at(0))
}

fn asked(quiet_period: Option<QuietPeriod>) -> PolicyVerdict {
    PolicyVerdict::NeedsApproval(Terms {
        approvers: vec![Approver::Role("manager".to_owned())],
        quorum: 2,
        self_approval: false,
        expires_in_minutes: 60,
        confirmation: Confirmation::Click,
        reactions: false,
        escalate_to: Vec::new(),
        quiet_period,
        channel: None,
    })
}

#[test]
fn an_event_is_told_with_its_key_and_times_and_without_its_body() {
    let message = of_event(&event("pull_request", "72d3162e"));
    assert_eq!(message.subject, "events.github");
    assert_eq!(message.id, "evt_00000000000000000000000000");
    assert_eq!(message.at, at(1));
    assert_eq!(
        body(&message),
        json!({
            "version": 1,
            "id": "evt_00000000000000000000000000",
            "source": "github",
            "type": "pull_request",
            "delivery_key": "72d3162e",
            "origin": "webhook",
            "occurred_at": "2026-03-02T09:00:00Z",
            "received_at": "2026-03-02T09:01:00Z",
        })
    );
}

#[test]
fn an_evaluation_tells_what_opened_changed_and_resolved() {
    let (opened, changed) = (signal(1), signal(2));
    let evaluation = Evaluation {
        opened: vec![&opened],
        updated: vec![&changed.id],
        resolved: vec![signal(3).id.to_string()],
    };
    let messages = of_evaluation(&evaluation, at(0));
    let [message] = messages.as_slice() else {
        panic!("{messages:?}")
    };
    assert_eq!(message.subject, "signals.evaluated");
    let told = body(message);
    let id = told["id"].as_str().unwrap();
    assert!(id.starts_with("evl_") && id.len() == 36, "{id}");
    assert_eq!(message.id, format!("{id}-1"));
    assert_eq!(
        told,
        json!({
            "version": 1,
            "id": id,
            "evaluated_at": "2026-03-02T09:00:00Z",
            "part": 1,
            "parts": 1,
            "counts": { "opened": 1, "updated": 1, "resolved": 1 },
            "opened": [{
                "id": "sig_00000000000000000000000001",
                "rule": "reviews",
                "kind": "pr_without_review",
                "subject": "acme/api#1",
                "severity": "warning",
                "since": "2026-03-02T08:00:00Z",
            }],
            "updated": ["sig_00000000000000000000000002"],
            "resolved": ["sig_00000000000000000000000003"],
        })
    );
}

#[test]
fn an_evaluation_that_changes_nothing_is_not_told() {
    assert!(of_evaluation(&Evaluation::default(), at(0)).is_empty());
}

#[test]
fn a_question_is_told_when_people_are_asked_and_not_before_or_again() {
    let pending = approval(asked(None));
    let message = of_approval(None, &pending).unwrap();
    assert_eq!(message.subject, "approvals.requested");
    assert_eq!(message.id, pending.id.as_str());
    assert_eq!(
        body(&message),
        json!({
            "version": 1,
            "id": "apr_00000000000000000000000000",
            "action": "github.close",
            "target": "acme/api#12",
            "title": "Close acme/api#12",
            "requested_by": { "person": "U0ANA" },
            "asked_at": "2026-03-02T09:00:00Z",
            "expires_at": "2026-03-02T10:00:00Z",
            "quorum": 2,
        })
    );
    assert_eq!(
        of_approval(Some(ApprovalState::Pending), &pending),
        None,
        "it was told"
    );

    assert_eq!(of_approval(None, &approval(PolicyVerdict::Allow)), None);
    let quiet = approval(asked(Some(QuietPeriod { hours: 2 })));
    assert_eq!(quiet.state, ApprovalState::Quiet);
    assert_eq!(of_approval(None, &quiet), None, "nobody is asked yet");
    let disturbed = quiet.end_quiet(Some("a push".to_owned()), at(5)).unwrap();
    assert!(of_approval(Some(quiet.state), &disturbed).is_some());
}

#[test]
fn a_pattern_covers_what_it_matches_wholly() {
    for (pattern, filter, expected) in [
        ("events.>", "events.>", true),
        (">", "events.>", true),
        ("events.*", "events.github", true),
        ("events.*", "events.>", false),
        ("events.orders.>", "events.>", false),
        ("events.github", "events.>", false),
        ("events.>", "events", false),
        ("events", "events.github", false),
        ("signals.evaluated", "signals.evaluated", true),
        ("*.>", "signals.>", true),
        ("*.evaluated", "signals.>", false),
    ] {
        assert_eq!(covers(pattern, filter), expected, "{pattern} {filter}");
    }
}

#[test]
fn what_does_as_before_keeps_its_time() {
    let first = Standing::after(None, Err("it does not answer".to_owned()), at(0));
    let second = Standing::after(Some(&first), Err("it is still away".to_owned()), at(5));
    assert_eq!(
        second,
        Standing::Failing {
            since: at(0),
            why: "it is still away".to_owned()
        }
    );
    let good = Standing::after(Some(&second), Ok(()), at(6));
    assert!(good.is_good());
    assert_eq!(
        Standing::after(Some(&good), Ok(()), at(9)),
        Standing::Good { since: at(6) }
    );
    let read: Standing = serde_json::from_str(&serde_json::to_string(&second).unwrap()).unwrap();
    assert_eq!(read, second);
}

/// Subjects of few tokens, so that many match.
fn subject(wild: bool) -> impl Strategy<Value = String> {
    let tokens = if wild {
        vec!["a", "b", "*", ">"]
    } else {
        vec!["a", "b"]
    };
    proptest::collection::vec(proptest::sample::select(tokens), 1..4).prop_map(|tokens| {
        // `>` stands at the end only.
        let end = tokens.iter().position(|token| *token == ">");
        tokens[..end.map_or(tokens.len(), |end| end + 1)].join(".")
    })
}

/// What a plain subject matches, worked out another way: by a regular expression.
fn matches(pattern: &str, plain: &str) -> bool {
    let expression = pattern
        .replace('.', r"\.")
        .replace('*', "[^.]+")
        .replace('>', ".+");
    regex::Regex::new(&format!("^{expression}$"))
        .unwrap()
        .is_match(plain)
}

proptest! {
    #[test]
    fn a_pattern_covers_a_plain_subject_if_it_matches(pattern in subject(true), plain in subject(false)) {
        prop_assert_eq!(covers(&pattern, &plain), matches(&pattern, &plain));
    }

    #[test]
    fn what_is_covered_matches_nothing_else(pattern in subject(true), filter in subject(true), plain in subject(false)) {
        if covers(&pattern, &filter) && matches(&filter, &plain) {
            prop_assert!(matches(&pattern, &plain));
        }
    }

    #[test]
    fn messages_stay_small_whatever_the_texts_are(event_type in ".{0,3000}", key in ".{0,3000}") {
        let message = of_event(&event(&event_type, &key));
        prop_assert!(message.body.len() < 16 * 1024);
        let told = body(&message);
        prop_assert_eq!(told["type"].as_str().unwrap(), event_type.chars().take(300).collect::<String>());
        prop_assert!(!message.body.contains("what somebody wrote"));
    }

    #[test]
    fn however_much_changes_every_signal_is_told_once_in_small_messages(
        opened in 0_usize..500, updated in 0_usize..500, resolved in 0_usize..500,
    ) {
        let signals: Vec<Signal> = (0..opened + updated + resolved).map(|number| signal(number as u128)).collect();
        let evaluation = Evaluation {
            opened: signals[..opened].iter().collect(),
            updated: signals[opened..opened + updated].iter().map(|signal| &signal.id).collect(),
            resolved: signals[opened + updated..].iter().map(|signal| signal.id.to_string()).collect(),
        };
        let messages = of_evaluation(&evaluation, at(0));
        let ids: BTreeSet<&str> = messages.iter().map(|message| message.id.as_str()).collect();
        prop_assert_eq!(ids.len(), messages.len());
        let mut told = Vec::new();
        for (number, message) in messages.iter().enumerate() {
            prop_assert!(message.body.len() < 256 * 1024, "{}", message.body.len());
            prop_assert!(!message.body.contains("what somebody wrote"));
            let part = body(message);
            prop_assert_eq!(&part["part"], number + 1);
            prop_assert_eq!(&part["parts"], messages.len());
            prop_assert_eq!(&part["counts"], &json!({ "opened": opened, "updated": updated, "resolved": resolved }));
            told.extend(part["opened"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()));
            for list in ["updated", "resolved"] {
                told.extend(part[list].as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()));
            }
        }
        let all: Vec<String> = signals.iter().map(|signal| signal.id.to_string()).collect();
        prop_assert_eq!(told, all);
        prop_assert_eq!(of_evaluation(&evaluation, at(0)), messages.clone());
        if let Some(message) = messages.first() {
            let later = of_evaluation(&evaluation, at(1));
            prop_assert_ne!(&later[0].id, &message.id);
        }
    }

    #[test]
    fn a_pause_grows_and_ends_at_a_minute(failures in 1_u32..u32::MAX) {
        let (this, next) = (pause(failures), pause(failures.saturating_add(1)));
        prop_assert!(this >= Duration::from_secs(1) && this <= next && next <= Duration::from_mins(1));
    }
}
