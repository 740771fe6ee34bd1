//! Purpose: what whoever looks after the bot is told when stored facts do not agree with their events, and when they do again.

use em_domain::selfcheck::{Checked, Trouble};
use slack_morphism::prelude::SlackMessageContent;

use crate::layout::Layout;
use crate::limits::fit;
use crate::mrkdwn::{Mrkdwn, bold, cat, code, escape, sentence, words};

/// Weeks that are shown.
const WEEKS: usize = 5;
/// Things that are named of a week.
const THINGS: usize = 5;

/// What is wrong now; that it is mended where nothing is.
pub fn message_selfcheck(troubles: &[Trouble]) -> SlackMessageContent {
    let mut layout = Layout::new();
    if troubles.is_empty() {
        let said = words(":white_check_mark: The numbers agree with their events again.");
        layout.section(&said);
        return layout.into_message(&said);
    }
    let said = words(
        ":warning: I counted past weeks again from their events, and what is stored of them is something else. \
         Numbers about these weeks cannot be believed.",
    );
    layout.section(&said);
    for trouble in troubles.iter().take(WEEKS) {
        layout.section(&week(&trouble.found));
    }
    if let Some(more) = troubles.len().checked_sub(WEEKS).filter(|more| *more > 0) {
        layout.section(&escape(&format!("And {more} more weeks.")));
    }
    let first = troubles.first().map(|trouble| trouble.found.week.to_string());
    layout.section(&cat([
        words("To do: "),
        code("em-agent replay"),
        words(" rebuilds all facts from the events. Then "),
        code(&format!(
            "em-agent dora check --week {}",
            first.unwrap_or_default()
        )),
        words(" tells whether it helped; if not, the runbook says more."),
    ]));
    layout.into_message(&said)
}

fn week(found: &Checked) -> Mrkdwn {
    let named = found.differences.iter().take(THINGS);
    let mut lines = bold(escape(&format!("Week of {}", found.week)));
    for difference in named {
        lines = cat([lines, words("\n• "), sentence(&fit(&difference.words(), 200))]);
    }
    if let Some(more) = found.count().checked_sub(THINGS).filter(|more| *more > 0) {
        lines = cat([lines, words("\n• "), escape(&format!("and {more} more"))]);
    }
    let numbers: Vec<&str> = found.differing.iter().map(|one| one.metric.title()).collect();
    if numbers.is_empty() {
        return lines;
    }
    cat([
        lines,
        words("\n"),
        escape(&format!("Numbers that change: {}.", numbers.join(", "))),
    ])
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use em_domain::any_metric::AnyMetric;
    use em_domain::delivery::{Metric, Subject};
    use em_domain::selfcheck::{Difference, Differs, NumberDiffers};

    use super::*;
    use crate::transcript::transcript;

    fn trouble(differing: usize) -> Trouble {
        let difference = |nth: usize| Difference {
            subject: Subject::Deployment(format!("acme/<api>/{nth}")),
            differs: Differs::In(vec!["ended_at".to_owned()]),
        };
        Trouble {
            since: DateTime::UNIX_EPOCH,
            found: Checked {
                week: "2026-01-05".parse().unwrap(),
                compared: 10,
                skipped: 0,
                numbers: 17,
                differences: (0..differing).map(difference).collect(),
                further: 0,
                differing: vec![NumberDiffers {
                    metric: AnyMetric::Delivery(Metric::LeadTime),
                    told: Some(1.0),
                    recounted: None,
                }],
            },
        }
    }

    #[test]
    fn what_differs_is_named_with_what_to_do() {
        let shown = transcript(&message_selfcheck(&[trouble(7)]));
        for expected in [
            "Week of 2026-01-05",
            "\n• acme/<api>/0 is stored otherwise",
            "\n• and 2 more\nNumbers that change",
            "Lead time for changes",
            "em-agent replay",
            "em-agent dora check --week 2026-01-05",
        ] {
            assert!(shown.contains(expected), "no “{expected}” in\n{shown}");
        }
        let mended = transcript(&message_selfcheck(&[]));
        assert!(mended.contains("agree with their events again"), "{mended}");
    }
}
