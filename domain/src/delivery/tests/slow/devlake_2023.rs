//! Purpose: Apache `DevLake` with the benchmarks of 2023, a second time, slow and obvious.

use super::devlake::{self, DAY, Year, blamed, recovered};
use super::told::{Keys, Line, ended, is_theirs, is_window, no_incident, within};
use crate::delivery::{Asked, Band, DeliveryFacts, Joined};

pub(crate) fn measure(facts: &DeliveryFacts, asked: &Asked) -> Keys {
    let year = Year {
        recovery,
        frequency,
        lead_time: [DAY, 7.0 * DAY, 30.0 * DAY],
        change_fail: [0.05, 0.1, 0.15],
    };
    devlake::measure(facts, asked, &year)
}

fn frequency(weeks: f64, months: f64, _: f64) -> Band {
    if weeks >= 5.0 {
        Band::Elite
    } else if weeks >= 1.0 {
        Band::High
    } else if months >= 1.0 {
        Band::Medium
    } else {
        Band::Low
    }
}

/// From the end of the deployment, which is in the window, to the end of the incident.
fn recovery(facts: &DeliveryFacts, asked: &Asked) -> Vec<Line> {
    let mut lines = Vec::new();
    for one in &facts.outages {
        if !is_window(asked) || !is_theirs(asked, one) || no_incident(facts, one).is_some() {
            continue;
        }
        if let Some(deployed) = blamed(facts, asked, one)
            && within(asked, ended(deployed))
            && let Some(line) = recovered(asked, one, ended(deployed))
        {
            lines.push(line.joined(&deployed.id, Joined::ByNewestBefore));
        }
    }
    lines
}
