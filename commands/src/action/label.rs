//! Purpose: `github.label` and `github.unlabel`: adds a label, takes one off.

use em_domain::action::Action;
use em_integrations::github::client::GithubError;

use super::look::{self, Change, client};
use super::trouble::Trouble;
use super::{Attempt, Checked, Done};
use crate::ctx::Ctx;

pub(super) async fn check_add(ctx: &Ctx, action: Action) -> Result<Checked, Trouble> {
    let client = client(ctx)?;
    let label = action.argument("label").to_owned();
    let subject = look::subject(&client, &action).await?;
    let repository = subject.key.repository.as_str();
    if !client.has_label(repository, &label).await? {
        return Err(no_such_label(
            repository,
            &label,
            client.label_names(repository).await?,
        ));
    }
    if subject.has_label(&label) {
        return Err(Trouble::says(format!(
            "{} has the label “{label}” already.",
            subject.key
        )));
    }
    let checked = look::checked(&client, action, &subject).await?;
    Ok(Checked {
        title: format!("Label {} “{label}”", subject.key),
        effect: vec![format!("Adds the label “{label}” to {}.", subject.key)],
        ..checked
    })
}

/// Names the nearest label that there is.
fn no_such_label(repository: &str, label: &str, known: Vec<String>) -> Trouble {
    let wanted = label.to_lowercase();
    let nearest = known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&name.to_lowercase(), &wanted), name))
        .min()
        .filter(|(distance, name)| *distance <= name.len().div_ceil(2));
    Trouble::says(match nearest {
        Some((_, name)) => format!("{repository} has no label “{label}”. Did you mean “{name}”?"),
        None => format!("{repository} has no label “{label}”."),
    })
}

pub(super) async fn check_remove(ctx: &Ctx, action: Action) -> Result<Checked, Trouble> {
    let client = client(ctx)?;
    let label = action.argument("label").to_owned();
    let subject = look::subject(&client, &action).await?;
    if !subject.has_label(&label) {
        return Err(Trouble::says(format!("{} has no label “{label}”.", subject.key)));
    }
    let checked = look::checked(&client, action, &subject).await?;
    Ok(Checked {
        title: format!("Take the label “{label}” off {}", subject.key),
        effect: vec![format!("Takes the label “{label}” off {}.", subject.key)],
        ..checked
    })
}

pub(super) async fn add(ctx: &Ctx, action: Action, attempt: &Attempt) -> Result<Done, Trouble> {
    let client = client(ctx)?;
    let label = action.argument("label");
    let subject = look::subject(&client, &action).await?;
    let change = Change {
        said: format!("Labelled {} “{label}”.", subject.key),
        said_already: format!("{} had the label “{label}” already.", subject.key),
        undo: Some(other("github.unlabel", &action)),
    };
    if subject.has_label(label) {
        return Ok(change.found_made(&subject, attempt));
    }
    client.add_label(&subject.key, label).await?;
    Ok(change.made(&subject))
}

pub(super) async fn remove(ctx: &Ctx, action: Action, attempt: &Attempt) -> Result<Done, Trouble> {
    let client = client(ctx)?;
    let label = action.argument("label");
    let subject = look::subject(&client, &action).await?;
    let change = Change {
        said: format!("Took the label “{label}” off {}.", subject.key),
        said_already: format!("{} did not have the label “{label}” any more.", subject.key),
        undo: Some(other("github.label", &action)),
    };
    if !subject.has_label(label) {
        return Ok(change.found_made(&subject, attempt));
    }
    match client.remove_label(&subject.key, label).await {
        // Somebody was faster.
        Err(GithubError::NotFound) => Ok(change.found_made(&subject, attempt)),
        other => other.map(|()| change.made(&subject)).map_err(Trouble::from),
    }
}

/// The action that takes `action` back: the same on the same target, the other way round.
pub(super) fn other(kind: &str, action: &Action) -> Action {
    Action {
        kind: kind.to_owned(),
        ..action.clone()
    }
}
