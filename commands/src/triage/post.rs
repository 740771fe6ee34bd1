//! Purpose: `/em-agent triage post [#channel]`: one message for the working day, which is edited as things move.

use anyhow::Context;
use chrono::NaiveDate;
use clap::Parser;
use em_blocks::board::{BoardView, message_board};
use em_blocks::triage::{Scope, message_shared};
use em_domain::board::Board;
use em_domain::id::SlackChannel;
use em_integrations::slack::{Channel, Posted, SlackError, tagged};
use em_storage::{Claim, NewPost, Post};
use slack_morphism::prelude::SlackMessageContent;

use super::report;
use crate::ctx::Ctx;
use crate::invocation::{Caller, Click, CommandError, Invocation, Outcome, Reply};
use crate::posting::{self, is_abandoned};
use crate::spec::Spec;

/// How it is written.
pub const SPEC: Spec = Spec {
    path: "triage post",
    usage: "triage post [#channel]",
    summary: "Post the list to a channel; I strike lines through as they clear.",
    examples: &["triage post", "triage post #payments"],
    check_scheduled: Some(|words| SPEC.parse::<Args>(words).map(drop)),
};

#[derive(Debug, Parser)]
struct Args {
    channel: Option<String>,
}

/// Answers `triage post`.
pub async fn post(ctx: Ctx, invocation: Invocation) -> Outcome {
    let args: Args = SPEC.parse(&invocation.words)?;
    let here = invocation
        .channel
        .as_ref()
        .map(|channel| channel.as_str().to_owned());
    let channel = match (&invocation.caller, args.channel) {
        (_, Some(named)) => Some(named),
        (Caller::Schedule(_), None) => here,
        (Caller::Person(_), None) => ctx.settings.default_channel.clone().or(here),
    };
    let Some(channel) = channel else {
        return Err(CommandError::user("Name a channel: `triage post #payments`."));
    };
    let channel = ctx.slack.resolve_channel(&channel).await?;
    let posted = post_to(&ctx, &channel).await?;
    match invocation.caller {
        Caller::Person(_) => confirm(&ctx, &posted).await,
        Caller::Schedule(_) => Ok(Reply::Done),
    }
}

async fn confirm(ctx: &Ctx, posted: &Posted) -> Outcome {
    // The list is there; a link to it is a courtesy.
    let link = ctx.slack.permalink(posted).await.ok();
    let channel = SlackChannel(posted.channel.clone());
    Ok(Reply::private(message_shared(
        &channel,
        link.as_ref().map(url::Url::as_str),
    )))
}

/// The button *Post to channel* under a private answer.
pub async fn share(ctx: Ctx, click: Click) -> Outcome {
    let named = ctx.settings.default_channel.clone();
    let Some(channel) = click.channel.map(|channel| channel.0).or(named) else {
        return Err(CommandError::user(
            "Name a channel: `/em-agent triage post #payments`.",
        ));
    };
    let channel = ctx.slack.resolve_channel(&channel).await?;
    let posted = post_to(&ctx, &channel).await?;
    confirm(&ctx, &posted).await
}

/// What a board's purpose begins with; the channel and the day follow.
const PURPOSE: &str = "triage:";

/// Posts today's board to the channel, or brings the one that stands there up to date.
async fn post_to(ctx: &Ctx, channel: &Channel) -> Result<Posted, CommandError> {
    let now = ctx.clock.now();
    let day = ctx.settings.calendar.local_date(now);
    let board = board_of(ctx, day).await?;
    let post = NewPost {
        purpose: format!("{PURPOSE}{}:{day}", channel.id),
        channel: SlackChannel(channel.id.clone()),
        state: to_state(&board)?,
        until: ctx.settings.calendar.day_ends(now),
    };
    match ctx.store.posts().claim(&post, now).await? {
        Claim::Mine(post) => send(ctx, &post, &board).await,
        Claim::Existing(post) => {
            let posted = match &post.ts {
                Some(ts) => Posted {
                    channel: post.channel.0.clone(),
                    ts: ts.clone(),
                },
                None => join(ctx, &post).await?,
            };
            refresh(ctx, &post.purpose).await?;
            Ok(posted)
        }
    }
}

async fn board_of(ctx: &Ctx, day: NaiveDate) -> Result<Board, CommandError> {
    Ok(Board::new(day, report(ctx, &Scope::Everyone).await?))
}

fn to_state(board: &Board) -> Result<serde_json::Value, CommandError> {
    Ok(serde_json::to_value(board).context("store a board")?)
}

fn to_board(post: &Post) -> Result<Board, CommandError> {
    Ok(serde_json::from_value(post.state.clone()).context("read a stored board")?)
}

/// The board as a message, marked with its purpose so that it is found again.
fn content(ctx: &Ctx, board: &Board, purpose: &str) -> SlackMessageContent {
    let view = BoardView {
        board,
        calendar: &ctx.settings.calendar,
        now: ctx.clock.now(),
    };
    tagged(message_board(&view), purpose)
}

