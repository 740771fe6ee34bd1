//! Purpose: what polls which system, from the configuration.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use chrono::TimeDelta;
use em_commands::ctx::Polling as Standing;
use em_domain::clock::SharedClock;
use em_domain::id::EventId;
use em_integrations::github::poller::Poller;
use em_integrations::poll::{EventIds, Poll};
use em_integrations::pollers::{POLLED, Polled, Setup, polled};
use em_integrations::rest::{Access, Patience};
use em_storage::Store;
use tokio::sync::Notify;
use ulid::Ulid;

use super::{github, is_switched_off};
use crate::config::Config;
use crate::config::sections::Sections;
use crate::polling::Polling;

/// GitHub has a section of its own.
const GITHUB: &str = "github";

/// All systems that can be polled.
pub fn polled_names() -> impl Iterator<Item = &'static str> {
    std::iter::once(GITHUB).chain(POLLED.iter().map(|polled| polled.name))
}

/// What an operator sets so that a system is polled.
pub fn how_polled(name: &str) -> String {
    match polled(name) {
        Some(polled) => format!(
            "set {} and list {} in integrations.{name}.poll",
            polled.token_variable(),
            polled.things
        ),
        None => "set GITHUB_TOKEN and github.repositories or github.organisations".to_owned(),
    }
}

/// Whether the configuration has a system polled, or how it could.
pub fn standing(config: &Config, name: &str) -> Standing {
    if is_polled(config, name) {
        Standing::On
    } else if polled_names().any(|polled| polled == name) {
        Standing::Possible(how_polled(name))
    } else {
        Standing::Impossible
    }
}

fn is_polled(config: &Config, name: &str) -> bool {
    if name == GITHUB {
        let github = &config.sections.github;
        let names_any = !(github.repositories.is_empty() && github.organisations.is_empty());
        let has_token = config.secrets.github_token.is_some();
        return github.enabled && has_token && names_any && github.poll_interval_seconds > 0;
    }
    // Without an interval only `backfill` asks.
    setup(config, name).is_some_and(|(_, seconds)| seconds > 0)
}

/// What polls each system that is configured for it; also those that are polled only when somebody asks for it.
///
/// # Errors
/// A client cannot be built from the configuration.
pub fn polling(config: &Config, store: &Store, clock: &SharedClock) -> anyhow::Result<Vec<Polling>> {
    let mut all = Vec::new();
    let mut add = |poller: Arc<dyn Poll>, seconds: u64| {
        all.push(Polling {
            store: store.clone(),
            poller,
            interval: Duration::from_secs(seconds),
            clock: clock.clone(),
            stored: Arc::new(Notify::new()),
        });
    };
    if let Some(poller) = github_poller(config, clock.clone())? {
        add(poller, config.sections.github.poll_interval_seconds);
    }
    for polled in POLLED {
        if let Some((setup, seconds)) = setup(config, polled.name) {
            let poller = polled.poller(setup);
            add(
                poller.with_context(|| format!("{}'s client", polled.name))?,
                seconds,
            );
        }
    }
    Ok(all)
}

fn github_poller(config: &Config, clock: SharedClock) -> anyhow::Result<Option<Arc<dyn Poll>>> {
    let Some(github) = github(config, clock)? else {
        return Ok(None);
    };
    if github.config.repositories.is_empty() && github.config.organisations.is_empty() {
        return Ok(None);
    }
    let lookback = TimeDelta::days(i64::from(config.sections.github.first_look_days));
    let poller = Poller::new(github.client, &github.config, ids(), lookback);
    Ok(Some(Arc::new(poller)))
}

/// How a system is polled and how often, if it is configured and switched on.
fn setup(config: &Config, name: &str) -> Option<(Setup, u64)> {
    let section = config.sections.integrations.get(name)?;
    let access = access(config, name).filter(|_| !section.poll.is_empty())?;
    let setup = Setup {
        access,
        things: section.poll.clone(),
        ids: ids(),
        lookback: TimeDelta::days(i64::from(section.first_look_days)),
        patience: Patience::default(),
    };
    Some((setup, section.poll_interval_seconds))
}

/// How a system that can be polled is asked, if there is a token for it and it is switched on.
pub fn access(config: &Config, name: &str) -> Option<Access> {
    let section = config.sections.integrations.get(name);
    let is_on = section.is_none_or(|section| section.enabled) && !is_switched_off(config, name);
    let token = config.secrets.tokens.get(name).filter(|_| is_on)?;
    let api_url = api_url(&config.sections, polled(name)?);
    (!api_url.is_empty()).then(|| Access {
        api_url,
        token: token.clone(),
    })
}

/// Where a system's API is: as configured, where its documents are read too, else where it is for everybody.
pub fn api_url(sections: &Sections, polled: &Polled) -> String {
    let documents = match polled.name {
        "jira" => sections.jira.api_url.as_str(),
        "linear" => sections.linear.api_url.as_str(),
        "pagerduty" => sections.pagerduty.api_url.as_str(),
        _ => "",
    };
    let own = sections
        .integrations
        .get(polled.name)
        .map_or("", |section| section.api_url.as_str());
    [own, documents, polled.api_url]
        .into_iter()
        .find(|url| !url.is_empty())
        .unwrap_or_default()
        .to_owned()
}

fn ids() -> EventIds {
    Arc::new(|| EventId::new(Ulid::new()))
}
