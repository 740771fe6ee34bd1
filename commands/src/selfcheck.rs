//! Purpose: each night one past week is counted again from its events and held against what is stored. What differs is logged,
//! counted, told by `doctor`, and told once to whoever looks after the bot, in one message that is edited as it changes.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Datelike as _, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;
use em_blocks::doctor::{Finding, Health};
use em_blocks::selfcheck::message_selfcheck;
use em_domain::calendar::{WorkCalendar, instant_in};
use em_domain::delivery::Definitions;
use em_domain::event::RawEvent;
use em_domain::id::{ErrorId, JobId, SlackUser};
use em_domain::job::{Job, JobError, NewJob};
use em_domain::selfcheck::{Checked, Difference, Standing, Trouble, WeekFacts, check, pick, window};
use em_integrations::normalise::normalise_by;
use em_integrations::rules::Rules;
use em_integrations::slack::Place;
use em_storage::{DeliveryOf, Store, StoreError};
use em_telemetry::names;
use serde_json::json;
use ulid::Ulid;

use crate::approval::voter;
use crate::copy::{self, Wanted};
use crate::ctx::Ctx;
use crate::dora::apart;
use crate::invocation::CommandError;

/// The job: checks a week.
pub const RUN: &str = "selfcheck.run";
/// The job: tells people.
pub const TELL: &str = "selfcheck.tell";
/// Where the standing is kept, and what the tick of a night is called.
const NAME: &str = "selfcheck";
/// When it begins, in the team's zone: few events come in.
const AT: NaiveTime = match NaiveTime::from_hms_opt(3, 0, 0) {
    Some(at) => at,
    None => NaiveTime::MIN,
};
/// A night that was missed by more than this is left out.
const LATEST: TimeDelta = TimeDelta::hours(2);
/// How long a night's check may take. It reads each event once for each week that it looks at.
const TIME_LIMIT: Duration = Duration::from_hours(1);
/// Weeks that were wrong and are looked at again in one night.
const AGAIN: usize = 3;
/// How long the message is remembered, so that it is edited when something changes.
const REMEMBERED_FOR: TimeDelta = TimeDelta::days(90);
/// Whoever has one of these roles looks after the bot; of several roles the first that anybody has.
const ROLES: [&str; 2] = ["admin", "manager"];

/// What a check reads by.
#[derive(Debug, Clone, Copy)]
pub struct Around<'a> {
    /// The store.
    pub store: &'a Store,
    /// What the words mean.
    pub definitions: &'a Definitions,
    /// The zone of weeks.
    pub zone: Tz,
    /// How events are read.
    pub reading: &'a Arc<Rules>,
    /// The time.
    pub now: DateTime<Utc>,
}

/// The week that a seed means, by its Monday; `None` where no past week has all of its events.
///
/// # Errors
/// The database does not answer.
pub async fn pick_week(around: Around<'_>, seed: u64) -> Result<Option<NaiveDate>, CommandError> {
    let store = around.store;
    let Some(first) = store.exports().first_at().await? else {
        return Ok(None);
    };
    let kept_since = store.selfcheck().kept_since().await?;
    let first = kept_since.map_or(first, |since| since.max(first));
    Ok(pick(first, around.now, around.zone, seed))
}

/// Counts a week again. What differs is looked at a second time before it is believed: events come in meanwhile.
///
/// # Errors
/// The database does not answer, or many events wait to be worked in.
pub async fn check_week(around: Around<'_>, week: NaiveDate) -> Result<Checked, CommandError> {
    let (first, found) = compared(around, week, None).await?;
    if first.agrees() {
        return Ok(first);
    }
    let (mut second, _) = compared(around, week, Some(found)).await?;
    let seen: BTreeSet<_> = first.differences.iter().map(|one| &one.subject).collect();
    second.differences.retain(|one| seen.contains(&one.subject));
    if second.differences.is_empty() {
        second.differing.clear();
    }
    Ok(second)
}

