//! Purpose: Confluence's storage format as plain HTML: what macros say stays, how they look goes. Code stands in CDATA, which
//! readers of HTML throw away.
//! Source: <https://confluence.atlassian.com/doc/confluence-storage-format-790796544.html>.

/// Elements of which nothing is read.
const SKIPPED: [&str; 6] = [
    "ac:image",
    "ac:task-id",
    "ac:task-uuid",
    "ac:placeholder",
    "ac:adf-attribute",
    "ac:adf-fallback",
];

/// Macros whose text stands apart from what is around it.
const PANELS: [&str; 7] = ["info", "note", "warning", "tip", "panel", "excerpt", "quote"];

/// The page as HTML. Whatever comes in, something comes out: what is not understood is left as it is.
pub(super) fn html(storage: &str) -> String {
    let mut writer = Writer::default();
    let mut rest = storage;
    while !rest.is_empty() {
        let (token, after) = next(rest);
        writer.take(&token);
        rest = after;
    }
    writer.finish()
}

/// Whether anything is left to read outside of tags.
pub(super) fn has_words(html: &str) -> bool {
    let mut rest = html;
    while !rest.is_empty() {
        let (token, after) = next(rest);
        if matches!(token, Token::Text(text) if text.replace("&nbsp;", " ").chars().any(char::is_alphanumeric))
        {
            return true;
        }
        rest = after;
    }
    false
}

