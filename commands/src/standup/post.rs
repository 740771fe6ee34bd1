//! Purpose: posts a round of a standup once, with its thread, and edits both as late answers come and blockers end.

use std::collections::BTreeMap;

use clap::Parser;
use em_blocks::mrkdwn::{cat, channel as channel_link, escape, words};
use em_blocks::standup::history::message_said;
use em_blocks::standup::round::{RoundView, Shipped, message_page, message_round, pages};
use em_domain::evidence::{Deed, Evidence, Window};
use em_domain::id::{RepositoryName, SlackChannel, SlackUser};
use em_domain::job::{Job, JobError};
use em_domain::person::Identity;
use em_domain::standup::{Blocker, Checkin, Round, Standup};
use em_integrations::slack::{Channel, Place, Posted, SlackError};
use em_storage::{RoundState, StoredRound};

use super::evidence::evidence_of;
use super::round::{OfRound, team_of};
use super::{REMEMBERED_FOR, standup_of};
use crate::copy::{self, Wanted};
use crate::ctx::Ctx;
use crate::invocation::{Caller, CommandError, Invocation, Outcome, Reply};
use crate::spec::Spec;

/// How it is written.
pub const SPEC: Spec = Spec {
    path: "standup post",
    usage: "standup post [#channel] [--standup NAME]",
    summary: "Post the standup of today to its channel now, or bring the one that stands there up to date.",
    examples: &["standup post", "standup post #payments --standup payments"],
    check_scheduled: Some(|words| SPEC.parse::<Args>(words).map(drop)),
};

#[derive(Debug, Parser)]
struct Args {
    /// Where; the standup's own channel if absent.
    channel: Option<String>,
    /// Which; needed where several are set up.
    #[arg(long, alias = "team")]
    standup: Option<String>,
}

/// Answers `standup post`.
pub async fn post(ctx: Ctx, invocation: Invocation) -> Outcome {
    let args: Args = SPEC.parse(&invocation.words)?;
    let standup = super::chosen(&ctx, args.standup.as_deref())?.clone();
    let here = match &invocation.caller {
        Caller::Schedule(_) => invocation.channel.as_ref().map(|channel| channel.0.clone()),
        Caller::Person(_) => None,
    };
    let wanted = args.channel.or(here).unwrap_or_else(|| standup.channel.clone());
    let channel = ctx.slack.resolve_channel(&wanted).await?;
    let stored = super::round::open_today(&ctx, &standup).await?;
    let posted = draw(&ctx, &standup, &stored, &channel, When::Asked).await?;
    match (&invocation.caller, posted) {
        (Caller::Schedule(_), _) => Ok(Reply::Done),
        (Caller::Person(_), Some(posted)) => {
            let at = SlackChannel(posted.channel);
            let said = cat([words("The standup stands in "), channel_link(&at), words(".")]);
            Ok(Reply::private(message_said(&said)))
        }
        (Caller::Person(_), None) => {
            let name = escape(&standup.name);
            let said = cat([
                words("There is nothing to post in the standup of "),
                name,
                words(" yet."),
            ]);
            Ok(Reply::private(message_said(&said)))
        }
    }
}

fn round_of(job: &Job) -> Result<String, JobError> {
    serde_json::from_value(job.payload.clone())
        .map(|of: OfRound| of.round)
        .map_err(|error| JobError::Fail(format!("not a round of a standup: {error}")))
}

/// The job: it is time to post.
pub async fn due(ctx: Ctx, job: Job) -> Result<(), JobError> {
    let id = round_of(&job)?;
    let standups = ctx.store.standups();
    let Some(stored) = standups.find_round(&id).await.map_err(CommandError::from)? else {
        return Ok(());
    };
    let Some(standup) = standup_of(&ctx, &stored.round.standup) else {
        return Ok(());
    };
    let now = ctx.clock.now();
    if stored.state == RoundState::Open && stored.round.is_too_late(now) {
        tracing::warn!(
            round = id,
            "a standup comes too late to be of use; it is not posted"
        );
        let closed = standups.close(&id, RoundState::Missed, now).await;
        return closed.map(drop).map_err(|error| CommandError::from(error).into());
    }
    let drawn = draw_in_its_channel(&ctx, standup, &stored, When::Due).await;
    if let Err(error) = drawn {
        tell_of_failure(&ctx, standup, &stored.round, &error).await;
        return Err(error.into());
    }
    draw_what_came_meanwhile(&ctx, standup, &stored)
        .await
        .map_err(JobError::from)
}

