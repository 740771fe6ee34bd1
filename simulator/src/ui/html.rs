//! Purpose: the only two ways text becomes part of a page: escaped, or as a link that cannot run code.

/// Escapes text for use in element content and in double-quoted attributes.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        push_char(&mut out, c);
    }
    out
}

/// Appends one character, escaped.
pub(crate) fn push_char(out: &mut String, c: char) {
    match c {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '"' => out.push_str("&quot;"),
        '\'' => out.push_str("&#39;"),
        other => out.push(other),
    }
}

/// Whether an address may be opened from the page: never `javascript:` and the like.
pub(crate) fn is_safe_link(address: &str) -> bool {
    let lower = address.to_ascii_lowercase();
    ["http://", "https://", "mailto:", "tel:", "slack://"]
        .iter()
        .any(|scheme| lower.starts_with(scheme))
}

/// A link that opens in a new tab; `label` is already HTML. An unsafe address gives the label alone.
pub(crate) fn link(address: &str, label: &str) -> String {
    if is_safe_link(address) {
        format!(
            r#"<a href="{}" target="_blank" rel="noopener noreferrer">{label}</a>"#,
            escape(address)
        )
    } else {
        label.to_owned()
    }
}
