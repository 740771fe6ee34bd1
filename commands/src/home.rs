//! Purpose: the App Home: what waits for the one who looks, on top; then their day, their teams, their settings, and how
//! to go on.

use std::collections::HashMap;

use chrono::Duration;
use em_blocks::home::{HomeView, TeamHealth, view_home};
use em_blocks::notice::Unanswered;
use em_blocks::people::People;
use em_blocks::triage::Scope;
use em_domain::calendar::WorkCalendar;
use em_domain::evidence::{Line, last_working_day};
use em_domain::id::{Login, SlackUser};
use em_domain::person::{Confidence, Identity};
use em_domain::standup::{Blocker, CheckinState, Standup};
use em_domain::triage::TriageReport;
use em_storage::StoredRound;

use crate::approval;
use crate::ctx::Ctx;
use crate::help;
use crate::invocation::{Click, CommandError, Outcome, Reply};
use crate::link::propose;
use crate::notice::unanswered;
use crate::schedule;
use crate::settings::Mine;
use crate::standup::evidence::evidence_of;
use crate::triage;

/// Home tabs opened longer ago are drawn when they are next opened.
const IS_FRESH: Duration = Duration::hours(12);
/// Whoever has this role in the policy looks after every team.
const MANAGER: &str = "manager";

/// Somebody opened the page.
pub async fn opened(ctx: Ctx, user: SlackUser) -> Outcome {
    ctx.store
        .approvals()
        .record_viewer(&user, ctx.clock.now())
        .await?;
    draw(&ctx, &user).await?;
    Ok(Reply::Done)
}

/// Draws the page of one person as of now.
///
/// # Errors
/// Slack or the database cannot be reached.
async fn draw(ctx: &Ctx, user: &SlackUser) -> Result<(), CommandError> {
    let mine = Mine::load(ctx, user).await?;
    let login = mine.login();
    // None needs another: together they take as long as the slowest. Boxed, for together they are large.
    let found = Box::pin(async {
        tokio::try_join!(
            waits_for(ctx, login),
            proposal(ctx, user, login),
            approval::show::waiting_for(ctx, user),
            in_standups(ctx, user, login),
            done(ctx, user, &mine),
            schedule::changeable_by(ctx, user),
        )
    });
    let ((report, known), proposal, approvals, standups, done, schedules) = found.await?;
    let people = |login: &Login| known.get(&login.as_str().to_lowercase()).cloned();
    let view = view_home(&HomeView {
        mine: login.zip(report.as_ref()),
        proposal: proposal.as_ref().map(|(login, confidence)| (login, *confidence)),
        calendar: &ctx.settings.calendar,
        people: People::private(&people),
        approvals: &approvals,
        unanswered: &standups.unanswered,
        blockers: &standups.blockers,
        done: &done,
        teams: &standups.teams,
        schedules: &schedules,
        settings: mine.view(),
        shown_as: approval::setting(ctx),
        commands: &help::all(),
    });
    ctx.slack.publish_home(user.as_str(), &view).await?;
    Ok(())
}

/// What waits for an account, and who everybody in it is.
async fn waits_for(
    ctx: &Ctx,
    login: Option<&Login>,
) -> Result<(Option<TriageReport>, HashMap<String, SlackUser>), CommandError> {
    let Some(login) = login else {
        return Ok((None, HashMap::new()));
    };
    let report = triage::report(ctx, &Scope::Mine(login.clone())).await?;
    let known = triage::known_people(ctx, &report).await?;
    Ok((Some(report), known))
}

/// The account that may be somebody's, unless theirs is known.
async fn proposal(
    ctx: &Ctx,
    user: &SlackUser,
    login: Option<&Login>,
) -> Result<Option<(Login, Confidence)>, CommandError> {
    match login {
        Some(_) => Ok(None),
        None => propose(ctx, user).await,
    }
}

/// What standups have for one person.
#[derive(Debug, Default)]
struct InStandups {
    unanswered: Vec<Unanswered>,
    blockers: Vec<Blocker>,
    teams: Vec<TeamHealth>,
}

async fn in_standups(ctx: &Ctx, user: &SlackUser, login: Option<&Login>) -> Result<InStandups, CommandError> {
    let roles = ctx.policy.roles_of(Some(user), login);
    let is_manager = roles.iter().any(|role| role == MANAGER);
    let standups = ctx.settings.standups.iter();
    let each = standups.map(|standup| in_standup(ctx, user, standup, is_manager));
    let mut all = InStandups::default();
    for found in futures::future::try_join_all(each).await? {
        all.unanswered.extend(found.unanswered);
        all.blockers.extend(found.blockers);
        all.teams.extend(found.teams);
    }
    Ok(all)
}

