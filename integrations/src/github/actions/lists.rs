//! Purpose: lists over all their pages.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::github::client::{GithubClient, GithubError, Page};

/// Pages read of one list. A hundred items each: more than anything that is acted upon has.
const PAGES: usize = 50;

/// Reads pages from `first` on, until `look` finds what it looks for.
pub(super) async fn search<T>(
    client: &GithubClient,
    first: String,
    mut look: impl FnMut(&Page) -> Result<Option<T>, GithubError>,
) -> Result<Option<T>, GithubError> {
    let mut address = Some(first);
    for _ in 0..PAGES {
        let Some(path) = address else { return Ok(None) };
        let page = client.get(&path).await?;
        if let Some(found) = look(&page)? {
            return Ok(Some(found));
        }
        address = page.next;
    }
    match address {
        // Saying "it is not there" of a list that was not read to its end would do things twice.
        Some(_) => Err(GithubError::Malformed {
            detail: format!("a list of more than {PAGES} pages"),
        }),
        None => Ok(None),
    }
}

/// All items of a list.
pub(super) async fn all<T: DeserializeOwned>(
    client: &GithubClient,
    first: String,
) -> Result<Vec<T>, GithubError> {
    let mut items = Vec::new();
    search(client, first, |page| {
        items.extend(page.json::<Vec<T>>()?);
        Ok(None::<()>)
    })
    .await?;
    Ok(items)
}

/// All items of a list that stands inside an object, under one of the names that GitHub uses for it.
pub(super) async fn counted<T: DeserializeOwned>(
    client: &GithubClient,
    first: String,
) -> Result<Vec<T>, GithubError> {
    #[derive(Deserialize)]
    #[serde(bound = "T: serde::de::DeserializeOwned")]
    struct Counted<T> {
        #[serde(alias = "check_runs", alias = "workflow_runs", alias = "statuses")]
        rows: Vec<T>,
    }
    let mut items = Vec::new();
    search(client, first, |page| {
        items.extend(page.json::<Counted<T>>()?.rows);
        Ok(None::<()>)
    })
    .await?;
    Ok(items)
}
