//! Purpose: tests of the exported tables: names and kinds hold, and what rows say is what reports say.

use std::collections::BTreeSet;

use chrono::{DateTime, Duration, Utc};
use proptest::prelude::*;

use super::*;
use crate::audit::{AuditEntry, AuditRecord};
use crate::ci_run::{CiOutcome, CiRun};
use crate::delivery::{
    Asked, Change, Definitions, DeliveryFacts, Deployed, Means, Metric, Mode, Outcome, measure,
};
use crate::deployment::{Deployment, DeploymentState, DeploymentTarget, Release};
use crate::flow::{self, FlowFacts, FlowMetric};
use crate::incident::{Incident, IncidentSnapshot, IncidentState};
use crate::pull_request::{Account, PullRequestKey, Size};
use crate::review::{Review, Verdict};
use crate::stamped::Stamped;

fn at(day: i64, hour: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_225_600 + day * 86_400 + hour * 3_600, 0).unwrap()
}

fn key(number: i64) -> PullRequestKey {
    PullRequestKey {
        repository: "acme/api".into(),
        number,
    }
}

fn account(login: &str) -> Account {
    Account {
        login: login.into(),
        is_bot: login.ends_with("[bot]"),
    }
}

fn change(number: i64, merged_at: DateTime<Utc>) -> Change {
    Change {
        key: key(number),
        merged_at,
        opened_at: merged_at - Duration::hours(30),
        first_commit_at: Some(merged_at - Duration::hours(40)),
        ready_at: None,
        first_review_at: Some(merged_at - Duration::hours(5)),
        first_response_any_at: None,
        approved_at: Some(merged_at - Duration::hours(2)),
        merge_commit_sha: Some(format!("{number:040x}")),
        author: account("ana"),
        title: format!("=change {number}"),
        url: String::new(),
        labels: vec!["a".to_owned(), "b".to_owned()],
        base_ref: "main".to_owned(),
        size: Some(Size {
            additions: 3,
            deletions: 2,
            changed_files: 1,
        }),
        reverts: Vec::new(),
    }
}

fn deployed(nth: i64, at: DateTime<Utc>) -> Deployed {
    Deployed {
        id: format!("acme/api/{nth}"),
        created_at: at,
        ended_at: at,
        outcome: Outcome::Success,
        repository: "acme/api".into(),
        means: Means::Deployment,
        name: "production".to_owned(),
        sha: None,
        git_ref: "main".to_owned(),
        url: String::new(),
        labels: Vec::new(),
        description: None,
    }
}

fn asked(from: DateTime<Utc>, to: DateTime<Utc>) -> Asked {
    Asked {
        from,
        to,
        zone: chrono_tz::UTC,
        repositories: None,
        members: None,
    }
}

/// The cells of a row by the names of their columns.
fn named<'r, R>(table: &Table<R>, row: &'r R) -> std::collections::BTreeMap<&'static str, Cell<'r>> {
    let names = table.fields().into_iter().map(|field| field.name);
    names.zip(table.cells(row)).collect()
}

fn assert_kinds<R>(table: &Table<R>, row: &R) {
    for (field, cell) in table.fields().iter().zip(table.cells(row)) {
        let kind = cell.kind();
        assert!(
            kind.is_none_or(|kind| kind == field.kind),
            "{}: {cell:?}",
            field.name
        );
        if let Cell::Real(value) = cell {
            assert!(value.is_finite(), "{}", field.name);
        }
    }
}

#[test]
fn every_column_has_a_name_of_its_own_that_readers_take() {
    for table in Exported::ALL {
        let fields = table.fields();
        let names: BTreeSet<&str> = fields.iter().map(|field| field.name).collect();
        assert_eq!(names.len(), fields.len(), "{}", table.as_str());
        for field in fields {
            let is_plain = |letter: char| letter.is_ascii_lowercase() || letter == '_';
            assert!(field.name.chars().all(is_plain), "{}", field.name);
            // The folder of a partition is called so.
            assert_ne!(field.name, "date");
            assert!(!field.about.is_empty() && !field.about.ends_with('.'));
        }
    }
    let names: BTreeSet<&str> = Exported::ALL.map(Exported::as_str).into();
    assert_eq!(names.len(), Exported::ALL.len());
}

