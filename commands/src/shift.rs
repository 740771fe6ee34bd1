//! Purpose: shifts: once a day each metric of each team is compared with its own last half year. Each shift is a signal,
//! opened once and never again: the signals of a year are the memory of what was told.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, NaiveDate, NaiveTime, Utc};
use em_blocks::dora::told;
use em_domain::any_metric::AnyMetric;
use em_domain::calendar::instant_in;
use em_domain::delivery::{Asked, DeliveryFacts, Mode};
use em_domain::flow::FlowFacts;
use em_domain::shift::{Level, SHIFTED, Shift, Told, WEEKS, Week, find, finding, last, of_delivery, of_flow};
use em_domain::signal::{Finding, OpenSignal, Signal, diff};
use em_domain::triage::TeamScope;

use crate::ctx::Ctx;
use crate::dora::window;
use crate::dora::{apart, facts_of};
use crate::invocation::CommandError;
use crate::{flow, signal};

/// The job: looks whether metrics have shifted.
pub const EVALUATE: &str = "shift.evaluate";
/// Under this name the days are taken.
pub(crate) const DAYS: &str = "em-agent: shifts";
/// How long a shift is news: then its signal closes by itself.
const NEWS_FOR: Duration = Duration::days(28);

/// Looks whether metrics have shifted, of everybody and of each team, and tells of those that did. Any number of replicas
/// may do this at once.
///
/// # Errors
/// The database or Slack; what was decided until then stays.
pub async fn evaluate(ctx: &Ctx) -> Result<(), CommandError> {
    if !ctx.settings.signals.enabled {
        return Ok(());
    }
    let now = ctx.clock.now();
    // A shift older than the weeks that are looked at cannot be found again.
    let since = now - Duration::weeks(2 * i64::from(WEEKS));
    let known = ctx.store.signals().list_changed(SHIFTED.name, since).await?;
    let subjects: Vec<String> = known
        .iter()
        .map(|signal| signal.finding.subject.clone())
        .collect();
    let open: Vec<&Signal> = known
        .iter()
        .filter(|signal| signal.resolved().is_none())
        .collect();
    let is_news = |signal: &&&Signal| now - signal.opened_at < NEWS_FOR;
    let mut findings: Vec<Finding> = open
        .iter()
        .filter(is_news)
        .map(|signal| signal.finding.clone())
        .collect();
    let teams = ctx.settings.teams.iter().map(Some);
    for team in [None].into_iter().chain(teams) {
        findings.extend(of_team(ctx, team, subjects.clone(), now).await?);
    }
    let open: Vec<OpenSignal> = open.into_iter().map(OpenSignal::from).collect();
    signal::change(ctx, &diff(&open, findings), now).await?;
    signal::tell(ctx, &ctx.rules.in_force().rules).await
}

/// The shifts of a team, or of everybody, that nobody was told of.
async fn of_team(
    ctx: &Ctx,
    team: Option<&TeamScope>,
    subjects: Vec<String>,
    now: DateTime<Utc>,
) -> Result<Vec<Finding>, CommandError> {
    let (repositories, members) = team.map_or((None, None), window::whose);
    let asked = Asked {
        // The first and the last week are partial and left out.
        from: now - Duration::weeks(i64::from(WEEKS) + 1),
        to: now,
        zone: ctx.settings.calendar.zone,
        repositories,
        members,
    };
    let delivery = facts_of(ctx, &asked).await?;
    let flow = flow::facts(ctx, &asked).await?;
    let definitions = ctx.settings.delivery.clone();
    let is_of_people = asked.members.is_some();
    let name = team.map(|team| team.name.clone());
    apart(move || {
        let all = weeks(&delivery, &flow, &definitions, &asked);
        let fits = |(metric, _): &(AnyMetric, Vec<Week>)| !is_of_people || metric.has_author();
        let found = all.into_iter().filter(fits).filter_map(|(metric, weeks)| {
            new_shift(name.as_deref(), metric, &weeks, &subjects)
                .map(|shift| tell(name.as_deref(), metric, &shift, &asked))
        });
        found.collect()
    })
    .await
}

/// The weeks of every metric.
fn weeks(
    delivery: &DeliveryFacts,
    flow: &FlowFacts,
    definitions: &em_domain::delivery::Definitions,
    asked: &Asked,
) -> BTreeMap<AnyMetric, Vec<Week>> {
    let keys = em_domain::delivery::measure(delivery, definitions, asked, Mode::Ours);
    let flow = em_domain::flow::measure(flow, definitions, asked);
    let of = |metric| match metric {
        AnyMetric::Delivery(metric) => of_delivery(&keys, metric),
        AnyMetric::Flow(metric) => of_flow(&flow, metric),
    };
    AnyMetric::all().map(|metric| (metric, of(metric))).collect()
}

/// A shift in the weeks since the last one that people were told of.
fn new_shift(team: Option<&str>, metric: AnyMetric, weeks: &[Week], subjects: &[String]) -> Option<Shift> {
    let told = last(team, metric, subjects.iter().map(String::as_str));
    let from = told.unwrap_or(NaiveDate::MIN);
    let weeks: Vec<Week> = weeks.iter().copied().filter(|week| week.monday >= from).collect();
    find(&weeks)
}

fn tell(team: Option<&str>, metric: AnyMetric, shift: &Shift, asked: &Asked) -> Finding {
    let in_words = |level: Level| {
        let [value, low, high] = [level.value, level.low, level.high].map(|it| told(it, metric.unit()));
        if low == high {
            value
        } else {
            format!("{value} [{low} – {high}]")
        }
    };
    let words = Told {
        team,
        metric,
        before: &in_words(shift.before),
        after: &in_words(shift.after),
    };
    finding(
        shift,
        &words,
        instant_in(asked.zone, shift.monday, NaiveTime::MIN),
    )
}
