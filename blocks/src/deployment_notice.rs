//! Purpose: the message about one deployment, which is edited as it goes on, and the list of what went out, for its thread.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use em_domain::delivery::Change;
use em_domain::deployment::{Deployment, DeploymentState};
use slack_morphism::prelude::SlackMessageContent;

use crate::layout::Layout;
use crate::limits::fit;
use crate::mrkdwn::{Mrkdwn, bold, cat, code, escape, join, link, words};
use crate::people::People;
use crate::time::{span, when};

/// Changes that a thread lists; the rest is counted.
const MOST_CHANGES: usize = 15;
/// Of a commit's hash.
const SHORT_SHA_CHARS: usize = 7;
const DAY: TimeDelta = TimeDelta::days(1);

/// How it stands.
pub fn message_deployment(deployment: &Deployment, people: People<'_>, zone: Tz) -> SlackMessageContent {
    let target = &deployment.target.value;
    let (sign, how) = match deployment.state.value {
        DeploymentState::Pending => (":hourglass_flowing_sand: ", " is about to go to "),
        DeploymentState::InProgress => (":arrows_counterclockwise: ", " is going to "),
        DeploymentState::Success => (":rocket: ", " is live in "),
        DeploymentState::Failure => (":x: ", " did not get to "),
    };
    let repository = deployment.repository.as_str();
    let shown = if target.url.is_empty() {
        escape(repository)
    } else {
        link(&target.url, repository)
    };
    let head = cat([
        words(sign),
        bold(shown),
        words(how),
        escape(&fit(&target.environment, 60)),
    ]);
    let mut layout = Layout::new();
    layout.section(&head);
    layout.context(&join(details(deployment, people, zone), " · "));
    layout.into_message(&head)
}

fn details(deployment: &Deployment, people: People<'_>, zone: Tz) -> Vec<Mrkdwn> {
    let target = &deployment.target.value;
    let sha: String = target.sha.chars().take(SHORT_SHA_CHARS).collect();
    let version = match (
        sha.is_empty(),
        target.git_ref.is_empty() || target.git_ref == target.sha,
    ) {
        (true, true) => None,
        (true, false) => Some(code(&fit(&target.git_ref, 60))),
        (false, true) => Some(code(&sha)),
        (false, false) => Some(cat([code(&sha), words(" of "), code(&fit(&target.git_ref, 60))])),
    };
    let by = target
        .creator
        .as_ref()
        .map(|login| cat([words("by "), people.name(login)]));
    let at = when(deployment.state.at, zone);
    let took = took(deployment).map(|time| escape(&format!("took {}", span(time, DAY))));
    let log = deployment.log_url.as_ref().map(|url| link(&url.value, "log"));
    version
        .into_iter()
        .chain(by)
        .chain([at])
        .chain(took)
        .chain(log)
        .collect()
}

/// From when it was asked for until it ended; none while it is under way, or where the times say nothing.
fn took(deployment: &Deployment) -> Option<TimeDelta> {
    let ended = match deployment.state.value {
        DeploymentState::Success => deployment.succeeded_at?,
        DeploymentState::Failure => deployment.state.at,
        DeploymentState::Pending | DeploymentState::InProgress => return None,
    };
    Some(ended - deployment.target.value.created_at).filter(|time| *time >= TimeDelta::minutes(1))
}

/// What went out with it: changes that were live nowhere before, with the time from their merge.
pub fn message_delivered(
    changes: &[Change],
    live_at: DateTime<Utc>,
    people: People<'_>,
) -> SlackMessageContent {
    let head = match changes.len() {
        1 => words("1 change went out:"),
        many => escape(&format!("{many} changes went out:")),
    };
    let mut layout = Layout::new();
    layout.section(&head);
    layout.lines(changes.iter().take(MOST_CHANGES).map(|change| {
        let title = format!("{} {}", change.key, fit(&change.title, 80));
        let waited = (live_at - change.merged_at).max(TimeDelta::zero());
        cat([
            words("• "),
            link(&change.url, &title),
            words(" by "),
            people.name(&change.author.login),
            escape(&format!(", merged {} before", span(waited, DAY))),
        ])
    }));
    if let Some(more) = changes.len().checked_sub(MOST_CHANGES).filter(|more| *more > 0) {
        layout.context(&escape(&format!("and {more} more")));
    }
    layout.into_message(&head)
}

