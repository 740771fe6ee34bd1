//! Purpose: what the definitions of other tools do not count is listed with the reason, and what is of another time is not lost.

use super::*;

fn said(subject: Subject, says: Says) -> Correction {
    Correction {
        at: at("03-10 09:00"),
        id: "cor_1".to_owned(),
        subject,
        says,
        by: "Ana".to_owned(),
        why: String::new(),
    }
}

fn incident(id: &str) -> Subject {
    Subject::Incident {
        source: "pagerduty".to_owned(),
        external_id: id.to_owned(),
    }
}

/// A change, its deployment, and what was there before.
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

fn why(measured: &Measured, subject: &str) -> Option<Why> {
    let rows = measured.proof.iter();
    let mut standings = rows.filter(|row| row.subject.to_string() == subject);
    match standings.next().map(|row| row.standing) {
        Some(Standing::LeftOut(why)) => Some(why),
        Some(Standing::Counted) | None => None,
    }
}

#[test]
fn a_run_of_middleware_is_of_the_time_when_it_was_made() {
    // Made five minutes before the end of the window, live five minutes after it.
    let facts = facts(Vec::new(), vec![deployed(1, "03-30 00:05", None)], Vec::new());
    let keys = in_mode(&facts, Mode::Middleware);
    assert_eq!(
        (keys.frequency.rate.value, keys.frequency.rate.sample),
        (Ok(1.0), 1)
    );
    assert_eq!(keys.lead_time.time.value, Err(NoValue::NothingDelivered));
    let keys = in_mode(&facts, Mode::DevLake2023);
    assert_eq!(keys.frequency.rate.value, Err(NoValue::NoDeployments));
}

#[test]
fn a_change_that_somebody_left_out_is_no_incident_of_middleware_and_ends_none() {
    let mut facts = base();
    facts.outages.clear();
    facts.changes.push(Change {
        reverts: vec!["#2".to_owned()],
        ..change(4, "03-05 09:00")
    });
    facts.deployments.push(deployed(3, "03-02 12:00", None));
    assert_eq!(in_mode(&facts, Mode::Middleware).change_fail.value, Ok(0.5));
    for left_out in [1, 2] {
        let subject = Subject::Change(facts.changes[left_out].key.clone());
        facts.corrections = vec![said(subject, Says::Exclude)];
        let keys = in_mode(&facts, Mode::Middleware);
        assert_eq!(keys.change_fail.value, Ok(0.0));
        assert_eq!(keys.recovery.value, Err(NoValue::NothingFailed));
    }
}

#[test]
fn runs_that_do_not_count_are_listed_and_noted_in_every_mode() {
    let mut facts = base();
    facts.deployments.push(Deployed {
        outcome: Outcome::Failure,
        ..deployed(3, "03-04 12:00", Some(2))
    });
    facts.deployments.push(deployed(4, "03-05 12:00", Some(2)));
    facts.corrections = vec![said(Subject::Deployment("acme/api/4".to_owned()), Says::Exclude)];
    for mode in Mode::ALL {
        let keys = in_mode(&facts, mode);
        let rate = &keys.frequency.rate;
        assert_eq!(why(rate, "acme/api/3"), Some(Why::FailedRun), "{mode:?}");
        assert_eq!(why(rate, "acme/api/4"), Some(Why::Corrected), "{mode:?}");
        assert_eq!(
            noted(rate, About::DeploymentsFailedRuns),
            Some((1, 2)),
            "{mode:?}"
        );
        assert_eq!(noted(rate, About::Corrected), Some((1, 3)), "{mode:?}");
    }
}

#[test]
fn an_incident_that_is_none_is_listed_as_what_it_is_in_every_mode() {
    for (says, reason) in [
        (Says::Exclude, Why::Corrected),
        (Says::NotAnIncident, Why::Dismissed),
    ] {
        let mut facts = base();
        facts.corrections = vec![said(incident("a"), says)];
        for mode in Mode::ALL {
            let keys = in_mode(&facts, mode);
            assert_eq!(keys.change_fail.value, Ok(0.0), "{mode:?}");
            assert_eq!(why(&keys.change_fail, "pagerduty a"), Some(reason), "{mode:?}");
            assert_eq!(keys.recovery.value, Err(NoValue::NothingFailed), "{mode:?}");
        }
    }
}

#[test]
fn incidents_that_four_keys_puts_down_to_nothing_are_listed_with_the_reason() {
    let of = |causes: &[String], correction: Option<Says>| {
        let mut facts = base();
        facts.outages[0].causes = causes.to_vec();
        facts.corrections = correction
            .map(|says| said(incident("a"), says))
            .into_iter()
            .collect();
        let keys = in_mode(&facts, Mode::FourKeys);
        let noted = noted(&keys.change_fail, About::IncidentsWithoutCause);
        (why(&keys.change_fail, "pagerduty a"), noted)
    };
    assert_eq!(of(&[], None), (Some(Why::NoCause), Some((1, 1))));
    assert_eq!(of(&[sha(77)], None), (Some(Why::UnknownCause), Some((1, 1))));
    assert_eq!(of(&[sha(2)], None), (None, None));
    assert_eq!(of(&[sha(2)], Some(Says::NotOurs)), (Some(Why::NotOurs), None));
    let nowhere = Some(Says::CausedBy("acme/api/9".to_owned()));
    assert_eq!(of(&[sha(2)], nowhere), (Some(Why::UnknownCause), Some((1, 1))));
}

#[test]
fn what_a_person_says_of_the_cause_goes_before_what_the_source_says() {
    let mut facts = base();
    facts.outages[0].dismissed = true;
    facts.corrections = vec![said(incident("a"), Says::CausedBy("acme/api/2".to_owned()))];
    for mode in [Mode::Ours, Mode::FourKeys] {
        let keys = in_mode(&facts, mode);
        assert_eq!(keys.change_fail.value, Ok(1.0), "{mode:?}");
        assert_eq!(hours(&keys.recovery), Ok(2.0), "{mode:?}");
    }
}

#[test]
fn devlake_notes_incidents_of_the_window_alone() {
    let mut facts = base();
    facts.outages.push(outage("before", "02-24 12:00", None));
    facts.deployments.remove(0);
    facts.outages.push(outage("lost", "03-02 12:00", None));
    let keys = in_mode(&facts, Mode::DevLake2023);
    assert_eq!(
        noted(&keys.change_fail, About::IncidentsWithoutCause),
        Some((1, 2))
    );
}
