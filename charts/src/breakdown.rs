//! Purpose: the picture of what a duration consists of: overall as one bar with its shares, and week by week as stacked bars.

use crate::measure::Measure;
use crate::plot::{
    EDGE, Field, HEADING_HEIGHT, STEPS, TITLE_HEIGHT, UNDER, WIDTH, card, heading, left_of, legend,
    legend_height,
};
use crate::png::{self, ChartError};
use crate::scale::{Axis, drawable, real};
use crate::svg::{Anchor, LABEL, Rectangle, SMALL, Svg};
use crate::theme::{Colour, Theme};
use crate::words::{fitted, width};

/// How many parts there are.
pub const PARTS: usize = 5;

/// How much each part took, in the order of their names. A part that is no number counts as nothing.
pub type Parts = [f64; PARTS];

/// One week.
#[derive(Debug, Clone, PartialEq)]
pub struct BreakdownWeek {
    /// The week, as it is written under its bar.
    pub label: String,
    /// Its parts; `None` where nothing was finished, which is drawn as a gap.
    pub parts: Option<Parts>,
    /// The week is not over: its bar is pale.
    pub is_partial: bool,
}

/// What is drawn.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BreakdownPicture {
    /// What it is about.
    pub title: String,
    /// What the parts are of, such as "Lead time for changes".
    pub heading: String,
    /// What is to be read first, such as the whole; it may be empty.
    pub headline: String,
    /// The names of the parts, the first one in time first.
    pub names: [String; PARTS],
    /// What the values are.
    pub measure: Measure,
    /// The parts over all weeks, if there were any.
    pub overall: Option<Parts>,
    /// The weeks, the oldest first.
    pub weeks: Vec<BreakdownWeek>,
}

/// The height of the bar over all weeks, and of the field of the weeks.
const OVERALL: f64 = 64.0;
const FIELD: f64 = 340.0;
/// Bars that stand apart from each other.
const MOST_APART: usize = 110;
/// Between the parts of a bar.
const GAP: f64 = 2.0;

/// Draws it.
///
/// # Errors
/// It cannot be drawn; see [`ChartError`].
pub fn breakdown(picture: &BreakdownPicture, theme: Theme) -> Result<Vec<u8>, ChartError> {
    png::draw(&svg(picture, theme))
}

fn svg(picture: &BreakdownPicture, theme: Theme) -> String {
    let entries = entries(picture);
    let has_partial = picture
        .weeks
        .iter()
        .any(|week| week.is_partial && week.parts.is_some());
    let bar = if picture.overall.is_some() {
        OVERALL + 14.0
    } else {
        0.0
    };
    let field_top =
        TITLE_HEIGHT + HEADING_HEIGHT + bar + legend_height(entries.len()) + HEADING_HEIGHT + 22.0;
    let headings = (picture.heading.as_str(), picture.headline.as_str());
    let mut svg = card(theme, field_top + FIELD + UNDER + 12.0, &picture.title, headings);
    let mut y = TITLE_HEIGHT + HEADING_HEIGHT;
    if let Some(parts) = &picture.overall {
        overall(&mut svg, y, parts);
        y += bar;
    }
    legend(&mut svg, y, &entries);
    let note = if has_partial {
        "week by week (pale: not over)"
    } else {
        "week by week"
    };
    heading(&mut svg, field_top - 6.0, note, "");
    weeks(&mut svg, field_top, picture);
    svg.finish()
}

/// Values that can be drawn; their sum can be too.
fn drawn(parts: &Parts) -> Parts {
    parts.map(|part| drawable(part).unwrap_or(0.0))
}

fn sum(parts: &Parts) -> f64 {
    drawn(parts).iter().sum()
}

fn entries(picture: &BreakdownPicture) -> Vec<(Colour, String)> {
    let overall = picture.overall.as_ref().map(drawn);
    let named = picture.names.iter().enumerate().map(|(number, name)| {
        let value = overall.and_then(|parts| parts.get(number).copied());
        // The value comes first in importance: a long name gives way to it.
        let value = value.map_or(String::new(), |value| format!(" {}", picture.measure.text(value)));
        let room = (WIDTH - 2.0 * EDGE) / 2.0 - 70.0 - width(&value, LABEL);
        (
            Colour::Part(number),
            format!("{}{value}", fitted(name, LABEL, room)),
        )
    });
    named.collect()
}

