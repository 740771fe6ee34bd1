//! Purpose: what was asked for, over the facts in order; and how a list of rows becomes a number. All modes use this, and it
//! knows none of them.

use chrono::{DateTime, Utc};

use super::bands::{self, Band};
use super::definitions::{Asked, Mode};
use super::facts::{DirectPush, Outage, Subject};
use super::history::{History, Run};
use super::measured::{Interval, Link, Measured, NoBand, Note, ProofRow, Standing, Statistic, Unit};
use super::reasons::{About, NoValue, Why};
use super::scope::Scope;
use super::statistics::{
    lower_median, mean, mean_interval, number, percentile, percentile_interval, share_interval,
};
use crate::id::Login;

/// The facts, and what is asked of them.
pub(super) struct View<'f> {
    pub(super) history: &'f History<'f>,
    pub(super) asked: &'f Asked,
    scope: Scope<'f>,
}

impl<'f> View<'f> {
    pub(super) fn new(history: &'f History<'f>, asked: &'f Asked) -> Self {
        Self {
            history,
            asked,
            scope: Scope::new(history.definitions, asked),
        }
    }

    /// Whether the repository, under its present name, is asked for.
    pub(super) fn holds(&self, repository: &str) -> bool {
        self.scope.holds(repository)
    }

    /// Whether an incident may be one of what is asked for.
    pub(super) fn holds_outage(&self, outage: &Outage) -> bool {
        let repository = outage.repository.as_ref();
        repository.is_none_or(|name| self.holds(self.history.present(name)))
    }

