//! Purpose: facts that should not be, windows that hold nothing, and much of everything.

use super::*;

fn is_sound(measured: &Measured) -> bool {
    let is_number = |value: f64| value.is_finite() && value >= 0.0;
    measured.value.is_ok_and(is_number) == measured.value.is_ok()
        && measured
            .interval
            .is_none_or(|one| is_number(one.low) && one.low <= one.high && is_number(one.high))
        && measured.value.is_ok() | measured.band.is_err()
}

/// No value is infinite, negative or no number, in any mode.
pub(super) fn assert_sound(keys: &FiveKeys) {
    let all = [
        &keys.frequency.rate,
        &keys.lead_time.time,
        &keys.change_fail,
        &keys.recovery,
        &keys.rework,
    ];
    for measured in all {
        assert!(is_sound(measured), "{:?} {measured:?}", keys.mode);
    }
}

fn compared(facts: &DeliveryFacts, asked: &Asked) -> Vec<FiveKeys> {
    let all = compare(facts, &Definitions::default(), asked);
    all.iter().for_each(assert_sound);
    all
}

fn base() -> DeliveryFacts {
    facts(
        vec![change(1, "02-20 12:00"), change(2, "03-03 09:00")],
        vec![
            deployed(1, "02-23 12:00", Some(1)),
            deployed(2, "03-03 12:00", Some(2)),
        ],
        vec![outage("a", "03-03 13:00", Some("03-03 14:00"))],
    )
}

#[test]
fn nothing_gives_reasons_and_no_zeros() {
    for keys in compared(&DeliveryFacts::default(), &march()) {
        assert_eq!(keys.frequency.rate.value, Err(NoValue::NoDeployments));
        assert_eq!(keys.lead_time.time.value, Err(NoValue::NoDeployments));
        assert_eq!(keys.change_fail.value, Err(NoValue::NoDeployments));
        assert_eq!(keys.recovery.value, Err(NoValue::NoDeployments));
        assert_eq!((keys.frequency.median_per_week, keys.weeks.len()), (None, 4));
    }
}

#[test]
fn a_month_without_deployments_after_some_is_zero_and_has_no_rate_of_failure() {
    let mut facts = base();
    facts.deployments.pop();
    for mode in [
        Mode::Ours,
        Mode::DevLake2023,
        Mode::DevLake2021,
        Mode::FourKeys,
        Mode::Middleware,
    ] {
        let keys = in_mode(&facts, mode);
        assert_eq!(keys.frequency.rate.value, Ok(0.0), "{mode:?}");
        assert_eq!(keys.change_fail.value, Err(NoValue::NoneInWindow), "{mode:?}");
    }
}

#[test]
fn windows_of_no_days_and_of_ten_years_and_of_ever() {
    let none = Asked {
        to: march().from,
        ..march()
    };
    let backwards = Asked {
        from: march().to,
        to: march().from,
        ..march()
    };
    let ever = Asked {
        from: DateTime::<Utc>::MIN_UTC,
        to: DateTime::<Utc>::MAX_UTC,
        ..march()
    };
    for asked in [none, backwards, ever] {
        for keys in compared(&base(), &asked) {
            assert_eq!(keys.frequency.rate.value, Err(NoValue::EmptyWindow));
            assert_eq!(keys.change_fail.value, Err(NoValue::EmptyWindow));
            assert!(keys.weeks.is_empty() && keys.lead_time.time.proof.is_empty());
        }
    }
    let decade = Asked {
        from: at("01-01 00:00") - Duration::days(3_650),
        zone: chrono_tz::America::Sao_Paulo,
        ..march()
    };
    for keys in compared(&base(), &decade) {
        assert!(keys.weeks.len() > 500, "{}", keys.weeks.len());
    }
}

