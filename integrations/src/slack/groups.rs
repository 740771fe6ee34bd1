//! Purpose: who is in a user group (`@checkout-leads`), remembered for a few minutes.

use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;
use serde::Deserialize;

use super::call::{Call, Safety};
use super::people::unshared;
use super::{Slack, SlackError};

/// Short, because membership decides who may approve something.
const REMEMBERED: Duration = Duration::from_mins(2);
const ENTRIES: u64 = 1_000;

pub(super) struct Cached(Cache<String, Arc<[String]>>);

impl Default for Cached {
    fn default() -> Self {
        Self(
            Cache::builder()
                .max_capacity(ENTRIES)
                .time_to_live(REMEMBERED)
                .build(),
        )
    }
}

impl Slack {
    /// The ids of the people in a user group (`S...`), at most two minutes old. [`SlackError::Rejected`] with
    /// `no_such_subteam` if there is no such group. Source:
    /// <https://docs.slack.dev/reference/methods/usergroups.users.list>
    pub async fn group_members(&self, group: &str) -> Result<Arc<[String]>, SlackError> {
        #[derive(Deserialize)]
        struct Members {
            users: Vec<String>,
        }
        let load = async {
            let call = Call::new("usergroups.users.list", Safety::Repeatable);
            let members: Members = self.get(call, &[("usergroup", group)]).await?;
            Ok(Arc::from(members.users))
        };
        self.0
            .groups
            .0
            .try_get_with_by_ref(group, load)
            .await
            .map_err(unshared)
    }
}
