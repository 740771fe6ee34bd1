//! Purpose: the report on how the work goes: `/em-agent sprint`, and what is posted of it.

mod figures;

use chrono::NaiveDate;
use em_domain::calendar::WorkCalendar;
use em_domain::id::SlackChannel;
use em_domain::sprint::forecast::{Basis, Forecast, NoForecast};
use em_domain::sprint::promise::{CameTrue, Memory};
use em_domain::sprint::{HIGH, HISTORY_DAYS, Sprint};
use slack_morphism::prelude::SlackMessageContent;

pub(crate) use figures::arrow;
use figures::{Figure, age, figures};

use crate::help::typed;
use crate::layout::Layout;
use crate::limits::fit;
use crate::mrkdwn::{Mrkdwn, bold, cat, channel, escape, join, link, words};
use crate::time::plain_day;
use crate::triage::as_of;

/// The longest description of a picture that Slack takes, in characters
/// (<https://docs.slack.dev/reference/methods/files.getUploadURLExternal>: `alt_txt_too_large`).
const ALT_TEXT: usize = 1_000;

/// A report and how to show it.
#[derive(Debug, Clone, Copy)]
pub struct SprintView<'a> {
    /// The report.
    pub sprint: &'a Sprint,
    /// What came true of former forecasts.
    pub memory: &'a Memory,
    /// The team's name, if it is about one.
    pub team: Option<&'a str>,
    /// When people work.
    pub calendar: &'a WorkCalendar,
}

/// The report.
pub fn message_sprint(view: &SprintView<'_>) -> SlackMessageContent {
    let heading = heading(view);
    let mut layout = Layout::new();
    layout.header(&heading);
    if view.sprint.is_empty() {
        let nothing = nothing_known(view.team);
        layout.section(&nothing);
        return layout.into_message(&join([escape(&heading), nothing], ". "));
    }
    let figures = figures(view);
    layout.fields(&figures.each_ref().map(Figure::field));
    let forecast = forecast_line(&view.sprint.forecast, view.sprint.in_progress.ready);
    layout.section(&cat([bold(words("Forecast")), words("\n"), forecast.clone()]));
    let memory = memory_line(view.memory);
    if !memory.is_empty() {
        layout.section(&cat([
            bold(words("What I said before")),
            words("\n"),
            memory.clone(),
        ]));
    }
    layout.context(&assumptions(&view.sprint.forecast));
    layout.foot(&counted(view));
    let heads = [escape(&heading)].into_iter();
    let spoken = join(heads.chain(figures.iter().map(Figure::spoken)), ". ");
    layout.into_message(&cat([spoken, words(". "), join([forecast, memory], " ")]))
}

fn heading(view: &SprintView<'_>) -> String {
    let days = match view.sprint.days {
        1 => "the last day".to_owned(),
        days => format!("the last {days} days"),
    };
    match view.team {
        Some(team) => format!("{}: how the work went in {days}", fit(team, 60)),
        None => format!("How the work went in {days}"),
    }
}

/// Says that there is nothing to say, and where to look.
pub fn nothing_known(team: Option<&str>) -> Mrkdwn {
    let of = match team {
        Some(_) => words("I know of no pull request, review or deployment of this team in the last weeks. "),
        None => words("I know of no pull request, review or deployment in the last weeks. "),
    };
    cat([of, typed("doctor"), words(" shows whether GitHub reaches me.")])
}

/// When what is open will be done, or why nobody can tell.
pub fn forecast_line(forecast: &Result<Forecast, NoForecast>, ready: usize) -> Mrkdwn {
    match forecast {
        Ok(told) => {
            let what = match told.remaining {
                1 => "The one open pull request is".to_owned(),
                many => format!("The {many} open pull requests are"),
            };
            cat([
                escape(&format!("{what} {HIGH} %")),
                words(" likely done by "),
                bold(escape(&plain_day(told.likely))),
                words("; as likely as not by "),
                escape(&plain_day(told.even)),
                words(", nearly surely by "),
                escape(&plain_day(told.sure)),
                words("."),
            ])
        }
        Err(reason) => escape(&cannot_tell(*reason, ready)),
    }
}

