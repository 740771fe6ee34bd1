//! Purpose: `/em-agent policy backtest`: what another policy would have answered.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use em_domain::policy::backtest::{Backtest, Difference, Shift};
use slack_morphism::prelude::SlackMessageContent;

use crate::layout::Layout;
use crate::limits::fit;
use crate::mrkdwn::{Mrkdwn, bold, cat, escape, join, link, sentence, words};
use crate::time::when;

/// Differences shown in one message; the rest is counted.
const DIFFERENCES_SHOWN: usize = 15;

/// Two policies on what was asked before.
#[derive(Debug, Clone, Copy)]
pub struct BacktestView<'a> {
    /// The policy in force.
    pub before: &'a str,
    /// The other one.
    pub after: &'a str,
    /// From when on questions were looked at.
    pub since: DateTime<Utc>,
    /// What was found.
    pub backtest: &'a Backtest,
    /// The team's zone.
    pub zone: Tz,
}

/// What would have been different.
pub fn message_backtest(view: &BacktestView<'_>) -> SlackMessageContent {
    let found = view.backtest;
    let asked = cat([
        escape(&found.questions.to_string()),
        words(if found.questions == 1 {
            " question was asked since "
        } else {
            " questions were asked since "
        }),
        when(view.since, view.zone),
        words("."),
    ]);
    let other = cat([
        words("With "),
        bold(escape(&fit(view.after, 200))),
        words(" instead of "),
        bold(escape(&fit(view.before, 200))),
        words(":"),
    ]);
    let mut layout = Layout::new();
    layout.section(&asked);
    layout.lines(std::iter::once(other).chain(counts(found)));
    let differences = found.differences.iter();
    layout.lines(
        differences
            .take(DIFFERENCES_SHOWN)
            .map(|line| difference(line, view.zone)),
    );
    let more = found.differences.len().saturating_sub(DIFFERENCES_SHOWN);
    if more > 0 {
        layout.context(&escape(&format!(
            "… and {more} more. `em-agent policy backtest` on the command line lists all of them."
        )));
    }
    if found.unreadable > 0 {
        let lost = format!("{} older questions cannot be asked again.", found.unreadable);
        layout.context(&escape(&lost));
    }
    layout.into_message(&join(std::iter::once(asked).chain(counts(found)), " "))
}

/// How many answers would have been different, by kind.
fn counts(found: &Backtest) -> Vec<Mrkdwn> {
    if found.differences.is_empty() {
        return vec![words("Every answer would have been the same.")];
    }
    let count = |shift: &Shift| match found.count(*shift) {
        0 => Mrkdwn::default(),
        number => cat([escape(&number.to_string()), words(" "), words(shift.words())]),
    };
    Shift::ALL
        .iter()
        .map(count)
        .filter(|line| !line.is_empty())
        .map(|line| cat([words("• "), line]))
        .collect()
}

fn difference(line: &Difference, zone: Tz) -> Mrkdwn {
    let subject = fit(&line.subject, 120);
    let subject = match &line.url {
        Some(url) => link(url, &subject),
        None => escape(&subject),
    };
    let outcomes = format!("{} → {}", line.before, line.after);
    cat([
        subject,
        words(" · "),
        when(line.at, zone),
        words("\n   "),
        escape(&fit(&outcomes, 200)),
        words(": "),
        sentence(&fit(&line.reason, 200)),
    ])
}

#[cfg(test)]
mod tests {
    use em_domain::policy::backtest::Outcome;
    use em_domain::policy::{Approver, Question, Terms};
    use insta::assert_snapshot;

    use super::*;
    use crate::sample::{calendar, now};
    use crate::transcript::transcript;

    fn two_managers() -> Terms {
        Terms {
            quorum: 2,
            ..Terms::of(vec![Approver::Role("manager".to_owned())])
        }
    }

    #[test]
    fn a_backtest_counts_by_what_would_have_been_different_and_links_each() {
        let difference = |shift, before, after| Difference {
            at: now(),
            question: Question::Action,
            subject: "github.merge acme/api#12".to_owned(),
            url: Some("https://github.com/acme/api/pull/12".to_owned()),
            shift,
            before,
            after,
            reason: "Because of `ci`.".to_owned(),
        };
        let backtest = Backtest {
            questions: 40,
            unreadable: 2,
            differences: vec![
                difference(Shift::WouldRefuse, Outcome::Passes, Outcome::Refused),
                difference(Shift::WouldPass, Outcome::Asked(two_managers()), Outcome::Passes),
            ],
        };
        let view = BacktestView {
            before: "the shipped rules",
            after: "candidate",
            since: now(),
            backtest: &backtest,
            zone: calendar().zone,
        };
        assert_snapshot!(transcript(&message_backtest(&view)), @r"
        (text) 40 questions were asked since Fri 21 Nov 15:00. • 1 would have been done at once • 1 would have been refused
        40 questions were asked since Fri 21 Nov 15:00.
        With *candidate* instead of *the shipped rules*:
        • 1 would have been done at once
        • 1 would have been refused
        github.merge acme/api#12 (https://github.com/acme/api/pull/12) · Fri 21 Nov 15:00
           done at once → refused: Because of `ci`.
        github.merge acme/api#12 (https://github.com/acme/api/pull/12) · Fri 21 Nov 15:00
           asked: 2 of role:manager → done at once: Because of `ci`.
        > 2 older questions cannot be asked again.
        ");
        let nothing = Backtest {
            questions: 40,
            ..Backtest::default()
        };
        let same = transcript(&message_backtest(&BacktestView {
            backtest: &nothing,
            ..view
        }));
        assert!(same.contains("Every answer would have been the same."), "{same}");
        let many = Backtest {
            differences: vec![backtest.differences[0].clone(); 40],
            ..backtest.clone()
        };
        let cut = transcript(&message_backtest(&BacktestView {
            backtest: &many,
            ..view
        }));
        assert!(cut.contains("… and 25 more"), "{cut}");
    }
}