/// One bar as wide as the picture, with the share of each part that has room for it.
fn overall(svg: &mut Svg, top: f64, parts: &Parts) {
    let (values, sum) = (drawn(parts), sum(parts));
    if sum <= 0.0 {
        svg.rect((EDGE, top), (WIDTH - 2.0 * EDGE, OVERALL), Colour::Faint);
        return;
    }
    let mut x = EDGE;
    for (number, value) in values.into_iter().enumerate() {
        let share = value / sum;
        let wide = (WIDTH - 2.0 * EDGE) * share;
        svg.rect((x, top), (wide - GAP, OVERALL), Colour::Part(number));
        let text = format!("{:.0} %", 100.0 * share);
        if width(&text, LABEL) + 12.0 <= wide {
            let at = (x + (wide - GAP) / 2.0, top + OVERALL / 2.0 + 9.0);
            svg.text(at, LABEL, Anchor::Middle, Colour::OnPart(number), &text);
        }
        x += wide;
    }
}

fn weeks(svg: &mut Svg, top: f64, picture: &BreakdownPicture) {
    let sums = picture
        .weeks
        .iter()
        .filter_map(|week| week.parts.as_ref())
        .map(sum);
    let axis = picture.measure.axis(sums.fold(0.0, f64::max), STEPS);
    let ticks: Vec<(f64, String)> = axis
        .ticks()
        .map(|tick| (axis.share(tick), picture.measure.text(tick)))
        .collect();
    let field = Field {
        left: left_of(&ticks),
        right: WIDTH - EDGE,
        top,
        bottom: top + FIELD,
    };
    field.lines(svg, &ticks);
    if picture.weeks.iter().all(|week| week.parts.is_none()) {
        field.nothing(svg);
    }
    bars(svg, &field, axis, &picture.weeks);
    totals(svg, &field, axis, picture);
    let count = picture.weeks.len();
    let labels = picture.weeks.iter().enumerate();
    let labels = labels.map(|(number, week)| (field.x(number, count), week.label.as_str()));
    field.under(svg, &labels.collect::<Vec<_>>());
}

/// A bar for each week, the first part at the bottom; those of weeks that are not over are pale.
fn bars(svg: &mut Svg, field: &Field, axis: Axis, weeks: &[BreakdownWeek]) {
    // Between very many there is no room for gaps.
    let share = if weeks.len() > MOST_APART { 1.0 } else { 0.72 };
    let wide = (share * (field.right - field.left) / real(weeks.len().max(1))).min(120.0);
    for (is_partial, opacity) in [(false, 1.0), (true, 0.5)] {
        let mut boxes: [Vec<Rectangle>; PARTS] = Default::default();
        for (number, week) in weeks
            .iter()
            .enumerate()
            .filter(|(_, week)| week.is_partial == is_partial)
        {
            let left = field.x(number, weeks.len()) - wide / 2.0;
            let mut below = 0.0;
            for (part, boxes) in week.parts.iter().flat_map(drawn).zip(&mut boxes) {
                let (lower, upper) = (field.y(axis.share(below)), field.y(axis.share(below + part)));
                // A gap only where it leaves something of the part.
                let gap = if lower - upper > 3.0 * GAP { GAP } else { 0.0 };
                boxes.push(((left, upper), (wide, lower - upper - gap)));
                below += part;
            }
        }
        // Lines of the field do not shine through what is pale.
        if is_partial {
            svg.boxes(&boxes.concat(), Colour::Card, 1.0);
        }
        for (number, boxes) in boxes.iter().enumerate() {
            svg.boxes(boxes, Colour::Part(number), opacity);
        }
    }
}

