//! Purpose: what people correct changes the numbers, and rules that need more than one fact.

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

/// Three deployments of which the second failed by an incident.
fn base() -> DeliveryFacts {
    facts(
        vec![
            change(1, "02-20 12:00"),
            change(2, "03-03 09:00"),
            change(3, "03-06 09:00"),
        ],
        vec![
            deployed(1, "02-23 12:00", Some(1)),
            deployed(2, "03-03 12:00", Some(2)),
            deployed(3, "03-06 12:00", Some(3)),
        ],
        vec![outage("a", "03-03 13:00", Some("03-03 14:00"))],
    )
}

fn failed(facts: &DeliveryFacts) -> Vec<String> {
    let keys = ours(facts);
    let rows = keys.change_fail.proof.into_iter();
    rows.filter(|row| row.value == Some(1.0))
        .map(|row| row.subject.to_string())
        .collect()
}

#[test]
fn a_correction_changes_who_is_to_blame() {
    assert_eq!(failed(&base()), ["acme/api/2"]);
    let second = Subject::Deployment("acme/api/2".to_owned());
    for (subject, says) in [
        (incident("a"), Says::NotOurs),
        (incident("a"), Says::NotAnIncident),
        (incident("a"), Says::Exclude),
        (second.clone(), Says::NotOurs),
        (second.clone(), Says::Exclude),
    ] {
        let mut facts = base();
        facts.corrections = vec![said(subject, says.clone())];
        assert_eq!(failed(&facts), [""; 0], "{says:?}");
    }
    let mut facts = base();
    facts.corrections = vec![said(incident("a"), Says::CausedBy("acme/api/3".to_owned()))];
    assert_eq!(failed(&facts), ["acme/api/3"]);
    // The newest holds.
    facts.corrections.push(Correction {
        at: at("03-11 09:00"),
        ..said(incident("a"), Says::NotOurs)
    });
    assert_eq!(failed(&facts), [""; 0]);
}

#[test]
fn a_change_left_out_is_listed_and_a_deployment_left_out_gives_its_changes_to_the_next() {
    let mut facts = base();
    facts.corrections = vec![said(Subject::Change(facts.changes[1].key.clone()), Says::Exclude)];
    let keys = ours(&facts);
    assert_eq!(keys.lead_time.time.sample, 1);
    let standing = row(&keys.lead_time.time, "acme/api#2").standing;
    assert_eq!(standing, Standing::LeftOut(Why::Corrected));
    facts.corrections = vec![said(Subject::Deployment("acme/api/2".to_owned()), Says::Exclude)];
    let keys = ours(&facts);
    let links = &row(&keys.lead_time.time, "acme/api#2").links;
    assert_eq!(links[0].to.to_string(), "acme/api/3");
    assert_eq!(noted(&keys.frequency.rate, About::Corrected), Some((1, 2)));
}

#[test]
fn a_person_says_which_deployment_a_change_mends() {
    let mut facts = base();
    facts.outages.clear();
    facts.corrections = vec![said(
        Subject::Change(facts.changes[2].key.clone()),
        Says::CausedBy("acme/api/2".to_owned()),
    )];
    let keys = ours(&facts);
    assert_eq!((keys.change_fail.value, keys.rework.value), (Ok(0.5), Ok(0.5)));
    assert_eq!(hours(&keys.recovery), Ok(72.0));
}

#[test]
fn an_older_commit_in_its_place_is_a_rollback_that_delivers_nothing() {
    let mut facts = base();
    facts.outages.clear();
    facts.changes.push(change(4, "03-06 12:30"));
    facts.deployments.push(deployed(4, "03-06 14:00", Some(2)));
    facts.deployments.push(deployed(5, "03-09 12:00", Some(4)));
    let keys = ours(&facts);
    assert_eq!(failed(&facts), ["acme/api/3"]);
    assert_eq!(row(&keys.rework, "acme/api/4").links[0].how, Joined::ByRollback);
    assert_eq!(hours(&keys.recovery), Ok(2.0));
    let of = |facts: &DeliveryFacts, join| {
        let definitions = Definitions {
            join,
            ..Definitions::default()
        };
        let keys = measure(facts, &definitions, &march(), Mode::Ours);
        row(&keys.lead_time.time, "acme/api#4").links[0].clone()
    };
    let by_commit = of(&facts, JoinRule::ByCommitOrTime);
    assert_eq!(
        (by_commit.to.to_string().as_str(), by_commit.how),
        ("acme/api/5", Joined::ByCommit)
    );
    let by_time = of(&facts, JoinRule::ByTime);
    assert_eq!(
        (by_time.to.to_string().as_str(), by_time.how),
        ("acme/api/4", Joined::ByTime)
    );
    // Deployed forward again, and the same commit twice: no rollback.
    facts.deployments.push(deployed(6, "03-09 13:00", Some(4)));
    assert_eq!(failed(&facts), ["acme/api/3"]);
}

