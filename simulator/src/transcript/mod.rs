//! Purpose: what people see, as text: channels, messages, modals, App Home; made for snapshots, so without ids and
//! timestamps unless asked for.
//!
//! ```text
//! #ops
//! ana: what is stuck?
//!   ↳ em-agent (only ana sees this):
//!       # Two things are stuck
//!       Fix the cache — waiting for ben
//!       [⋯ Why here? | Nudge | Snooze]
//! ```

mod blocks;
mod markup;

use std::fmt::Write as _;

pub(crate) use blocks::lines;
pub(crate) use markup::plain;

use crate::workspace::{Message, View, Workspace};

/// What a transcript shows besides what everybody sees.
#[derive(Debug, Clone, Copy, Default)]
pub struct Detail {
    /// The timestamp of each message.
    pub timestamps: bool,
    /// The action id of each element.
    pub action_ids: bool,
    /// The top-level text of messages that have blocks: what notifications and screen readers say.
    pub fallback_text: bool,
}

impl Workspace {
    /// A channel with all its messages, ephemeral ones marked.
    pub fn transcript(&self, channel: &str) -> String {
        self.transcript_with(channel, None, Detail::default())
    }

    /// A channel as one person sees it.
    pub fn transcript_for(&self, user: &str, channel: &str) -> String {
        self.transcript_with(channel, Some(user), Detail::default())
    }

    /// A channel, as one person or as nobody in particular, in more detail.
    pub fn transcript_with(&self, channel: &str, user: Option<&str>, detail: Detail) -> String {
        let Some(place) = self.channel(channel) else {
            return format!("{channel} does not exist\n");
        };
        let user = user.and_then(|u| self.person(u)).map(|p| p.id.as_str());
        let mut out = if place.is_direct() {
            let with = place
                .members
                .iter()
                .find(|m| **m != self.app.user_id)
                .map_or("", String::as_str);
            format!("direct message with {}\n", self.handle(with))
        } else {
            format!("#{}\n", place.name)
        };
        let seen: Vec<&Message> = self
            .messages(&place.id)
            .filter(|m| user.is_none_or(|user| m.visible_to(user)))
            .collect();
        for message in seen.iter().filter(|m| !m.is_reply()) {
            self.write_message(&mut out, message, "", detail);
            let replies = seen
                .iter()
                .filter(|m| m.is_reply() && m.thread_ts.as_ref() == Some(&message.ts));
            replies.for_each(|reply| self.write_message(&mut out, reply, "  ", detail));
        }
        let lost = |m: &&&Message| m.is_reply() && !seen.iter().any(|p| m.thread_ts.as_ref() == Some(&p.ts));
        seen.iter()
            .filter(lost)
            .for_each(|reply| self.write_message(&mut out, reply, "  ", detail));
        out
    }

    /// One message as text.
    pub fn message_text(&self, message: &Message) -> String {
        let mut out = String::new();
        self.write_message(&mut out, message, "", Detail::default());
        out
    }

    /// A modal or App Home as text.
    pub fn view_text(&self, view: &View) -> String {
        self.view_text_with(view, Detail::default())
    }

    /// A modal or App Home as text, in more detail.
    pub fn view_text_with(&self, view: &View, detail: Detail) -> String {
        let mut out = if view.field("type") == "home" {
            format!("App Home of {}\n", self.handle(&view.user))
        } else {
            format!("modal \"{}\"\n", view.title())
        };
        for line in lines(self, view.blocks(), &view.values, &view.errors, detail) {
            push_line(&mut out, "  ", &line);
        }
        if let Some(failure) = &view.failure {
            push_line(&mut out, "  ", &format!("! {failure}"));
        }
        let buttons = ["close", "submit"].map(|key| view.body.get(key).and_then(|b| b["text"].as_str()));
        let buttons: Vec<String> = buttons
            .iter()
            .flatten()
            .map(|label| format!("[{label}]"))
            .collect();
        if !buttons.is_empty() {
            push_line(&mut out, "  ", &buttons.join(" "));
        }
        out
    }

    /// Everything anybody sees: channels with messages, open modals, App Homes.
    pub fn everything(&self) -> String {
        let mut out = String::new();
        for channel in self
            .channels
            .iter()
            .filter(|c| self.messages(&c.id).next().is_some())
        {
            out += &self.transcript(&channel.id);
        }
        for (user, view) in self
            .modals
            .iter()
            .flat_map(|(u, stack)| stack.iter().map(move |v| (u, v)))
        {
            // Writing to a String cannot fail.
            let _ = write!(out, "on {}'s screen: {}", self.handle(user), self.view_text(view));
        }
        self.homes.values().for_each(|home| out += &self.view_text(home));
        out
    }

    /// A person's handle; the id when nobody has it.
    pub(crate) fn handle<'a>(&'a self, user: &'a str) -> &'a str {
        self.people
            .iter()
            .find(|p| p.id == user)
            .map_or(user, |p| p.name.as_str())
    }

    fn write_message(&self, out: &mut String, message: &Message, indent: &str, detail: Detail) {
        let mut head = format!(
            "{indent}{}{}",
            if message.is_reply() { "↳ " } else { "" },
            self.handle(&message.user)
        );
        if let Some(only) = &message.ephemeral_for {
            // Writing to a String cannot fail.
            let _ = write!(head, " (only {} sees this)", self.handle(only));
        }
        if message.edited.is_some() {
            head += " (edited)";
        }
        if detail.timestamps {
            let _ = write!(head, " at {}", message.ts);
        }
        let mut body = Vec::new();
        if (message.blocks.is_empty() && message.files.is_empty()) || detail.fallback_text {
            let text = plain(self, &message.text);
            body.extend(text.lines().map(|l| {
                if message.blocks.is_empty() {
                    l.to_owned()
                } else {
                    format!("({l})")
                }
            }));
        }
        body.extend(lines(
            self,
            &message.blocks,
            &message.values,
            &std::collections::BTreeMap::new(),
            detail,
        ));
        let files = message.files.iter().filter_map(|id| self.file(id));
        body.extend(files.map(|file| format!("[picture {}: {}]", file.title, file.alt_text)));
        for (name, users) in &message.reactions {
            body.push(format!(":{name}: {}", users.len()));
        }
        match body.as_slice() {
            [one] if message.blocks.is_empty() && message.files.is_empty() => {
                push_line(out, &format!("{head}: "), one);
            }
            lines => {
                push_line(out, "", &format!("{head}:"));
                let indent = format!("{indent}{}", if message.is_reply() { "    " } else { "  " });
                for line in lines {
                    push_line(out, &indent, line);
                }
            }
        }
    }
}

fn push_line(out: &mut String, indent: &str, line: &str) {
    for (number, part) in line.split('\n').enumerate() {
        let lead = if number == 0 {
            indent.to_owned()
        } else {
            " ".repeat(indent.chars().count())
        };
        out.push_str(format!("{lead}{part}").trim_end());
        out.push('\n');
    }
}
