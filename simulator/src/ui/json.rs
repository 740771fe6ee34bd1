//! Purpose: short ways to read Slack's JSON, in which any field may be absent.

use serde_json::Value;

/// The text at `key`, empty when absent.
pub(crate) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// The list at `key`, empty when absent.
pub(crate) fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

/// Whether `key` holds something.
pub(crate) fn has(value: &Value, key: &str) -> bool {
    !value[key].is_null()
}
