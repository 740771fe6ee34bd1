//! Purpose: what one person wants to be told and when: as it is, and the form that changes it.

use chrono_tz::Tz;
use em_domain::away::Away;
use em_domain::id::Login;
use em_domain::person::{Link, LinkOrigin, is_github_login};
use em_domain::settings::{Field, NoticeKind, PersonSettings, QuietHours, parse_quiet};
use slack_morphism::prelude::{SlackMessageContent, SlackView, SlackViewState};

use crate::element::Button;
use crate::help::typed;
use crate::layout::Layout;
use crate::limits::fit;
use crate::modal::{Choice, Frame, Input};
use crate::mrkdwn::{Mrkdwn, bold, cat, escape, join, words};
use crate::time::plain_day;

/// Action: open the form.
pub const OPEN: &str = "settings.open";
/// Action: send no more of the kind in its value.
pub const MUTE: &str = "settings.mute";
/// Callback id: the form.
pub const CALLBACK: &str = "settings.submit";

const GITHUB: &str = "github";
const FROM: &str = "quiet_from";
const TO: &str = "quiet_to";
const CAP: &str = "cap";
const MUTED: &str = "muted";

/// How many such messages a day somebody may choose.
const CAPS: [u32; 5] = [20, 10, 5, 3, 0];
/// The choice of any number.
const NO_CAP: &str = "any";
/// Stretches of days off that are shown.
const AWAY: usize = 5;

/// What one person has set, and what was set elsewhere.
#[derive(Debug, Clone, Copy)]
pub struct SettingsView<'a> {
    /// What they want.
    pub settings: &'a PersonSettings,
    /// Their account.
    pub link: Option<&'a Link>,
    /// Where they are, by Slack.
    pub zone: Tz,
    /// When they are away.
    pub away: &'a [Away],
}

/// The settings, for that person alone.
pub fn message_settings(view: &SettingsView<'_>) -> SlackMessageContent {
    let mut layout = Layout::new();
    layout.header("Your settings");
    layout.fields(&fields(view));
    layout.actions([Button::new("Change…", OPEN, "").spoken("Change your settings")]);
    layout.context(&cat([
        words("Days off: "),
        typed("standup away 2026-08-03 2026-08-14"),
        words(" · What I hold back comes in one message when your quiet time ends."),
    ]));
    let short = parts(view).map(|(title, text)| cat([words(title), words(": "), text]));
    layout.into_message(&join(short, "; "))
}

/// The same in one place of the Home tab.
pub(crate) fn add_settings(layout: &mut Layout, view: &SettingsView<'_>) {
    layout.section(&bold(words("You and your settings")));
    layout.fields(&fields(view));
    layout.actions([Button::new("Settings…", OPEN, "").spoken("Change your settings")]);
}

/// Stands under what somebody is told unasked and may turn off.
pub(crate) fn mute(kind: NoticeKind) -> Button {
    Button::new("Mute these", MUTE, kind.as_str()).spoken("Have me send you no more of these")
}

fn fields(view: &SettingsView<'_>) -> Vec<Mrkdwn> {
    let field = |(title, text)| cat([bold(words(title)), words("\n"), text]);
    parts(view).map(field).into()
}

/// Each setting by its name.
fn parts(view: &SettingsView<'_>) -> [(&'static str, Mrkdwn); 5] {
    [
        ("GitHub", account(view.link)),
        ("Quiet hours", quiet(view)),
        ("Days off", away(view.away)),
        ("Unasked messages a day", cap(view.settings)),
        ("Not at all", muted(view.settings)),
    ]
}

fn account(link: Option<&Link>) -> Mrkdwn {
    link.map_or_else(
        || words("not linked"),
        |link| escape(&fit(link.login.as_str(), 60)),
    )
}

fn quiet(view: &SettingsView<'_>) -> Mrkdwn {
    view.settings.quiet.map_or_else(
        || words("none"),
        |quiet| {
            let (from, to) = (quiet.from().format("%H:%M"), quiet.to().format("%H:%M"));
            escape(&format!(
                "{from}–{to}, {}, and days without work",
                view.zone.name()
            ))
        },
    )
}

fn away(days: &[Away]) -> Mrkdwn {
    let stretch = |away: &Away| {
        if away.from == away.until {
            escape(&plain_day(away.from))
        } else {
            escape(&format!("{} to {}", plain_day(away.from), plain_day(away.until)))
        }
    };
    let all = join(days.iter().take(AWAY).map(stretch), ", ");
    if all.is_empty() { words("none") } else { all }
}