    /// Incidents of what is asked for that began in the window.
    pub(super) fn begun(&self) -> impl Iterator<Item = &'f Outage> {
        let outages = self.history.outages.iter().copied();
        outages.filter(|one| self.holds_instant(one.opened_at) && self.holds_outage(one))
    }

    /// Whether the changes of this person are asked for.
    pub(super) fn holds_author(&self, login: &Login) -> bool {
        self.scope.holds_author(login)
    }

    /// Whether the instant is in a window that can be reported.
    pub(super) fn holds_instant(&self, at: DateTime<Utc>) -> bool {
        self.scope.holds_instant(at)
    }

    /// Runs of repositories that are asked for, with their positions; in any window.
    pub(super) fn runs(&self) -> impl Iterator<Item = (usize, &Run<'f>)> {
        let runs = self.history.runs.iter().enumerate();
        runs.filter(|(_, run)| self.holds(run.repository))
    }

    /// Of some runs, those that are asked for.
    pub(super) fn of<'r>(&self, runs: &'r [Run<'f>]) -> Vec<&'r Run<'f>> {
        let within = runs.iter().filter(|run| self.holds(run.repository));
        within.filter(|run| self.holds_instant(run.at)).collect()
    }

    /// Why there is nothing to count deployments from, if there is not.
    pub(super) fn nothing(&self) -> Option<NoValue> {
        self.nothing_by(|run| run.at)
    }

    /// The same where a deployment is of the time that `at` tells.
    pub(super) fn nothing_by(&self, at: impl Fn(&Run<'_>) -> DateTime<Utc>) -> Option<NoValue> {
        let is_known = |(_, run): (usize, &Run<'_>)| run.is_live() && at(run) < self.asked.to;
        if !self.asked.is_window() {
            Some(NoValue::EmptyWindow)
        } else if self.runs().any(is_known) {
            None
        } else {
            Some(NoValue::NoDeployments)
        }
    }
}

impl Statistic {
    /// What it makes of sorted values; `None` of nothing, and where it is not made of single values.
    pub(super) fn of(self, sorted: &[i64]) -> Option<f64> {
        match self {
            Self::Median => percentile(sorted, 50),
            Self::LowerMedian => lower_median(sorted),
            Self::Mean => mean(sorted),
            Self::Rate
            | Self::FlooredMean
            | Self::Share
            | Self::RowsPerDeployment
            | Self::Total
            | Self::AtEnd
            | Self::Gini => None,
        }
    }

    fn interval(self, sorted: &[i64]) -> Option<Interval> {
        match self {
            Self::Median | Self::LowerMedian => percentile_interval(sorted, 50),
            Self::Mean => mean_interval(sorted),
            Self::Rate
            | Self::FlooredMean
            | Self::Share
            | Self::RowsPerDeployment
            | Self::Total
            | Self::AtEnd
            | Self::Gini => None,
        }
    }
}

/// A line that counts nothing, and why.
pub(crate) fn left_out(subject: Subject, at: DateTime<Utc>, links: Vec<Link>, why: Why) -> ProofRow {
    ProofRow {
        subject,
        at,
        value: None,
        links,
        parts: None,
        standing: Standing::LeftOut(why),
    }
}

/// A line that counts.
pub(crate) fn counted(subject: Subject, at: DateTime<Utc>, value: f64, links: Vec<Link>) -> ProofRow {
    ProofRow {
        subject,
        at,
        value: Some(value),
        links,
        parts: None,
        standing: Standing::Counted,
    }
}

/// How many lines were left out for this reason.
pub(crate) fn left_out_for(proof: &[ProofRow], why: Why) -> usize {
    let all = proof.iter();
    all.filter(|row| row.standing == Standing::LeftOut(why)).count()
}

/// How many of the incidents that began in the window are put down to nothing, and of how many a person said so.
pub(super) fn incident_notes(proof: &[ProofRow], begun: usize) -> Vec<Note> {
    let count = |all: &[Why]| all.iter().map(|why| left_out_for(proof, *why)).sum();
    let without = [
        Why::NoRepository,
        Why::NoDeploymentBefore,
        Why::UnknownCause,
        Why::NoCause,
    ];
    let notes = [
        note(About::IncidentsWithoutCause, count(&without), begun),
        note(About::Corrected, count(&[Why::Corrected, Why::NotOurs]), begun),
    ];
    notes.into_iter().flatten().collect()
}

/// A note, unless it would be about nothing.
pub(crate) fn note(about: About, count: usize, of: usize) -> Option<Note> {
    (count > 0).then_some(Note { about, count, of })
}

/// By time, then by name, so that the order of facts does not show.
pub(crate) fn by_time(mut proof: Vec<ProofRow>) -> Vec<ProofRow> {
    proof.sort_by(|a, b| (a.at, &a.subject).cmp(&(b.at, &b.subject)));
    proof
}

/// A metric that is made of times. `nothing` says why there is none where there are no values.
pub(super) fn times(
    values: Vec<i64>,
    statistic: Statistic,
    nothing: NoValue,
    band: impl Fn(f64) -> Band,
    proof: Vec<ProofRow>,
) -> Measured {
    let mut measured = middle(values, statistic, Unit::Seconds, nothing, proof);
    if let Ok(value) = measured.value {
        measured.band = Ok(band(value));
    }
    measured
}

/// A metric that is made of single values and has no bands. `nothing` says why there is none where there are no values.
pub(crate) fn middle(
    mut values: Vec<i64>,
    statistic: Statistic,
    unit: Unit,
    nothing: NoValue,
    proof: Vec<ProofRow>,
) -> Measured {
    values.sort_unstable();
    let value = statistic.of(&values).ok_or(nothing);
    Measured {
        value,
        unit,
        statistic,
        sample: values.len(),
        interval: statistic.interval(&values),
        band: Err(no_band(&value)),
        notes: Vec::new(),
        proof: by_time(proof),
    }
}

/// Why a metric without bands has none.
pub(crate) fn no_band(value: &Result<f64, NoValue>) -> NoBand {
    if value.is_ok() {
        NoBand::NonePublished
    } else {
        NoBand::NoValue
    }
}

/// A metric that says how many of all fit. `nothing` says why there is none where there are none.
pub(crate) fn share(
    fit: usize,
    all: usize,
    nothing: NoValue,
    band: impl Fn(usize, usize) -> Result<Band, NoBand>,
    proof: Vec<ProofRow>,
) -> Measured {
    let has_value = all > 0;
    Measured {
        value: has_value.then(|| number(fit) / number(all)).ok_or(nothing),
        unit: Unit::Share,
        statistic: Statistic::Share,
        sample: all,
        interval: share_interval(fit, all),
        band: if has_value {
            band(fit, all)
        } else {
            Err(NoBand::NoValue)
        },
        notes: Vec::new(),
        proof: by_time(proof),
    }
}

/// A metric that a mode does not have.
pub(super) fn not_in_mode() -> Measured {
    share(
        0,
        0,
        NoValue::NotInMode,
        |_, _| Err(NoBand::NonePublished),
        Vec::new(),
    )
}

/// What a push is called.
pub(super) fn push(push: &DirectPush) -> Subject {
    Subject::Push {
        repository: push.repository.clone(),
        head_sha: push.head_sha.clone(),
    }
}

/// Recoveries as one metric, with what is not over. `values` are those of the lines that count.
pub(super) fn recoveries(
    mode: Mode,
    statistic: Statistic,
    nothing: Option<NoValue>,
    values: &[(DateTime<Utc>, i64)],
    proof: Vec<ProofRow>,
) -> Measured {
    let none = if proof.is_empty() {
        NoValue::NothingFailed
    } else {
        NoValue::NothingRecovered
    };
    let of = proof.len();
    let took = values.iter().map(|(_, took)| *took).collect();
    let band = |value| bands::recovery(mode, value);
    let mut measured = times(took, statistic, nothing.unwrap_or(none), band, proof);
    let without = |why| left_out_for(&measured.proof, why);
    let ends = without(Why::NoFixYet) + without(Why::EndsBeforeStart);
    let notes = [
        note(About::IncidentsOpen, without(Why::StillOpen), of),
        note(About::FailuresWithoutEnd, ends, of),
    ];
    measured.notes = notes.into_iter().flatten().collect();
    measured
}
