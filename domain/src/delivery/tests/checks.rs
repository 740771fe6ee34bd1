//! Purpose: the mistakes that other tools made, each by its number in the list of checks; 16 is in `modes.rs`.

use super::*;

/// A change before the window, so that the first deployment is a baseline, and one in it.
fn base() -> DeliveryFacts {
    facts(
        vec![change(1, "02-20 12:00"), change(2, "03-03 09:00")],
        vec![
            deployed(1, "02-23 12:00", Some(1)),
            deployed(2, "03-03 12:00", Some(2)),
        ],
        Vec::new(),
    )
}

#[test]
fn check_1_three_incidents_of_one_deployment_are_one_failure() {
    let mut facts = base();
    facts.outages = vec![
        outage("a", "03-03 13:00", Some("03-03 14:00")),
        outage("b", "03-03 13:30", Some("03-03 14:00")),
        outage("c", "03-03 14:30", Some("03-03 15:00")),
    ];
    for mode in [Mode::Ours, Mode::DevLake2023, Mode::DevLake2021, Mode::Middleware] {
        let keys = in_mode(&facts, mode);
        assert_eq!(keys.change_fail.value, Ok(1.0), "{mode:?}");
        assert_eq!(row(&keys.change_fail, "acme/api/2").links.len(), 3);
    }
    assert_eq!(in_mode(&facts, Mode::FourKeys).change_fail.value, Ok(0.0));
    for outage in &mut facts.outages {
        outage.causes = vec![sha(2)];
    }
    let keys = in_mode(&facts, Mode::FourKeys);
    assert_eq!(
        keys.change_fail.value,
        Ok(3.0),
        "Four Keys counts rows, and says so"
    );
    assert_eq!(keys.change_fail.statistic, Statistic::RowsPerDeployment);
}

#[test]
fn check_2_an_incident_nine_days_later_is_blamed_by_devlake_and_not_by_us() {
    let mut facts = base();
    facts.outages = vec![outage("late", "03-12 13:00", Some("03-12 14:00"))];
    let keys = ours(&facts);
    assert_eq!(keys.change_fail.value, Ok(0.0));
    assert_eq!(
        row(&keys.change_fail, "pagerduty late").standing,
        Standing::LeftOut(Why::NoDeploymentBefore)
    );
    assert_eq!(
        noted(&keys.change_fail, About::IncidentsWithoutCause),
        Some((1, 1))
    );
    for mode in [Mode::DevLake2023, Mode::DevLake2021] {
        let keys = in_mode(&facts, mode);
        assert_eq!(keys.change_fail.value, Ok(1.0));
        let links = &row(&keys.change_fail, "acme/api/2").links;
        assert_eq!(links[0].how, Joined::ByNewestBefore);
    }
    let patient = Definitions {
        incident_days: 10,
        ..Definitions::default()
    };
    assert_eq!(
        measure(&facts, &patient, &march(), Mode::Ours).change_fail.value,
        Ok(1.0)
    );
}

#[test]
fn check_3_a_deployment_that_is_told_of_again_later_ended_when_it_was_first_live() {
    let mut facts = base();
    facts.deployments.push(Deployed {
        ended_at: at("03-04 12:00"),
        ..deployed(2, "03-03 12:00", Some(2))
    });
    for mode in Mode::ALL {
        let keys = in_mode(&facts, mode);
        assert_eq!(keys.frequency.rate.sample, 1, "{mode:?}");
        assert_eq!(
            keys.frequency.rate.proof[0].at.date_naive().to_string(),
            "2026-03-03"
        );
    }
}

