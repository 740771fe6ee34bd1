//! Purpose: the goals that are set up, checked: `goals` of a team, and `[[goals]]` for everybody.

use std::collections::BTreeSet;

use em_domain::goal::{Goal, Written};
use em_domain::triage::TeamScope;
use serde::{Deserialize, Serialize};

use super::check::Checks;
use super::sections::Sections;

/// A goal as written.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// The name of a metric.
    pub metric: String,
    /// The worst value that is fine, with its unit.
    pub value: String,
    /// Over how many days; 30 if absent.
    pub window: Option<String>,
    /// From how much of its limit on a pull request is told of, in per cent; 75 if absent.
    pub warn_at_percent: Option<u32>,
    /// Where its signals are posted; the common channel if absent.
    pub channel: Option<String>,
}

/// The goals of everybody, then those of the teams, by name.
pub(super) fn goals(checks: &mut Checks<'_>, sections: &Sections, teams: &[TeamScope]) -> Vec<Goal> {
    let mut goals = of(checks, "goals", &sections.goals, None);
    for (name, section) in &sections.teams {
        let team = teams.iter().find(|team| team.name == *name);
        goals.extend(of(checks, &format!("teams.{name}.goals"), &section.goals, team));
    }
    goals
}

fn of(checks: &mut Checks<'_>, key: &str, written: &[Section], team: Option<&TeamScope>) -> Vec<Goal> {
    let mut names = BTreeSet::new();
    let mut goals = Vec::new();
    for (place, section) in written.iter().enumerate() {
        let key = format!("{key}[{place}]");
        let written = Written {
            metric: &section.metric,
            value: &section.value,
            window: section.window.as_deref(),
            warn_at_percent: section.warn_at_percent,
            channel: section.channel.as_deref(),
        };
        match Goal::read(&written, team) {
            Ok(goal) => {
                // Two would tell of the same thing twice.
                let what = format!("there is another goal for {}", goal.metric.as_str());
                checks.require(&format!("{key}.metric"), names.insert(goal.name()), &what);
                goals.push(goal);
            }
            Err(wrong) => checks.refuse(&format!("{key}.{}", wrong.key), wrong.what),
        }
    }
    goals
}
