//! Purpose: the picture of a report: drawn away from the async threads, and shown once in the report's thread.
//!
//! It stands in the thread and not in the report, because Slack shows a file in a channel by itself when it has looked at it,
//! while a message that names a file is refused until then. A claim in `posts` and the file's name in the thread keep it from
//! being shown twice, whenever a program dies.

use anyhow::Context;
use chrono::{DateTime, Duration, Utc};
use em_charts::ChartError;
use em_domain::id::SlackChannel;
use em_integrations::slack::{File, FileKind, Place, Posted, SlackError};
use em_storage::{Claim, NewPost, Post};
use serde_json::json;

use crate::ctx::Ctx;
use crate::invocation::CommandError;
use crate::posting;

/// What became of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    /// It was shown before.
    Already,
    /// It is shown now.
    Now,
    /// Somebody else is showing it, or died over it a moment ago.
    BySomebodyElse,
}

/// How long whoever claimed a picture is given to show it: longer than its three calls may take.
const ABANDONED_AFTER: Duration = Duration::seconds(60);
/// How far our clock and Slack's may be apart.
const CLOCKS_APART: Duration = Duration::hours(1);
/// What is remembered as the place of a picture: its own message is Slack's doing.
const IN_THREAD: &str = "in the thread";

/// A picture that belongs to a report.
pub(crate) struct Drawing {
    /// Its name as a file: nothing else in the thread has it.
    pub(crate) name: String,
    /// What people read above it.
    pub(crate) title: String,
    /// What it shows, in words: at most 1,000 characters.
    pub(crate) alt_text: String,
    /// Until when it is remembered that it was shown.
    pub(crate) until: DateTime<Utc>,
    /// Draws it; takes a processor for some milliseconds.
    pub(crate) draw: Box<dyn FnOnce() -> Result<Vec<u8>, ChartError> + Send>,
}

/// Shows the picture of the report that `purpose` posted.
///
/// # Errors
/// It could not be drawn or shown. The report stays without it, and the next post of the same report tries again.
pub(crate) async fn show(
    ctx: &Ctx,
    report: &Posted,
    purpose: &str,
    drawing: Drawing,
) -> Result<Shown, CommandError> {
    let now = ctx.clock.now();
    let place = Place::channel(report.channel.clone()).in_thread(report.ts.clone());
    let claim = NewPost {
        purpose: format!("picture:{purpose}"),
        channel: SlackChannel(report.channel.clone()),
        state: json!({}),
        until: drawing.until,
    };
    match ctx.store.posts().claim(&claim, now).await? {
        Claim::Mine(_) => {}
        Claim::Existing(post) if post.ts.is_some() => return Ok(Shown::Already),
        Claim::Existing(post) => {
            if let Some(shown) = settle(ctx, &post, &place, &drawing.name).await? {
                return Ok(shown);
            }
        }
    }
    let drawn = tokio::task::spawn_blocking(drawing.draw).await;
    let png = drawn
        .context("a picture was not drawn")?
        .context("draw a picture")?;
    let picture = File {
        kind: FileKind::Png,
        name: &drawing.name,
        title: &drawing.title,
        alt_text: &drawing.alt_text,
        bytes: &png,
    };
    bring(ctx, &claim.purpose, &place, &picture).await
}

/// Shows what was claimed, and remembers that it is there.
async fn bring(ctx: &Ctx, purpose: &str, place: &Place, picture: &File<'_>) -> Result<Shown, CommandError> {
    match ctx.slack.show_file(place, picture).await {
        Ok(()) => {
            let now = ctx.clock.now();
            ctx.store.posts().record_ts(purpose, IN_THREAD, now).await?;
            Ok(Shown::Now)
        }
        // The claim stays: it may be there.
        Err(error @ SlackError::Ambiguous { .. }) => Err(error.into()),
        Err(error) => {
            ctx.store.posts().release(purpose).await?;
            Err(error.into())
        }
    }
}

/// A claim whose picture may be there: looks; `None` if it is to be shown here.
async fn settle(ctx: &Ctx, post: &Post, place: &Place, name: &str) -> Result<Option<Shown>, CommandError> {
    let now = ctx.clock.now();
    let oldest = post.updated_at - CLOCKS_APART;
    if ctx.slack.has_file(place, name, oldest).await? {
        ctx.store.posts().record_ts(&post.purpose, IN_THREAD, now).await?;
        return Ok(Some(Shown::Already));
    }
    if now - post.updated_at < ABANDONED_AFTER {
        return Ok(Some(Shown::BySomebodyElse));
    }
    // Of several that notice, the one that moves the version shows it.
    let mine = posting::take_over(ctx, post).await?;
    Ok(mine.is_none().then_some(Shown::BySomebodyElse))
}
