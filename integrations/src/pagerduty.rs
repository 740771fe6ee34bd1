//! Purpose: the incidents of a PagerDuty account or of one service with their notes, and the postmortems of its status pages,
//! as documents; and what its events say. Source: <https://developer.pagerduty.com/api-reference>.

mod incident;
pub(crate) mod normalise;
pub(crate) mod poller;
mod postmortem;
pub mod webhook;
mod write;

use std::collections::{BTreeSet, VecDeque};

use chrono::{DateTime, SecondsFormat, Utc};
use reqwest::header::{ACCEPT, HeaderMap};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use crate::documents::{Document, DocumentsError};
use crate::rest::{Access, Patience, Rest, Vendor};
use incident::{Incident, Notes};
use postmortem::Postmortems;

pub use write::{IncidentStatus, Paged};

/// Incidents in one answer: the most that PagerDuty gives.
const LIMIT: usize = 100;
/// How deep lists can be read (<https://developer.pagerduty.com/docs/pagination>).
const DEEPEST: usize = 10_000;
const MEDIA_TYPE: &str = "application/vnd.pagerduty+json;version=2";
const VENDOR: Vendor = Vendor {
    name: "PagerDuty",
    token: "PAGERDUTY_TOKEN",
    api_url: "PAGERDUTY_API_URL",
};

/// Reads PagerDuty, and acknowledges and resolves incidents there.
#[derive(Debug)]
pub struct PagerDutyClient {
    rest: Rest,
    /// Who acts, for a token that is nobody's own.
    acting: HeaderMap,
}

impl PagerDutyClient {
    /// A client for `https://api.pagerduty.com`, or `https://api.eu.pagerduty.com`.
    ///
    /// # Errors
    /// The address or the token cannot be used.
    pub fn new(access: &Access, patience: Patience) -> Result<Self, DocumentsError> {
        let authorization = authorization(&access.token);
        Ok(Self {
            rest: Rest::new(VENDOR, &access.api_url, &authorization, patience)?
                .with_header(ACCEPT, MEDIA_TYPE),
            acting: HeaderMap::new(),
        })
    }

    /// The incidents of the account at `address` (`https://ACCOUNT.pagerduty.com`), or of one of its services
    /// (`.../service-directory/ID`), the newest 10,000; with `since` only those to which something happened then or later.
    ///
    /// # Errors
    /// There is no such service in the token's account, or it cannot be read.
    pub async fn incidents(
        &self,
        address: &Url,
        since: Option<DateTime<Utc>>,
    ) -> Result<Incidents<'_>, DocumentsError> {
        let mut path = address.path_segments().into_iter().flatten();
        let service = path.nth(1).map(str::to_owned);
        let found = if let Some(id) = &service {
            let one: OneService = self.rest.get(&format!("/services/{id}"), &[]).await?;
            Some(one.service)
        } else {
            let list: Services = self.rest.get("/services", &[("limit", "1")]).await?;
            list.services.into_iter().next()
        };
        // An account without a service has no incident either.
        if let Some(site) = found.and_then(|service| service.html_url) {
            let site = Url::parse(&site).ok();
            let host = site.as_ref().and_then(Url::host_str).unwrap_or_default();
            if Some(host) != address.host_str() {
                return Err(DocumentsError::Refused(format!(
                    "is another account than that of PAGERDUTY_TOKEN, which leads to {host}"
                )));
            }
        }
        let stage = match since {
            None => Stage::All(0),
            Some(since) => Stage::Changed(since),
        };
        Ok(Incidents {
            client: self,
            service,
            stage,
        })
    }

    /// The incidents to which something happened since then, by id: notes count, which do not change an incident.
    async fn changed(&self, since: DateTime<Utc>) -> Result<VecDeque<String>, DocumentsError> {
        let since = since.to_rfc3339_opts(SecondsFormat::Secs, true);
        let limit = LIMIT.to_string();
        let mut ids = BTreeSet::new();
        let mut read = 0;
        loop {
            let offset = read.to_string();
            let query = [("since", since.as_str()), ("limit", &limit), ("offset", &offset)];
            let entries: Entries = self.rest.get("/log_entries", &query).await?;
            let before = read;
            read += entries.log_entries.len();
            ids.extend(
                entries
                    .log_entries
                    .into_iter()
                    .filter_map(|entry| Some(entry.incident?.id)),
            );
            if !entries.more || read == before || read + LIMIT > DEEPEST {
                break;
            }
        }
        Ok(ids.into_iter().collect())
    }

    async fn document(&self, incident: Incident) -> Result<Document, DocumentsError> {
        let path = format!("/incidents/{}/notes", incident.id);
        let notes: Option<Notes> = self.rest.find(&path).await?;
        Ok(incident.document(notes.map(|notes| notes.notes).unwrap_or_default()))
    }
}

