//! Purpose: `em-agent dora`: the five delivery metrics of any window, for programs and for whoever runs the bot.

use std::process::ExitCode;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use clap::{Args, Subcommand};
use em_blocks::dora::told;
use em_commands::dora::figures;
use em_commands::dora::window::{Around, Window};
use em_commands::selfcheck;
use em_domain::clock::{Clock as _, SystemClock};
use em_domain::delivery::{Asked, Definitions, FiveKeys, Measured, Metric, Mode, compare, measure};
use em_domain::selfcheck::Checked;
use em_storage::{DeliveryOf, Store};

use super::{Failure, asked_wrongly, say};
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
        asked.map_err(asked_wrongly)
    }
}

/// What else can be asked for.
#[derive(Debug, Subcommand)]
enum Command {
    /// Count a past week again from its events; exit code 1 if what is stored is something else.
    Check(CheckOptions),
}

/// Which week.
#[derive(Debug, Args)]
struct CheckOptions {
    /// Any day of the week, as 2026-01-31 [default: some past week].
    #[arg(long, value_name = "DATE")]
    week: Option<NaiveDate>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What is asked for.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Options {
    #[command(subcommand)]
    command: Option<Command>,
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
    if let Some(Command::Check(options)) = options.command {
        return check(options, config).await;
    }
    let now = SystemClock.now();
    let modes = modes(&options.mode)?;
    let store = wire::open_store(&config).await?;
    let asked = options.window.asked(&store, &config, now).await?;
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

/// Counts a week again and says what differs.
async fn check(options: CheckOptions, config: Config) -> Result<ExitCode, Failure> {
    let store = wire::open_store(&config).await?;
    let now = SystemClock.now();
    let reading = Arc::new(config.sections.events.clone());
    let around = selfcheck::Around {
        store: &store,
        definitions: &config.checked.delivery,
        zone: config.checked.calendar.zone,
        reading: &reading,
        now,
    };
    let week = match options.week {
        Some(day) => selfcheck::week_of(day, around)
            .ok_or_else(|| Failure::Usage(format!("the week of {day} is not over yet: name a past one"))),
        None => selfcheck::pick_week(around, now.timestamp().unsigned_abs())
            .await
            .map_err(asked_wrongly)?
            .ok_or_else(|| Failure::Usage("no past week has all of its events yet".to_owned())),
    }?;
    let checked = selfcheck::check_week(around, week).await.map_err(asked_wrongly)?;
    store.close().await;
    if options.json {
        say(&serde_json::json!(checked).to_string());
    } else {
        tell(&checked);
    }
    Ok(if checked.agrees() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn tell(checked: &Checked) {
    let Checked { week, compared, .. } = checked;
    if checked.skipped > 0 {
        let skipped = checked.skipped;
        say(&format!(
            "{skipped} facts began before the oldest event that is kept; they were left out."
        ));
    }
    if checked.agrees() {
        let numbers = checked.numbers;
        say(&format!(
            "The week of {week} agrees with its events: {compared} facts, {numbers} numbers."
        ));
        return;
    }
    say(&format!("The week of {week} does not agree with its events:"));
    for difference in &checked.differences {
        say(&format!("  {}", difference.words()));
    }
    for number in &checked.differing {
        let value = |value: Option<f64>| value.map_or_else(|| "none".to_owned(), |value| value.to_string());
        let (told, recounted) = (value(number.told), value(number.recounted));
        say(&format!(
            "  {}: {told}, by the events {recounted}",
            number.metric.title()
        ));
    }
    say("`em-agent replay` rebuilds all facts from the events.");
}

/// The modes that are meant.
pub(super) fn modes(name: &str) -> Result<Vec<Mode>, Failure> {
    if name.eq_ignore_ascii_case("all") {
        return Ok(Mode::ALL.to_vec());
    }
    let known = Mode::ALL.map(Mode::as_str).join(", ");
    let unknown = || Failure::Usage(format!("there are no definitions `{name}`; I know {known}, all"));
    Ok(vec![Mode::parse(name).ok_or_else(unknown)?])
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
