//! Purpose: the one way to build a message, a Home tab or a modal, so that every limit of Slack is kept by it.
//!
//! A [`Layout`] takes blocks in the order they are shown and ends as one of the three surfaces. Text that is too
//! long is cut with an ellipsis. Blocks that do not fit are left out from the end, before the foot, and a line
//! says how many. Block ids are made here: they are unique, they change whenever anything in the message
//! changes (Slack asks for that), and they carry the row's subject, so that a click says what it was on.

use std::hash::{DefaultHasher, Hash, Hasher};

use slack_morphism::prelude::*;

use crate::element::{Button, Menu, plain_text};
use crate::limits::{self, length, plain};
use crate::modal::{Frame, Input};
use crate::mrkdwn::{Mrkdwn, escape, join};

/// Text with markup. `verbatim` keeps Slack from making links and mentions out of plain words.
fn marked_up(text: String) -> SlackBlockMarkDownText {
    SlackBlockMarkDownText::new(text).with_verbatim(true)
}

/// What stands beside a paragraph.
#[derive(Debug, Clone)]
pub enum Beside {
    /// A menu.
    Menu(Menu),
    /// A button.
    Button(Button),
}

impl From<Menu> for Beside {
    fn from(menu: Menu) -> Self {
        Self::Menu(menu)
    }
}

impl From<Button> for Beside {
    fn from(button: Button) -> Self {
        Self::Button(button)
    }
}

impl Beside {
    fn text_length(&self) -> usize {
        match self {
            Self::Menu(menu) => menu.text_length(),
            Self::Button(button) => button.text_length(),
        }
    }

    fn element(&self) -> SlackSectionBlockElement {
        match self {
            Self::Menu(menu) => menu.element().into(),
            Self::Button(button) => button.element().into(),
        }
    }
}

/// One block before it has an id. Texts are within their limits already.
#[derive(Debug, Clone)]
enum Draft {
    Header(String),
    Section(String, Option<Beside>),
    Fields(Vec<String>),
    Context(String),
    Divider,
    Actions(Vec<Button>),
    Input(Input),
}

impl Draft {
    /// What it adds to the text of the whole message.
    fn cost(&self) -> usize {
        let text = match self {
            Self::Header(text) | Self::Context(text) => length(text),
            Self::Section(text, beside) => length(text) + beside.as_ref().map_or(0, Beside::text_length),
            Self::Fields(fields) => fields.iter().map(|field| length(field)).sum(),
            Self::Divider => 0,
            Self::Actions(buttons) => buttons.iter().map(Button::text_length).sum(),
            Self::Input(input) => input.text_length(),
        };
        text + limits::BLOCK_OVERHEAD
    }

    fn subject(&self) -> &str {
        match self {
            Self::Section(_, Some(Beside::Menu(menu))) => menu.subject(),
            Self::Section(_, Some(Beside::Button(_)) | None)
            | Self::Header(_)
            | Self::Fields(_)
            | Self::Context(_)
            | Self::Divider
            | Self::Actions(_)
            | Self::Input(_) => "",
        }
    }

    fn block(&self, id: SlackBlockId) -> SlackBlock {
        match self {
            Self::Header(text) => SlackHeaderBlock::new(plain_text(text, limits::HEADER_TEXT))
                .with_block_id(id)
                .into(),
            Self::Section(text, beside) => SlackSectionBlock::new()
                .with_block_id(id)
                .with_text(marked_up(text.clone()).into())
                .opt_accessory(beside.as_ref().map(Beside::element))
                .into(),
            Self::Fields(fields) => SlackSectionBlock::new()
                .with_block_id(id)
                .with_fields(
                    fields
                        .iter()
                        .map(|field| marked_up(field.clone()).into())
                        .collect(),
                )
                .into(),
            Self::Context(text) => SlackContextBlock::new(vec![marked_up(text.clone()).into()])
                .with_block_id(id)
                .into(),
            Self::Divider => SlackDividerBlock::new().with_block_id(id).into(),
            Self::Actions(buttons) => {
                SlackActionsBlock::new(buttons.iter().map(|button| button.element().into()).collect())
                    .with_block_id(id)
                    .into()
            }
            Self::Input(input) => input.block(),
        }
    }
}

