//! Purpose: `GET /v1/openapi.json`: what there is below `/v1`, made from the handlers themselves.

use std::sync::Arc;

use axum::Extension;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use utoipa::PartialSchema;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, Info, LicenseBuilder, OpenApi, OpenApiBuilder};

use super::problem::{Body, Problems};

/// The document as it is sent.
#[derive(Debug, Clone)]
pub(super) struct Document(Arc<str>);

impl Document {
    pub(super) fn of(api: &OpenApi) -> Self {
        let text = api.to_json().unwrap_or_else(|error| {
            tracing::error!(%error, "the OpenAPI document cannot be written");
            "{}".to_owned()
        });
        Self(text.into())
    }
}

/// What the document says besides the routes.
pub(super) fn about() -> OpenApi {
    let mut info = Info::new("EM Agent", env!("CARGO_PKG_VERSION"));
    info.description = Some(
        "What programs may do for a person. A token acts for one Slack user: it may do what they may, and see what \
         they see. `em-agent token add` makes one."
            .to_owned(),
    );
    info.license = Some(
        LicenseBuilder::new()
            .name("Apache-2.0")
            .identifier(Some("Apache-2.0"))
            .build(),
    );
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("ema_ and 64 hexadecimal digits")
        .description(Some(
            "What a token lacks the scope for is refused with 403. The scopes are named with each operation.",
        ))
        .build();
    let components = ComponentsBuilder::new()
        .schema("Problem", Body::schema())
        .security_scheme("bearer", SecurityScheme::Http(bearer))
        .build();
    OpenApiBuilder::new()
        .info(info)
        .components(Some(components))
        .build()
}

/// This document.
#[utoipa::path(
    get,
    path = "/openapi.json",
    tag = "api",
    responses((status = 200, description = "The OpenAPI document.", content_type = "application/json"), Problems),
    security(("bearer" = [])),
)]
pub(super) async fn document(Extension(Document(text)): Extension<Document>) -> Response {
    let json = [(header::CONTENT_TYPE, "application/json")];
    (json, text.to_string()).into_response()
}
