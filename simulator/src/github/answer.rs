//! Purpose: one request from its arrival to its answer: token, faults, rate limit, the resource, its page, its `ETag`.

use axum::{
    body::{Body, Bytes},
    extract::{Request, State as FromWorld},
    http::{HeaderMap, Method, StatusCode, header},
    response::Response,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{
    page::{Query, page},
    reply::{cut, json_response, plain, problem, set},
    resource::{self, Resource},
    world::{Fault, GithubWorld, State},
    write::{self, Written},
};

/// A request that the pretend GitHub received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// For example `GET`.
    pub method: String,
    /// For example `/repos/acme/api/pulls`.
    pub path: String,
    /// The query as sent, without the question mark.
    pub query: String,
    /// Whether it carried `If-None-Match`.
    pub conditional: bool,
    /// The status of the answer; 0 if it never came.
    pub status: u16,
}

/// Nobody sends GitHub more in one request.
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// What is known of a request before anything is decided.
pub(super) struct Asked {
    pub(super) method: Method,
    pub(super) path: String,
    query: String,
    headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Asked {
    /// A request without headers, for the tests of what is done over the API.
    #[cfg(test)]
    pub(super) fn of(method: Method, path: &str, body: &str) -> Self {
        Self {
            method,
            path: path.to_owned(),
            query: String::new(),
            headers: HeaderMap::new(),
            body: Bytes::from(body.to_owned()),
        }
    }

    fn is_write(&self) -> bool {
        self.method != Method::GET
    }
}

/// Answers one request.
pub(super) async fn answer(FromWorld(world): FromWorld<GithubWorld>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let asked = Asked {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
        body: axum::body::to_bytes(body, MAX_BODY_BYTES)
            .await
            .unwrap_or_default(),
    };
    let (fault, mut response) = at_once(&world, &asked);
    match fault {
        Some(Fault::Hang) => std::future::pending().await,
        Some(Fault::Slow(by)) => tokio::time::sleep(by).await,
        Some(
            Fault::Status(_) | Fault::Garbage | Fault::Cut | Fault::LostAnswer | Fault::SecondaryLimit { .. },
        )
        | None => (),
    }
    set(response.headers_mut(), "x-content-type-options", "nosniff");
    response
}

/// Decides and records, without waiting for anything in between.
fn at_once(world: &GithubWorld, asked: &Asked) -> (Option<Fault>, Response) {
    let _turn = world.turn();
    let fault = world.state().take_fault(&asked.path, asked.is_write());
    let mut response = match fault {
        Some(fault) => faulty(world, asked, fault),
        None => healthy(world, asked),
    };
    let mut state = world.state();
    let hangs = fault == Some(Fault::Hang);
    state.calls.push(Call {
        method: asked.method.to_string(),
        path: asked.path.clone(),
        query: asked.query.clone(),
        conditional: asked.headers.contains_key(header::IF_NONE_MATCH),
        status: if hangs { 0 } else { response.status().as_u16() },
    });
    limit_headers(&state, response.headers_mut());
    (fault, response)
}

fn faulty(world: &GithubWorld, asked: &Asked, fault: Fault) -> Response {
    match fault {
        Fault::Status(status) => problem(status, "Something went wrong on purpose"),
        Fault::Garbage => plain(StatusCode::OK, "<html><body>Unicorn!</body></html>"),
        Fault::Cut => cut(),
        Fault::LostAnswer => {
            healthy(world, asked);
            cut()
        }
        Fault::Hang | Fault::Slow(_) => healthy(world, asked),
        Fault::SecondaryLimit { status, retry_after } => {
            let message =
                "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";
            let mut response = problem(status, message);
            if let Some(seconds) = retry_after {
                set(response.headers_mut(), "retry-after", &seconds.to_string());
            }
            response
        }
    }
}

fn healthy(world: &GithubWorld, asked: &Asked) -> Response {
    if let Some(refused) = refused(&world.state(), asked) {
        return refused;
    }
    let response = if asked.is_write() {
        let done = write::carry_out(world, asked);
        world.news.notify_one();
        written(&done)
    } else {
        found(&world.state(), asked)
    };
    if response.status() != StatusCode::NOT_MODIFIED && asked.path != "/rate_limit" {
        let mut state = world.state();
        state.budget.remaining = state.budget.remaining.saturating_sub(1);
    }
    response
}

/// Whoever is not let in.
fn refused(state: &State, asked: &Asked) -> Option<Response> {
    if !asked.headers.contains_key(header::USER_AGENT) {
        return Some(problem(
            403,
            "Request forbidden by administrative rules. Please make sure your request has a User-Agent header",
        ));
    }
    match token(&asked.headers) {
        None => return Some(problem(401, "Requires authentication")),
        Some(token) if !state.tokens.contains(&token) => return Some(problem(401, "Bad credentials")),
        Some(_) => (),
    }
    (state.budget.remaining == 0 && asked.path != "/rate_limit")
        .then(|| problem(state.budget.refusal, "API rate limit exceeded for user ID 1."))
}

fn written(written: &Written) -> Response {
    let status = StatusCode::from_u16(written.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = if written.body.is_null() {
        plain(status, "")
    } else {
        json_response(status, &written.body)
    };
    if !written.accepted.is_empty() {
        let accepted = written.accepted.join("; ");
        set(response.headers_mut(), "x-accepted-github-permissions", &accepted);
    }
    response
}

/// `Bearer x` or `token x`: GitHub takes both.
fn token(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    ["bearer", "token"]
        .contains(&scheme.to_ascii_lowercase().as_str())
        .then(|| token.trim().to_owned())
}

fn found(state: &State, asked: &Asked) -> Response {
    let query: Query = serde_urlencoded::from_str(&asked.query).unwrap_or_default();
    let Some(resource) = resource::find(state, &asked.path, &query) else {
        return problem(404, "Not Found");
    };
    let host = asked
        .headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    let address = format!("http://{host}{}", asked.path);
    let (body, link) = match resource {
        Resource::Yes => return plain(StatusCode::NO_CONTENT, ""),
        Resource::One(object) => (object, None),
        Resource::List(items) => {
            let (items, link) = page(items, &query, &address);
            (Value::Array(items), link)
        }
        Resource::Counted(name, items) => {
            let count = items.len();
            let (items, link) = page(items, &query, &address);
            (json!({ "total_count": count, name: items }), link)
        }
    };
    unless_known(
        asked,
        json_response(StatusCode::OK, &body),
        &body.to_string(),
        link.as_deref(),
    )
}

/// 304 without a body if the client already has this answer, which its `ETag` tells.
/// Source: <https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api>.
fn unless_known(asked: &Asked, mut response: Response, body: &str, link: Option<&str>) -> Response {
    let digest = Sha256::digest(format!("{}?{} {body}", asked.path, asked.query).as_bytes());
    let etag = format!("W/\"{}\"", hex::encode(digest));
    let known = asked
        .headers
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok());
    if known.is_some_and(|known| known.split(',').any(|one| one.trim() == etag)) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = Body::empty();
        response.headers_mut().remove(header::CONTENT_TYPE);
    }
    set(response.headers_mut(), "etag", &etag);
    set(
        response.headers_mut(),
        "cache-control",
        "private, max-age=60, s-maxage=60",
    );
    if let Some(link) = link {
        set(response.headers_mut(), "link", link);
    }
    response
}

fn limit_headers(state: &State, headers: &mut HeaderMap) {
    let budget = state.budget;
    set(headers, "x-ratelimit-limit", &budget.limit.to_string());
    set(headers, "x-ratelimit-remaining", &budget.remaining.to_string());
    set(
        headers,
        "x-ratelimit-used",
        &budget.limit.saturating_sub(budget.remaining).to_string(),
    );
    set(
        headers,
        "x-ratelimit-reset",
        &state.reset_at().timestamp().to_string(),
    );
    set(headers, "x-ratelimit-resource", "core");
    set(headers, "x-oauth-scopes", &state.scopes);
    set(
        headers,
        "x-github-request-id",
        &format!("SIM:{:06}", state.calls.len()),
    );
}