/// How PagerDuty takes tokens: an API key by its own scheme, a token of an app as a bearer token
/// (<https://developer.pagerduty.com/docs/authentication>).
fn authorization(token: &SecretString) -> SecretString {
    let text = token.expose_secret();
    let is_of_app = ["pdus+", "pdeu+"].iter().any(|start| text.starts_with(start));
    SecretString::from(if is_of_app {
        format!("Bearer {text}")
    } else {
        format!("Token token={text}")
    })
}

/// What is read next.
#[derive(Debug)]
enum Stage {
    /// All incidents, from this one on.
    All(usize),
    /// Those to which something happened since then.
    Changed(DateTime<Utc>),
    /// These.
    Named(VecDeque<String>),
    Postmortems(Postmortems),
    End,
}

/// The incidents of one account or service.
#[derive(Debug)]
pub struct Incidents<'a> {
    client: &'a PagerDutyClient,
    service: Option<String>,
    stage: Stage,
}

impl Incidents<'_> {
    /// The next documents, a few at a time, perhaps none; `None` after the last.
    ///
    /// # Errors
    /// They cannot be read; nothing is known of the rest.
    pub async fn next(&mut self) -> Result<Option<Vec<Document>>, DocumentsError> {
        let mut documents = Vec::new();
        self.stage = match std::mem::replace(&mut self.stage, Stage::End) {
            Stage::All(offset) => self.all(offset, &mut documents).await?,
            Stage::Changed(since) => Stage::Named(self.client.changed(since).await?),
            Stage::Named(mut ids) => match ids.pop_front() {
                Some(id) => {
                    documents.extend(self.named(&id).await?);
                    Stage::Named(ids)
                }
                None => Stage::End,
            },
            Stage::Postmortems(mut postmortems) => match postmortems.next(&self.client.rest).await? {
                Some(more) => {
                    documents.extend(more);
                    Stage::Postmortems(postmortems)
                }
                None => Stage::End,
            },
            Stage::End => return Ok(None),
        };
        Ok(Some(documents))
    }

    async fn all(&self, offset: usize, documents: &mut Vec<Document>) -> Result<Stage, DocumentsError> {
        let (limit, from) = (LIMIT.to_string(), offset.to_string());
        let mut query = vec![
            ("date_range", "all"),
            ("sort_by", "created_at:desc"),
            ("limit", &limit),
            ("offset", &from),
        ];
        query.extend(self.service.as_deref().map(|service| ("service_ids[]", service)));
        let page: Page = self.client.rest.get("/incidents", &query).await?;
        let next = offset + page.incidents.len();
        for incident in page.incidents {
            documents.push(self.client.document(incident).await?);
        }
        Ok(match (page.more, &self.service) {
            (true, _) if next > offset && next + LIMIT <= DEEPEST => Stage::All(next),
            // Status pages are the account's, not a service's.
            (_, None) => Stage::Postmortems(Postmortems::default()),
            (_, Some(_)) => Stage::End,
        })
    }

    async fn named(&self, id: &str) -> Result<Option<Document>, DocumentsError> {
        let one: Option<One> = self.client.rest.find(&format!("/incidents/{id}")).await?;
        let is_wanted = |incident: &Incident| self.service.as_ref().is_none_or(|id| incident.is_of(id));
        match one.map(|one| one.incident).filter(is_wanted) {
            Some(incident) => self.client.document(incident).await.map(Some),
            None => Ok(None),
        }
    }
}

#[derive(Debug, Deserialize)]
struct Page {
    incidents: Vec<Incident>,
    #[serde(default)]
    more: bool,
}

#[derive(Debug, Deserialize)]
struct One {
    incident: Incident,
}

#[derive(Debug, Deserialize)]
struct Services {
    services: Vec<Service>,
}

#[derive(Debug, Deserialize)]
struct OneService {
    service: Service,
}

#[derive(Debug, Deserialize)]
struct Service {
    #[serde(default)]
    html_url: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Entries {
    log_entries: Vec<Entry>,
    #[serde(default)]
    more: bool,
}

#[derive(Debug, Deserialize)]
struct Entry {
    #[serde(default)]
    incident: Option<Id>,
}

#[derive(Debug, Deserialize)]
struct Id {
    id: String,
}
