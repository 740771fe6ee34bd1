//! Purpose: *Nudge* on a row: the direct message to whose turn it is, and what the asker hears of it.

use chrono::{DateTime, Utc};
use em_domain::calendar::WorkCalendar;
use em_domain::id::{Login, SlackUser};
use em_domain::pull_request::PullRequestKey;
use em_domain::settings::NoticeKind;
use em_domain::triage::{Reason, TriageRow};
use slack_morphism::prelude::SlackMessageContent;

use crate::SLASH_COMMAND;
use crate::element::Button;
use crate::layout::Layout;
use crate::mrkdwn::{Mrkdwn, bold, cat, code, escape, join, link, mention, words};
use crate::people::list;
use crate::row::{self, OPEN};
use crate::settings::mute;
use crate::time::{waited, when};

/// One nudge.
#[derive(Debug, Clone, Copy)]
pub struct Nudge<'a> {
    /// What waits.
    pub row: &'a TriageRow,
    /// Who asks.
    pub from: &'a SlackUser,
    /// When the receiver works.
    pub calendar: &'a WorkCalendar,
    /// The present.
    pub now: DateTime<Utc>,
}

/// The direct message to the person whose turn it is.
pub fn message_nudge(nudge: &Nudge<'_>) -> SlackMessageContent {
    let row = nudge.row;
    let who = cat([
        mention(nudge.from),
        words(" asks for your help with a pull request."),
    ]);
    let what = join(
        [
            bold(row::title_link(&row.title, &row.url)),
            row::short_key(&row.key),
        ],
        "\n",
    );
    let waited = waited(nudge.calendar, row.waiting.since, nudge.now);
    let since = cat([
        escape(&waited),
        words(" of working time, since "),
        when(row.waiting.since, nudge.calendar.zone),
    ]);
    let needed = needed(&row.waiting.reason);
    let mut layout = Layout::new();
    layout.section(&who).section(&what);
    layout.section(&cat([
        words("What is needed: "),
        needed.clone(),
        words("\nIt has been your turn for "),
        since,
    ]));
    let open = Button::link("Open pull request", OPEN, &row.url).map(Button::primary);
    layout.actions(open.into_iter().chain([mute(NoticeKind::Nudge)]));
    layout.context(&words(
        "You get at most one such message a day about each pull request.",
    ));
    layout.into_message(&cat([
        who,
        words(" "),
        row::short_key(&row.key),
        words(", needed: "),
        needed,
        words(". Waiting "),
        escape(&waited),
        words("."),
    ]))
}

/// What the receiver can do.
pub(crate) fn needed(reason: &Reason) -> Mrkdwn {
    match reason {
        Reason::ReviewRequested { .. } => words("your review"),
        Reason::ReviewAnswered => words("another look: the author has answered your review"),
        Reason::NobodyAsked => words("a reviewer: nobody has been asked yet"),
        Reason::ChangesRequested { url } => {
            cat([words("the changes asked for in "), link(url, "the review")])
        }
        Reason::Commented { url } => cat([words("your answer to "), link(url, "the review")]),
        Reason::Conflicts => words("resolving the conflicts with the base branch"),
        Reason::CiRed { workflow, url } => cat([
            words("a look at "),
            row::workflow_link(workflow, url),
            words(", which failed"),
        ]),
        Reason::CiRunning { workflow, url } => cat([
            words("a look at "),
            row::workflow_link(workflow, url),
            words(", which has not finished"),
        ]),
        Reason::Approved => words("merging it: it is approved"),
        Reason::Draft => words("finishing it: it is still a draft"),
    }
}

/// What came of a nudge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Nudged {
    /// These people were told.
    Sent {
        /// Who.
        to: Vec<SlackUser>,
        /// Who is told when their quiet time ends.
        later: Vec<SlackUser>,
        /// Who does not want to be told.
        unwilling: Vec<SlackUser>,
        /// Whose turn it is too, but whose Slack user is not known.
        unknown: Vec<Login>,
    },
    /// Everybody had been told of it today.
    AlreadyToday {
        /// Who.
        to: Vec<SlackUser>,
        /// When.
        at: DateTime<Utc>,
    },
    /// Nobody whose turn it is has a known Slack user.
    NobodyLinked {
        /// Their GitHub logins.
        logins: Vec<Login>,
    },
    /// Nobody is named: a team was asked, or nobody.
    NobodyNamed,
    /// It no longer waits for what it waited for.
    NoLongerWaiting,
}

/// Tells the asker, and only them, what came of it.
pub fn message_nudged(
    subject: &PullRequestKey,
    nudged: &Nudged,
    calendar: &WorkCalendar,
) -> SlackMessageContent {
    let text = outcome(row::short_key(subject), nudged, calendar);
    let mut layout = Layout::new();
    layout.section(&text);
    layout.into_message(&text)
}

