//! Purpose: tests of goals: how they are read, what nears them, and when they hold.

use chrono::{DateTime, Duration, Utc};
use proptest::prelude::*;

use super::*;
use crate::delivery::{
    Band, Measured, Metric, NoBand, NoValue, Parts, ProofRow, Standing as Counting, Statistic, Subject, Unit,
};
use crate::pull_request::{Account, PullRequestKey};
use crate::signal::{Facts, Finding, Span, WatchedPull};
use crate::triage::Turn;

fn read(metric: &str, value: &str) -> Result<Goal, Wrong> {
    let written = Written {
        metric,
        value,
        window: None,
        warn_at_percent: None,
        channel: None,
    };
    Goal::read(&written, Some(&team()))
}

fn team() -> TeamScope {
    TeamScope {
        name: "payments".to_owned(),
        repositories: vec!["acme/api".into()],
        members: vec!["ana".into()],
    }
}

fn goal(metric: &str, value: &str) -> Goal {
    read(metric, value).unwrap()
}

/// Monday 5 January 2026, 09:00 UTC, when the default calendar opens, and so many minutes later.
fn at(minutes: i64) -> DateTime<Utc> {
    let monday: DateTime<Utc> = "2026-01-05T09:00:00Z".parse().unwrap();
    monday + Duration::minutes(minutes)
}

#[test]
fn limits_are_read_with_their_units() {
    let time = |text, clock| Limit::Time {
        span: Span::parse(text).unwrap(),
        clock,
    };
    let (working, wall) = (ClockKind::Working, ClockKind::Wall);
    for (metric, written, limit) in [
        ("time-to-first-review", "4 working hours", time("4h", working)),
        ("time-to-first-review", "4h", time("4h", wall)),
        ("review-time", "1 working day 4 hours", time("1d 4h", working)),
        ("cycle-time", "1 week", time("168h", wall)),
        ("lead-time", "1.5 days", time("36h", wall)),
        ("ci-duration", "90 Minutes", time("90m", wall)),
        ("change-fail-rate", "15%", Limit::Value(0.15)),
        ("flow-efficiency", "40 percent", Limit::Value(0.4)),
        ("deployment-frequency", "1 per day", Limit::Value(7.0)),
        ("throughput", "3/week", Limit::Value(3.0)),
        ("change-size", "400 lines", Limit::Value(400.0)),
        ("work-in-progress", "10", Limit::Value(10.0)),
        ("gini", "0.4", Limit::Value(0.4)),
    ] {
        assert_eq!(goal(metric, written).limit, limit, "{metric} {written}");
    }
}

#[test]
fn what_cannot_be_a_goal_is_explained_at_its_key() {
    for (metric, value, key, says) in [
        ("velocity", "3", "metric", "there is no metric `velocity`"),
        ("lead-tim", "3 days", "metric", "did you mean `lead-time`?"),
        ("time-to-first-review", "4", "value", "`4 working hours`"),
        ("time-to-first-review", "0 hours", "value", "no time"),
        ("time-to-first-review", "15 %", "value", "no time"),
        ("time-to-first-review", "-4 hours", "value", "no time"),
        ("work-age", "99999 days", "value", "at most ten years"),
        ("work-age", "0.5 working days", "value", "whole minutes"),
        ("ci-duration", "10 working minutes", "value", "write `10 minutes`"),
        ("change-fail-rate", "15", "value", "write it as `15 %`"),
        ("change-fail-rate", "115 %", "value", "from `0 %` to `100 %`"),
        ("change-fail-rate", "100 %", "value", "holds whatever happens"),
        ("flow-efficiency", "0 %", "value", "holds whatever happens"),
        ("throughput", "3", "value", "`3 per week`"),
        ("throughput", "0 per week", "value", "above zero"),
        ("change-size", "0.5 lines", "value", "`400 lines`"),
        ("review-spread", "1.5", "value", "below 1"),
    ] {
        let wrong = read(metric, value).unwrap_err();
        assert_eq!(wrong.key, key, "{metric} {value}");
        assert!(wrong.what.contains(says), "{metric} {value}: {}", wrong.what);
    }
    let written = |window, warn_at_percent| Written {
        metric: "wip",
        value: "5",
        window,
        warn_at_percent,
        channel: None,
    };
    for window in ["", "0d", "366d", "30h", "a month"] {
        assert_eq!(
            Goal::read(&written(Some(window), None), None).unwrap_err().key,
            "window"
        );
    }
    assert_eq!(Goal::read(&written(Some("7 days"), None), None).unwrap().days, 7);
    assert_eq!(
        Goal::read(&written(None, Some(100)), None).unwrap_err().key,
        "warn_at_percent"
    );
}

