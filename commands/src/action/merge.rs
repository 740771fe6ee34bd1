//! Purpose: `github.merge`: merges the commit that was agreed to, if its checks pass.

use em_domain::action::Action;
use em_domain::pull_request::PullRequestState;
use em_integrations::github::actions::{Checks, Ci, MergeMethod, Pull, Subject};
use em_integrations::github::client::GithubClient;

use super::look::{self, Change, client, must_be_open, pull};
use super::trouble::Trouble;
use super::{Attempt, Checked, Done};
use crate::ctx::Ctx;

/// How it is merged: squashed if nothing was said.
pub(super) fn method(action: &Action) -> Result<MergeMethod, Trouble> {
    match action.argument("method") {
        "" => Ok(MergeMethod::Squash),
        word => MergeMethod::parse(word).ok_or_else(|| {
            Trouble::says(format!(
                "“{word}” is no way to merge: write `merge`, `squash` or `rebase`."
            ))
        }),
    }
}

/// The action with its method and the commit it is about.
pub(super) fn normalised(action: Action, method: MergeMethod, pull: &Pull) -> Action {
    let head = match action.argument("head") {
        "" => pull.head_sha.clone(),
        agreed => agreed.to_owned(),
    };
    action.with("method", method.as_str()).with("head", head)
}

/// Fails if it cannot be merged whatever the checks say.
pub(super) fn can_be_merged(subject: &Subject) -> Result<&Pull, Trouble> {
    must_be_open(subject)?;
    let pull = pull(subject)?;
    if pull.is_draft {
        return Err(Trouble::says(format!("{} is still a draft.", subject.key)));
    }
    if pull.mergeable == Some(false) {
        return Err(Trouble::says(format!(
            "{} conflicts with {}: somebody must resolve that first.",
            subject.key, pull.base_ref
        )));
    }
    Ok(pull)
}

pub(super) async fn check(ctx: &Ctx, action: Action) -> Result<Checked, Trouble> {
    let client = client(ctx)?;
    let method = method(&action)?;
    let subject = look::subject(&client, &action).await?;
    let pull = can_be_merged(&subject)?;
    let checks = client
        .checks(subject.key.repository.as_str(), &pull.head_sha)
        .await?;
    if checks.ci == Ci::Red {
        return Err(red(&subject, &checks));
    }
    let checked = look::checked(&client, normalised(action, method, pull), &subject).await?;
    let how = match method {
        MergeMethod::Merge => "with a merge commit",
        MergeMethod::Squash => "as one commit",
        MergeMethod::Rebase => "commit by commit",
    };
    let effect = vec![
        format!("Merges {} into {} {how}.", subject.key, pull.base_ref),
        words(&checks).to_owned(),
    ];
    let mut state = look::state_with_head(&subject);
    state.0.insert("base branch".to_owned(), pull.base_ref.clone());
    Ok(Checked {
        title: format!("Merge {}", subject.key),
        state,
        effect,
        ..checked
    })
}

fn words(checks: &Checks) -> &'static str {
    match checks.ci {
        Ci::Green => "Its checks passed.",
        Ci::Pending => "Its checks are still running: it is merged only if they have passed by then.",
        Ci::Unknown => "No checks ran on it.",
        Ci::Red => "Its checks failed.",
    }
}

fn red(subject: &Subject, checks: &Checks) -> Trouble {
    Trouble::says(format!(
        "{} is not merged: {} failed.",
        subject.key,
        checks.failed.join(", ")
    ))
}

pub(super) async fn perform(ctx: &Ctx, action: Action, attempt: &Attempt) -> Result<Done, Trouble> {
    let client = client(ctx)?;
    let method = method(&action)?;
    let subject = look::subject(&client, &action).await?;
    let change = Change {
        said: format!("Merged {}.", subject.key),
        said_already: format!("{} was merged already.", subject.key),
        undo: None,
    };
    if subject.state == PullRequestState::Merged {
        return Ok(change.found_made(&subject, attempt));
    }
    let pull = can_be_merged(&subject)?;
    same_head(&action, &subject, pull)?;
    checks_pass(&client, &subject, pull).await?;
    client.merge(&subject.key, method, &pull.head_sha).await?;
    Ok(change.made(&subject))
}

/// Fails if the newest commit is not the one that was agreed to.
pub(super) fn same_head(action: &Action, subject: &Subject, pull: &Pull) -> Result<(), Trouble> {
    let agreed = action.argument("head");
    if agreed.is_empty() {
        return Err(Trouble::says(format!(
            "Nobody said which commit of {} to merge.",
            subject.key
        )));
    }
    if pull.head_sha == agreed {
        return Ok(());
    }
    Err(Trouble::says(format!(
        "{} has new commits since it was agreed to, so it was left alone. Propose it again.",
        subject.key
    )))
}

async fn checks_pass(client: &GithubClient, subject: &Subject, pull: &Pull) -> Result<(), Trouble> {
    let checks = client
        .checks(subject.key.repository.as_str(), &pull.head_sha)
        .await?;
    match checks.ci {
        Ci::Green | Ci::Unknown => Ok(()),
        Ci::Red => Err(red(subject, &checks)),
        Ci::Pending => Err(Trouble::says(format!(
            "{} is not merged: {} has not finished. `auto-merge` would wait for it.",
            subject.key,
            checks.running.join(", ")
        ))),
    }
}