fn cap(settings: &PersonSettings) -> Mrkdwn {
    escape(
        &settings
            .daily_cap
            .map_or_else(|| "any number".to_owned(), cap_name),
    )
}

fn cap_name(cap: u32) -> String {
    match cap {
        0 => "none: all of it in one message each morning".to_owned(),
        cap => format!("at most {cap}, more of it the next morning"),
    }
}

fn muted(settings: &PersonSettings) -> Mrkdwn {
    let names = settings.muted.iter().map(|kind| words(kind_name(*kind)));
    let all = join(names, ", ");
    if all.is_empty() {
        words("nothing is turned off")
    } else {
        all
    }
}

fn kind_name(kind: NoticeKind) -> &'static str {
    match kind {
        NoticeKind::Approval => "Approvals that wait for me",
        NoticeKind::ApprovalReminder => "Reminders of approvals",
        NoticeKind::Nudge => "Nudges about pull requests",
        NoticeKind::StandupReminder => "Reminders of standups",
        NoticeKind::Blocker => "Blockers that I am told of",
    }
}

/// The form, filled in with what is set. `None` never happens: it remembers nothing.
pub fn modal_settings(view: &SettingsView<'_>) -> Option<SlackView> {
    let frame = Frame::new("Your settings", "Save", CALLBACK, String::new())?;
    let mut layout = Layout::new();
    if let Some(link) = view.link.filter(|link| link.origin == LinkOrigin::Configuration) {
        layout.section(&cat([
            words("GitHub: "),
            bold(escape(&fit(link.login.as_str(), 60))),
            words(", by the configuration. The person who runs me can change it there."),
        ]));
    } else {
        let login = view.link.map(|link| link.login.as_str()).unwrap_or_default();
        layout.input(Input::short(
            GITHUB,
            "Your GitHub account; empty takes it back",
            login,
        ));
    }
    let time = |time: Option<chrono::NaiveTime>| {
        time.map(|time| time.format("%H:%M").to_string())
            .unwrap_or_default()
    };
    let quiet = view.settings.quiet;
    layout.input(Input::short(
        FROM,
        "Quiet from, as in 20:00",
        &time(quiet.map(QuietHours::from)),
    ));
    layout.input(Input::short(
        TO,
        "Quiet until, as in 08:00",
        &time(quiet.map(QuietHours::to)),
    ));
    layout.context(&escape(&format!(
        "In your zone, {}. Days on which nobody works are quiet as a whole then. Approvals of incidents come all the same.",
        view.zone.name()
    )));
    let chosen = view
        .settings
        .daily_cap
        .map_or_else(|| NO_CAP.to_owned(), |cap| cap.to_string());
    layout.input(Input::select(CAP, "Messages a day that you did not ask for", caps()).preset(&chosen));
    let kinds = NoticeKind::OPTIONAL.map(|kind| Choice::new(kind_name(kind), kind.as_str()));
    let taken = view.settings.muted.iter().map(|kind| kind.as_str().to_owned());
    layout.input(Input::checks(
        MUTED,
        "What I am not to send you at all",
        kinds,
        taken,
    ));
    layout.context(&cat([
        words("Days off: "),
        away(view.away),
        words(". "),
        typed("standup away tomorrow"),
    ]));
    Some(layout.into_modal(&frame))
}

fn caps() -> impl Iterator<Item = Choice> {
    let any = Choice::new("Any number", NO_CAP);
    std::iter::once(any).chain(
        CAPS.into_iter()
            .map(|cap| Choice::new(&capital(&cap_name(cap)), &cap.to_string())),
    )
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// What was written and chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Their account: `Some(None)` takes it back, `None` was not asked for.
    pub login: Option<Option<Login>>,
    /// What they want.
    pub settings: PersonSettings,
}

