//! Purpose: `POST /webhooks/codecov`: whether a commit covers more or less of the code with tests than the one before it.
//!
//! Source: docs.codecov.com, "Notifications". Nothing is signed, and no time but the commit's is in the body.

use em_domain::ci_run::{CiOutcome, CiRun};
use em_domain::event::RawEvent;
use em_domain::fact::FactChange;
use em_domain::id::RepositoryName;
use serde::Deserialize;

use crate::git_url;
use crate::payload::{Text, Time, filled, read};
use crate::proof::Proof;
use crate::rules::Rules;
use crate::webhook::{Said, Vendor};

/// Codecov's notifications.
pub const VENDOR: Vendor = Vendor {
    name: "codecov",
    title: "Codecov",
    proof: Proof::Secret,
    read: |_, payload| Ok(said(payload)),
    changes,
};

const COVERAGE: &str = "coverage";

/// There is one kind of event. It has no id, so the whole body is its key.
fn said(payload: &[u8]) -> Said {
    #[derive(Deserialize)]
    struct Compared {
        compare: Option<serde::de::IgnoredAny>,
    }
    let is_one = serde_json::from_slice::<Compared>(payload).is_ok_and(|body| body.compare.is_some());
    Said {
        event_type: if is_one { COVERAGE } else { "" }.to_owned(),
        delivery_key: None,
        occurred_at: None,
    }
}

#[derive(Debug, Deserialize)]
struct Event {
    repo: Repo,
    owner: Option<Owner>,
    head: Head,
    compare: Compare,
}

#[derive(Debug, Deserialize)]
struct Repo {
    name: Text,
}

#[derive(Debug, Deserialize)]
struct Owner {
    username: Text,
}

#[derive(Debug, Deserialize)]
struct Head {
    commitid: Text,
    branch: Option<Text>,
    timestamp: Option<Time>,
    url: Option<Text>,
    service_url: Option<Text>,
}

#[derive(Debug, Deserialize)]
struct Compare {
    message: Option<Text>,
    url: Option<Text>,
}

fn changes(event: &RawEvent, rules: &Rules) -> Result<Vec<FactChange>, String> {
    if event.event_type != COVERAGE {
        return Err(format!("unknown event type `{}`", event.event_type));
    }
    let body: Event = read(&event.payload)?;
    let repository = repository(&body, rules);
    let outcome = match body
        .compare
        .message
        .as_ref()
        .map_or("", |message| message.0.as_str())
    {
        "increased" | "no change" => CiOutcome::Success,
        "decreased" => CiOutcome::Failure,
        // Without a report of the commit before there is nothing to compare with.
        "unknown" | "" => CiOutcome::Neutral,
        other => return Err(format!("compare.message: unknown word `{other}`")),
    };
    // Codecov compares anew as reports of one commit come in, and says of none when: the last that arrives holds.
    let told_at = event.received_at;
    Ok(vec![FactChange::CiRun(CiRun {
        repository,
        id: format!("gate:codecov:{}", body.head.commitid.0),
        workflow: "Codecov coverage".to_owned(),
        head_sha: body.head.commitid.0,
        branch: filled(body.head.branch),
        // Codecov does not say which branch is the default one.
        on_default_branch: false,
        attempt: 1,
        outcome,
        created_at: body.head.timestamp.map_or(told_at, |at| at.0),
        started_at: None,
        updated_at: told_at,
        url: filled(body.compare.url)
            .or_else(|| filled(body.head.url))
            .unwrap_or_default(),
    })])
}

/// As the operator says, else as the commit's page on its forge tells, else by the names that Codecov has: there a colon stands
/// between GitLab's groups.
fn repository(event: &Event, rules: &Rules) -> RepositoryName {
    let owner = event
        .owner
        .as_ref()
        .map(|owner| owner.username.0.replace(':', "/"));
    let own = match owner.filter(|owner| !owner.is_empty()) {
        Some(owner) => format!("{owner}/{}", event.repo.name.0),
        None => event.repo.name.0.clone(),
    };
    let page = event.head.service_url.as_ref().map_or("", |url| url.0.as_str());
    let before_commit = ["/-/commit/", "/commit/", "/commits/"]
        .iter()
        .find_map(|part| page.split_once(part));
    rules
        .named_repository("codecov", &own)
        .or_else(|| git_url::repository(before_commit?.0))
        .unwrap_or_else(|| {
            if own.contains('/') {
                RepositoryName::from(own.as_str())
            } else {
                rules.repository("codecov", &own)
            }
        })
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use em_domain::event::{Origin, Source};
    use em_domain::id::EventId;
    use serde_json::{Value, json};
    use ulid::Ulid;

    use super::*;

    fn body(message: &str) -> Value {
        json!({
            "repo": { "name": "api" },
            "owner": { "username": "acme:platform" },
            "head": { "commitid": "c6d86dc", "timestamp": "2026-06-04T12:00:00+00:00" },
            "compare": { "message": message }
        })
    }

    fn stated(body: &Value, seconds: i64, rules: &Rules) -> Result<CiRun, String> {
        let payload = body.to_string().into_bytes();
        let event = RawEvent {
            id: EventId::new(Ulid::nil()),
            source: Source::parse("codecov").unwrap(),
            delivery_key: String::new(),
            event_type: said(&payload).event_type,
            origin: Origin::Webhook,
            occurred_at: None,
            received_at: DateTime::from_timestamp(1_790_000_000 + seconds, 0).unwrap(),
            payload,
        };
        let fact = changes(&event, rules)?.remove(0);
        let FactChange::CiRun(run) = fact else {
            panic!("{fact:?}")
        };
        Ok(run)
    }

    #[test]
    fn less_coverage_is_red_and_what_cannot_be_compared_is_neither() {
        for (message, expected) in [
            ("increased", CiOutcome::Success),
            ("no change", CiOutcome::Success),
            ("decreased", CiOutcome::Failure),
            ("unknown", CiOutcome::Neutral),
        ] {
            let run = stated(&body(message), 0, &Rules::default()).unwrap();
            assert_eq!((run.outcome, run.started_at), (expected, None), "{message}");
        }
        assert!(stated(&body("wobbled"), 0, &Rules::default()).is_err());
        assert!(stated(&json!({}), 0, &Rules::default()).is_err());
    }

    #[test]
    fn of_several_comparisons_of_one_commit_the_last_holds() {
        let mut run = stated(&body("decreased"), 0, &Rules::default()).unwrap();
        run.merge(stated(&body("increased"), 60, &Rules::default()).unwrap());
        assert_eq!(run.outcome, CiOutcome::Success);
    }

    #[test]
    fn a_repository_is_named_by_the_rules_the_forge_or_codecov() {
        let named = |body: &Value, rules: &Rules| stated(body, 0, rules).unwrap().repository;
        let plain = body("increased");
        assert_eq!(named(&plain, &Rules::default()), "acme/platform/api".into());
        let mut on_forge = plain.clone();
        on_forge["head"]["service_url"] = json!("https://gitlab.com/acme/platform/backend/-/commit/c6d86dc");
        assert_eq!(
            named(&on_forge, &Rules::default()),
            "acme/platform/backend".into()
        );
        let rules = Rules {
            repositories: [("codecov/acme/platform/api".to_owned(), "acme/api".to_owned())].into(),
            ..Rules::default()
        };
        assert_eq!(named(&on_forge, &rules), "acme/api".into());
    }
}
