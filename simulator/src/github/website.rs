//! Purpose: what a person does on the website, without the API: it is told by webhook all the same.

use serde_json::Value;

use super::{pull::Pull, world::GithubWorld};

/// A pull request that a person could merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mergeable {
    /// `owner/name`
    pub repo: String,
    /// Its number there.
    pub number: u64,
    /// Its title.
    pub title: String,
    /// Who opened it.
    pub author: String,
}

impl GithubWorld {
    /// Open pull requests that are neither drafts nor in conflict, by repository and number.
    pub fn mergeable_pulls(&self) -> Vec<Mergeable> {
        let state = self.state();
        let pulls = state
            .repos
            .iter()
            .flat_map(|(repo, held)| held.pulls.iter().map(move |(number, pull)| (repo, *number, pull)));
        pulls
            .filter(|(_, _, pull)| is_mergeable(pull))
            .map(|(repo, number, pull)| Mergeable {
                repo: repo.clone(),
                number,
                title: text(&pull["title"]),
                author: text(&pull["user"]["login"]),
            })
            .collect()
    }

    /// Its author merges it. Gives whether it could be merged.
    pub fn merge_on_website(&self, repo: &str, number: u64) -> bool {
        let _turn = self.turn();
        let (by, at) = {
            let state = self.state();
            let held = state.repos.get(repo).and_then(|held| held.pulls.get(&number));
            let Some(pull) = held.filter(|pull| is_mergeable(pull)) else {
                return false;
            };
            (text(&pull["user"]["login"]), state.now())
        };
        let told = Pull::new(self.clone(), repo, number).merge(&by, at);
        self.state().outbox.push(told);
        self.news.notify_one();
        true
    }
}

fn is_mergeable(pull: &Value) -> bool {
    pull["state"] == "open" && pull["draft"] != true && pull["mergeable"] == true
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::github::NewPull;

    #[test]
    fn a_merge_on_the_website_is_told_once_and_cannot_be_repeated() {
        let world = GithubWorld::new("ghp_right");
        world.add_repo("acme/api", DateTime::UNIX_EPOCH);
        for title in ["Retry payouts", "Rename the ledger", "Not yet"] {
            let new = NewPull::new(title, "ana-ruiz");
            world.open_pull("acme/api", &new, DateTime::UNIX_EPOCH);
        }
        world.pull("acme/api", 2).set_mergeable(Some(false), "dirty");
        world
            .pull("acme/api", 3)
            .convert_to_draft("ana-ruiz", DateTime::UNIX_EPOCH);
        let offered: Vec<u64> = world.mergeable_pulls().iter().map(|one| one.number).collect();
        assert_eq!(offered, [1]);

        assert!(world.merge_on_website("acme/api", 1));

        assert!(!world.merge_on_website("acme/api", 1));
        assert!(!world.merge_on_website("acme/api", 2));
        assert!(!world.merge_on_website("acme/none", 1));
        let told = world.take_deliveries();
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].body["pull_request"]["merged"], true);
        assert_eq!(told[0].body["sender"]["login"], "ana-ruiz");
    }
}
