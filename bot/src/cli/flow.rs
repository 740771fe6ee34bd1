//! Purpose: `em-agent flow`: the flow metrics of any window, for programs and for whoever runs the bot.

use std::process::ExitCode;

use clap::Args;
use em_commands::flow::figures;
use em_domain::clock::{Clock as _, SystemClock};
use em_domain::flow::{FlowMetric, measure};
use em_storage::DeliveryOf;

use super::dora::{Typed, line, window};
use super::{Failure, say};
use crate::config::Config;
use crate::wire;

/// What is asked for.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    window: Typed,
    /// With --json: also every row that a number was counted from.
    #[arg(long, requires = "json")]
    proof: bool,
}

pub(crate) async fn execute(options: Options, config: Config) -> Result<ExitCode, Failure> {
    let now = SystemClock.now();
    let store = wire::open_store(&config).await?;
    let asked = options.window.asked(&store, &config, now).await?;
    let definitions = &config.checked.delivery;
    let delivery = store.delivery();
    let facts = delivery.flow_facts(DeliveryOf {
        asked: &asked,
        definitions,
        now,
    });
    let flow = measure(&facts.await.map_err(anyhow::Error::from)?, definitions, &asked);
    if options.json {
        say(&figures::all(&flow, options.proof).to_string());
        return Ok(ExitCode::SUCCESS);
    }
    say(&window(&flow.asked));
    for metric in FlowMetric::ALL {
        line(metric.title(), &flow.of(metric).measured);
    }
    Ok(ExitCode::SUCCESS)
}
