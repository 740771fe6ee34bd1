//! Purpose: Slack's markup as text: names instead of ids, labels before addresses; stars, tildes and backticks stay.

use crate::workspace::Workspace;

/// The text with mentions, channels, links and dates written out.
pub(crate) fn plain(w: &Workspace, text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(before);
        let Some((inside, next)) = after.split_once('>') else {
            out.push('<');
            rest = after;
            continue;
        };
        out.push_str(&reference(w, inside));
        rest = next;
    }
    out.push_str(rest);
    out.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

fn reference(w: &Workspace, inside: &str) -> String {
    let (name, label) = inside
        .split_once('|')
        .map_or((inside, None), |(n, l)| (n, Some(l)));
    if let Some(id) = name.strip_prefix('@') {
        return format!("@{}", w.handle(id));
    }
    if let Some(id) = name.strip_prefix('#') {
        let known = w.channels.iter().find(|c| c.id == id).map(|c| c.name.as_str());
        return format!("#{}", known.or(label).unwrap_or(id));
    }
    if let Some(word) = name.strip_prefix('!') {
        let date = word.starts_with("date^");
        return match label {
            Some(label) if date => label.to_owned(),
            Some(_) | None => format!("@{}", word.trim_start_matches("subteam^")),
        };
    }
    match label {
        Some(label) => format!("{label} <{name}>"),
        None => name.to_owned(),
    }
}
