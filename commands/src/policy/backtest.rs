//! Purpose: `/em-agent policy backtest 30d`: what another policy would have answered to what was asked of late.

use chrono::{DateTime, Duration, Utc};
use clap::Parser;
use em_blocks::policy::{BacktestView, message_backtest};
use em_domain::policy::backtest::Backtest;
use em_policy::{Policy, Source};
use em_storage::Store;

use crate::ctx::Ctx;
use crate::invocation::{CommandError, Invocation, Outcome, Reply};
use crate::spec::Spec;

/// How it is written.
pub const SPEC: Spec = Spec {
    path: "policy backtest",
    usage: "policy backtest [30d]",
    summary: "Say what the other rules would have answered to what was asked of late.",
    examples: &["policy backtest", "policy backtest 90d"],
    check_scheduled: None,
};

/// Questions read at one time.
const PAGE: u32 = 500;
/// Questions looked at, the newest first: some seconds of work.
const MOST_QUESTIONS: u64 = 50_000;

#[derive(Debug, Parser)]
struct Args {
    #[arg(default_value = "30d")]
    time: String,
}

/// Answers `policy backtest`.
pub async fn show(ctx: Ctx, invocation: Invocation) -> Outcome {
    let args: Args = SPEC.parse(&invocation.words)?;
    let since = ctx.clock.now() - days(&args.time)?;
    let own = &ctx.policy.own;
    let other = ctx.policy.candidate.clone().unwrap_or(Source::Shipped);
    if other == *own.source() {
        return Err(CommandError::user(
            "The shipped rules are in force and there are no others to compare them with: set `policy.candidate_dir` \
             to a folder of rules.",
        ));
    }
    let candidate = Policy::load(&other, own.data())
        .map_err(|error| CommandError::user(format!("The rules to compare with cannot be used: {error}.")))?;
    let in_force = own.in_force().policy.clone();
    let backtest = run(&ctx.store, since, &in_force, &candidate).await?;
    Ok(Reply::private(message_backtest(&BacktestView {
        before: &own.source().name(),
        after: &other.name(),
        since,
        backtest: &backtest,
        zone: ctx.settings.calendar.zone,
    })))
}

/// Puts what was asked since `since` to both policies, the newest first.
///
/// # Errors
/// The database cannot be read.
pub async fn run(
    store: &Store,
    since: DateTime<Utc>,
    before: &Policy,
    after: &Policy,
) -> Result<Backtest, CommandError> {
    let (mut found, mut last) = (Backtest::default(), None);
    while found.questions + found.unreadable < MOST_QUESTIONS {
        let page = store.decisions().list_since(since, last.as_ref(), PAGE).await?;
        let Some(end) = page.last().cloned() else { break };
        let (before, after) = (before.clone(), after.clone());
        // Rules are evaluated at full speed: not where others wait for their turn.
        let compared =
            tokio::task::spawn_blocking(move || em_policy::backtest::compare(&page, &before, &after));
        found.add(compared.await.map_err(anyhow::Error::new)?);
        last = Some(end);
    }
    Ok(found)
}

/// `30d`: a number of days.
fn days(text: &str) -> Result<Duration, CommandError> {
    let number = text
        .strip_suffix(['d', 'D'])
        .and_then(|number| number.parse().ok());
    number
        .filter(|days| (1..=3650).contains(days))
        .map(Duration::days)
        .ok_or_else(|| CommandError::Usage {
            problem: format!("I do not understand “{text}”; write a number of days, as 30d."),
            usage: SPEC.usage.to_owned(),
        })
}
