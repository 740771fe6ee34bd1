//! Purpose: a Slack thread as one document: who said what and when, in Markdown, with names in place of ids.
//! How Slack writes messages: <https://docs.slack.dev/messaging/formatting-message-text>.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use regex::{Captures, Regex};

use crate::audit::AuditRecord;

/// The line of the audit log about who saved a thread that was not kept before.
pub const SAVED: &str = "docs.saved";
/// The line about a thread that was forgotten.
pub const FORGOTTEN: &str = "docs.forgotten";
/// Characters of a title.
const LONGEST_TITLE: usize = 100;

/// `<@U1>`, `<#C1|ops>`, `<!here>`, `<https://a.b|label>`.
static ENTITY: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"<([^<>\n]+)>").ok());

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The name of who said it.
    pub author: String,
    /// When.
    pub at: DateTime<Utc>,
    /// What, as Slack writes it.
    pub text: String,
}

/// A thread to keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThreadDocument {
    /// The first line that was said.
    pub title: String,
    /// Everything that was said, as Markdown: each message under its author and date.
    pub text: String,
    /// Who began it.
    pub author: String,
    /// When its newest message was said.
    pub changed_at: DateTime<Utc>,
}

/// The thread as a document; `None` if nobody said a word. `names` are those of people by their Slack ids.
pub fn document(said: &[Said], names: &BTreeMap<String, String>) -> Option<ThreadDocument> {
    let said: Vec<&Said> = said.iter().filter(|said| !said.text.trim().is_empty()).collect();
    let first = said.first()?;
    let message = |said: &&Said| {
        let (author, day) = (literal(&said.author), said.at.format("%-d %B %Y"));
        format!("## {author}, {day}\n\n{}\n", markdown(&said.text, names))
    };
    Some(ThreadDocument {
        title: title(&first.text, names).unwrap_or_else(|| format!("A thread by {}", first.author)),
        text: said.iter().map(message).collect::<Vec<_>>().join("\n"),
        author: first.author.clone(),
        changed_at: said.iter().map(|said| said.at).max()?,
    })
}

/// The Slack ids of the people whom a message mentions.
pub fn mentioned(text: &str) -> BTreeSet<String> {
    let entities = ENTITY.iter().flat_map(|entity| entity.captures_iter(text));
    let people = entities.filter_map(|found| {
        let id = found.get(1)?.as_str().strip_prefix('@')?;
        Some(id.split('|').next()?.to_owned())
    });
    people.collect()
}

/// When a message was said, by its `ts`: seconds since 1970, a dot, microseconds.
pub fn said_at(ts: &str) -> Option<DateTime<Utc>> {
    let (seconds, micros) = ts.split_once('.')?;
    let micros: i64 = micros
        .parse()
        .ok()
        .filter(|micros| (0..1_000_000).contains(micros))?;
    let seconds: i64 = seconds.parse().ok()?;
    DateTime::from_timestamp_micros(seconds.checked_mul(1_000_000)?.checked_add(micros)?)
}

/// Who saved a thread, since it was last forgotten, when it was not kept: by the lines of the audit log about it, the newest
/// first.
pub fn saver(log: &[AuditRecord]) -> Option<&str> {
    let since = log.iter().take_while(|record| record.kind != FORGOTTEN);
    let mut saved = since.filter(|record| record.kind == SAVED);
    saved.next().map(|record| record.actor.as_str())
}

/// How what stands between angle brackets is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    /// Links stay links.
    Markdown,
    /// As people read it.
    Plain,
}

fn title(text: &str, names: &BTreeMap<String, String>) -> Option<String> {
    let line = |line: &str| {
        let shown = plain(&line.replace(['`', '*'], ""), names);
        let shown = shown.split_whitespace().collect::<Vec<_>>().join(" ");
        let shown = shown.trim_matches(['_', '~', ' ']);
        let has_words = shown.chars().any(char::is_alphanumeric);
        has_words.then(|| cut(shown))
    };
    text.lines().find_map(line)
}

fn cut(title: &str) -> String {
    match title.char_indices().nth(LONGEST_TITLE) {
        Some((end, _)) => format!("{}…", title[..end].trim_end()),
        None => title.to_owned(),
    }
}

fn plain(text: &str, names: &BTreeMap<String, String>) -> String {
    with_entities(text, |inner| entity(inner, names, Style::Plain), unescaped)
}

/// Slack's text as Markdown.
fn markdown(text: &str, names: &BTreeMap<String, String>) -> String {
    const FENCE: &str = "```";
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(FENCE) {
        let Some((block, behind)) = after.split_once(FENCE) else {
            break;
        };
        out.push_str(&running(before, names));
        let block = plain(block.trim_matches('\n'), names);
        out.extend(["\n\n", FENCE, "\n", &block, "\n", FENCE, "\n\n"]);
        rest = behind;
    }
    out.push_str(&running(rest, names));
    out.trim().to_owned()
}

