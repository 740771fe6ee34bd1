//! Purpose: the message shortcut *Save to knowledge*: a Slack thread becomes a document that questions are answered from;
//! and the button that has it forgotten.

use std::collections::{BTreeMap, BTreeSet};

use em_blocks::docs::saved::{Kept, SavedView, message_forgotten, message_saved};
use em_domain::audit::AuditEntry;
use em_domain::id::{SlackChannel, SlackUser, SourceId};
use em_domain::knowledge::thread::{self, FORGOTTEN, SAVED, ThreadDocument};
use em_domain::knowledge::{NewSource, Source, SourceKind, Visibility};
use em_integrations::slack::{Channel, Posted, SlackError, Thread};
use em_knowledge::Upload;
use em_storage::Upserted;
use serde_json::json;
use ulid::Ulid;

use super::take;
use crate::ctx::Ctx;
use crate::invocation::{Click, CommandError, Outcome, Reply, ShortcutUse};
use crate::policy::may_use;

/// Lines of the audit log about one thread that are looked at: each saving by somebody new and each forgetting is one.
const LOG_LINES: i64 = 1_000;
/// What the policy asks of people who have something forgotten that others saved.
const REMOVE: &str = "command.docs remove";

/// The shortcut on a message: its whole thread is kept.
pub async fn save(ctx: Ctx, used: ShortcutUse) -> Outcome {
    let (Some(id), Some(message)) = (used.channel, used.message) else {
        return Err(CommandError::user(
            "Use this on a message: its thread is what I keep.",
        ));
    };
    let root = message.thread_ts.unwrap_or(message.ts);
    let unreadable = |error| unreadable(&id, error);
    // Who may see it is what counts now, and not what was so half an hour ago.
    let channel = ctx.slack.channel_now(id.as_str()).await.map_err(unreadable)?;
    let said = ctx.slack.thread(id.as_str(), &root).await.map_err(unreadable)?;
    let document = written(&ctx, &said).await?;
    let url = page(&ctx, &channel, &root).await;
    let source = source_of(&ctx, &channel, &used.user).await?;
    let subject = subject(&id, &root);
    let known = ctx.store.knowledge().list_digests(&source.added.id).await?;
    let saver = saver(&ctx, &subject, known.contains_key(&root), &used.user).await?;
    let upserted = take(&ctx, &source, vec![upload(root, url.clone(), &document)]).await?;
    let is_saver = saver == used.user;
    let may_forget = is_saver || may_use(&ctx, REMOVE, &used.user).await;
    let saver_name = if is_saver {
        None
    } else {
        Some(name_of(&ctx, &saver).await)
    };
    Ok(Reply::private(message_saved(&SavedView {
        kept: kept(upserted),
        title: &document.title,
        author: &document.author,
        url: url.as_deref(),
        messages: said.messages.len(),
        is_whole: said.is_whole,
        only_in: (source.added.visibility != Visibility::Everyone).then_some(&id),
        saver: saver_name.as_deref(),
        forget: may_forget.then_some(subject.as_str()),
    })))
}

/// A click on *Forget it*.
pub async fn forget(ctx: Ctx, click: Click) -> Outcome {
    let Some((channel, root)) = click.value.split_once('/') else {
        return Err(CommandError::user(
            "I no longer know which thread that was. Save it again, then forget it.",
        ));
    };
    let log = ctx.store.audit().list_about(&click.value, LOG_LINES).await?;
    let saver = thread::saver(&log);
    if saver != Some(click.user.as_str()) && !may_use(&ctx, REMOVE, &click.user).await {
        if saver.is_none() {
            return Ok(Reply::Replace(Box::new(message_forgotten(false))));
        }
        return Err(CommandError::user(
            "Somebody else saved this thread. Only they can have it forgotten, or who looks after the documents.",
        ));
    }
    let mut removed = 0;
    for source in sources_of(&ctx, channel).await? {
        let knowledge = ctx.store.knowledge();
        removed += knowledge.remove_documents(&source.added.id, &[root]).await?;
    }
    note(&ctx, FORGOTTEN, &click.user, &click.value).await?;
    Ok(Reply::Replace(Box::new(message_forgotten(removed > 0))))
}

/// Where people read the thread, if Slack says.
async fn page(ctx: &Ctx, channel: &Channel, root: &str) -> Option<String> {
    let posted = Posted {
        channel: channel.id.clone(),
        ts: root.to_owned(),
    };
    ctx.slack.permalink(&posted).await.ok().map(String::from)
}

/// What a thread is called in the audit log and on the button.
fn subject(channel: &SlackChannel, root: &str) -> String {
    format!("{channel}/{root}")
}

fn kept(upserted: Upserted) -> Kept {
    if upserted.new > 0 {
        Kept::New
    } else if upserted.changed > 0 {
        Kept::Changed
    } else {
        Kept::Same
    }
}

