//! Purpose: text for Slack's `mrkdwn` fields that is safe because of how it was made.
//!
//! A [`Mrkdwn`] is put together from pieces: our own words, other people's words (escaped when rendered), links,
//! mentions and dates. It becomes a string only in [`Mrkdwn::render`], which cuts between pieces or characters,
//! never inside an entity or a link. There is no way to put a ready-made string of markup in.
//! Escaping: <https://docs.slack.dev/messaging/formatting-message-text#escaping>.

use chrono::{DateTime, Utc};
use em_domain::id::{SlackChannel, SlackUser};
use url::Url;

use crate::limits::{self, clean, fit, length};

/// Put around a formatting character of other people's text. Slack formats only where such a character stands at
/// the edge of a word; the word joiner is no edge, cannot be seen, and is not read out.
const WORD_JOINER: &str = "\u{2060}";

/// The longest address that is made a link inside text; longer ones are shown without.
const MAX_LINK_URL: usize = 300;

/// Text for a `mrkdwn` field that cannot format or ping except where we meant it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mrkdwn(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    /// Our own words; the only piece that may hold line breaks.
    Ours(&'static str),
    /// Somebody else's words, cleaned to one line.
    Theirs(String),
    /// A mention or a date, whole or not at all.
    Mark(String),
    /// A link; `url` is escaped already.
    Link { url: String, label: String },
    /// Between two formatting characters.
    Styled { mark: char, inner: Mrkdwn },
    /// Literal text in code type.
    Code(String),
    /// Cut to a length of its own.
    Capped { max: usize, inner: Mrkdwn },
}

/// Our own words. Only text that is part of the program fits in here.
pub fn words(text: &'static str) -> Mrkdwn {
    Mrkdwn(vec![Piece::Ours(text)])
}

/// Somebody else's words, shown as they were written, on one line. They neither format nor ping.
pub fn escape(text: &str) -> Mrkdwn {
    let clean = clean(text);
    Mrkdwn(if clean.is_empty() {
        Vec::new()
    } else {
        vec![Piece::Theirs(clean)]
    })
}

/// A link. Without the link, only the label, if `url` is no `http` or `https` address or is overlong.
pub fn link(url: &str, label: &str) -> Mrkdwn {
    // Slack takes the first bar for the end of the address; a label without one cannot confuse other readers.
    let label = clean(label).replace('|', "¦");
    let label = if label.is_empty() {
        "(no title)".to_owned()
    } else {
        label
    };
    match web_address(url).map(|url| String::from(url).replace('|', "%7C").replace('&', "&amp;")) {
        Some(url) if length(&url) <= MAX_LINK_URL => Mrkdwn(vec![Piece::Link { url, label }]),
        Some(_) | None => escape(&label),
    }
}

/// `text` as an address of the web, if it is one.
pub fn web_address(text: &str) -> Option<Url> {
    let url = Some(text)
        .filter(|text| text.len() <= limits::URL)
        .and_then(|text| Url::parse(text).ok())?;
    let is_plain = |c: char| !matches!(c, '<' | '>' | '"' | ' ') && !c.is_control();
    (matches!(url.scheme(), "http" | "https") && url.has_host() && url.as_str().chars().all(is_plain))
        .then_some(url)
}

/// A person, by name; whether that pings depends on where it is shown (see [`crate::people`]).
pub fn mention(user: &SlackUser) -> Mrkdwn {
    mark_or_text('@', user.as_str(), &['U', 'W'])
}

/// A channel, by name.
pub fn channel(id: &SlackChannel) -> Mrkdwn {
    mark_or_text('#', id.as_str(), &['C', 'G'])
}

/// A user group, by name (<https://docs.slack.dev/messaging/formatting-message-text#mentioning-groups>).
pub fn user_group(id: &str) -> Mrkdwn {
    let is_id = id.starts_with('S')
        && id.len() <= 32
        && id.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    if is_id {
        Mrkdwn(vec![Piece::Mark(format!("<!subteam^{id}>"))])
    } else {
        escape(id)
    }
}

fn mark_or_text(sigil: char, id: &str, kinds: &[char]) -> Mrkdwn {
    let is_id = id.starts_with(kinds)
        && id.len() <= 32
        && id.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    if is_id {
        Mrkdwn(vec![Piece::Mark(format!("<{sigil}{id}>"))])
    } else {
        escape(id)
    }
}

