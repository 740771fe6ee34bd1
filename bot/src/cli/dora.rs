//! Purpose: `em-agent dora`: the five delivery metrics of any window, for programs and for whoever runs the bot.

use std::process::ExitCode;

use anyhow::anyhow;
use chrono::{DateTime, Utc};
use clap::Args;
use em_blocks::dora::told;
use em_commands::dora::figures;
use em_commands::dora::window::{Around, Window};
use em_domain::clock::{Clock as _, SystemClock};
use em_domain::delivery::{Asked, Definitions, FiveKeys, Measured, Metric, Mode, compare, measure};
use em_storage::{DeliveryOf, Store};

use super::{Failure, say};
use crate::config::Config;
use crate::wire;

/// Which time, and whose work.
#[derive(Debug, Args)]
pub(super) struct Typed {
    /// The first day, as 2026-01-31, or an instant [default: 90 days before the last].
    #[arg(long, value_name = "DATE")]
    from: Option<String>,
    /// The last day, or an instant that is no longer in [default: now].
    #[arg(long, value_name = "DATE")]
    to: Option<String>,
    /// Only this repository, as owner/name.
    #[arg(long, value_name = "R")]
    repo: Option<String>,
    /// Only this configured team.
    #[arg(long, value_name = "T", conflicts_with = "repo")]
    team: Option<String>,
}

impl Typed {
    /// The window as of `now`.
    pub(super) async fn asked(
        &self,
        store: &Store,
        config: &Config,
        now: DateTime<Utc>,
    ) -> Result<Asked, Failure> {
        let around = Around {
            store,
            teams: &config.checked.teams,
            zone: config.checked.calendar.zone,
            now,
        };
        let window = Window {
            from: self.from.as_deref(),
            to: self.to.as_deref(),
            repository: self.repo.as_deref(),
            team: self.team.as_deref(),
            days: None,
        };
        let asked = window.asked(around).await;
        Ok(asked.map_err(|error| anyhow!("{error}"))?)
    }
}

/// What is asked for.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    window: Typed,
    /// By whose definitions: ours, devlake-2023, devlake-2021, fourkeys, middleware; or all, side by side.
    #[arg(long, default_value = "ours")]
    mode: String,
    /// Count the changes of bots too, whatever the configuration says.
    #[arg(long)]
    with_bots: bool,
    /// With --json: also every row that a number was counted from.
    #[arg(long, requires = "json")]
    proof: bool,
}

pub(crate) async fn execute(options: Options, config: Config) -> Result<ExitCode, Failure> {
    let now = SystemClock.now();
    let store = wire::open_store(&config).await?;
    let asked = options.window.asked(&store, &config, now).await?;
    let modes = modes(&options.mode)?;
    let delivery = store.delivery();
    let facts = delivery.facts(DeliveryOf {
        asked: &asked,
        definitions: &config.checked.delivery,
        now,
    });
    let facts = facts.await.map_err(anyhow::Error::from)?;
    let mut definitions = Definitions::clone(&config.checked.delivery);
    definitions.count_bots |= options.with_bots;
    let definitions = &definitions;
    let counted: Vec<FiveKeys> = if modes.len() > 1 {
        compare(&facts, definitions, &asked)
    } else {
        modes
            .iter()
            .map(|mode| measure(&facts, definitions, &asked, *mode))
            .collect()
    };
    for keys in &counted {
        if options.json {
            say(&figures::five_keys(keys, options.proof).to_string());
        } else {
            show(keys);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn modes(name: &str) -> Result<Vec<Mode>, Failure> {
    if name.eq_ignore_ascii_case("all") {
        return Ok(Mode::ALL.to_vec());
    }
    let known = Mode::ALL.map(Mode::as_str).join(", ");
    let mode =
        Mode::parse(name).ok_or_else(|| anyhow!("there are no definitions `{name}`; I know {known}, all"))?;
    Ok(vec![mode])
}

fn show(keys: &FiveKeys) {
    let mode = keys.mode.as_str();
    say(&format!("{}, definitions: {mode}", window(&keys.asked)));
    for metric in Metric::ALL {
        line(metric.title(), keys.of(metric));
    }
}

/// From when to when.
pub(super) fn window(asked: &Asked) -> String {
    let day = |at: DateTime<Utc>| at.with_timezone(&asked.zone).format("%Y-%m-%d %H:%M");
    format!("{} to {} ({})", day(asked.from), day(asked.to), asked.zone.name())
}

/// One metric, and below it what is missing.
pub(super) fn line(title: &str, measured: &Measured) {
    let value = match measured.value {
        Ok(value) => told(value, measured.unit),
        Err(why) => format!("- ({})", why.words()),
    };
    let interval = measured.interval.map(|interval| {
        let ends = [interval.low, interval.high].map(|end| told(end, measured.unit));
        format!("  95 %: {}", ends.join(" to "))
    });
    let band = measured.band.ok().map(|known| format!("  {}", known.words()));
    say(&format!(
        "{title:<24}{value}{}{}  (of {})",
        interval.unwrap_or_default(),
        band.unwrap_or_default(),
        measured.sample
    ));
    for note in measured.notes.iter().filter(|note| note.count > 0) {
        let what = note.about.words();
        say(&format!("{:<24}{} of {} {what}", "", note.count, note.of));
    }
}
