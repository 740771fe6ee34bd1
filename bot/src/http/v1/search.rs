//! Purpose: `POST /v1/knowledge/search`: what `em-agent search --json` prints, of what the token's person may see alone.

use axum::Json;
use axum::extract::State;
use em_domain::knowledge::Audience;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::bearer::Acting;
use super::problem::{Problem, Problems};
use super::read::Sent;
use crate::dispatch::request::Request;
use crate::hit::Hit;

/// Passages of one answer.
const MOST: usize = 100;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(search))
}

/// What is looked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Search {
    /// A question or some words.
    #[schema(example = "how do we roll back payments?")]
    query: String,
    /// How many passages at most.
    #[serde(default = "ten")]
    #[schema(minimum = 1, maximum = 100, default = 10)]
    k: usize,
}

fn ten() -> usize {
    10
}

/// Finds passages in the documents.
///
/// The best first, each with the document that it is from. Only what the token's person may see by themselves is
/// searched.
#[utoipa::path(
    post,
    path = "/knowledge/search",
    tag = "knowledge",
    request_body = Search,
    responses((status = 200, description = "The passages, the best first.", body = [Hit]), Problems),
    security(("bearer" = ["knowledge:search"])),
)]
async fn search(
    State(api): State<Api>,
    axum::Extension(token): Acting,
    sent: Sent,
) -> Result<Json<Vec<Hit>>, Problem> {
    let search: Search = sent.json()?;
    if search.query.trim().is_empty() {
        return Err(Problem::unprocessable("`query`: say what to look for."));
    }
    if !(1..=MOST).contains(&search.k) {
        return Err(Problem::unprocessable(format!("`k`: from 1 to {MOST}.")));
    }
    let audience = Audience::Person {
        user: token.user.clone(),
        channel: None,
    };
    let request = Request {
        name: "knowledge.search",
        command: "ask",
        token,
        about: search.query.clone(),
        is_logged: true,
    };
    let library = api.ctx().library;
    let searching = async move { Ok(library.search(&search.query, &audience, search.k).await?) };
    let found = api.dispatcher.request(request, searching).await?;
    Ok(Json(found.passages.into_iter().map(Hit::from).collect()))
}
