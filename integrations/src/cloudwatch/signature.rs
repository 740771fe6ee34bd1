//! Purpose: the signature of SNS: RSA over the documented lines, under the key of a certificate that is valid now.
//!
//! Source: <https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message-verify-message-signature.html>. That the
//! certificate is Amazon's follows from where it was fetched, over TLS: from SNS itself, and nowhere else.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use ring::signature::{
    RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256, RsaParameters,
    UnparsedPublicKey,
};
use x509_parser::pem::parse_x509_pem;
use x509_parser::time::ASN1Time;

use super::webhook::Envelope;
use crate::webhook::Refused;

/// Whether the envelope was signed by the owner of `certificate` (PEM), which must be valid at `now`.
pub(super) fn check(envelope: &Envelope<'_>, certificate: &[u8], now: DateTime<Utc>) -> Result<(), Refused> {
    let signature = envelope
        .signature
        .as_deref()
        .ok_or(Refused::Unsigned("Signature"))?;
    let signature = STANDARD
        .decode(signature)
        .map_err(|_| Refused::BadSignature("Signature"))?;
    let method: &RsaParameters = match envelope.signature_version.as_deref() {
        // What a topic uses unless its owner says otherwise.
        Some("1") => &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
        Some("2") => &RSA_PKCS1_2048_8192_SHA256,
        _ => return Err(Refused::BadSignature("SignatureVersion")),
    };
    let signed = signed_text(envelope).ok_or(Refused::BadSignature("Type"))?;
    let key = public_key(certificate, now)?;
    UnparsedPublicKey::new(method, key)
        .verify(signed.as_bytes(), &signature)
        .map_err(|_| Refused::BadSignature("Signature"))
}

/// The names and values that are signed, each on a line of its own. `None` for a type that SNS does not have.
fn signed_text(envelope: &Envelope<'_>) -> Option<String> {
    let subject = envelope.subject.as_deref();
    let pairs: Vec<(&str, &str)> = match envelope.kind.as_ref() {
        "Notification" => [
            ("Message", Some(envelope.message.as_ref())),
            ("MessageId", Some(envelope.message_id.as_ref())),
            ("Subject", subject),
            ("Timestamp", Some(envelope.timestamp.as_ref())),
            ("TopicArn", Some(envelope.topic_arn.as_ref())),
            ("Type", Some(envelope.kind.as_ref())),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect(),
        "SubscriptionConfirmation" | "UnsubscribeConfirmation" => vec![
            ("Message", envelope.message.as_ref()),
            ("MessageId", envelope.message_id.as_ref()),
            ("SubscribeURL", envelope.subscribe_url.as_deref()?),
            ("Timestamp", envelope.timestamp.as_ref()),
            ("Token", envelope.token.as_deref()?),
            ("TopicArn", envelope.topic_arn.as_ref()),
            ("Type", envelope.kind.as_ref()),
        ],
        _ => return None,
    };
    let lines = pairs
        .into_iter()
        .flat_map(|(name, value)| [name, "\n", value, "\n"]);
    Some(lines.collect())
}

/// The RSA key in a certificate that is valid at `now`.
fn public_key(certificate: &[u8], now: DateTime<Utc>) -> Result<Vec<u8>, Refused> {
    let unreadable = || Refused::Certificate("cannot be read");
    let (_, pem) = parse_x509_pem(certificate).map_err(|_| unreadable())?;
    let certificate = pem.parse_x509().map_err(|_| unreadable())?;
    let now = ASN1Time::from_timestamp(now.timestamp()).map_err(|_| unreadable())?;
    if !certificate.validity().is_valid_at(now) {
        return Err(Refused::Certificate("is not valid now"));
    }
    Ok(certificate.public_key().subject_public_key.data.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloudwatch::webhook::envelope;

    #[test]
    fn the_lines_are_those_of_the_documentation() {
        let body = br#"{"Type": "Notification", "MessageId": "m", "TopicArn": "t", "Subject": "S",
            "Message": "two\nlines", "Timestamp": "2012-05-02T00:54:06.655Z", "More": {}}"#;
        assert_eq!(
            signed_text(&envelope(body).unwrap()).unwrap(),
            "Message\ntwo\nlines\nMessageId\nm\nSubject\nS\nTimestamp\n2012-05-02T00:54:06.655Z\nTopicArn\nt\nType\nNotification\n"
        );
        let body =
            br#"{"Type": "SubscriptionConfirmation", "MessageId": "m", "TopicArn": "t", "Message": "M",
            "Timestamp": "T", "Token": "k", "SubscribeURL": "u"}"#;
        assert_eq!(
            signed_text(&envelope(body).unwrap()).unwrap(),
            "Message\nM\nMessageId\nm\nSubscribeURL\nu\nTimestamp\nT\nToken\nk\nTopicArn\nt\nType\nSubscriptionConfirmation\n"
        );
        let without = br#"{"Type": "Notification", "MessageId": "m", "TopicArn": "t", "Message": "M", "Timestamp": "T"}"#;
        let signed = signed_text(&envelope(without).unwrap()).unwrap();
        assert!(!signed.contains("Subject"), "{signed}");
        for odd in [
            &br#"{"Type": "Other", "MessageId": "m", "TopicArn": "t", "Message": "M", "Timestamp": "T"}"#[..],
            br#"{"Type": "SubscriptionConfirmation", "MessageId": "m", "TopicArn": "t", "Message": "M", "Timestamp": "T"}"#,
        ] {
            assert_eq!(signed_text(&envelope(odd).unwrap()), None);
        }
    }

    #[test]
    fn a_field_that_is_there_twice_is_no_envelope() {
        let twice = br#"{"Type": "Notification", "MessageId": "m", "TopicArn": "t", "Message": "M", "Timestamp": "T", "TopicArn": "u"}"#;
        assert!(envelope(twice).is_none());
    }

    #[test]
    fn what_is_no_certificate_is_said_to_be_none() {
        let now = DateTime::UNIX_EPOCH;
        for certificate in [
            &b""[..],
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            b"\xff\xfe",
        ] {
            let refused = public_key(certificate, now).unwrap_err();
            assert_eq!(refused, Refused::Certificate("cannot be read"));
        }
    }
}
