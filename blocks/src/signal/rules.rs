//! Purpose: `/em-agent rules`: what signals open by, and where that comes from.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use em_domain::signal::{ClockKind, Rule, Rules};
use slack_morphism::prelude::SlackMessageContent;

use super::counted;
use crate::layout::Layout;
use crate::limits::fit;
use crate::mrkdwn::{Mrkdwn, bold, cat, code, escape, join, sentence, words};
use crate::row::LINE;
use crate::time::when;

/// The answer to `/em-agent rules`.
#[derive(Debug, Clone, Copy)]
pub struct RulesView<'a> {
    /// The rules in force.
    pub rules: &'a Rules,
    /// Where they come from: a file's name; `None` for those that come with the program.
    pub file: Option<&'a str>,
    /// Since when they are in force.
    pub since: DateTime<Utc>,
    /// What is wrong with the file as it is now.
    pub problem: Option<&'a str>,
    /// Whether rules are evaluated at all.
    pub is_enabled: bool,
    /// Where signals are posted that name no channel.
    pub channel: Option<&'a str>,
    /// The team's zone.
    pub zone: Tz,
}

/// The rules in force, with what they were told.
pub fn message_rules(view: &RulesView<'_>) -> SlackMessageContent {
    let enabled = view.rules.0.iter().filter(|rule| rule.enabled).count();
    let heading = format!("{} in force", counted(enabled, "rule", "rules"));
    let mut layout = Layout::new();
    layout.header(&heading);
    if !view.is_enabled {
        layout.section(&words(
            "Rules are switched off: `signals.enabled` is false in the configuration.",
        ));
    }
    if let Some(problem) = view.problem {
        let what = cat([
            bold(words(
                "The file as it is now cannot be used, so the rules below stay in force.",
            )),
            words("\n"),
            sentence(&fit(problem, 600)),
        ]);
        layout.section(&what);
    }
    layout.lines(view.rules.0.iter().map(rule_lines));
    layout.foot(&origin(view));
    let problem = view.problem.map(|problem| sentence(&fit(problem, 300)));
    layout.into_message(&join([escape(&heading)].into_iter().chain(problem), ". "))
}

fn rule_lines(rule: &Rule) -> Mrkdwn {
    let mut told: Vec<Mrkdwn> = Vec::new();
    if rule.name != rule.kind.name {
        told.push(escape(rule.kind.name));
    }
    for (key, value) in rule.told() {
        told.push(cat([escape(key), words(" "), code(&fit(&value, 80))]));
        if key == "older_than" && rule.clock == ClockKind::Working {
            told.push(words("in working time"));
        }
    }
    told.push(words(rule.severity.as_str()));
    for (key, names) in rule.scope.narrowed() {
        told.push(escape(&fit(&format!("{key}: {}", names.join(", ")), 120)));
    }
    told.extend(
        rule.channel
            .as_deref()
            .map(|channel| escape(&format!("to {}", fit(channel, 60)))),
    );
    if !rule.enabled {
        told.push(words("switched off"));
    }
    let name = bold(escape(&fit(&rule.name, 60)));
    let told = join(told, " · ");
    join(
        [
            cat([words("• "), name, words(" · "), told]),
            words(rule.kind.summary),
        ],
        "\n   ",
    )
    .capped(2 * LINE)
}

fn origin(view: &RulesView<'_>) -> Mrkdwn {
    let from = match view.file {
        Some(file) => cat([
            words("From "),
            code(&fit(file, 200)),
            words(", in force since "),
            when(view.since, view.zone),
        ]),
        None => words("These come with me; set `signals.rules` to a file of your own to change them"),
    };
    let channel = match view.channel {
        Some(channel) => sentence(&format!(
            "Posted to {} unless a rule says otherwise",
            fit(channel, 80)
        )),
        None => words("No channel is configured, so signals are not posted"),
    };
    join([from, channel], ". ")
}
