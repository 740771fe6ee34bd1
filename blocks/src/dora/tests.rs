//! A month of deliveries as people read it, and the same with whatever others may have written.

use chrono::{DateTime, Duration, Utc};
use em_domain::delivery::{
    Asked, Change, Correction, Definitions, DeliveryFacts, Deployed, Means, Metric, Mode, Outage, Outcome, Says,
    Subject, compare, measure,
};
use em_domain::pull_request::{Account, PullRequestKey};
use insta::assert_snapshot;
use proptest::prelude::*;

use super::explain::{ExplainView, message_explain, modal_explain, read_subject, subject_key};
use super::*;
use crate::sample::{calendar, hostile, now};
use crate::strict::{check_message, check_view};
use crate::transcript::transcript;

fn days(back: i64) -> DateTime<Utc> {
    now() - Duration::days(back)
}

fn change(number: i64, back: i64, title: &str) -> Change {
    Change {
        key: PullRequestKey {
            repository: "shop/api".into(),
            number,
        },
        merged_at: days(back),
        opened_at: days(back + 2),
        first_commit_at: Some(days(back + 3)),
        ready_at: None,
        first_review_at: Some(days(back + 1)),
        first_response_any_at: Some(days(back + 1)),
        approved_at: Some(days(back) - Duration::hours(3)),
        merge_commit_sha: None,
        author: Account {
            login: "ana".into(),
            is_bot: false,
        },
        title: title.to_owned(),
        url: format!("https://github.com/shop/api/pull/{number}"),
        labels: Vec::new(),
        base_ref: "main".to_owned(),
        size: None,
        reverts: Vec::new(),
    }
}

fn deployed(id: &str, at: DateTime<Utc>, name: &str) -> Deployed {
    Deployed {
        id: id.to_owned(),
        created_at: at,
        ended_at: at,
        outcome: Outcome::Success,
        repository: "shop/api".into(),
        means: Means::Deployment,
        name: "production".to_owned(),
        sha: None,
        git_ref: name.to_owned(),
        url: format!("https://github.com/shop/api/deployments/{id}"),
        labels: Vec::new(),
        description: None,
    }
}

/// Two months: a change a day, live every third; an incident an hour after one deployment.
fn facts(title: &str, name: &str) -> DeliveryFacts {
    let live = |back: i64| deployed(&format!("shop/api/{back}"), days(back) + Duration::hours(1), name);
    let outage = Outage {
        source: "pagerduty".to_owned(),
        external_id: "P1".to_owned(),
        dismissed: false,
        resolved_at: Some(days(9) + Duration::hours(5)),
        opened_at: days(9) + Duration::hours(2),
        title: title.to_owned(),
        url: "https://shop.pagerduty.com/incidents/P1".to_owned(),
        repository: Some("shop/api".into()),
        service: None,
        severity: Some(2),
        causes: Vec::new(),
        fixes: Vec::new(),
    };
    DeliveryFacts {
        changes: (1..=60).map(|back| change(100 - back, back, title)).collect(),
        deployments: (0..=20).map(|nth| live(3 * nth)).collect(),
        outages: vec![outage],
        ..DeliveryFacts::default()
    }
}

fn asked(from: i64, to: i64) -> Asked {
    Asked {
        from: days(from),
        to: days(to),
        zone: calendar().zone,
        repositories: None,
        members: None,
    }
}

fn both(facts: &DeliveryFacts) -> (em_domain::delivery::FiveKeys, em_domain::delivery::FiveKeys) {
    let of = |asked| measure(facts, &Definitions::default(), &asked, Mode::Ours);
    (of(asked(28, 0)), of(asked(56, 28)))
}

#[test]
fn the_report_tells_five_numbers_with_what_they_are_made_of() {
    let facts = facts("Retry payments", "v1");
    let (keys, before) = both(&facts);
    let calendar = calendar();
    let view = DoraView {
        keys: &keys,
        before: &before,
        days: 28,
        scope: Some("shop/api"),
        question: "28d ours repo shop/api",
        calendar: &calendar,
    };
    assert_snapshot!(transcript(&message_dora(&view)), @"");
    assert_snapshot!(picture_alt(&view), @"");
}

#[test]
fn each_number_opens_its_rows() {
    let mut facts = facts("Retry payments", "v1");
    facts.corrections.push(Correction {
        at: days(1),
        id: "cor_1".to_owned(),
        subject: Subject::Change(PullRequestKey {
            repository: "shop/api".into(),
            number: 95,
        }),
        says: Says::Exclude,
        by: "U0ANA".to_owned(),
        why: "Only a rename".to_owned(),
    });
    let (keys, before) = both(&facts);
    let explained = |metric: Metric, page| {
        transcript(&message_explain(&ExplainView {
            metric,
            measured: keys.of(metric),
            before: before.of(metric),
            facts: &facts,
            page,
            about: "shop/api, the last 28 days",
            zone: calendar().zone,
            done: None,
        }))
    };
    assert_snapshot!(explained(Metric::ChangeFailRate, 0), @"");
    assert_snapshot!(explained(Metric::LeadTime, 1), @"");
}

#[test]
fn where_nothing_is_known_it_says_where_to_look() {
    let (keys, before) = both(&DeliveryFacts::default());
    let view = DoraView {
        keys: &keys,
        before: &before,
        days: 28,
        scope: None,
        question: "28d ours all",
        calendar: &calendar(),
    };
    assert_snapshot!(transcript(&message_dora(&view)), @"");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn whatever_others_wrote_is_within_the_limits_and_only_words(title in hostile(), name in hostile(), page in 0usize..9) {
        let facts = facts(&title, &name);
        let (keys, before) = both(&facts);
        let calendar = calendar();
        let view = DoraView {
            keys: &keys,
            before: &before,
            days: 28,
            scope: Some(&name),
            question: "28d ours all",
            calendar: &calendar,
        };
        check_message(&message_dora(&view));
        prop_assert!(picture_alt(&view).chars().count() <= ALT_TEXT);
        for metric in Metric::ALL {
            let view = ExplainView {
                metric,
                measured: keys.of(metric),
                before: before.of(metric),
                facts: &facts,
                page,
                about: &title,
                zone: calendar.zone,
                done: Some(&name),
            };
            check_message(&message_explain(&view));
            check_view(&modal_explain(&view, String::new()).unwrap());
        }
        let modes = compare(&facts, &Definitions::default(), &asked(28, 0));
        check_message(&compare::message_compare(&name, &modes));
        let offered: Vec<(String, String)> = facts.deployments.iter().map(|one| (one.id.clone(), title.clone())).collect();
        let form = correct::modal_correct(explain::WRONG_DEPLOYMENT, &title, &offered, String::new());
        check_view(&form.unwrap());
    }

    #[test]
    fn a_subject_comes_back_as_it_was_written(source in "[a-z]{1,9}", id in "[A-Za-z0-9/#-]{1,40}", number in 1i64..9999) {
        for subject in [
            Subject::Deployment(id.clone()),
            Subject::Incident { source, external_id: id },
            Subject::Change(PullRequestKey { repository: "shop/api".into(), number }),
        ] {
            let key = subject_key(&subject).unwrap();
            prop_assert_eq!(read_subject(&key), Some(subject));
        }
    }
}
