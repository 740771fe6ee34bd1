//! Purpose: `/em-agent jobs`: work that was given up, that waits and that runs, and what became of retrying it or
//! calling it off.

use chrono_tz::Tz;
use em_domain::id::JobId;
use em_domain::job::{Job, JobAttempt, JobCancel, JobCounts, JobReplay, JobState};
use slack_morphism::prelude::SlackMessageContent;

use crate::element::{Button, Menu, MenuOption};
use crate::help::typed;
use crate::layout::Layout;
use crate::limits::fit;
use crate::mrkdwn::{Mrkdwn, bold, cat, code, escape, join, words};
use crate::time::when;

/// Runs a dead or cancelled job once more.
pub const RETRY: &str = "job.retry";
/// Calls a job off.
pub const CANCEL: &str = "job.cancel";

/// The longest piece of an error that is shown in a list.
const ERROR_IN_LIST: usize = 200;
/// The same where one job is shown.
const ERROR: usize = 600;
/// The attempts of one job that are shown.
const ATTEMPTS: usize = 10;

/// Some jobs, by state.
#[derive(Debug, Clone, Copy)]
pub struct JobsView<'a> {
    /// How many there are.
    pub counts: &'a JobCounts,
    /// The states that were asked for, each with its first jobs.
    pub groups: &'a [(JobState, Vec<Job>)],
    /// The team's zone.
    pub zone: Tz,
}

/// The jobs of some states.
pub fn message_jobs(view: &JobsView<'_>) -> SlackMessageContent {
    let counts = cat([
        escape(&view.counts.dead.to_string()),
        words(" given up, "),
        escape(&view.counts.running.to_string()),
        words(" running, "),
        escape(&view.counts.waiting.to_string()),
        words(" waiting ("),
        escape(&view.counts.due.to_string()),
        words(" of them due)"),
    ]);
    let mut layout = Layout::new();
    layout.header("Jobs");
    layout.section(&counts);
    for (state, jobs) in view.groups.iter().filter(|(_, jobs)| !jobs.is_empty()) {
        layout.section(&bold(words(heading(*state))));
        for job in jobs {
            layout.section_with_menu(&line(job, view.zone), Menu::new(job.id.as_str(), options(job)));
        }
    }
    layout.foot(&cat([words("More on one: "), typed("jobs show ID")]));
    layout.into_message(&cat([words("Jobs: "), counts]))
}

fn heading(state: JobState) -> &'static str {
    match state {
        JobState::Waiting => "Waiting",
        JobState::Running => "Running",
        JobState::Done => "Done",
        JobState::Dead => "Given up",
        JobState::Cancelled => "Called off",
    }
}

fn line(job: &Job, zone: Tz) -> Mrkdwn {
    let name = cat([
        bold(escape(&fit(&job.kind, 80))),
        words("  "),
        code(job.id.as_str()),
    ]);
    join([name, happening(job, zone), error(job, ERROR_IN_LIST)], "\n")
}

/// Where the job is, in a sentence.
fn happening(job: &Job, zone: Tz) -> Mrkdwn {
    let at = |at| when(at, zone);
    let attempts = match job.attempts {
        0 => words("not begun yet"),
        1 => words("begun once"),
        times => cat([words("begun "), escape(&times.to_string()), words(" times")]),
    };
    let ended = job.finished_at.map_or_else(Mrkdwn::default, at);
    match job.state {
        JobState::Waiting => cat([words("Due "), at(job.run_at), words(", "), attempts]),
        JobState::Running => cat([
            words("Running since "),
            job.started_at.map_or_else(Mrkdwn::default, at),
            words(" on "),
            code(&fit(job.worker.as_deref().unwrap_or("?"), 60)),
            words(if job.cancel_asked { ", asked to stop" } else { "" }),
        ]),
        JobState::Done => cat([words("Done "), ended]),
        JobState::Dead => cat([words("Given up "), ended, words(", "), attempts]),
        JobState::Cancelled => cat([words("Called off "), ended, words(", "), attempts]),
    }
}

fn error(job: &Job, max: usize) -> Mrkdwn {
    match &job.last_error {
        Some(error) if job.state != JobState::Done => cat([words("Last error: "), escape(&fit(error, max))]),
        Some(_) | None => Mrkdwn::default(),
    }
}

fn can_retry(job: &Job) -> bool {
    match job.state {
        JobState::Dead | JobState::Cancelled => true,
        JobState::Waiting | JobState::Running | JobState::Done => false,
    }
}

fn can_cancel(job: &Job) -> bool {
    match job.state {
        JobState::Waiting | JobState::Dead => true,
        JobState::Running => !job.cancel_asked,
        JobState::Done | JobState::Cancelled => false,
    }
}

fn options(job: &Job) -> Vec<MenuOption> {
    let retry = can_retry(job).then(|| MenuOption::new("Retry", RETRY));
    let cancel = can_cancel(job).then(|| MenuOption::new("Cancel", CANCEL));
    retry.into_iter().chain(cancel).collect()
}

