//! Purpose: one waiting pull request: what it is, how long it has waited, who must move and why.

use chrono::{DateTime, Utc};
use em_domain::calendar::WorkCalendar;
use em_domain::pull_request::PullRequestKey;
use em_domain::triage::{Reason, TriageRow, Turn};

use crate::element::{Menu, MenuOption};
use crate::limits::fit;
use crate::mrkdwn::{Mrkdwn, bold, cat, escape, join, link, words};
use crate::people::{People, list};
use crate::time::{waited, when};

/// Action: why is this row here?
pub const WHY: &str = "triage.why";
/// Action: tell the person whose turn it is.
pub const NUDGE: &str = "triage.nudge";
/// Action: ask for a reason and a time, then leave the row out.
pub const SNOOZE: &str = "triage.snooze";
/// Action: the page was opened; nothing to do but acknowledge.
pub const OPEN: &str = "triage.open";

/// Characters of a title that are shown: about two lines on a phone.
const TITLE: usize = 90;
/// Characters of one line of a row as sent to Slack, addresses and escapes included.
pub const LINE: usize = 400;
/// Characters of a repository and number that are shown.
const KEY: usize = 60;

/// What rows of one message share.
#[derive(Debug, Clone, Copy)]
pub struct RowSetting<'a> {
    /// When people work.
    pub calendar: &'a WorkCalendar,
    /// How people are named.
    pub people: People<'a>,
    /// Until when waits are counted.
    pub now: DateTime<Utc>,
}

/// The title as a link, and where it is: `Retry payments` `shop/api#812`.
pub fn subject(title: &str, url: &str, key: &PullRequestKey) -> Mrkdwn {
    join([title_link(title, url), short_key(key)], " · ")
}

/// The title as a link.
pub fn title_link(title: &str, url: &str) -> Mrkdwn {
    link(url, &fit(title, TITLE))
}

/// `owner/name#12`, cut in the middle of nothing but the end.
pub fn short_key(key: &PullRequestKey) -> Mrkdwn {
    escape(&fit(&key.to_string(), KEY))
}

/// The row in three short lines.
pub fn text(row: &TriageRow, setting: RowSetting<'_>) -> Mrkdwn {
    // However long the names, how long it has waited is shown.
    let author = cat([words("by "), setting.people.name(&row.author)]).capped(LINE / 3);
    let place = join(
        [short_key(&row.key).capped(LINE / 3), author, wait(row, setting)],
        " · ",
    );
    // Each line is held short on its own, so that a long title does not cost the reader the line that counts.
    let title = bold(title_link(&row.title, &row.url)).capped(LINE);
    let who = who_must_move(row, setting.people).capped(LINE);
    join(
        [title, place.capped(LINE), who],
        "
",
    )
}

/// How long, and since when: `2 d 3 h of working time since Tue 14:05`.
fn wait(row: &TriageRow, setting: RowSetting<'_>) -> Mrkdwn {
    let since = row.waiting.since;
    let waited = waited(setting.calendar, since, setting.now);
    cat([
        escape(&waited),
        words(" of working time since "),
        when(since, setting.calendar.zone),
    ])
}

/// The row in one line of plain words, for the top-level text.
pub fn plain_line(row: &TriageRow, setting: RowSetting<'_>) -> Mrkdwn {
    let waited = waited(setting.calendar, row.waiting.since, setting.now);
    cat([
        short_key(&row.key),
        words(": "),
        escape(&fit(&row.title, TITLE)),
        words(", "),
        escape(&waited),
    ])
}

/// Who must move, and what for, in few words.
pub fn who_must_move(row: &TriageRow, people: People<'_>) -> Mrkdwn {
    let who = people.names(&row.waiting.actors);
    match &row.waiting.reason {
        Reason::ReviewRequested { teams } => cat([reviewers(row, teams, people), words(" to review")]),
        Reason::ReviewAnswered => cat([who, words(" to look again: the author has answered")]),
        Reason::NobodyAsked => words("Nobody has been asked to review yet; the author can ask somebody"),
        Reason::ChangesRequested { url } => cat([
            who,
            words(" to act on "),
            link(url, "the review"),
            words(": changes requested, nothing pushed since"),
        ]),
        Reason::Commented { url } => cat([who, words(" to answer "), link(url, "the review")]),
        Reason::Conflicts => cat([who, words(" to resolve conflicts with the base branch")]),
        Reason::CiRed { workflow, url } => cat([
            who,
            words(" to look at "),
            workflow_link(workflow, url),
            words(": it failed"),
        ]),
        Reason::CiRunning { workflow, url } => cat([
            words("Approved; "),
            workflow_link(workflow, url),
            words(" has not finished"),
        ]),
        Reason::Approved => cat([who, words(" to merge: it is approved")]),
        Reason::Draft => cat([who, words(" to finish it: it is a draft")]),
    }
}

fn reviewers(row: &TriageRow, teams: &[String], people: People<'_>) -> Mrkdwn {
    let persons = row.waiting.actors.iter().map(|login| people.name(login));
    let teams = teams
        .iter()
        .map(|team| cat([words("team "), escape(&fit(team, 40))]));
    let all: Vec<Mrkdwn> = persons.chain(teams).collect();
    if all.is_empty() {
        bold(words("Somebody"))
    } else {
        list(all.into_iter())
    }
}

/// A CI workflow by name.
pub fn workflow_link(workflow: &str, url: &str) -> Mrkdwn {
    link(url, &fit(workflow, 50))
}

/// What can be done with a row.
pub fn menu(row: &TriageRow) -> Menu {
    let verbs = [
        MenuOption::new("Why here?", WHY),
        MenuOption::new("Nudge", NUDGE),
        MenuOption::new("Snooze…", SNOOZE),
    ];
    let open = MenuOption::link("Open", OPEN, &row.url);
    Menu::new(&row.key.to_string(), verbs.into_iter().chain(open))
}

/// The heading of a group; `is_mine` where every row is the reader's.
pub fn group_heading(turn: Turn, is_mine: bool) -> &'static str {
    match (turn, is_mine) {
        (Turn::Reviewer, false) => "Waiting for a reviewer",
        (Turn::Reviewer, true) => "Waiting for your review",
        (Turn::Author, false) => "Waiting for the author",
        (Turn::Author, true) => "Waiting for your changes",
        (Turn::Merge, false) => "Ready to merge",
        (Turn::Merge, true) => "Ready for you to merge",
        (Turn::Ci, false) => "Waiting for CI",
        (Turn::Ci, true) => "Yours, waiting for CI",
    }
}
