//! Purpose: incidents that are acknowledged and resolved, and what a pretend `PagerDuty` refuses.
//! Source: "Update an incident" in the schema; `You must specify ...` (2016) and `Requester User Not Found` (1008) are what
//! users of the API report.

use axum::http::Method;
use axum::response::Response;
use serde_json::json;

use super::super::USER;
use super::{State, found, moment, problem};
use crate::desk::{Asked, said};

impl State {
    pub(in crate::pagerduty) fn status(&self, incident: &str) -> String {
        let known = self.incidents.iter().find(|known| known["id"] == incident);
        let status = known.and_then(|known| known["status"].as_str());
        status.unwrap_or_default().to_owned()
    }

    /// Answers whatever is not a question.
    pub(super) fn change(&mut self, asked: &Asked) -> Response {
        let from = asked.headers.get("from").and_then(|from| from.to_str().ok());
        match (&asked.method, asked.segments().as_slice()) {
            (&Method::PUT, ["incidents", _]) if from.is_none() && self.asks_who_acts => refused(
                2016,
                "You must specify a user's email address in the \"From\" header to perform this action",
                &[],
            ),
            (&Method::PUT, ["incidents", _]) if from.is_some_and(|from| from != USER) => {
                refused(1008, "Requester User Not Found", &[])
            }
            (&Method::PUT, ["incidents", id]) => self.update(id, asked),
            _ => problem(403, "this key only reads"),
        }
    }

    fn update(&mut self, id: &str, asked: &Asked) -> Response {
        let wanted = &asked.body["incident"];
        let Some(known) = self.incidents.iter().find(|known| known["id"] == id) else {
            return problem(404, "Not Found");
        };
        if wanted["type"] != "incident_reference" && wanted["type"] != "incident" {
            return refused(2001, "Invalid Input Provided", &["Incident Type is invalid"]);
        }
        if known["status"] == "resolved" {
            return refused(2001, "Invalid Input Provided", &["Incident Already Resolved"]);
        }
        // Its clock stands still.
        let at = known["updated_at"].as_str().and_then(moment).unwrap_or_default();
        match wanted["status"].as_str() {
            Some("acknowledged") => self.acknowledge(id, at),
            Some("resolved") => self.resolve(id, at),
            _ => return refused(2001, "Invalid Input Provided", &["Status is invalid"]),
        }
        let known = self.incidents.iter().find(|known| known["id"] == id).cloned();
        found("incident", known)
    }
}

fn refused(code: u16, message: &str, errors: &[&str]) -> Response {
    let error = json!({ "message": message, "code": code, "errors": errors });
    said(400, json!({ "error": error }))
}
