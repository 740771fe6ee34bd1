//! Purpose: `em-agent import`, `replay` and `backfill`: past events, from a file, from our own store, from an API.

use std::cell::RefCell;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, anyhow};
use chrono::{DateTime, NaiveDate, Utc};
use clap::Args;
use clap::builder::PossibleValuesParser;
use em_domain::clock::{Clock, SystemClock};
use em_storage::Store;

use super::progress::Progress;
use super::{Failure, say};
use crate::config::Config;
use crate::import;
use crate::polling::Round;
use crate::wire::{self, polling};

/// What `import` reads.
#[derive(Debug, Args)]
pub(crate) struct ImportOptions {
    /// JSON lines {"headers": …, "body": …}, plain or gzip.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// What `backfill` reads.
#[derive(Debug, Args)]
pub(crate) struct BackfillOptions {
    /// The system.
    #[arg(value_parser = PossibleValuesParser::new(polling::polled_names()))]
    source: String,
    /// How far back, as 2026-01-31 [default: 90 days].
    #[arg(long, value_name = "DATE")]
    since: Option<NaiveDate>,
}

/// How far back `backfill` goes if not told.
const BACKFILL_DAYS: i64 = 90;

pub(crate) async fn import(options: ImportOptions, config: Config) -> Result<ExitCode, Failure> {
    let store = wire::open_store(&config).await?;
    let size = std::fs::metadata(&options.file)
        .with_context(|| format!("cannot read {}", options.file.display()))?
        .len();
    let mut progress = Progress::new("import", size);
    let reading = import::Reading {
        received_at: SystemClock.now(),
        normalise: wire::normalise(&config),
    };
    let done = import::file(&store, &options.file, reading, |bytes| {
        progress.at(bytes);
    })
    .await;
    progress.finish();
    let imported = done?;
    say(&imported.to_string());
    for line in &imported.unreadable {
        say(&format!("  line {line}"));
    }
    Ok(if imported.unreadable_lines == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

pub(crate) async fn replay(config: Config) -> Result<(), Failure> {
    let store = wire::open_store(&config).await?;
    let total = store
        .events()
        .count_before(SystemClock.now())
        .await
        .context("cannot count the events")?;
    let mut progress = Progress::new("replay", u64::try_from(total).unwrap_or_default());
    let replayed = store
        .facts()
        .replay(wire::normalise(&config), |events| progress.at(events))
        .await;
    progress.finish();
    let replayed = replayed.context("the facts could not be rebuilt; the old ones are still in place")?;
    say(&format!(
        "Rebuilt all facts from {} events ({} not understood).",
        replayed.events, replayed.unrecognised
    ));
    Ok(())
}

pub(crate) async fn backfill(options: BackfillOptions, config: Config) -> Result<(), Failure> {
    let store = wire::open_store(&config).await?;
    let source = options.source.as_str();
    let polling = polling::polling(&config, &store, &wire::system_clock())?
        .into_iter()
        .find(|polling| polling.poller.source() == source)
        .ok_or_else(|| {
            anyhow!(
                "{source} is not configured for polling: {}",
                polling::how_polled(source)
            )
        })?;
    let since = options
        .since
        .and_then(|date| date.and_hms_opt(0, 0, 0))
        .map_or_else(
            || SystemClock.now() - chrono::Duration::days(BACKFILL_DAYS),
            |midnight| DateTime::<Utc>::from_naive_utc_and_offset(midnight, Utc),
        );
    let progress = RefCell::new(Progress::new("backfill", 0));
    let name = format!("{source}-backfill:{}", since.date_naive());
    let tell = |round: &Round| progress.borrow_mut().at(round.stored + round.known);
    let mut round = Round::default();
    polling
        .round(&name, Some(polling.poller.start(since)), &mut round, tell)
        .await
        .context("not everything could be read; run it again, it goes on where it stopped")?;
    progress.into_inner().finish();
    fold_all(&store, &config).await?;
    say(&format!(
        "Read {} new events ({} were known) since {}.",
        round.stored,
        round.known,
        since.date_naive()
    ));
    if let Some(first) = round.problems.first() {
        return Err(anyhow!(
            "{} lists could not be read, the first: {first}. Run it again to try them again",
            round.problems.len()
        )
        .into());
    }
    Ok(())
}

async fn fold_all(store: &Store, config: &Config) -> Result<(), Failure> {
    let normalise = wire::normalise(config);
    loop {
        let folded = store.facts().fold_pending(1000, normalise.clone()).await;
        if folded.context("cannot work in the events")?.events == 0 {
            return Ok(());
        }
    }
}