#[cfg(test)]
mod tests {
    use em_domain::deployment::DeploymentTarget;
    use em_domain::id::Login;
    use em_domain::pull_request::{Account, PullRequestKey};
    use em_domain::stamped::Stamped;
    use insta::assert_snapshot;

    use super::*;
    use crate::transcript::transcript;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000 + minute * 60, 0).unwrap()
    }

    fn deployment(state: DeploymentState) -> Deployment {
        Deployment {
            repository: "acme/api".into(),
            id: 7,
            target: Stamped {
                at: at(0),
                value: DeploymentTarget {
                    environment: "production <eu>".to_owned(),
                    sha: "0123456789abcdef".to_owned(),
                    git_ref: "main".to_owned(),
                    creator: Some(Login("ana".to_owned())),
                    created_at: at(0),
                    url: "https://github.com/acme/api/deployments/7".to_owned(),
                },
            },
            state: Stamped {
                at: at(12),
                value: state,
            },
            succeeded_at: (state == DeploymentState::Success).then(|| at(12)),
            log_url: Some(Stamped {
                at: at(1),
                value: "https://ci.example/run/1".to_owned(),
            }),
        }
    }

    fn shown(state: DeploymentState) -> String {
        transcript(&message_deployment(&deployment(state), People::posted(), Tz::UTC))
    }

    #[test]
    fn each_state_is_told_in_its_own_words() {
        assert_snapshot!(shown(DeploymentState::InProgress), @r"
        (text) :arrows_counterclockwise: acme/api is going to production <eu>
        :arrows_counterclockwise: *acme/api (https://github.com/acme/api/deployments/7)* is going to production <eu>
        > `0123456` of `main` · by ana · Mon 21 Sep 14:25 · log (https://ci.example/run/1)
        ");
        let live = shown(DeploymentState::Success);
        assert!(
            live.contains("is live in production <eu>") && live.contains("took 12 min"),
            "{live}"
        );
        let failed = shown(DeploymentState::Failure);
        assert!(failed.contains("did not get to"), "{failed}");
        let asked = shown(DeploymentState::Pending);
        assert!(asked.contains("is about to go to"), "{asked}");
    }

    #[test]
    fn what_went_out_is_listed_and_the_rest_is_counted() {
        let change = |number| Change {
            key: PullRequestKey {
                repository: "acme/api".into(),
                number,
            },
            merged_at: at(-90),
            opened_at: at(-900),
            first_commit_at: None,
            ready_at: None,
            first_review_at: None,
            first_response_any_at: None,
            approved_at: None,
            merge_commit_sha: None,
            author: Account {
                login: Login("ben".to_owned()),
                is_bot: false,
            },
            title: "Pay <faster>".to_owned(),
            url: format!("https://github.com/acme/api/pull/{number}"),
            labels: Vec::new(),
            base_ref: "main".to_owned(),
            size: None,
            reverts: Vec::new(),
        };
        assert_snapshot!(transcript(&message_delivered(&[change(1)], at(12), People::posted())), @r"
        (text) 1 change went out:
        1 change went out:
        • acme/api#1 Pay <faster> (https://github.com/acme/api/pull/1) by ben, merged 1 h before
        ");
        let many: Vec<Change> = (1..=17).map(change).collect();
        let shown = transcript(&message_delivered(&many, at(12), People::posted()));
        assert!(
            shown.contains("17 changes went out") && shown.contains("and 2 more"),
            "{shown}"
        );
    }
}
