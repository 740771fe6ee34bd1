//! Purpose: the state of the pretend GitHub, and the switches a test has: tokens, budget, faults, recorded calls.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use tokio::sync::Notify;

use crate::TimeSource;

use super::{
    answer::Call,
    delivery::Delivery,
    effects::Effect,
    pull::Pull,
    shapes::{self, stamp},
};

/// A pretend GitHub's contents. Clones share one state.
#[derive(Debug, Clone)]
pub struct GithubWorld {
    state: Arc<Mutex<State>>,
    /// Held while one change over the API is looked at and made, so that two at once come one after the other.
    turn: Arc<Mutex<()>>,
    /// Told when something was done over the API.
    pub(super) news: Arc<Notify>,
}

/// What the primary rate limit allows.
/// Source: <https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api>.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Requests per hour.
    pub limit: u32,
    /// Requests left. At zero every request is refused; set a new budget to let them through again.
    pub remaining: u32,
    /// What `x-ratelimit-reset` says; `None` is an hour after the newest change of the world.
    pub reset_at: Option<DateTime<Utc>>,
    /// How a refusal is answered: GitHub uses 403 and 429.
    pub refusal: u16,
}

/// Something that goes wrong with one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// An error page with this status.
    Status(u16),
    /// Status 200 and a body that is not JSON.
    Garbage,
    /// The connection breaks in the middle of the body.
    Cut,
    /// What was asked for is done, and then the connection breaks: the client cannot know.
    LostAnswer,
    /// No answer, ever.
    Hang,
    /// The answer comes, but late.
    Slow(Duration),
    /// The secondary rate limit: this status (403 or 429) and, if given, `retry-after` in seconds.
    SecondaryLimit {
        /// 403 or 429.
        status: u16,
        /// Seconds to wait, as the header says it.
        retry_after: Option<u64>,
    },
}

/// Everything behind the lock.
#[derive(Debug)]
pub(super) struct State {
    pub(super) tokens: Vec<String>,
    pub(super) scopes: String,
    pub(super) repos: BTreeMap<String, Repo>,
    pub(super) budget: Budget,
    pub(super) faults: Vec<OnOrder>,
    pub(super) calls: Vec<Call>,
    pub(super) newest: DateTime<Utc>,
    /// The time of what is done over the API; the newest time that the world was told without one.
    pub(super) time: Option<TimeSource>,
    /// Logins of everybody who works in the repositories.
    pub(super) people: BTreeSet<String>,
    /// `owner/team`.
    pub(super) teams: BTreeSet<String>,
    /// What the token may do, as `issues=write`; `None` is everything.
    pub(super) permissions: Option<BTreeSet<String>>,
    pub(super) effects: Vec<Effect>,
    pub(super) outbox: Vec<Delivery>,
    last_id: u64,
}

/// A fault that waits for its request.
#[derive(Debug)]
pub(super) struct OnOrder {
    path: String,
    only_writes: bool,
    fault: Fault,
}

/// One repository: GitHub's own JSON objects, oldest first.
#[derive(Debug, Default)]
pub(super) struct Repo {
    pub(super) about: Value,
    pub(super) last_number: u64,
    pub(super) pulls: BTreeMap<u64, Value>,
    pub(super) reviews: BTreeMap<u64, Vec<Value>>,
    /// The files that pull requests change.
    pub(super) pull_files: BTreeMap<u64, Vec<Value>>,
    pub(super) pull_commits: BTreeMap<u64, Vec<Value>>,
    pub(super) timeline: BTreeMap<u64, Vec<Value>>,
    pub(super) comments: Vec<Value>,
    pub(super) runs: Vec<Value>,
    pub(super) deployments: Vec<Value>,
    pub(super) statuses: BTreeMap<u64, Vec<Value>>,
    pub(super) releases: Vec<Value>,
    pub(super) commits: Vec<Value>,
    pub(super) issues: BTreeMap<u64, Value>,
    /// As GraphQL shows them; REST has none.
    pub(super) discussions: BTreeMap<u64, Value>,
    pub(super) labels: BTreeSet<String>,
    /// Branches and tags besides those of pull requests.
    pub(super) refs: BTreeSet<String>,
    /// Workflows that can be started by hand, by file name, with the names of their inputs.
    pub(super) workflows: BTreeMap<String, Vec<String>>,
    /// Checks by commit.
    pub(super) checks: BTreeMap<String, Vec<Value>>,
    /// Environments that runs wait for, by run.
    pub(super) pending: BTreeMap<u64, Vec<Value>>,
    /// What was decided about them, by run.
    pub(super) approvals: BTreeMap<u64, Vec<Value>>,
}

