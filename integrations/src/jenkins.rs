//! Purpose: `POST /webhooks/jenkins`: what the Notification plugin of Jenkins says of builds.
//!
//! Source: plugins.jenkins.io/notification. Jenkins itself sends nothing, and the plugin signs nothing.

use chrono::{DateTime, Datelike, TimeDelta, Utc};
use em_domain::ci_run::{CiOutcome, CiRun};
use em_domain::deployment::{Deployment, DeploymentState, DeploymentTarget};
use em_domain::event::RawEvent;
use em_domain::fact::FactChange;
use em_domain::id::RepositoryName;
use em_domain::stamped::Stamped;
use serde::Deserialize;

use crate::git_url;
use crate::payload::{Text, Time, filled, number_of, read};
use crate::proof::Proof;
use crate::rules::Rules;
use crate::webhook::{Said, Vendor};

/// Jenkins with its Notification plugin.
pub const VENDOR: Vendor = Vendor {
    name: "jenkins",
    title: "Jenkins",
    proof: Proof::Secret,
    read: |_, payload| Ok(said(payload)),
    changes,
};

#[derive(Debug, Deserialize)]
struct Event {
    name: Text,
    /// With the folders that the job lies in: `job/team/job/api/`.
    url: Option<Text>,
    build: Build,
}

#[derive(Debug, Deserialize)]
struct Build {
    number: i64,
    queue_id: Option<i64>,
    phase: Text,
    status: Option<Text>,
    full_url: Option<Text>,
    /// When the build was made. Older versions do not say so.
    timestamp: Option<Time>,
    /// In milliseconds; 0 until it has ended.
    duration: Option<i64>,
    scm: Option<Scm>,
}

#[derive(Debug, Deserialize)]
struct Scm {
    url: Option<Text>,
    branch: Option<Text>,
    commit: Option<Text>,
}

/// What the body says of itself. The plugin gives no id: a state is told by the build and how far it is. The queue's number tells
/// builds of two jobs that had one name.
fn said(payload: &[u8]) -> Said {
    let Ok(event) = serde_json::from_slice::<Event>(payload) else {
        return Said {
            event_type: String::new(),
            delivery_key: None,
            occurred_at: None,
        };
    };
    let build = &event.build;
    let number = |number: Option<i64>| number.map_or_else(String::new, |number| number.to_string());
    let key = [
        filled(build.full_url.clone()).unwrap_or_else(|| job(&event)),
        build.number.to_string(),
        number(build.queue_id),
        number(build.timestamp.map(|at| at.0.timestamp_millis())),
        build.phase.0.clone(),
        filled(build.status.clone()).unwrap_or_default(),
    ];
    Said {
        event_type: format!("build {}", build.phase.0.to_lowercase()),
        delivery_key: Some(key.join(" ")),
        occurred_at: {
            let (created_at, ended_at) = times(build);
            ended_at.or(created_at)
        },
    }
}

/// The whole name of the job: `team/api`.
fn job(event: &Event) -> String {
    let url = event.url.as_ref().map_or("", |url| url.0.as_str());
    let path = url.split_once("job/").map_or("", |(_, path)| path);
    let parts: Vec<&str> = path.split("/job/").map(|part| part.trim_matches('/')).collect();
    match parts.join("/") {
        none if none.is_empty() => event.name.0.clone(),
        name => name,
    }
}

/// When the build was made, and when it ended, as far as the event says.
fn times(build: &Build) -> (Option<DateTime<Utc>>, Option<DateTime<Utc>>) {
    let created_at = build.timestamp.map(|at| at.0);
    let duration = build.duration.filter(|duration| *duration > 0);
    let took = duration.and_then(TimeDelta::try_milliseconds);
    let ended_at = created_at
        .zip(took)
        .and_then(|(at, took)| at.checked_add_signed(took));
    // Beyond the year 9999 no database and no calendar follows.
    (created_at, ended_at.filter(|at| at.year() <= 9999))
}

