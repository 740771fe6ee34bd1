//! Purpose: one message as a person sees it, and a list of them with days and threads.

use std::collections::BTreeMap;

use super::block;
use super::date;
use super::element::Scene;
use super::emoji;
use super::html::escape;
use super::mrkdwn;
use super::reader::Reader;
use super::visit::Visit;
use crate::workspace::{File, Message, Workspace};

/// Messages of one author within this many minutes stand together under one name.
const TOGETHER_MINUTES: i64 = 5;

/// A list of messages.
pub(crate) struct Room<'a> {
    /// The workspace, for authors and replies.
    pub(crate) workspace: &'a Workspace,
    /// Who looks at what.
    pub(crate) visit: &'a Visit,
    /// Distinguishes the main list from the thread beside it, where one message may stand in both.
    pub(crate) name: &'a str,
}

/// Draws messages in order, with a line where a day begins.
pub(crate) fn list(messages: &[&Message], room: &Room<'_>) -> String {
    let reader = room.visit.reader();
    let mut html = String::new();
    let mut before: Option<&Message> = None;
    for message in messages {
        let day = |m: &Message| date::of_message(&m.ts).map(|at| date::day(at, &reader));
        let new_day = before.is_none_or(|b| day(b) != day(message));
        if new_day && room.name == "list" {
            let label = day(message).unwrap_or_default();
            html.push_str(&format!(
                r#"<div class="day" role="separator" id="day-{}"><span>{}</span></div>"#,
                escape(&message.ts),
                escape(&label)
            ));
        }
        let follows = !new_day && before.is_some_and(|b| stands_under(message, b));
        html.push_str(&render(message, follows, room, &reader));
        before = Some(message);
    }
    html
}

/// The square with somebody's initials.
pub(crate) fn avatar(id: &str, name: &str, is_bot: bool, size: &str) -> String {
    let initials: String = name
        .split_whitespace()
        .filter_map(|word| word.chars().next())
        .take(2)
        .collect();
    let hue = id.bytes().fold(7_u32, |sum, byte| {
        sum.wrapping_mul(45).wrapping_add(u32::from(byte))
    }) >> 3;
    let look = if is_bot {
        "bot".to_owned()
    } else {
        format!("hue-{}", hue % 8)
    };
    format!(
        r#"<span class="avatar {look} {size}" aria-hidden="true">{}</span>"#,
        escape(&initials.to_uppercase())
    )
}

fn stands_under(message: &Message, before: &Message) -> bool {
    let gap = date::of_message(&message.ts)
        .zip(date::of_message(&before.ts))
        .map(|(a, b)| (a - b).num_minutes());
    message.user == before.user
        && message.ephemeral_for == before.ephemeral_for
        && gap.is_some_and(|minutes| minutes < TOGETHER_MINUTES)
        && message.blocks.is_empty()
}

