//! Purpose: what is left out: other repositories and people, bots, what is told twice, former names, windows that are none.

use super::*;
use crate::delivery::{NoBand, Why};

fn on(sha: &str, run: CiRun) -> CiRun {
    CiRun {
        head_sha: sha.to_owned(),
        ..run
    }
}

#[test]
fn a_commit_that_was_red_and_green_is_flaky() {
    let again = CiRun {
        attempt: 2,
        ..on("c", run("workflow:5", "03-05 10:00", CiOutcome::Success))
    };
    let red_again = CiRun {
        attempt: 2,
        ..on("d", run("workflow:6", "03-06 10:00", CiOutcome::Failure))
    };
    let lint = CiRun {
        workflow: "lint".to_owned(),
        ..run("workflow:7", "03-07 10:00", CiOutcome::Failure)
    };
    let web = CiRun {
        repository: "acme/web".into(),
        ..on("b", run("workflow:8", "03-08 10:00", CiOutcome::Failure))
    };
    let flow = measured(&FlowFacts {
        runs: vec![
            run("workflow:1", "03-03 10:00", CiOutcome::Failure),
            run("workflow:2", "03-03 12:00", CiOutcome::Success),
            on("b", run("workflow:3", "03-04 10:00", CiOutcome::Success)),
            on("b", run("workflow:4", "03-04 12:00", CiOutcome::Success)),
            again,
            red_again,
            lint,
            web,
            on("e", run("workflow:9", "03-09 10:00", CiOutcome::Neutral)),
        ],
        ..FlowFacts::default()
    });
    let wanted = [
        ("acme/api workflow:2", 1.0),
        ("acme/api workflow:4", 0.0),
        ("acme/api workflow:5", 1.0),
        ("acme/api workflow:6", 0.0),
        ("acme/api workflow:7", 0.0),
        ("acme/web workflow:8", 0.0),
    ];
    let wanted = wanted.map(|(name, value)| (name.to_owned(), value));
    assert_eq!(counted(&flow, FlowMetric::CiFlakiness), wanted);
    assert_eq!(value(&flow, FlowMetric::CiFlakiness), Ok(2.0 / 6.0));
}

#[test]
fn of_two_statements_about_a_run_the_later_attempt_counts() {
    let first = run("workflow:1", "03-03 10:00", CiOutcome::Failure);
    let second = CiRun {
        attempt: 2,
        outcome: CiOutcome::Success,
        ..first.clone()
    };
    for runs in [vec![first.clone(), second.clone()], vec![second, first]] {
        let flow = measured(&FlowFacts {
            runs,
            ..FlowFacts::default()
        });
        assert_eq!(value(&flow, FlowMetric::CiFlakiness), Ok(1.0));
        assert_eq!(flow.of(FlowMetric::CiDuration).measured.sample, 1);
    }
}

fn of_bots() -> FlowFacts {
    FlowFacts {
        changes: vec![
            Change {
                author: account("dependabot[bot]"),
                ..change(1, "03-03 12:00")
            },
            change(2, "03-04 12:00"),
        ],
        open: vec![OpenChange {
            author: account("dependabot[bot]"),
            ..open(3, "03-03 12:00", None)
        }],
        ..FlowFacts::default()
    }
}

#[test]
fn bots_are_left_out_and_told_unless_they_count() {
    let facts = of_bots();
    let flow = measured(&facts);
    for metric in FlowMetric::ALL.into_iter().take(7) {
        assert_eq!(flow.of(metric).measured.sample, 1, "{metric:?}");
        assert_eq!(
            left_out(&flow, metric),
            [("acme/api#1".to_owned(), Why::Bot.words())]
        );
        assert_eq!(noted(&flow, metric, About::ChangesOfBots), Some((1, 2)));
    }
    for metric in [FlowMetric::WorkInProgress, FlowMetric::WorkAge] {
        assert_eq!(
            left_out(&flow, metric),
            [("acme/api#3".to_owned(), Why::Bot.words())]
        );
        assert_eq!(noted(&flow, metric, About::OpenOfBots), Some((1, 1)));
    }
    assert_eq!(flow.weeks[3].work_in_progress, 0);
    let definitions = Definitions {
        count_bots: true,
        ..Definitions::default()
    };
    let flow = measure(&facts, &definitions, &march());
    assert_eq!(flow.of(FlowMetric::CycleTime).measured.sample, 2);
    assert_eq!(value(&flow, FlowMetric::WorkInProgress), Ok(1.0));
    assert_eq!(flow.weeks[3].work_in_progress, 1);
}

