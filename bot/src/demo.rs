//! Purpose: `em-agent demo`: the real bot against a pretend Slack in the browser and a pretend GitHub, with sample data.
//! No tokens, no network: the only difference from `run` are the addresses of the two, and a clock that can be moved.

mod clock;
mod colleagues;
mod docs;
mod github;
mod shift;
mod stage;

use std::collections::BTreeSet;
use std::io::Cursor;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use chrono::{DateTime, Datelike, Days, TimeZone, Utc, Weekday};
use clap::Args;
use em_commands::registry::SLASH_COMMAND;
use em_domain::clock::SharedClock;
use em_domain::evidence::last_working_day;
use em_integrations::normalise::normalise;
use em_simulator::github::GithubSimulator;
use em_simulator::{Cast, Simulator, Suggestion};
use em_storage::{RoundState, Store};
use flate2::read::MultiGzDecoder;
use std::io::{BufRead, BufReader, Read};
use tokio_util::task::AbortOnDropHandle;

use crate::cli::say;
use crate::config::{Checked, Config, Environment};
use crate::{import, run, wire};
use clock::DemoClock;
use stage::DemoStage;

/// What was merged, released and deployed in a real project's last year.
const HISTORY: &[u8] = include_bytes!("../demo/history.jsonl.gz");
/// Written sample data: what is open now.
const SCENARIO: &str = include_str!("../demo/scenario.jsonl");
/// The demo's configuration.
const SETTINGS: &str = include_str!("../demo/em-agent.toml");
/// The instant that the sample data takes for "now": a Thursday morning.
const SCENARIO_NOW: &str = "2026-01-15T10:00:00Z";
/// Who reads `#payments` besides those who are in it everywhere.
const TEAM: [&str; 3] = ["U0CHLOE", "U0DMITRI", "U0FATIMA"];
/// Events worked in at once.
const BATCH: u16 = 1_000;

/// How the demo is shown.
#[derive(Debug, Args)]
pub struct Options {
    /// The port of the page on this machine.
    #[arg(long, default_value_t = 3000)]
    port: u16,
}

/// Shows the demo until Ctrl-C.
///
/// # Errors
/// The port is taken, or the temporary files cannot be written.
pub async fn run(options: Options) -> anyhow::Result<()> {
    let demo = start(
        SocketAddr::from((Ipv4Addr::LOCALHOST, options.port)),
        wire::system_clock(),
    )
    .await?;
    say(&format!("\n  EM Agent's demo workspace is at  {}\n", demo.url));
    say("  Open it in a browser: in #payments something waits for a decision. Or type  /em-agent triage");
    say("  there. Or move the clock on the left to the next working day: the standup begins at nine.");
    say("  Ctrl-C ends it; nothing is kept.\n");
    run::stop_asked().await?;
    demo.stop().await;
    Ok(())
}

/// A running demo.
pub struct Demo {
    /// The page.
    pub url: String,
    simulator: Simulator,
    bot: run::Bot,
    // Stop when dropped.
    _colleagues: AbortOnDropHandle<()>,
    // Stops when dropped.
    _github: GithubSimulator,
    // Removed when the demo ends.
    _files: tempfile::TempDir,
}

impl Demo {
    /// Stops the bot, then the pretend Slack.
    pub async fn stop(self) {
        self.bot.stop().await;
        self.simulator.stop().await;
    }
}

/// Starts the demo with its page at `addr`. Its clock runs as `machine` does, and begins at the instant that the sample
/// data takes for "now" on the latest working day.
///
/// # Errors
/// The address is taken, or the temporary files cannot be written.
pub async fn start(addr: SocketAddr, machine: SharedClock) -> anyhow::Result<Demo> {
    let now = today(machine.now());
    let clock = DemoClock::starting_at(machine, now);
    let simulator = Simulator::start(workspace(addr, &clock))
        .await
        .with_context(|| format!("cannot listen on {addr}; choose another port with --port"))?;
    let files = tempfile::tempdir().context("cannot make a temporary folder")?;
    let delta = now - scenario_now();
    let scenario = shifted(SCENARIO.as_bytes(), delta)?;
    let mut github = github::start(&scenario, clock.time_source()).await?;
    let config = config(&simulator, &github, files.path())?;
    wire::start_logging(&config);
    let store = wire::open_store(&config).await?;
    let history = shifted(MultiGzDecoder::new(HISTORY), delta)?;
    fill(&store, [history, scenario], now).await?;
    leave_out_today(&store, &config.checked, now).await?;
    store.close().await;
    let bot = run::start(config, Arc::new(clock.clone())).await?;
    github::tell(&mut github, bot.http_addr);
    simulator.set_stage(Arc::new(DemoStage {
        clock: clock.clone(),
        calendar: bot.ctx.settings.calendar.clone(),
        github: github.world().clone(),
    }));
    Ok(Demo {
        url: simulator.base_url().to_owned(),
        _colleagues: colleagues::start(&simulator, clock),
        simulator,
        bot,
        _github: github,
        _files: files,
    })
}

