//! Purpose: a question that a schedule asks, `ask who is on duty this week?`: the answer is posted to its channel, from what
//! everybody there may see. Without an answer nothing is posted, and the schedule's owner hears of it.

use em_blocks::ask::Readers;
use em_domain::ask::Answer;
use em_domain::id::SlackUser;
use em_domain::knowledge::Audience;
use em_domain::schedule::ScheduleId;

use super::{Notes, Question, SPEC, drawn, kept, official, reader, reworded, searched, within_the_day};
use crate::ctx::Ctx;
use crate::draft::Draft;
use crate::invocation::{CommandError, Invocation, Outcome, Reply};
use crate::sprint::post::{channel_of, show};

/// Answers `text` in the channel of the schedule `name`: one message a day, which is edited when it is asked again.
pub(super) async fn post(ctx: &Ctx, invocation: &Invocation, name: &str, text: String) -> Outcome {
    let channel = channel_of(ctx, invocation, None, SPEC.path).await?;
    let question = Question {
        text,
        asker: asker(ctx, invocation, name).await?,
        channel: invocation.channel.clone(),
        audience: Audience::Channel(channel.id.as_str().into()),
        conversation: None,
        before: Vec::new(),
    };
    within_the_day(ctx).await?;
    let (answer, notes) = answered(ctx, &question).await?;
    if !answer.is_shown() {
        return Err(CommandError::user(
            "I found no answer in the documents that everybody in that channel may see. Ask it yourself with \
             `/em-agent ask`: that names what comes nearest.",
        ));
    }
    let answered = kept(ctx, answer).await?;
    let today = ctx.settings.calendar.local_date(ctx.clock.now());
    let purpose = format!("ask:{name}:{}:{today}", channel.id);
    let content = drawn(ctx, &answered, Readers::Channel, &notes).await;
    show(ctx, &channel, &purpose, content).await?;
    Ok(Reply::Done)
}

async fn answered(ctx: &Ctx, question: &Question) -> Result<(Answer, Notes), CommandError> {
    if let Some(answer) = official::known(ctx, question).await? {
        return Ok((answer, Notes::default()));
    }
    let (found, answer) = searched(ctx, question).await?;
    let Some(model) = reader(ctx, &found) else {
        return Ok((answer, Notes::of(found)));
    };
    // Nobody waits for it, so nobody sees it grow.
    let mut unseen = Draft::unseen(ctx);
    Ok(reworded(ctx, model, question, (found, answer), &mut unseen).await)
}

/// Whoever keeps the schedule; it stands for itself where it is of the configuration.
async fn asker(ctx: &Ctx, invocation: &Invocation, name: &str) -> Result<SlackUser, CommandError> {
    let kept = match ScheduleId::parse(name) {
        Some(id) => ctx.store.kept_schedules().find(&id).await?,
        None => None,
    };
    Ok(kept.map_or_else(|| SlackUser(invocation.caller.to_string()), |kept| kept.owner))
}