fn cannot_tell(reason: NoForecast, ready: usize) -> String {
    let weeks = HISTORY_DAYS / 7;
    match reason {
        NoForecast::NothingOpen => "Nothing is open that could be done.".to_owned(),
        NoForecast::NothingMerged => {
            format!("I cannot tell: nothing was merged in the last {weeks} weeks.")
        }
        NoForecast::TooShort(days) => format!(
            "I cannot tell yet: I know of {days} working days since the first merge, and need {}.",
            em_domain::sprint::forecast::MIN_SAMPLE
        ),
        NoForecast::TooFar => format!(
            "At the pace of the last {weeks} weeks the {ready} open pull requests take longer than a year."
        ),
    }
}

/// What came true of what was said before; nothing if nothing was.
pub fn memory_line(memory: &Memory) -> Mrkdwn {
    let Some(last) = &memory.last else {
        return Mrkdwn::default();
    };
    let said = format!(
        "On {} I said {} % by {}: {}",
        plain_day(last.made_on),
        last.percent,
        plain_day(last.by),
        what_came(last)
    );
    let record = match (memory.due, memory.kept) {
        (0 | 1, _) => None,
        (due, kept) => Some(format!("Of my last {due} forecasts that came due, {kept} held.")),
    };
    join(
        [Some(said), record]
            .into_iter()
            .flatten()
            .map(|text| escape(&text)),
        " ",
    )
}

fn what_came(last: &CameTrue) -> String {
    let closed = match last.closed {
        0 => String::new(),
        closed => format!(", {closed} closed without a merge"),
    };
    let counts = format!("{} of {}", last.merged, last.total);
    match (last.is_due, last.is_kept()) {
        (true, true) => format!("{counts} were merged by then{closed}. It held."),
        (true, false) => format!("{counts} were merged by then{closed}. It did not hold."),
        (false, _) => format!("{counts} are merged so far{closed}."),
    }
}

/// What the forecast rests on.
fn assumptions(forecast: &Result<Forecast, NoForecast>) -> Mrkdwn {
    let Ok(Forecast { basis, .. }) = forecast else {
        return Mrkdwn::default();
    };
    let Basis {
        since,
        sample,
        merged,
        simulations,
        seed,
    } = basis;
    let plays = format!("{},{:03}", simulations / 1_000, simulations % 1_000);
    escape(&format!(
        "The forecast plays the coming working days {plays} times with days like the {sample} working days since {} \
         ({merged} merged; seed {seed:016x}). It assumes that what is open now is merged before what is opened later.",
        plain_day(*since)
    ))
}

fn counted(view: &SprintView<'_>) -> Mrkdwn {
    join(
        [
            as_of(view.sprint.as_of, view.calendar),
            words("A percentile is the smallest value that so many do not exceed."),
        ],
        ". ",
    )
}

/// What the picture of a report shows, in words and numbers.
pub fn picture_alt(view: &SprintView<'_>) -> String {
    let weeks: Vec<String> = view
        .sprint
        .weeks
        .iter()
        .map(|week| {
            let partial = if week.is_partial { " so far" } else { "" };
            format!("{} {}{partial}", week.monday.format("%-d %b"), week.merged)
        })
        .collect();
    let forecast = forecast_line(&view.sprint.forecast, view.sprint.in_progress.ready)
        .without_style()
        .render(300);
    let text = format!(
        "Charts. Pull requests merged per week, by the week's Monday: {}. Forecast: {forecast} Age of the {} open pull \
         requests in working time: {}.",
        weeks.join(", "),
        view.sprint.in_progress.ready,
        age(view).trim_start_matches("– ")
    );
    // Counted in characters here, and whole ones are kept.
    text.chars().take(ALT_TEXT).collect()
}

