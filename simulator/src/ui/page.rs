//! Purpose: the page as a whole: head, left column, the middle with its composer, the thread, open modals.

use super::html::escape;
use super::message::{self, Room};
use super::side;
use super::view;
use super::visit::{Spot, Visit};
use crate::options::Suggestion;
use crate::stage::Prop;
use crate::workspace::{Channel, Workspace};

/// Messages shown of a channel, the newest; a demo never needs to scroll further back.
const SHOWN_MESSAGES: usize = 200;

/// What the page is drawn from.
pub(crate) struct Page<'a> {
    /// The workspace.
    pub(crate) workspace: &'a Workspace,
    /// Who looks at what.
    pub(crate) visit: &'a Visit,
    /// Commands the composer offers.
    pub(crate) suggestions: &'a [Suggestion],
    /// The world around the workspace.
    pub(crate) props: &'a [Prop],
}

impl Page<'_> {
    /// The whole document.
    pub(crate) fn document(&self) -> String {
        let theme = self
            .visit
            .theme
            .map(|t| format!(r#" data-theme="{t}""#))
            .unwrap_or_default();
        format!(
            r#"<!doctype html><html lang="en"{theme}><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>{}</title><link rel="icon" href="{ICON}"><link rel="stylesheet" href="/ui/style.css"><script src="/ui/script.js" defer></script></head><body><a class="skip" href="{}">Skip to the composer</a>{}<div id="toasts" role="status" aria-live="polite"></div></body></html>"#,
            escape(&self.title()),
            "#compose-main",
            self.app()
        )
    }

    /// Everything that changes: what the script fetches again and compares.
    pub(crate) fn app(&self) -> String {
        let visit = self.visit;
        let thread = self.thread();
        let tab = match visit.spot {
            Spot::Home => r#" data-tab="home""#,
            Spot::Messages => r#" data-tab="messages""#,
            Spot::Channel(_) => r#" data-tab="""#,
        };
        format!(
            r#"<div id="app" data-as="{}" data-spot="{}" data-title="{}"{tab}{}><nav class="side" id="side" data-region aria-label="Workspace">{}</nav><main><header class="bar" id="head" data-region>{}</header><div class="scroll"><div id="list" data-region role="log" aria-live="polite" aria-label="Messages">{}</div></div><div class="foot" id="foot" data-region>{}</div></main><aside id="thread" aria-label="Thread">{}</aside><div id="views" data-region>{}</div></div>"#,
            escape(&visit.me),
            escape(visit.spot.key()),
            escape(&self.title()),
            if thread.is_some() { " data-thread" } else { "" },
            side::render(self.workspace, visit, self.props),
            self.head(),
            self.middle(),
            self.foot(),
            thread.unwrap_or_else(|| thread_frame("", "", "")),
            self.workspace
                .modals(&visit.me)
                .iter()
                .map(|v| view::modal(v, &visit.reader()))
                .collect::<String>(),
        )
    }

    fn title(&self) -> String {
        format!("{} · {}", self.heading(), self.workspace.team.name)
    }

    fn heading(&self) -> String {
        match &self.visit.spot {
            Spot::Channel(id) => format!("#{}", self.workspace.channel(id).map_or(id.as_str(), |c| &c.name)),
            Spot::Messages | Spot::Home => self.workspace.app.real_name.clone(),
        }
    }

    fn head(&self) -> String {
        let about = match (&self.visit.spot, self.visit.channel(self.workspace)) {
            (Spot::Channel(_), Some(channel)) => {
                format!(r#"<span class="about">{} members</span>"#, channel.members.len())
            }
            (Spot::Messages | Spot::Home | Spot::Channel(_), _) => self.tabs(),
        };
        format!(
            r#"<button class="round only-phone" type="button" data-menu aria-label="Channels and people"><svg viewBox="0 0 18 18" aria-hidden="true"><path d="M3 5h12M3 9h12M3 13h12"/></svg></button><h1>{}</h1>{about}<button class="round push" type="button" data-theme-switch aria-label="Switch between light and dark" title="Light or dark"><svg viewBox="0 0 18 18" aria-hidden="true"><path d="M15 10.5A6.3 6.3 0 0 1 7.5 3 6.3 6.3 0 1 0 15 10.5Z"/></svg></button>"#,
            escape(&self.heading())
        )
    }

    fn tabs(&self) -> String {
        let tab = |spot: &Spot, label: &str| {
            let current = if self.visit.spot == *spot {
                r#" aria-current="page""#
            } else {
                ""
            };
            format!(
                r#"<a data-go href="{}"{current}>{label}</a>"#,
                self.visit.link(spot.key(), None)
            )
        };
        let tabs = tab(&Spot::Home, "Home") + &tab(&Spot::Messages, "Messages");
        format!(r#"<nav class="tabs" aria-label="App">{tabs}</nav>"#)
    }

    fn middle(&self) -> String {
        let (w, visit) = (self.workspace, self.visit);
        if visit.spot == Spot::Home {
            return view::home(w.home(&visit.me), &w.app.real_name, &visit.reader());
        }
        let seen = visit
            .channel(w)
            .map(|c| w.seen_by(&visit.me, &c.id))
            .unwrap_or_default();
        let roots: Vec<_> = seen.into_iter().filter(|m| !m.is_reply()).collect();
        let newest = &roots[roots.len().saturating_sub(SHOWN_MESSAGES)..];
        let start = if newest.len() == roots.len() {
            self.start(visit.channel(w))
        } else {
            String::new()
        };
        start
            + &message::list(
                newest,
                &Room {
                    workspace: w,
                    visit,
                    name: "list",
                },
            )
    }

    /// What stands above the first message.
    fn start(&self, channel: Option<&Channel>) -> String {
        let words = if channel.is_some_and(|c| !c.is_direct()) {
            "This is where the channel begins. Type a command below, or press / to see what there is."
                .to_owned()
        } else {
            let name = &self.workspace.app.real_name;
            format!("Your conversation with {name}. Only the two of you see it.")
        };
        let key = escape(self.visit.spot.key());
        format!(
            r#"<div class="start" id="start-{key}"><h2>{}</h2><p>{}</p></div>"#,
            escape(&self.heading()),
            escape(&words)
        )
    }

    fn foot(&self) -> String {
        if self.visit.spot == Spot::Home {
            return String::new();
        }
        let chips: String = self
            .suggestions
            .iter()
            .map(|s| {
                let (command, about) = (escape(&s.command), escape(&s.about));
                format!(r#"<button type="button" class="chip" data-run="{command}" title="{about}">{command}</button>"#)
            })
            .collect();
        let options: String = self
            .suggestions
            .iter()
            .enumerate()
            .map(|(i, s)| {
                let (command, about) = (escape(&s.command), escape(&s.about));
                format!(r#"<li role="option" id="option-{i}" data-command="{command}"><b>{command}</b><span>{about}</span></li>"#)
            })
            .collect();
        let suggest = format!(
            r#"<ul class="suggest" id="suggest" role="listbox" aria-label="Commands" hidden>{options}</ul><div class="chips" role="group" aria-label="Try a command">{chips}</div>"#
        );
        let keys = r#"<p class="keys"><span><kbd>/</kbd> commands</span><span><kbd>↑</kbd> last one</span><span><kbd>Shift Enter</kbd> new line</span></p>"#;
        composer(
            "main",
            &format!("Message {}", self.heading()),
            None,
            &suggest,
            keys,
        )
    }

    fn thread(&self) -> Option<String> {
        let (w, visit) = (self.workspace, self.visit);
        let root = w.message(&visit.channel(w)?.id, visit.thread.as_deref()?)?;
        let messages: Vec<_> = message::thread(w, root, &visit.me).collect();
        let list = message::list(
            &messages,
            &Room {
                workspace: w,
                visit,
                name: "replies",
            },
        );
        let head = format!(
            r#"<h2>Thread</h2><span class="about">{}</span><a class="round push" data-go href="{}" aria-label="Close the thread" title="Close (Esc)">✕</a>"#,
            escape(&self.heading()),
            visit.link(visit.spot.key(), None)
        );
        let placeholder = format!("Reply, or mention @{}", w.app.real_name);
        Some(thread_frame(
            &head,
            &list,
            &composer("thread", &placeholder, Some(&root.ts), "", ""),
        ))
    }
}

fn thread_frame(head: &str, list: &str, foot: &str) -> String {
    format!(
        r#"<header class="bar" id="thread-head" data-region>{head}</header><div class="scroll"><div id="replies" data-region role="log" aria-live="polite" aria-label="Replies">{list}</div></div><div class="foot" id="thread-foot" data-region>{foot}</div>"#
    )
}

/// A text box with a button to send; `before` and `after` are HTML.
fn composer(name: &str, placeholder: &str, thread: Option<&str>, before: &str, after: &str) -> String {
    let placeholder = escape(placeholder);
    let thread = thread
        .map(|ts| format!(r#" data-thread="{}""#, escape(ts)))
        .unwrap_or_default();
    let combobox = if before.is_empty() {
        ""
    } else {
        r#" role="combobox" aria-autocomplete="list" aria-expanded="false" aria-controls="suggest""#
    };
    format!(
        r#"<form id="composer-{name}" data-composer{thread} autocomplete="off">{before}<div class="box"><textarea id="compose-{name}" rows="1" placeholder="{placeholder}" aria-label="{placeholder}"{combobox}></textarea><button class="send" type="submit" aria-label="Send" title="Send (Enter)"><svg viewBox="0 0 16 16" aria-hidden="true"><path d="M2 2.2 14.5 8 2 13.8l1.6-4.9L9 8 3.6 7.1Z"/></svg></button></div>{after}</form>"#
    )
}

const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Crect width='32' height='32' rx='8' fill='%236453e0'/%3E%3Cpath d='M10 9h12M10 16h8M10 23h12M10 9v14' stroke='%23fff' stroke-width='3' fill='none' stroke-linecap='round'/%3E%3C/svg%3E";
