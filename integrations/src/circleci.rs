//! Purpose: `POST /webhooks/circleci`: what CircleCI's outbound webhooks say of workflows and jobs that have ended.
//!
//! Source: circleci.com/docs, "Outbound webhooks" and "Outbound webhooks reference".

pub(crate) mod poller;
mod write;

use chrono::{DateTime, Utc};
use em_domain::ci_run::{CiOutcome, CiRun};
use em_domain::deployment::{Deployment, DeploymentState, DeploymentTarget};
use em_domain::event::RawEvent;
use em_domain::fact::FactChange;
use em_domain::id::{Login, RepositoryName};
use em_domain::stamped::Stamped;
use serde::Deserialize;

use crate::git_url;
use crate::payload::{Text, Time, filled, number_of, read};
use crate::proof::Proof;
use crate::rules::Rules;
use crate::signature::Signed;
use crate::webhook::{Said, Vendor};

pub use write::{CircleciClient, Run, RunStatus};

/// CircleCI's webhooks.
pub const VENDOR: Vendor = Vendor {
    name: "circleci",
    title: "CircleCI",
    proof: Proof::Signed(SIGNED),
    read: |_, payload| Ok(said(payload)),
    changes,
};

const SIGNED: Signed = Signed::hex("circleci-signature", "v1=");

#[derive(Debug, Deserialize)]
struct Envelope {
    id: Option<Text>,
    #[serde(rename = "type")]
    kind: Option<Text>,
    happened_at: Option<Time>,
}

/// What the body says of itself; CircleCI asks to know a redelivery by `id`.
fn said(payload: &[u8]) -> Said {
    let envelope = serde_json::from_slice::<Envelope>(payload).ok();
    let (id, kind, at) = envelope.map_or((None, None, None), |envelope| {
        (envelope.id, envelope.kind, envelope.happened_at)
    });
    Said {
        event_type: filled(kind).unwrap_or_default(),
        delivery_key: filled(id),
        occurred_at: at.map(|at| at.0),
    }
}

fn changes(event: &RawEvent, rules: &Rules) -> Result<Vec<FactChange>, String> {
    match event.event_type.as_str() {
        "workflow-completed" => workflow(&event.payload, rules),
        "job-completed" => job(&event.payload, rules),
        // What the button "Test Ping Event" sends.
        "ping" => Ok(Vec::new()),
        unknown => Err(format!("unknown event type `{unknown}`")),
    }
}

#[derive(Debug, Deserialize)]
struct Event {
    happened_at: Time,
    project: Project,
    workflow: Workflow,
    job: Option<Job>,
    pipeline: Option<Pipeline>,
}

#[derive(Debug, Deserialize)]
struct Project {
    slug: Text,
}

#[derive(Debug, Deserialize)]
struct Workflow {
    id: Text,
    name: Text,
    /// Absent from events of jobs.
    status: Option<Text>,
    url: Option<Text>,
    created_at: Option<Time>,
    stopped_at: Option<Time>,
}

#[derive(Debug, Deserialize)]
struct Job {
    id: Text,
    name: Text,
    status: Text,
    started_at: Option<Time>,
    stopped_at: Option<Time>,
}

#[derive(Debug, Default, Deserialize)]
struct Pipeline {
    vcs: Option<Vcs>,
    trigger_parameters: Option<TriggerParameters>,
}

/// Of projects that are connected by OAuth. A fork's commit is built for the target.
#[derive(Debug, Deserialize)]
struct Vcs {
    target_repository_url: Option<Text>,
    origin_repository_url: Option<Text>,
    revision: Option<Text>,
    branch: Option<Text>,
    tag: Option<Text>,
}

/// Of projects that are connected by an app: the same facts elsewhere.
#[derive(Debug, Deserialize)]
struct TriggerParameters {
    git: Option<Checkout>,
    github_app: Option<Forge>,
    gitlab: Option<Forge>,
}

#[derive(Debug, Deserialize)]
struct Checkout {
    #[serde(rename = "checkout_sha")]
    sha: Option<Text>,
    branch: Option<Text>,
    tag: Option<Text>,
}