/// Imports the sample and works it in, so that no rule ever sees a part of it.
async fn fill(store: &Store, files: [Vec<u8>; 2], now: DateTime<Utc>) -> anyhow::Result<()> {
    for file in files {
        import::lines(store, Cursor::new(file), import::Reading::plain(now)).await?;
    }
    while store.facts().fold_pending(BATCH, normalise).await?.events > 0 {}
    Ok(())
}

/// The demo begins after this morning's standups, so they were missed: the next working day's are the first.
async fn leave_out_today(store: &Store, config: &Checked, now: DateTime<Utc>) -> anyhow::Result<()> {
    for standup in &config.standups {
        let day = now.with_timezone(&standup.zone).date_naive();
        let since = last_working_day(&config.calendar, standup.zone, &BTreeSet::new(), now).from;
        let missed = standup.plan(day, since, Vec::new());
        store.standups().open(&missed, &[], now).await?;
        store
            .standups()
            .close(&missed.id, RoundState::Missed, now)
            .await?;
    }
    Ok(())
}

fn config(simulator: &Simulator, github: &GithubSimulator, folder: &Path) -> anyhow::Result<Config> {
    let file = folder.join("em-agent.toml");
    std::fs::write(&file, SETTINGS).context("cannot write the demo's configuration")?;
    let documents = docs::write(folder)?;
    let database = format!("sqlite:{}", folder.join("demo.db").display());
    let environment: Environment = [
        ("SLACK_API_URL", simulator.slack_api_url()),
        ("SLACK_APP_TOKEN", simulator.app_token().to_owned()),
        ("SLACK_BOT_TOKEN", simulator.bot_token().to_owned()),
        ("DATABASE_URL", database),
        ("HTTP_ADDR", "127.0.0.1:0".to_owned()),
        ("GITHUB_API_URL", github.api_url()),
        ("GITHUB_TOKEN", github::TOKEN.to_owned()),
        ("GITHUB_WEBHOOK_SECRET", github::WEBHOOK_SECRET.to_owned()),
        (
            "EM_AGENT__KNOWLEDGE__DOCUMENTS",
            format!("[{:?}]", documents.display().to_string()),
        ),
        ("RUST_LOG", "warn".to_owned()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect();
    Config::load(Some(&file), &environment).map_err(|problems| {
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("the demo's configuration: {}", problems.join("; "))
    })
}

/// The pretend workspace: its page, and the commands that its composer offers.
fn workspace(addr: SocketAddr, clock: &DemoClock) -> em_simulator::Options {
    let suggestion = |text: &str, about: &str| Suggestion {
        command: format!("{SLASH_COMMAND} {text}"),
        about: about.to_owned(),
    };
    em_simulator::Options {
        port: addr.port(),
        ui: true,
        cast: cast(),
        time: clock.time_source(),
        escapes_command: true,
        suggestions: vec![
            suggestion("triage", "what is stuck"),
            suggestion("triage mine", "what waits for me"),
            suggestion("triage post", "post the list here"),
            suggestion("standup", "what I did, from evidence"),
            suggestion("standup --team payments", "what the team did"),
            suggestion("sprint", "how the work goes"),
            suggestion("sprint post", "post that here, with charts"),
            suggestion("digest", "the week against the one before"),
            suggestion("standup blockers", "what holds people up"),
            suggestion("approvals", "what waits for a decision"),
            suggestion("signals", "what the rules have found"),
            suggestion("propose", "what can be done"),
            suggestion("propose merge acme/checkout#211", "ask for a merge"),
            suggestion("audit acme/infra#61", "who did what about it"),
            suggestion("whoami", "who I am"),
            suggestion("doctor", "check the connections"),
            suggestion("help", "everything else"),
        ],
        ..em_simulator::Options::default()
    }
}

/// The usual people; the whole team reads the channel that its standup is posted to.
fn cast() -> Cast {
    let mut cast = Cast::default();
    for channel in cast
        .channels
        .iter_mut()
        .filter(|channel| channel.name == "payments")
    {
        channel.members.extend(TEAM.map(str::to_owned));
    }
    cast
}

fn scenario_now() -> DateTime<Utc> {
    SCENARIO_NOW.parse().unwrap_or_default()
}

/// The latest weekday morning that is past, at the hour of the written sample: moving it by whole days keeps its
/// hours of the day, and a weekday keeps its waits in working time sensible.
fn today(now: DateTime<Utc>) -> DateTime<Utc> {
    let hour = scenario_now().time();
    let mut day = now.date_naive();
    for _ in 0..7 {
        let morning = Utc.from_utc_datetime(&day.and_time(hour));
        if morning <= now && !matches!(day.weekday(), Weekday::Sat | Weekday::Sun) {
            return morning;
        }
        day = day.checked_sub_days(Days::new(1)).unwrap_or(day);
    }
    now
}

/// Every line with its times moved by `delta`.
fn shifted(lines: impl Read, delta: chrono::Duration) -> anyhow::Result<Vec<u8>> {
    let mut moved = Vec::new();
    for line in BufReader::new(lines).lines() {
        let line = line.context("the demo's sample data cannot be read")?;
        moved.extend_from_slice(shift::shift_times(&line, delta).as_bytes());
        moved.push(b'\n');
    }
    Ok(moved)
}