#[test]
fn a_team_of_people_alone_has_no_goal_for_what_has_no_author() {
    let people = TeamScope {
        repositories: Vec::new(),
        ..team()
    };
    let with = |metric, value| {
        let written = Written {
            metric,
            value,
            window: None,
            warn_at_percent: None,
            channel: None,
        };
        Goal::read(&written, Some(&people))
    };
    assert!(
        with("deployment-frequency", "1 per day")
            .unwrap_err()
            .what
            .contains("repositories")
    );
    assert!(with("ci-duration", "10 minutes").is_err());
    assert!(with("lead-time", "2 days").is_ok());
    let goal = with("review-time", "1 day").unwrap();
    let (api, ana) = ("acme/api".into(), Login("ANA".to_owned()));
    assert!(goal.covers(&api, &ana) && !goal.covers(&api, &"ben".into()));
}

#[test]
fn a_goal_says_what_it_wants() {
    let goal = goal("first-review", "4  working hours");
    assert_eq!(goal.name(), "payments time-to-first-review");
    assert_eq!(goal.in_words(), "at most 4 working hours");
    assert_eq!(goal.title(), "Time to first review of payments");
    assert_eq!(
        super::tests::goal("throughput", "3 per week").in_words(),
        "at least 3 per week"
    );
    assert_eq!(super::tests::goal("wip", "5").in_words(), "at most 5");
}

fn pull(presented_at: DateTime<Utc>) -> WatchedPull {
    let account = |login: &str| Account {
        login: login.into(),
        is_bot: login.ends_with("[bot]"),
    };
    WatchedPull {
        key: PullRequestKey {
            repository: "acme/api".into(),
            number: 1,
        },
        title: "Retry payouts".to_owned(),
        url: "https://github.com/acme/api/pull/1".to_owned(),
        author: account("ana"),
        labels: Vec::new(),
        head_ref: "retry".to_owned(),
        head_sha: None,
        references: None,
        paths: None,
        began_at: Some(presented_at - Duration::days(2)),
        presented_at,
        last_activity_at: presented_at,
        reviewed_at: None,
        turn: Turn::Reviewer,
        actors: vec!["ben".into()],
        waiting_since: presented_at,
    }
}

fn found(goal: &Goal, pull: &WatchedPull, now: DateTime<Utc>) -> Option<Finding> {
    let facts = Facts {
        pulls: vec![pull.clone()],
        ..Facts::default()
    };
    near(
        std::slice::from_ref(goal),
        &facts,
        false,
        now,
        &WorkCalendar::default(),
    )
    .pop()
}

#[test]
fn a_pull_request_nears_its_goal_in_working_time_and_is_then_past_it() {
    let goal = goal("time-to-first-review", "4 working hours");
    // Opened at 16:00: one hour of Monday counts, and Tuesday from 09:00 on.
    let waits = pull(at(7 * 60));
    assert_eq!(found(&goal, &waits, at(24 * 60 + 119)), None);
    let near = found(&goal, &waits, at(24 * 60 + 120)).unwrap();
    assert_eq!(
        near.title,
        "First review due within 4 working hours: Retry payouts"
    );
    assert_eq!(
        (near.severity, near.kind.as_str()),
        (Severity::Info, "goal_at_risk")
    );
    assert_eq!(
        (near.people.clone(), near.since),
        (vec!["ben".into()], at(7 * 60))
    );
    assert_eq!(near.rule, "payments time-to-first-review");
    assert_eq!(found(&goal, &waits, at(24 * 60 + 179)), Some(near));
    let past = found(&goal, &waits, at(24 * 60 + 180)).unwrap();
    assert_eq!(
        past.title,
        "First review overdue, goal 4 working hours: Retry payouts"
    );
    assert_eq!(past.severity, Severity::Warning);
    let reviewed = WatchedPull {
        reviewed_at: Some(at(24 * 60)),
        ..waits
    };
    assert_eq!(found(&goal, &reviewed, at(9999)), None);
}

