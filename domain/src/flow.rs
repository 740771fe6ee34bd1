//! Purpose: flow metrics: how many changes are merged, how long they take and where they wait, how large they are, what is
//! open, how reviews are spread, and how long and how reliable CI is. Every number comes with its proof. Pure: the same facts
//! give the same numbers, in whatever order and however often they are told.

mod each;
mod facts;
pub mod known;
mod merged;
mod metric;
mod open;
mod ranks;
mod reviews;
mod runs;
mod taken;
mod weeks;

pub use facts::{FlowFacts, OpenChange, Reviewed};
pub use metric::FlowMetric;
pub use weeks::FlowWeek;

use serde::{Deserialize, Serialize};

use crate::delivery::{Asked, Definitions, Measured, Percentile, Scope};
use each::Each;

/// One flow metric with its proof.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FlowMeasured {
    /// The value, or why there is none, and what it was counted from. No flow metric has bands.
    pub measured: Measured,
    /// The 50th, 75th, 90th and 95th percentile of a metric in seconds or lines; empty for others, and of nothing.
    pub percentiles: Vec<Percentile>,
}

/// The flow metrics of one window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Flow {
    /// What was asked for.
    pub asked: Asked,
    metrics: Each<FlowMeasured>,
    /// The weeks that the window touches, the oldest first; weeks with nothing are there too.
    pub weeks: Vec<FlowWeek>,
}

impl Flow {
    /// One of them.
    pub fn of(&self, metric: FlowMetric) -> &FlowMeasured {
        self.metrics.of(metric)
    }
}

/// The flow metrics of the window. Of `definitions` only the former names of repositories and whether the changes of bots
/// count are read: the cycle always begins with the first commit. For the window before, ask again with its bounds.
pub fn measure(facts: &FlowFacts, definitions: &Definitions, asked: &Asked) -> Flow {
    let scope = Scope::new(definitions, asked);
    let merged = merged::Merged::new(&scope, facts);
    let open = open::Open::new(&scope, facts);
    let runs = runs::Runs::new(&scope, facts);
    let found = Each {
        throughput: merged.throughput(),
        cycle_time: merged.cycle_time(),
        time_to_first_review: merged.time_to_first_review(),
        review_time: merged.review_time(),
        idle_time: merged.idle_time(),
        flow_efficiency: merged.flow_efficiency(),
        change_size: merged.change_size(),
        work_in_progress: open.work_in_progress(),
        work_age: open.work_age(),
        review_spread: reviews::spread(&scope, facts),
        ci_duration: runs.duration(),
        ci_flakiness: runs.flakiness(),
    };
    Flow {
        asked: asked.clone(),
        weeks: weeks::points(asked, &found, &open),
        metrics: found.map(|one| one.measured),
    }
}

#[cfg(test)]
mod tests;
