//! Purpose: goals: how a report tells whether they hold, and the line that one holds again.

use chrono::Duration;
use em_domain::calendar::WorkCalendar;
use em_domain::delivery::Unit;
use em_domain::goal::{Goal, Standing, Unsure};
use slack_morphism::prelude::SlackMessageContent;

use crate::dora::told;
use crate::layout::Layout;
use crate::mrkdwn::{Mrkdwn, bold, escape, join, words};

/// Goals that a report lists; there are hardly ever more metrics.
const MOST: usize = 17;

/// A goal and how it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct GoalLine {
    /// The goal.
    pub goal: Goal,
    /// How it stands.
    pub standing: Standing,
}

/// The value of a goal's metric in words: `3 h 20 min`, `12.5 %`. Which time counts the goal beside it says.
pub fn value(goal: &Goal, value: f64, calendar: &WorkCalendar) -> String {
    if goal.metric.unit() != Unit::Seconds {
        return told(value, goal.metric.unit());
    }
    let day = if goal.limit.is_working_time() {
        calendar.day_length()
    } else {
        Duration::days(1)
    };
    time(value, day)
}

/// A time in its two greatest units, minutes too: beside a limit of hours they decide.
fn time(seconds: f64, day: Duration) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a float beyond the range becomes its end"
    )]
    let minutes = (seconds / 60.0).round() as i64;
    let day = day.num_minutes().max(1);
    let (hours, rest) = (minutes / 60, minutes % 60);
    match (minutes >= day, hours, rest) {
        (false, 1.., 1..) => format!("{hours} h {rest} min"),
        _ => crate::time::span(Duration::minutes(minutes), Duration::minutes(day)),
    }
}

/// How the goals stand, a line each; nothing where there are none.
pub(crate) fn lines(goals: &[GoalLine], calendar: &WorkCalendar) -> Mrkdwn {
    if goals.is_empty() {
        return Mrkdwn::default();
    }
    let all = goals.iter().take(MOST).map(|line| one(line, calendar));
    join([bold(words("Goals"))].into_iter().chain(all), "\n")
}

fn one(line: &GoalLine, calendar: &WorkCalendar) -> Mrkdwn {
    let goal = &line.goal;
    let told = |it: f64| value(goal, it, calendar);
    let (sign, stands) = match line.standing {
        Standing::Held(Some(value)) => ("✓", format!("held, {}", told(value))),
        Standing::Held(None) => ("✓", "held, nothing happened that could miss it".to_owned()),
        Standing::Missed(value) => ("✗", format!("missed, {}", told(value))),
        Standing::Unknown(Unsure::NoValue(why)) => ("–", format!("nobody can say: {}", why.words())),
        Standing::Unknown(Unsure::TooFew(few)) => ("–", format!("nobody can say: it is of {few} only")),
    };
    escape(&format!(
        "{sign} {}: {} in {} days · {stands}",
        goal.metric.title(),
        goal.in_words(),
        goal.days
    ))
}

/// Says in the thread of its signal that a goal holds again.
pub fn message_holds_again(line: &GoalLine, calendar: &WorkCalendar) -> SlackMessageContent {
    let goal = &line.goal;
    let now = match line.standing {
        Standing::Held(Some(it)) => format!("{} in {} days", value(goal, it, calendar), goal.days),
        Standing::Held(None) | Standing::Missed(_) | Standing::Unknown(_) => {
            format!("nothing in {} days misses it", goal.days)
        }
    };
    let text = escape(&format!(
        "✓ {} holds again: {now}, goal {}.",
        goal.title(),
        goal.in_words()
    ));
    let mut layout = Layout::new();
    layout.section(&text);
    layout.into_message(&text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::calendar;
    use crate::transcript::transcript;
    use em_domain::delivery::NoValue;
    use em_domain::goal::Written;
    use insta::assert_snapshot;

    fn line(metric: &str, value: &str, standing: Standing) -> GoalLine {
        let written = Written {
            metric,
            value,
            window: None,
            warn_at_percent: None,
            channel: None,
        };
        let goal = Goal::read(&written, None).unwrap();
        GoalLine { goal, standing }
    }

    #[test]
    fn each_goal_is_a_line_that_says_whether_it_holds_and_by_which_value() {
        let minutes = |minutes: f64| minutes * 60.0;
        let all = [
            line(
                "first-review",
                "4 working hours",
                Standing::Missed(minutes(260.0)),
            ),
            line(
                "review-time",
                "2 days",
                Standing::Held(Some(minutes(31.0 * 60.0))),
            ),
            line("change-fail-rate", "15 %", Standing::Held(Some(0.125))),
            line("throughput", "3 per week", Standing::Missed(2.4)),
            line("recovery-time", "1 hour", Standing::Held(None)),
            line(
                "lead-time",
                "2 days",
                Standing::Unknown(Unsure::NoValue(NoValue::NothingDelivered)),
            ),
            line("ci-duration", "10 minutes", Standing::Unknown(Unsure::TooFew(3))),
        ];
        let mut layout = Layout::new();
        layout.section(&lines(&all, &calendar()));
        let shown = transcript(&layout.into_message(&words("Goals")));
        assert_snapshot!(shown, @r"
        (text) Goals
        *Goals*
        ✗ Time to first review: at most 4 working hours in 30 days · missed, 4 h 20 min
        ✓ Review time: at most 2 days in 30 days · held, 1 d 7 h
        ✓ Change fail rate: at most 15 % in 30 days · held, 12.5 %
        ✗ Throughput: at least 3 per week in 30 days · missed, 2.4 per week
        ✓ Recovery time: at most 1 hour in 30 days · held, nothing happened that could miss it
        – Lead time for changes: at most 2 days in 30 days · nobody can say: no change was delivered in this time
        – CI duration: at most 10 minutes in 30 days · nobody can say: it is of 3 only
        ");
        assert!(lines(&[], &calendar()).is_empty());
    }

    #[test]
    fn that_a_goal_holds_again_is_said_with_its_value() {
        let held = line("first-review", "4 working hours", Standing::Held(Some(7200.0)));
        assert_snapshot!(transcript(&message_holds_again(&held, &calendar())), @r"
        (text) ✓ Time to first review holds again: 2 h in 30 days, goal at most 4 working hours.
        ✓ Time to first review holds again: 2 h in 30 days, goal at most 4 working hours.
        ");
    }
}
