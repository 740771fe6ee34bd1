//! Purpose: the picture of how much work is in which state, day by day: areas on top of each other. An area that grows wider
//! is where work waits.

use crate::measure::Measure;
use crate::plot::{Beside, Field, HEADING_HEIGHT, STEPS, TITLE_HEIGHT, UNDER, card, left_of, right_of};
use crate::png::{self, ChartError};
use crate::scale::{drawable, real};
use crate::svg::Svg;
use crate::theme::{Colour, PARTS, Theme};

/// One state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// The state, a word or two.
    pub label: String,
    /// How much is in it on each day, in the order of the days. Days that are missing at the end have nothing.
    pub counts: Vec<u32>,
}

/// What is drawn.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CumulativeFlowPicture {
    /// What it is about.
    pub title: String,
    /// What is counted, such as "Pull requests by state".
    pub heading: String,
    /// What is to be read first; it may be empty.
    pub headline: String,
    /// The days, as they are written under the axis, the oldest first.
    pub days: Vec<String>,
    /// The states, the lowest first: usually the one that is reached last. What is beyond six is drawn as one.
    pub layers: Vec<Layer>,
}

/// The height of the field.
const FIELD: f64 = 420.0;
/// Days that can be told apart; of more, every so-many-th is drawn.
const MOST_DAYS: usize = 400;

/// Draws it.
///
/// # Errors
/// It cannot be drawn; see [`ChartError`].
pub fn cumulative_flow(picture: &CumulativeFlowPicture, theme: Theme) -> Result<Vec<u8>, ChartError> {
    png::draw(&svg(picture, theme))
}

/// A layer as it is drawn: its upper edge is its count and those of all below it.
struct Stacked {
    label: String,
    /// One for each day that is drawn.
    upper: Vec<f64>,
    /// How much is in it on the last day.
    latest: f64,
}

fn svg(picture: &CumulativeFlowPicture, theme: Theme) -> String {
    let days = shown(picture.days.len());
    let layers = stacked(picture, &days);
    let greatest = layers
        .iter()
        .flat_map(|layer| &layer.upper)
        .copied()
        .fold(0.0, f64::max);
    let axis = Measure::default().axis(greatest, STEPS);
    let ticks: Vec<(f64, String)> = axis
        .ticks()
        .map(|tick| (axis.share(tick), Measure::default().text(tick)))
        .collect();
    let top = TITLE_HEIGHT + HEADING_HEIGHT;
    let field = Field {
        left: left_of(&ticks),
        right: right_of(layers.iter().map(|layer| layer.label.as_str())) - 24.0,
        top,
        bottom: top + FIELD,
    };
    let headings = (picture.heading.as_str(), picture.headline.as_str());
    let mut svg = card(theme, field.bottom + UNDER + 12.0, &picture.title, headings);
    if greatest <= 0.0 {
        field.lines(&mut svg, &ticks);
        field.nothing(&mut svg);
    } else {
        areas(&mut svg, &field, &layers, |value| field.y(axis.share(value)));
        field.lines(&mut svg, &ticks);
    }
    let labels = days.iter().enumerate().filter_map(|(number, day)| {
        let label = picture.days.get(*day)?;
        Some((x(&field, number, days.len()), label.as_str()))
    });
    field.under(&mut svg, &labels.collect::<Vec<_>>());
    svg.finish()
}

/// The numbers of the days that are drawn, of `count`; the last one always is.
fn shown(count: usize) -> Vec<usize> {
    let step = count.div_ceil(MOST_DAYS).max(1);
    let mut days: Vec<usize> = (0..count).rev().step_by(step).collect();
    days.reverse();
    days
}

fn stacked(picture: &CumulativeFlowPicture, days: &[usize]) -> Vec<Stacked> {
    let mut below = vec![0.0; days.len()];
    let mut layers: Vec<Stacked> = Vec::new();
    for layer in &picture.layers {
        let count = |day: usize| f64::from(layer.counts.get(day).copied().unwrap_or(0));
        for (sum, day) in below.iter_mut().zip(days) {
            *sum = drawable(*sum + count(*day)).unwrap_or(*sum);
        }
        let latest = days.last().map_or(0.0, |day| count(*day));
        let is_full = layers.len() == PARTS;
        match layers.last_mut() {
            Some(last) if is_full => {
                "others".clone_into(&mut last.label);
                last.latest += latest;
                last.upper.clone_from(&below);
            }
            _ => layers.push(Stacked {
                label: layer.label.clone(),
                upper: below.clone(),
                latest,
            }),
        }
    }
    for layer in &mut layers {
        layer.label = format!("{} {}", Measure::default().text(layer.latest), layer.label);
    }
    layers
}