/// Reads the submitted form.
///
/// # Errors
/// The field that is wrong, and why.
pub fn written(state: &SlackViewState) -> Result<Written, (&'static str, String)> {
    let login = Input::written(state, GITHUB).map(|text| text.trim_start_matches('@'));
    if let Some(login) = login.filter(|login| !is_github_login(login)) {
        let why = "cannot be a GitHub name: those are letters, digits and single dashes, at most 39.";
        return Err((GITHUB, format!("“{}” {why}", fit(login, 60))));
    }
    let is_asked = state.values.contains_key(&GITHUB.into());
    let quiet =
        parse_quiet(Input::written(state, FROM), Input::written(state, TO)).map_err(|(field, why)| {
            let field = match field {
                Field::From => FROM,
                Field::To => TO,
            };
            (field, why)
        })?;
    let daily_cap = match Input::chosen(state, CAP) {
        Some(NO_CAP) => None,
        Some(cap) => Some(
            cap.parse()
                .map_err(|_| (CAP, "Choose one of these.".to_owned()))?,
        ),
        None => return Err((CAP, "Choose one of these.".to_owned())),
    };
    Ok(Written {
        login: is_asked.then(|| login.map(Login::from)),
        settings: PersonSettings {
            quiet,
            daily_cap,
            muted: Input::ticked(state, MUTED)
                .filter_map(NoticeKind::parse)
                .collect(),
        },
    })
}

/// The mistake in a submitted form, and the field that it is in.
pub fn mistake(state: &SlackViewState) -> Option<(&'static str, String)> {
    written(state).err()
}

/// What was saved; `account` is what became of the account, where that is not what they wrote.
pub fn message_saved(view: &SettingsView<'_>, account: Option<&str>) -> SlackMessageContent {
    let mut layout = Layout::new();
    let saved = words("Your settings are saved.");
    layout.section(&saved);
    if let Some(account) = account {
        layout.section(&escape(&fit(account, 500)));
    }
    layout.fields(&fields(view));
    layout.into_message(&saved)
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::sample::now;
    use crate::transcript::{transcript, transcript_view};

    fn settings() -> PersonSettings {
        let hour = |hour| chrono::NaiveTime::from_hms_opt(hour, 0, 0).unwrap();
        PersonSettings {
            quiet: QuietHours::new(hour(20), hour(8)),
            daily_cap: Some(5),
            muted: [NoticeKind::Nudge, NoticeKind::Blocker].into(),
        }
    }

    fn shown(settings: &PersonSettings, show: impl FnOnce(&SettingsView<'_>) -> String) -> String {
        let link = Link {
            slack_user: "U0ANA".into(),
            login: "ana".into(),
            origin: LinkOrigin::Person,
            linked_at: now(),
        };
        show(&SettingsView {
            settings,
            link: Some(&link),
            zone: chrono_tz::Europe::Berlin,
            away: &[],
        })
    }

    #[test]
    fn the_settings_are_shown_with_a_way_to_change_them() {
        let text = shown(&settings(), |view| transcript(&message_settings(view)));
        assert_snapshot!(text, @r"
        (text) GitHub: ana; Quiet hours: 20:00–08:00, Europe/Berlin, and days without work; Days off: none; Unasked messages a day: at most 5, more of it the next morning; Not at all: Nudges about pull requests, Blockers that I am told of
        # Your settings
        | *GitHub*: ana
        | *Quiet hours*: 20:00–08:00, Europe/Berlin, and days without work
        | *Days off*: none
        | *Unasked messages a day*: at most 5, more of it the next morning
        | *Not at all*: Nudges about pull requests, Blockers that I am told of
        [Change…]
        > Days off: `/em-agent standup away 2026-08-03 2026-08-14` · What I hold back comes in one message when your quiet time ends.
        ");
    }

    #[test]
    fn the_form_is_filled_in_with_what_is_set() {
        let text = shown(&settings(), |view| {
            transcript_view(&modal_settings(view).unwrap())
        });
        assert_snapshot!(text, @r"
        (modal settings.submit) Your settings [Save] [Cancel]
        Your GitHub account; empty takes it back
        Quiet from, as in 20:00
        Quiet until, as in 08:00
        > In your zone, Europe/Berlin. Days on which nobody works are quiet as a whole then. Approvals of incidents come all the same.
        Messages a day that you did not ask for
          ( ) Any number
          ( ) At most 20, more of it the next morning
          ( ) At most 10, more of it the next morning
          (•) At most 5, more of it the next morning
          ( ) At most 3, more of it the next morning
          ( ) None: all of it in one message each morning
        What I am not to send you at all
          (•) Nudges about pull requests
          ( ) Reminders of standups
          ( ) Reminders of approvals
          (•) Blockers that I am told of
        > Days off: none. `/em-agent standup away tomorrow`
        ");
    }
}
