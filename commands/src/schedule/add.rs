//! Purpose: `/em-agent schedule add` and `schedule edit`: by a form where one can be opened, or in one line. Either way the
//! next times are shown before anything is saved.

use em_blocks::schedule::form::{
    self, Draft, Edited, FormView, Memory, message_discarded, message_draft, message_form, modal_schedule,
};
use em_blocks::schedule::{Became, message_became};
use em_domain::id::SlackUser;
use em_domain::schedule::words::from_cron;
use em_domain::schedule::{Definition, Kept, MOST_IN_ALL, MOST_PER_PERSON, ScheduleId};
use em_storage::{Consequences, ScheduleAdded};
use ulid::Ulid;

use super::define::{Written, checked_when, defined, permitted, reachable, zone_of};
use super::line::{Timing, read, read_timing};
use super::{TRIES, crowded, entry, find_own, named, when};
use crate::ctx::Ctx;
use crate::home::redraw;
use crate::invocation::{AnswerTo, Click, CommandError, Invocation, Outcome, Reply, Submission};
use crate::registry;
use crate::spec::Spec;

/// How it is written.
pub const SPEC: Spec = Spec {
    path: "schedule add",
    usage: "schedule add [<command> <#channel> <when> [in <zone>] [--late <hours>|--skip]]",
    summary: "Have me post something by the clock; without words after it I open a form.",
    examples: &[
        "schedule add",
        "schedule add triage post #ops every weekday at 09:00",
        "schedule add gaps post #ops first Monday of the month 9:00 in Europe/Berlin --skip",
    ],
    check_scheduled: None,
};

/// How editing is written.
pub const EDIT: Spec = Spec {
    path: "schedule edit",
    usage: "schedule edit <id> [<when> [in <zone>] [--late <hours>|--skip]]",
    summary: "Change a schedule; with words after the name, only when it is due.",
    examples: &[
        "schedule edit triage-7k2m",
        "schedule edit triage-7k2m Mondays 10:30",
    ],
    check_scheduled: None,
};

/// How many of the next times are shown before saving.
const SHOWN_TIMES: usize = 5;

/// Answers `schedule add`.
pub async fn add(ctx: Ctx, invocation: Invocation) -> Outcome {
    let user = invocation.person()?;
    if !invocation.words.is_empty() {
        let definition = defined(&ctx, user, read(&invocation.words)?).await?;
        let id = ScheduleId::new(&definition.run, Ulid::new().0);
        return draft(&ctx, id, definition, None).map(Reply::private);
    }
    match invocation.trigger_id {
        Some(_) => new_form(&ctx, user, invocation.answer_to.as_ref()).await,
        None => Ok(Reply::private(message_form(""))),
    }
}

/// Answers `schedule edit`.
pub async fn edit(ctx: Ctx, invocation: Invocation) -> Outcome {
    let user = invocation.person()?;
    let Some((name, timing)) = invocation.words.split_first() else {
        return Err(CommandError::Usage {
            problem: "Name the schedule; `schedule list` shows them all.".to_owned(),
            usage: EDIT.usage.to_owned(),
        });
    };
    let kept = find_own(&ctx, name, user).await?;
    if !timing.is_empty() {
        let definition = retimed(&kept, read_timing(timing)?)?;
        return draft(&ctx, kept.id, definition, Some(kept.since)).map(Reply::private);
    }
    match invocation.trigger_id {
        Some(_) => edit_form(&kept, url_of(invocation.answer_to.as_ref())),
        None => Ok(Reply::private(message_form(kept.id.as_str()))),
    }
}

/// The same schedule at another time.
fn retimed(kept: &Kept, timing: Timing) -> Result<Definition, CommandError> {
    let mut definition = kept.definition.clone();
    if let Some(zone) = timing.zone {
        let zone = em_domain::schedule::zone::read(&zone);
        definition.zone = zone.map_err(|error| CommandError::user(error.to_string()))?;
    }
    definition.missed = timing.missed.unwrap_or(definition.missed);
    definition.cron = checked_when(&timing.when, definition.zone).map_err(CommandError::User)?;
    Ok(definition)
}

