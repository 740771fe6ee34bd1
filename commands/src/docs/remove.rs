//! Purpose: `/em-agent docs remove src_01J...`: answers are no longer made from a source, and all that was read of it is
//! forgotten.

use clap::Parser;
use em_blocks::docs::message_removed;
use em_knowledge::located;

use super::visible;
use crate::ctx::Ctx;
use crate::invocation::{CommandError, Invocation, Outcome, Reply};
use crate::spec::Spec;

/// How it is written.
pub const SPEC: Spec = Spec {
    path: "docs remove",
    usage: "docs remove <id>",
    summary: "Forget a source of documents; `docs status` shows the ids.",
    examples: &["docs remove src_01J8ZQ4K3M5N6P7R8S9T0V1W2X"],
    check_scheduled: None,
};

#[derive(Debug, Parser)]
struct Args {
    id: String,
}

/// Answers `docs remove`.
pub async fn remove(ctx: Ctx, invocation: Invocation) -> Outcome {
    let Args { id } = SPEC.parse(&invocation.words)?;
    let sources = visible(&ctx, &invocation).await?;
    let source = sources.iter().find(|source| source.added.id.as_str() == id);
    let unknown =
        || CommandError::user("I have no such source. `docs status` shows them all, with their ids.");
    let added = &source.ok_or_else(unknown)?.added;
    if !ctx.store.knowledge().remove_source(&added.id).await? {
        return Err(unknown());
    }
    let configured = ctx.settings.documents.iter();
    let is_configured = configured
        .filter_map(|place| located(place).ok())
        .any(|place| place.location == added.location);
    Ok(Reply::private(message_removed(&added.location, is_configured)))
}
