//! Purpose: every copy of a card is a view of the record: in the channel, in direct messages, in the thread, on Home
//! tabs. One job draws them all after each change.

use chrono::Duration;
use em_blocks::approval::card::message_card;
use em_blocks::approval::progress::message_progress;
use em_domain::approval::{Approval, ApprovalState};
use em_domain::id::{RepositoryName, SlackUser};
use em_domain::job::{Job, JobError};
use em_domain::notice::Topic;
use em_domain::policy::{Obligation, PolicyVerdict};
use em_integrations::slack::{Place, Posted};

use super::voter::people;
use super::{id_of, setting};
use crate::copy::{self, Wanted};
use crate::ctx::Ctx;
use crate::home;
use crate::invocation::CommandError;
use crate::notice::{self, Offer, Offered};

/// People who are asked in direct messages; where the policy names more, the channel has to do.
const MOST_DIRECT: usize = 5;
/// How often a card is drawn anew because the record changed meanwhile.
const ROUNDS: u32 = 8;
/// How long a card is remembered after its last change.
const REMEMBERED_FOR: Duration = Duration::days(90);

/// The job: draws all copies of one card.
pub async fn draw(ctx: Ctx, job: Job) -> Result<(), JobError> {
    let id = id_of(&job.payload)?;
    let find = async || {
        let found = ctx
            .store
            .approvals()
            .find(&id)
            .await
            .map_err(CommandError::from)?;
        found.ok_or_else(|| JobError::Fail(format!("there is no approval {id}")))
    };
    let mut approval = find().await?;
    // After a crash, nobody knows what is shown; and what was due later shows that time has passed.
    let mut again = job.attempts > 1 || job.run_at > job.enqueued_at;
    for _ in 0..ROUNDS {
        let Err(error) = draw_all(&ctx, &approval, again).await else {
            return Ok(());
        };
        // Whoever drew a newer version at the same time may have been overwritten: the newest is drawn over both.
        let newest = find().await?;
        if newest.version == approval.version {
            return Err(error.into());
        }
        (approval, again) = (newest, true);
    }
    Err(JobError::retry("the record changes faster than it can be drawn"))
}

async fn draw_all(ctx: &Ctx, approval: &Approval, again: bool) -> Result<(), CommandError> {
    let content = message_card(approval, setting(ctx));
    let wanted = |copy: &str, place: Place| Wanted {
        purpose: format!("approval:{}:{copy}", approval.id),
        place,
        content: content.clone(),
        version: approval.version,
        until: approval.updated_at + REMEMBERED_FOR,
    };
    let mut failure = None;
    if let Some(channel) = approval.request.channel.as_ref().filter(|_| is_public(approval)) {
        match copy::show(ctx, &wanted("card", Place::channel(channel.as_str())), again).await {
            Ok(card) => failure = progress(ctx, approval, &card, again).await.err(),
            Err(error) => failure = Some(error),
        }
    }
    // A copy that cannot be drawn does not keep the others from being drawn.
    for user in direct(ctx, approval).await? {
        if let Err(error) = draw_direct(ctx, approval, &user, &wanted, again).await {
            failure.get_or_insert(error);
        }
    }
    for (number, channel) in notified(approval).into_iter().enumerate() {
        let drawn = async {
            let channel = ctx.slack.resolve_channel(channel).await?;
            copy::show(
                ctx,
                &wanted(&format!("notify:{number}"), Place::channel(&channel.id)),
                again,
            )
            .await
        };
        if let Err(error) = drawn.await {
            failure.get_or_insert(error);
        }
    }
    home::redraw_all(ctx).await;
    failure.map_or(Ok(()), Err)
}

