//! Purpose: `/em-agent settings`: what somebody wants to be told and when, and the form that changes it.

use em_blocks::settings::{SettingsView, message_saved, message_settings, modal_settings, written};
use em_domain::away::Away;
use em_domain::id::{Login, SlackUser};
use em_domain::person::Link;
use em_domain::settings::{NoticeKind, PersonSettings};

use crate::ctx::Ctx;
use crate::home;
use crate::invocation::{Click, CommandError, Invocation, Outcome, Reply, Submission};
use crate::link::{self, Claimed, login_of};
use crate::spec::Spec;
use crate::standup::zone_of;

/// How it is written.
pub const SPEC: Spec = Spec {
    path: "settings",
    usage: "settings",
    summary: "When I may write to you unasked, and what about; your account and your days off.",
    examples: &["settings"],
    check_scheduled: None,
};

/// What is known of one person's settings; [`Mine::view`] shows it.
pub(crate) struct Mine {
    settings: PersonSettings,
    link: Option<Link>,
    zone: chrono_tz::Tz,
    away: Vec<Away>,
}

impl Mine {
    /// Everything about one person.
    ///
    /// # Errors
    /// The database cannot be reached.
    pub(crate) async fn load(ctx: &Ctx, user: &SlackUser) -> Result<Self, CommandError> {
        let zone = zone_of(ctx, user).await;
        let today = ctx.clock.now().with_timezone(&zone).date_naive();
        Ok(Self {
            settings: ctx.store.settings().get(user).await?,
            link: login_of(ctx, user).await?,
            zone,
            away: ctx
                .store
                .days_off()
                .list(std::slice::from_ref(user), today)
                .await?,
        })
    }

    /// The same as it is shown.
    pub(crate) fn view(&self) -> SettingsView<'_> {
        SettingsView {
            settings: &self.settings,
            link: self.link.as_ref(),
            zone: self.zone,
            away: &self.away,
        }
    }

    /// Their account.
    pub(crate) fn login(&self) -> Option<&Login> {
        self.link.as_ref().map(|link| &link.login)
    }

    /// Where they are.
    pub(crate) fn zone(&self) -> chrono_tz::Tz {
        self.zone
    }
}

/// Answers `settings`.
pub async fn show(ctx: Ctx, invocation: Invocation) -> Outcome {
    let mine = Mine::load(&ctx, invocation.person()?).await?;
    Ok(Reply::private(message_settings(&mine.view())))
}

/// The button *Settings…*: opens the form.
pub async fn opened(ctx: Ctx, click: Click) -> Outcome {
    let mine = Mine::load(&ctx, &click.user).await?;
    let modal = modal_settings(&mine.view())
        .ok_or_else(|| CommandError::user("That form is too long for Slack to carry."))?;
    Ok(Reply::Modal(Box::new(modal)))
}

/// The button *Mute these*: what this kind of message is about is not told any more.
pub async fn muted(ctx: Ctx, click: Click) -> Outcome {
    let kind = NoticeKind::parse(&click.value).filter(|kind| NoticeKind::OPTIONAL.contains(kind));
    let kind = kind
        .ok_or_else(|| CommandError::user("Such messages cannot be turned off: somebody waits for you."))?;
    let user = &click.user;
    let mut wanted = ctx.store.settings().get(user).await?;
    wanted.muted.insert(kind);
    ctx.store
        .settings()
        .upsert(user, &wanted, ctx.clock.now())
        .await?;
    home::redraw(&ctx, std::slice::from_ref(user)).await;
    let mine = Mine::load(&ctx, user).await?;
    Ok(Reply::private(message_saved(&mine.view(), None)))
}

/// The submitted form; its mistakes were answered beside their fields.
pub async fn submitted(ctx: Ctx, submission: Submission) -> Outcome {
    let wanted = written(&submission.state)
        .map_err(|(_, why)| CommandError::user(format!("{why} Nothing was saved.")))?;
    let user = &submission.user;
    ctx.store
        .settings()
        .upsert(user, &wanted.settings, ctx.clock.now())
        .await?;
    let trouble = match wanted.login {
        None => None,
        Some(login) => change_account(&ctx, user, login).await?,
    };
    home::redraw(&ctx, std::slice::from_ref(user)).await;
    let mine = Mine::load(&ctx, user).await?;
    Ok(Reply::private(message_saved(&mine.view(), trouble.as_deref())))
}

/// Links or unlinks; answers why not, in words.
async fn change_account(
    ctx: &Ctx,
    user: &SlackUser,
    login: Option<Login>,
) -> Result<Option<String>, CommandError> {
    let before = ctx.store.people().find_link(user).await?;
    let Some(login) = login else {
        if let Some(before) = before {
            link::take_back(ctx, &before).await?;
        }
        return Ok(None);
    };
    if before.is_some_and(|before| before.login.same(&login)) {
        return Ok(None);
    }
    Ok(match link::claim(ctx, user, &login).await? {
        Claimed::Now | Claimed::Before(_) => None,
        Claimed::Taken(_) => Some(format!(
            "{login} is linked to somebody else, so your account is as before. If that is wrong, ask them, or the person who runs me."
        )),
        Claimed::Configured(stands) => Some(format!(
            "The configuration says that you are {stands} on GitHub, so your account is as before."
        )),
    })
}
