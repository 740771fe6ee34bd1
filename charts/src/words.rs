//! Purpose: how wide words are, so that they neither touch each other nor run over the edge.

use std::collections::HashMap;
use std::sync::LazyLock;

use skrifa::instance::{LocationRef, Size};
use skrifa::{FontRef, MetadataProvider as _};

use crate::png::FONT;

/// How far each letter of the font moves what follows, as a share of its size. Empty only if the file in this crate were
/// broken, which a test would tell.
static ADVANCES: LazyLock<HashMap<char, f64>> = LazyLock::new(|| {
    let Ok(font) = FontRef::new(FONT) else {
        return HashMap::new();
    };
    let metrics = font.glyph_metrics(Size::new(1.0), LocationRef::default());
    let letters = font.charmap().mappings();
    let advance = |(code, glyph)| Some((char::from_u32(code)?, f64::from(metrics.advance_width(glyph)?)));
    letters.filter_map(advance).collect()
});

/// The longest text that is looked at: none this long fits anywhere, and what is cut off need not be measured.
const MOST_CHARS: usize = 200;

/// How wide a text is in letters of this size, in units of the picture.
pub(crate) fn width(text: &str, size: u32) -> f64 {
    text.chars().map(|c| advance(c).unwrap_or(0.0)).sum::<f64>() * f64::from(size)
}

/// The text as it fits into `room`, with `…` for what was cut off. Letters that the font does not have are left out; if
/// nothing remains of a text, `…` says that there was one.
pub(crate) fn fitted(text: &str, size: u32, room: f64) -> String {
    let drawn: String = text
        .chars()
        .take(MOST_CHARS)
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(|c| advance(*c).is_some())
        .collect();
    let drawn = drawn.trim();
    if drawn.is_empty() {
        return if text.trim().is_empty() { "" } else { "…" }.to_owned();
    }
    if width(drawn, size) <= room {
        return drawn.to_owned();
    }
    let mut left = room - width("…", size);
    let kept: String = drawn
        .chars()
        .take_while(|c| {
            left -= advance(*c).unwrap_or(0.0) * f64::from(size);
            left >= 0.0
        })
        .collect();
    format!("{}…", kept.trim_end())
}

/// How far a letter moves what follows, as a share of its size; `None` if the font does not have it.
fn advance(c: char) -> Option<f64> {
    ADVANCES.get(&c).copied()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn wider_letters_are_wider() {
        assert!(width("i", 26) > 5.0);
        assert!(width("W", 26) > 2.0 * width("i", 26));
        assert!((width("WW", 13) - width("W", 26)).abs() < 0.01);
    }

    #[test]
    fn what_the_font_does_not_have_is_left_out() {
        assert_eq!(fitted("🚀 to\nship", 26, 500.0), "to ship");
        assert_eq!(fitted("שלום\u{202e}", 26, 500.0), "…");
        assert_eq!(fitted("  ", 26, 500.0), "");
    }

    proptest! {
        #[test]
        fn a_text_fits_where_it_was_made_to(text in any::<String>(), room in 30.0_f64..600.0) {
            prop_assert!(width(&fitted(&text, 26, room), 26) <= room + 0.01);
        }
    }
}
