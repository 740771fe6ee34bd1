//! Purpose: Slack's limits, each with its source, and how plain text is cut to one.
//!
//! Lengths are counted in UTF-16 units: Slack does not say what it counts, and no other usual count of
//! characters is greater.

use std::borrow::Cow;

/// Blocks in one message (<https://docs.slack.dev/reference/block-kit/blocks>).
pub const MESSAGE_BLOCKS: usize = 50;
/// Blocks in one modal or Home tab (<https://docs.slack.dev/reference/views/home-tab-views>).
pub const VIEW_BLOCKS: usize = 100;
/// All text of a message's blocks together, with [`BLOCK_OVERHEAD`] for each block. Slack documents no figure;
/// about 12,000 characters "with a buffer for block containers" is what its staff says
/// (<https://github.com/slackapi/bolt-js/issues/2509>), and 11,341 has been refused
/// (<https://github.com/slackapi/bolt-js/issues/2867>), so this stays below.
pub const MESSAGE_TEXT: usize = 11_000;
/// What one block is taken to add to [`MESSAGE_TEXT`] besides its text.
pub const BLOCK_OVERHEAD: usize = 40;
/// Top-level text of a message: Slack advises to stay under 4,000
/// (<https://docs.slack.dev/reference/methods/chat.postMessage>).
pub const FALLBACK_TEXT: usize = 3_900;
/// Text of a section (<https://docs.slack.dev/reference/block-kit/blocks/section-block>).
pub const SECTION_TEXT: usize = 3_000;
/// Fields of a section (same page).
pub const SECTION_FIELDS: usize = 10;
/// Text of one field (same page).
pub const FIELD_TEXT: usize = 2_000;
/// Text of a header (slack-sdk for Python, `models/blocks/blocks.py`).
pub const HEADER_TEXT: usize = 150;
/// Text of one context element: not documented on its own; the limit of any text object
/// (<https://docs.slack.dev/reference/block-kit/composition-objects/text-object>).
pub const CONTEXT_TEXT: usize = 3_000;
/// Elements of an actions block (slack-sdk for Python, `models/blocks/blocks.py`).
pub const ACTIONS_ELEMENTS: usize = 25;
/// `block_id` and `action_id` (same source).
pub const ID: usize = 255;
/// Text of a button (<https://docs.slack.dev/reference/block-kit/block-elements/button-element>).
pub const BUTTON_TEXT: usize = 75;
/// Value of a button (same page).
pub const BUTTON_VALUE: usize = 2_000;
/// Address of a button or menu entry (same page).
pub const URL: usize = 3_000;
/// What a screen reader says for a button (same page).
pub const ACCESSIBILITY_LABEL: usize = 75;
/// Entries of an overflow menu (slack-sdk for Python and Java).
pub const OVERFLOW_OPTIONS: usize = 5;
/// Text of an option (slack-sdk for Python, `models/blocks/basic_components.py`).
pub const OPTION_TEXT: usize = 75;
/// Value of an option: 150 says Python's slack-sdk, 75 Java's.
pub const OPTION_VALUE: usize = 75;
/// Options of a group of radio buttons (slack-sdk for Python).
pub const RADIO_OPTIONS: usize = 10;
/// Options of a select (slack-sdk for Python).
pub const SELECT_OPTIONS: usize = 100;
/// Label and hint of an input (slack-sdk for Python).
pub const INPUT_LABEL: usize = 2_000;
/// What may be typed into a text field (slack-sdk for Python: 3,000), kept to what a card can show.
pub const TEXT_INPUT: usize = 1_000;
/// Title, submit and close of a modal (<https://docs.slack.dev/reference/views/modal-views>).
pub const MODAL_TITLE: usize = 24;
/// `private_metadata` of a view (<https://docs.slack.dev/reference/views/home-tab-views>).
pub const PRIVATE_METADATA: usize = 3_000;

/// The length of `text` as it is held against a limit, in UTF-16 units.
pub fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

/// `text`, cut to at most `max` units with an ellipsis at the end if it is longer. For plain text only: text
/// with markup is cut by [`crate::mrkdwn::Mrkdwn::render`].
pub fn fit(text: &str, max: usize) -> Cow<'_, str> {
    // Looks no further than the limit: titles may be books.
    let (mut used, mut kept) = (0, 0);
    for (start, c) in text.char_indices() {
        used += c.len_utf16();
        if used > max {
            // A joiner at the cut would tie the ellipsis to the half of an emoji.
            let head = text[..kept].trim_end_matches(['\u{200d}', ' ']);
            return Cow::Owned(if max == 0 {
                String::new()
            } else {
                format!("{head}…")
            });
        }
        if used < max {
            kept = start + c.len_utf8();
        }
    }
    Cow::Borrowed(text)
}

/// One line of plain text of at most `max` units, never empty: what Slack's `plain_text` objects need.
pub fn plain(text: &str, max: usize) -> String {
    let clean = clean(text);
    if clean.is_empty() {
        return "–".to_owned();
    }
    fit(&clean, max).into_owned()
}

/// `text` on one line, without what cannot be seen or would turn the line around: control characters become
/// spaces, direction overrides and zero-width spaces go.
pub fn clean(text: &str) -> String {
    let shown = text.chars().filter(|c| !is_invisible(*c)).map(|c| {
        if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') {
            ' '
        } else {
            c
        }
    });
    shown.collect::<String>().trim().to_owned()
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn cut_text_is_within_the_limit_and_says_so(text in any::<String>(), max in 0_usize..80) {
            let cut = fit(&text, max);
            prop_assert!(length(&cut) <= max);
            if length(&text) <= max {
                prop_assert_eq!(&*cut, &text);
            } else if max > 0 {
                prop_assert!(cut.ends_with('…'));
            }
        }

        #[test]
        fn plain_text_is_one_line_and_never_empty(text in any::<String>(), max in 1_usize..80) {
            let line = plain(&text, max);
            prop_assert!(!line.is_empty() && length(&line) <= max);
            prop_assert!(!line.contains('\n'));
        }
    }

    #[test]
    fn a_title_cannot_turn_the_line_around() {
        assert_eq!(clean("fix\u{202e}gpj.exe\nsecond"), "fixgpj.exe second");
    }
}
