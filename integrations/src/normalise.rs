//! Purpose: from any raw event to facts: asks the vendor's own file. Pure, so facts can be rebuilt at any time.

use em_domain::event::RawEvent;
use em_domain::fact::Normalised;

use crate::rules::Rules;
use crate::trial;
use crate::vendors::vendor;

/// `doctor` shows reasons in a list, and they quote what a vendor wrote: one line each, and a short one.
const MAX_REASON_CHARS: usize = 300;

/// What `event` states, read without any rules of the operator's.
pub fn normalise(event: &RawEvent) -> Normalised {
    normalise_by(&Rules::default(), event)
}

/// What `event` states. Never fails: what cannot be read is [`Normalised::Unrecognised`] with the field's name.
pub fn normalise_by(rules: &Rules, event: &RawEvent) -> Normalised {
    let said = match vendor(event.source.as_str()) {
        Some(vendor) => (vendor.changes)(event, rules),
        None if event.source.as_str() == trial::SOURCE => Ok(Vec::new()),
        None => Err(format!("events of `{}` are kept but not read yet", event.source)),
    };
    said.map_or_else(
        |reason| Normalised::Unrecognised(brief(&reason)),
        Normalised::Changes,
    )
}

fn brief(reason: &str) -> String {
    let as_space = |c: char| if c.is_control() { ' ' } else { c };
    reason.chars().map(as_space).take(MAX_REASON_CHARS).collect()
}
