//! Purpose: one request from its arrival to the last event of its answer.

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State as FromWorld};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use futures::{StreamExt as _, stream};
use serde_json::{Value, json};

use super::{API_KEY, Asked, Fault, MODEL, World, model};

/// Nobody sends more in one request.
const MAX_BODY_BYTES: usize = 4 * 1024 * 1024;
/// Characters in one chunk: words are torn apart, as tokens do.
const CHUNK: usize = 5;
/// Of an answer that breaks off, this many chunks come.
const BEGINNING: usize = 4;

/// Answers one request.
pub(super) async fn answer(FromWorld(world): FromWorld<World>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, MAX_BODY_BYTES)
        .await
        .unwrap_or_default();
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let (passages, question) = model::read(&body);
    let fault = world.state().faults.pop_front();
    let refused = refused(&parts.method, parts.uri.path(), &parts.headers, &body);
    let response = match (refused, &fault) {
        (Some(refused), _) => refused,
        (None, Some(Fault::Hang)) => {
            note(&world, &body, &passages, 0);
            return std::future::pending().await;
        }
        (None, Some(fault)) if failed(fault).is_some() => failed(fault).unwrap_or_default(),
        (None, fault) => {
            let obeyed = model::obeyed(&passages).filter(|_| *fault == Some(Fault::Obey));
            let rule = world.state().rule.clone();
            let text = obeyed.unwrap_or_else(|| rule(&passages, &question));
            written(&world, &body, &text, fault.as_ref())
        }
    };
    note(&world, &body, &passages, response.status().as_u16());
    response
}

fn note(world: &World, body: &Value, passages: &[model::Passage], status: u16) {
    world.state().asked.push(Asked {
        body: body.clone(),
        passages: passages.to_vec(),
        status,
    });
}

/// Whoever is not let in, and what is no request.
fn refused(method: &Method, path: &str, headers: &HeaderMap, body: &Value) -> Option<Response> {
    let key = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    if key != Some(&format!("Bearer {API_KEY}")) {
        return Some(problem(401, "invalid_api_key", "Incorrect API key provided."));
    }
    if (method, path) != (&Method::POST, "/v1/chat/completions") {
        return Some(problem(404, "unknown_url", "Unknown request URL."));
    }
    if body["model"] != MODEL {
        let message = format!(
            "The model `{}` does not exist.",
            body["model"].as_str().unwrap_or_default()
        );
        return Some(problem(404, "model_not_found", &message));
    }
    let both = !body["max_tokens"].is_null() && !body["max_completion_tokens"].is_null();
    let has_messages = body["messages"]
        .as_array()
        .is_some_and(|messages| !messages.is_empty());
    (both || !has_messages).then(|| problem(400, "invalid_request_error", "The request cannot be read."))
}

/// What fails before anything is written.
fn failed(fault: &Fault) -> Option<Response> {
    Some(match fault {
        Fault::Status(status) => problem(*status, "server_error", "Something went wrong on purpose."),
        Fault::RateLimited(seconds) => {
            let mut response = problem(429, "rate_limit_exceeded", "Rate limit reached.");
            let seconds = seconds.and_then(|seconds| HeaderValue::from_str(&seconds.to_string()).ok());
            if let Some(seconds) = seconds {
                response.headers_mut().insert(header::RETRY_AFTER, seconds);
            }
            response
        }
        Fault::QuotaUsedUp => problem(429, "insufficient_quota", "You exceeded your current quota."),
        Fault::Page => of_kind("text/html", "<html><body>Welcome to the proxy</body></html>"),
        Fault::Slow(_)
        | Fault::Hang
        | Fault::Silence
        | Fault::BreakOff
        | Fault::EndEarly
        | Fault::Garbage
        | Fault::ErrorInTheMiddle
        | Fault::NoChunk
        | Fault::NotStreamed
        | Fault::NoCounts
        | Fault::TooLong
        | Fault::Endless
        | Fault::Obey => return None,
    })
}

fn problem(status: u16, code: &str, message: &str) -> Response {
    let error = json!({"error": {"message": message, "type": "error", "param": null, "code": code}});
    let mut response = of_kind("application/json", &error.to_string());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
}