/// Confirms to whoever asked that a report was posted; `problem` is why it has no picture.
pub fn message_posted(
    to: &SlackChannel,
    permalink: Option<&str>,
    problem: Option<&str>,
) -> SlackMessageContent {
    let seen = permalink.map(|url| cat([words(": "), link(url, "see it")]));
    let posted = cat([
        words("Posted to "),
        channel(to),
        seen.unwrap_or_default(),
        words("."),
    ]);
    let without = problem.map(|why| {
        cat([
            words("Its picture could not be uploaded: "),
            escape(&fit(why, 500)),
        ])
    });
    let text = join([Some(posted), without].into_iter().flatten(), " ");
    let mut layout = Layout::new();
    layout.section(&text);
    layout.into_message(&text)
}

/// Says to whoever asked why nothing was posted.
pub fn message_not_posted(team: Option<&str>) -> SlackMessageContent {
    let text = cat([words("Nothing was posted. "), nothing_known(team)]);
    let mut layout = Layout::new();
    layout.section(&text);
    layout.into_message(&text)
}

/// The day that a date is written as in pictures.
pub fn picture_day(date: NaiveDate) -> String {
    date.format("%-d %b").to_string()
}

#[cfg(test)]
pub(crate) mod tests {
    use chrono::{DateTime, Duration, Utc};
    use em_domain::sprint::{EndedDeployment, EndedPull, FirstReview, OpenPull, WorkFacts};
    use insta::assert_snapshot;

    use super::*;
    use crate::sample::{calendar, now};
    use crate::transcript::transcript;

    fn days(back: i64) -> DateTime<Utc> {
        now() - Duration::days(back)
    }

    /// Two months of a team that merges something on most days.
    pub(crate) fn facts() -> WorkFacts {
        let open = |number: i64| OpenPull {
            key: em_domain::pull_request::PullRequestKey {
                repository: "shop/api".into(),
                number,
            },
            opened_at: days(number),
            is_ready: number % 5 != 0,
        };
        let ended = |back: i64| EndedPull {
            opened_at: days(back + 3),
            ended_at: days(back),
            is_merged: back % 4 != 0,
        };
        let review = |back: i64| FirstReview {
            opened_at: days(back),
            ready_at: None,
            reviewed_at: days(back) + Duration::hours(back % 7),
        };
        let deployment = |back: i64| EndedDeployment {
            ended_at: days(back),
            environment: "production".to_owned(),
            has_failed: back == 4,
        };
        WorkFacts {
            as_of: now(),
            open: (1..=20).step_by(2).map(open).collect(),
            ended: (1..=60).map(ended).collect(),
            reviews: (1..=26).map(review).collect(),
            deployments: (1..=26).step_by(3).map(deployment).collect(),
        }
    }

    pub(crate) fn memory() -> Memory {
        let last = CameTrue {
            made_on: days(7).date_naive(),
            percent: 85,
            by: days(1).date_naive(),
            total: 12,
            merged: 10,
            closed: 1,
            is_due: true,
        };
        Memory {
            last: Some(last),
            due: 4,
            kept: 3,
        }
    }

    fn shown(facts: &WorkFacts, memory: &Memory, team: Option<&str>) -> String {
        let sprint = Sprint::new(facts, &calendar(), 14);
        transcript(&message_sprint(&SprintView {
            sprint: &sprint,
            memory,
            team,
            calendar: &calendar(),
        }))
    }

