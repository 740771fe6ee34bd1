//! Purpose: the shipped rules prove themselves; rules that are wrong in any way say no and why; files that change are
//! followed.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use em_domain::action::{Action, Risk};
use em_domain::calendar::WorkCalendar;
use em_domain::id::DecisionId;
use em_domain::policy::backtest::Shift;
use em_domain::policy::{
    Actor, AskedAt, PolicyInput, PolicyVerdict, Question, RecordedDecision, SignalInput,
};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::backtest::compare;
use crate::source::Files;

const REACTION: &str = "reaction := {\"notify\": true, \"reason\": \"told\"}\n";

fn now() -> DateTime<Utc> {
    "2026-01-15T10:00:00Z".parse().unwrap()
}

fn time() -> AskedAt {
    AskedAt::new(now(), &WorkCalendar::default())
}

fn wants(kind: &str) -> PolicyInput {
    PolicyInput {
        actor: Actor {
            slack_user: Some("U1".into()),
            guest: Some(false),
            ..Actor::default()
        },
        action: Action::new(kind, "acme/api#12"),
        facts: [("ci".to_owned(), json!("green"))].into(),
        time: time(),
    }
}

fn shipped() -> &'static Policy {
    static SHIPPED: LazyLock<Policy> =
        LazyLock::new(|| Policy::load(&Source::Shipped, &json!({"roles": {}})).unwrap());
    &SHIPPED
}

/// A policy of one file that begins with the package's line.
fn compiled(rules: &str) -> Result<Policy, PolicyError> {
    Policy::compile(&files(rules), &json!({}))
}

fn files(rules: &str) -> Files {
    Files::of([("own.rego", format!("package em_agent\n{rules}\n{REACTION}"))])
}

#[test]
fn the_shipped_rules_pass_their_tests() {
    let proofs = prove(&Source::Shipped.read().unwrap(), &json!({})).unwrap();
    let failed: Vec<_> = proofs.iter().filter(|proof| proof.failure.is_some()).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    assert!(proofs.len() >= 20, "{}", proofs.len());
}

#[test]
fn a_test_that_does_not_hold_is_named_with_what_it_gave() {
    let tests = "test_holds if 1 == 1\ntest_does_not if 1 == 2\ntest_says := \"no\"\n";
    let proofs = prove(&files(&format!("decision := {{}}\n{tests}")), &json!({})).unwrap();
    let shown: Vec<String> = proofs
        .iter()
        .map(|proof| format!("{}: {:?}", proof.test, proof.failure))
        .collect();
    assert_eq!(
        shown,
        [
            "em_agent.test_does_not: Some(\"it does not hold\")",
            "em_agent.test_holds: None",
            "em_agent.test_says: Some(\"it is \\\"no\\\", not true\")",
        ]
    );
}

#[test]
fn an_answer_carries_its_terms_its_reason_every_rule_and_the_version() {
    let policy = shipped();
    let decision = policy.decide(&wants("github.merge"));
    let PolicyVerdict::NeedsApproval(terms) = &decision.verdict else {
        panic!("{decision:?}");
    };
    assert_eq!((terms.quorum, terms.expires_in_minutes), (1, 240));
    assert_eq!(
        (decision.risk, decision.policy.as_str()),
        (Risk::High, policy.version())
    );
    assert!(decision.rules.iter().any(|rule| rule.fired) && decision.rules.iter().any(|rule| !rule.fired));
    assert_eq!(policy.version().len(), 12);
}

#[test]
fn a_mistake_is_named_with_its_line_and_column() {
    let error = compiled("decision := {\"verdict\": \"allow\"\n").unwrap_err();
    let place = error.place.clone().unwrap();
    assert_eq!((place.file.as_str(), place.line), ("own.rego", 4), "{error}");
    let unsafe_variable = compiled("decision := {\"verdict\": whatever}\n").unwrap_err();
    assert!(
        unsafe_variable
            .to_string()
            .starts_with("own.rego, line 2, column 25: "),
        "{unsafe_variable}"
    );
    let in_a_condition = compiled("decision := {} if {\n\twhatever\n}\n").unwrap_err();
    assert!(
        in_a_condition
            .to_string()
            .starts_with("own.rego, line 3, column 5: "),
        "{in_a_condition}"
    );
    let unknown_function = compiled("decision := {\"verdict\": guess(input)}\n").unwrap_err();
    assert!(
        unknown_function.to_string().contains("own.rego, line 2"),
        "{unknown_function}"
    );
}

