//! A month of work as people read it, and the same with whatever others may have written.

use chrono::{DateTime, Duration, Utc};
use em_domain::ci_run::{CiOutcome, CiRun};
use em_domain::delivery::{Asked, Change, Definitions};
use em_domain::flow::{FlowFacts, OpenChange, Reviewed, measure};
use em_domain::pull_request::{Account, PullRequestKey, Size};
use insta::assert_snapshot;
use proptest::prelude::*;

use super::*;
use crate::dora::explain::{ExplainView, Facts, message_explain, modal_explain};
use crate::sample::{calendar, hostile, now};
use crate::strict::{check_message, check_view};
use crate::transcript::transcript;

fn days(back: i64) -> DateTime<Utc> {
    now() - Duration::days(back)
}

fn key(number: i64) -> PullRequestKey {
    PullRequestKey {
        repository: "shop/api".into(),
        number,
    }
}

fn person(login: &str) -> Account {
    Account {
        login: login.into(),
        is_bot: false,
    }
}

fn change(back: i64, title: &str) -> Change {
    Change {
        key: key(100 - back),
        merged_at: days(back),
        opened_at: days(back + 2),
        first_commit_at: Some(days(back + 3)),
        ready_at: None,
        first_review_at: Some(days(back + 1)),
        first_response_any_at: Some(days(back + 1)),
        approved_at: Some(days(back) - Duration::hours(3)),
        merge_commit_sha: None,
        author: person("ana"),
        title: title.to_owned(),
        url: format!("https://github.com/shop/api/pull/{}", 100 - back),
        labels: Vec::new(),
        base_ref: "main".to_owned(),
        size: Some(Size {
            additions: 10 * back,
            deletions: 5,
            changed_files: 2,
        }),
        reverts: Vec::new(),
    }
}

fn run(back: i64, workflow: &str) -> CiRun {
    CiRun {
        repository: "shop/api".into(),
        id: format!("workflow:{back}"),
        workflow: workflow.to_owned(),
        head_sha: format!("{back:040x}"),
        branch: None,
        on_default_branch: false,
        attempt: if back % 10 == 0 { 2 } else { 1 },
        outcome: CiOutcome::Success,
        created_at: days(back),
        started_at: Some(days(back)),
        updated_at: days(back) + Duration::minutes(6 + back % 3),
        url: "https://github.com/shop/api/actions".to_owned(),
    }
}

/// Two months: a change a day with a review and a run of CI; two pull requests are open.
fn facts(title: &str, name: &str) -> FlowFacts {
    let open = |number: i64, back: i64| OpenChange {
        key: key(number),
        closed_at: None,
        opened_at: days(back),
        first_commit_at: None,
        pushed_at: None,
        is_draft: number == 202,
        author: person("ben"),
        title: title.to_owned(),
        url: format!("https://github.com/shop/api/pull/{number}"),
    };
    let review = |back: i64| Reviewed {
        key: key(100 - back),
        id: back,
        at: days(back),
        reviewer: person(if back % 4 == 0 { "chloe" } else { "ben" }),
        url: "https://github.com/shop/api/pull/review".to_owned(),
    };
    FlowFacts {
        changes: (1..=60).map(|back| change(back, title)).collect(),
        open: vec![open(201, 9), open(202, 3)],
        reviews: (1..=60).map(review).collect(),
        runs: (1..=60).map(|back| run(back, name)).collect(),
    }
}

fn both(facts: &FlowFacts) -> (Flow, Flow) {
    let of = |from, to| {
        let asked = Asked {
            from: days(from),
            to: days(to),
            zone: calendar().zone,
            repositories: None,
            members: None,
        };
        measure(facts, &Definitions::default(), &asked)
    };
    (of(28, 0), of(56, 28))
}

fn view<'a>(
    flow: &'a Flow,
    before: &'a Flow,
    calendar: &'a WorkCalendar,
    scope: Option<&'a str>,
) -> FlowView<'a> {
    FlowView {
        flow,
        before,
        days: 28,
        scope,
        question: "28d ours all",
        calendar,
        goals: &[],
    }
}

