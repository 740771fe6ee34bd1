//! Purpose: `em-agent audit verify`: the log of who did what, checked. `em-agent export audit` takes it out.

use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};
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