/// A message, Home tab or modal in the making.
#[derive(Debug, Clone, Default)]
pub struct Layout {
    body: Vec<Draft>,
    foot: Vec<Draft>,
}

impl Layout {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// A heading, as plain text.
    pub fn header(&mut self, text: &str) -> &mut Self {
        self.push(Draft::Header(plain(text, limits::HEADER_TEXT)))
    }

    /// A paragraph; nothing if it is empty.
    pub fn section(&mut self, text: &Mrkdwn) -> &mut Self {
        self.text_block(text, limits::SECTION_TEXT, |text| Draft::Section(text, None))
    }

    /// A paragraph with a menu beside it.
    pub fn section_with_menu(&mut self, text: &Mrkdwn, menu: Menu) -> &mut Self {
        let beside = Some(menu).filter(Menu::fits).map(Beside::Menu);
        self.text_block(text, limits::SECTION_TEXT, |text| Draft::Section(text, beside))
    }

    /// A paragraph with a button beside it; without it if its value does not fit.
    pub fn section_with_button(&mut self, text: &Mrkdwn, button: Button) -> &mut Self {
        let beside = Some(button).filter(Button::fits).map(Beside::Button);
        self.text_block(text, limits::SECTION_TEXT, |text| Draft::Section(text, beside))
    }

    /// Short texts in two columns; those after the tenth are left out.
    pub fn fields(&mut self, fields: &[Mrkdwn]) -> &mut Self {
        let texts: Vec<String> = fields
            .iter()
            .filter(|field| !field.is_empty())
            .take(limits::SECTION_FIELDS)
            .map(|field| field.render(limits::FIELD_TEXT))
            .collect();
        if texts.is_empty() {
            self
        } else {
            self.push(Draft::Fields(texts))
        }
    }

    /// A small grey line; nothing if it is empty.
    pub fn context(&mut self, text: &Mrkdwn) -> &mut Self {
        self.text_block(text, limits::CONTEXT_TEXT, Draft::Context)
    }

    /// A line across.
    pub fn divider(&mut self) -> &mut Self {
        self.push(Draft::Divider)
    }

    /// A row of buttons; one whose value does not fit is left out.
    pub fn actions(&mut self, buttons: impl IntoIterator<Item = Button>) -> &mut Self {
        let buttons: Vec<Button> = buttons
            .into_iter()
            .filter(Button::fits)
            .take(limits::ACTIONS_ELEMENTS)
            .collect();
        if buttons.is_empty() {
            self
        } else {
            self.push(Draft::Actions(buttons))
        }
    }

    /// Lines packed into as few paragraphs as they fit in.
    pub fn lines(&mut self, lines: impl IntoIterator<Item = Mrkdwn>) -> &mut Self {
        let (mut packed, mut used): (Vec<Mrkdwn>, usize) = (Vec::new(), 0);
        for line in lines {
            let needed = line.length() + 1;
            if used + needed > limits::SECTION_TEXT {
                self.section(&join(std::mem::take(&mut packed), "\n"));
                used = 0;
            }
            used += needed;
            packed.push(line);
        }
        self.section(&join(packed, "\n"))
    }

    /// One field of a modal.
    pub fn input(&mut self, input: Input) -> &mut Self {
        self.push(Draft::Input(input))
    }

    /// A small grey line at the very end, kept when other blocks do not fit.
    pub fn foot(&mut self, text: &Mrkdwn) -> &mut Self {
        if !text.is_empty() {
            self.foot.push(Draft::Context(text.render(1_000)));
        }
        self
    }