#[test]
fn the_report_tells_how_work_moves() {
    let (flow, before) = both(&facts("Retry payments", "CI"));
    let message = message_flow(&view(&flow, &before, &calendar(), Some("shop/api")));
    assert_snapshot!(transcript(&message), @r"
        (text) shop/api: flow of work in the last 28 days. Throughput: 7 per week [6.5 – 7.6 per week] → (7 per week before). Cycle time: 3 d → (3 d before). Time to first review: 1 d → (1 d before). Review time: 21 h → (21 h before). Idle time: 1 d 3 h → (1 d 3 h before). Flow efficiency: 62 % → (62 % before). Size of a change: 150 lines [105 – 195 lines] ↓ better (430 lines before). Work in progress: 2 ↑ (0 before). Age of work in progress: 6 d. Spread of reviews: 0.2 → (0.2 before). CI duration: 7 min → (7 min before). CI flakiness: 7.1 % [0 – 17.9 %] ↓ better (10.7 % before)
        # shop/api: flow of work in the last 28 days
        *Throughput*  7 per week [6.5 – 7.6 per week] → (7 per week before)
        ▄███▅
        of 28 changes
            [Explain…]
        *Cycle time*  3 d → (3 d before)
        █████
        of 28 changes; 75 % within 3 d, 90 % within 3 d, 95 % within 3 d
            [Explain…]
        *Time to first review*  1 d → (1 d before)
        █████
        of 28 changes; 75 % within 1 d, 90 % within 1 d, 95 % within 1 d
            [Explain…]
        *Review time*  21 h → (21 h before)
        █████
        of 28 changes; 75 % within 21 h, 90 % within 21 h, 95 % within 21 h
            [Explain…]
        *Idle time*  1 d 3 h → (1 d 3 h before)
        █████
        of 28 changes; 75 % within 1 d 3 h, 90 % within 1 d 3 h, 95 % within 1 d 3 h
            [Explain…]
        *Flow efficiency*  62 % → (62 % before)
        █████
        of 28 changes
            [Explain…]
        *Size of a change*  150 lines [105 – 195 lines] ↓ better (430 lines before)
        █▇▅▃▂
        of 28 changes; 75 % within 218 lines, 90 % within 258 lines, 95 % within 272 lines
            [Explain…]
        *Work in progress*  2 ↑ (0 before)
        ▁▁▁▅█
            [Explain…]
        *Age of work in progress*  6 d
        ···▆█
        of 2 pull requests; 75 % within 7 d 12 h, 90 % within 8 d 9 h, 95 % within 8 d 16 h
            [Explain…]
        *Spread of reviews*  0.2 → (0.2 before)
        ▄▅▅█▆
        of 28 reviews
            [Explain…]
        *CI duration*  7 min → (7 min before)
        █████
        of 28 runs; 75 % within 8 min, 90 % within 8 min, 95 % within 8 min
            [Explain…]
        *CI flakiness*  7.1 % [0 – 17.9 %] ↓ better (10.7 % before)
        ▁█▁█▁
        of 28 tested commits
            [Explain…]
        > 1 of 2 open pull requests are drafts · 2 of 2 open pull requests have no known first commit
        > Fri 24 Oct 2025 16:00 to Fri 21 Nov 2025 15:00 (Europe/Berlin), against the 28 days before; a change is a merged pull request, and all hours count. In brackets: where the value would be in 95 of 100 such samples.
        ");
}

#[test]
fn where_nothing_is_known_it_says_where_to_look() {
    let (flow, before) = both(&FlowFacts::default());
    assert_snapshot!(transcript(&message_flow(&view(&flow, &before, &calendar(), None))), @r"
        (text) Flow of work in the last 28 days. I know of no pull request, review or run of CI here in this time. `/em-agent doctor` shows whether GitHub reaches me.
        # Flow of work in the last 28 days
        I know of no pull request, review or run of CI here in this time. `/em-agent doctor` shows whether GitHub reaches me.
        ");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn whatever_others_wrote_is_within_the_limits_and_only_words(title in hostile(), name in hostile(), page in 0usize..9) {
        let facts = facts(&title, &name);
        let (flow, before) = both(&facts);
        check_message(&message_flow(&view(&flow, &before, &calendar(), Some(&name))));
        for metric in FlowMetric::ALL {
            let view = ExplainView {
                metric: metric.into(),
                measured: &flow.of(metric).measured,
                before: &before.of(metric).measured,
                facts: Facts::Flow(&facts),
                page,
                about: &title,
                zone: calendar().zone,
                done: Some(&name),
            };
            check_message(&message_explain(&view));
            check_view(&modal_explain(&view, "{}".to_owned()).unwrap());
        }
    }
}
