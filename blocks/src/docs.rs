//! Purpose: the answer to `/em-agent docs list`: where documents come from, how many, how fresh.

pub mod saved;

use chrono::{DateTime, Utc};
use em_domain::ask::age;
use em_domain::id::SlackChannel;
use em_domain::knowledge::{Source, SourceKind};
use slack_morphism::prelude::SlackMessageContent;

use crate::help::typed;
use crate::layout::Layout;
use crate::limits::fit;
use crate::mrkdwn::{Mrkdwn, bold, cat, channel, code, escape, join, words};

/// Sources shown.
const SHOWN: usize = 20;

/// The sources that the reader may see.
#[derive(Debug, Clone, Copy)]
pub struct DocsView<'a> {
    /// In the order they were added.
    pub sources: &'a [Source],
    /// Meanings are not compared, and why.
    pub only_words: Option<&'a str>,
    /// The present.
    pub now: DateTime<Utc>,
}

/// Where documents come from.
pub fn message_docs(view: &DocsView<'_>) -> SlackMessageContent {
    let mut layout = Layout::new();
    let said = if view.sources.is_empty() {
        cat([
            words("I have no documents yet. Whoever runs me adds some with "),
            code("em-agent docs add PATH"),
            words("."),
        ])
    } else {
        let documents: i64 = view.sources.iter().map(|source| source.state.documents).sum();
        escape(&format!("I answer questions from {documents} documents:"))
    };
    layout.section(&said);
    layout.lines(
        view.sources
            .iter()
            .take(SHOWN)
            .map(|source| line(source, view.now)),
    );
    let only_words = view.only_words.map(|why| {
        cat([
            words(":warning: I compare words only and not what they mean: "),
            escape(&fit(why, 300)),
            words("."),
        ])
    });
    layout.section(&only_words.unwrap_or_default());
    layout.foot(&cat([
        words("Ask with "),
        typed("ask how do we roll back?"),
        words("."),
    ]));
    layout.into_message(&said)
}

fn line(source: &Source, now: DateTime<Utc>) -> Mrkdwn {
    let state = &source.state;
    let read = match state.indexed_at {
        Some(at) => escape(&format!("read {}", age(at, now))),
        None => words("not read yet"),
    };
    let error = state
        .last_error
        .as_ref()
        .map(|error| cat([words(":warning: "), escape(&fit(error, 200))]));
    let counts = escape(&format!(
        "{} documents, {} passages",
        state.documents, state.chunks
    ));
    let location = &source.added.location;
    let place = match source.added.kind {
        SourceKind::Slack => channel(&SlackChannel(location.clone())),
        SourceKind::Folder
        | SourceKind::Git
        | SourceKind::Lines
        | SourceKind::Page
        | SourceKind::Github
        | SourceKind::Upload => escape(&fit(location, 200)),
    };
    cat([
        words("• "),
        bold(place),
        words("\n   "),
        join([Some(counts), Some(read), error].into_iter().flatten(), " · "),
    ])
}
