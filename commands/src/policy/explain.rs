//! Purpose: `/em-agent policy explain github.merge acme/api#12 ci=red`: what the policy would say, and by which rules.

use std::collections::BTreeMap;

use clap::Parser;
use em_blocks::policy::{ExplainView, message_explained};
use em_domain::action::Action;
use em_domain::policy::PolicyInput;

use super::{actor, asked_at};
use crate::ctx::Ctx;
use crate::invocation::{CommandError, Invocation, Outcome, Reply};
use crate::spec::Spec;

/// How it is written.
pub const SPEC: Spec = Spec {
    path: "policy explain",
    usage: "policy explain <kind> [target] [fact=value ...]",
    summary: "Say what would happen if you proposed this now, and why.",
    examples: &[
        "policy explain github.merge acme/api#12 ci=red",
        "policy explain github.close acme/api#12",
    ],
    check_scheduled: None,
};

#[derive(Debug, Parser)]
struct Args {
    kind: String,
    rest: Vec<String>,
}

/// Answers `policy explain`. Nothing is done and nothing is kept.
pub async fn explain(ctx: Ctx, invocation: Invocation) -> Outcome {
    let Args { kind, rest } = SPEC.parse(&invocation.words)?;
    let (facts, targets): (Vec<String>, Vec<String>) = rest.into_iter().partition(|word| word.contains('='));
    let target = match targets.as_slice() {
        [] => String::new(),
        [target] => target.clone(),
        [_, second, ..] => {
            return Err(CommandError::Usage {
                problem: format!("I do not understand “{second}”."),
                usage: SPEC.usage.to_owned(),
            });
        }
    };
    let input = PolicyInput {
        actor: actor(&ctx, invocation.person()?).await,
        action: Action::new(kind, target),
        facts: facts
            .iter()
            .filter_map(|word| fact(word))
            .collect::<BTreeMap<_, _>>(),
        time: asked_at(&ctx),
    };
    let decision = ctx.policy.decide(&input).await;
    Ok(Reply::private(message_explained(&ExplainView {
        action: &input.action,
        facts: &input.facts,
        decision: &decision,
    })))
}

/// `ci=red`, `approvals=2`, `draft=true`: JSON where it is JSON, else a text.
fn fact(word: &str) -> Option<(String, serde_json::Value)> {
    let (name, value) = word.split_once('=')?;
    let value = serde_json::from_str(value).unwrap_or_else(|_| serde_json::Value::from(value));
    Some((name.to_owned(), value))
}
