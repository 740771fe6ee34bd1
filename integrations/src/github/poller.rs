//! Purpose: reads from the REST API what webhooks would have told, for networks that GitHub cannot reach. Emits raw
//! events in the webhooks' shapes, so that one normaliser serves both.
//!
//! One call looks at one repository for a bounded number of requests, so that a huge repository does not starve the
//! others: call again while [`Batch::more`]. Whatever is emitted has a delivery key made from the state that it
//! shows, so reading the same state twice stores nothing new; the cursor only saves requests.

mod activity;
mod cursor;
mod deployments;
mod draft;
mod pulls;
mod runs;
mod visit;
mod walk;

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use em_domain::event::RawEvent;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde::Deserialize;
use serde_json::Value;

pub use cursor::Cursor;

use super::GithubConfig;
use super::client::{GithubClient, GithubError};
use crate::poll::{self, EventIds, Poll, PollError, Step};
use cursor::Organisation;
use visit::Visit;

/// How long a list of an organisation's repositories holds.
const ORGANISATION_LIST_MINUTES: i64 = 60;
/// Pages of an organisation's repositories that are read: 100 on each.
const ORGANISATION_PAGES: usize = 50;

/// What one call brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// In the shapes of webhooks; some may be known already, which their keys show.
    pub events: Vec<RawEvent>,
    /// Where to go on. Store it together with the events, or after them.
    pub cursor: Cursor,
    /// There is more to read at once.
    pub more: bool,
    /// What could not be read. [`GithubError::Unavailable`] among them: leave GitHub alone for a while.
    pub problems: Vec<Problem>,
}

/// Something that could not be read, while the rest could.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The repository or organisation.
    pub name: String,
    /// Why.
    pub error: GithubError,
}

/// Reads the configured repositories.
#[derive(Clone)]
pub struct Poller {
    client: Arc<GithubClient>,
    repositories: Vec<String>,
    organisations: Vec<String>,
    ids: EventIds,
    /// How far back the first look at a repository goes for what is closed; open pull requests are all taken.
    lookback: Duration,
}

impl fmt::Debug for Poller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Poller")
            .field("repositories", &self.repositories)
            .field("organisations", &self.organisations)
            .finish_non_exhaustive()
    }
}

impl Poll for Poller {
    fn source(&self) -> &'static str {
        super::webhook::VENDOR.name
    }

    fn start(&self, since: DateTime<Utc>) -> Value {
        serde_json::to_value(Cursor::starting(since)).unwrap_or_default()
    }

    fn read(&self, place: Option<Value>, now: DateTime<Utc>) -> BoxFuture<'_, Result<Step, PollError>> {
        let cursor = place.and_then(|place| serde_json::from_value(place).ok());
        let step = async move {
            let batch = self.poll(cursor.unwrap_or_default(), now).await?;
            let problems = batch.problems.into_iter().map(|problem| poll::Problem {
                name: problem.name,
                why: format!("cannot be read: {}", problem.error),
            });
            Ok(Step {
                events: batch.events,
                place: serde_json::to_value(batch.cursor).unwrap_or_default(),
                more: batch.more,
                problems: problems.collect(),
            })
        };
        step.boxed()
    }
}

impl From<GithubError> for PollError {
    fn from(error: GithubError) -> Self {
        let retry_at = if let GithubError::RateLimited { retry_at } = &error {
            Some(*retry_at)
        } else {
            None
        };
        let why = error.to_string();
        Self { why, retry_at }
    }
}

impl Poller {
    /// A poller of what `config` names.
    pub fn new(client: Arc<GithubClient>, config: &GithubConfig, ids: EventIds, lookback: Duration) -> Self {
        Self {
            client,
            repositories: config.repositories.clone(),
            organisations: config.organisations.clone(),
            ids,
            lookback,
        }
    }

    /// Reads on from `cursor`.
    ///
    /// # Errors
    /// [`GithubError::Unauthorized`] and [`GithubError::RateLimited`], where nothing can be read at all. What one
    /// repository alone refuses is a [`Problem`] of the batch.
    pub async fn poll(&self, mut cursor: Cursor, now: DateTime<Utc>) -> Result<Batch, GithubError> {
        let mut problems = Vec::new();
        if cursor.queue.is_empty() {
            self.list_organisations(&mut cursor, now, &mut problems).await?;
            cursor.begin_round(&self.repositories, &self.organisations);
        }
        let Some(name) = cursor.queue.pop_front() else {
            return Ok(Batch {
                events: Vec::new(),
                cursor,
                more: false,
                problems,
            });
        };
        let since = cursor.since.unwrap_or(now - self.lookback);
        let state = cursor.repository(&name, since);
        let mut visit = Visit::new(&self.client, &self.ids, now);
        let outcome = visit.look(&name, state).await;
        let is_unfinished = state.is_unfinished();
        problems.extend(visit.problems.into_iter().map(|error| Problem {
            name: name.clone(),
            error,
        }));
        match outcome {
            Ok(()) if is_unfinished => cursor.queue.push_back(name),
            Ok(()) => {}
            // The others may do better; this one has its next turn in the next round.
            Err(error @ GithubError::Unavailable { .. }) => problems.push(Problem { name, error }),
            // Nothing more can be read from anybody, but what was read is kept.
            Err(_) if !visit.events.is_empty() => cursor.queue.push_front(name),
            Err(error) => return Err(error),
        }
        let more = !cursor.queue.is_empty();
        Ok(Batch {
            events: visit.events,
            cursor,
            more,
            problems,
        })
    }

    async fn list_organisations(
        &self,
        cursor: &mut Cursor,
        now: DateTime<Utc>,
        problems: &mut Vec<Problem>,
    ) -> Result<(), GithubError> {
        let fresh_from = now - Duration::minutes(ORGANISATION_LIST_MINUTES);
        for name in &self.organisations {
            if cursor
                .organisations
                .get(name)
                .is_some_and(|known| known.listed_at > fresh_from)
            {
                continue;
            }
            match self.repositories_of(name).await {
                Ok(repositories) => {
                    let listed = Organisation {
                        listed_at: now,
                        repositories,
                    };
                    cursor.organisations.insert(name.clone(), listed);
                }
                Err(error @ (GithubError::Unauthorized | GithubError::RateLimited { .. })) => {
                    return Err(error);
                }
                Err(error) => problems.push(Problem {
                    name: name.clone(),
                    error,
                }),
            }
        }
        Ok(())
    }

    async fn repositories_of(&self, organisation: &str) -> Result<Vec<String>, GithubError> {
        #[derive(Deserialize)]
        struct Listed {
            full_name: String,
            #[serde(default)]
            archived: bool,
            #[serde(default)]
            disabled: bool,
        }
        let mut names = Vec::new();
        let mut path = Some(format!("/orgs/{organisation}/repos?per_page=100"));
        for _ in 0..ORGANISATION_PAGES {
            let Some(address) = path else { break };
            let page = self.client.get(&address).await?;
            let listed: Vec<Listed> = page.json()?;
            let live = listed
                .into_iter()
                .filter(|repository| !repository.archived && !repository.disabled);
            names.extend(live.map(|repository| repository.full_name));
            path = page.next;
        }
        Ok(names)
    }
}
