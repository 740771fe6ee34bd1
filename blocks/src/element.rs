//! Purpose: buttons and overflow menus, within Slack's limits for them.

use slack_morphism::prelude::*;

use crate::limits::{self, length, plain};
use crate::mrkdwn::web_address;

/// The longest subject that fits into a block id with the rest of it; a row with a longer one has no menu.
pub const MAX_SUBJECT: usize = 200;

/// The overflow menu of a row.
#[derive(Debug, Clone)]
pub struct Menu {
    subject: String,
    options: Vec<MenuOption>,
}

/// One entry of a menu.
#[derive(Debug, Clone)]
pub struct MenuOption {
    label: &'static str,
    action: &'static str,
    url: Option<url::Url>,
}

impl MenuOption {
    /// An entry that asks the bot for `action`, one of [`crate::ACTION_IDS`].
    pub fn new(label: &'static str, action: &'static str) -> Self {
        Self {
            label,
            action,
            url: None,
        }
    }

    /// An entry that opens a page and tells the bot `action`; `None` if `url` is no address of the web.
    pub fn link(label: &'static str, action: &'static str, url: &str) -> Option<Self> {
        let url = web_address(url).filter(|url| length(url.as_str()) <= limits::URL)?;
        Some(Self {
            label,
            action,
            url: Some(url),
        })
    }
}

impl Menu {
    /// A menu about `subject` (a pull request's `owner/name#12`); entries after the fifth are left out.
    pub fn new(subject: &str, options: impl IntoIterator<Item = MenuOption>) -> Self {
        let options = options.into_iter().take(limits::OVERFLOW_OPTIONS).collect();
        Self {
            subject: subject.to_owned(),
            options,
        }
    }

    pub(crate) fn subject(&self) -> &str {
        &self.subject
    }

    /// Whether Slack can carry it.
    pub(crate) fn fits(&self) -> bool {
        !self.options.is_empty() && length(&self.subject) <= MAX_SUBJECT
    }

    pub(crate) fn element(&self) -> SlackBlockOverflowElement {
        let options = self.options.iter().map(|option| {
            SlackBlockChoiceItem::new(
                plain_text(option.label, limits::OPTION_TEXT),
                option.action.to_owned(),
            )
            .opt_url(option.url.clone())
        });
        SlackBlockOverflowElement::new(options.collect()).with_action_id(crate::interaction::MENU.into())
    }

    pub(crate) fn text_length(&self) -> usize {
        self.options.iter().map(|option| length(option.label)).sum()
    }
}

/// A button.
#[derive(Debug, Clone)]
pub struct Button {
    label: String,
    action: &'static str,
    value: String,
    url: Option<url::Url>,
    spoken: Option<String>,
    style: Option<SlackBlockButtonStyle>,
}

impl Button {
    /// A button that asks the bot for `action`, one of [`crate::ACTION_IDS`], about `value`.
    pub fn new(label: &str, action: &'static str, value: &str) -> Self {
        let (label, value) = (plain(label, limits::BUTTON_TEXT), value.to_owned());
        Self {
            label,
            action,
            value,
            url: None,
            spoken: None,
            style: None,
        }
    }

    /// A button that opens a page; `None` if `url` is no address of the web.
    pub fn link(label: &str, action: &'static str, url: &str) -> Option<Self> {
        let url = web_address(url).filter(|url| length(url.as_str()) <= limits::URL)?;
        Some(Self {
            url: Some(url),
            ..Self::new(label, action, "")
        })
    }

    /// What a screen reader says instead of the label.
    #[must_use]
    pub fn spoken(mut self, words: &str) -> Self {
        self.spoken = Some(plain(words, limits::ACCESSIBILITY_LABEL));
        self
    }

    /// The one button most people will want.
    #[must_use]
    pub fn primary(mut self) -> Self {
        self.style = Some(SlackBlockButtonStyle::Primary);
        self
    }

    pub(crate) fn text_length(&self) -> usize {
        length(&self.label)
    }

    /// Whether Slack can carry it: a button with half of its value would do something else.
    pub(crate) fn fits(&self) -> bool {
        length(&self.value) <= limits::BUTTON_VALUE
    }

    pub(crate) fn element(&self) -> SlackBlockButtonElement {
        SlackBlockButtonElement::new(plain_text(&self.label, limits::BUTTON_TEXT))
            .with_action_id(self.action.into())
            .opt_value((!self.value.is_empty()).then(|| self.value.clone()))
            .opt_url(self.url.clone())
            .opt_style(self.style.clone())
            .opt_accessibility_label(self.spoken.clone().map(SlackAccessibilityLabel))
    }
}

/// Plain text for a label. `emoji: false` shows `:tada:` as it is written.
pub(crate) fn plain_text(text: &str, max: usize) -> SlackBlockPlainTextOnly {
    SlackBlockPlainText::new(plain(text, max))
        .with_emoji(false)
        .into()
}
