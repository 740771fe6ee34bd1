//! Purpose: one month of facts, and what each tool makes of it, worked out by hand.

use super::*;

/// Seven pull requests: an ordinary one, one without a review, one of a bot, one that was rebased, one without commits, and
/// one that takes back another; the first is before the window.
fn merged() -> Vec<Change> {
    let reviewed = Change {
        first_commit_at: Some(at("03-01 12:00")),
        opened_at: at("03-02 00:00"),
        first_review_at: Some(at("03-02 06:00")),
        first_response_any_at: Some(at("03-02 03:00")),
        approved_at: Some(at("03-02 12:00")),
        ..change(2, "03-02 18:00")
    };
    let unreviewed = Change {
        first_commit_at: Some(at("03-03 00:00")),
        opened_at: at("03-03 12:00"),
        ..change(3, "03-04 12:00")
    };
    let mut of_bot = Change {
        first_commit_at: Some(at("03-05 06:00")),
        opened_at: at("03-05 06:00"),
        ..change(4, "03-05 08:00")
    };
    of_bot.author.is_bot = true;
    let rebased = Change {
        first_commit_at: Some(at("03-06 08:00")),
        opened_at: at("03-06 06:00"),
        first_review_at: Some(at("03-06 07:00")),
        first_response_any_at: Some(at("03-06 07:00")),
        ..change(5, "03-06 09:00")
    };
    let without_commits = Change {
        first_commit_at: None,
        opened_at: at("03-20 00:00"),
        merge_commit_sha: None,
        ..change(6, "03-20 12:00")
    };
    let takes_back = Change {
        reverts: vec!["#3".to_owned()],
        ..change(7, "03-26 12:00")
    };
    vec![
        change(1, "02-20 12:00"),
        reviewed,
        unreviewed,
        of_bot,
        rebased,
        without_commits,
        takes_back,
    ]
}

/// Four weeks with six runs, of which one failed and one has no commit; seven pull requests; four incidents.
fn month() -> DeliveryFacts {
    let failed_run = Deployed {
        outcome: Outcome::Failure,
        ..deployed(3, "03-06 12:00", Some(5))
    };
    let of_push = Deployed {
        sha: Some("f00d".repeat(10)),
        ..deployed(4, "03-11 12:00", None)
    };
    let named = Outage {
        causes: vec![sha(2)],
        ..outage("o1", "03-03 13:00", Some("03-03 15:30"))
    };
    DeliveryFacts {
        changes: merged(),
        deployments: vec![
            deployed(0, "02-23 12:00", Some(1)),
            deployed(1, "03-03 12:00", Some(2)),
            deployed(2, "03-05 12:00", Some(4)),
            failed_run,
            of_push,
            deployed(5, "03-24 12:00", None),
        ],
        outages: vec![
            named,
            outage("o2", "03-03 14:00", Some("03-03 14:30")),
            outage("o3", "03-20 12:00", Some("03-21 12:00")),
            outage("o4", "03-25 00:00", None),
        ],
        pushes: vec![push(&"f00d".repeat(10), "03-10 10:00", "03-10 08:00")],
        corrections: Vec::new(),
    }
}

fn near(value: f64, wanted: f64) -> bool {
    (value - wanted).abs() < 1e-9
}

#[test]
fn check_16_ours() {
    let keys = ours(&month());
    let rate = &keys.frequency.rate;
    assert_eq!((rate.value, rate.unit, rate.sample), (Ok(1.0), Unit::PerWeek, 4));
    assert_eq!(rate.band, Err(NoBand::SmallSample));
    assert_eq!(keys.frequency.days_with_deployment, 4);
    assert_eq!(keys.frequency.median_per_week, Some(1.0));
    assert!(near(
        keys.frequency.per_week_between_first_and_last.unwrap(),
        4.0 / 3.0
    ));
    // 48, 60, 108 and 126 hours.
    assert_eq!(hours(&keys.lead_time.time), Ok(84.0));
    assert!(near(keys.lead_time.mean.unwrap(), 85.5 * HOUR));
    let told: Vec<(u32, f64)> = (keys.lead_time.percentiles.iter())
        .map(|one| (one.percent, one.value / HOUR))
        .collect();
    assert!(
        near(told[1].1, 112.5) && near(told[2].1, 120.6) && near(told[3].1, 123.3),
        "{told:?}"
    );
    let why = |number| row(&keys.lead_time.time, &format!("acme/api#{number}")).standing;
    assert_eq!(why(4), Standing::LeftOut(Why::Bot));
    assert_eq!(why(7), Standing::LeftOut(Why::NotDelivered));
    assert_eq!(keys.change_fail.value, Ok(0.5));
    assert_eq!((hours(&keys.recovery), keys.recovery.sample), (Ok(3.5), 1));
    assert_eq!(
        row(&keys.recovery, "acme/api/5").standing,
        Standing::LeftOut(Why::StillOpen)
    );
    assert_eq!(keys.rework.value, Ok(0.0));
    let weeks: Vec<(usize, usize, usize)> = (keys.weeks.iter())
        .map(|week| (week.deployments, week.delivered, week.failed))
        .collect();
    assert_eq!(weeks, [(2, 2, 1), (1, 1, 0), (0, 0, 0), (1, 1, 1)]);
}

