//! Purpose: the App Home: what waits for the one who looks, on top; then how to go on.

use em_blocks::home::{HomeView, view_home};
use em_blocks::people::People;
use em_blocks::triage::Scope;
use em_domain::id::{Login, SlackUser};

use crate::ctx::Ctx;
use crate::help;
use crate::invocation::{Click, Outcome, Reply};
use crate::link::login_of;
use crate::triage;

/// Somebody opened the page.
pub async fn opened(ctx: Ctx, user: SlackUser) -> Outcome {
    let login = login_of(&ctx, &user).await?.map(|link| link.login);
    let report = match &login {
        Some(login) => Some(triage::report(&ctx, &Scope::Mine(login.clone())).await?),
        None => None,
    };
    let known = match &report {
        Some(report) => triage::known_people(&ctx, report).await?,
        None => std::collections::HashMap::new(),
    };
    let people = |login: &Login| known.get(&login.as_str().to_lowercase()).cloned();
    let view = view_home(&HomeView {
        mine: login.as_ref().zip(report.as_ref()),
        calendar: &ctx.settings.calendar,
        people: People::private(&people),
        now: ctx.clock.now(),
        commands: &help::all(),
    });
    ctx.slack.publish_home(user.as_str(), &view).await?;
    Ok(Reply::Done)
}

/// The button *Refresh* on the page.
pub async fn refresh(ctx: Ctx, click: Click) -> Outcome {
    opened(ctx, click.user).await
}
