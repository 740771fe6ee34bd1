//! Purpose: changes in GraphQL, and looking before them: what went wrong stands in the body, whatever the status says.
//! Source: <https://linear.app/developers/graphql>, <https://github.com/linear/linear/blob/master/packages/sdk/src/error.ts>.

use reqwest::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{ChangeError, ChangeFailure, Exchange, Purpose, Rest, accepted, unclear, unreadable};

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
#[serde(rename_all = "camelCase")]
struct Extensions {
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    user_presentable_message: Option<String>,
}

impl Rest {
    /// Looks at something by a query before it is changed.
    pub(crate) async fn look_by<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &str,
        variables: &Value,
    ) -> Result<T, ChangeError> {
        self.told(Purpose::Look, path, query, variables).await
    }

    /// Sends a mutation. Only a request that never left is sent again.
    pub(crate) async fn mutate<T: DeserializeOwned>(
        &self,
        path: &str,
        mutation: &str,
        variables: &Value,
    ) -> Result<T, ChangeError> {
        self.told(Purpose::Change, path, mutation, variables).await
    }

    async fn told<T: DeserializeOwned>(
        &self,
        purpose: Purpose,
        path: &str,
        query: &str,
        variables: &Value,
    ) -> Result<T, ChangeError> {
        let body = json!({ "query": query, "variables": variables });
        let request = || self.request(Method::POST, path).json(&body);
        let answer = self.exchange(purpose, request).await?;
        data(purpose, answer).map_err(|failure| self.change_error(failure))
    }
}

fn data<T: DeserializeOwned>(purpose: Purpose, exchange: Exchange) -> Result<T, ChangeFailure> {
    let read = serde_json::from_slice::<Answer>(&exchange.body);
    if let Some(mistake) = read.as_ref().ok().and_then(|answer| answer.errors.first()) {
        return Err(failure(purpose, mistake));
    }
    accepted(purpose, exchange)?;
    read.and_then(|answer| serde_json::from_value(answer.data))
        .map_err(|error| unreadable(purpose, &error))
}

fn failure(purpose: Purpose, mistake: &Mistake) -> ChangeFailure {
    let Mistake {
        message, extensions, ..
    } = mistake;
    let shown = extensions.user_presentable_message.as_ref().unwrap_or(message);
    let shown = shown.trim().trim_end_matches('.').to_owned();
    match extensions.code.as_deref() {
        Some("RATELIMITED") => ChangeFailure::RateLimited { after: None },
        Some("AUTHENTICATION_ERROR") => ChangeFailure::Unauthorized,
        Some("FORBIDDEN") => ChangeFailure::Forbidden { why: shown },
        Some("INTERNAL_SERVER_ERROR") => unclear(purpose, shown),
        // The code says no more than that the input is wrong.
        Some(_) | None if message.starts_with("Entity not found") => ChangeFailure::NotFound,
        Some(_) | None => ChangeFailure::Refused { reason: shown },
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use reqwest::StatusCode;
    use reqwest::header::HeaderMap;

    use super::*;

    fn told(purpose: Purpose, status: u16, body: &str) -> Result<Value, ChangeFailure> {
        let exchange = Exchange {
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::new(),
            body: Bytes::from(body.to_owned()),
        };
        data(purpose, exchange)
    }

    #[test]
    fn what_went_wrong_is_read_from_the_body() {
        let mistake = |code: &str, message: &str| {
            let body = json!({ "errors": [{ "message": message, "extensions": {
                "code": code, "userPresentableMessage": "Shown to people." } }] });
            told(Purpose::Change, 400, &body.to_string()).unwrap_err()
        };
        assert_eq!(
            mistake("INPUT_ERROR", "Entity not found: Issue"),
            ChangeFailure::NotFound
        );
        let reason = "Shown to people".to_owned();
        assert_eq!(mistake("INPUT_ERROR", "x"), ChangeFailure::Refused { reason });
        assert_eq!(mistake("AUTHENTICATION_ERROR", "x"), ChangeFailure::Unauthorized);
        assert_eq!(
            mistake("RATELIMITED", "x"),
            ChangeFailure::RateLimited { after: None }
        );
        let detail = "Shown to people".to_owned();
        assert_eq!(
            mistake("INTERNAL_SERVER_ERROR", "x"),
            ChangeFailure::Ambiguous { detail }
        );
    }

    #[test]
    fn an_answer_without_a_mistake_is_its_data() {
        let body = r#"{"data":{"issue":null}}"#;
        assert_eq!(told(Purpose::Look, 200, body), Ok(json!({ "issue": null })));
        assert_eq!(
            told(Purpose::Change, 401, "<html>"),
            Err(ChangeFailure::Unauthorized)
        );
        let lost = told(Purpose::Change, 200, "<html>");
        assert!(matches!(lost, Err(ChangeFailure::Ambiguous { .. })), "{lost:?}");
    }
}
