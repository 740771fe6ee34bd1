//! Purpose: telling people of signals: what opens together is one message, which is edited as its signals resolve.

use std::collections::BTreeMap;

use anyhow::Context;
use chrono::{DateTime, Duration, Utc};
use em_blocks::signal::{BulletinView, message_bulletin};
use em_domain::id::{SignalId, SlackChannel};
use em_domain::signal::{Rules, Signal, fingerprint};
use em_integrations::slack::{Posted, SlackError, tagged};
use em_storage::{Announced, NewPost, Post};
use serde::{Deserialize, Serialize};
use slack_morphism::prelude::SlackMessageContent;

use super::reaction;
use crate::ctx::Ctx;
use crate::goal;
use crate::invocation::CommandError;
use crate::policy;
use crate::posting::{self, is_abandoned};

/// What a bulletin's purpose begins with; the channel and its first signal follow.
const PURPOSE: &str = "signals:";
/// What opens within this time of a bulletin, in the same channel, joins it.
const TOGETHER: Duration = Duration::minutes(2);
/// How long a bulletin follows its signals. One that is open for longer is still in `/em-agent signals`.
const FOLLOWED: Duration = Duration::days(14);
/// How far our clock and Slack's may be apart.
const CLOCKS_APART: Duration = Duration::hours(1);
/// Signals that are announced in one go.
const AT_ONCE: u32 = 5_000;
/// How often an edit is repeated that others came between.
const EDITS: u32 = 3;

/// What is kept with the post.
#[derive(Debug, Serialize, Deserialize)]
struct BulletinState {
    /// When its first signals were announced.
    announced_at: DateTime<Utc>,
    /// The fingerprint of what it shows.
    shown: String,
}

/// Tells of the signals that nobody was told of, one message for each channel.
///
/// # Errors
/// The first channel that could not be told, after all were tried. Its signals are announced the next time.
pub(super) async fn announce(ctx: &Ctx, rules: &Rules) -> Result<(), CommandError> {
    let news = ctx.store.signals().list_unannounced(AT_ONCE).await?;
    let mut by_channel: BTreeMap<String, Vec<Signal>> = BTreeMap::new();
    let (mut silent, mut wanted) = (Vec::new(), Vec::new());
    for signal in news {
        let asked = reaction::input(ctx, &signal);
        let reaction = policy::react(ctx, asked, Some(&signal.finding.url)).await;
        for action in reaction.propose {
            wanted.push((signal.clone(), action, reaction.reason.clone()));
        }
        let found_by = &signal.finding.rule;
        let of_rule = rules.find(found_by).and_then(|rule| rule.channel.clone());
        let of_goal = || goal::channel(ctx, found_by);
        let usual = || ctx.settings.signal_channel().map(str::to_owned);
        let channel = reaction.channel.or(of_rule).or_else(of_goal).or_else(usual);
        match channel.filter(|_| reaction.notify) {
            Some(channel) => by_channel.entry(channel).or_default().push(signal),
            None => silent.push(signal.id),
        }
    }
    if !silent.is_empty() {
        ctx.store.signals().silence(&silent).await?;
    }
    let mut failure = None;
    for (channel, news) in &by_channel {
        if let Err(error) = tell(ctx, channel, news).await {
            failure.get_or_insert(error);
        }
    }
    // After they were told, so that people read of it before they are asked. A crash in between loses nothing: what open
    // signals want proposed is looked at regularly.
    for (signal, action, reason) in wanted {
        reaction::claim(ctx, &signal, action, &reason).await?;
    }
    failure.map_or(Ok(()), Err)
}

async fn tell(ctx: &Ctx, channel: &str, news: &[Signal]) -> Result<(), CommandError> {
    let Some(first) = news.first() else { return Ok(()) };
    let channel = SlackChannel(ctx.slack.resolve_channel(channel).await?.id.clone());
    let now = ctx.clock.now();
    let recent = recent(ctx, &channel, now).await?;
    let state = BulletinState {
        announced_at: now,
        shown: fingerprint(news),
    };
    let post = NewPost {
        // Replicas that announce the same signals at once must mean the same post.
        purpose: recent.unwrap_or_else(|| format!("{PURPOSE}{channel}:{}", first.id)),
        channel,
        state: to_state(&state)?,
        until: now + FOLLOWED,
    };
    let ids: Vec<SignalId> = news.iter().map(|signal| signal.id.clone()).collect();
    match ctx.store.signals().announce(&post, &ids, now).await? {
        Announced::Posting => send(ctx, &post.purpose).await,
        // It is edited with the others.
        Announced::Joined | Announced::Nothing => Ok(()),
    }
}

