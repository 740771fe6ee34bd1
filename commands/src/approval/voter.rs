//! Purpose: what a person counts as before a question, and who could answer it.

use std::collections::BTreeSet;

use em_blocks::approval::explain::Standing;
use em_domain::approval::Approval;
use em_domain::approval::ballot::{Refusal, Voter};
use em_domain::id::{Login, SlackUser};
use em_domain::policy::{Actor, Approver};
use em_storage::Deputy;

use crate::ctx::Ctx;
use crate::invocation::CommandError;
use crate::link::user_of;
use crate::policy;

/// People that are looked up by name for one question.
const MOST_PEOPLE: usize = 20;

/// The person before this question: by themselves, and for those who are away.
///
/// # Errors
/// The database cannot be reached.
pub(crate) async fn voter(ctx: &Ctx, approval: &Approval, user: &SlackUser) -> Result<Voter, CommandError> {
    let deputies = ctx.store.approvals().list_deputies(ctx.clock.now()).await?;
    let actor = policy::actor(ctx, user).await;
    let mut deputy_for = Vec::new();
    for Deputy { principal, .. } in deputies.into_iter().filter(|deputy| deputy.deputy == *user) {
        let of_principal = policy::actor(ctx, &principal).await;
        let counts_as = counts_as(ctx, approval, &of_principal).await;
        deputy_for.push((principal, counts_as));
    }
    Ok(Voter {
        user: user.clone(),
        counts_as: counts_as(ctx, approval, &actor).await,
        login: actor.login,
        deputy_for,
    })
}

/// Of those whom the policy names, the ones that include this person.
async fn counts_as(ctx: &Ctx, approval: &Approval, actor: &Actor) -> Vec<Approver> {
    let mut counts_as = Vec::new();
    for approver in approval.approvers() {
        if includes(ctx, approver, actor).await {
            counts_as.push(approver.clone());
        }
    }
    counts_as
}

async fn includes(ctx: &Ctx, approver: &Approver, actor: &Actor) -> bool {
    match approver {
        Approver::Role(role) => actor.roles.contains(role),
        Approver::Team(team) => actor.teams.iter().any(|mine| mine.eq_ignore_ascii_case(team)),
        Approver::User(user) => actor.slack_user.as_ref() == Some(user),
        Approver::Login(login) => actor.login.as_ref().is_some_and(|mine| mine.same(login)),
        Approver::Group(id) => members(ctx, id)
            .await
            .iter()
            .any(|member| Some(member) == actor.slack_user.as_ref()),
        // Somebody of whom Slack does not say that they are no guest counts as one.
        Approver::Anyone => actor.guest == Some(false),
    }
}

/// The members of a user group; none where Slack does not say.
async fn members(ctx: &Ctx, group: &str) -> Vec<SlackUser> {
    match ctx.slack.group_members(group).await {
        Ok(members) => members.iter().map(|id| SlackUser(id.clone())).collect(),
        Err(error) => {
            tracing::warn!(%error, group, "the members of a user group could not be read");
            Vec::new()
        }
    }
}

/// Those who may decide, as far as they can be told by name; empty where it is anybody.
///
/// # Errors
/// The database cannot be reached.
pub(crate) async fn people(ctx: &Ctx, approval: &Approval) -> Result<Vec<SlackUser>, CommandError> {
    let mut found = BTreeSet::new();
    for approver in approval.approvers() {
        match approver {
            Approver::User(user) => found.extend([user.clone()]),
            Approver::Login(login) => found.extend(user_of(ctx, login).await?),
            Approver::Group(id) => found.extend(members(ctx, id).await),
            Approver::Role(role) => {
                for name in ctx.policy.roles.get(role).into_iter().flatten() {
                    found.extend(named(ctx, name).await?);
                }
            }
            Approver::Team(team) => {
                let teams = ctx
                    .settings
                    .teams
                    .iter()
                    .filter(|known| known.name.eq_ignore_ascii_case(team));
                for member in teams.flat_map(|team| &team.members) {
                    found.extend(user_of(ctx, member).await?);
                }
            }
            Approver::Anyone => {}
        }
    }
    Ok(found.into_iter().take(MOST_PEOPLE).collect())
}

/// A person as the configuration names them: by Slack's id, or by their account on GitHub.
pub(crate) async fn named(ctx: &Ctx, name: &str) -> Result<Option<SlackUser>, CommandError> {
    let is_id = name.starts_with(['U', 'W'])
        && name.len() > 6
        && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    if is_id {
        return Ok(Some(SlackUser(name.to_owned())));
    }
    user_of(ctx, &Login::from(name)).await
}

/// Where each of `people` stands before this question.
///
/// # Errors
/// The database cannot be reached.
pub(crate) async fn standings(
    ctx: &Ctx,
    approval: &Approval,
    people: Vec<SlackUser>,
) -> Result<Vec<(SlackUser, Standing)>, CommandError> {
    let deputies = ctx.store.approvals().list_deputies(ctx.clock.now()).await?;
    let mut standings = Vec::new();
    for user in people {
        let standing = if approval.agreeing().contains(&user) {
            Standing::HasAgreed
        } else if let Some(away) = deputies.iter().find(|deputy| deputy.principal == user) {
            Standing::Away(away.deputy.clone())
        } else {
            let voter = voter(ctx, approval, &user).await?;
            match approval.standing(&voter) {
                Ok(_) if is_working(ctx, &user).await => Standing::CanDecide,
                Ok(_) => Standing::OffHours,
                Err(Refusal::OwnRequest) => Standing::IsRequester,
                Err(Refusal::OwnChange) => Standing::IsAuthor,
                Err(Refusal::AccountUnknown) => Standing::AccountUnknown,
                // Named by role or group, and yet not counted: a guest, or a group that Slack does not show.
                Err(_) => continue,
            }
        };
        standings.push((user, standing));
    }
    Ok(standings)
}

/// Whether it is working time where this person is.
async fn is_working(ctx: &Ctx, user: &SlackUser) -> bool {
    let person = ctx.slack.user(user.as_str()).await.ok().flatten();
    let zone = person.and_then(|person| person.tz.as_deref()?.parse().ok());
    let calendar = em_domain::calendar::WorkCalendar {
        zone: zone.unwrap_or(ctx.settings.calendar.zone),
        ..ctx.settings.calendar.clone()
    };
    calendar.is_open(ctx.clock.now())
}
