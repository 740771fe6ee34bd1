//! Purpose: what is around and in a modal: title, buttons, memory, and fields with their options.

use slack_morphism::prelude::*;

use crate::element::plain_text;
use crate::limits::{self, length};

/// The frame of a modal.
#[derive(Debug, Clone)]
pub struct Frame {
    title: &'static str,
    /// The button that sends it; none where nothing is asked.
    submit: Option<&'static str>,
    callback: &'static str,
    private_metadata: String,
}

impl Frame {
    /// A frame; `None` if `private_metadata` is longer than Slack keeps: half of it would be worth nothing.
    pub fn new(
        title: &'static str,
        submit: &'static str,
        callback: &'static str,
        private_metadata: String,
    ) -> Option<Self> {
        let fits = length(&private_metadata) <= limits::PRIVATE_METADATA;
        fits.then_some(Self {
            title,
            submit: Some(submit),
            callback,
            private_metadata,
        })
    }

    /// The frame of a modal in which there is only something to read and to click; `None` as above.
    pub fn reading(title: &'static str, callback: &'static str, private_metadata: String) -> Option<Self> {
        let frame = Self::new(title, "", callback, private_metadata)?;
        Some(Self {
            submit: None,
            ..frame
        })
    }

    pub(crate) fn around(&self, blocks: Vec<SlackBlock>) -> SlackModalView {
        SlackModalView::new(plain_text(self.title, limits::MODAL_TITLE), blocks)
            .opt_submit(self.submit.map(|label| plain_text(label, limits::MODAL_TITLE)))
            .with_close(plain_text(
                if self.submit.is_some() { "Cancel" } else { "Close" },
                limits::MODAL_TITLE,
            ))
            .with_callback_id(self.callback.into())
            .with_private_metadata(self.private_metadata.clone())
    }
}

/// One choice of a field: what is shown and what is sent back.
#[derive(Debug, Clone)]
pub struct Choice {
    label: String,
    value: String,
}

impl Choice {
    /// A choice; `value` must be at most 75 characters and is one of the program's own words.
    pub fn new(label: &str, value: &str) -> Self {
        let (label, value) = (
            limits::plain(label, limits::OPTION_TEXT),
            limits::plain(value, limits::OPTION_VALUE),
        );
        Self { label, value }
    }
}

/// How the choices of a field are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    Radio,
    Select,
    /// A channel that the person can see, public or private.
    Conversation,
    /// Any number of the choices, none included.
    Checks,
    /// Free text; whether it may be left empty.
    Text {
        is_optional: bool,
        is_long: bool,
    },
}

/// A field: with choices, of which one must be taken (the first is chosen beforehand), or for free text.
#[derive(Debug, Clone)]
pub struct Input {
    /// Block id and action id of the field: what the submission calls it.
    name: &'static str,
    label: &'static str,
    look: Look,
    choices: Vec<Choice>,
    /// What stands in a text field beforehand.
    initial: String,
    /// The values of the choices that are taken beforehand; in a select without any, the first is.
    taken: Vec<String>,
}

impl Input {
    /// Radio buttons; choices after the tenth are left out.
    pub fn radio(name: &'static str, label: &'static str, choices: impl IntoIterator<Item = Choice>) -> Self {
        let choices = choices.into_iter().take(limits::RADIO_OPTIONS).collect();
        Self {
            name,
            label,
            look: Look::Radio,
            choices,
            initial: String::new(),
            taken: Vec::new(),
        }
    }

    /// A select; choices after the hundredth are left out.
    pub fn select(
        name: &'static str,
        label: &'static str,
        choices: impl IntoIterator<Item = Choice>,
    ) -> Self {
        let choices = choices.into_iter().take(limits::SELECT_OPTIONS).collect();
        Self {
            name,
            label,
            look: Look::Select,
            choices,
            initial: String::new(),
            taken: Vec::new(),
        }
    }

