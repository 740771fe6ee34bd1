//! Purpose: Slack's `<!date^...>` and message times, in the reader's time zone.
//!
//! Follows <https://docs.slack.dev/messaging/formatting-message-text#date-formatting>.

use chrono::{DateTime, FixedOffset, Utc};

use super::html::{escape, link};
use super::reader::Reader;

/// Renders what follows `date^`: `seconds^format` and perhaps `^link`.
pub(crate) fn render(spec: &str, fallback: &str, reader: &Reader<'_>) -> String {
    let mut parts = spec.splitn(3, '^');
    let when = parts
        .next()
        .and_then(|s| s.parse().ok())
        .and_then(|s| DateTime::<Utc>::from_timestamp(s, 0));
    let (Some(when), Some(format)) = (when, parts.next()) else {
        return escape(fallback);
    };
    let stamp = when.to_rfc3339();
    let html = format!(
        r#"<time datetime="{stamp}">{}</time>"#,
        escape(&filled(format, when, reader))
    );
    parts.next().map_or(html.clone(), |address| link(address, &html))
}

/// The time of a message timestamp (`seconds.sequence`).
pub(crate) fn of_message(ts: &str) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(ts.split('.').next()?.parse().ok()?, 0)
}

/// `<time>` with the clock time shown and the full date in the tooltip.
pub(crate) fn clock(when: DateTime<Utc>, zone: FixedOffset) -> String {
    let local = when.with_timezone(&zone);
    let (stamp, full) = (when.to_rfc3339(), local.format("%A %-d %B %Y, %H:%M:%S"));
    format!(
        r#"<time datetime="{stamp}" title="{full}">{}</time>"#,
        local.format("%H:%M")
    )
}

/// "Today", "Yesterday" or "Monday, 2 March".
pub(crate) fn day(when: DateTime<Utc>, reader: &Reader<'_>) -> String {
    relative_day(when, reader).map_or_else(
        || when.with_timezone(&reader.zone).format("%A, %-d %B").to_string(),
        str::to_owned,
    )
}

fn relative_day(when: DateTime<Utc>, reader: &Reader<'_>) -> Option<&'static str> {
    let date = |instant: DateTime<Utc>| instant.with_timezone(&reader.zone).date_naive();
    match (date(reader.now) - date(when)).num_days() {
        0 => Some("Today"),
        1 => Some("Yesterday"),
        -1 => Some("Tomorrow"),
        _ => None,
    }
}

fn filled(format: &str, when: DateTime<Utc>, reader: &Reader<'_>) -> String {
    let local = when.with_timezone(&reader.zone);
    let mut text = format.to_owned();
    for (name, pattern) in [
        ("date_num", "%Y-%m-%d"),
        ("date_slash", "%d/%m/%Y"),
        ("date_long", "%A, %B %-d, %Y"),
        ("date_short", "%b %-d, %Y"),
        ("date", "%B %-d, %Y"),
        ("time_secs", "%H:%M:%S"),
        ("time", "%H:%M"),
    ] {
        let shown = local.format(pattern).to_string();
        let pretty = relative_day(when, reader).map_or_else(|| shown.clone(), str::to_lowercase);
        text = text
            .replace(&format!("{{{name}_pretty}}"), &pretty)
            .replace(&format!("{{{name}}}"), &shown);
    }
    text.replace("{ago}", &ago(reader.now - when))
}

fn ago(passed: chrono::TimeDelta) -> String {
    let (count, unit) = match passed.num_minutes().abs() {
        m if m < 1 => return "just now".to_owned(),
        m if m < 60 => (m, "minute"),
        m if m < 60 * 24 => (m / 60, "hour"),
        m => (m / (60 * 24), "day"),
    };
    let plural = if count == 1 { "" } else { "s" };
    if passed.num_minutes() > 0 {
        format!("{count} {unit}{plural} ago")
    } else {
        format!("in {count} {unit}{plural}")
    }
}

#[cfg(test)]
mod tests {
    use super::super::reader::tests::reader;
    use super::*;

    fn shown(spec: &str, fallback: &str) -> String {
        let html = reader(|r| render(spec, fallback, r));
        html.split_once('>')
            .and_then(|(_, rest)| rest.split_once('<'))
            .map_or(html.clone(), |(text, _)| text.to_owned())
    }

    #[test]
    fn a_date_reads_as_on_the_readers_calendar() {
        assert_eq!(
            shown("1772442000^{date_short} at {time}", "x"),
            "Mar 2, 2026 at 09:00"
        );
        assert_eq!(
            shown("1772442000^{date_pretty}, {ago}", "x"),
            "today, 3 hours ago"
        );
        assert_eq!(shown("1772366400^{date_long_pretty}", "x"), "yesterday");
    }

    #[test]
    fn a_broken_date_shows_its_fallback() {
        assert_eq!(shown("nonsense", "Monday <b>"), "Monday &lt;b&gt;");
        assert_eq!(shown("99999999999999999^{date}", "far"), "far");
    }
}
