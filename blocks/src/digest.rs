//! Purpose: the weekly digest: the week against the week before; and the director's view: one row for each team.

use em_domain::calendar::WorkCalendar;
use em_domain::digest::{Digest, Measure, Trend};
use em_domain::sprint::forecast::{Forecast, NoForecast};
use em_domain::sprint::promise::Memory;
use em_domain::sprint::{HIGH, Period, Sprint};
use slack_morphism::prelude::SlackMessageContent;

use crate::layout::Layout;
use crate::limits::fit;
use crate::mrkdwn::{Mrkdwn, bold, cat, escape, join, words};
use crate::sprint::{arrow, forecast_line, memory_line};
use crate::time::{plain_day, span};
use crate::triage::as_of;

/// A change of more than so many usual swings is told as that many: it is beyond doubt, and the rest is noise.
const MOST_TIMES: f64 = 9.9;

/// A digest and how to show it.
#[derive(Debug, Clone, Copy)]
pub struct DigestView<'a> {
    /// The week.
    pub digest: &'a Digest,
    /// The work under way, for its forecast.
    pub sprint: &'a Sprint,
    /// What came true of former forecasts.
    pub memory: &'a Memory,
    /// The team's name, if it is about one.
    pub team: Option<&'a str>,
    /// When people work.
    pub calendar: &'a WorkCalendar,
}

/// The digest of a week.
pub fn message_digest(view: &DigestView<'_>) -> SlackMessageContent {
    let heading = heading(view);
    let trends: Vec<Mrkdwn> = view
        .digest
        .trends
        .iter()
        .map(|trend| trend_line(trend, view))
        .collect();
    let most = most_changed(view);
    let forecast = forecast_line(&view.sprint.forecast, view.sprint.in_progress.ready);
    let memory = memory_line(view.memory);
    let mut layout = Layout::new();
    layout.header(&heading);
    layout.section(&most);
    layout.section(&join(trends.iter().cloned(), "\n"));
    layout.section(&join([forecast.clone(), memory.clone()], "\n"));
    layout.foot(&as_of(view.digest.as_of, view.calendar));
    let spoken = join([escape(&heading)].into_iter().chain(trends), ". ");
    layout.into_message(&cat([spoken, words(". "), join([forecast, memory], " ")]))
}

fn heading(view: &DigestView<'_>) -> String {
    let day = plain_day(view.calendar.local_date(view.digest.as_of));
    match view.team {
        Some(team) => format!("{}: the week to {day}", fit(team, 60)),
        None => format!("The week to {day}"),
    }
}

fn most_changed(view: &DigestView<'_>) -> Mrkdwn {
    let most = view.digest.most_changed();
    let line = |trend: &Trend| {
        let strength = trend
            .strength
            .map(|strength| format!("{:.1} times its usual swing", strength.min(MOST_TIMES)));
        let strength = strength.map(|text| cat([words(" ("), escape(&text), words(")")]));
        cat([words("• "), trend_line(trend, view), strength.unwrap_or_default()])
    };
    let lines: Vec<Mrkdwn> = most.iter().map(line).collect();
    if lines.is_empty() {
        return Mrkdwn::default();
    }
    join(
        [bold(words("What changed most, by how much it usually varies"))]
            .into_iter()
            .chain(lines),
        "\n",
    )
}

/// `Merged: 9 ↑ (5 the week before)`.
fn trend_line(trend: &Trend, view: &DigestView<'_>) -> Mrkdwn {
    let value = |value: i64| told(trend.measure, value, view.calendar);
    let now = |now: i64| format!("{}{}", value(now), of_how_many(trend.measure, &view.digest.week));
    let text = match (trend.now, trend.before) {
        (Some(new), Some(old)) => format!(
            "{} {} ({} the week before)",
            now(new),
            arrow(new.cmp(&old)),
            value(old)
        ),
        (Some(new), None) => now(new),
        (None, _) => nothing(trend.measure).to_owned(),
    };
    cat([bold(words(name(trend.measure))), words(": "), escape(&text)])
}

/// The size of the sample, where the value is not a count itself.
fn of_how_many(measure: Measure, week: &Period) -> String {
    let sample = match measure {
        Measure::Merged | Measure::Opened | Measure::Open | Measure::Deployments => return String::new(),
        Measure::Review => week.review.map_or(0, |spread| spread.sample),
        Measure::ToMerge => week.to_merge.map_or(0, |spread| spread.sample),
        Measure::Failures => week.failures.ended,
    };
    format!(" (of {sample})")
}

