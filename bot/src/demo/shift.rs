//! Purpose: moves sample data in time, so that what was written as "two days ago" is two days ago.

use chrono::{DateTime, Duration, SecondsFormat, Utc};

/// `line` with every RFC 3339 time in it moved by `by`. A time is a whole JSON string; one inside a sentence stays.
/// Everything else is kept byte for byte. Moved times are in UTC.
pub(crate) fn shift_times(line: &str, by: Duration) -> String {
    let mut moved = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('"') {
        let end = end_of_string(after);
        let (text, tail) = after.split_at(end);
        moved.push_str(before);
        moved.push('"');
        match time(text, by) {
            Some(time) => moved.push_str(&time),
            None => moved.push_str(text),
        }
        let quote = &tail[..tail.len().min(1)];
        moved.push_str(quote);
        rest = &tail[quote.len()..];
    }
    moved + rest
}

/// Where the string that begins here ends: at its quote, or at the end of the line if it has none.
fn end_of_string(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return at,
            _ => {}
        }
    }
    text.len()
}

fn time(text: &str, by: Duration) -> Option<String> {
    // Other texts are not even tried: almost none begins with a year.
    let begins_with_a_year = text.as_bytes().get(..5)?.is_ascii() && text.as_bytes()[4] == b'-';
    let at = DateTime::parse_from_rfc3339(text)
        .ok()
        .filter(|_| begins_with_a_year)?;
    let at = at.with_timezone(&Utc).checked_add_signed(by)?;
    Some(at.to_rfc3339_opts(SecondsFormat::AutoSi, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_strings_that_are_times_move_and_nothing_else_does() {
        let line = r#"{"at":"2026-01-15T10:00:00Z", "title":"Since \"2026-01-15T10:00:00Z\"","n":20260115,
            "zone":"2026-01-15T12:00:00+02:00","fine":"2026-01-15T10:00:00.250Z","day":"2026-01-15","empty":"","é":"\\"}"#;
        let moved = r#"{"at":"2026-02-15T09:00:00Z", "title":"Since \"2026-01-15T10:00:00Z\"","n":20260115,
            "zone":"2026-02-15T09:00:00Z","fine":"2026-02-15T09:00:00.250Z","day":"2026-01-15","empty":"","é":"\\"}"#;
        assert_eq!(shift_times(line, Duration::days(31) - Duration::hours(1)), moved);
    }

    #[test]
    fn moving_there_and_back_gives_the_same_line() {
        let line = r#"[{"a":"2025-03-01T00:00:00Z"},"x",null,"2024-02-29T23:59:59Z"]"#;
        let by = Duration::seconds(12_345_678);
        assert_eq!(shift_times(&shift_times(line, by), -by), line);
    }

    #[test]
    fn what_is_not_json_is_left_alone() {
        for line in [
            "",
            "\"",
            "\"\\",
            "\"2026-01-15T10:00:00Z",
            "no quotes",
            "\"é\"\"",
            "\"2026\u{e9}\"",
        ] {
            let moved = shift_times(line, Duration::zero());
            assert_eq!(moved, line);
        }
    }
}
