//! Purpose: `POST` and `DELETE /v1/knowledge/documents`: documents that programs send. Those of one token are one source,
//! which everybody is answered from.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use em_commands::ctx::Ctx;
use em_commands::invocation::CommandError;
use em_domain::api_token::ApiToken;
use em_domain::id::SourceId;
use em_domain::knowledge::{NewSource, Source, SourceKind, Visibility};
use em_knowledge::Upload;
use em_storage::{StoreError, Upserted};
use serde::{Deserialize, Serialize};
use ulid::Ulid;
use url::Url;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::bearer::Acting;
use super::problem::{Problem, Problems};
use super::read::{Named, Sent};
use crate::dispatch::request::Request;

/// Documents of one request.
const MOST: usize = 1_000;
/// Characters of a document's id.
const LONGEST_ID: usize = 1_000;
/// The command that does the same in Slack, for the policy.
const COMMAND: &str = "docs add";

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(upsert))
        .routes(routes!(remove))
}

/// A document.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    /// What you call it; sent again, it takes the other's place.
    #[schema(example = "runbooks/payments.md", min_length = 1, max_length = 1_000)]
    id: String,
    /// What it says, as Markdown or plain text.
    #[schema(min_length = 1)]
    content: String,
    /// What is known of it.
    #[serde(default)]
    meta: Meta,
}

/// What is known of a document.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Meta {
    /// Its title; its id if not given.
    #[serde(default)]
    title: Option<String>,
    /// Where a person can read it; `http` or `https`.
    #[serde(default)]
    url: Option<String>,
    /// Who wrote it.
    #[serde(default)]
    author: Option<String>,
    /// Who answers for it.
    #[serde(default)]
    owners: Vec<String>,
    /// When it last changed.
    #[serde(default)]
    changed_at: Option<DateTime<Utc>>,
}

/// One document, or up to 1,000 of them.
#[derive(ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "says in the OpenAPI document what `documents` reads")]
pub(super) enum Documents {
    /// One.
    One(Document),
    /// Many.
    Many(Vec<Document>),
}

/// What became of the documents.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Taken {
    /// Documents that are new.
    new: u64,
    /// Documents of which something changed.
    changed: u64,
    /// Documents that were the same.
    unchanged: u64,
}

impl From<Upserted> for Taken {
    fn from(upserted: Upserted) -> Self {
        Self {
            new: upserted.new,
            changed: upserted.changed,
            unchanged: upserted.unchanged,
        }
    }
}

/// Takes documents in.
///
/// A document whose id is known takes the other's place; one that is the same changes nothing, so a request may be sent
/// again at will. Their words are found at once, and what they mean within a minute or so. Everybody in the workspace is
/// answered from them.
#[utoipa::path(
    post,
    path = "/knowledge/documents",
    tag = "knowledge",
    request_body = Documents,
    responses((status = 200, description = "They are in.", body = Taken), Problems),
    security(("bearer" = ["knowledge:write"])),
)]
async fn upsert(
    State(api): State<Api>,
    axum::Extension(token): Acting,
    sent: Sent,
) -> Result<Json<Taken>, Problem> {
    let uploads = uploads(documents(&sent)?)?;
    let about = match uploads.as_slice() {
        [one] => one.name.clone(),
        many => format!("{} documents", many.len()),
    };
    let (ctx, name) = (api.ctx(), token.clone());
    let request = Request {
        name: "documents.upsert",
        command: COMMAND,
        token,
        about,
        is_logged: true,
    };
    let upserted = api.dispatcher.request(request, take(ctx, name, uploads)).await?;
    Ok(Json(upserted.into()))
}

