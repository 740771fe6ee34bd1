//! Purpose: the weeks of a window: partial ones, those in which clocks change, and what each holds.

use super::*;

fn mondays(flow: &Flow) -> Vec<(String, bool)> {
    let weeks = flow.weeks.iter();
    weeks
        .map(|week| (week.monday.to_string(), week.is_partial))
        .collect()
}

#[test]
fn every_metric_has_a_value_in_a_week() {
    let flow = measured(&FlowFacts {
        changes: vec![
            change(1, "03-10 12:00"),
            bare(2, "03-10 13:00"),
            change(3, "03-24 12:00"),
        ],
        open: vec![
            open(1, "03-10 00:00", Some("03-16 00:00")),
            open(2, "03-09 00:00", Some("03-15 12:00")),
            open(3, "03-17 00:00", None),
            open(4, "03-20 00:00", None),
        ],
        reviews: vec![
            review(1, 1, "03-10 08:00", "bob"),
            review(2, 2, "03-10 09:00", "bob"),
            review(3, 3, "03-11 09:00", "bob"),
            review(4, 2, "03-11 10:00", "cat"),
            review(5, 3, "03-24 09:00", "cat"),
        ],
        runs: vec![
            run("workflow:1", "03-10 10:00", CiOutcome::Failure),
            run("workflow:2", "03-11 10:00", CiOutcome::Success),
        ],
    });
    let week = flow.weeks[1];
    assert_eq!(week.monday.to_string(), "2026-03-09");
    assert!(!week.is_partial);
    let values = FlowMetric::ALL.map(|metric| week.value(metric));
    let wanted = [
        2.0,
        6.0 * HOUR,
        2.0 * HOUR,
        3.0 * HOUR,
        2.5 * HOUR,
        7.0 / 12.0,
        120.0,
        1.0,
        144.0 * HOUR,
        0.25,
        HOUR,
        1.0,
    ];
    assert_eq!(values, wanted.map(Some));
    let nothing = flow.weeks[0];
    let values = FlowMetric::ALL.map(|metric| nothing.value(metric));
    assert_eq!(values.into_iter().flatten().collect::<Vec<_>>(), [0.0, 0.0]);
    // Open on the evening of 22 March since 17 and 20 March.
    assert_eq!(
        (flow.weeks[2].work_in_progress, flow.weeks[2].work_age),
        (2, Some(108.0 * HOUR))
    );
    assert_eq!(flow.weeks[3].merged, 1);
    assert_eq!(flow.weeks[3].review_spread, None);
}

#[test]
fn a_partial_week_ends_with_the_window() {
    let asked = Asked {
        from: at("03-04 00:00"),
        to: at("03-11 00:00"),
        ..march()
    };
    let facts = FlowFacts {
        changes: vec![
            change(1, "03-03 23:59"),
            change(2, "03-04 00:00"),
            change(3, "03-10 23:59"),
            change(4, "03-11 00:00"),
        ],
        open: vec![
            open(5, "03-10 00:00", Some("03-12 00:00")),
            open(6, "03-12 00:00", None),
        ],
        ..FlowFacts::default()
    };
    let flow = measure(&facts, &Definitions::default(), &asked);
    assert_eq!(
        mondays(&flow),
        [("2026-03-02".to_owned(), true), ("2026-03-09".to_owned(), true)]
    );
    assert_eq!(
        flow.weeks.iter().map(|week| week.merged).collect::<Vec<_>>(),
        [1, 1]
    );
    assert_eq!(value(&flow, FlowMetric::Throughput), Ok(2.0));
    assert_eq!(flow.weeks[1].work_in_progress, 1);
    assert_eq!(flow.weeks[1].work_age, Some(24.0 * HOUR));
}

/// Central Europe sets clocks forward on 29 March and back on 25 October 2026: these weeks have 167 and 169 hours.
#[test]
fn weeks_in_which_clocks_change_end_at_local_midnight() {
    for (from, to, last, next) in [
        ("03-22 23:00", "04-05 22:00", "03-29 21:59", "03-29 22:00"),
        ("10-18 22:00", "11-01 23:00", "10-25 22:59", "10-25 23:00"),
    ] {
        let asked = Asked {
            from: at(from),
            to: at(to),
            zone: chrono_tz::Europe::Berlin,
            ..march()
        };
        let facts = FlowFacts {
            changes: vec![change(1, last), change(2, next)],
            open: vec![open(3, last, None), open(4, next, None)],
            ..FlowFacts::default()
        };
        let flow = measure(&facts, &Definitions::default(), &asked);
        let weeks = flow.weeks.iter();
        let told: Vec<_> = weeks
            .map(|week| (week.is_partial, week.merged, week.work_in_progress))
            .collect();
        assert_eq!(told, [(false, 1, 1), (false, 1, 2)], "{from}");
        assert_eq!(flow.weeks[0].work_age, Some(60.0));
        // An hour more or less of two weeks.
        let throughput = value(&flow, FlowMetric::Throughput).unwrap();
        assert!((throughput - 1.0).abs() < 0.004 && throughput.to_bits() != 1.0_f64.to_bits());
    }
}
