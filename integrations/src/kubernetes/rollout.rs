//! Purpose: a new version of a Deployment object, as a deployment: which one it is, and how far it got.
//!
//! Source: <https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#deployment-status>.

use chrono::{DateTime, Utc};
use em_domain::deployment::{Deployment, DeploymentState, DeploymentTarget};
use em_domain::stamped::Stamped;

use super::NAME;
use crate::payload::number_of;
use crate::rules::Rules;

/// A state of the version `version` of the Deployment object at `place` (`namespace/name`).
pub(super) struct Rollout<'a> {
    /// `namespace/name`
    pub place: &'a str,
    /// The object's uid and the version: unique over clusters and over time.
    pub version: String,
    /// The image of the main container, or nothing.
    pub image: &'a str,
    /// How far it got.
    pub state: DeploymentState,
    /// Since when it is asked for, as far as known.
    pub began: DateTime<Utc>,
    /// When it got there.
    pub at: DateTime<Utc>,
}

/// The fact. The environment is what the rules say of the object or of its namespace, else the namespace.
pub(super) fn deployment(rules: &Rules, rollout: &Rollout<'_>) -> Deployment {
    let place = rollout.place;
    let namespace = place.split_once('/').map_or(place, |(namespace, _)| namespace);
    let environment = rules
        .environment(NAME, place)
        .or_else(|| rules.environment(NAME, namespace))
        .unwrap_or(namespace);
    let tag = tag(rollout.image);
    let at = rollout.at;
    let target = DeploymentTarget {
        environment: environment.to_owned(),
        sha: commit(tag).unwrap_or_default().to_owned(),
        git_ref: tag.to_owned(),
        creator: None,
        created_at: rollout.began,
        url: String::new(),
    };
    Deployment {
        repository: rules.repository(NAME, place),
        id: number_of(&rollout.version),
        target: Stamped { at, value: target },
        state: Stamped {
            at,
            value: rollout.state,
        },
        succeeded_at: (rollout.state == DeploymentState::Success).then_some(at),
        log_url: None,
    }
}

/// What the message of a `ScalingReplicaSet` Event states: a set of a new version was started from nothing. That it is live
/// is never said by an Event. Older clusters do not say how many there were before; every step then states the same set.
pub(super) fn started(
    rules: &Rules,
    place: &str,
    uid: &str,
    message: &str,
    (began, at): (DateTime<Utc>, DateTime<Utc>),
) -> Option<Deployment> {
    let rest = message.strip_prefix("Scaled up replica set ")?;
    let (set, counts) = rest.split_once(" to ")?;
    let before = counts.split_once(" from ").map_or("0", |(_, before)| before);
    (before.trim() == "0").then(|| {
        let rollout = Rollout {
            place,
            version: format!("{uid}/{set}"),
            image: "",
            state: DeploymentState::InProgress,
            began,
            at,
        };
        deployment(rules, &rollout)
    })
}

/// `v2.9.0` of `registry:5000/shop/web:v2.9.0@sha256:...`.
fn tag(image: &str) -> &str {
    let named = image.split_once('@').map_or(image, |(named, _)| named);
    let last = named.rsplit_once('/').map_or(named, |(_, last)| last);
    last.split_once(':').map_or("", |(_, tag)| tag)
}

/// The commit that a tag names, as `main-3f2a9c1` and `sha-3f2a9c1e` do. A date is no commit, though it looks like one.
fn commit(tag: &str) -> Option<&str> {
    let is_commit = |part: &&str| {
        let is_hex = part
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        let is_date = part.len() < 40 && part.bytes().all(|b| b.is_ascii_digit());
        let has_digit = part.bytes().any(|b| b.is_ascii_digit());
        (7..=40).contains(&part.len()) && is_hex && has_digit && !is_date
    };
    tag.split(|c: char| !c.is_ascii_alphanumeric()).find(is_commit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_found_behind_a_port_and_before_a_digest() {
        for (image, expected) in [
            ("web", ""),
            ("registry:5000/shop/web", ""),
            ("registry:5000/shop/web:v2.9.0", "v2.9.0"),
            ("shop/web:v1@sha256:0457a51e36e8c082376bef", "v1"),
            ("shop/web@sha256:0457a51e36e8c082376bef", ""),
            ("", ""),
        ] {
            assert_eq!(tag(image), expected, "{image}");
        }
    }

    #[test]
    fn a_commit_is_read_from_a_tag_and_a_date_is_none() {
        for (tag, expected) in [
            ("main-3f2a9c1", Some("3f2a9c1")),
            ("sha-3f2a9c1e", Some("3f2a9c1e")),
            (
                "9356736ca16c58d0a0dd1e2e1fe0a1d1e9d0a0b1",
                Some("9356736ca16c58d0a0dd1e2e1fe0a1d1e9d0a0b1"),
            ),
            ("20260604", None),
            ("v2.9.0", None),
            ("feedface", None),
            ("latest", None),
        ] {
            assert_eq!(commit(tag), expected, "{tag}");
        }
    }

    #[test]
    fn only_a_set_that_is_started_from_nothing_is_a_new_version() {
        let at = DateTime::from_timestamp(1_780_000_000, 0).unwrap();
        let said = |message: &str| started(&Rules::default(), "shop/web", "u", message, (at, at));
        let first = said("Scaled up replica set web-6b9d85fbd6 to 1").unwrap();
        assert_eq!(first.state.value, DeploymentState::InProgress);
        assert_eq!(
            said("Scaled up replica set web-6b9d85fbd6 to 1 from 0").map(|said| said.id),
            Some(first.id)
        );
        for message in [
            "Scaled up replica set web-6b9d85fbd6 to 5 from 3",
            "Scaled down replica set web-6b9d85fbd6 to 0",
            "Scaled up",
            "",
        ] {
            assert_eq!(said(message), None, "{message}");
        }
        assert_eq!(
            (first.repository.as_str(), first.target.value.environment.as_str()),
            ("kubernetes/shop/web", "shop")
        );
    }

    #[test]
    fn rules_name_the_repository_and_the_environment_of_an_object_or_of_a_namespace() {
        let mut rules = Rules::default();
        rules
            .repositories
            .insert("kubernetes/shop/web".to_owned(), "acme/web".to_owned());
        rules
            .deploying
            .insert("kubernetes/shop".to_owned(), "production".to_owned());
        rules
            .deploying
            .insert("kubernetes/shop/canary".to_owned(), "canary".to_owned());
        let at = DateTime::from_timestamp(1_780_000_000, 0).unwrap();
        let said =
            |place: &str| started(&rules, place, "u", "Scaled up replica set x to 1", (at, at)).unwrap();
        assert_eq!(
            (
                said("shop/web").repository.as_str(),
                said("shop/web").target.value.environment.as_str()
            ),
            ("acme/web", "production")
        );
        assert_eq!(said("shop/canary").target.value.environment, "canary");
    }
}
