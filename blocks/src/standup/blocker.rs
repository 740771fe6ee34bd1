//! Purpose: what holds people up: the list, the message to whoever is told of it, and its end.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use em_domain::settings::NoticeKind;
use em_domain::standup::{Blocker, BlockerEnd};
use slack_morphism::prelude::SlackMessageContent;

use crate::element::Button;
use crate::help::typed;
use crate::layout::Layout;
use crate::limits::fit;
use crate::mrkdwn::{Mrkdwn, bold, cat, escape, join, link, mention, words};
use crate::settings::mute;
use crate::time::{span, when};

/// Action: it holds nobody up any longer. The value is the blocker.
pub const RESOLVE: &str = "standup.resolve";

/// Blockers shown; older ones come first.
const SHOWN: usize = 15;
/// Characters of what somebody wrote.
const TEXT: usize = 300;

/// When it is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Seen {
    /// The present.
    pub now: DateTime<Utc>,
    /// The team's zone.
    pub zone: Tz,
}

/// The open blockers of one or several standups, each with its standup's name, for one person's eyes.
pub fn message_blockers(blockers: &[Blocker], seen: Seen) -> SlackMessageContent {
    let mut layout = Layout::new();
    if blockers.is_empty() {
        let none = words("Nothing holds anybody up, as far as anybody said in a standup.");
        layout.section(&none);
        return layout.into_message(&none);
    }
    let title = format!("Blocked · {}", blockers.len());
    layout.header(&title);
    for blocker in blockers.iter().take(SHOWN) {
        layout.section(&line(blocker, seen));
        layout.actions([Button::new("Resolved", RESOLVE, blocker.id.as_str()).spoken("This is resolved")]);
    }
    if blockers.len() > SHOWN {
        layout.context(&escape(&format!(
            "… and {} younger ones.",
            blockers.len() - SHOWN
        )));
    }
    layout.foot(&words(
        "A blocker ends by itself when its pull request is merged or closed, or when its owner no longer names it.",
    ));
    layout.into_message(&escape(&title))
}

/// One of them: whom it holds up, what it is, for how long.
pub(crate) fn line(blocker: &Blocker, seen: Seen) -> Mrkdwn {
    let age = span(blocker.age(seen.now), chrono::Duration::days(1));
    let told = blocker
        .escalated_at
        .map(|at| cat([words("told of it "), when(at, seen.zone)]));
    let parts = [
        Some(cat([
            mention(&blocker.owner),
            words(": "),
            in_own_words(blocker, None),
        ])),
        Some(escape(&format!("for {age}"))),
        Some(cat([words("standup of "), escape(&fit(&blocker.standup, 60))])),
        told,
    ];
    join(parts.into_iter().flatten(), " · ")
}

/// What it is in its owner's words, in which the pull request that they name leads to it. `url`: where that is, as far as it is
/// known; people name those of GitHub.
pub(crate) fn in_own_words(blocker: &Blocker, url: Option<&str>) -> Mrkdwn {
    let text = fit(&blocker.text, TEXT);
    let Some(subject) = &blocker.subject else {
        return escape(&text);
    };
    let name = subject.to_string();
    let on_github = || {
        format!(
            "https://github.com/{}/pull/{}",
            subject.repository, subject.number
        )
    };
    let to_it = link(&url.map_or_else(on_github, str::to_owned), &name);
    // A piece of somebody's words loses the blanks at its ends.
    let gap = |is_there: bool| if is_there { words(" ") } else { Mrkdwn::default() };
    match text.split_once(&name) {
        Some((before, after)) => cat([
            escape(before),
            gap(before.ends_with(char::is_whitespace)),
            to_it,
            gap(after.starts_with(char::is_whitespace)),
            escape(after),
        ]),
        None => join([escape(&text), to_it], " · "),
    }
}

/// To whoever is told of blockers that grow old.
pub fn message_escalated(blocker: &Blocker, seen: Seen) -> SlackMessageContent {
    let text = cat([
        mention(&blocker.owner),
        words(" is blocked since "),
        when(blocker.opened_at, seen.zone),
        words(": "),
        in_own_words(blocker, None),
    ]);
    let mut layout = Layout::new();
    layout.section(&bold(words("Can you unblock this?")));
    layout.section(&text);
    layout.actions([
        Button::new("Resolved", RESOLVE, blocker.id.as_str()).spoken("This is resolved"),
        mute(NoticeKind::Blocker),
    ]);
    layout.context(&cat([
        words("You are told once. All of them: "),
        typed("standup blockers"),
    ]));
    layout.into_message(&text)
}

/// In place of a blocker that is over.
pub fn message_resolved(blocker: &Blocker, seen: Seen) -> SlackMessageContent {
    let why = match blocker.end {
        Some(BlockerEnd::Moved) => "its pull request was merged or closed",
        Some(BlockerEnd::Unnamed) => "it was no longer named",
        Some(BlockerEnd::Said) | None => "somebody said so",
    };
    let after = span(blocker.age(seen.now), chrono::Duration::days(1));
    let text = cat([
        words("Resolved after "),
        escape(&after),
        words(": "),
        in_own_words(blocker, None),
        words(" ("),
        words(why),
        words(")"),
    ]);
    let mut layout = Layout::new();
    layout.section(&text);
    layout.into_message(&text)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use em_domain::id::BlockerId;
    use em_domain::standup::named;

    use super::*;

    #[test]
    fn the_pull_request_that_somebody_names_leads_to_it() {
        let shown = |text: &str, url: Option<&str>| {
            let blocker = Blocker {
                id: BlockerId::new(ulid::Ulid::nil()),
                standup: "payments".to_owned(),
                owner: "U1".into(),
                text: text.to_owned(),
                subject: named(text),
                opened_at: DateTime::UNIX_EPOCH,
                escalated_at: None,
                closed_at: None,
                end: None,
            };
            in_own_words(&blocker, url).render(3000).replace('\u{2060}', "")
        };
        assert_eq!(
            shown("Review of <x> (acme/api#12)", None),
            "Review of &lt;x&gt; (<https://github.com/acme/api/pull/12|acme/api#12>)"
        );
        let elsewhere = Some("https://git.example.org/acme/api/-/merge_requests/12");
        assert_eq!(
            shown("acme/api#12 waits", elsewhere),
            "<https://git.example.org/acme/api/-/merge_requests/12|acme/api#12> waits"
        );
        assert_eq!(
            shown("https://github.com/acme/api/pull/12 waits", None),
            "https://github.com/acme/api/pull/12 waits · <https://github.com/acme/api/pull/12|acme/api#12>"
        );
        assert_eq!(shown("The printer", None), "The printer");
    }
}
