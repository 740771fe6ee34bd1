//! Purpose: whether other programs are told what happens, as the bot that publishes saw it last.

use em_blocks::doctor::{Finding, Health};
use em_domain::bus::{STANDING, Standing};
use em_storage::Backlog;

use super::{bad, ok};
use crate::ctx::Ctx;

/// How the bus does; nothing where it is off.
pub(super) async fn bus(ctx: &Ctx) -> Option<Finding> {
    let settings = ctx.settings.bus.as_ref()?;
    // The database has a finding of its own.
    let backlog = ctx.store.outbox().backlog().await.ok()?;
    let standing = ctx.store.cursors().find::<Standing>(STANDING).await.ok()?;
    let servers = &settings.servers;
    let waiting = waiting(&backlog);
    Some(match standing.map(|standing| standing.value) {
        None => ok(format!(
            "Other programs are told by NATS at {servers} as soon as the bot runs; {waiting}"
        )),
        Some(Standing::Good { .. }) => ok(format!("Other programs are told by NATS at {servers}; {waiting}")),
        Some(Standing::Failing { since, why }) => bad(
            Health::Fail,
            "Other programs are not told what happens",
            format!("Since {} UTC: {why}", since.format("%Y-%m-%d %H:%M")),
            format!(
                "Mend that; {waiting}, and nothing is lost that waits less than {} hours.",
                settings.keep_hours
            ),
        ),
    })
}

fn waiting(backlog: &Backlog) -> String {
    match (backlog.count, backlog.oldest) {
        (0, _) | (_, None) => "nothing waits".to_owned(),
        (1, Some(oldest)) => format!("1 message waits since {} UTC", oldest.format("%Y-%m-%d %H:%M")),
        (many, Some(oldest)) => format!(
            "{many} messages wait, the oldest since {} UTC",
            oldest.format("%Y-%m-%d %H:%M")
        ),
    }
}
