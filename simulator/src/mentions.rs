//! Purpose: whom a message pings, so that a test can say that text from outside pinged nobody.

use serde_json::Value;

/// Somebody who gets a notification.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mention {
    /// Everybody in the channel.
    Channel,
    /// Everybody in the channel who is active.
    Here,
    /// Everybody in the workspace.
    Everyone,
    /// One person, by id.
    User(String),
    /// A user group, by id.
    Group(String),
}

/// The pings of a text and of blocks. Plain text objects ping nobody; `mrkdwn`, `markdown` and rich text do. With
/// `links_names` the bare words `@channel`, `@here`, `@everyone` ping too.
pub fn mentions_in(text: &str, blocks: &[Value], links_names: bool) -> Vec<Mention> {
    let mut found = Vec::new();
    in_text(text, links_names, &mut found);
    for block in blocks {
        in_value(block, links_names, &mut found);
    }
    found.sort();
    found.dedup();
    found
}

fn in_value(value: &Value, links_names: bool, found: &mut Vec<Mention>) {
    match value {
        Value::Object(fields) => {
            let text = |key: &str| fields.get(key).and_then(Value::as_str);
            match text("type") {
                Some("plain_text") => return,
                Some("mrkdwn" | "markdown") => in_text(text("text").unwrap_or_default(), links_names, found),
                Some("user") => found.extend(text("user_id").map(|id| Mention::User(id.to_owned()))),
                Some("usergroup") => {
                    found.extend(text("usergroup_id").map(|id| Mention::Group(id.to_owned())));
                }
                Some("broadcast") => found.extend(broadcast(text("range").unwrap_or_default())),
                Some(_) | None => {}
            }
            fields.values().for_each(|v| in_value(v, links_names, found));
        }
        Value::Array(items) => items.iter().for_each(|v| in_value(v, links_names, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn broadcast(word: &str) -> Option<Mention> {
    match word {
        "channel" => Some(Mention::Channel),
        "here" => Some(Mention::Here),
        "everyone" => Some(Mention::Everyone),
        _ => None,
    }
}

fn in_text(text: &str, links_names: bool, found: &mut Vec<Mention>) {
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('<') {
        rest = after;
        let Some((inside, _)) = after.split_once('>') else {
            break;
        };
        let name = inside.split('|').next().unwrap_or_default();
        if let Some(id) = name.strip_prefix('@') {
            found.push(Mention::User(id.to_owned()));
        } else if let Some(group) = name.strip_prefix("!subteam^") {
            found.push(Mention::Group(group.to_owned()));
        } else if let Some(word) = name.strip_prefix('!') {
            found.extend(broadcast(word));
        }
    }
    if links_names {
        let words = text.split(|c: char| c.is_whitespace() || ",.;:!?()".contains(c));
        found.extend(words.filter_map(|word| broadcast(word.strip_prefix('@')?)));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn broadcasts_and_people_ping_in_markup_only() {
        let blocks = [
            json!({"type": "section", "text": {"type": "mrkdwn", "text": "ask <@U0BEN> or <!here|here>"}}),
            json!({"type": "header", "text": {"type": "plain_text", "text": "<!channel>"}}),
        ];
        let found = mentions_in("escaped &lt;!everyone&gt; and @channel", &blocks, false);
        assert_eq!(found, [Mention::Here, Mention::User("U0BEN".into())]);
        assert_eq!(mentions_in("hey @channel!", &[], true), [Mention::Channel]);
    }

    #[test]
    fn rich_text_pings() {
        let piece = json!({"type": "broadcast", "range": "channel"});
        let block =
            json!({"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [piece]}]});
        assert_eq!(mentions_in("", &[block], false), [Mention::Channel]);
    }
}
