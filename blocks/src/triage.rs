//! Purpose: the answer to `/em-agent triage`: what is stuck, and who must move.

use chrono::{DateTime, Utc};
use em_domain::calendar::WorkCalendar;
use em_domain::id::{Login, RepositoryName, SlackChannel};
use em_domain::incident_story::IncidentStory;
use em_domain::triage::{FailedDeployment, FailingBranch, SnoozedRow, TriageGroup, TriageReport, TriageRow};
use slack_morphism::prelude::SlackMessageContent;

use crate::SLASH_COMMAND;
use crate::element::Button;
use crate::groups::{self, Group};
use crate::layout::Layout;
use crate::limits::fit;
use crate::mrkdwn::{Mrkdwn, bold, cat, channel, code, escape, join, link, words};
use crate::people::People;
use crate::row::{self, RowSetting, group_heading};
use crate::time::{hours, waited, when};

/// Action: post this list to a channel.
pub const SHARE: &str = "triage.share";
/// Action: make this list anew.
pub const REFRESH: &str = "triage.refresh";

/// Lines of each list below the groups.
const MAX_LINES: usize = 4;

/// Whose list it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Everything.
    Everyone,
    /// What this person must move.
    Mine(Login),
    /// One team's, by its configured name.
    Team(String),
}

impl Scope {
    /// The scope as a button carries it.
    pub fn value(&self) -> String {
        match self {
            Self::Everyone => "everyone".to_owned(),
            Self::Mine(login) => format!("mine:{login}"),
            Self::Team(name) => format!("team:{name}"),
        }
    }

    /// The scope a button carried. Who asks for `Mine` by a click is the one who clicked: check it.
    pub fn parse(value: &str) -> Option<Self> {
        match value.split_once(':') {
            Some(("mine", login)) => Some(Self::Mine(login.into())),
            Some(("team", name)) => Some(Self::Team(name.to_owned())),
            Some(_) => None,
            None => (value == "everyone").then_some(Self::Everyone),
        }
    }

    fn is_mine(&self) -> bool {
        matches!(self, Self::Mine(_))
    }

    fn heading(&self) -> String {
        match self {
            Self::Everyone => "What is stuck, and who must move".to_owned(),
            Self::Mine(_) => "What waits for you".to_owned(),
            Self::Team(name) => format!("{}: what is stuck, and who must move", fit(name, 60)),
        }
    }
}

/// A report and how to show it.
#[derive(Debug, Clone)]
pub struct TriageView<'a> {
    /// The report.
    pub report: &'a TriageReport,
    /// When people work.
    pub calendar: &'a WorkCalendar,
    /// Whose list it is.
    pub scope: Scope,
    /// How people are named: [`People::posted`] where others than the asker see the message.
    pub people: People<'a>,
}

/// The list, with a menu on each row.
pub fn message_report(view: &TriageView<'_>) -> SlackMessageContent {
    let mut layout = Layout::new();
    layout.header(&view.scope.heading());
    layout.section(&summary(view));
    let mut after = Layout::new();
    let failures = Failures {
        branches: &view.report.failing_branches,
        deployments: &view.report.failed_deployments,
        incidents: &view.report.incidents,
        calendar: view.calendar,
        now: view.report.as_of,
        people: view.people,
    };
    add_failures(&mut after, &failures);
    after.section(&snoozed(view));
    after.foot(&as_of(view.report.as_of, view.calendar));
    after.foot_actions(buttons(view));
    let groups = groups_of(view.report, setting(view), view.scope.is_mine());
    if groups::add(&mut layout, &groups, &after) {
        layout.context(&how_to_narrow(&view.scope));
    }
    layout.append(after);
    layout.into_message(&fallback(view))
}

