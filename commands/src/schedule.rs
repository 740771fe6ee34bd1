//! Purpose: `/em-agent schedule`: schedules that people keep, and those of the configuration beside them. Adding and editing
//! is in [`add`], what changes one in [`change`], running one by hand in [`run`], and what happens by the clock in [`fire`].

pub mod add;
pub mod change;
mod define;
pub mod fire;
mod line;
pub mod run;

pub use define::mistake;

use clap::Parser;
use em_blocks::schedule::{ConfiguredRow, SchedulesView, message_schedules};
use em_domain::audit::AuditEntry;
use em_domain::id::SlackUser;
use em_domain::schedule::{Definition, Kept, ScheduleId};
use em_jobs::schedule::Schedule;
use serde_json::json;

use crate::ctx::{Ctx, ScheduledCommand};
use crate::invocation::{Click, CommandError, Invocation, Outcome, Reply};
use crate::policy::may_use;
use crate::spec::Spec;

/// How the list is written.
pub const LIST: Spec = Spec {
    path: "schedule list",
    usage: "schedule list",
    summary: "Show what I post by the clock, when next, and what does not work.",
    examples: &["schedule list"],
    check_scheduled: None,
};

/// What the policy asks of people who change what others keep.
const OTHERS: &str = "command.schedule others";
/// How often a change is decided anew because somebody else changed the schedule at the same time.
const TRIES: usize = 5;

/// The schedule that is meant; names of the configuration may have spaces.
#[derive(Debug, Parser)]
struct Which {
    #[arg(required = true)]
    name: Vec<String>,
}

/// A schedule, wherever it is kept.
enum Found<'a> {
    /// By somebody, here.
    Kept(Box<Kept>),
    /// In the configuration.
    Configured(&'a ScheduledCommand),
}

/// Answers `schedule list`.
pub async fn list(ctx: Ctx, invocation: Invocation) -> Outcome {
    let user = invocation.person()?;
    let kept = kept_for(&ctx, user).await?;
    let now = ctx.clock.now();
    let configured = ctx.settings.schedules.iter().map(|command| ConfiguredRow {
        name: command.schedule.name.clone(),
        run: command.run.clone(),
        channel: command.channel.clone().unwrap_or_default(),
        next_at: command.schedule.next_after(now),
        zone: command.schedule.zone,
    });
    Ok(Reply::private(message_schedules(&SchedulesView {
        kept: &kept,
        configured: &configured.collect::<Vec<_>>(),
    })))
}

/// The schedules that people keep, one's own first, and whether `user` may change each.
async fn kept_for(ctx: &Ctx, user: &SlackUser) -> Result<Vec<(Kept, bool)>, CommandError> {
    let mut kept = ctx.store.kept_schedules().list().await?;
    if kept.is_empty() {
        return Ok(Vec::new());
    }
    let may_change_others = may_use(ctx, OTHERS, user).await;
    kept.sort_by_key(|kept| kept.owner != *user);
    let with_right = kept.into_iter().map(|kept| {
        let may_change = may_change_others || kept.owner == *user;
        (kept, may_change)
    });
    Ok(with_right.collect())
}

/// The schedules that `user` may change, their own first.
pub(crate) async fn changeable_by(ctx: &Ctx, user: &SlackUser) -> Result<Vec<Kept>, CommandError> {
    let kept = kept_for(ctx, user).await?;
    Ok(kept
        .into_iter()
        .filter(|(_, may_change)| *may_change)
        .map(|(kept, _)| kept)
        .collect())
}

/// Whether somebody may change a schedule: its owner, and whom the policy lets look after those of others.
async fn may_change(ctx: &Ctx, kept: &Kept, user: &SlackUser) -> bool {
    kept.owner == *user || may_use(ctx, OTHERS, user).await
}

/// The schedule of this name.
async fn find<'a>(ctx: &'a Ctx, typed: &str) -> Result<Found<'a>, CommandError> {
    if let Some(id) = ScheduleId::parse(typed)
        && let Some(kept) = ctx.store.kept_schedules().find(&id).await?
    {
        return Ok(Found::Kept(Box::new(kept)));
    }
    let mut configured = ctx.settings.schedules.iter();
    let found = configured.find(|command| command.schedule.name.eq_ignore_ascii_case(typed.trim()));
    found.map(Found::Configured).ok_or_else(|| {
        let typed: String = typed.chars().filter(|c| *c != '`').take(60).collect();
        CommandError::user(format!(
            "I know no schedule `{typed}`. `/em-agent schedule list` shows them all."
        ))
    })
}

/// The schedule of this name that `user` may change.
async fn find_own(ctx: &Ctx, typed: &str, user: &SlackUser) -> Result<Kept, CommandError> {
    let kept = match find(ctx, typed).await? {
        Found::Kept(kept) => *kept,
        Found::Configured(command) => {
            let name = &command.schedule.name;
            return Err(CommandError::user(format!(
                "`{name}` stands in my configuration, so it cannot be changed here: whoever runs me changes em-agent.toml. \
                 `/em-agent schedule run {name}` runs it now."
            )));
        }
    };
    if may_change(ctx, &kept, user).await {
        return Ok(kept);
    }
    Err(CommandError::user(format!(
        "`{}` is kept by somebody else. Only they can change it, or who looks after the schedules of others.",
        kept.id
    )))
}

/// When a definition comes due.
///
/// # Errors
/// Never, in a sentence: its fields were made by another version of the program.
fn when(definition: &Definition) -> Result<Schedule, String> {
    Schedule::parse("kept", &definition.cron, definition.zone).map_err(|error| format!("{error}."))
}

/// A line of the audit log about a schedule.
fn entry(ctx: &Ctx, actor: &str, kind: &str, kept: &Kept) -> AuditEntry {
    AuditEntry {
        at: ctx.clock.now(),
        actor: actor.to_owned(),
        kind: kind.to_owned(),
        subject: kept.id.to_string(),
        data: json!({ "definition": kept.definition, "owner": kept.owner }),
    }
}

/// The name in a click: that of the row of a menu, or the value of a button.
fn named(click: &Click) -> &str {
    if click.value.is_empty() {
        &click.subject
    } else {
        &click.value
    }
}

/// Too many changed the same schedule at once.
fn crowded() -> CommandError {
    CommandError::user("Somebody else is changing this schedule. Try again in a moment.")
}
