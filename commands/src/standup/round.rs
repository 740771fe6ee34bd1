//! Purpose: opens each round of a standup once, with its jobs: who is asked when, who is reminded when, when it is posted.

use chrono::{DateTime, Duration, NaiveDate, Utc};
use chrono_tz::Tz;
use em_domain::evidence::last_working_day;
use em_domain::id::{JobId, SlackUser};
use em_domain::job::NewJob;
use em_domain::person::Identity;
use em_domain::standup::{Invited, Round, Standup};
use em_domain::triage::TeamScope;
use em_storage::{RoundState, StoredRound};
use serde::{Deserialize, Serialize};
use serde_json::json;
use ulid::Ulid;

use super::{blockers, evidence::people_of_team};
use crate::ctx::Ctx;
use crate::invocation::CommandError;

/// Asks one person.
pub const ASK: &str = "standup.ask";
/// Reminds one person.
pub const REMIND: &str = "standup.remind";
/// Posts the round.
pub const POST: &str = "standup.post";
/// Brings the posted round up to date.
pub const DRAW: &str = "standup.draw";

/// A round is planned this long before its first question, so that nobody waits for Slack's answers.
const AHEAD: Duration = Duration::minutes(10);
/// Between two direct messages: Slack lets fifty conversations a minute be opened (tier 3).
/// Source: <https://docs.slack.dev/apis/web-api/rate-limits>
const BETWEEN_QUESTIONS: Duration = Duration::milliseconds(1_250);
/// How many rounds back the last posted one is looked for.
const LOOK_BACK: i64 = 10;
/// What happened longer ago than this is no news.
const OLDEST_NEWS: Duration = Duration::days(31);

/// What the jobs of one person remember.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Asked {
    pub(super) round: String,
    pub(super) user: SlackUser,
}

/// What the jobs of a round remember.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct OfRound {
    pub(super) round: String,
}

/// Sees to all standups: opens what is due, ends blockers that moved, and tells of those that grew old.
///
/// # Errors
/// The first standup that could not be seen to, after all were tried.
pub async fn look_after(ctx: &Ctx) -> Result<(), CommandError> {
    let mut failure = None;
    for standup in &ctx.settings.standups {
        if let Err(error) = look_after_one(ctx, standup).await {
            failure.get_or_insert(error);
        }
    }
    failure.map_or(Ok(()), Err)
}

async fn look_after_one(ctx: &Ctx, standup: &Standup) -> Result<(), CommandError> {
    let now = ctx.clock.now();
    for day in standup.days_around(now, &ctx.settings.calendar) {
        open_when_due(ctx, standup, day, now).await?;
    }
    blockers::look_after(ctx, standup).await
}

async fn open_when_due(
    ctx: &Ctx,
    standup: &Standup,
    day: NaiveDate,
    now: DateTime<Utc>,
) -> Result<(), CommandError> {
    // Nowhere is it a day earlier than this; before that nobody need be looked up.
    let earliest = standup
        .post_time(day)
        .min(standup.ask_time(day, Tz::Pacific__Kiritimati));
    if now + AHEAD < earliest {
        return Ok(());
    }
    let id = format!("{}:{day}", standup.name);
    if ctx.store.standups().find_round(&id).await?.is_some() {
        return Ok(());
    }
    let invited = invited(ctx, standup, day).await?;
    let zones = invited.iter().map(|person| person.zone);
    if now + AHEAD < standup.open_time(day, zones) {
        return Ok(());
    }
    let since = since(ctx, standup, day).await?;
    let round = standup.plan(day, since, invited);
    if ctx.store.standups().open(&round, &jobs(&round), now).await? {
        tracing::info!(round = round.id, people = round.people.len(), "a standup begins");
        ctx.wake_jobs();
    }
    Ok(())
}

/// Today's round of a standup, opened now if it was not: whoever posts by hand does not wait for its time.
pub(super) async fn open_today(ctx: &Ctx, standup: &Standup) -> Result<StoredRound, CommandError> {
    let now = ctx.clock.now();
    let day = now.with_timezone(&standup.zone).date_naive();
    let id = format!("{}:{day}", standup.name);
    if let Some(stored) = ctx.store.standups().find_round(&id).await? {
        return Ok(stored);
    }
    let round = standup.plan(
        day,
        since(ctx, standup, day).await?,
        invited(ctx, standup, day).await?,
    );
    let is_held = standup.is_held_on(day, &ctx.settings.calendar) && !round.is_too_late(now);
    let jobs = if is_held { jobs(&round) } else { Vec::new() };
    ctx.store.standups().open(&round, &jobs, now).await?;
    let stored = ctx.store.standups().find_round(&id).await?;
    stored.ok_or_else(|| CommandError::Internal(anyhow::anyhow!("the round {id} was opened and is gone")))
}

