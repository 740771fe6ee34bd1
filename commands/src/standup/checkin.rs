//! Purpose: what one person says in a standup: the form that is filled in from what was seen, its answer, a skip.

use std::collections::BTreeSet;

use em_blocks::mrkdwn::words;
use em_blocks::standup::history::message_said;
use em_blocks::standup::question::{
    Draft, Memory, Question, Written, message_question, modal_checkin, plain_line, written,
};
use em_domain::away::Away;
use em_domain::evidence::{Cause, PersonEvidence, Window};
use em_domain::id::{BlockerId, SlackUser};
use em_domain::person::Identity;
use em_domain::standup::{
    Blocker, Checkin, CheckinState, Event, Mood, Round, Standup, lines, named, reconcile, unfulfilled,
};
use em_storage::{Answer, RoundState, StoredRound};
use ulid::Ulid;

use super::evidence::evidence_of;
use super::round::{DRAW, of_round};
use super::{day_zone, question, standup_of};
use crate::ctx::Ctx;
use crate::home;
use crate::invocation::{Click, CommandError, Invocation, Outcome, Reply, Submission};
use crate::spec::Spec;

/// How `standup checkin` is written.
pub const CHECKIN: Spec = Spec {
    path: "standup checkin",
    usage: "standup checkin",
    summary: "Answer your team’s standup of today, or edit your answer.",
    examples: &["standup checkin"],
    check_scheduled: None,
};

/// How `standup skip` is written.
pub const SKIP: Spec = Spec {
    path: "standup skip",
    usage: "standup skip",
    summary: "Say nothing in today’s standup, and be asked nothing.",
    examples: &["standup skip"],
    check_scheduled: None,
};

/// Answers `standup checkin`.
pub async fn checkin(ctx: Ctx, invocation: Invocation) -> Outcome {
    let user = invocation.person()?;
    let Some((standup, stored)) = open_rounds(&ctx, user).await?.into_iter().next() else {
        return Err(no_round(&ctx));
    };
    let draft = draft(&ctx, &standup, &stored.round, user).await?;
    let unmatched: Vec<String> = draft.next.lines().map(str::to_owned).collect();
    Ok(Reply::private(message_question(&Question {
        standup: &standup.name,
        round: &stored.round.id,
        until: stored.round.post_at,
        zone: day_zone(&ctx, &standup, user).await?,
        seen: draft.seen.len(),
        unmatched: &unmatched,
    })))
}

fn no_round(ctx: &Ctx) -> CommandError {
    CommandError::user(if ctx.settings.standups.is_empty() {
        "No standup is set up. An admin can add one to em-agent.toml, under `[standups.NAME]`."
    } else {
        "None of your standups asks you anything at the moment. `standup` shows what I saw of you."
    })
}

/// The rounds of today that this person takes part in.
async fn open_rounds(ctx: &Ctx, user: &SlackUser) -> Result<Vec<(Standup, StoredRound)>, CommandError> {
    let now = ctx.clock.now();
    let mut found = Vec::new();
    for standup in ctx.settings.standups.iter().filter(|standup| standup.mode.asks()) {
        let today = now.with_timezone(&standup.zone).date_naive();
        let id = format!("{}:{today}", standup.name);
        let stored = ctx.store.standups().find_round(&id).await?;
        let mine =
            stored.filter(|stored| stored.state != RoundState::Missed && stored.round.find(user).is_some());
        found.extend(mine.map(|stored| (standup.clone(), stored)));
    }
    Ok(found)
}

/// What the form is filled in with: what they said in this round already, else what was seen.
pub(super) async fn draft(
    ctx: &Ctx,
    standup: &Standup,
    round: &Round,
    user: &SlackUser,
) -> Result<Draft, CommandError> {
    let standups = ctx.store.standups();
    let said = standups.find_checkin(&round.id, user).await?;
    let before = standups
        .find_answer_before(&round.standup, &round.id, user)
        .await?;
    // Whoever missed some rounds is shown what they did since they last said anything.
    let since = before
        .as_ref()
        .and_then(|before| before.answered_at)
        .map_or(round.since, |at| at.min(round.since));
    let evidence = mine(ctx, round, user, since).await?;
    let mood = (standup.mood != Mood::Off && !said.as_ref().is_some_and(|said| said.has_told_mood))
        .then_some(standup.mood);
    if let Some(said) = said.filter(|said| said.state == CheckinState::Answered) {
        return Ok(Draft {
            seen: evidence.lines,
            done: said.done,
            next: said.next,
            blocked: said.blocked,
            mood,
        });
    }
    let open = standups.list_blockers_of(&standup.name, user).await?;
    let next = before.map(|before| before.next).unwrap_or_default();
    Ok(Draft {
        done: joined(evidence.lines.iter().map(plain_line)),
        next: joined(
            unfulfilled(&next, &events(&evidence))
                .into_iter()
                .map(str::to_owned),
        ),
        blocked: joined(blocked(&open, &evidence)),
        seen: evidence.lines,
        mood,
    })
}