/// Compares once; answers also with what the events say. `more` is looked for beside what is stored.
async fn compared(
    around: Around<'_>,
    week: NaiveDate,
    more: Option<WeekFacts>,
) -> Result<(Checked, WeekFacts), CommandError> {
    let asked = window(week, around.zone);
    let of = DeliveryOf {
        asked: &asked,
        definitions: around.definitions,
        now: around.now,
    };
    let selfcheck = around.store.selfcheck();
    let kept_since = selfcheck.kept_since().await?;
    let stored = selfcheck.stored(of).await?;
    let mut known = stored.clone();
    if let Some(more) = more {
        known.delivery.changes.extend(more.delivery.changes);
        known.delivery.deployments.extend(more.delivery.deployments);
        known.delivery.outages.extend(more.delivery.outages);
        known.flow.changes.extend(more.flow.changes);
    }
    let reading = Arc::clone(around.reading);
    let normalise = move |event: &RawEvent| normalise_by(&reading, event);
    let recounted = selfcheck.recounted(&known, of, normalise).await?;
    let (zone, definitions) = (around.zone, around.definitions.clone());
    apart(move || {
        let checked = check(week, zone, &definitions, kept_since, &stored, &recounted);
        (checked, recounted)
    })
    .await
}

/// Takes a night's check in when its time has come; of several replicas one does.
///
/// # Errors
/// The database does not answer.
pub async fn enqueue_due(ctx: &Ctx) -> anyhow::Result<()> {
    let now = ctx.clock.now();
    let calendar = &ctx.settings.calendar;
    let due = instant_in(calendar.zone, calendar.local_date(now), AT);
    if now < due || now - due > LATEST {
        return Ok(());
    }
    let job = NewJob {
        time_limit: TIME_LIMIT,
        ..NewJob::new(JobId::new(Ulid::new()), RUN, json!({}), now).unique(RUN)
    };
    if ctx.store.schedules().claim_tick_for(NAME, due, &job, now).await? {
        ctx.wake_jobs();
    }
    Ok(())
}

/// The job: looks at the weeks that were wrong, and at one more.
///
/// # Errors
/// The database does not answer; it is tried again.
pub async fn run(ctx: Ctx, _job: Job) -> Result<(), JobError> {
    night(&ctx).await.map_err(|error| {
        metrics::counter!(names::SELFCHECK_WEEKS_TOTAL, "outcome" => "failed").increment(1);
        JobError::from(error)
    })
}

async fn night(ctx: &Ctx) -> Result<(), CommandError> {
    let around = Around {
        store: &ctx.store,
        definitions: &ctx.settings.delivery,
        zone: ctx.settings.calendar.zone,
        reading: &ctx.settings.reading,
        now: ctx.clock.now(),
    };
    let mut standing = standing(&ctx.store).await?;
    let mut weeks: Vec<NaiveDate> = standing.weeks();
    weeks.truncate(AGAIN);
    weeks.extend(
        pick_week(around, seed(around))
            .await?
            .filter(|week| !weeks.contains(week)),
    );
    for week in weeks {
        let checked = check_week(around, week).await?;
        note(&checked);
        standing.take(checked, ctx.clock.now());
    }
    let count = u32::try_from(standing.count()).unwrap_or(u32::MAX);
    metrics::gauge!(names::SELFCHECK_DIFFERENCES).set(f64::from(count));
    ctx.store
        .cursors()
        .upsert(NAME, &standing, ctx.clock.now())
        .await?;
    if standing.is_untold() {
        let now = ctx.clock.now();
        let at = when_to_tell(&ctx.settings.calendar, now);
        let job = NewJob::new(JobId::new(Ulid::new()), TELL, json!({}), at).unique(TELL);
        ctx.store.jobs().enqueue(&job, now).await?;
        ctx.wake_jobs();
    }
    Ok(())
}

/// The same on one night, whichever replica asks, and another on the next.
fn seed(around: Around<'_>) -> u64 {
    let night = around.now.with_timezone(&around.zone).date_naive();
    night
        .signed_duration_since(NaiveDate::default())
        .num_days()
        .unsigned_abs()
}

fn note(checked: &Checked) {
    let week = checked.week;
    if checked.agrees() {
        metrics::counter!(names::SELFCHECK_WEEKS_TOTAL, "outcome" => "agrees").increment(1);
        tracing::info!(%week, compared = checked.compared, skipped = checked.skipped, "a week agrees with its events");
        return;
    }
    metrics::counter!(names::SELFCHECK_WEEKS_TOTAL, "outcome" => "differs").increment(1);
    metrics::counter!(names::ERRORS_TOTAL, "area" => "selfcheck").increment(1);
    let things: Vec<String> = checked
        .differences
        .iter()
        .take(20)
        .map(Difference::words)
        .collect();
    let numbers: Vec<&str> = checked.differing.iter().map(|one| one.metric.as_str()).collect();
    tracing::error!(
        error.id = %ErrorId::new(Ulid::new()),
        %week,
        count = checked.count(),
        things = things.join("; "),
        numbers = numbers.join(", "),
        "a week does not agree with its events"
    );
}

