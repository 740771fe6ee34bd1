//! Purpose: CI: `pipeline` events, and `build` events of single jobs, of which some deploy.

use chrono::{DateTime, Utc};
use em_domain::ci_run::{CiOutcome, CiRun};
use em_domain::deployment::{Deployment, DeploymentState, DeploymentTarget};
use em_domain::fact::FactChange;
use em_domain::id::RepositoryName;
use em_domain::stamped::Stamped;
use serde::Deserialize;

use super::Changes;
use crate::git_url;
use crate::gitlab::payload::{Project, User};
use crate::payload::{Text, Time, filled, number_of, read};
use crate::rules::Rules;

#[derive(Debug, Deserialize)]
struct PipelineEvent {
    object_attributes: Pipeline,
    project: Project,
    builds: Option<Vec<Build>>,
}

#[derive(Debug, Deserialize)]
struct Pipeline {
    id: i64,
    name: Option<Text>,
    #[serde(rename = "ref")]
    reference: Option<Text>,
    tag: Option<bool>,
    sha: Text,
    source: Option<Text>,
    status: Text,
    created_at: Time,
    /// Only the API says it.
    started_at: Option<Time>,
    finished_at: Option<Time>,
    url: Option<Text>,
}

#[derive(Debug, Deserialize)]
struct Build {
    started_at: Option<Time>,
}

/// What is watched on the default branch: its pushes, and what runs on it by the clock.
const DEFAULT_BRANCH_TRIGGERS: [&str; 2] = ["push", "schedule"];

pub(super) fn pipeline(payload: &[u8]) -> Changes {
    let event: PipelineEvent = read(payload)?;
    let (pipeline, project) = (event.object_attributes, event.project);
    let branch = filled(pipeline.reference).filter(|_| pipeline.tag != Some(true));
    let source = pipeline.source.as_ref().map_or("", |source| source.0.as_str());
    // Webhooks have no time of the pipeline for this: it began when its first job did.
    let started_at = event
        .builds
        .iter()
        .flatten()
        .filter_map(|build| build.started_at)
        .min()
        .or(pipeline.started_at);
    let outcome = outcome(&pipeline.status.0, false);
    let ended_at = pipeline.finished_at.filter(|_| outcome != CiOutcome::Pending);
    let run = CiRun {
        repository: project.name(),
        id: format!("pipeline:{}", pipeline.id),
        workflow: filled(pipeline.name).unwrap_or_else(|| "pipeline".to_owned()),
        head_sha: pipeline.sha.0,
        on_default_branch: DEFAULT_BRANCH_TRIGGERS.contains(&source)
            && branch
                .as_deref()
                .is_some_and(|branch| project.has_default(branch)),
        branch,
        attempt: 1,
        outcome,
        created_at: pipeline.created_at.0,
        started_at: started_at.map(|at| at.0),
        updated_at: ended_at.or(started_at).unwrap_or(pipeline.created_at).0,
        url: filled(pipeline.url).unwrap_or_else(|| project.page(&format!("pipelines/{}", pipeline.id))),
    };
    let seen = project.fact(run.updated_at);
    Ok(std::iter::once(FactChange::CiRun(run)).chain(seen).collect())
}

/// What waits for a person (`manual`) has no verdict, and may never get one. A job that may fail gives none by failing.
fn outcome(status: &str, may_fail: bool) -> CiOutcome {
    match status {
        "success" => CiOutcome::Success,
        "failed" if may_fail => CiOutcome::Neutral,
        "failed" => CiOutcome::Failure,
        "canceled" | "skipped" | "manual" => CiOutcome::Neutral,
        _ => CiOutcome::Pending,
    }
}

#[derive(Debug, Deserialize)]
struct Job {
    build_id: i64,
    build_name: Text,
    build_status: Text,
    build_created_at: Option<Time>,
    build_started_at: Option<Time>,
    build_finished_at: Option<Time>,
    build_allow_failure: Option<bool>,
    #[serde(rename = "ref")]
    reference: Option<Text>,
    tag: Option<bool>,
    sha: Text,
    user: Option<User>,
    /// Absent from older bodies.
    project: Option<Project>,
    repository: Option<Repository>,
}

