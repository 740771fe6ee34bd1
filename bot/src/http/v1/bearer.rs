//! Purpose: who asks. The token is looked up by its hash at each request, so one that was removed stops working at once.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use em_domain::api_token::{ApiToken, Scope, TokenHash, is_well_formed};
use governor::clock::{Clock as _, DefaultClock};
use secrecy::SecretString;
use tracing::Instrument;

use super::Api;
use super::problem::Problem;

/// Whose request it is.
pub(super) type Acting = Extension<Arc<ApiToken>>;

/// Lets a request through whose token is known, in time and not used too often.
pub(super) async fn admitted(State(api): State<Api>, mut request: Request, next: Next) -> Response {
    match api.admit(request.headers()).await {
        Ok(token) => {
            let span = tracing::info_span!("request", %token.name, method = %request.method());
            request.extensions_mut().insert(Arc::new(token));
            next.run(request).instrument(span).await
        }
        Err(problem) => problem.into_response(),
    }
}

/// Lets a request through whose token has `scope`.
pub(super) async fn within(scope: Scope, Extension(token): Acting, request: Request, next: Next) -> Response {
    if token.has(scope) {
        return next.run(request).await;
    }
    let detail = format!("This needs a token with the scope `{scope}`.");
    let challenge = format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\"");
    let problem = Problem::new(StatusCode::FORBIDDEN, detail);
    match HeaderValue::from_str(&challenge) {
        Ok(challenge) => problem.with(header::WWW_AUTHENTICATE, challenge),
        Err(_) => problem,
    }
    .into_response()
}

impl Api {
    async fn admit(&self, headers: &HeaderMap) -> Result<ApiToken, Problem> {
        let text = bearer(headers).ok_or_else(|| {
            let how =
                "Send a token in the header `Authorization: Bearer ema_…`; `em-agent token add` makes one.";
            Problem::new(StatusCode::UNAUTHORIZED, how)
                .with(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
        })?;
        let (ctx, now) = (self.dispatcher.ctx(), self.dispatcher.ctx().clock.now());
        let found = if is_well_formed(text) {
            let hash = TokenHash::of(&SecretString::from(text));
            ctx.store.api_tokens().find(&hash).await?
        } else {
            None
        };
        let token =
            found.ok_or_else(|| invalid("This token is not known here: it was mistyped or removed."))?;
        if token.is_expired(now) {
            return Err(invalid(
                "This token has expired; `em-agent token add` makes a new one.",
            ));
        }
        self.pace(&token)?;
        if token.is_noted(now)
            && let Err(error) = ctx.store.api_tokens().record_use(&token.name, now).await
        {
            tracing::warn!(%error, %token.name, "that a token was used could not be noted");
        }
        Ok(token)
    }

    fn pace(&self, token: &ApiToken) -> Result<(), Problem> {
        let Err(early) = self.limiter.check_key(&token.name) else {
            return Ok(());
        };
        let wait = early.wait_time_from(DefaultClock::default().now());
        let seconds = wait.as_secs() + 1;
        let detail = format!("This token has asked too often. Wait {seconds} s, then go on.");
        Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, detail).with(header::RETRY_AFTER, seconds.into()))
    }
}

fn invalid(detail: &str) -> Problem {
    let challenge = HeaderValue::from_static("Bearer error=\"invalid_token\"");
    Problem::new(StatusCode::UNAUTHORIZED, detail).with(header::WWW_AUTHENTICATE, challenge)
}

/// The token in `Authorization: Bearer …`; the word in any case, as RFC 9110 has it.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
