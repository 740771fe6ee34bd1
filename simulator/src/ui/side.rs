//! Purpose: the left column: the workspace, who one is, channels, the app, the world around.

use super::html::escape;
use super::message::avatar;
use super::stage;
use super::visit::{self, Spot, Visit};
use crate::stage::Prop;
use crate::workspace::{Message, Person, Workspace};

/// Draws the column.
pub(crate) fn render(w: &Workspace, visit: &Visit, props: &[Prop]) -> String {
    let initial: String = w.team.name.chars().take(1).collect();
    let channels: String = visit::channels(w, &visit.me)
        .map(|c| {
            place(
                w,
                visit,
                &c.id,
                Some(&c.id),
                r#"<span class="sign" aria-hidden="true">#</span>"#,
                &c.name,
            )
        })
        .collect();
    let (app, direct) = (&w.app, w.direct_with(&visit.me).map(|c| c.id.as_str()));
    let face = avatar(&app.user_id, &app.real_name, true, "");
    format!(
        r#"<div class="workspace" id="workspace"><span class="crest" aria-hidden="true">{}</span><span>{}</span></div>{}<h2 id="h-channels">Channels</h2><ul class="places" id="channels" aria-labelledby="h-channels">{channels}</ul><h2 id="h-apps">Apps</h2><ul class="places" id="apps" aria-labelledby="h-apps">{}</ul>{}{NOTE}"#,
        escape(&initial.to_uppercase()),
        escape(&w.team.name),
        switcher(w, visit),
        place(w, visit, "app", direct, &face, &app.real_name),
        stage::render(props),
    )
}

const NOTE: &str = r#"<p class="note" id="note"><svg viewBox="0 0 16 16" aria-hidden="true"><rect x="3" y="7" width="10" height="7" rx="1.5"/><path d="M5.5 7V5a2.5 2.5 0 0 1 5 0v2"/></svg><span>Sample workspace on this machine. Nothing leaves it.</span></p>"#;

/// Who one is, and a list to become somebody else.
fn switcher(w: &Workspace, visit: &Visit) -> String {
    let card = |p: &Person| {
        let face = avatar(&p.id, &p.real_name, false, "small");
        format!(
            "{face}<span><strong>{}</strong><small>{}</small></span>",
            escape(&p.real_name),
            escape(&p.title)
        )
    };
    let me = w.person(&visit.me).map(card).unwrap_or_default();
    let others: String = visit::people(w)
        .map(|p| {
            let current = if p.id == visit.me {
                r#" aria-current="true""#
            } else {
                ""
            };
            let address = visit::address(&p.id, visit.spot.key(), None);
            format!(r#"<a data-go href="{address}"{current}>{}</a>"#, card(p))
        })
        .collect();
    format!(
        r#"<details class="who" id="who"><summary aria-label="Switch person" title="See the workspace as somebody else">{me}</summary><div class="people">{others}</div></details>"#
    )
}

/// One line: a channel, or the app. `data-last` lets the script mark what is unread.
fn place(w: &Workspace, visit: &Visit, key: &str, channel: Option<&str>, sign: &str, name: &str) -> String {
    let here = visit.spot.key() == key || (key == "app" && visit.spot == Spot::Home);
    let current = if here { r#" aria-current="page""# } else { "" };
    let from_others = |m: &&Message| m.user != visit.me && !m.is_reply() && m.visible_to(&visit.me);
    let last = channel
        .and_then(|id| w.messages(id).rev().find(from_others))
        .map_or("0", |m| m.ts.as_str());
    format!(
        r#"<li><a data-go data-spot="{}" data-last="{}" href="{}"{current}>{sign}<span>{}</span></a></li>"#,
        escape(key),
        escape(last),
        visit.link(key, None),
        escape(name)
    )
}