#[derive(Debug, Deserialize)]
struct Forge {
    repo_url: Option<Text>,
    commit_sha: Option<Text>,
    branch: Option<Text>,
    user_username: Option<Text>,
}

/// What was built.
struct Built {
    repository: RepositoryName,
    sha: String,
    branch: Option<String>,
    tag: Option<String>,
    by: Option<String>,
}

fn built(project: &Project, pipeline: Option<Pipeline>, rules: &Rules) -> Built {
    let Pipeline {
        vcs,
        trigger_parameters,
    } = pipeline.unwrap_or_default();
    let (git, forge) =
        trigger_parameters.map_or((None, None), |all| (all.git, all.github_app.or(all.gitlab)));
    let address = |url: &Option<Text>| url.as_ref().and_then(|url| git_url::repository(&url.0));
    let named = rules.named_repository("circleci", &project.slug.0);
    let repository = named
        .or_else(|| vcs.as_ref().and_then(|vcs| address(&vcs.target_repository_url)))
        .or_else(|| vcs.as_ref().and_then(|vcs| address(&vcs.origin_repository_url)))
        .or_else(|| forge.as_ref().and_then(|forge| address(&forge.repo_url)))
        .or_else(|| of_slug(&project.slug.0))
        .unwrap_or_else(|| rules.repository("circleci", &project.slug.0));
    let (mut sha, mut branch, mut tag) = vcs.map_or((None, None, None), |vcs| {
        (filled(vcs.revision), filled(vcs.branch), filled(vcs.tag))
    });
    if let Some(git) = git {
        sha = sha.or_else(|| filled(git.sha));
        branch = branch.or_else(|| filled(git.branch));
        tag = tag.or_else(|| filled(git.tag));
    }
    let mut by = None;
    if let Some(forge) = forge {
        sha = sha.or_else(|| filled(forge.commit_sha));
        branch = branch.or_else(|| filled(forge.branch));
        by = filled(forge.user_username);
    }
    Built {
        repository,
        sha: sha.unwrap_or_default(),
        branch,
        tag,
        by,
    }
}

/// The repository in a project's slug: `gh/acme/api`, `github/acme/api`. Projects of apps have numbers there instead.
fn of_slug(slug: &str) -> Option<RepositoryName> {
    let (forge, path) = slug.split_once('/')?;
    let is_forge = matches!(forge, "gh" | "github" | "bb" | "bitbucket");
    (is_forge && path.split('/').filter(|part| !part.is_empty()).count() == 2)
        .then(|| RepositoryName::from(path))
}

/// One that nobody was allowed to run, or that was called off, has no verdict.
fn outcome(status: &str) -> Result<CiOutcome, String> {
    match status {
        "success" => Ok(CiOutcome::Success),
        "failed" | "error" => Ok(CiOutcome::Failure),
        "canceled" | "unauthorized" => Ok(CiOutcome::Neutral),
        other => Err(format!("status: unknown status `{other}`")),
    }
}

fn workflow(payload: &[u8], rules: &Rules) -> Result<Vec<FactChange>, String> {
    let event: Event = read(payload)?;
    let built = built(&event.project, event.pipeline, rules);
    let workflow = event.workflow;
    let outcome = outcome(workflow.status.as_ref().map_or("", |status| status.0.as_str()))?;
    let ended_at = workflow.stopped_at.unwrap_or(event.happened_at).0;
    let created_at = workflow.created_at.map_or(ended_at, |at| at.0);
    let environment = rules.environment("circleci", &workflow.name.0);
    let run = CiRun {
        id: format!("workflow:{}", workflow.id.0),
        workflow: workflow.name.0.clone(),
        started_at: Some(created_at),
        url: filled(workflow.url).unwrap_or_default(),
        ..run(&built, outcome, created_at, ended_at)
    };
    Ok(stated(run, &built, environment))
}