/// An instant in the reader's own time zone; `fallback` is for programs that do not know dates
/// (<https://docs.slack.dev/messaging/formatting-message-text#date-formatting>).
pub fn date(at: DateTime<Utc>, format: &'static str, fallback: &str) -> Mrkdwn {
    let plain: String = clean(fallback)
        .chars()
        .filter(|c| !matches!(c, '<' | '>' | '|' | '^' | '&'))
        .collect();
    Mrkdwn(vec![Piece::Mark(format!(
        "<!date^{}^{format}|{}>",
        at.timestamp(),
        fit(&plain, 60)
    ))])
}

/// Bold.
pub fn bold(inner: Mrkdwn) -> Mrkdwn {
    styled('*', inner)
}

/// Struck through: done.
pub fn strike(inner: Mrkdwn) -> Mrkdwn {
    styled('~', inner)
}

fn styled(mark: char, inner: Mrkdwn) -> Mrkdwn {
    if inner.is_empty() {
        return inner;
    }
    Mrkdwn(vec![Piece::Styled { mark, inner }])
}

/// Something to type or copy, in code type; backticks in it become apostrophes.
pub fn code(text: &str) -> Mrkdwn {
    let clean = clean(text).replace('`', "'");
    Mrkdwn(if clean.is_empty() {
        Vec::new()
    } else {
        vec![Piece::Code(clean)]
    })
}

/// A sentence of the program's that was put together at run time: what stands between backticks is code, the rest
/// is shown as it is.
pub fn sentence(text: &str) -> Mrkdwn {
    let parts = text.split('`').enumerate();
    let pieces = parts.flat_map(|(number, part)| {
        let piece = if number % 2 == 1 {
            code(part).0
        } else {
            spaced(part)
        };
        piece.into_iter()
    });
    Mrkdwn(pieces.collect())
}

/// Like [`escape`], but the spaces at the ends stay.
fn spaced(text: &str) -> Vec<Piece> {
    let space = |has: bool| has.then_some(Piece::Ours(" "));
    let inner = escape(text).0;
    if inner.is_empty() {
        return space(!text.is_empty()).into_iter().collect();
    }
    let (before, after) = (
        text.starts_with(char::is_whitespace),
        text.ends_with(char::is_whitespace),
    );
    space(before)
        .into_iter()
        .chain(inner)
        .chain(space(after))
        .collect()
}

/// One after the other.
pub fn cat<const N: usize>(parts: [Mrkdwn; N]) -> Mrkdwn {
    Mrkdwn(parts.into_iter().flat_map(|part| part.0).collect())
}

/// One after the other with `separator` in between; empty parts are left out.
pub fn join(parts: impl IntoIterator<Item = Mrkdwn>, separator: &'static str) -> Mrkdwn {
    let mut all = Mrkdwn::default();
    for part in parts.into_iter().filter(|part| !part.is_empty()) {
        if !all.is_empty() {
            all.0.push(Piece::Ours(separator));
        }
        all.0.extend(part.0);
    }
    all
}

impl Mrkdwn {
    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The same, but never longer than `max` units, however long the text around it may be.
    #[must_use]
    pub fn capped(self, max: usize) -> Self {
        if self.is_empty() {
            return self;
        }
        Self(vec![Piece::Capped { max, inner: self }])
    }

    /// The same words without bold, links and the like: for notifications and screen readers.
    #[must_use]
    pub fn without_style(&self) -> Self {
        let plain = |piece: &Piece| match piece {
            Piece::Styled { inner, .. } | Piece::Capped { inner, .. } => inner.without_style().0,
            Piece::Link { label, .. } => vec![Piece::Theirs(label.clone())],
            Piece::Ours(_) | Piece::Theirs(_) | Piece::Mark(_) | Piece::Code(_) => vec![piece.clone()],
        };
        Self(self.0.iter().flat_map(plain).collect())
    }

    /// The length it would have in full, in UTF-16 units.
    pub fn length(&self) -> usize {
        length(&self.render(usize::MAX))
    }

    /// The string for Slack, of at most `max` units. What does not fit is cut at the end, with an ellipsis.
    pub fn render(&self, max: usize) -> String {
        let mut whole = Pen::with_room(usize::MAX);
        whole.write(self);
        if length(&whole.out) <= max {
            return whole.out;
        }
        // One unit is kept for the ellipsis.
        let Some(room) = max.checked_sub(1) else {
            return String::new();
        };
        let mut pen = Pen::with_room(room);
        pen.write(self);
        pen.out
    }
}

/// Writes pieces until the room is used up.
struct Pen {
    out: String,
    room: usize,
}

impl Pen {
    fn with_room(room: usize) -> Self {
        Self {
            out: String::new(),
            room,
        }
    }

    /// Writes all pieces, or as many as fit and an ellipsis; false if something was left out.
    fn write(&mut self, text: &Mrkdwn) -> bool {
        text.0.iter().all(|piece| self.piece(piece))
    }

