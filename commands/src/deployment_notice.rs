//! Purpose: deployments told of in a channel, where the operator wants that: one message for each, edited through its states,
//! and what went out in its thread.

use chrono::{DateTime, TimeDelta, Utc};
use em_blocks::deployment_notice::{message_delivered, message_deployment};
use em_blocks::people::People;
use em_domain::delivery::{Asked, Change, Mode, Subject, measure};
use em_domain::deployment::Deployment;
use em_domain::deployment_notice::{is_outdated, is_wanted, version};
use em_domain::id::{JobId, RepositoryName};
use em_domain::job::{Job, JobError, NewJob};
use em_integrations::slack::Place;
use serde::{Deserialize, Serialize};
use serde_json::json;
use ulid::Ulid;

use crate::copy::{self, Wanted};
use crate::ctx::{Ctx, DeploymentSettings};
use crate::dora::facts_of;
use crate::invocation::CommandError;

/// Posts or edits the message of one deployment.
pub const SHOW: &str = "deployment_notice.show";

/// What happened longer ago is history, which an import or a replay brought, and no news.
const NEWS: TimeDelta = TimeDelta::hours(2);
/// How long a message is remembered as that of its deployment.
const REMEMBERED: TimeDelta = TimeDelta::days(30);
/// Under which name the store keeps up to when the channel refused to be told: it is not asked for that again.
const GAVE_UP: &str = "deployment-notice:gave-up";

#[derive(Debug, Serialize, Deserialize)]
struct Shown {
    repository: RepositoryName,
    id: i64,
}

/// Finds the deployments whose messages are not up to date, and takes in a job for each. How many.
///
/// # Errors
/// The database cannot be reached.
pub async fn look(ctx: &Ctx) -> Result<usize, CommandError> {
    let Some(settings) = &ctx.settings.deployments else {
        return Ok(0);
    };
    let now = ctx.clock.now();
    let gave_up = ctx.store.cursors().find::<DateTime<Utc>>(GAVE_UP).await?;
    let gave_up = gave_up.map(|cursor| cursor.value);
    let mut outdated = 0;
    for deployment in ctx.store.deployments().list_moved(now - NEWS).await? {
        let purpose = purpose(&deployment);
        if !is_wanted(&settings.environments, &deployment.target.value.environment) {
            continue;
        }
        let shown = copy::shown_version(ctx, &purpose).await?;
        if !is_outdated(&deployment, shown, gave_up) {
            continue;
        }
        let payload = json!(Shown {
            repository: deployment.repository.clone(),
            id: deployment.id,
        });
        let job = NewJob::new(JobId::new(Ulid::new()), SHOW, payload, now);
        let enqueued = ctx.store.jobs().enqueue(&job.unique(purpose), now).await?;
        outdated += usize::from(enqueued.is_new());
    }
    if outdated > 0 {
        ctx.wake_jobs();
    }
    Ok(outdated)
}

fn purpose(deployment: &Deployment) -> String {
    format!("deployment:{}:{}", deployment.repository, deployment.id)
}

/// Brings the message of a deployment up to date, and says in its thread what went out.
///
/// # Errors
/// Slack or the database refused; a later try may do better.
pub async fn show(ctx: Ctx, job: Job) -> Result<(), JobError> {
    let again = job.attempts > 1;
    let Shown { repository, id } = serde_json::from_value(job.payload)
        .map_err(|error| JobError::Fail(format!("not a deployment: {error}")))?;
    let Some(settings) = &ctx.settings.deployments else {
        return Ok(());
    };
    let found = ctx.store.deployments().find(&repository, id).await;
    let Some(deployment) = found.map_err(CommandError::from)? else {
        return Ok(());
    };
    let told = tell(&ctx, settings, &deployment, again)
        .await
        .map_err(JobError::from);
    if matches!(told, Err(JobError::Fail(_))) {
        let cursors = ctx.store.cursors();
        let remembered = cursors
            .upsert(GAVE_UP, &deployment.state.at, ctx.clock.now())
            .await;
        remembered.map_err(CommandError::from)?;
    }
    told
}

async fn tell(
    ctx: &Ctx,
    settings: &DeploymentSettings,
    deployment: &Deployment,
    again: bool,
) -> Result<(), CommandError> {
    let until = ctx.clock.now() + REMEMBERED;
    let channel = ctx.slack.resolve_channel(&settings.channel).await?.id.clone();
    let wanted = Wanted {
        purpose: purpose(deployment),
        place: Place::channel(channel),
        content: message_deployment(deployment, People::posted(), ctx.settings.calendar.zone),
        version: version(deployment),
        until,
    };
    let posted = copy::show(ctx, &wanted, again).await?;
    let Some(live_at) = deployment.succeeded_at else {
        return Ok(());
    };
    let changes = delivered(ctx, deployment, live_at).await?;
    if changes.is_empty() {
        return Ok(());
    }
    let details = Wanted {
        purpose: format!("{}:changes", wanted.purpose),
        place: Place::channel(posted.channel).in_thread(posted.ts),
        content: message_delivered(&changes, live_at, People::posted()),
        version: 0,
        until,
    };
    copy::show(ctx, &details, again).await?;
    Ok(())
}

/// The changes that were live for the first time with this deployment, by the definitions in force; the latest merge first.
async fn delivered(
    ctx: &Ctx,
    deployment: &Deployment,
    live_at: DateTime<Utc>,
) -> Result<Vec<Change>, CommandError> {
    let asked = Asked {
        from: live_at,
        to: live_at + TimeDelta::seconds(1),
        zone: ctx.settings.calendar.zone,
        repositories: Some([deployment.repository.clone()].into()),
        members: None,
    };
    let facts = facts_of(ctx, &asked).await?;
    let report = measure(&facts, &ctx.settings.delivery, &asked, Mode::Ours);
    let this = Subject::Deployment(format!("{}/{}", deployment.repository, deployment.id));
    let rows = report.lead_time.time.proof.iter();
    let keys: Vec<_> = rows
        .filter(|row| row.links.iter().any(|link| link.to == this))
        .filter_map(|row| {
            if let Subject::Change(key) = &row.subject {
                Some(key)
            } else {
                None
            }
        })
        .collect();
    let mut changes: Vec<Change> = facts
        .changes
        .iter()
        .filter(|change| keys.contains(&&change.key))
        .cloned()
        .collect();
    changes.sort_by_key(|change| std::cmp::Reverse(change.merged_at));
    Ok(changes)
}
