//! Purpose: `/em-agent integrations`: which systems events come in from, which are set up and silent, and how one is set up.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use em_domain::poll_report::PollReport;
use slack_morphism::prelude::SlackMessageContent;

use crate::element::Button;
use crate::layout::Layout;
use crate::limits::fit;
use crate::mrkdwn::{Mrkdwn, bold, cat, code, escape, join, words};
use crate::time::when;

/// Sends a test event of a system.
pub const TEST: &str = "integrations.test";

/// How far a system is set up. The order is the order of showing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Its webhooks are verified, or it is read.
    Ready,
    /// Its webhooks are taken in though nothing proves them.
    Unsigned,
    /// The operator switched it off.
    Off,
    /// Nothing is set.
    NotSetUp,
}

/// How asking a system for news goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Poll {
    /// The last round; none before the first.
    pub last: Option<PollReport>,
}

/// One system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Integration<'a> {
    /// As in the path of its webhooks.
    pub name: &'a str,
    /// What people call it.
    pub title: &'a str,
    /// How far it is set up.
    pub standing: Standing,
    /// The variable for the secret of its webhooks.
    pub variable: &'a str,
    /// How asking it for news goes; none if it is not asked.
    pub poll: Option<Poll>,
    /// What an operator sets so that it is asked, as a clause that begins with "set"; none if it cannot be asked.
    pub how_polled: Option<&'a str>,
    /// When something came last, ever.
    pub last_at: Option<DateTime<Utc>>,
    /// Kinds of events that were not understood, and how many of each.
    pub unread: Vec<(String, i64)>,
}