/// What is to be done in a round. People who are asked at one time are asked one after the other.
fn jobs(round: &Round) -> Vec<NewJob> {
    let of_person = |kind: &str, user: &SlackUser, at: DateTime<Utc>, place: usize| {
        let pause = BETWEEN_QUESTIONS * i32::try_from(place).unwrap_or(i32::MAX);
        let payload = json!(Asked {
            round: round.id.clone(),
            user: user.clone()
        });
        let key = format!("{kind}:{}:{user}", round.id);
        NewJob::new(JobId::new(Ulid::new()), kind, payload, at + pause).unique(key)
    };
    let mut jobs = Vec::new();
    for (place, (user, ask_at, remind_at)) in round.asked().enumerate() {
        jobs.push(of_person(ASK, user, ask_at, place));
        jobs.extend(remind_at.map(|at| of_person(REMIND, user, at, place)));
    }
    jobs.push(of_round(POST, &round.id, round.post_at));
    jobs
}

/// A job about a whole round.
pub(super) fn of_round(kind: &str, round: &str, at: DateTime<Utc>) -> NewJob {
    let payload = json!(OfRound {
        round: round.to_owned()
    });
    NewJob::new(JobId::new(Ulid::new()), kind, payload, at)
}

/// Since when what happened is told: since the last round that was posted, so that nothing falls between two.
async fn since(ctx: &Ctx, standup: &Standup, day: NaiveDate) -> Result<DateTime<Utc>, CommandError> {
    let post_at = standup.post_time(day);
    let rounds = ctx
        .store
        .standups()
        .list_rounds(&standup.name, day, LOOK_BACK)
        .await?;
    let last = rounds
        .into_iter()
        .find(|stored| stored.state == RoundState::Posted);
    let posted = last
        .map(|stored| stored.round.post_at)
        .filter(|at| post_at - *at <= OLDEST_NEWS);
    Ok(posted.unwrap_or_else(|| {
        let none_away = std::collections::BTreeSet::new();
        last_working_day(&ctx.settings.calendar, standup.zone, &none_away, post_at).from
    }))
}

/// The configured team of a standup.
pub(super) fn team_of<'c>(ctx: &'c Ctx, standup: &Standup) -> Result<&'c TeamScope, CommandError> {
    let found = ctx.settings.teams.iter().find(|team| team.name == standup.team);
    found.ok_or_else(|| CommandError::user(format!("There is no team called {}.", standup.team)))
}

/// Who takes part on `day`: the team's people and those named besides, without bots and those who left.
async fn invited(ctx: &Ctx, standup: &Standup, day: NaiveDate) -> Result<Vec<Invited>, CommandError> {
    let team = team_of(ctx, standup)?;
    let mut people = if team.members.is_empty() && !standup.people.is_empty() {
        Vec::new()
    } else {
        people_of_team(ctx, team).await?
    };
    for user in &standup.people {
        if !people.iter().any(|known| known.slack_user.as_ref() == Some(user)) {
            let link = ctx.store.people().find_link(user).await?;
            people.push(Identity {
                slack_user: Some(user.clone()),
                login: link.map(|link| link.login),
            });
        }
    }
    let users: Vec<SlackUser> = people
        .iter()
        .filter_map(|person| person.slack_user.clone())
        .collect();
    let away = ctx.store.days_off().list(&users, day).await?;
    let mut invited = Vec::new();
    for person in people {
        let is_off = away
            .iter()
            .any(|days| person.slack_user.as_ref() == Some(&days.slack_user) && days.covers(day));
        invited.extend(invite(ctx, standup, person, is_off).await?);
    }
    Ok(invited)
}

/// One person as Slack knows them; `None` for bots and those who left.
async fn invite(
    ctx: &Ctx,
    standup: &Standup,
    person: Identity,
    is_off: bool,
) -> Result<Option<Invited>, CommandError> {
    let known = match &person.slack_user {
        Some(user) => ctx.slack.user(user.as_str()).await?,
        None => None,
    };
    if known.as_ref().is_some_and(|known| known.is_bot || known.deleted) {
        return Ok(None);
    }
    let by_login = || person.login.as_ref().map(|login| login.as_str().to_owned());
    let name = known.as_ref().map(|known| known.name.clone()).or_else(by_login);
    let zone = known.as_ref().and_then(|known| known.tz.as_ref()?.parse().ok());
    let is_away = known
        .as_ref()
        .is_some_and(|known| known.status.is_away(ctx.clock.now()));
    Ok(Some(Invited {
        // Somebody whom Slack does not know cannot be asked.
        slack_user: person.slack_user.filter(|_| known.is_some()),
        login: person.login,
        name: name.unwrap_or_else(|| "somebody".to_owned()),
        zone: zone.unwrap_or(standup.zone),
        is_away: is_off || is_away,
    }))
}
