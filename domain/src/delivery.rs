//! Purpose: the five delivery metrics: how often we deploy, how long a change takes, how many deployments fail, how long
//! that lasts, and how many deployments are only there to mend another. Every number comes with its proof, and the same
//! facts can be read by the definitions of four other tools. Pure: the same facts give the same report, in whatever order
//! and however often they are told.

mod bands;
mod definitions;
mod facts;
pub mod known;
mod mark;
mod measured;
mod metric;

pub use bands::Band;
pub use definitions::{Asked, Counted, Definitions, FailureRules, JoinRule, LeadTimeStart, Mode};
pub use facts::{
    Change, Correction, DeliveryFacts, Deployed, DirectPush, Means, Outage, Outcome, Says, Subject,
};
pub use mark::{MAX_MARK_CHARS, Mark};
pub use metric::Metric;
pub use measured::{
    About, FiveKeys, Frequency, Interval, IntervalMethod, Joined, LeadTime, Link, Measured, NoBand, NoValue,
    Note, PartSummaries, PartSummary, Parts, Percentile, ProofRow, Standing, Statistic, Unit, WeekPoint, Why,
};