/// The totals, or that there is nothing.
fn summary(view: &TriageView<'_>) -> Mrkdwn {
    if view.report.is_clear() {
        return match &view.scope {
            Scope::Everyone => words(
                "Nothing is stuck: no open pull request waits for anybody, no incident is open, no default branch is red, and no deployment failed lately.",
            ),
            Scope::Mine(_) => words("Nothing waits for you. Enjoy the quiet."),
            Scope::Team(_) => words("Nothing of this team's is stuck. Well done."),
        };
    }
    let total: i64 = view.report.groups.iter().map(|group| group.total).sum();
    let pulls = count(total, "open pull request waits", "open pull requests wait");
    let branches = count(
        len(&view.report.failing_branches),
        "default branch is red",
        "default branches are red",
    );
    let deployments = count(
        len(&view.report.failed_deployments),
        "deployment failed",
        "deployments failed",
    );
    let incidents = count(
        len(&view.report.incidents),
        "incident is open",
        "incidents are open",
    );
    join([incidents, pulls, branches, deployments], " · ")
}

fn len<T>(items: &[T]) -> i64 {
    i64::try_from(items.len()).unwrap_or(i64::MAX)
}

/// `*3* pull requests wait`, nothing for none.
fn count(number: i64, one: &'static str, many: &'static str) -> Mrkdwn {
    if number <= 0 {
        return Mrkdwn::default();
    }
    let noun = if number == 1 { one } else { many };
    cat([bold(escape(&number.to_string())), words(" "), words(noun)])
}

/// The groups of a report that are not empty, with a menu on each row.
pub(crate) fn groups_of<'a>(
    report: &'a TriageReport,
    setting: RowSetting<'a>,
    is_mine: bool,
) -> Vec<Group<'a>> {
    let group_of = |group: &'a TriageGroup| {
        let total = group.total.max(len(&group.rows));
        let heading = words(group_heading(group.turn, is_mine));
        let heading = cat([heading, words(" · "), escape(&total.to_string())]);
        let rows = group
            .rows
            .iter()
            .map(move |row| (row::text(row, setting), Some(row::menu(row))));
        Group::new(heading, rows, move |shown| {
            and_more(total - len(&group.rows[..shown]), "that have waited less")
        })
    };
    let filled = report
        .groups
        .iter()
        .filter(|group| group.total > 0 || !group.rows.is_empty());
    filled.map(group_of).collect()
}

fn setting<'a>(view: &TriageView<'a>) -> RowSetting<'a> {
    RowSetting {
        calendar: view.calendar,
        people: view.people,
        now: view.report.as_of,
    }
}

/// `and 37 more ...`, nothing for none.
pub fn and_more(hidden: i64, what: &'static str) -> Mrkdwn {
    if hidden <= 0 {
        return Mrkdwn::default();
    }
    cat([
        words("and "),
        escape(&format!("{hidden} more")),
        words(" "),
        words(what),
    ])
}

/// What is broken, and how to show it.
#[derive(Clone, Copy)]
pub(crate) struct Failures<'a> {
    pub(crate) branches: &'a [FailingBranch],
    pub(crate) deployments: &'a [FailedDeployment],
    pub(crate) incidents: &'a [IncidentStory],
    pub(crate) calendar: &'a WorkCalendar,
    pub(crate) now: DateTime<Utc>,
    pub(crate) people: People<'a>,
}

/// The lists of what is broken; nothing where nothing is.
pub(crate) fn add_failures(layout: &mut Layout, failures: &Failures<'_>) {
    let incidents = failures.incidents.iter();
    let incidents = incidents.map(|story| incident_line(story, failures));
    layout.section(&list("Open incidents", incidents, "that are less bad"));
    let branches = failures
        .branches
        .iter()
        .map(|branch| branch_line(branch, failures));
    layout.section(&list(
        "Default branches that are red",
        branches,
        "red for less long",
    ));
    let deployments = failures
        .deployments
        .iter()
        .map(|failed| deployment_line(failed, failures));
    layout.section(&list("Failed deployments", deployments, "that failed before"));
}