#[test]
fn check_16_devlake_of_both_years() {
    let (new, old) = (
        in_mode(&month(), Mode::DevLake2023),
        in_mode(&month(), Mode::DevLake2021),
    );
    for keys in [&new, &old] {
        let rate = &keys.frequency.rate;
        assert_eq!(
            (rate.value, rate.unit, rate.band),
            (Ok(1.0), Unit::DaysPerWeek, Ok(Band::High))
        );
        // 6, 48, 60 and 126 hours; the one without a merge commit cannot be joined.
        assert_eq!(
            (hours(&keys.lead_time.time), keys.lead_time.time.sample),
            (Ok(48.0), 4)
        );
        assert_eq!(keys.lead_time.time.band, Ok(Band::High));
        assert_eq!(
            row(&keys.lead_time.time, "acme/api#6").standing,
            Standing::LeftOut(Why::NoCommit)
        );
        assert_eq!(
            (keys.change_fail.value, keys.change_fail.band),
            (Ok(0.75), Ok(Band::Low))
        );
        assert_eq!(keys.rework.value, Err(NoValue::NotInMode));
    }
    // From the deployment: 2.5, 3.5 and 240 hours. From the incident: 0.5, 2.5 and 24 hours.
    assert_eq!(
        (hours(&new.recovery), new.recovery.band),
        (Ok(3.5), Ok(Band::High))
    );
    assert_eq!(
        (hours(&old.recovery), old.recovery.band),
        (Ok(2.5), Ok(Band::High))
    );
}

#[test]
fn check_16_four_keys() {
    let keys = in_mode(&month(), Mode::FourKeys);
    let rate = &keys.frequency.rate;
    // Days with a deployment of a known commit: 2, 1, 0, 0.
    assert_eq!(
        (rate.value, rate.sample, rate.band),
        (Ok(0.5), 3, Ok(Band::Monthly))
    );
    assert_eq!(row(rate, "acme/api/5").standing, Standing::LeftOut(Why::NoCommit));
    // 4, 18 and 28 hours.
    assert_eq!(
        (hours(&keys.lead_time.time), keys.lead_time.time.band),
        (Ok(18.0), Ok(Band::OneDay))
    );
    assert_eq!(
        (keys.change_fail.value, keys.change_fail.band),
        (Ok(1.0 / 3.0), Ok(Band::UpTo45Percent))
    );
    // 0, 3 and 24 whole hours.
    assert_eq!(
        (hours(&keys.recovery), keys.recovery.band),
        (Ok(3.0), Ok(Band::OneDay))
    );
}

#[test]
fn four_keys_calls_three_days_a_week_daily_and_two_weekly() {
    let weeks_of = |days: i64| {
        let deployments = (0..4).flat_map(|week| {
            (0..days).map(move |day| {
                let number = week * 7 + day;
                deployed(number, &format!("03-{:02} 12:00", number + 2), Some(2))
            })
        });
        facts(merged(), deployments.collect(), Vec::new())
    };
    let rate = |days: i64| {
        let keys = in_mode(&weeks_of(days), Mode::FourKeys);
        (keys.frequency.rate.value, keys.frequency.rate.band)
    };
    assert_eq!(rate(3), (Ok(3.0), Ok(Band::Daily)));
    assert_eq!(rate(2), (Ok(2.0), Ok(Band::Weekly)));
}

#[test]
fn check_16_middleware() {
    let keys = in_mode(&month(), Mode::Middleware);
    let rate = &keys.frequency.rate;
    assert_eq!(
        (rate.value, rate.unit, rate.band),
        (Ok(1.0), Unit::PerWeek, Ok(Band::High))
    );
    // 2870, 2150, 230, 7430 and 5750 minutes.
    assert_eq!(keys.lead_time.time.value, Ok(3_686.0 * 60.0));
    assert_eq!(
        (keys.lead_time.time.sample, keys.lead_time.time.band),
        (5, Ok(Band::High))
    );
    // Three of five runs: the failed run is one, and the revert is an incident.
    assert_eq!((keys.change_fail.value, keys.change_fail.sample), (Ok(0.6), 5));
    // 2.5, 0.5, 24 and 528 hours.
    assert_eq!(
        (hours(&keys.recovery), keys.recovery.band),
        (Ok(138.75), Ok(Band::Medium))
    );
}

#[test]
fn all_modes_side_by_side_are_what_each_says_alone() {
    let facts = month();
    let all = compare(&facts, &Definitions::default(), &march());
    let alone: Vec<FiveKeys> = Mode::ALL.into_iter().map(|mode| in_mode(&facts, mode)).collect();
    assert_eq!(all, alone);
    for mode in Mode::ALL {
        assert_eq!(Mode::parse(mode.as_str()), Some(mode));
        let written = serde_json::to_value(mode).unwrap();
        assert_eq!(written, mode.as_str());
    }
}

#[test]
fn what_is_written_is_read_again() {
    let facts = month();
    let written = serde_json::to_string(&facts).unwrap();
    assert_eq!(serde_json::from_str::<DeliveryFacts>(&written).unwrap(), facts);
    for keys in compare(&facts, &Definitions::default(), &march()) {
        let written = serde_json::to_string(&keys).unwrap();
        assert_eq!(serde_json::from_str::<FiveKeys>(&written).unwrap(), keys);
    }
    assert_eq!(
        serde_json::from_str::<Definitions>("{}").unwrap(),
        Definitions::default()
    );
}