fn of_kind(kind: &'static str, body: &str) -> Response {
    let mut response = Response::new(Body::from(body.to_owned()));
    let kind = HeaderValue::from_static(kind);
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// What comes over the wire, piece by piece.
enum Piece {
    Event(String),
    Pause(Duration),
    Break,
    Never,
}

fn written(world: &World, body: &Value, text: &str, fault: Option<&Fault>) -> Response {
    if body["stream"] != true || fault == Some(&Fault::NotStreamed) {
        let message = json!({"role": "assistant", "content": text});
        let choice = json!({"index": 0, "message": message, "finish_reason": "stop"});
        let answer = json!({"object": "chat.completion", "model": MODEL, "choices": [choice]});
        return of_kind("application/json", &answer.to_string());
    }
    if fault == Some(&Fault::Endless) {
        let again = chunk(&json!({"content": "and so on "}), None);
        return streamed(world, stream::repeat_with(move || Piece::Event(again.clone())));
    }
    streamed(world, stream::iter(script(body, text, fault)))
}

/// The whole of an answer, as far as it comes.
fn script(body: &Value, text: &str, fault: Option<&Fault>) -> Vec<Piece> {
    let letters: Vec<char> = text.chars().collect();
    let words = letters.chunks(CHUNK).map(|piece| {
        let piece: String = piece.iter().collect();
        Piece::Event(chunk(&json!({"content": piece}), None))
    });
    let mut pieces = vec![Piece::Event(chunk(
        &json!({"role": "assistant", "content": ""}),
        None,
    ))];
    pieces.extend(words);
    if let Some((length, end)) = fault.and_then(bad_end) {
        pieces.truncate(length);
        pieces.extend(end);
        return pieces;
    }
    pieces.extend(ending(body, text, fault));
    match fault {
        Some(Fault::Slow(pause)) => pieces
            .into_iter()
            .flat_map(|piece| [Piece::Pause(*pause), piece])
            .collect(),
        Some(_) | None => pieces,
    }
}

/// How many chunks come of an answer that does not end well, and what comes after them.
fn bad_end(fault: &Fault) -> Option<(usize, Option<Piece>)> {
    match fault {
        Fault::Silence => Some((BEGINNING, Some(Piece::Never))),
        Fault::BreakOff => Some((BEGINNING, Some(Piece::Break))),
        Fault::EndEarly => Some((BEGINNING, None)),
        Fault::Garbage => Some((BEGINNING, Some(Piece::Event("{\"id\": oops".to_owned())))),
        Fault::ErrorInTheMiddle => {
            let error = json!({"error": {"code": 502, "message": "The provider is away"}});
            Some((BEGINNING, Some(Piece::Event(error.to_string()))))
        }
        Fault::NoChunk => Some((0, Some(Piece::Event("[DONE]".to_owned())))),
        Fault::Status(_)
        | Fault::RateLimited(_)
        | Fault::QuotaUsedUp
        | Fault::Slow(_)
        | Fault::Hang
        | Fault::Page
        | Fault::NotStreamed
        | Fault::NoCounts
        | Fault::TooLong
        | Fault::Endless
        | Fault::Obey => None,
    }
}

/// The last events of a whole answer.
fn ending(body: &Value, text: &str, fault: Option<&Fault>) -> Vec<Piece> {
    let reason = if fault == Some(&Fault::TooLong) {
        "length"
    } else {
        "stop"
    };
    let mut pieces = vec![Piece::Event(chunk(&json!({}), Some(reason)))];
    if body["stream_options"]["include_usage"] == true && fault != Some(&Fault::NoCounts) {
        let (sent, answered) = (body["messages"].to_string().len() / 4, text.len() / 4);
        let usage = json!({
            "prompt_tokens": sent, "completion_tokens": answered, "total_tokens": sent + answered,
        });
        let last = json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": MODEL,
            "choices": [], "usage": usage});
        pieces.push(Piece::Event(last.to_string()));
    }
    pieces.push(Piece::Event("[DONE]".to_owned()));
    pieces
}

fn chunk(delta: &Value, finish_reason: Option<&str>) -> String {
    let choice = json!({"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish_reason});
    json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": MODEL, "choices": [choice],
        "usage": null})
    .to_string()
}

/// Counts an answer as being written until its end, or until the caller hangs up.
struct Writing(World);

impl Writing {
    fn begin(world: &World) -> Self {
        world.writing.send_modify(|writing| *writing += 1);
        Self(world.clone())
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        self.0.writing.send_modify(|writing| *writing -= 1);
    }
}

fn streamed(world: &World, pieces: impl futures::Stream<Item = Piece> + Send + 'static) -> Response {
    let writing = Writing::begin(world);
    let bytes = pieces.then(move |piece| {
        // The stream holds it for as long as it lives.
        let _ = &writing;
        sent(piece)
    });
    let body = Body::from_stream(bytes.filter_map(|sent| async move { sent.transpose() }));
    let mut response = Response::new(body);
    let kind = HeaderValue::from_static("text/event-stream; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

async fn sent(piece: Piece) -> io::Result<Option<Bytes>> {
    match piece {
        Piece::Event(data) => {
            // Each is sent by itself and not with the next.
            tokio::task::yield_now().await;
            Ok(Some(Bytes::from(format!("data: {data}\n\n"))))
        }
        Piece::Pause(pause) => {
            tokio::time::sleep(pause).await;
            Ok(None)
        }
        Piece::Break => {
            tokio::task::yield_now().await;
            Err(io::Error::other("broken off on purpose"))
        }
        Piece::Never => std::future::pending::<Result<_, Infallible>>()
            .await
            .map_err(io::Error::other),
    }
}