/// A heading and the first few lines; nothing if there are none.
fn list(heading: &'static str, lines: impl ExactSizeIterator<Item = Mrkdwn>, rest: &'static str) -> Mrkdwn {
    let total = i64::try_from(lines.len()).unwrap_or(i64::MAX);
    if total == 0 {
        return Mrkdwn::default();
    }
    let heading = bold(cat([words(heading), words(" · "), escape(&total.to_string())]));
    let hidden = total - i64::try_from(MAX_LINES).unwrap_or(total).min(total);
    let shown = lines
        .take(MAX_LINES)
        .map(|line| cat([words("• "), line]).capped(row::LINE));
    join(
        [heading].into_iter().chain(shown).chain([and_more(hidden, rest)]),
        "\n",
    )
}

fn branch_line(failing: &FailingBranch, view: &Failures<'_>) -> Mrkdwn {
    let waited = waited(view.calendar, failing.since, view.now);
    let branch = failing
        .branch
        .as_deref()
        .map(|branch| cat([words("branch "), escape(&fit(branch, 40))]));
    let place = join(
        [
            escape(&fit(failing.repository.as_str(), 60)),
            branch.unwrap_or_default(),
        ],
        ", ",
    );
    let since = cat([
        words(" failing for "),
        escape(&waited),
        words(", since "),
        when(failing.since, view.calendar.zone),
    ]);
    cat([
        place,
        words(": "),
        row::workflow_link(&failing.workflow, &failing.url),
        since,
    ])
}

fn deployment_line(failed: &FailedDeployment, view: &Failures<'_>) -> Mrkdwn {
    let to = cat([
        escape(&fit(failed.repository.as_str(), 60)),
        words(" to "),
        link(&failed.url, &fit(&failed.environment, 40)),
    ]);
    let what = cat([words("from "), escape(&fit(&failed.git_ref, 40))]);
    let by = failed
        .creator
        .as_ref()
        .map(|login| cat([words("by "), view.people.name(login)]));
    join(
        [
            to,
            what,
            by.unwrap_or_default(),
            when(failed.failed_at, view.calendar.zone),
        ],
        " · ",
    )
}

fn incident_line(story: &IncidentStory, view: &Failures<'_>) -> Mrkdwn {
    let title = fit(&story.title, 80);
    let title = if story.url.is_empty() {
        escape(&title)
    } else {
        link(&story.url, &title)
    };
    let more = story.and_more().map(|more| cat([words(" "), escape(&more)]));
    let severity = story
        .severity
        .map(|severity| escape(&format!("severity {severity}")));
    let place = story
        .service
        .as_deref()
        .or(story.repository.as_ref().map(RepositoryName::as_str));
    let place = place.map(|place| escape(&fit(place, 60)));
    let who = match (story.assignees.as_slice(), story.is_acknowledged) {
        ([], false) => words("nobody is at it"),
        ([], true) => words("somebody is at it"),
        (logins, _) => cat([words("with "), view.people.names(logins)]),
    };
    let since = cat([words("since "), when(story.since, view.calendar.zone)]);
    let parts = [
        Some(cat([title, more.unwrap_or_default()])),
        severity,
        place,
        Some(who),
        Some(since),
    ];
    join(parts.into_iter().flatten(), " · ")
}

fn snoozed(view: &TriageView<'_>) -> Mrkdwn {
    let line = |snoozed: &SnoozedRow| {
        let subject = row::subject(&snoozed.title, &snoozed.url, &snoozed.snooze.subject);
        let by = view
            .people
            .user(&snoozed.snooze.by)
            .map(|user| cat([words("by "), user]));
        let until = cat([words("until "), when(snoozed.snooze.until, view.calendar.zone)]);
        let why = words(snoozed.snooze.reason.label());
        cat([
            subject,
            words("\n   "),
            join([why, by.unwrap_or_default(), until], " · "),
        ])
    };
    list(
        "Snoozed",
        view.report.snoozed.iter().map(line),
        "that come back later",
    )
}