    fn piece(&mut self, piece: &Piece) -> bool {
        match piece {
            Piece::Ours(text) => self.letters(text.chars().map(entity)),
            Piece::Theirs(text) => self.letters(literal(text)),
            Piece::Mark(mark) => self.take(mark) || self.cut(),
            Piece::Link { url, label } => self.link(url, label),
            Piece::Styled { mark, inner } => self.between(*mark, |pen| pen.write(inner)),
            Piece::Capped { max, inner } => self.take(&inner.render(*max)) || self.write(inner),
            Piece::Code(text) => self.between('`', |pen| pen.letters(text.chars().map(entity))),
        }
    }

    fn letters(&mut self, letters: impl IntoIterator<Item = Letter>) -> bool {
        letters
            .into_iter()
            .all(|letter| self.letter(&letter) || self.cut())
    }

    fn letter(&mut self, letter: &Letter) -> bool {
        let Letter { before, body, after } = *letter;
        let mut buffer = [0; 4];
        let body = match body {
            Body::Plain(c) => &*c.encode_utf8(&mut buffer),
            Body::Entity(entity) => entity,
        };
        let needed = length(before) + length(body) + length(after);
        let fits = needed <= self.room;
        if fits {
            self.room -= needed;
            self.out.extend([before, body, after]);
        }
        fits
    }

    fn link(&mut self, url: &str, label: &str) -> bool {
        // A link of which not even the start of the label fits is left out whole.
        let frame = length(url) + 3;
        if self.room < frame + 8 {
            return self.cut();
        }
        self.room -= 1;
        let fits = self.take(&format!("<{url}|")) && self.letters(literal(label));
        self.out.push('>');
        fits
    }

    fn between(&mut self, mark: char, inside: impl FnOnce(&mut Self) -> bool) -> bool {
        if self.room < 3 {
            return self.cut();
        }
        self.room -= 2;
        self.out.push(mark);
        let start = self.out.len();
        let fits = inside(self);
        if self.out.len() == start {
            self.out.pop();
        } else {
            self.out.push(mark);
        }
        fits
    }

    fn take(&mut self, text: &str) -> bool {
        let needed = length(text);
        let fits = needed <= self.room;
        if fits {
            self.out.push_str(text);
            self.room -= needed;
        }
        fits
    }

    /// Ends the text with an ellipsis, for which `render` kept room.
    fn cut(&mut self) -> bool {
        self.out.push('…');
        false
    }
}

/// One character as it is sent: whole or not at all.
#[derive(Debug, Clone, Copy)]
struct Letter {
    before: &'static str,
    body: Body,
    after: &'static str,
}

