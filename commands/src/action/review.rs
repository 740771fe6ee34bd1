//! Purpose: `github.request_review` and `github.withdraw_review`: who is asked for a review.

use em_domain::action::Action;
use em_integrations::github::actions::{Pull, Reviewer, Subject};
use em_integrations::github::client::GithubClient;

use super::label::other;
use super::look::{self, Change, client, must_be_open, pull};
use super::requested::login_meant;
use super::trouble::Trouble;
use super::{Attempt, Checked, Done};
use crate::ctx::Ctx;

/// Reads `ana` or `acme/platform`: the owner is the repository's, or GitHub would not know the team.
async fn reviewer(ctx: &Ctx, action: &Action) -> Result<Reviewer, Trouble> {
    let word = action.argument("reviewer").trim();
    let owner = action.target.split('/').next().unwrap_or_default();
    match word.trim_start_matches('@').split_once('/') {
        Some((of, team)) if of.eq_ignore_ascii_case(owner) && !team.is_empty() => {
            Ok(Reviewer::Team(team.to_owned()))
        }
        Some((of, _)) => Err(Trouble::says(format!(
            "Teams of {of} cannot be asked in {owner}. Write a team as `{owner}/team`."
        ))),
        None => Ok(Reviewer::Person(login_meant(ctx, word).await?)),
    }
}

/// As it is written in the action.
fn written(reviewer: &Reviewer, subject: &Subject) -> String {
    let owner = subject
        .key
        .repository
        .as_str()
        .split('/')
        .next()
        .unwrap_or_default();
    match reviewer {
        Reviewer::Person(login) => login.to_string(),
        Reviewer::Team(slug) => format!("{owner}/{slug}"),
    }
}

fn is_asked(pull: &Pull, reviewer: &Reviewer) -> bool {
    match reviewer {
        Reviewer::Person(login) => pull.reviewers.iter().any(|asked| asked.same(login)),
        Reviewer::Team(slug) => pull.teams.iter().any(|asked| asked.eq_ignore_ascii_case(slug)),
    }
}

pub(super) async fn check_request(ctx: &Ctx, action: Action) -> Result<Checked, Trouble> {
    let client = client(ctx)?;
    let reviewer = reviewer(ctx, &action).await?;
    let subject = look::subject(&client, &action).await?;
    must_be_open(&subject)?;
    let name = written(&reviewer, &subject);
    if is_asked(pull(&subject)?, &reviewer) {
        return Err(Trouble::says(format!(
            "{name} is asked to review {} already.",
            subject.key
        )));
    }
    may_be_asked(&client, &subject, &reviewer).await?;
    let checked = look::checked(&client, action.with("reviewer", &name), &subject).await?;
    Ok(Checked {
        title: format!("Ask {name} to review {}", subject.key),
        effect: vec![format!(
            "Asks {name} for a review of {}; GitHub tells them.",
            subject.key
        )],
        ..checked
    })
}

/// Fails if GitHub would not let them be asked, as far as that can be seen.
async fn may_be_asked(client: &GithubClient, subject: &Subject, reviewer: &Reviewer) -> Result<(), Trouble> {
    let Reviewer::Person(login) = reviewer else {
        return Ok(());
    };
    if subject.author.same(login) {
        return Err(Trouble::says(format!(
            "{login} opened {}; nobody reviews their own.",
            subject.key
        )));
    }
    let repository = subject.key.repository.as_str();
    let is_known = match client.is_collaborator(repository, login).await? {
        Some(is) => is,
        None => client.has_account(login).await?,
    };
    if is_known {
        return Ok(());
    }
    Err(Trouble::says(format!(
        "{login} cannot be asked: GitHub knows no such account in {repository}."
    )))
}

pub(super) async fn check_withdraw(ctx: &Ctx, action: Action) -> Result<Checked, Trouble> {
    let client = client(ctx)?;
    let reviewer = reviewer(ctx, &action).await?;
    let subject = look::subject(&client, &action).await?;
    let name = written(&reviewer, &subject);
    if !is_asked(pull(&subject)?, &reviewer) {
        return Err(Trouble::says(format!(
            "{name} is not asked to review {}.",
            subject.key
        )));
    }
    let checked = look::checked(&client, action.with("reviewer", &name), &subject).await?;
    Ok(Checked {
        title: format!("No longer ask {name} to review {}", subject.key),
        effect: vec![format!(
            "Takes the request to {name} for a review of {} back.",
            subject.key
        )],
        ..checked
    })
}

pub(super) async fn request(ctx: &Ctx, action: Action, attempt: &Attempt) -> Result<Done, Trouble> {
    let client = client(ctx)?;
    let reviewer = reviewer(ctx, &action).await?;
    let subject = look::subject(&client, &action).await?;
    let name = written(&reviewer, &subject);
    let change = Change {
        said: format!("Asked {name} to review {}.", subject.key),
        said_already: format!("{name} was asked to review {} already.", subject.key),
        undo: Some(other("github.withdraw_review", &action)),
    };
    if is_asked(pull(&subject)?, &reviewer) {
        return Ok(change.found_made(&subject, attempt));
    }
    must_be_open(&subject)?;
    client.request_review(&subject.key, &reviewer).await?;
    Ok(change.made(&subject))
}

pub(super) async fn withdraw(ctx: &Ctx, action: Action, attempt: &Attempt) -> Result<Done, Trouble> {
    let client = client(ctx)?;
    let reviewer = reviewer(ctx, &action).await?;
    let subject = look::subject(&client, &action).await?;
    let name = written(&reviewer, &subject);
    let change = Change {
        said: format!("{name} is no longer asked to review {}.", subject.key),
        said_already: format!("{name} was not asked to review {} any more.", subject.key),
        undo: Some(other("github.request_review", &action)),
    };
    if !is_asked(pull(&subject)?, &reviewer) {
        return Ok(change.found_made(&subject, attempt));
    }
    client.withdraw_review(&subject.key, &reviewer).await?;
    Ok(change.made(&subject))
}