/// What to do about a thread that cannot be read.
fn unreadable(channel: &SlackChannel, error: SlackError) -> CommandError {
    let is_outside = matches!(error, SlackError::NotInChannel | SlackError::ChannelNotFound);
    if is_outside && channel.as_str().starts_with('D') {
        return CommandError::user(
            "I cannot read direct messages between people. Post what matters in a channel that I am in, and save it there.",
        );
    }
    if is_outside {
        return CommandError::user(
            "I cannot read this thread, because I am not in the channel. Type `/invite @EM Agent` here, then save it again.",
        );
    }
    let is_gone = matches!(&error, SlackError::Rejected { code }
        if matches!(code.as_str(), "thread_not_found" | "message_not_found"));
    if is_gone {
        return CommandError::user("That message is gone, so there is nothing to save.");
    }
    error.into()
}

/// The thread as a document, with the names of all who spoke or are spoken to.
async fn written(ctx: &Ctx, said: &Thread) -> Result<ThreadDocument, CommandError> {
    let authors = said.messages.iter().filter_map(|message| message.user.clone());
    let mentioned = said
        .messages
        .iter()
        .flat_map(|message| thread::mentioned(&message.text));
    let people: BTreeSet<String> = authors.chain(mentioned).collect();
    let mut names = BTreeMap::new();
    for person in people {
        if let Some(known) = ctx.slack.user(&person).await? {
            names.insert(person, known.name.clone());
        }
    }
    let message = |message: &em_integrations::slack::Said| {
        let person = message.user.as_ref().and_then(|id| names.get(id));
        let author = person.or(message.username.as_ref()).map(String::as_str);
        Some(thread::Said {
            author: author.unwrap_or("somebody").to_owned(),
            at: thread::said_at(&message.ts)?,
            text: message.text.clone(),
        })
    };
    let messages: Vec<thread::Said> = said.messages.iter().filter_map(message).collect();
    thread::document(&messages, &names)
        .ok_or_else(|| CommandError::user("There are no words in this thread that I could keep."))
}

fn upload(root: String, url: Option<String>, document: &ThreadDocument) -> Upload {
    Upload {
        name: root,
        text: document.text.clone(),
        title: Some(document.title.clone()),
        url,
        author: Some(document.author.clone()),
        owners: Vec::new(),
        changed_at: Some(document.changed_at),
    }
}

async fn sources_of(ctx: &Ctx, channel: &str) -> Result<Vec<Source>, CommandError> {
    let mut sources = ctx.store.knowledge().list_sources().await?;
    sources.retain(|source| source.added.kind == SourceKind::Slack && source.added.location == channel);
    Ok(sources)
}

/// The source of a channel's threads, for those who may read the channel now.
async fn source_of(ctx: &Ctx, channel: &Channel, user: &SlackUser) -> Result<Source, CommandError> {
    let id = SlackChannel(channel.id.clone());
    let visibility = if channel.is_public() {
        Visibility::Everyone
    } else {
        Visibility::Channels(BTreeSet::from([id]))
    };
    if let Some(mut known) = sources_of(ctx, &channel.id).await?.into_iter().next() {
        if known.added.visibility != visibility {
            // A channel that was made private takes along what was saved before.
            let knowledge = ctx.store.knowledge();
            knowledge.set_visibility(&known.added.id, &visibility).await?;
            known.added.visibility = visibility;
        }
        return Ok(known);
    }
    let new = NewSource {
        id: SourceId::new(Ulid::new()),
        kind: SourceKind::Slack,
        location: channel.id.clone(),
        visibility,
        added_by: Some(user.clone()),
        added_at: ctx.clock.now(),
    };
    Ok(ctx.store.knowledge().insert_source(&new).await?.source().clone())
}

/// Who saved the thread, if it is kept; else `user`, who does now.
async fn saver(ctx: &Ctx, subject: &str, is_kept: bool, user: &SlackUser) -> Result<SlackUser, CommandError> {
    let log = ctx.store.audit().list_about(subject, LOG_LINES).await?;
    if let Some(saver) = thread::saver(&log).filter(|_| is_kept) {
        return Ok(SlackUser(saver.to_owned()));
    }
    note(ctx, SAVED, user, subject).await?;
    Ok(user.clone())
}

async fn note(ctx: &Ctx, kind: &str, user: &SlackUser, subject: &str) -> Result<(), CommandError> {
    let entry = AuditEntry {
        at: ctx.clock.now(),
        actor: user.to_string(),
        kind: kind.to_owned(),
        subject: subject.to_owned(),
        data: json!({}),
    };
    Ok(ctx.store.audit().record(&entry).await?)
}

async fn name_of(ctx: &Ctx, user: &SlackUser) -> String {
    let known = ctx.slack.user(user.as_str()).await.ok().flatten();
    known.map_or_else(|| "Somebody else".to_owned(), |person| person.name.clone())
}