fn job(payload: &[u8], rules: &Rules) -> Result<Vec<FactChange>, String> {
    let event: Event = read(payload)?;
    let built = built(&event.project, event.pipeline, rules);
    let Some(job) = event.job else {
        return Err("job: missing from an event of a job".to_owned());
    };
    let ended_at = job.stopped_at.unwrap_or(event.happened_at).0;
    let created_at = job.started_at.map_or(ended_at, |at| at.0);
    let environment = rules.environment("circleci", &job.name.0);
    let run = CiRun {
        id: format!("job:{}", job.id.0),
        // Jobs of several workflows may have one name.
        workflow: format!("{} / {}", event.workflow.name.0, job.name.0),
        started_at: job.started_at.map(|at| at.0),
        url: filled(event.workflow.url).unwrap_or_default(),
        ..run(&built, outcome(&job.status.0)?, created_at, ended_at)
    };
    Ok(stated(run, &built, environment))
}

fn run(built: &Built, outcome: CiOutcome, created_at: DateTime<Utc>, ended_at: DateTime<Utc>) -> CiRun {
    CiRun {
        repository: built.repository.clone(),
        id: String::new(),
        workflow: String::new(),
        head_sha: built.sha.clone(),
        branch: built.branch.clone(),
        // CircleCI does not say which branch is the default one.
        on_default_branch: false,
        attempt: 1,
        outcome,
        created_at,
        started_at: None,
        updated_at: ended_at,
        url: String::new(),
    }
}

/// The run, and the deployment that it is by the operator's rules. One that was called off did not fail; it says nothing.
fn stated(run: CiRun, built: &Built, environment: Option<&str>) -> Vec<FactChange> {
    let value = match run.outcome {
        CiOutcome::Success => Some(DeploymentState::Success),
        CiOutcome::Failure => Some(DeploymentState::Failure),
        CiOutcome::Neutral | CiOutcome::Pending => None,
    };
    let at = run.updated_at;
    let deployed = value.zip(environment).map(|(value, environment)| {
        FactChange::Deployment(Box::new(Deployment {
            repository: run.repository.clone(),
            id: number_of(&run.id),
            target: Stamped {
                at,
                value: DeploymentTarget {
                    environment: environment.to_owned(),
                    sha: run.head_sha.clone(),
                    git_ref: built
                        .tag
                        .clone()
                        .or_else(|| run.branch.clone())
                        .unwrap_or_default(),
                    creator: built.by.clone().map(Login),
                    created_at: run.created_at,
                    url: run.url.clone(),
                },
            },
            state: Stamped { at, value },
            succeeded_at: (value == DeploymentState::Success).then_some(at),
            log_url: None,
        }))
    });
    std::iter::once(FactChange::CiRun(run)).chain(deployed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_is_found_in_the_address_the_slug_or_the_rules() {
        let found = |slug: &str, pipeline: &str, rules: &Rules| {
            let project = Project {
                slug: Text(slug.to_owned()),
            };
            built(&project, serde_json::from_str(pipeline).unwrap(), rules).repository
        };
        let none = Rules::default();
        let forked = r#"{"vcs":{"target_repository_url":"https://github.com/acme/api","origin_repository_url":"https://github.com/fork/api"}}"#;
        assert_eq!(found("gh/x/y", forked, &none), "acme/api".into());
        let by_app = r#"{"trigger_parameters":{"github_app":{"repo_url":"https://github.com/acme/web"}}}"#;
        assert_eq!(found("circleci/1/2", by_app, &none), "acme/web".into());
        assert_eq!(found("bb/acme/api", "{}", &none), "acme/api".into());
        assert_eq!(found("circleci/1/2", "{}", &none), "circleci/circleci/1/2".into());
        let rules = Rules {
            repositories: [("circleci/circleci/1/2".to_owned(), "acme/api".to_owned())].into(),
            ..Rules::default()
        };
        assert_eq!(found("circleci/1/2", by_app, &rules), "acme/api".into());
    }

    #[test]
    fn every_status_has_its_outcome_and_an_unknown_one_is_named() {
        for (status, expected) in [
            ("success", CiOutcome::Success),
            ("failed", CiOutcome::Failure),
            ("error", CiOutcome::Failure),
            ("canceled", CiOutcome::Neutral),
            ("unauthorized", CiOutcome::Neutral),
        ] {
            assert_eq!(outcome(status), Ok(expected), "{status}");
        }
        assert!(outcome("on_tea").is_err());
    }
}
