//! Purpose: an answer in words of its own, a language model's or a person's: its sentences with links to what they
//! cite, and the list of that. Whoever wrote it, it stays text: it neither formats nor pings.

use chrono::{DateTime, Utc};
use em_domain::ask::{Answer, Citation, OfficialAnswer, Written, WrittenSentence};

use super::excerpt::excerpt;
use super::{origin, place};
use crate::layout::Layout;
use crate::mrkdwn::{Mrkdwn, cat, escape, join, link, mention, words};

/// The longest text, in Slack's units: the sources below it need room too.
const TEXT: usize = 2_500;
/// Sources that are listed.
const SOURCES: usize = 8;

/// What a language model wrote, and what it cites.
pub(super) fn written(layout: &mut Layout, answer: &Answer, written: &Written, now: DateTime<Utc>) {
    layout.section(&sentences(written, &answer.citations).capped(TEXT));
    sources(layout, &answer.citations, now);
}

/// What somebody stands for, and what it rests on.
pub(super) fn official(layout: &mut Layout, answer: &Answer, official: &OfficialAnswer, now: DateTime<Utc>) {
    layout.section(&excerpt(&official.text, "").capped(TEXT));
    layout.context(&cat([
        words(":white_check_mark: Official answer by "),
        mention(&official.by),
        words(" to “"),
        escape(&crate::limits::fit(&official.question, 300)),
        words("”, until "),
        escape(&official.until.format("%-d %B %Y").to_string()),
    ]));
    sources(layout, &answer.citations, now);
}

fn sources(layout: &mut Layout, citations: &[Citation], now: DateTime<Utc>) {
    layout.lines(citations.iter().take(SOURCES).zip(1..).map(|(citation, number)| {
        let number: usize = number;
        join(
            [
                cat([escape(&format!("[{number}]")), words(" "), place(citation)]),
                origin(citation, now),
            ],
            " · ",
        )
    }));
}

/// The sentences, each followed by links to what it cites.
pub(super) fn sentences(written: &Written, citations: &[Citation]) -> Mrkdwn {
    let mut parts = Vec::new();
    for (at, sentence) in written.sentences.iter().enumerate() {
        if at > 0 {
            parts.push(words(if sentence.starts_line { "\n" } else { " " }));
        }
        // A title of the model's is a line like any other.
        parts.push(excerpt(sentence.text.trim_start_matches(['#', ' ']), ""));
        parts.extend(marks(sentence, citations));
    }
    join(parts, "")
}

fn marks(sentence: &WrittenSentence, citations: &[Citation]) -> impl Iterator<Item = Mrkdwn> {
    sentence.citations.iter().map(|number| {
        let label = format!("[{number}]");
        let cited = number.checked_sub(1).and_then(|at| citations.get(at));
        let mark = match cited.and_then(|citation| citation.url.as_deref()) {
            Some(url) => link(url, &label),
            None => escape(&label),
        };
        cat([words(" "), mark])
    })
}