/// Nobody keeps up with evidence from longer ago.
const OLDEST_DRAFT: chrono::Duration = chrono::Duration::days(14);

async fn mine(
    ctx: &Ctx,
    round: &Round,
    user: &SlackUser,
    since: chrono::DateTime<chrono::Utc>,
) -> Result<PersonEvidence, CommandError> {
    let now = ctx.clock.now();
    let person = Identity {
        slack_user: Some(user.clone()),
        login: round.find(user).and_then(|person| person.login.clone()),
    };
    let window = Window::since(since.max(now - OLDEST_DRAFT), now);
    let evidence = evidence_of(ctx, &[person], &[], window).await?;
    let mine = evidence.people.into_iter().next();
    mine.ok_or_else(|| CommandError::Internal(anyhow::anyhow!("no evidence of the person asked about")))
}

fn joined(lines: impl IntoIterator<Item = String>) -> String {
    lines.into_iter().collect::<Vec<_>>().join("\n")
}

/// What was seen, as far as it is compared with what they meant to do.
fn events(evidence: &PersonEvidence) -> Vec<Event> {
    evidence
        .lines
        .iter()
        .map(|line| Event {
            key: line.subject.id.clone(),
            title: line.subject.title.clone(),
            url: line.subject.url.clone(),
        })
        .collect()
}

/// What they named before and is open, then what shows by itself.
fn blocked(open: &[Blocker], evidence: &PersonEvidence) -> Vec<String> {
    let is_named = |key| open.iter().any(|blocker| blocker.subject.as_ref() == Some(key));
    let seen = evidence
        .blocked
        .iter()
        .filter(|blocked| !is_named(&blocked.row.key));
    let seen = seen.map(|blocked| {
        let why = match blocked.cause {
            Cause::Ci => "CI is red",
            Cause::Conflicts => "In conflict",
            Cause::Review => "Waiting for a review",
        };
        format!("{why}: {} ({})", blocked.row.title, blocked.row.key)
    });
    open.iter()
        .map(|blocker| blocker.text.clone())
        .chain(seen)
        .collect()
}

/// The button *Answer…*: opens the form.
pub async fn clicked_answer(ctx: Ctx, click: Click) -> Outcome {
    let (standup, stored) = editable(&ctx, &click.value, &click.user).await?;
    let draft = draft(&ctx, &standup, &stored.round, &click.user).await?;
    let memory = Memory {
        round: stored.round.id.clone(),
    };
    let modal = modal_checkin(&standup.name, &memory, &draft)
        .ok_or_else(|| CommandError::user("That standup’s name is too long for Slack to carry."))?;
    Ok(Reply::Modal(Box::new(modal)))
}

/// A round that this person may still answer: the latest of its standup.
async fn editable(ctx: &Ctx, id: &str, user: &SlackUser) -> Result<(Standup, StoredRound), CommandError> {
    let gone = || CommandError::user("That standup is no longer held. Nothing was changed.");
    let stored = ctx.store.standups().find_round(id).await?.ok_or_else(gone)?;
    let standup = standup_of(ctx, &stored.round.standup).ok_or_else(gone)?.clone();
    if stored.round.find(user).is_none() {
        return Err(CommandError::user("You do not take part in that standup."));
    }
    let far = stored.round.day + chrono::Duration::days(3650);
    let newest = ctx.store.standups().list_rounds(&standup.name, far, 1).await?;
    let is_newest = newest
        .first()
        .is_none_or(|newest| newest.round.id == stored.round.id);
    if !is_newest {
        return Err(CommandError::user(
            "The next standup has begun, so this one stays as it is. `standup checkin` opens the new one.",
        ));
    }
    Ok((standup, stored))
}

/// The submitted form.
pub async fn submitted(ctx: Ctx, submission: Submission) -> Outcome {
    let Some(memory) = Memory::parse(&submission.private_metadata) else {
        return Err(CommandError::user(
            "That form is too old for me to know what it was about. Nothing was sent.",
        ));
    };
    let (standup, stored) = editable(&ctx, &memory.round, &submission.user).await?;
    let said = written(&submission.state);
    answer(&ctx, &standup, &stored.round, &submission.user, &said).await?;
    Ok(Reply::Done)
}