#[test]
fn a_deployment_without_a_commit_is_joined_by_time_and_said_to_be() {
    let mut facts = base();
    facts.deployments[1].sha = Some(String::new());
    let keys = ours(&facts);
    assert_eq!(
        row(&keys.lead_time.time, "acme/api#2").links[0].how,
        Joined::ByTime
    );
    assert_eq!(
        noted(&keys.frequency.rate, About::DeploymentsWithoutKnownCommit),
        Some((1, 1))
    );
}

#[test]
fn an_end_before_the_start_is_no_time_at_all() {
    let mut facts = base();
    facts.deployments[1].ended_at = at("03-02 12:00");
    facts.outages[0].resolved_at = Some(at("03-03 10:00"));
    facts.changes[1].opened_at = at("03-04 12:00");
    facts.changes[1].first_commit_at = Some(at("03-05 12:00"));
    for keys in compared(&facts, &march()) {
        assert!(
            keys.lead_time
                .time
                .proof
                .iter()
                .all(|row| row.value.is_none_or(|value| value >= 0.0))
        );
    }
    let keys = ours(&facts);
    let standing = row(&keys.recovery, "acme/api/2").standing;
    assert_eq!(standing, Standing::LeftOut(Why::EndsBeforeStart));
    assert!(
        row(&keys.lead_time.time, "acme/api#2")
            .parts
            .unwrap()
            .out_of_order
    );
}

#[test]
fn what_is_dated_in_the_future_waits_until_then() {
    let mut facts = base();
    facts.changes.push(change(3, "12-24 12:00"));
    facts.deployments.push(deployed(3, "12-24 13:00", Some(3)));
    facts.outages.push(outage("b", "12-24 14:00", None));
    let all = compared(&facts, &march());
    let wanted = compared(&base(), &march());
    assert_eq!(all, wanted);
}

#[test]
fn two_deployments_at_one_instant_are_two_and_the_first_by_name_delivers() {
    let mut facts = base();
    facts.deployments.push(deployed(3, "03-03 12:00", Some(2)));
    let keys = ours(&facts);
    assert_eq!(
        (keys.frequency.rate.sample, keys.frequency.days_with_deployment),
        (2, 1)
    );
    assert_eq!(keys.frequency.per_week_between_first_and_last, None);
    assert_eq!(
        row(&keys.lead_time.time, "acme/api#2").links[0].to.to_string(),
        "acme/api/2"
    );
    compared(&facts, &march());
}

#[test]
fn a_renamed_repository_is_one() {
    let mut facts = base();
    facts.changes[0].key.repository = "acme/old".into();
    facts.deployments[0].repository = "acme/old".into();
    assert_eq!(
        row(&ours(&facts).lead_time.time, "acme/api#2").standing,
        Standing::LeftOut(Why::NoBaseline)
    );
    let mut definitions = Definitions::default();
    definitions.renamed.insert("acme/old".into(), API.into());
    let keys = measure(&facts, &definitions, &march(), Mode::Ours);
    assert_eq!(hours(&keys.lead_time.time), Ok(27.0));
    // Renamed in a circle: it ends.
    definitions.renamed.insert(API.into(), "acme/old".into());
    measure(&facts, &definitions, &march(), Mode::Ours);
}

#[test]
fn fifty_thousand_changes_are_measured() {
    let mut facts = DeliveryFacts::default();
    let start = at("01-01 00:00") - Duration::days(3_000);
    for nth in 0..50_000 {
        let merged_at = start + Duration::minutes(80 * nth);
        facts.changes.push(Change {
            merged_at,
            opened_at: merged_at - Duration::minutes(nth % 4_000),
            first_commit_at: None,
            ..change(nth + 1, "03-01 00:00")
        });
        if nth % 10 == 0 {
            let live = merged_at + Duration::minutes(5);
            facts.deployments.push(Deployed {
                created_at: live,
                ended_at: live,
                ..deployed(nth, "03-01 00:00", Some(nth + 1))
            });
        }
    }
    let asked = Asked {
        from: start,
        ..march()
    };
    let keys = measure(&facts, &Definitions::default(), &asked, Mode::Ours);
    assert!(keys.lead_time.time.sample > 49_000);
    assert_sound(&keys);
}