#[test]
fn each_metric_has_its_own_clock() {
    let (review, idle, age) = (
        goal("review-time", "4 hours"),
        goal("idle-time", "4 hours"),
        goal("work-age", "3 days"),
    );
    let unreviewed = pull(at(0));
    assert!(found(&review, &unreviewed, at(9999)).is_none());
    assert!(found(&idle, &unreviewed, at(180)).is_some());
    assert!(found(&age, &unreviewed, at(359)).is_none());
    assert!(found(&age, &unreviewed, at(360)).is_some());
    let reviewed = WatchedPull {
        reviewed_at: Some(at(120)),
        ..unreviewed
    };
    assert!(found(&review, &reviewed, at(299)).is_none());
    assert!(found(&review, &reviewed, at(300)).is_some());
    assert!(
        found(&idle, &reviewed, at(9999)).is_none(),
        "in review nothing waits"
    );
    // Two hours until the first review and one since the approval are three of four.
    let approved = WatchedPull {
        turn: Turn::Merge,
        waiting_since: at(1000),
        ..reviewed
    };
    assert!(found(&idle, &approved, at(1059)).is_none());
    assert!(found(&idle, &approved, at(1060)).is_some());
    assert!(found(&review, &approved, at(9999)).is_none());
}

#[test]
fn only_what_the_goal_covers_is_looked_at() {
    let goal = goal("time-to-first-review", "4 hours");
    let mut bot = pull(at(0));
    bot.author.is_bot = true;
    assert_eq!(found(&goal, &bot, at(9999)), None);
    let mut elsewhere = pull(at(0));
    elsewhere.key.repository = "acme/web".into();
    assert_eq!(found(&goal, &elsewhere, at(9999)), None);
    let everybody = Goal { team: None, ..goal };
    assert!(found(&everybody, &elsewhere, at(9999)).is_some());
    let size = super::tests::goal("change-size", "1 line");
    assert_eq!(found(&size, &pull(at(0)), at(9999)), None, "it has no clock");
}

/// A time metric of changes with these parts, each merged on Tuesday at 12:00.
fn measured(all: &[Parts], pick: fn(&Parts) -> i64) -> Measured {
    let row = |parts: &Parts| ProofRow {
        subject: Subject::Deployment(String::new()),
        at: at(27 * 60),
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        value: Some(pick(parts) as f64),
        links: Vec::new(),
        parts: Some(*parts),
        standing: Counting::Counted,
    };
    let proof: Vec<ProofRow> = all.iter().map(row).collect();
    Measured {
        value: proof
            .first()
            .and_then(|row| row.value)
            .ok_or(NoValue::NothingReviewed),
        unit: Unit::Seconds,
        statistic: Statistic::Median,
        sample: all.len(),
        interval: None,
        band: Err::<Band, _>(NoBand::NonePublished),
        notes: Vec::new(),
        proof,
    }
}

