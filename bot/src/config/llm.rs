//! Purpose: what makes no sense of the language model's configuration is refused; half of it is refused too.

use std::time::Duration;

use em_domain::answer::LEAST_BUDGET;
use em_domain::llm_usage::{Limits, Price};
use em_integrations::llm::{LlmConfig, Pacing, is_openai};

use super::Secrets;
use super::check::{Checks, check_url};
use super::sections;

/// More than this is a typing error: nobody waits for it.
const LONGEST_WAIT_SECS: u64 = 600;
/// The largest numbers of tokens and of money that make sense.
const MOST_TOKENS: i64 = 1_000_000_000_000;
const HIGHEST_PRICE: f64 = 1_000_000.0;

/// A language model that is configured and switched on.
#[derive(Debug, Clone)]
pub struct LlmSettings {
    /// Which, and where.
    pub client: LlmConfig,
    /// How long is waited for it.
    pub pacing: Pacing,
    /// The longest answer, in tokens.
    pub max_answer_tokens: u32,
    /// The most that is sent for it, in tokens.
    pub max_prompt_tokens: i64,
    /// How much is used in a day.
    pub limits: Limits,
    /// What it costs.
    pub price: Price,
}

/// Checks the section; `None` if it is switched off, or wrong.
pub(super) fn settings(
    checks: &mut Checks<'_>,
    section: &sections::Llm,
    secrets: &Secrets,
) -> Option<LlmSettings> {
    check_url(checks, "llm.base_url", &section.base_url);
    check_numbers(checks, section);
    let price = Price {
        micros_in: micros(checks, "llm.price_per_million_in", section.price_per_million_in)?,
        micros_out: micros(checks, "llm.price_per_million_out", section.price_per_million_out)?,
    };
    if !section.enabled {
        return None;
    }
    checks.require(
        "llm.model",
        !section.model.trim().is_empty(),
        "llm.enabled is set, so this one is needed too: a model's name",
    );
    if secrets.openai_api_key.is_none() && asks_openai(&section.base_url) {
        checks.refuse(
            "OPENAI_API_KEY",
            "llm.enabled is set and llm.base_url is OpenAI's, so this one is needed too",
        );
    }
    Some(LlmSettings {
        client: LlmConfig {
            base_url: section.base_url.clone(),
            api_key: secrets.openai_api_key.clone(),
            model: section.model.trim().to_owned(),
        },
        pacing: Pacing {
            total: Duration::from_secs(section.timeout_secs),
            ..Pacing::default()
        },
        max_answer_tokens: section.max_answer_tokens,
        max_prompt_tokens: section.max_prompt_tokens.into(),
        limits: limits(section),
        price,
    })
}

fn check_numbers(checks: &mut Checks<'_>, section: &sections::Llm) {
    checks.require(
        "llm.timeout_secs",
        (1..=LONGEST_WAIT_SECS).contains(&section.timeout_secs),
        "write a number from 1 to 600",
    );
    checks.require(
        "llm.max_answer_tokens",
        (50..=100_000).contains(&section.max_answer_tokens),
        "write a number from 50 to 100000",
    );
    checks.require(
        "llm.max_prompt_tokens",
        (LEAST_BUDGET..=1_000_000).contains(&section.max_prompt_tokens.into()),
        &format!("write a number from {LEAST_BUDGET} to 1000000"),
    );
    let call = i64::from(section.max_prompt_tokens) + i64::from(section.max_answer_tokens);
    for (key, tokens) in [
        ("llm.daily_tokens_per_person", section.daily_tokens_per_person),
        ("llm.daily_tokens_per_team", section.daily_tokens_per_team),
        ("llm.daily_tokens", section.daily_tokens),
    ] {
        checks.require(
            key,
            tokens == 0 || (call..=MOST_TOKENS).contains(&tokens),
            "write 0 for no limit, or at least llm.max_prompt_tokens and llm.max_answer_tokens together",
        );
    }
}

/// A price as it is written, in millionths.
fn micros(checks: &mut Checks<'_>, key: &str, price: f64) -> Option<i64> {
    let fits = (0.0..=HIGHEST_PRICE).contains(&price);
    checks.require(key, fits, "write what a million tokens cost, as 0.15");
    #[expect(clippy::cast_possible_truncation, reason = "it is at most 10^12, and rounded")]
    let micros = (price * 1_000_000.0).round() as i64;
    fits.then_some(micros)
}

fn limits(section: &sections::Llm) -> Limits {
    let limit = |tokens: i64| Some(tokens).filter(|tokens| *tokens > 0);
    Limits {
        person: limit(section.daily_tokens_per_person),
        team: limit(section.daily_tokens_per_team),
        everybody: limit(section.daily_tokens),
    }
}

fn asks_openai(base_url: &str) -> bool {
    url::Url::parse(base_url).is_ok_and(|url| url.host_str().is_some_and(is_openai))
}