#[test]
fn check_4_an_incident_of_one_repository_fails_no_deployment_of_another() {
    let mut facts = base();
    let mut other = deployed(9, "03-03 13:00", None);
    (other.id, other.repository) = ("acme/web/9".to_owned(), "acme/web".into());
    facts.deployments.push(other);
    facts.outages = vec![outage("a", "03-03 14:00", Some("03-03 15:00"))];
    let keys = ours(&facts);
    assert_eq!(row(&keys.change_fail, "acme/api/2").value, Some(1.0));
    assert_eq!(row(&keys.change_fail, "acme/web/9").value, Some(0.0));
    // The service's repositories are what the definitions say; without that the incident is nobody's.
    (facts.outages[0].repository, facts.outages[0].service) = (None, Some("storefront".to_owned()));
    assert_eq!(ours(&facts).change_fail.value, Ok(0.0));
    assert_eq!(
        noted(&ours(&facts).change_fail, About::IncidentsWithoutCause),
        Some((1, 1))
    );
    let mut definitions = Definitions::default();
    definitions
        .services
        .insert("storefront".to_owned(), ["acme/web".into()].into());
    let keys = measure(&facts, &definitions, &march(), Mode::Ours);
    assert_eq!(
        row(&keys.change_fail, "acme/web/9").links[0].how,
        Joined::ByService
    );
    assert_eq!(keys.change_fail.value, Ok(0.5));
    // A service that is called as one repository is means that one.
    facts.outages[0].service = Some("Web".to_owned());
    assert_eq!(ours(&facts).change_fail.value, Ok(0.5));
    let mut twin = deployed(7, "02-03 13:00", None);
    (twin.id, twin.repository) = ("other/web/7".to_owned(), "other/web".into());
    facts.deployments.push(twin);
    assert_eq!(
        noted(&ours(&facts).change_fail, About::IncidentsWithoutCause),
        Some((1, 1))
    );
}

#[test]
fn check_5_the_lead_time_of_a_squash_starts_at_the_first_commit() {
    let mut facts = base();
    facts.changes[1].first_commit_at = Some(at("02-26 12:00"));
    facts.changes[1].opened_at = at("03-02 09:00");
    for mode in [Mode::Ours, Mode::DevLake2023, Mode::DevLake2021] {
        assert_eq!(
            hours(&in_mode(&facts, mode).lead_time.time),
            Ok(120.0),
            "{mode:?}"
        );
    }
    // Middleware's deployment is when its run was made; Four Keys sees only the commit that the squash left.
    assert_eq!(
        in_mode(&facts, Mode::Middleware).lead_time.time.value,
        Ok(5_750.0 * 60.0)
    );
    assert_eq!(hours(&in_mode(&facts, Mode::FourKeys).lead_time.time), Ok(3.0));
}

#[test]
fn check_6_the_parts_of_a_draft_add_up() {
    let mut facts = base();
    facts.changes[1] = Change {
        first_commit_at: Some(at("03-01 08:00")),
        opened_at: at("03-01 09:00"),
        ready_at: Some(at("03-02 09:00")),
        first_review_at: Some(at("03-02 15:00")),
        approved_at: Some(at("03-03 08:00")),
        ..change(2, "03-03 09:00")
    };
    let keys = ours(&facts);
    let parts = row(&keys.lead_time.time, "acme/api#2").parts.unwrap();
    let told = [
        parts.coding,
        parts.pickup,
        parts.review,
        parts.merge,
        parts.deploy,
    ];
    assert_eq!(told.map(|part| part / 3_600), [25, 6, 17, 1, 3]);
    assert_eq!(hours(&keys.lead_time.time), Ok(52.0));
    assert!(!parts.out_of_order && !parts.incomplete);
    // DevLake has the draft in the open pull request; Middleware loses it.
    assert_eq!(
        hours(&in_mode(&facts, Mode::DevLake2023).lead_time.time),
        Ok(52.0)
    );
    let lost = in_mode(&facts, Mode::Middleware).lead_time.time.value.unwrap();
    assert!((lost / HOUR - (1.0 + 6.0 + 17.0 + 1.0 + 3.0 - 1.0 / 6.0)).abs() < 1e-9);
}

#[test]
fn check_7_a_commit_authored_after_the_opening_makes_no_negative_part() {
    let mut facts = base();
    facts.changes[1].opened_at = at("03-02 09:00");
    facts.changes[1].first_commit_at = Some(at("03-03 08:00"));
    for mode in [Mode::Ours, Mode::DevLake2023, Mode::DevLake2021] {
        let keys = in_mode(&facts, mode);
        assert_eq!(hours(&keys.lead_time.time), Ok(27.0), "{mode:?}");
        let parts = row(&keys.lead_time.time, "acme/api#2").parts.unwrap();
        assert!(parts.coding == 0 && parts.out_of_order);
        assert_eq!(
            noted(&keys.lead_time.time, About::ChangesOutOfOrder),
            Some((1, 1))
        );
    }
    let keys = in_mode(&facts, Mode::Middleware);
    assert!(
        row(&keys.lead_time.time, "acme/api#2")
            .parts
            .unwrap()
            .out_of_order
    );
}

