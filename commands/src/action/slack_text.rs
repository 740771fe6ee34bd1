//! Purpose: what somebody typed in Slack, as they meant it. Slack writes people, channels and links into a command as
//! `<@U024BE7LH|ana>`, `<#C024BE7LH|ops>` and `<https://example.com>`.

use crate::ctx::Ctx;
use crate::link::login_of;

use super::trouble::Trouble;

/// A piece of typed text.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'t> {
    Text(&'t str),
    Person { id: &'t str, name: &'t str },
    Channel(&'t str),
    Link(&'t str),
}

/// The text for readers on GitHub: people under their accounts there, or their names where none is known.
pub(super) async fn for_github(ctx: &Ctx, text: &str) -> Result<String, Trouble> {
    let mut written = String::new();
    for piece in pieces(text) {
        match piece {
            Piece::Text(text) | Piece::Link(text) => written.push_str(text),
            Piece::Channel(name) => {
                written.push('#');
                written.push_str(name);
            }
            Piece::Person { id, name } => match login_of(ctx, &id.into()).await? {
                Some(link) => {
                    written.push('@');
                    written.push_str(link.login.as_str());
                }
                None => written.push_str(name),
            },
        }
    }
    Ok(written)
}

/// The text for readers in Slack, as it was typed; it pings nobody.
pub(super) fn for_slack(text: &str) -> String {
    let as_typed = |piece| match piece {
        Piece::Text(text) | Piece::Link(text) => text.to_owned(),
        Piece::Channel(name) => format!("#{name}"),
        Piece::Person { name, .. } => format!("@{name}"),
    };
    pieces(text).into_iter().map(as_typed).collect()
}

/// The person that a word means: `<@U024BE7LH|ana>` or `U024BE7LH`.
pub(super) fn person(word: &str) -> Option<&str> {
    let word = word.trim();
    match pieces(word).as_slice() {
        [Piece::Person { id, .. }] => Some(id),
        [Piece::Text(id)] if is_user(id) => Some(id),
        _ => None,
    }
}

fn is_user(id: &str) -> bool {
    id.len() >= 3
        && id.starts_with(['U', 'W'])
        && id.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let (mut pieces, mut plain, mut at) = (Vec::new(), 0, 0);
    while let Some(open) = text[at..].find('<').map(|found| at + found) {
        let Some(close) = text[open..].find('>').map(|found| open + found) else {
            break;
        };
        at = open + 1;
        if let Some(piece) = special(&text[open + 1..close]) {
            pieces.extend(
                Some(&text[plain..open])
                    .filter(|text| !text.is_empty())
                    .map(Piece::Text),
            );
            pieces.push(piece);
            (plain, at) = (close + 1, close + 1);
        }
    }
    pieces.extend(
        Some(&text[plain..])
            .filter(|text| !text.is_empty())
            .map(Piece::Text),
    );
    pieces
}

/// What stands between angle brackets, if Slack wrote it.
fn special(inside: &str) -> Option<Piece<'_>> {
    let (target, label) = inside.split_once('|').unwrap_or((inside, ""));
    let shown = |fallback| if label.is_empty() { fallback } else { label };
    if let Some(id) = target.strip_prefix('@').filter(|id| is_user(id)) {
        return Some(Piece::Person { id, name: shown(id) });
    }
    if let Some(id) = target.strip_prefix("#C") {
        return Some(Piece::Channel(shown(id)));
    }
    let is_link = ["https://", "http://", "mailto:"]
        .iter()
        .any(|scheme| target.starts_with(scheme));
    is_link.then(|| Piece::Link(target.strip_prefix("mailto:").unwrap_or(target)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_slack_wrote_is_told_from_what_people_wrote() {
        let typed = "a < b, <rebase> <@U0ANA|ana> in <#C0OPS|ops>: <https://x.example/a|x>, <!channel> <mailto:a@b.example|a@b.example>";
        assert_eq!(
            for_slack(typed),
            "a < b, <rebase> @ana in #ops: https://x.example/a, <!channel> a@b.example"
        );
        assert_eq!(for_slack("<@U0ANA>"), "@U0ANA");
        assert_eq!(for_slack("<@ana> é <"), "<@ana> é <");
        assert_eq!(person("<@U0ANA|ana>"), Some("U0ANA"));
        assert_eq!(person("U0ANA"), Some("U0ANA"));
        assert_eq!(person("ana"), None);
        assert_eq!(person("<@U0ANA> and <@U0BEN>"), None);
    }
}
