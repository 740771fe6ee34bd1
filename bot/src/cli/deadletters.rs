//! Purpose: `em-agent deadletters`: events that were stored and not understood; look at them, and have them read again.

use std::process::ExitCode;

use anyhow::{Context, anyhow};
use clap::{Args, Subcommand};
use em_storage::{DeadLetter, Store};

use super::{Failure, say};
use crate::config::Config;
use crate::wire;

/// What is done with them.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    command: Option<Command>,
    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List them, the newest first.
    List {
        /// Only those of this system: github, gitlab, …
        #[arg(long, value_name = "SYSTEM")]
        source: Option<String>,
        /// At most so many.
        #[arg(long, default_value_t = 100, value_name = "NUMBER")]
        limit: u32,
    },
    /// Print what came, as it came.
    Show {
        /// The event.
        id: String,
    },
    /// Have them read again: one, those of a system, or all.
    Retry {
        /// The event.
        #[arg(conflicts_with_all = ["source", "all"])]
        id: Option<String>,
        /// Those of this system.
        #[arg(long, value_name = "SYSTEM")]
        source: Option<String>,
        /// All of them.
        #[arg(long)]
        all: bool,
    },
}

/// Events read in one transaction.
const BATCH: u16 = 250;

pub(crate) async fn execute(options: Options, config: Config) -> Result<ExitCode, Failure> {
    let store = wire::open_store(&config).await?;
    let listing = Command::List {
        source: None,
        limit: 100,
    };
    match options.command.unwrap_or(listing) {
        Command::List { source, limit } => list(&store, source.as_deref(), limit, options.json).await,
        Command::Show { id } => show(&store, &id).await,
        Command::Retry {
            id: None,
            source: None,
            all: false,
        } => Err(anyhow!("say which: an id, --source SYSTEM or --all").into()),
        Command::Retry { id, source, .. } => {
            retry(&store, &config, id.as_deref(), source.as_deref(), options.json).await
        }
    }
}

async fn list(store: &Store, source: Option<&str>, limit: u32, json: bool) -> Result<ExitCode, Failure> {
    let letters = store.dead_letters().list(source, limit).await;
    let letters = letters.context("the events cannot be read")?;
    if json {
        let all: Vec<_> = letters.iter().map(as_json).collect();
        say(&serde_json::Value::from(all).to_string());
    } else if letters.is_empty() {
        say("Every event was understood.");
    }
    for letter in letters.iter().filter(|_| !json) {
        say(&format!(
            "{}  {}  {} {}: {}",
            letter.id,
            letter.received_at.format("%Y-%m-%d %H:%M"),
            letter.source,
            letter.event_type,
            letter.reason
        ));
    }
    Ok(ExitCode::SUCCESS)
}

fn as_json(letter: &DeadLetter) -> serde_json::Value {
    serde_json::json!({
        "id": letter.id,
        "source": letter.source,
        "event_type": letter.event_type,
        "received_at": letter.received_at,
        "reason": letter.reason,
    })
}

async fn show(store: &Store, id: &str) -> Result<ExitCode, Failure> {
    let payload = store
        .dead_letters()
        .payload(id)
        .await
        .context("the event cannot be read")?;
    let payload =
        payload.ok_or_else(|| anyhow!("there is no such event; `em-agent deadletters list` shows them"))?;
    say(&String::from_utf8_lossy(&payload));
    Ok(ExitCode::SUCCESS)
}

async fn retry(
    store: &Store,
    config: &Config,
    id: Option<&str>,
    source: Option<&str>,
    json: bool,
) -> Result<ExitCode, Failure> {
    let retried = store.dead_letters().retry(id, source).await;
    let retried = retried.context("the events cannot be read again")?;
    if retried == 0 {
        return Err(anyhow!(
            "there is nothing to read again; `em-agent deadletters list` shows what there is"
        )
        .into());
    }
    let normalise = wire::normalise(config);
    let mut still = 0;
    loop {
        let folded = store.facts().fold_pending(BATCH, normalise.clone()).await;
        let folded = folded.context("the events wait; a running bot works them in")?;
        still += folded.unrecognised;
        if folded.events == 0 {
            break;
        }
    }
    if json {
        say(&serde_json::json!({"retried": retried, "still_not_understood": still}).to_string());
    } else {
        say(&format!(
            "Read {retried} events again; {still} are still not understood."
        ));
    }
    Ok(ExitCode::SUCCESS)
}
