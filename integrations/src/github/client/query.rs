//! Purpose: asks GitHub's GraphQL API, where REST does not have what is wanted or needs many more requests. A query changes
//! nothing, so it is sent again where a change would not be.

use backon::{ExponentialBuilder, Retryable};
use chrono::Duration;
use reqwest::Method;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::write::{Answered, Problem};
use super::{GithubClient, GithubError};

/// The pause after a limit that names none
/// (<https://docs.github.com/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api>).
const PAUSE_SECONDS: i64 = 60;

impl GithubClient {
    /// Asks `query`; gives its `data`.
    pub async fn query<T: DeserializeOwned>(&self, query: &str, variables: Value) -> Result<T, GithubError> {
        let url = self.graphql_address()?;
        let body = json!({ "query": query, "variables": variables });
        let pauses = ExponentialBuilder::default()
            .with_jitter()
            .with_min_delay(self.pacing.first_pause)
            .with_max_times(self.pacing.retries);
        let asked = || async {
            let written = self
                .write_once(Method::POST, &url, &body)
                .await
                .map_err(harmless)?;
            written.json::<Answered<Value>>().map_err(harmless)
        };
        let answered = asked
            .retry(pauses)
            .when(|error| matches!(error, GithubError::Unavailable { .. }))
            .notify(|error, pause| tracing::debug!(%error, ?pause, "asking GitHub again"))
            .await?;
        if let Some(problem) = answered.errors.into_iter().next() {
            return Err(self.problem(problem));
        }
        let data = answered.data.unwrap_or_default();
        serde_json::from_value(data).map_err(|error| GithubError::Malformed {
            detail: error.to_string(),
        })
    }

    fn problem(&self, problem: Problem) -> GithubError {
        if problem.kind.as_deref() == Some("RATE_LIMITED") {
            let error = GithubError::RateLimited {
                retry_at: self.clock.now() + Duration::seconds(PAUSE_SECONDS),
            };
            // What the headers said is more exact, if they said anything.
            return self.wait_is_over().err().unwrap_or(error);
        }
        problem.into()
    }
}

/// An answer that did not arrive is no harm: nothing was to be changed.
fn harmless(error: GithubError) -> GithubError {
    match error {
        GithubError::Ambiguous { detail } => GithubError::Unavailable { detail },
        GithubError::Unauthorized
        | GithubError::Forbidden { .. }
        | GithubError::NotFound
        | GithubError::RateLimited { .. }
        | GithubError::Refused { .. }
        | GithubError::Unavailable { .. }
        | GithubError::Malformed { .. } => error,
    }
}