#[test]
fn a_policy_without_one_of_its_two_answers_is_refused() {
    let nothing = Files::of([("own.rego", "package em_agent\nx := 1\n")]);
    let error = Policy::compile(&nothing, &json!({})).unwrap_err();
    assert!(error.to_string().contains("decision"), "{error}");
    let half = Files::of([("own.rego", "package em_agent\ndecision := {}\n")]);
    let error = Policy::compile(&half, &json!({})).unwrap_err();
    assert!(error.to_string().contains("reaction"), "{error}");
}

#[test]
fn whatever_is_wrong_with_an_answer_it_is_a_no_that_says_what() {
    for (rules, why) in [
        ("decision := \"allow\"", "not an object but a text"),
        (
            "decision := {\"verdict\": \"maybe\", \"reason\": \"\"}",
            "unknown variant `maybe`",
        ),
        ("decision := {\"verdict\": \"allow\"}", "missing field `reason`"),
        (
            "decision := {\"verdict\": \"allow\", \"reason\": \"\", \"oops\": 1}",
            "unknown field `oops`",
        ),
        (
            "decision := {\"verdict\": {\"needs_approval\": {\"approvers\": []}}, \"reason\": \"\"}",
            "nobody who may approve",
        ),
        (
            "decision := {\"verdict\": {\"needs_approval\": {\"approvers\": [\"boss\"]}}, \"reason\": \"\"}",
            "`boss` names no approver",
        ),
        (
            "decision := {\"verdict\": {\"needs_approval\": {\"approvers\": [\"anyone\"], \"quorum\": 0}}, \"reason\": \"\"}",
            "quorum is 0",
        ),
        (
            "decision := {\"verdict\": \"allow\", \"reason\": \"\"} if input.no.such == 1",
            "no rule answers",
        ),
        (
            "decision := {\"verdict\": \"allow\", \"reason\": sprintf(\"%d\", [1 / 0])}",
            "no rule answers",
        ),
        (
            "decision := {\"verdict\": \"allow\", \"reason\": \"\"}\ndecision := {\"verdict\": \"deny\", \"reason\": \"\"}",
            "own.rego, line",
        ),
    ] {
        // Rules that go wrong at the first question are refused when they are read; these only do at a merge.
        let at_once = compiled(rules).map(drop);
        assert_eq!(at_once.is_ok(), why == "no rule answers", "{rules}: {at_once:?}");
        let rules = rules.replace("decision :=", "merge :=");
        let rules = format!("decision := merge if input.action.kind == \"github.merge\"\n{rules}\n");
        let decision = compiled(&rules).unwrap().decide(&wants("github.merge"));
        assert_eq!(decision.verdict, PolicyVerdict::Deny, "{rules}");
        assert!(decision.reason.contains(why), "{rules}: {}", decision.reason);
    }
}

#[test]
fn a_reaction_that_cannot_be_read_tells_people_and_proposes_nothing() {
    let rules = "package em_agent\ndecision := {\"verdict\": \"deny\", \"reason\": \"\"}\n\
                 reaction := {\"notify\": \"yes\", \"reason\": \"\"} if input.signal.kind == \"failing_main\"\n";
    let policy = Policy::compile(&Files::of([("own.rego", rules)]), &json!({})).unwrap();
    let signal = SignalInput {
        signal: json!({"kind": "stale_pr"}),
        time: time(),
    };
    let reaction = policy.react(&signal);
    assert!(reaction.notify && reaction.propose.is_empty());
    assert!(
        reaction.reason.contains("nothing is proposed"),
        "{}",
        reaction.reason
    );
}