/// Text outside of blocks of code.
fn running(text: &str, names: &BTreeMap<String, String>) -> String {
    let line = |line: &str| {
        let parts: Vec<&str> = line.split('`').collect();
        let is_code = |at: usize| at % 2 == 1 && at + 1 < parts.len();
        let part = |(at, part): (usize, &&str)| {
            if is_code(at) {
                return format!("`{}`", plain(part, names));
            }
            // A backtick that nothing answers is one.
            let lead = if at % 2 == 1 { "\\`" } else { "" };
            let link = |inner: &str| entity(inner, names, Style::Markdown);
            format!("{lead}{}", with_entities(part, link, literal_text))
        };
        as_one_line(&parts.iter().enumerate().map(part).collect::<String>())
    };
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

/// A line that is no heading and no end of one, whatever it begins with; Slack's bullets become Markdown's.
fn as_one_line(line: &str) -> String {
    let text = line.trim_start();
    if let Some(item) = text.strip_prefix("• ") {
        return format!("- {item}");
    }
    let is_rule = |mark: char| !text.is_empty() && text.trim_end().chars().all(|c| c == mark);
    let hashes = text.trim_start_matches('#');
    let is_heading =
        hashes.len() < text.len() && (hashes.is_empty() || hashes.starts_with(char::is_whitespace));
    if is_heading || text.starts_with("~~~") || is_rule('-') || is_rule('=') {
        return format!("\\{text}");
    }
    line.to_owned()
}

/// What stands in angle brackets by `entity`, what is beside it by `beside`.
fn with_entities(text: &str, entity: impl Fn(&str) -> String, beside: impl Fn(&str) -> String) -> String {
    let Some(pattern) = ENTITY.as_ref() else {
        return beside(text);
    };
    let (mut out, mut done) = (String::new(), 0);
    for found in pattern.captures_iter(text) {
        let (whole, inner) = brackets(&found);
        out.push_str(&beside(&text[done..whole.start]));
        out.push_str(&entity(inner));
        done = whole.end;
    }
    out.push_str(&beside(&text[done..]));
    out
}

fn brackets<'t>(found: &Captures<'t>) -> (std::ops::Range<usize>, &'t str) {
    let whole = found.get(0).map(|whole| whole.range()).unwrap_or_default();
    (whole, found.get(1).map_or("", |inner| inner.as_str()))
}

fn entity(inner: &str, names: &BTreeMap<String, String>, style: Style) -> String {
    let (what, label) = match inner.split_once('|') {
        Some((what, label)) => (what, Some(label.trim()).filter(|label| !label.is_empty())),
        None => (inner, None),
    };
    if let Some(id) = what.strip_prefix('@') {
        let name = names.get(id).map(String::as_str).or(label);
        return format!("@{}", unescaped(name.unwrap_or("somebody")));
    }
    if what.starts_with('#') {
        return label.map_or_else(|| "a channel".to_owned(), |name| format!("#{}", unescaped(name)));
    }
    if let Some(special) = what.strip_prefix('!') {
        return match (label, special) {
            (Some(label), _) => unescaped(label),
            (None, "here" | "channel" | "everyone") => format!("@{special}"),
            (None, _) => "a group".to_owned(),
        };
    }
    address(&unescaped(what), label.map(unescaped), style)
}

fn address(to: &str, label: Option<String>, style: Style) -> String {
    let is_page = to.starts_with("http://") || to.starts_with("https://");
    if style == Style::Plain || !is_page {
        return label.unwrap_or_else(|| to.to_owned());
    }
    match label {
        Some(label) => format!("[{}](<{to}>)", literal(&label)),
        None => format!("<{to}>"),
    }
}

/// The three characters that Slack escapes.
fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

