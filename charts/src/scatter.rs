//! Purpose: the picture of single durations over time, with lines under which so many of them stay. Of very many points those
//! that would cover each other are drawn as one darker point; none that stands alone is lost.

use std::collections::BTreeMap;

use crate::measure::Measure;
use crate::plot::{Beside, Field, HEADING_HEIGHT, STEPS, TITLE_HEIGHT, UNDER, card, left_of, right_of};
use crate::png::{self, ChartError};
use crate::scale::{Axis, LogAxis, drawable};
use crate::svg::Svg;
use crate::theme::{Colour, Theme};

/// One thing that took some time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScatterPoint {
    /// When, on any clock that counts up evenly, such as days.
    pub at: f64,
    /// How long, from 0 up.
    pub value: f64,
}

/// A moment that is written under the axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Moment {
    /// When, on the clock of the points.
    pub at: f64,
    /// How it is written.
    pub label: String,
}

/// A line across the picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Level {
    /// What it is, such as `p85`; its value is written behind it.
    pub label: String,
    /// Where it is.
    pub value: f64,
}

/// What is drawn.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ScatterPicture {
    /// What it is about.
    pub title: String,
    /// What one point is, such as "Lead time of each change".
    pub heading: String,
    /// What is to be read first; it may be empty.
    pub headline: String,
    /// What the values are.
    pub measure: Measure,
    /// The points, in any order.
    pub points: Vec<ScatterPoint>,
    /// Moments under the axis, the earliest first.
    pub moments: Vec<Moment>,
    /// Lines across, such as percentiles.
    pub levels: Vec<Level>,
}

/// The height of the field.
const FIELD: f64 = 460.0;
/// Where the greatest value is more than so many times the middle one, each step of the axis is some times the one before:
/// otherwise the greater half of the points would lie on the ground.
const SPREAD: f64 = 15.0;
/// What is smaller than the middle value by more than this is drawn at the lower end of such an axis.
const DEEPEST: f64 = 1e4;

/// Draws it. Points that are no numbers are left out.
///
/// # Errors
/// It cannot be drawn; see [`ChartError`].
pub fn scatter(picture: &ScatterPicture, theme: Theme) -> Result<Vec<u8>, ChartError> {
    png::draw(&svg(picture, theme))
}

fn svg(picture: &ScatterPicture, theme: Theme) -> String {
    let points: Vec<(f64, f64)> = picture.points.iter().filter_map(place).collect();
    let levels: Vec<(f64, String)> = picture
        .levels
        .iter()
        .filter_map(|level| named(level, &picture.measure))
        .collect();
    let greatest = levels.iter().map(|(value, _)| *value).fold(0.0, f64::max);
    let scale = Scale::new(&points, greatest, &picture.measure);
    let ticks = scale.lines(&picture.measure);
    let top = TITLE_HEIGHT + HEADING_HEIGHT;
    let field = Field {
        left: left_of(&ticks),
        right: right_of(levels.iter().map(|(_, text)| text.as_str())),
        top,
        bottom: top + FIELD,
    };
    let heading = format!("{}{}", picture.heading, scale.note());
    let headings = (heading.as_str(), picture.headline.as_str());
    let mut svg = card(theme, field.bottom + UNDER + 12.0, &picture.title, headings);
    field.lines(&mut svg, &ticks);
    let time = Span::of(&points, &picture.moments);
    let x = |at: f64| field.left + (field.right - field.left) * time.share(at);
    let places: Vec<(f64, f64)> = points
        .iter()
        .map(|(at, value)| (x(*at), field.y(scale.share(*value))))
        .collect();
    dots(&mut svg, &places);
    if points.is_empty() {
        field.nothing(&mut svg);
    }
    across(&mut svg, &field, levels, |value| field.y(scale.share(value)));
    let moments = picture.moments.iter().filter(|moment| moment.at.is_finite());
    let labels: Vec<(f64, &str)> = moments
        .map(|moment| (x(moment.at), moment.label.as_str()))
        .collect();
    field.under(&mut svg, &labels);
    svg.finish()
}

fn place(point: &ScatterPoint) -> Option<(f64, f64)> {
    Some((point.at.is_finite().then_some(point.at)?, drawable(point.value)?))
}

