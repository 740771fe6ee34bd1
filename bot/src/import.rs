//! Purpose: read a recorded event file into the store: the work behind `em-agent import` and the demo's data.
//!
//! Events are recognised by their delivery keys, so an import that was cut off is simply run again. Memory does not
//! grow with the file: one thread reads and parses ahead by a few batches while the store writes.

use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context;
use chrono::{DateTime, Utc};
use em_domain::event::RawEvent;
use em_domain::id::EventId;
use em_integrations::recorded::recorded;
use em_storage::{Normalise, Store};
use flate2::read::MultiGzDecoder;
use futures::StreamExt as _;
use tokio::sync::mpsc;
use ulid::Ulid;

/// Events written in one transaction.
const BATCH: usize = 4000;
/// Batches read ahead of the writer.
const AHEAD: usize = 1;
/// Unreadable lines that are named; more are only counted.
const NAMED: usize = 10;
/// The first bytes of a gzip file (RFC 1952).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// What came of an import.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Events that were new.
    pub stored: u64,
    /// Events that were known.
    pub duplicate: u64,
    /// New events that no normaliser understood; they are kept.
    pub unrecognised: u64,
    /// Lines that are not recorded events.
    pub unreadable_lines: u64,
    /// The first of those: number and reason.
    pub unreadable: Vec<String>,
}

impl fmt::Display for Imported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Imported {} events", self.stored)?;
        if self.duplicate > 0 {
            write!(f, "; {} were known already", self.duplicate)?;
        }
        if self.unrecognised > 0 {
            write!(
                f,
                "; {} were not understood and are kept as they are",
                self.unrecognised
            )?;
        }
        if self.unreadable_lines > 0 {
            write!(f, "; {} lines could not be read", self.unreadable_lines)?;
        }
        f.write_str(".")
    }
}

/// How lines become events, and events facts.
#[derive(Debug, Clone)]
pub struct Reading {
    /// When the events count as received.
    pub received_at: DateTime<Utc>,
    /// How they are read.
    pub normalise: Normalise,
}

impl Reading {
    /// Read now, as without any rules of the operator's.
    pub fn plain(received_at: DateTime<Utc>) -> Self {
        Self {
            received_at,
            normalise: Normalise::from(em_integrations::normalise::normalise),
        }
    }
}

/// Imports `file`, plain or gzip. `progress` is told how many bytes of the file have been read.
///
/// # Errors
/// The file cannot be read to its end, or the store fails. What was imported until then stays.
pub async fn file(
    store: &Store,
    file: &Path,
    reading: Reading,
    progress: impl FnMut(u64),
) -> anyhow::Result<Imported> {
    let shown = file.display().to_string();
    let open = || format!("cannot read {shown}");
    let size = Arc::new(AtomicU64::new(0));
    let reader = BufReader::new(Counted {
        inner: File::open(file).with_context(open)?,
        read: Arc::clone(&size),
    });
    let lines = unpacked(reader).with_context(open)?;
    from_lines(store, lines, reading, &size, progress)
        .await
        .with_context(|| format!("importing {shown} stopped"))
}

/// Imports lines that are already at hand.
///
/// # Errors
/// As [`file()`].
pub async fn lines(
    store: &Store,
    lines: impl BufRead + Send + 'static,
    reading: Reading,
) -> anyhow::Result<Imported> {
    from_lines(store, Box::new(lines), reading, &Arc::default(), |_| {}).await
}

async fn from_lines(
    store: &Store,
    lines: Box<dyn BufRead + Send>,
    Reading {
        received_at,
        normalise,
    }: Reading,
    read: &Arc<AtomicU64>,
    mut progress: impl FnMut(u64),
) -> anyhow::Result<Imported> {
    let (sender, batches) = mpsc::channel(AHEAD);
    let reading = tokio::task::spawn_blocking(move || read_batches(lines, received_at, &sender));
    let mut imported = Imported::default();
    let batches = futures::stream::unfold(batches, async |mut batches| {
        Some((batches.recv().await?, batches))
    });
    let events = store.events();
    let stored = batches.map(|batch| {
        let normalise = normalise.clone();
        async move { events.append_batch(batch, normalise).await }
    });
    // While one batch is written, the next is normalised.
    let mut stored = std::pin::pin!(stored.buffered(2));
    while let Some(appended) = stored.next().await {
        let appended = appended?;
        imported.stored += appended.stored as u64;
        imported.duplicate += appended.duplicate as u64;
        imported.unrecognised += appended.unrecognised as u64;
        progress(read.load(Ordering::Relaxed));
    }
    store.facts().finish_import().await?;
    let (unreadable_lines, unreadable) = reading.await??;
    Ok(Imported {
        unreadable_lines,
        unreadable,
        ..imported
    })
}

/// Reads ahead on a thread of its own; ends early when the writer has gone.
fn read_batches(
    mut lines: Box<dyn BufRead + Send>,
    received_at: DateTime<Utc>,
    sender: &mpsc::Sender<Vec<RawEvent>>,
) -> anyhow::Result<(u64, Vec<String>)> {
    let (mut unreadable, mut named) = (0, Vec::new());
    let mut batch = Vec::with_capacity(BATCH);
    let mut line = Vec::new();
    for number in 1u64.. {
        line.clear();
        if lines
            .read_until(b'\n', &mut line)
            .with_context(|| format!("after line {}", number - 1))?
            == 0
        {
            break;
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        match recorded(line.trim_ascii(), received_at, EventId::new(Ulid::new())) {
            Ok(event) => batch.push(event),
            Err(reason) => {
                unreadable += 1;
                if named.len() < NAMED {
                    named.push(format!("{number}: {reason}"));
                }
            }
        }
        if batch.len() == BATCH
            && sender
                .blocking_send(std::mem::replace(&mut batch, Vec::with_capacity(BATCH)))
                .is_err()
        {
            return Ok((unreadable, named));
        }
    }
    if !batch.is_empty() {
        sender.blocking_send(batch).ok();
    }
    Ok((unreadable, named))
}

/// The text of a file, whether it is packed or not.
fn unpacked(mut reader: BufReader<Counted>) -> std::io::Result<Box<dyn BufRead + Send>> {
    let is_gzip = reader.fill_buf()?.starts_with(&GZIP);
    Ok(if is_gzip {
        Box::new(BufReader::new(MultiGzDecoder::new(reader)))
    } else {
        Box::new(reader)
    })
}

/// Counts the bytes that pass, for the progress bar.
struct Counted {
    inner: File,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}
