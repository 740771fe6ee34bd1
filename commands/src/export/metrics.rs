//! Purpose: metrics by week: of each week the values that its report tells, of everybody and of each team.

use chrono::{DateTime, Datelike as _, Days, NaiveDate, NaiveTime, Utc};
use em_domain::calendar::instant_in;
use em_domain::delivery::{Asked, DeliveryFacts, measure};
use em_domain::export::{ExportedMetric, METRICS, MetricScope, metrics_of_week};
use em_domain::flow::{self, FlowFacts};
use em_export::Writer;
use em_storage::DeliveryOf;

use super::{Export, ExportTrouble, write_all};
use crate::dora::apart;
use crate::dora::window::whose;

/// Whose numbers, and the window.
type Scoped = (MetricScope, Asked);

impl Export<'_> {
    pub(super) async fn metrics(&self, to: &mut Writer) -> Result<(), ExportTrouble> {
        let Some(first) = self.around.store.exports().first_at().await? else {
            return Ok(());
        };
        let first = first.with_timezone(&self.around.zone).date_naive();
        let mut week = next_monday(self.first.max(monday_of(first)));
        while week <= self.last && self.begins(week) < self.around.now {
            let rows = self.week(week).await?;
            write_all(to, &METRICS, &rows)?;
            let Some(next) = week.checked_add_days(Days::new(7)) else {
                break;
            };
            week = next;
        }
        Ok(())
    }

    fn begins(&self, day: NaiveDate) -> DateTime<Utc> {
        instant_in(self.around.zone, day, NaiveTime::MIN)
    }

    async fn week(&self, week: NaiveDate) -> Result<Vec<ExportedMetric>, ExportTrouble> {
        let end = self.begins(week.checked_add_days(Days::new(7)).unwrap_or(week));
        let whole = Asked {
            from: self.begins(week),
            to: end.min(self.around.now),
            zone: self.around.zone,
            repositories: self.repositories.clone(),
            members: None,
        };
        let of = DeliveryOf {
            asked: &whole,
            definitions: self.around.definitions,
            now: self.around.now,
        };
        let delivery = self.around.store.delivery();
        let facts = (delivery.facts(of).await?, delivery.flow_facts(of).await?);
        let scopes = self.scopes(&whole);
        let (definitions, modes) = (self.around.definitions.clone(), self.modes.clone());
        let is_partial = whole.to < end;
        let count = move |(facts, moved): (DeliveryFacts, FlowFacts)| {
            let rows = scopes.iter().flat_map(|(scope, asked)| {
                let keys: Vec<_> = modes
                    .iter()
                    .map(|mode| measure(&facts, &definitions, asked, *mode))
                    .collect();
                let flow = flow::measure(&moved, &definitions, asked);
                metrics_of_week(week, is_partial, scope, &keys, &flow)
            });
            rows.collect()
        };
        Ok(apart(move || count(facts)).await?)
    }

    /// The one that was asked for; otherwise everybody and each team.
    fn scopes(&self, whole: &Asked) -> Vec<Scoped> {
        if let Some(team) = &self.team {
            let members = self.members.clone();
            return vec![(
                MetricScope::Team(team.clone()),
                Asked {
                    members,
                    ..whole.clone()
                },
            )];
        }
        if let Some(names) = &self.repositories {
            let names = names.iter().map(ToString::to_string);
            return names
                .map(|name| (MetricScope::Repository(name), whole.clone()))
                .collect();
        }
        let teams = self.around.teams.iter().map(|team| {
            let (repositories, members) = whose(team);
            let asked = Asked {
                repositories,
                members,
                ..whole.clone()
            };
            (MetricScope::Team(team.name.clone()), asked)
        });
        std::iter::once((MetricScope::All, whole.clone()))
            .chain(teams)
            .collect()
    }
}

/// The Monday of a day's week.
fn monday_of(day: NaiveDate) -> NaiveDate {
    let back = Days::new(day.weekday().num_days_from_monday().into());
    day.checked_sub_days(back).unwrap_or(day)
}

/// The first Monday from a day on.
fn next_monday(day: NaiveDate) -> NaiveDate {
    let on = (7 - day.weekday().num_days_from_monday()) % 7;
    day.checked_add_days(Days::new(on.into())).unwrap_or(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks_begin_on_the_first_monday_from_a_day_on() {
        let day = |text: &str| -> NaiveDate { text.parse().unwrap() };
        for (from, first) in [
            ("2026-01-05", "2026-01-05"),
            ("2026-01-06", "2026-01-12"),
            ("2026-01-11", "2026-01-12"),
        ] {
            assert_eq!(next_monday(day(from)), day(first));
        }
        assert_eq!(monday_of(day("2026-01-11")), day("2026-01-05"));
    }
}
