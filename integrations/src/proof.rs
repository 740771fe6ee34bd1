//! Purpose: how deliveries are proven, a kind for each manner of vendors: what is checked when one comes, and what a test event
//! of ours carries so that it passes the same check.

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};

use crate::signature::{SECRET_HEADER, Signed, shared_secret};
use crate::webhook::{Delivery, Refused};

/// How a vendor's deliveries are proven.
pub(crate) enum Proof {
    /// By the secret itself, in any of the places of [`shared_secret`].
    Secret,
    /// By a signature over the body, and nothing else.
    Signed(Signed),
    /// In the vendor's own way; and what a test event carries, if anybody but the vendor can make one.
    Own(Check, Option<Sign>),
}

/// What a vendor's file checks.
pub(crate) type Check = fn(Delivery<'_>, &[SecretString], DateTime<Utc>) -> Result<(), Refused>;

/// What a delivery carries as its proof.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Sign {
    /// The secret itself, in this header.
    Secret(&'static str),
    /// A signature over the body.
    Body(Signed),
}

impl Proof {
    /// Whether the delivery comes from somebody who knows one of `secrets`. Nothing of the body was parsed before.
    pub(crate) fn check(
        &self,
        delivery: Delivery<'_>,
        secrets: &[SecretString],
        now: DateTime<Utc>,
    ) -> Result<(), Refused> {
        match self {
            Self::Secret => shared_secret(delivery, secrets),
            Self::Signed(signed) => signed.check(delivery.headers, &[delivery.body], secrets),
            Self::Own(check, _) => check(delivery, secrets, now),
        }
    }

    /// How a test event is proven; `None` where only the vendor can prove a delivery.
    pub(crate) fn sign(&self) -> Option<Sign> {
        match self {
            Self::Secret => Some(Sign::Secret(SECRET_HEADER)),
            Self::Signed(signed) => Some(Sign::Body(*signed)),
            Self::Own(_, sign) => *sign,
        }
    }
}

impl Sign {
    /// The name and value of the header that proves `body`.
    pub(crate) fn header(self, body: &[u8], secret: &SecretString) -> (&'static str, String) {
        match self {
            Self::Secret(name) => (name, secret.expose_secret().to_owned()),
            Self::Body(signed) => (signed.header, signed.sign(body, secret)),
        }
    }
}
