//! Purpose: `/api/{method}`: tokens, scopes, faults and the record of calls; then the method itself.
//! To add a method: one row of `METHODS` and one function in the file of its family.

mod apps;
mod chat;
mod conversations;
pub(crate) mod files;
mod params;
mod rooms;
mod users;
mod views;

use std::sync::Arc;
use std::time::Instant;

use axum::body::Bytes;
use axum::extract::{ConnectInfo, Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use params::Params;
use serde_json::{Map, Value, json};

use crate::faults::{Call, Fault};
use crate::line::Line;
use crate::shared::Shared;

/// The app-level token of every simulator.
pub(crate) const APP_TOKEN: &str = "xapp-1-A0EMAGENT-0000000001-simulated";
/// The bot token of every simulator.
pub(crate) const BOT_TOKEN: &str = "xoxb-0000000001-simulated";

/// What a method answers: fields next to `ok: true`, or an error.
type Answer = Result<Value, ApiError>;

/// `ok: false` and why.
#[derive(Debug)]
struct ApiError {
    code: String,
    more: Map<String, Value>,
    retry_after: Option<u32>,
}

impl From<&str> for ApiError {
    fn from(code: &str) -> Self {
        Self {
            code: code.to_owned(),
            more: Map::new(),
            retry_after: None,
        }
    }
}

impl ApiError {
    fn with(mut self, key: &str, value: Value) -> Self {
        self.more.insert(key.to_owned(), value);
        self
    }

    fn rate_limited(after: u32) -> Self {
        Self {
            retry_after: Some(after),
            ..Self::from("ratelimited")
        }
    }

    fn missing_scope(shared: &Shared, needed: &str) -> Self {
        Self::from("missing_scope")
            .with("needed", json!(needed))
            .with("provided", json!(granted(shared)))
    }
}

struct Method {
    name: &'static str,
    scope: &'static str,
    run: fn(&Shared, &Params) -> Answer,
}

const fn method(name: &'static str, scope: &'static str, run: fn(&Shared, &Params) -> Answer) -> Method {
    Method { name, scope, run }
}

const METHODS: &[Method] = &[
    method("apps.connections.open", "", apps::connections_open),
    method("auth.test", "", apps::auth_test),
    method("bots.info", "users:read", apps::bots_info),
    method("chat.delete", "chat:write", chat::delete),
    method("chat.getPermalink", "", chat::permalink),
    method("chat.postEphemeral", "chat:write", chat::post_ephemeral),
    method("chat.postMessage", "chat:write", chat::post_message),
    method("chat.update", "chat:write", chat::update),
    method("conversations.create", "", rooms::create),
    method("conversations.history", "", conversations::history),
    method("conversations.info", "", conversations::info),
    method("conversations.invite", "", rooms::invite),
    method("conversations.join", "channels:join", conversations::join),
    method("conversations.list", "", conversations::list),
    method("conversations.members", "", conversations::members),
    method("conversations.open", "im:write", conversations::open),
    method("conversations.replies", "", conversations::replies),
    method("files.completeUploadExternal", "files:write", files::complete),
    method("files.getUploadURLExternal", "files:write", files::ticket),
    method("reactions.add", "reactions:write", chat::add_reaction),
    method("team.info", "team:read", apps::team_info),
    method("usergroups.users.list", "usergroups:read", rooms::group_members),
    method("users.conversations", "", conversations::of_user),
    method("users.info", "users:read", users::info),
    method("users.list", "users:read", users::list),
    method("users.lookupByEmail", "users:read.email", users::lookup_by_email),
    method("views.open", "", views::open),
    method("views.publish", "", views::publish),
    method("views.push", "", views::push),
    method("views.update", "", views::update),
];

/// The scopes the bot token has.
fn granted(shared: &Shared) -> String {
    let all = shared.options.scopes.iter().filter(|s| !shared.faults.lacks(s));
    all.map(String::as_str).collect::<Vec<_>>().join(",")
}

/// Whether the bot token has a scope.
fn has_scope(shared: &Shared, scope: &str) -> bool {
    shared.options.scopes.iter().any(|s| s == scope) && !shared.faults.lacks(scope)
}

/// Refuses when the bot token lacks a scope.
fn need_scope(shared: &Shared, scope: &str) -> Result<(), ApiError> {
    if scope.is_empty() || has_scope(shared, scope) {
        return Ok(());
    }
    Err(ApiError::missing_scope(shared, scope))
}

pub(crate) async fn call(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(line): ConnectInfo<Line>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let text = |name| {
        headers
            .get(name)
            .and_then(|v: &HeaderValue| v.to_str().ok())
            .unwrap_or_default()
    };
    let mut params = Params::parse(query.as_deref(), text(header::CONTENT_TYPE), &body);
    let bearer = text(header::AUTHORIZATION)
        .strip_prefix("Bearer ")
        .map(str::to_owned);
    let in_body = params
        .0
        .remove("token")
        .and_then(|t| t.as_str().map(str::to_owned));
    let token = bearer.or(in_body);
    let fault = shared.faults.take(&name);
    let takes_effect = fault.as_ref().is_none_or(|f| *f == Fault::ResetAfterEffect);
    let answer = if takes_effect {
        run(&shared, &name, token.as_deref(), &params)
    } else {
        Err("fault".into())
    };
    let error = answer.as_ref().err().map(|e| e.code.clone());
    shared.faults.record(Call {
        method: name,
        at: Instant::now(),
        params: Value::Object(params.0),
        error,
    });
    shared.change(|_| ());
    match fault {
        Some(fault) => broken(&shared, &line, fault).await,
        None => reply(&shared, answer),
    }
}

fn run(shared: &Shared, name: &str, token: Option<&str>, params: &Params) -> Answer {
    let method = METHODS.iter().find(|m| m.name == name).ok_or("unknown_method")?;
    let wants_app = name == "apps.connections.open";
    match token {
        None | Some("") => return Err("not_authed".into()),
        Some(APP_TOKEN) if wants_app => {}
        Some(BOT_TOKEN) if !wants_app => {}
        Some(APP_TOKEN | BOT_TOKEN) => return Err("not_allowed_token_type".into()),
        Some(_) => return Err("invalid_auth".into()),
    }
    need_scope(shared, method.scope)?;
    if let Some(after) = shared.faults.too_often(name) {
        return Err(ApiError::rate_limited(after));
    }
    (method.run)(shared, params)
}

fn reply(shared: &Shared, answer: Answer) -> Response {
    let (mut status, mut retry_after) = (StatusCode::OK, None);
    let body = match answer {
        Ok(mut fields) => {
            fields["ok"] = json!(true);
            fields
        }
        Err(ApiError {
            code,
            more,
            retry_after: after,
        }) => {
            if after.is_some() {
                (status, retry_after) = (StatusCode::TOO_MANY_REQUESTS, after);
            }
            let mut fields = Value::Object(more);
            fields["ok"] = json!(false);
            fields["error"] = json!(code);
            fields
        }
    };
    let mut response = (status, axum::Json(body)).into_response();
    if let Ok(scopes) = HeaderValue::from_str(&granted(shared)) {
        response.headers_mut().insert("x-oauth-scopes", scopes);
    }
    if let Some(after) = retry_after {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(after));
    }
    response
}

pub(crate) async fn broken(shared: &Shared, line: &Line, fault: Fault) -> Response {
    match fault {
        Fault::RateLimited(after) => reply(shared, Err(ApiError::rate_limited(after))),
        Fault::Error(code) => reply(shared, Err(code.as_str().into())),
        Fault::Status(status) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (
                status,
                [(header::CONTENT_TYPE, "text/html")],
                "<h1>Something went wrong</h1>",
            )
                .into_response()
        }
        Fault::Garbage => (
            [(header::CONTENT_TYPE, "application/json")],
            "{\"ok\": tr\u{fffd}",
        )
            .into_response(),
        Fault::Hang => {
            shared.stop.cancelled().await;
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
        Fault::Reset | Fault::ResetAfterEffect => {
            line.cut();
            StatusCode::OK.into_response()
        }
    }
}
