//! Purpose: what Datadog's event list tells of monitors since the last look, as the template of our documentation would have
//! told it.
//!
//! Source: <https://docs.datadoghq.com/api/latest/events/get-a-list-of-events/> (v2). That version tells the key of the alert's
//! cycle and the event's id, which webhooks know as `$ALERT_CYCLE_KEY` and `$ID`: so both tell of one incident, by one event.

mod event;

use reqwest::header::HeaderName;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use url::Url;

use crate::documents::DocumentsError;
use crate::poll::feed::{At, Feed, Page};
use crate::rest::{Access, Patience, ReadError, Rest, Vendor};
use event::Event;

const VENDOR: Vendor = Vendor {
    name: "Datadog",
    token: "DATADOG_TOKEN",
    api_url: "api_url in [integrations.datadog]",
};
const API_KEY: HeaderName = HeaderName::from_static("dd-api-key");
const APPLICATION_KEY: HeaderName = HeaderName::from_static("dd-application-key");

/// Stands for all monitors.
const ALL: &str = "*";
/// What monitors tell, among deployments, comments and the like.
const OF_MONITORS: &str = "source:alert";
/// Events in one answer: a fifth of what Datadog gives at most, for each is some kilobytes.
const LIMIT: &str = "200";
/// No query that a person writes is longer.
const MAX_QUERY_CHARS: usize = 1_000;

/// The events of an organisation's monitors.
pub(crate) struct Monitors {
    rest: Rest,
    /// Where people see monitors, if that is known from where the API is.
    site: Option<String>,
}

/// Reads events with `API_KEY:APPLICATION_KEY`.
pub(crate) fn feed(access: &Access, patience: Patience) -> Result<Monitors, DocumentsError> {
    let Some((api_key, application_key)) = access.token.expose_secret().split_once(':') else {
        let why = format!("cannot be read: {} must be API_KEY:APPLICATION_KEY", VENDOR.token);
        return Err(DocumentsError::Refused(why));
    };
    let (api_key, application_key) = (SecretString::from(api_key), SecretString::from(application_key));
    let keys = [(API_KEY, &api_key), (APPLICATION_KEY, &application_key)];
    Ok(Monitors {
        rest: Rest::keyed(VENDOR, &access.api_url, &keys, patience)?,
        site: site(&access.api_url),
    })
}

/// `https://app.datadoghq.com` of `https://api.datadoghq.com`, `https://us3.datadoghq.com` of `https://api.us3.datadoghq.com`
/// (<https://docs.datadoghq.com/getting_started/site/>).
fn site(api_url: &str) -> Option<String> {
    let api_url = Url::parse(api_url).ok()?;
    let host = api_url.host_str()?.strip_prefix("api.")?;
    let has_own_name = host.matches('.').count() > 1;
    Some(if has_own_name {
        format!("https://{host}")
    } else {
        format!("https://app.{host}")
    })
}

impl Feed for Monitors {
    const SOURCE: &'static str = "datadog";
    const LISTS: &'static [&'static str] = &["alerts"];

    async fn page(&self, at: At<'_>) -> Result<Page, ReadError> {
        let query = query(at.thing)?;
        let since = at.since.timestamp_millis().to_string();
        let mut asked = vec![
            ("filter[query]", query.as_str()),
            ("filter[from]", &since),
            ("sort", "timestamp"),
            ("page[limit]", LIMIT),
        ];
        asked.extend(at.next.map(|cursor| ("page[cursor]", cursor)));
        let list: List = self.rest.page("/api/v2/events", &asked).await?.body;
        // Of the last page, too, a cursor is told.
        let after = list.meta.and_then(|meta| meta.page).and_then(|page| page.after);
        let next = after.filter(|after| !after.is_empty() && !list.data.is_empty());
        Ok(Page {
            newest: list.data.iter().filter_map(Event::at).max(),
            drafts: list
                .data
                .iter()
                .filter_map(|event| event.draft(self.site.as_deref()))
                .collect(),
            unsettled: None,
            next,
        })
    }
}

fn query(thing: &str) -> Result<String, ReadError> {
    if thing == ALL {
        return Ok(OF_MONITORS.to_owned());
    }
    let is_query = !thing.trim().is_empty()
        && thing.chars().count() <= MAX_QUERY_CHARS
        && !thing.contains(char::is_control);
    if is_query {
        Ok(format!("{OF_MONITORS} ({})", thing.trim()))
    } else {
        Err(ReadError::Refused(format!(
            "cannot be read: write tags as in Datadog's search, as in service:checkout, or {ALL} for all monitors"
        )))
    }
}

#[derive(Debug, Deserialize)]
struct List {
    #[serde(default)]
    data: Vec<Event>,
    meta: Option<Meta>,
}

#[derive(Debug, Deserialize)]
struct Meta {
    page: Option<Cursor>,
}

#[derive(Debug, Deserialize)]
struct Cursor {
    after: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_asked_of_monitors_alone() {
        assert_eq!(query("*").unwrap(), "source:alert");
        assert_eq!(
            query(" service:a OR service:b ").unwrap(),
            "source:alert (service:a OR service:b)"
        );
        for odd in ["", " ", "a\nb", &"x".repeat(1_001)] {
            assert!(matches!(query(odd), Err(ReadError::Refused(_))), "{odd}");
        }
    }

    #[test]
    fn people_see_monitors_beside_the_api() {
        for (api_url, expected) in [
            ("https://api.datadoghq.com", Some("https://app.datadoghq.com")),
            ("https://api.datadoghq.eu/", Some("https://app.datadoghq.eu")),
            ("https://api.us3.datadoghq.com", Some("https://us3.datadoghq.com")),
            ("http://127.0.0.1:80", None),
        ] {
            assert_eq!(site(api_url).as_deref(), expected, "{api_url}");
        }
    }
}