#[test]
fn cells_are_of_the_kind_of_their_column() {
    let entry = AuditEntry {
        at: at(0, 1),
        actor: "U1".to_owned(),
        kind: "command".to_owned(),
        subject: "dora".to_owned(),
        data: serde_json::json!({}),
    };
    assert_kinds(&AUDIT, &AuditRecord::after(None, &entry));
    let run = CiRun {
        repository: "acme/api".into(),
        id: "workflow:1".to_owned(),
        workflow: "test".to_owned(),
        head_sha: "a".repeat(40),
        branch: None,
        on_default_branch: true,
        attempt: 1,
        outcome: CiOutcome::Pending,
        created_at: at(0, 1),
        started_at: None,
        updated_at: at(0, 2),
        url: String::new(),
    };
    assert_kinds(&CI_RUNS, &run);
    assert_eq!(named(&CI_RUNS, &run)["ended_at"], Cell::Nothing);
    let ended = CiRun {
        outcome: CiOutcome::Success,
        ..run
    };
    assert_eq!(named(&CI_RUNS, &ended)["ended_at"], Cell::Instant(at(0, 2)));
    let review = Review {
        pull_request: key(1),
        id: 7,
        reviewer: account("ben"),
        verdict: Verdict::Approved,
        submitted_at: at(1, 23),
        url: String::new(),
    };
    assert_kinds(&REVIEWS, &review);
    assert_eq!(REVIEWS.day(&review), at(1, 0).date_naive());
}

#[test]
fn an_incidents_cells_are_of_the_kind_of_their_column() {
    let incident = Incident {
        source: "github".to_owned(),
        external_id: "acme/api#9".to_owned(),
        snapshot: Stamped {
            at: at(0, 1),
            value: IncidentSnapshot {
                state: IncidentState::Open,
                severity: Some(1),
                assignees: Vec::new(),
                title: "Down".to_owned(),
                url: String::new(),
                repository: Some("acme/api".into()),
                opened_at: at(0, 1),
                acknowledged_at: None,
                resolved_at: None,
                service: None,
                causes: vec!["#1".to_owned(), "#2".to_owned()],
            },
        },
        began_again_at: None,
    };
    assert_kinds(&INCIDENTS, &incident);
    assert_eq!(named(&INCIDENTS, &incident)["causes"], Cell::text("#1; #2"));
}

#[test]
fn a_deployment_says_whether_it_counts_and_a_release_is_live_when_published() {
    let definitions = Definitions::default();
    let deployment = |environment: &str| Deployment {
        repository: "acme/api".into(),
        id: 5,
        target: Stamped {
            at: at(0, 1),
            value: DeploymentTarget {
                environment: environment.to_owned(),
                sha: String::new(),
                git_ref: "main".to_owned(),
                creator: None,
                created_at: at(0, 1),
                url: String::new(),
            },
        },
        state: Stamped {
            at: at(0, 2),
            value: DeploymentState::Success,
        },
        succeeded_at: Some(at(0, 2)),
        log_url: None,
    };
    for (environment, counts) in [("Production", true), ("preprod", false)] {
        let row = ExportedDeployment::deployment(deployment(environment), &definitions);
        assert_kinds(&DEPLOYMENTS, &row);
        let cells = named(&DEPLOYMENTS, &row);
        assert_eq!(cells["is_production"], Cell::Boolean(counts), "{environment}");
        assert_eq!(cells["id"], Cell::text("acme/api/5"));
        assert_eq!(cells["sha"], Cell::Nothing);
    }
    let release = Release {
        repository: "acme/api".into(),
        id: 5,
        published_at: at(3, 0),
        tag: "v1".to_owned(),
        name: None,
        is_prerelease: false,
        author: None,
        url: String::new(),
    };
    let row = ExportedDeployment::release(release, &definitions);
    assert_kinds(&DEPLOYMENTS, &row);
    let cells = named(&DEPLOYMENTS, &row);
    assert_eq!(cells["means"], Cell::text("release"));
    assert_eq!(cells["succeeded_at"], Cell::Instant(at(3, 0)));
    assert_eq!(cells["id"], Cell::text("acme/api/release/5"));
}

