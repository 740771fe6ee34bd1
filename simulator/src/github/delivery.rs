//! Purpose: webhooks as GitHub sends them: a JSON body, its event name, a delivery id, and the signature over the
//! exact bytes. Source: <https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries>.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{shapes, world::State};

/// One webhook, ready to be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// `X-GitHub-Delivery`: a UUID, the same when it is sent again.
    pub id: String,
    /// `X-GitHub-Event`.
    pub event: &'static str,
    /// The payload.
    pub body: Value,
}

impl Delivery {
    /// The bytes to send, which are the bytes that [`Delivery::headers`] signs.
    pub fn bytes(&self) -> Vec<u8> {
        self.body.to_string().into_bytes()
    }

    /// All headers of the request, signed with `secret`.
    pub fn headers(&self, secret: &str) -> Vec<(&'static str, String)> {
        let mut headers = signed_headers(secret, &self.bytes());
        headers.push(("x-github-event", self.event.to_owned()));
        headers.push(("x-github-delivery", self.id.clone()));
        headers.push(("x-github-hook-id", "1".to_owned()));
        headers
    }
}

/// The headers that every delivery has, with `X-Hub-Signature-256` over `body`.
pub fn signed_headers(secret: &str, body: &[u8]) -> Vec<(&'static str, String)> {
    vec![
        ("content-type", "application/json".to_owned()),
        ("user-agent", "GitHub-Hookshot/5e1f00d".to_owned()),
        (
            "x-hub-signature-256",
            format!("sha256={}", signature(secret, body)),
        ),
    ]
}

fn signature(secret: &str, body: &[u8]) -> String {
    match Hmac::<Sha256>::new_from_slice(secret.as_bytes()) {
        Ok(mac) => hex::encode(mac.chain_update(body).finalize().into_bytes()),
        // HMAC takes keys of any length.
        Err(_) => String::new(),
    }
}

/// Who did what, where: the members that every payload shares.
pub(super) struct Act<'a> {
    pub(super) repo: &'a str,
    pub(super) by: &'a str,
    pub(super) action: &'a str,
}

impl State {
    /// The webhook for an act. `about` holds the members that only this event has.
    pub(super) fn deliver(&mut self, event: &'static str, act: &Act<'_>, about: Value) -> Delivery {
        let id = self.next_id();
        let repository = self.repo(act.repo).about.clone();
        let mut body = json!({
            "action": act.action,
            "organization": shapes::organization(act.repo.split('/').next().unwrap_or_default()),
            "repository": repository,
            "sender": shapes::user(act.by),
        });
        if let (Some(body), Value::Object(about)) = (body.as_object_mut(), about) {
            body.extend(about);
        }
        Delivery {
            id: format!("00000000-0000-4000-8000-{id:012x}"),
            event,
            body,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::signed_headers;

    #[test]
    fn signature_is_the_one_of_githubs_documentation() {
        let headers = signed_headers("It's a Secret to Everybody", b"Hello, World!");
        let expected = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        assert!(headers.contains(&("x-hub-signature-256", expected.to_owned())));
    }
}
