//! Purpose: a passage of a document as Slack shows it: its Markdown becomes lines, and the sentence that answers stands
//! out. Whatever the document says stays text: it neither formats nor pings.

use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::mrkdwn::{Mrkdwn, bold, cat, code, escape, join, words};

/// `markdown` as lines, `sentence` (word for word in it) in bold.
pub fn excerpt(markdown: &str, sentence: &str) -> Mrkdwn {
    let start = (!sentence.is_empty()).then(|| markdown.find(sentence)).flatten();
    let mut lines = Lines {
        done: Vec::new(),
        line: Vec::new(),
        lead: None,
        code: None,
        answer: start.map_or(0..0, |start| start..start + sentence.len()),
    };
    let parser = Parser::new_ext(markdown, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH);
    for (event, range) in parser.into_offset_iter() {
        lines.take(event, range);
    }
    lines.end_line();
    join(lines.done, "\n")
}

/// Lines in the making.
struct Lines {
    done: Vec<Mrkdwn>,
    line: Vec<Mrkdwn>,
    /// What the next line begins with.
    lead: Option<Mrkdwn>,
    /// Inside a code block: its lines so far, and whether the answer is in it.
    code: Option<(String, bool)>,
    answer: Range<usize>,
}

impl Lines {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "what is not text, a line or a list is not shown, whatever the parser may add"
    )]
    fn take(&mut self, event: Event<'_>, range: Range<usize>) {
        match event {
            Event::Text(text) => match &mut self.code {
                Some((block, answers)) => {
                    block.push_str(&text);
                    *answers |= range.start < self.answer.end && self.answer.start < range.end;
                }
                None => self.text(&text, &range),
            },
            Event::Code(text) => self.line.push(code(&text)),
            Event::SoftBreak => self.line.push(words(" ")),
            Event::HardBreak | Event::Rule => self.end_line(),
            Event::Start(Tag::Item) => {
                self.end_line();
                self.lead = Some(words("• "));
            }
            Event::Start(Tag::CodeBlock(_)) => {
                self.end_line();
                self.code = Some((String::new(), false));
            }
            Event::End(TagEnd::CodeBlock) => self.end_code(),
            Event::End(TagEnd::TableCell) => self.line.push(words("  ")),
            Event::Start(Tag::Heading { .. } | Tag::Paragraph | Tag::TableRow | Tag::TableHead)
            | Event::End(
                TagEnd::Heading(_)
                | TagEnd::Paragraph
                | TagEnd::Item
                | TagEnd::TableRow
                | TagEnd::TableHead
                | TagEnd::BlockQuote(_),
            ) => self.end_line(),
            _ => {}
        }
    }

    /// Running text; the part of it that belongs to the answer in bold.
    fn text(&mut self, text: &str, range: &Range<usize>) {
        let within = |at: usize| at.saturating_sub(range.start).min(text.len());
        let (from, to) = (within(self.answer.start), within(self.answer.end));
        // Where the source is written differently from what it says (`&amp;`), the limits may fall inside a character.
        match (text.get(..from), text.get(from..to), text.get(to..)) {
            (Some(before), Some(answer), Some(after)) => {
                self.line.push(spaced(before, escape(before)));
                self.line.push(spaced(answer, bold(escape(answer))));
                self.line.push(spaced(after, escape(after)));
            }
            _ => self.line.push(spaced(text, escape(text))),
        }
    }

    fn end_line(&mut self) {
        let line = self.line.drain(..).fold(Mrkdwn::default(), |line, part| cat([line, part]));
        if !line.is_empty() {
            self.done.push(cat([self.lead.take().unwrap_or_default(), line]));
        }
    }

    fn end_code(&mut self) {
        let Some((block, answers)) = self.code.take() else {
            return;
        };
        for line in block.lines().filter(|line| !line.trim().is_empty()) {
            let line = code(line.trim_end());
            self.done.push(if answers { bold(line) } else { line });
        }
    }
}

/// `shown` with the spaces that `text` has at its ends, so that words do not grow together.
fn spaced(text: &str, shown: Mrkdwn) -> Mrkdwn {
    let space = |has: bool| if has { words(" ") } else { Mrkdwn::default() };
    if text.is_empty() {
        return Mrkdwn::default();
    }
    if shown.is_empty() {
        return words(" ");
    }
    cat([
        space(text.starts_with(char::is_whitespace)),
        shown,
        space(text.ends_with(char::is_whitespace)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(markdown: &str, sentence: &str) -> String {
        excerpt(markdown, sentence).render(usize::MAX)
    }

    #[test]
    fn the_sentence_that_answers_stands_out() {
        assert_eq!(
            shown("First look. Run `make undo` twice. Then tell us.", "Run `make undo` twice."),
            "First look. *Run* `make undo` *twice.* Then tell us."
        );
    }

    #[test]
    fn markdown_becomes_lines_without_its_marks() {
        let markdown = "## Undo\n\n1. **Stop** the [queue](https://x.test)\n2. Wait\n\n```sh\nmake undo\n```\n\n> calm";
        assert_eq!(
            shown(markdown, ""),
            "Undo\n• Stop the queue\n• Wait\n`make undo`\ncalm"
        );
    }

    #[test]
    fn what_a_document_says_does_nothing() {
        let shown = shown("<!channel> <@U123> *bold* & <script>alert(1)</script> https://x.test|y", "");
        assert!(!shown.contains("<!channel>") && !shown.contains("<@U123>"), "{shown}");
        assert!(!shown.contains("<script>"), "{shown}");
    }

    #[test]
    fn a_sentence_that_is_not_in_the_passage_changes_nothing() {
        assert_eq!(shown("Just this.", "Something else."), "Just this.");
    }
}