/// A level with its text; `None` if it is no number.
fn named(level: &Level, measure: &Measure) -> Option<(f64, String)> {
    let value = drawable(level.value)?;
    Some((value, format!("{} {}", level.label, measure.text(value))))
}

/// Lines across the field, each with its text beside it.
fn across(svg: &mut Svg, field: &Field, levels: Vec<(f64, String)>, y: impl Fn(f64) -> f64) {
    let beside = levels.into_iter().map(|(value, text)| {
        let y = y(value);
        svg.dashes((field.left, y), (field.right, y), Colour::Orange, 3.0);
        Beside {
            y,
            text,
            colour: Colour::Orange,
            square: None,
        }
    });
    let beside = beside.collect();
    field.beside(svg, beside);
}

/// How values become heights.
enum Scale {
    Even(Axis),
    Powers(LogAxis),
}

impl Scale {
    /// A scale that holds all points and `greatest`.
    fn new(points: &[(f64, f64)], greatest: f64, measure: &Measure) -> Self {
        let mut values: Vec<f64> = points
            .iter()
            .map(|(_, value)| *value)
            .filter(|value| *value > 0.0)
            .collect();
        values.sort_by(f64::total_cmp);
        let greatest = values.last().copied().unwrap_or(0.0).max(greatest);
        match (values.first(), values.get(values.len() / 2)) {
            (Some(least), Some(middle)) if greatest > SPREAD * middle => {
                let least = least.max(middle / DEEPEST);
                Self::Powers(LogAxis::between(least, greatest, &measure.powers()))
            }
            _ => Self::Even(measure.axis(greatest, STEPS)),
        }
    }

    /// What is said of it behind the heading.
    fn note(&self) -> &'static str {
        match self {
            Self::Even(_) => "",
            Self::Powers(_) => " (log scale)",
        }
    }

    /// The lines across the field: where each is, and its text.
    fn lines(&self, measure: &Measure) -> Vec<(f64, String)> {
        let line = |tick: f64| (self.share(tick), measure.text(tick));
        match self {
            Self::Even(axis) => axis.ticks().map(line).collect(),
            Self::Powers(axis) => axis.ticks().map(line).collect(),
        }
    }

    fn share(&self, value: f64) -> f64 {
        match self {
            Self::Even(axis) => axis.share(value),
            Self::Powers(axis) => axis.share(value),
        }
    }
}

/// The time that is shown.
struct Span {
    from: f64,
    to: f64,
}

impl Span {
    fn of(points: &[(f64, f64)], moments: &[Moment]) -> Self {
        let moments = moments.iter().map(|moment| moment.at).filter(|at| at.is_finite());
        let times = points.iter().map(|(at, _)| *at).chain(moments);
        let (from, to) = times.fold((f64::INFINITY, f64::NEG_INFINITY), |(from, to), at| {
            (from.min(at), to.max(at))
        });
        Self { from, to }
    }

    /// Where a time is, from 0 to 1, a little away from both ends; in the middle if there is only one time.
    fn share(&self, at: f64) -> f64 {
        // Halves, because the whole may be too great to be a number.
        let whole = self.to / 2.0 - self.from / 2.0;
        if whole > 0.0 {
            0.015 + 0.97 * (at / 2.0 - self.from / 2.0) / whole
        } else {
            0.5
        }
    }
}

/// Draws dots; those that would cover each other become one that is the darker the more they are.
fn dots(svg: &mut Svg, places: &[(f64, f64)]) {
    /// The least number of points in a dot, and how little shines through it.
    const SHADES: [(u32, f64); 3] = [(1, 0.45), (2, 0.7), (5, 1.0)];
    let radius = match places.len() {
        0..=150 => 8.0,
        151..=1_500 => 5.5,
        _ => 4.0,
    };
    // Cells that are wider than a dot's half leave few gaps in a crowd, and a third of the dots to be drawn.
    let side = 1.5 * radius;
    let mut cells: BTreeMap<(i32, i32), ((f64, f64), u32)> = BTreeMap::new();
    for (x, y) in places {
        cells
            .entry((cell(*x, side), cell(*y, side)))
            .or_insert(((*x, *y), 0))
            .1 += 1;
    }
    for (number, (least, opacity)) in SHADES.into_iter().enumerate() {
        let next = SHADES.get(number + 1).map_or(u32::MAX, |(next, _)| *next);
        let of_shade = cells.values().filter(|(_, count)| (least..next).contains(count));
        let of_shade: Vec<(f64, f64)> = of_shade.map(|(place, _)| *place).collect();
        svg.dots(&of_shade, radius, Colour::Blue, opacity);
    }
}