async fn draw_direct(
    ctx: &Ctx,
    approval: &Approval,
    user: &SlackUser,
    wanted: &impl Fn(&str, Place) -> Wanted,
    again: bool,
) -> Result<(), CommandError> {
    let purpose = format!("dm:{user}");
    match direct_copy(ctx, approval, user, &purpose).await? {
        Offered::Now => {
            let channel = ctx.slack.open_dm(user.as_str()).await?;
            copy::show(ctx, &wanted(&purpose, Place::channel(channel)), again)
                .await
                .map(drop)
        }
        Offered::Came(at) => notice::draw_morning(ctx, user, at).await,
        Offered::Later | Offered::Not => Ok(()),
    }
}

/// Whether somebody gets a card of their own: what stands is edited, and a new one comes when they may be told.
async fn direct_copy(
    ctx: &Ctx,
    approval: &Approval,
    user: &SlackUser,
    purpose: &str,
) -> Result<Offered, CommandError> {
    let is_own = approval.decision.verdict == PolicyVerdict::Allow;
    if is_own
        || copy::find(ctx, &format!("approval:{}:{purpose}", approval.id))
            .await?
            .is_some()
    {
        return Ok(Offered::Now);
    }
    let topic = Topic::Approval {
        id: approval.id.clone(),
    };
    if approval.state != ApprovalState::Pending {
        let decided = ctx.store.notices().find(user, &topic).await?;
        return Ok(decided.map_or(Offered::Now, |decided| decided.state.into()));
    }
    let offer = Offer {
        user,
        topic: &topic,
        is_urgent: is_incidents(ctx, approval).await?,
        useless_from: approval.expires_at,
    };
    notice::offer(ctx, offer).await
}

/// Whether an incident is open where something is to be done; of a target that is in no repository, any counts.
async fn is_incidents(ctx: &Ctx, approval: &Approval) -> Result<bool, CommandError> {
    let target = approval.request.action.target.split('#').next();
    let repository = target.filter(|name| name.contains('/')).map(RepositoryName::from);
    Ok(ctx.store.incidents().has_open(repository.as_ref()).await?)
}

/// The message in the card's thread that follows what was agreed to.
async fn progress(ctx: &Ctx, approval: &Approval, card: &Posted, again: bool) -> Result<(), CommandError> {
    let Some(content) = message_progress(approval, setting(ctx)) else {
        return Ok(());
    };
    let wanted = Wanted {
        purpose: format!("approval:{}:progress", approval.id),
        place: Place::channel(&card.channel).in_thread(&card.ts),
        content,
        version: approval.version,
        until: approval.updated_at + REMEMBERED_FOR,
    };
    copy::show(ctx, &wanted, again).await.map(drop)
}

/// Whether the channel sees the card: not where a person's own wish was done without asking anybody.
fn is_public(approval: &Approval) -> bool {
    approval.decision.verdict != PolicyVerdict::Allow || approval.request.requester.person().is_none()
}

/// Who gets the card in a direct message: the few who may decide, and whoever asked for what was done at once.
///
/// # Errors
/// The database cannot be reached.
pub(crate) async fn direct(ctx: &Ctx, approval: &Approval) -> Result<Vec<SlackUser>, CommandError> {
    let requester = approval.request.requester.person();
    if approval.decision.verdict == PolicyVerdict::Allow {
        return Ok(requester.cloned().into_iter().collect());
    }
    if approval.state == ApprovalState::Quiet {
        return Ok(Vec::new());
    }
    let mut people = people(ctx, approval).await?;
    people.retain(|user| Some(user) != requester);
    Ok(if people.len() > MOST_DIRECT {
        Vec::new()
    } else {
        people
    })
}

/// The channels that the policy wants to be told what was done.
fn notified(approval: &Approval) -> Vec<&str> {
    if approval.state != ApprovalState::Completed {
        return Vec::new();
    }
    let obligations = approval.decision.obligations.iter();
    obligations
        .filter_map(|obligation| match obligation {
            Obligation::Notify { channel } => Some(channel.as_str()),
            Obligation::Reason => None,
        })
        .collect()
}
