//! Purpose: Slack's `mrkdwn` text to safe HTML.
//!
//! Follows <https://docs.slack.dev/messaging/formatting-message-text>. Pure: text and a reader in, HTML out. It never
//! panics, and no character of the input reaches the page unescaped (property-tested below).

use serde_json::Value;

use super::date;
use super::emoji;
use super::html::{escape, link, push_char};
use super::json;
use super::reader::Reader;

/// Formatting nested deeper than this is shown as plain text; people never nest so deep, fuzzers do.
const MAX_DEPTH: usize = 6;

/// The smallest thing formatting marks are looked for between.
enum Token {
    /// One character of text, to be escaped on output.
    Char(char),
    /// Finished HTML: a link, a mention, code, an emoji.
    Html(String),
}

/// Renders a whole text: code fences, quotes, bullet lines and everything inside a line.
pub(crate) fn render(text: &str, reader: &Reader<'_>) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let mut parts = text.split("```").peekable();
    let mut fenced = false;
    while let Some(part) = parts.next() {
        if fenced && parts.peek().is_some() {
            out.push_str("<pre>");
            out.push_str(&verbatim(
                part.strip_prefix('\n').unwrap_or(part).trim_end(),
                reader,
            ));
            out.push_str("</pre>");
        } else {
            if fenced {
                out.push_str("```");
            }
            let after_fence = if out.ends_with("</pre>") {
                part.strip_prefix('\n').unwrap_or(part)
            } else {
                part
            };
            let before_fence = if parts.peek().is_some() {
                after_fence.strip_suffix('\n').unwrap_or(after_fence)
            } else {
                after_fence
            };
            lines(before_fence, reader, &mut out);
        }
        fenced = !fenced;
    }
    out
}

/// Renders `plain_text`: only emoji short names mean something.
pub(crate) fn render_plain(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some((html, used)) = emoji::at_start(rest) {
            out.push_str(&html);
            rest = &rest[used..];
            continue;
        }
        if c == '\n' {
            out.push_str("<br>");
        } else {
            push_char(&mut out, c);
        }
        rest = &rest[c.len_utf8()..];
    }
    out
}

/// Renders a text object, `{"type": "mrkdwn" | "plain_text", "text": ..}`.
pub(crate) fn object(text: &Value, reader: &Reader<'_>) -> String {
    let content = json::text(text, "text");
    if json::text(text, "type") == "mrkdwn" {
        render(content, reader)
    } else {
        render_plain(content)
    }
}

fn lines(text: &str, reader: &Reader<'_>, out: &mut String) {
    let mut quoting = false;
    let mut needs_break = false;
    for line in text.split('\n') {
        let quoted = line.strip_prefix("&gt;").or_else(|| line.strip_prefix('>'));
        if quoted.is_some() != quoting {
            out.push_str(if quoting { "</blockquote>" } else { "<blockquote>" });
            quoting = !quoting;
            needs_break = false;
        }
        let content = quoted.map_or(line, |q| q.strip_prefix(' ').unwrap_or(q));
        if let Some(item) = content.trim_start().strip_prefix("• ") {
            out.push_str(r#"<span class="bullet">"#);
            spans(&tokens(item, reader), 0, out);
            out.push_str("</span>");
            needs_break = false;
        } else {
            if needs_break {
                out.push_str("<br>");
            }
            spans(&tokens(content, reader), 0, out);
            needs_break = true;
        }
    }
    if quoting {
        out.push_str("</blockquote>");
    }
}

fn tokens(line: &str, reader: &Reader<'_>) -> Vec<Token> {
    let mut found = Vec::with_capacity(line.len());
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        let (token, used) = special(c, rest, reader).unwrap_or((Token::Char(c), c.len_utf8()));
        found.push(token);
        rest = &rest[used..];
    }
    found
}

/// Recognises what is not plain text at the start of `rest`: the token and how many bytes it took.
fn special(c: char, rest: &str, reader: &Reader<'_>) -> Option<(Token, usize)> {
    match c {
        '<' => {
            let end = rest.find('>')?;
            Some((Token::Html(angle(&rest[1..end], reader)), end + 1))
        }
        '`' => {
            let end = rest[1..].find('`').filter(|&n| n > 0)? + 1;
            Some((
                Token::Html(format!("<code>{}</code>", verbatim(&rest[1..end], reader))),
                end + 1,
            ))
        }
        '&' => entity(rest).map(|(decoded, used)| (Token::Char(decoded), used)),
        ':' => emoji::at_start(rest).map(|(html, used)| (Token::Html(html), used)),
        'h' => bare_link(rest).map(|address| {
            (
                Token::Html(link(&decode(address), &escape(&decode(address)))),
                address.len(),
            )
        }),
        _ => None,
    }
}