/// The number of the cell, `size` wide, in which a place is.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a picture is a thousand units wide"
)]
fn cell(place: f64, size: f64) -> i32 {
    (place / size).floor() as i32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::png::tests::size;

    fn picture(points: &[(f64, f64)]) -> ScatterPicture {
        let point = |(at, value): &(f64, f64)| ScatterPoint {
            at: *at,
            value: *value,
        };
        ScatterPicture {
            points: points.iter().map(point).collect(),
            ..ScatterPicture::default()
        }
    }

    fn drawn(points: &[(f64, f64)]) -> String {
        svg(&picture(points), Theme::Light)
    }

    /// The left ends of all dots.
    fn circles(svg: &str) -> Vec<(f64, f64)> {
        let dots = svg
            .split('M')
            .skip(1)
            .filter_map(|outline| outline.split_once('a'));
        let ends = dots.filter_map(|(end, _)| end.split_once(' '));
        ends.filter_map(|(x, y)| Some((x.parse().ok()?, y.parse().ok()?)))
            .collect()
    }

    #[test]
    fn the_scale_follows_the_spread() {
        assert!(!drawn(&[(1.0, 2.0), (2.0, 3.0), (3.0, 20.0)]).contains("log scale"));
        assert!(drawn(&[(1.0, 2.0), (2.0, 3.0), (3.0, 2_000.0)]).contains("log scale"));
        assert!(!drawn(&[(1.0, 0.0), (2.0, 0.0), (3.0, 0.0)]).contains("log scale"));
    }

    #[test]
    fn what_is_no_number_is_left_out() {
        let text = drawn(&[(1.0, 2.0), (f64::NAN, 3.0), (3.0, f64::INFINITY)]);
        assert_eq!(circles(&text).len(), 1);
        assert!(drawn(&[(f64::NAN, 3.0)]).contains("no data"));
    }

    #[test]
    fn of_very_many_points_the_one_that_stands_alone_is_drawn() {
        let mut points: Vec<(f64, f64)> = (0..50_000_u32)
            .map(|n| (f64::from(n % 365), f64::from(n % 7) + 1.0))
            .collect();
        let crowd = circles(&drawn(&points)).len();
        points.insert(25_000, (100.0, 90.0));
        let with_one = drawn(&points);
        assert!(crowd < 5_000, "{crowd}");
        // The axis is another, so the crowd may become less; the one at the top is alone there.
        let mut heights: Vec<f64> = circles(&with_one).into_iter().map(|(_, y)| y).collect();
        heights.sort_by(f64::total_cmp);
        assert!(heights[1] - heights[0] > 50.0, "{:?}", &heights[..3]);
    }

    fn any_picture() -> impl Strategy<Value = ScatterPicture> {
        let points = proptest::collection::vec(any::<(f64, f64)>(), 0..60);
        let named = proptest::collection::vec(any::<(f64, String)>(), 0..6);
        let measure = prop_oneof![Just(Measure::Hours), any::<String>().prop_map(Measure::Number)];
        (any::<[String; 3]>(), measure, points, named.clone(), named).prop_map(
            |([title, heading, headline], measure, points, moments, levels)| ScatterPicture {
                title,
                heading,
                headline,
                measure,
                moments: moments
                    .into_iter()
                    .map(|(at, label)| Moment { at, label })
                    .collect(),
                levels: levels
                    .into_iter()
                    .map(|(value, label)| Level { label, value })
                    .collect(),
                ..picture(&points)
            },
        )
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
        fn any_points_give_a_picture(picture in any_picture()) {
            prop_assert_eq!(size(&scatter(&picture, Theme::Light).unwrap()).0, 1000);
        }
    }
}