/// The bulletin in the channel that is young enough to be joined.
async fn recent(
    ctx: &Ctx,
    channel: &SlackChannel,
    now: DateTime<Utc>,
) -> Result<Option<String>, CommandError> {
    for post in bulletins(ctx, now).await? {
        if post.channel == *channel && now - state_of(&post)?.announced_at < TOGETHER {
            return Ok(Some(post.purpose));
        }
    }
    Ok(None)
}

async fn bulletins(ctx: &Ctx, now: DateTime<Utc>) -> Result<Vec<Post>, CommandError> {
    let mut posts = ctx.store.posts().list_active(now).await?;
    posts.retain(|post| post.purpose.starts_with(PURPOSE));
    Ok(posts)
}

fn to_state(state: &BulletinState) -> Result<serde_json::Value, CommandError> {
    Ok(serde_json::to_value(state).context("store a bulletin")?)
}

fn state_of(post: &Post) -> Result<BulletinState, CommandError> {
    Ok(serde_json::from_value(post.state.clone()).context("read a stored bulletin")?)
}

fn content(ctx: &Ctx, signals: &[Signal], purpose: &str) -> SlackMessageContent {
    let zone = ctx.settings.calendar.zone;
    tagged(message_bulletin(&BulletinView { signals, zone }), purpose)
}

/// Posts a claimed bulletin. If Slack's answer is lost, the claim stays without a message, and whoever looks next finds
/// the message or posts it.
async fn send(ctx: &Ctx, purpose: &str) -> Result<(), CommandError> {
    let Some(post) = ctx.store.posts().find(purpose).await? else {
        return Ok(());
    };
    let signals = ctx.store.signals().list_bulletin(purpose).await?;
    match posting::send(ctx, &post, &content(ctx, &signals, purpose)).await {
        Ok(_) => Ok(()),
        Err(CommandError::Slack(error)) if !matches!(error, SlackError::Ambiguous { .. }) => {
            // Nothing was posted: the next evaluation announces them afresh.
            ctx.store.signals().give_up(purpose).await?;
            Err(error.into())
        }
        Err(error) => Err(error),
    }
}

/// Brings every bulletin up to date: settles what a crash left open, strikes through what is resolved.
///
/// # Errors
/// The first bulletin that could not be brought up to date, after all were tried.
pub(super) async fn refresh_all(ctx: &Ctx) -> Result<(), CommandError> {
    let mut failure = None;
    for post in bulletins(ctx, ctx.clock.now()).await? {
        let refreshed = match &post.ts {
            Some(_) => refresh(ctx, &post.purpose).await,
            None if is_abandoned(ctx, &post) => settle(ctx, &post).await,
            None => Ok(()),
        };
        if let Err(error) = refreshed {
            failure.get_or_insert(error);
        }
    }
    failure.map_or(Ok(()), Err)
}

/// Finds the message of a claim whose owner is gone, or posts it.
async fn settle(ctx: &Ctx, post: &Post) -> Result<(), CommandError> {
    let Some(mine) = posting::take_over(ctx, post).await? else {
        return Ok(());
    };
    let oldest = state_of(&mine)?.announced_at - CLOCKS_APART;
    match posting::find(ctx, &mine, oldest).await? {
        Some(_) => refresh(ctx, &mine.purpose).await,
        None => send(ctx, &mine.purpose).await,
    }
}

/// Edits a bulletin if it does not show what its signals are. The edit is repeatable, so it comes before it is noted: a
/// crash in between only repeats it. Who finds that somebody else has noted something meanwhile edits once more, because
/// of two edits the older may have been the last to arrive.
async fn refresh(ctx: &Ctx, purpose: &str) -> Result<(), CommandError> {
    for edit in 0..EDITS {
        let Some(post) = ctx.store.posts().find(purpose).await? else {
            return Ok(());
        };
        let Some(ts) = post.ts.clone() else { return Ok(()) };
        let signals = ctx.store.signals().list_bulletin(purpose).await?;
        let state = state_of(&post)?;
        let shown = fingerprint(&signals);
        if edit == 0 && shown == state.shown {
            return Ok(());
        }
        let posted = Posted {
            channel: post.channel.0.clone(),
            ts,
        };
        ctx.slack
            .update(&posted, &content(ctx, &signals, purpose))
            .await?;
        let state = to_state(&BulletinState { shown, ..state })?;
        let noted = ctx.store.posts().update(&post, &state, ctx.clock.now()).await?;
        if noted.is_some() {
            return Ok(());
        }
    }
    Ok(())
}
