//! Purpose: what Slack's composer makes of typed text.

use super::Workspace;

impl Workspace {
    /// What the composer makes of typed text: `@ben` and `#ops` become links, `&`, `<` and `>` are escaped.
    pub(crate) fn link_names_in(&self, text: &str) -> String {
        let escaped = text
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;");
        let words = escaped.split_inclusive(char::is_whitespace).map(|word| {
            let bare = word.trim_end_matches(|c: char| c.is_whitespace() || ",.:;!?)".contains(c));
            let rest = &word[bare.len()..];
            let mention = bare.strip_prefix("&lt;@").and_then(|w| w.strip_suffix("&gt;"));
            if let Some(person) = mention
                .or(bare.strip_prefix('@'))
                .and_then(|name| self.person(name))
            {
                return format!("<@{}>{rest}", person.id);
            }
            match bare.strip_prefix('#').and_then(|name| self.channel(name)) {
                Some(channel) => format!("<#{}|{}>{rest}", channel.id, channel.name),
                None => word.to_owned(),
            }
        });
        words.collect()
    }
}
