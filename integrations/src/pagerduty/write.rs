//! Purpose: acknowledges and resolves incidents. Source: "Update an incident",
//! <https://developer.pagerduty.com/api-reference/8a0e1aa2ec666-update-an-incident>.

use reqwest::Method;
use reqwest::header::{FROM, HeaderMap, HeaderValue};
use serde::Deserialize;
use serde_json::json;

use super::PagerDutyClient;
use crate::documents::DocumentsError;
use crate::rest::{ChangeError, ChangeFailure};

/// How an incident stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncidentStatus {
    /// Nobody is at it.
    Triggered,
    /// Somebody is at it.
    Acknowledged,
    /// It is over, and cannot be opened again by this.
    Resolved,
}

impl IncidentStatus {
    /// As `PagerDuty` writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Triggered => "triggered",
            Self::Acknowledged => "acknowledged",
            Self::Resolved => "resolved",
        }
    }
}

/// An incident as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Paged {
    /// Its id, as in its address.
    pub id: String,
    /// What broke.
    pub title: String,
    /// How it stands.
    pub status: IncidentStatus,
    /// `high` or `low`.
    #[serde(default)]
    pub urgency: Option<String>,
    /// Where people see it.
    #[serde(default)]
    pub html_url: Option<String>,
    /// What is broken.
    #[serde(default)]
    pub service: Option<Named>,
}

/// Something by its name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Named {
    /// Its name.
    #[serde(default)]
    pub summary: Option<String>,
}

#[derive(Deserialize)]
struct One {
    incident: Paged,
}

impl PagerDutyClient {
    /// The same client in the name of this user, by their e-mail address. Tokens of an account need one to change anything;
    /// tokens of a person do not.
    ///
    /// # Errors
    /// This can be no e-mail address.
    pub fn acting_as(mut self, email: &str) -> Result<Self, DocumentsError> {
        let value = HeaderValue::from_str(email).map_err(|_| {
            DocumentsError::Refused("PAGERDUTY_FROM has characters that no address has".to_owned())
        })?;
        self.acting = HeaderMap::from_iter([(FROM, value)]);
        Ok(self)
    }

    /// The incident of this id, which must be made of letters and digits.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub async fn paged(&self, id: &str) -> Result<Paged, ChangeError> {
        let one: One = self.rest.look(&format!("/incidents/{id}"), &[]).await?;
        Ok(one.incident)
    }

    /// Acknowledges or resolves it.
    ///
    /// # Errors
    /// `PagerDuty` declines it, or nobody knows what became of it.
    pub async fn set_status(&self, id: &str, status: IncidentStatus) -> Result<(), ChangeError> {
        let body = json!({ "incident": { "type": "incident_reference", "status": status.as_str() } });
        let path = format!("/incidents/{id}");
        let answer = self.rest.change(Method::PUT, &path, &self.acting, &body).await;
        answer.map(drop).map_err(|error| ChangeError {
            failure: with_advice(error.failure),
            ..error
        })
    }
}

/// `PagerDuty` says what is wrong with the sender in its own terms, not in those of this configuration.
fn with_advice(failure: ChangeFailure) -> ChangeFailure {
    let ChangeFailure::Refused { reason } = failure else {
        return failure;
    };
    let reason = if reason.contains("\"From\" header") {
        "a token of the account must say who acts, so an admin must set PAGERDUTY_FROM to the e-mail address of somebody \
         there"
            .to_owned()
    } else if reason == "Requester User Not Found" {
        "nobody there has the e-mail address that PAGERDUTY_FROM says".to_owned()
    } else {
        reason
    };
    ChangeFailure::Refused { reason }
}