fn changes(event: &RawEvent, rules: &Rules) -> Result<Vec<FactChange>, String> {
    let body: Event = read(&event.payload)?;
    let outcome = outcome(&body.build)?;
    // Older versions of the plugin send no times. It sends as a thing happens, so it happened when it arrived.
    let told_at = event.received_at;
    let (created_at, ended_at) = times(&body.build);
    let is_running = outcome == CiOutcome::Pending;
    let updated_at = ended_at.or(created_at.filter(|_| is_running)).unwrap_or(told_at);
    let created_at = created_at.unwrap_or(told_at);
    let job = job(&body);
    let build = &body.build;
    let scm = build.scm.as_ref();
    let has_begun = build.phase.0 != "QUEUED";
    let run = CiRun {
        repository: repository(&body, &job, rules),
        id: format!("build:{job}#{}", build.number),
        workflow: job.clone(),
        head_sha: scm.and_then(|scm| filled(scm.commit.clone())).unwrap_or_default(),
        branch: scm
            .and_then(|scm| filled(scm.branch.clone()))
            .map(|name| branch(&name)),
        // Jenkins does not say which branch is the default one.
        on_default_branch: false,
        attempt: 1,
        outcome,
        created_at,
        started_at: build.timestamp.filter(|_| has_begun).map(|at| at.0),
        updated_at,
        url: filled(build.full_url.clone()).unwrap_or_default(),
    };
    let environment = rules
        .environment("jenkins", &job)
        .or_else(|| rules.environment("jenkins", &body.name.0));
    let deployed = environment.and_then(|environment| deployment(&body.build, &run, environment));
    Ok(std::iter::once(FactChange::CiRun(run)).chain(deployed).collect())
}

/// As the operator says by the job's whole name or its last part, else the Git remote, else the job itself.
fn repository(event: &Event, job: &str, rules: &Rules) -> RepositoryName {
    let named = rules
        .named_repository("jenkins", job)
        .or_else(|| rules.named_repository("jenkins", &event.name.0));
    let scm = event.build.scm.as_ref();
    // What Subversion counts is no commit, and its address names no repository.
    let is_git = scm
        .and_then(|scm| scm.commit.as_ref())
        .is_some_and(|commit| git_url::is_commit(&commit.0));
    let remote = scm
        .filter(|_| is_git)
        .and_then(|scm| git_url::repository(&scm.url.as_ref()?.0));
    named
        .or(remote)
        .unwrap_or_else(|| rules.repository("jenkins", job))
}

/// Git's own name of the branch: Jenkins writes `origin/main`.
fn branch(name: &str) -> String {
    ["refs/heads/", "refs/remotes/origin/", "origin/"]
        .iter()
        .find_map(|before| name.strip_prefix(before))
        .unwrap_or(name)
        .to_owned()
}

/// What came of it. While a build runs, the status may be the one of the build before it.
fn outcome(build: &Build) -> Result<CiOutcome, String> {
    match build.phase.0.as_str() {
        "QUEUED" | "STARTED" => return Ok(CiOutcome::Pending),
        "COMPLETED" | "FINALIZED" => {}
        other => return Err(format!("build.phase: unknown phase `{other}`")),
    }
    match build.status.as_ref().map_or("", |status| status.0.as_str()) {
        "SUCCESS" => Ok(CiOutcome::Success),
        "FAILURE" | "UNSTABLE" => Ok(CiOutcome::Failure),
        "ABORTED" | "NOT_BUILT" => Ok(CiOutcome::Neutral),
        other => Err(format!("build.status: unknown status `{other}`")),
    }
}

/// The deployment that the build is, by the operator's rules. An unstable build went through: it is its tests that are not
/// content. One that was called off did not fail; it says nothing.
fn deployment(build: &Build, run: &CiRun, environment: &str) -> Option<FactChange> {
    let is_unstable = build.status.as_ref().is_some_and(|status| status.0 == "UNSTABLE");
    let value = match (run.outcome, build.phase.0.as_str()) {
        (CiOutcome::Pending, "QUEUED") => DeploymentState::Pending,
        (CiOutcome::Pending, _) => DeploymentState::InProgress,
        (CiOutcome::Success, _) => DeploymentState::Success,
        (CiOutcome::Failure, _) if is_unstable => DeploymentState::Success,
        (CiOutcome::Failure, _) => DeploymentState::Failure,
        (CiOutcome::Neutral, _) => return None,
    };
    let at = run.updated_at;
    Some(FactChange::Deployment(Box::new(Deployment {
        repository: run.repository.clone(),
        id: number_of(&run.id),
        target: Stamped {
            at,
            value: DeploymentTarget {
                environment: environment.to_owned(),
                sha: run.head_sha.clone(),
                git_ref: run.branch.clone().unwrap_or_default(),
                creator: None,
                created_at: run.created_at,
                url: run.url.clone(),
            },
        },
        state: Stamped { at, value },
        succeeded_at: (value == DeploymentState::Success).then_some(at),
        log_url: None,
    })))
}

#[cfg(test)]
mod tests {
    use em_domain::event::{Origin, Source};
    use em_domain::id::EventId;
    use serde_json::{Value, json};
    use ulid::Ulid;

    use super::*;

