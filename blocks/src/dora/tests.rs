//! A month of deliveries as people read it, and the same with whatever others may have written.

#![expect(clippy::too_many_lines, reason = "a snapshot is as long as what people see")]

use chrono::{DateTime, Duration, Utc};
use em_domain::delivery::{
    Asked, Change, Correction, Definitions, DeliveryFacts, Deployed, Mark, Means, Metric, Mode, Outage,
    Outcome, Says, Subject, compare, measure,
};
use em_domain::pull_request::{Account, PullRequestKey};
use insta::assert_snapshot;
use proptest::prelude::*;

use super::explain::{ExplainView, Facts, message_explain, modal_explain, read_subject, subject_key};
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
        goals: &[],
    };
    assert_snapshot!(transcript(&message_dora(&view)), @r"
        (text) shop/api: delivery in the last 28 days. Deployment frequency: 2.2 per week [1.9 – 2.8 per week] → (2.2 per week before) · too few for a band. Lead time for changes: 4 d 1 h [3 d 1 h – 5 d 1 h] → (4 d 1 h before) · high. Change fail rate: 11.1 % [0 – 33 %] ↑ worse (0 % before) · too few for a band. Recovery time: 4 h · too few for a band. Deployment rework rate: 0 % [0 – 34 %] → (0 % before)
        # shop/api: delivery in the last 28 days
        *Deployment frequency*  2.2 per week [1.9 – 2.8 per week] → (2.2 per week before) · too few for a band
        ▃▆█▆▃
        9 deployments on 9 days, at most 2 in half of the whole weeks
            [Explain…]
        *Lead time for changes*  4 d 1 h [3 d 1 h – 5 d 1 h] → (4 d 1 h before) · high
        █████
        of 27 changes; 75 % in 5 d 1 h, 90 % in 5 d 1 h, 95 % in 5 d 1 h
        On average: coding 1 d + pickup 1 d + review 21 h + merge 3 h + deploy 1 d 1 h
            [Explain…]
        *Change fail rate*  11.1 % [0 – 33 %] ↑ worse (0 % before) · too few for a band
        ▁▁▁█▁
        1 of 9 deployments failed
            [Explain…]
        *Recovery time*  4 h · too few for a band
        ···█·
        of 1 recovery
            [Explain…]
        *Deployment rework rate*  0 % [0 – 34 %] → (0 % before)
        0 of 9 deployments unplanned
            [Explain…]
        > 9 of 9 deployments have no commit that we know
        > Fri 24 Oct 2025 16:00 to Fri 21 Nov 2025 15:00 (Europe/Berlin), against the 28 days before; definitions: ours. In brackets: where the value would be in 95 of 100 such samples.
        ");
    assert_snapshot!(picture_alt(&view), @r#"
    Charts by week. Deployment frequency: 2.2 per week [1.9 – 2.8 per week] → (2.2 per week before) · too few for a band. Weeks: 1, 2, 3, 2, 1. Lead time for changes: 4 d 1 h [3 d 1 h – 5 d 1 h] → (4 d 1 h before) · high. Weeks: 4 d 1 h, 4 d 1 h, 4 d 1 h, 4 d 1 h, 4 d 1 h. Change fail rate: 11.1 % [0 – 33 %] ↑ worse (0 % before) · too few for a band. Weeks: 0 %, 0 %, 0 %, 50 %, 0 %. Recovery time: 4 h · too few for a band. Weeks: –, –, –, 4 h, –. Deployment rework rate: 0 % [0 – 34 %] → (0 % before). Weeks: 0 %, 0 %, 0 %, 0 %, 0 %
    "#);
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
            metric: metric.into(),
            measured: keys.of(metric),
            before: before.of(metric),
            facts: Facts::Delivery(&facts),
            page,
            about: "shop/api, the last 28 days",
            zone: calendar().zone,
            done: None,
        }))
    };
    assert_snapshot!(explained(Metric::ChangeFailRate, 0), @r#"
    (text) Change fail rate: 11.1 % [0 – 33 %] ↑ worse (0 % before) · too few for a band
    *Change fail rate*, shop/api, the last 28 days
    11.1 % [0 – 33 %] ↑ worse (0 % before) · too few for a band
    > Those that fit (1), divided by all that count.
    ---
    v1 to production (shop/api) (https://github.com/shop/api/deployments/shop/api/27) – no
    Sat 25 Oct 17:00
    v1 to production (shop/api) (https://github.com/shop/api/deployments/shop/api/24) – no
    Tue 28 Oct 16:00
    v1 to production (shop/api) (https://github.com/shop/api/deployments/shop/api/21) – no
    Fri 31 Oct 16:00
    v1 to production (shop/api) (https://github.com/shop/api/deployments/shop/api/18) – no
    Mon 3 Nov 16:00
    v1 to production (shop/api) (https://github.com/shop/api/deployments/shop/api/15) – no
    Thu 6 Nov 16:00
    v1 to production (shop/api) (https://github.com/shop/api/deployments/shop/api/12) – no
    Sun 9 Nov 16:00
    v1 to production (shop/api) (https://github.com/shop/api/deployments/shop/api/9) – yes
    Wed 12 Nov 16:00 · Incident: Retry payments (https://shop.pagerduty.com/incidents/P1) (the newest deployment of its repository, not long before)
    v1 to production (shop/api) (https://github.com/shop/api/deployments/shop/api/6) – no
    Sat 15 Nov 16:00
    v1 to production (shop/api) (https://github.com/shop/api/deployments/shop/api/3) – no
    Tue 18 Nov 16:00
    > Page 1 of 1. 9 looked at, 9 counted, 0 left out.
    "#);
    assert_snapshot!(explained(Metric::LeadTime, 1), @r#"
    (text) Lead time for changes: 4 d 1 h [3 d 1 h – 4 d 1 h] → (4 d 1 h before) · high
    *Lead time for changes*, shop/api, the last 28 days
    4 d 1 h [3 d 1 h – 4 d 1 h] → (4 d 1 h before) · high
    > The median of those that count: the middle, between the two closest values.
    > 1 of 27 things were corrected by people
    ---
    shop/api#83 Retry payments (https://github.com/shop/api/pull/83) – 5 d 1 h
    Thu 6 Nov 16:00 · v1 to production (shop/api) (https://github.com/shop/api/deployments/shop/api/15) (joined by time)
    shop/api#84 Retry payments (https://github.com/shop/api/pull/84) – 4 d 1 h
    Thu 6 Nov 16:00 · v1 to production (shop/api) (https://github.com/shop/api/deployments/shop/api/15) (joined by time)
    shop/api#85 Retry payments (https://github.com/shop/api/pull/85) – 3 d 1 h
    Thu 6 Nov 16:00 · v1 to production (shop/api) (https://github.com/shop/api/deployments/shop/api/15) (joined by time)
    shop/api#86 Retry payments (https://github.com/shop/api/pull/86) – 5 d 1 h
    Sun 9 Nov 16:00 · v1 to production (shop/api) (https://github.com/shop/api/deployments/shop/api/12) (joined by time)
    shop/api#87 Retry payments (https://github.com/shop/api/pull/87) – 4 d 1 h
    Sun 9 Nov 16:00 · v1 to production (shop/api) (https://github.com/shop/api/deployments/shop/api/12) (joined by time)
    shop/api#88 Retry payments (https://github.com/shop/api/pull/88) – 3 d 1 h
    Sun 9 Nov 16:00 · v1 to production (shop/api) (https://github.com/shop/api/deployments/shop/api/12) (joined by time)
    shop/api#89 Retry payments (https://github.com/shop/api/pull/89) – 5 d 1 h
    Wed 12 Nov 16:00 · v1 to production (shop/api) (https://github.com/shop/api/deployments/shop/api/9) (joined by time)
    shop/api#90 Retry payments (https://github.com/shop/api/pull/90) – 4 d 1 h
    Wed 12 Nov 16:00 · v1 to production (shop/api) (https://github.com/shop/api/deployments/shop/api/9) (joined by time)
    shop/api#91 Retry payments (https://github.com/shop/api/pull/91) – 3 d 1 h
    Wed 12 Nov 16:00 · v1 to production (shop/api) (https://github.com/shop/api/deployments/shop/api/9) (joined by time)
    shop/api#92 Retry payments (https://github.com/shop/api/pull/92) – 5 d 1 h
    Sat 15 Nov 16:00 · v1 to production (shop/api) (https://github.com/shop/api/deployments/shop/api/6) (joined by time)
    shop/api#93 Retry payments (https://github.com/shop/api/pull/93) – 4 d 1 h
    Sat 15 Nov 16:00 · v1 to production (shop/api) (https://github.com/shop/api/deployments/shop/api/6) (joined by time)
    shop/api#94 Retry payments (https://github.com/shop/api/pull/94) – 3 d 1 h
    Sat 15 Nov 16:00 · v1 to production (shop/api) (https://github.com/shop/api/deployments/shop/api/6) (joined by time)
    > Page 2 of 3. 27 looked at, 26 counted, 1 left out.
    "#);
}

#[test]
fn what_came_of_a_note_says_whether_it_may_be_chance() {
    let (keys, before) = both(&facts("Retry payments", "v1"));
    let mark = Mark {
        id: "mrk_1".to_owned(),
        at: days(28),
        by: "U0ANA".into(),
        words: "started review pairing".to_owned(),
        team: Some("payments".to_owned()),
        channel: None,
    };
    assert_snapshot!(transcript(&note::message_came_of_it(&mark, &before, &keys)), @r"
        (text) Four weeks ago you noted “started review pairing” (payments). The four weeks since then against the four before:
        # Four weeks later
        Four weeks ago you noted “started review pairing” (payments). The four weeks since then against the four before:
        *Deployment frequency*  2.2 per week [1.9 – 2.8 per week] → (2.2 per week before) · too few for a band
        It may be chance: the intervals overlap.
        *Lead time for changes*  4 d 1 h [3 d 1 h – 5 d 1 h] → (4 d 1 h before) · high
        It may be chance: the intervals overlap.
        *Change fail rate*  11.1 % [0 – 33 %] ↑ worse (0 % before) · too few for a band
        It may be chance: the intervals overlap.
        *Recovery time*  4 h · too few for a band
        *Deployment rework rate*  0 % [0 – 34 %] → (0 % before)
        It may be chance: the intervals overlap.
        > In brackets: where the value would be in 95 of 100 such samples. Other things changed in these weeks too: this shows what came after, not what caused it.
        ");
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
        goals: &[],
    };
    assert_snapshot!(transcript(&message_dora(&view)), @r#"
    (text) Delivery in the last 28 days. I know of no deployment and no merged change in this time. What counts as a deployment is set under `[delivery]` in the configuration; `/em-agent doctor` shows whether GitHub reaches me.
    # Delivery in the last 28 days
    I know of no deployment and no merged change in this time. What counts as a deployment is set under `[delivery]` in the configuration; `/em-agent doctor` shows whether GitHub reaches me.
    "#);
}

#[test]
fn all_definitions_stand_side_by_side_under_each_number() {
    let facts = facts("Retry payments", "v1");
    let modes = compare(&facts, &Definitions::default(), &asked(28, 0));
    assert_snapshot!(transcript(&compare::message_compare("payments, 28 days", &modes)), @r#"
    (text) The same time by the definitions of others: payments, 28 days. 2.2 per week, 4 d 1 h (high), 11.1 %, 4 h, 0 %
    # The same time by the definitions of others: payments, 28 days
    *Deployment frequency*
    `ours`  2.2 per week
    `devlake-2023`  2 days per week (high)
    `devlake-2021`  2 days per week (high)
    `fourkeys`  – no deployment is known that counts
    `middleware`  1 per week (high)
    *Lead time for changes*
    `ours`  4 d 1 h (high)
    `devlake-2023`  – no change was delivered in this time
    `devlake-2021`  – no change was delivered in this time
    `fourkeys`  – no deployment is known that counts
    `middleware`  4 d 1 h (high)
    *Change fail rate*
    `ours`  11.1 %
    `devlake-2023`  11.1 % (medium)
    `devlake-2021`  11.1 % (elite)
    `fourkeys`  – no deployment is known that counts
    `middleware`  11.1 % (medium)
    *Recovery time*
    `ours`  4 h
    `devlake-2023`  4 h (high)
    `devlake-2021`  3 h (high)
    `fourkeys`  3 h (less than a day)
    `middleware`  3 h (high)
    *Deployment rework rate*
    `ours`  0 %
    `devlake-2023`  – these definitions have no such metric
    `devlake-2021`  – these definitions have no such metric
    `fourkeys`  – these definitions have no such metric
    `middleware`  – these definitions have no such metric
    > They differ in what counts as a deployment and as a failure, in where a lead time starts, in the statistic and in the bands; docs/METRICS.md says how, field by field.
    "#);
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
            goals: &[],
        };
        check_message(&message_dora(&view));
        prop_assert!(picture_alt(&view).chars().count() <= ALT_TEXT);
        for metric in Metric::ALL {
            let view = ExplainView {
                metric: metric.into(),
                measured: keys.of(metric),
                before: before.of(metric),
                facts: Facts::Delivery(&facts),
                page,
                about: &title,
                zone: calendar.zone,
                done: Some(&name),
            };
            check_message(&message_explain(&view));
            check_view(&modal_explain(&view, "{}".to_owned()).unwrap());
        }
        let modes = compare(&facts, &Definitions::default(), &asked(28, 0));
        check_message(&compare::message_compare(&name, &modes));
        let offered: Vec<(String, String)> = facts.deployments.iter().map(|one| (one.id.clone(), title.clone())).collect();
        let form = correct::modal_correct(explain::WRONG_DEPLOYMENT, &title, &offered, "{}".to_owned());
        check_view(&form.unwrap());
        let mark = Mark {
            id: "mrk_1".to_owned(),
            at: days(28),
            by: "U0ANA".into(),
            words: title,
            team: Some(name),
            channel: None,
        };
        check_message(&note::message_noted(&mark));
        check_message(&note::message_came_of_it(&mark, &before, &keys));
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