    /// Buttons at the very end, kept when other blocks do not fit.
    pub fn foot_actions(&mut self, buttons: impl IntoIterator<Item = Button>) -> &mut Self {
        let buttons: Vec<Button> = buttons.into_iter().filter(Button::fits).take(5).collect();
        if !buttons.is_empty() {
            self.foot.push(Draft::Actions(buttons));
        }
        self
    }

    /// A message. `fallback` is what notifications show and screen readers read: it must say it all in short.
    pub fn into_message(mut self, fallback: &Mrkdwn) -> SlackMessageContent {
        let text = fallback.without_style().render(limits::FALLBACK_TEXT);
        let text = if text.is_empty() {
            "Nothing to show.".to_owned()
        } else {
            text
        };
        if self.body.is_empty() && self.foot.is_empty() {
            self.push(Draft::Section("Nothing to show.".to_owned(), None));
        }
        SlackMessageContent::new()
            .with_text(text)
            .with_blocks(self.seal(limits::MESSAGE_BLOCKS))
    }

    /// A Home tab.
    pub fn into_home(self) -> SlackView {
        SlackView::Home(SlackHomeView::new(self.seal(limits::VIEW_BLOCKS)))
    }

    /// A modal.
    pub fn into_modal(self, frame: &Frame) -> SlackView {
        SlackView::Modal(frame.around(self.seal(limits::VIEW_BLOCKS)))
    }

    /// What is used up so far of [`limits::MESSAGE_TEXT`].
    pub fn spent(&self) -> usize {
        self.body.iter().chain(&self.foot).map(Draft::cost).sum()
    }

    /// Adds all of `other` at the end.
    pub fn append(&mut self, other: Self) -> &mut Self {
        self.body.extend(other.body);
        self.foot.extend(other.foot);
        self
    }

    fn push(&mut self, draft: Draft) -> &mut Self {
        self.body.push(draft);
        self
    }

    fn text_block(&mut self, text: &Mrkdwn, max: usize, draft: impl FnOnce(String) -> Draft) -> &mut Self {
        if text.is_empty() {
            self
        } else {
            self.push(draft(text.render(max)))
        }
    }

    fn seal(self, max_blocks: usize) -> Vec<SlackBlock> {
        let drafts = self.fitting(max_blocks);
        let mut hasher = DefaultHasher::new();
        for draft in &drafts {
            // Debug shows every field, so any change of anything shown changes every id.
            format!("{draft:?}").hash(&mut hasher);
        }
        let revision = hasher.finish();
        let id = |index: usize, draft: &Draft| format!("{index}:{revision:x}:{}", draft.subject());
        drafts
            .iter()
            .enumerate()
            .map(|(index, draft)| draft.block(id(index, draft).into()))
            .collect()
    }

    /// The blocks that fit, in order; what does not is counted in a line of its own.
    fn fitting(self, max_blocks: usize) -> Vec<Draft> {
        let cost = |drafts: &[Draft]| drafts.iter().map(Draft::cost).sum::<usize>();
        let whole = self.body.len() + self.foot.len();
        if whole <= max_blocks && cost(&self.body) + cost(&self.foot) <= limits::MESSAGE_TEXT {
            return self.body.into_iter().chain(self.foot).collect();
        }
        let blocks = max_blocks.saturating_sub(self.foot.len() + 1);
        let mut room = limits::MESSAGE_TEXT.saturating_sub(cost(&self.foot) + 100);
        let in_all = self.body.len();
        let mut kept: Vec<Draft> = Vec::new();
        for draft in self.body.into_iter().take(blocks) {
            let Some(left) = room.checked_sub(draft.cost()) else {
                break;
            };
            room = left;
            kept.push(draft);
        }
        let left_out = escape(&format!(
            "… and {} more parts that do not fit in one message.",
            in_all - kept.len()
        ));
        kept.push(Draft::Context(left_out.render(100)));
        kept.extend(self.foot);
        kept
    }
}