/// All systems: what comes in first, names alone of what is not set up.
pub fn message_integrations(all: &[Integration<'_>], zone: Tz) -> SlackMessageContent {
    let (shown, rest): (Vec<_>, Vec<_>) = all
        .iter()
        .partition(|one| one.last_at.is_some() || one.poll.is_some() || one.standing != Standing::NotSetUp);
    let mut layout = Layout::new();
    let heading = words("Systems that events come in from");
    layout.section(&bold(heading.clone()));
    if shown.is_empty() {
        layout.section(&words("Nothing is set up yet."));
    }
    layout.lines(shown.iter().map(|one| line(one, zone)));
    if !rest.is_empty() {
        let names = join(rest.iter().map(|one| escape(one.title)), ", ");
        layout.section(&cat([bold(words("Not set up:")), words(" "), names]));
    }
    let name = rest.first().or(shown.first()).map_or("gitlab", |one| one.name);
    layout.context(&cat([
        words("How one is set up: "),
        code(&format!("/em-agent integrations {name}")),
    ]));
    layout.into_message(&heading)
}

fn line(one: &Integration<'_>, zone: Tz) -> Mrkdwn {
    let last = match one.last_at {
        Some(at) => cat([words(" · last event "), when(at, zone)]),
        None => words(" · nothing came yet"),
    };
    let unread: i64 = one.unread.iter().map(|(_, number)| number).sum();
    let unread = match unread {
        0 => Mrkdwn::default(),
        1 => words(" · 1 event was not understood"),
        many => cat([
            words(" · "),
            escape(&format!("{many} events were not understood")),
        ]),
    };
    let how = match one.standing {
        Standing::Ready if one.poll.is_some() => " · asked for news, and webhooks",
        Standing::Ready => " · webhooks, verified",
        Standing::Unsigned => " · :warning: webhooks that nothing proves",
        Standing::Off => " · switched off",
        Standing::NotSetUp if one.poll.is_some() => " · asked for news",
        Standing::NotSetUp if one.last_at.is_none() => " · not set up",
        Standing::NotSetUp => " · from files only",
    };
    let trouble = match one.poll.as_ref().and_then(|poll| poll.last.as_ref()) {
        Some(report) if report.trouble().is_some() => words(" · :warning: asking failed"),
        _ => Mrkdwn::default(),
    };
    cat([
        words("• "),
        bold(escape(one.title)),
        words(how),
        last,
        unread,
        trouble,
    ])
}

/// How the last round went.
fn round(poll: &Poll, zone: Tz) -> Vec<Mrkdwn> {
    let Some(report) = &poll.last else {
        return vec![words("• asked for news: no round has ended yet")];
    };
    let new = match report.stored {
        0 => "nothing new".to_owned(),
        1 => "1 new event".to_owned(),
        many => format!("{many} new events"),
    };
    let seconds = report.took_ms.div_euclid(1000);
    let ended = cat([
        words("• asked for news "),
        when(report.ended_at, zone),
        words(": "),
        escape(&format!("{new}, in {seconds} s")),
    ]);
    let good = report.failure.as_ref().map(|_| match report.good_at {
        Some(at) => cat([
            words("• the last round that ended as it should: "),
            when(at, zone),
        ]),
        None => words("• no round has ended as it should"),
    });
    let troubles = report.failure.iter().chain(&report.problems);
    let troubles = troubles.map(|why| cat([words("• :warning: "), escape(&fit(why, 200))]));
    [ended].into_iter().chain(good).chain(troubles).collect()
}

/// One system: how it stands, and the steps that set it up.
pub fn message_integration(one: &Integration<'_>, zone: Tz) -> SlackMessageContent {
    let mut layout = Layout::new();
    let heading = escape(one.title);
    layout.section(&bold(heading.clone()));
    layout.lines([line(one, zone)]);
    layout.lines(one.poll.iter().flat_map(|poll| round(poll, zone)));
    layout.lines(one.unread.iter().map(|(kind, number)| {
        cat([
            words("• not understood: "),
            code(&fit(kind, 80)),
            words(" × "),
            escape(&number.to_string()),
        ])
    }));
    layout.section(&bold(words("Set it up")));
    layout.lines([
        cat([
            words("1. Make up a long random secret and give it to EM Agent as "),
            code(one.variable),
            words(", then restart it."),
        ]),
        cat([
            words("2. In "),
            escape(one.title),
            words(", point a webhook at "),
            code(&format!("https://YOUR-HOST/webhooks/{}", one.name)),
            words(" with the same secret."),
        ]),
        cat([words(
            "3. Let it send something, and look here again: the time of the last event must be new.",
        )]),
    ]);
    if let Some(how) = one.how_polled.filter(|_| one.poll.is_none()) {
        layout.lines([cat([
            words("Where its webhooks cannot reach EM Agent: "),
            escape(how),
            words("."),
        ])]);
    }
    if one.standing == Standing::Ready {
        layout.actions([Button::new("Send test event", TEST, one.name)]);
    }
    layout.context(&cat([
        words("Where each thing is found, step by step: "),
        code(&format!("docs/integrations/{}.md", one.name)),
        words(". To replace a secret, keep the old one as "),
        code(&format!("{}_PREVIOUS", one.variable)),
        words(" until the sender has the new one."),
    ]));
    layout.into_message(&heading)
}

/// A test event of the system came in.
pub fn message_tested(title: &str, variable: &str) -> SlackMessageContent {
    let text = cat([
        words(":white_check_mark: A test event of "),
        bold(escape(title)),
        words(" came in: my server listens, it carried the proof that "),
        code(variable),
        words(" makes, and it is stored. Whether "),
        escape(title),
        words(" reaches this machine, its own test or its next event shows."),
    ]);
    let mut layout = Layout::new();
    layout.section(&text);
    layout.into_message(&text)
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::transcript::transcript;

    fn integration(name: &'static str, title: &'static str, standing: Standing) -> Integration<'static> {
        Integration {
            name,
            title,
            standing,
            variable: "GITLAB_WEBHOOK_SECRET",
            poll: None,
            how_polled: None,
            last_at: None,
            unread: Vec::new(),
        }
    }

    #[test]
    fn what_comes_in_is_told_apart_from_what_is_not_set_up() {
        let all = [
            Integration {
                last_at: DateTime::from_timestamp(1_790_000_000, 0),
                unread: vec![("Wiki Page Hook".to_owned(), 2)],
                ..integration("gitlab", "GitLab", Standing::Ready)
            },
            integration("jenkins", "Jenkins", Standing::Unsigned),
            integration("jira", "Jira", Standing::Off),
            integration("linear", "Linear", Standing::NotSetUp),
            integration("sentry", "Sentry", Standing::NotSetUp),
        ];
        assert_snapshot!(transcript(&message_integrations(&all, Tz::UTC)), @r"
        (text) Systems that events come in from
        *Systems that events come in from*
        • *GitLab* · webhooks, verified · last event Mon 21 Sep 14:13 · 2 events were not understood
        • *Jenkins* · :warning: webhooks that nothing proves · nothing came yet
        • *Jira* · switched off · nothing came yet
        *Not set up:* Linear, Sentry
        > How one is set up: `/em-agent integrations linear`
        ");
        assert_snapshot!(transcript(&message_integration(&all[0], Tz::UTC)), @r"
        (text) GitLab
        *GitLab*
        • *GitLab* · webhooks, verified · last event Mon 21 Sep 14:13 · 2 events were not understood
        • not understood: `Wiki Page Hook` × 2
        *Set it up*
        1. Make up a long random secret and give it to EM Agent as `GITLAB_WEBHOOK_SECRET`, then restart it.
        2. In GitLab, point a webhook at `https://YOUR-HOST/webhooks/gitlab` with the same secret.
        3. Let it send something, and look here again: the time of the last event must be new.
        [Send test event]
        > Where each thing is found, step by step: `docs/integrations/gitlab.md`. To replace a secret, keep the old one as `GITLAB_WEBHOOK_SECRET_PREVIOUS` until the sender has the new one.
        ");
    }

    #[test]
    fn how_asking_goes_is_told_with_what_went_wrong() {
        let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
        let failed = PollReport {
            ended_at: at(1_790_000_000),
            took_ms: 1_500,
            stored: 1,
            problems: vec!["pipelines of acme/shop cannot be read: GITLAB_TOKEN may not read it".to_owned()],
            failure: Some("cannot be read now: GitLab's rate limit is used up".to_owned()),
            good_at: Some(at(1_789_990_000)),
        };
        let mut asked = Integration {
            poll: Some(Poll { last: Some(failed) }),
            ..integration("gitlab", "GitLab", Standing::NotSetUp)
        };
        assert_snapshot!(transcript(&message_integration(&asked, Tz::UTC)), @r"
        (text) GitLab
        *GitLab*
        • *GitLab* · asked for news · nothing came yet · :warning: asking failed
        • asked for news Mon 21 Sep 14:13: 1 new event, in 1 s
        • the last round that ended as it should: Mon 21 Sep 11:26
        • :warning: cannot be read now: GitLab's rate limit is used up
        • :warning: pipelines of acme/shop cannot be read: GITLAB_TOKEN may not read it
        *Set it up*
        1. Make up a long random secret and give it to EM Agent as `GITLAB_WEBHOOK_SECRET`, then restart it.
        2. In GitLab, point a webhook at `https://YOUR-HOST/webhooks/gitlab` with the same secret.
        3. Let it send something, and look here again: the time of the last event must be new.
        > Where each thing is found, step by step: `docs/integrations/gitlab.md`. To replace a secret, keep the old one as `GITLAB_WEBHOOK_SECRET_PREVIOUS` until the sender has the new one.
        ");
        asked.poll = Some(Poll { last: None });
        let all = transcript(&message_integrations(&[asked.clone()], Tz::UTC));
        assert!(
            all.contains("*GitLab* · asked for news · nothing came yet"),
            "{all}"
        );
        asked.poll = None;
        asked.how_polled = Some("set GITLAB_TOKEN and list projects in integrations.gitlab.poll");
        let shown = transcript(&message_integration(&asked, Tz::UTC));
        assert!(
            shown.contains("reach EM Agent: set GITLAB_TOKEN and list projects"),
            "{shown}"
        );
    }
}
