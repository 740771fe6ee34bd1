//! Purpose: has the language model write the answer from the passages: within the day's budget, shown while it grows,
//! and believed only where it cites.

use em_blocks::ask::message_reading;
use em_domain::answer::{CitedAnswer, Passage as Given, Prompt, cited, cited_so_far, prompt};
use em_domain::ask::{Answer, Citation, Written, written};
use em_domain::knowledge::Passage;
use em_domain::llm_usage::{Account, Usage, estimated_request};
use em_integrations::llm::{Completion, LlmError, Request};
use em_storage::{Reservation, Reserved, Spent};
use slack_morphism::prelude::SlackMessageContent;
use tokio::sync::watch;

use super::{Question, memory, titled};
use crate::ctx::{Ctx, Llm};
use crate::draft::Draft;
use crate::policy;

/// What it is asked.
pub(super) struct Asked<'a> {
    pub(super) question: &'a Question,
    pub(super) passages: &'a [Passage],
    /// The answer as it is without it.
    pub(super) answer: &'a Answer,
}

/// What it wrote, with what that cites.
///
/// # Errors
/// Why there is nothing, as a sentence for the person.
pub(super) async fn write(
    ctx: &Ctx,
    llm: &Llm,
    asked: &Asked<'_>,
    draft: &mut Draft<'_>,
) -> Result<(Written, Vec<Citation>), String> {
    let prompt = prompt_of(llm, asked);
    let shown = prompt.passages;
    let reservation = reserve(ctx, llm, asked, &prompt).await?;
    let completion = stream(ctx, llm, asked, prompt, draft, reservation).await?;
    let said = cited(&completion.text, shown);
    let said = said.ok_or("The language model found no answer in these passages.")?;
    Ok(as_written(llm, asked, &said))
}

fn as_written(llm: &Llm, asked: &Asked<'_>, said: &CitedAnswer) -> (Written, Vec<Citation>) {
    written(said, asked.passages, llm.client.model())
}

fn prompt_of(llm: &Llm, asked: &Asked<'_>) -> Prompt {
    let titles: Vec<String> = asked.passages.iter().map(titled).collect();
    let given: Vec<Given<'_>> = asked
        .passages
        .iter()
        .zip(&titles)
        .map(|(passage, title)| Given {
            title,
            text: &passage.text,
        })
        .collect();
    let turns = memory::turns(&asked.question.before);
    prompt(&asked.question.text, &given, &turns, llm.limits.prompt_tokens)
}

/// Takes what the call may use from the budgets of the day.
async fn reserve(ctx: &Ctx, llm: &Llm, asked: &Asked<'_>, prompt: &Prompt) -> Result<Reservation, String> {
    let day = ctx.clock.now().date_naive();
    let person = &asked.question.asker;
    let teams = policy::actor(ctx, person).await.teams;
    let tokens = estimated_request(&prompt.messages) + i64::from(llm.limits.answer_tokens);
    let usage = ctx.store.llm_usage();
    match usage
        .reserve(day, (person.as_str(), &teams), tokens, &llm.limits.daily)
        .await
    {
        Ok(Reserved::Granted(reservation)) => Ok(reservation),
        Ok(Reserved::Exhausted(account)) => Err(format!(
            "{} of the language model is used up; these are the passages themselves.",
            match account {
                Account::Person(_) => "Your daily share".to_owned(),
                Account::Team(team) => format!("Team {team}'s daily share"),
                Account::Everybody => "The daily budget".to_owned(),
            }
        )),
        Err(error) => {
            tracing::error!(%error, "the budget of the language model cannot be read");
            Err("The language model was left out: its budget cannot be read.".to_owned())
        }
    }
}

/// Asks, shows what comes, and settles what it cost, whatever came of it.
async fn stream(
    ctx: &Ctx,
    llm: &Llm,
    asked: &Asked<'_>,
    prompt: Prompt,
    draft: &mut Draft<'_>,
    reservation: Reservation,
) -> Result<Completion, String> {
    let shown = prompt.passages;
    let request = Request {
        messages: prompt.messages,
        max_answer_tokens: llm.limits.answer_tokens,
    };
    let (said, mut heard) = watch::channel(String::new());
    let asking = async {
        let outcome = llm
            .client
            .stream(&request, |piece| said.send_modify(|text| text.push_str(piece)))
            .await;
        let text = said.borrow().clone();
        drop(said);
        (outcome, text)
    };
    let showing = async {
        while heard.changed().await.is_ok() {
            let so_far = heard.borrow_and_update().clone();
            let grown = || Some(growing(ctx, llm, asked, &cited_so_far(&so_far, shown)?));
            draft.grow(grown).await;
        }
    };
    let ((outcome, text), ()) = tokio::join!(asking, showing);
    let usage = outcome.as_ref().map_or_else(
        |_| Usage::estimated(&request.messages, &text),
        |completion| completion.usage,
    );
    let spent = Spent {
        usage,
        cost_micros: llm.limits.price.cost(usage),
        succeeded: outcome.is_ok(),
    };
    if let Err(error) = ctx.store.llm_usage().settle(reservation, spent).await {
        tracing::error!(%error, "the use of the language model could not be written down");
    }
    outcome.map_err(|error| why(&error))
}

fn growing(ctx: &Ctx, llm: &Llm, asked: &Asked<'_>, so_far: &CitedAnswer) -> SlackMessageContent {
    let mut answer = asked.answer.clone();
    answer.rewrite(as_written(llm, asked, so_far), asked.passages, &[]);
    let question = &asked.question.text;
    message_reading(question, asked.passages.len(), Some(&answer), ctx.clock.now())
}

/// For the person; the operator finds the rest in the log and in `doctor`.
fn why(error: &LlmError) -> String {
    tracing::warn!(%error, "the language model did not answer");
    let cause = match error {
        LlmError::TimedOut => "did not answer in time",
        LlmError::RateLimited { .. } => "is asked too much just now",
        LlmError::Unavailable(_) | LlmError::Empty => "cannot be reached",
        LlmError::Unauthorized | LlmError::Rejected(_) => {
            "refuses to answer; whoever runs me finds why in the log"
        }
    };
    format!("The language model {cause}; these are the passages themselves.")
}