    /// Boxes to tick, any number of them; those in `taken` are ticked beforehand. Boxes after the tenth are left out.
    pub fn checks(
        name: &'static str,
        label: &'static str,
        choices: impl IntoIterator<Item = Choice>,
        taken: impl IntoIterator<Item = String>,
    ) -> Self {
        Self {
            look: Look::Checks,
            taken: taken.into_iter().collect(),
            ..Self::radio(name, label, choices)
        }
    }

    /// The same with this choice taken beforehand instead of the first; nothing changes if there is no such choice.
    #[must_use]
    pub fn preset(mut self, value: &str) -> Self {
        self.taken = vec![value.to_owned()];
        self
    }

    /// A line of text that may be left empty and is filled in already.
    pub fn short(name: &'static str, label: &'static str, initial: &str) -> Self {
        let look = Look::Text {
            is_optional: true,
            is_long: false,
        };
        Self::text(name, label, look, initial)
    }

    /// A field for a line of text, that must be filled in.
    pub fn line(name: &'static str, label: &'static str, initial: &str) -> Self {
        let look = Look::Text {
            is_optional: false,
            is_long: false,
        };
        Self::text(name, label, look, initial)
    }

    /// A field for some sentences, that must be filled in.
    pub fn paragraph(name: &'static str, label: &'static str, initial: &str) -> Self {
        let look = Look::Text {
            is_optional: false,
            is_long: true,
        };
        Self::text(name, label, look, initial)
    }

    /// A field for some sentences, that may be left empty.
    pub fn remarks(name: &'static str, label: &'static str) -> Self {
        let look = Look::Text {
            is_optional: true,
            is_long: true,
        };
        Self::text(name, label, look, "")
    }

    /// A field to choose a channel in, that must be filled in; `initial` is the id that is chosen beforehand, else where
    /// the person is.
    pub fn conversation(name: &'static str, label: &'static str, initial: Option<&str>) -> Self {
        Self::text(name, label, Look::Conversation, initial.unwrap_or_default())
    }

    /// The same, with the choice `value` before the others, which is chosen beforehand then.
    #[must_use]
    pub fn chosen_first(mut self, value: &str) -> Self {
        self.choices.sort_by_key(|choice| choice.value != value);
        self
    }

    /// The same, and it may be left empty, where it is a field for text.
    #[must_use]
    pub fn optional(mut self) -> Self {
        if let Look::Text { is_optional, .. } = &mut self.look {
            *is_optional = true;
        }
        self
    }

    fn text(name: &'static str, label: &'static str, look: Look, initial: &str) -> Self {
        Self {
            name,
            label,
            look,
            choices: Vec::new(),
            taken: Vec::new(),
            initial: limits::fit(initial, limits::TEXT_INPUT).into_owned(),
        }
    }

    /// What was written in the field `name` of a submitted modal, without space around it; `None` if nothing.
    pub fn written<'a>(state: &'a SlackViewState, name: &'static str) -> Option<&'a str> {
        let field = state.values.get(&name.into())?.get(&name.into())?;
        field
            .value
            .as_deref()
            .map(str::trim)
            .filter(|text| !text.is_empty())
    }

    /// What was chosen in the field `name` of a submitted modal.
    pub fn chosen<'a>(state: &'a SlackViewState, name: &'static str) -> Option<&'a str> {
        let field = state.values.get(&name.into())?.get(&name.into())?;
        field.selected_option.as_ref().map(|option| option.value.as_str())
    }

    /// The id of the channel that was chosen in the field `name` of a submitted modal.
    pub fn chosen_conversation<'a>(state: &'a SlackViewState, name: &'static str) -> Option<&'a str> {
        let field = state.values.get(&name.into())?.get(&name.into())?;
        field
            .selected_conversation
            .as_ref()
            .map(|conversation| conversation.0.as_str())
    }

