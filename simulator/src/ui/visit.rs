//! Purpose: who is looking at what: read from the address and, for what lasts, from cookies.
//!
//! The person is in the address, so two browser tabs can be two people.

use std::collections::BTreeMap;

use axum::http::HeaderMap;
use axum::http::header::COOKIE;
use chrono::{DateTime, FixedOffset, Offset, Utc};
use serde::Deserialize;

use super::html::escape;
use super::reader::{Names, Reader};
use crate::workspace::{Channel, Person, Workspace};

/// The query of the page's address; everything may be absent.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Query {
    /// Who looks: a user id or handle.
    #[serde(rename = "as")]
    person: Option<String>,
    /// What they look at: a channel, `app` (messages with the app) or `home`.
    at: Option<String>,
    /// The thread that is open beside it.
    thread: Option<String>,
    /// `light` or `dark`, instead of what the system says.
    theme: Option<String>,
}

/// What fills the middle of the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Spot {
    /// A channel, by id.
    Channel(String),
    /// The direct messages with the app.
    Messages,
    /// The App Home.
    Home,
}

impl Spot {
    /// Its name in addresses.
    pub(crate) fn key(&self) -> &str {
        match self {
            Self::Channel(id) => id,
            Self::Messages => "app",
            Self::Home => "home",
        }
    }
}

/// One look at the page.
#[derive(Debug)]
pub(crate) struct Visit {
    /// User id of the person looking.
    pub(crate) me: String,
    /// What they look at.
    pub(crate) spot: Spot,
    /// The message whose thread is open.
    pub(crate) thread: Option<String>,
    /// `light` or `dark` when chosen.
    pub(crate) theme: Option<&'static str>,
    names: Names,
    zone: FixedOffset,
    now: DateTime<Utc>,
}

impl Visit {
    /// Finds out what is meant; what does not exist falls back to the first person and channel.
    pub(crate) fn new(query: &Query, headers: &HeaderMap, w: &Workspace) -> Self {
        let asked = query.person.clone().or_else(|| cookie(headers, "as"));
        let known = asked
            .as_deref()
            .and_then(|key| w.person(key))
            .filter(|p| is_present(p));
        let me = known
            .or_else(|| people(w).next())
            .map(|p| p.id.clone())
            .unwrap_or_default();
        let spot = spot(query.at.as_deref(), &me, w);
        let thread = query.thread.clone().filter(|ts| {
            channel_id(&spot, &me, w)
                .and_then(|channel| w.message(channel, ts))
                .is_some_and(|m| m.visible_to(&me))
        });
        let theme = query.theme.clone().or_else(|| cookie(headers, "theme"));
        let theme = ["light", "dark"]
            .into_iter()
            .find(|known| theme.as_deref() == Some(known));
        let minutes = cookie(headers, "zone")
            .and_then(|m| m.parse::<i32>().ok())
            .unwrap_or(0);
        let zone = minutes
            .checked_mul(60)
            .and_then(FixedOffset::east_opt)
            .unwrap_or_else(|| Utc.fix());
        let now = DateTime::from_timestamp_micros(w.time.micros()).unwrap_or_default();
        Self {
            me,
            spot,
            thread,
            theme,
            names: names(w),
            zone,
            now,
        }
    }

    /// For whom texts are drawn.
    pub(crate) fn reader(&self) -> Reader<'_> {
        Reader {
            names: &self.names,
            me: &self.me,
            zone: self.zone,
            now: self.now,
        }
    }

    /// The address of another spot, as the same person; escaped for an attribute.
    pub(crate) fn link(&self, spot: &str, thread: Option<&str>) -> String {
        address(&self.me, spot, thread)
    }

    /// The channel that is shown, if one is; the messages with the app may not have begun.
    pub(crate) fn channel<'w>(&self, w: &'w Workspace) -> Option<&'w Channel> {
        channel_id(&self.spot, &self.me, w).and_then(|id| w.channel(id))
    }
}

/// The address of a spot as somebody sees it; escaped for an attribute.
pub(crate) fn address(person: &str, spot: &str, thread: Option<&str>) -> String {
    let pairs = [("as", Some(person)), ("at", Some(spot)), ("thread", thread)];
    let query = serde_urlencoded::to_string(
        pairs
            .into_iter()
            .filter_map(|(k, v)| Some((k, v?)))
            .collect::<Vec<_>>(),
    );
    escape(&format!("/?{}", query.unwrap_or_default()))
}

/// Everybody one can be.
pub(crate) fn people(w: &Workspace) -> impl Iterator<Item = &Person> {
    w.people.iter().filter(|p| is_present(p))
}

/// The channels a person is in.
pub(crate) fn channels<'w>(w: &'w Workspace, me: &str) -> impl Iterator<Item = &'w Channel> {
    w.channels
        .iter()
        .filter(move |c| !c.is_direct() && !c.is_archived && c.has(me))
}

fn is_present(person: &Person) -> bool {
    !person.is_bot && !person.is_deleted
}

fn spot(asked: Option<&str>, me: &str, w: &Workspace) -> Spot {
    match asked {
        Some("home") => Spot::Home,
        Some("app") => Spot::Messages,
        Some(key) if w.channel(key).is_some_and(|c| c.is_direct() && c.has(me)) => Spot::Messages,
        _ => {
            let known = asked
                .and_then(|key| w.channel(key))
                .filter(|c| c.has(me) && !c.is_direct());
            known
                .or_else(|| channels(w, me).next())
                .map_or(Spot::Messages, |c| Spot::Channel(c.id.clone()))
        }
    }
}

fn channel_id<'a>(spot: &'a Spot, me: &str, w: &'a Workspace) -> Option<&'a str> {
    match spot {
        Spot::Channel(id) => Some(id),
        Spot::Messages => w.direct_with(me).map(|c| c.id.as_str()),
        Spot::Home => None,
    }
}

fn names(w: &Workspace) -> Names {
    Names {
        people: w
            .people
            .iter()
            .map(|p| (p.id.clone(), p.real_name.clone()))
            .collect::<BTreeMap<_, _>>(),
        apps: w
            .people
            .iter()
            .filter(|p| !is_present(p))
            .map(|p| p.id.clone())
            .collect(),
        channels: w
            .channels
            .iter()
            .filter(|c| !c.is_direct())
            .map(|c| (c.id.clone(), c.name.clone()))
            .collect(),
    }
}

fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let all = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|v| v.split(';'));
    all.filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
}
