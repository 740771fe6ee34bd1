//! Purpose: `/em-agent integrations [name]`: which systems events come in from, and how one is set up.

use std::collections::BTreeMap;

use clap::Parser;
use em_blocks::integrations::{
    Integration, Poll, Standing, message_integration, message_integrations, message_tested,
};
use em_domain::id::EventId;
use em_storage::Unrecognised;
use ulid::Ulid;

use crate::ctx::{Ctx, Polling, System};
use crate::invocation::{Click, CommandError, Invocation, Outcome, Reply};
use crate::spec::Spec;

/// How it is written.
pub const SPEC: Spec = Spec {
    path: "integrations",
    usage: "integrations [system]",
    summary: "Which systems events come in from, when the last one came, and how one is set up.",
    examples: &["integrations", "integrations gitlab"],
    check_scheduled: None,
};

#[derive(Debug, Parser)]
struct Args {
    system: Option<String>,
}

/// Answers `integrations`.
pub async fn show(ctx: Ctx, invocation: Invocation) -> Outcome {
    let Args { system } = SPEC.parse(&invocation.words)?;
    let events = ctx.store.events();
    let last: BTreeMap<String, _> = events
        .list_sources()
        .await?
        .into_iter()
        .map(|source| (source.source, source.last_received_at))
        .collect();
    let unread = events.list_unrecognised().await?;
    let mut all = Vec::with_capacity(ctx.settings.systems.len());
    for system in &ctx.settings.systems {
        all.push(Integration {
            name: system.name,
            title: system.title,
            standing: standing(system),
            variable: &system.variable,
            poll: poll(&ctx, system).await?,
            how_polled: match &system.polling {
                Polling::Possible(how) => Some(how),
                Polling::On | Polling::Impossible => None,
            },
            last_at: last.get(system.name).copied(),
            unread: unread_of(&unread, system.name),
        });
    }
    let zone = ctx.settings.calendar.zone;
    let Some(named) = system else {
        return Ok(Reply::private(message_integrations(&all, zone)));
    };
    let named = named.to_lowercase();
    let found = all
        .iter()
        .find(|one| one.name == named || one.title.to_lowercase() == named);
    match found {
        Some(one) => Ok(Reply::private(message_integration(one, zone))),
        None => Err(unknown(&named, &all)),
    }
}

/// The button *Send test event*.
pub async fn test_clicked(ctx: Ctx, click: Click) -> Outcome {
    let systems = &ctx.settings.systems;
    let Some(system) = systems.iter().find(|system| system.name == click.value) else {
        return Err(CommandError::user(
            "I take in nothing from that system any more. `/em-agent integrations` lists them.",
        ));
    };
    let sent = ctx.trials.send(system.name, &EventId::new(Ulid::new())).await;
    sent.map_err(|error| CommandError::user(error.to_string()))?;
    Ok(Reply::private(message_tested(system.title, &system.variable)))
}

/// Under which name the store keeps how the last round of polling a system went.
pub fn report_name(source: &str) -> String {
    format!("poll-report:{source}")
}

/// How asking a system for news goes, if it is asked.
async fn poll(ctx: &Ctx, system: &System) -> Result<Option<Poll>, CommandError> {
    if system.polling != Polling::On {
        return Ok(None);
    }
    let report = ctx.store.cursors().find(&report_name(system.name)).await?;
    Ok(Some(Poll {
        last: report.map(|report| report.value),
    }))
}

fn standing(system: &System) -> Standing {
    match system {
        System { is_on: false, .. } => Standing::Off,
        System { has_secret: true, .. } => Standing::Ready,
        System {
            takes_unsigned: true, ..
        } => Standing::Unsigned,
        System { .. } => Standing::NotSetUp,
    }
}

fn unread_of(all: &[Unrecognised], source: &str) -> Vec<(String, i64)> {
    let own = all.iter().filter(|kind| kind.source == source);
    own.map(|kind| (kind.event_type.clone(), kind.count)).collect()
}

fn unknown(named: &str, all: &[Integration<'_>]) -> CommandError {
    let near = all.iter().max_by(|a, b| {
        let like = |one: &Integration<'_>| strsim::jaro_winkler(one.name, named);
        like(a).total_cmp(&like(b))
    });
    let near = near.map_or("github", |one| one.name);
    CommandError::user(format!(
        "I take in nothing from a system of that name. Did you mean `/em-agent integrations {near}`? `/em-agent integrations` lists them all."
    ))
}
