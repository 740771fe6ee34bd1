//! Purpose: `em-agent audit verify` and `em-agent export audit`: the log of who did what, checked and taken out.

use std::io::Write;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand, ValueEnum};
use em_domain::audit::AuditRecord;
use em_storage::Store;

use super::{Failure, say};
use crate::config::Config;
use crate::wire;

/// What to do with the audit log.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check every hash of the audit log; exit code 1 if anything was changed, put in or taken out.
    Verify(VerifyOptions),
}

/// What the log is held against.
#[derive(Debug, Args)]
pub(crate) struct VerifyOptions {
    /// A head hash that was written down earlier: also fails if the log no longer contains it.
    #[arg(long, value_name = "HASH")]
    contains: Option<String>,
}

/// What to take out, and how.
#[derive(Debug, Args)]
pub(crate) struct ExportOptions {
    /// What to take out.
    #[arg(value_enum)]
    what: What,
    /// How it is written.
    #[arg(long, value_enum, default_value_t = Format::Jsonl)]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum What {
    /// The audit log.
    Audit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Comma-separated, with a head line.
    Csv,
    /// One JSON object per line.
    Jsonl,
}

pub(crate) async fn execute(command: Command, config: Config) -> Result<ExitCode, Failure> {
    let Command::Verify(options) = command;
    let store = wire::open_store(&config).await?;
    let verified = store
        .audit()
        .verify()
        .await
        .context("the audit log cannot be read")?;
    let found = match (&verified, &options.contains) {
        (Ok(_), Some(hash)) => contains(&store, hash).await?,
        (Ok(_), None) | (Err(_), _) => true,
    };
    store.close().await;
    match verified {
        Ok(verified) if found => {
            say(&format!("The audit log is whole: {} entries.", verified.entries));
            if let Some(head) = verified.head {
                say(&format!("Head: {head}"));
            }
            Ok(ExitCode::SUCCESS)
        }
        Ok(_) => {
            say(
                "The audit log is whole in itself, but the given hash is not in it: it was cut short or made anew.",
            );
            Ok(ExitCode::FAILURE)
        }
        Err(broken) => {
            say(&format!("The audit log cannot be believed: {broken}."));
            Ok(ExitCode::FAILURE)
        }
    }
}

async fn contains(store: &Store, hash: &str) -> Result<bool, Failure> {
    let mut after = 0;
    loop {
        let page = page(store, after).await?;
        let Some(last) = page.last() else { return Ok(false) };
        after = last.seq;
        if page.iter().any(|record| record.hash == hash) {
            return Ok(true);
        }
    }
}

async fn page(store: &Store, after: i64) -> Result<Vec<AuditRecord>, Failure> {
    let page = store.audit().list_after(after).await;
    Ok(page.context("the audit log cannot be read")?)
}

/// Writes the whole log to standard output, page by page.
pub(crate) async fn export(options: ExportOptions, config: Config) -> Result<ExitCode, Failure> {
    let What::Audit = options.what;
    let store = wire::open_store(&config).await?;
    let mut out = std::io::BufWriter::new(std::io::stdout());
    let mut after = 0;
    if options.format == Format::Csv {
        writeln!(out, "seq,at,actor,kind,subject,data,previous,hash").ok();
    }
    loop {
        let page = page(&store, after).await?;
        let Some(last) = page.last() else { break };
        after = last.seq;
        for record in &page {
            let line = match options.format {
                Format::Jsonl => serde_json::to_string(record).context("an entry is no JSON")?,
                Format::Csv => csv(record),
            };
            if writeln!(out, "{line}").is_err() {
                // The reader went away (`| head`).
                return Ok(ExitCode::SUCCESS);
            }
        }
    }
    out.flush().context("the export cannot be written")?;
    store.close().await;
    Ok(ExitCode::SUCCESS)
}

/// One line by RFC 4180. A field that a spreadsheet would take for a formula is kept from being one by an apostrophe.
fn csv(record: &AuditRecord) -> String {
    let fields = [
        record.seq.to_string(),
        record.at.to_rfc3339(),
        record.actor.clone(),
        record.kind.clone(),
        record.subject.clone(),
        record.data.clone(),
        record.previous.clone(),
        record.hash.clone(),
    ];
    fields.map(|field| quoted(&field)).join(",")
}

fn quoted(field: &str) -> String {
    let harmless = if field.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{field}")
    } else {
        field.to_owned()
    };
    if harmless.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", harmless.replace('"', "\"\""))
    } else {
        harmless
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_and_formulas_are_not_run() {
        assert_eq!(quoted("a"), "a");
        assert_eq!(quoted("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(quoted("=HYPERLINK(1)"), "'=HYPERLINK(1)");
    }
}
