//! Purpose: what can be done to GitHub, as typed calls: how a thing stands now, and the changes to it.
//!
//! A change is sent at most once; see [`GithubClient::send_json`]. Shapes follow <https://docs.github.com/rest>.

mod ci;
mod deployment;
mod issue;
mod lists;
mod people;
mod pull;
mod subject;
mod workflow;

pub use ci::{Checks, Ci};
pub use deployment::{Decided, Verdict, Waiting};
pub use issue::NewIssue;
pub use pull::{ListedFiles, MergeMethod, Reviewer, Reviews};
pub use subject::{Pull, Subject};
pub use workflow::Run;

use reqwest::Method;

use super::client::{GithubClient, GithubError};

/// A comment or an issue that was written.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
pub struct Placed {
    /// The number of an issue; absent for comments.
    #[serde(default)]
    pub number: Option<i64>,
    /// The page for people.
    #[serde(rename = "html_url")]
    pub url: String,
}

/// An answer of which only the success matters.
async fn done(
    client: &GithubClient,
    method: Method,
    path: &str,
    body: serde_json::Value,
) -> Result<(), GithubError> {
    client.send_json(method, path, &body).await.map(drop)
}

/// A name as part of an address: `needs review` becomes `needs%20review`.
fn part(name: &str) -> String {
    url::form_urlencoded::byte_serialize(name.as_bytes())
        .collect::<String>()
        .replace('+', "%20")
}
