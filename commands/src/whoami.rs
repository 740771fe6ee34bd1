//! Purpose: `/em-agent whoami`: who I think you are, and how to mend it.

use em_blocks::whoami::{WhoamiView, message_whoami};
use em_domain::person::Link;

use crate::ctx::Ctx;
use crate::invocation::{Invocation, Outcome, Reply};
use crate::link::{login_of, propose};
use crate::spec::Spec;

/// How it is written.
pub const SPEC: Spec = Spec {
    path: "whoami",
    usage: "whoami",
    summary: "Show which accounts I know as yours.",
    examples: &["whoami"],
    check_scheduled: None,
};

/// Answers `whoami`.
pub async fn show(ctx: Ctx, invocation: Invocation) -> Outcome {
    let user = invocation.person()?;
    let person = ctx.slack.user(user.as_str()).await?;
    let links: Vec<Link> = login_of(&ctx, user).await?.into_iter().collect();
    let proposal = if links.is_empty() {
        propose(&ctx, user).await?
    } else {
        None
    };
    let is_member = |team: &&em_domain::triage::TeamScope| {
        links
            .iter()
            .any(|link| team.members.iter().any(|member| member.same(&link.login)))
    };
    let teams: Vec<String> = ctx
        .settings
        .teams
        .iter()
        .filter(is_member)
        .map(|team| team.name.clone())
        .collect();
    Ok(Reply::private(message_whoami(&WhoamiView {
        user,
        links: &links,
        proposal: proposal.as_ref().map(|(login, confidence)| (login, *confidence)),
        is_guest: person.as_ref().is_some_and(|person| person.is_guest),
        zone: person.as_ref().and_then(|person| person.tz.as_deref()),
        teams: &teams,
        calendar: &ctx.settings.calendar,
    })))
}
