//! Purpose: what the owner of a schedule is told directly: that it does not work, and that a time was missed.

use em_domain::schedule::{FAILURES_UNTIL_PAUSE, Kept, MissedTicks};
use slack_morphism::prelude::SlackMessageContent;

use super::{one, what};
use crate::help::typed;
use crate::limits::fit;
use crate::mrkdwn::{cat, code, sentence, words};
use crate::time::plain_when;

/// It does not work, and why; `None` if it does.
pub fn message_trouble(kept: &Kept) -> Option<SlackMessageContent> {
    let trouble = kept.trouble.as_ref()?;
    let follows = if kept.is_active() {
        sentence(&format!(
            " I try again when it is due next, and pause it after {FAILURES_UNTIL_PAUSE} failures in a row."
        ))
    } else {
        cat([
            sentence(&match kept.failures {
                1 => " I have paused it.".to_owned(),
                times => format!(" That was so {times} times in a row, so I have paused it."),
            }),
            words(" When it is mended: "),
            typed(&format!("schedule resume {}", kept.id)),
        ])
    };
    Some(one(&cat([
        words(":warning: Your schedule "),
        code(kept.id.as_str()),
        words(" ("),
        what(&kept.definition),
        words(") did not work. "),
        sentence(&fit(&trouble.what, 500)),
        follows,
    ])))
}

/// It was not run because nobody was there.
pub fn message_missed(kept: &Kept, missed: &MissedTicks) -> SlackMessageContent {
    let zone = kept.definition.zone;
    let (first, last) = (plain_when(missed.first, zone), plain_when(missed.last, zone));
    let times = match missed.count {
        1 => format!(" was due on {last}, when I was not running. I left it out"),
        count => {
            format!(" was due {count} times while I was not running, from {first} to {last}. I left them out")
        }
    };
    let after = if missed.then_ran {
        words("; the one after that ran.")
    } else {
        words(".")
    };
    one(&cat([
        words("Your schedule "),
        code(kept.id.as_str()),
        words(" ("),
        what(&kept.definition),
        words(")"),
        sentence(&times),
        after,
        words(" To have it now: "),
        typed(&format!("schedule run {}", kept.id)),
    ]))
}