/// Posts a claimed board. If Slack's answer is lost, the claim stays without a message, and whoever looks next finds
/// the message by its mark or posts it then.
async fn send(ctx: &Ctx, post: &Post, board: &Board) -> Result<Posted, CommandError> {
    let content = content(ctx, board, &post.purpose);
    match posting::send(ctx, post, &content).await {
        Err(CommandError::Slack(error @ SlackError::Ambiguous { .. })) => Err(error.into()),
        Err(CommandError::Slack(error)) => {
            // Nothing was posted: the next try starts afresh.
            ctx.store.posts().release(&post.purpose).await?;
            Err(error.into())
        }
        posted => posted,
    }
}

/// How often, and how many times, to look whether whoever is posting has done so.
const LOOK: std::time::Duration = std::time::Duration::from_millis(100);
const LOOKS: u32 = 30;

/// Somebody else claimed the post and has no message yet: they are posting it at this moment, or died over it, or
/// Slack did not confirm it. It is not posted here, because theirs may still arrive.
async fn join(ctx: &Ctx, post: &Post) -> Result<Posted, CommandError> {
    let found = if is_abandoned(ctx, post) {
        take_over(ctx, post).await?
    } else {
        find(ctx, post).await?
    };
    if let Some(found) = found {
        return Ok(found);
    }
    for _ in 0..LOOKS {
        let Some(now) = ctx.store.posts().find(&post.purpose).await? else {
            return Err(CommandError::user(
                "The list could not be posted just now. Try again in a moment.",
            ));
        };
        if let Some(ts) = now.ts {
            return Ok(Posted {
                channel: now.channel.0,
                ts,
            });
        }
        tokio::time::sleep(LOOK).await;
    }
    Err(CommandError::user(
        "Slack has not confirmed the list yet. Look whether it is in the channel; if not, I post it within a few minutes.",
    ))
}

/// A claim whose message may or may not have been posted before a crash or a lost answer: finds it, or posts it.
async fn settle(ctx: &Ctx, post: &Post) -> Result<Posted, CommandError> {
    match find(ctx, post).await? {
        Some(found) => Ok(found),
        None => send(ctx, post, &to_board(post)?).await,
    }
}

/// Looks at all of the post's day, because our clock and Slack's differ and a claim that was taken over looks younger
/// than its message.
async fn find(ctx: &Ctx, post: &Post) -> Result<Option<Posted>, CommandError> {
    posting::find(ctx, post, post.until - chrono::Duration::days(1)).await
}

/// Brings every board of the day up to date: settles what a crash left open, strikes through what is done.
///
/// # Errors
/// The first board that could not be brought up to date, after all were tried.
pub async fn refresh_boards(ctx: &Ctx) -> Result<(), CommandError> {
    let mut failure = None;
    let now = ctx.clock.now();
    let active = ctx.store.posts().list_active(now).await?;
    for post in active.iter().filter(|post| post.purpose.starts_with(PURPOSE)) {
        let refreshed = match &post.ts {
            Some(_) => refresh(ctx, &post.purpose).await,
            None if is_abandoned(ctx, post) => take_over(ctx, post).await.map(drop),
            None => Ok(()),
        };
        if let Err(error) = refreshed {
            failure.get_or_insert(error);
        }
    }
    failure.map_or(Ok(()), Err)
}

/// Settles a claim whose owner is gone. Of several that notice, the one that moves the version does it; the others
/// get `None`.
async fn take_over(ctx: &Ctx, post: &Post) -> Result<Option<Posted>, CommandError> {
    match posting::take_over(ctx, post).await? {
        Some(mine) => settle(ctx, &mine).await.map(Some),
        None => Ok(None),
    }
}

/// Edits one board if what waits has changed since. The edit is repeatable, so it comes before the new state is
/// stored: a crash in between only repeats it.
async fn refresh(ctx: &Ctx, purpose: &str) -> Result<(), CommandError> {
    let Some(post) = ctx.store.posts().find(purpose).await? else {
        return Ok(());
    };
    let Some(ts) = post.ts.clone() else { return Ok(()) };
    let mut board = to_board(&post)?;
    let keys: Vec<_> = board.lines.iter().map(|line| line.row.key.clone()).collect();
    let waiting = ctx.store.triage().list_rows(&keys).await?;
    let report = report(ctx, &Scope::Everyone).await?;
    if !board.update(&waiting, &report) {
        return Ok(());
    }
    let posted = Posted {
        channel: post.channel.0.clone(),
        ts,
    };
    ctx.slack.update(&posted, &content(ctx, &board, purpose)).await?;
    ctx.store
        .posts()
        .update(&post, &to_state(&board)?, report.as_of)
        .await?;
    Ok(())
}
