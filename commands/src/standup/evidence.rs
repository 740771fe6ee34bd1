//! Purpose: the evidence that standups are made of: what these people did in a window, and what of theirs stands still.

use std::collections::BTreeMap;

use em_domain::evidence::blocked::cause;
use em_domain::evidence::{Blocked, Evidence, Window, happened};
use em_domain::id::RepositoryName;
use em_domain::person::Identity;
use em_domain::triage::TeamScope;

use crate::ctx::Ctx;
use crate::invocation::CommandError;

/// What `people` did in the window, and what of theirs stands still now, everything included: where others than the
/// people themselves read it, cut it down with [`Evidence::for_channel`]. What went live in `repositories` by somebody
/// else is told besides.
///
/// # Errors
/// The database cannot be reached.
pub(crate) async fn evidence_of(
    ctx: &Ctx,
    people: &[Identity],
    repositories: &[RepositoryName],
    window: Window,
) -> Result<Evidence, CommandError> {
    let facts = ctx.store.evidence().list_facts(people, window).await?;
    let blocked = blocked_of(ctx, people).await?;
    let (people, repositories) = (people.to_vec(), repositories.to_vec());
    // A busy day of many people takes a while; others are to be answered meanwhile.
    let work = move || {
        let events = happened(&facts, window);
        Evidence::new(people, &repositories, &events, blocked, window)
    };
    let evidence = tokio::task::spawn_blocking(work).await;
    evidence.map_err(|error| CommandError::Internal(anyhow::Error::new(error).context("work out a standup")))
}

/// What of `people`'s work stands still now.
///
/// # Errors
/// The database cannot be reached.
pub(crate) async fn blocked_of(ctx: &Ctx, people: &[Identity]) -> Result<Vec<Blocked>, CommandError> {
    let now = ctx.clock.now();
    let labels = &ctx.settings.triage.ignored_labels;
    let (rows, public) = ctx.store.evidence().list_waiting(people, labels, now).await?;
    let blocked = rows.into_iter().filter_map(|row| {
        let cause = cause(&row, &ctx.settings.calendar, now)?;
        let is_private = !public.contains(&row.key.repository);
        Some(Blocked {
            cause,
            row,
            is_private,
        })
    });
    Ok(blocked.collect())
}

/// The people of a team with the accounts that are known of them, in the order of the configuration.
///
/// # Errors
/// The team has no people, or the database cannot be reached.
pub(crate) async fn people_of_team(ctx: &Ctx, team: &TeamScope) -> Result<Vec<Identity>, CommandError> {
    if team.members.is_empty() {
        return Err(CommandError::user(format!(
            "I do not know who is in {}: an admin can add `members` to it in em-agent.toml, under `[teams.{}]`.",
            team.name, team.name
        )));
    }
    let links = ctx.store.people().list_links_to(&team.members).await?;
    // The strongest link comes first and must win, so it is put in last.
    let by_login: BTreeMap<String, _> = links
        .into_iter()
        .rev()
        .map(|link| (link.login.as_str().to_lowercase(), link.slack_user))
        .collect();
    let identity = |login: &em_domain::id::Login| Identity {
        slack_user: by_login.get(&login.as_str().to_lowercase()).cloned(),
        login: Some(login.clone()),
    };
    Ok(team.members.iter().map(identity).collect())
}
