//! Purpose: the proofs that webhooks come with, checked over the raw body before anything is parsed. Every comparison takes
//! the same time whatever it compares.
//!
//! A vendor's file names the header and the form; what is here does the arithmetic.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::header::{AUTHORIZATION, HeaderMap};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::webhook::{Delivery, Refused};

/// How the bytes of a signature are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Two digits a byte, in either case.
    Hex,
    /// With padding.
    Base64,
}

/// A header that carries HMAC-SHA256 signatures: one, or several in a list of which any may fit (senders do so while a
/// secret is being replaced).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signed {
    /// The header's name, as its vendor writes it.
    pub header: &'static str,
    /// What stands before each signature: `sha256=`, `v1=`, or nothing.
    pub prefix: &'static str,
    /// How its bytes are written.
    pub form: Form,
    /// What separates the signatures of a list.
    pub separator: char,
}

impl Signed {
    /// One signature in hexadecimal digits after `prefix`; a list of them is separated by commas.
    pub(crate) const fn hex(header: &'static str, prefix: &'static str) -> Self {
        Self {
            header,
            prefix,
            form: Form::Hex,
            separator: ',',
        }
    }

    /// One signature in Base64.
    pub(crate) const fn base64(header: &'static str) -> Self {
        Self {
            header,
            prefix: "",
            form: Form::Base64,
            separator: ',',
        }
    }

    /// Whether the header holds a signature of `pieces`, one after the other, under any of `secrets`.
    pub(crate) fn check(
        self,
        headers: &HeaderMap,
        pieces: &[&[u8]],
        secrets: &[SecretString],
    ) -> Result<(), Refused> {
        let keys = secrets.iter().map(|secret| secret.expose_secret().as_bytes());
        self.check_keys(headers, pieces, &keys.collect::<Vec<_>>())
    }

    /// The same, where the key is not the secret's text itself.
    pub(crate) fn check_keys(
        self,
        headers: &HeaderMap,
        pieces: &[&[u8]],
        keys: &[&[u8]],
    ) -> Result<(), Refused> {
        let given = headers.get(self.header).ok_or(Refused::Unsigned(self.header))?;
        let given = given.to_str().map_err(|_| Refused::BadSignature(self.header))?;
        self.check_text(given, pieces, keys)
    }

    /// The same for a text that stood in another place than the header.
    pub(crate) fn check_text(self, given: &str, pieces: &[&[u8]], keys: &[&[u8]]) -> Result<(), Refused> {
        let fits = given
            .split(self.separator)
            .filter_map(|one| self.bytes(one.trim()))
            .any(|signature| keys.iter().any(|key| is_signed(&signature, pieces, key)));
        fits.then_some(()).ok_or(Refused::BadSignature(self.header))
    }

    /// The header's value for `body` under `secret`.
    pub(crate) fn sign(self, body: &[u8], secret: &SecretString) -> String {
        // As below: the error cannot come.
        let mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes());
        let bytes = mac.map_or_else(
            |_| Vec::new(),
            |mac| mac.chain_update(body).finalize().into_bytes().to_vec(),
        );
        let digits = match self.form {
            Form::Hex => hex::encode(bytes),
            Form::Base64 => STANDARD.encode(bytes),
        };
        format!("{}{digits}", self.prefix)
    }

    fn bytes(self, text: &str) -> Option<Vec<u8>> {
        let digits = text.strip_prefix(self.prefix)?;
        match self.form {
            Form::Hex => hex::decode(digits).ok(),
            Form::Base64 => STANDARD.decode(digits).ok(),
        }
    }
}

fn is_signed(signature: &[u8], pieces: &[&[u8]], key: &[u8]) -> bool {
    // A key of any length is fine for HMAC; the error cannot come.
    Hmac::<Sha256>::new_from_slice(key).is_ok_and(|mac| {
        let mac = pieces.iter().fold(mac, Mac::chain_update);
        mac.verify_slice(signature).is_ok()
    })
}

/// Whether the header `name` holds one of `secrets` as it is.
pub(crate) fn token(
    headers: &HeaderMap,
    name: &'static str,
    secrets: &[SecretString],
) -> Result<(), Refused> {
    let given = headers.get(name).ok_or(Refused::Unsigned(name))?;
    is_one_of(given.as_bytes(), secrets)
        .then_some(())
        .ok_or(Refused::BadSignature(name))
}

/// The header in which senders that sign nothing may bring the secret.
pub(crate) const SECRET_HEADER: &str = "X-Webhook-Secret";

/// For senders that sign nothing: the secret itself, in any of the places where such a sender can put it: the header
/// [`SECRET_HEADER`], `Authorization: Bearer`, the password of `Authorization: Basic`, or `?secret=` in the address.
pub(crate) fn shared_secret(delivery: Delivery<'_>, secrets: &[SecretString]) -> Result<(), Refused> {
    let given = secrets_given(delivery);
    if given.is_empty() {
        return Err(Refused::Unsigned(SECRET_HEADER));
    }
    let fits = given.iter().any(|given| is_one_of(given, secrets));
    fits.then_some(()).ok_or(Refused::BadSignature(SECRET_HEADER))
}

fn secrets_given(delivery: Delivery<'_>) -> Vec<Vec<u8>> {
    let header = delivery
        .headers
        .get(SECRET_HEADER)
        .map(|value| value.as_bytes().to_vec());
    let authorization = delivery
        .headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let authorized = authorization.and_then(|value| {
        let (scheme, rest) = value.split_once(' ')?;
        match scheme.to_ascii_lowercase().as_str() {
            "bearer" => Some(rest.trim().as_bytes().to_vec()),
            "basic" => password(rest.trim()),
            _ => None,
        }
    });
    let query = delivery.query.and_then(|query| {
        url::form_urlencoded::parse(query.as_bytes())
            .find(|(name, _)| name == "secret")
            .map(|(_, value)| value.into_owned().into_bytes())
    });
    [header, authorized, query].into_iter().flatten().collect()
}