#[test]
fn a_rule_that_does_not_end_is_stopped_and_is_a_no() {
    let endless = "decision := {\"verdict\": \"allow\", \"reason\": \"\"} if {\n\
                   \tinput.action.kind == \"github.merge\"\n\
                   \tcount([1 | some a in numbers.range(1, 1000); some b in numbers.range(1, 1000); a * b < 0]) == 0\n}\n";
    let policy = compiled(endless).unwrap();
    let started = Instant::now();
    let decision = policy.decide(&wants("github.merge"));
    assert_eq!(decision.verdict, PolicyVerdict::Deny);
    assert!(decision.reason.contains("within 50 ms"), "{}", decision.reason);
    // Twice the limit; the rest is room for a busy machine.
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "{:?}",
        started.elapsed()
    );
}

#[test]
fn one_policy_answers_many_threads_alike() {
    let policy = shipped();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..20 {
                    assert_eq!(
                        policy.decide(&wants("github.label")).verdict,
                        PolicyVerdict::Allow
                    );
                    assert_eq!(policy.decide(&wants("aws.stop")).verdict, PolicyVerdict::Deny);
                }
            });
        }
    });
}

#[test]
fn the_version_is_of_the_rules_and_not_of_their_tests() {
    let version = |files: &[(&str, &str)]| Files::of(files.iter().copied()).version();
    let rules = ("a.rego", "package em_agent");
    assert_eq!(
        version(&[rules]),
        version(&[rules, ("a_test.rego", "package em_agent")])
    );
    assert_ne!(version(&[rules]), version(&[("b.rego", "package em_agent")]));
    assert_ne!(version(&[rules]), version(&[("a.rego", "package em_agent\n")]));
}

#[test]
fn changed_files_are_in_force_at_the_next_look_and_wrong_ones_never() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("own.rego");
    let says = |verdict: &str| {
        format!(
            "package em_agent\ndecision := {{\"verdict\": \"{verdict}\", \"reason\": \"so\"}}\n{REACTION}"
        )
    };
    std::fs::write(&file, says("deny")).unwrap();
    let handle = PolicyHandle::load(Source::Path(folder.path().to_owned()), json!({}), now()).unwrap();
    let verdict = || handle.in_force().policy.decide(&wants("github.merge")).verdict;
    let later = |minutes| now() + chrono::Duration::minutes(minutes);
    assert_eq!(
        (handle.reload(later(1)), verdict()),
        (Reloaded::Unchanged, PolicyVerdict::Deny)
    );

    // As editors and mounted configuration do it: another file takes the name.
    let other = folder.path().join(".own.rego.new");
    std::fs::write(&other, says("allow")).unwrap();
    assert_eq!(
        handle.reload(later(2)),
        Reloaded::Unchanged,
        "hidden files do not count"
    );
    std::fs::rename(&other, &file).unwrap();
    assert!(matches!(handle.reload(later(3)), Reloaded::Replaced(_)));
    assert_eq!(
        (verdict(), handle.in_force().since),
        (PolicyVerdict::Allow, later(3))
    );

    std::fs::write(&file, "package em_agent\ndecision := {").unwrap();
    let Reloaded::Refused(error) = handle.reload(later(4)) else {
        panic!("it cannot be used");
    };
    assert_eq!(error.place.as_ref().map(|place| place.line), Some(2), "{error}");
    assert_eq!(handle.reload(later(5)), Reloaded::Unchanged, "said once");
    let in_force = handle.in_force();
    assert_eq!((verdict(), in_force.since), (PolicyVerdict::Allow, later(3)));
    assert_eq!(in_force.refused, Some((error, later(4))));

    std::fs::remove_file(&file).unwrap();
    assert!(
        matches!(handle.reload(later(6)), Reloaded::Refused(_)),
        "an empty folder is no policy"
    );
    std::fs::write(&file, says("allow")).unwrap();
    assert!(matches!(handle.reload(later(7)), Reloaded::Replaced(_)));
    let in_force = handle.in_force();
    assert_eq!(
        (in_force.since, &in_force.refused),
        (later(3), &None),
        "it is what it was"
    );
}

