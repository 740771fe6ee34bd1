//! Purpose: what keeps questions from being answered: documents that cannot be read, no embedding model, a language model
//! that fails.

use em_blocks::doctor::{Finding, Health};
use em_domain::knowledge::Source;
use em_domain::llm_usage::Account;
use em_storage::NearestBy;

use super::{bad, ok};
use crate::ctx::{Ctx, Llm};

/// Sources whose failure is told one by one.
const SOURCES_NAMED: usize = 3;

/// What keeps questions from being answered.
pub(super) async fn documents(ctx: &Ctx) -> Vec<Finding> {
    // The database has a finding of its own.
    let sources = ctx.store.knowledge().list_sources().await.unwrap_or_default();
    let mut findings = Vec::new();
    if !sources.is_empty() {
        findings.extend(of_sources(&sources));
        findings.extend(of_meanings(ctx).await);
    }
    if let Some(llm) = &ctx.llm {
        findings.push(of_model(ctx, llm).await);
    }
    findings
}

fn of_sources(sources: &[Source]) -> Vec<Finding> {
    let failing = sources
        .iter()
        .filter_map(|source| Some((source, source.state.last_error.as_ref()?)));
    let failing: Vec<Finding> = failing
        .take(SOURCES_NAMED)
        .map(|(source, error)| {
            bad(
                Health::Warn,
                format!("Documents cannot be read: {}", source.added.location),
                format!("{error}. Answers come from what was read before."),
                "Put it right; it is read again by itself. `em-agent docs remove` forgets it.",
            )
        })
        .collect();
    if !failing.is_empty() {
        return failing;
    }
    let passages: i64 = sources.iter().map(|source| source.state.chunks).sum();
    vec![ok(format!(
        "Questions are answered from {} sources with {passages} passages",
        sources.len()
    ))]
}

/// How meanings are compared.
async fn of_meanings(ctx: &Ctx) -> Option<Finding> {
    Some(match ctx.library.nearest_by().await.ok()? {
        Some(NearestBy::Index) => ok("Meanings are compared by the database, with pgvector"),
        Some(NearestBy::Memory(why)) => ok(format!("Meanings are compared in memory: {why}")),
        None => {
            let why = ctx.library.why_only_words().unwrap_or_default();
            bad(
                Health::Warn,
                "Documents are searched by words only",
                format!("{why}. What is written in other words than the question is not found."),
                "Put a model where it is looked for; docs/KNOWLEDGE.md names the places.",
            )
        }
    })
}

async fn of_model(ctx: &Ctx, llm: &Llm) -> Finding {
    let today = ctx.clock.now().date_naive();
    let used = ctx.store.llm_usage().find_spent(today, &Account::Everybody).await;
    let model = llm.client.model();
    let Ok(Some(used)) = used else {
        return ok(format!(
            "The language model {model} is configured and was not asked today"
        ));
    };
    let tokens = used.tokens_in + used.tokens_out;
    if used.calls > 0 && used.failures == used.calls {
        return bad(
            Health::Warn,
            format!("The language model {model} does not answer"),
            format!(
                "All {} calls of today failed, so answers are passages only.",
                used.calls
            ),
            "Check OPENAI_BASE_URL, OPENAI_API_KEY and OPENAI_MODEL; the log says what it refused.",
        );
    }
    ok(format!(
        "The language model {model} answered {} of {} calls today, with {tokens} tokens",
        used.calls - used.failures,
        used.calls
    ))
}
