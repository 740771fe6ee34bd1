//! Purpose: documents beyond this machine: pages of the web, and what systems of the team hold. Each is read as little as
//! it permits: a page only if it changed, threads only if they did since the last look, and once a day all of them, to
//! learn which are gone.

mod listing;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use em_domain::knowledge::SourceKind;
use em_integrations::confluence::ConfluenceClient;
use em_integrations::documents::{Content as Given, Document, DocumentsError};
use em_integrations::github::client::GithubClient;
use em_integrations::github::documents::Threads;
use em_integrations::jira::JiraClient;
use em_integrations::linear::LinearClient;
use em_integrations::notion::NotionClient;
use em_integrations::pagerduty::PagerDutyClient;
use em_integrations::pages::{Fetched, PageClient, Validators};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::Sender;
use url::Url;

use super::{Content, Extent, Item, Original, Place, SourceError};

/// How often everything is listed, to learn what is gone.
const WHOLE_EVERY: TimeDelta = TimeDelta::hours(24);
/// What changed just before the newest change that was seen is read again: lists lag behind.
const OVERLAP: TimeDelta = TimeDelta::minutes(5);

/// What documents beyond this machine are read with. What is not configured is not there.
#[derive(Debug, Clone, Default)]
pub struct Outside {
    /// Pages of the web.
    pub pages: Option<PageClient>,
    /// GitHub.
    pub github: Option<Arc<GithubClient>>,
    /// Confluence.
    pub confluence: Option<Arc<ConfluenceClient>>,
    /// Jira.
    pub jira: Option<Arc<JiraClient>>,
    /// Notion.
    pub notion: Option<Arc<NotionClient>>,
    /// Linear.
    pub linear: Option<Arc<LinearClient>>,
    /// PagerDuty.
    pub pagerduty: Option<Arc<PagerDutyClient>>,
}

/// Where the last reading of a source ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Bookmark {
    /// The version of a page.
    #[serde(default)]
    validators: Validators,
    /// The newest change that was seen.
    #[serde(default)]
    newest: Option<DateTime<Utc>>,
    /// When everything was listed last.
    #[serde(default)]
    whole_at: Option<DateTime<Utc>>,
}

/// What is to be read, and since when.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) place: Place,
    pub(crate) bookmark: Bookmark,
    pub(crate) now: DateTime<Utc>,
}

impl Outside {
    /// Looks whether documents can be read from a place at all.
    pub(crate) async fn check(&self, place: &Place) -> Result<Option<Original>, SourceError> {
        match place.kind {
            SourceKind::Page => {
                let fetched = self.fetch(place, &Validators::default()).await?;
                Ok(match fetched {
                    Fetched::Page(document, _) => Some((*document).into()),
                    Fetched::Unchanged => None,
                })
            }
            SourceKind::Github => {
                let threads = Threads::new(self.github(place)?, repository(place), None);
                let checked = threads.check().await;
                checked.map(|()| None).map_err(|error| outside(place, error))
            }
            SourceKind::Confluence
            | SourceKind::Jira
            | SourceKind::Notion
            | SourceKind::Linear
            | SourceKind::PagerDuty => self.listing(place, None).await.map(|_| None),
            SourceKind::Folder
            | SourceKind::Git
            | SourceKind::Lines
            | SourceKind::Slack
            | SourceKind::Upload => Ok(None),
        }
    }

    /// Sends what is in a place, and says how much of it that was.
    pub(crate) async fn read(
        &self,
        wanted: &Wanted,
        items: &Sender<Item>,
    ) -> Result<(Extent, Bookmark), SourceError> {
        match wanted.place.kind {
            SourceKind::Page => self.read_page(wanted, items).await,
            SourceKind::Github
            | SourceKind::Confluence
            | SourceKind::Jira
            | SourceKind::Notion
            | SourceKind::Linear
            | SourceKind::PagerDuty => self.read_listing(wanted, items).await,
            SourceKind::Folder
            | SourceKind::Git
            | SourceKind::Lines
            | SourceKind::Slack
            | SourceKind::Upload => Err(SourceError::Unsupported(wanted.place.kind.as_str())),
        }
    }