#[test]
fn people_narrow_what_people_do_and_leave_no_runs() {
    let facts = FlowFacts {
        changes: vec![
            change(1, "03-03 12:00"),
            Change {
                author: account("bob"),
                ..change(2, "03-03 12:00")
            },
        ],
        open: vec![open(3, "03-03 12:00", None)],
        reviews: vec![
            review(1, 1, "03-03 08:00", "bob"),
            review(2, 2, "03-03 08:00", "ana"),
        ],
        runs: vec![run("workflow:1", "03-03 10:00", CiOutcome::Success)],
    };
    let mut asked = Asked {
        members: Some(["Bob".into()].into()),
        ..march()
    };
    let flow = measure(&facts, &Definitions::default(), &asked);
    assert_eq!(
        counted(&flow, FlowMetric::CycleTime),
        [("acme/api#2".to_owned(), 36_000.0)]
    );
    assert_eq!(value(&flow, FlowMetric::WorkInProgress), Ok(0.0));
    assert_eq!(
        counted(&flow, FlowMetric::ReviewSpread),
        [("acme/api#1 review 1".to_owned(), 1.0)]
    );
    for metric in [FlowMetric::CiDuration, FlowMetric::CiFlakiness] {
        assert_eq!(value(&flow, metric), Err(NoValue::NotOfPeople));
        assert!(flow.of(metric).measured.proof.is_empty());
    }
    asked.repositories = Some([API.into()].into());
    let flow = measure(&facts, &Definitions::default(), &asked);
    assert_eq!(hours(&flow, FlowMetric::CiDuration), Ok(1.0));
}

#[test]
fn a_repository_is_one_under_all_its_names() {
    let old = |number| PullRequestKey {
        repository: "acme/old".into(),
        number,
    };
    let facts = FlowFacts {
        changes: vec![
            change(1, "03-03 12:00"),
            Change {
                key: old(1),
                ..change(1, "03-03 12:00")
            },
        ],
        open: vec![OpenChange {
            key: old(2),
            ..open(2, "03-03 12:00", None)
        }],
        reviews: vec![
            Reviewed {
                key: old(1),
                ..review(1, 1, "03-03 08:00", "bob")
            },
            review(2, 1, "03-03 09:00", "bob"),
            review(3, 2, "03-03 09:00", "ana"),
        ],
        runs: vec![
            run("workflow:1", "03-03 10:00", CiOutcome::Success),
            CiRun {
                repository: "acme/old".into(),
                ..run("workflow:1", "03-03 10:00", CiOutcome::Success)
            },
        ],
    };
    let definitions = Definitions {
        renamed: [("acme/old".into(), API.into())].into(),
        ..Definitions::default()
    };
    for name in ["acme/old", API] {
        let asked = Asked {
            repositories: Some([name.into()].into()),
            ..march()
        };
        let flow = measure(&facts, &definitions, &asked);
        assert_eq!(flow.of(FlowMetric::CycleTime).measured.sample, 1);
        assert_eq!(value(&flow, FlowMetric::WorkInProgress), Ok(1.0));
        assert_eq!(flow.of(FlowMetric::ReviewSpread).measured.sample, 1);
        assert_eq!(
            counted(&flow, FlowMetric::CiDuration),
            [("acme/api workflow:1".to_owned(), 3_600.0)]
        );
    }
    let asked = Asked {
        repositories: Some(["acme/web".into()].into()),
        ..march()
    };
    let flow = measure(&facts, &definitions, &asked);
    let samples = FlowMetric::ALL.map(|metric| flow.of(metric).measured.sample);
    assert_eq!(samples, [0; 12]);
}

#[test]
fn a_window_without_time_has_no_values() {
    let facts = FlowFacts {
        reviews: vec![
            review(1, 1, "03-03 08:00", "bob"),
            review(2, 2, "03-03 08:00", "ana"),
        ],
        runs: vec![run("workflow:1", "03-03 10:00", CiOutcome::Success)],
        ..of_bots()
    };
    let members = Some(["ana".into()].into());
    let none = Asked {
        to: march().from,
        ..march()
    };
    let too_long = Asked {
        from: "1900-01-01T00:00:00Z".parse().unwrap(),
        members,
        ..march()
    };
    for asked in [none, too_long] {
        let flow = measure(&facts, &Definitions::default(), &asked);
        for metric in FlowMetric::ALL {
            let found = flow.of(metric);
            assert_eq!(found.measured.value, Err(NoValue::EmptyWindow), "{metric:?}");
            assert_eq!(found.measured.band, Err(NoBand::NoValue));
            assert!(found.measured.proof.is_empty() && found.measured.interval.is_none());
        }
        assert!(flow.weeks.is_empty());
    }
}
