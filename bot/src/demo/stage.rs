//! Purpose: what somebody at the demo's page can do to its world: move the clock, merge on the pretend GitHub.

use std::fmt;

use chrono::{Duration, NaiveTime};
use em_domain::calendar::WorkCalendar;
use em_domain::clock::Clock as _;
use em_domain::pull_request::PullRequestKey;
use em_simulator::github::{GithubWorld, Mergeable};
use em_simulator::{Deed, Prop, Stage};

use super::clock::{DemoClock, next_working_day};

/// Shortly before the standup asks.
const MORNING: NaiveTime = match NaiveTime::from_hms_opt(8, 55, 0) {
    Some(time) => time,
    None => NaiveTime::MIN,
};

/// The demo's world.
pub(super) struct DemoStage {
    /// Its time.
    pub(super) clock: DemoClock,
    /// Its working days, and the zone its clock is read in.
    pub(super) calendar: WorkCalendar,
    /// Its GitHub.
    pub(super) github: GithubWorld,
}

impl fmt::Debug for DemoStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DemoStage")
    }
}

/// A way to move the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    TenMinutes,
    Hour,
    NextMorning,
}

const STEPS: [Step; 3] = [Step::TenMinutes, Step::Hour, Step::NextMorning];

impl Step {
    fn id(self) -> &'static str {
        match self {
            Self::TenMinutes => "ten-minutes",
            Self::Hour => "hour",
            Self::NextMorning => "next-morning",
        }
    }

    fn deed(self) -> Deed {
        let (label, spoken) = match self {
            Self::TenMinutes => ("+10 min", "Move the clock 10 minutes forward"),
            Self::Hour => ("+1 hour", "Move the clock an hour forward"),
            Self::NextMorning => (
                "Next working day 08:55",
                "Move the clock to 08:55 of the next working day",
            ),
        };
        Deed {
            id: self.id().to_owned(),
            label: label.to_owned(),
            subject: String::new(),
            spoken: spoken.to_owned(),
        }
    }
}

impl DemoStage {
    fn time(&self) -> String {
        let now = self.clock.now().with_timezone(&self.calendar.zone);
        now.format("%a %-d %b %H:%M").to_string()
    }

    fn take(&self, step: Step) -> String {
        let now = self.clock.now();
        self.clock.move_to(match step {
            Step::TenMinutes => now + Duration::minutes(10),
            Step::Hour => now + Duration::hours(1),
            Step::NextMorning => next_working_day(&self.calendar, MORNING, now),
        });
        format!("It is now {}.", self.time())
    }

    fn merge(&self, key: &PullRequestKey) -> Result<String, String> {
        if u64::try_from(key.number)
            .is_ok_and(|number| self.github.merge_on_website(key.repository.as_str(), number))
        {
            return Ok(format!("{key} is merged."));
        }
        Err(format!("{key} cannot be merged any more."))
    }
}

impl Stage for DemoStage {
    fn props(&self) -> Vec<Prop> {
        let clock = Prop {
            id: "clock",
            name: "Clock of this demo".to_owned(),
            now: self.time(),
            about: format!("in {}", self.calendar.zone.name()),
            is_folded: false,
            deeds: STEPS.into_iter().map(Step::deed).collect(),
        };
        let pulls = self.github.mergeable_pulls();
        let github = Prop {
            id: "github",
            name: "Merge on the pretend GitHub".to_owned(),
            is_folded: true,
            deeds: pulls
                .iter()
                .filter(|pull| is_of_a_person(pull))
                .map(merge)
                .collect(),
            ..Prop::default()
        };
        vec![clock, github]
    }

    fn act(&self, deed: &str) -> Result<String, String> {
        if let Some(step) = STEPS.into_iter().find(|step| step.id() == deed) {
            return Ok(self.take(step));
        }
        let key = deed.strip_prefix("merge:").and_then(PullRequestKey::parse);
        key.map_or_else(
            || Err("That cannot be done here.".to_owned()),
            |key| self.merge(&key),
        )
    }
}

fn is_of_a_person(pull: &Mergeable) -> bool {
    !pull.author.ends_with("[bot]")
}

fn merge(pull: &Mergeable) -> Deed {
    let key = format!("{}#{}", pull.repo, pull.number);
    Deed {
        id: format!("merge:{key}"),
        label: "Merge".to_owned(),
        spoken: format!("Merge {key}, {}", pull.title),
        subject: format!("{key} {}", pull.title),
    }
}
