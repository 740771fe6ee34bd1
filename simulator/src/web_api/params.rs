//! Purpose: the arguments of a call, whether they came as a form, as JSON or in the query.

use serde_json::{Map, Value};

/// The arguments of one call.
#[derive(Debug, Clone, Default)]
pub(crate) struct Params(pub(crate) Map<String, Value>);

impl Params {
    pub(crate) fn parse(query: Option<&str>, content_type: &str, body: &[u8]) -> Self {
        let mut all = Map::new();
        add_form(&mut all, query.unwrap_or_default().as_bytes());
        if content_type.starts_with("application/json") {
            if let Ok(Value::Object(given)) = serde_json::from_slice(body) {
                all.extend(given);
            }
        } else {
            add_form(&mut all, body);
        }
        for key in ["blocks", "attachments", "metadata", "view", "files"] {
            if let Some(Value::String(text)) = all.get(key)
                && let Ok(parsed) = serde_json::from_str(text)
            {
                all.insert(key.to_owned(), parsed);
            }
        }
        Self(all)
    }

    /// A text argument that is not empty.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(Value::as_str).filter(|s| !s.is_empty())
    }

    pub(crate) fn flag(&self, key: &str) -> bool {
        match self.0.get(key) {
            Some(Value::Bool(flag)) => *flag,
            Some(Value::String(text)) => text == "true" || text == "1",
            Some(Value::Number(number)) => number.as_u64() == Some(1),
            Some(Value::Null | Value::Array(_) | Value::Object(_)) | None => false,
        }
    }

    pub(crate) fn number(&self, key: &str) -> Option<usize> {
        let value = self.0.get(key)?;
        let number = value.as_u64().or_else(|| value.as_str()?.parse().ok());
        number.and_then(|n| usize::try_from(n).ok())
    }

    /// A structured argument; `null` counts as absent.
    pub(crate) fn json(&self, key: &str) -> Option<&Value> {
        self.0.get(key).filter(|v| !v.is_null())
    }
}

fn add_form(all: &mut Map<String, Value>, form: &[u8]) {
    for (key, value) in url::form_urlencoded::parse(form) {
        all.insert(key.into_owned(), Value::String(value.into_owned()));
    }
}
