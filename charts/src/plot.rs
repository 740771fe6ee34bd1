//! Purpose: what most pictures have in common: a title, a field with lines across it, labels under and beside it, a legend.

use crate::scale::real;
use crate::svg::{Anchor, HEADING, LABEL, SMALL, Svg, TITLE};
use crate::theme::{Colour, Theme};
use crate::words::{fitted, width};

/// How wide a picture is.
pub(crate) const WIDTH: f64 = 1000.0;
/// From the edge of a card to what is on it.
pub(crate) const EDGE: f64 = 40.0;
/// The height of a title.
pub(crate) const TITLE_HEIGHT: f64 = 90.0;
/// The height of a heading.
pub(crate) const HEADING_HEIGHT: f64 = 66.0;
/// The height of the labels under a field.
pub(crate) const UNDER: f64 = 54.0;
/// As many steps as an axis of the usual height has at most.
pub(crate) const STEPS: f64 = 5.0;
/// The widest label under a field.
const WIDEST_UNDER: f64 = 200.0;
/// The widest text beside a field.
const WIDEST_BESIDE: f64 = 190.0;
/// The square before a text beside a field.
const SQUARE: f64 = 16.0;
/// From one line of text beside a field to the next.
pub(crate) const BESIDE_STEP: f64 = 29.0;
/// The height of a line of a legend.
pub(crate) const LEGEND_LINE: f64 = 42.0;

/// A card with its title, and with its heading right under that, as `heading` writes it.
pub(crate) fn card(theme: Theme, height: f64, title: &str, (text, headline): (&str, &str)) -> Svg {
    let mut svg = Svg::new(theme, WIDTH, height);
    self::title(&mut svg, title);
    heading(&mut svg, TITLE_HEIGHT + HEADING_HEIGHT - 6.0, text, headline);
    svg
}

/// Writes the title of a picture.
pub(crate) fn title(svg: &mut Svg, text: &str) {
    let text = fitted(text, TITLE, WIDTH - 2.0 * EDGE);
    svg.text((EDGE, 62.0), TITLE, Anchor::Start, Colour::Ink, &text);
}

/// Writes a heading whose lower end is at `y`, and at its right end what is to be read first.
pub(crate) fn heading(svg: &mut Svg, y: f64, text: &str, headline: &str) {
    let headline = fitted(headline, HEADING, 0.55 * (WIDTH - 2.0 * EDGE));
    let room = WIDTH - 2.0 * EDGE - width(&headline, HEADING) - 24.0;
    let text = fitted(text, LABEL + 2, room);
    svg.text((EDGE, y - 20.0), LABEL + 2, Anchor::Start, Colour::Grey, &text);
    svg.text(
        (WIDTH - EDGE, y - 20.0),
        HEADING,
        Anchor::End,
        Colour::Ink,
        &headline,
    );
}

/// A field in which values are drawn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    pub(crate) left: f64,
    pub(crate) right: f64,
    pub(crate) top: f64,
    pub(crate) bottom: f64,
}

/// What is written beside a field.
#[derive(Debug)]
pub(crate) struct Beside {
    /// Where it belongs.
    pub(crate) y: f64,
    pub(crate) text: String,
    pub(crate) colour: Colour,
    /// The colour of the square before it, which ties it to what it names.
    pub(crate) square: Option<Colour>,
}

impl Field {
    /// Where a share of the height is: 0 at the bottom, 1 at the top.
    pub(crate) fn y(&self, share: f64) -> f64 {
        self.bottom - (self.bottom - self.top) * share
    }

    /// The middle of the `number`th of `count` equal parts of the width.
    pub(crate) fn x(&self, number: usize, count: usize) -> f64 {
        self.left + (self.right - self.left) * (real(number) + 0.5) / real(count.max(1))
    }

    /// Lines across it, each with its text to the left.
    pub(crate) fn lines(&self, svg: &mut Svg, ticks: &[(f64, String)]) {
        for (share, text) in ticks {
            let y = self.y(*share);
            svg.line((self.left, y), (self.right, y), Colour::Faint, 2.0);
            svg.text(
                (self.left - 14.0, y + 9.0),
                LABEL,
                Anchor::End,
                Colour::Grey,
                text,
            );
        }
    }

    /// Labels under it, each at its `x`: as many as do not touch, the last one for certain.
    pub(crate) fn under(&self, svg: &mut Svg, labels: &[(f64, &str)]) {
        let widest = labels
            .iter()
            .map(|(_, label)| width(label, LABEL))
            .fold(0.0, f64::max);
        let widest = widest.min(WIDEST_UNDER);
        let mut free = f64::INFINITY;
        for (x, label) in labels.iter().rev() {
            let half = widest / 2.0;
            let x = x.clamp(half + 4.0, WIDTH - half - 4.0);
            if x + half > free {
                continue;
            }
            let label = fitted(label, LABEL, WIDEST_UNDER);
            svg.text(
                (x, self.bottom + 36.0),
                LABEL,
                Anchor::Middle,
                Colour::Grey,
                &label,
            );
            free = x - half - 24.0;
        }
    }

