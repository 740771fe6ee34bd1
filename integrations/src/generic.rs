//! Purpose: `POST /webhooks/generic`: any sender of JSON, read by a mapping that the configuration holds. The sender names the
//! mapping in the header `X-Event-Mapping`, or in the address: `?mapping=NAME`.

mod facts;
mod mapping;
mod pointer;
mod proof;

use sha2::{Digest, Sha256};

pub use mapping::Mapping;
pub use proof::{Encoding, Settings, receive, verify_with};

use crate::proof::Proof;
use crate::webhook::{Delivery, Refused, Said, Vendor, header};

/// Any other sender's webhooks.
pub const VENDOR: Vendor = Vendor {
    name: "generic",
    title: "Any other system",
    proof: Proof::Secret,
    read: |delivery, payload| said(delivery, payload),
    changes: facts::changes,
};

const MAPPING_HEADER: &str = "X-Event-Mapping";
const MAX_NAME_CHARS: usize = 32;

/// The event is called like its mapping. Nothing is known of the sender's ids, so the body is the key, under the mapping's
/// name: one body may be sent to two mappings.
fn said(delivery: Delivery<'_>, payload: &[u8]) -> Result<Said, Refused> {
    let in_query = || {
        url::form_urlencoded::parse(delivery.query?.as_bytes())
            .find(|(name, _)| name == "mapping")
            .map(|(_, value)| value.into_owned())
    };
    let name = header(delivery.headers, MAPPING_HEADER)
        .map(str::to_owned)
        .or_else(in_query)
        .filter(|name| is_name(name))
        .ok_or(Refused::MissingHeader(MAPPING_HEADER))?;
    Ok(Said {
        delivery_key: Some(format!("{name}:{}", hex::encode(Sha256::digest(payload)))),
        occurred_at: None,
        event_type: name,
    })
}

/// Whether a mapping can be called so: 1 to 32 lower-case letters, digits, dashes or underscores.
pub fn is_name(name: &str) -> bool {
    (1..=MAX_NAME_CHARS).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhook::tests::headers;

    fn named(pairs: &[(&str, &str)], query: Option<&str>) -> Result<Said, Refused> {
        let headers = headers(pairs);
        let delivery = Delivery {
            headers: &headers,
            query,
            body: b"{}",
            certificate: None,
        };
        said(delivery, b"{}")
    }

    #[test]
    fn the_mapping_is_named_by_a_header_or_in_the_address() {
        let name = |pairs, query| named(pairs, query).map(|said| said.event_type);
        let header = &[("x-event-mapping", "deploys")][..];
        assert_eq!(name(header, None).as_deref(), Ok("deploys"));
        assert_eq!(name(header, Some("mapping=other")).as_deref(), Ok("deploys"));
        assert_eq!(
            name(&[], Some("secret=s&mapping=my-2_nd")).as_deref(),
            Ok("my-2_nd")
        );
        let refused = Err(Refused::MissingHeader("X-Event-Mapping"));
        let long = format!("mapping={}", "x".repeat(33));
        for query in [
            None,
            Some("secret=s"),
            Some("mapping="),
            Some("mapping=A%20b"),
            Some(&long),
        ] {
            assert_eq!(name(&[], query), refused, "{query:?}");
        }
    }

    #[test]
    fn one_body_under_two_mappings_is_two_deliveries() {
        let key = |name| {
            named(&[("x-event-mapping", name)], None)
                .unwrap()
                .delivery_key
                .unwrap()
        };
        assert_eq!(key("a"), key("a"));
        assert_ne!(key("a"), key("b"));
        let longest = key(&"x".repeat(32));
        assert!(
            longest.len() <= 100,
            "{longest}: otherwise the name would be hashed with it"
        );
    }
}
