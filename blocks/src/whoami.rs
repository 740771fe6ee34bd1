//! Purpose: `/em-agent whoami`: who the bot takes you for, and why.

use em_domain::calendar::WorkCalendar;
use em_domain::id::{Login, SlackUser};
use em_domain::person::{Confidence, Link, LinkOrigin};
use slack_morphism::prelude::SlackMessageContent;

use crate::help::typed;
use crate::layout::Layout;
use crate::limits::fit;
use crate::link::add_proposal;
use crate::mrkdwn::{Mrkdwn, bold, cat, escape, join, mention, words};
use crate::time::{hours, when};

/// What is known of one person.
#[derive(Debug, Clone, Copy)]
pub struct WhoamiView<'a> {
    /// The person.
    pub user: &'a SlackUser,
    /// Their accounts elsewhere.
    pub links: &'a [Link],
    /// An account that may be theirs.
    pub proposal: Option<(&'a Login, Confidence)>,
    /// They see only some channels.
    pub is_guest: bool,
    /// Their time zone in Slack, where known.
    pub zone: Option<&'a str>,
    /// Teams they belong to, by name.
    pub teams: &'a [String],
    /// When their team works.
    pub calendar: &'a WorkCalendar,
}

/// Who you are to the bot.
pub fn message_whoami(view: &WhoamiView<'_>) -> SlackMessageContent {
    let accounts = accounts(view);
    let teams = join(
        view.teams.iter().take(10).map(|team| escape(&fit(team, 60))),
        ", ",
    );
    let teams = if teams.is_empty() {
        words("none that I know of")
    } else {
        teams
    };
    let zone = view
        .zone
        .map_or_else(|| words("not set in Slack"), |zone| escape(&fit(zone, 60)));
    let mut layout = Layout::new();
    let guest = if view.is_guest {
        words(", a guest in this workspace.")
    } else {
        words(".")
    };
    layout.section(&cat([words("You are "), mention(view.user), guest]));
    layout.section(&cat([bold(words("GitHub")), words("\n"), accounts.clone()]));
    if let Some((login, confidence)) = view.proposal {
        add_proposal(&mut layout, login, confidence);
    }
    layout.fields(&[
        field("Your teams", teams),
        field("Your time zone", zone),
        field("Working hours", hours(view.calendar)),
    ]);
    layout.foot(&cat([
        words("Not right? "),
        typed("link github NAME"),
        words(" corrects it."),
    ]));
    layout.into_message(&cat([
        words("You are "),
        mention(view.user),
        words(". GitHub: "),
        accounts,
    ]))
}

fn field(title: &'static str, text: Mrkdwn) -> Mrkdwn {
    cat([bold(words(title)), words("\n"), text])
}

fn accounts(view: &WhoamiView<'_>) -> Mrkdwn {
    let line = |link: &Link| {
        let since = cat([words(", since "), when(link.linked_at, view.calendar.zone)]);
        cat([
            bold(escape(&fit(link.login.as_str(), 60))),
            words(", "),
            words(origin(link.origin)),
            since,
        ])
    };
    let known = join(view.links.iter().take(10).map(line), "\n");
    if !known.is_empty() {
        return known;
    }
    cat([
        words("No account is linked, so I cannot tell what waits for you. Type "),
        typed("link github NAME"),
        words("."),
    ])
}

fn origin(origin: LinkOrigin) -> &'static str {
    match origin {
        LinkOrigin::Email => "because both accounts have the same e-mail address",
        LinkOrigin::Person => "because you said so",
        LinkOrigin::Configuration => "because the configuration says so",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{calendar, now};
    use crate::transcript::transcript;
    use insta::assert_snapshot;

    #[test]
    fn a_linked_person_sees_their_account_and_why() {
        let link = Link {
            slack_user: "U0ANA".into(),
            login: "ana".into(),
            origin: LinkOrigin::Email,
            linked_at: now(),
        };
        let view = WhoamiView {
            user: &"U0ANA".into(),
            links: &[link],
            proposal: None,
            is_guest: false,
            zone: Some("Europe/Berlin"),
            teams: &["Payments".to_owned()],
            calendar: &calendar(),
        };
        assert_snapshot!(transcript(&message_whoami(&view)), @r"
        (text) You are @U0ANA. GitHub: ana, because both accounts have the same e-mail address, since Fri 21 Nov 15:00
        You are @U0ANA.
        *GitHub*
        *ana*, because both accounts have the same e-mail address, since Fri 21 Nov 15:00
        | *Your teams*: Payments
        | *Your time zone*: Europe/Berlin
        | *Working hours*: Mon–Fri 09:00–17:00, Europe/Berlin
        > Not right? `/em-agent link github NAME` corrects it.
        ");
    }

    #[test]
    fn a_stranger_is_told_how_to_link() {
        let view = WhoamiView {
            user: &"U0NEW".into(),
            links: &[],
            proposal: None,
            is_guest: false,
            zone: None,
            teams: &[],
            calendar: &calendar(),
        };
        assert_snapshot!(transcript(&message_whoami(&view)), @r"
        (text) You are @U0NEW. GitHub: No account is linked, so I cannot tell what waits for you. Type `/em-agent link github NAME`.
        You are @U0NEW.
        *GitHub*
        No account is linked, so I cannot tell what waits for you. Type `/em-agent link github NAME`.
        | *Your teams*: none that I know of
        | *Your time zone*: not set in Slack
        | *Working hours*: Mon–Fri 09:00–17:00, Europe/Berlin
        > Not right? `/em-agent link github NAME` corrects it.
        ");
    }
}