#[derive(Debug, Deserialize)]
struct Repository {
    homepage: Option<Text>,
}

impl Job {
    /// The project, where the body says which; and the page of the job.
    fn place(&self) -> Option<(RepositoryName, String)> {
        if let Some(project) = &self.project {
            return Some((project.name(), project.page(&format!("jobs/{}", self.build_id))));
        }
        let home = self.repository.as_ref()?.homepage.as_ref()?;
        let name = git_url::repository(&home.0)?;
        Some((name, format!("{}/-/jobs/{}", home.0, self.build_id)))
    }
}

/// A job has a number of its own for each retry. One that nothing is known of but its name has not begun: there is no time to
/// state it by.
pub(super) fn job(payload: &[u8], rules: &Rules) -> Changes {
    let job: Job = read(payload)?;
    let Some((repository, url)) = job.place() else {
        return Err("project.path_with_namespace: the job's project is not named".to_owned());
    };
    let began = job
        .build_created_at
        .or(job.build_started_at)
        .or(job.build_finished_at);
    let Some(created_at) = began.map(|at| at.0) else {
        return Ok(Vec::new());
    };
    let outcome = outcome(&job.build_status.0, job.build_allow_failure == Some(true));
    let newest = job.build_finished_at.or(job.build_started_at);
    let run = CiRun {
        repository,
        id: format!("job:{}", job.build_id),
        workflow: job.build_name.0.clone(),
        head_sha: job.sha.0.clone(),
        branch: filled(job.reference.clone()).filter(|_| job.tag != Some(true)),
        // The event does not say what set the job off; that of its pipeline does.
        on_default_branch: false,
        attempt: 1,
        outcome,
        created_at,
        started_at: job.build_started_at.map(|at| at.0),
        updated_at: newest.map_or(created_at, |at| at.0),
        url,
    };
    let environment = rules.environment("gitlab", &job.build_name.0);
    let deployed = environment.and_then(|environment| deployment(&job, &run, environment));
    let seen = job
        .project
        .as_ref()
        .and_then(|project| project.fact(run.updated_at));
    let run = FactChange::CiRun(run);
    Ok(std::iter::once(run).chain(deployed).chain(seen).collect())
}

/// The deployment that the job is, by the operator's rules. One that was called off did not fail; it says nothing.
fn deployment(job: &Job, run: &CiRun, environment: &str) -> Option<FactChange> {
    let state = state(&job.build_status.0)?;
    let at: DateTime<Utc> = run.updated_at;
    Some(FactChange::Deployment(Box::new(Deployment {
        repository: run.repository.clone(),
        // Deployments that GitLab knows have numbers too: those of jobs must not meet them.
        id: number_of(&run.id),
        target: Stamped {
            at: run.created_at,
            value: DeploymentTarget {
                environment: environment.to_owned(),
                sha: run.head_sha.clone(),
                git_ref: job
                    .reference
                    .as_ref()
                    .map_or_else(String::new, |name| name.0.clone()),
                creator: job.user.as_ref().and_then(User::login),
                created_at: run.created_at,
                url: run.url.clone(),
            },
        },
        state: Stamped { at, value: state },
        succeeded_at: (state == DeploymentState::Success).then_some(at),
        log_url: Some(Stamped {
            at,
            value: run.url.clone(),
        }),
    })))
}

/// How far a deployment or the job that does it is; `None` where it says nothing of how it went.
pub(super) fn state(status: &str) -> Option<DeploymentState> {
    match status {
        "created" | "pending" | "preparing" | "waiting_for_resource" | "scheduled" | "blocked" => {
            Some(DeploymentState::Pending)
        }
        "running" => Some(DeploymentState::InProgress),
        "success" => Some(DeploymentState::Success),
        "failed" => Some(DeploymentState::Failure),
        _ => None,
    }
}