/// The areas with an edge between them, and beside each its name and how much is in it at the end.
fn areas(svg: &mut Svg, field: &Field, layers: &[Stacked], y: impl Fn(f64) -> f64) {
    let mut lower: Vec<(f64, f64)> = Vec::new();
    let mut beside = Vec::new();
    for (number, layer) in layers.iter().enumerate() {
        let upper = edge(field, &layer.upper, &y);
        if lower.is_empty() {
            lower = vec![(field.left, field.bottom), (field.right, field.bottom)];
        }
        let around: Vec<(f64, f64)> = upper.iter().chain(lower.iter().rev()).copied().collect();
        svg.area(&around, Colour::Part(number), 1.0);
        let end = |edge: &[(f64, f64)]| edge.last().map_or(field.bottom, |(_, y)| *y);
        beside.push(Beside {
            y: end(&lower).midpoint(end(&upper)),
            text: layer.label.clone(),
            colour: Colour::Ink,
            square: Some(Colour::Part(number)),
        });
        lower = upper;
    }
    for layer in layers {
        svg.path(&edge(field, &layer.upper, &y), Colour::Card, 2.0);
    }
    field.beside(svg, beside);
}

/// The upper edge of a layer. A single day is as wide as the field.
fn edge(field: &Field, upper: &[f64], y: impl Fn(f64) -> f64) -> Vec<(f64, f64)> {
    if let [only] = upper {
        return vec![(field.left, y(*only)), (field.right, y(*only))];
    }
    let places = upper.iter().enumerate();
    places
        .map(|(number, value)| (x(field, number, upper.len()), y(*value)))
        .collect()
}

/// Where a day is: the first at the left end, the last at the right end.
fn x(field: &Field, number: usize, count: usize) -> f64 {
    match count {
        0 | 1 => field.x(0, 1),
        _ => field.left + (field.right - field.left) * real(number) / real(count - 1),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::png::tests::size;

    fn picture(counts: &[&[u32]]) -> CumulativeFlowPicture {
        let days = counts.iter().map(|counts| counts.len()).max().unwrap_or(0);
        let layer = |(number, counts): (usize, &&[u32])| Layer {
            label: format!("state {number}"),
            counts: counts.to_vec(),
        };
        CumulativeFlowPicture {
            days: (0..days).map(|day| format!("day {day}")).collect(),
            layers: counts.iter().enumerate().map(layer).collect(),
            ..CumulativeFlowPicture::default()
        }
    }

    fn stack(counts: &[&[u32]]) -> Vec<Stacked> {
        let picture = picture(counts);
        stacked(&picture, &shown(picture.days.len()))
    }

    #[test]
    fn layers_lie_on_each_other_and_tell_their_last_count() {
        let layers = stack(&[&[1, 2, 3], &[4, 4], &[0, 1, 9]]);
        let upper: Vec<&[f64]> = layers.iter().map(|layer| layer.upper.as_slice()).collect();
        assert_eq!(upper, [[1.0, 2.0, 3.0], [5.0, 6.0, 3.0], [5.0, 7.0, 12.0]]);
        let labels: Vec<&str> = layers.iter().map(|layer| layer.label.as_str()).collect();
        assert_eq!(labels, ["3 state 0", "0 state 1", "9 state 2"]);
    }

    #[test]
    fn too_many_layers_are_one_at_the_end() {
        let layers = stack(&[[1].as_slice(); 9]);
        assert_eq!(layers.len(), PARTS);
        let last = layers.last().unwrap();
        assert_eq!((last.label.as_str(), last.upper[0]), ("4 others", 9.0));
    }

    #[test]
    fn of_very_many_days_the_last_is_drawn() {
        let days = shown(3_650);
        assert!(days.len() <= MOST_DAYS);
        assert_eq!(days.last(), Some(&3_649));
        assert_eq!(shown(3), [0, 1, 2]);
        assert!(shown(0).is_empty());
    }

    #[test]
    fn without_work_it_says_so() {
        assert!(svg(&CumulativeFlowPicture::default(), Theme::Light).contains("no data"));
        assert!(svg(&picture(&[&[0, 0]]), Theme::Light).contains("no data"));
        assert!(!svg(&picture(&[&[0, 1]]), Theme::Light).contains("no data"));
    }

    fn any_picture() -> impl Strategy<Value = CumulativeFlowPicture> {
        let layer = (any::<String>(), proptest::collection::vec(any::<u32>(), 0..40));
        let layers = proptest::collection::vec(layer, 0..9);
        let days = proptest::collection::vec(any::<String>(), 0..40);
        (any::<[String; 3]>(), days, layers).prop_map(|([title, heading, headline], days, layers)| {
            CumulativeFlowPicture {
                title,
                heading,
                headline,
                days,
                layers: layers
                    .into_iter()
                    .map(|(label, counts)| Layer { label, counts })
                    .collect(),
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
        fn any_counts_give_a_picture(picture in any_picture()) {
            prop_assert_eq!(size(&cumulative_flow(&picture, Theme::Light).unwrap()).0, 1000);
        }
    }
}