/// Whoever answered while the round was drawn found it open still, and left the drawing to this job.
async fn draw_what_came_meanwhile(
    ctx: &Ctx,
    standup: &Standup,
    drawn: &StoredRound,
) -> Result<(), CommandError> {
    let now = ctx.store.standups().find_round(&drawn.round.id).await?;
    // Posting it was one change.
    let Some(changed) = now.filter(|now| now.version > drawn.version + 1) else {
        return Ok(());
    };
    draw_in_its_channel(ctx, standup, &changed, When::Late).await
}

/// The job: something changed that is shown. Each change has its own, because one that is being drawn may have been read
/// before the next was stored; those that find it drawn already cost a look.
pub async fn redraw(ctx: Ctx, job: Job) -> Result<(), JobError> {
    let id = round_of(&job)?;
    let standups = ctx.store.standups();
    let found = standups.find_round(&id).await.map_err(CommandError::from)?;
    let Some(stored) = found.filter(|stored| stored.state == RoundState::Posted) else {
        return Ok(());
    };
    let Some(standup) = standup_of(&ctx, &stored.round.standup) else {
        return Ok(());
    };
    // One that is tried again may have drawn a part.
    let is_first = job.attempts <= 1;
    if is_first && is_shown(&ctx, standup, &stored).await? {
        return Ok(());
    }
    draw_in_its_channel(&ctx, standup, &stored, When::Late)
        .await
        .map_err(JobError::from)
}

/// Whether the message shows the round as it is stored.
async fn is_shown(ctx: &Ctx, standup: &Standup, stored: &StoredRound) -> Result<bool, CommandError> {
    let channel = ctx.slack.resolve_channel(&standup.channel).await?;
    let shown = copy::shown_version(ctx, &parent(&stored.round, &channel)).await?;
    Ok(shown.is_some_and(|version| version >= stored.version))
}

/// What the message of a round is for.
fn parent(round: &Round, channel: &Channel) -> String {
    format!("standup:{}:{}", round.id, channel.id)
}

async fn draw_in_its_channel(
    ctx: &Ctx,
    standup: &Standup,
    stored: &StoredRound,
    when: When,
) -> Result<(), CommandError> {
    let channel = ctx.slack.resolve_channel(&standup.channel).await?;
    draw(ctx, standup, stored, &channel, when).await.map(drop)
}

/// Why a round is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    /// It is its time.
    Due,
    /// Somebody wants it now.
    Asked,
    /// Something came later.
    Late,
}

/// What a round shows, gathered once for all its messages.
struct Gathered {
    checkins: BTreeMap<SlackUser, Checkin>,
    evidence: Evidence,
    blockers: Vec<Blocker>,
    shipped: (Shipped, Option<Shipped>),
}

/// Draws the message and its thread; `None` if there is nothing to say and nothing was said before.
async fn draw(
    ctx: &Ctx,
    standup: &Standup,
    stored: &StoredRound,
    channel: &Channel,
    when: When,
) -> Result<Option<Posted>, CommandError> {
    let round = &stored.round;
    let gathered = gather(ctx, standup, round, channel).await?;
    let view = RoundView {
        standup,
        round,
        checkins: &gathered.checkins,
        evidence: &gathered.evidence,
        blockers: &gathered.blockers,
        shipped: gathered.shipped,
        calendar: &ctx.settings.calendar,
        now: ctx.clock.now(),
    };
    let parent = parent(round, channel);
    let stands = copy::find(ctx, &parent).await?.is_some();
    let posted = if !stands && view.is_empty() && !standup.posts_when_empty {
        None
    } else {
        Some(show_all(ctx, stored, channel, &view, &parent).await?)
    };
    if when == When::Due {
        ctx.store
            .standups()
            .close(&round.id, RoundState::Posted, ctx.clock.now())
            .await?;
    }
    Ok(posted)
}

