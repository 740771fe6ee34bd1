//! Purpose: the picture of a report: drawn away from the async threads, and shown once in the report's thread.
//!
//! It stands in the thread and not in the report, because Slack shows a file in a channel by itself when it has looked at it,
//! while a message that names a file is refused until then. A claim in `posts` and the file's name in the thread keep it from
//! being shown twice, whenever a program dies.

use anyhow::Context;
use chrono::Duration;
use em_blocks::sprint::{SprintView, picture_alt, picture_day};
use em_charts::sprint::{Bar, FanDay, SprintPicture};
use em_domain::id::SlackChannel;
use em_integrations::slack::{File, FileKind, Place, Posted, SlackError};
use em_storage::{Claim, NewPost, Post};
use serde_json::json;

use super::post::POSTED_FOR;
use crate::ctx::Ctx;
use crate::invocation::CommandError;
use crate::posting;

/// What became of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
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

/// Shows the picture of the report that `purpose` posted.
///
/// # Errors
/// It could not be drawn or shown. The report stays without it, and the next post of the same report tries again.
pub(super) async fn show(
    ctx: &Ctx,
    report: &Posted,
    purpose: &str,
    view: &SprintView<'_>,
) -> Result<Shown, CommandError> {
    let now = ctx.clock.now();
    let place = Place::channel(report.channel.clone()).in_thread(report.ts.clone());
    let claim = NewPost {
        purpose: format!("picture:{purpose}"),
        channel: SlackChannel(report.channel.clone()),
        state: json!({}),
        until: now + POSTED_FOR,
    };
    let name = format!("sprint-{}.png", view.calendar.local_date(now));
    match ctx.store.posts().claim(&claim, now).await? {
        Claim::Mine(_) => {}
        Claim::Existing(post) if post.ts.is_some() => return Ok(Shown::Already),
        Claim::Existing(post) => {
            if let Some(shown) = settle(ctx, &post, &place, &name).await? {
                return Ok(shown);
            }
        }
    }
    let png = draw(picture(view)).await?;
    let (title, alt_text) = (title(view), picture_alt(view));
    let picture = File {
        kind: FileKind::Png,
        name: &name,
        title: &title,
        alt_text: &alt_text,
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

async fn draw(picture: SprintPicture) -> Result<Vec<u8>, CommandError> {
    let drawn = tokio::task::spawn_blocking(move || em_charts::sprint::sprint(&picture));
    let drawn = drawn.await.context("a picture was not drawn")?;
    Ok(drawn.context("draw a picture")?)
}

fn title(view: &SprintView<'_>) -> String {
    let day = view.calendar.local_date(view.sprint.as_of).format("%a %-d %b %Y");
    match view.team {
        Some(team) => format!("{team}, {day}"),
        None => format!("All work, {day}"),
    }
}

/// The report in plain numbers.
fn picture(view: &SprintView<'_>) -> SprintPicture {
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let weeks = view.sprint.weeks.iter().map(|week| Bar {
        label: picture_day(week.monday),
        value: count(week.merged),
        is_partial: week.is_partial,
    });
    let forecast = view.sprint.forecast.as_ref().ok();
    let fan = forecast.map_or(&[][..], |forecast| &forecast.fan);
    let day = view.calendar.day_length();
    let in_days = |time: Duration| {
        let minutes = i32::try_from(time.num_minutes()).unwrap_or(i32::MAX);
        let day = i32::try_from(day.num_minutes()).unwrap_or(i32::MAX);
        f64::from(minutes) / f64::from(day.max(1))
    };
    let under_way = &view.sprint.in_progress;
    SprintPicture {
        title: title(view),
        weeks: weeks.collect(),
        fan: fan
            .iter()
            .map(|day| FanDay {
                label: picture_day(day.date),
                low: day.low,
                middle: day.middle,
                high: day.high,
            })
            .collect(),
        likely: forecast.map(|forecast| picture_day(forecast.likely)),
        open: count(under_way.ready),
        ages: under_way.ages.iter().copied().map(in_days).collect(),
        median_age: under_way.age.map(|age| in_days(age.median)),
    }
}
