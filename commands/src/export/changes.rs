//! Purpose: merged pull requests with their lead time. They are read by the weeks in which they were merged, and so much further as
//! it takes to see what brought them: most are live soon, and of the others only their repositories are read on.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use em_domain::delivery::Asked;
use em_domain::export::{CHANGES, ExportedChange, changes};
use em_domain::id::RepositoryName;
use em_export::Writer;
use em_storage::DeliveryOf;

use super::{Export, ExportTrouble, write_all};
use crate::dora::apart;

/// How many days of merges are read at a time.
const AT_ONCE: TimeDelta = TimeDelta::days(28);
/// How far behind them is read at first.
const BEHIND: TimeDelta = TimeDelta::days(14);
/// What was merged may be live a little earlier, by another clock.
const SLACK: TimeDelta = TimeDelta::days(1);

/// From an instant until before another.
type Span = std::ops::Range<DateTime<Utc>>;

impl Export<'_> {
    pub(super) async fn changes(&self, to: &mut Writer) -> Result<(), ExportTrouble> {
        let Some(first) = self.around.store.exports().first_at().await? else {
            return Ok(());
        };
        let mut from = self.from.max(super::midnight(first.date_naive()));
        while from < self.to && from <= self.around.now {
            let until = (from + AT_ONCE).min(self.to);
            write_all(to, &CHANGES, &self.merged(from..until).await?)?;
            from = until;
        }
        Ok(())
    }

    /// What was merged then, each with what brought it, if anything has.
    async fn merged(&self, merged: Span) -> Result<Vec<ExportedChange>, ExportTrouble> {
        let now = self.around.now;
        // What happens at this very moment is looked at too.
        let end = now.max(merged.end) + SLACK;
        let mut horizon = (merged.end + BEHIND).min(end);
        let mut repositories = self.repositories.clone();
        let mut settled: Vec<ExportedChange> = Vec::new();
        let mut looked_for: Option<BTreeSet<(RepositoryName, i64)>> = None;
        loop {
            let mut rows = self.report(&merged, horizon, repositories.clone()).await?;
            rows.retain(|row| looked_for.as_ref().is_none_or(|keys| keys.contains(&row.key())));
            let (open, done): (Vec<_>, Vec<_>) = rows.into_iter().partition(ExportedChange::is_open);
            settled.extend(done);
            let names: BTreeSet<RepositoryName> = open.iter().map(|row| row.repository().clone()).collect();
            let exports = self.around.store.exports();
            let next = if open.is_empty() || horizon >= end {
                None
            } else {
                exports
                    .next_live(&names, self.around.definitions, horizon)
                    .await?
            };
            let Some(next) = next else {
                settled.extend(open);
                break;
            };
            looked_for = Some(open.iter().map(ExportedChange::key).collect());
            repositories = Some(names);
            // Twice as far each time: a repository whose deployments bring nothing new costs few looks.
            horizon = (next + SLACK).max(horizon + (horizon - merged.start)).min(end);
        }
        settled.sort_by(|one, other| one.order().cmp(&other.order()));
        Ok(settled)
    }

    async fn report(
        &self,
        merged: &Span,
        horizon: DateTime<Utc>,
        repositories: Option<BTreeSet<RepositoryName>>,
    ) -> Result<Vec<ExportedChange>, ExportTrouble> {
        let asked = Asked {
            from: merged.start - SLACK,
            to: horizon,
            zone: self.around.zone,
            repositories,
            members: self.members.clone(),
        };
        let delivery = self.around.store.delivery();
        let facts = delivery.facts(DeliveryOf {
            asked: &asked,
            definitions: self.around.definitions,
            now: self.around.now,
        });
        let (facts, definitions, merged) = (facts.await?, self.around.definitions.clone(), merged.clone());
        Ok(apart(move || changes(&facts, &definitions, &asked, &merged)).await?)
    }
}