async fn show_all(
    ctx: &Ctx,
    stored: &StoredRound,
    channel: &Channel,
    view: &RoundView<'_>,
    parent: &str,
) -> Result<Posted, CommandError> {
    let wanted = |purpose: String, place: Place, content| Wanted {
        purpose,
        place,
        content,
        version: stored.version,
        until: stored.round.post_at + REMEMBERED_FOR,
    };
    let place = Place::channel(&channel.id);
    let head = wanted(parent.to_owned(), place.clone(), message_round(view));
    let posted = copy::show(ctx, &head, true).await?;
    for page in 0..pages(&stored.round) {
        if let Some(content) = message_page(view, page) {
            let place = place.clone().in_thread(&posted.ts);
            copy::show(ctx, &wanted(format!("{parent}:{page}"), place, content), true).await?;
        }
    }
    Ok(posted)
}

async fn gather(
    ctx: &Ctx,
    standup: &Standup,
    round: &Round,
    channel: &Channel,
) -> Result<Gathered, CommandError> {
    let standups = ctx.store.standups();
    let checkins = standups.list_checkins(&round.id).await?;
    let window = Window {
        from: round.since,
        to: round.post_at.min(ctx.clock.now()),
    };
    let evidence = evidence(ctx, standup, round, window).await?;
    let shipped = (counted(&evidence), shipped_before(ctx, standup, round).await?);
    // The operator named the team's repositories for this very purpose; of other private ones a public channel is told
    // only how much there is.
    let own = &team_of(ctx, standup)?.repositories;
    let sees = |name: &RepositoryName| {
        channel.is_private
            || own
                .iter()
                .any(|own| own.as_str().eq_ignore_ascii_case(name.as_str()))
    };
    Ok(Gathered {
        checkins: checkins
            .into_iter()
            .map(|said| (said.slack_user.clone(), said))
            .collect(),
        evidence: evidence.for_channel(sees),
        blockers: standups.list_open_blockers(&standup.name).await?,
        shipped,
    })
}

async fn evidence(
    ctx: &Ctx,
    standup: &Standup,
    round: &Round,
    window: Window,
) -> Result<Evidence, CommandError> {
    let people: Vec<Identity> = round
        .people
        .iter()
        .map(|person| Identity {
            slack_user: person.slack_user.clone(),
            login: person.login.clone(),
        })
        .collect();
    let repositories = &team_of(ctx, standup)?.repositories;
    evidence_of(ctx, &people, repositories, window).await
}

/// How much shipped in the round before; `None` if there was none.
async fn shipped_before(
    ctx: &Ctx,
    standup: &Standup,
    round: &Round,
) -> Result<Option<Shipped>, CommandError> {
    let before = ctx
        .store
        .standups()
        .list_rounds(&standup.name, round.day, 1)
        .await?;
    let Some(before) = before.into_iter().next() else {
        return Ok(None);
    };
    let window = Window {
        from: before.round.since,
        to: before.round.post_at,
    };
    Ok(Some(counted(
        &evidence(ctx, standup, &before.round, window).await?,
    )))
}

fn counted(evidence: &Evidence) -> Shipped {
    let shipped = evidence.shipped();
    let of = |deeds: &[Deed]| shipped.iter().filter(|line| deeds.contains(&line.deed)).count();
    let reviewed = evidence.people.iter().flat_map(|one| &one.lines);
    Shipped {
        merged: of(&[Deed::Merged]),
        live: of(&[Deed::Deployed, Deed::Released]),
        reviewed: reviewed.filter(|line| line.deed == Deed::Reviewed).count(),
    }
}

/// A standup that cannot be posted is told to whoever looks after it, once a round.
async fn tell_of_failure(ctx: &Ctx, standup: &Standup, round: &Round, error: &CommandError) {
    let CommandError::Slack(error) = error else {
        return;
    };
    let is_for_people = !matches!(
        error,
        SlackError::RateLimited { .. } | SlackError::Unavailable { .. } | SlackError::Ambiguous { .. }
    );
    let Some(user) = standup.escalate_to.as_ref().filter(|_| is_for_people) else {
        return;
    };
    let said = cat([
        words("The standup of "),
        escape(&standup.name),
        words(" could not be posted to "),
        escape(&standup.channel),
        words(". "),
        escape(&error.advice()),
    ]);
    let told = async {
        let wanted = Wanted {
            purpose: format!("standup:{}:problem", round.id),
            place: Place::channel(ctx.slack.open_dm(user.as_str()).await?),
            content: message_said(&said),
            version: 1,
            until: round.post_at + REMEMBERED_FOR,
        };
        copy::show(ctx, &wanted, false).await
    };
    if let Err(error) = told.await {
        tracing::warn!(
            error = format!("{error:#}"),
            "nobody could be told that a standup was not posted"
        );
    }
}
