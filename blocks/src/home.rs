//! Purpose: the App Home tab: the person's own open items first, then their day, their teams, their settings, then how to
//! start.

use em_domain::approval::Approval;
use em_domain::calendar::WorkCalendar;
use em_domain::evidence::Line;
use em_domain::id::Login;
use em_domain::person::Confidence;
use em_domain::schedule::Kept;
use em_domain::standup::Blocker;
use em_domain::triage::TriageReport;
use slack_morphism::prelude::SlackView;

use crate::approval::Setting;
use crate::approval::list::add_waiting;
use crate::element::Button;
use crate::evidence;
use crate::groups;
use crate::help::{CommandHelp, typed};
use crate::layout::Layout;
use crate::limits::fit;
use crate::link::add_proposal;
use crate::mrkdwn::{Mrkdwn, bold, cat, escape, join, words};
use crate::notice::{Unanswered, add_unanswered};
use crate::people::People;
use crate::row::RowSetting;
use crate::schedule::add_schedules;
use crate::settings::{SettingsView, add_settings};
use crate::standup::blocker::{RESOLVE, Seen, line as blocker_line};
use crate::triage::{as_of, groups_of};

/// Action: make the Home tab anew.
pub const REFRESH: &str = "home.refresh";

/// Commands shown to start with.
const COMMANDS: usize = 8;
/// Standups that wait for an answer, and blockers, each with its button.
const WITH_BUTTONS: usize = 5;
/// Things done that are shown.
const DONE: usize = 6;
/// Teams that are shown.
const TEAMS: usize = 10;

/// How a team is, for whoever looks after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamHealth {
    /// Its name.
    pub name: String,
    /// Open pull requests that wait for somebody.
    pub open: i64,
    /// Blockers that are open.
    pub blocked: usize,
    /// How many answered the latest standup, and how many were asked; `None` where nobody was.
    pub answered: Option<(usize, usize)>,
}

/// What the Home tab of one person shows.
#[derive(Debug, Clone, Copy)]
pub struct HomeView<'a> {
    /// Their account and what waits for them; `None` while no account is linked.
    pub mine: Option<(&'a Login, &'a TriageReport)>,
    /// When people work.
    pub calendar: &'a WorkCalendar,
    /// How people are named: only this person sees the tab.
    pub people: People<'a>,
    /// An account that may be theirs.
    pub proposal: Option<(&'a Login, Confidence)>,
    /// What waits for their decision, the newest first.
    pub approvals: &'a [Approval],
    /// Standups that wait for their answer.
    pub unanswered: &'a [Unanswered],
    /// What holds them up.
    pub blockers: &'a [Blocker],
    /// What they did since their last working day.
    pub done: &'a [Line],
    /// The teams that they look after.
    pub teams: &'a [TeamHealth],
    /// The schedules that they may change, their own first.
    pub schedules: &'a [Kept],
    /// Their settings.
    pub settings: SettingsView<'a>,
    /// How approvals are shown; its present is the page's.
    pub shown_as: Setting,
    /// The first few are shown.
    pub commands: &'a [CommandHelp<'a>],
}

/// The Home tab.
pub fn view_home(view: &HomeView<'_>) -> SlackView {
    let mut layout = Layout::new();
    layout.header("What waits for you");
    let mut after = Layout::new();
    day(&mut after, view.done);
    teams(&mut after, view.teams);
    add_schedules(&mut after, view.schedules);
    after.divider();
    add_settings(&mut after, &view.settings);
    start(&mut after, view.commands);
    if !view.approvals.is_empty() {
        layout.section(&bold(words("For you to decide")));
        add_waiting(&mut layout, view.approvals, view.shown_as);
    }
    in_standups(&mut layout, view);
    if let Some((login, report)) = view.mine {
        let setting = RowSetting {
            calendar: view.calendar,
            people: view.people,
            now: view.shown_as.now,
        };
        let groups = groups_of(report, setting, true);
        let is_all = view.approvals.is_empty() && view.unanswered.is_empty() && view.blockers.is_empty();
        if groups.is_empty() && is_all {
            layout.section(&words("Nothing waits for you. Enjoy the quiet."));
        }
        groups::add(&mut layout, &groups, &after);
        after.foot(&cat([
            words("You are "),
            bold(escape(&fit(login.as_str(), 60))),
            words(" on GitHub. "),
            as_of(view.shown_as.now, view.calendar),
        ]));
    } else {
        if let Some((login, confidence)) = view.proposal {
            add_proposal(&mut layout, login, confidence);
        }
        layout.section(&cat([
            words("Tell me who you are on GitHub, and your own list appears here: "),
            typed("link github NAME"),
        ]));
    }
    after.foot_actions([Button::new("Refresh", REFRESH, "").spoken("Bring this page up to date")]);
    layout.append(after);
    layout.into_home()
}

