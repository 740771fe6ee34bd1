//! Purpose: the five delivery metrics: `/em-agent dora`, what is posted of it, and how each number is told.

pub mod chart;
pub mod compare;
pub mod correct;
pub mod explain;
mod figures;
pub mod note;

use em_domain::any_metric::AnyMetric;
use em_domain::calendar::WorkCalendar;
use em_domain::delivery::{Asked, FiveKeys, Metric, Unit};
use slack_morphism::prelude::SlackMessageContent;

use figures::detail;
pub use figures::told;
pub(crate) use figures::{against, missing, trend};

use crate::element::Button;
use crate::goal::{self, GoalLine};
use crate::help::typed;
use crate::layout::Layout;
use crate::limits::fit;
use crate::mrkdwn::{Mrkdwn, bold, cat, code, escape, join, words};

/// Opens what a number was counted from. The value is the metric and the question.
pub const EXPLAIN: &str = "dora.explain";

/// The longest description of a picture that Slack takes, in characters
/// (<https://docs.slack.dev/reference/methods/files.getUploadURLExternal>: `alt_txt_too_large`).
const ALT_TEXT: usize = 1_000;

/// A report and how to show it.
#[derive(Debug, Clone, Copy)]
pub struct DoraView<'a> {
    /// The report.
    pub keys: &'a FiveKeys,
    /// As many days before.
    pub before: &'a FiveKeys,
    /// How many days.
    pub days: u32,
    /// The repository or team it is about; everything if absent.
    pub scope: Option<&'a str>,
    /// What a button says to ask the same again; see [`explain`].
    pub question: &'a str,
    /// When people work.
    pub calendar: &'a WorkCalendar,
    /// Goals for what it is about, and how they stand.
    pub goals: &'a [GoalLine],
}

/// The report.
pub fn message_dora(view: &DoraView<'_>) -> SlackMessageContent {
    let heading = view.heading();
    let mut layout = Layout::new();
    layout.header(&heading);
    if view.is_empty() {
        let nothing = nothing_known(view.scope);
        layout.section(&nothing);
        return layout.into_message(&join([escape(&heading), nothing], ". "));
    }
    for metric in Metric::ALL {
        let (now, before) = (view.keys.of(metric), view.before.of(metric));
        let line = cat([
            bold(words(metric.title())),
            words("  "),
            against(metric.into(), now, before),
        ]);
        let text = join(
            [
                line,
                trend(view.keys.weeks.iter().map(|week| week.value(metric))),
                detail(metric, view.keys),
            ],
            "\n",
        );
        layout.section_with_button(&text, explain_button(metric.into(), view.question));
    }
    layout.section(&goal::lines(view.goals, view.calendar));
    layout.context(&missing(Metric::ALL.map(|metric| view.keys.of(metric))));
    layout.foot(&assumptions(view));
    let spoken = Metric::ALL.map(|metric| {
        let told = against(metric.into(), view.keys.of(metric), view.before.of(metric));
        cat([words(metric.title()), words(": "), told])
    });
    layout.into_message(&join([escape(&heading)].into_iter().chain(spoken), ". "))
}

/// The button beside a number.
pub(crate) fn explain_button(metric: AnyMetric, question: &str) -> Button {
    let value = format!("{} {question}", metric.as_str());
    Button::new("Explain…", EXPLAIN, &value).spoken(&format!("Explain: {}", metric.title()))
}

impl DoraView<'_> {
    /// What it is about, in words.
    pub fn heading(&self) -> String {
        heading("delivery", self.scope, self.days)
    }

    /// Whether nothing counts, in either window.
    pub fn is_empty(&self) -> bool {
        let is_idle =
            |keys: &FiveKeys| keys.frequency.rate.sample == 0 && keys.lead_time.time.proof.is_empty();
        is_idle(self.keys) && is_idle(self.before)
    }
}

/// `Payments: delivery in the last 30 days`.
pub(crate) fn heading(what: &str, scope: Option<&str>, days: u32) -> String {
    let days = match days {
        1 => "the last day".to_owned(),
        days => format!("the last {days} days"),
    };
    if let Some(scope) = scope {
        return format!("{}: {what} in {days}", fit(scope, 80));
    }
    let first = what.chars().take(1).flat_map(char::to_uppercase);
    let what: String = first.chain(what.chars().skip(1)).collect();
    format!("{what} in {days}")
}

/// What the picture of a report shows, in words and numbers.
pub fn picture_alt(view: &DoraView<'_>) -> String {
    let told = Metric::ALL.map(|metric| {
        let line = against(metric.into(), view.keys.of(metric), view.before.of(metric));
        let weeks = view.keys.weeks.iter().map(|week| match week.value(metric) {
            Some(value) => told(value, week_unit(metric)),
            None => "–".to_owned(),
        });
        let weeks: Vec<String> = weeks.collect();
        format!(
            "{}: {}. Weeks: {}",
            metric.title(),
            line.without_style().render(200),
            weeks.join(", ")
        )
    });
    let text = format!("Charts by week. {}", told.join(". "));
    // Counted in characters here, and whole ones are kept.
    text.chars().take(ALT_TEXT).collect()
}

fn week_unit(metric: Metric) -> Unit {
    match metric {
        Metric::DeploymentFrequency => Unit::Count,
        Metric::LeadTime | Metric::RecoveryTime => Unit::Seconds,
        Metric::ChangeFailRate | Metric::ReworkRate => Unit::Share,
    }
}

/// Says that there is nothing to say, and where to look.
pub fn nothing_known(scope: Option<&str>) -> Mrkdwn {
    let of = match scope {
        Some(_) => words("I know of no deployment and no merged change here in this time. "),
        None => words("I know of no deployment and no merged change in this time. "),
    };
    cat([
        of,
        words("What counts as a deployment is set under "),
        code("[delivery]"),
        words(" in the configuration; "),
        typed("doctor"),
        words(" shows whether GitHub reaches me."),
    ])
}

/// By whose rules it is counted, and how the numbers are to be read.
fn assumptions(view: &DoraView<'_>) -> Mrkdwn {
    let rules = format!("definitions: {}", view.keys.mode.as_str());
    how_to_read(&view.keys.asked, view.days, &rules)
}

/// Which time it is about, against which, and what stands in brackets.
pub(crate) fn how_to_read(asked: &Asked, days: u32, rules: &str) -> Mrkdwn {
    let zone = asked.zone.name();
    let day = |at: chrono::DateTime<chrono::Utc>| at.with_timezone(&asked.zone).format("%a %-d %b %Y %H:%M");
    escape(&format!(
        "{} to {} ({zone}), against the {days} days before; {rules}. In brackets: where the value would be in 95 of 100 \
         such samples.",
        day(asked.from),
        day(asked.to)
    ))
}

#[cfg(test)]
mod tests;
