//! Purpose: Apache `DevLake` with the benchmarks of 2021, a second time, slow and obvious.

use super::devlake::{self, DAY, Year, blamed, recovered};
use super::told::{Keys, Line, is_theirs, is_window, no_incident};
use crate::delivery::{Asked, Band, DeliveryFacts, Joined};

pub(crate) fn measure(facts: &DeliveryFacts, asked: &Asked) -> Keys {
    let year = Year {
        recovery,
        frequency,
        lead_time: [DAY / 24.0, 7.0 * DAY, 180.0 * DAY],
        change_fail: [0.15, 0.2, 0.3],
    };
    devlake::measure(facts, asked, &year)
}

fn frequency(weeks: f64, months: f64, halves: f64) -> Band {
    if weeks >= 5.0 {
        Band::Elite
    } else if months >= 1.0 {
        Band::High
    } else if halves >= 1.0 {
        Band::Medium
    } else {
        Band::Low
    }
}

/// From the beginning of the incident to its end, whatever caused it.
fn recovery(facts: &DeliveryFacts, asked: &Asked) -> Vec<Line> {
    let mut lines = Vec::new();
    for one in &facts.outages {
        if !is_window(asked) || !is_theirs(asked, one) || no_incident(facts, one).is_some() {
            continue;
        }
        let Some(line) = recovered(asked, one, one.opened_at) else {
            continue;
        };
        lines.push(match blamed(facts, asked, one) {
            Some(deployed) => line.joined(&deployed.id, Joined::ByNewestBefore),
            None => line,
        });
    }
    lines
}