/// What one standup has for a person: nothing, unless they take part in it or look after it.
async fn in_standup(
    ctx: &Ctx,
    user: &SlackUser,
    standup: &Standup,
    is_manager: bool,
) -> Result<InStandups, CommandError> {
    let latest = latest_round(ctx, standup).await?;
    let takes_part = latest
        .as_ref()
        .is_some_and(|stored| stored.round.find(user).is_some());
    let looks_after = is_manager || standup.escalate_to.as_ref() == Some(user);
    let mut found = InStandups::default();
    if !takes_part && !looks_after {
        return Ok(found);
    }
    if let Some(stored) = latest.as_ref().filter(|_| takes_part) {
        found
            .unanswered
            .extend(unanswered(ctx, user, &stored.round.id).await?);
    }
    let open = ctx.store.standups().list_open_blockers(&standup.name).await?;
    if looks_after {
        let health = health(ctx, standup, latest.as_ref(), open.len()).await?;
        found.teams.push(health);
    }
    found.blockers = open
        .into_iter()
        .filter(|blocker| blocker.owner == *user)
        .collect();
    Ok(found)
}

async fn latest_round(ctx: &Ctx, standup: &Standup) -> Result<Option<StoredRound>, CommandError> {
    let far = ctx.clock.now().date_naive() + Duration::days(3650);
    let rounds = ctx.store.standups().list_rounds(&standup.name, far, 1).await?;
    Ok(rounds.into_iter().next())
}

async fn health(
    ctx: &Ctx,
    standup: &Standup,
    latest: Option<&StoredRound>,
    blocked: usize,
) -> Result<TeamHealth, CommandError> {
    let open = triage::count(ctx, &Scope::Team(standup.team.clone())).await?;
    let answered = match latest {
        None => None,
        Some(stored) => {
            let asked = stored.round.asked().count();
            let said = ctx.store.standups().list_checkins(&stored.round.id).await?;
            let answered = said
                .iter()
                .filter(|checkin| checkin.state == CheckinState::Answered);
            (asked > 0).then(|| (answered.count(), asked))
        }
    };
    Ok(TeamHealth {
        name: standup.name.clone(),
        open,
        blocked,
        answered,
    })
}

/// What this person did since their last working day.
async fn done(ctx: &Ctx, user: &SlackUser, mine: &Mine) -> Result<Vec<Line>, CommandError> {
    let Some(login) = mine.login() else {
        return Ok(Vec::new());
    };
    let calendar = WorkCalendar {
        zone: mine.zone(),
        ..ctx.settings.calendar.clone()
    };
    let none_away = std::collections::BTreeSet::new();
    let window = last_working_day(&calendar, calendar.zone, &none_away, ctx.clock.now());
    let person = Identity {
        slack_user: Some(user.clone()),
        login: Some(login.clone()),
    };
    let evidence = evidence_of(ctx, &[person], &[], window).await?;
    let lines = evidence.people.into_iter().next().map(|person| person.lines);
    Ok(lines.unwrap_or_default())
}

/// Draws the pages of those of `people` who may have them open. One that cannot be drawn is drawn when it is next opened.
pub(crate) async fn redraw(ctx: &Ctx, people: &[SlackUser]) {
    for user in viewers(ctx).await {
        if people.contains(&user) {
            draw_or_warn(ctx, &user).await;
        }
    }
}

/// The same for everybody.
pub(crate) async fn redraw_all(ctx: &Ctx) {
    for user in viewers(ctx).await {
        draw_or_warn(ctx, &user).await;
    }
}

async fn viewers(ctx: &Ctx) -> Vec<SlackUser> {
    let since = ctx.clock.now() - IS_FRESH;
    ctx.store
        .approvals()
        .list_viewers(since)
        .await
        .unwrap_or_else(|error| {
            tracing::warn!(%error, "Home tabs could not be brought up to date");
            Vec::new()
        })
}

async fn draw_or_warn(ctx: &Ctx, user: &SlackUser) {
    if let Err(error) = draw(ctx, user).await {
        tracing::warn!(%error, slack.user = %user, "a Home tab could not be brought up to date");
    }
}

/// The button *Refresh* on the page.
pub async fn refresh(ctx: Ctx, click: Click) -> Outcome {
    opened(ctx, click.user).await
}