#[derive(Debug, PartialEq, Eq)]
enum Token<'a> {
    /// As it stands, with entities.
    Text(&'a str),
    /// Without entities.
    Cdata(&'a str),
    /// `<name ...>`; all between the brackets.
    Open(&'a str),
    /// `<name ... />`
    Single(&'a str),
    /// `</name>`; the name.
    Close(&'a str),
    /// A comment or the like.
    Nothing,
}

/// The first token, and what follows it.
fn next(text: &str) -> (Token<'_>, &str) {
    if let Some(rest) = text.strip_prefix("<![CDATA[") {
        let (inside, after) = rest.split_once("]]>").unwrap_or((rest, ""));
        return (Token::Cdata(inside), after);
    }
    if let Some(rest) = text.strip_prefix("<!--") {
        return (
            Token::Nothing,
            rest.split_once("-->").map_or("", |(_, after)| after),
        );
    }
    if text.starts_with('<') {
        // What never ends is text.
        let Some(end) = end_of_tag(text) else {
            return (Token::Text(text), "");
        };
        let (inside, after) = (&text[1..end], &text[end + 1..]);
        let token = if let Some(name) = inside.strip_prefix('/') {
            Token::Close(name.trim())
        } else if let Some(inside) = inside.strip_suffix('/') {
            Token::Single(inside)
        } else {
            Token::Open(inside)
        };
        return (token, after);
    }
    let end = text.find('<').unwrap_or(text.len());
    (Token::Text(&text[..end]), &text[end..])
}

/// Where the tag ends that `text` begins with; a `>` in quotes does not end it.
fn end_of_tag(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, c) in text.char_indices().skip(1) {
        match (quote, c) {
            (None, '>') => return Some(at),
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            (None | Some(_), _) => {}
        }
    }
    None
}

fn name(tag: &str) -> &str {
    tag.split(|c: char| c.is_whitespace() || c == '/')
        .next()
        .unwrap_or_default()
}

/// The value of an attribute, as it stands: its entities fit into HTML.
fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let mut from = 0;
    while let Some(found) = tag[from..].find(name) {
        let start = from + found;
        let rest = tag[start + name.len()..].trim_start();
        let is_whole = tag[..start].ends_with(char::is_whitespace);
        if let Some(value) = rest.strip_prefix('=').map(str::trim_start).filter(|_| is_whole) {
            let quote = value.chars().next().filter(|c| ['"', '\''].contains(c))?;
            return value[1..].split(quote).next();
        }
        from = start + name.len();
    }
    None
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// An element of Confluence's own that is open.
#[derive(Debug)]
enum Open {
    /// A macro: its name, and its parameters as they come.
    Macro {
        name: String,
        parameters: Vec<(String, String)>,
    },
    /// A parameter of the macro around it, and its text.
    Parameter { name: String, text: String },
    /// A link: what it leads to, and whether words of its own were written.
    Link { target: String, is_worded: bool },
    /// A task's state.
    Status(String),
    /// Nothing in it is read.
    Skipped,
    /// An element that becomes another one, which must be closed so.
    Other { end: &'static str },
}

#[derive(Debug, Default)]
struct Writer {
    html: String,
    /// Open elements of Confluence's own, with their names.
    open: Vec<(String, Open)>,
    skipped: usize,
}

impl Writer {
    fn take(&mut self, token: &Token<'_>) {
        match token {
            Token::Text(text) => self.words(text),
            Token::Cdata(text) => self.words(&escaped(text)),
            Token::Nothing => {}
            Token::Single(tag) if name(tag).starts_with("ac:") => {
                self.begin(tag);
                self.end(name(tag));
            }
            Token::Single(tag) => self.single(tag),
            Token::Open(tag) if name(tag).starts_with("ac:") => self.begin(tag),
            Token::Open(tag) if name(tag).starts_with("ri:") => self.single(tag),
            Token::Open(tag) => self.write(&format!("<{tag}>")),
            Token::Close(name) if name.starts_with("ac:") => self.end(name),
            Token::Close(name) if name.starts_with("ri:") => {}
            Token::Close(name) => self.write(&format!("</{name}>")),
        }
    }

    fn write(&mut self, html: &str) {
        if self.skipped == 0 {
            self.html.push_str(html);
        }
    }

    /// Text, in HTML's way of writing.
    fn words(&mut self, text: &str) {
        match self.open.last_mut() {
            Some((_, Open::Parameter { text: value, .. } | Open::Status(value))) => value.push_str(text),
            // Between the parts of a macro, a link or a list of tasks there is only white space.
            Some((_, Open::Macro { .. } | Open::Link { .. })) => {}
            Some((_, Open::Skipped | Open::Other { .. })) | None => {
                self.write(text);
                if !text.trim().is_empty() {
                    self.note_words();
                }
            }
        }
    }

    /// The innermost link around has words of its own.
    fn note_words(&mut self) {
        let links = self.open.iter_mut().rev();
        let mut links = links.filter_map(|(_, open)| match open {
            Open::Link { is_worded, .. } => Some(is_worded),
            Open::Macro { .. }
            | Open::Parameter { .. }
            | Open::Status(_)
            | Open::Skipped
            | Open::Other { .. } => None,
        });
        if let Some(is_worded) = links.next() {
            *is_worded = true;
        }
    }

    /// An element without content: what a link leads to, a day, a line.
    fn single(&mut self, tag: &str) {
        let said = |name| attribute(tag, name).unwrap_or_default().to_owned();
        match name(tag) {
            "ri:page" | "ri:blog-post" => self.leads_to(said("ri:content-title")),
            "ri:attachment" => self.leads_to(said("ri:filename")),
            "ri:space" => self.leads_to(said("ri:space-key")),
            "ri:shortcut" => self.leads_to(said("ri:parameter")),
            "time" => self.write(&said("datetime")),
            other if other.starts_with("ri:") => {}
            _ => self.write(&format!("<{tag}/>")),
        }
    }

    fn leads_to(&mut self, what: String) {
        if let Some((_, Open::Link { target, .. })) = self.open.last_mut() {
            *target = what;
        }
    }

    fn begin(&mut self, tag: &str) {
        let element = name(tag);
        let said = |name| attribute(tag, name).unwrap_or_default().to_owned();
        let open = match element {
            "ac:structured-macro" | "ac:macro" => Open::Macro {
                name: said("ac:name"),
                parameters: Vec::new(),
            },
            "ac:parameter" | "ac:default-parameter" => Open::Parameter {
                name: said("ac:name"),
                text: String::new(),
            },
            "ac:link" => Open::Link {
                target: said("ac:anchor"),
                is_worded: false,
            },
            "ac:task-status" => Open::Status(String::new()),
            "ac:plain-text-body" => self.begin_plain(),
            "ac:rich-text-body" => self.begin_rich(),
            "ac:task-list" => self.begin_as("<ul>", "</ul>"),
            "ac:task" => self.begin_as("<li>", "</li>"),
            "ac:layout-cell" | "ac:adf-content" => self.begin_as("<div>", "</div>"),
            "ac:emoticon" => {
                self.write(&said("ac:emoji-fallback"));
                self.begin_as("", "")
            }
            skipped if SKIPPED.contains(&skipped) => {
                self.skipped += 1;
                Open::Skipped
            }
            _ => self.begin_as("", ""),
        };
        self.open.push((element.to_owned(), open));
    }

    fn begin_as(&mut self, html: &str, end: &'static str) -> Open {
        self.write(html);
        Open::Other { end }
    }

    /// Text as it was typed: code, most often.
    fn begin_plain(&mut self) -> Open {
        let language = match self.open.last() {
            Some((_, Open::Macro { parameters, .. })) => value(parameters, "language").to_owned(),
            Some(_) | None => String::new(),
        };
        let class = if language
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+-#".contains(c))
        {
            language
        } else {
            String::new()
        };
        self.write(&format!("<pre><code class=\"language-{class}\">"));
        Open::Other { end: "</code></pre>" }
    }

    /// Text inside a macro, below the macro's title.
    fn begin_rich(&mut self) -> Open {
        let (macro_name, title) = match self.open.last() {
            Some((_, Open::Macro { name, parameters })) => {
                (name.clone(), value(parameters, "title").to_owned())
            }
            Some(_) | None => (String::new(), String::new()),
        };
        let (begin, end) = if PANELS.contains(&macro_name.as_str()) {
            ("<blockquote>", "</blockquote>")
        } else {
            ("<div>", "</div>")
        };
        self.write(begin);
        if !title.is_empty() {
            self.write(&format!("<p><strong>{title}</strong></p>"));
        }
        Open::Other { end }
    }

    /// Closes the innermost element of that name, and those in it that were left open.
    fn end(&mut self, name: &str) {
        let Some(at) = self.open.iter().rposition(|(open, _)| open == name) else {
            return;
        };
        while self.open.len() > at {
            if let Some((_, open)) = self.open.pop() {
                self.close(open);
            }
        }
    }

    fn close(&mut self, open: Open) {
        match open {
            Open::Other { end } => self.write(end),
            Open::Skipped => self.skipped = self.skipped.saturating_sub(1),
            Open::Status(state) => {
                let mark = if state.trim() == "complete" {
                    "[x] "
                } else {
                    "[ ] "
                };
                self.write(mark);
            }
            Open::Link { target, is_worded } => {
                if !is_worded && !target.is_empty() {
                    self.write(&target);
                    self.note_words();
                }
            }
            Open::Parameter { name, text } => {
                if let Some((_, Open::Macro { parameters, .. })) = self.open.last_mut() {
                    parameters.push((name, text.trim().to_owned()));
                }
            }
            // Of macros without a body, these two say something by themselves.
            Open::Macro { name, parameters } => match name.as_str() {
                "status" => self.write(value(&parameters, "title")),
                "jira" => self.write(value(&parameters, "key")),
                _ => {}
            },
        }
    }

    fn finish(mut self) -> String {
        while let Some((_, open)) = self.open.pop() {
            self.close(open);
        }
        self.html
    }
}

fn value<'a>(parameters: &'a [(String, String)], name: &str) -> &'a str {
    let found = parameters.iter().find(|(known, _)| known == name);
    found.map_or("", |(_, value)| value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn code_keeps_every_character() {
        let storage = "<p>Undo:</p><ac:structured-macro ac:name=\"code\" ac:schema-version=\"1\">\
            <ac:parameter ac:name=\"language\">bash</ac:parameter><ac:plain-text-body><![CDATA[if [ $a -lt 1 ] && true; then\n  \
            undo ]]]]><![CDATA[>\nfi]]></ac:plain-text-body></ac:structured-macro>";
        assert_eq!(
            html(storage),
            "<p>Undo:</p><pre><code class=\"language-bash\">if [ $a -lt 1 ] &amp;&amp; true; then\n  undo ]]&gt;\nfi</code></pre>"
        );
    }

    #[test]
    fn links_are_called_by_their_words_or_by_what_they_lead_to() {
        let storage = "<p>See <ac:link><ri:page ri:content-title=\"Roll &amp; back\" /></ac:link>, \
            <ac:link><ri:page ri:content-title=\"Other\"/><ac:plain-text-link-body><![CDATA[the <other> one]]>\
            </ac:plain-text-link-body></ac:link>, <ac:link ac:anchor=\"top\"><ac:link-body><em>top</em></ac:link-body></ac:link> and \
            <a href=\"https://example.com/?a=1&amp;b=2\">this</a>.</p>";
        assert_eq!(
            html(storage),
            "<p>See Roll &amp; back, the &lt;other&gt; one, <em>top</em> and \
            <a href=\"https://example.com/?a=1&amp;b=2\">this</a>.</p>"
        );
    }

    #[test]
    fn panels_tasks_states_and_days_are_said() {
        let storage = "<ac:structured-macro ac:name=\"warning\"><ac:parameter ac:name=\"title\">Careful</ac:parameter>\
            <ac:rich-text-body><p>It pages <ac:structured-macro ac:name=\"status\"><ac:parameter ac:name=\"colour\">Red</ac:parameter>\
            <ac:parameter ac:name=\"title\">EVERYBODY</ac:parameter></ac:structured-macro></p></ac:rich-text-body></ac:structured-macro>\
            <ac:task-list><ac:task><ac:task-id>7</ac:task-id><ac:task-status>complete</ac:task-status>\
            <ac:task-body>Tell Ana by <time datetime=\"2026-01-15\" /></ac:task-body></ac:task></ac:task-list>\
            <ac:image><ri:attachment ri:filename=\"a.png\" /></ac:image><hr />";
        assert_eq!(
            html(storage),
            "<blockquote><p><strong>Careful</strong></p><p>It pages EVERYBODY</p></blockquote>\
            <ul><li>[x] Tell Ana by 2026-01-15</li></ul><hr />"
        );
    }

    #[test]
    fn tables_stay_tables_and_layouts_fall_away() {
        let storage = "<ac:layout><ac:layout-section ac:type=\"two_equal\"><ac:layout-cell><table><tbody><tr><th>Port</th>\
            <td>8443</td></tr></tbody></table></ac:layout-cell></ac:layout-section></ac:layout>";
        assert_eq!(
            html(storage),
            "<div><table><tbody><tr><th>Port</th><td>8443</td></tr></tbody></table></div>"
        );
    }

    #[test]
    fn a_page_of_macros_alone_has_no_words() {
        let children = "<p>&nbsp;</p><ac:structured-macro ac:name=\"children\" />";
        assert!(!has_words(&html(children)));
        assert!(has_words(&html("<p>Port 8443</p>")));
    }

    proptest! {
        #[test]
        fn nothing_makes_it_fall_over_or_grow_without_end(
            pieces in prop::collection::vec(prop::sample::select(vec![
                "<ac:link>", "</ac:link>", "<ac:structured-macro ac:name=\"code\">", "</ac:structured-macro>", "<![CDATA[", "]]>",
                "<ac:plain-text-body>", "</ac:plain-text-body>", "<ac:rich-text-body>", "<ri:page ri:content-title='x'/>", "<p>",
                "</p>", "word", "ä", "<", ">", "\"", "<ac:image>", "<ac:task-status>", "</ac:task-status>", "<!--", "-->",
            ]), 0..20),
        ) {
            let html = html(&pieces.concat());
            // At most the frame of a code block for each piece.
            prop_assert!(html.len() <= 64 * pieces.len());
            let _ = has_words(&html);
        }

        #[test]
        fn what_is_plain_html_stays_as_it_is(words in prop::collection::vec("[a-zä0-9 ]{1,8}", 1..6)) {
            let lines: Vec<String> = words.iter().map(|word| format!("<p class=\"x\">{word}</p><br />")).collect();
            let page = lines.concat();
            prop_assert_eq!(html(&page), page);
        }

        #[test]
        fn code_of_any_text_comes_out_escaped(text in "[^\\]]{0,40}") {
            let storage = format!("<ac:structured-macro ac:name=\"noformat\"><ac:plain-text-body><![CDATA[{text}]]>\
                </ac:plain-text-body></ac:structured-macro>");
            let expected = format!("<pre><code class=\"language-\">{}</code></pre>", escaped(&text));
            prop_assert_eq!(html(&storage), expected);
        }
    }
}