/// The button *Fill in the form*, and the entry *Edit…*: a click can open a form wherever it is.
pub async fn form_clicked(ctx: Ctx, click: Click) -> Outcome {
    let name = named(&click).to_owned();
    if name.is_empty() {
        let to = click.response_url.map(AnswerTo::ResponseUrl);
        return new_form(&ctx, &click.user, to.as_ref()).await;
    }
    let kept = find_own(&ctx, &name, &click.user).await?;
    edit_form(&kept, click.response_url)
}

fn url_of(answer_to: Option<&AnswerTo>) -> Option<String> {
    match answer_to {
        Some(AnswerTo::ResponseUrl(url)) => Some(url.clone()),
        Some(AnswerTo::Message { .. } | AnswerTo::Direct(_)) | None => None,
    }
}

async fn new_form(ctx: &Ctx, user: &SlackUser, answer_to: Option<&AnswerTo>) -> Outcome {
    let zone = zone_of(ctx, user).await;
    let form = FormView {
        zone: zone.name(),
        ..FormView::default()
    };
    let memory = Memory {
        response_url: url_of(answer_to),
        edits: None,
    };
    opened(&form, &memory)
}

fn edit_form(kept: &Kept, response_url: Option<String>) -> Outcome {
    let definition = &kept.definition;
    let path = registry::schedulable()
        .map(|(path, _)| path)
        .filter(|path| definition.run.starts_with(path))
        .max_by_key(|path| path.len())
        .unwrap_or_default();
    // Fields without words stand in the form as fields.
    let words = from_cron(&definition.cron);
    let form = FormView {
        run: (path, definition.run.get(path.len()..).unwrap_or_default().trim()),
        channel: Some(&definition.channel),
        when: words.strip_prefix("cron ").unwrap_or(&words),
        zone: definition.zone.name(),
        missed: Some(definition.missed),
        commands: &[],
    };
    let edits = Some(Edited {
        id: kept.id.clone(),
        since: kept.since,
    });
    opened(&form, &Memory { response_url, edits })
}

fn opened(form: &FormView<'_>, memory: &Memory) -> Outcome {
    let commands: Vec<_> = registry::schedulable().collect();
    let form = FormView {
        commands: &commands,
        ..*form
    };
    let form = modal_schedule(&form, memory);
    let form = form.ok_or_else(|| {
        CommandError::user("The form cannot be opened here. Write the schedule in one line.")
    })?;
    Ok(Reply::Modal(Box::new(form)))
}

/// The submitted form: what it would mean, to be saved or not.
pub async fn submitted(ctx: Ctx, submission: Submission) -> Outcome {
    let unread = || {
        CommandError::user("That form is of an older version. Open it again with `/em-agent schedule add`.")
    };
    let filled = form::filled(&submission.state).ok_or_else(unread)?;
    let memory: Memory = serde_json::from_str(&submission.private_metadata).unwrap_or_default();
    let shown = async {
        let definition = defined(&ctx, &submission.user, Written::from(filled)).await?;
        match memory.edits {
            None => {
                let id = ScheduleId::new(&definition.run, Ulid::new().0);
                draft(&ctx, id, definition, None)
            }
            Some(edited) => draft(&ctx, edited.id, definition, Some(edited.since)),
        }
    };
    let content = match shown.await {
        Ok(content) => content,
        // The form is closed already: what is wrong is said where it was opened.
        Err(CommandError::User(sentence)) => {
            em_blocks::error::message_sorry(&format!("{sentence} Nothing was saved."))
        }
        Err(error) => return Err(error),
    };
    Ok(Reply::Answer {
        response_url: memory.response_url,
        content: Box::new(content),
    })
}

