//! Purpose: `em-agent doctor`: check everything and say what to fix. Exit code 1 if something must be fixed.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use em_blocks::doctor::{Finding, Health};
use em_integrations::http::{self, TimeLimits};

use super::{Failure, say};
use crate::config::{Config, Problem};
use crate::wire;

/// How thorough to be.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only ask the bot that runs here whether it lives (for a container's health check).
    #[arg(long)]
    live: bool,
}

/// How long a living bot may take to say so.
const LIVE_WITHIN: Duration = Duration::from_secs(3);

pub(crate) async fn execute(
    options: Options,
    loaded: Result<Config, Vec<Problem>>,
) -> Result<ExitCode, Failure> {
    let config = loaded?;
    if options.live {
        return live(&config).await;
    }
    say("ok    The configuration can be used");
    let findings = examine(&config).await;
    for finding in &findings {
        print(finding);
    }
    let is_sick = findings.iter().any(|finding| finding.health == Health::Fail);
    Ok(if is_sick {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

async fn examine(config: &Config) -> Vec<Finding> {
    let store = match wire::open_store(config).await {
        Ok(store) => store,
        Err(error) => {
            return vec![Finding {
                health: Health::Fail,
                what: "The database cannot be opened".to_owned(),
                why: format!("{error:#}."),
                fix: "Check DATABASE_URL (or EM_AGENT_DATA_DIR), and that no other bot uses the same SQLite file.".to_owned(),
            }];
        }
    };
    match wire::ctx(config, store, wire::system_clock()).await {
        Ok(ctx) => em_commands::doctor::examine(&ctx).await,
        Err(error) => vec![Finding {
            health: Health::Fail,
            what: "The clients cannot be built".to_owned(),
            why: format!("{error:#}."),
            fix: "Check the addresses in the configuration.".to_owned(),
        }],
    }
}

fn print(finding: &Finding) {
    let mark = match finding.health {
        Health::Ok => "ok   ",
        Health::Warn => "warn ",
        Health::Fail => "FAIL ",
    };
    say(&format!("{mark} {}", finding.what));
    for line in [&finding.why, &finding.fix]
        .into_iter()
        .filter(|line| !line.is_empty())
    {
        say(&format!("        {line}"));
    }
}

async fn live(config: &Config) -> Result<ExitCode, Failure> {
    let url = format!("http://127.0.0.1:{}/health", config.checked.http_addr.port());
    let limits = TimeLimits {
        connect: LIVE_WITHIN,
        total: LIVE_WITHIN,
    };
    let client = http::client(limits).context("cannot ask")?;
    let answer = client.get(&url).send().await.context("the bot does not answer")?;
    Ok(if answer.status().is_success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