#[test]
fn a_folder_that_holds_no_rules_or_is_not_there_is_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let load = |path: &std::path::Path| {
        let source = Source::Path(path.to_owned());
        Policy::load(&source, &json!({})).unwrap_err().to_string()
    };
    assert!(load(folder.path()).ends_with("holds no file that ends in .rego"));
    assert!(load(&folder.path().join("gone")).ends_with("is not there"));
    std::fs::write(folder.path().join("own.rego"), [0xff, 0xfe]).unwrap();
    assert!(load(folder.path()).ends_with("own.rego is not text"));
}

#[test]
fn a_backtest_shows_only_what_another_policy_answers_otherwise() {
    let strict = compiled("decision := {\"verdict\": \"deny\", \"reason\": \"not today\"}\n").unwrap();
    let asked = |question, input| RecordedDecision {
        id: DecisionId::parse("dec_01KAKBDXR00000000000000007").unwrap(),
        at: now(),
        question,
        subject: "acme/api#12".to_owned(),
        url: Some("https://github.com/acme/api/pull/12".to_owned()),
        input,
        verdict: "allow".to_owned(),
        reason: String::new(),
        policy: "0".to_owned(),
    };
    let action = |kind| asked(Question::Action, serde_json::to_value(wants(kind)).unwrap());
    let signal = SignalInput {
        signal: json!({"kind": "stale_pr", "subject": "acme/api#12", "age_hours": 100}),
        time: time(),
    };
    let recorded = [
        action("github.label"),
        action("github.close"),
        action("aws.stop"),
        asked(Question::Signal, serde_json::to_value(signal).unwrap()),
        asked(Question::Action, json!({"of": "another version"})),
    ];
    let found = compare(&recorded, shipped(), &strict);
    assert_eq!((found.questions, found.unreadable), (4, 1));
    let shown: Vec<String> = found
        .differences
        .iter()
        .map(|line| {
            format!(
                "{:?}: {} -> {}, because {}",
                line.shift, line.before, line.after, line.reason
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            "WouldRefuse: done at once -> refused, because not today",
            "WouldRefuse: asked: 1 of anyone -> refused, because not today",
            "WouldReactOtherwise: people told, slack.nudge acme/api#12 proposed -> people told, because told",
        ]
    );
    let back = compare(&recorded, &strict, shipped());
    assert_eq!(
        (back.count(Shift::WouldPass), back.count(Shift::WouldAsk)),
        (1, 1)
    );
    assert!(compare(&recorded, &strict, &strict).differences.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is asked, the shipped rules have an answer of their own, and never let pass what they do not know.
    #[test]
    fn the_shipped_rules_answer_everything(
        kind in "(github|slack|command|click|aws|)(\\.[a-z_]{0,12}( [a-z]{0,5})?)?",
        target in ".{0,20}",
        facts in prop::collection::btree_map("(ci|base_ref|environment|changes_requested)", prop_oneof![
            Just(json!(null)), Just(json!(true)), Just(json!(-1)), Just(json!("red")), Just(json!("production")), Just(json!([])), Just(json!({}))
        ], 0..4),
        system in prop::option::of("[a-z:]{1,9}"),
        guest in any::<Option<bool>>(),
    ) {
        let policy = shipped();
        let mut input = wants(&kind);
        input.action.target = target;
        input.facts = facts;
        input.actor.guest = guest;
        input.actor.system = system;
        let decision = policy.decide(&input);
        prop_assert!(!decision.rules.is_empty(), "{decision:?}");
        let is_ours = kind == "command" || kind == "click" || kind.starts_with("command.") || kind.starts_with("click.");
        if decision.verdict == PolicyVerdict::Allow && !is_ours {
            prop_assert_eq!(decision.risk, Risk::Low);
        }
    }
}
