//! Purpose: signals: what the rules find, told once. `/em-agent signals [kind]` lists what is open.

mod bulletin;
pub mod files;
pub mod reaction;
pub mod rules;

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::Context;
use chrono::{DateTime, Utc};
use clap::Parser;
use em_blocks::people::People;
use em_blocks::signal::{SignalsView, message_signals};
use em_domain::goal;
use em_domain::id::{Login, SignalId, SlackUser};
use em_domain::signal::{self, ChangedFiles, Diff, Rules, Signal, diff};
use em_storage::Watch;
use ulid::Ulid;

use crate::ctx::Ctx;
use crate::goal::warn;
use crate::invocation::{CommandError, Invocation, Outcome, Reply};
use crate::spec::Spec;

/// How it is written.
pub const SPEC: Spec = Spec {
    path: "signals",
    usage: "signals [kind]",
    summary: "What the rules have found and is still so.",
    examples: &["signals", "signals stale_pr"],
    check_scheduled: None,
};

#[derive(Debug, Parser)]
struct Args {
    kind: Option<String>,
}

/// Answers `signals`.
pub async fn show(ctx: Ctx, invocation: Invocation) -> Outcome {
    let args: Args = SPEC.parse(&invocation.words)?;
    let kind = args.kind.as_deref().map(kind_named).transpose()?;
    let open = ctx.store.signals().list_open(kind.map(|kind| kind.name)).await?;
    let known = known_people(&ctx, &open).await?;
    let people = |login: &Login| known.get(&login.as_str().to_lowercase()).cloned();
    Ok(Reply::private(message_signals(&SignalsView {
        open: &open,
        kind,
        is_enabled: ctx.settings.signals.enabled,
        people: People::private(&people),
        calendar: &ctx.settings.calendar,
        now: ctx.clock.now(),
    })))
}

/// The kind that somebody typed, in any case and with dashes for underscores.
fn kind_named(typed: &str) -> Result<&'static signal::SignalKind, CommandError> {
    signal::kind(&typed.to_lowercase().replace('-', "_")).ok_or_else(|| {
        let known: Vec<&str> = signal::kinds().map(|kind| kind.name).collect();
        CommandError::user(format!("There is no such kind. I know: {}.", known.join(", ")))
    })
}

/// The Slack users of everybody the signals name, by login in lower case, where links exist.
async fn known_people(ctx: &Ctx, signals: &[Signal]) -> Result<HashMap<String, SlackUser>, CommandError> {
    let mut logins: Vec<Login> = signals
        .iter()
        .flat_map(|signal| signal.finding.people.iter().cloned())
        .collect();
    logins.sort();
    logins.dedup();
    let links = ctx.store.people().list_links_to(&logins).await?;
    // The strongest link comes first and must win, so it is put in last.
    Ok(links
        .into_iter()
        .rev()
        .map(|link| (link.login.as_str().to_lowercase(), link.slack_user))
        .collect())
}

/// Looks what the rules find now: opens, changes and resolves signals, and tells of them. Any number of replicas may
/// do this at once.
///
/// # Errors
/// The database or Slack; what was decided until then stays, and the next evaluation goes on from there.
pub async fn evaluate(ctx: &Ctx) -> Result<(), CommandError> {
    if !ctx.settings.signals.enabled {
        return Ok(());
    }
    let now = ctx.clock.now();
    ctx.rules.reload(now).await;
    let rules = ctx.rules.in_force().rules;
    if let Some(watch) = ctx.store.signals().watch(now).await? {
        let files = if rules.look_at_paths() {
            ctx.store.signals().list_files().await?
        } else {
            Vec::new()
        };
        let changes = compare(ctx, &rules, (watch, files), now).await?;
        change(ctx, &changes, now).await?;
    }
    tell(ctx, &rules).await
}

/// Opens, changes and resolves signals.
pub(crate) async fn change(ctx: &Ctx, changes: &Diff, now: DateTime<Utc>) -> Result<(), CommandError> {
    if changes.is_empty() {
        return Ok(());
    }
    let new = |finding: &signal::Finding| Signal::opened(SignalId::new(Ulid::new()), finding.clone(), now);
    let opened: Vec<Signal> = changes.open.iter().map(new).collect();
    let applied = ctx.store.signals().apply(&opened, changes, now).await?;
    tracing::info!(
        opened = applied.opened,
        updated = applied.updated,
        resolved = applied.resolved,
        "signals changed"
    );
    Ok(())
}

/// Tells of what nobody was told of, and brings up to date what was told.
pub(crate) async fn tell(ctx: &Ctx, rules: &Rules) -> Result<(), CommandError> {
    // What stands is brought up to date even if something new could not be posted.
    let announced = bulletin::announce(ctx, rules).await;
    bulletin::refresh_all(ctx).await?;
    warn::enqueue_due(ctx).await?;
    announced
}

/// What has to change so that exactly what the rules find is open. Away from the async threads: it is a while of work
/// with many pull requests, and a click must be answered in between.
async fn compare(
    ctx: &Ctx,
    rules: &Arc<Rules>,
    (watch, files): (Watch, Vec<ChangedFiles>),
    now: DateTime<Utc>,
) -> anyhow::Result<Diff> {
    let (rules, settings) = (Arc::clone(rules), Arc::clone(&ctx.settings));
    let work = move || {
        let mut facts = watch.facts;
        // Whoever put such a label on a pull request wants nobody to wait for it.
        let ignored = &settings.triage.ignored_labels;
        facts.pulls.retain(|pull| !pull.has_any(ignored));
        facts.add_files(files);
        let mut findings = signal::evaluate(&rules, &facts, now, &settings.calendar);
        let counts_bots = settings.delivery.count_bots;
        findings.extend(goal::near(
            &settings.goals,
            &facts,
            counts_bots,
            now,
            &settings.calendar,
        ));
        diff(&watch.open, findings)
    };
    tokio::task::spawn_blocking(work)
        .await
        .context("evaluate the rules")
}
