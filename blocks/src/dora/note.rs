//! Purpose: what is said about a mark on charts.

use em_domain::delivery::{FiveKeys, Mark, Measured, Metric};
use slack_morphism::prelude::SlackMessageContent;

use super::against;
use crate::layout::Layout;
use crate::mrkdwn::{Mrkdwn, bold, cat, escape, join, words};

/// Confirms a mark.
pub fn message_noted(mark: &Mark) -> SlackMessageContent {
    let of = match &mark.team {
        Some(team) => format!(" of {team}"),
        None => String::new(),
    };
    let text = cat([
        words("Noted: “"),
        escape(&mark.words),
        words("”. "),
        escape(&format!(
            "It stands on the charts{of} from now on. In four weeks I will tell you what the numbers were before it and are then."
        )),
    ]);
    let mut layout = Layout::new();
    layout.section(&text);
    layout.into_message(&text)
}

/// That nothing can be said of a mark, because its team is configured no more.
pub fn message_team_is_gone(mark: &Mark) -> SlackMessageContent {
    let mut layout = Layout::new();
    layout.header("Four weeks later");
    let team = mark.team.as_deref().unwrap_or_default();
    let lead = cat([
        words("Four weeks ago you noted “"),
        escape(&mark.words),
        words("”. The team "),
        bold(escape(team)),
        words(
            " is not in the configuration any more, so I cannot compare its numbers. The note stays on the charts.",
        ),
    ]);
    layout.section(&lead);
    layout.into_message(&lead)
}

/// What the metrics were before a mark and are after it.
pub fn message_came_of_it(mark: &Mark, before: &FiveKeys, after: &FiveKeys) -> SlackMessageContent {
    let mut layout = Layout::new();
    layout.header("Four weeks later");
    let of = mark.team.as_deref().map_or_else(Mrkdwn::default, |team| {
        cat([words(" ("), escape(team), words(")")])
    });
    let lead = cat([
        words("Four weeks ago you noted “"),
        escape(&mark.words),
        words("”"),
        of,
        words(". The four weeks since then against the four before:"),
    ]);
    layout.section(&lead);
    let lines = Metric::ALL.map(|metric| {
        let (was, is) = (before.of(metric), after.of(metric));
        let value = against(metric.into(), is, was);
        let first = cat([bold(words(metric.title())), words("  "), value]);
        join(
            [Some(first), sureness(was, is).map(escape)].into_iter().flatten(),
            "\n",
        )
    });
    layout.lines(lines);
    layout.foot(&words(
        "In brackets: where the value would be in 95 of 100 such samples. Other things changed in these weeks too: this shows \
         what came after, not what caused it.",
    ));
    layout.into_message(&lead)
}

/// Whether the difference is more than chance, by the intervals of both; `None` where one has none.
fn sureness(before: &Measured, after: &Measured) -> Option<&'static str> {
    let (was, is) = (before.interval?, after.interval?);
    let is_apart = was.high < is.low || is.high < was.low;
    Some(if is_apart {
        "More than chance: the intervals do not touch."
    } else {
        "It may be chance: the intervals overlap."
    })
}