    /// The values of the boxes that were ticked in the field `name` of a submitted modal.
    pub fn ticked<'a>(state: &'a SlackViewState, name: &'static str) -> impl Iterator<Item = &'a str> {
        let field = state
            .values
            .get(&name.into())
            .and_then(|fields| fields.get(&name.into()));
        let options = field.and_then(|field| field.selected_options.as_ref());
        options.into_iter().flatten().map(|option| option.value.as_str())
    }

    pub(crate) fn text_length(&self) -> usize {
        length(self.label)
            + length(&self.initial)
            + self
                .choices
                .iter()
                .map(|choice| length(&choice.label))
                .sum::<usize>()
    }

    pub(crate) fn block(&self) -> SlackBlock {
        let element = match self.look {
            Look::Radio => self.radio_element(),
            Look::Select => self.select_element(),
            Look::Conversation => self.conversation_element(),
            Look::Checks => self.checks_element(),
            Look::Text { is_long, .. } => self.text_element(is_long),
        };
        let block = SlackInputBlock::new(plain_text(self.label, limits::INPUT_LABEL), element)
            .with_block_id(self.name.into());
        match self.look {
            Look::Checks
            | Look::Text {
                is_optional: true, ..
            } => block.with_optional(true).into(),
            Look::Text { .. } | Look::Radio | Look::Select | Look::Conversation => block.into(),
        }
    }

    fn text_element(&self, is_long: bool) -> SlackInputBlockElement {
        SlackBlockPlainTextInputElement::new()
            .with_action_id(self.name.into())
            .with_multiline(is_long)
            .with_max_length(u64::try_from(limits::TEXT_INPUT).unwrap_or(u64::MAX))
            .opt_initial_value((!self.initial.is_empty()).then(|| self.initial.clone()))
            .into()
    }

    fn conversation_element(&self) -> SlackInputBlockElement {
        let channels = vec![
            SlackConversationFilterInclude::Public,
            SlackConversationFilterInclude::Private,
        ];
        let initial = Some(self.initial.as_str()).filter(|id| !id.is_empty());
        SlackBlockConversationsSelectElement::new()
            .with_action_id(self.name.into())
            .opt_initial_conversation(initial.map(SlackConversationId::from))
            .opt_default_to_current_conversation(initial.is_none().then_some(true))
            .with_filter(SlackBlockConversationFilter::new().with_include(channels))
            .into()
    }

    fn boxes(&self) -> Vec<SlackBlockChoiceItem<SlackBlockText>> {
        self.choices
            .iter()
            .map(|choice| {
                let label = plain_text(&choice.label, limits::OPTION_TEXT);
                SlackBlockChoiceItem::new(label.into(), choice.value.clone())
            })
            .collect()
    }

    fn checks_element(&self) -> SlackInputBlockElement {
        let options = self.boxes();
        let taken: Vec<_> = options
            .iter()
            .filter(|option| self.taken.contains(&option.value))
            .cloned()
            .collect();
        SlackBlockCheckboxesElement::new(options)
            .with_action_id(self.name.into())
            // Slack refuses an empty list.
            .opt_initial_options((!taken.is_empty()).then_some(taken))
            .into()
    }

    fn radio_element(&self) -> SlackInputBlockElement {
        let options = self.boxes();
        let first = options.first().cloned();
        SlackBlockRadioButtonsElement::new(options)
            .with_action_id(self.name.into())
            .opt_initial_option(first)
            .into()
    }

    fn select_element(&self) -> SlackInputBlockElement {
        let options: Vec<SlackBlockChoiceItem<SlackBlockPlainTextOnly>> = self
            .choices
            .iter()
            .map(|choice| {
                let label = plain_text(&choice.label, limits::OPTION_TEXT);
                SlackBlockChoiceItem::new(label, choice.value.clone())
            })
            .collect();
        let preset = options.iter().find(|option| self.taken.contains(&option.value));
        let first = preset.or(options.first()).cloned();
        SlackBlockStaticSelectElement::new()
            .with_options(options)
            .with_action_id(self.name.into())
            .opt_initial_option(first)
            .into()
    }
}