/// Text whose `<` begins no HTML.
fn literal_text(text: &str) -> String {
    let text = unescaped(text);
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        let begins_html = |next: &char| next.is_alphabetic() || matches!(next, '/' | '!' | '?');
        if c == '<' && characters.peek().is_some_and(begins_html) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Text on one line in which nothing is markup.
fn literal(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut out = String::with_capacity(line.len());
    for c in line.chars() {
        if "\\`*_[]<>#".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::audit::AuditEntry;

    fn said(author: &str, minute: i64, text: &str) -> Said {
        Said {
            author: author.to_owned(),
            at: DateTime::from_timestamp(1_768_471_200 + 60 * minute, 0).unwrap(),
            text: text.to_owned(),
        }
    }

    fn names() -> BTreeMap<String, String> {
        BTreeMap::from([
            ("U1".to_owned(), "Ana".to_owned()),
            ("U2".to_owned(), "Ben".to_owned()),
        ])
    }

    fn written(text: &str) -> String {
        markdown(text, &names())
    }

    #[test]
    fn each_message_stands_under_its_author_and_date() {
        let thread = [
            said("Ana", 0, "*How do we roll back?* <@U2>\nIt is urgent."),
            said("Carl", 1, "  "),
            said("Ben", 2, "With `make undo`"),
        ];
        let document = document(&thread, &names()).unwrap();
        assert_eq!(document.title, "How do we roll back? @Ben");
        assert_eq!(document.author, "Ana");
        assert_eq!(document.changed_at, thread[2].at);
        assert_eq!(
            document.text,
            "## Ana, 15 January 2026\n\n*How do we roll back?* @Ben\nIt is urgent.\n\n## Ben, 15 January 2026\n\nWith `make undo`\n"
        );
    }

    #[test]
    fn a_thread_without_words_is_no_document() {
        assert_eq!(document(&[], &names()), None);
        assert_eq!(document(&[said("Ana", 0, " \n")], &names()), None);
    }

    #[test]
    fn a_title_is_the_first_line_with_words_and_not_too_long() {
        assert_eq!(
            title("```\n\n<https://a.test|the *plan*>", &names()).as_deref(),
            Some("the plan")
        );
        assert_eq!(title(":", &names()), None);
        let long = title(&"ä".repeat(300), &names()).unwrap();
        assert_eq!(long.chars().count(), LONGEST_TITLE + 1);
    }

    #[test]
    fn ids_become_names_and_links_stay() {
        assert_eq!(
            written("<@U1> and <@U9|zoe> and <@U8>"),
            "@Ana and @zoe and @somebody"
        );
        assert_eq!(written("<#C1|ops> <#C2> <#C2|>"), "#ops a channel a channel");
        assert_eq!(
            written("<!here> <!subteam^S1|@sre> <!subteam^S1>"),
            "@here @sre a group"
        );
        assert_eq!(
            written("<https://a.test/x?a=1&amp;b=(2)>"),
            "<https://a.test/x?a=1&b=(2)>"
        );
        assert_eq!(
            written("<https://a.test|the [plan]>"),
            "[the \\[plan\\]](<https://a.test>)"
        );
        assert_eq!(written("<mailto:a@b.test|a@b.test>"), "a@b.test");
        assert_eq!(
            mentioned("<@U1> <@U2|ben> <#C1> <!here>"),
            BTreeSet::from(["U1".to_owned(), "U2".to_owned()])
        );
    }

    #[test]
    fn code_stays_as_it_was_written() {
        assert_eq!(
            written("run ```curl <https://a.test> &amp;&amp; # no heading``` now"),
            "run \n\n```\ncurl https://a.test && # no heading\n```\n\n now"
        );
        assert_eq!(written("`a &lt; b` &lt;b&gt;"), "`a < b` \\<b>");
        assert_eq!(written("one ` alone"), "one \\` alone");
        assert!(written("``` never ended").ends_with("never ended"));
    }

    #[test]
    fn what_is_said_makes_no_headings() {
        assert_eq!(
            written("# loud\n---\nquiet\n==="),
            "\\# loud\n\\---\nquiet\n\\==="
        );
        assert_eq!(written("• one\n• two"), "- one\n- two");
        let thread = [said("A # B\n## C", 0, "x")];
        let text = document(&thread, &names()).unwrap().text;
        assert!(text.starts_with("## A \\# B \\#\\# C, "), "{text}");
    }

    #[test]
    fn timestamps_are_read() {
        let at = said_at("1768471200.000150").unwrap();
        assert_eq!(at.timestamp_micros(), 1_768_471_200_000_150);
        for wrong in ["", "x", "2026", "1.x", "1.-5", "99999999999999999999.0"] {
            assert_eq!(said_at(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn whoever_saved_it_since_it_was_forgotten_is_its_saver() {
        let record = |actor: &str, kind: &str| {
            let entry = AuditEntry {
                at: DateTime::UNIX_EPOCH,
                actor: actor.to_owned(),
                kind: kind.to_owned(),
                subject: "C1/1.0".to_owned(),
                data: serde_json::json!({}),
            };
            AuditRecord::after(None, &entry)
        };
        let mut log = vec![
            record("U2", SAVED),
            record("U1", SAVED),
            record("U9", FORGOTTEN),
            record("U3", SAVED),
        ];
        assert_eq!(saver(&log), Some("U2"));
        log.insert(0, record("U1", FORGOTTEN));
        assert_eq!(saver(&log), None);
    }

    proptest! {
        #[test]
        fn any_text_is_written_without_panic(text in "[<>@#!|&;`*~•=\\-\\n a-zA-Zä]{0,60}") {
            let _ = document(&[said("Ana", 0, &text)], &names());
        }
    }
}
