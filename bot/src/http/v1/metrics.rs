//! Purpose: `GET /v1/metrics/dora[/{metric}]` and `/v1/metrics/flow[/{metric}]`: the metrics, digit for digit as
//! `em-agent dora --json` and `em-agent flow --json` print them.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::Uri;
use em_commands::dora::figures;
use em_commands::dora::window::Window;
use em_commands::flow;
use em_domain::api_token::ApiToken;
use em_domain::delivery::{FiveKeys, Metric, Mode};
use em_domain::flow::{Flow, FlowMetric};
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
    OpenApiRouter::new()
        .routes(routes!(all))
        .routes(routes!(one))
        .routes(routes!(flow_all))
        .routes(routes!(flow_one))
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
    /// By whose definitions: `ours`, `devlake-2023`, `devlake-2021`, `fourkeys`, `middleware`; of flow only `ours`.
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
    let metric = found.ok_or_else(|| none_of("metric", &Metric::ALL.map(Metric::as_str)))?;
    let with_proof = asked.proof;
    let keys = counted(api, acting, asked).await?;
    Ok(Json(figures::one(&keys, metric, with_proof)))
}

/// All flow metrics of a window.
#[utoipa::path(
    get,
    path = "/metrics/flow",
    tag = "metrics",
    params(Asked),
    responses((status = 200, description = "The metrics, with weeks.", body = Value), Problems),
    security(("bearer" = ["metrics:read"])),
)]
async fn flow_all(State(api): State<Api>, acting: Acting, uri: Uri) -> Result<Json<Value>, Problem> {
    let asked: Asked = query(&uri)?;
    let with_proof = asked.proof;
    let flow = flow_counted(api, acting, asked).await?;
    Ok(Json(flow::figures::all(&flow, with_proof)))
}

/// One flow metric of a window: `cycle-time`, `time-to-first-review`, `work-in-progress`, `ci-duration` and so on.
#[utoipa::path(
    get,
    path = "/metrics/flow/{metric}",
    tag = "metrics",
    params(("metric" = String, Path, description = "Which"), Asked),
    responses((status = 200, description = "The metric.", body = Value), Problems),
    security(("bearer" = ["metrics:read"])),
)]
async fn flow_one(
    State(api): State<Api>,
    acting: Acting,
    Path(metric): Path<String>,
    uri: Uri,
) -> Result<Json<Value>, Problem> {
    let asked: Asked = query(&uri)?;
    let found = FlowMetric::ALL.into_iter().find(|known| known.as_str() == metric);
    let metric = found.ok_or_else(|| none_of("metric", &FlowMetric::ALL.map(FlowMetric::as_str)))?;
    let with_proof = asked.proof;
    let flow = flow_counted(api, acting, asked).await?;
    Ok(Json(flow::figures::one(&flow, metric, with_proof)))
}

/// Says what there is to choose from.
fn none_of(parameter: &str, known: &[&str]) -> Problem {
    Problem::unprocessable(format!("`{parameter}`: one of {}.", known.join(", ")))
}

impl Asked {
    fn mode(&self) -> Result<Mode, Problem> {
        let parsed = self
            .mode
            .as_deref()
            .map(|name| Mode::parse(name).ok_or_else(|| none_of("mode", &Mode::ALL.map(Mode::as_str))));
        parsed.unwrap_or_else(|| Ok(Mode::default()))
    }

    fn window(&self) -> Window<'_> {
        Window {
            days: self.window.as_deref(),
            from: self.from.as_deref(),
            to: self.to.as_deref(),
            repository: self.repository.as_deref(),
            team: self.team.as_deref(),
        }
    }
}

fn request(name: &'static str, command: &'static str, token: Arc<ApiToken>) -> Request {
    Request {
        name,
        command,
        token,
        about: String::new(),
        is_logged: false,
    }
}

async fn counted(api: Api, axum::Extension(token): Acting, asked: Asked) -> Result<FiveKeys, Problem> {
    let mode = asked.mode()?;
    let ctx = api.ctx();
    let counting = async move { em_commands::dora::keys(&ctx, &asked.window(), mode).await };
    let request = request("metrics.dora", "dora", token);
    Ok(api.dispatcher.request(request, counting).await?)
}

async fn flow_counted(api: Api, axum::Extension(token): Acting, asked: Asked) -> Result<Flow, Problem> {
    if asked.mode()? != Mode::Ours {
        return Err(Problem::unprocessable(
            "`mode`: flow has one set of definitions, `ours`.".to_owned(),
        ));
    }
    let ctx = api.ctx();
    let counting = async move { flow::flow(&ctx, &asked.window()).await };
    let request = request("metrics.flow", "flow", token);
    Ok(api.dispatcher.request(request, counting).await?)
}
