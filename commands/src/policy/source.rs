//! Purpose: who evaluates the policy: the rules in this process, or a policy server.

use std::collections::BTreeMap;
use std::sync::Arc;

use em_domain::action::Action;
use em_domain::id::{Login, SlackUser};
use em_domain::policy::{Actor, AskedAt, Decision, PolicyInput, Reaction, SignalInput};
use em_integrations::opa::{OpaClient, OpaError};
use em_policy::answer::{Failure, read_decision, read_reaction};
use em_policy::{PolicyHandle, Source};
use em_telemetry::names;
use tokio::time::Instant;

/// What stands for the version of a policy that a server holds.
const SERVER: &str = "opa";

/// The policy, as far as the configuration says where it is and who has which role.
#[derive(Debug, Clone)]
pub struct PolicySource {
    /// The rules of this process. They decide on commands and clicks even where a server decides on the rest, so that
    /// nothing a person does waits for a network before it is begun.
    pub own: Arc<PolicyHandle>,
    /// The server that decides on actions and signals, where there is one.
    pub server: Option<OpaClient>,
    /// Rules that could be in force: `policy backtest` compares them.
    pub candidate: Option<Source>,
    /// Who has which role: Slack user ids and GitHub logins.
    pub roles: Arc<BTreeMap<String, Vec<String>>>,
}

impl PolicySource {
    /// Whether something may be done.
    pub async fn decide(&self, input: &PolicyInput) -> Decision {
        let Some(server) = &self.server else {
            return self.decide_here(input);
        };
        let decision = server_decision(server, input).await;
        decision.unwrap_or_else(|failure| failure.decision(SERVER))
    }

    /// Whether the policy server has an answer that can be read; `None` where there is no server.
    pub async fn check_server(&self, time: AskedAt) -> Option<Result<(), String>> {
        let server = self.server.as_ref()?;
        let input = PolicyInput {
            actor: Actor::default(),
            action: Action::new("github.comment", ""),
            facts: BTreeMap::new(),
            time,
        };
        let answer = server_decision(server, &input).await;
        Some(answer.map(drop).map_err(|failure| failure.why().to_owned()))
    }

    /// The same by the rules of this process.
    pub fn decide_here(&self, input: &PolicyInput) -> Decision {
        let started = Instant::now();
        let decision = self.own.in_force().policy.decide(input);
        metrics::histogram!(names::POLICY_SECONDS, "evaluator" => "own")
            .record(started.elapsed().as_secs_f64());
        decision
    }

    /// What is done about a signal.
    pub async fn react(&self, input: &SignalInput) -> Reaction {
        let Some(server) = &self.server else {
            return self.own.in_force().policy.react(input);
        };
        let read = |answer| read_reaction(answer, SERVER);
        let answer = timed(server.ask("reaction", input)).await;
        let reaction = answer
            .map_err(|error| Failure::new(error.to_string()))
            .and_then(read);
        reaction.unwrap_or_else(|failure| failure.reaction(SERVER))
    }

    /// The roles of somebody.
    pub fn roles_of(&self, user: Option<&SlackUser>, login: Option<&Login>) -> Vec<String> {
        let is_theirs = |name: &String| {
            user.is_some_and(|user| user.as_str() == name)
                || login.is_some_and(|login| login.as_str().eq_ignore_ascii_case(name))
        };
        let roles = self
            .roles
            .iter()
            .filter(|(_, people)| people.iter().any(is_theirs));
        roles.map(|(role, _)| role.clone()).collect()
    }
}

async fn server_decision(server: &OpaClient, input: &PolicyInput) -> Result<Decision, Failure> {
    let answer = timed(server.ask("decision", input)).await;
    answer
        .map_err(|error| Failure::new(error.to_string()))
        .and_then(|answer| read_decision(answer, SERVER))
}

async fn timed<T>(asked: impl Future<Output = Result<T, OpaError>>) -> Result<T, OpaError> {
    let started = Instant::now();
    let answer = asked.await;
    metrics::histogram!(names::POLICY_SECONDS, "evaluator" => "server")
        .record(started.elapsed().as_secs_f64());
    answer
}
