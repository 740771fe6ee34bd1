//! Purpose: corrections of delivery numbers: who says what against a row and why; taken back as easily. The number is counted
//! anew at once, for everybody.

use em_blocks::dora::correct::{CALLBACK, modal_correct, read};
use em_blocks::dora::explain::{self, read_subject};
use em_domain::audit::AuditEntry;
use em_domain::delivery::{Correction, Definitions, DeliveryFacts, Outcome as Ended, Says, Subject};
use em_domain::id::SlackUser;
use em_integrations::slack::OpenedView;
use serde::{Deserialize, Serialize};
use serde_json::json;
use ulid::Ulid;

use super::explain::{Memory, drawn, outdated};
use super::report;
use crate::ctx::Ctx;
use crate::invocation::{Click, ClickedModal, CommandError, Outcome, Reply, Submission};

/// Deployments that are offered as the right one: the nearest before the incident.
const OFFERED: usize = 50;

/// What the form is about.
#[derive(Debug, Serialize, Deserialize)]
struct Asked {
    /// The explanation below the form.
    explained: Memory,
    /// Its id, so that it can be drawn anew.
    view: String,
    /// The entry that was chosen.
    action: String,
    /// The row.
    subject: String,
}

/// A click on an entry of a row's menu: asks why.
pub async fn ask(ctx: Ctx, click: Click) -> Outcome {
    let explained = Memory::read(&click)?;
    let subject = read_subject(&click.subject).ok_or_else(outdated)?;
    let Some(ClickedModal { id, .. }) = &click.modal else {
        return Err(outdated());
    };
    let deployments = if click.action == explain::WRONG_DEPLOYMENT {
        let report = report(&ctx, &explained.question(&ctx, &click.user).await?).await?;
        candidates(&report.facts, &ctx.settings.delivery, &subject)
    } else {
        Vec::new()
    };
    if click.action == explain::WRONG_DEPLOYMENT && deployments.is_empty() {
        return Err(CommandError::user(
            "I know of no deployment that could have caused it.",
        ));
    }
    let asked = Asked {
        explained,
        view: id.clone(),
        action: click.action.clone(),
        subject: click.subject.clone(),
    };
    let memory = serde_json::to_string(&asked).map_err(anyhow::Error::from)?;
    let form = modal_correct(&click.action, &subject.to_string(), &deployments, memory)
        .ok_or_else(|| CommandError::user("That name is too long for Slack to carry."))?;
    Ok(Reply::Modal(Box::new(form)))
}

/// Deployments to production that went live before an incident, the newest first, with how they are called.
fn candidates(facts: &DeliveryFacts, definitions: &Definitions, subject: &Subject) -> Vec<(String, String)> {
    let opened = facts.outages.iter().find(|outage| {
        matches!(subject, Subject::Incident { source, external_id }
            if *source == outage.source && *external_id == outage.external_id)
    });
    let Some(opened) = opened.map(|outage| outage.opened_at) else {
        return Vec::new();
    };
    let mut before: Vec<_> = facts
        .deployments
        .iter()
        .filter(|one| one.outcome == Ended::Success && one.at() <= opened)
        .filter(|one| definitions.counts(one.means, &one.name))
        .collect();
    before.sort_by_key(|one| (std::cmp::Reverse(one.at()), one.id.clone()));
    before.dedup_by(|one, other| one.id == other.id);
    let title = |one: &em_domain::delivery::Deployed| {
        let what = if one.git_ref.is_empty() {
            &one.id
        } else {
            &one.git_ref
        };
        format!(
            "{what} of {}, {}",
            one.repository,
            one.at().format("%-d %b %H:%M")
        )
    };
    before
        .into_iter()
        .take(OFFERED)
        .map(|one| (one.id.clone(), title(one)))
        .collect()
}

/// The submitted form: kept, and the explanation below it shows what follows.
pub async fn submitted(ctx: Ctx, submission: Submission) -> Outcome {
    debug_assert_eq!(submission.callback_id, CALLBACK, "routed by its kind");
    let asked: Asked = serde_json::from_str(&submission.private_metadata).map_err(|_| outdated())?;
    let subject = read_subject(&asked.subject).ok_or_else(outdated)?;
    let (why, deployment) = read(&submission.state);
    let says = match (asked.action.as_str(), deployment) {
        (explain::NOT_OURS, _) => Says::NotOurs,
        (explain::NOT_AN_INCIDENT, _) => Says::NotAnIncident,
        (explain::EXCLUDE, _) => Says::Exclude,
        (explain::WRONG_DEPLOYMENT, Some(id)) => Says::CausedBy(id),
        _ => return Err(outdated()),
    };
    let now = ctx.clock.now();
    let correction = Correction {
        at: now,
        id: format!("cor_{}", Ulid::new()),
        subject,
        says,
        by: submission.user.to_string(),
        why,
    };
    let audit = entry(&correction, "delivery.corrected", &correction.by, now);
    ctx.store.corrections().add(&correction, audit).await?;
    redraw(&ctx, &asked, &submission.user).await?;
    Ok(Reply::Done)
}

/// A click on *Take it back*.
pub async fn undo(ctx: Ctx, click: Click) -> Outcome {
    let explained = Memory::read(&click)?;
    let subject = read_subject(&click.subject).ok_or_else(outdated)?;
    let now = ctx.clock.now();
    let standing = ctx.store.corrections().standing_on(&subject).await?;
    let done = match standing {
        Some(correction) => {
            let by = click.user.to_string();
            let audit = |undone: &Correction| entry(undone, "delivery.restored", &by, now);
            let undone = ctx
                .store
                .corrections()
                .undo(&correction.id, &by, now, audit)
                .await?;
            if undone.is_some() {
                "Taken back. The number was counted anew."
            } else {
                "It was taken back already."
            }
        }
        None => "It was taken back already.",
    };
    let modal = drawn(&ctx, &explained, &click.user, Some(done)).await?;
    Ok(Reply::Redraw(Box::new(modal)))
}

fn entry(correction: &Correction, kind: &str, by: &str, now: chrono::DateTime<chrono::Utc>) -> AuditEntry {
    AuditEntry {
        at: now,
        actor: by.to_owned(),
        kind: kind.to_owned(),
        subject: correction.subject.to_string(),
        data: json!({ "id": correction.id, "says": correction.says, "why": correction.why }),
    }
}

/// Draws the explanation anew in its modal; whoever closed it meanwhile misses nothing.
async fn redraw(ctx: &Ctx, asked: &Asked, user: &SlackUser) -> Result<(), CommandError> {
    let done = "Corrected. The number was counted anew.";
    let modal = drawn(ctx, &asked.explained, user, Some(done)).await?;
    let opened = OpenedView {
        id: asked.view.clone(),
        hash: None,
    };
    if let Err(error) = ctx.slack.update_modal(&opened, &modal).await {
        tracing::info!(%error, "the explanation was closed before it could be drawn anew");
    }
    Ok(())
}