/// An address that stands in the text as it is; the punctuation after it is not part of it.
fn bare_link(rest: &str) -> Option<&str> {
    let scheme = ["https://", "http://"]
        .into_iter()
        .find(|scheme| rest.starts_with(scheme))?;
    let end = rest
        .find(|c: char| c.is_whitespace() || "<>|\"`*".contains(c))
        .unwrap_or(rest.len());
    let address = rest[..end].trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '\'', '_', '~']);
    (address.len() > scheme.len()).then_some(address)
}

/// The three entities Slack knows; anything else is text.
fn entity(rest: &str) -> Option<(char, usize)> {
    [("&amp;", '&'), ("&lt;", '<'), ("&gt;", '>')]
        .into_iter()
        .find(|(name, _)| rest.starts_with(name))
        .map(|(name, c)| (c, name.len()))
}

fn decode(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

/// Code keeps its marks; links inside it still show their label.
fn verbatim(text: &str, reader: &Reader<'_>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if c == '<'
            && let Some(end) = rest.find('>')
        {
            out.push_str(&angle(&rest[1..end], reader));
            rest = &rest[end + 1..];
        } else if let Some((decoded, used)) = entity(rest) {
            push_char(&mut out, decoded);
            rest = &rest[used..];
        } else {
            push_char(&mut out, c);
            rest = &rest[c.len_utf8()..];
        }
    }
    out
}

/// What stands between `<` and `>`: a person, a channel, a group, a date, a special mention or a link.
fn angle(content: &str, reader: &Reader<'_>) -> String {
    let (target, label) = match content.split_once('|') {
        Some((target, label)) => (target, Some(decode(label)).filter(|l| !l.is_empty())),
        None => (content, None),
    };
    if let Some(id) = target.strip_prefix('@') {
        let name = label.unwrap_or_else(|| reader.names.person(id).to_owned());
        let own = if reader.me == id { " me" } else { "" };
        return format!(
            r#"<span class="mention{own}">@{}</span>"#,
            escape(name.trim_start_matches('@'))
        );
    }
    if let Some(id) = target.strip_prefix('#') {
        let name = label.unwrap_or_else(|| reader.names.channel(id).to_owned());
        return format!(
            r#"<span class="mention">#{}</span>"#,
            escape(name.trim_start_matches('#'))
        );
    }
    if let Some(special) = target.strip_prefix('!') {
        return bang(special, label, reader);
    }
    let address = decode(target);
    let shown = label.unwrap_or_else(|| address.strip_prefix("mailto:").unwrap_or(&address).to_owned());
    link(&address, &render_plain(&shown))
}

fn bang(special: &str, label: Option<String>, reader: &Reader<'_>) -> String {
    if let Some(spec) = special.strip_prefix("date^") {
        return date::render(spec, label.as_deref().unwrap_or_default(), reader);
    }
    let name = special.split('^').next().unwrap_or(special);
    let shown = label.unwrap_or_else(|| format!("@{name}"));
    format!(r#"<span class="mention me">{}</span>"#, escape(&shown))
}

/// Applies `*bold*`, `_italic_` and `~strike~` between tokens.
fn spans(tokens: &[Token], depth: usize, out: &mut String) {
    let mut at = 0;
    while at < tokens.len() {
        match &tokens[at] {
            Token::Html(html) => out.push_str(html),
            Token::Char(c) => {
                if let Some(tag) = tag_of(*c).filter(|_| depth < MAX_DEPTH)
                    && let Some(close) = closing(tokens, at, *c)
                {
                    out.push_str(&format!("<{tag}>"));
                    spans(&tokens[at + 1..close], depth + 1, out);
                    out.push_str(&format!("</{tag}>"));
                    at = close + 1;
                    continue;
                }
                push_char(out, *c);
            }
        }
        at += 1;
    }
}

fn tag_of(mark: char) -> Option<&'static str> {
    match mark {
        '*' => Some("b"),
        '_' => Some("i"),
        '~' => Some("s"),
        _ => None,
    }
}

