//! Purpose: pull requests that changed, with their reviews and commits; and whether the open ones still merge.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::cursor::{OpenPull, RepositoryCursor};
use super::draft::{Draft, part};
use super::visit::{Target, Visit, outline};
use super::walk::Walk;
use crate::github::client::GithubError;
use crate::github::normalise::COMMITS;
use crate::github::payload::Numbered;

/// Pull requests per page. Each costs three requests, so a look costs about a hundred.
const PULLS_PER_LOOK: usize = 25;
/// Open pull requests that are asked again per look whether they merge: the base moves under them without a sign.
const MERGEABILITY_PER_LOOK: usize = 20;

/// What the list says.
#[derive(Debug, Deserialize)]
struct Listed {
    number: i64,
    updated_at: DateTime<Utc>,
}

/// What the pull request by itself says.
#[derive(Debug, Deserialize, Serialize)]
struct Outline {
    number: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    #[serde(skip_serializing)]
    state: String,
    #[serde(skip_serializing)]
    mergeable: Option<bool>,
    #[serde(skip_serializing)]
    head: Head,
}

#[derive(Debug, Deserialize)]
struct Head {
    sha: String,
}

#[derive(Debug, Deserialize)]
struct Review {
    id: i64,
    state: String,
}

/// The parts of a commit that are read; the rest would be most of what is stored.
#[derive(Debug, Deserialize, Serialize)]
struct ListedCommit {
    sha: String,
    commit: Signed,
    author: Option<Account>,
}

#[derive(Debug, Deserialize, Serialize)]
struct Signed {
    author: Option<Signature>,
    committer: Option<Signature>,
}

#[derive(Debug, Deserialize, Serialize)]
struct Signature {
    email: Option<String>,
    date: Option<String>,
}

#[derive(Debug, Deserialize, Serialize)]
struct Account {
    login: Option<String>,
}

