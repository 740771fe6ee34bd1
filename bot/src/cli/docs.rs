//! Purpose: `em-agent docs`: which documents questions are answered from.

use std::cell::RefCell;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;

use anyhow::{Context, anyhow};
use clap::{Args, Subcommand};
use em_domain::clock::{Clock as _, SystemClock};
use em_domain::id::{SlackChannel, SourceId};
use em_domain::knowledge::{NewSource, Source, SourceKind, Visibility};
use em_knowledge::{Library, Progress as Indexed, kind_of};
use ulid::Ulid;

use super::progress::Progress;
use super::{Failure, say};
use crate::config::Config;
use crate::wire;

/// What is done with documents.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Read documents, so that questions are answered from them: folders, repositories, files, JSON lines.
    Add(AddOptions),
    /// List where documents come from.
    List,
    /// Forget a source and all its documents.
    Remove {
        /// The source, as `docs list` shows it.
        id: String,
    },
    /// Read all sources again; what did not change costs little.
    Reindex,
}

/// What is read, and who may see it.
#[derive(Debug, Args)]
pub(crate) struct AddOptions {
    /// Folders, Git repositories, files, or JSON lines {"id", "title", "url", "text"}.
    #[arg(required = true, value_name = "PATH")]
    places: Vec<String>,
    /// Answers from it only where it is asked in this channel (its id); may be repeated.
    #[arg(long, value_name = "CHANNEL")]
    only_in: Vec<String>,
}

pub(crate) async fn execute(command: Command, config: Config) -> Result<ExitCode, Failure> {
    let library = wire::library(&config, wire::open_store(&config).await?).await;
    match command {
        Command::Add(options) => add(&library, options).await,
        Command::List => list(&library).await,
        Command::Remove { id } => remove(&library, &id).await,
        Command::Reindex => {
            let sources = library.store().knowledge().list_sources().await;
            index(&library, sources.context("the sources")?).await
        }
    }
}

async fn add(library: &Library, options: AddOptions) -> Result<ExitCode, Failure> {
    let visibility = match options.only_in.as_slice() {
        [] => Visibility::Everyone,
        channels => Visibility::Channels(channels.iter().cloned().map(SlackChannel).collect()),
    };
    // All are looked at before the first is stored.
    let places: Vec<(SourceKind, String)> = options
        .places
        .iter()
        .map(|place| located(place))
        .collect::<Result<_, _>>()?;
    let mut added = Vec::new();
    for (kind, location) in places {
        let new = NewSource {
            id: SourceId::new(Ulid::new()),
            kind,
            location,
            visibility: visibility.clone(),
            added_by: None,
            added_at: SystemClock.now(),
        };
        let source = library.store().knowledge().insert_source(&new).await;
        added.push(source.context("the source cannot be stored")?.source().clone());
    }
    index(library, added).await
}

/// What a place is, and its full path: the program may be started elsewhere next time.
fn located(place: &str) -> Result<(SourceKind, String), Failure> {
    if place.contains("://") {
        return Err(anyhow!("{place}: pages of the web are added in Slack, with `docs add`").into());
    }
    let path = Path::new(place);
    let kind = kind_of(path).map_err(anyhow::Error::new)?;
    let full = path.canonicalize().with_context(|| place.to_owned())?;
    Ok((kind, full.display().to_string()))
}

async fn index(library: &Library, sources: Vec<Source>) -> Result<ExitCode, Failure> {
    let mut code = ExitCode::SUCCESS;
    for source in sources {
        let place = &source.added.location;
        let bar = Mutex::new(RefCell::new(Progress::new("passages", 0)));
        let tell = |progress: &Indexed| {
            if let Ok(bar) = bar.lock() {
                bar.borrow_mut().at(progress.read + progress.embedded);
            }
        };
        let indexed = library.index(&source, SystemClock.now(), &tell).await;
        if let Ok(bar) = bar.into_inner() {
            bar.into_inner().finish();
        }
        match indexed {
            Ok(indexed) => report(place, &indexed),
            Err(error) => {
                say(&format!("{place}: {error}"));
                code = ExitCode::FAILURE;
            }
        }
    }
    library.tidy().await.context("the index")?;
    Ok(code)
}

fn report(place: &str, indexed: &Indexed) {
    say(&format!("{place}: {}", indexed.in_words()));
    for line in &indexed.unreadable {
        say(&format!("  {line}"));
    }
    if let Some(why) = &indexed.only_words {
        say(&format!("  Searched by words only: {why}."));
    }
}

async fn list(library: &Library) -> Result<ExitCode, Failure> {
    let sources = library.store().knowledge().list_sources().await;
    let sources = sources.context("the sources")?;
    if sources.is_empty() {
        say("No documents yet. Add some with `em-agent docs add PATH`.");
    }
    for source in sources {
        let (added, state) = (&source.added, &source.state);
        let seen = match &added.visibility {
            Visibility::Everyone => String::new(),
            Visibility::Channels(channels) => format!(", only in {} channels", channels.len()),
            Visibility::People(people) => format!(", only for {} people", people.len()),
        };
        let error = state.last_error.as_ref().map(|error| format!(" — {error}"));
        say(&format!(
            "{}  {} {}: {} documents, {} passages{seen}{}",
            added.id,
            added.kind.as_str(),
            added.location,
            state.documents,
            state.chunks,
            error.unwrap_or_default()
        ));
    }
    Ok(ExitCode::SUCCESS)
}

async fn remove(library: &Library, id: &str) -> Result<ExitCode, Failure> {
    let unknown = || anyhow!("there is no source {id}; `em-agent docs list` shows all");
    let id = SourceId::parse(id).ok_or_else(unknown)?;
    let is_removed = library.store().knowledge().remove_source(&id).await;
    if !is_removed.context("the source cannot be removed")? {
        return Err(unknown().into());
    }
    library.tidy().await.context("the index")?;
    say("Removed.");
    Ok(ExitCode::SUCCESS)
}
