//! Purpose: one attempt at one job: whatever its handler does, it ends, and in one of a few ways.

use std::hash::BuildHasher as _;
use std::time::Instant;

use em_domain::clock::SharedClock;
use em_domain::job::{Job, JobEnd, JobError, after_failure};
use em_telemetry::names;
use tokio::sync::watch;
use tokio::task::JoinError;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument as _;

use super::Handler;
use super::hold::{Cut, cut_short};

/// How long a job of an unknown kind is left to replicas of a newer version. It costs no attempt.
const LEFT_TO_OTHERS: chrono::Duration = chrono::Duration::minutes(1);

/// An attempt about to begin.
pub(super) struct Attempt {
    pub(super) job: Job,
    pub(super) handler: Option<Handler>,
    pub(super) clock: SharedClock,
    pub(super) cut: watch::Receiver<Option<Cut>>,
}

impl Attempt {
    /// Runs the handler to its end. `None` where there is nothing to report: somebody else has the job.
    pub(super) async fn run(mut self) -> Option<JobEnd> {
        let Some(handler) = self.handler.take() else {
            tracing::warn!("this version does not know this kind of job; leaving it to others");
            let at = self.clock.now() + LEFT_TO_OTHERS;
            return Some(JobEnd::HandedBack { at });
        };
        let started = Instant::now();
        let job = self.job.clone();
        // A task of its own: its panic is its own.
        let doing = async move { handler(job).await }.in_current_span();
        let mut task = AbortOnDropHandle::new(tokio::spawn(doing));
        let end = tokio::select! {
            ended = &mut task => Some(self.ended(ended)),
            () = tokio::time::sleep(self.job.time_limit) => {
                let error = format!("it took longer than {} s", self.job.time_limit.as_secs_f64());
                Some(stopped(task).await.map_or_else(|| self.failed(JobError::retry(error)), |ended| self.ended(ended)))
            }
            cut = cut_short(&mut self.cut) => {
                let ended = stopped(task).await;
                self.cut(cut, ended)
            }
        };
        let (kind, seconds) = (self.job.kind.clone(), started.elapsed().as_secs_f64());
        let outcome = end.as_ref().map_or("lost", JobEnd::as_str);
        metrics::counter!(names::JOBS_TOTAL, "kind" => kind.clone(), "outcome" => outcome).increment(1);
        metrics::histogram!(names::JOB_SECONDS, "kind" => kind).record(seconds);
        tracing::debug!(outcome, seconds, "a job ended");
        end
    }

    /// What an attempt that was cut short comes to. If it was quicker than the cut, it counts.
    fn cut(&self, cut: Cut, ended: Option<Result<Result<(), JobError>, JoinError>>) -> Option<JobEnd> {
        match (cut, ended) {
            (Cut::Lost, _) => {
                tracing::warn!("the lease of a job was lost; it was stopped");
                None
            }
            (Cut::Cancelled | Cut::Stopping, Some(ended)) => Some(self.ended(ended)),
            (Cut::Cancelled, None) => Some(JobEnd::Cancelled),
            (Cut::Stopping, None) => {
                let at = self.clock.now();
                Some(JobEnd::HandedBack { at })
            }
        }
    }

    fn ended(&self, ended: Result<Result<(), JobError>, JoinError>) -> JobEnd {
        match ended {
            Ok(Ok(())) => JobEnd::Done,
            Ok(Err(error)) => self.failed(error),
            Err(error) => self.failed(JobError::retry(format!("its handler ended: {error}"))),
        }
    }

    fn failed(&self, error: JobError) -> JobEnd {
        // Each is keyed anew, so it serves as dice.
        let dice = std::hash::RandomState::new().hash_one(self.job.lease_token);
        let end = after_failure(&self.job, error, self.clock.now(), dice);
        match &end {
            JobEnd::Dead { error } => {
                tracing::error!(error, "a job was given up; `em-agent jobs` lists it");
                metrics::counter!(names::ERRORS_TOTAL, "area" => "jobs").increment(1);
            }
            JobEnd::Again { at, error } => tracing::warn!(error, %at, "a job failed; it is tried again"),
            JobEnd::Done | JobEnd::HandedBack { .. } | JobEnd::Cancelled => {}
        }
        end
    }
}

/// Stops a task and waits until it is gone, so that nothing of it goes on after its job is somebody else's. If it had
/// ended by itself: how.
async fn stopped<T>(task: AbortOnDropHandle<T>) -> Option<Result<T, JoinError>> {
    task.abort();
    match task.await {
        Err(error) if error.is_cancelled() => None,
        ended => Some(ended),
    }
}
