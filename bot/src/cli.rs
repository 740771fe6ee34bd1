//! Purpose: the command line. Exit codes: 0 done, 1 failed, 2 wrong usage or configuration.

mod audit;
mod config;
mod deadletters;
mod docs;
mod doctor;
mod dora;
mod evals;
mod export;
mod flow;
mod jobs;
mod policy;
mod progress;
mod recorded;
mod search;
mod token;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use em_commands::invocation::CommandError;

use crate::config::{Config, Environment, Problem, environment};

/// An engineering manager's chief of staff in Slack.
#[derive(Debug, Parser)]
#[command(name = "em-agent", version, about, arg_required_else_help = true)]
struct Cli {
    /// The configuration file [default: em-agent.toml, if it exists].
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Connect to Slack and work.
    Run,
    /// A local Slack-like workspace in the browser, with sample data: no tokens, no network.
    Demo(crate::demo::Options),
    /// Check configuration, tokens, scopes, database and webhooks; say what to fix and how.
    Doctor(doctor::Options),
    /// Apply database migrations and stop.
    Migrate,
    /// Read a system's past through its API.
    Backfill(recorded::BackfillOptions),
    /// Read recorded events from a file (JSON lines, plain or gzip).
    Import(recorded::ImportOptions),
    /// Rebuild every fact from the stored events.
    Replay,
    /// The documents that questions are answered from.
    #[command(subcommand)]
    Docs(docs::Command),
    /// Find passages in the documents.
    Search(search::SearchOptions),
    /// Ask the documents a question.
    Ask(search::AskOptions),
    /// How often we deploy, how long changes take, how often that fails, and for how long.
    Dora(dora::Options),
    /// How work moves: cycle time, reviews, work in progress, size of changes, CI.
    Flow(flow::Options),
    /// Measure how good the answers are.
    #[command(subcommand)]
    Evals(evals::Command),
    /// The log of who did what.
    #[command(subcommand)]
    Audit(audit::Command),
    /// Take tables out of the store: CSV, JSON Lines or Parquet.
    Export(export::Options),
    /// Look at jobs, retry them, call them off.
    Jobs(jobs::Options),
    /// Look at events that were not understood, have them read again after a fix.
    Deadletters(deadletters::Options),
    /// Try rules before they are put in force.
    #[command(subcommand)]
    Policy(policy::Command),
    /// The tokens by which programs use the HTTP API.
    #[command(subcommand)]
    Token(token::Command),
    /// Look at the configuration.
    #[command(subcommand)]
    Config(config::Command),
}

/// How a subcommand ends.
pub(crate) enum Failure {
    /// The configuration cannot be used; exit code 2.
    Configuration(Vec<Problem>),
    /// What was typed cannot be done, in a sentence; exit code 2.
    Usage(String),
    /// Something did not work; exit code 1.
    Failed(anyhow::Error),
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

impl From<Vec<Problem>> for Failure {
    fn from(problems: Vec<Problem>) -> Self {
        Self::Configuration(problems)
    }
}

/// What a question came to that somebody typed: wrong usage, if they can mend it.
pub(crate) fn asked_wrongly(error: CommandError) -> Failure {
    match error {
        CommandError::User(sentence) | CommandError::Denied(sentence) => Failure::Usage(sentence),
        CommandError::Usage { problem, .. } => Failure::Usage(problem),
        error @ (CommandError::Slack(_) | CommandError::Internal(_)) => Failure::Failed(error.into()),
    }
}

/// Runs the program named on the command line.
pub fn main() -> ExitCode {
    // slack-morphism, reqwest and the sockets must agree on one TLS provider; a second call changes nothing.
    rustls::crypto::ring::default_provider().install_default().ok();
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            return fail(&Failure::Failed(
                anyhow::Error::new(error).context("cannot start"),
            ));
        }
    };
    let outcome = runtime.block_on(execute(cli, environment()));
    // A name look-up or a file that hangs must not hold the end back.
    runtime.shutdown_background();
    match outcome {
        Ok(code) => code,
        Err(failure) => fail(&failure),
    }
}

async fn execute(cli: Cli, environment: Environment) -> Result<ExitCode, Failure> {
    if let Command::Config(command) = cli.command {
        return config::execute(command, cli.config.as_deref(), &environment);
    }
    if let Command::Demo(options) = cli.command {
        crate::demo::run(options).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let loaded = Config::load(cli.config.as_deref(), &environment);
    if let Command::Doctor(options) = cli.command {
        return doctor::execute(options, loaded).await;
    }
    if let Command::Policy(command) = cli.command {
        return policy::execute(command, loaded).await;
    }
    let config = loaded?;
    if matches!(cli.command, Command::Run) && config.secrets.slack_bot_token.is_none() {
        return Err(vec![slack_is_missing()].into());
    }
    crate::wire::start_logging(&config);
    match cli.command {
        Command::Run => crate::run::until_stopped(config).await?,
        Command::Migrate => {
            crate::wire::open_store(&config).await?;
            say("The database is up to date.");
        }
        Command::Import(options) => return recorded::import(options, config).await,
        Command::Replay => recorded::replay(config).await?,
        Command::Backfill(options) => recorded::backfill(options, config).await?,
        Command::Docs(command) => return docs::execute(command, config).await,
        Command::Search(options) => return search::search(options, config).await,
        Command::Ask(options) => return search::ask(options, config).await,
        Command::Dora(options) => return dora::execute(options, config).await,
        Command::Flow(options) => return flow::execute(options, config).await,
        Command::Evals(command) => return evals::execute(command, config).await,
        Command::Audit(command) => return audit::execute(command, config).await,
        Command::Export(options) => return export::execute(options, config).await,
        Command::Token(command) => return token::execute(command, config).await,
        Command::Jobs(options) => return jobs::execute(options, config).await,
        Command::Deadletters(options) => return deadletters::execute(options, config).await,
        Command::Doctor(_) | Command::Config(_) | Command::Demo(_) | Command::Policy(_) => {}
    }
    Ok(ExitCode::SUCCESS)
}

fn slack_is_missing() -> Problem {
    let what = "Slack is not configured: set SLACK_APP_TOKEN and SLACK_BOT_TOKEN (see README, “Connect your \
                workspace”), or try `em-agent demo`";
    Problem {
        key: "SLACK_BOT_TOKEN".to_owned(),
        what: what.to_owned(),
    }
}

/// One line of a command's result.
pub(crate) fn say(line: &str) {
    // A reader that went away (`| head`) is not worth a panic.
    writeln!(std::io::stdout(), "{line}").ok();
}

fn fail(failure: &Failure) -> ExitCode {
    let mut out = std::io::stderr();
    match failure {
        Failure::Configuration(problems) => {
            writeln!(out, "The configuration cannot be used:").ok();
            for problem in problems {
                writeln!(out, "  {problem}").ok();
            }
            ExitCode::from(2)
        }
        Failure::Usage(sentence) => {
            writeln!(out, "em-agent: {sentence}").ok();
            ExitCode::from(2)
        }
        Failure::Failed(error) => {
            writeln!(out, "em-agent: {error:#}").ok();
            ExitCode::FAILURE
        }
    }
}
