//! Purpose: `/em-agent link github octocat`: which account is yours. Also finds people by e-mail, so that most never
//! need to type it.

use clap::Parser;
use em_blocks::link::{LinkOutcome, message_link};
use em_domain::id::{Login, SlackUser};
use em_domain::person::{Confidence, Link, LinkOrigin, guess, is_github_login};

use em_integrations::slack::Person;

use crate::ctx::Ctx;
use crate::home;
use crate::invocation::{Click, CommandError, Invocation, Outcome, Reply};
use crate::spec::Spec;

/// How it is written.
pub const SPEC: Spec = Spec {
    path: "link",
    usage: "link <system> <account>",
    summary: "Tell me which account is yours, so that “mine” works.",
    examples: &["link github octocat"],
    check_scheduled: None,
};

/// How it is taken back.
pub const UNLINK: Spec = Spec {
    path: "unlink",
    usage: "unlink <system>",
    summary: "Take back which account is yours.",
    examples: &["unlink github"],
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
    match claim(&ctx, user, &login).await? {
        Claimed::Now => said(LinkOutcome::Linked(&login)),
        Claimed::Before(login) => said(LinkOutcome::AlreadyLinked(&login)),
        Claimed::Taken(by) => said(LinkOutcome::Taken {
            login: &login,
            by: &by,
        }),
        Claimed::Configured(stands) => said(LinkOutcome::Configured(&stands)),
    }
}

/// What came of saying which account is one's own.
pub(crate) enum Claimed {
    /// It is linked now.
    Now,
    /// It was before, in this spelling.
    Before(Login),
    /// This person has it, by their own word or by the configuration.
    Taken(SlackUser),
    /// The configuration says that they are this one.
    Configured(Login),
}

/// Links an account by its owner's word. What an e-mail address suggested gives way to it; another person's word does not.
///
/// # Errors
/// The database cannot be reached.
pub(crate) async fn claim(ctx: &Ctx, user: &SlackUser, login: &Login) -> Result<Claimed, CommandError> {
    let people = ctx.store.people();
    let holders = people.list_links_to(std::slice::from_ref(login)).await?;
    let is_anothers = |link: &Link| link.slack_user != *user && link.origin != LinkOrigin::Email;
    if let Some(holder) = holders.into_iter().find(is_anothers) {
        return Ok(Claimed::Taken(holder.slack_user));
    }
    let before = people.find_link(user).await?;
    if let Some(before) =
        before.filter(|before| before.login.same(login) && before.origin != LinkOrigin::Email)
    {
        return Ok(Claimed::Before(before.login));
    }
    let wanted = Link {
        slack_user: user.clone(),
        login: login.clone(),
        origin: LinkOrigin::Person,
        linked_at: ctx.clock.now(),
    };
    if people.link(&wanted).await? {
        return Ok(Claimed::Now);
    }
    let stands = people.find_link(user).await?;
    Ok(Claimed::Configured(
        stands.map_or(wanted.login, |link| link.login),
    ))
}

#[derive(Debug, Parser)]
struct UnlinkArgs {
    system: String,
}

/// Answers `unlink`.
pub async fn unlink(ctx: Ctx, invocation: Invocation) -> Outcome {
    let UnlinkArgs { system } = UNLINK.parse(&invocation.words)?;
    let user = invocation.person()?;
    let said = |outcome| Ok(Reply::private(message_link(outcome)));
    if !SYSTEMS.iter().any(|known| known.eq_ignore_ascii_case(&system)) {
        return said(LinkOutcome::UnknownSystem {
            typed: &system,
            known: SYSTEMS,
        });
    }
    match ctx.store.people().find_link(user).await? {
        None => said(LinkOutcome::NothingLinked),
        Some(link) if link.origin == LinkOrigin::Configuration => said(LinkOutcome::Configured(&link.login)),
        Some(link) => {
            take_back(&ctx, &link).await?;
            home::redraw(&ctx, std::slice::from_ref(user)).await;
            said(LinkOutcome::Unlinked(&link.login))
        }
    }
}

