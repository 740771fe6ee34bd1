//! Purpose: a passage of a document as Slack shows it: its Markdown becomes lines, and the sentence that answers stands
//! out. Whatever the document says stays text: it neither formats nor pings.

use std::ops::Range;

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use crate::mrkdwn::{Mrkdwn, bold, cat, code, escape, join, words};

/// `markdown` as lines, `sentence` (word for word in it) in bold.
pub(super) fn excerpt(markdown: &str, sentence: &str) -> Mrkdwn {
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

/// Part of a line.
enum Part {
    /// Running text, and whether it belongs to the answer.
    Text(String, bool),
    /// Code.
    Code(String),
}

/// Lines in the making.
struct Lines {
    done: Vec<Mrkdwn>,
    line: Vec<Part>,
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
            Event::Code(text) => self.line.push(Part::Code(text.into_string())),
            Event::SoftBreak => self.push(" ", false),
            Event::Start(Tag::Item) => {
                self.end_line();
                self.lead = Some(words("• "));
            }
            Event::Start(Tag::CodeBlock(_)) => {
                self.end_line();
                self.code = Some((String::new(), false));
            }
            Event::End(TagEnd::CodeBlock) => self.end_code(),
            // The title stands above the excerpt.
            Event::End(TagEnd::Heading(HeadingLevel::H1)) => self.line.clear(),
            Event::Start(Tag::TableCell) if !self.line.is_empty() => self.push(" · ", false),
            Event::HardBreak
            | Event::Rule
            | Event::Start(Tag::Heading { .. } | Tag::Paragraph | Tag::TableRow | Tag::TableHead)
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
                self.push(before, false);
                self.push(answer, true);
                self.push(after, false);
            }
            _ => self.push(text, false),
        }
    }

    /// Two bold texts side by side would show their marks, so texts of one kind grow together.
    fn push(&mut self, text: &str, answers: bool) {
        match self.line.last_mut() {
            Some(Part::Text(last, same)) if *same == answers => last.push_str(text),
            Some(_) | None if !text.is_empty() => self.line.push(Part::Text(text.to_owned(), answers)),
            Some(_) | None => {}
        }
    }

    fn end_line(&mut self) {
        let shown = |part| match part {
            Part::Text(text, true) => spaced(&text, bold(escape(&text))),
            Part::Text(text, false) => spaced(&text, escape(&text)),
            Part::Code(text) => code(&text),
        };
        let parts = self.line.drain(..).map(shown);
        let line = parts.fold(Mrkdwn::default(), |line, part| cat([line, part]));
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
            shown(
                "First look. Run `make undo` twice. Then tell us.",
                "Run `make undo` twice."
            ),
            "First look. *Run* `make undo` *twice.* Then tell us."
        );
    }

    #[test]
    fn markdown_becomes_lines_without_its_marks() {
        let markdown =
            "## Undo\n\n1. **Stop** the [queue](https://x.test)\n2. Wait\n\n```sh\nmake undo\n```\n\n> calm";
        assert_eq!(
            shown(markdown, ""),
            "Undo\n• Stop the queue\n• Wait\n`make undo`\ncalm"
        );
    }

    #[test]
    fn an_answer_with_marks_of_its_own_is_one_bold_text() {
        assert_eq!(
            shown("**Poller** as a *step*.", "**Poller** as a *step*."),
            "*Poller as a step.*"
        );
    }

    #[test]
    fn cells_of_a_table_stay_apart() {
        assert_eq!(shown("| a | b |\n|---|---|\n| 1 | 2 |", ""), "a · b\n1 · 2");
    }

    #[test]
    fn the_title_is_not_said_twice() {
        assert_eq!(shown("# Payments\n\n## Undo\n\nRun it.", ""), "Undo\nRun it.");
    }

    #[test]
    fn what_a_document_says_does_nothing() {
        let shown = shown(
            "<!channel> <@U123> *bold* & <script>alert(1)</script> https://x.test|y",
            "",
        );
        assert!(
            !shown.contains("<!channel>") && !shown.contains("<@U123>"),
            "{shown}"
        );
        assert!(!shown.contains("<script>"), "{shown}");
    }

    #[test]
    fn a_sentence_that_is_not_in_the_passage_changes_nothing() {
        assert_eq!(shown("Just this.", "Something else."), "Just this.");
    }
}