impl Visit<'_> {
    /// A page of what changed; at first, all that is open as well.
    pub(super) async fn pulls(
        &mut self,
        target: &Target,
        cursor: &mut RepositoryCursor,
    ) -> Result<(), GithubError> {
        if !cursor.has_all_open {
            let mut walk = cursor.open_walk.clone();
            self.page_of_pulls(target, cursor, (&mut walk, "open")).await?;
            cursor.has_all_open = !walk.is_under_way();
            cursor.open_walk = walk;
        }
        let mut walk = cursor.pulls.clone();
        self.page_of_pulls(target, cursor, (&mut walk, "all")).await?;
        cursor.pulls = walk;
        Ok(())
    }

    async fn page_of_pulls(
        &mut self,
        target: &Target,
        cursor: &mut RepositoryCursor,
        (walk, state): (&mut Walk, &str),
    ) -> Result<(), GithubError> {
        let list = format!("pulls?state={state}&sort=updated&direction=desc&per_page={PULLS_PER_LOOK}");
        let page = self.client.get(&walk.page(target.path(&list))).await?;
        let listed: Vec<Listed> = page.json()?;
        let is_first_walk = walk.goes_back_to(cursor.since);
        for pull in listed.iter().filter(|pull| walk.takes(pull.updated_at)) {
            let known = cursor
                .open
                .get(&pull.number)
                .filter(|known| known.updated_at == pull.updated_at);
            // The first walk over everything finds again what the walk over all open ones has just read.
            if known.is_none() || !is_first_walk {
                self.pull_with_all(target, cursor, pull.number).await?;
            }
        }
        let times: Vec<DateTime<Utc>> = listed.iter().map(|pull| pull.updated_at).collect();
        walk.advance(&times, page.next);
        Ok(())
    }

    /// One pull request, its reviews and its commits.
    async fn pull_with_all(
        &mut self,
        target: &Target,
        cursor: &mut RepositoryCursor,
        number: i64,
    ) -> Result<(), GithubError> {
        let is_first_look = !cursor.has_all_open;
        let page = self.client.get(&target.path(&format!("pulls/{number}"))).await?;
        let detail: Box<RawValue> = page.json()?;
        let outline: Outline = outline(&detail)?;
        self.reviews(target, number).await?;
        self.commits(target, &outline).await?;
        if is_first_look && outline.state == "open" {
            self.runs_on(target, cursor, &outline.head.sha).await?;
            if outline.created_at < cursor.since {
                self.issue_events_of(target, number).await?;
            }
        }
        // Last, because from here on the pull request counts as read.
        self.pull(target, cursor, (&outline, &detail))
    }

    fn pull(
        &mut self,
        target: &Target,
        cursor: &mut RepositoryCursor,
        (pull, detail): (&Outline, &RawValue),
    ) -> Result<(), GithubError> {
        let known = cursor
            .open
            .get(&pull.number)
            .and_then(|known| Some((known.mergeable?, known.mergeable_since)));
        let (mergeable, since) = match (known, pull.mergeable) {
            (Some((was, since)), Some(is)) if was == is => (Some(is), since),
            // Nothing else may have changed: the base moved. Now is the first that is known of it.
            (Some(_), Some(is)) => (Some(is), self.now),
            (None, is) => (is, pull.updated_at),
            (Some((was, since)), None) => (Some(was), since),
        };
        let (name, number, updated_at) = (&target.name, pull.number, pull.updated_at.timestamp());
        let says = match pull.mergeable {
            Some(mergeable) => format!("{mergeable}@{}", since.timestamp()),
            None => "unknown".to_owned(),
        };
        self.emit(&Draft {
            event_type: "pull_request",
            state: format!("{name}#{number}:{updated_at}:{says}"),
            parts: &[
                ("pull_request", detail),
                ("polled_at", &*part(&since)?),
                ("repository", &target.about),
            ],
        });
        if pull.state == "open" {
            let seen = OpenPull {
                updated_at: pull.updated_at,
                mergeable,
                mergeable_since: since,
                read_at: self.now,
            };
            cursor.open.insert(number, seen);
        } else {
            cursor.open.remove(&number);
        }
        Ok(())
    }

    async fn reviews(&mut self, target: &Target, number: i64) -> Result<(), GithubError> {
        let path = target.path(&format!("pulls/{number}/reviews?per_page=100"));
        for review in self.whole_list(path).await? {
            let Review { id, state } = outline(&review)?;
            self.emit(&Draft {
                event_type: "pull_request_review",
                state: format!("{}#{number}:{id}:{state}", target.name),
                parts: &[
                    ("review", &review),
                    ("pull_request", &*part(&Numbered { number })?),
                    ("repository", &target.about),
                ],
            });
        }
        Ok(())
    }

    async fn commits(&mut self, target: &Target, pull: &Outline) -> Result<(), GithubError> {
        let path = target.path(&format!("pulls/{}/commits?per_page=100", pull.number));
        let listed = self.whole_list(path).await?;
        let commits: Vec<ListedCommit> = listed
            .iter()
            .map(|commit| outline(commit))
            .collect::<Result<_, _>>()?;
        self.emit(&Draft {
            event_type: COMMITS,
            state: format!("{}#{}:{}", target.name, pull.number, pull.head.sha),
            parts: &[
                ("pull_request", &*part(pull)?),
                ("commits", &*part(&commits)?),
                ("repository", &target.about),
            ],
        });
        Ok(())
    }

    /// Asks some open pull requests again, those first that are not known to merge or not, then the longest unasked.
    pub(super) async fn mergeability(
        &mut self,
        target: &Target,
        cursor: &mut RepositoryCursor,
    ) -> Result<(), GithubError> {
        let mut due: Vec<(bool, DateTime<Utc>, i64)> = cursor
            .open
            .iter()
            .filter(|(_, pull)| pull.read_at < self.now)
            .map(|(number, pull)| (pull.mergeable.is_some(), pull.read_at, *number))
            .collect();
        due.sort_unstable();
        for (_, _, number) in due.into_iter().take(MERGEABILITY_PER_LOOK) {
            match self.client.get(&target.path(&format!("pulls/{number}"))).await {
                Ok(page) => {
                    let detail: Box<RawValue> = page.json()?;
                    let pull: Outline = outline(&detail)?;
                    // One that changed otherwise is for the next walk, which reads its reviews too.
                    match cursor
                        .open
                        .get_mut(&number)
                        .filter(|known| known.updated_at != pull.updated_at)
                    {
                        Some(known) => known.read_at = self.now,
                        None => self.pull(target, cursor, (&pull, &detail))?,
                    }
                }
                Err(GithubError::NotFound) => drop(cursor.open.remove(&number)),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
