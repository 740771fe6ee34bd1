//! Purpose: the systems that are polled besides GitHub, a line each: what the operator names of them, and what is built of it.

use std::sync::Arc;

use chrono::TimeDelta;

use crate::documents::DocumentsError;
use crate::poll::feed::{Feed, Feeds};
use crate::poll::{EventIds, Poll};
use crate::rest::{Access, Patience};
use crate::{argocd, circleci, datadog, gitlab, jira, linear, pagerduty, sentry, shortcut};

/// A system that can be polled.
pub struct Polled {
    /// As in the path of its webhooks.
    pub name: &'static str,
    /// Where its API is for everybody; empty where each team has its own.
    pub api_url: &'static str,
    /// What the operator lists: "projects, as group/project".
    pub things: &'static str,
    make: fn(Setup) -> Result<Arc<dyn Poll>, DocumentsError>,
}

/// What a poller is built from.
pub struct Setup {
    /// Where and with which token.
    pub access: Access,
    /// What is read, in the vendor's own names.
    pub things: Vec<String>,
    /// Where the ids of new events come from.
    pub ids: EventIds,
    /// How far the first look goes back.
    pub lookback: TimeDelta,
    /// How patient the client is.
    pub patience: Patience,
}

impl Polled {
    /// The variable that holds its token: `GITLAB_TOKEN`.
    pub fn token_variable(&self) -> String {
        format!("{}_TOKEN", self.name.to_ascii_uppercase())
    }

    /// What polls it.
    ///
    /// # Errors
    /// The address or the token cannot be used.
    pub fn poller(&self, setup: Setup) -> Result<Arc<dyn Poll>, DocumentsError> {
        (self.make)(setup)
    }
}

/// All of them, by their names.
pub const POLLED: &[Polled] = &[
    Polled {
        name: "argocd",
        api_url: "",
        things: "applications by name, projects as project/NAME, or * for all",
        make: |setup| reading(setup, argocd::poller::feed),
    },
    Polled {
        name: "circleci",
        api_url: "https://circleci.com/api/v2",
        things: "projects by their slug, as gh/acme/shop",
        make: |setup| reading(setup, circleci::poller::feed),
    },
    Polled {
        name: "datadog",
        api_url: "https://api.datadoghq.com",
        things: "monitors, by tags as in service:checkout, or * for all",
        make: |setup| reading(setup, datadog::poller::feed),
    },
    Polled {
        name: "gitlab",
        api_url: "https://gitlab.com/api/v4",
        things: "projects, as group/project",
        make: |setup| reading(setup, gitlab::poller::feed),
    },
    Polled {
        name: "jira",
        api_url: "",
        things: "keys of projects, or * for all",
        make: |setup| reading(setup, jira::poller::feed),
    },
    Polled {
        name: "linear",
        api_url: "https://api.linear.app",
        things: "keys of teams, or * for all",
        make: |setup| reading(setup, linear::poller::feed),
    },
    Polled {
        name: "pagerduty",
        api_url: "https://api.pagerduty.com",
        things: "services by their id, or * for all",
        make: |setup| reading(setup, pagerduty::poller::feed),
    },
    Polled {
        name: "sentry",
        api_url: "https://sentry.io",
        things: "organisations, or projects as organisation/project",
        make: |setup| reading(setup, sentry::poller::feed),
    },
    Polled {
        name: "shortcut",
        api_url: "https://api.app.shortcut.com",
        things: "mention names of teams, or * for the whole workspace",
        make: |setup| reading(setup, shortcut::poller::feed),
    },
];

/// The system of this name, if it can be polled in this way.
pub fn polled(name: &str) -> Option<&'static Polled> {
    POLLED.iter().find(|polled| polled.name == name)
}

/// A feed over what was set up.
fn reading<F: Feed + 'static>(
    setup: Setup,
    feed: fn(&Access, Patience) -> Result<F, DocumentsError>,
) -> Result<Arc<dyn Poll>, DocumentsError> {
    let feed = feed(&setup.access, setup.patience)?;
    let feeds = Feeds::new(feed, setup.things, setup.ids, setup.lookback);
    Ok(Arc::new(feeds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vendors::vendor;

    #[test]
    fn names_are_those_of_webhooks_in_order_and_once() {
        let names: Vec<&str> = POLLED.iter().map(|polled| polled.name).collect();
        assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
        for name in names {
            assert!(vendor(name).is_some(), "{name}");
            assert_eq!(polled(name).map(|polled| polled.name), Some(name));
        }
        assert!(polled("github").is_none(), "GitHub has a section of its own");
    }
}
