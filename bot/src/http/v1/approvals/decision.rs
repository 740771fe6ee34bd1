//! Purpose: `POST /v1/approvals/{id}/approve` and `/decline`: a word for the token's person, by the rules that hold for
//! their clicks.

use axum::Json;
use axum::extract::{Path, State};
use em_commands::approval::Changed;
use em_commands::approval::program::{Word, decide};
use em_domain::action::Digest;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::view::View;
use super::{deadline, find, refusal, unknown, view};
use crate::dispatch::request::Request;
use crate::http::v1::Api;
use crate::http::v1::bearer::Acting;
use crate::http::v1::problem::{Body, Problem, Problems};
use crate::http::v1::read::{Named, Sent};

/// Characters of a reason, as many as the form in Slack takes.
const LONGEST_REASON: usize = 3_000;

/// What a token may do with `approvals:decide`.
pub(in crate::http::v1) fn deciding() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(approve))
        .routes(routes!(decline))
}

/// What is said with a decision. All of it may be left out.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Said {
    /// Why, for the card and the log.
    #[serde(default)]
    #[schema(max_length = 3_000)]
    reason: Option<String>,
    /// The name of the target, where `confirmation` is `typed`.
    #[serde(default)]
    #[schema(example = "acme/api#12")]
    typed: Option<String>,
    /// The `digest` that you read: if the question is no longer that one, nothing is decided.
    #[serde(default)]
    digest: Option<String>,
}

/// Agrees.
///
/// The same rules hold as for a click on *Approve*: who may decide, what must be typed, and that the target is what
/// people were asked about. With the last yes that is needed it is done, shortly after the answer.
#[utoipa::path(
    post,
    path = "/approvals/{id}/approve",
    tag = "approvals",
    params(("id" = String, Path, description = "The approval's whole id.")),
    request_body = Option<Said>,
    responses(
        (status = 200, description = "It counts; the approval as it stands now.", body = View),
        (status = 404, description = "There is none.", body = Body, content_type = "application/problem+json"),
        (status = 409, description = "It is decided, or has changed.", body = Body, content_type = "application/problem+json"),
        (status = 410, description = "Its time is over.", body = Body, content_type = "application/problem+json"),
        Problems,
    ),
    security(("bearer" = ["approvals:decide"])),
)]
async fn approve(
    State(api): State<Api>,
    token: Acting,
    id: Named,
    sent: Sent,
) -> Result<Json<View>, Problem> {
    decided(api, token, id, sent, true).await
}

/// Says no.
#[utoipa::path(
    post,
    path = "/approvals/{id}/decline",
    tag = "approvals",
    params(("id" = String, Path, description = "The approval's whole id.")),
    request_body = Option<Said>,
    responses(
        (status = 200, description = "It is declined.", body = View),
        (status = 404, description = "There is none.", body = Body, content_type = "application/problem+json"),
        (status = 409, description = "It is decided, or has changed.", body = Body, content_type = "application/problem+json"),
        (status = 410, description = "Its time is over.", body = Body, content_type = "application/problem+json"),
        Problems,
    ),
    security(("bearer" = ["approvals:decide"])),
)]
async fn decline(
    State(api): State<Api>,
    token: Acting,
    id: Named,
    sent: Sent,
) -> Result<Json<View>, Problem> {
    decided(api, token, id, sent, false).await
}

async fn decided(
    api: Api,
    axum::Extension(token): Acting,
    Path(id): Named,
    sent: Sent,
    agrees: bool,
) -> Result<Json<View>, Problem> {
    let said: Said = sent.json_or_default()?;
    let reason = said.reason.filter(|reason| !reason.trim().is_empty());
    if reason
        .as_ref()
        .is_some_and(|reason| reason.chars().count() > LONGEST_REASON)
    {
        let detail = format!("`reason`: at most {LONGEST_REASON} characters.");
        return Err(Problem::unprocessable(detail));
    }
    let word = Word {
        user: token.user.clone(),
        agrees,
        reason,
        typed: said.typed,
        seen: said.digest.map(Digest),
    };
    let (name, command) = if agrees {
        ("approvals.approve", "approve")
    } else {
        ("approvals.decline", "decline")
    };
    let request = Request {
        name,
        command,
        token,
        about: id.clone(),
        is_logged: true,
    };
    let (ctx, named) = (api.ctx(), id.clone());
    let deciding = async move {
        match find(&ctx, &named).await? {
            Some(approval) => decide(&ctx, &approval, word).await.map(Some),
            None => Ok(None),
        }
    };
    match api.dispatcher.request(request, deciding).await? {
        Some(Changed::Now(now)) => Ok(Json(view(&api.ctx(), *now, deadline()).await)),
        Some(Changed::Refused(approval, refusal)) => Err(refusal::problem(&approval, &refusal)),
        None => Err(unknown(&id)),
    }
}
