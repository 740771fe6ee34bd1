//! Purpose: what a request says, read strictly: a field that is not known is refused by its name, so that nobody believes
//! to have said something that was passed over.

use axum::body::Bytes;
use axum::extract::{FromRequest, Path, Request};
use axum::http::{StatusCode, Uri};
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::problem::Problem;

/// The body of a request, as it came.
pub(super) struct Sent(Bytes);

impl<S: Send + Sync> FromRequest<S> for Sent {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match Bytes::from_request(request, state).await {
            Ok(body) => Ok(Self(body)),
            Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => Err(Problem::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "The body is larger than accepted here. Send less at once.",
            )),
            Err(_) => Err(Problem::new(
                StatusCode::BAD_REQUEST,
                "The body did not arrive whole.",
            )),
        }
    }
}

impl Sent {
    /// As JSON.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        let mut text = serde_json::Deserializer::from_slice(&self.0);
        let value = serde_path_to_error::deserialize(&mut text).map_err(|error| {
            let path = error.path().to_string();
            let inner = error.into_inner();
            match inner.classify() {
                Category::Syntax | Category::Eof | Category::Io => {
                    Problem::new(StatusCode::BAD_REQUEST, format!("The body is not JSON: {inner}."))
                }
                Category::Data => fault(&path, &inner),
            }
        })?;
        text.end().map_err(|error| {
            let detail = format!("After the JSON comes something else: {error}.");
            Problem::new(StatusCode::BAD_REQUEST, detail)
        })?;
        Ok(value)
    }

    /// As JSON; without a body, as if nothing had been said.
    pub(super) fn json_or_default<T: DeserializeOwned + Default>(&self) -> Result<T, Problem> {
        if self.0.trim_ascii().is_empty() {
            return Ok(T::default());
        }
        self.json()
    }

    /// Whether it is an array.
    pub(super) fn is_array(&self) -> bool {
        self.0.trim_ascii_start().starts_with(b"[")
    }
}

/// What stands behind the question mark.
pub(super) fn query<T: DeserializeOwned>(uri: &Uri) -> Result<T, Problem> {
    let pairs = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let text = serde_urlencoded::Deserializer::new(pairs);
    serde_path_to_error::deserialize(text).map_err(|error| {
        let path = error.path().to_string();
        fault(&path, &error.into_inner())
    })
}

fn fault(path: &str, why: &impl ToString) -> Problem {
    let why = why.to_string();
    // The position in the text helps nobody who sent a value.
    let why = why.split(" at line ").next().unwrap_or_default();
    Problem::unprocessable(if path == "." {
        format!("{}.", upper(why))
    } else {
        format!("`{path}`: {why}.")
    })
}

fn upper(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

/// One part of the address, with `%2F` and its like read.
pub(super) type Named = Path<String>;

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Asked {
        #[serde(default)]
        k: u8,
    }

    fn sent(text: &str) -> Sent {
        Sent(Bytes::copy_from_slice(text.as_bytes()))
    }

    async fn told(problem: Problem) -> (u16, String) {
        let response = problem.into_response();
        let status = response.status().as_u16();
        let body = axum::body::to_bytes(response.into_body(), 9_999).await.unwrap();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        (status, body["detail"].as_str().unwrap().to_owned())
    }

    #[tokio::test]
    async fn what_is_wrong_with_a_body_is_named() {
        assert_eq!(sent(r#"{"k": 3}"#).json::<Asked>().unwrap(), Asked { k: 3 });
        assert_eq!(sent(" \n").json_or_default::<Asked>().unwrap(), Asked { k: 0 });
        for (text, status, words) in [
            ("{", 400, "not JSON"),
            ("{} x", 400, "something else"),
            (r#"{"k": "x"}"#, 422, "`k`: invalid type"),
            (r#"{"k": 300}"#, 422, "`k`: invalid value"),
            (r#"{"q": 1}"#, 422, "unknown field `q`"),
            ("[]x", 400, "something else"),
            ("7", 422, "nvalid type"),
        ] {
            let (told_status, detail) = told(sent(text).json::<Asked>().unwrap_err()).await;
            assert_eq!(told_status, status, "{text}: {detail}");
            assert!(detail.contains(words), "{text}: {detail}");
            assert!(status == 400 || !detail.contains("line"), "{text}: {detail}");
        }
    }

    #[tokio::test]
    async fn what_is_wrong_with_a_query_is_named() {
        let asked = |uri: &'static str| query::<Asked>(&Uri::from_static(uri));
        assert_eq!(asked("/x").unwrap(), Asked { k: 0 });
        assert_eq!(asked("/x?k=7").unwrap(), Asked { k: 7 });
        let (status, detail) = told(asked("/x?k=many").unwrap_err()).await;
        assert!(status == 422 && detail.contains("`k`"), "{detail}");
        let (status, detail) = told(asked("/x?limit=7").unwrap_err()).await;
        assert!(
            status == 422 && detail.contains("unknown field `limit`"),
            "{detail}"
        );
    }
}