/// One job with its history.
pub fn message_job(job: &Job, attempts: &[JobAttempt], zone: Tz) -> SlackMessageContent {
    let mut layout = Layout::new();
    layout.header(&format!("Job {}", fit(&job.kind, 80)));
    layout.section(&join(
        [code(job.id.as_str()), happening(job, zone), error(job, ERROR)],
        "\n",
    ));
    let allowed = cat([
        bold(words("Attempts")),
        words("\n"),
        escape(&format!("{} of {}", job.attempts, job.max_attempts)),
    ]);
    let taken_in = cat([bold(words("Taken in")), words("\n"), when(job.enqueued_at, zone)]);
    layout.fields(&[allowed, taken_in]);
    let skipped = attempts.len().saturating_sub(ATTEMPTS);
    layout.lines(
        attempts
            .iter()
            .skip(skipped)
            .map(|attempt| history(attempt, zone)),
    );
    let retry = can_retry(job).then(|| Button::new("Retry", RETRY, job.id.as_str()).primary());
    let cancel = can_cancel(job).then(|| Button::new("Cancel", CANCEL, job.id.as_str()));
    layout.foot_actions(retry.into_iter().chain(cancel));
    layout.into_message(&join(
        [
            escape(&fit(&job.kind, 80)),
            happening(job, zone),
            error(job, ERROR_IN_LIST),
        ],
        ". ",
    ))
}

/// One attempt in a line.
fn history(attempt: &JobAttempt, zone: Tz) -> Mrkdwn {
    let outcome = match attempt.outcome.as_deref() {
        None => words("runs"),
        Some("handed_back") => words("handed back when its worker stopped"),
        Some("lost") => words("cut off with its worker"),
        Some(outcome) => escape(&fit(outcome, 40)),
    };
    let why = attempt.error.as_deref().map_or_else(Mrkdwn::default, |error| {
        cat([words(": "), escape(&fit(error, ERROR_IN_LIST))])
    });
    cat([
        words("• "),
        when(attempt.started_at, zone),
        words(" on "),
        code(&fit(&attempt.worker, 60)),
        words(": "),
        outcome,
        why,
    ])
}

/// There is no such job.
pub fn message_no_job(typed_id: &str) -> SlackMessageContent {
    said(&cat([
        words("I know no job "),
        code(&fit(typed_id, 100)),
        words(". What was done more than a week ago is forgotten; "),
        typed("jobs"),
        words(" lists the others."),
    ]))
}

/// What became of retrying a job.
pub fn message_retried(id: &JobId, replay: JobReplay) -> SlackMessageContent {
    let job = code(id.as_str());
    match replay {
        JobReplay::Due => said(&cat([words("Job "), job, words(" runs again now.")])),
        JobReplay::Not(state) => said(&cat([
            words("Job "),
            job,
            words(match state {
                JobState::Waiting => " waits already; it will run by itself.",
                JobState::Running => " is running.",
                JobState::Done => " is done; there is nothing to repeat.",
                JobState::Dead | JobState::Cancelled => " changed meanwhile. Try again.",
            }),
        ])),
        JobReplay::Rivalled => said(&cat([
            words("Job "),
            job,
            words(" was not started: another job does the same work already."),
        ])),
        JobReplay::Unknown => message_no_job(id.as_str()),
    }
}

/// What became of calling a job off.
pub fn message_cancelled(id: &JobId, cancel: JobCancel) -> SlackMessageContent {
    let job = code(id.as_str());
    match cancel {
        JobCancel::Cancelled => said(&cat([words("Job "), job, words(" is called off.")])),
        JobCancel::Asked => said(&cat([
            words("Job "),
            job,
            words(" is running; it is told to stop within seconds. What it has done already stays done."),
        ])),
        JobCancel::Finished(state) => said(&cat([
            words("Job "),
            job,
            words(match state {
                JobState::Done => " is done already.",
                JobState::Cancelled => " was called off already.",
                JobState::Waiting | JobState::Running | JobState::Dead => " changed meanwhile. Try again.",
            }),
        ])),
        JobCancel::Unknown => message_no_job(id.as_str()),
    }
}

