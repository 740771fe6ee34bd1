//! Purpose: the list of all kinds of signals.

use super::{
    SignalKind, failed_deployment, failing_main, incident_open, incident_open_too_long, long_running_ci,
    no_ticket_link, pr_without_review, review_overload, stale_pr, wip_limit_exceeded,
};
use crate::{goal, shift};

/// Every kind that a rule can be of, in the order in which they are shown.
pub static KINDS: &[SignalKind] = &[
    incident_open_too_long::KIND,
    failing_main::KIND,
    failed_deployment::KIND,
    stale_pr::KIND,
    pr_without_review::KIND,
    review_overload::KIND,
    wip_limit_exceeded::KIND,
    long_running_ci::KIND,
    no_ticket_link::KIND,
    incident_open::KIND,
];

/// Kinds that no rule finds, but goals and the history of metrics do; they come last.
pub static OTHER_KINDS: [&SignalKind; 3] = [goal::MISSED, goal::AT_RISK, shift::SHIFTED];

/// Of these, the kinds that are not evaluated with the rules but less often, by who compares them with what is open.
pub const MEASURED_KINDS: [&str; 2] = [goal::MISSED.name, shift::SHIFTED.name];

/// Every kind, also those that no rule finds, in the order in which they are shown.
pub fn kinds() -> impl Iterator<Item = &'static SignalKind> {
    KINDS.iter().chain(OTHER_KINDS)
}

/// The kind of that name.
pub fn kind(name: &str) -> Option<&'static SignalKind> {
    kinds().find(|kind| kind.name == name)
}
