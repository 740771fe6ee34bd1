//! Purpose: the answers to `/em-agent docs`: where documents come from, how many, how fresh; what is being read now; and the
//! one message that tells how the reading of a new source goes. What is said of a saved thread is in
//! [`saved`].

pub mod saved;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use em_domain::ask::age;
use em_domain::id::{SlackChannel, SourceId};
use em_domain::knowledge::{Source, SourceKind};
use slack_morphism::prelude::SlackMessageContent;

use crate::help::typed;
use crate::layout::Layout;
use crate::limits::fit;
use crate::mrkdwn::{Mrkdwn, bold, cat, channel, code, date, escape, join, words};

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
            words("I have no documents yet. Add a page or a repository with "),
            typed("docs add https://..."),
            words("; whoever runs me adds folders with "),
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
            .map(|source| line(source, &read(source, view.now))),
    );
    layout.section(&only_words(view.only_words));
    layout.foot(&cat([
        words("Ask with "),
        typed("ask how do we roll back?"),
        words("."),
    ]));
    layout.into_message(&said)
}

fn only_words(why: Option<&str>) -> Mrkdwn {
    let said = why.map(|why| {
        cat([
            words(":warning: I compare words only and not what they mean: "),
            escape(&fit(why, 300)),
            words("."),
        ])
    });
    said.unwrap_or_default()
}

fn read(source: &Source, now: DateTime<Utc>) -> Mrkdwn {
    match source.state.indexed_at {
        Some(at) => escape(&format!("read {}", age(at, now))),
        None => words("not read yet"),
    }
}

fn line(source: &Source, read: &Mrkdwn) -> Mrkdwn {
    let state = &source.state;
    let error = state
        .last_error
        .as_ref()
        .map(|error| cat([words(":warning: "), escape(&fit(error, 200))]));
    let counts = escape(&counted(state.documents, state.chunks));
    let location = &source.added.location;
    let place = match source.added.kind {
        SourceKind::Slack => channel(&SlackChannel(location.clone())),
        SourceKind::Folder
        | SourceKind::Git
        | SourceKind::Lines
        | SourceKind::Page
        | SourceKind::Github
        | SourceKind::Confluence
        | SourceKind::Jira
        | SourceKind::Notion
        | SourceKind::Linear
        | SourceKind::PagerDuty
        | SourceKind::Upload => escape(&fit(location, 200)),
    };
    cat([
        words("• "),
        bold(place),
        words("\n   "),
        join(
            [Some(counts), Some(read.clone()), error].into_iter().flatten(),
            " · ",
        ),
    ])
}

/// What is being read, and when all is read again.
#[derive(Debug, Clone, Copy)]
pub struct StatusView<'a> {
    /// In the order they were added; those that the reader may see.
    pub sources: &'a [Source],
    /// Of these, what is being read now or waits for it.
    pub being_read: &'a BTreeSet<SourceId>,
    /// When all are read again, if that happens by the clock.
    pub next_at: Option<DateTime<Utc>>,
    /// Meanings are not compared, and why.
    pub only_words: Option<&'a str>,
    /// The present.
    pub now: DateTime<Utc>,
}

/// How the reading of documents stands.
pub fn message_status(view: &StatusView<'_>) -> SlackMessageContent {
    let mut layout = Layout::new();
    let said = match view.being_read.len() {
        0 => words("I have read everything."),
        1 => words("I am reading one source of documents now."),
        count => escape(&format!("I am reading {count} sources of documents now.")),
    };
    layout.section(&said);
    layout.lines(view.sources.iter().take(SHOWN).map(|source| {
        let id = &source.added.id;
        let now = if view.being_read.contains(id) {
            words("being read now")
        } else {
            read(source, view.now)
        };
        line(source, &join([now, code(&id.to_string())], " · "))
    }));
    layout.section(&only_words(view.only_words));
    let next = view.next_at.map(|at| {
        cat([
            words("I look for changes next at "),
            date(at, "{time}", &at.format("%H:%M UTC").to_string()),
            words(". "),
        ])
    });
    layout.foot(&cat([
        next.unwrap_or_default(),
        words("I forget a source with "),
        typed("docs remove ID"),
        words("."),
    ]));
    layout.into_message(&said)
}

/// The answer to `docs add`: the reading goes on elsewhere.
pub fn message_added(location: &str, is_new: bool) -> SlackMessageContent {
    let place = bold(escape(&fit(location, 300)));
    let said = if is_new {
        cat([words("I am reading "), place])
    } else {
        cat([words("I know "), place, words(" already, and read it again")])
    };
    let said = cat([
        said,
        words(". How far I am stands in your direct messages with me."),
    ]);
    one(&said)
}

/// The answer to `docs remove`.
pub fn message_removed(location: &str, is_configured: bool) -> SlackMessageContent {
    let back = if is_configured {
        words(
            " It is in my configuration, so it comes back with the next reading unless it is taken out there.",
        )
    } else {
        Mrkdwn::default()
    };
    let said = cat([
        words("I no longer answer from "),
        bold(escape(&fit(location, 300))),
        words("."),
        back,
    ]);
    one(&said)
}

fn one(said: &Mrkdwn) -> SlackMessageContent {
    let mut layout = Layout::new();
    layout.section(said);
    layout.into_message(said)
}

/// How far the reading of a source is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading<'a> {
    /// So many documents were read.
    At(u64),
    /// All was read: documents and passages of it in the index, and how many could not be read.
    Done {
        /// Documents.
        documents: i64,
        /// Passages.
        passages: i64,
        /// What could not be read, and why: the first of them.
        unreadable: &'a [String],
        /// How many could not be read.
        unreadable_count: u64,
    },
    /// It could not be read, and why.
    Failed(&'a str),
}

/// Things that could not be read, named.
const NAMED: usize = 5;

/// The one message about the reading of a source.
pub fn message_reading(location: &str, reading: Reading<'_>) -> SlackMessageContent {
    let place = || bold(escape(&fit(location, 300)));
    let mut layout = Layout::new();
    let said = match reading {
        Reading::At(0) => cat([words("Reading "), place(), words(" …")]),
        Reading::At(count) => cat([
            words("Reading "),
            place(),
            escape(&format!(" … {} so far.", counted_documents(count))),
        ]),
        Reading::Done {
            documents, passages, ..
        } => cat([
            words("I have read "),
            place(),
            escape(&format!(": {}.", counted(documents, passages))),
        ]),
        Reading::Failed(why) => cat([
            words(":warning: I could not read all of "),
            place(),
            words(": "),
            escape(&fit(why, 500)),
            words(". I try again with the next reading."),
        ]),
    };
    layout.section(&said);
    if let Reading::Done {
        unreadable,
        unreadable_count,
        ..
    } = reading
    {
        if unreadable_count > 0 {
            layout.section(&escape(&format!("{unreadable_count} could not be read:")));
            let lines = unreadable.iter().take(NAMED);
            layout.lines(lines.map(|line| cat([words("• "), escape(&fit(line, 200))])));
        }
        layout.foot(&cat([
            words("Ask with "),
            typed("ask how do we roll back?"),
            words("."),
        ]));
    }
    layout.into_message(&said)
}

fn counted(documents: i64, passages: i64) -> String {
    let documents = counted_documents(documents.unsigned_abs());
    match passages {
        1 => format!("{documents}, 1 passage"),
        passages => format!("{documents}, {passages} passages"),
    }
}

fn counted_documents(count: u64) -> String {
    match count {
        1 => "1 document".to_owned(),
        count => format!("{count} documents"),
    }
}
