//! Purpose: what is open, reviews and runs of CI on facts small enough to compute every metric by hand.

use super::super::reviews::gini;
use super::*;
use crate::delivery::{NoBand, Why};

#[test]
fn work_in_progress_is_what_is_open_at_the_end() {
    let draft = OpenChange {
        is_draft: true,
        first_commit_at: Some(at("03-28 20:00")),
        ..open(2, "03-29 00:00", None)
    };
    let rebased = OpenChange {
        first_commit_at: Some(at("03-29 22:00")),
        ..open(3, "03-29 14:00", Some("03-30 00:00"))
    };
    let gone = open(4, "03-03 00:00", Some("03-29 23:59"));
    let flow = measured(&FlowFacts {
        open: vec![
            open(1, "03-29 12:00", None),
            draft,
            rebased,
            gone,
            open(5, "03-30 00:00", None),
        ],
        ..FlowFacts::default()
    });
    assert_eq!(value(&flow, FlowMetric::WorkInProgress), Ok(3.0));
    assert_eq!(
        noted(&flow, FlowMetric::WorkInProgress, About::Drafts),
        Some((1, 3))
    );
    // 28, 12 and 10 hours
    assert_eq!(hours(&flow, FlowMetric::WorkAge), Ok(12.0));
    let ages: Vec<f64> = counted(&flow, FlowMetric::WorkAge)
        .iter()
        .map(|row| row.1 / HOUR)
        .collect();
    assert_eq!(ages, [28.0, 12.0, 10.0]);
    let noted = noted(&flow, FlowMetric::WorkAge, About::OpenWithoutFirstCommit);
    assert_eq!(noted, Some((1, 3)));
    let nothing = measured(&FlowFacts::default());
    assert_eq!(value(&nothing, FlowMetric::WorkInProgress), Ok(0.0));
    assert_eq!(value(&nothing, FlowMetric::WorkAge), Err(NoValue::NothingOpen));
}

#[test]
fn gini_is_zero_of_equals_and_nears_one_where_one_has_all() {
    assert_eq!(gini(&[1, 1, 1]), Some(0.0));
    assert_eq!(gini(&[7, 7]), Some(0.0));
    // 2·(1·1 + 2·3) / (2·4) - 3/2
    assert_eq!(gini(&[1, 3]), Some(0.25));
    // 2·(1 + 2·2 + 3·3 + 4·4) / (4·10) - 5/4
    assert_eq!(gini(&[1, 2, 3, 4]), Some(0.25));
    // One of n has all: (n - 1) / n
    assert_eq!(gini(&[0, 1]), Some(0.5));
    assert_eq!(gini(&[0, 0, 0, 9]), Some(0.75));
    assert_eq!(gini(&[5]), None);
    assert_eq!(gini(&[]), None);
    assert_eq!(gini(&[0, 0]), None);
}

#[test]
fn reviews_are_spread_over_people_who_reviewed_others() {
    let flow = measured(&FlowFacts {
        changes: vec![change(1, "03-03 12:00")],
        open: vec![open(2, "03-03 12:00", None)],
        reviews: vec![
            review(1, 1, "03-03 08:00", "bob"),
            review(2, 1, "03-03 09:00", "BOB"),
            review(3, 2, "03-04 09:00", "bob"),
            review(4, 3, "03-05 09:00", "bob"),
            review(5, 3, "03-05 10:00", "cat"),
            review(6, 3, "03-05 11:00", "lint[bot]"),
            review(7, 1, "03-05 12:00", "Ana"),
            review(8, 2, "03-05 13:00", "ana"),
            review(9, 4, "04-01 00:00", "dan"),
        ],
        ..FlowFacts::default()
    });
    // 3 and 1
    assert_eq!(value(&flow, FlowMetric::ReviewSpread), Ok(0.25));
    assert_eq!(flow.of(FlowMetric::ReviewSpread).measured.sample, 4);
    let names: Vec<String> = counted(&flow, FlowMetric::ReviewSpread)
        .into_iter()
        .map(|row| row.0)
        .collect();
    let wanted =
        ["#1 review 1", "#2 review 3", "#3 review 4", "#3 review 5"].map(|name| format!("{API}{name}"));
    assert_eq!(names, wanted);
    let why: Vec<&str> = left_out(&flow, FlowMetric::ReviewSpread)
        .into_iter()
        .map(|row| row.1)
        .collect();
    assert_eq!(
        why,
        [Why::ReviewedBefore, Why::Bot, Why::OwnChange, Why::OwnChange].map(Why::words)
    );
    assert_eq!(
        noted(&flow, FlowMetric::ReviewSpread, About::ReviewsOfBots),
        Some((1, 8))
    );
    assert_eq!(
        noted(&flow, FlowMetric::ReviewSpread, About::ReviewsOfOwnChanges),
        Some((2, 8))
    );
    let told = format!("{:?}", flow.of(FlowMetric::ReviewSpread));
    assert!(!told.to_lowercase().contains("bob"), "{told}");
}

#[test]
fn one_reviewer_spreads_nothing() {
    let one = measured(&FlowFacts {
        reviews: vec![review(1, 1, "03-03 08:00", "bob")],
        ..FlowFacts::default()
    });
    assert_eq!(value(&one, FlowMetric::ReviewSpread), Err(NoValue::OneReviewer));
    let none = measured(&FlowFacts::default());
    assert_eq!(
        value(&none, FlowMetric::ReviewSpread),
        Err(NoValue::NothingReviewed)
    );
    assert_eq!(
        none.of(FlowMetric::ReviewSpread).measured.band,
        Err(NoBand::NoValue)
    );
}

#[test]
fn duration_is_of_runs_that_ended_green_or_red() {
    let started = CiRun {
        started_at: Some(at("03-04 10:30")),
        ..run("workflow:2", "03-04 10:00", CiOutcome::Failure)
    };
    let backwards = CiRun {
        updated_at: at("03-05 09:00"),
        ..run("workflow:3", "03-05 10:00", CiOutcome::Success)
    };
    let flow = measured(&FlowFacts {
        runs: vec![
            run("workflow:1", "03-03 10:00", CiOutcome::Success),
            started,
            backwards,
            run("workflow:4", "03-06 10:00", CiOutcome::Pending),
            run("workflow:5", "03-07 10:00", CiOutcome::Neutral),
        ],
        ..FlowFacts::default()
    });
    assert_eq!(hours(&flow, FlowMetric::CiDuration), Ok(0.5));
    let durations: Vec<f64> = counted(&flow, FlowMetric::CiDuration)
        .iter()
        .map(|row| row.1 / HOUR)
        .collect();
    assert_eq!(durations, [1.0, 0.5, 0.0]);
    let wanted = [
        ("acme/api workflow:4", Why::StillOpen),
        ("acme/api workflow:5", Why::NoVerdict),
    ];
    assert_eq!(
        left_out(&flow, FlowMetric::CiDuration),
        wanted.map(|(name, why)| (name.to_owned(), why.words()))
    );
    for metric in [FlowMetric::CiDuration, FlowMetric::CiFlakiness] {
        assert_eq!(noted(&flow, metric, About::RunsNotEnded), Some((1, 5)));
        assert_eq!(noted(&flow, metric, About::RunsWithoutVerdict), Some((1, 5)));
    }
    let nothing = measured(&FlowFacts::default());
    assert_eq!(value(&nothing, FlowMetric::CiDuration), Err(NoValue::NothingRan));
    assert_eq!(value(&nothing, FlowMetric::CiFlakiness), Err(NoValue::NothingRan));
}
