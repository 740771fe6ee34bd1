//! Purpose: which deployments a channel is told of, and when what it was told is out of date.

use chrono::{DateTime, Utc};

use crate::deployment::Deployment;

/// Whether people want to hear of deployments to this environment. `wanted` are names in any case, or `*` for all.
pub fn is_wanted(wanted: &[String], environment: &str) -> bool {
    wanted
        .iter()
        .any(|one| one == "*" || one.eq_ignore_ascii_case(environment))
}

/// The version of a message about the deployment as it stands. It grows with every state: by time, and where two have one time,
/// by the order of life.
pub fn version(deployment: &Deployment) -> i64 {
    deployment.state.at.timestamp_millis() * 4 + deployment.state.value as i64
}

/// Whether the message must be written or edited: it shows an older version, if it is there, and nobody gave up on this state. A
/// channel that refuses messages is not asked again for what it refused; what happens later is tried anew.
pub fn is_outdated(deployment: &Deployment, shown: Option<i64>, gave_up: Option<DateTime<Utc>>) -> bool {
    let is_given_up = gave_up.is_some_and(|at| deployment.state.at <= at);
    shown < Some(version(deployment)) && !is_given_up
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::deployment::{DeploymentState, DeploymentTarget};
    use crate::stamped::Stamped;

    fn deployment(minute: i64, value: DeploymentState) -> Deployment {
        let at = DateTime::UNIX_EPOCH + TimeDelta::minutes(minute);
        Deployment {
            repository: "acme/api".into(),
            id: 1,
            target: Stamped {
                at,
                value: DeploymentTarget {
                    environment: "production".to_owned(),
                    sha: String::new(),
                    git_ref: String::new(),
                    creator: None,
                    created_at: at,
                    url: String::new(),
                },
            },
            state: Stamped { at, value },
            succeeded_at: None,
            log_url: None,
        }
    }

    #[test]
    fn environments_are_told_of_by_name_or_all() {
        let of = |environments: &[&str], environment| {
            let wanted: Vec<String> = environments.iter().map(|&name| name.to_owned()).collect();
            is_wanted(&wanted, environment)
        };
        assert!(of(&["Production"], "production"));
        assert!(!of(&["production"], "staging"));
        assert!(of(&["*"], "staging"));
        assert!(!of(&[], "staging"));
    }

    #[test]
    fn a_message_goes_on_with_its_deployment_and_never_back() {
        use DeploymentState::{Failure, InProgress, Pending, Success};
        let all = [(1, Pending), (1, InProgress), (2, Success), (3, Failure)];
        let versions = all.map(|(minute, state)| version(&deployment(minute, state)));
        assert!(versions.is_sorted_by(|a, b| a < b), "{versions:?}");
        let live = deployment(2, Success);
        for (shown, expected) in [
            (None, true),
            (Some(versions[1]), true),
            (Some(versions[2]), false),
            (Some(versions[3]), false),
        ] {
            assert_eq!(is_outdated(&live, shown, None), expected, "{shown:?}");
        }
    }

    #[test]
    fn what_a_channel_refused_is_not_tried_again() {
        let live = deployment(2, DeploymentState::Success);
        let at = |minute| Some(DateTime::UNIX_EPOCH + TimeDelta::minutes(minute));
        assert!(is_outdated(&live, None, at(1)));
        assert!(!is_outdated(&live, None, at(2)));
        assert!(!is_outdated(&live, None, at(3)));
    }
}
