//! Purpose: one message for one purpose, brought up to date and never repeated: posted the first time, edited from then
//! on, found again by its mark after a crash between sending and remembering it.

use std::cmp::Ordering;

use anyhow::anyhow;
use chrono::{DateTime, Duration, Utc};
use em_domain::id::SlackChannel;
use em_integrations::slack::{Place, Posted, SlackError, tagged};
use em_storage::{Claim, NewPost, Post};
use serde_json::json;
use slack_morphism::prelude::SlackMessageContent;

use crate::ctx::Ctx;
use crate::invocation::CommandError;

/// A message as it should stand.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    /// What it is for; one message per purpose.
    pub(crate) purpose: String,
    /// Where it goes.
    pub(crate) place: Place,
    /// What it says.
    pub(crate) content: SlackMessageContent,
    /// The version of the record that it shows: an older one does not replace a newer one.
    pub(crate) version: i64,
    /// Until when it is remembered.
    pub(crate) until: DateTime<Utc>,
}

/// How long whoever claimed a post is given to send it before somebody else looks after it: less than the time after
/// which a dead worker's job goes to another.
const ABANDONED_AFTER: Duration = Duration::seconds(20);
/// How often an edit is tried over while others edit the same message.
const TRIES: u32 = 5;

/// Posts the message, or edits it. `again` says that an earlier try may have ended anywhere, so that what is
/// remembered as shown may not be what is shown.
///
/// # Errors
/// Slack or the database refused, or somebody else is just posting it; trying again later helps.
pub(crate) async fn show(ctx: &Ctx, wanted: &Wanted, again: bool) -> Result<Posted, CommandError> {
    let new = NewPost {
        purpose: wanted.purpose.clone(),
        channel: SlackChannel(wanted.place.channel.clone()),
        state: json!({ "version": wanted.version }),
        until: wanted.until,
    };
    match ctx.store.posts().claim(&new, ctx.clock.now()).await? {
        Claim::Mine(_) => send(ctx, wanted).await,
        Claim::Existing(post) => match &post.ts {
            Some(ts) => {
                let posted = Posted {
                    channel: post.channel.0.clone(),
                    ts: ts.clone(),
                };
                edit(ctx, wanted, &posted, again).await?;
                Ok(posted)
            }
            None => settle(ctx, wanted, &post).await,
        },
    }
}

/// Where the message of a purpose stands, if it does.
pub(crate) async fn find(ctx: &Ctx, purpose: &str) -> Result<Option<Posted>, CommandError> {
    let post = ctx.store.posts().find(purpose).await?;
    Ok(post.and_then(|post| {
        Some(Posted {
            channel: post.channel.0,
            ts: post.ts?,
        })
    }))
}

/// The version that the message of a purpose shows, if it stands.
pub(crate) async fn shown_version(ctx: &Ctx, purpose: &str) -> Result<Option<i64>, CommandError> {
    let post = ctx.store.posts().find(purpose).await?;
    Ok(post
        .filter(|post| post.ts.is_some())
        .and_then(|post| post.state["version"].as_i64()))
}

async fn send(ctx: &Ctx, wanted: &Wanted) -> Result<Posted, CommandError> {
    let content = tagged(wanted.content.clone(), &wanted.purpose);
    match ctx.slack.post(&wanted.place, &content).await {
        Ok(posted) => {
            ctx.store
                .posts()
                .record_ts(&wanted.purpose, &posted.ts, ctx.clock.now())
                .await?;
            Ok(posted)
        }
        // The claim stays: whoever looks next finds the message by its mark, or posts it then.
        Err(error @ SlackError::Ambiguous { .. }) => Err(error.into()),
        Err(error) => {
            ctx.store.posts().release(&wanted.purpose).await?;
            Err(error.into())
        }
    }
}

/// A claim without a message: it was posted and not remembered, or is being posted, or was never posted.
async fn settle(ctx: &Ctx, wanted: &Wanted, post: &Post) -> Result<Posted, CommandError> {
    let now = ctx.clock.now();
    // Our clock and Slack's differ.
    let oldest = post.updated_at - Duration::hours(1);
    if let Some(found) = ctx
        .slack
        .find_posted(&wanted.place, &wanted.purpose, oldest)
        .await?
    {
        ctx.store
            .posts()
            .record_ts(&wanted.purpose, &found.ts, now)
            .await?;
        edit(ctx, wanted, &found, true).await?;
        return Ok(found);
    }
    if now - post.updated_at < ABANDONED_AFTER {
        return Err(CommandError::Internal(anyhow!(
            "{} is being posted",
            wanted.purpose
        )));
    }
    // Of several that notice, the one that moves the version posts it.
    match ctx.store.posts().update(post, &post.state, now).await? {
        Some(_) => send(ctx, wanted).await,
        None => Err(CommandError::Internal(anyhow!(
            "{} is being posted",
            wanted.purpose
        ))),
    }
}

/// Edits the message unless it shows this version or a newer one.
async fn edit(ctx: &Ctx, wanted: &Wanted, posted: &Posted, again: bool) -> Result<(), CommandError> {
    let content = tagged(wanted.content.clone(), &wanted.purpose);
    let mut has_written = false;
    for _ in 0..TRIES {
        let Some(post) = ctx.store.posts().find(&wanted.purpose).await? else {
            return Ok(());
        };
        let shown = post.state["version"].as_i64().unwrap_or(0);
        match shown.cmp(&wanted.version) {
            // Whoever showed the newer one may have been overwritten by us: only the newest record can mend that.
            Ordering::Greater if has_written => break,
            Ordering::Greater => return Ok(()),
            Ordering::Equal if !again && !has_written => return Ok(()),
            Ordering::Equal | Ordering::Less => {}
        }
        ctx.slack.update(posted, &content).await?;
        let state = json!({ "version": wanted.version });
        if ctx
            .store
            .posts()
            .update(&post, &state, ctx.clock.now())
            .await?
            .is_some()
        {
            return Ok(());
        }
        // Somebody else edited it at the same time, and nobody knows whose edit came last.
        has_written = true;
    }
    Err(CommandError::Internal(anyhow!(
        "{} is edited by many at once",
        wanted.purpose
    )))
}
