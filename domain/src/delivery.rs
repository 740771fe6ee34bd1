//! Purpose: the five delivery metrics: how often we deploy, how long a change takes, how many deployments fail, how long
//! that lasts, and how many deployments are only there to mend another. Every number comes with its proof, and the same
//! facts can be read by the definitions of four other tools. Pure: the same facts give the same report, in whatever order
//! and however often they are told.

mod bands;
mod blame;
mod definitions;
mod devlake;
mod facts;
mod fourkeys;
mod frequency;
mod history;
mod index;
mod join;
pub mod known;
mod lead_time;
mod mark;
mod measured;
mod metric;
mod middleware;
mod ours;
mod parts;
mod production;
mod reasons;
mod reverts;
mod scope;
mod statistics;
mod titles;
mod view;
mod weeks;

pub use bands::{Band, BandRange};
pub use definitions::{Asked, Counted, Definitions, FailureRules, JoinRule, LeadTimeStart, Mode, Sign};
pub use facts::{
    Change, Correction, DeliveryFacts, Deployed, DirectPush, Means, Outage, Outcome, Says, Subject,
};
pub use mark::{MAX_MARK_CHARS, Mark};
pub use measured::{
    FiveKeys, Frequency, Interval, IntervalMethod, LeadTime, Link, Measured, NoBand, Note, PartSummaries,
    PartSummary, Parts, Percentile, ProofRow, Standing, Statistic, Unit, WeekPoint,
};
pub use metric::Metric;
pub use reasons::{About, Joined, NoValue, Why};
pub use titles::taken_back;

// What flow metrics are made with too.
pub(crate) use frequency::{per_week, per_week_interval};
pub(crate) use lead_time::{Missing, percentiles};
pub(crate) use parts::{before_merge, parts};
pub(crate) use scope::Scope;
pub(crate) use statistics::{number, part_interval, percentile, percentile_interval, seconds};
pub(crate) use view::{by_time, counted, left_out, left_out_for, middle, no_band, note, share};
pub(crate) use weeks::{Week, by_week, touched};

use history::History;
use view::View;

/// The five metrics of the window by the definitions of one mode. `definitions` say in every mode what a deployment to
/// production is; the rest of them is for [`Mode::Ours`]. For the window before, ask again with its bounds.
pub fn measure(facts: &DeliveryFacts, definitions: &Definitions, asked: &Asked, mode: Mode) -> FiveKeys {
    let history = History::new(facts, definitions);
    measured(&View::new(&history, asked), mode)
}

/// The same window by all definitions, in the order of [`Mode::ALL`].
pub fn compare(facts: &DeliveryFacts, definitions: &Definitions, asked: &Asked) -> Vec<FiveKeys> {
    let history = History::new(facts, definitions);
    let view = View::new(&history, asked);
    Mode::ALL.into_iter().map(|mode| measured(&view, mode)).collect()
}

fn measured(view: &View<'_>, mode: Mode) -> FiveKeys {
    match mode {
        Mode::Ours => ours::measure(view),
        Mode::DevLake2023 | Mode::DevLake2021 => devlake::measure(view, mode),
        Mode::FourKeys => fourkeys::measure(view),
        Mode::Middleware => middleware::measure(view),
    }
}

#[cfg(test)]
mod tests;