fn name(measure: Measure) -> &'static str {
    match measure {
        Measure::Merged => "Merged",
        Measure::Opened => "Opened",
        Measure::Open => "Open at the end",
        Measure::Review => "First review, half within",
        Measure::ToMerge => "From opened to merged, half within",
        Measure::Deployments => "Deployments",
        Measure::Failures => "Failed deployments",
    }
}

fn told(measure: Measure, value: i64, calendar: &WorkCalendar) -> String {
    match measure {
        Measure::Merged | Measure::Opened | Measure::Open | Measure::Deployments => value.to_string(),
        Measure::Review | Measure::ToMerge => span(chrono::Duration::minutes(value), calendar.day_length()),
        Measure::Failures => format!("{value} %"),
    }
}

fn nothing(measure: Measure) -> &'static str {
    match measure {
        Measure::Review => "– nothing was reviewed for the first time",
        Measure::ToMerge => "– nothing was merged",
        Measure::Merged | Measure::Opened | Measure::Open | Measure::Deployments => "–",
        Measure::Failures => "– no deployment ended",
    }
}

/// The work of one team.
#[derive(Debug, Clone)]
pub struct TeamRow {
    /// Its name.
    pub team: String,
    /// Its last month, against the month before.
    pub sprint: Sprint,
}

/// All teams and how to show them.
#[derive(Debug, Clone, Copy)]
pub struct TeamsView<'a> {
    /// The teams, in the order of the configuration.
    pub teams: &'a [TeamRow],
    /// The days of the period.
    pub days: u32,
    /// When it was true.
    pub now: chrono::DateTime<chrono::Utc>,
    /// When people work.
    pub calendar: &'a WorkCalendar,
}

/// The director's view: one row for each team.
pub fn message_teams(view: &TeamsView<'_>) -> SlackMessageContent {
    let heading = format!(
        "{} teams: the last {} days against the {} before",
        view.teams.len(),
        view.days,
        view.days
    );
    let mut layout = Layout::new();
    layout.header(&heading);
    let rows: Vec<Mrkdwn> = view
        .teams
        .iter()
        .map(|row| team_line(row, view.calendar))
        .collect();
    layout.lines(rows.iter().cloned());
    layout.foot(&as_of(view.now, view.calendar));
    layout.into_message(&join([escape(&heading)].into_iter().chain(rows), ". "))
}

fn team_line(row: &TeamRow, calendar: &WorkCalendar) -> Mrkdwn {
    let Sprint {
        now,
        before,
        in_progress,
        forecast,
        ..
    } = &row.sprint;
    let name = bold(escape(&fit(&row.team, 60)));
    if row.sprint.is_empty() {
        return cat([name, words("\n   nothing is known of its work")]);
    }
    let review = now.review.map(|now| {
        let median = span(now.median, calendar.day_length());
        let way = before.review.map(|before| now.median.cmp(&before.median));
        let way = way.map(|way| format!(" {}", arrow(way))).unwrap_or_default();
        format!("first review in {median}{way} (of {})", now.sample)
    });
    let failures = now
        .failures
        .percent()
        .map(|percent| format!("{percent} % of {} deployments failed", now.failures.ended));
    let facts = [
        Some(format!(
            "{} merged {} ({} before)",
            now.merged,
            arrow(now.merged.cmp(&before.merged)),
            before.merged
        )),
        Some(format!(
            "{} open {}",
            in_progress.ready,
            arrow(now.open_at_end.cmp(&before.open_at_end))
        )),
        review,
        failures,
        Some(done_by(forecast)),
    ];
    let facts = facts.into_iter().flatten().map(|text| escape(&text));
    cat([name, words("\n   "), join(facts, " · ")])
}

