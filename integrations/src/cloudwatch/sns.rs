//! Purpose: what Amazon SNS needs besides a webhook: the certificate that it signs with, and the request that confirms a
//! subscription. Both addresses come with the delivery, so only Amazon's own hosts are ever asked.

use std::time::Duration;

use bytes::Bytes;
use em_domain::event::RawEvent;
use moka::future::Cache;
use secrecy::SecretString;
use url::Url;

use super::webhook::is_of;
use super::{certificate_url, subscribe_url};
use crate::http::{TimeLimits, client};

/// SNS waits 15 seconds for an answer (docs.aws.amazon.com/sns, "HTTP/HTTPS endpoints").
const LIMITS: TimeLimits = TimeLimits {
    connect: Duration::from_secs(5),
    total: Duration::from_secs(10),
};
/// A certificate has about 2,000 bytes.
const MAX_ANSWER_BYTES: usize = 64 * 1024;
/// Amazon has a few of them in use at a time.
const CERTIFICATES: u64 = 100;
/// How long one is believed to be still at its address.
const KEPT_FOR: Duration = Duration::from_hours(24);

/// Why Amazon did not answer. Trying again may help.
#[derive(Debug, thiserror::Error)]
pub enum SnsError {
    /// It was not reached, or answered that it cannot.
    #[error("Amazon SNS cannot be asked: {0}")]
    Unreachable(#[from] reqwest::Error),
    /// More than any certificate or confirmation has.
    #[error("Amazon's answer is too long")]
    TooLong,
    /// The address that is asked instead of Amazon's is none.
    #[error("the address of SNS makes no sense: {0}")]
    Address(#[from] url::ParseError),
}

/// Amazon SNS, as far as it is asked.
#[derive(Debug, Clone)]
pub struct Sns {
    client: reqwest::Client,
    /// Asked instead of Amazon's hosts; for a proxy, or a pretend SNS.
    base: Option<Url>,
    certificates: Cache<Url, Bytes>,
}

impl Sns {
    /// Asks `base` instead of Amazon's hosts, where there is one.
    ///
    /// # Errors
    /// The machine's trusted certificates cannot be read.
    pub fn new(base: Option<Url>) -> Result<Self, SnsError> {
        Ok(Self {
            client: client(LIMITS)?,
            base,
            certificates: Cache::builder()
                .max_capacity(CERTIFICATES)
                .time_to_live(KEPT_FOR)
                .build(),
        })
    }

    /// The certificate that a delivery of one of these topics names; `None` if it is of another, names none of Amazon's, or it
    /// cannot be had now. Strangers have nothing asked.
    pub async fn certificate(&self, body: &[u8], topics: &[SecretString]) -> Option<Bytes> {
        let url = is_of(body, topics).then(|| certificate_url(body))??;
        let found = self.certificates.try_get_with(url.clone(), self.get(&url)).await;
        found
            .inspect_err(|error| tracing::warn!(%url, %error, "the certificate of a webhook cannot be read"))
            .ok()
    }

    /// Confirms the subscription that a proven event offers, if it does.
    ///
    /// # Errors
    /// Amazon did not take it; it offers the subscription again if this delivery is not accepted.
    pub async fn confirm(&self, event: &RawEvent) -> Result<(), SnsError> {
        let Some(url) = subscribe_url(event) else {
            return Ok(());
        };
        self.get(&url).await?;
        tracing::info!("a subscription of Amazon SNS is confirmed");
        Ok(())
    }

    async fn get(&self, url: &Url) -> Result<Bytes, SnsError> {
        let mut answer = self
            .client
            .get(self.reached(url)?)
            .send()
            .await?
            .error_for_status()?;
        let mut whole = Vec::new();
        while let Some(piece) = answer.chunk().await? {
            if whole.len() + piece.len() > MAX_ANSWER_BYTES {
                return Err(SnsError::TooLong);
            }
            whole.extend_from_slice(&piece);
        }
        Ok(Bytes::from(whole))
    }

    fn reached(&self, url: &Url) -> Result<Url, SnsError> {
        let Some(base) = &self.base else {
            return Ok(url.clone());
        };
        let mut reached = base.join(url.path())?;
        reached.set_query(url.query());
        Ok(reached)
    }
}
