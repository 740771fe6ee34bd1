//! Purpose: `/em-agent standup [--team T] [since]`: what was done, what stands still and who can set it going, as of now
//! and from evidence alone. Mine, or a team's; only the one who asks sees it.

pub mod away;
pub mod blockers;
pub mod checkin;
pub mod evidence;
pub mod history;
pub mod post;
pub mod question;
pub mod round;

use std::collections::{BTreeSet, HashMap};

use chrono_tz::Tz;
use clap::Parser;
use em_blocks::people::People;
use em_blocks::row::RowSetting;
use em_blocks::standup::{StandupView, Whose, message_standup};
use em_domain::calendar::WorkCalendar;
use em_domain::evidence::window::{LOOK_BACK_DAYS, parse_since};
use em_domain::evidence::{Blocked, Evidence, Window, last_working_day};
use em_domain::id::{Login, SlackUser};
use em_domain::person::Identity;
use em_domain::standup::{Round, Standup};
use slack_morphism::prelude::SlackMessageContent;

use crate::ctx::Ctx;
use crate::invocation::{CommandError, Invocation, Outcome, Reply};
use crate::spec::Spec;
use crate::standup::evidence::{evidence_of, people_of_team};
use crate::team;
use crate::triage::my_login;

/// How it is written.
pub const SPEC: Spec = Spec {
    path: "standup",
    usage: "standup [--team T] [since]",
    summary: "What was done since the last working day, what is blocked, and who can unblock it.",
    examples: &[
        "standup",
        "standup monday",
        "standup --team payments",
        "standup --team payments 3d",
    ],
    check_scheduled: None,
};

#[derive(Debug, Parser)]
struct Args {
    /// Since when: `yesterday`, `monday`, `3d`, `2026-01-12`.
    since: Option<String>,
    /// This team's.
    #[arg(long)]
    team: Option<String>,
}

/// Answers `standup`.
pub async fn show(ctx: Ctx, invocation: Invocation) -> Outcome {
    let args: Args = SPEC.parse(&invocation.words)?;
    let user = invocation.person()?;
    let message = match args.team {
        Some(name) => of_team(&ctx, &name, args.since.as_deref()).await?,
        None => mine(&ctx, user, args.since.as_deref()).await?,
    };
    Ok(Reply::private(message))
}

async fn of_team(ctx: &Ctx, name: &str, since: Option<&str>) -> Result<SlackMessageContent, CommandError> {
    let team = team::find(ctx, name)?;
    let window = window(ctx, &ctx.settings.calendar, since)?;
    let people = people_of_team(ctx, team).await?;
    let evidence = evidence_of(ctx, &people, &team.repositories, window).await?;
    message(ctx, &evidence, Whose::Team(&team.name)).await
}

async fn mine(ctx: &Ctx, user: &SlackUser, since: Option<&str>) -> Result<SlackMessageContent, CommandError> {
    let calendar = WorkCalendar {
        zone: zone_of(ctx, user).await,
        ..ctx.settings.calendar.clone()
    };
    let window = window(ctx, &calendar, since)?;
    let mine = Identity {
        slack_user: Some(user.clone()),
        login: Some(my_login(ctx, user).await?),
    };
    let evidence = evidence_of(ctx, &[mine], &[], window).await?;
    message(ctx, &evidence, Whose::Mine).await
}

/// The zone of a person as Slack has it; the team's, where Slack does not say or names one that nobody knows.
pub(crate) async fn zone_of(ctx: &Ctx, user: &SlackUser) -> Tz {
    let person = ctx.slack.user(user.as_str()).await.ok().flatten();
    let zone = person.and_then(|person| person.tz.as_deref()?.parse().ok());
    zone.unwrap_or(ctx.settings.calendar.zone)
}

/// Since when: as it was typed, or since the last working day.
fn window(ctx: &Ctx, calendar: &WorkCalendar, since: Option<&str>) -> Result<Window, CommandError> {
    let now = ctx.clock.now();
    let Some(text) = since else {
        return Ok(last_working_day(calendar, calendar.zone, &BTreeSet::new(), now));
    };
    let from = parse_since(text, calendar, now).ok_or_else(|| {
        CommandError::user(format!(
            "I do not know since when that is, or it is more than {LOOK_BACK_DAYS} days ago. Write `yesterday`, `monday`, `3d` or a date such as `2026-01-12`."
        ))
    })?;
    Ok(Window::since(from, now))
}

