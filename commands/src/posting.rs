//! Purpose: a message that is posted once and edited afterwards, whatever happens to the one who posts it.
//!
//! A post is claimed in the store before it is sent and carries its purpose as a mark. If Slack's answer is lost, or
//! the program dies in between, whoever looks next takes the claim over, finds the message by its mark, or posts it.

use chrono::{DateTime, Utc};
use em_integrations::slack::{Place, Posted};
use em_storage::Post;
use slack_morphism::prelude::SlackMessageContent;

use crate::ctx::Ctx;
use crate::invocation::CommandError;

/// How long whoever claimed a post is given to send it before somebody else looks after it.
const ABANDONED_AFTER: chrono::Duration = chrono::Duration::minutes(2);

/// Whether the owner of a claim without a message is gone.
pub(crate) fn is_abandoned(ctx: &Ctx, post: &Post) -> bool {
    ctx.clock.now() - post.updated_at >= ABANDONED_AFTER
}

/// Sends a claimed post and records where it is. After an error that is not ambiguous nothing was posted.
pub(crate) async fn send(
    ctx: &Ctx,
    post: &Post,
    content: &SlackMessageContent,
) -> Result<Posted, CommandError> {
    let place = Place::channel(post.channel.as_str());
    let posted = ctx.slack.post(&place, content).await?;
    let now = ctx.clock.now();
    ctx.store
        .posts()
        .record_ts(&post.purpose, &posted.ts, now)
        .await?;
    Ok(posted)
}

/// The message of a claim, if it is in the channel since `oldest`; records it.
pub(crate) async fn find(
    ctx: &Ctx,
    post: &Post,
    oldest: DateTime<Utc>,
) -> Result<Option<Posted>, CommandError> {
    let place = Place::channel(post.channel.as_str());
    let found = ctx.slack.find_posted(&place, &post.purpose, oldest).await?;
    if let Some(found) = &found {
        let now = ctx.clock.now();
        ctx.store.posts().record_ts(&post.purpose, &found.ts, now).await?;
    }
    Ok(found)
}

/// Takes a claim whose owner is gone. Of several that notice, the one that moves the version gets it.
pub(crate) async fn take_over(ctx: &Ctx, post: &Post) -> Result<Option<Post>, CommandError> {
    let now = ctx.clock.now();
    Ok(ctx.store.posts().update(post, &post.state, now).await?)
}
