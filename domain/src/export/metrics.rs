//! Purpose: delivery and flow metrics as a table: a row for each week, scope and metric, each the value that the report of
//! that week tells.

use chrono::NaiveDate;

use super::{Cell, Table, columns};
use crate::any_metric::AnyMetric;
use crate::delivery::{FiveKeys, Interval, Metric, NoValue, Statistic, Unit};
use crate::flow::{Flow, FlowMetric};

/// Whose work a row is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum MetricScope {
    /// Everybody's.
    All,
    /// A team's.
    Team(String),
    /// A repository's.
    Repository(String),
}

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub struct ExportedMetric {
    week: NaiveDate,
    is_partial: bool,
    metric: AnyMetric,
    scope: MetricScope,
    value: Result<f64, NoValue>,
    sample: usize,
    interval: Option<Interval>,
    unit: Unit,
    statistic: Statistic,
    mode: &'static str,
}

/// The rows of one week and scope: the five metrics of each mode, then those of flow. `week` is its Monday; a week that is not
/// over yet is partial.
pub fn metrics_of_week(
    week: NaiveDate,
    is_partial: bool,
    scope: &MetricScope,
    keys: &[FiveKeys],
    flow: &Flow,
) -> Vec<ExportedMetric> {
    let row = |metric: AnyMetric, measured: &crate::delivery::Measured, mode| ExportedMetric {
        week,
        is_partial,
        metric,
        scope: scope.clone(),
        value: measured.value,
        sample: measured.sample,
        interval: measured.interval,
        unit: measured.unit,
        statistic: measured.statistic,
        mode,
    };
    let delivery = keys.iter().flat_map(|keys| {
        let all = Metric::ALL.into_iter();
        all.map(|metric| row(metric.into(), keys.of(metric), keys.mode.as_str()))
    });
    let ours = crate::delivery::Mode::Ours.as_str();
    let flow = FlowMetric::ALL
        .into_iter()
        .map(|metric| row(metric.into(), &flow.of(metric).measured, ours));
    delivery.chain(flow).collect()
}

/// The columns. A row belongs to the Monday of its week.
pub static METRICS: Table<ExportedMetric> = Table {
    columns: columns! {
        week Day "the Monday on which the week begins, in `calendar.zone`" = |row| Cell::Day(row.week);
        is_partial Boolean "the week is not over yet" = |row| Cell::Boolean(row.is_partial);
        metric Text "`lead-time`, `cycle-time` and so on" = |row| Cell::text(row.metric.as_str());
        scope Text "`all`, `team` or `repository`" = |row| Cell::text(match row.scope {
            MetricScope::All => "all",
            MetricScope::Team(_) => "team",
            MetricScope::Repository(_) => "repository",
        });
        scope_name Text "which team or repository" = |row| match &row.scope {
            MetricScope::All => Cell::Nothing,
            MetricScope::Team(name) | MetricScope::Repository(name) => Cell::text(name),
        };
        value Real "in its unit; nothing where there is none" = |row| Cell::maybe(row.value.ok(), Cell::Real);
        no_value Text "why there is none" = |row| Cell::maybe(row.value.err(), |why| Cell::text(why.words()));
        sample Integer "of how many" = |row| Cell::Integer(i64::try_from(row.sample).unwrap_or(i64::MAX));
        interval_low Real "the lower end of the 95 % interval" = |row| Cell::maybe(row.interval, |ends| Cell::Real(ends.low));
        interval_high Real "the upper end" = |row| Cell::maybe(row.interval, |ends| Cell::Real(ends.high));
        unit Text "`seconds`, `share` (0 to 1), `per_week` and so on" = |row| super::word(row.unit);
        statistic Text "`median`, `share`, `rate` and so on" = |row| super::word(row.statistic);
        mode Text "by whose definitions" = |row| Cell::text(row.mode);
    },
    day: |row| row.week,
};