    #[test]
    fn the_report_tells_figures_the_forecast_and_what_came_true() {
        assert_snapshot!(shown(&facts(), &memory(), Some("payments")), @r"
        (text) payments: how the work went in the last 14 days. Merged: 11 ↑ (10 before). First review after: half in under 1 min, 85 % in 2 h (of 14) ↓ (half in 1 h before). Open: 8 ready, 2 drafts ↑ (6 at the beginning). Age of what is open: half up to 6 d, 85 % up to 12 d (of 8). Carried over: 2 of 8 since before Fri 7 Nov. Failed deployments: 20 % (1 of 5), before: 0 % (0 of 4). The 8 open pull requests are 85 % likely done by Fri 5 Dec; as likely as not by Wed 3 Dec, nearly surely by Mon 8 Dec. On Fri 14 Nov I said 85 % by Thu 20 Nov: 10 of 12 were merged by then, 1 closed without a merge. It did not hold. Of my last 4 forecasts that came due, 3 held.
        # payments: how the work went in the last 14 days
        | *Merged*: 11 ↑ (10 before)
        | *First review after*: half in under 1 min, 85 % in 2 h (of 14) ↓ (half in 1 h before)
        | *Open*: 8 ready, 2 drafts ↑ (6 at the beginning)
        | *Age of what is open*: half up to 6 d, 85 % up to 12 d (of 8)
        | *Carried over*: 2 of 8 since before Fri 7 Nov
        | *Failed deployments*: 20 % (1 of 5), before: 0 % (0 of 4)
        *Forecast*
        The 8 open pull requests are 85 % likely done by *Fri 5 Dec*; as likely as not by Wed 3 Dec, nearly surely by Mon 8 Dec.
        *What I said before*
        On Fri 14 Nov I said 85 % by Thu 20 Nov: 10 of 12 were merged by then, 1 closed without a merge. It did not hold. Of my last 4 forecasts that came due, 3 held.
        > The forecast plays the coming working days 10,000 times with days like the 42 working days since Tue 23 Sep (45 merged; seed 8b276bd2993d642d). It assumes that what is open now is merged before what is opened later.
        > As of Fri 21 Nov 15:00. Waits count working hours: Mon–Fri 09:00–17:00, Europe/Berlin. A percentile is the smallest value that so many do not exceed.
        ");
    }

    #[test]
    fn what_is_not_known_is_a_dash_and_a_reason() {
        let facts = WorkFacts {
            open: facts().open,
            as_of: now(),
            ..WorkFacts::default()
        };
        assert_snapshot!(shown(&facts, &Memory::default(), None), @r"
        (text) How the work went in the last 14 days. Merged: 0 → (0 before). First review after: – nothing was reviewed for the first time. Open: 8 ready, 2 drafts ↑ (3 at the beginning). Age of what is open: half up to 6 d, 85 % up to 12 d (of 8). Carried over: 2 of 8 since before Fri 7 Nov. Failed deployments: – no deployment ended. I cannot tell: nothing was merged in the last 12 weeks.
        # How the work went in the last 14 days
        | *Merged*: 0 → (0 before)
        | *First review after*: – nothing was reviewed for the first time
        | *Open*: 8 ready, 2 drafts ↑ (3 at the beginning)
        | *Age of what is open*: half up to 6 d, 85 % up to 12 d (of 8)
        | *Carried over*: 2 of 8 since before Fri 7 Nov
        | *Failed deployments*: – no deployment ended
        *Forecast*
        I cannot tell: nothing was merged in the last 12 weeks.
        > As of Fri 21 Nov 15:00. Waits count working hours: Mon–Fri 09:00–17:00, Europe/Berlin. A percentile is the smallest value that so many do not exceed.
        ");
    }

    #[test]
    fn where_nothing_is_known_it_says_where_to_look() {
        assert_snapshot!(shown(&WorkFacts::default(), &Memory::default(), Some("payments")), @r"
        (text) payments: how the work went in the last 14 days. I know of no pull request, review or deployment of this team in the last weeks. `/em-agent doctor` shows whether GitHub reaches me.
        # payments: how the work went in the last 14 days
        I know of no pull request, review or deployment of this team in the last weeks. `/em-agent doctor` shows whether GitHub reaches me.
        ");
    }

    #[test]
    fn a_picture_is_described_by_its_numbers_within_slacks_limit() {
        let sprint = Sprint::new(&facts(), &calendar(), 14);
        let memory = memory();
        let calendar = calendar();
        let view = SprintView {
            sprint: &sprint,
            memory: &memory,
            team: None,
            calendar: &calendar,
        };
        assert_snapshot!(picture_alt(&view), @"Charts. Pull requests merged per week, by the week's Monday: 22 Sep 5, 29 Sep 5, 6 Oct 5, 13 Oct 6, 20 Oct 5, 27 Oct 5, 3 Nov 5, 10 Nov 6, 17 Nov 3 so far. Forecast: The 8 open pull requests are 85 % likely done by Fri 5 Dec; as likely as not by Wed 3 Dec, nearly surely by Mon 8 Dec. Age of the 8 open pull requests in working time: half up to 6 d, 85 % up to 12 d (of 8).");
    }
}
