//! Purpose: `/em-agent triage [mine] [--team T]`: what is stuck and who must move.

pub mod post;
pub mod row;
pub mod snooze;

use std::collections::HashMap;

use clap::Parser;
use em_blocks::people::People;
use em_blocks::triage::{Scope, TriageView, message_report};
use em_domain::id::{Login, SlackUser};
use em_domain::triage::{TriageFilter, TriageReport};
use slack_morphism::prelude::SlackMessageContent;

use crate::ctx::Ctx;
use crate::invocation::{Click, CommandError, Invocation, Outcome, Reply, ShortcutUse};
use crate::link::login_of;
use crate::spec::Spec;
use crate::team;

/// How it is written.
pub const SPEC: Spec = Spec {
    path: "triage",
    usage: "triage [mine] [--team T]",
    summary: "What is stuck, and who must move.",
    examples: &["triage", "triage mine", "triage --team payments"],
    check_scheduled: None,
};

#[derive(Debug, Parser)]
struct Args {
    /// Only where it is my turn.
    #[arg(value_parser = clap::builder::PossibleValuesParser::new(["mine"]), ignore_case = true)]
    whose: Option<String>,
    /// Only this team's.
    #[arg(long)]
    team: Option<String>,
}

/// Answers `triage`.
pub async fn show(ctx: Ctx, invocation: Invocation) -> Outcome {
    let args: Args = SPEC.parse(&invocation.words)?;
    let user = invocation.person()?;
    let scope = match (args.whose, args.team) {
        (Some(_), Some(_)) => {
            return Err(CommandError::user(
                "Ask for `triage mine` or `triage --team`, not for both at once.",
            ));
        }
        (Some(_), None) => Scope::Mine(my_login(&ctx, user).await?),
        (None, Some(name)) => Scope::Team(team::find(&ctx, &name)?.name.clone()),
        (None, None) => Scope::Everyone,
    };
    answer(&ctx, scope).await.map(Reply::private)
}

/// The list in a direct message, for the shortcut: it has no conversation to answer in.
pub async fn shortcut(ctx: Ctx, _used: ShortcutUse) -> Outcome {
    answer(&ctx, Scope::Everyone).await.map(Reply::private)
}

/// The button *Refresh*: the same list as of now, in place of the old one.
pub async fn refresh(ctx: Ctx, click: Click) -> Outcome {
    let scope = match Scope::parse(&click.value) {
        // The list of whoever clicks, whatever the button says.
        Some(Scope::Mine(_)) => Scope::Mine(my_login(&ctx, &click.user).await?),
        Some(scope) => scope,
        None => Scope::Everyone,
    };
    Ok(Reply::Replace(Box::new(answer(&ctx, scope).await?)))
}

pub(crate) async fn my_login(ctx: &Ctx, user: &SlackUser) -> Result<Login, CommandError> {
    let link = login_of(ctx, user).await?;
    link.map(|link| link.login).ok_or_else(|| {
        CommandError::user(
            "I do not know your GitHub account yet. Write `/em-agent link github YOUR-LOGIN`, then ask again.",
        )
    })
}

/// The filter that a scope means under the configuration.
fn filter(ctx: &Ctx, scope: &Scope) -> Result<TriageFilter, CommandError> {
    let settings = &ctx.settings.triage;
    let (actor, team) = match scope {
        Scope::Everyone => (None, None),
        Scope::Mine(login) => (Some(login.clone()), None),
        Scope::Team(name) => (None, Some(team::find(ctx, name)?.clone())),
    };
    Ok(TriageFilter {
        actor,
        team,
        ignored_labels: settings.ignored_labels.clone(),
        with_bots: settings.include_bots,
        with_drafts: settings.include_drafts,
    })
}

/// What is stuck now.
pub(crate) async fn report(ctx: &Ctx, scope: &Scope) -> Result<TriageReport, CommandError> {
    let rows = ctx.settings.triage.rows_per_group;
    Ok(ctx
        .store
        .triage()
        .report(&filter(ctx, scope)?, ctx.clock.now(), rows)
        .await?)
}

/// How many pull requests that is, without those that are put off.
pub(crate) async fn count(ctx: &Ctx, scope: &Scope) -> Result<i64, CommandError> {
    let filter = filter(ctx, scope)?;
    Ok(ctx.store.triage().count(&filter, ctx.clock.now()).await?)
}

async fn answer(ctx: &Ctx, scope: Scope) -> Result<SlackMessageContent, CommandError> {
    let report = report(ctx, &scope).await?;
    let known = known_people(ctx, &report).await?;
    let people = |login: &Login| known.get(&login.as_str().to_lowercase()).cloned();
    Ok(message_report(&TriageView {
        report: &report,
        calendar: &ctx.settings.calendar,
        scope,
        people: People::private(&people),
    }))
}

/// The Slack users of everybody the report names, by login in lower case, where links exist.
pub(crate) async fn known_people(
    ctx: &Ctx,
    report: &TriageReport,
) -> Result<HashMap<String, SlackUser>, CommandError> {
    let rows = report.groups.iter().flat_map(|group| &group.rows);
    let mut logins: Vec<Login> = rows
        .flat_map(|row| row.waiting.actors.iter().chain([&row.author]).cloned())
        .collect();
    logins.sort();
    logins.dedup();
    let links = ctx.store.people().list_links_to(&logins).await?;
    // The strongest link comes first and must win, so it is put in last.
    Ok(links
        .into_iter()
        .rev()
        .map(|link| (link.login.as_str().to_lowercase(), link.slack_user))
        .collect())
}