fn how_to_narrow(scope: &Scope) -> Mrkdwn {
    let typed = |rest| code(&format!("{SLASH_COMMAND} triage {rest}"));
    match scope {
        Scope::Everyone => cat([
            words("To see fewer at a time: "),
            typed("mine"),
            words(" or "),
            typed("--team NAME"),
        ]),
        Scope::Team(_) => cat([words("To see only yours: "), typed("mine")]),
        Scope::Mine(_) => words("The next ones appear here as these are done."),
    }
}

/// When it was true and how waits are counted.
pub fn as_of(at: DateTime<Utc>, calendar: &WorkCalendar) -> Mrkdwn {
    let counted = cat([words("Waits count working hours: "), hours(calendar)]);
    join([cat([words("As of "), when(at, calendar.zone)]), counted], ". ")
}

fn buttons(view: &TriageView<'_>) -> Vec<Button> {
    let refresh = Button::new("Refresh", REFRESH, &view.scope.value()).spoken("Make this list anew");
    let share =
        Button::new("Post to channel", SHARE, &view.scope.value()).spoken("Post this list to the channel");
    // A person's own list is nobody else's business, and an empty one no news.
    if view.scope.is_mine() || view.report.is_clear() {
        vec![refresh]
    } else {
        vec![share, refresh]
    }
}

fn fallback(view: &TriageView<'_>) -> Mrkdwn {
    let parts = view
        .report
        .groups
        .iter()
        .filter(|group| group.total > 0)
        .map(|group| group_in_words(group, view));
    let heads = join([escape(&view.scope.heading()), summary(view)], ". ");
    join([heads].into_iter().chain(parts), ". ")
}

fn group_in_words(group: &TriageGroup, view: &TriageView<'_>) -> Mrkdwn {
    let longest = |row: &TriageRow| cat([words(", longest "), row::plain_line(row, setting(view))]);
    let heading = words(group_heading(group.turn, view.scope.is_mine()));
    let longest = group.rows.first().map(longest).unwrap_or_default();
    cat([heading, words(": "), escape(&group.total.to_string()), longest])
}

