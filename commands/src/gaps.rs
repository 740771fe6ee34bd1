//! Purpose: `/em-agent gaps`: what people asked and the documents did not answer, the most wanted first; `gaps post`, for a
//! weekly schedule; and the issue that asks somebody to write it down.

use std::collections::BTreeSet;

use chrono::{Datelike as _, Duration};
use clap::Parser;
use em_blocks::gaps::{GapsView, message_gaps};
use em_blocks::triage::message_shared;
use em_domain::gaps::{REVIEW_DAYS, gather, name_reviewers};
use em_domain::id::{AnswerId, SlackChannel};
use em_domain::knowledge::Audience;
use em_integrations::slack::Place;
use slack_morphism::prelude::SlackMessageContent;

use crate::approval::form::propose_form;
use crate::copy::{self, Wanted};
use crate::ctx::Ctx;
use crate::invocation::{Caller, Click, CommandError, Invocation, Outcome, Reply};
use crate::spec::Spec;

/// How it is written.
pub const SPEC: Spec = Spec {
    path: "gaps",
    usage: "gaps",
    summary: "Show what people asked and our documents did not answer.",
    examples: &["gaps"],
    check_scheduled: None,
};

/// How the post is written.
pub const POST: Spec = Spec {
    path: "gaps post",
    usage: "gaps post [#channel]",
    summary: "Post that list to a channel; once a week, from a schedule.",
    examples: &["gaps post", "gaps post #payments"],
    check_scheduled: Some(|words| POST.parse::<Args>(words).map(drop)),
};

#[derive(Debug, Parser)]
struct Args {
    channel: Option<String>,
}

/// How far back questions are looked at.
const LOOK_BACK_DAYS: i64 = 30;
/// Questions that are looked at.
const MOST_QUESTIONS: i64 = 500;
/// How long a post is remembered, so that it is edited and not repeated.
const POSTED_FOR: Duration = Duration::days(8);
/// The action that opens an issue, as it is typed.
const CREATE_ISSUE: &str = "create-issue";

/// Answers `gaps`.
pub async fn show(ctx: Ctx, invocation: Invocation) -> Outcome {
    let audience = Audience::Person {
        user: invocation.person()?.clone(),
        channel: invocation.channel,
    };
    Ok(Reply::private(listed(&ctx, &audience).await?))
}

/// Answers `gaps post`: one message a week and channel.
pub async fn post(ctx: Ctx, invocation: Invocation) -> Outcome {
    let args: Args = POST.parse(&invocation.words)?;
    let here = invocation.channel.map(|channel| channel.0);
    let usual = ctx.settings.default_channel.clone();
    let named = match invocation.caller {
        Caller::Schedule(_) => args.channel.or(here),
        Caller::Person(_) => args.channel.or(usual).or(here),
    };
    let named = named.ok_or_else(|| CommandError::user("Name a channel: `gaps post #payments`."))?;
    let channel = ctx.slack.resolve_channel(&named).await?;
    let now = ctx.clock.now();
    let week = ctx.settings.calendar.local_date(now).iso_week();
    let wanted = Wanted {
        purpose: format!("gaps:{}:{}-{}", channel.id, week.year(), week.week()),
        place: Place::channel(channel.id.clone()),
        content: listed(&ctx, &Audience::Channel(SlackChannel(channel.id.clone()))).await?,
        version: now.timestamp(),
        until: now + POSTED_FOR,
    };
    let posted = copy::show(&ctx, &wanted, false).await?;
    match invocation.caller {
        Caller::Schedule(_) => Ok(Reply::Done),
        Caller::Person(_) => {
            let link = ctx.slack.permalink(&posted).await.ok();
            let link = link.as_ref().map(url::Url::as_str);
            Ok(Reply::private(message_shared(
                &SlackChannel(posted.channel),
                link,
            )))
        }
    }
}

/// What everybody in `audience` may know was asked: a question that came near a private document may be as private.
async fn listed(ctx: &Ctx, audience: &Audience) -> Result<SlackMessageContent, CommandError> {
    let since = ctx.clock.now() - Duration::days(LOOK_BACK_DAYS);
    let answered = ctx.store.answers().list_gaps(since, MOST_QUESTIONS).await?;
    let sources = ctx.store.knowledge().list_sources().await?;
    let mut answers: Vec<_> = answered.into_iter().map(|answered| answered.answer).collect();
    answers.retain(|answer| answer.may_be_seen_by(audience, &sources));
    let questions: Vec<String> = answers.iter().map(|answer| answer.question.clone()).collect();
    // Without meanings, only questions in the same words fall together.
    let meanings = ctx.library.meanings(&questions).await.unwrap_or_default();
    let mut gaps = gather(&answers, &meanings);
    let repositories: BTreeSet<_> = gaps.iter().flat_map(|gap| gap.repositories.clone()).collect();
    if !repositories.is_empty() {
        let since = ctx.clock.now() - Duration::days(REVIEW_DAYS);
        let reviewed = ctx.store.gaps().list_reviewers(&repositories, since).await?;
        name_reviewers(&mut gaps, &reviewed);
    }
    Ok(message_gaps(&GapsView {
        gaps: &gaps,
        days: LOOK_BACK_DAYS,
        now: ctx.clock.now(),
        can_open_issues: ctx.github.is_some(),
    }))
}

/// The entry *Open an issue…*: the form that proposes it, filled in as far as it can be.
pub async fn issue(ctx: Ctx, click: Click) -> Outcome {
    let gone = || CommandError::user("That question is forgotten by now. Run `/em-agent gaps` again.");
    let id = AnswerId::parse(&click.subject).ok_or_else(gone)?;
    let answered = ctx.store.answers().find(&id).await?.ok_or_else(gone)?;
    let repositories = ctx.github.iter().flat_map(|github| &github.config.repositories);
    let repository = repositories.map(ToString::to_string).next();
    // What follows a dash would be read as an option.
    let question = answered.answer.question.replace("--", "–");
    let target = format!(
        "{} Write down: {question}",
        repository.as_deref().unwrap_or("owner/repository")
    );
    propose_form(&target, Some(CREATE_ISSUE), click.channel, click.response_url)
}