/// Takes a link back, for good: neither an e-mail address nor a name suggests it again. What the configuration says stays.
///
/// # Errors
/// The database cannot be reached.
pub(crate) async fn take_back(ctx: &Ctx, link: &Link) -> Result<(), CommandError> {
    if link.origin == LinkOrigin::Configuration {
        return Ok(());
    }
    let people = ctx.store.people();
    people
        .record_refusal(&link.slack_user, &link.login, ctx.clock.now())
        .await?;
    people.unlink(&link.slack_user).await?;
    Ok(())
}

/// An account that may be somebody's, by its name: of those that move open pull requests and are linked to nobody.
///
/// # Errors
/// The database cannot be reached.
pub(crate) async fn propose(
    ctx: &Ctx,
    user: &SlackUser,
) -> Result<Option<(Login, Confidence)>, CommandError> {
    let Ok(Some(person)) = ctx.slack.user(user.as_str()).await else {
        return Ok(None);
    };
    if person.is_bot {
        return Ok(None);
    }
    let refused = ctx.store.people().list_refusals(user).await?;
    let mut logins = ctx.store.people().list_unlinked_logins().await?;
    logins.retain(|login| !refused.iter().any(|refused| refused.same(login)));
    logins.dedup_by(|one, other| one.same(other));
    let guessed = guess(&[&person.name, &person.real_name], &logins);
    Ok(guessed.map(|(login, confidence)| (login.clone(), confidence)))
}

/// The button *This is me*.
pub async fn clicked_is_me(ctx: Ctx, click: Click) -> Outcome {
    let login = proposed(&click)?;
    match claim(&ctx, &click.user, &login).await? {
        Claimed::Now => settled(&ctx, &click, LinkOutcome::Linked(&login)).await,
        Claimed::Before(login) => settled(&ctx, &click, LinkOutcome::AlreadyLinked(&login)).await,
        Claimed::Taken(by) => {
            settled(
                &ctx,
                &click,
                LinkOutcome::Taken {
                    login: &login,
                    by: &by,
                },
            )
            .await
        }
        Claimed::Configured(stands) => settled(&ctx, &click, LinkOutcome::Configured(&stands)).await,
    }
}

/// The button *Not me*.
pub async fn clicked_not_me(ctx: Ctx, click: Click) -> Outcome {
    let login = proposed(&click)?;
    ctx.store
        .people()
        .record_refusal(&click.user, &login, ctx.clock.now())
        .await?;
    settled(&ctx, &click, LinkOutcome::NotTheirs(&login)).await
}

fn proposed(click: &Click) -> Result<Login, CommandError> {
    let is_login = is_github_login(&click.value);
    is_login
        .then(|| Login::from(click.value.as_str()))
        .ok_or_else(|| {
            CommandError::user(
                "I do not know which account that is. Write `/em-agent link github YOUR-LOGIN`.",
            )
        })
}

/// The answer in place of the question; on the Home tab, the page without it.
async fn settled(ctx: &Ctx, click: &Click, outcome: LinkOutcome<'_>) -> Outcome {
    home::redraw(ctx, std::slice::from_ref(&click.user)).await;
    let answer = message_link(outcome);
    if click.response_url.is_some() {
        return Ok(Reply::Replace(Box::new(answer)));
    }
    Ok(Reply::private(answer))
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
    let Some(email) = person.email.as_deref().filter(|_| !person.is_bot) else {
        return Ok(None);
    };
    let Some(login) = ctx.store.people().find_login_by_email(email).await? else {
        return Ok(None);
    };
    let user = SlackUser(person.id.clone());
    let refused = ctx.store.people().list_refusals(&user).await?;
    if refused.iter().any(|refused| refused.same(&login)) {
        return Ok(None);
    }
    let link = Link {
        slack_user: user,
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
