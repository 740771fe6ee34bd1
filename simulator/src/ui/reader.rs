//! Purpose: for whom a page is drawn: whose names are known, who is looking, in which time zone and when.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, FixedOffset, Utc};

/// Display names by Slack id.
#[derive(Debug, Default, Clone)]
pub(crate) struct Names {
    /// Full names of people and apps by user id.
    pub(crate) people: BTreeMap<String, String>,
    /// Which of `people` are apps.
    pub(crate) apps: BTreeSet<String>,
    /// Channel names, without `#`, by channel id.
    pub(crate) channels: BTreeMap<String, String>,
}

impl Names {
    /// The person's name, or the id itself when nobody has it.
    pub(crate) fn person<'a>(&'a self, id: &'a str) -> &'a str {
        self.people.get(id).map_or(id, String::as_str)
    }

    /// Id and name of everybody who is not an app, as menus list them.
    pub(crate) fn humans(&self) -> impl Iterator<Item = (&str, &str)> {
        self.people
            .iter()
            .filter(|(id, _)| !self.apps.contains(*id))
            .map(|(id, name)| (id.as_str(), name.as_str()))
    }

    /// The channel's name, or the id itself when there is no such channel.
    pub(crate) fn channel<'a>(&'a self, id: &'a str) -> &'a str {
        self.channels.get(id).map_or(id, String::as_str)
    }
}

/// Who looks at the page.
pub(crate) struct Reader<'a> {
    /// Display names for mentions and menus.
    pub(crate) names: &'a Names,
    /// User id of the person looking.
    pub(crate) me: &'a str,
    /// The browser's offset from UTC, so that times read as on the person's clock.
    pub(crate) zone: FixedOffset,
    /// The workspace's present, for "today" and "3 minutes ago".
    pub(crate) now: DateTime<Utc>,
}

#[cfg(test)]
pub(crate) mod tests {
    use chrono::{Offset, TimeZone};

    use super::*;

    /// Calls `f` with Ana (U1) looking at 2026-03-02 12:00 UTC; Ben is U2, #ops is C1.
    pub(crate) fn reader<T>(f: impl FnOnce(&Reader<'_>) -> T) -> T {
        let pairs = |list: &[(&str, &str)]| {
            list.iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect()
        };
        let people = pairs(&[("U1", "Ana Ruiz"), ("U2", "Ben Ode"), ("UB", "Robot")]);
        let names = Names {
            people,
            apps: ["UB".to_owned()].into(),
            channels: pairs(&[("C1", "ops")]),
        };
        let now = Utc.with_ymd_and_hms(2026, 3, 2, 12, 0, 0).unwrap();
        f(&Reader {
            names: &names,
            me: "U1",
            zone: Utc.fix(),
            now,
        })
    }
}
