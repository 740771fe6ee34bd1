//! Purpose: schedules that people keep, and those of the configuration beside them: the list, and what became of a wish to
//! change one. The form and what is shown before saving are in [`form`], what an owner is told in [`told`].

pub mod form;
pub mod told;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use em_domain::id::SlackChannel;
use em_domain::schedule::words::from_cron;
use em_domain::schedule::{Definition, Kept, Missed};
use slack_morphism::prelude::SlackMessageContent;

use crate::element::{Menu, MenuOption};
use crate::help::typed;
use crate::layout::Layout;
use crate::limits::fit;
use crate::mrkdwn::{Mrkdwn, bold, cat, channel, code, escape, join, mention, sentence, words};
use crate::time::plain_when;

/// Stores what was shown.
pub const SAVE: &str = "schedule.save";
/// Forgets what was shown.
pub const DISCARD: &str = "schedule.discard";
/// Opens the form.
pub const FORM: &str = "schedule.form";
/// Runs a schedule now.
pub const RUN: &str = "schedule.run";
/// Pauses one.
pub const PAUSE: &str = "schedule.pause";
/// Resumes one.
pub const RESUME: &str = "schedule.resume";
/// Opens the form, filled in.
pub const EDIT: &str = "schedule.edit";
/// Removes one.
pub const REMOVE: &str = "schedule.remove";

/// Kept schedules that are listed.
const LISTED: usize = 30;
/// Kept schedules that are shown on the App Home.
const AT_HOME: usize = 5;
/// Configured schedules that are listed.
const CONFIGURED_LISTED: usize = 12;

/// All schedules.
#[derive(Debug, Clone, Copy)]
pub struct SchedulesView<'a> {
    /// Those that people keep, in the order they are shown, and whether the reader may change each.
    pub kept: &'a [(Kept, bool)],
    /// Those of the configuration.
    pub configured: &'a [ConfiguredRow],
}

/// A schedule of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfiguredRow {
    /// What the configuration calls it.
    pub name: String,
    /// The words after `/em-agent`.
    pub run: String,
    /// Where it posts, as it is written there.
    pub channel: String,
    /// When it is due next.
    pub next_at: Option<DateTime<Utc>>,
    /// The zone it is meant in.
    pub zone: Tz,
}

/// The list of all schedules.
pub fn message_schedules(view: &SchedulesView<'_>) -> SlackMessageContent {
    let mut layout = Layout::new();
    layout.header("Schedules");
    let said = match (view.kept.len(), view.configured.len()) {
        (0, 0) => words("Nothing is scheduled yet."),
        (kept, configured) => escape(&format!(
            "{kept} kept by people, {configured} in my configuration."
        )),
    };
    layout.section(&said);
    for (kept, may_change) in view.kept.iter().take(LISTED) {
        let menu = Menu::new(kept.id.as_str(), options(kept, *may_change));
        layout.section_with_menu(&kept_row(kept), menu);
    }
    let hidden = view.kept.len().saturating_sub(LISTED);
    if hidden > 0 {
        layout.context(&escape(&format!("… and {hidden} more.")));
    }
    for row in view.configured.iter().take(CONFIGURED_LISTED) {
        layout.section(&configured_row(row));
    }
    let hidden = view.configured.len().saturating_sub(CONFIGURED_LISTED);
    if hidden > 0 {
        layout.context(&escape(&format!("… and {hidden} more in my configuration.")));
    }
    layout.foot(&cat([
        words("Add one with "),
        typed("schedule add"),
        words("; run one now with "),
        typed("schedule run ID"),
        words("."),
    ]));
    layout.into_message(&cat([words("Schedules: "), said]))
}

/// On the App Home: those that the one who looks may change.
pub(crate) fn add_schedules(layout: &mut Layout, kept: &[Kept]) {
    if kept.is_empty() {
        return;
    }
    layout.divider();
    layout.section(&bold(words("Your schedules")));
    for one in kept.iter().take(AT_HOME) {
        layout.section_with_menu(&kept_row(one), Menu::new(one.id.as_str(), options(one, true)));
    }
    let rest = match kept.len().saturating_sub(AT_HOME) {
        0 => words("All schedules: "),
        more => escape(&format!("… and {more} more: ")),
    };
    layout.context(&cat([rest, typed("schedule list")]));
}

fn options(kept: &Kept, may_change: bool) -> Vec<MenuOption> {
    if !may_change {
        return Vec::new();
    }
    let turn = if kept.is_active() {
        MenuOption::new("Pause", PAUSE)
    } else {
        MenuOption::new("Resume", RESUME)
    };
    vec![
        MenuOption::new("Run now", RUN),
        turn,
        MenuOption::new("Edit…", EDIT),
        MenuOption::new("Remove", REMOVE),
    ]
}