#[test]
fn check_8_what_came_with_the_first_deployment_has_no_baseline_and_is_listed() {
    let mut facts = base();
    facts.deployments.remove(0);
    for mode in [Mode::Ours, Mode::DevLake2023, Mode::DevLake2021] {
        let keys = in_mode(&facts, mode);
        assert_eq!(keys.lead_time.time.value, Err(NoValue::NothingDelivered));
        for name in ["acme/api#1", "acme/api#2"] {
            let standing = row(&keys.lead_time.time, name).standing;
            assert_eq!(standing, Standing::LeftOut(Why::NoBaseline), "{mode:?}");
        }
        assert_eq!(
            noted(&keys.lead_time.time, About::ChangesWithoutBaseline),
            Some((2, 2))
        );
    }
    assert_eq!(in_mode(&facts, Mode::Middleware).lead_time.time.sample, 1);
}

#[test]
fn check_9_a_direct_push_is_a_change_among_commits_and_listed_among_pull_requests() {
    let mut facts = base();
    let head = "beef".repeat(10);
    facts.pushes = vec![push(&head, "03-04 10:00", "03-04 09:00")];
    facts.deployments.push(Deployed {
        sha: Some(head.clone()),
        ..deployed(3, "03-04 12:00", None)
    });
    let name = format!("acme/api@{head}");
    for mode in [Mode::Ours, Mode::DevLake2023, Mode::DevLake2021] {
        let keys = in_mode(&facts, mode);
        let told = row(&keys.lead_time.time, &name);
        assert_eq!(told.standing, Standing::LeftOut(Why::NoPullRequest));
        assert_eq!(told.links[0].to.to_string(), "acme/api/3");
    }
    let keys = in_mode(&facts, Mode::FourKeys);
    assert_eq!(row(&keys.lead_time.time, &name).value, Some(3.0 * HOUR));
}

#[test]
fn check_10_bots_are_left_out_and_listed_until_somebody_wants_them() {
    let mut facts = base();
    facts.changes[1].author.is_bot = true;
    let keys = ours(&facts);
    assert_eq!(
        row(&keys.lead_time.time, "acme/api#2").standing,
        Standing::LeftOut(Why::Bot)
    );
    assert_eq!(noted(&keys.lead_time.time, About::ChangesOfBots), Some((1, 1)));
    let with_bots = Definitions {
        count_bots: true,
        ..Definitions::default()
    };
    let keys = measure(&facts, &with_bots, &march(), Mode::Ours);
    assert_eq!(hours(&keys.lead_time.time), Ok(27.0));
    for mode in [
        Mode::DevLake2023,
        Mode::DevLake2021,
        Mode::FourKeys,
        Mode::Middleware,
    ] {
        assert_eq!(in_mode(&facts, mode).lead_time.time.sample, 1, "{mode:?}");
    }
}

#[test]
fn check_11_a_failed_run_is_in_the_denominator_of_middleware_only() {
    let mut facts = base();
    let failed = deployed(3, "03-04 12:00", Some(2));
    facts.deployments.push(Deployed {
        outcome: Outcome::Failure,
        ..failed
    });
    for mode in Mode::ALL {
        let keys = in_mode(&facts, mode);
        let wanted = if mode == Mode::Middleware { 2 } else { 1 };
        assert_eq!(keys.change_fail.sample, wanted, "{mode:?}");
        assert_eq!(keys.frequency.rate.sample, 1, "{mode:?}");
    }
    // Where failed runs that were soon mended count as failures, such a run is a deployment there.
    facts.deployments.push(deployed(4, "03-04 13:00", Some(2)));
    let mut definitions = Definitions::default();
    definitions.failure.signs.insert(Sign::FailedStatus);
    let keys = measure(&facts, &definitions, &march(), Mode::Ours);
    assert_eq!(
        (keys.change_fail.value, keys.change_fail.sample),
        (Ok(1.0 / 3.0), 3)
    );
    assert_eq!((hours(&keys.recovery), keys.frequency.rate.sample), (Ok(1.0), 2));
}

#[test]
fn check_12_an_incident_without_an_end_has_no_recovery_time() {
    let mut facts = base();
    facts.outages = vec![outage("open", "03-03 13:00", None)];
    for mode in Mode::ALL {
        let keys = in_mode(&facts, mode);
        assert_eq!(keys.recovery.value, Err(NoValue::NothingRecovered), "{mode:?}");
        assert_eq!(keys.recovery.proof[0].standing, Standing::LeftOut(Why::StillOpen));
        assert_eq!(noted(&keys.recovery, About::IncidentsOpen), Some((1, 1)));
    }
}

