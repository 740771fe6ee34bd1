//! Purpose: the policy in force, which follows its files while the program runs. A set that cannot be used changes
//! nothing but what is said about it.

use std::sync::{Arc, PoisonError, RwLock};

use chrono::{DateTime, Utc};

use crate::error::PolicyError;
use crate::policy::Policy;
use crate::source::{Files, Source};

/// What decides now.
#[derive(Debug, Clone)]
pub struct InForce {
    /// The rules.
    pub policy: Policy,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Why newer files are not in force, and since when; absent while these are the newest.
    pub refused: Option<(PolicyError, DateTime<Utc>)>,
}

/// What a look at the files gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reloaded {
    /// The files are as they were.
    Unchanged,
    /// Other rules are in force now, of this version.
    Replaced(String),
    /// The files changed and cannot be used; the rules that were in force still are.
    Refused(PolicyError),
}

/// The policy in force.
#[derive(Debug)]
pub struct PolicyHandle {
    source: Source,
    data: serde_json::Value,
    state: RwLock<State>,
}

#[derive(Debug)]
struct State {
    in_force: Arc<InForce>,
    /// What the last look saw, good or not.
    seen: Result<Files, PolicyError>,
}

impl PolicyHandle {
    /// The policy at `source`, in force since `now`.
    ///
    /// # Errors
    /// It cannot be used; there is no older one to fall back on.
    pub fn load(source: Source, data: serde_json::Value, now: DateTime<Utc>) -> Result<Self, PolicyError> {
        let files = source.read()?;
        let in_force = InForce {
            policy: Policy::compile(&files, &data)?,
            since: now,
            refused: None,
        };
        Ok(Self {
            source,
            data,
            state: RwLock::new(State {
                in_force: Arc::new(in_force),
                seen: Ok(files),
            }),
        })
    }

    /// What decides now.
    pub fn in_force(&self) -> Arc<InForce> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&state.in_force)
    }

    /// Where its files are.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// What the configuration adds to the rules.
    pub fn data(&self) -> &serde_json::Value {
        &self.data
    }

    /// Looks at the files again. Reads them whole: they are small, and editors and mounted configuration replace files in
    /// ways that times and sizes do not tell.
    pub fn reload(&self, now: DateTime<Utc>) -> Reloaded {
        if self.source == Source::Shipped {
            return Reloaded::Unchanged;
        }
        let seen = self.source.read();
        if self.state.read().unwrap_or_else(PoisonError::into_inner).seen == seen {
            return Reloaded::Unchanged;
        }
        let compiled = match &seen {
            Ok(files) => Policy::compile(files, &self.data),
            Err(error) => Err(error.clone()),
        };
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.seen = seen;
        let (in_force, outcome) = match compiled {
            Ok(policy) => {
                let version = policy.version().to_owned();
                // Files that went back to what they were only take the complaint away.
                let is_same = state.in_force.policy.version() == version;
                let since = if is_same { state.in_force.since } else { now };
                (
                    InForce {
                        policy,
                        since,
                        refused: None,
                    },
                    Reloaded::Replaced(version),
                )
            }
            Err(error) => {
                let refused = Some((error.clone(), now));
                let kept = InForce {
                    refused,
                    ..InForce::clone(&state.in_force)
                };
                (kept, Reloaded::Refused(error))
            }
        };
        state.in_force = Arc::new(in_force);
        outcome
    }
}
