//! Purpose: `/em-agent audit acme/api#12`: who did what about something, from the log that cannot be changed unnoticed.

use clap::Parser;
use em_blocks::audit::message_audit;

use crate::approval::named;
use crate::ctx::Ctx;
use crate::invocation::{Invocation, Outcome, Reply};
use crate::spec::Spec;

/// How it is written.
pub const SPEC: Spec = Spec {
    path: "audit",
    usage: "audit <approval, pull request or @person>",
    summary: "Who did what about something, and when, from the log that shows any change to it.",
    examples: &["audit acme/api#12", "audit 7K2M9QXA", "audit @ana"],
    check_scheduled: None,
};

/// Entries shown; `em-agent export audit` has them all.
const SHOWN: i64 = 20;

#[derive(Debug, Parser)]
struct Args {
    subject: String,
}

/// Answers `audit`.
pub async fn show(ctx: Ctx, invocation: Invocation) -> Outcome {
    let Args { subject } = SPEC.parse(&invocation.words)?;
    let mut records = Vec::new();
    for subject in subjects(&ctx, &subject).await {
        records.extend(ctx.store.audit().list_about(&subject, SHOWN).await?);
    }
    records.sort_by_key(|record| std::cmp::Reverse(record.seq));
    records.truncate(usize::try_from(SHOWN).unwrap_or(usize::MAX));
    Ok(Reply::private(message_audit(
        &subject,
        &records,
        ctx.settings.calendar.zone,
    )))
}

/// What the log calls the thing that somebody names: a person by their id, an approval by its whole id, and a pull
/// request together with the approvals about it.
async fn subjects(ctx: &Ctx, typed: &str) -> Vec<String> {
    let mention = typed.strip_prefix("<@").and_then(|rest| rest.strip_suffix('>'));
    if let Some(mention) = mention {
        return vec![mention.split('|').next().unwrap_or(mention).to_owned()];
    }
    if let Ok(approval) = named(ctx, typed).await {
        return vec![approval.id.to_string()];
    }
    let about = ctx.store.approvals().list_about(typed).await.unwrap_or_default();
    let approvals = about.iter().map(|approval| approval.id.to_string());
    std::iter::once(typed.to_owned()).chain(approvals).collect()
}
