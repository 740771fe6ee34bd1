//! Purpose: `em-agent policy test | backtest`: rules are tried before they are put in force.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use clap::{Args, Subcommand};
use em_commands::policy::backtest;
use em_domain::policy::backtest::{Backtest, Shift};
use em_policy::{Policy, Source, prove};

use super::{Failure, say};
use crate::config::{Config, Problem};
use crate::wire;

/// What to do with policies.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum Command {
    /// Run the tests (`test_*` rules) of a policy; without a path, of the configured one.
    Test {
        /// A folder of .rego files, or one of them.
        path: Option<PathBuf>,
    },
    /// Say what another policy would have answered to what was asked before.
    Backtest(BacktestOptions),
}

/// What is compared.
#[derive(Debug, Clone, Args)]
pub(crate) struct BacktestOptions {
    /// A folder of .rego files, or one of them.
    path: PathBuf,
    /// The first day whose questions are asked again, UTC [default: 30 days ago].
    #[arg(long, value_name = "YYYY-MM-DD")]
    since: Option<NaiveDate>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn execute(
    command: Command,
    loaded: Result<Config, Vec<Problem>>,
) -> Result<ExitCode, Failure> {
    match command {
        Command::Test { path: Some(path) } => test(&Source::Path(path)),
        Command::Test { path: None } => test(&Source::configured(&loaded?.sections.policy.dir)),
        Command::Backtest(options) => {
            let config = loaded?;
            wire::start_logging(&config);
            compare(options, &config).await
        }
    }
}

/// Tests bring their own data (`with data.roles as ..`), so they hold under every configuration.
fn test(source: &Source) -> Result<ExitCode, Failure> {
    let proofs = source
        .read()
        .and_then(|files| prove(&files, &serde_json::json!({})))
        .map_err(anyhow::Error::new)?;
    for proof in &proofs {
        match &proof.failure {
            None => say(&format!("ok    {}", proof.test)),
            Some(failure) => say(&format!("FAIL  {}: {failure}", proof.test)),
        }
    }
    let failed = proofs.iter().filter(|proof| proof.failure.is_some()).count();
    say(&format!(
        "{}: {} tests, {failed} failed",
        source.name(),
        proofs.len()
    ));
    Ok(if failed == 0 && !proofs.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn compare(options: BacktestOptions, config: &Config) -> Result<ExitCode, Failure> {
    let data = &config.checked.policy_data;
    let load = |source: &Source| Policy::load(source, data).map_err(anyhow::Error::new);
    let in_force = load(&Source::configured(&config.sections.policy.dir))?;
    let candidate = load(&Source::Path(options.path))?;
    let store = wire::open_store(config).await?;
    let since = match options.since {
        Some(day) => day.and_time(NaiveTime::MIN).and_utc(),
        None => wire::system_clock().now() - chrono::Duration::days(30),
    };
    let found = backtest::run(&store, since, &in_force, &candidate)
        .await
        .context("the recorded questions cannot be read")?;
    if options.json {
        let json = serde_json::to_string_pretty(&found).context("cannot print the result")?;
        say(&json);
    } else {
        print(&found, since);
    }
    Ok(ExitCode::SUCCESS)
}

fn print(found: &Backtest, since: DateTime<Utc>) {
    say(&format!(
        "Questions since {}: {}",
        since.format("%Y-%m-%d"),
        found.questions
    ));
    for shift in Shift::ALL {
        say(&format!("{:>7} {}", found.count(shift), shift.words()));
    }
    if found.unreadable > 0 {
        say(&format!(
            "{:>7} were written by another version and cannot be asked again",
            found.unreadable
        ));
    }
    for line in &found.differences {
        let url = line.url.as_deref().unwrap_or("-");
        say(&format!(
            "{}  {}  {} -> {}  {url}",
            line.at.format("%Y-%m-%d %H:%M"),
            line.subject,
            line.before,
            line.after
        ));
    }
}
