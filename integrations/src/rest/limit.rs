//! Purpose: how long a limit lasts, in whichever header a vendor says so.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::{DATE, HeaderMap};

/// In the order in which they are believed: the first is HTTP's own (RFC 9110). `RateLimit-Reset` is `PagerDuty`'s
/// (<https://support.pagerduty.com/docs/rest-api-rate-limits>) and GitLab's
/// (<https://docs.gitlab.com/administration/settings/user_and_ip_rate_limits/>), `X-RateLimit-Reset` Datadog's
/// (<https://docs.datadoghq.com/api/latest/rate-limits/>) and Jira's
/// (<https://developer.atlassian.com/cloud/jira/platform/rate-limiting/>), the last Sentry's
/// (<https://docs.sentry.io/api/ratelimits/>).
const HEADERS: [&str; 4] = [
    "retry-after",
    "ratelimit-reset",
    "x-ratelimit-reset",
    "x-sentry-rate-limit-reset",
];
/// Numbers from here on are seconds since 1970, below it seconds that are left: nobody limits for thirty years.
const FIRST_EPOCH: i64 = 1_000_000_000;

/// How long, if the vendor says so in a way that is known.
pub(super) fn pause(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    // By the vendor's own clock: ours may differ.
    let now = text(DATE.as_str()).and_then(instant);
    let mut pauses = HEADERS.iter().filter_map(|name| left(text(name)?, now));
    pauses.next().map(|left| left.to_std().unwrap_or(Duration::ZERO))
}

/// What is left by a header of one of the kinds that are about: seconds, seconds since 1970, or a date.
fn left(text: &str, now: Option<DateTime<Utc>>) -> Option<TimeDelta> {
    // Some write a fraction.
    let number: Option<f64> = text.parse().ok().filter(|number: &f64| number.is_finite());
    #[expect(
        clippy::cast_possible_truncation,
        reason = "what is larger is cut off to the largest"
    )]
    let whole = number.map(|number| number.ceil() as i64);
    match whole {
        Some(seconds) if seconds < FIRST_EPOCH => TimeDelta::try_seconds(seconds),
        Some(epoch) => Some(DateTime::from_timestamp(epoch, 0)? - now?),
        None => Some(instant(text)? - now?),
    }
}

fn instant(text: &str) -> Option<DateTime<Utc>> {
    let parsed = DateTime::parse_from_rfc2822(text).or_else(|_| DateTime::parse_from_rfc3339(text));
    parsed.ok().map(|at| at.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhook::tests::headers;

    #[test]
    fn a_limit_is_read_in_every_way_in_which_vendors_tell_it() {
        let date = ("date", "Tue, 02 Jun 2026 10:00:00 GMT");
        let seconds = |said: &[(&str, &str)]| pause(&headers(said)).map(|pause| pause.as_secs());
        for (name, value, expected) in [
            ("retry-after", "30", Some(30)),
            ("retry-after", "Tue, 02 Jun 2026 10:00:45 GMT", Some(45)),
            ("ratelimit-reset", "12", Some(12)),
            ("ratelimit-reset", "1780394460", Some(60)),
            ("x-ratelimit-reset", "7", Some(7)),
            ("x-ratelimit-reset", "6.2", Some(7)),
            ("x-ratelimit-reset", "2026-06-02T10:02:00Z", Some(120)),
            ("x-sentry-rate-limit-reset", "1780394405", Some(5)),
            ("x-sentry-rate-limit-reset", "1780394000", Some(0)),
            ("retry-after", "-5", Some(0)),
            ("retry-after", "soon", None),
            ("x-ratelimit-remaining", "7", None),
            ("retry-after", "inf", None),
        ] {
            assert_eq!(seconds(&[(name, value), date]), expected, "{name}: {value}");
        }
    }

    #[test]
    fn a_moment_says_nothing_without_the_vendors_clock_and_what_is_known_comes_first() {
        let seconds = |said: &[(&str, &str)]| pause(&headers(said)).map(|pause| pause.as_secs());
        assert_eq!(seconds(&[("x-sentry-rate-limit-reset", "1780394405")]), None);
        let both = [("x-ratelimit-reset", "90"), ("retry-after", "3")];
        assert_eq!(seconds(&both), Some(3));
        let nonsense = [("retry-after", "soon"), ("x-ratelimit-reset", "90")];
        assert_eq!(seconds(&nonsense), Some(90));
    }
}
