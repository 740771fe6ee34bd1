//! Purpose: goals: by the hour it is looked whether the metrics of teams are what they are to be. What misses a goal is a
//! signal; that it holds again is said in the signal's thread.
//!
//! What nears a goal is evaluated with the rules, from the facts that they read anyway. A value over many days is not: it
//! takes the facts of all these days, which is too much for each minute, and hardly changes within one.

pub mod warn;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::time::Duration as TimeLimit;

use chrono::{DateTime, Duration, Utc};
use em_blocks::goal::{GoalLine, message_holds_again, value};
use em_domain::any_metric::AnyMetric;
use em_domain::delivery::{Asked, FiveKeys, Mode};
use em_domain::flow::Flow;
use em_domain::goal::{Goal, MISSED, Standing, finding, standing};
use em_domain::id::JobId;
use em_domain::job::NewJob;
use em_domain::signal::{Finding, OpenSignal, Signal, diff};
use em_integrations::slack::Place;
use serde_json::json;
use ulid::Ulid;

use crate::copy::{self, Wanted};
use crate::ctx::Ctx;
use crate::dora::question::Scope;
use crate::dora::window;
use crate::dora::{apart, facts_of};
use crate::invocation::CommandError;
use crate::{flow, shift, signal};

/// The job: looks whether the goals hold.
pub const EVALUATE: &str = "goal.evaluate";
/// Under this name the hours are taken.
const HOURS: &str = "em-agent: goals";
/// How long it may take: each team and window reads facts of many days.
const TIME_LIMIT: TimeLimit = TimeLimit::from_mins(5);
/// How far back it is looked for what holds again and was not said; also how long that message is remembered.
const SAY_WITHIN: Duration = Duration::days(2);

/// Where the signals of the goal of this name are posted.
pub(crate) fn channel(ctx: &Ctx, name: &str) -> Option<String> {
    let goal = ctx.settings.goals.iter().find(|goal| goal.name() == name)?;
    goal.channel.clone()
}

/// Has goals looked at once an hour, and shifts once a day, while people work: neither is a reason to post at night. Of
/// several replicas one does it.
///
/// # Errors
/// The database does not answer.
pub async fn enqueue_due(ctx: &Ctx) -> anyhow::Result<()> {
    let (now, calendar) = (ctx.clock.now(), &ctx.settings.calendar);
    if !ctx.settings.signals.enabled || !calendar.is_open(now) {
        return Ok(());
    }
    let seconds = now.timestamp() - now.timestamp().rem_euclid(3600);
    let hour = DateTime::from_timestamp(seconds, 0).unwrap_or(now);
    let day = calendar.day_begins(calendar.local_date(now));
    for (name, due, kind) in [(HOURS, hour, EVALUATE), (shift::DAYS, day, shift::EVALUATE)] {
        let job = NewJob::new(JobId::new(Ulid::new()), kind, json!({}), now).unique(kind);
        let job = NewJob {
            time_limit: TIME_LIMIT,
            ..job
        };
        if ctx.store.schedules().claim_tick_for(name, due, &job, now).await? {
            ctx.wake_jobs();
        }
    }
    Ok(())
}

/// Looks whether the goals hold: opens, changes and resolves their signals, and tells of them. Any number of replicas may
/// do this at once.
///
/// # Errors
/// The database or Slack; what was decided until then stays, and the next look goes on from there.
pub async fn evaluate(ctx: &Ctx) -> Result<(), CommandError> {
    if !ctx.settings.signals.enabled {
        return Ok(());
    }
    let now = ctx.clock.now();
    let lines = standings(ctx, ctx.settings.goals.iter().collect(), now).await?;
    let open = ctx.store.signals().list_open(Some(MISSED.name)).await?;
    let findings = lines.iter().filter_map(|line| found(ctx, line, &open, now));
    let known: Vec<OpenSignal> = open.iter().map(OpenSignal::from).collect();
    signal::change(ctx, &diff(&known, findings.collect()), now).await?;
    signal::tell(ctx, &ctx.rules.in_force().rules).await?;
    say_what_holds_again(ctx, &lines, now).await
}

/// What is to be open about a goal.
fn found(ctx: &Ctx, line: &GoalLine, open: &[Signal], now: DateTime<Utc>) -> Option<Finding> {
    let name = line.goal.name();
    let told = open.iter().find(|signal| signal.finding.subject == name);
    match line.standing {
        Standing::Held(_) => None,
        // Nobody can say that it holds again.
        Standing::Unknown(_) => told.map(|signal| signal.finding.clone()),
        Standing::Missed(it) => {
            let since = told.map_or(now, |signal| signal.finding.since);
            let it = value(&line.goal, it, &ctx.settings.calendar);
            Some(finding(&line.goal, &it, since))
        }
    }
}

