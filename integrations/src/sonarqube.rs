//! Purpose: `POST /webhooks/sonarqube`: whether code passed the quality gate of SonarQube (Server or Cloud).
//!
//! Source: docs.sonarsource.com, "Webhooks". One is sent when an analysis has ended, and again when the gate turns because
//! somebody changed an issue.

use chrono::{DateTime, Utc};
use em_domain::ci_run::{CiOutcome, CiRun};
use em_domain::event::RawEvent;
use em_domain::fact::FactChange;
use secrecy::SecretString;
use serde::Deserialize;

use crate::payload::{Text, Time, filled, read};
use crate::proof::{Proof, Sign};
use crate::rules::Rules;
use crate::signature::{Signed, shared_secret};
use crate::webhook::{Delivery, Refused, Said, Vendor};

/// SonarQube's webhooks.
pub const VENDOR: Vendor = Vendor {
    name: "sonarqube",
    title: "SonarQube",
    proof: Proof::Own(verify, Some(Sign::Body(SIGNED))),
    read: |_, payload| Ok(said(payload)),
    changes,
};

const SIGNED: Signed = Signed::hex("X-Sonar-Webhook-HMAC-SHA256", "");
const GATE: &str = "quality-gate";
const ANALYSIS: &str = "analysis";

/// A webhook with a secret is signed. One without may bring the secret as the password in its address. Every proof that the
/// request brings must hold.
fn verify(delivery: Delivery<'_>, secrets: &[SecretString], _: DateTime<Utc>) -> Result<(), Refused> {
    let is_signed = delivery.headers.contains_key(SIGNED.header);
    if is_signed {
        SIGNED.check(delivery.headers, &[delivery.body], secrets)?;
    }
    match shared_secret(delivery, secrets) {
        Err(Refused::Unsigned(_)) if is_signed => Ok(()),
        Err(Refused::Unsigned(_)) => Err(Refused::Unsigned(SIGNED.header)),
        other => other,
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    task_id: Option<Text>,
    status: Text,
    analysed_at: Option<Time>,
    changed_at: Option<Time>,
    revision: Option<Text>,
    project: Project,
    branch: Option<Branch>,
    quality_gate: Option<QualityGate>,
}

#[derive(Debug, Deserialize)]
struct Project {
    key: Text,
    name: Option<Text>,
    url: Option<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Branch {
    /// Of a pull request: its number.
    name: Option<Text>,
    #[serde(rename = "type")]
    kind: Option<Text>,
    is_main: Option<bool>,
    url: Option<Text>,
}

#[derive(Debug, Deserialize)]
struct QualityGate {
    status: Text,
}

/// What the body says of itself. The task, the gate and since when it is so tell one statement from all others.
fn said(payload: &[u8]) -> Said {
    let Ok(event) = serde_json::from_slice::<Event>(payload) else {
        return Said {
            event_type: String::new(),
            delivery_key: None,
            occurred_at: None,
        };
    };
    let at = event.changed_at.or(event.analysed_at).map(|at| at.0);
    let gate = event.quality_gate.as_ref().map(|gate| gate.status.0.as_str());
    let key = filled(event.task_id).map(|task| {
        let at = at.map_or(0, |at| at.timestamp_millis());
        format!("{task} {} {} {at}", event.status.0, gate.unwrap_or("none"))
    });
    Said {
        event_type: if gate.is_some() { GATE } else { ANALYSIS }.to_owned(),
        delivery_key: key,
        occurred_at: at,
    }
}

fn changes(event: &RawEvent, rules: &Rules) -> Result<Vec<FactChange>, String> {
    if !matches!(event.event_type.as_str(), GATE | ANALYSIS) {
        return Err(format!("unknown event type `{}`", event.event_type));
    }
    let body: Event = read(&event.payload)?;
    let Some(outcome) = outcome(&body)? else {
        return Ok(Vec::new());
    };
    let Some(updated_at) = body.changed_at.or(body.analysed_at) else {
        return Err("changedAt: missing, so that it is not known since when this is so".to_owned());
    };
    let analysed_at = body.analysed_at.unwrap_or(updated_at).0;
    let (key, name) = (&body.project.key.0, filled(body.project.name));
    let (mut branch, mut is_main, mut page) = (None, false, None);
    if let Some(of) = body.branch {
        let is_pull_request = of.kind.is_some_and(|kind| kind.0 == "PULL_REQUEST");
        is_main = of.is_main == Some(true) && !is_pull_request;
        branch = filled(of.name).map(|name| (name, is_pull_request));
        page = filled(of.url);
    }
    let place = branch.as_ref().map_or("", |(name, _)| name.as_str());
    Ok(vec![FactChange::CiRun(CiRun {
        repository: rules.repository("sonarqube", key),
        // One analysis is one run: where the gate turns later, the same run says so.
        id: format!("gate:{key}:{place}:{}", analysed_at.timestamp_millis()),
        // Several projects of SonarQube may look at one repository.
        workflow: format!("SonarQube quality gate ({})", name.as_deref().unwrap_or(key)),
        head_sha: filled(body.revision).unwrap_or_default(),
        branch: branch
            .filter(|(_, is_pull_request)| !is_pull_request)
            .map(|(name, _)| name),
        on_default_branch: is_main,
        attempt: 1,
        outcome,
        created_at: analysed_at,
        started_at: None,
        updated_at: updated_at.0,
        url: page.or_else(|| filled(body.project.url)).unwrap_or_default(),
    })])
}

/// Whether it passed; `None` where the project has no gate. An analysis that failed lets nothing through.
fn outcome(event: &Event) -> Result<Option<CiOutcome>, String> {
    match event.status.0.as_str() {
        "SUCCESS" => {}
        "FAILED" => return Ok(Some(CiOutcome::Failure)),
        "CANCELLED" => return Ok(Some(CiOutcome::Neutral)),
        other => return Err(format!("status: unknown status `{other}`")),
    }
    match event.quality_gate.as_ref().map(|gate| gate.status.0.as_str()) {
        None => Ok(None),
        // A warning, which older versions know, lets through.
        Some("OK" | "WARN") => Ok(Some(CiOutcome::Success)),
        Some("ERROR") => Ok(Some(CiOutcome::Failure)),
        Some("NONE") => Ok(Some(CiOutcome::Neutral)),
        Some(other) => Err(format!("qualityGate.status: unknown status `{other}`")),
    }
}

#[cfg(test)]
mod tests {
    use em_domain::event::{Origin, Source};
    use em_domain::id::EventId;
    use serde_json::{Value, json};
    use ulid::Ulid;

    use super::*;
    use crate::webhook::tests::{headers, secrets};

    fn body(status: &str, gate: Option<&str>) -> Value {
        json!({
            "taskId": "t-1", "status": status,
            "analysedAt": "2026-06-04T12:00:00+0000", "changedAt": "2026-06-04T12:05:00+0000",
            "revision": "c6d86dc654b12425e706bcf951adfe5a8627a517",
            "project": { "key": "acme-api", "name": "API", "url": "https://sonar.acme.example/p" },
            "branch": { "name": "main", "type": "BRANCH", "isMain": true },
            "qualityGate": gate.map(|status| json!({ "status": status }))
        })
    }

    fn stated(body: &Value) -> Result<Option<CiRun>, String> {
        let payload = body.to_string().into_bytes();
        let event = RawEvent {
            id: EventId::new(Ulid::nil()),
            source: Source::parse("sonarqube").unwrap(),
            delivery_key: String::new(),
            event_type: said(&payload).event_type,
            origin: Origin::Webhook,
            occurred_at: None,
            received_at: DateTime::UNIX_EPOCH,
            payload,
        };
        let said = changes(&event, &Rules::default())?.pop();
        Ok(said.map(|fact| {
            let FactChange::CiRun(run) = fact else {
                panic!("{fact:?}")
            };
            run
        }))
    }

    #[test]
    fn a_gate_is_green_or_red_and_an_analysis_without_one_says_nothing() {
        for (status, gate, expected) in [
            ("SUCCESS", Some("OK"), Some(CiOutcome::Success)),
            ("SUCCESS", Some("ERROR"), Some(CiOutcome::Failure)),
            ("SUCCESS", Some("NONE"), Some(CiOutcome::Neutral)),
            ("SUCCESS", None, None),
            ("FAILED", None, Some(CiOutcome::Failure)),
            ("CANCELLED", None, Some(CiOutcome::Neutral)),
        ] {
            let outcome = stated(&body(status, gate)).unwrap().map(|run| run.outcome);
            assert_eq!(outcome, expected, "{status} {gate:?}");
        }
        assert!(stated(&body("ASLEEP", None)).is_err());
        assert!(stated(&body("SUCCESS", Some("PERHAPS"))).is_err());
    }

    #[test]
    fn a_gate_that_turns_later_is_the_same_run_and_another_delivery() {
        let (red, mut green) = (body("SUCCESS", Some("ERROR")), body("SUCCESS", Some("OK")));
        green["changedAt"] = json!("2026-06-04T13:00:00+0000");
        let (mut first, second) = (stated(&red).unwrap().unwrap(), stated(&green).unwrap().unwrap());
        first.merge(second);
        assert_eq!(first.outcome, CiOutcome::Success);
        let key = |body: &Value| said(body.to_string().as_bytes()).delivery_key;
        assert_ne!(key(&red), key(&green));
    }

    #[test]
    fn a_pull_request_is_not_the_default_branch_and_has_no_branch_here() {
        let main = stated(&body("SUCCESS", Some("OK"))).unwrap().unwrap();
        assert_eq!(
            (main.on_default_branch, main.branch.as_deref()),
            (true, Some("main"))
        );
        assert_eq!(main.started_at, None);
        let mut pull = body("SUCCESS", Some("OK"));
        pull["branch"] = json!({ "name": "12", "type": "PULL_REQUEST", "isMain": false });
        let pull = stated(&pull).unwrap().unwrap();
        assert_eq!((pull.on_default_branch, pull.branch), (false, None));
    }

    #[test]
    fn the_signature_and_the_password_are_both_believed_and_neither_saves_the_other() {
        let signature = {
            use hmac::{Hmac, KeyInit, Mac};
            let mac = Hmac::<sha2::Sha256>::new_from_slice(b"s")
                .unwrap()
                .chain_update(b"{}");
            hex::encode(mac.finalize().into_bytes())
        };
        let check = |pairs: &[(&str, &str)]| {
            let headers = headers(pairs);
            let delivery = Delivery {
                headers: &headers,
                query: None,
                body: b"{}",
                certificate: None,
            };
            verify(delivery, &secrets(&["s"]), DateTime::UNIX_EPOCH)
        };
        // user:s
        let password = ("authorization", "Basic dXNlcjpz");
        assert_eq!(check(&[(SIGNED.header, &signature)]), Ok(()));
        assert_eq!(check(&[password]), Ok(()));
        assert_eq!(check(&[(SIGNED.header, &signature), password]), Ok(()));
        let bad = Err(Refused::BadSignature(SIGNED.header));
        assert_eq!(check(&[(SIGNED.header, "00"), password]), bad);
        let bad = check(&[(SIGNED.header, &signature), ("authorization", "Bearer other")]);
        assert!(matches!(bad, Err(Refused::BadSignature(_))), "{bad:?}");
        assert_eq!(check(&[]), Err(Refused::Unsigned(SIGNED.header)));
    }
}
