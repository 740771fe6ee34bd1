//! Purpose: the submitted forms: a no with its reason, a yes with a remark or a typed name, a new question from a message.

use em_blocks::approval::modal::{self, Memory, Wish, modal_propose};
use em_domain::action::Digest;
use em_domain::approval::{Requester, Via};
use em_domain::id::SlackChannel;
use em_domain::pull_request::PullRequestKey;
use serde::{Deserialize, Serialize};
use slack_morphism::prelude::SlackViewState;

use super::decide::{Said, answer, say};
use super::propose::{Proposal, propose, tell};
use crate::action;
use crate::ctx::Ctx;
use crate::invocation::{CommandError, Outcome, Reply, ShortcutUse, Submission};

/// A submitted *Decline*.
pub async fn declined(ctx: Ctx, submission: Submission) -> Outcome {
    submitted(ctx, submission, false).await
}

/// A submitted *Approve*.
pub async fn approved(ctx: Ctx, submission: Submission) -> Outcome {
    submitted(ctx, submission, true).await
}

async fn submitted(ctx: Ctx, submission: Submission, agrees: bool) -> Outcome {
    let Some(memory) = Memory::parse(&submission.private_metadata) else {
        return Err(CommandError::user(
            "That form is too old for me to know what it was about. Nothing was decided.",
        ));
    };
    let said = Said {
        user: submission.user,
        agrees,
        via: Via::Modal,
        comment: modal::comment(&submission.state).map(str::to_owned),
        seen: Some(Digest(memory.ticket.seen.clone())),
        is_typed: modal::is_typed(&memory, &submission.state),
    };
    Ok(where_asked(
        answer(say(&ctx, &memory.ticket.id, said).await?),
        memory.response_url,
    ))
}

/// A private answer goes to where the form was opened from.
fn where_asked(reply: Reply, response_url: Option<String>) -> Reply {
    match reply {
        Reply::Private(content) => Reply::Answer {
            response_url,
            content,
        },
        other @ (Reply::Replace(_)
        | Reply::Modal(_)
        | Reply::Redraw(_)
        | Reply::Answer { .. }
        | Reply::Done) => other,
    }
}

/// What the form of a new question remembers.
#[derive(Debug, Serialize, Deserialize)]
struct Origin {
    channel: Option<SlackChannel>,
    response_url: Option<String>,
}

/// The shortcut *Ask for approval* on a message: the form, with what the message is about.
pub fn shortcut(used: ShortcutUse) -> Outcome {
    let text = used.message.as_ref().map(|message| message.text.as_str());
    let target = text.and_then(target_in).unwrap_or_default();
    propose_form(&target, None, used.channel, used.response_url)
}

/// The form of a new question, filled in with `target`; `only` leaves one action to choose.
pub(crate) fn propose_form(
    target: &str,
    only: Option<&str>,
    channel: Option<SlackChannel>,
    response_url: Option<String>,
) -> Outcome {
    let origin = Origin {
        channel,
        response_url,
    };
    let memory = serde_json::to_string(&origin).unwrap_or_default();
    let kinds = action::ACTIONS
        .iter()
        .filter(|kind| only.is_none_or(|word| kind.word == word))
        .map(|kind| (kind.word, kind.summary));
    let form = modal_propose(kinds, target, memory)
        .ok_or_else(|| CommandError::user("The form cannot be opened here. Use `/em-agent propose`."))?;
    Ok(Reply::Modal(Box::new(form)))
}

/// The mistake in a new question that can be seen without looking at its target.
pub(crate) fn mistake(state: &SlackViewState) -> Option<(&'static str, String)> {
    let wish = modal::wish(state)?;
    action::parse(&words_of(&wish))
        .err()
        .map(|error| (modal::WORDS, error.to_string()))
}

fn words_of(wish: &Wish) -> Vec<String> {
    let words = std::iter::once(wish.word.as_str()).chain(wish.rest.split_whitespace());
    words.map(str::to_owned).collect()
}

/// A submitted new question.
pub async fn proposed(ctx: Ctx, submission: Submission) -> Outcome {
    let wish = modal::wish(&submission.state)
        .ok_or_else(|| CommandError::user("Choose what is to be done and to what, then submit again."))?;
    let origin: Option<Origin> = serde_json::from_str(&submission.private_metadata).ok();
    let proposal = Proposal {
        action: action::parse(&words_of(&wish))?,
        requester: Requester::Person(submission.user),
        reason: wish.reason,
        channel: origin.as_ref().and_then(|origin| origin.channel.clone()),
    };
    let reply = tell(&ctx, propose(&ctx, proposal).await?);
    Ok(where_asked(reply, origin.and_then(|origin| origin.response_url)))
}

/// The first pull request that a message names: `acme/api#12`, or its address.
fn target_in(text: &str) -> Option<String> {
    let words = text.split(|c: char| c.is_whitespace() || "<>|()\"'`,;".contains(c));
    words.into_iter().find_map(named_target)
}

fn named_target(word: &str) -> Option<String> {
    if let Some(key) = PullRequestKey::parse(word.trim_end_matches(['.', ':', '!', '?'])) {
        return Some(key.to_string());
    }
    let address = url::Url::parse(word).ok()?;
    let parts: Vec<&str> = address.path_segments()?.collect();
    match parts.as_slice() {
        [owner, name, "pull" | "issues", number, ..] if number.parse::<u32>().is_ok() => {
            Some(format!("{owner}/{name}#{number}"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_names_a_pull_request_in_words_or_by_address() {
        let found = |text: &str| target_in(text);
        assert_eq!(found("please look at acme/api#12."), Some("acme/api#12".into()));
        assert_eq!(
            found("<https://github.com/acme/api/pull/7/files|the change> is stale"),
            Some("acme/api#7".into())
        );
        assert_eq!(found("see https://github.com/acme/api/actions/runs/7"), None);
        assert_eq!(found("nothing #12 here"), None);
    }
}
