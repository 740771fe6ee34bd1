//! Purpose: the App Home: what waits for the one who looks, on top; then how to go on.

use em_blocks::home::{HomeView, view_home};
use em_blocks::people::People;
use em_blocks::triage::Scope;
use em_domain::id::{Login, SlackUser};

use crate::approval;
use crate::ctx::Ctx;
use crate::help;
use crate::invocation::{Click, CommandError, Outcome, Reply};
use crate::link::login_of;
use crate::triage;

/// Somebody opened the page.
pub async fn opened(ctx: Ctx, user: SlackUser) -> Outcome {
    ctx.store
        .approvals()
        .record_viewer(&user, ctx.clock.now())
        .await?;
    draw(&ctx, &user).await?;
    Ok(Reply::Done)
}

/// Draws the page of one person as of now.
///
/// # Errors
/// Slack or the database cannot be reached.
pub(crate) async fn draw(ctx: &Ctx, user: &SlackUser) -> Result<(), CommandError> {
    let login = login_of(ctx, user).await?.map(|link| link.login);
    let report = match &login {
        Some(login) => Some(triage::report(ctx, &Scope::Mine(login.clone())).await?),
        None => None,
    };
    let known = match &report {
        Some(report) => triage::known_people(ctx, report).await?,
        None => std::collections::HashMap::new(),
    };
    let people = |login: &Login| known.get(&login.as_str().to_lowercase()).cloned();
    let approvals = approval::show::waiting_for(ctx, user).await?;
    let view = view_home(&HomeView {
        mine: login.as_ref().zip(report.as_ref()),
        calendar: &ctx.settings.calendar,
        people: People::private(&people),
        approvals: &approvals,
        shown_as: approval::setting(ctx),
        commands: &help::all(),
    });
    ctx.slack.publish_home(user.as_str(), &view).await?;
    Ok(())
}

/// The button *Refresh* on the page.
pub async fn refresh(ctx: Ctx, click: Click) -> Outcome {
    opened(ctx, click.user).await
}