#[test]
fn a_revert_blames_the_newest_deployment_before_it_only_if_what_it_reverts_was_live() {
    let mut facts = base();
    facts.outages.clear();
    let title = "Revert \"Change 2 (#2)\"";
    let mut revert = Change {
        title: title.to_owned(),
        reverts: taken_back(
            title,
            "This reverts commit 0000000000000000000000000000000000000002.",
        ),
        ..change(4, "03-04 09:00")
    };
    assert_eq!(
        revert.reverts,
        ["#2", "0000000000000000000000000000000000000002", "Change 2"]
    );
    facts.changes.push(revert.clone());
    assert_eq!(failed(&facts), ["acme/api/2"]);
    // It comes with the third.
    assert_eq!(hours(&ours(&facts).recovery), Ok(72.0));
    assert_eq!(row(&ours(&facts).rework, "acme/api/3").value, Some(1.0));
    for reverts in [
        vec!["#2"],
        vec!["acme/api#2"],
        vec!["Change 2"],
        vec!["0000000000000000000000000000000000000002"],
    ] {
        revert.reverts = reverts.into_iter().map(str::to_owned).collect();
        facts.changes[3] = revert.clone();
        assert_eq!(failed(&facts), ["acme/api/2"], "{:?}", revert.reverts);
    }
    // Merged in the very second in which the original goes live: it was not live before, so the one before is not to blame.
    facts.changes[3].merged_at = at("03-03 12:00");
    let asked = Asked {
        from: at("02-20 00:00"),
        ..march()
    };
    let keys = measure(&facts, &Definitions::default(), &asked, Mode::Ours);
    assert_eq!((keys.change_fail.value, keys.change_fail.sample), (Ok(0.0), 3));
    for reverts in [vec!["#3"], vec!["acme/web#2"], vec!["Nothing known"], vec!["#4"]] {
        revert.reverts = reverts.into_iter().map(str::to_owned).collect();
        facts.changes[3] = revert.clone();
        assert_eq!(failed(&facts), [""; 0], "{:?}", revert.reverts);
    }
}

#[test]
fn a_cause_that_is_named_wins_over_time_and_one_that_is_not_known_is_told() {
    let mut facts = base();
    facts.outages = vec![outage("a", "03-12 13:00", None)];
    for name in ["acme/api/2", "#2", "acme/api#2", &sha(2)] {
        facts.outages[0].causes = vec![name.to_owned()];
        assert_eq!(failed(&facts), ["acme/api/2"], "{name}");
    }
    facts.outages[0].causes = vec!["acme/web/7".to_owned()];
    let keys = ours(&facts);
    let standing = row(&keys.change_fail, "pagerduty a").standing;
    assert_eq!(standing, Standing::LeftOut(Why::UnknownCause));
}

#[test]
fn what_counts_as_production_is_a_definition() {
    let mut facts = base();
    facts.deployments[1].name = "staging".to_owned();
    facts.deployments[2].means = Means::Release;
    facts.deployments[2].name = "v1.2.0".to_owned();
    assert_eq!(ours(&facts).frequency.rate.sample, 0);
    assert_eq!(
        noted(&ours(&facts).frequency.rate, About::DeploymentsNotProduction),
        Some((2, 2))
    );
    let releases = |names: &[&str], except: &[&str]| Definitions {
        production: vec![Counted {
            means: Means::Release,
            names: names.iter().map(|one| (*one).to_owned()).collect(),
            except: except.iter().map(|one| (*one).to_owned()).collect(),
        }],
        ..Definitions::default()
    };
    let count = |definitions: &Definitions| {
        let keys = measure(&facts, definitions, &march(), Mode::Ours);
        keys.frequency.rate.sample
    };
    assert_eq!(count(&releases(&[], &[])), 1);
    assert_eq!(count(&releases(&["V1.*"], &[])), 1);
    assert_eq!(count(&releases(&["v*"], &["*.0"])), 0);
    let broken = releases(&["v["], &[]);
    assert_eq!((count(&broken), broken.problems().len()), (0, 1));
}

#[test]
fn a_window_is_of_the_repositories_and_people_that_are_asked_for() {
    let mut facts = base();
    facts.changes[2].author.login = "Bob".into();
    let asked = |repositories: &[&str], members: &[&str]| {
        let asked = Asked {
            repositories: (!repositories.is_empty())
                .then(|| repositories.iter().map(|one| (*one).into()).collect()),
            members: (!members.is_empty()).then(|| members.iter().map(|one| (*one).into()).collect()),
            ..march()
        };
        let keys = measure(&facts, &Definitions::default(), &asked, Mode::Ours);
        (keys.frequency.rate.value, keys.lead_time.time.sample)
    };
    assert_eq!(asked(&[API], &[]), (Ok(0.5), 2));
    assert_eq!(asked(&[], &["bob"]), (Ok(0.5), 1));
    assert_eq!(asked(&["acme/web"], &[]), (Err(NoValue::NoDeployments), 0));
}