#[test]
fn a_goal_in_working_time_counts_only_the_hours_in_which_people_work() {
    // Ready on Monday at 16:00, first reviewed on Tuesday at 10:00, merged at 12:00.
    let parts = Parts {
        pickup: 18 * 3600,
        review: 3600,
        merge: 3600,
        ..Parts::default()
    };
    let all = measured(&[parts; 5], |parts| parts.pickup);
    let calendar = WorkCalendar::default();
    let stands = |metric: &str, value: &str| standing(&goal(metric, value), &all, at(27 * 60), &calendar);
    assert_eq!(
        stands("time-to-first-review", "2 working hours"),
        Standing::Held(Some(7200.0))
    );
    assert_eq!(
        stands("time-to-first-review", "119 working minutes"),
        Standing::Missed(7200.0)
    );
    assert_eq!(
        stands("time-to-first-review", "2 hours"),
        Standing::Missed(18.0 * 3600.0)
    );
    assert_eq!(
        stands("review-time", "1 working hour"),
        Standing::Held(Some(3600.0))
    );
    assert_eq!(
        stands("idle-time", "1 working hour"),
        Standing::Missed(3.0 * 3600.0)
    );
    assert_eq!(
        stands("cycle-time", "1 working hour"),
        Standing::Missed(4.0 * 3600.0)
    );
    // The age of what is open is its value, until the end of the window: 18 hours back from Tuesday 12:00 is Monday 18:00.
    assert_eq!(
        stands("work-age", "3 working hours"),
        Standing::Held(Some(3.0 * 3600.0))
    );
}

#[test]
fn of_too_few_and_of_nothing_nobody_can_say() {
    let calendar = WorkCalendar::default();
    let goal = goal("time-to-first-review", "1 hour");
    let parts = Parts {
        pickup: 7200,
        ..Parts::default()
    };
    let of = |number: usize| {
        standing(
            &goal,
            &measured(&vec![parts; number], |p| p.pickup),
            at(0),
            &calendar,
        )
    };
    assert_eq!(
        of(0),
        Standing::Unknown(Unsure::NoValue(NoValue::NothingReviewed))
    );
    assert_eq!(of(4), Standing::Unknown(Unsure::TooFew(4)));
    assert_eq!(of(5), Standing::Missed(7200.0));
    let nothing_failed = Measured {
        value: Err(NoValue::NothingFailed),
        ..measured(&[], |_| 0)
    };
    let recovery = super::tests::goal("recovery-time", "1 hour");
    assert_eq!(
        standing(&recovery, &nothing_failed, at(0), &calendar),
        Standing::Held(None)
    );
    let none_deployed = Measured {
        value: Ok(0.0),
        unit: Unit::PerWeek,
        ..measured(&[], |_| 0)
    };
    let often = super::tests::goal("deployment-frequency", "1 per week");
    assert_eq!(
        standing(&often, &none_deployed, at(0), &calendar),
        Standing::Missed(0.0)
    );
    assert_eq!(often.metric, AnyMetric::Delivery(Metric::DeploymentFrequency));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_nears_a_goal_stays_told_of_and_once_past_stays_past(
        opened in 0_i64..5000, waits in 0_i64..5000, later in 0_i64..5000, hours in 1_i64..40, is_working in any::<bool>(),
    ) {
        let working = if is_working { "working " } else { "" };
        let goal = goal("time-to-first-review", &format!("{hours} {working}hours"));
        let pull = pull(at(opened));
        let (now, then) = (at(opened + waits), at(opened + waits + later));
        let (before, after) = (found(&goal, &pull, now), found(&goal, &pull, then));
        if let Some(before) = &before {
            prop_assert!(after.as_ref().is_some_and(|after| after.severity >= before.severity));
        }
        let calendar = WorkCalendar::default();
        let clock = if is_working { ClockKind::Working } else { ClockKind::Wall };
        let waited = clock.between(at(opened), now, &calendar).num_minutes();
        prop_assert_eq!(before.is_some(), waited * 100 >= hours * 60 * 75, "waited {}", waited);
    }

    #[test]
    fn anything_that_is_written_is_read_or_explained(
        value in "\\PC{0,20}", number in any::<i32>(), unit in "(working )?(h|hours|%|per week|lines|days)?",
    ) {
        for metric in AnyMetric::all() {
            for value in [value.clone(), format!("{number} {unit}")] {
                if let Err(wrong) = read(metric.as_str(), &value) {
                    prop_assert!(!wrong.what.is_empty() && !wrong.what.ends_with('.'));
                }
            }
        }
    }
}