#[test]
fn check_13_repeated_and_late_facts_change_nothing() {
    let mut facts = base();
    facts.outages = vec![outage("a", "03-03 13:00", Some("03-03 14:00"))];
    let mut late = facts.clone();
    // First it was told to be open, and only later that it was over.
    late.outages.push(outage("a", "03-03 13:00", None));
    late.changes.extend(facts.changes.clone());
    late.deployments.splice(0..0, facts.deployments.clone());
    late.changes.reverse();
    late.deployments.reverse();
    let compared = |facts| compare(facts, &Definitions::default(), &march());
    assert_eq!(compared(&facts), compared(&late));
}

#[test]
fn check_14_weeks_without_a_deployment_are_zero_and_cut_weeks_are_marked() {
    let asked = Asked {
        from: at("03-04 00:00"),
        to: at("03-25 12:00"),
        ..march()
    };
    let mut facts = base();
    facts.deployments.push(deployed(3, "03-24 12:00", Some(2)));
    for mode in Mode::ALL {
        let keys = measure(&facts, &Definitions::default(), &asked, mode);
        let weeks: Vec<(String, bool, usize)> = (keys.weeks.iter())
            .map(|week| (week.monday.to_string(), week.is_partial, week.deployments))
            .collect();
        let wanted = [
            ("2026-03-02", true, 0),
            ("2026-03-09", false, 0),
            ("2026-03-16", false, 0),
            ("2026-03-23", true, 1),
        ];
        let wanted = wanted.map(|(monday, is_partial, count)| (monday.to_owned(), is_partial, count));
        assert_eq!(weeks, wanted, "{mode:?}");
        assert_eq!(keys.frequency.median_per_week, Some(0.0));
    }
}

#[test]
fn check_15_the_median_of_an_even_number_is_said() {
    let mut facts = base();
    facts.changes.push(Change {
        first_commit_at: Some(at("03-03 06:00")),
        opened_at: at("03-03 06:00"),
        ..change(3, "03-03 08:00")
    });
    // 6 and 27 hours.
    let keys = ours(&facts);
    assert_eq!(
        (hours(&keys.lead_time.time), keys.lead_time.time.statistic),
        (Ok(16.5), Statistic::Median)
    );
    for mode in [Mode::DevLake2023, Mode::DevLake2021] {
        let keys = in_mode(&facts, mode);
        assert_eq!(
            (hours(&keys.lead_time.time), keys.lead_time.time.statistic),
            (Ok(6.0), Statistic::LowerMedian)
        );
    }
    let keys = in_mode(&facts, Mode::Middleware);
    assert_eq!(keys.lead_time.time.statistic, Statistic::Mean);
}

#[test]
fn check_17_an_unplanned_deployment_is_rework_once_and_a_planned_fix_is_none() {
    let titled = |number, merged, title: &str| Change {
        title: title.to_owned(),
        ..change(number, merged)
    };
    let mut facts = base();
    // A fix three days later, planned: no rework, and nothing failed.
    facts
        .changes
        .push(titled(3, "03-06 09:00", "fix: the sum of fees"));
    facts.deployments.push(deployed(3, "03-06 12:00", Some(3)));
    assert_eq!(ours(&facts).rework.value, Ok(0.0));
    // A hotfix an hour later, labelled, titled and named by an incident: one rework, one failure.
    let mut hotfix = titled(4, "03-06 12:30", "hotfix: rounding");
    hotfix.labels = vec!["Hotfix".to_owned()];
    facts.changes.push(hotfix);
    facts.deployments.push(deployed(4, "03-06 13:00", Some(4)));
    let mut incident = outage("a", "03-06 12:10", Some("03-06 13:00"));
    incident.fixes = vec!["acme/api/4".to_owned()];
    facts.outages.push(incident);
    let keys = ours(&facts);
    assert_eq!(
        (keys.rework.value, keys.change_fail.value),
        (Ok(1.0 / 3.0), Ok(1.0 / 3.0))
    );
    let how: Vec<Joined> = row(&keys.rework, "acme/api/4")
        .links
        .iter()
        .map(|link| link.how)
        .collect();
    assert_eq!(
        how,
        [
            Joined::ByHotfixLabel,
            Joined::ByHotfixTitle,
            Joined::ByHotfixLabel,
            Joined::ByNamedFix
        ]
    );
    assert_eq!(keys.rework.band, Err(NoBand::NonePublished));
    for mode in [
        Mode::DevLake2023,
        Mode::DevLake2021,
        Mode::FourKeys,
        Mode::Middleware,
    ] {
        assert_eq!(in_mode(&facts, mode).rework.value, Err(NoValue::NotInMode));
    }
}