/// How goals stand over their windows until `now`, in the order given.
pub(crate) async fn standings(
    ctx: &Ctx,
    goals: Vec<&Goal>,
    now: DateTime<Utc>,
) -> Result<Vec<GoalLine>, CommandError> {
    // Goals of one team and window are read from the same facts.
    let mut measured: BTreeMap<(Option<&str>, u32, bool), Measured> = BTreeMap::new();
    let mut lines = Vec::with_capacity(goals.len());
    for goal in goals {
        let key = (
            goal.team.as_ref().map(|team| team.name.as_str()),
            goal.days,
            matches!(goal.metric, AnyMetric::Delivery(_)),
        );
        let known = match measured.entry(key) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(measure(ctx, goal, now).await?),
        };
        let found = match (&*known, goal.metric) {
            (Measured::Keys(keys), AnyMetric::Delivery(metric)) => keys.of(metric),
            (Measured::Flow(flow), AnyMetric::Flow(metric)) => &flow.of(metric).measured,
            _ => continue,
        };
        lines.push(GoalLine {
            standing: standing(goal, found, now, &ctx.settings.calendar),
            goal: goal.clone(),
        });
    }
    Ok(lines)
}

/// The metrics of one kind, of one team and window.
enum Measured {
    Keys(Box<FiveKeys>),
    Flow(Box<Flow>),
}

async fn measure(ctx: &Ctx, goal: &Goal, now: DateTime<Utc>) -> Result<Measured, CommandError> {
    let (repositories, members) = goal.team.as_ref().map_or((None, None), window::whose);
    let asked = Asked {
        from: now - Duration::days(i64::from(goal.days)),
        to: now,
        zone: ctx.settings.calendar.zone,
        repositories,
        members,
    };
    let definitions = ctx.settings.delivery.clone();
    match goal.metric {
        AnyMetric::Delivery(_) => {
            let facts = facts_of(ctx, &asked).await?;
            let count = move || em_domain::delivery::measure(&facts, &definitions, &asked, Mode::Ours);
            Ok(Measured::Keys(Box::new(apart(count).await?)))
        }
        AnyMetric::Flow(_) => {
            let facts = flow::facts(ctx, &asked).await?;
            let count = move || em_domain::flow::measure(&facts, &definitions, &asked);
            Ok(Measured::Flow(Box::new(apart(count).await?)))
        }
    }
}

/// How the goals stand for what a report is about: those of the team, or of everybody. `is_wanted` says which metrics the
/// report tells.
pub(crate) async fn of_report(
    ctx: &Ctx,
    scope: &Scope,
    is_wanted: fn(AnyMetric) -> bool,
) -> Result<Vec<GoalLine>, CommandError> {
    let goals = of_scope(ctx, scope).into_iter();
    let goals = goals.filter(|goal| is_wanted(goal.metric)).collect();
    standings(ctx, goals, ctx.clock.now()).await
}

/// The goals of the team, or of everybody; a repository and a person have none.
fn of_scope<'c>(ctx: &'c Ctx, scope: &Scope) -> Vec<&'c Goal> {
    let team = match scope {
        Scope::All => None,
        Scope::Team(name) => Some(name.as_str()),
        Scope::Repository(_) | Scope::Mine(_) => return Vec::new(),
    };
    let of = |goal: &&Goal| goal.team.as_ref().map(|team| team.name.as_str()) == team;
    ctx.settings.goals.iter().filter(of).collect()
}

/// The limit of a metric where it can be drawn beside values of all hours, in the metric's unit.
pub(crate) fn drawn(ctx: &Ctx, scope: &Scope, metric: AnyMetric) -> Option<f64> {
    let goals = of_scope(ctx, scope).into_iter();
    let mut drawn = goals.filter(|goal| goal.metric == metric && !goal.limit.is_working_time());
    drawn.next().map(|goal| goal.limit.value(&ctx.settings.calendar))
}

/// Says of goals that hold again that they do, in the threads of their signals. Each is said once, also if the look before
/// this one got no further than resolving it.
async fn say_what_holds_again(ctx: &Ctx, lines: &[GoalLine], now: DateTime<Utc>) -> Result<(), CommandError> {
    let changed = ctx
        .store
        .signals()
        .list_changed(MISSED.name, now - SAY_WITHIN)
        .await?;
    for signal in changed.iter().filter(|signal| signal.resolved().is_some()) {
        let holds = |line: &&GoalLine| {
            line.goal.name() == signal.finding.subject && matches!(line.standing, Standing::Held(_))
        };
        // A goal that was taken out of the configuration holds no more than it is missed.
        let Some(line) = lines.iter().find(holds) else {
            continue;
        };
        let bulletin = signal.bulletin.as_deref().unwrap_or_default();
        let Some(posted) = copy::find(ctx, bulletin).await? else {
            continue;
        };
        let wanted = Wanted {
            purpose: format!("goal:{}", signal.id),
            place: Place::channel(posted.channel).in_thread(posted.ts),
            content: message_holds_again(line, &ctx.settings.calendar),
            version: 0,
            until: now + SAY_WITHIN,
        };
        copy::show(ctx, &wanted, false).await?;
    }
    Ok(())
}
