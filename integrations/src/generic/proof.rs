//! Purpose: how a sender of any kind proves itself: by the secret as it is, or by a signature whose form the configuration
//! tells.

use chrono::{DateTime, Utc};
use em_domain::event::RawEvent;
use em_domain::id::EventId;
use reqwest::header::HeaderName;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::VENDOR;
use crate::signature::{Form, Signed, shared_secret};
use crate::webhook::{Delivery, Refused, Trust, receive_by};

/// The header's name is the operator's own, and is not told to who does not know it.
const SIGNATURE: &str = "with the signature";

/// How the sender signs: HMAC-SHA256 over the raw body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The header that carries the signature, or several with commas between them.
    pub header: String,
    /// What stands before each signature: `sha256=`, or nothing.
    #[serde(default)]
    pub prefix: String,
    /// How its bytes are written.
    #[serde(default)]
    pub encoding: Encoding,
}

/// How the bytes of a signature are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// Two digits a byte.
    #[default]
    Hex,
    /// With padding.
    Base64,
}

impl Settings {
    /// What is wrong with them, a sentence each; nothing where they can be used.
    pub fn check(&self) -> Vec<String> {
        let is_name = self.header.parse::<HeaderName>().is_ok();
        let wrong = (!is_name).then(|| format!("header: `{}` is no name of a header", self.header));
        wrong.into_iter().collect()
    }

    /// What a delivery of this body carries in [`Settings::header`].
    pub(crate) fn sign(&self, body: &[u8], secret: &SecretString) -> String {
        format!("{}{}", self.prefix, self.signed().sign(body, secret))
    }

    /// The arithmetic; the prefix, which is the operator's, is taken off before.
    fn signed(&self) -> Signed {
        Signed {
            header: SIGNATURE,
            prefix: "",
            form: match self.encoding {
                Encoding::Hex => Form::Hex,
                Encoding::Base64 => Form::Base64,
            },
            separator: ',',
        }
    }

    fn verify(&self, delivery: Delivery<'_>, secrets: &[SecretString]) -> Result<(), Refused> {
        let given = delivery
            .headers
            .get(&self.header)
            .ok_or(Refused::Unsigned(SIGNATURE))?;
        let given = given.to_str().map_err(|_| Refused::BadSignature(SIGNATURE))?;
        let signatures: Vec<&str> = given
            .split(',')
            .filter_map(|one| one.trim().strip_prefix(&self.prefix))
            .collect();
        let keys = secrets.iter().map(|secret| secret.expose_secret().as_bytes());
        let keys: Vec<&[u8]> = keys.collect();
        self.signed()
            .check_text(&signatures.join(","), &[delivery.body], &keys)
    }
}

/// Whether the delivery comes from somebody who knows one of `secrets`. With settings, only a signature does.
///
/// # Errors
/// The proof is missing or wrong.
pub fn verify_with(
    settings: Option<&Settings>,
    delivery: Delivery<'_>,
    secrets: &[SecretString],
) -> Result<(), Refused> {
    settings.map_or_else(
        || shared_secret(delivery, secrets),
        |settings| settings.verify(delivery, secrets),
    )
}

/// [`crate::webhook::receive`] of a sender that signs as `settings` say.
///
/// # Errors
/// As there.
pub fn receive(
    settings: Option<&Settings>,
    delivery: Delivery<'_>,
    trust: Trust<'_>,
    now: DateTime<Utc>,
    id: EventId,
) -> Result<RawEvent, Refused> {
    let verify = |delivery: Delivery<'_>, secrets: &[SecretString], _: DateTime<Utc>| {
        verify_with(settings, delivery, secrets)
    };
    receive_by(&VENDOR, &verify, delivery, trust, now, id)
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use hmac::{Hmac, KeyInit, Mac};
    use sha2::Sha256;
    use ulid::Ulid;

    use super::*;
    use crate::webhook::tests::{headers, secrets};

    const BODY: &[u8] = br#"{"a":1}"#;

    fn mac(secret: &str) -> Vec<u8> {
        let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())
            .unwrap()
            .chain_update(BODY);
        mac.finalize().into_bytes().to_vec()
    }

    fn settings(prefix: &str, encoding: Encoding) -> Settings {
        Settings {
            header: "X-Acme-Signature".to_owned(),
            prefix: prefix.to_owned(),
            encoding,
        }
    }

    fn taken(settings: Option<&Settings>, pairs: &[(&str, &str)]) -> Result<String, Refused> {
        let headers = headers(pairs);
        let secrets = secrets(&["s", "old"]);
        let delivery = Delivery {
            headers: &headers,
            query: Some("mapping=m"),
            body: BODY,
            certificate: None,
        };
        let trust = Trust {
            secrets: &secrets,
            takes_unsigned: false,
        };
        let id = EventId::new(Ulid::nil());
        receive(settings, delivery, trust, DateTime::UNIX_EPOCH, id).map(|event| event.event_type)
    }

    #[test]
    fn a_signature_is_believed_in_the_form_that_is_configured() {
        let hex_of = |secret| hex::encode(mac(secret));
        let base64_of = |secret| STANDARD.encode(mac(secret));
        for (prefix, encoding, value) in [
            ("sha256=", Encoding::Hex, format!("sha256={}", hex_of("s"))),
            ("", Encoding::Hex, hex_of("old")),
            ("", Encoding::Base64, base64_of("s")),
            (
                "v1=",
                Encoding::Base64,
                format!("v0=AA==, v1={}", base64_of("old")),
            ),
        ] {
            let settings = settings(prefix, encoding);
            let with = |value: &str| taken(Some(&settings), &[("x-acme-signature", value)]);
            assert_eq!(with(&value).as_deref(), Ok("m"), "{value}");
            let own = settings.sign(BODY, &SecretString::from("old"));
            assert_eq!(with(&own).as_deref(), Ok("m"), "{own}");
            let bad = Err(Refused::BadSignature(SIGNATURE));
            for wrong in [
                format!("{prefix}{}", hex_of("other")),
                format!("{prefix}{}", base64_of("other")),
                String::new(),
            ] {
                assert_eq!(with(&wrong), bad, "{wrong}");
            }
            assert_eq!(
                with(value.trim_start_matches(prefix)).is_ok(),
                prefix.is_empty() || value.contains(',')
            );
        }
    }

    #[test]
    fn where_signatures_are_configured_the_secret_alone_is_not_enough() {
        let plain = &[("x-webhook-secret", "s")][..];
        assert_eq!(taken(None, plain).as_deref(), Ok("m"));
        let settings = settings("", Encoding::Hex);
        assert_eq!(taken(Some(&settings), plain), Err(Refused::Unsigned(SIGNATURE)));
    }

    #[test]
    fn a_header_that_cannot_exist_is_named() {
        assert_eq!(settings("", Encoding::Hex).check(), Vec::<String>::new());
        let mut bad = settings("", Encoding::Hex);
        bad.header = "my header".to_owned();
        assert_eq!(bad.check(), ["header: `my header` is no name of a header"]);
    }

    #[test]
    fn settings_are_read_with_few_words() {
        let read: Settings = serde_json::from_str(r#"{"header":"X-Acme-Signature"}"#).unwrap();
        assert_eq!(read, settings("", Encoding::Hex));
        let read = serde_json::from_str::<Settings>(r#"{"header":"X","encoding":"base64","prefix":"v1="}"#);
        assert_eq!(read.unwrap().encoding, Encoding::Base64);
    }
}
