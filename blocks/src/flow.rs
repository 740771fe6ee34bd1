//! Purpose: how work moves: `/em-agent flow`.

use em_domain::calendar::WorkCalendar;
use em_domain::delivery::{Measured, Percentile};
use em_domain::flow::{Flow, FlowMetric};
use slack_morphism::prelude::SlackMessageContent;

use crate::dora::{against, explain_button, heading, how_to_read, missing, told, trend};
use crate::goal::{self, GoalLine};
use crate::help::typed;
use crate::layout::Layout;
use crate::mrkdwn::{Mrkdwn, bold, cat, escape, join, words};

/// A report and how to show it.
#[derive(Debug, Clone, Copy)]
pub struct FlowView<'a> {
    /// The report.
    pub flow: &'a Flow,
    /// As many days before.
    pub before: &'a Flow,
    /// How many days.
    pub days: u32,
    /// Whose work it is about; everybody's if absent.
    pub scope: Option<&'a str>,
    /// What a button says to ask the same again.
    pub question: &'a str,
    /// When people work.
    pub calendar: &'a WorkCalendar,
    /// Goals for what it is about, and how they stand.
    pub goals: &'a [GoalLine],
}

/// The report.
pub fn message_flow(view: &FlowView<'_>) -> SlackMessageContent {
    let heading = heading("flow of work", view.scope, view.days);
    let mut layout = Layout::new();
    layout.header(&heading);
    if view.is_empty() {
        let nothing = nothing_known();
        layout.section(&nothing);
        return layout.into_message(&join([escape(&heading), nothing], ". "));
    }
    for metric in FlowMetric::ALL {
        let line = cat([bold(words(metric.title())), words("  "), value(view, metric)]);
        let weeks = view.flow.weeks.iter().map(|week| week.value(metric));
        let text = join([line, trend(weeks), detail(view.flow, metric)], "\n");
        layout.section_with_button(&text, explain_button(metric.into(), view.question));
    }
    layout.section(&goal::lines(view.goals, view.calendar));
    layout.context(&missing(
        FlowMetric::ALL.map(|metric| &view.flow.of(metric).measured),
    ));
    let rules = "a change is a merged pull request, and all hours count";
    layout.foot(&how_to_read(&view.flow.asked, view.days, rules));
    let spoken = FlowMetric::ALL.map(|metric| cat([words(metric.title()), words(": "), value(view, metric)]));
    layout.into_message(&join([escape(&heading)].into_iter().chain(spoken), ". "))
}

impl FlowView<'_> {
    /// Whether nothing is known, in either window.
    fn is_empty(&self) -> bool {
        let is_idle = |flow: &Flow| {
            FlowMetric::ALL
                .into_iter()
                .all(|metric| flow.of(metric).measured.proof.is_empty())
        };
        is_idle(self.flow) && is_idle(self.before)
    }
}

fn value(view: &FlowView<'_>, metric: FlowMetric) -> Mrkdwn {
    let (now, before) = (view.flow.of(metric), view.before.of(metric));
    against(metric.into(), &now.measured, &before.measured)
}

/// Of how many it is, and how it is spread.
fn detail(flow: &Flow, metric: FlowMetric) -> Mrkdwn {
    let found = flow.of(metric);
    if found.measured.value.is_err() {
        return Mrkdwn::default();
    }
    let of = of(metric, &found.measured);
    let spread = found.percentiles.iter().filter(|one| one.percent > 50);
    let spread: Vec<String> = spread.map(|one| percentile(*one, &found.measured)).collect();
    let parts = [of, (!spread.is_empty()).then(|| spread.join(", "))];
    join(parts.into_iter().flatten().map(|part| escape(&part)), "; ")
}

fn percentile(one: Percentile, measured: &Measured) -> String {
    format!("{} % within {}", one.percent, told(one.value, measured.unit))
}

/// `of 41 changes`; nothing where the value itself is the count.
fn of(metric: FlowMetric, measured: &Measured) -> Option<String> {
    let (one, many) = match metric {
        FlowMetric::WorkInProgress => return None,
        FlowMetric::Throughput
        | FlowMetric::CycleTime
        | FlowMetric::TimeToFirstReview
        | FlowMetric::ReviewTime
        | FlowMetric::IdleTime
        | FlowMetric::FlowEfficiency
        | FlowMetric::ChangeSize => ("change", "changes"),
        FlowMetric::WorkAge => ("pull request", "pull requests"),
        FlowMetric::ReviewSpread => ("review", "reviews"),
        FlowMetric::CiDuration => ("run", "runs"),
        FlowMetric::CiFlakiness => ("tested commit", "tested commits"),
    };
    let what = if measured.sample == 1 { one } else { many };
    Some(format!("of {} {what}", measured.sample))
}

fn nothing_known() -> Mrkdwn {
    cat([
        words("I know of no pull request, review or run of CI here in this time. "),
        typed("doctor"),
        words(" shows whether GitHub reaches me."),
    ])
}

#[cfg(test)]
mod tests;