/// Confirms to the one who asked that the list was posted.
pub fn message_shared(to: &SlackChannel, permalink: Option<&str>) -> SlackMessageContent {
    let place = channel(to);
    let posted = match permalink {
        Some(url) => cat([
            words("Posted to "),
            place,
            words(": "),
            link(url, "see it"),
            words("."),
        ]),
        None => cat([words("Posted to "), place, words(".")]),
    };
    let text = cat([
        posted,
        words(" It is kept up to date for the rest of the working day."),
    ]);
    let mut layout = Layout::new();
    layout.section(&text);
    layout.into_message(&text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{calendar, clear, groups, known, report, rows, story};
    use crate::transcript::transcript;
    use insta::assert_snapshot;

    fn shown(report: &TriageReport, scope: Scope) -> String {
        let view = TriageView {
            report,
            calendar: &calendar(),
            scope,
            people: People::private(&known),
        };
        transcript(&message_report(&view))
    }

    #[test]
    fn the_report_names_who_must_move_and_since_when() {
        assert_snapshot!(shown(&report(), Scope::Everyone), @r"
        (text) What is stuck, and who must move. 9 open pull requests wait · 1 default branch is red · 1 deployment failed. Waiting for a reviewer: 3, longest shop/api#812: Retry payments on timeout, 6 h. Waiting for the author: 3, longest shop/api#771: Round to cents, 1 d 7 h. Ready to merge: 1, longest shop/api#755: Bump serde, 1 d 6 h. Waiting for CI: 2, longest shop/api#750: Faster tests, 1 d 6 h
        # What is stuck, and who must move
        *9* open pull requests wait · *1* default branch is red · *1* deployment failed
        *Waiting for a reviewer · 3*
        *Retry payments on timeout (https://github.com/shop/api/pull/812)*
        shop/api#812 · by @U0ANA · 6 h of working time since Fri 21 Nov 03:00
        *bob*, *team payments* to review
            ⋮ Why here? | Nudge | Snooze… | Open
        *Cache the price list (https://github.com/shop/api/pull/820)*
        shop/api#820 · by @U0ANA · 6 h of working time since Thu 20 Nov 19:00
        *bob* to look again: the author has answered
            ⋮ Why here? | Nudge | Snooze… | Open
        *Use <!channel> *now* (https://github.com/shop/api/pull/799)*
        shop/api#799 · by @U0ANA · 3 d 3 h of working time since Mon 17 Nov 12:00
        Nobody has been asked to review yet; the author can ask somebody
            ⋮ Why here? | Nudge | Snooze… | Open
        *Waiting for the author · 3*
        *Round to cents (https://github.com/shop/api/pull/771)*
        shop/api#771 · by @U0ANA · 1 d 7 h of working time since Tue 18 Nov 16:00
        *@U0ANA* to act on the review (https://github.com/shop/api/pull/812#pullrequestreview-1): changes requested, nothing pushed since
            ⋮ Why here? | Nudge | Snooze… | Open
        *Log slow queries (https://github.com/shop/api/pull/765)*
        shop/api#765 · by @U0ANA · 1 d 6 h of working time since Tue 18 Nov 22:00
        *@U0ANA* to answer the review (https://github.com/shop/api/pull/812#pullrequestreview-1)
            ⋮ Why here? | Nudge | Snooze… | Open
        *Drop old index (https://github.com/shop/api/pull/760)*
        shop/api#760 · by @U0ANA · 1 d 6 h of working time since Wed 19 Nov 03:00
        *@U0ANA* to resolve conflicts with the base branch
            ⋮ Why here? | Nudge | Snooze… | Open
        *Ready to merge · 1*
        *Bump serde (https://github.com/shop/api/pull/755)*
        shop/api#755 · by @U0ANA · 1 d 6 h of working time since Wed 19 Nov 08:00
        *@U0ANA* to merge: it is approved
            ⋮ Why here? | Nudge | Snooze… | Open
        *Waiting for CI · 2*
        *Faster tests (https://github.com/shop/api/pull/750)*
        shop/api#750 · by @U0ANA · 1 d 6 h of working time since Wed 19 Nov 13:00
        *@U0ANA* to look at test (https://github.com/shop/api/actions/runs/1): it failed
            ⋮ Why here? | Nudge | Snooze… | Open
        *New login page (https://github.com/shop/api/pull/745)*
        shop/api#745 · by @U0ANA · 1 d 6 h of working time since Wed 19 Nov 18:00
        Approved; e2e (https://github.com/shop/api/actions/runs/1) has not finished
            ⋮ Why here? | Nudge | Snooze… | Open
        *Default branches that are red · 1*
        • shop/web, branch main: build (https://github.com/shop/web/actions/runs/7) failing for 3 h, since Fri 21 Nov 12:00
        *Failed deployments · 1*
        • shop/web to production (https://github.com/shop/web/deployments/9) · from v1.4.2 · by bob · Fri 21 Nov 13:00
        *Snoozed · 1*
        • Free shipping (https://github.com/shop/api/pull/700) · shop/api#700
           waiting on product · by @U0ANA · until Mon 24 Nov 09:00
        > As of Fri 21 Nov 15:00. Waits count working hours: Mon–Fri 09:00–17:00, Europe/Berlin
        [Post to channel] [Refresh]
        ");
    }

    #[test]
    fn a_long_report_says_how_many_it_leaves_out_and_how_to_see_them() {
        let many = TriageReport {
            groups: groups(&rows()[..1], 37),
            ..clear()
        };
        assert_snapshot!(shown(&many, Scope::Everyone), @r"
        (text) What is stuck, and who must move. 38 open pull requests wait. Waiting for a reviewer: 38, longest shop/api#812: Retry payments on timeout, 6 h
        # What is stuck, and who must move
        *38* open pull requests wait
        *Waiting for a reviewer · 38*
        *Retry payments on timeout (https://github.com/shop/api/pull/812)*
        shop/api#812 · by @U0ANA · 6 h of working time since Fri 21 Nov 03:00
        *bob*, *team payments* to review
            ⋮ Why here? | Nudge | Snooze… | Open
        > and 37 more that have waited less
        > To see fewer at a time: `/em-agent triage mine` or `/em-agent triage --team NAME`
        > As of Fri 21 Nov 15:00. Waits count working hours: Mon–Fri 09:00–17:00, Europe/Berlin
        [Post to channel] [Refresh]
        ");
    }

    #[test]
    fn a_persons_own_list_speaks_to_them() {
        let mine = TriageReport {
            groups: groups(&rows()[6..7], 0),
            ..clear()
        };
        assert_snapshot!(shown(&mine, Scope::Mine("ana".into())), @r"
        (text) What waits for you. 1 open pull request waits. Ready for you to merge: 1, longest shop/api#755: Bump serde, 1 d 6 h
        # What waits for you
        *1* open pull request waits
        *Ready for you to merge · 1*
        *Bump serde (https://github.com/shop/api/pull/755)*
        shop/api#755 · by @U0ANA · 1 d 6 h of working time since Wed 19 Nov 08:00
        *@U0ANA* to merge: it is approved
            ⋮ Why here? | Nudge | Snooze… | Open
        > As of Fri 21 Nov 15:00. Waits count working hours: Mon–Fri 09:00–17:00, Europe/Berlin
        [Refresh]
        ");
    }

    #[test]
    fn nothing_stuck_is_one_friendly_sentence() {
        assert_snapshot!(shown(&clear(), Scope::Everyone), @r"
        (text) What is stuck, and who must move. Nothing is stuck: no open pull request waits for anybody, no incident is open, no default branch is red, and no deployment failed lately.
        # What is stuck, and who must move
        Nothing is stuck: no open pull request waits for anybody, no incident is open, no default branch is red, and no deployment failed lately.
        > As of Fri 21 Nov 15:00. Waits count working hours: Mon–Fri 09:00–17:00, Europe/Berlin
        [Refresh]
        ");
        assert_snapshot!(shown(&clear(), Scope::Mine("ana".into())).lines().nth(2).unwrap_or(""), @"Nothing waits for you. Enjoy the quiet.");
        assert_snapshot!(shown(&clear(), Scope::Team("Payments".into())).lines().nth(2).unwrap_or(""), @"Nothing of this team's is stuck. Well done.");
    }

    #[test]
    fn a_posted_report_mentions_nobody() {
        let view = TriageView {
            report: &report(),
            calendar: &calendar(),
            scope: Scope::Everyone,
            people: People::posted(),
        };
        let json = serde_json::to_string(&message_report(&view)).unwrap();
        assert!(!json.contains("<@") && json.contains("ana"));
    }

    #[test]
    fn a_scope_survives_the_trip_through_a_button() {
        for scope in [
            Scope::Everyone,
            Scope::Mine("ana".into()),
            Scope::Team("a:b".into()),
        ] {
            assert_eq!(Scope::parse(&scope.value()), Some(scope));
        }
        assert_eq!(Scope::parse("nonsense"), None);
    }

    #[test]
    fn a_posted_list_is_confirmed() {
        let message = message_shared(
            &"C0TEAM".into(),
            Some("https://shop.slack.com/archives/C0TEAM/p1"),
        );
        assert_snapshot!(transcript(&message), @r"
        (text) Posted to #C0TEAM: see it. It is kept up to date for the rest of the working day.
        Posted to #C0TEAM: see it (https://shop.slack.com/archives/C0TEAM/p1). It is kept up to date for the rest of the working day.
        ");
    }

    #[test]
    fn an_open_incident_is_one_line_however_many_alerts_it_is() {
        let report = TriageReport {
            incidents: vec![story()],
            ..clear()
        };
        let told = shown(&report, Scope::Everyone);
        for expected in [
            "*1* incident is open",
            "*Open incidents · 1*",
            "Payments <are> down (https://acme.pagerduty.com/incidents/Q1) and 3 more · severity 1 · payments · with",
        ] {
            assert!(told.contains(expected), "no “{expected}” in\n{told}");
        }
    }
}
