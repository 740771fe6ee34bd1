//! Purpose: every metric of merged changes on facts small enough to compute it by hand.

use super::*;
use crate::delivery::{IntervalMethod, Statistic, Unit, Why};

fn two_changes() -> Flow {
    measured(&FlowFacts {
        changes: vec![change(1, "03-03 12:00"), bare(2, "03-12 12:00")],
        ..FlowFacts::default()
    })
}

#[test]
fn throughput_is_merges_a_week_of_the_window() {
    let flow = two_changes();
    assert_eq!(value(&flow, FlowMetric::Throughput), Ok(0.5));
    assert_eq!(
        counted(&flow, FlowMetric::Throughput),
        [("acme/api#1".to_owned(), 1.0), ("acme/api#2".to_owned(), 1.0)]
    );
    let nothing = measured(&FlowFacts::default());
    assert_eq!(value(&nothing, FlowMetric::Throughput), Ok(0.0));
    assert_eq!(nothing.of(FlowMetric::Throughput).measured.interval, None);
}

#[test]
fn throughput_of_many_weeks_says_how_sure_it_is() {
    let days = ["03-02", "03-03", "03-09", "03-16", "03-24", "03-31", "04-06"];
    let changes = (1..)
        .zip(days)
        .map(|(number, day)| change(number, &format!("{day} 10:00")));
    let facts = FlowFacts {
        changes: changes.collect(),
        ..FlowFacts::default()
    };
    let asked = Asked {
        to: at("04-13 00:00"),
        ..march()
    };
    let flow = measure(&facts, &Definitions::default(), &asked);
    let measured = &flow.of(FlowMetric::Throughput).measured;
    let interval = measured.interval.unwrap();
    assert_eq!(interval.method, IntervalMethod::Resampled);
    let value = measured.value.unwrap();
    assert!((value - 7.0 / 6.0).abs() < 1e-12);
    assert!((0.99..=value).contains(&interval.low), "{interval:?}");
    assert!((value..=2.0).contains(&interval.high), "{interval:?}");
}

#[test]
fn times_of_merged_changes_are_their_parts() {
    let flow = two_changes();
    assert_eq!(hours(&flow, FlowMetric::CycleTime), Ok(6.0));
    let p75 = flow.of(FlowMetric::CycleTime).percentiles[1];
    assert_eq!((p75.percent, p75.value / HOUR), (75, 8.0));
    let row = &flow.of(FlowMetric::CycleTime).measured.proof[0];
    assert_eq!(row.parts.unwrap().total(), 36_000);
    assert_eq!(hours(&flow, FlowMetric::IdleTime), Ok(2.5));
    assert_eq!(hours(&flow, FlowMetric::TimeToFirstReview), Ok(2.0));
    assert_eq!(hours(&flow, FlowMetric::ReviewTime), Ok(3.0));
    for metric in [FlowMetric::TimeToFirstReview, FlowMetric::ReviewTime] {
        let wanted = vec![("acme/api#2".to_owned(), Why::NoReview.words())];
        assert_eq!(left_out(&flow, metric), wanted);
        assert_eq!(noted(&flow, metric, About::ChangesWithoutReview), Some((1, 2)));
    }
    let without = noted(&flow, FlowMetric::CycleTime, About::ChangesWithoutFirstCommit);
    assert_eq!(without, Some((1, 2)));
}

#[test]
fn the_cycle_begins_with_the_first_commit_whatever_a_lead_time_begins_with() {
    let facts = FlowFacts {
        changes: vec![change(1, "03-03 12:00")],
        ..FlowFacts::default()
    };
    let definitions = Definitions {
        lead_time_from: crate::delivery::LeadTimeStart::Merged,
        ..Definitions::default()
    };
    assert_eq!(
        hours(&measure(&facts, &definitions, &march()), FlowMetric::CycleTime),
        Ok(10.0)
    );
}

#[test]
fn a_review_after_the_merge_and_one_without_approval_have_no_review_time() {
    let late = Change {
        first_review_at: Some(at("03-03 13:00")),
        ..change(1, "03-03 12:00")
    };
    let unapproved = Change {
        approved_at: Some(at("03-04 13:00")),
        ..change(2, "03-04 12:00")
    };
    let flow = measured(&FlowFacts {
        changes: vec![late, unapproved],
        ..FlowFacts::default()
    });
    assert_eq!(
        value(&flow, FlowMetric::ReviewTime),
        Err(NoValue::NothingReviewed)
    );
    let wanted = [Why::NoReview, Why::NoApproval].map(Why::words);
    assert_eq!(
        left_out(&flow, FlowMetric::ReviewTime)
            .iter()
            .map(|row| row.1)
            .collect::<Vec<_>>(),
        wanted
    );
    let noted = noted(&flow, FlowMetric::ReviewTime, About::ChangesWithoutApproval);
    assert_eq!(noted, Some((1, 2)));
    assert_eq!(flow.of(FlowMetric::TimeToFirstReview).measured.sample, 1);
}

#[test]
fn efficiency_is_working_time_of_all_the_time() {
    let instant = Change {
        opened_at: at("03-12 13:00"),
        ..bare(3, "03-12 13:00")
    };
    let flow = measured(&FlowFacts {
        changes: vec![change(1, "03-03 12:00"), bare(2, "03-12 12:00"), instant],
        ..FlowFacts::default()
    });
    let efficiency = &flow.of(FlowMetric::FlowEfficiency).measured;
    assert_eq!(efficiency.value, Ok(7.0 / 12.0));
    assert_eq!((efficiency.statistic, efficiency.sample), (Statistic::Total, 2));
    assert_eq!(
        counted(&flow, FlowMetric::FlowEfficiency),
        [("acme/api#1".to_owned(), 0.7), ("acme/api#2".to_owned(), 0.0)]
    );
    let wanted = vec![("acme/api#3".to_owned(), Why::NotPositive.words())];
    assert_eq!(left_out(&flow, FlowMetric::FlowEfficiency), wanted);
    assert_eq!(flow.of(FlowMetric::IdleTime).measured.sample, 2);
    assert_eq!(left_out(&flow, FlowMetric::CycleTime), wanted);
}

#[test]
fn efficiency_of_very_many_changes_has_a_narrow_interval() {
    let changes = (0..1_500).map(|number| Change {
        first_commit_at: Some(at("03-03 12:00") - Duration::hours(9 + number % 4)),
        ..change(number, "03-03 12:00")
    });
    let flow = measured(&FlowFacts {
        changes: changes.collect(),
        ..FlowFacts::default()
    });
    let efficiency = &flow.of(FlowMetric::FlowEfficiency).measured;
    let (value, interval) = (efficiency.value.unwrap(), efficiency.interval.unwrap());
    assert_eq!(interval.method, IntervalMethod::Normal);
    assert!(interval.low < value && value < interval.high, "{interval:?}");
    assert!(interval.high - interval.low < 0.01, "{interval:?}");
}

#[test]
fn size_is_lines_added_and_removed_where_they_are_known() {
    let flow = two_changes();
    let size = &flow.of(FlowMetric::ChangeSize).measured;
    assert_eq!((size.value, size.unit, size.sample), (Ok(120.0), Unit::Lines, 1));
    let noted = noted(&flow, FlowMetric::ChangeSize, About::ChangesWithoutSize);
    assert_eq!(noted, Some((1, 2)));
    let unknown = measured(&FlowFacts {
        changes: vec![bare(2, "03-12 12:00")],
        ..FlowFacts::default()
    });
    assert_eq!(value(&unknown, FlowMetric::ChangeSize), Err(NoValue::NoSizes));
}
