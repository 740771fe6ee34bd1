//! Purpose: from any raw event to facts: asks the vendor's own file. Pure, so facts can be rebuilt at any time.

use em_domain::event::RawEvent;
use em_domain::fact::Normalised;

use crate::{github, pagerduty};

/// What `event` states.
pub fn normalise(event: &RawEvent) -> Normalised {
    match event.source.as_str() {
        "github" => github::normalise::normalise(event),
        "pagerduty" => pagerduty::normalise::normalise(event),
        other => Normalised::Unrecognised(format!("events of `{other}` are kept but not read yet")),
    }
}
