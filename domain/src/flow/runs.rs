//! Purpose: the metrics of CI: how long a run takes, and how often it is red and green on one commit.

use std::collections::BTreeMap;

use super::FlowFacts;
use super::each::Found;
use super::taken::{self, nothing};
use crate::ci_run::{CiOutcome, CiRun};
use crate::delivery::{
    About, NoBand, NoValue, Note, ProofRow, Scope, Subject, Unit, Why, counted, left_out, left_out_for, note,
    number, seconds, share,
};

/// The runs of a window.
pub(super) struct Runs<'s, 'f> {
    scope: &'s Scope<'f>,
    /// With the present name of the repository.
    made: Vec<(&'f str, &'f CiRun)>,
    /// Why there is no value, where there is none.
    none: NoValue,
}

impl<'s, 'f> Runs<'s, 'f> {
    pub(super) fn new(scope: &'s Scope<'f>, facts: &'f FlowFacts) -> Self {
        // Runs have no author: those of a team are those of its repositories, where these are named.
        let is_of_people = scope.asked.members.is_some() && scope.asked.repositories.is_none();
        let (made, none) = if is_of_people {
            (Vec::new(), NoValue::NotOfPeople)
        } else {
            (taken::runs(scope, facts), NoValue::NothingRan)
        };
        Self {
            scope,
            made,
            none: nothing(scope, none),
        }
    }

    pub(super) fn duration(&self) -> Found {
        let mut proof = Vec::new();
        let mut values = Vec::new();
        for (name, run) in &self.made {
            let subject = subject(name, run);
            let at = run.created_at;
            if let Some(why) = why_not(run.outcome) {
                proof.push(left_out(subject, at, Vec::new(), why));
                continue;
            }
            let took = took(run);
            values.push((at, took));
            proof.push(counted(subject, at, seconds(took), Vec::new()));
        }
        let notes = notes(&proof);
        let mut found = Found::median(self.scope.asked, values, Unit::Seconds, self.none, proof);
        found.measured.measured.notes = notes;
        found
    }

    /// One line for each commit that a workflow tested to an end: that of the newest run.
    pub(super) fn flakiness(&self) -> Found {
        let mut tested: BTreeMap<(&str, &str, &str), Vec<&CiRun>> = BTreeMap::new();
        for (name, run) in self.made.iter().filter(|(_, run)| why_not(run.outcome).is_none()) {
            let group = tested.entry((*name, &run.workflow, &run.head_sha));
            group.or_default().push(run);
        }
        let mut proof = Vec::new();
        let mut found = Vec::new();
        for ((name, ..), runs) in &tested {
            let is_flaky = is_flaky(runs);
            let Some(newest) = runs.iter().max_by_key(|run| (run.created_at, &run.id)) else {
                continue;
            };
            let value = number(usize::from(is_flaky));
            proof.push(counted(
                subject(name, newest),
                newest.created_at,
                value,
                Vec::new(),
            ));
            found.push((newest.created_at, is_flaky));
        }
        let flaky = found.iter().filter(|(_, is_flaky)| *is_flaky).count();
        let band = |_, _| Err(NoBand::NonePublished);
        let mut measured = share(flaky, found.len(), self.none, band, proof);
        let why = |(_, run): &(&str, &CiRun)| why_not(run.outcome);
        let without = |wanted| self.made.iter().filter(|run| why(run) == Some(wanted)).count();
        measured.notes = told(without, self.made.len());
        Found::new(self.scope.asked, measured, found, |all| {
            let flaky = all.iter().filter(|is_flaky| **is_flaky).count();
            (!all.is_empty()).then(|| number(flaky) / number(all.len()))
        })
    }
}

fn subject(repository: &str, run: &CiRun) -> Subject {
    Subject::CiRun {
        repository: repository.into(),
        id: run.id.clone(),
    }
}

/// Why a run says nothing of a commit; `None` where it does.
fn why_not(outcome: CiOutcome) -> Option<Why> {
    match outcome {
        CiOutcome::Pending => Some(Why::StillOpen),
        CiOutcome::Neutral => Some(Why::NoVerdict),
        CiOutcome::Success | CiOutcome::Failure => None,
    }
}

/// Whole seconds, zero or above.
fn took(run: &CiRun) -> i64 {
    let began = run.started_at.unwrap_or(run.created_at);
    (run.updated_at.timestamp() - began.timestamp()).max(0)
}

/// Whether ended runs of one workflow on one commit say different things of it. A re-run stands under the id of the run that
/// it repeats, so that a green one of a later attempt is all that is left of a red one.
fn is_flaky(runs: &[&CiRun]) -> bool {
    let has = |outcome| runs.iter().any(|run| run.outcome == outcome);
    let is_green_again = |run: &&CiRun| run.outcome == CiOutcome::Success && run.attempt > 1;
    (has(CiOutcome::Success) && has(CiOutcome::Failure)) || runs.iter().any(is_green_again)
}

fn notes(proof: &[ProofRow]) -> Vec<Note> {
    told(|why| left_out_for(proof, why), proof.len())
}

fn told(without: impl Fn(Why) -> usize, of: usize) -> Vec<Note> {
    let all = [
        note(About::RunsNotEnded, without(Why::StillOpen), of),
        note(About::RunsWithoutVerdict, without(Why::NoVerdict), of),
    ];
    all.into_iter().flatten().collect()
}
