//! Purpose: questions in GraphQL, and what goes wrong with them: it stands in the body, whatever the status says.
//! Source: <https://linear.app/developers/graphql>, <https://linear.app/developers/rate-limiting>.

use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{Failure, ReadError, Rest};
use crate::documents::DocumentsError;

#[derive(Debug, Deserialize)]
struct Answer {
    #[serde(default)]
    data: Value,
    #[serde(default)]
    errors: Vec<Mistake>,
}

#[derive(Debug, Deserialize)]
struct Mistake {
    #[serde(default)]
    message: String,
    #[serde(default)]
    extensions: Extensions,
}

#[derive(Debug, Default, Deserialize)]
struct Extensions {
    #[serde(default)]
    code: Option<String>,
}

impl Rest {
    /// Sends a query with its variables to `path`.
    pub(crate) async fn query<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &str,
        variables: &Value,
    ) -> Result<T, DocumentsError> {
        Ok(self.answered(path, query, variables).await?)
    }

    /// Asks for a page of a list by a query.
    pub(crate) async fn page_by_query<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &str,
        variables: &Value,
    ) -> Result<T, ReadError> {
        Ok(self.answered(path, query, variables).await?)
    }

    async fn answered<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &str,
        variables: &Value,
    ) -> Result<T, Failure> {
        let body = json!({ "query": query, "variables": variables });
        let answer = self.ask(|| self.request(Method::POST, path).json(&body)).await?;
        let Answer { data, errors } = self.read(&answer.body).map_err(Failure::Lasting)?;
        let name = self.vendor.name;
        if let Some(mistake) = errors.first() {
            tracing::debug!(vendor = name, mistake = mistake.message, "a query was refused");
            return Err(match status(mistake) {
                Some(status) => self.refusal(status, &answer.headers),
                None => Failure::Lasting(DocumentsError::Unavailable(format!(
                    "cannot be read: {name} refuses the query"
                ))),
            });
        }
        serde_json::from_value(data).map_err(|error| {
            tracing::debug!(%error, vendor = name, "an answer could not be read");
            Failure::Lasting(DocumentsError::Unavailable(format!(
                "cannot be read: {name}'s answer makes no sense; look at {}",
                self.vendor.api_url
            )))
        })
    }
}

/// The status that an answer with 400 means; none if it says nothing that is known.
pub(super) fn meant(body: &[u8]) -> Option<StatusCode> {
    let answer: Answer = serde_json::from_slice(body).ok()?;
    answer.errors.iter().find_map(status)
}

fn status(mistake: &Mistake) -> Option<StatusCode> {
    match mistake.extensions.code.as_deref()? {
        "RATELIMITED" => Some(StatusCode::TOO_MANY_REQUESTS),
        "AUTHENTICATION_ERROR" => Some(StatusCode::UNAUTHORIZED),
        "FORBIDDEN" => Some(StatusCode::FORBIDDEN),
        _ => None,
    }
}