fn render(message: &Message, follows: bool, room: &Room<'_>, reader: &Reader<'_>) -> String {
    let author = room.workspace.person(&message.user);
    let name = author.map_or(message.user.as_str(), |p| p.real_name.as_str());
    let is_bot = message.by_app || author.is_some_and(|p| p.is_bot);
    let time = date::of_message(&message.ts)
        .map(|at| date::clock(at, reader.zone))
        .unwrap_or_default();
    let (left, byline) = if follows {
        (format!(r#"<div class="gutter">{time}</div>"#), String::new())
    } else {
        let badge = if is_bot {
            r#"<span class="badge">APP</span>"#
        } else {
            ""
        };
        let byline = format!(
            r#"<div class="byline"><span class="name">{}</span>{badge}{time}</div>"#,
            escape(name)
        );
        (avatar(&message.user, name, is_bot, ""), byline)
    };
    let private = message.ephemeral_for.is_some();
    format!(
        r#"<article class="message{}{}" id="{}" data-channel="{}" data-ts="{}" tabindex="-1" aria-label="{}">{left}<div class="content">{}{byline}{}{}{}</div>{}</article>"#,
        if follows { " follows" } else { "" },
        if private { " private" } else { "" },
        html_id(message, room),
        escape(&message.channel),
        escape(&message.ts),
        escape(name),
        if private { ONLY_YOU } else { "" },
        content(message, room, reader),
        reactions(message),
        replies(message, room, reader),
        tools(message, room),
    )
}

const ONLY_YOU: &str = r#"<div class="only-you"><svg viewBox="0 0 16 16" aria-hidden="true"><path d="M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8Z"/><circle cx="8" cy="8" r="2"/></svg>Only visible to you</div>"#;

fn html_id(message: &Message, room: &Room<'_>) -> String {
    escape(&format!("{}-{}", room.name, message.ts.replace('.', "-")))
}

fn content(message: &Message, room: &Room<'_>, reader: &Reader<'_>) -> String {
    let edited = if message.edited.is_some() {
        r#" <span class="edited">(edited)</span>"#
    } else {
        ""
    };
    let pictures = pictures(message, room);
    // A file comes without words.
    let has_words = !message.text.is_empty() || message.files.is_empty();
    if message.blocks.is_empty() && has_words {
        return format!(
            r#"<div class="text">{}{edited}</div>{pictures}"#,
            mrkdwn::render(&message.text, reader)
        );
    }
    let within = html_id(message, room);
    let scene = Scene {
        reader,
        within: &within,
        values: &message.values,
        errors: &BTreeMap::new(),
    };
    format!(
        r#"<div class="blocks">{}</div>{edited}{pictures}"#,
        block::render_all(&message.blocks, &scene)
    )
}

/// The files that were shown with a message: pictures are drawn, tables are linked.
fn pictures(message: &Message, room: &Room<'_>) -> String {
    let files = message.files.iter().filter_map(|id| room.workspace.file(id));
    let one = |file: &File| {
        if file.media_type() != "image/png" {
            return format!(
                r#"<p class="file"><a href="/files/{}" target="_blank">{}</a></p>"#,
                escape(&file.id),
                escape(&file.title)
            );
        }
        format!(
            r#"<figure class="image"><figcaption>{}</figcaption><a href="/files/{id}" target="_blank"><img src="/files/{id}" alt="{}"></a></figure>"#,
            escape(&file.title),
            escape(&file.alt_text),
            id = escape(&file.id)
        )
    };
    files.map(one).collect()
}

fn reactions(message: &Message) -> String {
    if message.reactions.is_empty() {
        return String::new();
    }
    let one = |(name, people): &(String, Vec<String>)| {
        let sign = emoji::replace(&format!(":{name}:"));
        format!(
            r#"<span class="reaction" title="{}">{} {}</span>"#,
            escape(name),
            escape(&sign),
            people.len()
        )
    };
    format!(
        r#"<div class="reactions">{}</div>"#,
        message.reactions.iter().map(one).collect::<String>()
    )
}

/// "3 replies", which opens the thread.
fn replies(message: &Message, room: &Room<'_>, reader: &Reader<'_>) -> String {
    if room.name != "list" {
        return String::new();
    }
    let all: Vec<_> = thread(room.workspace, message, &room.visit.me).skip(1).collect();
    let Some(last) = all.last() else {
        return String::new();
    };
    let mut authors: Vec<&str> = all.iter().map(|m| m.user.as_str()).collect();
    authors.sort_unstable();
    authors.dedup();
    let faces: String = authors
        .iter()
        .take(4)
        .filter_map(|id| room.workspace.person(id))
        .map(|p| avatar(&p.id, &p.real_name, p.is_bot, ""))
        .collect();
    let count = if all.len() == 1 {
        "1 reply".to_owned()
    } else {
        format!("{} replies", all.len())
    };
    let time = date::of_message(&last.ts)
        .map(|at| date::clock(at, reader.zone))
        .unwrap_or_default();
    format!(
        r#"<a class="replies" data-go href="{}">{faces} {count} <small>last at {time}</small></a>"#,
        room.visit.link(room.visit.spot.key(), Some(&message.ts))
    )
}

fn tools(message: &Message, room: &Room<'_>) -> String {
    if message.ephemeral_for.is_some() || room.name != "list" {
        return String::new();
    }
    format!(
        r#"<div class="tools"><a data-go href="{}">Reply in thread</a></div>"#,
        room.visit.link(room.visit.spot.key(), Some(&message.ts))
    )
}

/// A message and its replies, as one person sees them.
pub(crate) fn thread<'w>(w: &'w Workspace, root: &Message, me: &str) -> impl Iterator<Item = &'w Message> {
    let (ts, me) = (root.ts.clone(), me.to_owned());
    w.messages(&root.channel)
        .filter(move |m| (m.ts == ts || m.thread_ts.as_deref() == Some(ts.as_str())) && m.visible_to(&me))
}
