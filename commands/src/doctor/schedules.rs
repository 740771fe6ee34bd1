//! Purpose: what keeps schedules from posting: those that people keep and that failed, and channels of the configuration's
//! that cannot be posted to.

use std::collections::BTreeSet;

use em_blocks::doctor::{Finding, Health};

use super::{bad, can_post, ok};
use crate::ctx::Ctx;

/// Schedules whose trouble is told one by one.
const NAMED: usize = 5;

/// What keeps schedules from posting; nothing where there are none.
pub(super) async fn schedules(ctx: &Ctx) -> Vec<Finding> {
    // The database has a finding of its own.
    let kept = ctx.store.kept_schedules().list().await.unwrap_or_default();
    let troubled: Vec<Finding> = kept
        .iter()
        .filter_map(|kept| Some((kept, kept.trouble.as_ref()?)))
        .take(NAMED)
        .map(|(kept, trouble)| {
            let paused = if kept.is_active() { "" } else { " It is paused." };
            bad(
                Health::Warn,
                format!("The schedule `{}` does not work", kept.id),
                format!("{}{paused}", trouble.what),
                format!(
                    "Mend it, then `/em-agent schedule resume {}`. Its owner was told.",
                    kept.id
                ),
            )
        })
        .collect();
    let mut findings = troubled;
    if findings.is_empty() && !kept.is_empty() {
        findings.push(ok(format!("{} schedules are kept in Slack", kept.len())));
    }
    let default = ctx.settings.default_channel.as_deref();
    let configured = ctx.settings.schedules.iter();
    let channels: BTreeSet<&str> = configured
        .filter_map(|command| command.channel.as_deref())
        .collect();
    for channel in channels {
        // That of the others has a finding already.
        if Some(channel) != default {
            findings.push(can_post(ctx, channel, "schedules.channel").await);
        }
    }
    findings
}