fn outcome(key: Mrkdwn, nudged: &Nudged, calendar: &WorkCalendar) -> Mrkdwn {
    match nudged {
        Nudged::Sent {
            to,
            later,
            unwilling,
            unknown,
        } => {
            let sent = said(
                to,
                words("Told "),
                cat([words(" about "), key.clone(), words(" in a direct message.")]),
            );
            let later = said(
                later,
                words("Not now: "),
                cat([
                    words(" is told about "),
                    key.clone(),
                    words(" when their quiet time ends."),
                ]),
            );
            let unwilling = said(
                unwilling,
                words("Not told: "),
                cat([
                    words(" does not want to be nudged. Ask about "),
                    key,
                    words(" in person."),
                ]),
            );
            join([sent, later, unwilling, not_reached(unknown)], "\n")
        }
        Nudged::AlreadyToday { to, at } => cat([
            users(to),
            words(" was told about "),
            key,
            words(" already: "),
            when(*at, calendar.zone),
            words(". Once a day is enough, so nothing was sent."),
        ]),
        Nudged::NobodyLinked { logins } => join(
            [
                cat([words("Nobody was told about "), key, words(".")]),
                not_reached(logins),
            ],
            "\n",
        ),
        Nudged::NobodyNamed => cat([
            words("Nobody is named on "),
            key,
            words(", so nobody was told. Ask somebody to review it on GitHub."),
        ]),
        Nudged::NoLongerWaiting => cat([
            key,
            words(" has moved on since this list was made, so nobody was told."),
        ]),
    }
}

/// A sentence about some people; nothing about nobody.
fn said(people: &[SlackUser], before: Mrkdwn, after: Mrkdwn) -> Mrkdwn {
    if people.is_empty() {
        return Mrkdwn::default();
    }
    cat([before, users(people), after])
}

fn users(users: &[SlackUser]) -> Mrkdwn {
    list(users.iter().map(mention))
}

fn not_reached(logins: &[Login]) -> Mrkdwn {
    if logins.is_empty() {
        return Mrkdwn::default();
    }
    let names = list(logins.iter().map(|login| escape(login.as_str())));
    let typed = code(&format!("{SLASH_COMMAND} link github NAME"));
    cat([
        words("I do not know the Slack name of "),
        names,
        words(". They can tell me with "),
        typed,
        words("."),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{calendar, now, rows};
    use crate::transcript::transcript;
    use insta::assert_snapshot;

    #[test]
    fn a_nudge_says_who_asks_what_for_and_since_when() {
        let nudge = Nudge {
            row: &rows()[3],
            from: &"U0BOB".into(),
            calendar: &calendar(),
            now: now(),
        };
        assert_snapshot!(transcript(&message_nudge(&nudge)), @r"
        (text) @U0BOB asks for your help with a pull request. shop/api#771, needed: the changes asked for in the review. Waiting 1 d 7 h.
        @U0BOB asks for your help with a pull request.
        *Round to cents (https://github.com/shop/api/pull/771)*
        shop/api#771
        What is needed: the changes asked for in the review (https://github.com/shop/api/pull/812#pullrequestreview-1)
        It has been your turn for 1 d 7 h of working time, since Tue 18 Nov 16:00
        [Open pull request https://github.com/shop/api/pull/771] [Mute these]
        > You get at most one such message a day about each pull request.
        ");
    }

    #[test]
    fn the_asker_hears_what_came_of_it() {
        let told = |nudged: &Nudged| {
            let message = transcript(&message_nudged(&rows()[0].key, nudged, &calendar()));
            message
                .lines()
                .skip(message.lines().count() / 2)
                .collect::<Vec<_>>()
                .join("\n")
        };
        assert_snapshot!(told(&Nudged::Sent {
            to: vec!["U0ANA".into()],
            later: Vec::new(),
            unwilling: Vec::new(),
            unknown: vec!["bob".into()],
        }), @r"
        Told *@U0ANA* about shop/api#812 in a direct message.
        I do not know the Slack name of *bob*. They can tell me with `/em-agent link github NAME`.
        ");
        assert_snapshot!(told(&Nudged::AlreadyToday { to: vec!["U0ANA".into()], at: now() }), @"*@U0ANA* was told about shop/api#812 already: Fri 21 Nov 15:00. Once a day is enough, so nothing was sent.");
        assert_snapshot!(told(&Nudged::NobodyLinked { logins: vec!["bob".into(), "cy".into()] }), @r"
        Nobody was told about shop/api#812.
        I do not know the Slack name of *bob*, *cy*. They can tell me with `/em-agent link github NAME`.
        ");
        assert_snapshot!(told(&Nudged::NobodyNamed), @"Nobody is named on shop/api#812, so nobody was told. Ask somebody to review it on GitHub.");
        assert_snapshot!(told(&Nudged::NoLongerWaiting), @"shop/api#812 has moved on since this list was made, so nobody was told.");
    }
}
