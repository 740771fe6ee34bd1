//! Purpose: `GET /v1/metrics/dora` and `/v1/metrics/dora/{metric}`: the five delivery metrics, digit for digit as
//! `em-agent dora --json` prints them.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::Uri;
use em_commands::dora::figures;
use em_commands::dora::window::Window;
use em_domain::delivery::{FiveKeys, Metric, Mode};
use serde::Deserialize;
use serde_json::Value;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::bearer::Acting;
use super::problem::{Problem, Problems};
use super::read::query;
use crate::dispatch::request::Request;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(all)).routes(routes!(one))
}

/// What is asked for.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// So many days until now, as `90d`; not with `from` and `to`.
    window: Option<String>,
    /// The first day, as `2026-01-31`, or an instant.
    from: Option<String>,
    /// The last day, or an instant that is no longer in.
    to: Option<String>,
    /// Only this repository, as `owner/name`.
    repository: Option<String>,
    /// Only this configured team.
    team: Option<String>,
    /// By whose definitions: `ours`, `devlake-2023`, `devlake-2021`, `fourkeys`, `middleware`.
    mode: Option<String>,
    /// Also every row that a number was counted from.
    #[serde(default)]
    proof: bool,
}

/// All five metrics of a window.
#[utoipa::path(
    get,
    path = "/metrics/dora",
    tag = "metrics",
    params(Asked),
    responses((status = 200, description = "The metrics, with weeks.", body = Value), Problems),
    security(("bearer" = ["metrics:read"])),
)]
async fn all(State(api): State<Api>, acting: Acting, uri: Uri) -> Result<Json<Value>, Problem> {
    let asked: Asked = query(&uri)?;
    let with_proof = asked.proof;
    let keys = counted(api, acting, asked).await?;
    Ok(Json(figures::five_keys(&keys, with_proof)))
}

/// One metric of a window: `deployment-frequency`, `lead-time`, `change-fail-rate`, `recovery-time`, `rework-rate`.
#[utoipa::path(
    get,
    path = "/metrics/dora/{metric}",
    tag = "metrics",
    params(("metric" = String, Path, description = "Which"), Asked),
    responses((status = 200, description = "The metric.", body = Value), Problems),
    security(("bearer" = ["metrics:read"])),
)]
async fn one(
    State(api): State<Api>,
    acting: Acting,
    Path(metric): Path<String>,
    uri: Uri,
) -> Result<Json<Value>, Problem> {
    let asked: Asked = query(&uri)?;
    let found = Metric::ALL.into_iter().find(|known| known.as_str() == metric);
    let metric = found.ok_or_else(|| {
        let known = Metric::ALL.map(Metric::as_str).join(", ");
        Problem::unprocessable(format!("`metric`: one of {known}."))
    })?;
    let with_proof = asked.proof;
    let keys = counted(api, acting, asked).await?;
    Ok(Json(figures::one(&keys, metric, with_proof)))
}

async fn counted(api: Api, axum::Extension(token): Acting, asked: Asked) -> Result<FiveKeys, Problem> {
    let mode = match asked.mode.as_deref() {
        Some(name) => Mode::parse(name).ok_or_else(|| {
            let known = Mode::ALL.map(Mode::as_str).join(", ");
            Problem::unprocessable(format!("`mode`: one of {known}."))
        })?,
        None => Mode::default(),
    };
    let request = Request {
        name: "metrics.dora",
        command: "dora",
        token,
        about: String::new(),
        is_logged: false,
    };
    let ctx = api.ctx();
    let counting = async move {
        let window = Window {
            days: asked.window.as_deref(),
            from: asked.from.as_deref(),
            to: asked.to.as_deref(),
            repository: asked.repository.as_deref(),
            team: asked.team.as_deref(),
        };
        em_commands::dora::keys(&ctx, &window, mode).await
    };
    Ok(api.dispatcher.request(request, counting).await?)
}