fn said(text: &Mrkdwn) -> SlackMessageContent {
    let mut layout = Layout::new();
    layout.section(text);
    layout.into_message(text)
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::sample::{calendar, job, now};
    use crate::transcript::transcript;

    fn attempt(number: i64, outcome: Option<&str>, error: Option<&str>) -> JobAttempt {
        JobAttempt {
            attempt: number,
            worker: "71-k3v9qa".to_owned(),
            started_at: now(),
            ended_at: outcome.map(|_| now()),
            outcome: outcome.map(str::to_owned),
            error: error.map(str::to_owned),
        }
    }

    #[test]
    fn a_list_shows_what_was_given_up_first_with_what_went_wrong() {
        let counts = JobCounts {
            waiting: 12,
            due: 2,
            running: 1,
            dead: 1,
        };
        let mut dead = job(JobState::Dead);
        dead.last_error = Some("I am not in <#C1>. *Invite* me.".to_owned());
        let groups = [
            (JobState::Dead, vec![dead]),
            (JobState::Running, vec![job(JobState::Running)]),
            (JobState::Waiting, vec![job(JobState::Waiting)]),
        ];
        let view = JobsView {
            counts: &counts,
            groups: &groups,
            zone: calendar().zone,
        };
        assert_snapshot!(transcript(&message_jobs(&view)), @r"
        (text) Jobs: 1 given up, 1 running, 12 waiting (2 of them due)
        # Jobs
        1 given up, 1 running, 12 waiting (2 of them due)
        *Given up*
        *schedule.run*  `job_01KAKBDXR00000000000000007`
        Given up Fri 21 Nov 15:00, begun 3 times
        Last error: I am not in <#C1>. *Invite* me.
            ⋮ Retry | Cancel
        *Running*
        *schedule.run*  `job_01KAKBDXR00000000000000007`
        Running since Fri 21 Nov 15:00 on `71-k3v9qa`
            ⋮ Cancel
        *Waiting*
        *schedule.run*  `job_01KAKBDXR00000000000000007`
        Due Fri 21 Nov 15:00, begun 3 times
            ⋮ Cancel
        > More on one: `/em-agent jobs show ID`
        ");
    }

    #[test]
    fn one_job_shows_its_history_and_what_can_be_done() {
        let mut dead = job(JobState::Dead);
        dead.last_error = Some("the channel is gone".to_owned());
        let attempts = [
            attempt(1, Some("failed"), Some("Slack is unavailable")),
            attempt(2, Some("lost"), None),
            attempt(3, Some("handed_back"), None),
            attempt(3, Some("dead"), Some("the channel is gone")),
        ];
        assert_snapshot!(transcript(&message_job(&dead, &attempts, calendar().zone)), @r"
        (text) schedule.run. Given up Fri 21 Nov 15:00, begun 3 times. Last error: the channel is gone
        # Job schedule.run
        `job_01KAKBDXR00000000000000007`
        Given up Fri 21 Nov 15:00, begun 3 times
        Last error: the channel is gone
        | *Attempts*: 3 of 5
        | *Taken in*: Fri 21 Nov 15:00
        • Fri 21 Nov 15:00 on `71-k3v9qa`: failed: Slack is unavailable
        • Fri 21 Nov 15:00 on `71-k3v9qa`: cut off with its worker
        • Fri 21 Nov 15:00 on `71-k3v9qa`: handed back when its worker stopped
        • Fri 21 Nov 15:00 on `71-k3v9qa`: dead: the channel is gone
        [Retry] [Cancel]
        ");
        assert_snapshot!(transcript(&message_job(&job(JobState::Done), &[], calendar().zone)), @r"
        (text) schedule.run. Done Fri 21 Nov 15:00
        # Job schedule.run
        `job_01KAKBDXR00000000000000007`
        Done Fri 21 Nov 15:00
        | *Attempts*: 3 of 5
        | *Taken in*: Fri 21 Nov 15:00
        ");
    }

    #[test]
    fn every_answer_to_a_wish_is_a_sentence() {
        let id = job(JobState::Dead).id;
        let retried = [
            JobReplay::Due,
            JobReplay::Not(JobState::Running),
            JobReplay::Rivalled,
            JobReplay::Unknown,
        ];
        let cancelled = [
            JobCancel::Cancelled,
            JobCancel::Asked,
            JobCancel::Finished(JobState::Done),
            JobCancel::Unknown,
        ];
        let texts: Vec<String> = retried
            .into_iter()
            .map(|replay| message_retried(&id, replay))
            .chain(cancelled.into_iter().map(|cancel| message_cancelled(&id, cancel)))
            .map(|message| message.text.unwrap())
            .collect();
        assert_snapshot!(texts.join("\n"), @r"
        Job `job_01KAKBDXR00000000000000007` runs again now.
        Job `job_01KAKBDXR00000000000000007` is running.
        Job `job_01KAKBDXR00000000000000007` was not started: another job does the same work already.
        I know no job `job_01KAKBDXR00000000000000007`. What was done more than a week ago is forgotten; `/em-agent jobs` lists the others.
        Job `job_01KAKBDXR00000000000000007` is called off.
        Job `job_01KAKBDXR00000000000000007` is running; it is told to stop within seconds. What it has done already stays done.
        Job `job_01KAKBDXR00000000000000007` is done already.
        I know no job `job_01KAKBDXR00000000000000007`. What was done more than a week ago is forgotten; `/em-agent jobs` lists the others.
        ");
    }
}