async fn message(
    ctx: &Ctx,
    evidence: &Evidence,
    whose: Whose<'_>,
) -> Result<SlackMessageContent, CommandError> {
    let known = known_people(ctx, evidence).await?;
    let people = |login: &Login| known.get(&login.as_str().to_lowercase()).cloned();
    Ok(message_standup(&StandupView {
        evidence,
        whose,
        setting: RowSetting {
            calendar: &ctx.settings.calendar,
            people: People::private(&people),
            now: ctx.clock.now(),
        },
    }))
}

/// The Slack users of everybody who is named, by login in lower case, where links exist.
pub(crate) async fn known_people(
    ctx: &Ctx,
    evidence: &Evidence,
) -> Result<HashMap<String, SlackUser>, CommandError> {
    let people = evidence.people.iter();
    let logins: BTreeSet<Login> = people
        .flat_map(|one| {
            let unblockers = one.blocked.iter().flat_map(Blocked::unblockers);
            one.person.login.iter().chain(unblockers).cloned()
        })
        .collect();
    let links = ctx.store.people().list_links_to(&Vec::from_iter(logins)).await?;
    // The strongest link comes first and must win, so it is put in last.
    let links = links.into_iter().rev();
    Ok(links
        .map(|link| (link.login.as_str().to_lowercase(), link.slack_user))
        .collect())
}

/// How long messages of a round are remembered, so that they can be edited.
pub(crate) const REMEMBERED_FOR: chrono::Duration = chrono::Duration::days(30);
/// A round whose time for posting passed this long ago asks nobody any more.
const LONGEST_DAY: chrono::Duration = chrono::Duration::days(1);

/// The standup of this name, if it is set up.
pub(crate) fn standup_of<'c>(ctx: &'c Ctx, name: &str) -> Option<&'c Standup> {
    ctx.settings.standups.iter().find(|standup| standup.name == name)
}

/// Whether nobody is asked or reminded in this round any more.
pub(crate) fn is_day_over(ctx: &Ctx, round: &Round) -> bool {
    ctx.clock.now() > round.post_at + LONGEST_DAY
}

/// The zone that times are told in to one person.
pub(crate) async fn day_zone(ctx: &Ctx, standup: &Standup, user: &SlackUser) -> Result<Tz, CommandError> {
    let person = ctx.slack.user(user.as_str()).await?;
    let zone = person.and_then(|person| person.tz.as_ref()?.parse().ok());
    Ok(zone.unwrap_or(standup.zone))
}

/// The standup that somebody means: the one that is named, or the only one.
///
/// # Errors
/// There is none of this name, or several and none was named.
pub(crate) fn chosen<'c>(ctx: &'c Ctx, name: Option<&str>) -> Result<&'c Standup, CommandError> {
    let all = &ctx.settings.standups;
    let names = || {
        all.iter()
            .map(|standup| standup.name.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    };
    match (name, all.as_slice()) {
        (_, []) => Err(CommandError::user(
            "No standup is set up. An admin can add one to em-agent.toml, under `[standups.NAME]`.",
        )),
        (None, [only]) => Ok(only),
        (None, _) => Err(CommandError::user(format!(
            "Say which standup with --standup. There are: {}.",
            names()
        ))),
        (Some(name), _) => {
            let found = all.iter().find(|standup| standup.name.eq_ignore_ascii_case(name));
            found.ok_or_else(|| {
                CommandError::user(format!(
                    "There is no standup called “{name}”. There are: {}.",
                    names()
                ))
            })
        }
    }
}

/// The standups that somebody takes part in, by the latest round of each; all of them for whoever takes part in none.
pub(crate) async fn of_person<'c>(ctx: &'c Ctx, user: &SlackUser) -> Result<Vec<&'c Standup>, CommandError> {
    let far = ctx.clock.now().date_naive() + chrono::Duration::days(3650);
    let mut mine = Vec::new();
    for standup in &ctx.settings.standups {
        let rounds = ctx.store.standups().list_rounds(&standup.name, far, 1).await?;
        if rounds
            .first()
            .is_some_and(|stored| stored.round.find(user).is_some())
        {
            mine.push(standup);
        }
    }
    if mine.is_empty() {
        mine = ctx.settings.standups.iter().collect();
    }
    Ok(mine)
}
