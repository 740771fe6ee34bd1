//! Purpose: `/em-agent link github octocat`: which account is yours. Also finds people by e-mail, so that most never
//! need to type it.

use clap::Parser;
use em_blocks::link::{LinkOutcome, message_link};
use em_domain::id::{Login, SlackUser};
use em_domain::person::{Link, LinkOrigin, is_github_login};

use em_integrations::slack::Person;

use crate::ctx::Ctx;
use crate::invocation::{CommandError, Invocation, Outcome, Reply};
use crate::spec::Spec;

/// How it is written.
pub const SPEC: Spec = Spec {
    path: "link",
    usage: "link <system> <account>",
    summary: "Tell me which account is yours, so that “mine” works.",
    examples: &["link github octocat"],
    check_scheduled: None,
};

#[derive(Debug, Parser)]
struct Args {
    system: String,
    account: String,
}

/// The systems whose accounts can be linked.
const SYSTEMS: &[&str] = &["github"];

/// Answers `link`.
pub async fn link(ctx: Ctx, invocation: Invocation) -> Outcome {
    let Args { system, account } = SPEC.parse(&invocation.words)?;
    let user = invocation.person()?;
    let said = |outcome| Ok(Reply::private(message_link(outcome)));
    if !SYSTEMS.iter().any(|known| known.eq_ignore_ascii_case(&system)) {
        return said(LinkOutcome::UnknownSystem {
            typed: &system,
            known: SYSTEMS,
        });
    }
    let account = account.trim_start_matches('@');
    if !is_github_login(account) {
        return said(LinkOutcome::NotALogin(account));
    }
    let login = Login::from(account);
    // What an e-mail address suggested gives way to a person's own word; another person's word does not.
    let holders = ctx
        .store
        .people()
        .list_links_to(std::slice::from_ref(&login))
        .await?;
    let is_anothers = |link: &&Link| link.slack_user != *user && link.origin != LinkOrigin::Email;
    if let Some(holder) = holders.iter().find(is_anothers) {
        return said(LinkOutcome::Taken {
            login: &login,
            by: &holder.slack_user,
        });
    }
    let before = ctx.store.people().find_link(user).await?;
    if let Some(before) =
        before.filter(|before| before.login.same(&login) && before.origin != LinkOrigin::Email)
    {
        return said(LinkOutcome::AlreadyLinked(&before.login));
    }
    let wanted = Link {
        slack_user: user.clone(),
        login,
        origin: LinkOrigin::Person,
        linked_at: ctx.clock.now(),
    };
    if ctx.store.people().link(&wanted).await? {
        return said(LinkOutcome::Linked(&wanted.login));
    }
    let stands = ctx.store.people().find_link(user).await?;
    said(LinkOutcome::Configured(
        stands.as_ref().map_or(&wanted.login, |link| &link.login),
    ))
}

/// The GitHub account of a Slack user: by configuration, by their own word, or by their e-mail address, which is
/// then remembered as a link.
///
/// # Errors
/// The database cannot be reached.
pub async fn login_of(ctx: &Ctx, user: &SlackUser) -> Result<Option<Link>, CommandError> {
    if let Some(link) = ctx.store.people().find_link(user).await? {
        return Ok(Some(link));
    }
    let Ok(Some(person)) = ctx.slack.user(user.as_str()).await else {
        return Ok(None);
    };
    link_by_email(ctx, &person).await
}

/// Links whoever has an address that a commit carries too.
async fn link_by_email(ctx: &Ctx, person: &Person) -> Result<Option<Link>, CommandError> {
    let Some(email) = person.email.as_deref() else {
        return Ok(None);
    };
    let Some(login) = ctx.store.people().find_login_by_email(email).await? else {
        return Ok(None);
    };
    let link = Link {
        slack_user: SlackUser(person.id.clone()),
        login,
        origin: LinkOrigin::Email,
        linked_at: ctx.clock.now(),
    };
    ctx.store.people().link(&link).await?;
    Ok(Some(link))
}

/// Links everybody in the workspace who is not linked yet and whose address a commit carries, so that people need
/// not say who they are. One small query for each such person.
///
/// # Errors
/// Slack or the database cannot be reached.
pub async fn link_everybody_by_email(ctx: &Ctx) -> Result<(), CommandError> {
    let linked = ctx.store.people().list_links().await?;
    for person in ctx
        .slack
        .users()
        .await?
        .iter()
        .filter(|person| !person.is_bot && !person.deleted)
    {
        if !linked.iter().any(|link| link.slack_user.as_str() == person.id) {
            link_by_email(ctx, person).await?;
        }
    }
    Ok(())
}

/// The Slack user of a GitHub account, where one is known.
///
/// # Errors
/// The database cannot be reached.
pub async fn user_of(ctx: &Ctx, login: &Login) -> Result<Option<SlackUser>, CommandError> {
    if let Some(link) = ctx
        .store
        .people()
        .list_links_to(std::slice::from_ref(login))
        .await?
        .into_iter()
        .next()
    {
        return Ok(Some(link.slack_user));
    }
    // Nobody said so, but a commit seen since the last look may carry an address that somebody here has.
    link_everybody_by_email(ctx).await?;
    let links = ctx
        .store
        .people()
        .list_links_to(std::slice::from_ref(login))
        .await?;
    Ok(links.into_iter().next().map(|link| link.slack_user))
}