/// Standups to answer, and what holds this person up.
fn in_standups(layout: &mut Layout, view: &HomeView<'_>) {
    for one in view.unanswered.iter().take(WITH_BUTTONS) {
        add_unanswered(layout, one, view.settings.zone);
    }
    if view.blockers.is_empty() {
        return;
    }
    let seen = Seen {
        now: view.shown_as.now,
        zone: view.settings.zone,
    };
    layout.section(&bold(escape(&format!(
        "What holds you up · {}",
        view.blockers.len()
    ))));
    for blocker in view.blockers.iter().take(WITH_BUTTONS) {
        layout.section(&blocker_line(blocker, seen));
        layout.actions([Button::new("Resolved", RESOLVE, blocker.id.as_str()).spoken("This is resolved")]);
    }
    if view.blockers.len() > WITH_BUTTONS {
        layout.context(&cat([words("The rest: "), typed("standup blockers")]));
    }
}

/// What this person did, each with its proof.
fn day(layout: &mut Layout, done: &[Line]) {
    if done.is_empty() {
        return;
    }
    layout.divider();
    layout.section(&bold(words("What you did since the last working day")));
    let lines = done.iter().take(DONE);
    layout.lines(lines.map(|line| cat([words("• "), evidence::line(line)])));
    if done.len() > DONE {
        layout.context(&cat([
            escape(&format!("… and {} more: ", done.len() - DONE)),
            typed("standup"),
        ]));
    }
}

/// The teams that this person looks after, a line each.
fn teams(layout: &mut Layout, teams: &[TeamHealth]) {
    if teams.is_empty() {
        return;
    }
    layout.divider();
    layout.section(&bold(words("Your teams")));
    layout.lines(teams.iter().take(TEAMS).map(health));
    if teams.len() > TEAMS {
        layout.context(&escape(&format!("… and {} more.", teams.len() - TEAMS)));
    }
}

fn health(team: &TeamHealth) -> Mrkdwn {
    let answered = team
        .answered
        .map(|(answered, asked)| escape(&format!("{answered} of {asked} answered")));
    let parts = [
        Some(bold(escape(&fit(&team.name, 60)))),
        Some(escape(&format!("{} waiting", team.open))),
        Some(escape(&format!("{} blocked", team.blocked))),
        answered,
    ];
    join(parts.into_iter().flatten(), " · ")
}

/// What to type to begin with.
fn start(layout: &mut Layout, commands: &[CommandHelp<'_>]) {
    layout.divider();
    layout.section(&bold(words("To start with")));
    layout.lines(commands.iter().take(COMMANDS).map(CommandHelp::line));
    layout.context(&cat([words("Everything: "), typed("help")]));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{calendar, clear, groups, known, rows};
    use crate::transcript::transcript_view;
    use insta::assert_snapshot;

    const COMMANDS: &[CommandHelp<'static>] = &[CommandHelp {
        usage: "triage [mine]",
        summary: "What is stuck, and who must move.",
        examples: &[],
    }];

    #[test]
    fn own_items_come_first() {
        let report = TriageReport {
            groups: groups(&rows()[6..7], 0),
            ..clear()
        };
        let login = Login::from("ana");
        let view = HomeView {
            mine: Some((&login, &report)),
            calendar: &calendar(),
            people: People::private(&known),
            proposal: None,
            approvals: &[],
            unanswered: &[],
            blockers: &[],
            done: &[],
            teams: &[],
            schedules: &[],
            settings: crate::sample::settings(),
            shown_as: crate::sample::shown_as(),
            commands: COMMANDS,
        };
        assert_snapshot!(transcript_view(&view_home(&view)), @r"
        (home)
        # What waits for you
        *Ready for you to merge · 1*
        *Bump serde (https://github.com/shop/api/pull/755)*
        shop/api#755 · by @U0ANA · 1 d 6 h of working time since Wed 19 Nov 08:00
        *@U0ANA* to merge: it is approved
            ⋮ Why here? | Nudge | Snooze… | Open
        ---
        *You and your settings*
        | *GitHub*: not linked
        | *Quiet hours*: none
        | *Days off*: none
        | *Unasked messages a day*: at most 20, more of it the next morning
        | *Not at all*: nothing is turned off
        [Settings…]
        ---
        *To start with*
        `/em-agent triage [mine]`
        What is stuck, and who must move.
        > Everything: `/em-agent help`
        > You are *ana* on GitHub. As of Fri 21 Nov 15:00. Waits count working hours: Mon–Fri 09:00–17:00, Europe/Berlin
        [Refresh]
        ");
    }

    #[test]
    fn a_stranger_is_asked_who_they_are() {
        let view = HomeView {
            mine: None,
            calendar: &calendar(),
            people: People::private(&known),
            proposal: None,
            approvals: &[],
            unanswered: &[],
            blockers: &[],
            done: &[],
            teams: &[],
            schedules: &[],
            settings: crate::sample::settings(),
            shown_as: crate::sample::shown_as(),
            commands: COMMANDS,
        };
        assert_snapshot!(transcript_view(&view_home(&view)), @r"
        (home)
        # What waits for you
        Tell me who you are on GitHub, and your own list appears here: `/em-agent link github NAME`
        ---
        *You and your settings*
        | *GitHub*: not linked
        | *Quiet hours*: none
        | *Days off*: none
        | *Unasked messages a day*: at most 20, more of it the next morning
        | *Not at all*: nothing is turned off
        [Settings…]
        ---
        *To start with*
        `/em-agent triage [mine]`
        What is stuck, and who must move.
        > Everything: `/em-agent help`
        [Refresh]
        ");
    }
}