async fn answer(
    ctx: &Ctx,
    standup: &Standup,
    round: &Round,
    user: &SlackUser,
    said: &Written,
) -> Result<(), CommandError> {
    let now = ctx.clock.now();
    let standups = ctx.store.standups();
    let before = standups.find_checkin(&round.id, user).await?;
    let had_told = before.as_ref().is_some_and(|before| before.has_told_mood);
    let checkin = Checkin {
        state: CheckinState::Answered,
        done: said.done.clone(),
        next: said.next.clone(),
        blocked: said.blocked.clone(),
        mood: said
            .mood
            .filter(|_| standup.mood == Mood::Named)
            .or(before.and_then(|before| before.mood)),
        has_told_mood: had_told || said.mood.is_some(),
        answered_at: Some(now),
        ..Checkin::asked(&round.id, user.clone())
    };
    let open = standups.list_blockers_of(&standup.name, user).await?;
    let change = reconcile(&open, &said.blocked);
    let opened: Vec<Blocker> = change
        .opened
        .iter()
        .map(|text| new_blocker(standup, user, text, now))
        .collect();
    let answer = Answer {
        checkin: &checkin,
        mood: said.mood.filter(|_| standup.mood == Mood::Anonymous && !had_told),
        opened: &opened,
        ended: &change.ended,
        jobs: &[of_round(DRAW, &round.id, now)],
    };
    standups.record_answer(&answer, now).await?;
    ctx.wake_jobs();
    question::thank(ctx, standup, round, &checkin).await?;
    let watchers = standup
        .escalate_to
        .iter()
        .chain([user])
        .cloned()
        .collect::<Vec<_>>();
    home::redraw(ctx, &watchers).await;
    Ok(())
}

fn new_blocker(
    standup: &Standup,
    user: &SlackUser,
    text: &str,
    now: chrono::DateTime<chrono::Utc>,
) -> Blocker {
    Blocker {
        id: BlockerId::new(Ulid::new()),
        standup: standup.name.clone(),
        owner: user.clone(),
        text: text.to_owned(),
        subject: named(text),
        opened_at: now,
        escalated_at: None,
        closed_at: None,
        end: None,
    }
}

/// The button *Nothing today*.
pub async fn clicked_skip(ctx: Ctx, click: Click) -> Outcome {
    let (standup, stored) = editable(&ctx, &click.value, &click.user).await?;
    skip_round(&ctx, &standup, &stored.round, &click.user).await?;
    Ok(Reply::Done)
}

async fn skip_round(
    ctx: &Ctx,
    standup: &Standup,
    round: &Round,
    user: &SlackUser,
) -> Result<(), CommandError> {
    let now = ctx.clock.now();
    let checkin = Checkin {
        state: CheckinState::Skipped,
        answered_at: Some(now),
        ..Checkin::asked(&round.id, user.clone())
    };
    let answer = Answer {
        checkin: &checkin,
        mood: None,
        opened: &[],
        ended: &[],
        jobs: &[of_round(DRAW, &round.id, now)],
    };
    ctx.store.standups().record_answer(&answer, now).await?;
    ctx.wake_jobs();
    question::thank(ctx, standup, round, &checkin).await?;
    let watchers = standup
        .escalate_to
        .iter()
        .chain([user])
        .cloned()
        .collect::<Vec<_>>();
    home::redraw(ctx, &watchers).await;
    Ok(())
}

/// Answers `standup skip`.
pub async fn skip(ctx: Ctx, invocation: Invocation) -> Outcome {
    let user = invocation.person()?;
    let rounds = open_rounds(&ctx, user).await?;
    for (standup, stored) in &rounds {
        skip_round(&ctx, standup, &stored.round, user).await?;
    }
    if rounds.is_empty() {
        // It has not begun: they are not asked at all.
        let zones: BTreeSet<_> = ctx
            .settings
            .standups
            .iter()
            .map(|standup| standup.zone.name())
            .collect();
        if zones.is_empty() {
            return Err(no_round(&ctx));
        }
        let now = ctx.clock.now();
        let today = now.with_timezone(&super::zone_of(&ctx, user).await).date_naive();
        let away = Away {
            slack_user: user.clone(),
            from: today,
            until: today,
        };
        ctx.store.days_off().upsert(&away, now).await?;
    }
    Ok(Reply::private(message_said(&words(
        "Nothing from you in today’s standup. `standup checkin` if you change your mind.",
    ))))
}

/// Whether anything was said at all.
pub(super) fn is_said(checkin: &Checkin) -> bool {
    checkin.state == CheckinState::Answered
        && [&checkin.done, &checkin.next, &checkin.blocked]
            .iter()
            .any(|text| lines(text).next().is_some())
}