/// What stands behind the first colon of `user:password` (RFC 7617).
fn password(encoded: &str) -> Option<Vec<u8>> {
    let pair = STANDARD.decode(encoded).ok()?;
    let colon = pair.iter().position(|b| *b == b':')?;
    Some(pair[colon + 1..].to_vec())
}

fn is_one_of(given: &[u8], secrets: &[SecretString]) -> bool {
    // Every secret is compared, so that the time does not tell which one it was.
    secrets
        .iter()
        .fold(subtle::Choice::from(0), |fits, secret| {
            fits | given.ct_eq(secret.expose_secret().as_bytes())
        })
        .into()
}

/// Refuses what was signed at another time than about now: an old delivery that somebody sends again.
pub(crate) fn is_recent(
    signed_at: DateTime<Utc>,
    now: DateTime<Utc>,
    tolerance: TimeDelta,
    where_from: &'static str,
) -> Result<(), Refused> {
    let off = now.signed_duration_since(signed_at).abs();
    (off <= tolerance).then_some(()).ok_or(Refused::Stale(where_from))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhook::tests::{headers, secrets};

    fn check(signed: Signed, value: &str, body: &str, secret: &str) -> Result<(), Refused> {
        let headers = headers(&[(signed.header, value)]);
        signed.check(&headers, &[body.as_bytes()], &secrets(&[secret]))
    }

    /// The vectors that vendors publish: GitHub ("Validating webhook deliveries"), `CircleCI` ("Outbound webhooks"), Heroku
    /// ("App webhooks").
    #[test]
    fn the_vendors_own_vectors_hold() {
        let github = Signed::hex("X-Hub-Signature-256", "sha256=");
        let value = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        assert_eq!(
            check(github, value, "Hello, World!", "It's a Secret to Everybody"),
            Ok(())
        );
        let circleci = Signed::hex("circleci-signature", "v1=");
        for (secret, body, digits) in [
            (
                "secret",
                "hello world",
                "734cc62f32841568f45715aeb9f4d7891324e6d948e4c6c60c0621cdac48623a",
            ),
            (
                "another-secret",
                "lalala",
                "daa220016c8f29a8b214fbfc3671aeec2145cfb1e6790184ffb38b6d0425fa00",
            ),
            (
                "hunter123",
                "an-important-request-payload",
                "9be2242094a9a8c00c64306f382a7f9d691de910b4a266f67bd314ef18ac49fa",
            ),
        ] {
            let listed = format!("v2=00,v1={digits}");
            assert_eq!(check(circleci, &listed, body, secret), Ok(()), "{secret}");
            let wrong = check(circleci, &listed, body, "other");
            assert_eq!(wrong, Err(Refused::BadSignature("circleci-signature")));
        }
        let heroku = Signed::base64("Heroku-Webhook-Hmac-SHA256");
        let value = "luDEVkRg2AxxcflGmamyN5mOPleyccUZdkg+C0MoRBY=";
        assert_eq!(check(heroku, value, "a wild payload appeared", "foobar"), Ok(()));
    }

    #[test]
    fn an_absent_or_broken_signature_is_none() {
        let signed = Signed::hex("X-Sig", "v1=");
        let absent = signed.check(&HeaderMap::new(), &[b"x"], &secrets(&["s"]));
        assert_eq!(absent, Err(Refused::Unsigned("X-Sig")));
        for value in ["", "v1=", "v1=zz", "v1=00", "v2=00", ",,,"] {
            assert_eq!(
                check(signed, value, "x", "s"),
                Err(Refused::BadSignature("X-Sig")),
                "{value}"
            );
        }
    }

    #[test]
    fn a_secret_may_come_in_a_header_as_a_password_or_in_the_address() {
        let none = HeaderMap::new();
        let known = secrets(&["old", "n:ew"]);
        let try_with = |pairs: &[(&str, &str)], query: Option<&str>| {
            let headers = headers(pairs);
            let delivery = Delivery {
                headers: &headers,
                query,
                body: b"",
                certificate: None,
            };
            shared_secret(delivery, &known)
        };
        for pairs in [
            [("X-Webhook-Secret", "n:ew")],
            [("Authorization", "Bearer old")],
            // user:n:ew
            [("authorization", "basic dXNlcjpuOmV3")],
        ] {
            assert_eq!(try_with(&pairs, None), Ok(()), "{pairs:?}");
        }
        assert_eq!(try_with(&[], Some("a=1&secret=n%3Aew")), Ok(()));
        let bad = Err(Refused::BadSignature(SECRET_HEADER));
        assert_eq!(try_with(&[("Authorization", "Bearer nope")], None), bad);
        assert_eq!(try_with(&[("X-Webhook-Secret", "")], None), bad);
        assert_eq!(try_with(&[], Some("secret=")), bad);
        let absent = Delivery {
            headers: &none,
            query: Some("x=1"),
            body: b"",
            certificate: None,
        };
        assert_eq!(
            shared_secret(absent, &known),
            Err(Refused::Unsigned(SECRET_HEADER))
        );
    }

    #[test]
    fn what_was_signed_long_ago_or_in_the_future_is_stale() {
        let now = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
        let minute = TimeDelta::minutes(1);
        for (seconds, expected) in [(0, true), (60, true), (-60, true), (61, false), (-61, false)] {
            let at = now + TimeDelta::seconds(seconds);
            assert_eq!(is_recent(at, now, minute, "T").is_ok(), expected, "{seconds}");
        }
    }
}
