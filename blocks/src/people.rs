//! Purpose: how a person is named where it must not ping.
//!
//! Slack notifies whoever is mentioned in a message they can see. A message that only the asker sees (ephemeral,
//! or in their own direct messages) may therefore name others by mention, which shows the name their colleagues
//! know. A posted list may not: it would ping everybody on it. There people appear under their GitHub login, and
//! *Nudge* is the one way to reach them.

use em_domain::id::{Login, SlackUser};

use crate::limits::fit;
use crate::mrkdwn::{Mrkdwn, bold, cat, escape, join, mention, words};

/// How many people are named before "and 2 more".
const NAMED: usize = 3;

/// Finds the Slack user of a GitHub login.
pub type Known<'a> = dyn Fn(&Login) -> Option<SlackUser> + 'a;

/// The people of a message.
#[derive(Clone, Copy)]
pub struct People<'a> {
    known: Option<&'a Known<'a>>,
}

impl std::fmt::Debug for People<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.known.is_some() {
            "People::Private"
        } else {
            "People::Posted"
        })
    }
}

impl<'a> People<'a> {
    /// For a message that only one person sees; `known` finds the Slack user of a GitHub login.
    pub fn private(known: &'a Known<'a>) -> Self {
        Self { known: Some(known) }
    }

    /// For a message that others see too.
    pub fn posted() -> Self {
        Self { known: None }
    }

    /// A person by their GitHub login.
    pub fn name(self, login: &Login) -> Mrkdwn {
        let user = self.known.and_then(|known| known(login));
        user.map_or_else(|| escape(&fit(login.as_str(), 40)), |user| mention(&user))
    }

    /// A person by their Slack user; `None` where a mention would ping.
    pub fn user(self, user: &SlackUser) -> Option<Mrkdwn> {
        self.known.map(|_| mention(user))
    }

    /// Several people, in bold, the first three by name.
    pub fn names(self, logins: &[Login]) -> Mrkdwn {
        list(logins.iter().map(|login| self.name(login)))
    }
}

/// `a, b, c and 2 more`, the names in bold.
pub fn list(names: impl ExactSizeIterator<Item = Mrkdwn>) -> Mrkdwn {
    let more = names.len().saturating_sub(NAMED);
    let shown = join(names.take(NAMED).map(bold), ", ");
    if more == 0 {
        return shown;
    }
    cat([shown, words(" and "), escape(&format!("{more} more"))])
}