/// The sum over each bar, if there is room for all of them.
fn totals(svg: &mut Svg, field: &Field, axis: Axis, picture: &BreakdownPicture) {
    let count = picture.weeks.len();
    let texts: Vec<Option<(f64, String)>> = picture
        .weeks
        .iter()
        .map(|week| {
            week.parts
                .as_ref()
                .map(sum)
                .map(|sum| (sum, picture.measure.text(sum)))
        })
        .collect();
    let widest = texts
        .iter()
        .flatten()
        .map(|(_, text)| width(text, SMALL))
        .fold(0.0, f64::max);
    if widest + 4.0 > (field.right - field.left) / real(count.max(1)) {
        return;
    }
    for (number, text) in texts.iter().enumerate() {
        if let Some((sum, text)) = text {
            let at = (field.x(number, count), field.y(axis.share(*sum)) - 8.0);
            svg.text(at, SMALL, Anchor::Middle, Colour::Ink, text);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::png::tests::size;

    fn week(parts: Option<Parts>) -> BreakdownWeek {
        BreakdownWeek {
            label: "5 Jan".to_owned(),
            parts,
            is_partial: false,
        }
    }

    fn picture(overall: Option<Parts>, weeks: Vec<BreakdownWeek>) -> BreakdownPicture {
        BreakdownPicture {
            names: ["coding", "pickup", "review", "merge", "deploy"].map(str::to_owned),
            overall,
            weeks,
            ..BreakdownPicture::default()
        }
    }

    fn drawn(overall: Option<Parts>, weeks: Vec<BreakdownWeek>) -> String {
        svg(&picture(overall, weeks), Theme::Light)
    }

    #[test]
    fn the_bar_over_all_weeks_tells_shares_and_the_legend_values() {
        let text = drawn(Some([5.0, 1.0, 3.0, 0.5, 0.5]), Vec::new());
        for said in ["50 %", "10 %", "30 %", "coding 5", "review 3", "deploy 0.5"] {
            assert!(text.contains(&format!(">{said}<")), "{said}: {text}");
        }
        assert!(!text.contains(">5 %<"), "it has no room");
        assert!(text.contains("no data"));
    }

    #[test]
    fn a_bar_is_as_high_as_its_parts_together() {
        let text = drawn(None, vec![week(Some([1.0, 1.0, 1.0, 1.0, f64::NAN])), week(None)]);

        let boxes = text
            .split("h120.0v")
            .skip(1)
            .filter_map(|rest| rest.split('h').next()?.parse().ok());
        let heights: Vec<f64> = boxes.filter(|height| *height > 0.0).collect();
        assert_eq!(heights.len(), 4, "{text}");
        let whole = heights.iter().sum::<f64>() + 4.0 * GAP;
        assert!((whole - FIELD).abs() < 1.0, "{whole}");
        assert_eq!(text.matches(">4<").count(), 2, "the axis and the sum");
    }

    #[test]
    fn many_weeks_have_no_sums_that_would_overlap() {
        let text = drawn(None, vec![week(Some([100.0, 111.0, 0.0, 0.0, 0.0])); 520]);
        assert!(!text.contains(">211<"));
        assert!(text.matches("5 Jan").count() < 12);
    }

    fn any_picture() -> impl Strategy<Value = BreakdownPicture> {
        let week = (any::<String>(), any::<Option<Parts>>(), any::<bool>());
        let week = week.prop_map(|(label, parts, is_partial)| BreakdownWeek {
            label,
            parts,
            is_partial,
        });
        let words = any::<[String; 3]>();
        let measure = prop_oneof![Just(Measure::Hours), any::<String>().prop_map(Measure::Number)];
        let weeks = proptest::collection::vec(week, 0..40);
        (
            words,
            any::<[String; PARTS]>(),
            measure,
            any::<Option<Parts>>(),
            weeks,
        )
            .prop_map(|([title, heading, headline], names, measure, overall, weeks)| {
                BreakdownPicture {
                    title,
                    heading,
                    headline,
                    names,
                    measure,
                    overall,
                    weeks,
                }
            })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn only_numbers_reach_the_picture(picture in any_picture()) {
            crate::svg::tests::holds_only_numbers(&svg(&picture, Theme::Dark))?;
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4))]

        #[test]
        fn any_parts_give_a_picture(picture in any_picture()) {
            prop_assert_eq!(size(&breakdown(&picture, Theme::Light).unwrap()).0, 1000);
        }
    }
}
