//! Purpose: `slack.nudge`: tells whoever's turn it is on a pull request, as the entry *Nudge* of a row does. Nobody is
//! told twice a day of one pull request, so a repetition tells nobody.

use em_blocks::nudge::Nudged;
use em_domain::action::{Action, TargetState};
use em_domain::id::{Login, SlackUser};
use em_domain::pull_request::PullRequestKey;
use em_domain::triage::TriageRow;
use serde_json::json;

use super::look;
use super::trouble::Trouble;
use super::{Attempt, Checked, Done};
use crate::ctx::Ctx;
use crate::triage::row::tell;

/// The row of the pull request, if it waits for somebody.
async fn row(ctx: &Ctx, key: &PullRequestKey) -> Result<TriageRow, Trouble> {
    let found = ctx
        .store
        .triage()
        .list_rows(std::slice::from_ref(key))
        .await?
        .pop();
    found.ok_or_else(|| Trouble::says(format!("{key} waits for nobody that I know of.")))
}

fn names(row: &TriageRow) -> String {
    let names: Vec<&str> = row.waiting.actors.iter().map(Login::as_str).collect();
    names.join(", ")
}

pub(super) async fn check(ctx: &Ctx, action: Action) -> Result<Checked, Trouble> {
    let key = look::key(&action)?;
    let row = row(ctx, &key).await?;
    if row.waiting.actors.is_empty() {
        return Err(Trouble::says(format!(
            "Nobody is named on {key}: ask somebody to review it first."
        )));
    }
    let mut facts = look::of_repository(key.repository.as_str());
    facts.insert("author".to_owned(), json!(row.author));
    facts.insert("waiting_for".to_owned(), json!(row.waiting.actors));
    Ok(Checked {
        title: format!("Nudge {} about {key}", names(&row)),
        subject_title: row.title.clone(),
        url: Some(row.url.clone()),
        state: TargetState::of([("waiting for", names(&row))]),
        facts,
        author: Some(row.author.clone()),
        effect: vec![format!(
            "Tells {} in a direct message that it is their turn on {key}, unless somebody did so today.",
            names(&row)
        )],
        action,
    })
}

pub(super) async fn perform(ctx: &Ctx, action: Action, attempt: &Attempt) -> Result<Done, Trouble> {
    let key = look::key(&action)?;
    let row = row(ctx, &key).await?;
    let from = match &attempt.on_behalf_of {
        Some(user) => user.clone(),
        None => SlackUser(ctx.slack.auth_test().await?.bot_user_id),
    };
    let (said, was_done_already) = match tell(ctx, &row, &from).await? {
        Nudged::Sent { to, later, .. } if !to.is_empty() || !later.is_empty() => {
            let told = format!("Told {} about {key}.", people(to.len()));
            let held = format!(
                "{} will hear of {key} when their quiet time ends.",
                capital(&people(later.len()))
            );
            let said = match (to.is_empty(), later.is_empty()) {
                (false, true) => told,
                (true, _) => held,
                (false, false) => format!("{told} {held}"),
            };
            (said, false)
        }
        Nudged::Sent { .. } => {
            return Err(Trouble::says(format!(
                "{} does not want to be nudged, so nobody was told.",
                names(&row)
            )));
        }
        Nudged::AlreadyToday { .. } => (format!("They were told about {key} today already."), true),
        Nudged::NobodyLinked { .. } => {
            return Err(Trouble::says(format!(
                "I do not know the Slack name of {}, so nobody was told.",
                names(&row)
            )));
        }
        Nudged::NobodyNamed | Nudged::NoLongerWaiting => {
            return Err(Trouble::says(format!(
                "{key} waits for nobody any more, so nobody was told."
            )));
        }
    };
    Ok(Done {
        said,
        url: Some(row.url),
        undo: None,
        was_done_already,
    })
}

fn people(count: usize) -> String {
    match count {
        1 => "one person".to_owned(),
        many => format!("{many} people"),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