    /// Texts to the right of it, the uppermost first, moved apart where they would overlap.
    pub(crate) fn beside(&self, svg: &mut Svg, mut texts: Vec<Beside>) {
        texts.sort_by(|one, other| one.y.total_cmp(&other.y));
        let wanted: Vec<f64> = texts.iter().map(|text| text.y).collect();
        for (text, y) in texts
            .iter()
            .zip(apart(&wanted, BESIDE_STEP, (self.top, self.bottom)))
        {
            if (y - text.y).abs() > 3.0 {
                svg.line((self.right, text.y), (self.right + 12.0, y), Colour::Grey, 2.0);
            }
            let mut x = self.right + 16.0;
            if let Some(square) = text.square {
                svg.rect((x, y - 8.0), (SQUARE, SQUARE), square);
                x += SQUARE + 8.0;
            }
            let words = fitted(&text.text, SMALL, WIDTH - x - 12.0);
            svg.text((x, y + 8.0), SMALL, Anchor::Start, text.colour, &words);
        }
    }

    /// Says that there is nothing to be drawn.
    pub(crate) fn nothing(&self, svg: &mut Svg) {
        let middle = (
            self.left.midpoint(self.right),
            self.top.midpoint(self.bottom) + 9.0,
        );
        svg.text(middle, LABEL, Anchor::Middle, Colour::Grey, "no data");
    }
}

/// The room to the left of a field for the texts of its lines.
pub(crate) fn left_of<'t>(ticks: impl IntoIterator<Item = &'t (f64, String)>) -> f64 {
    let widths = ticks.into_iter().map(|(_, text)| width(text, LABEL));
    (widths.fold(0.0, f64::max) + EDGE + 14.0).clamp(EDGE + 30.0, 280.0)
}

/// The right end of a field beside which these texts are written, without squares.
pub(crate) fn right_of<'t>(texts: impl IntoIterator<Item = &'t str>) -> f64 {
    let widths = texts.into_iter().map(|text| width(text, SMALL));
    let widest = widths.fold(0.0, f64::max);
    if widest > 0.0 {
        WIDTH - widest.min(WIDEST_BESIDE) - 46.0
    } else {
        WIDTH - EDGE
    }
}

/// A legend in two columns, whose upper end is at `top`: a square of a colour, and what it means.
pub(crate) fn legend(svg: &mut Svg, top: f64, entries: &[(Colour, String)]) {
    let column = (WIDTH - 2.0 * EDGE) / 2.0;
    for (number, (colour, text)) in entries.iter().enumerate() {
        let x = EDGE + column * real(number % 2);
        let y = top + LEGEND_LINE * real(number / 2);
        svg.rect((x, y + 8.0), (26.0, 26.0), *colour);
        let text = fitted(text, LABEL, column - 60.0);
        svg.text((x + 40.0, y + 30.0), LABEL, Anchor::Start, Colour::Ink, &text);
    }
}

/// How high that legend is.
pub(crate) fn legend_height(entries: usize) -> f64 {
    LEGEND_LINE * real(entries.div_ceil(2))
}

/// Places near the wanted ones, in the same order, `step` apart. All are within `top` and `bottom` if there is room;
/// otherwise the first ones are above it.
fn apart(wanted: &[f64], step: f64, (top, bottom): (f64, f64)) -> Vec<f64> {
    let mut places: Vec<f64> = Vec::with_capacity(wanted.len());
    for y in wanted {
        let least = places.last().map_or(top, |last| last + step);
        places.push(y.max(least));
    }
    let mut most = bottom;
    for place in places.iter_mut().rev() {
        *place = place.min(most);
        most = *place - step;
    }
    places
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_stands_beside_each_other_is_apart(mut wanted in proptest::collection::vec(0.0_f64..400.0, 0..10)) {
            wanted.sort_by(f64::total_cmp);
            let places = apart(&wanted, 30.0, (0.0, 400.0));
            prop_assert!(places.windows(2).all(|pair| pair[1] - pair[0] >= 29.99), "{places:?}");
            prop_assert!(places.iter().all(|place| (0.0..=400.0).contains(place)), "{places:?}");
        }
    }

    #[test]
    fn what_has_room_stays_where_it_belongs() {
        assert_eq!(apart(&[10.0, 200.0], 30.0, (0.0, 400.0)), [10.0, 200.0]);
    }
}
