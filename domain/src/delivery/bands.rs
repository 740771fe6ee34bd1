//! Purpose: which band a value falls into, by the published thresholds of each mode.

use serde::{Deserialize, Serialize};

/// A band, as its mode calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Band {
    /// DORA: the best.
    Elite,
    /// DORA: the second.
    High,
    /// DORA: the third.
    Medium,
    /// DORA: the last.
    Low,
    /// Four Keys: deploys daily.
    Daily,
    /// Four Keys: deploys weekly.
    Weekly,
    /// Four Keys: deploys monthly.
    Monthly,
    /// Four Keys: deploys less often.
    Yearly,
    /// Four Keys: takes less than a day.
    OneDay,
    /// Four Keys: takes less than a week.
    OneWeek,
    /// Four Keys: takes less than a month.
    OneMonth,
    /// Four Keys: takes less than half a year.
    SixMonths,
    /// Four Keys: takes longer.
    OneYear,
    /// Four Keys: 15 % at most.
    UpTo15Percent,
    /// Four Keys: 45 % at most.
    UpTo45Percent,
    /// Four Keys: more.
    Above45Percent,
}