/// What is known to be wrong.
///
/// # Errors
/// The database does not answer.
async fn standing(store: &Store) -> Result<Standing, StoreError> {
    let kept = store.cursors().find::<Standing>(NAME).await?;
    Ok(kept.map(|kept| kept.value).unwrap_or_default())
}

/// Now in working time, otherwise when the next working day begins: nothing is lost by waiting for it.
fn when_to_tell(calendar: &WorkCalendar, now: DateTime<Utc>) -> DateTime<Utc> {
    let today = calendar.opens_after(now, 0);
    if calendar.is_open(now) {
        now
    } else if now < today && calendar.is_open(today) {
        today
    } else {
        calendar.opens_after(now, 1)
    }
}

/// The job: tells whoever looks after the bot what is wrong, or that it is mended.
///
/// # Errors
/// Slack or the database does not answer; it is tried again.
pub async fn tell(ctx: Ctx, job: Job) -> Result<(), JobError> {
    told(&ctx, job.attempts > 1).await.map_err(JobError::from)
}

async fn told(ctx: &Ctx, again: bool) -> Result<(), CommandError> {
    let standing = standing(&ctx.store).await?;
    let Some(began) = standing.began.filter(|_| standing.is_untold()) else {
        return Ok(());
    };
    for user in keepers(ctx).await? {
        let place = Place::channel(ctx.slack.open_dm(user.as_str()).await?);
        let wanted = Wanted {
            purpose: format!("selfcheck:{user}:{}", began.timestamp()),
            place,
            content: message_selfcheck(&standing.troubles),
            version: standing.version,
            until: ctx.clock.now() + REMEMBERED_FOR,
        };
        copy::show(ctx, &wanted, again).await?;
    }
    let told = Standing {
        told: standing.version,
        ..standing
    };
    ctx.store.cursors().upsert(NAME, &told, ctx.clock.now()).await?;
    Ok(())
}

/// Who looks after the bot, by the configured roles.
async fn keepers(ctx: &Ctx) -> Result<BTreeSet<SlackUser>, CommandError> {
    let mut found = BTreeSet::new();
    for role in ROLES {
        for name in ctx.policy.roles.get(role).into_iter().flatten() {
            found.extend(voter::named(ctx, name).await?);
        }
        if !found.is_empty() {
            break;
        }
    }
    Ok(found)
}

/// What `doctor` says of it; nothing before the first check.
pub(crate) async fn findings(ctx: &Ctx) -> Vec<Finding> {
    // The database has a finding of its own.
    let standing = standing(&ctx.store).await.unwrap_or_default();
    let troubles = standing.troubles.iter().map(finding);
    let mut findings: Vec<Finding> = troubles.collect();
    if let Some((_, checked)) = standing.last.filter(|_| findings.is_empty()) {
        findings.push(Finding {
            health: Health::Ok,
            what: format!(
                "The week of {} agrees with its events: {} facts, {} numbers",
                checked.week, checked.compared, checked.numbers
            ),
            why: String::new(),
            fix: String::new(),
        });
    }
    findings
}

fn finding(trouble: &Trouble) -> Finding {
    let found = &trouble.found;
    let named: Vec<String> = found.differences.iter().take(3).map(Difference::words).collect();
    let further = found.count() - named.len();
    let more = match further {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    let numbers: Vec<&str> = found.differing.iter().map(|one| one.metric.title()).collect();
    let numbers = match numbers.as_slice() {
        [] => String::new(),
        several => format!(" Numbers that change: {}.", several.join(", ")),
    };
    Finding {
        health: Health::Fail,
        what: format!("The week of {} does not agree with its events", found.week),
        why: format!("{}{more}.{numbers}", named.join("; ")),
        fix: format!(
            "`em-agent replay` rebuilds all facts from the events; then `em-agent dora check --week {}`.",
            found.week
        ),
    }
}

/// The Monday of the week that a day is in; `None` where that week is not over.
pub fn week_of(day: NaiveDate, around: Around<'_>) -> Option<NaiveDate> {
    let back = Days::new(day.weekday().num_days_from_monday().into());
    let monday = day.checked_sub_days(back)?;
    (window(monday, around.zone).to <= around.now).then_some(monday)
}
