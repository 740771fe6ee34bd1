//! Purpose: what a system of the team's holds, a few documents at a time, whichever system it is.

use chrono::{DateTime, Utc};
use em_domain::knowledge::SourceKind;
use em_integrations::documents::{Document, DocumentsError};
use em_integrations::github::documents::Threads;
use em_integrations::{confluence, jira, linear, notion, pagerduty};
use url::Url;

use super::{Outside, given, outside, repository};
use crate::source::{Place, SourceError};

/// Documents that are being read.
pub(super) enum Listing<'a> {
    Threads(Threads<'a>),
    Space(confluence::Pages<'a>),
    Project(jira::Issues<'a>),
    Pages(notion::Pages<'a>),
    Team(linear::Issues<'a>),
    Incidents(pagerduty::Incidents<'a>),
}

impl Listing<'_> {
    /// The next documents, a few at a time; `None` after the last.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Document>>, DocumentsError> {
        match self {
            Self::Threads(threads) => threads.next().await,
            Self::Space(pages) => pages.next().await,
            Self::Project(issues) => issues.next().await,
            Self::Pages(pages) => pages.next().await,
            Self::Team(issues) => issues.next().await,
            Self::Incidents(incidents) => incidents.next().await,
        }
    }
}

impl Outside {
    /// Begins to read a place; with `since` only what changed then or later.
    pub(super) async fn listing<'a>(
        &'a self,
        place: &'a Place,
        since: Option<DateTime<Utc>>,
    ) -> Result<Listing<'a>, SourceError> {
        let url =
            Url::parse(&place.location).map_err(|error| SourceError::unreadable(&place.location, &error))?;
        let listing = match place.kind {
            SourceKind::Github => {
                let threads = Threads::new(self.github(place)?, repository(place), since);
                Ok(Listing::Threads(threads))
            }
            SourceKind::Confluence => {
                let client = given(self.confluence.as_ref(), place, "CONFLUENCE_TOKEN")?;
                client.space(&url, since).await.map(Listing::Space)
            }
            SourceKind::Jira => {
                let client = given(self.jira.as_ref(), place, "JIRA_TOKEN")?;
                client.project(&url, since).await.map(Listing::Project)
            }
            SourceKind::Notion => {
                let client = given(self.notion.as_ref(), place, "NOTION_TOKEN")?;
                client.pages(&url, since).await.map(Listing::Pages)
            }
            SourceKind::Linear => {
                let client = given(self.linear.as_ref(), place, "LINEAR_TOKEN")?;
                client.team(&url, since).await.map(Listing::Team)
            }
            SourceKind::PagerDuty => {
                let client = given(self.pagerduty.as_ref(), place, "PAGERDUTY_TOKEN")?;
                client.incidents(&url, since).await.map(Listing::Incidents)
            }
            SourceKind::Folder
            | SourceKind::Git
            | SourceKind::Lines
            | SourceKind::Page
            | SourceKind::Slack
            | SourceKind::Upload => return Err(SourceError::Unsupported(place.kind.as_str())),
        };
        listing.map_err(|error| outside(place, error))
    }
}
