//! Purpose: `GET /v1/approvals`: questions put to people. Deciding them is in [`decision`].

mod decision;
mod refusal;
mod view;

pub(super) use decision::deciding;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::Uri;
use em_commands::approval::program::card;
use em_commands::ctx::Ctx;
use em_domain::approval::{Approval, ApprovalState};
use em_domain::id::ApprovalId;
use futures::StreamExt;
use serde::{Deserialize, Serialize};
use tokio::time::{Duration, Instant, timeout_at};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::bearer::Acting;
use super::problem::{Body, Problem, Problems};
use super::read::{Named, query};
use crate::dispatch::request::Request;
use view::View;

/// Approvals of one page, if not said.
const USUAL_PAGE: i64 = 50;
/// Approvals of one page.
const LONGEST_PAGE: i64 = 200;
/// How long the addresses of cards are waited for; without them the answer is as good.
const CARDS_WITHIN: Duration = Duration::from_secs(2);
/// Addresses that are asked for at one time.
const CARDS_AT_ONCE: usize = 8;

/// What a token may read with `approvals:read`.
pub(super) fn reading() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(one))
}

/// Which approvals are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// Only those of this state, or `all`; `pending` if not said.
    state: Option<String>,
    /// How many at most, from 1 to 200; 50 if not said.
    limit: Option<i64>,
    /// Those after this one: the `next` of the page before.
    before: Option<String>,
}

/// Some approvals, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Page {
    /// The approvals.
    approvals: Vec<View>,
    /// What to send as `before` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Lists approvals.
#[utoipa::path(
    get,
    path = "/approvals",
    tag = "approvals",
    params(Wanted),
    responses((status = 200, description = "The newest first.", body = Page), Problems),
    security(("bearer" = ["approvals:read"])),
)]
async fn list(
    State(api): State<Api>,
    axum::Extension(token): Acting,
    uri: Uri,
) -> Result<Json<Page>, Problem> {
    let wanted: Wanted = query(&uri)?;
    let states = states(wanted.state.as_deref())?;
    let limit = wanted.limit.unwrap_or(USUAL_PAGE);
    if !(1..=LONGEST_PAGE).contains(&limit) {
        return Err(Problem::unprocessable(format!(
            "`limit`: from 1 to {LONGEST_PAGE}."
        )));
    }
    let request = Request {
        name: "approvals.list",
        command: "approvals",
        token,
        about: String::new(),
        is_logged: false,
    };
    let ctx = api.ctx();
    let listing = async move {
        let before = match wanted.before.as_deref() {
            Some(text) => match find(&ctx, text).await? {
                Some(before) => Some(before),
                None => return Ok(None),
            },
            None => None,
        };
        // One more tells whether there is a next page.
        let approvals = ctx.store.approvals();
        Ok(Some(
            approvals.list_page(&states, before.as_ref(), limit + 1).await?,
        ))
    };
    let unknown = || Problem::unprocessable("`before`: there is no such approval.");
    let found = api.dispatcher.request(request, listing).await?;
    Ok(Json(page(&api.ctx(), found.ok_or_else(unknown)?, limit).await))
}

/// One approval.
#[utoipa::path(
    get,
    path = "/approvals/{id}",
    tag = "approvals",
    params(("id" = String, Path, description = "Its whole id.", example = "apr_01KF0000000000000000000000")),
    responses(
        (status = 200, description = "As it stands.", body = View),
        (status = 404, description = "There is none.", body = Body, content_type = "application/problem+json"),
        Problems,
    ),
    security(("bearer" = ["approvals:read"])),
)]
async fn one(
    State(api): State<Api>,
    axum::Extension(token): Acting,
    Path(id): Named,
) -> Result<Json<View>, Problem> {
    let request = Request {
        name: "approvals.show",
        command: "approvals",
        token,
        about: id.clone(),
        is_logged: false,
    };
    let (ctx, named) = (api.ctx(), id.clone());
    let found = api
        .dispatcher
        .request(request, async move { find(&ctx, &named).await })
        .await?;
    Ok(Json(
        view(&api.ctx(), found.ok_or_else(|| unknown(&id))?, deadline()).await,
    ))
}

fn states(wanted: Option<&str>) -> Result<Vec<ApprovalState>, Problem> {
    let wanted = wanted.unwrap_or(ApprovalState::Pending.as_str());
    if wanted == "all" {
        return Ok(ApprovalState::ALL.to_vec());
    }
    let known = ApprovalState::ALL
        .into_iter()
        .find(|state| state.as_str() == wanted);
    known.map(|state| vec![state]).ok_or_else(|| {
        let names = ApprovalState::ALL.map(ApprovalState::as_str).join(", ");
        Problem::unprocessable(format!("`state`: write all, {names}."))
    })
}

async fn find(ctx: &Ctx, id: &str) -> Result<Option<Approval>, em_commands::invocation::CommandError> {
    match ApprovalId::parse(id) {
        Some(id) => Ok(ctx.store.approvals().find(&id).await?),
        None => Ok(None),
    }
}

fn unknown(id: &str) -> Problem {
    let id: String = id.chars().take(100).collect();
    Problem::not_found(format!("There is no approval `{}`.", id.escape_default()))
}

fn deadline() -> Instant {
    Instant::now() + CARDS_WITHIN
}

/// At most `limit` of what was found, and whether there is more.
async fn page(ctx: &Ctx, mut found: Vec<Approval>, limit: i64) -> Page {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| has_more).map(|last| last.id.to_string());
    let deadline = deadline();
    let views = futures::stream::iter(found).map(|approval| view(ctx, approval, deadline));
    Page {
        approvals: views.buffered(CARDS_AT_ONCE).collect().await,
        next,
    }
}

async fn view(ctx: &Ctx, approval: Approval, deadline: Instant) -> View {
    let card = timeout_at(deadline, card(ctx, &approval.id)).await;
    View::new(approval, card.ok().flatten().map(String::from))
}
