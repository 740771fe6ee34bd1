//! Purpose: Markdown, with the settings that some files begin with taken off.

use serde_yaml_ng::Value;

use crate::chunk::headings;

/// Settings at the beginning of a file are a few lines; what is longer is text.
const MOST_SETTINGS: usize = 64 * 1024;

/// The title that the settings give, or the first heading; and the text without the settings.
pub(super) fn read(text: &str) -> (Option<String>, String) {
    let (settings, body) = split(text).unwrap_or((Value::Null, text));
    let given = settings.get("title").and_then(Value::as_str).map(str::to_owned);
    (given.or_else(|| first_heading(body)), body.to_owned())
}

/// The title of the first heading that has one.
pub(super) fn first_heading(markdown: &str) -> Option<String> {
    headings(markdown)
        .into_iter()
        .map(|heading| heading.title)
        .find(|title| !title.trim().is_empty())
}

/// The settings, if the text begins with a mapping between two lines of three dashes.
fn split(text: &str) -> Option<(Value, &str)> {
    let rest = text.strip_prefix("---")?;
    let (dashes, rest) = rest.split_once('\n')?;
    if !dashes.trim().is_empty() {
        return None;
    }
    let mut at = 0;
    for line in rest.split_inclusive('\n') {
        if matches!(line.trim_end(), "---" | "...") {
            let settings: Value = serde_yaml_ng::from_str(&rest[..at]).ok()?;
            return settings
                .is_mapping()
                .then(|| (settings, &rest[at + line.len()..]));
        }
        at += line.len();
        if at > MOST_SETTINGS {
            return None;
        }
    }
    None
}
