//! Purpose: `em-agent docs`: which documents questions are answered from.

use std::process::ExitCode;
use std::sync::Mutex;

use anyhow::{Context, anyhow};
use clap::{Args, Subcommand};
use em_domain::clock::{Clock as _, SystemClock};
use em_domain::id::{SlackChannel, SourceId};
use em_domain::knowledge::{NewSource, Source, Visibility};
use em_knowledge::{Library, Place, Progress as Indexed, located};
use ulid::Ulid;

use super::progress::Progress;
use super::{Failure, say};
use crate::config::Config;
use crate::wire;

/// What is done with documents.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Read documents, so that questions are answered from them: folders, repositories, files, JSON lines, web pages, and
    /// repositories on GitHub with their issues, pull requests and discussions.
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
    /// Folders, Git repositories, files, JSON lines {"id", "title", "url", "text"}, or addresses (https://...).
    #[arg(required = true, value_name = "PATH|URL")]
    places: Vec<String>,
    /// Answers from it only where it is asked in this channel (its id); may be repeated.
    #[arg(long, value_name = "CHANNEL")]
    only_in: Vec<String>,
}

pub(crate) async fn execute(command: Command, config: Config) -> Result<ExitCode, Failure> {
    let library = wire::library_alone(&config).await?;
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
    let mut places = Vec::new();
    for place in &options.places {
        let place = located(place).map_err(anyhow::Error::new)?;
        library.check(&place).await.map_err(anyhow::Error::new)?;
        places.push(place);
    }
    let mut added = Vec::new();
    for Place { kind, location } in places {
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

async fn index(library: &Library, sources: Vec<Source>) -> Result<ExitCode, Failure> {
    let mut code = ExitCode::SUCCESS;
    for source in sources {
        let place = &source.added.location;
        let bar = Mutex::new(Progress::new("passages", 0));
        let tell = |progress: &Indexed| {
            if let Ok(mut bar) = bar.lock() {
                bar.at(progress.read + progress.embedded);
            }
        };
        let indexed = library.index(&source, SystemClock.now(), &tell).await;
        if let Ok(bar) = bar.into_inner() {
            bar.finish();
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
        say("No documents yet. Add some with `em-agent docs add PATH|URL`.");
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