fn draft(
    ctx: &Ctx,
    id: ScheduleId,
    definition: Definition,
    since: Option<chrono::DateTime<chrono::Utc>>,
) -> Result<slack_morphism::prelude::SlackMessageContent, CommandError> {
    let schedule = when(&definition).map_err(CommandError::User)?;
    let times = schedule.next_times(ctx.clock.now(), SHOWN_TIMES);
    let draft = Draft {
        id,
        definition,
        since,
    };
    Ok(message_draft(&draft, &times))
}

/// The button *Cancel* under what is not saved yet.
pub fn discarded() -> Outcome {
    Ok(Reply::Replace(Box::new(message_discarded())))
}

/// The button *Save*.
pub async fn saved(ctx: Ctx, click: Click) -> Outcome {
    let unread = || {
        CommandError::user(
            "I can no longer read what was to be saved. Begin again with `/em-agent schedule add`.",
        )
    };
    let draft = Draft::parse(&click.value).ok_or_else(unread)?;
    // It may have lain there for days.
    permitted(&ctx, &click.user, &draft.definition.run).await?;
    reachable(&ctx, draft.definition.channel.as_str(), Some(&click.user)).await?;
    let (kept, became) = match draft.since {
        None => (insert(&ctx, &click.user, draft).await?, Became::Added),
        Some(since) => (redefine(&ctx, &click.user, draft, since).await?, Became::Edited),
    };
    redraw(&ctx, std::slice::from_ref(&click.user)).await;
    Ok(Reply::Replace(Box::new(message_became(&kept, became))))
}

async fn insert(ctx: &Ctx, user: &SlackUser, draft: Draft) -> Result<Kept, CommandError> {
    let now = ctx.clock.now();
    let next_at = when(&draft.definition)
        .map_err(CommandError::User)?
        .next_after(now);
    let kept = Kept::new(draft.id, user.clone(), draft.definition, next_at, now);
    let entry = entry(ctx, user.as_str(), "schedule.added", &kept);
    match ctx.store.kept_schedules().insert(&kept, &entry).await? {
        ScheduleAdded::New => Ok(kept),
        // The second of two clicks.
        ScheduleAdded::NameTaken => {
            let known = ctx.store.kept_schedules().find(&kept.id).await?;
            known.filter(|known| known.owner == *user).ok_or_else(crowded)
        }
        ScheduleAdded::TooManyOfOne => Err(CommandError::user(format!(
            "You keep {MOST_PER_PERSON} schedules already, which is the most. Remove one first: `/em-agent schedule list`."
        ))),
        ScheduleAdded::TooMany => Err(CommandError::user(format!(
            "There are {MOST_IN_ALL} schedules already, which is the most for all of us. Remove one first: \
             `/em-agent schedule list`."
        ))),
    }
}

async fn redefine(
    ctx: &Ctx,
    user: &SlackUser,
    draft: Draft,
    since: chrono::DateTime<chrono::Utc>,
) -> Result<Kept, CommandError> {
    for _ in 0..TRIES {
        let kept = find_own(ctx, draft.id.as_str(), user).await?;
        if kept.since != since {
            if kept.definition == draft.definition {
                // The second of two clicks.
                return Ok(kept);
            }
            return Err(CommandError::user(
                "This schedule was changed in the meantime, so nothing was saved. Look at it with \
                 `/em-agent schedule list`, then edit it again.",
            ));
        }
        let now = ctx.clock.now();
        let next_at = when(&draft.definition)
            .map_err(CommandError::User)?
            .next_after(now);
        let next = kept.redefined(draft.definition.clone(), next_at, now);
        let follows = Consequences {
            audit: vec![entry(ctx, user.as_str(), "schedule.edited", &next)],
            ..Consequences::default()
        };
        if ctx.store.kept_schedules().record(&next, &follows).await? {
            return Ok(next);
        }
    }
    Err(crowded())
}