/// The forecast in a few words.
fn done_by(forecast: &Result<Forecast, NoForecast>) -> String {
    match forecast {
        Ok(told) => format!("{HIGH} % done by {}", plain_day(told.likely)),
        Err(NoForecast::NothingOpen) => "nothing open".to_owned(),
        Err(NoForecast::NothingMerged) => "no date: nothing was merged".to_owned(),
        Err(NoForecast::TooShort(_)) => "no date yet".to_owned(),
        Err(NoForecast::TooFar) => "more than a year to go".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use em_domain::sprint::WorkFacts;
    use insta::assert_snapshot;

    use super::*;
    use crate::sample::{calendar, now};
    use crate::sprint::tests::{facts, memory};
    use crate::transcript::transcript;

    #[test]
    fn the_digest_tells_the_week_against_the_week_before() {
        let facts = facts();
        let view = DigestView {
            digest: &Digest::new(&facts, &calendar()),
            sprint: &Sprint::new(&facts, &calendar(), 14),
            memory: &memory(),
            team: Some("payments"),
            calendar: &calendar(),
        };
        assert_snapshot!(transcript(&message_digest(&view)), @r"
        (text) payments: the week to Fri 21 Nov. Merged: 6 ↑ (5 the week before). Opened: 8 ↓ (10 the week before). Open at the end: 10 ↑ (9 the week before). First review, half within: under 1 min (of 7) ↓ (1 h the week before). From opened to merged, half within: 2 d (of 6) ↓ (2 d 2 h the week before). Deployments: 3 ↑ (2 the week before). Failed deployments: 33 % (of 3) ↑ (0 % the week before). The 8 open pull requests are 85 % likely done by Fri 5 Dec; as likely as not by Wed 3 Dec, nearly surely by Mon 8 Dec. On Fri 14 Nov I said 85 % by Thu 20 Nov: 10 of 12 were merged by then, 1 closed without a merge. It did not hold. Of my last 4 forecasts that came due, 3 held.
        # payments: the week to Fri 21 Nov
        *What changed most, by how much it usually varies*
        • *From opened to merged, half within*: 2 d (of 6) ↓ (2 d 2 h the week before) (1.5 times its usual swing)
        • *Opened*: 8 ↓ (10 the week before) (1.5 times its usual swing)
        • *Merged*: 6 ↑ (5 the week before) (1.0 times its usual swing)
        *Merged*: 6 ↑ (5 the week before)
        *Opened*: 8 ↓ (10 the week before)
        *Open at the end*: 10 ↑ (9 the week before)
        *First review, half within*: under 1 min (of 7) ↓ (1 h the week before)
        *From opened to merged, half within*: 2 d (of 6) ↓ (2 d 2 h the week before)
        *Deployments*: 3 ↑ (2 the week before)
        *Failed deployments*: 33 % (of 3) ↑ (0 % the week before)
        The 8 open pull requests are 85 % likely done by *Fri 5 Dec*; as likely as not by Wed 3 Dec, nearly surely by Mon 8 Dec.
        On Fri 14 Nov I said 85 % by Thu 20 Nov: 10 of 12 were merged by then, 1 closed without a merge. It did not hold. Of my last 4 forecasts that came due, 3 held.
        > As of Fri 21 Nov 15:00. Waits count working hours: Mon–Fri 09:00–17:00, Europe/Berlin
        ");
    }

    #[test]
    fn the_directors_view_has_a_row_for_each_team() {
        let row = |team: &str, facts: &WorkFacts| TeamRow {
            team: team.to_owned(),
            sprint: Sprint::new(facts, &calendar(), 30),
        };
        let teams = [
            row("payments", &facts()),
            row("*search* <!here>", &WorkFacts::default()),
        ];
        let view = TeamsView {
            teams: &teams,
            days: 30,
            now: now(),
            calendar: &calendar(),
        };
        assert_snapshot!(transcript(&message_teams(&view)), @r"
        (text) 2 teams: the last 30 days against the 30 before. payments
           23 merged ↑ (22 before) · 8 open ↑ · first review in 1 h (of 26) · 11 % of 9 deployments failed · 85 % done by Fri 5 Dec. *search* <!here>
           nothing is known of its work
        # 2 teams: the last 30 days against the 30 before
        *payments*
           23 merged ↑ (22 before) · 8 open ↑ · first review in 1 h (of 26) · 11 % of 9 deployments failed · 85 % done by Fri 5 Dec
        **search* <!here>*
           nothing is known of its work
        > As of Fri 21 Nov 15:00. Waits count working hours: Mon–Fri 09:00–17:00, Europe/Berlin
        ");
    }
}
