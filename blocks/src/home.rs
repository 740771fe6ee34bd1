//! Purpose: the App Home tab: the person's own open items first, then their account, then how to start.

use em_domain::approval::Approval;
use em_domain::calendar::WorkCalendar;
use em_domain::id::Login;
use em_domain::triage::TriageReport;
use slack_morphism::prelude::SlackView;

use crate::approval::Setting;
use crate::approval::list::add_waiting;
use crate::element::Button;
use crate::groups;
use crate::help::{CommandHelp, typed};
use crate::layout::Layout;
use crate::limits::fit;
use crate::mrkdwn::{bold, cat, escape, words};
use crate::people::People;
use crate::row::RowSetting;
use crate::triage::{as_of, groups_of};

/// Action: make the Home tab anew.
pub const REFRESH: &str = "home.refresh";

/// Commands shown to start with.
const COMMANDS: usize = 8;

/// What the Home tab of one person shows.
#[derive(Debug, Clone, Copy)]
pub struct HomeView<'a> {
    /// Their account and what waits for them; `None` while no account is linked.
    pub mine: Option<(&'a Login, &'a TriageReport)>,
    /// When people work.
    pub calendar: &'a WorkCalendar,
    /// How people are named: only this person sees the tab.
    pub people: People<'a>,
    /// What waits for their decision, the newest first.
    pub approvals: &'a [Approval],
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
    start(&mut after, view.commands);
    if !view.approvals.is_empty() {
        layout.section(&bold(words("For you to decide")));
        add_waiting(&mut layout, view.approvals, view.shown_as);
    }
    match view.mine {
        Some((login, report)) => {
            let setting = RowSetting {
                calendar: view.calendar,
                people: view.people,
                now: view.shown_as.now,
            };
            let groups = groups_of(report, setting, true);
            if groups.is_empty() {
                layout.section(&words("Nothing waits for you. Enjoy the quiet."));
            }
            groups::add(&mut layout, &groups, &after);
            after.foot(&cat([
                words("You are "),
                bold(escape(&fit(login.as_str(), 60))),
                words(" on GitHub. "),
                as_of(view.shown_as.now, view.calendar),
            ]));
        }
        None => {
            layout.section(&cat([
                words("Tell me who you are on GitHub, and your own list appears here: "),
                typed("link github NAME"),
            ]));
        }
    }
    after.foot_actions([Button::new("Refresh", REFRESH, "").spoken("Bring this page up to date")]);
    layout.append(after);
    layout.into_home()
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
            approvals: &[],
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
            approvals: &[],
            shown_as: crate::sample::shown_as(),
            commands: COMMANDS,
        };
        assert_snapshot!(transcript_view(&view_home(&view)), @r"
        (home)
        # What waits for you
        Tell me who you are on GitHub, and your own list appears here: `/em-agent link github NAME`
        ---
        *To start with*
        `/em-agent triage [mine]`
        What is stuck, and who must move.
        > Everything: `/em-agent help`
        [Refresh]
        ");
    }
}