    async fn read_page(
        &self,
        wanted: &Wanted,
        items: &Sender<Item>,
    ) -> Result<(Extent, Bookmark), SourceError> {
        let known = &wanted.bookmark.validators;
        let (item, validators) = match self.fetch(&wanted.place, known).await? {
            Fetched::Unchanged => {
                let name = wanted.place.location.clone();
                (Item::Unchanged { name }, known.clone())
            }
            Fetched::Page(document, validators) => (Item::Document(Box::new((*document).into())), validators),
        };
        items.send(item).await.map_err(|_| SourceError::Stopped)?;
        let bookmark = Bookmark {
            validators,
            ..Bookmark::default()
        };
        Ok((Extent::Whole, bookmark))
    }

    async fn read_listing(
        &self,
        wanted: &Wanted,
        items: &Sender<Item>,
    ) -> Result<(Extent, Bookmark), SourceError> {
        let since = wanted.since();
        let place = &wanted.place;
        let mut listing = self.listing(place, since).await?;
        let mut sent = Sent::new(items, wanted);
        while let Some(documents) = listing.next().await.map_err(|error| outside(place, error))? {
            sent.send(documents).await?;
        }
        Ok(wanted.ended(since, sent.newest))
    }

    async fn fetch(&self, place: &Place, known: &Validators) -> Result<Fetched, SourceError> {
        let pages = self.pages.as_ref();
        let pages = pages.ok_or(SourceError::Unsupported(SourceKind::Page.as_str()))?;
        let url =
            Url::parse(&place.location).map_err(|error| SourceError::unreadable(&place.location, &error))?;
        pages
            .fetch(&url, known)
            .await
            .map_err(|error| outside(place, error))
    }

    fn github(&self, place: &Place) -> Result<&GithubClient, SourceError> {
        given(self.github.as_ref(), place, "GITHUB_TOKEN")
    }
}

/// The client of a system, if it is configured.
fn given<'a, T>(
    client: Option<&'a Arc<T>>,
    place: &Place,
    variable: &'static str,
) -> Result<&'a T, SourceError> {
    client.map(Arc::as_ref).ok_or_else(|| SourceError::NoToken {
        place: place.location.clone(),
        variable,
    })
}

/// Passes documents on, and keeps when the newest of them changed.
struct Sent<'a> {
    items: &'a Sender<Item>,
    newest: Option<DateTime<Utc>>,
}

impl<'a> Sent<'a> {
    fn new(items: &'a Sender<Item>, wanted: &Wanted) -> Self {
        Self {
            items,
            newest: wanted.bookmark.newest,
        }
    }

    async fn send(&mut self, documents: Vec<Document>) -> Result<(), SourceError> {
        for document in documents {
            self.newest = self.newest.max(document.changed_at);
            let item = Item::Document(Box::new(document.into()));
            self.items.send(item).await.map_err(|_| SourceError::Stopped)?;
        }
        Ok(())
    }
}

impl Wanted {
    /// What changed since then is read; none is everything.
    fn since(&self) -> Option<DateTime<Utc>> {
        let whole_at = self.bookmark.whole_at?;
        let newest = self.bookmark.newest?;
        (self.now - whole_at < WHOLE_EVERY).then(|| newest - OVERLAP)
    }

    fn ended(&self, since: Option<DateTime<Utc>>, newest: Option<DateTime<Utc>>) -> (Extent, Bookmark) {
        let (extent, whole_at) = match since {
            None => (Extent::Whole, Some(self.now)),
            Some(_) => (Extent::Part, self.bookmark.whole_at),
        };
        let bookmark = Bookmark {
            newest,
            whole_at,
            ..Bookmark::default()
        };
        (extent, bookmark)
    }
}

/// `OWNER/REPO`
fn repository(place: &Place) -> &str {
    place.location.trim_start_matches("https://github.com/")
}

fn outside(place: &Place, error: DocumentsError) -> SourceError {
    SourceError::Outside {
        place: place.location.clone(),
        error,
    }
}

impl From<Document> for Original {
    fn from(document: Document) -> Self {
        Self {
            name: document.name,
            title: document.title,
            url: document.url,
            author: document.author,
            owners: document.owners,
            changed_at: document.changed_at,
            content: match document.content {
                Given::Markdown(text) => Content::Text(text),
                Given::File { name, bytes } => Content::File { name, bytes },
            },
        }
    }
}