/// Where the format opened at `open` ends. As in Slack, marks count only at the edges of words.
fn closing(tokens: &[Token], open: usize, mark: char) -> Option<usize> {
    let char_at = |at: usize| match tokens.get(at) {
        Some(Token::Char(c)) => Some(*c),
        Some(Token::Html(_)) | None => None,
    };
    let word_before = open
        .checked_sub(1)
        .and_then(char_at)
        .is_some_and(|c| c.is_alphanumeric() || c == mark);
    if word_before
        || open + 1 >= tokens.len()
        || char_at(open + 1).is_some_and(|c| c.is_whitespace() || c == mark)
    {
        return None;
    }
    (open + 2..tokens.len()).find(|&at| {
        char_at(at) == Some(mark)
            && !char_at(at - 1).is_some_and(char::is_whitespace)
            && !char_at(at + 1).is_some_and(|c| c.is_alphanumeric() || c == mark)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::reader::tests::reader;
    use super::*;

    fn html(text: &str) -> String {
        reader(|r| render(text, r))
    }

    #[test]
    fn marks_at_word_edges_become_formatting() {
        assert_eq!(
            html("*bold* _it_ ~no~ `a*b*`"),
            "<b>bold</b> <i>it</i> <s>no</s> <code>a*b*</code>"
        );
        assert_eq!(html("*_both_*"), "<b><i>both</i></b>");
        assert_eq!(html("(*in brackets*)"), "(<b>in brackets</b>)");
    }

    #[test]
    fn marks_inside_words_or_beside_spaces_stay_text() {
        for text in [
            "snake_case_name",
            "2 * 3 * 4",
            "a*b*c",
            "* not a list",
            "~/bin",
            "**",
            "***",
        ] {
            assert_eq!(html(text), text);
        }
    }

    #[test]
    fn links_open_in_a_new_tab_and_scripts_are_not_links() {
        assert_eq!(
            html("<https://a.b/?x=1&amp;y=2|the *label*>"),
            r#"<a href="https://a.b/?x=1&amp;y=2" target="_blank" rel="noopener noreferrer">the *label*</a>"#
        );
        assert_eq!(html("<javascript:alert(1)|click>"), "click");
        assert!(
            html("see https://a.b/c_d_e, or (http://x.y).").contains(r#"<a href="https://a.b/c_d_e" target"#)
        );
        assert!(html("see https://a.b/c_d_e, or (http://x.y).").ends_with("http://x.y</a>)."));
    }

    #[test]
    fn mentions_show_names_and_own_name_stands_out() {
        assert_eq!(html("<@U2>"), r#"<span class="mention">@Ben Ode</span>"#);
        assert_eq!(html("<@U1>"), r#"<span class="mention me">@Ana Ruiz</span>"#);
        assert_eq!(html("<#C1>"), r#"<span class="mention">#ops</span>"#);
        assert_eq!(html("<!here>"), r#"<span class="mention me">@here</span>"#);
    }

    #[test]
    fn quotes_fences_and_bullets_become_blocks() {
        assert_eq!(html("a\n&gt; b\n> c\nd"), "a<blockquote>b<br>c</blockquote>d");
        assert_eq!(html("x\n```\nlet a = *b*;\n```\ny"), "x<pre>let a = *b*;</pre>y");
        assert_eq!(
            html("• one\n• two"),
            r#"<span class="bullet">one</span><span class="bullet">two</span>"#
        );
        assert_eq!(html("```open"), "```open");
    }

    #[test]
    fn html_in_the_text_is_shown_and_not_run() {
        assert_eq!(html("&lt;script&gt;"), "&lt;script&gt;");
        assert!(!html("<script>alert(1)</script>").contains("<script"));
        assert!(!html("\"><img src=x onerror=alert(1)>").contains("<img"));
    }

    /// The tags that may appear, with attributes in exactly the shapes written above.
    fn only_our_tags(html: &str) -> bool {
        let plain = [
            "b",
            "i",
            "s",
            "code",
            "pre",
            "blockquote",
            "br",
            "/b",
            "/i",
            "/s",
            "/code",
            "/pre",
            "/blockquote",
            "/a",
            "/span",
            "/time",
        ];
        let shapes = [
            r#"a href="http"#,
            r#"a href="mailto:"#,
            r#"a href="tel:"#,
            r#"a href="slack://"#,
            r#"span class="mention"#,
            r#"span class="bullet""#,
            r#"span class="emoji" role="img" aria-label=""#,
            r#"time datetime=""#,
        ];
        html.split('<').skip(1).all(|piece| {
            piece.split_once('>').is_some_and(|(tag, text)| {
                let known = plain.contains(&tag)
                    || shapes.iter().any(|s| tag.starts_with(s))
                        && tag.matches('"').count().is_multiple_of(2);
                known && !text.contains('>')
            })
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        #[test]
        fn nothing_of_the_input_becomes_a_tag(text in "([<>&*_~`|:!@#^{}\"'= \n•]|https?://|javascript:|mailto:|date\\^1|&lt;|&gt;|&amp;|```|:tada:|[a-z0-9é😀]){0,60}") {
            prop_assert!(only_our_tags(&html(&text)), "{}", html(&text));
            prop_assert!(only_our_tags(&render_plain(&text)));
        }

        #[test]
        fn any_text_at_all_is_rendered(text in any::<String>()) {
            prop_assert!(only_our_tags(&html(&text)));
        }
    }
}