impl GithubWorld {
    /// An empty world that lets requests with `token` in, 5,000 per hour.
    pub fn new(token: &str) -> Self {
        let state = State {
            tokens: vec![token.to_owned()],
            scopes: "read:org, repo".to_owned(),
            repos: BTreeMap::new(),
            budget: Budget {
                limit: 5_000,
                remaining: 5_000,
                reset_at: None,
                refusal: 403,
            },
            faults: Vec::new(),
            calls: Vec::new(),
            newest: DateTime::UNIX_EPOCH,
            time: None,
            people: BTreeSet::new(),
            teams: BTreeSet::new(),
            permissions: None,
            effects: Vec::new(),
            outbox: Vec::new(),
            last_id: 1_000,
        };
        Self {
            state: Arc::new(Mutex::new(state)),
            turn: Arc::default(),
            news: Arc::default(),
        }
    }

    /// Adds the repository `owner/name` with default branch `main`. Its owner is an organisation.
    pub fn add_repo(&self, full_name: &str, at: DateTime<Utc>) {
        let mut state = self.state();
        let about = shapes::repo(full_name, state.next_id(), &state.stamp(at));
        state.repos.insert(
            full_name.to_owned(),
            Repo {
                about,
                ..Repo::default()
            },
        );
    }

    /// Archives a repository: it stays readable and is listed as `archived`.
    pub fn archive_repo(&self, full_name: &str) {
        self.state().repo(full_name).about["archived"] = Value::Bool(true);
    }

    /// Lets everybody look into a repository.
    pub fn publish_repo(&self, full_name: &str) {
        let mut state = self.state();
        let about = &mut state.repo(full_name).about;
        about["private"] = Value::Bool(false);
        about["visibility"] = Value::from("public");
    }

    /// A pull request, to change it.
    pub fn pull(&self, full_name: &str, number: u64) -> Pull {
        Pull::new(self.clone(), full_name, number)
    }

    /// Accepts `token` from now on, besides those accepted already.
    pub fn accept_token(&self, token: &str) {
        self.state().tokens.push(token.to_owned());
    }

    /// Refuses every token accepted so far, as when one is revoked.
    pub fn revoke_tokens(&self) {
        self.state().tokens.clear();
    }

    /// What `x-oauth-scopes` says of the token, for example `read:org, repo`.
    pub fn set_scopes(&self, scopes: &str) {
        scopes.clone_into(&mut self.state().scopes);
    }

    /// Sets what the primary rate limit allows from now on.
    pub fn set_budget(&self, budget: Budget) {
        self.state().budget = budget;
    }

    /// What the primary rate limit allows now.
    pub fn budget(&self) -> Budget {
        self.state().budget
    }

    /// The next request whose path begins with `path` meets `fault`. Faults queue up; an empty path is any request.
    pub fn fail_next(&self, path: &str, fault: Fault) {
        self.order(path, false, fault);
    }

    /// The same for the next request that would change something.
    pub fn fail_next_write(&self, path: &str, fault: Fault) {
        self.order(path, true, fault);
    }

    fn order(&self, path: &str, only_writes: bool, fault: Fault) {
        self.state().faults.push(OnOrder {
            path: path.to_owned(),
            only_writes,
            fault,
        });
    }

    /// Every request so far, oldest first.
    pub fn calls(&self) -> Vec<Call> {
        self.state().calls.clone()
    }

    /// Forgets the requests so far.
    pub fn clear_calls(&self) {
        self.state().calls.clear();
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The right to change something over the API.
    pub(super) fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// A repository that a test names.
    ///
    /// # Panics
    /// The test forgot to add it.
    pub(super) fn repo(&mut self, full_name: &str) -> &mut Repo {
        match self.repos.get_mut(full_name) {
            Some(repo) => repo,
            None => panic!("the pretend GitHub has no repository {full_name}; add_repo first"),
        }
    }

    pub(super) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// `at` in GitHub's form. Remembers the newest one.
    pub(super) fn stamp(&mut self, at: DateTime<Utc>) -> String {
        self.newest = self.newest.max(at);
        stamp(at)
    }

    pub(super) fn reset_at(&self) -> DateTime<Utc> {
        self.budget.reset_at.unwrap_or(self.newest + TimeDelta::hours(1))
    }

    pub(super) fn take_fault(&mut self, path: &str, is_write: bool) -> Option<Fault> {
        let meets = |order: &OnOrder| path.starts_with(&order.path) && (is_write || !order.only_writes);
        let index = self.faults.iter().position(meets)?;
        Some(self.faults.remove(index).fault)
    }
}