    fn body(phase: &str, status: &str) -> Value {
        json!({
            "name": "deploy-api",
            "url": "job/team/job/deploy-api/",
            "build": {
                "full_url": "https://ci.acme.example/job/team/job/deploy-api/7/",
                "number": 7, "queue_id": 70, "timestamp": 1_790_000_000_000_i64, "duration": 60_000,
                "phase": phase, "status": status,
                "scm": {
                    "url": "git@github.com:acme/api.git", "branch": "origin/main",
                    "commit": "c6d86dc654b12425e706bcf951adfe5a8627a517"
                }
            }
        })
    }

    fn stated(body: &Value, rules: &Rules) -> Result<Vec<FactChange>, String> {
        let event = RawEvent {
            id: EventId::new(Ulid::nil()),
            source: Source::parse("jenkins").unwrap(),
            delivery_key: String::new(),
            event_type: String::new(),
            origin: Origin::Webhook,
            occurred_at: None,
            received_at: DateTime::from_timestamp(1_790_000_500, 0).unwrap(),
            payload: body.to_string().into_bytes(),
        };
        changes(&event, rules)
    }

    fn run(body: &Value) -> CiRun {
        let fact = stated(body, &Rules::default()).unwrap().remove(0);
        let FactChange::CiRun(run) = fact else {
            panic!("{fact:?}")
        };
        run
    }

    #[test]
    fn a_build_is_told_with_its_job_commit_branch_and_times() {
        let run = run(&body("FINALIZED", "UNSTABLE"));
        assert_eq!(
            (run.workflow.as_str(), run.id.as_str()),
            ("team/deploy-api", "build:team/deploy-api#7")
        );
        assert_eq!(
            (run.repository, run.branch.as_deref()),
            ("acme/api".into(), Some("main"))
        );
        assert_eq!(run.outcome, CiOutcome::Failure);
        assert_eq!((run.updated_at - run.created_at).num_seconds(), 60);
    }

    #[test]
    fn while_it_runs_the_status_is_that_of_another_build() {
        for phase in ["QUEUED", "STARTED"] {
            assert_eq!(
                run(&body(phase, "FAILURE")).outcome,
                CiOutcome::Pending,
                "{phase}"
            );
        }
        assert!(stated(&body("DREAMING", "SUCCESS"), &Rules::default()).is_err());
        assert!(stated(&body("FINALIZED", "SPLENDID"), &Rules::default()).is_err());
    }

    #[test]
    fn a_build_without_times_happened_when_it_was_told() {
        let mut old = body("FINALIZED", "SUCCESS");
        for field in ["timestamp", "duration"] {
            old["build"].as_object_mut().unwrap().remove(field);
        }
        let run = super::tests::run(&old);
        assert_eq!(run.updated_at.timestamp(), 1_790_000_500);
        assert_eq!(run.started_at, None, "how long it took is not known");
        let mut endless = body("FINALIZED", "SUCCESS");
        endless["build"]["duration"] = json!(i64::MAX);
        assert_eq!(super::tests::run(&endless).updated_at.timestamp(), 1_790_000_500);
    }

    #[test]
    fn a_job_that_deploys_is_a_deployment_too() {
        for name in ["jenkins/deploy-api", "jenkins/team/deploy-api"] {
            let rules = Rules {
                deploying: [(name.to_owned(), "production".to_owned())].into(),
                ..Rules::default()
            };
            for (phase, status, expected) in [
                ("QUEUED", "", Some(DeploymentState::Pending)),
                ("STARTED", "", Some(DeploymentState::InProgress)),
                ("FINALIZED", "SUCCESS", Some(DeploymentState::Success)),
                ("FINALIZED", "UNSTABLE", Some(DeploymentState::Success)),
                ("FINALIZED", "FAILURE", Some(DeploymentState::Failure)),
                ("FINALIZED", "ABORTED", None),
            ] {
                let said = stated(&body(phase, status), &rules).unwrap();
                let state = said.iter().find_map(|fact| {
                    let FactChange::Deployment(deployment) = fact else {
                        return None;
                    };
                    Some(deployment.state.value)
                });
                assert_eq!(state, expected, "{phase} {status}");
            }
        }
    }

    #[test]
    fn every_phase_has_a_key_of_its_own_and_a_repetition_has_none() {
        let key = |body: &Value| said(body.to_string().as_bytes()).delivery_key;
        let first = body("COMPLETED", "SUCCESS");
        assert_eq!(key(&first), key(&first.clone()));
        assert_ne!(key(&first), key(&body("FINALIZED", "SUCCESS")));
        assert_ne!(key(&first), key(&body("COMPLETED", "FAILURE")));
        let mut made_anew = first.clone();
        made_anew["build"]["queue_id"] = json!(900);
        assert_ne!(key(&first), key(&made_anew));
    }
}