#[derive(Debug, Clone, Copy)]
enum Body {
    Plain(char),
    Entity(&'static str),
}

/// A character of ours: only Slack's three control characters need care.
fn entity(c: char) -> Letter {
    let body = match c {
        '&' => Body::Entity("&amp;"),
        '<' => Body::Entity("&lt;"),
        '>' => Body::Entity("&gt;"),
        other => Body::Plain(other),
    };
    Letter {
        before: "",
        body,
        after: "",
    }
}

/// The characters of somebody else's text, each so written that Slack shows it and does nothing more.
fn literal(text: &str) -> impl Iterator<Item = Letter> {
    let mut before = None;
    let mut letters = text.chars().peekable();
    std::iter::from_fn(move || {
        let letter = letters.next()?;
        let written = literal_letter(letter, before, letters.peek().copied());
        before = Some(letter);
        Some(written)
    })
}

fn literal_letter(letter: char, before: Option<char>, after: Option<char>) -> Letter {
    let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let plain = entity(letter);
    match letter {
        // Inside a word (`snake_case`) these do not format, and the name stays good to copy.
        '*' | '_' | '~' if is_word(before) && is_word(after) => plain,
        '*' | '_' | '~' | '`' => Letter {
            before: WORD_JOINER,
            after: WORD_JOINER,
            ..plain
        },
        // `:tada:` and `@channel`, where a client would still read them.
        ':' | '@' if after.is_some_and(|c| !c.is_whitespace()) => Letter {
            after: WORD_JOINER,
            ..plain
        },
        // At the start of a line it would be a quotation, escaped or not.
        '>' => Letter {
            before: WORD_JOINER,
            ..plain
        },
        _ => plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What a reader sees of escaped text.
    fn visible(rendered: &str) -> String {
        rendered
            .replace(WORD_JOINER, "")
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&amp;", "&")
    }

    fn hostile() -> impl Strategy<Value = String> {
        let bits = prop::sample::select(vec![
            "<!channel>",
            "<!here>",
            "<@U1>",
            "*",
            "_",
            "~",
            "`",
            "```",
            ":tada:",
            "&amp;",
            "&",
            "<",
            ">",
            "|",
            "\n",
            " ",
            "a",
            "é",
            "👩‍💻",
            "http://x.example/?a=1&b=<2>",
            "\u{202e}",
            "\u{2060}",
        ]);
        prop_oneof![
            any::<String>(),
            prop::collection::vec(bits, 0..40).prop_map(|v| v.concat())
        ]
    }

    #[test]
    fn a_sentence_shows_what_is_between_backticks_as_code_and_escapes_the_rest() {
        let text = sentence("Write `/em-agent link` now, <!channel>, not *bold*.").render(1_000);
        assert!(text.starts_with("Write `/em-agent link` now, &lt;"), "{text}");
        assert!(text.contains("\u{2060}*\u{2060}bold"), "{text}");
        assert_eq!(sentence("`triage`").render(1_000), "`triage`");
        assert_eq!(sentence("").render(1_000), "");
    }

    proptest! {
        #[test]
        fn escaped_text_has_no_markup_and_reads_as_written(text in hostile()) {
            let rendered = escape(&text).render(usize::MAX);
            prop_assert!(!rendered.contains(['<', '>']));
            prop_assert_eq!(visible(&rendered), clean(&text));
            prop_assert!(length(&rendered) <= 5 * length(&text));
        }

        #[test]
        fn rendered_text_is_within_its_limit_and_never_cut_inside_markup(
            texts in prop::collection::vec(hostile(), 1..6), max in 0_usize..300,
        ) {
            let text = join(
                texts.iter().map(|t| cat([bold(escape(t)), words(" & "), link("https://x.example/a?b=1&c=2", t), strike(code(t))])),
                "\n",
            );
            let rendered = text.render(max);
            prop_assert!(length(&rendered) <= max);
            prop_assert_eq!(rendered.matches('<').count(), rendered.matches('>').count());
            for after in rendered.split('&').skip(1) {
                prop_assert!(["amp;", "lt;", "gt;"].iter().any(|e| after.starts_with(e)), "{}", rendered);
            }
            for after in rendered.split('<').skip(1) {
                prop_assert!(after.starts_with("https://x.example/a?b=1&amp;c=2|"), "{}", rendered);
            }
        }
    }

    #[test]
    fn formatting_and_pings_are_shown_as_written() {
        let shown = |text| escape(text).render(200).replace(WORD_JOINER, "·");
        assert_eq!(
            shown("<!channel> *now* @here"),
            "&lt;!channel·&gt; ·*·now·*· @·here"
        );
        assert_eq!(shown("`rm -rf` ~old~ _it_"), "·`·rm -rf·`· ·~·old·~· ·_·it·_·");
        assert_eq!(shown("snake_case_name at 12:30"), "snake_case_name at 12:·30");
        assert_eq!(shown(":tada: done: yes"), ":·tada: done: yes");
        assert_eq!(shown("> quoted & more"), "·&gt; quoted &amp; more");
    }

    #[test]
    fn only_web_addresses_become_links() {
        let link = |url: &str, label: &str| super::link(url, label).render(200);
        assert_eq!(
            link("https://x.example/a|b?c&d", "a|b>c"),
            "<https://x.example/a%7Cb?c&amp;d|a¦b\u{2060}&gt;c>"
        );
        assert_eq!(link("javascript:alert(1)", "title"), "title");
        assert_eq!(link("not a link", "title"), "title");
        assert_eq!(
            link(&format!("https://x.example/{}", "a".repeat(700)), "title"),
            "title"
        );
        assert_eq!(
            link("https://x.example/", "\u{200b}"),
            "<https://x.example/|(no title)>"
        );
    }

    #[test]
    fn a_mention_needs_a_real_id() {
        assert_eq!(mention(&"U024BE7LH".into()).render(99), "<@U024BE7LH>");
        assert_eq!(
            mention(&"U1> <!channel".into()).render(99).matches('<').count(),
            0
        );
        assert_eq!(channel(&"C024BE7LH".into()).render(99), "<#C024BE7LH>");
    }

    #[test]
    fn a_cut_closes_what_it_opened() {
        assert_eq!(bold(words("twelve letters")).render(8), "*twelv…*");
        assert_eq!(
            link("https://x.example/", "a long title").render(30),
            "<https://x.example/|a long t…>"
        );
        assert_eq!(
            cat([words("see "), link("https://x.example/", "a title")]).render(20),
            "see …"
        );
    }
}