fn kept_row(kept: &Kept) -> Mrkdwn {
    let definition = &kept.definition;
    let next = match kept.next_at {
        Some(at) => escape(&format!("Next {}", plain_when(at, definition.zone))),
        None if kept.is_active() => words("Never due again"),
        None => words(":double_vertical_bar: Paused"),
    };
    let last = kept
        .fired_at
        .map(|at| escape(&format!("last {}", plain_when(at, definition.zone))));
    let facts = [Some(next), last, Some(cat([words("by "), mention(&kept.owner)]))];
    let trouble = kept.trouble.as_ref().map(|trouble| {
        let times = match kept.failures {
            1 => String::new(),
            times => format!(" ({times} times in a row)"),
        };
        let what = sentence(&fit(&trouble.what, 300));
        cat([words(":warning: "), what, sentence(&times)])
    });
    let lines = [
        Some(cat([bold(code(kept.id.as_str())), words("  "), what(definition)])),
        Some(escape(&when_in_words(definition))),
        Some(join(facts.into_iter().flatten(), " · ")),
        trouble,
    ];
    join(lines.into_iter().flatten(), "\n")
}

fn configured_row(row: &ConfiguredRow) -> Mrkdwn {
    let next = row.next_at.map(|at| {
        let next = plain_when(at, row.zone);
        sentence(&format!("Next {next} {} · ", row.zone.name()))
    });
    cat([
        bold(code(&fit(&row.name, 60))),
        words("  "),
        code(&fit(&row.run, 200)),
        words(" to "),
        place(&row.channel),
        words("\n"),
        next.unwrap_or_default(),
        words("in my configuration, not to be changed here"),
    ])
}

/// A channel as the configuration names it.
fn place(name: &str) -> Mrkdwn {
    channel(&SlackChannel(fit(name, 80).into_owned()))
}

/// What it types, and where.
fn what(definition: &Definition) -> Mrkdwn {
    cat([
        code(&fit(&definition.run, 200)),
        words(" to "),
        channel(&definition.channel),
    ])
}

/// When it is due: `every weekday at 09:00, Europe/Berlin`.
fn when_in_words(definition: &Definition) -> String {
    format!("{}, {}", from_cron(&definition.cron), definition.zone.name())
}

/// What becomes of a missed time, as a choice and as a fact.
pub fn missed_in_words(missed: Missed) -> String {
    match missed {
        Missed::Late(1) => "Post up to 1 hour late".to_owned(),
        Missed::Late(hours) => format!("Post up to {hours} hours late"),
        Missed::Skip => "Leave it out, and tell me".to_owned(),
    }
}

/// What became of a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Became {
    /// It was added.
    Added,
    /// It was changed.
    Edited,
    /// It no longer comes due.
    Paused,
    /// It comes due again.
    Resumed,
    /// It is gone.
    Removed,
}

/// What became of a schedule, for whoever wanted it.
pub fn message_became(kept: &Kept, became: Became) -> SlackMessageContent {
    let name = || code(kept.id.as_str());
    let definition = &kept.definition;
    let is_now = |lead| {
        cat([
            words(lead),
            name(),
            words(": "),
            what(definition),
            words(". "),
            next(kept),
        ])
    };
    let said = match became {
        Became::Added => is_now("Saved as "),
        Became::Edited => is_now("Changed "),
        Became::Resumed => cat([name(), words(" runs again. "), next(kept)]),
        Became::Paused => cat([name(), words(" is paused. Have it go on with "), resume(kept)]),
        Became::Removed => cat([
            words("Removed "),
            name(),
            words(": "),
            what(definition),
            words(", "),
            escape(&when_in_words(definition)),
            words("."),
        ]),
    };
    one(&said)
}

/// When it is due next, in a sentence.
fn next(kept: &Kept) -> Mrkdwn {
    match kept.next_at {
        Some(at) => escape(&format!(
            "It is due next on {}.",
            plain_when(at, kept.definition.zone)
        )),
        None if kept.is_active() => words("It never comes due again."),
        None => cat([words("It is paused: "), resume(kept)]),
    }
}

/// What is typed to have it go on.
fn resume(kept: &Kept) -> Mrkdwn {
    cat([typed(&format!("schedule resume {}", kept.id)), words(".")])
}

/// A schedule was run because somebody asked for it.
pub fn message_ran(name: &str, run: &str, to: &str) -> SlackMessageContent {
    one(&cat([
        words("I ran "),
        code(&fit(name, 60)),
        words(": "),
        code(&fit(run, 200)),
        words(" to "),
        place(to),
        words(". If there is nothing there, there was nothing to post."),
    ]))
}

fn one(said: &Mrkdwn) -> SlackMessageContent {
    let mut layout = Layout::new();
    layout.section(said);
    layout.into_message(said)
}

#[cfg(test)]
pub(crate) mod tests;
