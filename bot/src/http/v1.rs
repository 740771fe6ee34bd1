//! Purpose: `/v1`: what programs may do for a person, as JSON, by a bearer token. Everything below asks for a token, and
//! every route is in `GET /v1/openapi.json`, for both are made from one list.
//!
//! To add a route: a handler with `#[utoipa::path]` in the file of its feature, its line in `routes!` there, and the scope
//! under which [`router`] lists it. It runs through `Dispatcher::request`, which asks the policy.

mod approvals;
mod bearer;
mod documents;
mod metrics;
mod openapi;
mod problem;
mod read;
mod search;

use std::sync::Arc;

use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::{Extension, Router};
use em_commands::ctx::Ctx;
use em_domain::api_token::{Scope, TokenName};
use governor::DefaultKeyedRateLimiter;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::dispatch::{Dispatcher, limiter};
use openapi::Document;
use problem::Problem;

/// What all routes need.
#[derive(Clone)]
pub struct Api {
    dispatcher: Arc<Dispatcher>,
    limiter: Arc<DefaultKeyedRateLimiter<TokenName>>,
}

impl Api {
    /// An API that allows each token `per_minute` requests.
    pub fn new(dispatcher: Arc<Dispatcher>, per_minute: u32) -> Self {
        Self {
            dispatcher,
            limiter: Arc::new(limiter(per_minute)),
        }
    }

    pub(crate) fn ctx(&self) -> Ctx {
        self.dispatcher.ctx().clone()
    }
}

/// All routes below `/v1`.
pub fn router(api: Api) -> Router {
    let all = OpenApiRouter::new()
        .merge(within(Scope::ApprovalsRead, approvals::reading()))
        .merge(within(Scope::ApprovalsDecide, approvals::deciding()))
        .merge(within(Scope::KnowledgeSearch, search::routes()))
        .merge(within(Scope::KnowledgeWrite, documents::routes()))
        .merge(within(Scope::MetricsRead, metrics::routes()))
        .routes(routes!(openapi::document))
        .fallback(nothing_here)
        .layer(CatchPanicLayer::custom(Problem::panicked))
        .layer(from_fn_with_state(api.clone(), bearer::admitted));
    let (router, document) = OpenApiRouter::with_openapi(openapi::about())
        .nest("/v1", all)
        .split_for_parts();
    router.layer(Extension(Document::of(&document))).with_state(api)
}

/// Routes that a token without `scope` does not reach.
fn within(scope: Scope, routes: OpenApiRouter<Api>) -> OpenApiRouter<Api> {
    routes.route_layer(from_fn(move |token, request, next| {
        bearer::within(scope, token, request, next)
    }))
}

async fn nothing_here() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "There is nothing at this address; `GET /v1/openapi.json` lists what there is.",
    )
}