#[test]
fn a_week_tells_what_its_report_tells() {
    let facts = DeliveryFacts {
        changes: vec![change(1, at(1, 9)), change(2, at(2, 9))],
        deployments: vec![deployed(1, at(0, 1)), deployed(2, at(3, 1))],
        ..DeliveryFacts::default()
    };
    let asked = asked(at(0, 0), at(7, 0));
    let definitions = Definitions::default();
    let keys = [Mode::Ours, Mode::FourKeys].map(|mode| measure(&facts, &definitions, &asked, mode));
    let flow_facts = FlowFacts {
        changes: facts.changes.clone(),
        ..FlowFacts::default()
    };
    let flow = flow::measure(&flow_facts, &definitions, &asked);
    let scope = MetricScope::Team("payments".to_owned());
    let rows = metrics_of_week(at(0, 0).date_naive(), false, &scope, &keys, &flow);
    assert_eq!(rows.len(), 2 * Metric::ALL.len() + FlowMetric::ALL.len());
    for row in &rows {
        assert_kinds(&METRICS, row);
    }
    let cells = named(&METRICS, &rows[1]);
    assert_eq!(cells["metric"], Cell::text("lead-time"));
    assert_eq!(cells["scope_name"], Cell::text("payments"));
    assert_eq!(cells["value"], Cell::Real(keys[0].lead_time.time.value.unwrap()));
    assert_eq!(cells["unit"], Cell::text("seconds"));
    assert_eq!(cells["mode"], Cell::text("ours"));
}

proptest! {
    /// Each change is one row; its parts add up; what counts in the report counts here, and nothing else.
    #[test]
    fn changes_are_the_rows_of_the_report(
        merged in prop::collection::vec((0i64..20, 0i64..24), 0..12),
        live in prop::collection::vec(0i64..25, 0..6),
    ) {
        let all: Vec<Change> = (1..).zip(&merged).map(|(number, (day, hour))| change(number, at(*day, *hour))).collect();
        let facts = DeliveryFacts {
            changes: all.clone(),
            deployments: (1..).zip(&live).map(|(nth, day)| deployed(nth, at(*day, 12))).collect(),
            ..DeliveryFacts::default()
        };
        let (definitions, window) = (Definitions::default(), asked(at(-9, 0), at(30, 0)));
        let report = measure(&facts, &definitions, &window, Mode::Ours);
        let twice = DeliveryFacts {
            changes: [all.clone(), all.clone()].concat(),
            ..facts.clone()
        };
        let rows = changes(&twice, &definitions, &window, &(at(-9, 0)..at(30, 0)));
        prop_assert_eq!(rows.len(), all.len());
        // Taken out in two pieces it is the same.
        let pieces = [at(-9, 0)..at(7, 5), at(7, 5)..at(30, 0)].map(|merged| changes(&facts, &definitions, &window, &merged));
        prop_assert_eq!(&pieces.concat(), &rows);
        let mut times = Vec::new();
        for row in &rows {
            assert_kinds(&CHANGES, row);
            let cells = named(&CHANGES, row);
            let Cell::Integer(whole) = cells["lead_time_seconds"] else {
                prop_assert_eq!(&cells["counted"], &Cell::Boolean(false));
                prop_assert!(matches!(cells["why_not"], Cell::Text(_)));
                prop_assert_eq!(row.is_open(), cells["live_at"] == Cell::Nothing);
                continue;
            };
            let parts = ["coding_seconds", "pickup_seconds", "review_seconds", "merge_seconds", "deploy_seconds"];
            let part = |name: &str| if let Cell::Integer(part) = cells[name] { part } else { -1 };
            let sum: i64 = parts.map(part).iter().sum();
            prop_assert_eq!(sum, whole);
            let Cell::Instant(live_at) = cells["live_at"] else { panic!("it is live") };
            let Cell::Instant(first_commit_at) = cells["first_commit_at"] else { panic!("it is known") };
            prop_assert_eq!((live_at - first_commit_at).num_seconds(), whole);
            times.push(whole);
        }
        prop_assert_eq!(times.len(), report.lead_time.time.sample);
        prop_assert!(rows.windows(2).all(|pair| pair[0].order() < pair[1].order()));
    }
}