/// Takes a document back.
#[utoipa::path(
    delete,
    path = "/knowledge/documents/{id}",
    tag = "knowledge",
    params(("id" = String, Path, description = "The document's id; a slash in it is written `%2F`.")),
    responses(
        (status = 204, description = "It is gone."),
        (status = 404, description = "There is none.", body = super::problem::Body, content_type = "application/problem+json"),
        Problems,
    ),
    security(("bearer" = ["knowledge:write"])),
)]
async fn remove(
    State(api): State<Api>,
    axum::Extension(token): Acting,
    Path(id): Named,
) -> Result<StatusCode, Problem> {
    let (ctx, name, document) = (api.ctx(), token.clone(), id.clone());
    let request = Request {
        name: "documents.remove",
        command: COMMAND,
        token,
        about: id.clone(),
        is_logged: true,
    };
    let removing = async move {
        let Some(source) = existing(&ctx, &name).await? else {
            return Ok(0);
        };
        let knowledge = ctx.store.knowledge();
        Ok(knowledge.remove_documents(&source.added.id, &[document]).await?)
    };
    if api.dispatcher.request(request, removing).await? == 0 {
        let detail = format!("This token has sent no document with the id `{}`.", shown(&id));
        return Err(Problem::not_found(detail));
    }
    Ok(StatusCode::NO_CONTENT)
}

fn documents(sent: &Sent) -> Result<Vec<Document>, Problem> {
    if sent.is_array() {
        return sent.json();
    }
    Ok(vec![sent.json()?])
}

/// The documents, if all of them can be taken: half of a request is never done.
fn uploads(documents: Vec<Document>) -> Result<Vec<Upload>, Problem> {
    if documents.is_empty() || documents.len() > MOST {
        let detail = format!("Send from 1 to {MOST} documents at once.");
        return Err(Problem::unprocessable(detail));
    }
    let mut seen = BTreeSet::new();
    for (at, document) in documents.iter().enumerate() {
        if let Some(fault) = fault(document) {
            return Err(Problem::unprocessable(format!("Document {at} (from 0): {fault}")));
        }
        if !seen.insert(&document.id) {
            let id = shown(&document.id);
            return Err(Problem::unprocessable(format!(
                "`id`: two documents are called `{id}`; send one."
            )));
        }
    }
    Ok(documents.into_iter().map(upload).collect())
}

fn fault(document: &Document) -> Option<String> {
    let id = &document.id;
    if id.trim().is_empty() || id.chars().count() > LONGEST_ID || id.chars().any(char::is_control) {
        return Some(format!(
            "`id` has from 1 to {LONGEST_ID} characters, and no control characters."
        ));
    }
    if document.content.trim().is_empty() {
        return Some("`content` says nothing.".to_owned());
    }
    let is_page = |url: &String| Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    let url = document.meta.url.as_ref();
    url.is_some_and(|url| !is_page(url))
        .then(|| "`meta.url` is the address of a page, with http or https.".to_owned())
}

fn upload(document: Document) -> Upload {
    let meta = document.meta;
    Upload {
        name: document.id,
        text: document.content,
        title: meta.title,
        url: meta.url,
        author: meta.author,
        owners: meta.owners,
        changed_at: meta.changed_at,
    }
}

/// An id in a sentence.
fn shown(id: &str) -> String {
    id.chars()
        .take(100)
        .collect::<String>()
        .escape_default()
        .to_string()
}

async fn take(
    ctx: Ctx,
    token: std::sync::Arc<ApiToken>,
    uploads: Vec<Upload>,
) -> Result<Upserted, CommandError> {
    let now = ctx.clock.now();
    let new = NewSource {
        id: SourceId::new(Ulid::new()),
        kind: SourceKind::Upload,
        location: token.name.to_string(),
        visibility: Visibility::Everyone,
        added_by: Some(token.user.clone()),
        added_at: now,
    };
    let added = ctx.store.knowledge().insert_source(&new).await?;
    em_commands::docs::take(&ctx, added.source(), uploads).await
}

/// Where the documents of a token are, if it has sent any.
async fn existing(ctx: &Ctx, token: &ApiToken) -> Result<Option<Source>, StoreError> {
    let sources = ctx.store.knowledge().list_sources().await?;
    let location = token.name.to_string();
    Ok(sources
        .into_iter()
        .find(|source| source.added.kind == SourceKind::Upload && source.added.location == location))
}
